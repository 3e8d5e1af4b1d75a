"""The parameters of a case, one dimension at a time."""

from __future__ import annotations

from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import output_size


@frozen
class Axis:
    """The parameters of one dimension; ``extra`` is the output padding, also the one an output size needs."""

    input: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    extra: int

    @property
    def room(self) -> int:
        """The padding that leaves one element of output."""
        return (self.input - 1) * self.stride + self.dilation * (self.kernel - 1)


def axes_of(case: Case) -> tuple[Axis, ...]:
    """Returns the parameters of a case per dimension; a padding in words counts as none."""
    sides = ((0, 0),) * case.ndim if isinstance(case.padding, str) else case.padding
    extra = case.output_padding
    if case.output_size is not None:
        least = output_size(case.replace(padding=sides), (0,) * case.ndim)
        extra = tuple(size - low for size, low in zip(case.output_size, least, strict=True))
    return tuple(
        Axis(i, k, s, d, before, after, e)
        for i, k, s, d, (before, after), e in zip(
            case.input_size, case.kernel_size, case.stride, case.dilation, sides, extra, strict=True
        )
    )
