"""The documents that statements are taken from."""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen
class Document:
    """``title`` names it, ``page`` says where it is found."""

    title: str
    page: str


DOCUMENTS: Final[dict[str, Document]] = {
    "torch-1d": Document(
        "torch.nn.ConvTranspose1d, reference page",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html",
    ),
    "torch-2d": Document(
        "torch.nn.ConvTranspose2d, as explained by a Tencent Cloud article",
        "https://cloud.tencent.com/developer/article (torch.nn.ConvTranspose2d, Chinese)",
    ),
    "paddle-1d": Document(
        "paddle.nn.Conv1DTranspose, reference page",
        "https://www.paddlepaddle.org.cn/documentation/docs/zh/api/paddle/nn/Conv1DTranspose_cn.html",
    ),
    "mint-2d": Document(
        "mindspore.mint.nn.ConvTranspose2d, reference page",
        "https://gitee.com/mindspore/mindspore/blob/master/docs/api/api_python/mint/mindspore.mint.nn.ConvTranspose2d.rst",
    ),
    "r-1d": Document(
        "R torch, nn_conv_transpose1d, reference page",
        "https://torch.mlverse.org/docs/reference/nn_conv_transpose1d",
    ),
    "suite": Document(
        "This suite: the operator's definition and good manners of an API", "docs/requirements.md"
    ),
}
