# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Compiled kernels: tiles in cache, the product in registers, scatter and gather fused into it.

    forward      columns[(co, k), i] = sum over ci of w[ci, (co, k)] * x[ci, i]    then scattered: y[co, o] +=
    gradient x   dx[ci, i] = sum over (co, k) of w[ci, (co, k)] * columns[(co, k), i]     gathered from grad_y
    gradient w   dw[ci, (co, k)] = sum over (n, i) of x[ci, i] * columns[(co, k), i]      gathered from grad_y

``i`` runs over all input positions, row by row. No column matrix exists: a tile of it is made, used and
forgotten. Every function works on a range of independent units, so that threads share nothing they write, and
adds in an order that does not depend on how many there are. Arguments arrive checked (see compiled.py).
"""

from cpython.buffer cimport PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memset

cdef extern from "_micro.h" nogil:
    int MICRO_ROWS, MICRO_COLUMNS
    ctypedef void (*micro_kernel)(Py_ssize_t, const double *, const double *, double *, Py_ssize_t, int) noexcept
    micro_kernel choose_micro(int level, int *got)

cdef extern from "_loops.h" nogil:
    void add_row(double *, Py_ssize_t, const double *, Py_ssize_t)
    void copy_row(double *, Py_ssize_t, const double *, Py_ssize_t, Py_ssize_t)
    void fill_row(double *, Py_ssize_t, double, Py_ssize_t)
    void scale_add(double *, Py_ssize_t, const double *, Py_ssize_t, double, Py_ssize_t)
    double row_product(const double *, Py_ssize_t, const double *, Py_ssize_t, Py_ssize_t)
    bint finite_row(const double *, Py_ssize_t, Py_ssize_t)
    double *take_doubles(size_t)
    void give_doubles(double *)

cdef int _level = 0
cdef micro_kernel micro = choose_micro(2, &_level)

cdef enum:
    MR = 8  # rows and columns of the innermost product
    NR = 24
    TILE = 40000  # doubles of a tile of columns or results: about a third of a core's second-level cache
    DEPTH = 256  # of one innermost product: 8 rows of it are half a first-level cache
    POSITIONS = 128  # the same for the gradient of w: 24 columns of it fit a first-level cache

if MICRO_ROWS != MR or MICRO_COLUMNS != NR:
    raise ImportError("_micro.h and _kernels.pyx disagree about the innermost product's size")


cdef struct View:  # (N, C, H, W), steps in elements
    double *p
    Py_ssize_t batch, channels, n, c, h, w


cdef struct Plan:
    Py_ssize_t h, w, kh, kw, sh, sw, dh, dw, ch, cw, oh, ow, groups
    const Py_ssize_t *rows  # (low, high) of input rows for every vertical tap
    const Py_ssize_t *columns


cdef struct Run:  # neighbouring positions of one input row
    Py_ssize_t at, row, column, count


cdef int view_of(object array, Py_buffer *buffer, View *view, int flags) except -1:
    PyObject_GetBuffer(array, buffer, PyBUF_STRIDES | flags)
    cdef int last = buffer.ndim - 1
    view.p = <double *> buffer.buf
    view.batch, view.channels = buffer.shape[0], buffer.shape[1]
    view.n, view.c = buffer.strides[0] // 8, buffer.strides[1] // 8
    view.w = buffer.strides[last] // 8
    view.h = buffer.strides[2] // 8 if last == 3 else 0
    return 0


cdef void plan_of(const Py_ssize_t[::1] numbers, Plan *plan) noexcept:
    plan.h, plan.w, plan.kh, plan.kw = numbers[0], numbers[1], numbers[2], numbers[3]
    plan.sh, plan.sw, plan.dh, plan.dw = numbers[4], numbers[5], numbers[6], numbers[7]
    plan.ch, plan.cw, plan.oh, plan.ow = numbers[8], numbers[9], numbers[10], numbers[11]
    plan.groups = numbers[12]
    plan.rows = &numbers[13]
    plan.columns = plan.rows + 2 * plan.kh


cdef Py_ssize_t runs_of(const Plan *g, Py_ssize_t first, Py_ssize_t last, Py_ssize_t panel, Run *runs) noexcept nogil:
    """Positions first..last as rows' pieces, cut at multiples of ``panel``; returns how many."""
    cdef Py_ssize_t count = 0, at = first, length
    while at < last:
        runs[count].at = at - first
        runs[count].row = at // g.w
        runs[count].column = at % g.w
        length = min(g.w - runs[count].column, last - at, panel - (at - first) % panel)
        runs[count].count = length
        at += length
        count += 1
    return count


cdef inline Py_ssize_t most_runs(const Plan *g, Py_ssize_t positions, Py_ssize_t panel) noexcept nogil:
    return positions // g.w + positions // panel + 3


cdef inline bint clip(const Plan *g, const Run *run, Py_ssize_t kh, Py_ssize_t kw,
                      Py_ssize_t *low, Py_ssize_t *high) noexcept nogil:
    """The part of a run whose positions land in the output with this tap, counted from the run's start."""
    if run.row < g.rows[2 * kh] or run.row >= g.rows[2 * kh + 1]:
        return False
    low[0] = max(g.columns[2 * kw] - run.column, 0)
    high[0] = min(g.columns[2 * kw + 1] - run.column, run.count)
    return low[0] < high[0]


cdef inline Py_ssize_t landing(const Plan *g, const View *y, Py_ssize_t row, Py_ssize_t column,
                               Py_ssize_t kh, Py_ssize_t kw) noexcept nogil:
    return (row * g.sh - g.ch + kh * g.dh) * y.h + (column * g.sw - g.cw + kw * g.dw) * y.w


cdef inline Py_ssize_t round_up(Py_ssize_t value, Py_ssize_t unit) noexcept nogil:
    return (value + unit - 1) // unit * unit


cdef void pack_rows(const double *source, Py_ssize_t row_step, Py_ssize_t depth_step, Py_ssize_t rows,
                    Py_ssize_t depth, double *packed) noexcept nogil:
    """Panels of MR rows, depth by depth; missing rows are zero."""
    cdef Py_ssize_t panel, r, p, here
    for panel from 0 <= panel < rows by MR:
        here = min(<Py_ssize_t> MR, rows - panel)
        if here < MR:
            memset(packed, 0, depth * MR * sizeof(double))
        if row_step == 1 and here == MR:
            for p in range(depth):
                for r in range(MR):
                    packed[p * MR + r] = source[(panel + r) + p * depth_step]
        else:
            for r in range(here):
                for p in range(depth):
                    packed[p * MR + r] = source[(panel + r) * row_step + p * depth_step]
        packed += depth * MR


cdef void fill_plane(const Plan *g, const View *y, double *plane, double value) noexcept nogil:
    cdef Py_ssize_t row
    if y.w == 1 and y.h == g.ow:
        fill_row(plane, 1, value, g.oh * g.ow)
        return
    for row in range(g.oh):
        fill_row(plane + row * y.h, y.w, value, g.ow)


cdef int forward_units(const View *x, const double *w, const double *bias, const View *y, const Plan *g,
                       Py_ssize_t split, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are (group, part of its output channels, batch entry), the entry fastest."""
    cdef Py_ssize_t groups = g.groups, deep = x.channels // groups, wide = y.channels // groups
    cdef Py_ssize_t taps = g.kh * g.kw, positions = g.h * g.w, most = (wide + split - 1) // split
    cdef Py_ssize_t panels = max(1, min(TILE // (max(deep, 1) * NR), 20, (positions + NR - 1) // NR))
    cdef Py_ssize_t columns, block, start, stop, unit, part, n, group, packed_part = -1, rows = 0
    cdef Py_ssize_t tile, width, pieces, q, r, at, kh, kw, low, high, here, depth, c
    if panels < 2 and positions > NR:
        panels = 2
    columns = panels * NR
    block = max(<Py_ssize_t> MR, min(TILE // columns // MR * MR, round_up(most * taps, MR)))
    cdef Py_ssize_t size_a = round_up(most * taps, MR) * deep, size_b = deep * columns
    cdef double *a = take_doubles(size_a + size_b + block * columns)
    cdef Run *runs = <Run *> take_doubles(4 * most_runs(g, columns, NR))
    if a == NULL or runs == NULL:
        give_doubles(a)
        give_doubles(<double *> runs)
        return -1
    cdef double *b = a + size_a
    cdef double *c_tile = b + size_b
    cdef const double *source
    cdef double *plane
    start = 0
    for unit in range(first, last):
        part, n = unit // x.batch, unit % x.batch
        group = part // split
        if part != packed_part:
            start = wide * (part % split) // split
            stop = wide * (part % split + 1) // split
            rows = (stop - start) * taps
            pack_rows(w + (group * deep * wide + start) * taps, 1, wide * taps, rows, deep, a)
            packed_part = part
        for c in range(start, start + rows // taps):
            fill_plane(g, y, y.p + n * y.n + (group * wide + c) * y.c,
                       0.0 if bias == NULL else bias[group * wide + c])
        for tile from 0 <= tile < positions by columns:
            width = min(columns, positions - tile)
            pieces = runs_of(g, tile, tile + width, NR, runs)
            for r in range(pieces):
                plane = b + runs[r].at // NR * NR * deep + runs[r].at % NR
                source = x.p + n * x.n + group * deep * x.c + runs[r].row * x.h + runs[r].column * x.w
                for c in range(deep):
                    copy_row(plane + c * NR, 1, source + c * x.c, x.w, runs[r].count)
            if width % NR:
                plane = b + width // NR * NR * deep
                for c in range(deep):
                    fill_row(plane + c * NR + width % NR, 1, 0.0, NR - width % NR)
            pieces = runs_of(g, tile, tile + width, columns, runs)
            for q from 0 <= q < rows by block:
                here = min(block, rows - q)
                for depth from 0 <= depth < deep by DEPTH:
                    for r from 0 <= r < here by MR:
                        for at from 0 <= at < width by NR:
                            micro(min(DEPTH, deep - depth), a + (q + r) * deep + depth * MR,
                                  b + at * deep + depth * NR, c_tile + r * columns + at, columns, depth > 0)
                for r in range(here):
                    kw = (q + r) % g.kw
                    kh = (q + r) // g.kw % g.kh
                    plane = y.p + n * y.n + (group * wide + start + (q + r) // taps) * y.c
                    for at in range(pieces):
                        if clip(g, &runs[at], kh, kw, &low, &high):
                            add_row(plane + landing(g, y, runs[at].row, runs[at].column + low, kh, kw),
                                    g.sw * y.w, c_tile + r * columns + runs[at].at + low, high - low)
    give_doubles(a)
    give_doubles(<double *> runs)
    return 0


cdef int gradient_x_units(const View *dx, const double *w, const View *y, const Plan *g,
                          Py_ssize_t split, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are (group, batch entry, part of its positions), the part fastest."""
    cdef Py_ssize_t groups = g.groups, deep = dx.channels // groups, wide = y.channels // groups
    cdef Py_ssize_t taps = g.kh * g.kw, positions = g.h * g.w, terms = wide * taps
    cdef Py_ssize_t rows = round_up(deep, MR)
    cdef Py_ssize_t panels = max(1, min(TILE // (rows * NR), 20, (positions // split + NR) // NR))
    cdef Py_ssize_t columns = panels * NR, chunk = min(DEPTH, terms)
    cdef Py_ssize_t unit, part, n, group, packed_group = -1, tile, width, pieces, p, depth, r, at, c
    cdef Py_ssize_t kh, kw, low, high, start, stop
    cdef double *a = take_doubles(rows * terms + chunk * columns + rows * columns)
    cdef Run *runs = <Run *> take_doubles(4 * most_runs(g, columns, NR))
    if a == NULL or runs == NULL:
        give_doubles(a)
        give_doubles(<double *> runs)
        return -1
    cdef double *b = a + rows * terms
    cdef double *c_tile = b + chunk * columns
    cdef const double *plane
    cdef double *row
    for unit in range(first, last):
        part = unit % split
        n = unit // split % dx.batch
        group = unit // split // dx.batch
        if group != packed_group:
            pack_rows(w + group * deep * terms, terms, 1, deep, terms, a)
            packed_group = group
        start = positions * part // split
        stop = positions * (part + 1) // split
        for tile from start <= tile < stop by columns:
            width = min(columns, stop - tile)
            pieces = runs_of(g, tile, tile + width, NR, runs)
            for depth from 0 <= depth < terms by DEPTH:
                chunk = min(DEPTH, terms - depth)
                for p in range(chunk):
                    kw = (depth + p) % g.kw
                    kh = (depth + p) // g.kw % g.kh
                    plane = y.p + n * y.n + (group * wide + (depth + p) // taps) * y.c
                    for r in range(pieces):
                        row = b + runs[r].at // NR * NR * chunk + p * NR + runs[r].at % NR
                        if not clip(g, &runs[r], kh, kw, &low, &high):
                            fill_row(row, 1, 0.0, runs[r].count)
                            continue
                        fill_row(row, 1, 0.0, low)
                        copy_row(row + low, 1, plane + landing(g, y, runs[r].row, runs[r].column + low, kh, kw),
                                 g.sw * y.w, high - low)
                        fill_row(row + high, 1, 0.0, runs[r].count - high)
                    if width % NR:
                        fill_row(b + width // NR * NR * chunk + p * NR + width % NR, 1, 0.0, NR - width % NR)
                for r from 0 <= r < rows by MR:
                    for at from 0 <= at < width by NR:
                        micro(chunk, a + r * terms + depth * MR, b + at * chunk, c_tile + r * columns + at, columns,
                              depth > 0)
            pieces = runs_of(g, tile, tile + width, columns, runs)
            for c in range(deep):
                for r in range(pieces):
                    row = dx.p + n * dx.n + (group * deep + c) * dx.c + runs[r].row * dx.h + runs[r].column * dx.w
                    copy_row(row, dx.w, c_tile + c * columns + runs[r].at, 1, runs[r].count)
    give_doubles(a)
    give_doubles(<double *> runs)
    return 0


cdef int gradient_w_units(const View *x, double *dw, const View *y, const Plan *g,
                          Py_ssize_t split, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are (group, part of its output channels)."""
    cdef Py_ssize_t groups = g.groups, deep = x.channels // groups, wide = y.channels // groups
    cdef Py_ssize_t taps = g.kh * g.kw, positions = g.h * g.w, most = (wide + split - 1) // split
    cdef Py_ssize_t rows = round_up(deep, MR), columns = round_up(most * taps, NR)
    cdef Py_ssize_t unit, group, start, stop, wanted, n, tile, width, pieces, q, lane, here, r, c, kh, kw, low, high
    cdef bint later
    cdef double *a = take_doubles(rows * POSITIONS + POSITIONS * NR + rows * columns)
    cdef Run *runs = <Run *> take_doubles(4 * most_runs(g, POSITIONS, POSITIONS))
    if a == NULL or runs == NULL:
        give_doubles(a)
        give_doubles(<double *> runs)
        return -1
    cdef double *b = a + rows * POSITIONS
    cdef double *sums = b + POSITIONS * NR
    cdef const double *plane
    cdef double *lane_of
    for unit in range(first, last):
        group = unit // split
        start = wide * (unit % split) // split
        stop = wide * (unit % split + 1) // split
        wanted = (stop - start) * taps
        for n in range(x.batch):
            for tile from 0 <= tile < positions by POSITIONS:
                width = min(POSITIONS, positions - tile)
                pieces = runs_of(g, tile, tile + width, POSITIONS, runs)
                if deep % MR:
                    memset(a + deep // MR * MR * width, 0, MR * width * sizeof(double))
                for c in range(deep):
                    plane = x.p + n * x.n + (group * deep + c) * x.c
                    for r in range(pieces):
                        copy_row(a + c // MR * MR * width + runs[r].at * MR + c % MR, MR,
                                 plane + runs[r].row * x.h + runs[r].column * x.w, x.w, runs[r].count)
                later = n > 0 or tile > 0
                for q from 0 <= q < wanted by NR:
                    here = min(<Py_ssize_t> NR, wanted - q)
                    if here < NR:
                        memset(b, 0, width * NR * sizeof(double))
                    for lane in range(here):
                        kw = (q + lane) % g.kw
                        kh = (q + lane) // g.kw % g.kh
                        plane = y.p + n * y.n + (group * wide + start + (q + lane) // taps) * y.c
                        for r in range(pieces):
                            lane_of = b + runs[r].at * NR + lane
                            if not clip(g, &runs[r], kh, kw, &low, &high):
                                fill_row(lane_of, NR, 0.0, runs[r].count)
                                continue
                            fill_row(lane_of, NR, 0.0, low)
                            copy_row(lane_of + low * NR, NR,
                                     plane + landing(g, y, runs[r].row, runs[r].column + low, kh, kw),
                                     g.sw * y.w, high - low)
                            fill_row(lane_of + high * NR, NR, 0.0, runs[r].count - high)
                    for r from 0 <= r < rows by MR:
                        micro(width, a + r * width, b, sums + r * columns + q, columns, later)
        for c in range(deep):
            copy_row(dw + ((group * deep + c) * wide + start) * taps, 1, sums + c * columns, 1, wanted)
    give_doubles(a)
    give_doubles(<double *> runs)
    return 0


cdef void direct_forward_units(const View *x, const double *w, const double *bias, const View *y, const Plan *g,
                               Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are (batch entry, output channel). Visits existing pairs only."""
    cdef Py_ssize_t deep = x.channels // g.groups, wide = y.channels // g.groups, taps = g.kh * g.kw
    cdef Py_ssize_t unit, n, c, ci, kh, kw, row, low, count
    cdef double *plane
    cdef const double *source
    cdef const double *weight
    for unit in range(first, last):
        n, c = unit // y.channels, unit % y.channels
        plane = y.p + n * y.n + c * y.c
        fill_plane(g, y, plane, 0.0 if bias == NULL else bias[c])
        for ci in range(c // wide * deep, c // wide * deep + deep):
            source = x.p + n * x.n + ci * x.c
            weight = w + (ci * wide + c % wide) * taps
            for kh in range(g.kh):
                for row in range(g.rows[2 * kh], g.rows[2 * kh + 1]):
                    for kw in range(g.kw):
                        low, count = g.columns[2 * kw], g.columns[2 * kw + 1] - g.columns[2 * kw]
                        if count > 0:
                            scale_add(plane + landing(g, y, row, low, kh, kw), g.sw * y.w,
                                      source + row * x.h + low * x.w, x.w, weight[kh * g.kw + kw], count)


cdef void direct_gradient_x_units(const View *dx, const double *w, const View *y, const Plan *g,
                                  Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are (batch entry, input channel). Visits existing pairs only."""
    cdef Py_ssize_t deep = dx.channels // g.groups, wide = y.channels // g.groups, taps = g.kh * g.kw
    cdef Py_ssize_t unit, n, c, co, kh, kw, row, low, count
    cdef double *plane
    cdef const double *source
    cdef const double *weight
    for unit in range(first, last):
        n, c = unit // dx.channels, unit % dx.channels
        plane = dx.p + n * dx.n + c * dx.c
        for row in range(g.h):
            fill_row(plane + row * dx.h, dx.w, 0.0, g.w)
        for co in range(wide):
            source = y.p + n * y.n + (c // deep * wide + co) * y.c
            weight = w + (c * wide + co) * taps
            for kh in range(g.kh):
                for row in range(g.rows[2 * kh], g.rows[2 * kh + 1]):
                    for kw in range(g.kw):
                        low, count = g.columns[2 * kw], g.columns[2 * kw + 1] - g.columns[2 * kw]
                        if count > 0:
                            scale_add(plane + row * dx.h + low * dx.w, dx.w,
                                      source + landing(g, y, row, low, kh, kw), g.sw * y.w,
                                      weight[kh * g.kw + kw], count)


cdef void direct_gradient_w_units(const View *x, double *dw, const View *y, const Plan *g,
                                  Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are input channels. Visits existing pairs only."""
    cdef Py_ssize_t deep = x.channels // g.groups, wide = y.channels // g.groups, taps = g.kh * g.kw
    cdef Py_ssize_t c, co, n, kh, kw, row, low, count
    cdef double *weight
    cdef const double *plane
    cdef const double *source
    for c in range(first, last):
        for co in range(wide):
            weight = dw + (c * wide + co) * taps
            memset(weight, 0, taps * sizeof(double))
            for n in range(x.batch):
                plane = x.p + n * x.n + c * x.c
                source = y.p + n * y.n + (c // deep * wide + co) * y.c
                for kh in range(g.kh):
                    for row in range(g.rows[2 * kh], g.rows[2 * kh + 1]):
                        for kw in range(g.kw):
                            low, count = g.columns[2 * kw], g.columns[2 * kw + 1] - g.columns[2 * kw]
                            if count > 0:
                                weight[kh * g.kw + kw] += row_product(
                                    plane + row * x.h + low * x.w, x.w,
                                    source + landing(g, y, row, low, kh, kw), g.sw * y.w, count)


def instruction_set(level=2):
    """Choose the innermost product, at most ``level`` (0 baseline, 1 AVX2, 2 AVX-512); returns the one in use."""
    global micro, _level
    micro = choose_micro(level, &_level)
    return _level


def all_finite(array, const Py_ssize_t[::1] numbers):
    """Whether a float64 array (N, C, H, W) or (N, C, W) of the plan's input size holds only finite numbers."""
    cdef Py_buffer buffer
    cdef View view
    cdef Py_ssize_t n, c, row, height = numbers[0], width = numbers[1]
    cdef bint finite = True
    view_of(array, &buffer, &view, 0)
    with nogil:
        for n in range(view.batch):
            for c in range(view.channels):
                for row in range(height):
                    finite = finite and finite_row(view.p + n * view.n + c * view.c + row * view.h, view.w, width)
            if not finite:
                break
    PyBuffer_Release(&buffer)
    return finite


def forward(x, const double[::1] w, const double[::1] bias, y, const Py_ssize_t[::1] numbers, bint direct,
            Py_ssize_t split, Py_ssize_t first, Py_ssize_t last):
    """Fill the units first..last of y; see forward_units and direct_forward_units."""
    cdef Py_buffer buffer_x, buffer_y
    cdef View view_x, view_y
    cdef Plan plan
    cdef int status = 0
    cdef const double *start = NULL
    if bias is not None and bias.shape[0]:
        start = &bias[0]
    plan_of(numbers, &plan)
    view_of(x, &buffer_x, &view_x, 0)
    view_of(y, &buffer_y, &view_y, PyBUF_WRITABLE)
    with nogil:
        if direct:
            direct_forward_units(&view_x, &w[0], start, &view_y, &plan, first, last)
        else:
            status = forward_units(&view_x, &w[0], start, &view_y, &plan, split, first, last)
    PyBuffer_Release(&buffer_x)
    PyBuffer_Release(&buffer_y)
    if status:
        raise MemoryError("no memory for the forward kernel's tiles")


def gradient_x(dx, const double[::1] w, y, const Py_ssize_t[::1] numbers, bint direct, Py_ssize_t split,
               Py_ssize_t first, Py_ssize_t last):
    """Fill the units first..last of the gradient of x from y's gradient."""
    cdef Py_buffer buffer_x, buffer_y
    cdef View view_x, view_y
    cdef Plan plan
    cdef int status = 0
    plan_of(numbers, &plan)
    view_of(dx, &buffer_x, &view_x, PyBUF_WRITABLE)
    view_of(y, &buffer_y, &view_y, 0)
    with nogil:
        if direct:
            direct_gradient_x_units(&view_x, &w[0], &view_y, &plan, first, last)
        else:
            status = gradient_x_units(&view_x, &w[0], &view_y, &plan, split, first, last)
    PyBuffer_Release(&buffer_x)
    PyBuffer_Release(&buffer_y)
    if status:
        raise MemoryError("no memory for the tiles of the gradient of x")


def gradient_w(x, double[::1] dw, y, const Py_ssize_t[::1] numbers, bint direct, Py_ssize_t split,
               Py_ssize_t first, Py_ssize_t last):
    """Fill the units first..last of the gradient of w from x and y's gradient."""
    cdef Py_buffer buffer_x, buffer_y
    cdef View view_x, view_y
    cdef Plan plan
    cdef int status = 0
    plan_of(numbers, &plan)
    view_of(x, &buffer_x, &view_x, 0)
    view_of(y, &buffer_y, &view_y, 0)
    with nogil:
        if direct:
            direct_gradient_w_units(&view_x, &dw[0], &view_y, &plan, first, last)
        else:
            status = gradient_w_units(&view_x, &dw[0], &view_y, &plan, split, first, last)
    PyBuffer_Release(&buffer_x)
    PyBuffer_Release(&buffer_y)
    if status:
        raise MemoryError("no memory for the tiles of the gradient of w")
