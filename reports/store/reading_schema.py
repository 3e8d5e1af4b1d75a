"""Checks the readings in run.json, a file that may come from strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from conv_transpose_conformance.reports.store.json_node import Node

_NONE: Final = type(None)


def check_readings(readings: Node) -> None:
    """Checks the entries of ``readings``.

    Raises:
        BadRunFolder: if a key is wrong; names it.
    """
    for fit in readings:
        for key in ("implementation", "framework", "region", "word"):
            fit[key].of(str)
        for key in ("cases", "documented", "no_geometry", "dimensions"):
            fit[key].count()
        for reading in fit["follows"]:
            _check_texts(reading, ("name", "text", "source"))
        if fit["nearest"].of(dict, _NONE) is not None:
            near = fit["nearest"]
            _check_texts(near, ("name", "text", "source", "case"))
            near["agrees"].count()
            for key in ("found", "reading"):
                near[key].of(list)
        if fit["formula"].of(dict, _NONE) is not None:
            _check_texts(fit["formula"], ("length", "crop"))
        fit["conflict"].of(dict, _NONE)


def _check_texts(node: Node, keys: tuple[str, ...]) -> None:
    for key in keys:
        node[key].of(str)
