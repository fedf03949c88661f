"""What is compiled is known by its files, also after some of the sources have changed."""

import os
import sys
from pathlib import Path

import pytest

import online_models
from cli.compiling import LOOPS, is_compiled

PYTHON = f"py{sys.version_info.major}{sys.version_info.minor}"


def test_a_source_that_changed_is_compiled_anew_and_the_others_need_not_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    kernels = tmp_path / "kernels"
    cache = kernels / "__pycache__"
    cache.mkdir(parents=True)
    monkeypatch.setattr(online_models, "__file__", str(tmp_path / "__init__.py"))

    def write(file: Path, at: int) -> None:
        file.touch()
        os.utime(file, (at, at))

    for name in ("__init__", "pool", "score"):
        write(kernels / f"{name}.py", 10)
    assert not is_compiled()
    for line in range(LOOPS):
        write(cache / f"pool.f{line}-{line}.{PYTHON}.nbi", 20)
        write(cache / f"score.f{line}-{line}.{PYTHON}.nbi", 20)
    assert is_compiled()
    write(kernels / "pool.py", 30)
    write(kernels / "__init__.py", 30)
    assert not is_compiled(), "what it had was compiled of the older one"
    write(cache / f"pool.f1-7.{PYTHON}.nbi", 40)
    assert is_compiled()
