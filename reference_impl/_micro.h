/* The innermost product: an 8 x 24 block of C from packed panels, in registers.
 *
 *      b: depth rows of 24                 c (+)= a^T b
 *      a: depth rows of 8                  c: 8 rows of 24, row distance ldc
 *
 * Computes the first 8, 16 or 24 of a panel's 24 columns. There is one source for all instruction sets: x86-64 picks
 * AVX-512 or AVX2 at run time, other machines use their baseline. The arithmetic uses GNU vector types; a compiler
 * without them compiles plain loops. */
#ifndef REFERENCE_MICRO_H
#define REFERENCE_MICRO_H

#include <stddef.h>
#include <string.h>

#define MICRO_ROWS 8
#define MICRO_COLUMNS 24

typedef void (*micro_kernel)(ptrdiff_t depth, const double *a, const double *b, double *c, ptrdiff_t ldc,
                             int columns, int add);

#if defined(__GNUC__)

/* rows x (3 * lanes) of the block, starting at (row, column). Everything unrolls: acc lives in registers. */
#define BLOCK(VECTOR, LANES, ROWS, VECTORS, ROW, COLUMN)                                                     \
    do {                                                                                                     \
        VECTOR acc[ROWS][VECTORS];                                                                           \
        const double *pa = a + (ROW), *pb = b + (COLUMN);                                                    \
        double *pc = c + (ROW)*ldc + (COLUMN);                                                               \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                               \
            _Pragma("GCC unroll 3") for (int v = 0; v < VECTORS; v++) acc[r][v] = (VECTOR){0};               \
        for (ptrdiff_t p = 0; p < depth; p++, pa += MICRO_ROWS, pb += MICRO_COLUMNS) {                                          \
            VECTOR row[VECTORS];                                                                             \
            _Pragma("GCC unroll 3") for (int v = 0; v < VECTORS; v++)                                        \
                memcpy(&row[v], pb + v * LANES, sizeof(VECTOR));                                             \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                           \
                _Pragma("GCC unroll 3") for (int v = 0; v < VECTORS; v++) acc[r][v] += pa[r] * row[v];       \
        }                                                                                                    \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                               \
            _Pragma("GCC unroll 3") for (int v = 0; v < VECTORS; v++) {                                      \
            if (add) {                                                                                       \
                VECTOR old;                                                                                  \
                memcpy(&old, pc + r * ldc + v * LANES, sizeof(VECTOR));                                      \
                acc[r][v] += old;                                                                            \
            }                                                                                                \
            memcpy(pc + r * ldc + v * LANES, &acc[r][v], sizeof(VECTOR));                                    \
        }                                                                                                    \
    } while (0)

/* The same with a third of the columns for every vector. */
#define BLOCKS(VECTOR, LANES, ROWS)                                                                          \
    do {                                                                                                     \
        const int thirds = columns / (MICRO_COLUMNS / 3);                                                    \
        for (int row = 0; row < MICRO_ROWS; row += ROWS)                                                     \
            for (int column = 0; column < columns; column += thirds * LANES) {                               \
                if (thirds == 3)                                                                             \
                    BLOCK(VECTOR, LANES, ROWS, 3, row, column);                                              \
                else if (thirds == 2)                                                                        \
                    BLOCK(VECTOR, LANES, ROWS, 2, row, column);                                              \
                else                                                                                         \
                    BLOCK(VECTOR, LANES, ROWS, 1, row, column);                                              \
            }                                                                                                \
    } while (0)

typedef double lanes2 __attribute__((vector_size(16)));

static void micro_baseline(ptrdiff_t depth, const double *a, const double *b, double *c, ptrdiff_t ldc,
                           int columns, int add) {
    BLOCKS(lanes2, 2, 2);
}

#if defined(__x86_64__)
typedef double lanes4 __attribute__((vector_size(32)));
typedef double lanes8 __attribute__((vector_size(64)));

__attribute__((target("avx2,fma"))) static void micro_avx2(ptrdiff_t depth, const double *a, const double *b,
                                                           double *c, ptrdiff_t ldc, int columns, int add) {
    BLOCKS(lanes4, 4, 4);
}

__attribute__((target("avx512f"))) static void micro_avx512(ptrdiff_t depth, const double *a, const double *b,
                                                            double *c, ptrdiff_t ldc, int columns, int add) {
    for (int r = 0; r < MICRO_ROWS; r++) {
        __builtin_prefetch(c + r * ldc, 1);
        __builtin_prefetch(c + r * ldc + 8, 1);
        __builtin_prefetch(c + r * ldc + 16, 1);
    }
    BLOCKS(lanes8, 8, 8);
}
#endif
#undef BLOCKS
#undef BLOCK

#else

static void micro_baseline(ptrdiff_t depth, const double *a, const double *b, double *c, ptrdiff_t ldc,
                           int columns, int add) {
    for (int r = 0; r < MICRO_ROWS; r++)
        for (int j = 0; j < columns; j++) {
            double sum = 0;
            for (ptrdiff_t p = 0; p < depth; p++) sum += a[p * MICRO_ROWS + r] * b[p * MICRO_COLUMNS + j];
            c[r * ldc + j] = add ? c[r * ldc + j] + sum : sum;
        }
}

#endif

/* level 0: baseline, 1: AVX2 with FMA, 2: AVX-512. Returns the best one up to the requested level. */
static micro_kernel choose_micro(int level, int *got) {
    *got = 0;
#if defined(__GNUC__) && defined(__x86_64__)
    __builtin_cpu_init();
    if (level >= 2 && __builtin_cpu_supports("avx512f")) {
        *got = 2;
        return micro_avx512;
    }
    if (level >= 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        *got = 1;
        return micro_avx2;
    }
#else
    (void)level;
#endif
    return micro_baseline;
}

/* A product of any size up to the block: touches up to 8 rows and 24 columns of c. */
static void micro_part(micro_kernel micro, ptrdiff_t depth, const double *a, const double *b, double *c,
                       ptrdiff_t ldc, int rows, int columns, int add) {
    double made[MICRO_ROWS * MICRO_COLUMNS];
    if (rows == MICRO_ROWS && columns % (MICRO_COLUMNS / 3) == 0) {
        micro(depth, a, b, c, ldc, columns, add);
        return;
    }
    micro(depth, a, b, made, MICRO_COLUMNS, MICRO_COLUMNS, 0);
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < columns; j++) {
            const double product = made[r * MICRO_COLUMNS + j];
            c[r * ldc + j] = add ? c[r * ldc + j] + product : product;
        }
}

#endif
