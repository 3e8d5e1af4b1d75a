"""MindSpore called by hand, knowing nothing of the suite: problems as JSON in, results as JSON out."""

import json
import sys

import mindspore as ms
import numpy as np


def solve(p):
    def tensor(values):
        return ms.Tensor(np.array(values, dtype=p["dtype"]))

    x, w = tensor(p["x"]), np.array(p["w"], dtype=p["dtype"])
    options = {
        "stride": tuple(p["stride"]),
        "pad_mode": "pad",
        "padding": tuple(side for side in p["padding"] for _ in range(2)),
        "dilation": tuple(p["dilation"]),
        "group": p["groups"],
        "has_bias": p["b"] is not None,
    }
    if len(p["kernel"]) == 1:
        one = {name: options[name][0] for name in ("stride", "dilation", "padding")}
        layer = ms.nn.Conv1dTranspose(p["in"], p["out"], p["kernel"][0], **{**options, **one})
        layer.weight.set_data(ms.Tensor(w[:, :, None, :]))
    else:
        options["output_padding"] = tuple(p["output_padding"])
        layer = ms.nn.Conv2dTranspose(p["in"], p["out"], tuple(p["kernel"]), **options)
        layer.weight.set_data(ms.Tensor(w))
    parameters = [layer.weight]
    if p["b"] is not None:
        layer.bias.set_data(tensor(p["b"]))
        parameters.append(layer.bias)
    y = layer(x)
    # The gradient of sum(y * g) is the product with g.
    weighted = ms.value_and_grad(lambda t: (layer(t) * tensor(p["g"])).sum(), 0, parameters)
    _, (of_x, of_parameters) = weighted(x)
    found = {
        "values": y.asnumpy().tolist(),
        "grad_input": of_x.asnumpy().tolist(),
        "grad_weight": of_parameters[0].asnumpy().reshape(w.shape).tolist(),
    }
    if p["b"] is not None:
        found["grad_bias"] = of_parameters[1].asnumpy().tolist()
    return found


ms.set_context(mode=ms.PYNATIVE_MODE, pynative_synchronize=True)
answer = json.dumps([solve(p) for p in json.load(sys.stdin)])
sys.stdout.write("\n" + answer)
