"""Stand-ins and helpers: an honest operator, interpreters that lie, crash and hang, and calls by hand."""

from pathlib import Path

import conv_transpose_conformance

ROOT = Path(__file__).parents[2]  # of the checkout: on the path of a process that needs these tests
PACKAGE = Path(conv_transpose_conformance.__file__).parent  # in a checkout and in a source distribution


def sources() -> list[Path]:
    """The package's Python files, those behind the links of a checkout included."""
    linked = [path for path in PACKAGE.iterdir() if path.is_symlink()]
    return sorted({path for folder in (PACKAGE, *linked) for path in folder.rglob("*.py")})


def source(name: str) -> Path:
    """The place of a file of the package that is named as in a checkout: ``conformance/errors.py``."""
    return PACKAGE / name.removeprefix("conformance/")
