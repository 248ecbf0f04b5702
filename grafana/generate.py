#!/usr/bin/env python3
"""Writes the JSON of every board into dashboards/; with a folder as argument, there."""

import sys
import warnings
from pathlib import Path

# Grafana's kit prefers the newest schema, which file provisioning and older Grafanas cannot read.
warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)

from board import FOLDER  # noqa: E402 - only now, for the warning comes with the import
from boards import MADE  # noqa: E402

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    for name, made in MADE.items():
        (folder / f"{name}.json").write_text(made(), encoding="utf-8")
