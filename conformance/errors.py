"""Errors that a user can cause, each with the exit code of the command line."""

from __future__ import annotations


class ConformanceError(Exception):
    """An error that the user can fix; its text is one line that says how."""

    exit_code = 2


class InvalidCase(ConformanceError, ValueError):
    """A case, or the id of a case, that cannot be read."""


class UnknownImplementation(ConformanceError):
    """A name or glob that matches no implementation."""


class UnknownRequirement(ConformanceError):
    """A glob that matches no requirement."""


class UnknownSeverity(ConformanceError):
    """A word that names no severity; the text names the nearest."""


class BadInterpreter(ConformanceError):
    """An interpreter of ``--python`` that cannot be used."""


class BadRunFolder(ConformanceError):
    """A run folder that cannot be read or written."""


class BadRegressions(ConformanceError):
    """A file of kept cases that cannot be read or written."""


class NothingRan(ConformanceError):
    """No framework could be started."""

    exit_code = 3


class EnvironmentFailed(ConformanceError):
    """An environment cannot be made; the text gives the reason."""

    exit_code = 3


class NotInstalled(ConformanceError):
    """A missing framework that the suite does not install; the text says how to install it."""

    exit_code = 3


class BadRelease(ConformanceError):
    """A requested release that belongs to no framework, or is named twice."""


class UnknownFramework(ConformanceError):
    """A name that belongs to no framework."""


class BadName(ConformanceError):
    """A name that a new adapter cannot have, or a folder that it cannot be written to."""
