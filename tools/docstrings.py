"""Writes ``conformance/requirements/docstrings.json``, the docstrings of statements as hashes of sentences.

Run ``python -m tools.docstrings`` from the repository's root, after the statements of the pages were compared
with the docstrings of the releases that the suite installs.  It asks these releases, in the suite's own
environments.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.frameworks.registry import registry
from conv_transpose_conformance.frameworks.targets import Targets
from conv_transpose_conformance.requirements import drift
from conv_transpose_conformance.requirements.base.probe import Prober

PATH = Path(drift.__file__).with_name(drift.FILE)


def main() -> None:
    """Writes the file."""
    content = {}
    for framework in registry().frameworks.values():
        if framework.release is None or framework.distribution:  # of another interpreter, or a plug-in
            continue
        found = {}
        with CaseRunner(Target(framework.name), Targets()) as runner:
            for one in framework.implementations:
                text = "" if one.variant else Prober(one.api, runner).docstring()
                if text:
                    found[one.api] = drift.fingerprints(text)
            version = str(runner.start()["version"]).partition("+")[0]
        content[framework.name] = {"release": version, "docstrings": found}
        sys.stderr.write(f"{framework.name} {version}: {len(found)} docstrings\n")
    PATH.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
