"""Several releases of a framework: options, environments, labels, bisection."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from conv_transpose_conformance.commands import releases
from conv_transpose_conformance.commands.releases import bisect, expand
from conv_transpose_conformance.errors import BadRelease, InvalidCase, NothingRan
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.frameworks.python_runtime import PYTHON
from conv_transpose_conformance.frameworks.registry import framework
from conv_transpose_conformance.frameworks.targets import choose, parse_release
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reports.pages.versions import by_version
from conv_transpose_conformance.reports.store.summary import Summary
from tests.support.cases import small_cases
from tests.support.running import NAME, engine_of

CASES = small_cases(["1", "2"])


def test_two_releases_are_two_targets():
    targets = choose((), ("paddlepaddle==2.6.2", "paddlepaddle==3.3.1", "torch==2.13.0"))
    assert targets.releases == {"paddle": ("2.6.2", "3.3.1")}
    assert set(targets.places) == {"paddle@2.6.2", "paddle@3.3.1", "torch"}
    assert len({str(place.folder) for place in targets.places.values()}) == 3


def test_an_interpreter_beside_a_release_is_labelled_by_what_it_holds(monkeypatch):
    monkeypatch.setattr(type(PYTHON), "check", lambda *_: Path("/python"))
    monkeypatch.setattr(type(PYTHON), "version", lambda *_: "1.13.0a0")
    targets = choose(("torch=/python",), ("torch==2.13.0",))
    assert targets.releases == {"torch": ("2.13.0", "1.13.0a0")}
    assert targets.places["torch@1.13.0a0"] == Path("/python")
    with pytest.raises(BadRelease, match="1.13.0a0 is given twice".replace(".", "[.]")):
        choose(("torch=/python", "torch=/python"), ())


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("paddle==2.6.2", "did you mean paddlepaddle==2.6.2"),
        ("jax==1", "known are torch, paddlepaddle, mindspore"),
        ("torch>=2", "not of the form DISTRIBUTION==VERSION"),
        ("torch==--index-url=http://x", "not of the form"),
        ("torch==2 --pre", "not of the form"),
    ],
)
def test_an_option_that_is_no_release_is_refused(option, says):
    with pytest.raises(BadRelease, match=says):
        parse_release(option)


def companions(name: str, version: str) -> tuple[str, ...]:
    return framework(name).release.requirements(version)[1:]


def test_old_releases_get_the_numpy_they_were_built_with():
    assert companions("paddle", "2.6.2") == ("numpy<2", "setuptools")
    assert companions("paddle", "3.3.1") == ()
    assert companions("torch", "2.1.0") == ("numpy<2",)
    assert companions("torch", "2.13.0") == ("numpy",)
    assert "numpy<2" in companions("mindspore", "2.10.0")


def test_a_matrix_entry_is_several_releases():
    assert expand(["torch==1,2", "mindspore==3"]) == ("torch==1", "torch==2", "mindspore==3")
    for wrong in ("torch", "jax==1", "torch==1,,2"):
        with pytest.raises(BadRelease):
            expand([wrong])


def test_each_release_has_its_own_columns(fake):
    old, new = fake(cases={"2": "wrong values"}, version="1.0"), fake(version="2.0")
    engine = engine_of({"torch@1.0": old, "torch@2.0": new}, releases={"torch": ("1.0", "2.0")})
    records = [r for event in engine.run(CASES) if isinstance(event, events.Judged) for r in event.records]
    verdicts = Counter((r.key, str(r.verdict)) for r in records if r.check is Check.VALUES)
    assert verdicts == {(f"{NAME}@1.0", "pass"): 1, (f"{NAME}@1.0", "diverge"): 1, (f"{NAME}@2.0", "pass"): 2}
    assert {(r.implementation, r.framework, r.framework_version) for r in records} == {
        (NAME, "torch", "1.0"),
        (NAME, "torch", "2.0"),
    }
    summary = Summary()
    for record in records:
        summary.add(record)
    (divergence,) = summary.divergences()
    assert divergence["replay"].endswith(f"--implementation {NAME}@1.0")
    text = by_version({"implementations": summary.implementations(), "frameworks": {}})
    assert f"{NAME}, values, 1.0 → 2.0: diverge 1 → 0, pass 1 → 2" in text


def _history(monkeypatch, changed: int, missing: tuple[int, ...] = ()) -> list[str]:
    asked = []

    def verdicts(_case, _name, requirement, **_others):
        version = int(requirement.partition("==")[2])
        asked.append(version)
        if version in missing:
            raise NothingRan("no wheel")
        return (("acceptance", "pass" if version < changed else "error"),)

    monkeypatch.setattr(releases, "_verdicts", verdicts)
    return asked


@pytest.mark.parametrize("missing", [(), (0,), (15,), (3, 4, 5), (7,), (1, 3, 5, 7, 9, 11, 13)])
@pytest.mark.parametrize("changed", range(2, 15))
def test_bisection_finds_the_first_release_that_changed(monkeypatch, changed, missing):
    asked = _history(monkeypatch, changed, missing)
    change = bisect(CASES[0], NAME, "torch", [str(n) for n in range(16)], lambda _line: None)
    here = [n for n in range(16) if n not in missing]
    assert int(change.version) == min(n for n in here if n >= changed)
    assert int(change.before) == max(n for n in here if n < changed)
    assert len(asked) == len(set(asked))
    if not missing:
        assert len(asked) <= 6


def test_bisection_without_a_change_or_without_releases(monkeypatch):
    _history(monkeypatch, 99)
    assert bisect(CASES[0], NAME, "torch", ["1", "2", "3"], lambda _line: None) is None
    _history(monkeypatch, 2, missing=(1, 2))
    with pytest.raises(NothingRan, match="choose others"):
        bisect(CASES[0], NAME, "torch", ["1", "2", "3"], lambda _line: None)
    with pytest.raises(InvalidCase, match="it is 2-D"):
        bisect(CASES[0], "torch.nn.ConvTranspose2d", "torch", ["1", "2"], lambda _line: None)
