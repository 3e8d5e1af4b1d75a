/* Rows in and out: the strided loops around the product, on any steps, zero and negative ones included. */
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

/* dst[t * dstep] += src[t] */
static inline void add_row(double *dst, ptrdiff_t dstep, const double *src, ptrdiff_t count) {
    if (dstep == 1)
        for (ptrdiff_t t = 0; t < count; t++) dst[t] += src[t];
    else if (dstep == 2)
        for (ptrdiff_t t = 0; t < count; t++) dst[2 * t] += src[t];
    else
        for (ptrdiff_t t = 0; t < count; t++) dst[t * dstep] += src[t];
}

/* dst[t * dstep] = src[t * sstep] */
static inline void copy_row(double *dst, ptrdiff_t dstep, const double *src, ptrdiff_t sstep, ptrdiff_t count) {
    if (dstep == 1 && sstep == 1)
        memcpy(dst, src, (size_t)count * sizeof(double));
    else if (dstep == 1 && sstep == 2)
        for (ptrdiff_t t = 0; t < count; t++) dst[t] = src[2 * t];
    else
        for (ptrdiff_t t = 0; t < count; t++) dst[t * dstep] = src[t * sstep];
}

static inline void fill_row(double *dst, ptrdiff_t dstep, double value, ptrdiff_t count) {
    if (dstep == 1)
        for (ptrdiff_t t = 0; t < count; t++) dst[t] = value;
    else
        for (ptrdiff_t t = 0; t < count; t++) dst[t * dstep] = value;
}

/* dst[t * dstep] += factor * src[t * sstep] */
CLONED static void scale_add(double *dst, ptrdiff_t dstep, const double *src, ptrdiff_t sstep, double factor,
                             ptrdiff_t count) {
    if (dstep == 1 && sstep == 1)
        for (ptrdiff_t t = 0; t < count; t++) dst[t] += factor * src[t];
    else if (dstep == 1 && sstep == 2)
        for (ptrdiff_t t = 0; t < count; t++) dst[t] += factor * src[2 * t];
    else
        for (ptrdiff_t t = 0; t < count; t++) dst[t * dstep] += factor * src[t * sstep];
}

/* sum of a[t * astep] * b[t * bstep], in eight interleaved sums */
CLONED static double row_product(const double *a, ptrdiff_t astep, const double *b, ptrdiff_t bstep,
                                 ptrdiff_t count) {
    double part[8] = {0, 0, 0, 0, 0, 0, 0, 0}, sum = 0;
    ptrdiff_t t = 0;
    if (astep == 1 && bstep == 1)
        for (; t + 8 <= count; t += 8)
            for (int j = 0; j < 8; j++) part[j] += a[t + j] * b[t + j];
    else if (astep == 1 && bstep == 2)
        for (; t + 8 <= count; t += 8)
            for (int j = 0; j < 8; j++) part[j] += a[t + j] * b[2 * (t + j)];
    else
        for (; t + 8 <= count; t += 8)
            for (int j = 0; j < 8; j++) part[j] += a[(t + j) * astep] * b[(t + j) * bstep];
    for (; t < count; t++) sum += a[t * astep] * b[t * bstep];
    for (int j = 0; j < 8; j++) sum += part[j];
    return sum;
}

/* Whether count values at distance step are all finite. */
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

/* Memory on a cache line's boundary; NULL when there is none. Counts in doubles. */
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
