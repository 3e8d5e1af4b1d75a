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
    void copy_row(double *, Py_ssize_t, const double *, Py_ssize_t, Py_ssize_t)
    void fill_row(double *, Py_ssize_t, double, Py_ssize_t)
    bint finite_row(const double *, Py_ssize_t, Py_ssize_t)
    double *take_doubles(size_t)
    void give_doubles(double *)

cdef extern from "_direct.h" nogil:
    ctypedef struct Plan:
        Py_ssize_t h, w, kh, kw, sh, sw, dh, dw, ch, cw, oh, ow, groups
        const Py_ssize_t *rows
        const Py_ssize_t *columns
    ctypedef struct Plane:
        double *p
        Py_ssize_t h, w
    void direct_forward(const Plane *, const double *, const Plane *, const Plan *)
    void direct_gradient_x(const Plane *, const double *, const Plane *, const Plan *)
    void direct_gradient_w(const Plane *, double *, const Plane *, const Plan *)

cdef extern from "_runs.h" nogil:
    ctypedef struct Run:
        Py_ssize_t at, row, column, count
    ctypedef struct Group:
        int taps
    void group_of(const Plan *, Py_ssize_t y_step, Py_ssize_t q, Py_ssize_t left, Py_ssize_t most, Group *)
    void scatter_runs(const Plan *, const Plane *, const Run *, Py_ssize_t, const Group *, const double *, Py_ssize_t)
    void gather_runs(const Plan *, const Plane *, const Run *, Py_ssize_t, const Group *, double *,
                     const Py_ssize_t *, Py_ssize_t tap_step, Py_ssize_t place_step)

cdef extern from "_planes.h" nogil:
    ctypedef struct Phases:
        pass
    bint phases_of(const Plan *, Phases *)
    size_t phases_room(const Plan *, const Phases *)
    void planes_forward(const Plane *, const double *, const Plane *, const Plan *, const Phases *, double *,
                        int add, double start)
    void planes_gradient_x(const Plane *, const double *, const Plane *, const Plan *, const Phases *, double *)
    void planes_gradient_w(const Plane *, double *, const Plane *, const Plan *, const Phases *, double *)

cdef int _level = 0
cdef micro_kernel micro = choose_micro(2, &_level)

cdef enum:
    MR = 8  # rows and columns of the innermost product
    NR = 24
    # Doubles. Half a core's second-level cache (1 MB here) for what every row of a tile meets again.
    PACKED = 64000
    RESULTS = 16000  # columns waiting to be scattered
    SUMS = 40000  # gradients of x being summed
    DEPTH = 256  # of one innermost product: 8 rows of it are half a first-level cache
    TAPS = 8  # neighbouring taps moved together: a cache line of them
    POSITIONS = 128  # the same for the gradient of w: 24 columns of it fit a first-level cache

if MICRO_ROWS != MR or MICRO_COLUMNS != NR:
    raise ImportError("_micro.h and _kernels.pyx disagree about the innermost product's size")


cdef struct View:  # (N, C, H, W), steps in elements
    double *p
    Py_ssize_t batch, channels, n, c, h, w


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
    cdef Py_ssize_t panels = max(1, min(PACKED // (max(deep, 1) * NR), 20, (positions + NR - 1) // NR))
    cdef Py_ssize_t columns, block, start, stop, unit, part, n, group, rows
    cdef Py_ssize_t tile, width, pieces, q, r, at, here, depth, c
    cdef Group taken
    cdef Plane target
    if panels < 2 and positions > NR:
        panels = 2
    columns = panels * NR
    block = max(<Py_ssize_t> MR, min(RESULTS // columns // MR * MR, round_up(most * taps, MR)))
    cdef Py_ssize_t size_a = block * deep, size_b = deep * columns
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
    target.h, target.w = y.h, y.w
    for unit in range(first, last):
        part, n = unit // x.batch, unit % x.batch
        group = part // split
        start = wide * (part % split) // split
        stop = wide * (part % split + 1) // split
        rows = (stop - start) * taps
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
                pack_rows(w + (group * deep * wide + start) * taps + q, 1, wide * taps, here, deep, a)
                for depth from 0 <= depth < deep by DEPTH:
                    for r from 0 <= r < here by MR:
                        for at from 0 <= at < width by NR:
                            micro(min(DEPTH, deep - depth), a + r * deep + depth * MR,
                                  b + at * deep + depth * NR, c_tile + r * columns + at, columns, depth > 0)
                r = 0
                while r < here:
                    group_of(g, y.w, q + r, here - r, min(g.sw, <Py_ssize_t> TAPS), &taken)
                    target.p = y.p + n * y.n + (group * wide + start + (q + r) // taps) * y.c
                    scatter_runs(g, &target, runs, pieces, &taken, c_tile + r * columns, columns)
                    r += taken.taps
    give_doubles(a)
    give_doubles(<double *> runs)
    return 0


cdef int gradient_x_units(const View *dx, const double *w, const View *y, const Plan *g,
                          Py_ssize_t split, Py_ssize_t channel_split, Py_ssize_t first,
                          Py_ssize_t last) noexcept nogil:
    """Units are (group, part of its input channels, batch entry, part of its positions), the last fastest."""
    cdef Py_ssize_t groups = g.groups, deep = dx.channels // groups, wide = y.channels // groups
    cdef Py_ssize_t taps = g.kh * g.kw, positions = g.h * g.w, terms = wide * taps
    cdef Py_ssize_t rows = round_up((deep + channel_split - 1) // channel_split, MR)
    cdef Py_ssize_t panels = max(1, min(SUMS // (rows * NR), 20, (positions // split + NR) // NR))
    cdef Py_ssize_t columns = panels * NR, chunk = min(DEPTH, terms)
    cdef Py_ssize_t unit, part, n, group, channels, packed = -1, begin, some, tile, width, pieces, p, depth, r, at, c
    cdef Py_ssize_t start, stop
    cdef Group taken
    cdef Plane source
    # Many tiles share one packing of w; for few it is packed piece by piece, in cache.
    cdef bint ahead = (last - first) * (positions // split) >= 3 * columns
    cdef Py_ssize_t size_a = rows * (terms if ahead else chunk)
    cdef double *a = take_doubles(size_a + chunk * columns + rows * columns)
    cdef Run *runs = <Run *> take_doubles(5 * most_runs(g, columns, NR))
    if a == NULL or runs == NULL:
        give_doubles(a)
        give_doubles(<double *> runs)
        return -1
    cdef double *b = a + size_a
    cdef double *c_tile = b + chunk * columns
    cdef Py_ssize_t *offsets = <Py_ssize_t *> (runs + most_runs(g, columns, NR))
    cdef double *row
    source.h, source.w = y.h, y.w
    for unit in range(first, last):
        part = unit % split
        n = unit // split % dx.batch
        channels = unit // split // dx.batch
        group = channels // channel_split
        begin = deep * (channels % channel_split) // channel_split
        some = deep * (channels % channel_split + 1) // channel_split - begin
        begin += group * deep
        if ahead and channels != packed:
            pack_rows(w + begin * terms, terms, 1, some, terms, a)
            packed = channels
        start = positions * part // split
        stop = positions * (part + 1) // split
        for tile from start <= tile < stop by columns:
            width = min(columns, stop - tile)
            pieces = runs_of(g, tile, tile + width, NR, runs)
            for depth from 0 <= depth < terms by DEPTH:
                chunk = min(DEPTH, terms - depth)
                for r in range(pieces):
                    offsets[r] = runs[r].at // NR * NR * chunk + runs[r].at % NR
                p = 0
                while p < chunk:
                    group_of(g, y.w, depth + p, chunk - p, TAPS, &taken)
                    source.p = y.p + n * y.n + (group * wide + (depth + p) // taps) * y.c
                    gather_runs(g, &source, runs, pieces, &taken, b + p * NR, offsets, NR, 1)
                    if width % NR:
                        for r in range(taken.taps):
                            fill_row(b + width // NR * NR * chunk + (p + r) * NR + width % NR, 1, 0.0, NR - width % NR)
                    p += taken.taps
                if not ahead:
                    pack_rows(w + begin * terms + depth, terms, 1, some, chunk, a)
                for r from 0 <= r < some by MR:
                    for at from 0 <= at < width by NR:
                        micro(chunk, a + (r * terms + depth * MR if ahead else r * chunk), b + at * chunk, c_tile + r * columns + at, columns,
                              depth > 0)
            pieces = runs_of(g, tile, tile + width, columns, runs)
            for c in range(some):
                for r in range(pieces):
                    row = dx.p + n * dx.n + (begin + c) * dx.c + runs[r].row * dx.h + runs[r].column * dx.w
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
    cdef Py_ssize_t unit, group, start, stop, wanted, n, tile, width, pieces, q, lane, here, r, c
    cdef Group taken
    cdef Plane source
    cdef bint later
    cdef double *a = take_doubles(rows * POSITIONS + POSITIONS * NR + rows * columns)
    cdef Run *runs = <Run *> take_doubles(5 * most_runs(g, POSITIONS, POSITIONS))
    if a == NULL or runs == NULL:
        give_doubles(a)
        give_doubles(<double *> runs)
        return -1
    cdef double *b = a + rows * POSITIONS
    cdef double *sums = b + POSITIONS * NR
    cdef const double *plane
    cdef Py_ssize_t *offsets = <Py_ssize_t *> (runs + most_runs(g, POSITIONS, POSITIONS))
    source.h, source.w = y.h, y.w
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
                for r in range(pieces):
                    offsets[r] = runs[r].at * NR
                later = n > 0 or tile > 0
                for q from 0 <= q < wanted by NR:
                    here = min(<Py_ssize_t> NR, wanted - q)
                    if here < NR:
                        memset(b, 0, width * NR * sizeof(double))
                    lane = 0
                    while lane < here:
                        group_of(g, y.w, q + lane, here - lane, NR, &taken)
                        source.p = y.p + n * y.n + (group * wide + start + (q + lane) // taps) * y.c
                        gather_runs(g, &source, runs, pieces, &taken, b + lane, offsets, 1, NR)
                        lane += taken.taps
                    for r from 0 <= r < rows by MR:
                        micro(width, a + r * width, b, sums + r * columns + q, columns, later)
        for c in range(deep):
            copy_row(dw + ((group * deep + c) * wide + start) * taps, 1, sums + c * columns, 1, wanted)
    give_doubles(a)
    give_doubles(<double *> runs)
    return 0


cdef int direct_forward_units(const View *x, const double *w, const double *bias, const View *y, const Plan *g,
                              bint finite, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are (batch entry, output channel). With ``finite`` weights rows may be padded with zeros."""
    cdef Py_ssize_t deep = x.channels // g.groups, wide = y.channels // g.groups, taps = g.kh * g.kw
    cdef Py_ssize_t unit, n, c, ci
    cdef double start
    cdef Plane source, target
    cdef Phases phases
    cdef double *room = NULL
    if finite and phases_of(g, &phases):
        room = take_doubles(phases_room(g, &phases))
        if room == NULL:
            return -1
    source.h, source.w, target.h, target.w = x.h, x.w, y.h, y.w
    for unit in range(first, last):
        n, c = unit // y.channels, unit % y.channels
        target.p = y.p + n * y.n + c * y.c
        start = 0.0 if bias == NULL else bias[c]
        if room == NULL:
            fill_plane(g, y, target.p, start)
        for ci in range(c // wide * deep, c // wide * deep + deep):
            source.p = x.p + n * x.n + ci * x.c
            if room != NULL:
                planes_forward(&source, w + (ci * wide + c % wide) * taps, &target, g, &phases, room,
                               ci % deep > 0, start)
            else:
                direct_forward(&source, w + (ci * wide + c % wide) * taps, &target, g)
    give_doubles(room)
    return 0


cdef int direct_gradient_x_units(const View *dx, const double *w, const View *y, const Plan *g, bint finite,
                                 Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are (batch entry, input channel). With ``finite`` weights rows may be padded with zeros."""
    cdef Py_ssize_t deep = dx.channels // g.groups, wide = y.channels // g.groups, taps = g.kh * g.kw
    cdef Py_ssize_t unit, n, c, co, row
    cdef Plane source, target
    cdef Phases phases
    cdef double *room = NULL
    if finite and phases_of(g, &phases):
        room = take_doubles(phases_room(g, &phases))
        if room == NULL:
            return -1
    source.h, source.w, target.h, target.w = y.h, y.w, dx.h, dx.w
    for unit in range(first, last):
        n, c = unit // dx.channels, unit % dx.channels
        target.p = dx.p + n * dx.n + c * dx.c
        for row in range(g.h):
            fill_row(target.p + row * dx.h, dx.w, 0.0, g.w)
        for co in range(wide):
            source.p = y.p + n * y.n + (c // deep * wide + co) * y.c
            if room != NULL:
                planes_gradient_x(&target, w + (c * wide + co) * taps, &source, g, &phases, room)
            else:
                direct_gradient_x(&target, w + (c * wide + co) * taps, &source, g)
    give_doubles(room)
    return 0


cdef int direct_gradient_w_units(const View *x, double *dw, const View *y, const Plan *g, bint finite,
                                 Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are input channels. With ``finite`` inputs rows may be padded with zeros."""
    cdef Py_ssize_t deep = x.channels // g.groups, wide = y.channels // g.groups, taps = g.kh * g.kw
    cdef Py_ssize_t c, co, n
    cdef Plane source, other
    cdef Phases phases
    cdef double *room = NULL
    if finite and x.w == 1 and phases_of(g, &phases):
        room = take_doubles(phases_room(g, &phases))
        if room == NULL:
            return -1
    source.h, source.w, other.h, other.w = x.h, x.w, y.h, y.w
    for c in range(first, last):
        for co in range(wide):
            memset(dw + (c * wide + co) * taps, 0, taps * sizeof(double))
            for n in range(x.batch):
                source.p = x.p + n * x.n + c * x.c
                other.p = y.p + n * y.n + (c // deep * wide + co) * y.c
                if room != NULL:
                    planes_gradient_w(&source, dw + (c * wide + co) * taps, &other, g, &phases, room)
                else:
                    direct_gradient_w(&source, dw + (c * wide + co) * taps, &other, g)
    give_doubles(room)
    return 0


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


def forward(x, const double[::1] w, const double[::1] bias, y, const Py_ssize_t[::1] numbers, bint direct, bint finite,
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
            status = direct_forward_units(&view_x, &w[0], start, &view_y, &plan, finite, first, last)
        else:
            status = forward_units(&view_x, &w[0], start, &view_y, &plan, split, first, last)
    PyBuffer_Release(&buffer_x)
    PyBuffer_Release(&buffer_y)
    if status:
        raise MemoryError("no memory for the forward kernel's tiles")


def gradient_x(dx, const double[::1] w, y, const Py_ssize_t[::1] numbers, bint direct, bint finite,
               Py_ssize_t split, Py_ssize_t channel_split, Py_ssize_t first, Py_ssize_t last):
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
            status = direct_gradient_x_units(&view_x, &w[0], &view_y, &plan, finite, first, last)
        else:
            status = gradient_x_units(&view_x, &w[0], &view_y, &plan, split, channel_split, first, last)
    PyBuffer_Release(&buffer_x)
    PyBuffer_Release(&buffer_y)
    if status:
        raise MemoryError("no memory for the tiles of the gradient of x")


def gradient_w(x, double[::1] dw, y, const Py_ssize_t[::1] numbers, bint direct, bint finite,
               Py_ssize_t split, Py_ssize_t first, Py_ssize_t last):
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
            status = direct_gradient_w_units(&view_x, &dw[0], &view_y, &plan, finite, first, last)
        else:
            status = gradient_w_units(&view_x, &dw[0], &view_y, &plan, split, first, last)
    PyBuffer_Release(&buffer_x)
    PyBuffer_Release(&buffer_y)
    if status:
        raise MemoryError("no memory for the tiles of the gradient of w")
