"""PyTorch called by hand, knowing nothing of the suite: problems as JSON in, results as JSON out."""

import json
import sys

import torch


def solve(p):
    dtype = getattr(torch, p["dtype"])
    x, w, g = (torch.tensor(p[name], dtype=dtype) for name in "xwg")
    b = None if p["b"] is None else torch.tensor(p["b"], dtype=dtype)
    x.requires_grad_()
    options = {name: p[name] for name in ("stride", "padding", "output_padding", "dilation", "groups")}
    if p["module"]:
        kind = torch.nn.ConvTranspose1d if len(p["kernel"]) == 1 else torch.nn.ConvTranspose2d
        layer = kind(p["in"], p["out"], p["kernel"], bias=b is not None, dtype=dtype, **options)
        layer.weight = torch.nn.Parameter(w)
        if b is not None:
            layer.bias = torch.nn.Parameter(b)
        w, b = layer.weight, layer.bias
        y = layer(x)
    else:
        w.requires_grad_()
        if b is not None:
            b.requires_grad_()
        name = "conv_transpose1d" if len(p["kernel"]) == 1 else "conv_transpose2d"
        y = getattr(torch.nn.functional, name)(x, w, b, **options)
    y.backward(g)
    found = {"values": y.tolist(), "grad_input": x.grad.tolist(), "grad_weight": w.grad.tolist()}
    if b is not None:
        found["grad_bias"] = b.grad.tolist()
    return found


torch.set_num_threads(1)
sys.stdout.write(json.dumps([solve(p) for p in json.load(sys.stdin)]))
