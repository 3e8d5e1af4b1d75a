"""Names of implementations and of what a run runs them on, taken apart and put together in one place.

==============================  ====================================================================
``torch.nn.ConvTranspose1d``    an *API*, named as its users call it
``…ConvTranspose1d+compile``    a *variant* of it: the same API, compiled; held to the same documents
``…ConvTranspose1d@2.13.0``     one *release* of either, where a run holds several
``torch``, ``torch@2.13.0``     a *target*: a framework, or one release of it
==============================  ====================================================================
"""

from __future__ import annotations

from attrs import frozen

_VARIANT = "+"
_RELEASE = "@"


@frozen
class Name:
    """An implementation, and its release where one is meant."""

    api: str
    variant: str = ""
    release: str = ""

    @classmethod
    def parse(cls, text: str) -> Name:
        """The name in a text; every text is one."""
        implementation, _, release = text.partition(_RELEASE)
        api, _, variant = implementation.partition(_VARIANT)
        return cls(api, variant, release)

    @property
    def implementation(self) -> str:
        """The name without its release."""
        return f"{self.api}{_VARIANT}{self.variant}" if self.variant else self.api

    def __str__(self) -> str:
        return f"{self.implementation}{_RELEASE}{self.release}" if self.release else self.implementation


@frozen
class Target:
    """What a framework's cases are run on: the framework, or one release of it."""

    framework: str
    release: str = ""

    @classmethod
    def parse(cls, text: str) -> Target:
        """The target in a text; every text is one."""
        framework, _, release = text.partition(_RELEASE)
        return cls(framework, release)

    def key(self, implementation: str) -> str:
        """The full name of an implementation on this target, as reports have it."""
        return f"{implementation}{_RELEASE}{self.release}" if self.release else implementation

    def __str__(self) -> str:
        return f"{self.framework}{_RELEASE}{self.release}" if self.release else self.framework


def is_variant(pattern: str) -> bool:
    """Whether a name or glob asks for variants."""
    return _VARIANT in pattern
