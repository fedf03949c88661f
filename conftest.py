"""Leaves out of the doctests what an extra that is not installed brings."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("implicit") else ["evaluation/implicit_models.py"]
