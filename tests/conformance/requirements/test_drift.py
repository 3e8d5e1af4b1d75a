"""Document drift: what a docstring's fingerprints tell apart, and what a run says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conv_transpose_conformance.frameworks.registry import framework_of, registry
from conv_transpose_conformance.requirements import drift as module
from conv_transpose_conformance.requirements import examine as examining
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.base.trial import passed
from conv_transpose_conformance.requirements.drift import (
    drift_of,
    fingerprint,
    fingerprints,
    recorded,
    sentences,
)
from conv_transpose_conformance.requirements.examine import Drifted, Examined, Subject, examine
from tests.support.prober import FakeRunner

NAME = "torch.nn.ConvTranspose1d"
TEXT = """Applies an operator. The stride is a number
or a tuple.

* :attr:`padding` adds zeros.
* ``groups`` splits. It divides.

>>> m = nn.ConvTranspose1d(16, 33, 3)
>>> m(input)
"""


@pytest.fixture
def known(monkeypatch):
    """The text above is the recorded docstring."""
    monkeypatch.setattr(module, "recorded", lambda: {NAME: ("2.13.0", frozenset(fingerprints(TEXT)))})
    monkeypatch.setattr(examining, "recorded", module.recorded)


def found(text, version="2.14.0"):
    return drift_of(NAME, text, column=NAME, target="torch", version=version)


def test_sentences_items_and_lines_of_code_are_apart():
    assert sentences(TEXT) == [
        "Applies an operator.",
        "The stride is a number or a tuple.",
        "* :attr:`padding` adds zeros.",
        "* ``groups`` splits.",
        "It divides.",
        ">>> m = nn.ConvTranspose1d(16, 33, 3)",
        ">>> m(input)",
    ]


@pytest.mark.parametrize(
    "other", ["* padding adds zeros.", ":attr:`padding` adds zeros", "Padding   adds ``zeros``."]
)
def test_markup_blanks_and_the_size_of_letters_are_no_drift(other):
    assert fingerprint(other) == fingerprint("* :attr:`padding` adds zeros.")


@pytest.mark.parametrize("other", ["padding adds a zero.", "padding adds 0s.", "padding adds zeros?"])
def test_other_words_are_drift(other):
    assert fingerprint(other) != fingerprint("padding adds zeros.")


def test_the_same_text_with_other_breaks_of_lines_has_not_drifted(known):
    assert found(TEXT) is None
    assert found(TEXT.replace("number\nor", "number or\n")) is None
    assert found(TEXT.replace("\n>>> m =", "\n.. code-block:: pycon\n\n    >>> m =")) is None


def test_new_and_gone_sentences_are_counted_and_the_new_ones_quoted(known):
    changed = found(TEXT.replace("It divides.", "It must divide. Both channels."))
    assert (changed.new, changed.gone) == (2, 1)
    assert changed.sentences == ("It must divide.", "Both channels.")
    assert (changed.recorded, changed.version) == ("2.13.0", "2.14.0")
    shorter = found(TEXT.replace("It divides.", ""))
    assert (shorter.new, shorter.gone, shorter.sentences) == (0, 1, ())


def test_long_sentences_are_excerpts_and_few(known):
    changed = found(TEXT + "\n\n".join(f"New {n} {'word ' * 100}." for n in range(9)))
    assert changed.new == 9
    assert len(changed.sentences) == 5
    assert all(len(sentence) == 300 and sentence.endswith("…") for sentence in changed.sentences)


def test_nothing_is_said_without_a_docstring_or_of_an_unknown_api(known):
    assert found("") is None
    other = drift_of("torch.nn.Other", TEXT, column="", target="torch", version="1")
    assert other is None


def test_each_api_of_the_suites_own_releases_is_recorded_as_hashes_alone():
    names = {
        one.api
        for framework in registry().frameworks.values()
        if framework.release is not None and not framework.distribution
        for one in framework.implementations
    }
    assert set(recorded()) == names
    for name, (release, hashes) in recorded().items():
        whose = registry().frameworks[framework_of(name)].release
        assert release == whose.version, f"run python -m tools.docstrings for {name}"
        assert len(hashes) > 20
        assert all(re.fullmatch("[0-9a-f]{12}", one) for one in hashes)


def events(monkeypatch, docstring):
    class Runner(FakeRunner):
        def __init__(self, *_arguments):
            super().__init__({} if docstring is None else {"docstring": docstring})

    monkeypatch.setattr(examining, "CaseRunner", Runner)
    requirement = Probed(id="a", statement="", source="suite", trials=lambda _prober: [passed()])
    columns = {name: f"{name}@0" for name in (NAME, f"{NAME}+vmap", "torch.nn.ConvTranspose2d")}
    return list(examine([requirement], [Subject("torch@0", Path("python"), columns)]))


def test_a_run_asks_each_api_once_and_tells_of_it_before_its_results(known, monkeypatch):
    told = events(monkeypatch, TEXT + "New.")
    drifted = [event.drift for event in told if isinstance(event, Drifted)]
    assert [one.plain() for one in drifted] == [
        {
            "implementation": f"{NAME}@0",
            "framework": "torch@0",
            "version": "0",
            "recorded": "2.13.0",
            "new": 1,
            "gone": 0,
            "sentences": ["New."],
        }
    ]
    assert isinstance(told[0], Drifted)
    assert sum(isinstance(event, Examined) for event in told) == 3


@pytest.mark.parametrize("docstring", [TEXT, None])
def test_a_run_tells_nothing_without_drift_or_without_a_docstring(known, monkeypatch, docstring):
    assert not [event for event in events(monkeypatch, docstring) if isinstance(event, Drifted)]


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", ["torch", "paddle", "mindspore"])
def test_the_installed_docstrings_are_those_that_the_statements_were_written_for(framework, framework_python):
    columns = {name: name for name in recorded() if framework_of(name) == framework}
    requirement = Probed(id="a", statement="", source="suite", trials=lambda prober: [passed()])
    told = list(examine([requirement], [Subject(framework, framework_python(framework), columns)]))
    assert [event.drift for event in told if isinstance(event, Drifted)] == []
    assert sum(isinstance(event, Examined) for event in told) == len(columns)
