"""What counts as a kernel that is not there: only what no document promises."""

from __future__ import annotations

from typing import Any

import pytest

from conv_transpose_conformance.adapters.base import Options, Unsupported
from conv_transpose_conformance.adapters.mindspore_adapter import _MindSporeCall
from conv_transpose_conformance.adapters.paddle_adapter import _PaddleCall


def without_kernel(message: str) -> Any:
    def layer(*_arguments: Any, **_named: Any) -> None:
        raise RuntimeError(message)

    return layer


def call_of(kind: type, **attributes: Any) -> Any:
    call = object.__new__(kind)
    for name, value in attributes.items():
        setattr(call, name, value)
    return call


@pytest.mark.parametrize(
    ("dtype", "raised"), [("float16", Unsupported), ("float32", RuntimeError), ("float64", RuntimeError)]
)
def test_paddle_documents_two_dtypes(dtype, raised):
    layer = without_kernel("The kernel is not registered.")
    call = call_of(
        _PaddleCall,
        is_layer=True,
        case={"dtype": dtype},
        options=Options(),
        x=None,
        sized={},
        layer=layer,
    )
    with pytest.raises(raised) as caught:
        call.forward()
    assert caught.type is raised


@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("mindspore.mint.nn.ConvTranspose2d", Unsupported),
        ("mindspore.nn.Conv1dTranspose", RuntimeError),
        ("mindspore.nn.Conv2dTranspose", RuntimeError),
    ],
)
def test_mindspores_nn_documents_every_device(name, raised):
    layer = without_kernel("The kernel ConvTranspose2D unregistered.")
    call = call_of(_MindSporeCall, name=name, case={"output_size": None}, sized={}, x=None, layer=layer)
    with pytest.raises(raised) as caught:
        call.forward()
    assert caught.type is raised
