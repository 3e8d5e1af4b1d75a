"""Writes R scripts that reproduce a divergence of R torch with nothing but R and its torch package.

There are the same four kinds as in ``python_script``, with the same last lines and exit codes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.adapters.base import spelled
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.worked_example import Example
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reports.scripts.python_script import GONE, MARK, SECONDS, WORDS, head
from conv_transpose_conformance.text import one_line

ENDING: Final = ".R"  # suffix of a script's file
_DTYPES: Final = {
    "float16": "torch_float16()",
    "bfloat16": "torch_bfloat16()",
    "float32": "torch_float32()",
    "float64": "torch_float64()",
}
_DEFAULTS: Final = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}


def values_script(implementation: str, example: Example, about: Sequence[str]) -> str:
    """Returns the script for wrong numbers; ``about`` are the lines that explain it."""
    case, name = example.case, WORDS[example.check]
    lines = [*_head(implementation, case, about)]
    needed = [n for n in example.tensors if n != "g" or example.check is not Check.VALUES]
    lines += [f"{n} <- {_tensor(example.tensors[n], case.dtype)}" for n in needed]
    lines += ["", *_build(implementation, case), *_load(implementation, case), _call(implementation, case)]
    actual = "y"
    if example.check is not Check.VALUES:
        lines += _gradients(implementation, case)
        actual = f"gradients[[{list(WORDS.values()).index(name)}]]"
    lines += [f"actual <- {actual}$detach()$to(dtype = torch_float64())", ""]
    lines += [f"expected <- {_tensor(example.expected, 'float64')}"]
    lines += [f"# By hand: {example.arithmetic}."]
    lines += [f'cat("expected {name}:\\n")', "print(expected)", f'cat("actual {name}:\\n")', "print(actual)"]
    lines += [f"cat({_text('by hand: ' + example.arithmetic)}, '\\n')"]
    lines += ["same <- identical(actual$shape, expected$shape) &&"]
    if np.any(example.bound):
        lines += [f"  as.logical(((actual - expected)$abs() <= {_tensor(example.bound, 'float64')})$all())"]
    else:
        lines += ["  as.logical((actual == expected)$all())"]
    return _ended(lines)


def fact_script(implementation: str, case: Case, check: Check, expected: Any, about: Sequence[str]) -> str:
    """Returns the script for a wrong shape, dtype or set of parameters; ``expected`` is plain data."""
    lines = [*_head(implementation, case, about), *_ones(case), "", *_build(implementation, case)]
    if check is Check.PARAMETERS:
        words = [
            f'{name} = "{_dtype_word(dtype)} {_spaced(shape)}"'
            for name, (shape, dtype) in sorted(expected.items())
        ]
        wanted = f"c({', '.join(words)})"
        described = (
            "sapply(layer$parameters, function(p) paste(p$dtype$.type(), paste(p$shape, collapse = ' ')))"
        )
        lines += [f"actual <- {described}", "actual <- actual[order(names(actual))]"]
    else:
        lines += [*_load(implementation, case), _call(implementation, case)]
        of_shape = check is Check.SHAPE
        lines += [f"actual <- {'y$shape' if of_shape else 'y$dtype$.type()'}"]
        wanted = f"c({_listed(expected)})" if of_shape else f'"{_dtype_word(expected)}"'
    lines += [f"expected <- {wanted}", 'cat("expected", expected, "\\n")', 'cat("actual  ", actual, "\\n")']
    return _ended([*lines, "same <- isTRUE(all.equal(actual, expected))"])


def refused_script(
    implementation: str, case: Case, output: tuple[int, ...] | None, about: Sequence[str]
) -> str:
    """Returns the script for a call (or its gradients) that is refused although the documents allow it."""
    lines = [*_head(implementation, case, about), *_ones(case), *_gradient(case, output), ""]
    body = [*_build(implementation, case), *_load(implementation, case), _call(implementation, case)]
    body += ['cat("accepted, the output has the shape", y$shape, "\\n")']
    body += [] if output is None else _gradients(implementation, case)
    lines += ["same <- tryCatch({", *_indented(body), "  TRUE", "}, error = function(error) {"]
    lines += ['  cat("expected an output, actual:", class(error)[[1]], "\\n")']
    lines += ['  cat(conditionMessage(error), "\\n")', "  FALSE", "})"]
    return _ended(lines)


def process_script(
    implementation: str,
    case: Case,
    *,
    must_refuse: str,
    output: tuple[int, ...] | None,
    about: Sequence[str],
) -> str:
    """Returns the script for a call that crashes, hangs, or is accepted although it must be refused."""
    body = [*_ones(case), *_gradient(case, output), *_build(implementation, case)]
    body += [] if must_refuse else _load(implementation, case)
    body += [_call(implementation, case), 'cat("accepted, the output has the shape", y$shape, "\\n")']
    if output is not None:
        body += ["print(y)", *_gradients(implementation, case)]
    wanted = f"an error, as {must_refuse}" if must_refuse else "an output"
    lines = [
        *_head(implementation, case, about),
        'if ("call" %in% commandArgs(TRUE)) { # in a process of its own, because the call may kill it',
        "  tryCatch({",
        *_indented(_indented(body)),
        "  }, error = function(error) {",
        '    cat("refused:", class(error)[[1]], conditionMessage(error), "\\n")',
        '    quit(save = "no", status = 3)',
        "  })",
        '  quit(save = "no", status = 0)',
        "}",
        f"cat({_text('expected: ' + wanted)}, '\\n')",
        'script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))',
        'rscript <- file.path(R.home("bin"), "Rscript")',
        'words <- c(shQuote(script), "call")',
        f"said <- suppressWarnings(system2(rscript, words, TRUE, TRUE, timeout = {SECONDS}))",
        'status <- attr(said, "status")',
        "if (is.null(status)) status <- 0",
        'cat("actual:", tail(said, 40), sep = "\\n")',
        f'if (status == 124) cat("no answer within {SECONDS} seconds\\n")',
        'if (status == 1) { cat("unclear: the call did not start\\n"); quit(save = "no", status = 2) }',
        'if (!status %in% c(0, 3, 124)) cat("the process died, status", status, "\\n")',
        f"same <- status == {3 if must_refuse else 0}",
    ]
    return _ended(lines)


def _head(implementation: str, case: Case, about: Sequence[str]) -> list[str]:
    return [*head(implementation, case, about, "R with torch"), "library(torch)", ""]


def _ended(lines: list[str]) -> str:
    end = [f'cat(if (same) "{GONE}\\n" else "{MARK}\\n")', 'quit(save = "no", status = if (same) 0 else 1)']
    return "\n".join([*lines, *end]) + "\n"


def _function(implementation: str) -> str:
    return implementation.rpartition(".")[2]


def _is_module(implementation: str) -> bool:
    return not _function(implementation).startswith("nnf_")


def _arguments(case: Case) -> str:
    plain = case.to_dict()
    values = {
        "stride": spelled(plain, plain["stride"]),
        "padding": spelled(plain, [pair[0] for pair in plain["padding"]]),
        "output_padding": spelled(plain, plain["output_padding"]),
        "groups": case.groups,
        "dilation": spelled(plain, plain["dilation"]),
    }
    return "".join(f", {n} = {_number(v)}" for n, v in values.items() if v != _DEFAULTS[n])


def _build(implementation: str, case: Case) -> list[str]:
    lines = ["x$requires_grad_(TRUE)"]
    if not _is_module(implementation):
        return [*lines, "w$requires_grad_(TRUE)", "b$requires_grad_(TRUE)" if case.bias else "b <- NULL"]
    plain = case.to_dict()
    kernel = _number(spelled(plain, plain["kernel_size"]))
    bias = "" if case.bias else ", bias = FALSE"
    arguments = f"{case.in_channels}, {case.out_channels}, {kernel}{_arguments(case)}{bias}"
    lines += [f"layer <- {_function(implementation)}({arguments})"]
    return lines if case.dtype == "float32" else [*lines, f"layer$to(dtype = {_DTYPES[case.dtype]})"]


def _load(implementation: str, case: Case) -> list[str]:
    if not _is_module(implementation):
        return []
    copied = ["layer$weight$copy_(w)", *(["layer$bias$copy_(b)"] if case.bias else [])]
    return ["with_no_grad({", *_indented(copied), "})"]


def _call(implementation: str, case: Case) -> str:
    if not _is_module(implementation):
        return f"y <- {_function(implementation)}(x, w, b{_arguments(case)})"
    sized = "" if case.output_size is None else f", output_size = c({_listed(case.output_size)})"
    return f"y <- layer(x{sized})"


def _gradients(implementation: str, case: Case) -> list[str]:
    weight, bias = ("layer$weight", "layer$bias") if _is_module(implementation) else ("w", "b")
    leaves = ["x", weight, *([bias] if case.bias else [])]
    return [f"gradients <- autograd_grad(list(y), list({', '.join(leaves)}), list(g))"]


def _ones(case: Case) -> list[str]:
    lead = () if case.batch is None else (max(case.batch, 0),)
    shapes = {"x": (*lead, case.in_channels, *case.input_size), "w": case.weight_shape}
    if case.bias:
        shapes["b"] = (case.out_channels,)
    dtype = _DTYPES[case.dtype]
    return [
        f"{name} <- torch_ones(c({_listed(max(v, 0) for v in shape)}), dtype = {dtype})"
        for name, shape in shapes.items()
    ]


def _gradient(case: Case, output: tuple[int, ...] | None) -> list[str]:
    return [] if output is None else [f"g <- torch_ones(c({_listed(output)}), dtype = {_DTYPES[case.dtype]})"]


def _tensor(array: Any, dtype: str) -> str:
    """Returns a tensor as an expression that gives the same bits, with values in C order."""
    values = np.asarray(array)
    shape = f"c({_listed(values.shape)})"
    if values.size == 0:
        return f"torch_empty({shape}, dtype = {_DTYPES[dtype]})"
    listed = ", ".join(_literal(float(value)) for value in values.astype(np.float64).ravel())
    return f"torch_tensor(c({listed}), dtype = {_DTYPES[dtype]})$reshape({shape})"


def _literal(value: float) -> str:
    # R may read a decimal fraction wrong in the last bit, but not a hexadecimal one
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if np.signbit(value) else "0"
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else value.hex()


def _number(value: Any) -> str:
    return f"c({_listed(value)})" if isinstance(value, tuple) else str(value)


def _listed(values: Any) -> str:
    return ", ".join(str(int(value)) for value in values)


def _spaced(values: Any) -> str:
    return " ".join(str(int(value)) for value in values)


def _dtype_word(dtype: str) -> str:
    return {"float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double"}[dtype]


def _text(text: str) -> str:
    return json.dumps(one_line(text), ensure_ascii=False)  # R reads every escape of it


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]


__all__ = ["fact_script", "process_script", "refused_script", "values_script"]
