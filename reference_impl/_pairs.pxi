"""Input planes against output planes, pair by pair: depthwise operators, and infinities."""


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
