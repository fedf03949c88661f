import logging
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from cli.commands import COMMANDS, Command
from cli.errors import WrongUseError
from cli.main import main
from tests.cli.running import ROOT
from tests.cli.test_config import headrace


def test_the_overview_names_every_command_and_loads_none() -> None:
    code = "import sys\nfrom cli.main import main\nsys.argv = ['headrace', '--help']\n" + (
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'pydantic_settings', 'redis', 'confluent_kafka', 'bytewax', 'fastapi', 'numpy'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "loaded: []" in done.stdout
    for name, command in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert command.summary[:30] in done.stdout


def test_what_starts_imports_no_statistics_that_it_does_not_use() -> None:
    code = (
        "import sys, api.main, flows.main\n"
        "heavy = {'scipy.stats', 'scipy.special', 'scipy.linalg', 'pandas', 'sklearn', 'numba'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    [n for n in COMMANDS if n != "config"] + ["config show", "keys create", "control export"],
)
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    done = headrace(*name.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert f"headrace {name} " in done.stdout.partition("Example")[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-command"], "No such command 'no-such-command'"),
        (["up", "--no-such-option"], "No such option: --no-such-option"),
        (["up", "--port", "many"], "'--port'"),
        (["up", "--workers", "0"], "'--workers'"),
        (["up", "--only", "flow"], "--only needs the servers that the other parts use"),
        (["up", "--config", "/gone.toml"], "/gone.toml: there is no such settings file"),
        (["topics"], "which broker?"),
    ],
)
def test_wrong_use_ends_with_2_and_says_why(arguments: list[str], said: str) -> None:
    done = headrace(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Run the command line here, where its patience can be shortened; return its exit code."""
    logger = logging.getLogger("headrace")
    before = list(logger.handlers)
    monkeypatch.setattr("flows.topics.TIMEOUT_S", 0.3)

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["headrace", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    yield run
    logger.handlers = before


def test_a_failed_run_ends_with_1_and_one_line(
    in_process: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_process("topics", "--kafka", "127.0.0.1:1") == 1
    assert capsys.readouterr().err == (
        "headrace: Kafka at 127.0.0.1:1 does not answer: does it run, and is the address right?\n"
    )


@pytest.mark.usefixtures("in_process")
def test_debug_shows_where_an_error_comes_from_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for line in (["--debug", "topics"], ["topics", "--debug"]):
        monkeypatch.setattr("sys.argv", ["headrace", *line])
        with pytest.raises(WrongUseError, match="which broker"):
            main()


def test_an_error_that_nobody_foresaw_is_one_line_too(
    in_process: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(COMMANDS, "schema", Command("cli.gone:app", ""))
    assert in_process("schema") == 1
    assert capsys.readouterr().err == (
        "headrace: unexpected ModuleNotFoundError: No module named 'cli.gone' "
        "(--debug shows where)\n"
    )


def test_topics_are_created_once(broker: str) -> None:
    created = headrace("topics", "--kafka", broker)
    assert created.returncode == 0
    again = headrace("topics", "--kafka", broker, "--json")
    assert again.stdout.startswith('{"created": [], "topics": ["events.click"')


def test_the_version_is_that_of_the_package() -> None:
    assert headrace("--version").stdout == "headrace 0.1.0\n"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("headrace do", "doctor"),
        ("headrace keys cr", "create"),
        ("headrace doctor --ka", "--kafka"),
    ],
)
def test_a_shell_completes_commands_and_their_options(words: str, found: str) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert headrace(_HEADRACE_COMPLETE="complete_bash", **asked).stdout.split() == [found]
