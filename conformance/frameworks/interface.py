"""Names, order and defaults of an API's arguments, as its reference page gives them.

Where the pages of two releases differ, the latest counts.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

REQUIRED: Final = object()  # in place of a default
ANY: Final = object()  # a default whose writing says nothing of its value

PADDING_WORDS: Final = ("same", "valid")  # a padding mode that has one as its default takes the others too

Arguments = tuple[tuple[str, Any], ...]


@frozen
class Interface:
    """Arguments of an API: ``construct`` makes a layer (empty for a function), ``forward`` takes the input.

    Each is a tuple of (argument, default); a default of ``REQUIRED`` means that there is none.
    """

    construct: Arguments
    forward: Arguments

    def name(self, role: str) -> str | None:
        """Returns the API's name of the argument that the suite calls ``role``, None if it has none.

        Roles are the names that PyTorch uses; a function's bias is a tensor, not a role.
        """
        known = {name for name, _ in self.construct + self.forward}
        if role == "bias" and not self.construct:
            return None
        return next((name for name in (role, *_OTHER_NAMES.get(role, ())) if name in known), None)

    def default(self, role: str) -> Any:
        """Returns the documented default, ``REQUIRED`` if there is no default or no such argument."""
        return dict(self.construct + self.forward).get(self.name(role) or "", REQUIRED)


_OTHER_NAMES: Final = {
    "groups": ("group",),
    "bias": ("has_bias", "bias_attr"),
    "padding_mode": ("pad_mode",),
}

# How nearly every layer begins, and goes on.
SIZED: Final[Arguments] = (
    ("in_channels", REQUIRED),
    ("out_channels", REQUIRED),
    ("kernel_size", REQUIRED),
    ("stride", 1),
)
EXTENDED: Final[Arguments] = (("padding", 0), ("output_padding", 0))
# The layer and the function of PyTorch, whose arguments others have taken over.
TORCH_LAYER: Final[Arguments] = (
    *SIZED,
    *EXTENDED,
    ("groups", 1),
    ("bias", True),
    ("dilation", 1),
    ("padding_mode", "zeros"),
)
TORCH_FORWARD: Final[Arguments] = (("input", REQUIRED), ("output_size", None))
TORCH_FUNCTION: Final = Interface(
    construct=(),
    forward=(
        ("input", REQUIRED),
        ("weight", REQUIRED),
        ("bias", None),
        ("stride", 1),
        *EXTENDED,
        ("groups", 1),
        ("dilation", 1),
    ),
)


def described(arguments: Arguments) -> str:
    """Returns arguments as text: ``in_channels, stride=1``."""
    return ", ".join(name if default is REQUIRED else f"{name}={default!r}" for name, default in arguments)
