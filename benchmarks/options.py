"""Options checked before anything is measured: what is wrong is said at once, in one line, with status 2."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["at_least", "destination", "interpreter", "seconds"]


def at_least(minimum: int) -> Callable[[str], int]:
    """A converter to integers of at least ``minimum``."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = minimum - 1
        if number < minimum:
            raise argparse.ArgumentTypeError(f"must be an integer of at least {minimum}, got {text!r}")
        return number

    return convert


def seconds(text: str) -> float:
    """A positive, finite time."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number of seconds, got {text!r}")
    return number


def destination(text: str) -> Path:
    """A file that can be written in the end."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder; name a file in it")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} cannot be written; name a file in a folder that is there")
    return path


def interpreter(text: str) -> Path:
    """A program that can be run."""
    path = Path(text)
    if not path.is_file() or not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f"{text} is no program that can be run; name a Python interpreter")
    return path
