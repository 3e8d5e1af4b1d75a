# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Compensated sums of the operator and its derivatives, with a certificate for every element.

Channels are last and padded to whole vectors of eight; every output vector gathers its own terms. Results that
are not certified as correctly rounded are marked, and compensated.py computes them exactly.
"""

from libc.string cimport memset

cdef extern from "_dot2.h" nogil:
    int LANES
    ctypedef struct Dot2:
        double sum[8]
        double errors[8]
        double sizes[8]
    ctypedef struct Terms:
        const double *a
        const double *b
        Py_ssize_t a_place, a_step, b_place, b_step, depth, pairs
        const Py_ssize_t *places
    ctypedef void (*dot2_kernel)(Dot2 *, const Terms *) noexcept
    dot2_kernel choose_dot2()
    double dot2_round(const Dot2 *, int, Py_ssize_t, double, unsigned char *)

cdef enum:
    WIDTH = 8

if LANES != WIDTH:
    raise ImportError("_dot2.h and _compensated.pyx disagree about the vectors' width")

cdef dot2_kernel add_products = choose_dot2()


cdef inline void settle(const Dot2 *state, Py_ssize_t count, double unseen, double *value,
                        unsigned char *certain) noexcept nogil:
    cdef int lane
    for lane in range(WIDTH):
        value[lane] = dot2_round(state, lane, count, unseen, certain + lane)


def gather_sums(const double[:, :, :, ::1] a, const double[:, :, :, ::1] b, const double[:, ::1] start,
                const Py_ssize_t[:, ::1] pairs, const Py_ssize_t[::1] first_pair, double unseen,
                double[:, :, :, ::1] values, unsigned char[:, :, :, ::1] certain,
                Py_ssize_t first, Py_ssize_t last):
    """Fills values[n, o, g, :] = start[g, :] + sum over o's pairs and c of a[n, place, g, c] * b[g, tap, c, :].

    Units first..last are (n, o), o fastest; ``pairs`` lists (place in a, tap), o's from ``first_pair[o]`` on.
    """
    cdef Py_ssize_t unit, n, o, g, v, depth = a.shape[3], width = b.shape[3], groups = a.shape[2]
    cdef Py_ssize_t count, lane, outputs = first_pair.shape[0] - 1
    cdef Dot2 state
    cdef Terms terms
    terms.a_place, terms.a_step, terms.b_place, terms.b_step = groups * depth, 1, depth * width, width
    terms.depth = depth
    with nogil:
        for unit in range(first, last):
            n, o = unit // outputs, unit % outputs
            count = first_pair[o + 1] - first_pair[o]
            terms.pairs = count if depth else 0
            for g in range(groups):
                for v from 0 <= v < width by WIDTH:
                    memset(&state, 0, sizeof(Dot2))
                    for lane in range(WIDTH):
                        state.sum[lane] = start[g, v + lane]
                    if terms.pairs:
                        terms.places = &pairs[first_pair[o], 0]
                        terms.a = &a[n, 0, g, 0]
                        terms.b = &b[g, 0, 0, v]
                        add_products(&state, &terms)
                    settle(&state, count * depth, unseen, &values[n, o, g, v], &certain[n, o, g, v])


def tap_sums(const double[:, :, :, ::1] a, const double[:, :, :, ::1] b, const Py_ssize_t[:, ::1] pairs,
             const Py_ssize_t[::1] first_pair, double unseen, double[:, :, :, ::1] values,
             unsigned char[:, :, :, ::1] certain, Py_ssize_t first, Py_ssize_t last):
    """Fills values[g, c, tap, :] = sum over n and the tap's pairs of a[n, place, g, c] * b[n, other, g, :].

    Units first..last are (g, c), c fastest; ``pairs`` lists (place in a, place in b), a tap's from
    ``first_pair[tap]`` on.
    """
    cdef Py_ssize_t unit, n, tap, g, c, v, depth = a.shape[3], width = b.shape[3], groups = a.shape[2]
    cdef Py_ssize_t taps = first_pair.shape[0] - 1, count
    cdef Dot2 state
    cdef Terms terms
    terms.a_place, terms.a_step, terms.b_place, terms.b_step, terms.depth = groups * depth, 0, groups * width, 0, 1
    with nogil:
        for unit in range(first, last):
            g, c = unit // depth, unit % depth
            for tap in range(taps):
                count = first_pair[tap + 1] - first_pair[tap]
                terms.pairs = count
                if count:
                    terms.places = &pairs[first_pair[tap], 0]
                for v from 0 <= v < width by WIDTH:
                    memset(&state, 0, sizeof(Dot2))
                    if count:
                        for n in range(a.shape[0]):
                            terms.a = &a[n, 0, g, c]
                            terms.b = &b[n, 0, g, v]
                            add_products(&state, &terms)
                    settle(&state, count * a.shape[0], unseen, &values[g, c, tap, v], &certain[g, c, tap, v])
