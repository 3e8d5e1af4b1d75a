/* Copies rows in and out: the strided loops around the product, for any steps, including zero and negative ones. */
#ifndef REFERENCE_LOOPS_H
#define REFERENCE_LOOPS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && defined(__x86_64__) && defined(__GLIBC__)
#define CLONED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONED
#endif

/* Prefetchers do not follow large steps; the next taps are on the following line. */
#if defined(__GNUC__)
#define AHEAD(address, write) __builtin_prefetch(address, write)
#else
#define AHEAD(address, write) (void)0
#endif

static inline void copy_row(double *dst, ptrdiff_t dstep, const double *src, ptrdiff_t sstep, ptrdiff_t count) {
    if (dstep == 1 && sstep == 1)
        memcpy(dst, src, (size_t)count * sizeof(double));
    else
        for (ptrdiff_t t = 0; t < count; t++) dst[t * dstep] = src[t * sstep];
}

/* Neighbouring taps together, so that a line of cache is visited once for all of them:
 *     dst[t * step + r] += src[r * ld + t]        taps r at most step apart, so that no t meets another */
static inline void add_taps(double *restrict dst, ptrdiff_t step, const double *restrict src, ptrdiff_t ld, int taps,
                            ptrdiff_t count) {
    if (taps == 1 && step == 1)
        for (ptrdiff_t t = 0; t < count; t++) dst[t] += src[t];
    else if (taps == 1)
        for (ptrdiff_t t = 0; t < count; t++) dst[t * step] += src[t];
    else if (taps == 2 && step == 2)
        for (ptrdiff_t t = 0; t < count; t++) {
            dst[2 * t] += src[t];
            dst[2 * t + 1] += src[ld + t];
        }
    else if (taps == 4)
        for (ptrdiff_t t = 0; t < count; t++)
            for (int r = 0; r < 4; r++) dst[t * step + r] += src[r * ld + t];
    else if (taps == 8)
        for (ptrdiff_t t = 0; t < count; t++) {
            AHEAD(dst + t * step + 16, 1);
            for (int r = 0; r < 8; r++) dst[t * step + r] += src[r * ld + t];
        }
    else
        for (ptrdiff_t t = 0; t < count; t++)
            for (int r = 0; r < taps; r++) dst[t * step + r] += src[r * ld + t];
}

/* dst[r * ld + t] = src[t * step + r] */
static inline void take_taps(double *restrict dst, ptrdiff_t ld, const double *restrict src, ptrdiff_t step, int taps,
                             ptrdiff_t count) {
    int r = 0;
    if (step == 1)
        for (; r < taps; r++)
            for (ptrdiff_t t = 0; t < count; t++) dst[r * ld + t] = src[t + r];
    else if (step == 2)
        for (; r + 2 <= taps; r += 2)
            for (ptrdiff_t t = 0; t < count; t++) {
                dst[r * ld + t] = src[2 * t + r];
                dst[(r + 1) * ld + t] = src[2 * t + r + 1];
            }
    else if (step >= 8 && taps == 8)
        for (ptrdiff_t t = 0; t < count; t++) {
            AHEAD(src + t * step + 16, 0);
            for (r = 0; r < 8; r++) dst[r * ld + t] = src[t * step + r];
        }
    for (; r < taps; r++)
        for (ptrdiff_t t = 0; t < count; t++) dst[r * ld + t] = src[t * step + r];
}

/* dst[t * ld + r] = src[t * step + r] */
static inline void take_places(double *restrict dst, ptrdiff_t ld, const double *restrict src, ptrdiff_t step,
                               int taps, ptrdiff_t count) {
    if (taps == 1)
        for (ptrdiff_t t = 0; t < count; t++) dst[t * ld] = src[t * step];
    else if (taps == 3)
        for (ptrdiff_t t = 0; t < count; t++)
            for (int r = 0; r < 3; r++) dst[t * ld + r] = src[t * step + r];
    else if (taps == 4)
        for (ptrdiff_t t = 0; t < count; t++)
            for (int r = 0; r < 4; r++) dst[t * ld + r] = src[t * step + r];
    else
        for (ptrdiff_t t = 0; t < count; t++) {
            AHEAD(src + t * step + 32, 0);
            memcpy(dst + t * ld, src + t * step, (size_t)taps * sizeof(double));
        }
}

static inline void fill_row(double *dst, ptrdiff_t dstep, double value, ptrdiff_t count) {
    if (dstep == 1)
        for (ptrdiff_t t = 0; t < count; t++) dst[t] = value;
    else
        for (ptrdiff_t t = 0; t < count; t++) dst[t * dstep] = value;
}

/* Returns whether count values at distance step are all finite. */
CLONED static int finite_row(const double *a, ptrdiff_t step, ptrdiff_t count) {
    uint64_t bad = 0;
    const uint64_t mask = (uint64_t)0x7ff << 52;
    if (step == 1)
        for (ptrdiff_t t = 0; t < count; t++) {
            uint64_t bits;
            memcpy(&bits, a + t, 8);
            bad |= (uint64_t)((bits & mask) == mask);
        }
    else
        for (ptrdiff_t t = 0; t < count; t++) {
            uint64_t bits;
            memcpy(&bits, a + t * step, 8);
            bad |= (uint64_t)((bits & mask) == mask);
        }
    return bad == 0;
}

/* Returns the sum of count values at distance step, in interleaved sums. */
CLONED static double sum_row(const double *a, ptrdiff_t step, ptrdiff_t count) {
    double sums[32] = {0};
    ptrdiff_t t = 0;
    if (step == 1)
        for (; t + 32 <= count; t += 32)
            for (int j = 0; j < 32; j++) sums[j] += a[t + j];
    for (; t < count; t++) sums[t % 32] += a[t * step];
    for (int half = 16; half; half /= 2)
        for (int j = 0; j < half; j++) sums[j] += sums[j + half];
    return sums[0];
}

/* Returns memory aligned to a cache line, NULL if there is none. Sizes are in doubles. */
static double *take_doubles(size_t count) {
    if (count > SIZE_MAX / 16) return NULL;
    size_t bytes = (count * sizeof(double) + 127) / 64 * 64;
#if defined(_WIN32)
    return (double *)_aligned_malloc(bytes, 64);
#else
    void *memory = NULL;
    return posix_memalign(&memory, 64, bytes) ? NULL : (double *)memory;
#endif
}

static void give_doubles(double *memory) {
#if defined(_WIN32)
    _aligned_free(memory);
#else
    free(memory);
#endif
}

#endif
