"""The interpreter with the monitors that ours is measured beside, in an environment of their own that is kept."""

import sys
from pathlib import Path

from shared import environment

PLACE = Path(sys.prefix) / "peers"
PACKAGES = ("evidently==0.7.23", "nannyml==0.13.1", "pandas<3", "statsmodels")  # of which not all say what they need
QUIET = {  # none of them is to report its use; idle threads of OpenBLAS would be counted
    "DO_NOT_TRACK": "1",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def interpreter() -> str | None:
    """Return the interpreter, None where the packages cannot be had; installing them takes 2 minutes and 2.5 GB."""
    marker = PLACE / "installed"
    if not marker.exists() or marker.read_text() != "\n".join(PACKAGES):
        if environment(str(PLACE), PACKAGES) is None:
            return None
        marker.write_text("\n".join(PACKAGES))
    return str(PLACE / "bin" / "python")
