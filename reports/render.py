"""Writes the pages of a run's folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.junit import junit
from conv_transpose_conformance.reports.store.files import INDEX, JUNIT
from conv_transpose_conformance.reports.store.folder import Divergences, Run, RunFolder, read


def render(directory: str | os.PathLike[str]) -> tuple[Run, Divergences]:
    """Writes junit.xml and index.html from run.json and divergences.json, and returns the contents of both.

    Raises:
        BadRunFolder: if the two cannot be read, or if the pages cannot be written.
    """
    run, divergences = read(directory)
    pages: dict[str, Callable[[Run, Divergences], str]] = {JUNIT: junit, INDEX: html}
    RunFolder(Path(directory)).write_files({name: page(run, divergences) for name, page in pages.items()})
    return run, divergences
