"""`headrace up` with stand-ins for the worker and the API; everything else is real."""

import sys
from pathlib import Path

import cli.units
from cli.main import main

STANDINS = Path(__file__).with_name("standins.py")

if __name__ == "__main__":
    cli.units.PROGRAMS = cli.units.Programs(
        *((sys.executable, STANDINS, name) for name in ("worker", "api", "webhooks"))
    )
    main()
