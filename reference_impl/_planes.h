/* One input plane against one output plane, with the output's columns sorted by phase. With stride s, output column
 * o = u * s + b is number u of phase b. A tap with kw * dilation - crop = a * s + b connects input column t with number
 * t + a of phase b. Within a phase everything is contiguous, whatever the stride.
 *
 * Rows are padded with zeros on both sides, so that every tap has a partner everywhere. A zero must not meet an
 * infinity: the caller checks that the other factor is finite, and uses _direct.h if it is not. */
#ifndef REFERENCE_PLANES_H
#define REFERENCE_PLANES_H

#include "_direct.h"

#define WIDE 8      /* columns at a time */
#define MOST_KW 32  /* kernels with more columns go to _direct.h */
#define MOST_TAPS 256

#if defined(__GNUC__)
typedef double Eight __attribute__((vector_size(64)));
#else
#error "GNU vector types are needed here"
#endif

typedef double AnyEight __attribute__((vector_size(64), aligned(8), may_alias));
#define load8(from) (*(const AnyEight *)(from))

typedef struct {
    ptrdiff_t least, most;  /* of a */
    ptrdiff_t numbers;          /* columns of a phase, in whole vectors */
    ptrdiff_t inputs;           /* input columns, in whole vectors */
    ptrdiff_t x_row, y_row;     /* lengths of a padded row of x and of one phase of y */
    ptrdiff_t a[MOST_KW], b[MOST_KW];
} Phases;

/* Returns 0 if the padding would be longer than the rows. */
static int phases_of(const Plan *g, Phases *f) {
    if (g->kw > MOST_KW || g->kh * g->kw > MOST_TAPS) return 0;
    for (ptrdiff_t kw = 0; kw < g->kw; kw++) {
        const ptrdiff_t place = kw * g->dw - g->cw;
        f->b[kw] = (place % g->sw + g->sw) % g->sw;
        f->a[kw] = (place - f->b[kw]) / g->sw;
    }
    f->least = f->a[0];
    f->most = f->a[g->kw - 1];
    f->numbers = ((g->ow + g->sw - 1) / g->sw + WIDE - 1) / WIDE * WIDE;
    f->inputs = (g->w + WIDE - 1) / WIDE * WIDE;
    f->x_row = f->numbers + f->most - f->least;
    f->y_row = f->inputs + f->most - f->least;
    return f->x_row <= 2 * g->w + 16 && f->y_row <= 2 * g->w + 16 && g->w >= WIDE && g->sw <= 16 &&
           g->h * g->w <= (ptrdiff_t)1 << 20 && g->oh * g->ow <= (ptrdiff_t)1 << 22;
}

/* Returns the number of doubles that the functions below need for their rows. */
static size_t phases_room(const Plan *g, const Phases *f) {
    const size_t x = (size_t)(g->h * f->x_row + g->sw * f->numbers);
    const size_t y = (size_t)(g->oh * g->sw * f->y_row + f->inputs);
    return x > y ? x : y;
}

CLONED static void pad_input(const Plane *x, const Plan *g, const Phases *f, double *room) {
    for (ptrdiff_t row = 0; row < g->h; row++) {
        const double *source = x->p + row * x->h;
        double *to = room + row * f->x_row;
        ptrdiff_t first = f->most > 0 ? 0 : -f->most, last = f->x_row - f->most;
        if (last > g->w) last = g->w;
        if (last < first) last = first = -f->most;
        for (ptrdiff_t t = -f->most; t < first; t++) to[t + f->most] = 0.0;
        for (ptrdiff_t t = last; t < f->x_row - f->most; t++) to[t + f->most] = 0.0;
        if (x->w == 1)
            for (ptrdiff_t t = first; t < last; t++) to[t + f->most] = source[t];
        else
            for (ptrdiff_t t = first; t < last; t++) to[t + f->most] = source[t * x->w];
    }
}

CLONED static void sort_output(const Plane *y, const Plan *g, const Phases *f, double *room) {
    for (ptrdiff_t row = 0; row < g->oh; row++)
        for (ptrdiff_t b = 0; b < g->sw; b++) {
            const double *source = y->p + row * y->h + b * y->w;
            const ptrdiff_t step = g->sw * y->w;
            double *to = room + (row * g->sw + b) * f->y_row - f->least;
            ptrdiff_t first = f->least > 0 ? f->least : 0, last = f->y_row + f->least;
            const ptrdiff_t end = g->ow > b ? (g->ow - b + g->sw - 1) / g->sw : 0;
            if (last > end) last = end;
            if (first > f->y_row + f->least) first = f->y_row + f->least;
            if (last < first) last = first;
            for (ptrdiff_t u = f->least; u < first; u++) to[u] = 0.0;
            for (ptrdiff_t u = last; u < f->y_row + f->least; u++) to[u] = 0.0;
            if (step == 1)
                for (ptrdiff_t u = first; u < last; u++) to[u] = source[u];
            else if (step == 2)
                for (ptrdiff_t u = first; u < last; u++) to[u] = source[2 * u];
            else
                for (ptrdiff_t u = first; u < last; u++) to[u] = source[u * step];
        }
}

/* to[0..count) = sum over taps of factor * row[0..count), count in whole vectors */
ALWAYS void combine(double *restrict to, const double *const *rows, const double *factors, int taps,
                    ptrdiff_t count) {
    ptrdiff_t at = 0;
    for (; at + 4 * WIDE <= count; at += 4 * WIDE) {
        Eight s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        for (int k = 0; k < taps; k++) {
            const double *row = rows[k] + at, factor = factors[k];
            s0 += factor * load8(row);
            s1 += factor * load8(row + WIDE);
            s2 += factor * load8(row + 2 * WIDE);
            s3 += factor * load8(row + 3 * WIDE);
        }
        memcpy(to + at, &s0, sizeof s0);
        memcpy(to + at + WIDE, &s1, sizeof s1);
        memcpy(to + at + 2 * WIDE, &s2, sizeof s2);
        memcpy(to + at + 3 * WIDE, &s3, sizeof s3);
    }
    for (; at < count; at += WIDE) {
        Eight sum = {0};
        for (int k = 0; k < taps; k++) sum += factors[k] * load8(rows[k] + at);
        memcpy(to + at, &sum, sizeof sum);
    }
}

/* Merges phases into a row: to = start + made, or to += made */
ALWAYS void join_phases(double *restrict to, ptrdiff_t step, double *restrict made, ptrdiff_t length, ptrdiff_t phases,
                        ptrdiff_t count, int add, double start) {
    const ptrdiff_t whole = count / phases;
    const double *restrict second = made + length;
    if (add)
        for (ptrdiff_t b = 0; b < phases; b++)
            for (ptrdiff_t u = 0; u * phases + b < count; u++) made[b * length + u] += to[(u * phases + b) * step];
    else
        for (ptrdiff_t u = 0; u < phases * length; u++) made[u] += start;
    if (phases == 1 && step == 1)
        memcpy(to, made, (size_t)whole * sizeof(double));
    else if (phases == 2 && step == 1)
        for (ptrdiff_t u = 0; u < whole; u++) {
            to[2 * u] = made[u];
            to[2 * u + 1] = second[u];
        }
    else
        for (ptrdiff_t u = 0; u < whole; u++)
            for (ptrdiff_t b = 0; b < phases; b++) to[(u * phases + b) * step] = made[b * length + u];
    for (ptrdiff_t b = 0; b < count % phases; b++) to[(whole * phases + b) * step] = made[b * length + whole];
}

/* y = start + the operator of x, or y += it */
CLONED static void planes_forward(const Plane *x, const double *weight, const Plane *y, const Plan *g, const Phases *f,
                                  double *room, int add, double start) {
    const double *rows[MOST_TAPS], *from[MOST_TAPS], *kernel[MOST_TAPS];
    double factors[MOST_TAPS], *made = room + g->h * f->x_row;
    pad_input(x, g, f, room);
    for (ptrdiff_t out = 0; out < g->oh; out++) {
        int found = 0;
        for (ptrdiff_t kh = 0; kh < g->kh; kh++) {
            const ptrdiff_t place = out + g->ch - kh * g->dh, row = place / g->sh;
            if (place < 0 || row * g->sh != place || row >= g->h) continue;
            from[found] = room + row * f->x_row + f->most;
            kernel[found++] = weight + kh * g->kw;
        }
        for (ptrdiff_t b = 0; b < g->sw; b++) {
            int taps = 0;
            for (ptrdiff_t kw = 0; kw < g->kw; kw++)
                if (f->b[kw] == b)
                    for (int r = 0; r < found; r++) {
                        rows[taps] = from[r] - f->a[kw];
                        factors[taps++] = kernel[r][kw];
                    }
            combine(made + b * f->numbers, rows, factors, taps, f->numbers);
        }
        join_phases(y->p + out * y->h, y->w, made, f->numbers, g->sw, g->ow, add, start);
    }
}

/* x += the gradient from y */
CLONED static void planes_gradient_x(const Plane *x, const double *weight, const Plane *y, const Plan *g,
                                     const Phases *f, double *room) {
    const double *rows[MOST_TAPS];
    double factors[MOST_TAPS], *made = room + g->oh * g->sw * f->y_row;
    sort_output(y, g, f, room);
    for (ptrdiff_t row = 0; row < g->h; row++) {
        int taps = 0;
        for (ptrdiff_t kh = 0; kh < g->kh; kh++) {
            if (row < g->rows[2 * kh] || row >= g->rows[2 * kh + 1]) continue;
            const ptrdiff_t out = row * g->sh - g->ch + kh * g->dh;
            for (ptrdiff_t kw = 0; kw < g->kw; kw++) {
                rows[taps] = room + (out * g->sw + f->b[kw]) * f->y_row + f->a[kw] - f->least;
                factors[taps++] = weight[kh * g->kw + kw];
            }
        }
        combine(made, rows, factors, taps, f->inputs);
        double *to = x->p + row * x->h;
        if (x->w == 1)
            for (ptrdiff_t t = 0; t < g->w; t++) to[t] += made[t];
        else
            for (ptrdiff_t t = 0; t < g->w; t++) to[t * x->w] += made[t];
    }
}

/* weight += the gradient from x (contiguous rows) and y */
CLONED static void planes_gradient_w(const Plane *x, double *weight, const Plane *y, const Plan *g, const Phases *f,
                                     double *room) {
    sort_output(y, g, f, room);
    for (ptrdiff_t kh = 0; kh < g->kh; kh++)
        for (ptrdiff_t kw = 0, taps; kw < g->kw; kw += taps) {
            Eight sums[TAPS] = {{0}};
            double rest[TAPS] = {0};
            taps = g->kw - kw >= TAPS ? TAPS : 1;
            for (ptrdiff_t row = g->rows[2 * kh]; row < g->rows[2 * kh + 1]; row++) {
                const ptrdiff_t out = row * g->sh - g->ch + kh * g->dh;
                const double *in = x->p + row * x->h, *other[TAPS];
                ptrdiff_t t = 0;
                for (ptrdiff_t r = 0; r < taps; r++)
                    other[r] = room + (out * g->sw + f->b[kw + r]) * f->y_row + f->a[kw + r] - f->least;
                if (taps == TAPS)
                    for (; t + WIDE <= g->w; t += WIDE) {
                        const Eight value = load8(in + t);
                        sums[0] += value * load8(other[0] + t);
                        sums[1] += value * load8(other[1] + t);
                        sums[2] += value * load8(other[2] + t);
                        sums[3] += value * load8(other[3] + t);
                    }
                else
                    for (; t + WIDE <= g->w; t += WIDE) sums[0] += load8(in + t) * load8(other[0] + t);
                for (; t < g->w; t++)
                    for (ptrdiff_t r = 0; r < taps; r++) rest[r] += in[t] * other[r][t];
            }
            for (ptrdiff_t r = 0; r < taps; r++) {
                for (int j = 0; j < WIDE; j++) rest[r] += sums[r][j];
                weight[kh * g->kw + kw + r] += rest[r];
            }
        }
}

#endif
