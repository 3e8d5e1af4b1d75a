"""The errors a user can cause, each with the exit code that the command line gives it."""

from __future__ import annotations


class ConformanceError(Exception):
    """Something the user can put right; its text is one line that says how."""

    exit_code = 2


class InvalidCase(ConformanceError, ValueError):
    """A case, or the id of one, that cannot be read."""


class UnknownImplementation(ConformanceError):
    """A name or glob that matches no implementation."""


class UnknownRequirement(ConformanceError):
    """A glob that matches no requirement."""


class BadInterpreter(ConformanceError):
    """An interpreter given with ``--python`` that cannot serve."""


class BadRunFolder(ConformanceError):
    """A run folder that cannot be read or written."""


class BadRegressions(ConformanceError):
    """A file of kept cases that cannot be read or written."""


class NothingRan(ConformanceError):
    """No framework could be started."""

    exit_code = 3


class EnvironmentFailed(ConformanceError):
    """An environment could not be made; the text gives the reason."""

    exit_code = 3


class NotInstalled(ConformanceError):
    """A framework that the suite makes no environment for, and that is not there; says how to get it."""

    exit_code = 3


class BadRelease(ConformanceError):
    """A requested release that belongs to no framework, or is named twice."""


class UnknownFramework(ConformanceError):
    """A name that is no framework's."""


class BadName(ConformanceError):
    """A name that a new adapter cannot have, or a folder that it cannot be written to."""
