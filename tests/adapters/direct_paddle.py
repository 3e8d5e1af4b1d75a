"""PaddlePaddle called by hand, knowing nothing of the suite: problems as JSON in, results as JSON out."""

import json
import sys

import numpy as np
import paddle


def solve(p):
    def tensor(name):
        return paddle.to_tensor(np.array(p[name], dtype=p["dtype"]), stop_gradient=False)

    x, w, g = tensor("x"), tensor("w"), tensor("g")
    b = None if p["b"] is None else tensor("b")
    options = {name: p[name] for name in ("stride", "padding", "output_padding", "dilation", "groups")}
    if p["module"]:
        paddle.set_default_dtype(p["dtype"])
        kind = paddle.nn.Conv1DTranspose if len(p["kernel"]) == 1 else paddle.nn.Conv2DTranspose
        layer = kind(p["in"], p["out"], p["kernel"], bias_attr=False if b is None else None, **options)
        layer.weight.set_value(w)
        if b is not None:
            layer.bias.set_value(b)
        w, b = layer.weight, layer.bias
        y = layer(x)
    else:
        name = "conv1d_transpose" if len(p["kernel"]) == 1 else "conv2d_transpose"
        y = getattr(paddle.nn.functional, name)(x, w, b, **options)
    y.backward(g)
    found = {
        "values": y.numpy().tolist(),
        "grad_input": x.grad.numpy().tolist(),
        "grad_weight": w.grad.numpy().tolist(),
    }
    if b is not None:
        found["grad_bias"] = b.grad.numpy().tolist()
    return found


sys.stdout.write(json.dumps([solve(p) for p in json.load(sys.stdin)]))
