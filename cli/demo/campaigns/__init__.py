"""Campaigns of the demo: a few templates, in the shop's short days. The folder is all there is."""

from pathlib import Path

FOLDER = Path(__file__).parent
