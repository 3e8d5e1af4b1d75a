/* Packs the factors of a product in panels: for every step of its depth, 8 adjacent rows of one factor or 24 columns
 * of the other. */
#ifndef REFERENCE_PACK_H
#define REFERENCE_PACK_H

#include "_loops.h"
#include "_micro.h"

/* packed[panel][p][r] = source[r + p * step]; the rows of a panel are adjacent in memory.
 * Depths are far apart, often by a power of two, so each is read at once while the next ones are prefetched. */
CLONED static void pack_beside(const double *source, ptrdiff_t step, ptrdiff_t rows, ptrdiff_t depth, double *packed) {
    const ptrdiff_t whole = rows / MICRO_ROWS * MICRO_ROWS;
    for (ptrdiff_t p = 0; p < depth; p++, source += step, packed += MICRO_ROWS) {
        double *to = packed;
        for (ptrdiff_t r = 0; r < whole; r += MICRO_ROWS, to += depth * MICRO_ROWS) {
            if (p + 4 < depth) AHEAD(source + 4 * step + r, 0);
            memcpy(to, source + r, MICRO_ROWS * sizeof(double));
        }
        if (whole == rows) continue;
        for (ptrdiff_t r = 0; r < MICRO_ROWS; r++) to[r] = whole + r < rows ? source[whole + r] : 0.0;
    }
}

/* packed[panel * distance + p * 8 + r] = source[r * row_step + p * step]; missing rows are zero. */
CLONED static void pack_apart(const double *source, ptrdiff_t row_step, ptrdiff_t step, ptrdiff_t rows,
                              ptrdiff_t depth, double *packed, ptrdiff_t distance) {
    for (; rows > 0; rows -= MICRO_ROWS, source += MICRO_ROWS * row_step, packed += distance) {
        if (rows < MICRO_ROWS) {
            memset(packed, 0, (size_t)(depth * MICRO_ROWS) * sizeof(double));
            for (ptrdiff_t r = 0; r < rows; r++)
                for (ptrdiff_t p = 0; p < depth; p++) packed[p * MICRO_ROWS + r] = source[r * row_step + p * step];
        } else if (step == 1) {
            for (ptrdiff_t p = 0; p < depth; p++)
                for (ptrdiff_t r = 0; r < MICRO_ROWS; r++) packed[p * MICRO_ROWS + r] = source[r * row_step + p];
        } else {
            for (ptrdiff_t p = 0; p < depth; p++)
                for (ptrdiff_t r = 0; r < MICRO_ROWS; r++)
                    packed[p * MICRO_ROWS + r] = source[r * row_step + p * step];
        }
    }
}

/* Columns at.. at + count of panels ``distance`` apart: column t of panel 0, step p, is packed[p * 24 + t], and takes
 * source[p * depth_step + (t - at) * step]. */
CLONED static void pack_columns(const double *source, ptrdiff_t depth_step, ptrdiff_t step, ptrdiff_t depth,
                                ptrdiff_t at, ptrdiff_t count, double *packed, ptrdiff_t distance) {
    for (ptrdiff_t p = 0; p < depth; p++, source += depth_step, packed += MICRO_COLUMNS) {
        ptrdiff_t t = 0, some;
        for (; t < count; t += some) {
            const ptrdiff_t lane = (at + t) % MICRO_COLUMNS;
            double *to = packed + (at + t) / MICRO_COLUMNS * distance + lane;
            some = MICRO_COLUMNS - lane < count - t ? MICRO_COLUMNS - lane : count - t;
            if (step == 1 && some == MICRO_COLUMNS)
                memcpy(to, source + t, MICRO_COLUMNS * sizeof(double));
            else
                for (ptrdiff_t u = 0; u < some; u++) to[u] = source[(t + u) * step];
        }
    }
}

#endif
