"""Tiles in cache, products in registers, fused with scatter and gather. See docs/reference.md."""


cdef enum:
    MR = 8  # rows and columns of the innermost product
    NR = 24
    # doubles: half of a core's second-level cache (1 MB here) for the data that every row of a tile reuses
    PACKED = 64000
    RESULTS = 16000  # columns waiting to be scattered
    SUMS = 40000  # gradients of x being summed
    DEPTH = 256  # of one innermost product: 8 rows of it are half a first-level cache
    TAPS = 8  # neighbouring taps moved together: a cache line of them
    POSITIONS = 128  # the same for the gradient of w: 24 columns of it fit a first-level cache
    AHEAD = 1 << 21  # weights that a thread packs once for many tiles, 16 MB; more are packed piece by piece

if MICRO_ROWS != MR or MICRO_COLUMNS != NR:
    raise ImportError("_micro.h and _tiled.pxi disagree about the innermost product's size")


cdef Py_ssize_t runs_of(Py_ssize_t width, Py_ssize_t first, Py_ssize_t last, Py_ssize_t panel,
                        Run *runs) noexcept nogil:
    """Cuts positions first..last into pieces of rows, at multiples of ``panel``; returns their number."""
    cdef Py_ssize_t count = 0, at = first, length
    while at < last:
        runs[count].at = at - first
        runs[count].row = at // width
        runs[count].column = at % width
        length = min(width - runs[count].column, last - at, panel - (at - first) % panel)
        runs[count].count = length
        at += length
        count += 1
    return count


cdef inline Py_ssize_t most_runs(const Plan *g, Py_ssize_t positions, Py_ssize_t panel) noexcept nogil:
    return positions // g.w + positions // panel + 3


cdef inline Py_ssize_t row_of(const View *x, const Plan *g) noexcept nogil:
    """Returns the length of a row of x; adjacent rows count as one."""
    return g.h * g.w if x.h == g.w * x.w else g.w


cdef inline Py_ssize_t round_up(Py_ssize_t value, Py_ssize_t unit) noexcept nogil:
    return (value + unit - 1) // unit * unit


cdef Py_ssize_t tile_of(Py_ssize_t positions, Py_ssize_t panels) noexcept nogil:
    """Returns the columns of a tile: whole panels, about as many as given, so that tiles have similar sizes."""
    cdef Py_ssize_t all = (positions + NR - 1) // NR, tiles
    panels = max(1, min(panels, 20))
    tiles = max(1, (all + panels // 2) // panels)
    return max(1, (all + tiles - 1) // tiles) * NR


cdef inline int columns_left(Py_ssize_t width) noexcept nogil:
    """Returns the columns to compute of a panel of which ``width`` columns are left."""
    return <int> min(<Py_ssize_t> NR, round_up(width, 8))


cdef void fill_planes(const Plan *g, const View *y, Py_ssize_t n, Py_ssize_t first, Py_ssize_t last,
                      const double *bias) noexcept nogil:
    """Initialises channels first..last of a batch entry."""
    cdef Py_ssize_t c
    for c in range(first, last):
        fill_plane(g, y, y.p + n * y.n + c * y.c, 0.0 if bias == NULL else bias[c])


cdef int forward_units(const View *x, const double *w, const double *bias, const View *y, const Plan *g,
                       Py_ssize_t split, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Units are (group, part of its output channels, batch entry), the entry fastest."""
    cdef Py_ssize_t groups = g.groups, deep = x.channels // groups, wide = y.channels // groups
    cdef Py_ssize_t taps = g.kh * g.kw, positions = g.h * g.w, most = round_up((wide + split - 1) // split * taps, MR)
    cdef Py_ssize_t columns = tile_of(positions, PACKED // (max(deep, 1) * NR)), row = row_of(x, g)
    cdef Py_ssize_t block = max(<Py_ssize_t> MR, min(RESULTS // columns // MR * MR, most))
    cdef Py_ssize_t start, stop, unit, part, n, group, rows, packed = -1
    cdef Py_ssize_t tile, width, pieces, q, r, at, here, depth, c
    cdef Group taken
    cdef Plane target
    # several tiles share one packing of w; for a single tile it is packed piece by piece, in cache
    cdef bint ahead = (min(last - first, x.batch) > 1 or columns < positions) and most * deep <= AHEAD
    cdef Py_ssize_t size_a = (most if ahead else block) * deep
    cdef double *a = take_doubles(size_a + deep * columns + block * columns)
    cdef Run *runs = <Run *> take_doubles(4 * most_runs(g, columns, NR))
    if a == NULL or runs == NULL:
        give_doubles(a)
        give_doubles(<double *> runs)
        return -1
    cdef double *b = a + size_a
    cdef double *c_tile = b + deep * columns
    cdef double *a_block = a
    cdef double *panel
    target.h, target.w = y.h, y.w
    for unit in range(first, last):
        part, n = unit // x.batch, unit % x.batch
        group = part // split
        start = group * wide + wide * (part % split) // split
        stop = group * wide + wide * (part % split + 1) // split
        rows = (stop - start) * taps
        if ahead and part != packed:
            pack_beside(w + (group * (deep - 1) * wide + start) * taps, wide * taps, rows, deep, a)
            packed = part
        for tile from 0 <= tile < positions by columns:
            width = min(columns, positions - tile)
            pieces = runs_of(row, tile, tile + width, columns, runs)
            for r in range(pieces):
                pack_columns(x.p + n * x.n + group * deep * x.c + runs[r].row * x.h + runs[r].column * x.w,
                             x.c, x.w, deep, runs[r].at, runs[r].count, b, deep * NR)
            if width % NR:
                panel = b + width // NR * NR * deep
                for c in range(deep):
                    fill_row(panel + c * NR + width % NR, 1, 0.0, NR - width % NR)
            pieces = runs_of(g.w, tile, tile + width, columns, runs)
            for q from 0 <= q < rows by block:
                here = min(block, rows - q)
                if ahead:
                    a_block = a + q * deep
                else:
                    pack_beside(w + (group * (deep - 1) * wide + start) * taps + q, wide * taps, here, deep, a)
                for depth from 0 <= depth < deep by DEPTH:
                    for r from 0 <= r < here by MR:
                        for at from 0 <= at < width by NR:
                            micro(min(DEPTH, deep - depth), a_block + r * deep + depth * MR, b + at * deep + depth * NR,
                                  c_tile + r * columns + at, columns, columns_left(width - at), depth > 0)
                if tile == 0:
                    fill_planes(g, y, n, start + (q + taps - 1) // taps, start + (q + here + taps - 1) // taps, bias)
                r = 0
                while r < here:
                    group_of(g, y.w, q + r, here - r, min(g.sw, <Py_ssize_t> TAPS), &taken)
                    target.p = y.p + n * y.n + (start + (q + r) // taps) * y.c
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
    cdef Py_ssize_t rows = round_up((deep + channel_split - 1) // channel_split, MR), chunk = min(DEPTH, terms)
    cdef Py_ssize_t columns = tile_of((positions + split - 1) // split, min(SUMS // rows, PACKED // DEPTH) // NR)
    cdef Py_ssize_t unit, part, n, group, channels, packed = -1, begin, some, tile, width, pieces, p, depth, r, at, c
    cdef Py_ssize_t start, stop, line = row_of(dx, g)
    cdef Group taken
    cdef Plane source
    # as in forward_units
    cdef bint ahead = (last - first) * (positions // split) >= 2 * columns and rows * terms <= AHEAD
    cdef Py_ssize_t size_a = rows * (terms if ahead else chunk)
    cdef double *a = take_doubles(size_a + chunk * columns + rows * columns)
    cdef Run *runs = <Run *> take_doubles(5 * most_runs(g, columns, NR))
    if a == NULL or runs == NULL:
        give_doubles(a)
        give_doubles(<double *> runs)
        return -1
    cdef double *b = a + size_a
    cdef double *c_tile = b + chunk * columns
    cdef double *a_chunk = a
    cdef Py_ssize_t *offsets = <Py_ssize_t *> (runs + most_runs(g, columns, NR))
    cdef Py_ssize_t a_row
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
            pack_apart(w + begin * terms, terms, 1, some, terms, a, terms * MR)
            packed = channels
        start = positions * part // split
        stop = positions * (part + 1) // split
        for tile from start <= tile < stop by columns:
            width = min(columns, stop - tile)
            pieces = runs_of(g.w, tile, tile + width, NR, runs)
            for depth from 0 <= depth < terms by DEPTH:
                chunk = min(DEPTH, terms - depth)
                for r in range(pieces):
                    offsets[r] = runs[r].at // NR * NR * chunk + runs[r].at % NR
                p = 0
                while p < chunk:
                    group_of(g, y.w, depth + p, chunk - p, TAPS, &taken)
                    source.p = y.p + n * y.n + (group * wide + (depth + p) // taps) * y.c
                    gather_runs(g, &source, runs, pieces, &taken, b + p * NR, offsets, NR, 1,
                                y.c if (depth + p) // taps + 1 < wide else 0)
                    if width % NR:
                        for r in range(taken.taps):
                            fill_row(b + width // NR * NR * chunk + (p + r) * NR + width % NR, 1, 0.0, NR - width % NR)
                    p += taken.taps
                if ahead:
                    a_chunk, a_row = a + depth * MR, terms
                else:
                    a_row = chunk
                    pack_apart(w + begin * terms + depth, terms, 1, some, chunk, a, chunk * MR)
                for r from 0 <= r < some by MR:
                    for at from 0 <= at < width by NR:
                        micro(chunk, a_chunk + r * a_row, b + at * chunk, c_tile + r * columns + at, columns,
                              columns_left(width - at), depth > 0)
            pieces = runs_of(line, tile, tile + width, columns, runs)
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
    cdef Py_ssize_t taps = g.kh * g.kw, positions = g.h * g.w, row = row_of(x, g)
    cdef Py_ssize_t tiles = (positions + POSITIONS - 1) // POSITIONS, depth = (positions + tiles - 1) // tiles
    cdef Py_ssize_t unit, group, start, wanted, n, tile, width, pieces, q, lane, here, r
    cdef Group taken
    cdef Plane source
    cdef double *a = take_doubles(round_up(deep, MR) * depth + depth * NR)
    cdef Run *runs = <Run *> take_doubles(5 * most_runs(g, depth, depth))
    if a == NULL or runs == NULL:
        give_doubles(a)
        give_doubles(<double *> runs)
        return -1
    cdef double *b = a + round_up(deep, MR) * depth
    cdef double *sums
    cdef Py_ssize_t *offsets = <Py_ssize_t *> (runs + most_runs(g, depth, depth))
    source.h, source.w = y.h, y.w
    for unit in range(first, last):
        group = unit // split
        start = wide * (unit % split) // split
        wanted = (wide * (unit % split + 1) // split - start) * taps
        sums = dw + (group * deep * wide + start) * taps
        start += group * wide
        for n in range(x.batch):
            for tile from 0 <= tile < positions by depth:
                width = min(depth, positions - tile)
                pieces = runs_of(row, tile, tile + width, width, runs)
                for r in range(pieces):
                    pack_apart(x.p + n * x.n + group * deep * x.c + runs[r].row * x.h + runs[r].column * x.w,
                               x.c, x.w, deep, runs[r].count, a + runs[r].at * MR, width * MR)
                pieces = runs_of(g.w, tile, tile + width, width, runs)
                for r in range(pieces):
                    offsets[r] = runs[r].at * NR
                for q from 0 <= q < wanted by NR:
                    here = min(<Py_ssize_t> NR, wanted - q)
                    if here < NR:
                        memset(b, 0, width * NR * sizeof(double))
                    lane = 0
                    while lane < here:
                        group_of(g, y.w, q + lane, here - lane, NR, &taken)
                        source.p = y.p + n * y.n + (start + (q + lane) // taps) * y.c
                        gather_runs(g, &source, runs, pieces, &taken, b + lane, offsets, 1, NR,
                                    y.c if q + lane + taps < wanted else 0)
                        lane += taken.taps
                    for r from 0 <= r < deep by MR:
                        micro_part(micro, width, a + r * width, b, sums + r * wide * taps + q, wide * taps,
                                   min(MR, deep - r), here, n > 0 or tile > 0)
    give_doubles(a)
    give_doubles(<double *> runs)
    return 0
