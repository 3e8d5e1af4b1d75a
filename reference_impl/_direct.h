/* One input plane against one output plane, pair by pair: for depthwise operators, for which a product of matrices
 * gains nothing, and for infinities, which must meet only the numbers that the geometry pairs them with. */
#ifndef REFERENCE_DIRECT_H
#define REFERENCE_DIRECT_H

#include <stddef.h>

#include "_loops.h"

typedef struct {
    ptrdiff_t h, w, kh, kw, sh, sw, dh, dw, ch, cw, oh, ow, groups;
    const ptrdiff_t *rows;    /* (low, high) of input rows for every vertical tap */
    const ptrdiff_t *columns; /* the same for every horizontal tap */
} Plan;

/* The address of a plane, and its steps in elements. */
typedef struct {
    double *p;
    ptrdiff_t h, w;
} Plane;

#if defined(__GNUC__)
#define ALWAYS static inline __attribute__((always_inline))
#else
#define ALWAYS static inline
#endif

#define TAPS 4
#define CHUNK 64

enum { SPREAD, COLLECT, MULTIPLY };

/* y[t * ys + r] += weight[r] * x[t], taps at most ys apart */
ALWAYS void spread_row(const double *restrict x, ptrdiff_t xs, double *restrict y, ptrdiff_t ys,
                       const double *weight, int taps, ptrdiff_t count) {
    for (ptrdiff_t t = 0; t < count; t++)
        for (int r = 0; r < taps; r++) y[t * ys + r] += weight[r] * x[t * xs];
}

/* x[t] += sum over r of weight[r] * y[t * ys + r] */
ALWAYS void collect_row(double *restrict x, ptrdiff_t xs, const double *restrict y, ptrdiff_t ys,
                        const double *weight, int taps, ptrdiff_t count) {
    for (ptrdiff_t t = 0; t < count; t++) {
        double sum = x[t * xs];
        for (int r = 0; r < taps; r++) sum += weight[r] * y[t * ys + r];
        x[t * xs] = sum;
    }
}

/* sums[r] += sum over t of x[t] * y[t * ys + r], in eight interleaved sums each; y's taps are copied apart first */
ALWAYS void multiply_row(double (*sums)[8], const double *restrict x, ptrdiff_t xs, const double *restrict y,
                         ptrdiff_t ys, int taps, ptrdiff_t count) {
    double apart[TAPS][CHUNK];
    for (ptrdiff_t at = 0; at < count; at += CHUNK, x += CHUNK * xs, y += CHUNK * ys) {
        const ptrdiff_t some = count - at < CHUNK ? count - at : CHUNK;
        ptrdiff_t t = 0;
        if (ys != 1)
            for (int r = 0; r < taps; r++)
                for (ptrdiff_t u = 0; u < some; u++) apart[r][u] = y[u * ys + r];
        for (; t + 8 <= some; t += 8)
            for (int r = 0; r < taps; r++) {
                const double *other = ys == 1 ? y + r : apart[r];
                for (int j = 0; j < 8; j++) sums[r][j] += x[(t + j) * xs] * other[t + j];
            }
        for (; t < some; t++)
            for (int r = 0; r < taps; r++) sums[r][0] += x[t * xs] * (ys == 1 ? y[t + r] : apart[r][t]);
    }
}

ALWAYS ptrdiff_t landing_of(const Plan *g, const Plane *y, ptrdiff_t row, ptrdiff_t column, ptrdiff_t kh,
                            ptrdiff_t kw) {
    return (row * g->sh - g->ch + kh * g->dh) * y->h + (column * g->sw - g->cw + kw * g->dw) * y->w;
}

/* Some neighbouring taps of one row of the kernel with columns low..high of every input row they reach. */
typedef struct {
    ptrdiff_t kh, kw, low, high;
    int taps;
} Stretch;

ALWAYS void rows_of(int what, const Plane *x, double *weight, const Plane *y, const Plan *g, const Stretch *s,
                    ptrdiff_t xs, ptrdiff_t ys, int taps) {
    double sums[TAPS][8] = {{0}};
    weight += s->kh * g->kw + s->kw;
    for (ptrdiff_t row = g->rows[2 * s->kh]; row < g->rows[2 * s->kh + 1]; row++) {
        double *in = x->p + row * x->h + s->low * xs;
        double *out = y->p + landing_of(g, y, row, s->low, s->kh, s->kw);
        if (what == SPREAD)
            spread_row(in, xs, out, ys, weight, taps, s->high - s->low);
        else if (what == COLLECT)
            collect_row(in, xs, out, ys, weight, taps, s->high - s->low);
        else
            multiply_row(sums, in, xs, out, ys, taps, s->high - s->low);
    }
    if (what == MULTIPLY)
        for (int r = 0; r < taps; r++)
            for (int j = 0; j < 8; j++) weight[r] += sums[r][j];
}

ALWAYS void stretch(int what, const Plane *x, double *weight, const Plane *y, const Plan *g, const Stretch *s) {
    if (s->low < s->high) rows_of(what, x, weight, y, g, s, x->w, g->sw * y->w, s->taps);
}

ALWAYS void every_stretch(int what, const Plane *x, double *weight, const Plane *y, const Plan *g) {
    /* Spread taps must not meet, so they are at most a stride apart. */
    const ptrdiff_t most = g->dw * y->w != 1 ? 1 : what == SPREAD && g->sw < TAPS ? g->sw : TAPS;
    for (ptrdiff_t kh = 0; kh < g->kh; kh++)
        for (ptrdiff_t kw = 0, taps; kw < g->kw; kw += taps) {
            ptrdiff_t low = g->columns[2 * kw], high = g->columns[2 * kw + 1];
            Stretch parts[1 + 2 * TAPS];
            int count = 0;
            for (taps = 1; taps < most && kw + taps < g->kw; taps++) {
                const ptrdiff_t *next = g->columns + 2 * (kw + taps);
                low = low > next[0] ? low : next[0];
                high = high < next[1] ? high : next[1];
            }
            if (low > high) high = low;
            parts[count++] = (Stretch){kh, kw, low, high, (int)taps};
            for (ptrdiff_t r = kw; taps > 1 && r < kw + taps; r++) {
                /* the columns of this tap before and after those that all taps have */
                const ptrdiff_t first = g->columns[2 * r], last = g->columns[2 * r + 1];
                parts[count++] = (Stretch){kh, r, first, last < low ? last : low, 1};
                parts[count++] = (Stretch){kh, r, first > high ? first : high, last, 1};
            }
            for (int part = 0; part < count; part++) stretch(what, x, weight, y, g, parts + part);
        }
}

CLONED static void direct_forward(const Plane *x, const double *weight, const Plane *y, const Plan *g) {
    every_stretch(SPREAD, x, (double *)weight, y, g);
}

CLONED static void direct_gradient_x(const Plane *x, const double *weight, const Plane *y, const Plan *g) {
    every_stretch(COLLECT, x, (double *)weight, y, g);
}

CLONED static void direct_gradient_w(const Plane *x, double *weight, const Plane *y, const Plan *g) {
    every_stretch(MULTIPLY, x, weight, y, g);
}

#endif
