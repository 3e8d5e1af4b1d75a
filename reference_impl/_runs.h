/* Scatters and gathers between tiles of columns and a plane of the output. The positions of a tile are split in runs,
 * pieces of input rows. Its rows are split in groups of neighbouring taps, which visit each cache line together. */
#ifndef REFERENCE_RUNS_H
#define REFERENCE_RUNS_H

#include "_direct.h"

/* Input positions row, column.. column + count; they begin at ``at`` in the tile. */
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

/* The places of a group's taps in a plane: where position (0, 0) and the first tap would land, and the distances of
 * rows and positions. Up to ``last`` all taps are within the plane's memory (-1: rows are apart, or reversed). */
typedef struct {
    ptrdiff_t origin, row_step, step, last;
} Grid;

ALWAYS Grid grid_of(const Plan *g, const Plane *y, const Group *group) {
    const int together = y->w == 1 && y->h == g->ow;
    return (Grid){landing_of(g, y, 0, 0, group->kh, group->kw), g->sh * y->h, g->sw * y->w,
                  together ? g->oh * g->ow - group->taps : -1};
}

/* A run's positions low..high have all taps of the group. If taps without a partner are within the plane's memory too,
 * the run needs no special ends: then all is set, and low and high cover the whole run. */
typedef struct {
    ptrdiff_t origin, low, high;
    int ends, all;
} Part;

ALWAYS Part part_of(const Grid *grid, const Group *group, const Run *run) {
    Part part;
    part.origin = grid->origin + run->row * grid->row_step + run->column * grid->step;
    part.low = between(group->low - run->column, 0, run->count);
    part.high = between(group->high - run->column, part.low, run->count);
    part.ends = part.low > 0 || part.high < run->count;
    part.all = part.ends && grid->last >= 0 && part.origin >= 0 &&
               part.origin + (run->count - 1) * grid->step <= grid->last;
    if (part.all) {
        part.low = 0;
        part.high = run->count;
    }
    return part;
}

/* Sets the entries of a run's taps that have no partner in the plane to a value. */
ALWAYS void fill_ends(const Plan *g, const Group *group, const Run *run, double *entries, ptrdiff_t tap_step,
                      ptrdiff_t place_step, double value) {
    const ptrdiff_t *range = g->columns + 2 * group->kw;
    for (ptrdiff_t r = 0; r < group->taps; r++, range += 2, entries += tap_step) {
        const ptrdiff_t last = range[1] > range[0] ? range[1] : range[0];
        for (ptrdiff_t t = 0; t < run->count && t + run->column < range[0]; t++) entries[t * place_step] = value;
        for (ptrdiff_t t = run->count; t > 0 && t + run->column > last; t--) entries[(t - 1) * place_step] = value;
    }
}

/* Adds the group's rows of a tile, ``ld`` apart, to the output plane. */
CLONED static void scatter_runs(const Plan *g, const Plane *y, const Run *runs, ptrdiff_t pieces,
                                const Group *group, double *tile, ptrdiff_t ld) {
    const ptrdiff_t first_row = g->rows[2 * group->kh], last_row = g->rows[2 * group->kh + 1];
    const Grid grid = grid_of(g, y, group);
    for (const Run *run = runs; run < runs + pieces; run++) {
        if (run->row < first_row || run->row >= last_row) continue;
        double *source = tile + run->at;
        const Part part = part_of(&grid, group, run);
        if (part.all) fill_ends(g, group, run, source, ld, 1, -0.0); /* the one number that changes no other */
        if (part.low < part.high)
            add_taps(y->p + (part.origin + part.low * grid.step), grid.step, source + part.low, ld, group->taps,
                     part.high - part.low);
        if (!part.ends || part.all || group->taps == 1) continue;
        for (ptrdiff_t r = 0; r < group->taps; r++) {
            const ptrdiff_t *range = g->columns + 2 * (group->kw + r);
            const ptrdiff_t first = between(range[0] - run->column, 0, run->count);
            const ptrdiff_t last = between(range[1] - run->column, first, run->count);
            for (ptrdiff_t t = first; t < last && t < part.low; t++) y->p[part.origin + r + t * grid.step] += source[r * ld + t];
            for (ptrdiff_t t = first > part.high ? first : part.high; t < last; t++)
                y->p[part.origin + r + t * grid.step] += source[r * ld + t];
        }
    }
}

/* Reads the elements that the group's taps meet in the output plane, zero if there is none. In the tile, from packed +
 * offsets[run] on, positions of a run are ``place_step`` apart and taps ``tap_step``; one of the two steps is 1. The
 * places ``next`` elements further on are prefetched. */
CLONED static void gather_runs(const Plan *g, const Plane *y, const Run *runs, ptrdiff_t pieces, const Group *group,
                               double *tile, const ptrdiff_t *offsets, ptrdiff_t tap_step, ptrdiff_t place_step,
                               ptrdiff_t next) {
    const ptrdiff_t first_row = g->rows[2 * group->kh], last_row = g->rows[2 * group->kh + 1];
    const Grid grid = grid_of(g, y, group);
    for (ptrdiff_t piece = 0; piece < pieces; piece++) {
        const Run *run = runs + piece;
        double *packed = tile + offsets[piece];
        if (run->row < first_row || run->row >= last_row) {
            for (ptrdiff_t r = 0; r < group->taps; r++)
                for (ptrdiff_t t = 0; t < run->count; t++) packed[r * tap_step + t * place_step] = 0.0;
            continue;
        }
        const Part part = part_of(&grid, group, run);
        const ptrdiff_t step = grid.step, low = part.low, high = part.high;
        if (next && group->kw == 0 && step <= 8)
            for (ptrdiff_t t = low * step; t < high * step; t += 8) AHEAD(y->p + (part.origin + next + t), 0);
        if (low < high) {
            const double *from = y->p + (part.origin + low * step);
            if (place_step == 1)
                take_taps(packed + low, tap_step, from, step, group->taps, high - low);
            else
                take_places(packed + low * place_step, place_step, from, step, group->taps, high - low);
        }
        if (!part.ends) continue;
        for (ptrdiff_t r = 0; !part.all && r < group->taps; r++) {
            const ptrdiff_t *range = g->columns + 2 * (group->kw + r);
            const ptrdiff_t first = between(range[0] - run->column, 0, run->count);
            const ptrdiff_t last = between(range[1] - run->column, first, run->count);
            double *to = packed + r * tap_step;
            for (ptrdiff_t t = first; t < last && t < low; t++) to[t * place_step] = y->p[part.origin + r + t * step];
            for (ptrdiff_t t = first > high ? first : high; t < last; t++)
                to[t * place_step] = y->p[part.origin + r + t * step];
        }
        fill_ends(g, group, run, packed, tap_step, place_step, 0.0);
    }
}

#endif
