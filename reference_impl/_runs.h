/* Scatter and gather between tiles of columns and a plane of the output. A tile's positions come as runs, pieces of
 * input rows; its rows come in groups of neighbouring taps, which visit each line of cache together. */
#ifndef REFERENCE_RUNS_H
#define REFERENCE_RUNS_H

#include "_direct.h"

/* Positions row, column.. column + count of the input, in the tile from ``at`` on. */
typedef struct {
    ptrdiff_t at, row, column, count;
} Run;

/* Taps (kh, kw).. (kh, kw + taps) and the input columns low..high that all of them have. */
typedef struct {
    ptrdiff_t kh, kw, low, high;
    int taps;
} Group;

ALWAYS ptrdiff_t between(ptrdiff_t value, ptrdiff_t low, ptrdiff_t high) {
    return value < low ? low : value > high ? high : value;
}

/* The group of rows of columns that starts at row q = (channel, kh, kw): at most ``left`` and ``most``. */
static void group_of(const Plan *g, ptrdiff_t y_step, ptrdiff_t q, ptrdiff_t left, ptrdiff_t most, Group *group) {
    ptrdiff_t taps = 1;
    group->kw = q % g->kw;
    group->kh = q / g->kw % g->kh;
    group->low = g->columns[2 * group->kw];
    group->high = g->columns[2 * group->kw + 1];
    if (g->dw * y_step == 1)
        for (; taps < left && taps < most && group->kw + taps < g->kw; taps++) {
            const ptrdiff_t *next = g->columns + 2 * (group->kw + taps);
            if (next[0] > group->low) group->low = next[0];
            if (next[1] < group->high) group->high = next[1];
        }
    group->taps = (int)taps;
}

/* Add the group's rows of a tile, ``ld`` apart, to the output plane. */
CLONED static void scatter_runs(const Plan *g, const Plane *y, const Run *runs, ptrdiff_t pieces,
                                const Group *group, const double *tile, ptrdiff_t ld) {
    const ptrdiff_t step = g->sw * y->w, first_row = g->rows[2 * group->kh], last_row = g->rows[2 * group->kh + 1];
    for (const Run *run = runs; run < runs + pieces; run++) {
        if (run->row < first_row || run->row >= last_row) continue;
        const double *source = tile + run->at;
        /* where position 0 of the run and the group's first tap would land; perhaps outside the plane */
        const ptrdiff_t origin = landing_of(g, y, run->row, run->column, group->kh, group->kw);
        const ptrdiff_t low = between(group->low - run->column, 0, run->count);
        const ptrdiff_t high = between(group->high - run->column, low, run->count);
        if (low < high) add_taps(y->p + (origin + low * step), step, source + low, ld, group->taps, high - low);
        if (group->taps == 1 || (low == 0 && high == run->count)) continue;
        for (ptrdiff_t r = 0; r < group->taps; r++) {
            const ptrdiff_t *range = g->columns + 2 * (group->kw + r);
            const ptrdiff_t first = between(range[0] - run->column, 0, run->count);
            const ptrdiff_t last = between(range[1] - run->column, first, run->count);
            for (ptrdiff_t t = first; t < last && t < low; t++) y->p[origin + r + t * step] += source[r * ld + t];
            for (ptrdiff_t t = first > high ? first : high; t < last; t++)
                y->p[origin + r + t * step] += source[r * ld + t];
        }
    }
}

/* Fetch what the group's taps meet in the output plane; zero where nothing is. In the tile a run's positions are
 * ``place_step`` apart from packed + offsets[run] on, its taps ``tap_step``; one of the two steps is 1. */
CLONED static void gather_runs(const Plan *g, const Plane *y, const Run *runs, ptrdiff_t pieces, const Group *group,
                               double *tile, const ptrdiff_t *offsets, ptrdiff_t tap_step, ptrdiff_t place_step) {
    const ptrdiff_t step = g->sw * y->w, first_row = g->rows[2 * group->kh], last_row = g->rows[2 * group->kh + 1];
    for (ptrdiff_t piece = 0; piece < pieces; piece++) {
        const Run *run = runs + piece;
        double *packed = tile + offsets[piece];
        ptrdiff_t low = 0, high = 0, origin = 0;
        const int there = run->row >= first_row && run->row < last_row;
        if (there) {
            origin = landing_of(g, y, run->row, run->column, group->kh, group->kw);
            low = between(group->low - run->column, 0, run->count);
            high = between(group->high - run->column, low, run->count);
            if (low < high) {
                if (place_step == 1)
                    take_taps(packed + low, tap_step, y->p + (origin + low * step), step, group->taps, high - low);
                else
                    take_places(packed + low * place_step, place_step, y->p + (origin + low * step), step,
                                group->taps, high - low);
            }
            if (low == 0 && high == run->count) continue;
        }
        for (ptrdiff_t r = 0; r < group->taps; r++) {
            const ptrdiff_t *range = g->columns + 2 * (group->kw + r);
            const ptrdiff_t first = there ? between(range[0] - run->column, 0, run->count) : run->count;
            const ptrdiff_t last = there ? between(range[1] - run->column, first, run->count) : run->count;
            double *to = packed + r * tap_step;
            for (ptrdiff_t t = 0; t < low; t++)
                to[t * place_step] = t >= first && t < last ? y->p[origin + r + t * step] : 0.0;
            for (ptrdiff_t t = high; t < run->count; t++)
                to[t * place_step] = t >= first && t < last ? y->p[origin + r + t * step] : 0.0;
        }
    }
}

#endif
