import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from confluent_kafka.admin import AdminClient

from cli.config import markdown
from contracts.setting_sources import Schema
from contracts.settings import Settings, kafka_config
from tests.cli.running import ROOT


def headrace(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own, with a bare environment."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200"} | environ,
        cwd=ROOT,
        timeout=60,
        check=False,
    )


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "headrace.toml"
    path.write_text(text)
    return str(path)


def test_its_help_has_an_example() -> None:
    done = headrace("config", "--help")
    assert done.returncode == 0
    assert "headrace config check --config headrace.toml" in done.stdout


def test_show_names_every_setting_its_origin_and_no_secret(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        '[kafka]\npassword = "s3cret"\n[kafka.options]\nsasl.password = "s3cret"\n'
        'security.protocol = "SASL_SSL"\n[api.sites]\nshop = "s3cret"\n',
    )
    environ = {"HEADRACE_REDIS__URL": "redis://:s3cret@h", "HEADRACE_FLOW__SEED": "9"}
    done = headrace("config", "show", "--config", file, **environ)
    assert done.returncode == 0
    assert "s3cret" not in done.stdout
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert lines["flow.seed"].endswith("9  (HEADRACE_FLOW__SEED)")
    assert lines["flow.shards"].endswith("8  (default)")
    assert lines["kafka.password"].endswith(f'"********"  ({file}: kafka.password)')
    assert '"security.protocol": "SASL_SSL"' in lines["kafka.options"]
    assert '"shop": "********"' in lines["api.sites"]
    assert '"********"' in lines["redis.url"]

    shown = json.loads(headrace("config", "show", "-c", file, "--json", **environ).stdout)
    assert shown["flow.seed"] == {"value": 9, "from": "HEADRACE_FLOW__SEED"}
    assert list(shown) == list(lines)


def test_check_says_ok_or_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    good = headrace("config", "check", "-c", _file(tmp_path, "[flow]\nworkers = 2\n"))
    assert (good.returncode, good.stdout) == (0, "ok: 1 setting given, the rest are defaults\n")
    bad = headrace("config", "check", "-c", _file(tmp_path, "[flow]\nworkers = 0\n"))
    assert bad.returncode == 2
    assert bad.stderr.count("\n") == 1
    assert "headrace.toml: flow.workers: input should be greater than or equal to 1" in bad.stderr
    unknown = headrace("config", "check", HEADRACE_FLOW__WORKER="2")
    assert unknown.returncode == 2
    assert unknown.stderr == (
        "headrace: HEADRACE_FLOW__WORKER: there is no such setting; "
        "did you mean HEADRACE_FLOW__WORKERS?\n"
    )


def test_the_schema_takes_what_the_settings_take() -> None:
    schema = json.loads(headrace("config", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"flow": {"workers": 2}, "api": {"sites": {"shop": "k"}}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"flow": {"wrkers": 2}}, schema)


def test_every_contract_has_a_schema_in_one_document_and_alone(tmp_path: Path) -> None:
    document = json.loads(headrace("schema").stdout)
    assert {"Event", "Item", "Profile", "Recommendation", "Rejected"} <= set(document["$defs"])
    event: dict[str, Any] = {"id": "1", "type": "view", "time": 1511544070000, "user": "ada"}
    jsonschema.Draft202012Validator.check_schema(document)
    jsonschema.validate(event, {**document, "$ref": "#/$defs/Event"})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**event, "type": "stare"}, {**document, "$ref": "#/$defs/Event"})

    assert headrace("schema", "--out", str(tmp_path / "s")).returncode == 0
    files = {path.name.removesuffix(".schema.json"): path for path in (tmp_path / "s").iterdir()}
    assert set(files) == set(document["$defs"])
    jsonschema.validate(event, json.loads(files["Event"].read_text()))


def test_the_table_in_the_docs_is_that_of_the_settings() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    assert markdown() in text, "put the output of `headrace config table` into docs/operations.md"


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, text in Schema(Settings).descriptions.items() if not text] == []


def test_the_toml_in_the_docs_is_taken(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    settings = Settings.load(Path(_file(tmp_path, block)), {"HEADRACE_KAFKA__PASSWORD": "p"})
    config = kafka_config(settings)
    assert config["security.protocol"] == "SASL_SSL"
    assert config["sasl.password"] == "p"
    # librdkafka itself takes all of it but the file that is not here.
    AdminClient({name: value for name, value in config.items() if name != "ssl.ca.location"})
