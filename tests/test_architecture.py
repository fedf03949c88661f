"""What holds for every file of the project, and proof that each rule would notice."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.rules import (
    CODE_RULES,
    MAX_LINES,
    Finding,
    Source,
    forbidden_words,
    impure_calls,
    impure_imports,
    keys_spelled_again,
    long_files,
    work_at_import,
    wrong_imports,
)

ROOT = Path(__file__).resolve().parents[1]
TOPS = (
    *("api", "benchmarks", "cli", "contracts", "evaluation", "examples", "flows"),
    *("online_models", "operators", "storage", "tests", "docs", "web", "client", "deploy", ".ci"),
)
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".lua", ".js", ".html", ".css", ".json", ""}
SKIPPED = {"__pycache__", "node_modules", ".hypothesis"}
GENERATED = {"package-lock.json"}

Rule = Callable[[Source], Iterator[Finding]]


@cache
def files() -> list[Source]:
    tops = [path for top in TOPS for path in (ROOT / top).rglob("*")]
    found = [path for path in (*ROOT.iterdir(), *tops) if path.is_file() and _is_ours(path)]
    assert len(found) > 200, "the search for files found hardly any"
    return [Source.read(path, ROOT) for path in sorted(found)]


def _is_ours(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    hidden = len(parts) == 1 and path.name.startswith(".") and path.suffix == ""
    known = path.suffix in TEXT and path.name not in GENERATED and not hidden
    return known and not SKIPPED.intersection(parts)


def _report(rule: Rule, sources: list[Source]) -> str:
    return "\n".join(f"{s.path}:{line}: {what}" for s in sources for line, what in rule(s))


@pytest.mark.parametrize("rule", CODE_RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    offences = _report(rule, [source for source in files() if source.path.endswith(".py")])
    assert not offences, f"\n{offences}"


def test_the_project_speaks_of_itself_alone() -> None:
    offences = _report(forbidden_words, files())
    assert not offences, f"\n{offences}"


def test_every_folder_of_tests_is_a_package() -> None:
    # Else a folder named as one of our packages stands in for it.
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    missing = [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]
    assert not missing


@pytest.mark.parametrize(
    ("rule", "path", "line", "code"),
    [
        (wrong_imports, "contracts/x.py", 1, "import storage.views"),
        (wrong_imports, "storage/x.py", 1, "from online_models import pairs"),
        (wrong_imports, "online_models/x.py", 2, "\nfrom operators.messages import Slice"),
        (wrong_imports, "operators/x.py", 1, "from flows import live"),
        (wrong_imports, "operators/x.py", 2, "def f():\n    import storage"),
        (wrong_imports, "flows/x.py", 1, "from evaluation import metrics"),
        (wrong_imports, "evaluation/x.py", 1, "from cli.errors import CommandError"),
        (wrong_imports, "flows/x.py", 2, "if TYPE_CHECKING:\n    from cli.up import up"),
        (wrong_imports, "api/x.py", 1, "from operators.profile import Profiler"),
        (wrong_imports, "api/x.py", 1, "from flows.kafka_sink import Sink"),
        (wrong_imports, "flows/x.py", 1, "from api import app"),
        (wrong_imports, "cli/x.py", 1, "from tests import builders"),
        (impure_imports, "operators/x.py", 1, "import redis"),
        (impure_imports, "operators/x.py", 1, "from confluent_kafka import Producer"),
        (impure_imports, "operators/x.py", 1, "import math, os.path"),
        (impure_imports, "online_models/x.py", 1, "from threading import Lock"),
        (impure_imports, "online_models/x.py", 1, "import time"),
        (impure_imports, "online_models/x.py", 1, "import socket"),
        (impure_imports, "operators/x.py", 1, "from bytewax import operators"),
        (impure_calls, "operators/x.py", 1, "now = clock.time.time()"),
        (impure_calls, "operators/x.py", 1, "now = datetime.now(UTC)"),
        (impure_calls, "operators/x.py", 1, "x = open('f')"),
        (impure_calls, "operators/x.py", 1, "shard = hash(item) % 4"),
        (impure_calls, "online_models/x.py", 1, "random.shuffle(rows)"),
        (impure_calls, "online_models/x.py", 1, "rng = random.Random()"),
        (impure_calls, "online_models/x.py", 1, "rng = np.random.default_rng()"),
        (impure_calls, "online_models/x.py", 1, "x = np.random.normal(0, 1)"),
        (work_at_import, "api/x.py", 2, "import os\nPORT = os.environ['PORT']"),
        (work_at_import, "cli/x.py", 2, "class A:\n    home = os.getenv('HOME')"),
        (keys_spelled_again, "api/x.py", 1, "key = 'v:live:shop:profile:ada'"),
        (keys_spelled_again, "storage/x.py", 1, "key = f'v:{namespace}:x'"),
        (keys_spelled_again, "cli/x.py", 1, "SERVED = 'c:served'"),
        (keys_spelled_again, "flows/x.py", 1, "topics = ['events.click']"),
        (keys_spelled_again, "api/x.py", 1, "producer.produce('answers', body)"),
        (keys_spelled_again, "flows/x.py", 1, "Source(topics=['catalog', 'other'])"),
        (long_files, "flows/x.py", MAX_LINES + 1, "x = 1\n" * (MAX_LINES + 1)),
        (forbidden_words, "docs/x.md", 1, "it lies in /" + "work/main"),
        (forbidden_words, "docs/x.md", 2, "see\n/" + "tmp/out.json"),
        (forbidden_words, "docs/x.md", 1, "written by an AI" + " agent"),
        (forbidden_words, "docs/x.md", 1, "as issue" + " #2 asks"),
        (forbidden_words, "docs/x.md", 1, "from https://pypi" + ".org/simple"),
    ],
)
def test_each_rule_names_file_and_line(rule: Rule, path: str, line: int, code: str) -> None:
    report = _report(rule, [Source(path, code + "\n" * (rule is not long_files))])
    assert report.startswith(f"{path}:{line}: "), report or "nothing was found"


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        (wrong_imports, "cli/x.py", "from api import app\nfrom evaluation import tasks"),
        (wrong_imports, "evaluation/x.py", "from flows import importers"),
        (wrong_imports, "tests/x.py", "from cli import up\nfrom tests import builders"),
        (impure_imports, "operators/x.py", "import math\nfrom numpy import array\nimport river"),
        (impure_imports, "flows/x.py", "import os, redis, time"),
        (impure_calls, "online_models/x.py", "r = random.Random(seed)\nr.random()"),
        (impure_calls, "online_models/x.py", "r = np.random.default_rng(7)"),
        (impure_calls, "operators/x.py", "event.time.bit_length()\nobserved.timestamp()"),
        (impure_calls, "api/x.py", "time.time()"),
        (work_at_import, "cli/x.py", "def f(e=os.environ):\n    return os.getenv('X')"),
        (keys_spelled_again, "api/x.py", '"""Reads v:live:shop:x."""\nx = {"answers": 1}'),
        (keys_spelled_again, "contracts/keys.py", "CLICK_TOPIC = 'events.click'"),
        (long_files, "flows/x.py", "x = 1\n" * MAX_LINES),
        (forbidden_words, "docs/x.md", "a user agent, a session, the work/ of a shop, 5 issues"),
    ],
)
def test_a_rule_lets_good_code_pass(rule: Rule, path: str, code: str) -> None:
    assert not _report(rule, [Source(path, code)])
