# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Compiled kernels: tiles in cache, products in registers, fused with scatter and gather.

    forward      columns[(co, k), i] = sum over ci of w[ci, (co, k)] * x[ci, i]    then scattered: y[co, o] +=
    gradient x   dx[ci, i] = sum over (co, k) of w[ci, (co, k)] * columns[(co, k), i]     gathered from grad_y
    gradient w   dw[ci, (co, k)] = sum over (n, i) of x[ci, i] * columns[(co, k), i]      gathered from grad_y

``i`` runs over all input positions, row by row. There is no column matrix: a tile of it is made, used and
overwritten. Every function works on a range of independent units, so that threads write to disjoint memory, and
adds in an order that does not depend on the number of threads. compiled.py checks the arguments.
"""

cimport cython
from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_STRIDES, PyBUF_WRITABLE
from cpython.buffer cimport PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer
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
    double sum_row(const double *, Py_ssize_t, Py_ssize_t)
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


cdef struct View:  # (N, C, H, W) or (N, C, W), steps in elements
    double *p
    Py_ssize_t batch, channels, rows, columns, n, c, h, w


cdef void view_of(const Py_buffer *buffer, View *view) noexcept:
    cdef int last = buffer.ndim - 1
    view.p = <double *> buffer.buf
    view.batch, view.channels, view.columns = buffer.shape[0], buffer.shape[1], buffer.shape[last]
    view.n, view.c, view.w = buffer.strides[0] // 8, buffer.strides[1] // 8, buffer.strides[last] // 8
    view.rows, view.h = 1, 0
    if last == 3:
        view.rows, view.h = buffer.shape[2], buffer.strides[2] // 8


@cython.final
@cython.no_gc
@cython.freelist(8)
cdef class Buffers:
    """The buffers of the arrays of one call, released at its end."""

    cdef Py_buffer held[5]  # x, w, bias, y and the plan
    cdef int count

    cdef Py_buffer *take(self, object array, int flags) except NULL:
        PyObject_GetBuffer(array, &self.held[self.count], flags)
        self.count += 1
        return &self.held[self.count - 1]

    cdef int view(self, object array, View *view, int flags) except -1:
        view_of(self.take(array, PyBUF_STRIDES | flags), view)
        return 0

    cdef int plan(self, object numbers, Plan *plan) except -1:
        """Reads the geometry from the result of compiled.plan."""
        cdef const Py_ssize_t *of = <const Py_ssize_t *> self.take(numbers, PyBUF_C_CONTIGUOUS).buf
        plan.h, plan.w, plan.kh, plan.kw = of[0], of[1], of[2], of[3]
        plan.sh, plan.sw, plan.dh, plan.dw = of[4], of[5], of[6], of[7]
        plan.ch, plan.cw, plan.oh, plan.ow = of[8], of[9], of[10], of[11]
        plan.groups = of[12]
        plan.rows = &of[13]
        plan.columns = plan.rows + 2 * plan.kh
        return 0

    def __dealloc__(self):
        while self.count:
            self.count -= 1
            PyBuffer_Release(&self.held[self.count])


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
    """Chooses the innermost product, at most ``level`` (0 baseline, 1 AVX2, 2 AVX-512); returns the one in use."""
    global micro, _level
    micro = choose_micro(level, &_level)
    return _level


def all_finite(array):
    """Returns whether a contiguous float64 array, or any (N, C, H, W) or (N, C, W), has only finite numbers."""
    cdef Buffers buffers = Buffers.__new__(Buffers)
    cdef View view
    cdef Py_ssize_t n, c, row
    cdef bint finite = True
    cdef Py_buffer *whole = buffers.take(array, PyBUF_STRIDES)
    if PyBuffer_IsContiguous(whole, b"C"):
        with nogil:
            finite = finite_row(<const double *> whole.buf, 1, whole.len // 8)
        return finite
    view_of(whole, &view)
    with nogil:
        for n in range(view.batch):
            for c in range(view.channels):
                for row in range(view.rows):
                    finite = finite and finite_row(view.p + n * view.n + c * view.c + row * view.h, view.w, view.columns)
            if not finite:
                break
    return finite


def forward(x, w, bias, y, numbers, bint direct, bint finite, Py_ssize_t split, Py_ssize_t first, Py_ssize_t last):
    """Fills the units first..last of y; see forward_units and direct_forward_units. w and bias are contiguous."""
    cdef Buffers buffers = Buffers.__new__(Buffers)
    cdef View view_x, view_y
    cdef Plan plan
    cdef int status = 0
    cdef const double *weights = <const double *> buffers.take(w, PyBUF_C_CONTIGUOUS).buf
    cdef const double *start = NULL
    if bias is not None:
        start = <const double *> buffers.take(bias, PyBUF_C_CONTIGUOUS).buf
    buffers.plan(numbers, &plan)
    buffers.view(x, &view_x, 0)
    buffers.view(y, &view_y, PyBUF_WRITABLE)
    with nogil:
        if direct:
            status = direct_forward_units(&view_x, weights, start, &view_y, &plan, finite, first, last)
        else:
            status = forward_units(&view_x, weights, start, &view_y, &plan, split, first, last)
    if status:
        raise MemoryError("no memory for the forward kernel's tiles")


def gradient_x(dx, w, y, numbers, bint direct, bint finite, Py_ssize_t split, Py_ssize_t channel_split,
               Py_ssize_t first, Py_ssize_t last):
    """Fills the units first..last of the gradient of x from y's gradient; w is contiguous."""
    cdef Buffers buffers = Buffers.__new__(Buffers)
    cdef View view_x, view_y
    cdef Plan plan
    cdef int status = 0
    cdef const double *weights = <const double *> buffers.take(w, PyBUF_C_CONTIGUOUS).buf
    buffers.plan(numbers, &plan)
    buffers.view(dx, &view_x, PyBUF_WRITABLE)
    buffers.view(y, &view_y, 0)
    with nogil:
        if direct:
            status = direct_gradient_x_units(&view_x, weights, &view_y, &plan, finite, first, last)
        else:
            status = gradient_x_units(&view_x, weights, &view_y, &plan, split, channel_split, first, last)
    if status:
        raise MemoryError("no memory for the tiles of the gradient of x")


def gradient_w(x, dw, y, numbers, bint direct, bint finite, Py_ssize_t split, Py_ssize_t first, Py_ssize_t last):
    """Fills the units first..last of the gradient of w, contiguous, from x and y's gradient."""
    cdef Buffers buffers = Buffers.__new__(Buffers)
    cdef View view_x, view_y
    cdef Plan plan
    cdef int status = 0
    cdef double *sums = <double *> buffers.take(dw, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE).buf
    buffers.plan(numbers, &plan)
    buffers.view(x, &view_x, 0)
    buffers.view(y, &view_y, 0)
    with nogil:
        if direct:
            status = direct_gradient_w_units(&view_x, sums, &view_y, &plan, finite, first, last)
        else:
            status = gradient_w_units(&view_x, sums, &view_y, &plan, split, first, last)
    if status:
        raise MemoryError("no memory for the tiles of the gradient of w")


def sums(y, out, Py_ssize_t first, Py_ssize_t last):
    """Sums y's channels first..last over everything else, into a contiguous array."""
    cdef Buffers buffers = Buffers.__new__(Buffers)
    cdef View view
    cdef Py_ssize_t n, c, row
    cdef double sum
    cdef double *to = <double *> buffers.take(out, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE).buf
    buffers.view(y, &view, 0)
    if view.w == 1 and view.h == view.columns:
        view.rows, view.columns = 1, view.rows * view.columns
    with nogil:
        for c in range(first, last):
            sum = 0.0
            for n in range(view.batch):
                for row in range(view.rows):
                    sum += sum_row(view.p + n * view.n + c * view.c + row * view.h, view.w, view.columns)
            to[c] = sum
