"""What its documents state."""

from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.requirement import Document, Judged, Probed
from conv_transpose_conformance.requirements.base.trial import differs, passed

DOCUMENTS = {"soroban": Document("The book of the soroban", "https://example.org/soroban")}


def _version(prober):
    version = prober.hello["version"]
    yield passed() if version.count(".") == 2 else differs(f"the version is {version!r}")


REQUIREMENTS = (
    Judged(
        id="A.bias",
        statement="The bias is added once, whatever the groups.",
        source="soroban",
        applies=("soroban.*",),
        checks=(Check.VALUES,),
        of=lambda case: case.bias,
    ),
    Probed(
        id="A.version",
        statement="Versions have three numbers.",
        source="soroban",
        applies=("soroban.*",),
        trials=_version,
        quick=True,
    ),
)
