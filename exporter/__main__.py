"""`python -m exporter` and the console script `prediction-exporter`."""

import sys

from exporter.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
