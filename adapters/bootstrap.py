"""The program of a framework's interpreter: loads the adapters by path and runs the worker.

Usage: ``PYTHON bootstrap.py ADAPTER_FILE REQUEST_FD ANSWER_FD`` for a worker, ``ADAPTER_FILE CONTROL_FD`` for
a process that forks workers.  The suite need not be installed there: only this folder of its package becomes
importable, whatever is installed.
"""

import importlib.util
import os
import sys
import types


def _main() -> None:
    if sys.version_info < (3, 9):
        sys.exit("a worker needs Python 3.9 or newer, this is " + sys.version.split()[0])
    here = os.path.dirname(os.path.abspath(__file__))
    # with this folder on the path, file names here would shadow imports of the framework
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    suite = types.ModuleType("conv_transpose_conformance")
    suite.__path__ = []
    sys.modules["conv_transpose_conformance"] = suite
    name = "conv_transpose_conformance.adapters"
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)

    adapter_file, *descriptors = sys.argv[1:]
    if len(descriptors) == 1:
        from conv_transpose_conformance.adapters.forkserver import serve_forks

        serve_forks(adapter_file, int(descriptors[0]))
    else:
        from conv_transpose_conformance.adapters.worker import serve

        serve(adapter_file, *map(int, descriptors))


if __name__ == "__main__":
    _main()
