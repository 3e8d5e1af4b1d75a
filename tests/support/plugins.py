"""Distributions under ``tests/data/plugins``, installed beside the suite in an environment of their own."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

from attrs import frozen

from conv_transpose_conformance.frameworks.registry import GROUP
from tests.support import ROOT

PLUGINS = ROOT / "tests" / "data" / "plugins"


def project(name: str) -> dict[str, Any]:
    """What the pyproject.toml of a distribution says."""
    return tomllib.loads((PLUGINS / name / "pyproject.toml").read_text(encoding="utf-8"))


def framework_name(name: str) -> str:
    """What a distribution's entry point is called."""
    (found,) = project(name)["project"]["entry-points"][GROUP]
    return found


@frozen
class Site:
    """A virtual environment that sees this one's packages, and what is installed into it."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Site:
        """Makes one, without pip."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        made = cls(folder)
        seen = [*site.getsitepackages(), sysconfig.get_path("purelib"), str(ROOT / "src")]
        (made.packages / "host.pth").write_text("\n".join(dict.fromkeys(seen)), encoding="utf-8")
        return made

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where packages go."""
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found

    def install(self, name: str, source: Path | None = None) -> None:
        """Leaves what pip would leave of a distribution."""
        folder = source or PLUGINS / name
        told = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        shutil.copytree(folder / "src", self.packages, dirs_exist_ok=True)
        info = self.packages / f"{told['name'].replace('-', '_')}-{told['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n", encoding="utf-8"
        )
        points = "\n".join(f"{key} = {value}" for key, value in told["entry-points"][GROUP].items())
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n", encoding="utf-8")

    def conformance(
        self, *arguments: str, cwd: Path, timeout: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """``conformance ARGUMENTS`` there."""
        return subprocess.run(
            [str(self.python), "-m", "conv_transpose_conformance", *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env={**os.environ, "COLUMNS": "200"},
        )
