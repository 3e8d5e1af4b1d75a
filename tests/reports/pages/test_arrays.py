import pytest

from conv_transpose_conformance.reports.pages.arrays import LARGEST, number, shape_of, show


def evidence(expected, actual, **changes):
    base = {
        "expected": expected,
        "actual": actual,
        "difference": None,
        "index": None,
        "wrong": 0,
        "elements": 0,
    }
    return base | changes


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ([1, 2, 3], (3,)),
        ([[1.0], ["nan"]], (2, 1)),
        ([[[[1]]]], (1, 1, 1, 1)),
        ([[[[[1]]]]], None),
        ([[1], [1, 2]], None),
        ([[1], 2], None),
        ([{"a": 1}], None),
        ([], None),
        ([[]], None),
        ([0] * LARGEST, (LARGEST,)),
        ([0] * (LARGEST + 1), None),
        (3, None),
        ("text", None),
        (None, None),
    ],
)
def test_only_regular_and_small_lists_are_arrays(value, shape):
    assert shape_of(value) == shape


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1.0, 9, "1"),
        (0.1, 17, "0.10000000000000001"),
        (0.1, 4, "0.1"),
        (-0.0, 9, "-0"),
        (12, 9, "12"),
        ("nan", 9, "NaN"),
        ("-inf", 9, "−∞"),
        (True, 9, "true"),
        (None, 9, "null"),
        ("\x1b[31mx", 9, "x"),
    ],
)
def test_numbers_as_text(value, digits, text):
    assert number(value, digits) == text


def wrong_cells(shown):
    return [
        [(r, c) for r, row in enumerate(table.rows) for c, cell in enumerate(row) if cell.wrong]
        for part in shown.slices
        for table in part.tables
    ]


def test_elements_that_differ_are_wrong_where_as_many_were_counted():
    shown = show(evidence([[1, 2], [3, 4]], [[1, 9], [3, 9]], wrong=2, elements=4, index=[1, 1]), "float32")
    assert shown.marked
    assert wrong_cells(shown) == [[(0, 1), (1, 1)]] * 2
    assert [part.wrong for part in shown.slices] == [2]
    assert [cell.worst for row in shown.slices[0].tables[0].rows for cell in row] == [
        False,
        False,
        False,
        True,
    ]


def test_within_a_rounding_bound_only_the_worst_is_marked():
    shown = show(evidence([1.0, 2.0, 3.0], [1.1, 2.1, 9.0], wrong=1, elements=3, index=[2]), "float32")
    assert not shown.marked
    assert wrong_cells(shown) == [[(0, 2)], [(0, 2)]]


def test_nan_where_nan_was_expected_is_right():
    shown = show(evidence(["nan", 1], ["nan", "nan"], wrong=1, elements=2, index=[1]), "float32")
    assert wrong_cells(shown) == [[(0, 1)], [(0, 1)]]


def test_arrays_of_different_shapes_stand_apart_and_unmarked():
    shown = show(evidence([1, 2, 3], [1, 9]), "float32")
    assert [[table.name for table in part.tables] for part in shown.slices] == [["expected"], ["actual"]]
    assert wrong_cells(shown) == [[], []]


def test_parts_are_titled_by_their_index():
    array = [[[n]] for n in range(3)]
    changed = [[[0]], [[5]], [[2]]]
    shown = show(evidence(array, changed, wrong=1, elements=3, index=[1, 0, 0]), "float32")
    assert [(part.title, part.wrong) for part in shown.slices] == [
        ("[0, :, :]", 0),
        ("[1, :, :]", 1),
        ("[2, :, :]", 0),
    ]
    assert [part.tables[1].rows[0][0].text for part in shown.slices] == ["0", "5", "2"]


def test_an_index_of_another_length_harms_nothing():
    shown = show(evidence([1, 2], [1, 3], wrong=7, elements=9, index=[0, 1, 0]), "float32")
    assert wrong_cells(shown) == [[], []]
