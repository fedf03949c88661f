"""The compose file against the Compose schema, and against what Headrace itself takes.

It is not run: that needs a Docker engine. Where the client is there, it has its say as well.
"""

import os
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest
import yaml

from cli.checks import check_exposure
from cli.commands import COMMANDS
from cli.pseudonyms import check_secret
from cli.up import check_shared
from contracts.settings import Settings
from tests.cli.running import ROOT

FILE = ROOT / "docker-compose.yml"
OURS = ("topics", "flow", "api")
VARIABLE = re.compile(r"\$\{(\w+)(?::-(.*?)|:\?.*?)?\}")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return found


def _environment(service: dict[str, Any]) -> dict[str, str]:
    return {
        name: VARIABLE.sub(lambda match: match[2] or "given" * 7, value)
        for name, value in service["environment"].items()
    }


def test_it_is_a_compose_file() -> None:
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")
    good = subprocess.run([*command, FILE], capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout
    assert "ok" in good.stdout


def test_the_schema_would_notice_a_mistake(tmp_path: Any) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(FILE.read_text().replace("healthcheck:", "helthcheck:"))
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")
    bad = subprocess.run([*command, wrong], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "helthcheck" in bad.stdout


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    ).returncode,
    reason="`docker compose` is not installed",
)
def test_docker_itself_reads_it() -> None:
    environ = os.environ | {"WRITE_KEY": "k", "GRAFANA_PASSWORD": "p", "PSEUDONYM_SECRET": "s" * 32}
    done = subprocess.run(
        ["docker", "compose", "--file", str(FILE), "config", "--quiet"],
        capture_output=True,
        text=True,
        env=environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", OURS)
def test_our_services_have_settings_that_headrace_takes(
    services: dict[str, Any], name: str
) -> None:
    settings = Settings.load(environ=_environment(services[name]))
    assert settings.kafka.bootstrap_servers == "kafka:9092"
    assert services[name]["command"][0] in COMMANDS
    if name == "flow":
        assert settings.flow.workers == 2
    if name == "api":
        command = services[name]["command"]
        host = command[command.index("--host") + 1]
        check_exposure(settings.api.model_copy(update={"host": host}))
        check_secret(settings)
    check_shared(settings)


def test_nothing_runs_as_root_or_without_limits_and_little_is_published(
    services: dict[str, Any],
) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "\nUSER 10001\n" in dockerfile
    for name, service in services.items():
        assert service.get("user", "10001" if name in OURS else "root") not in ("root", "0")
        assert ("ports" in service) == (name in {"api", "grafana"})
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
        assert service["cap_drop"] == ["ALL"]
        assert ("healthcheck" in service) == (name != "topics")


def test_what_is_mounted_is_there(services: dict[str, Any]) -> None:
    mounted = [
        volume.split(":")[0]
        for service in services.values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    assert len(mounted) == 3
    assert all((ROOT / folder).is_dir() for folder in mounted)


def test_what_is_waited_for_can_be_waited_for(services: dict[str, Any]) -> None:
    waited = [
        (other, how["condition"])
        for service in services.values()
        for other, how in service.get("depends_on", {}).items()
    ]
    assert len(waited) == 6
    for other, condition in waited:
        assert ("healthcheck" in services[other]) == (condition == "service_healthy")


def test_exactly_what_the_wheel_is_made_of_is_copied_into_the_image() -> None:
    copied = set(re.findall(r"^COPY (\w+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    web = {"web"} if any((ROOT / "web").glob("*")) else set()
    assert copied == packages | web
    listed = set((ROOT / ".dockerignore").read_text().splitlines())
    assert {f"!{name}" for name in copied} <= listed
