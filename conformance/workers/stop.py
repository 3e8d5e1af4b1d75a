"""What ends a wait from outside."""

from __future__ import annotations

from typing import Protocol


class Stop(Protocol):
    """Looked at while something is waited for; a ``threading.Event`` is one."""

    def is_set(self) -> bool:
        """Whether to wait no longer."""
