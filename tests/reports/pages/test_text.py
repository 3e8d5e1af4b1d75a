import numpy as np
import pytest

from conv_transpose_conformance.reports.store.strict_json import jsonable, replay_command
from conv_transpose_conformance.text import encodable, one_line, plain


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07shown", "shown"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("\x1b", ""),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree\tfour"),
        ("evil\u202etxt\u2066", "eviltxt"),
        ("half \ud800 surrogate", "half \ufffd surrogate"),
        ("plain ünïcode ✓", "plain ünïcode ✓"),
    ],
)
def test_plain_strips_what_a_terminal_or_xml_would_act_on(text, clean):
    assert plain(text) == clean


def test_an_unfinished_escape_swallows_no_text_after_the_next_one():
    assert plain("\x1b]0;never closed") == ""
    assert plain("\x1b[31mkept") == "kept"


def test_one_line_is_one_line_of_limited_length():
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 50, 10) == "x" * 9 + "…"


def test_encodable_leaves_everything_but_surrogates():
    assert encodable("\x1b \udcff é") == "\x1b \ufffd é"


def test_arrays_and_scalars_of_numpy_become_plain():
    data = {"a": np.array([[1.5, np.nan]]), "b": np.float64(2.0), "c": np.int64(3), "d": (True, None)}
    plain_data = jsonable(data)
    assert plain_data == {"a": [[1.5, "nan"]], "b": 2.0, "c": 3, "d": [True, None]}
    assert type(plain_data["b"]) is float
    assert type(plain_data["c"]) is int


def test_what_is_no_data_is_refused():
    with pytest.raises(TypeError, match="object has no place"):
        jsonable({"a": object()})


def test_a_replay_line_cannot_become_two_commands():
    assert (
        replay_command("v1_1d", "torch.x; rm -rf ~")
        == "conformance replay v1_1d --implementation 'torch.x; rm -rf ~'"
    )
