"""Leaves out of the doctests what an extra that is not installed brings; options of our tests."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("implicit") else ["evaluation/implicit_models.py"]


def pytest_addoption(parser):
    """Add the options of `tests/web`."""
    parser.addoption("--screenshots", help="folder that pictures of the pages are put into")
