"""A corpus that is quick even for the fakes."""

from __future__ import annotations

from conv_transpose_conformance.generation.corpus import Corpus, core


def few(one: int, two: int, forbidden: int) -> Corpus:
    """The first so many 1-D and 2-D parameter sets of the core corpus, and of its forbidden calls."""
    whole = core()
    sets = {ndim: [case for case in whole.valid if case.ndim == ndim] for ndim in (1, 2)}
    return Corpus(whole.version, (*sets[1][:one], *sets[2][:two]), (), whole.forbidden[:forbidden])
