/* Compensated dot products, eight at a time: sum (an FMA two-product and a two-sum per term), the errors' sum,
 * and the sum of the errors' absolute values, from which the last digit is certified.
 *
 * Source: Ogita, Rump, Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005), Dot2.
 * Needs a build without contraction (-ffp-contract=off), because a fused P + a * b would defeat the two-product. */
#ifndef REFERENCE_DOT2_H
#define REFERENCE_DOT2_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#define LANES 8

typedef struct {
    double sum[LANES], errors[LANES], sizes[LANES];
} Dot2;

/* The terms of one sum: pairs of places in a and b, with depth terms at each. */
typedef struct {
    const double *a, *b;
    ptrdiff_t a_place, a_step, b_place, b_step, depth, pairs;
    const ptrdiff_t *places; /* (place in a, place in b) for every pair */
} Terms;

typedef void (*dot2_kernel)(Dot2 *state, const Terms *terms);

#if defined(__GNUC__)
#define INLINED static inline __attribute__((always_inline))
#else
#define INLINED static inline
#endif

/* state += a's number times b's eight, over all terms */
INLINED void dot2_body(Dot2 *state, const Terms *terms) {
    double sum[LANES], errors[LANES], sizes[LANES];
    memcpy(sum, state->sum, sizeof sum);
    memcpy(errors, state->errors, sizeof errors);
    memcpy(sizes, state->sizes, sizeof sizes);
    for (ptrdiff_t pair = 0; pair < terms->pairs; pair++) {
        const double *a = terms->a + terms->places[2 * pair] * terms->a_place;
        const double *b = terms->b + terms->places[2 * pair + 1] * terms->b_place;
        for (ptrdiff_t t = 0; t < terms->depth; t++, a += terms->a_step, b += terms->b_step) {
            const double factor = *a;
            for (int j = 0; j < LANES; j++) {
                const double product = factor * b[j];
                const double lost = fma(factor, b[j], -product);
                const double total = sum[j] + product;
                const double part = total - sum[j];
                const double error = (sum[j] - (total - part)) + (product - part);
                sum[j] = total;
                errors[j] += error + lost;
                sizes[j] += fabs(error) + fabs(lost);
            }
        }
    }
    memcpy(state->sum, sum, sizeof sum);
    memcpy(state->errors, errors, sizeof errors);
    memcpy(state->sizes, sizes, sizeof sizes);
}

static void dot2_baseline(Dot2 *state, const Terms *terms) { dot2_body(state, terms); }

#if defined(__GNUC__) && defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void dot2_avx2(Dot2 *state, const Terms *terms) {
    dot2_body(state, terms);
}

__attribute__((target("avx512f,avx512vl,avx512dq,fma,prefer-vector-width=512"))) static void
dot2_avx512(Dot2 *state, const Terms *terms) {
    dot2_body(state, terms);
}
#endif

static dot2_kernel choose_dot2(void) {
#if defined(__GNUC__) && defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return dot2_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return dot2_avx2;
#endif
    return dot2_baseline;
}

/* The rounded sum of lane j after count terms, and whether it is certainly the correctly rounded one.
 *
 * The exact value is sum + errors + d with |d| <= gamma(2 * count) * (sum of the errors' sizes) + unseen, where
 * unseen bounds the underflow of the two-products. Twice that bound also covers the rounding of this function. If
 * the whole interval rounds to one number, that number is the result. */
static double dot2_round(const Dot2 *state, int j, ptrdiff_t count, double unseen, unsigned char *certain) {
    const double sum = state->sum[j], errors = state->errors[j];
    const double value = sum + errors;
    const double part = value - sum;
    const double rest = (sum - (value - part)) + (errors - part);
    const double doubt = 4.0 * ((double)count + 2.0) * 0x1p-53 * state->sizes[j] + 2.0 * unseen;
    if (doubt == 0.0) {
        *certain = isfinite(value);
        /* without any error the plain sum is exact, and its zero keeps the sign */
        return state->sizes[j] == 0.0 ? sum : value;
    }
    double low = rest - doubt, high = rest + doubt;
    low -= fabs(low) * 0x1p-51;
    high += fabs(high) * 0x1p-51;
    *certain = isfinite(value) && value + low == value && value + high == value;
    return value;
}

#endif
