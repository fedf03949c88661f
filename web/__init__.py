"""The pages and scripts that a browser loads: static files, nothing of which has to be built.

`vendor/` holds uPlot 1.6.32 (MIT), unchanged: charts that draw a point a second for hours.
"""

from pathlib import Path
from typing import Final

FILES: Final = Path(__file__).parent
