"""What each API calls its arguments, their order and their defaults, as its own reference page has them.

Where the page of one release differs from that of another, the latest is given.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

REQUIRED: Final = object()  # in place of a default
ANY: Final = object()  # a default whose writing says nothing of its value

Arguments = tuple[tuple[str, Any], ...]


@frozen
class Interface:
    """``construct`` makes a layer (empty for a function), ``forward`` is called with the input.

    Each is a tuple of argument and default, ``REQUIRED`` where there is none.
    """

    construct: Arguments
    forward: Arguments

    def name(self, role: str) -> str | None:
        """What the API calls an argument that the suite calls ``role``, None where it has none.

        Roles are the names that PyTorch uses; a function's bias is a tensor, not a role.
        """
        known = {name for name, _ in self.construct + self.forward}
        if role == "bias" and not self.construct:
            return None
        return next((name for name in (role, *_OTHER_NAMES.get(role, ())) if name in known), None)

    def default(self, role: str) -> Any:
        """The documented default of an argument, ``REQUIRED`` where it has none or there is no argument."""
        return dict(self.construct + self.forward).get(self.name(role) or "", REQUIRED)


_OTHER_NAMES: Final = {
    "groups": ("group",),
    "bias": ("has_bias", "bias_attr"),
    "padding_mode": ("pad_mode",),
}

_CHANNELS: Final[Arguments] = (("in_channels", REQUIRED), ("out_channels", REQUIRED))
_SIZED: Final[Arguments] = (*_CHANNELS, ("kernel_size", REQUIRED), ("stride", 1))
_EXTENDED: Final[Arguments] = (("padding", 0), ("output_padding", 0))

_TORCH_LAYER: Final[Arguments] = (
    *_SIZED,
    *_EXTENDED,
    ("groups", 1),
    ("bias", True),
    ("dilation", 1),
    ("padding_mode", "zeros"),
)
_TORCH_MODULE: Final = Interface(
    construct=(*_TORCH_LAYER, ("device", None), ("dtype", None)),
    forward=(("input", REQUIRED), ("output_size", None)),
)
_TORCH_FUNCTION: Final = Interface(
    construct=(),
    forward=(
        ("input", REQUIRED),
        ("weight", REQUIRED),
        ("bias", None),
        ("stride", 1),
        *_EXTENDED,
        ("groups", 1),
        ("dilation", 1),
    ),
)
_R_MODULE: Final = Interface(construct=_TORCH_LAYER, forward=(("input", REQUIRED), ("output_size", None)))
_MINT: Final = Interface(
    construct=(*_TORCH_LAYER, ("dtype", None)),
    forward=(("input", REQUIRED), ("output_size", None)),
)


def _paddle(ndim: int) -> tuple[Interface, Interface]:
    """The layer and the function; the order of groups and dilation depends on the dimensions."""
    ones: Arguments = (("groups", 1), ("dilation", 1)) if ndim == 1 else (("dilation", 1), ("groups", 1))
    data_format: Arguments = (("data_format", "NCL" if ndim == 1 else "NCHW"),)
    layer = Interface(
        construct=(
            *_SIZED,
            *_EXTENDED,
            *ones,
            ("weight_attr", None),
            ("bias_attr", None),
            *data_format,
        ),
        forward=(("x", REQUIRED), ("output_size", None)),
    )
    function = Interface(
        construct=(),
        forward=(
            ("x", REQUIRED),
            ("weight", REQUIRED),
            ("bias", None),
            ("stride", 1),
            *_EXTENDED,
            *ones,
            ("output_size", None),
            *data_format,
            ("name", None),
        ),
    )
    return layer, function


def _mindspore(ndim: int) -> Interface:
    """A layer of ``mindspore.nn``; in 1-D there is no output padding."""
    return Interface(
        construct=(
            *_SIZED,
            ("pad_mode", "same"),
            ("padding", 0),
            *((("output_padding", 0),) if ndim == 2 else ()),
            ("dilation", 1),
            ("group", 1),
            ("has_bias", False),
            ("weight_init", None),
            ("bias_init", None),
            ("dtype", ANY),
        ),
        forward=(("x", REQUIRED),),
    )


_PADDLE_1D: Final = _paddle(1)
_PADDLE_2D: Final = _paddle(2)

INTERFACES: Final[dict[str, Interface]] = {
    "torch.nn.ConvTranspose1d": _TORCH_MODULE,
    "torch.nn.ConvTranspose2d": _TORCH_MODULE,
    "torch.nn.functional.conv_transpose1d": _TORCH_FUNCTION,
    "torch.nn.functional.conv_transpose2d": _TORCH_FUNCTION,
    "paddle.nn.Conv1DTranspose": _PADDLE_1D[0],
    "paddle.nn.Conv2DTranspose": _PADDLE_2D[0],
    "paddle.nn.functional.conv1d_transpose": _PADDLE_1D[1],
    "paddle.nn.functional.conv2d_transpose": _PADDLE_2D[1],
    "mindspore.nn.Conv1dTranspose": _mindspore(1),
    "mindspore.nn.Conv2dTranspose": _mindspore(2),
    "mindspore.mint.nn.ConvTranspose2d": _MINT,
    "r.torch.nn_conv_transpose1d": _R_MODULE,
    "r.torch.nn_conv_transpose2d": _R_MODULE,
    "r.torch.nnf_conv_transpose1d": _TORCH_FUNCTION,
    "r.torch.nnf_conv_transpose2d": _TORCH_FUNCTION,
}


def interface(implementation: str) -> Interface | None:
    """The documented interface of an implementation, whatever its face; None where none is known."""
    return INTERFACES.get(implementation.partition("@")[0].partition("+")[0])


def described(arguments: Arguments) -> str:
    """Arguments as a sentence has them: ``in_channels, stride=1``."""
    return ", ".join(name if default is REQUIRED else f"{name}={default!r}" for name, default in arguments)
