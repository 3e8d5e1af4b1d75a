"""The distributions: what is in them, and what an install adds and does beside a user's own packages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support import PACKAGE, ROOT

pytestmark = pytest.mark.slow

NAME = "conv_transpose_conformance"
API = "torch.nn.ConvTranspose1d"
# Names that a user's own packages may have, the folders of the checkout among them.
GENERIC = ("adapters", "cases", "commands", "conformance", "reference_impl", "reports", "workers")
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "tox.ini", "action.yml", "LICENSE")
PAGES = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md")
FOLDERS = ("tests", "docs", "benchmarks", "tools")
CODE = ("src", "adapters", "conformance", "reference_impl", "reports")
BUILT = shutil.ignore_patterns("__pycache__", "*.so", "*.c", "*.egg-info")


def call(*command: object, cwd: Path, **variables: str) -> str:
    """What a command writes, without the variables of the pytest that runs it."""
    hidden = ("PYTEST_", "PYTHONPATH", "PYTHONHOME", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=kept | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def pip(python: Path, *arguments: object, cwd: Path, **variables: str) -> str:
    options = ("-m", "pip", "--disable-pip-version-check", "--no-input")
    return call(python, *options, *arguments, cwd=cwd, **variables)


def environment(folder: Path) -> Path:
    """The interpreter of a new, empty virtual environment."""
    call(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the tree without what was built in it, its links as links."""
    target = tmp_path_factory.mktemp("packaging") / "checkout"
    target.mkdir()
    for name in (*FILES, *PAGES):
        shutil.copy(ROOT / name, target / name)
    for name in (*CODE, *FOLDERS):
        if (ROOT / name).is_dir():  # a source distribution has no links, and all code in src
            shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=BUILT)
    return target


@pytest.fixture(scope="module")
def builder(checkout):
    """An interpreter with what pyproject.toml says the build needs, and no more."""
    python = environment(checkout.parent / "builder")
    build = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    pip(python, "install", "--quiet", *build["requires"], cwd=checkout)
    return python


@pytest.fixture(scope="module")
def sdist(checkout, builder):
    """The unpacked source distribution, and what its build said."""
    script = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    said = call(builder, "-c", script, checkout.parent / "sdist", cwd=checkout)
    (archive,) = (checkout.parent / "sdist").glob("*.tar.gz")
    with tarfile.open(archive) as content:
        assert not [member.name for member in content if member.issym() or member.islnk()]
        content.extractall(checkout.parent / "unpacked", filter="data")
    (folder,) = (checkout.parent / "unpacked").iterdir()
    return folder, said


def wheel_of(builder: Path, source: Path, target: Path, **variables: str) -> tuple[Path, str]:
    """The wheel of a source tree, and what its build said."""
    options = ("--verbose", "--no-deps", "--no-build-isolation", "--wheel-dir", target)
    said = pip(builder, "wheel", *options, source, cwd=source, **variables)
    (wheel,) = target.glob("*.whl")
    return wheel, said


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as content:
        return set(content.namelist())


@pytest.fixture(scope="module")
def wheel(checkout, builder, sdist):
    """The wheel, built from the source distribution as that is published, and what its build said."""
    return wheel_of(builder, sdist[0], checkout.parent / "wheel")


@pytest.fixture(scope="module")
def installed(checkout, wheel):
    """An interpreter with the wheel and its dependencies, and the names that the wheel alone brought."""
    python = environment(checkout.parent / "installed")
    find = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(call(python, "-c", find, cwd=checkout).strip())
    before = {path.name for path in packages.iterdir()}
    pip(python, "install", "--quiet", "--no-deps", wheel[0], cwd=checkout)
    added = {path.name for path in packages.iterdir()} - before
    pip(python, "install", "--quiet", wheel[0], "pytest", cwd=checkout)
    return python, added


@pytest.fixture
def scratch(tmp_path):
    """A user's folder: a test, and packages that no command of ours may import."""
    for name in GENERIC:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError(f'{__name__} is the user’s own')\n")
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    return tmp_path


def test_an_install_adds_one_package(installed):
    (about,) = installed[1] - {NAME}
    assert about.startswith(f"{NAME}-")
    assert about.endswith(".dist-info")


def test_no_build_warns_of_what_is_experimental_or_left_out(sdist, wheel):
    for said in (sdist[1], wheel[1]):
        assert "experimental" not in said.lower()
        assert "absent from the `packages` configuration" not in said


def test_the_wheel_holds_every_file_of_the_package(wheel):
    names = names_in(wheel[0])
    linked = [path for path in PACKAGE.iterdir() if path.is_symlink()]
    files = {path for folder in (PACKAGE, *linked) for path in folder.rglob("*") if path.is_file()}
    left_out = {".c", ".html", ".so", ".pyc"}  # built, or made while building
    wanted = {f"{NAME}/{path.relative_to(PACKAGE)}" for path in files if path.suffix not in left_out}
    for name in (
        "py.typed",
        "adapters/r_torch_worker.R",
        "generation/corpus.txt",
        "reports/pages/templates/report.html.j2",
    ):
        assert f"{NAME}/{name}" in wanted
    assert wanted <= names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {NAME}


def test_both_kernels_are_compiled_where_a_compiler_is(wheel):
    compiled = {Path(name).name.partition(".")[0] for name in names_in(wheel[0]) if name.endswith(".so")}
    assert compiled == ({"_compensated", "_kernels"} if shutil.which("cc") else set())


def test_a_checkout_makes_the_same_wheel_and_needs_no_compiler(checkout, builder, wheel):
    other, said = wheel_of(builder, checkout, checkout.parent / "direct", CC="false")
    assert "experimental" not in said.lower()
    assert names_in(other) == {name for name in names_in(wheel[0]) if not name.endswith(".so")}


def test_what_an_earlier_build_left_is_not_packed(checkout, builder):
    for folder in ("lib", f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"):
        stale = checkout / "build" / folder / "adapters"
        stale.mkdir(parents=True)
        (stale / "__init__.py").touch()
    wheel, _ = wheel_of(builder, checkout, checkout.parent / "again", CC="false")
    assert not [name for name in names_in(wheel) if not name.startswith(NAME)]


def test_a_source_distribution_has_what_the_test_command_needs(checkout, sdist):
    folder = sdist[0]
    for name in (*FILES, *PAGES):
        assert (folder / name).read_bytes() == (checkout / name).read_bytes()
    assert (folder / "src" / NAME / "py.typed").is_file()
    assert not list((folder / "src" / NAME).rglob("*.so"))
    for name in FOLDERS:
        here = {p.relative_to(checkout) for p in (checkout / name).rglob("*") if p.is_file()}
        assert here
        assert here <= {p.relative_to(folder) for p in (folder / name).rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("conformance --help", "Usage"),
        (f"python -m {NAME} --help", "Usage"),
        ("conformance list implementations", API),
        ("python -m pytest", "1 passed"),
        ("pytest", "1 passed"),
        (f"python -m pytest --conformance {API} --collect-only -q", f"{API}::v1_1d_"),
    ],
    ids=lambda text: text,
)
def test_beside_packages_of_generic_names(installed, scratch, command, said):
    script, *arguments = command.split()
    assert said in call(installed[0].with_name(script), *arguments, cwd=scratch)


def test_the_version_is_that_of_the_distribution(installed, scratch, wheel):
    script = f"import {NAME} as suite; print(suite.__version__)"
    version = call(installed[0], "-c", script, cwd=scratch).strip()
    assert wheel[0].name.startswith(f"{NAME}-{version}-")


def test_what_a_command_imports_comes_from_the_package(installed, scratch):
    """Every module, imported where the user's packages come first on the path."""
    script = (
        "import importlib, json, pathlib, pkgutil, sys\n"
        f"import {NAME} as suite\n"
        "for found in pkgutil.walk_packages(suite.__path__, suite.__name__ + '.'):\n"
        "    if not found.name.endswith(('__main__', '.bootstrap')):\n"
        "        importlib.import_module(found.name)\n"
        "print(json.dumps(sorted(name.split('.')[0] for name in sys.modules)))"
    )
    names = set(json.loads(call(installed[0], "-c", script, cwd=scratch).splitlines()[-1]))
    assert NAME in names
    assert not names & set(GENERIC)


@pytest.mark.frameworks
def test_a_real_framework_beside_packages_of_generic_names(
    installed, scratch, python_options, framework_python
):
    framework_python("torch")
    options = python_options(["torch"])
    arguments = ["run", "--implementation", API, "--requirement", "T1.adjoint", *options]
    call(installed[0].with_name("conformance"), *arguments, cwd=scratch)
    run = json.loads((scratch / "conformance-report" / "run.json").read_text(encoding="utf-8"))
    assert {result["verdict"] for result in run["requirements"]["results"]} == {"pass"}
    options = [word.replace("--python", "--conformance-python") for word in options]
    arguments = ["--conformance", API, "-k", "_f32_int and _i2_", "-q", "-x", *options]
    for command in (("pytest",), ("python", "-m", "pytest")):
        script, *rest = command
        assert " passed" in call(installed[0].with_name(script), *rest, *arguments, cwd=scratch)
