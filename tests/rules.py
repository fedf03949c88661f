"""The rules of the house, read from source text: nothing here imports what it judges.

Each rule takes a `Source` and yields (line, what is wrong).
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

Finding = tuple[int, str]

MAY_IMPORT: dict[str, set[str]] = {
    "contracts": {"contracts"},
    "storage": {"contracts", "storage"},
    "online_models": {"contracts", "online_models"},
    "operators": {"contracts", "online_models", "operators"},
    "flows": {"contracts", "storage", "online_models", "operators", "flows"},
    "evaluation": {"contracts", "online_models", "operators", "flows", "evaluation"},
    "web": {"web"},
    "client": set(),
    "api": {"contracts", "storage", "online_models", "web", "api"},
    "cli": {
        *("contracts", "storage", "online_models", "operators", "flows", "evaluation"),
        *("web", "api"),
        "cli",
    },
}
"""The direction of imports. The other folders may import all of these; nobody imports those."""

OURS = {*MAY_IMPORT, "tests", "benchmarks", "examples"}
PURE = {"operators", "online_models"}
PURE_LIBRARIES = {"numpy", "msgspec", "numba", "rapidfuzz", "river"}
PURE_STANDARD = set(
    """abc array base64 bisect collections contextlib copy dataclasses decimal enum fractions
    functools hashlib heapq hmac inspect itertools json math numbers operator pickle random re
    statistics string struct textwrap types typing unicodedata warnings weakref zlib
    __future__""".split()  # noqa: SIM905  # read as prose, not as a column of quotes
)
"""What reaches no clock, disk, network, thread or environment."""

RIM_CALLS = {"open", "print", "input", "eval", "exec", "__import__", "hash"}
"""I/O; and `hash`, whose results differ from one process to the next."""

CLOCKS = re.compile(
    r"(time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|process_time|sleep"
    r"|localtime|gmtime|ctime)|(datetime|date)\.(now|utcnow|today))$"
)
UNSEEDED = re.compile(r"(Random|SystemRandom|default_rng|RandomState|SeedSequence|PCG64)$")
GLOBAL_RANDOM = re.compile(r"(random|np\.random|numpy\.random)\.[a-z]\w*$")

KEYS_FILE = "contracts/keys.py"
KEY = re.compile(r"[vc]:(?!\s)")
DOTTED_TOPIC = re.compile(r"\b(events\.(click|feedback|rejected))\b")
TOPIC_NAMES = {"catalog", "control", "answers", "facts", "triggers"}
TOPIC_CALLS = {"produce", "subscribe", "TopicPartition", "NewTopic", "list_topics", "poll_topic"}

MAX_LINES = 400

# Built from parts, so that this file keeps the rule that it checks.
_MACHINE = ("work", "tmp", "home", "root", "Users")
_HELPERS = ("AI", "coding", "language model", "sub", "autonomous")
_HOSTS = ("pypi", "pythonhosted", "npmjs")
FORBIDDEN = {
    "a path of one machine": re.compile(rf"(?<![\w./~-])/({'|'.join(_MACHINE)})/\w"),
    "a word about who wrote it": re.compile(
        rf"\b({'|'.join(_HELPERS)})[- ]?agents?\b|\bchat ?bot\b|\bclaude\b|\bcopilot\b|\bllms?\b",
        re.IGNORECASE,
    ),
    "the number of an issue": re.compile(r"\bissues?\s*(#|no\.?\s*)?\d", re.IGNORECASE),
    "the host of a registry": re.compile(rf"\b({'|'.join(_HOSTS)})\.(org|com)\b"),
}


@dataclass(frozen=True)
class Source:
    """One file: its path relative to the checkout, with slashes, and its text."""

    path: str
    text: str

    @classmethod
    def read(cls, file: Path, root: Path) -> "Source":
        """Return a file's source."""
        return cls(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))

    @property
    def package(self) -> str:
        """The top folder."""
        return self.path.partition("/")[0]

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)


def wrong_imports(source: Source) -> Iterator[Finding]:
    """Yield imports against the direction."""
    allowed = MAY_IMPORT.get(source.package, OURS)
    for line, module in _imports(source):
        package = module.partition(".")[0]
        if package in OURS and package not in allowed:
            yield line, f"{source.package} imports {module}"


def impure_imports(source: Source) -> Iterator[Finding]:
    """Yield imports of I/O, clocks, threads and unknown libraries into the pure middle."""
    if source.package not in PURE:
        return
    for line, module in _imports(source):
        package = module.partition(".")[0]
        if package not in OURS | PURE_LIBRARIES | PURE_STANDARD:
            yield line, f"{source.package} is pure, and {module} is not"


def impure_calls(source: Source) -> Iterator[Finding]:
    """Yield I/O, clocks and unseeded chance in the pure middle."""
    if source.package not in PURE:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in RIM_CALLS:
            yield node.lineno, f"{name}() does not belong into {source.package}"
        elif CLOCKS.search(name):
            yield node.lineno, f"{name}(): time is an argument here"
        elif UNSEEDED.search(name):
            if not node.args and not node.keywords:
                yield node.lineno, f"{name}() without a seed"
        elif GLOBAL_RANDOM.search(name):
            yield node.lineno, f"{name}() draws from a generator that everybody shares"


def work_at_import(source: Source) -> Iterator[Finding]:
    """Yield reads of the environment that happen when a module is imported."""
    if source.package not in MAY_IMPORT:
        return
    for node in _outside_functions(source.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}:
            yield node.lineno, f"{ast.unparse(node)} is read at import"


def keys_spelled_again(source: Source) -> Iterator[Finding]:
    """Yield Redis keys and topics that are spelled outside `contracts/keys.py`."""
    if source.package not in MAY_IMPORT or source.path == KEYS_FILE:
        return
    docstrings = _docstrings(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node not in docstrings and KEY.match(node.value):
                yield node.lineno, f"the Redis key {node.value!r} is spelled here again"
            elif node not in docstrings and DOTTED_TOPIC.fullmatch(node.value):
                yield node.lineno, f"the topic {node.value!r} is spelled here again"
        elif isinstance(node, ast.Call):
            yield from _topics_in_call(node)


def long_files(source: Source) -> Iterator[Finding]:
    """Yield a file that holds more than one idea, by its length."""
    lines = source.text.count("\n")
    if lines > MAX_LINES:
        yield lines, f"{lines} lines; at most {MAX_LINES}: split it"


def forbidden_words(source: Source) -> Iterator[Finding]:
    """Yield what tells of a machine or of who wrote a line, instead of the project."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for what, pattern in FORBIDDEN.items():
            if found := pattern.search(line):
                yield number, f"{what}: {found[0]!r}"


CODE_RULES: tuple[Callable[[Source], Iterator[Finding]], ...] = (
    wrong_imports,
    impure_imports,
    impure_calls,
    work_at_import,
    keys_spelled_again,
    long_files,
)


def _imports(source: Source) -> Iterator[tuple[int, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import stays in its package unless it climbs, which Ruff's TID would see.
            yield node.lineno, node.module if not node.level and node.module else source.package


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _outside_functions(child)


def _docstrings(tree: ast.Module) -> set[ast.AST]:
    """Return strings that stand as a statement: docstrings, and those below a constant."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _topics_in_call(node: ast.Call) -> Iterator[Finding]:
    """Yield short topic names, such as `answers`, where a call can only mean a topic by them."""
    name = ast.unparse(node.func).rpartition(".")[2]
    given = [keyword.value for keyword in node.keywords if keyword.arg in {"topic", "topics"}]
    if name in TOPIC_CALLS:
        given += node.args[:1]
    for argument in given:
        for inner in ast.walk(argument):
            if isinstance(inner, ast.Constant) and inner.value in TOPIC_NAMES:
                yield inner.lineno, f"the topic {inner.value!r} is spelled here again"
