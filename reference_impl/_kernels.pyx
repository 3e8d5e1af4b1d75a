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
    ctypedef void (*micro_kernel)(Py_ssize_t, const double *, const double *, double *, Py_ssize_t, int columns,
                                 int add) noexcept
    micro_kernel choose_micro(int level, int *got)
    void micro_part(micro_kernel, Py_ssize_t, const double *, const double *, double *, Py_ssize_t, int rows, int columns,
                    int add)

cdef extern from "_pack.h" nogil:
    void pack_beside(const double *, Py_ssize_t step, Py_ssize_t rows, Py_ssize_t depth, double *)
    void pack_apart(const double *, Py_ssize_t row_step, Py_ssize_t step, Py_ssize_t rows, Py_ssize_t depth, double *,
                    Py_ssize_t distance)
    void pack_columns(const double *, Py_ssize_t depth_step, Py_ssize_t step, Py_ssize_t depth, Py_ssize_t at,
                      Py_ssize_t count, double *, Py_ssize_t distance)

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
    void scatter_runs(const Plan *, const Plane *, const Run *, Py_ssize_t, const Group *, double *, Py_ssize_t)
    void gather_runs(const Plan *, const Plane *, const Run *, Py_ssize_t, const Group *, double *,
                     const Py_ssize_t *, Py_ssize_t tap_step, Py_ssize_t place_step, Py_ssize_t next)

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


cdef void fill_plane(const Plan *g, const View *y, double *plane, double value) noexcept nogil:
    cdef Py_ssize_t row
    if y.w == 1 and y.h == g.ow:
        fill_row(plane, 1, value, g.oh * g.ow)
        return
    for row in range(g.oh):
        fill_row(plane + row * y.h, y.w, value, g.ow)


include "_tiled.pxi"
include "_pairs.pxi"


def instruction_set(level=2):
    """Choose the innermost product, at most ``level`` (0 baseline, 1 AVX2, 2 AVX-512); returns the one in use."""
    global micro, _level
    micro = choose_micro(level, &_level)
    return _level


def all_finite(array):
    """Whether a float64 array (N, C, H, W) or (N, C, W) holds only finite numbers."""
    cdef Py_buffer buffer
    cdef View view
    cdef Py_ssize_t n, c, row, height, width
    cdef bint finite = True
    view_of(array, &buffer, &view, 0)
    height, width = buffer.shape[2] if buffer.ndim == 4 else 1, buffer.shape[buffer.ndim - 1]
    if view.w == 1 and (height == 1 or view.h == width):
        width, height = width * height, 1
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
