"""Parses and formats the names of implementations and of targets.

==============================  ====================================================================
``torch.nn.ConvTranspose1d``    an *API*, under its users' name
``…ConvTranspose1d+compile``    a *variant* of it: the same API, compiled, with the same documents
``…ConvTranspose1d@2.13.0``     one *release* of either, if a run has several
``torch``, ``torch@2.13.0``     a *target*: a framework, or one release of it
==============================  ====================================================================
"""

from __future__ import annotations

from attrs import frozen

_VARIANT = "+"
_RELEASE = "@"


@frozen
class Name:
    """The name of an implementation, with a release if the name has one."""

    api: str
    variant: str = ""
    release: str = ""

    @classmethod
    def parse(cls, text: str) -> Name:
        """Returns the name in a text; every text is a name."""
        implementation, _, release = text.partition(_RELEASE)
        api, _, variant = implementation.partition(_VARIANT)
        return cls(api, variant, release)

    @property
    def implementation(self) -> str:
        """The name without the release."""
        return f"{self.api}{_VARIANT}{self.variant}" if self.variant else self.api

    def __str__(self) -> str:
        return f"{self.implementation}{_RELEASE}{self.release}" if self.release else self.implementation


@frozen
class Target:
    """A framework, or one release of it, for which a run starts workers."""

    framework: str
    release: str = ""

    @classmethod
    def parse(cls, text: str) -> Target:
        """Returns the target in a text; every text is a target."""
        framework, _, release = text.partition(_RELEASE)
        return cls(framework, release)

    def key(self, implementation: str) -> str:
        """Returns the full name of an implementation on this target, as in reports."""
        return f"{implementation}{_RELEASE}{self.release}" if self.release else implementation

    def __str__(self) -> str:
        return f"{self.framework}{_RELEASE}{self.release}" if self.release else self.framework


def is_variant(pattern: str) -> bool:
    """Returns whether a name or glob asks for variants."""
    return _VARIANT in pattern
