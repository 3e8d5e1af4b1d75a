"""The shapes on which the reference is measured, and what must be reached on them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

__all__ = ["MEMORY_SHAPE", "SHAPES", "Shape"]

# Multiply-adds for every number moved. With 512-bit vectors 128 of them take 16 cycles; packing a number was
# measured to take 2 to 3, which with fewer would be more than a fifth.
INTENSE = 128


@dataclass(frozen=True)
class Shape:
    """One transposed convolution: batch, channels, spatial size, and the usual parameters."""

    name: str
    batch: int
    c_in: int
    c_out: int
    size: tuple[int, ...]
    kernel: int
    stride: int
    padding: int
    output_padding: int = 0
    groups: int = 1
    least_ratio: float = 1.0  # torch's time over ours

    @property
    def flops(self) -> int:
        """Floating-point operations of forward, gradient of x and gradient of w together."""
        pairs = self.batch * self.c_in * self.c_out // self.groups
        return 3 * 2 * pairs * prod(self.size) * self.kernel ** len(self.size)

    @property
    def dgemm(self) -> bool:
        """Whether the matrix product dominates, so that the machine's rate of it can be demanded.

        Whatever is fetched, packed, scattered or gathered serves as many multiply-adds as one dimension of
        the product is long: an entry of the columns the input channels, a weight the positions of the batch,
        an input element the output channels times taps. All must be at least INTENSE.
        """
        rows = self.c_out // self.groups * self.kernel ** len(self.size)
        return min(self.c_in // self.groups, self.batch * prod(self.size), rows) >= INTENSE

    @property
    def parameters(self) -> str:
        """The numbers, for the table."""
        size = "x".join(map(str, self.size))
        return f"{self.batch},{self.c_in},{self.c_out},{size},{self.kernel},{self.stride},{self.groups}"


SHAPES = (
    Shape("2-D, 64 channels", 4, 64, 64, (32, 32), 4, 2, 1),
    Shape("2-D, 256 channels", 1, 256, 128, (32, 32), 4, 2, 1),
    Shape("2-D, 32 channels", 8, 32, 32, (16, 16), 3, 2, 1),
    Shape("2-D, stride 1", 2, 64, 64, (56, 56), 3, 1, 1),
    Shape("depthwise", 2, 64, 64, (32, 32), 4, 2, 1, groups=64, least_ratio=10.0),
    Shape("small", 2, 4, 6, (8, 8), 3, 2, 1),
    Shape("HiFi-GAN upsampling 1", 1, 512, 256, (128,), 16, 8, 4),
    Shape("HiFi-GAN upsampling 2", 1, 256, 128, (1024,), 16, 8, 4),
    Shape("HiFi-GAN upsampling 4", 1, 64, 32, (16384,), 4, 2, 1),
    Shape("WaveNet conditioning", 1, 80, 80, (63,), 1024, 256, 0),
    Shape("WaveGAN generator", 8, 128, 64, (1024,), 25, 4, 11, 1),
    Shape("Demucs decoder", 2, 128, 64, (2048,), 8, 4, 2),
)

MEMORY_SHAPE = Shape("memory", 1, 256, 128, (128, 128), 4, 2, 1)
