import json
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from contracts.launch import Launch
from contracts.settings import Settings, SettingsError, kafka_config


def _file(tmp_path: Path, text: str, name: str = "headrace.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_defaults_read_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_FLOW__BUCKETS", "7")
    monkeypatch.setenv("DATA_DIR", "/elsewhere")
    assert Settings() == Settings.load(environ={})
    assert Settings().flow.buckets == 64
    assert Settings().data_dir == Path("var")


def test_environment_stands_over_file_and_overrides_over_both(tmp_path: Path) -> None:
    file = _file(tmp_path, "[flow]\nbuckets = 2\nshards = 3\nseed = 4\n")
    environ = {"HEADRACE_FLOW__SHARDS": "30", "HEADRACE_FLOW__SEED": "40", "PATH": "x"}
    loaded = Settings.trace(file, environ, {"flow.seed": 400, "api.port": None})
    flow = loaded.settings.flow
    assert (flow.buckets, flow.shards, flow.seed) == (2, 30, 400)
    assert loaded.origins == {
        "flow.buckets": f"{file}: flow.buckets",
        "flow.shards": "HEADRACE_FLOW__SHARDS",
        "flow.seed": "given as flow.seed",
    }


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("HEADRACE_FLOW__BUCKETS", "none", r"valid integer.*\(got 'none'\)"),
        ("HEADRACE_FLOW__BUCKETS", "0", r"greater than or equal to 1 \(got '0'\)"),
        ("HEADRACE_FLOW__BUKETS", "1", "no such setting; did you mean HEADRACE_FLOW__BUCKETS"),
        ("HEADRACE_FLOW_BUCKETS", "1", "no such setting; did you mean HEADRACE_FLOW__BUCKETS"),
        ("HEADRACE_QQQQQQ", "1", "no such setting; `headrace config schema` lists all"),
        ("HEADRACE_FLOW__BUCKETS__X", "1", "no such setting"),
        ("HEADRACE_KAFKA__OPTIONS", "a=b", "expected a JSON object"),
        ("HEADRACE_KAFKA", "{", "expected a JSON object"),
        ("HEADRACE_API__CORS_ORIGINS", "https://a,https://b", "expected a JSON list"),
        ("HEADRACE_API__SITES", "[1]", "valid dictionary"),
        ("HEADRACE_KAFKA__ON_NEW_LOG", "ask", "'refuse' or 'restart'"),
        ("HEADRACE_FLOW__EVENT_WEIGHTS", '{"wish": 2}', "'view', 'click'"),
        ("HEADRACE_FLOW__EVENT_WEIGHTS", '{"view": 1e9}', "less than or equal to 100"),
    ],
)
def test_a_bad_variable_is_one_line_that_names_it(variable: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}: .*{message}") as caught:
        Settings.load(environ={"HEADRACE_FLOW__SEED": "1", variable: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[flow]\nbuckets = 'many'", r": flow\.buckets: .*valid integer"),
        ("[flow]\nbukets = 1", r": flow\.bukets: .*did you mean flow\.buckets"),
        ("[flw]\nbuckets = 1", r": flw\.buckets: .*did you mean flow\.buckets"),
        ("flow = 3", r": flow: .*no such setting"),
        ("[flow", "not valid TOML"),
        ("data_dir = 3", ": data_dir: "),
        ("[kafka.options]\na = [1]", r": kafka\.options: input should be a valid string"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_key(tmp_path: Path, text: str, message: str) -> None:
    file = _file(tmp_path, text)
    with pytest.raises(SettingsError, match=message) as caught:
        Settings.load(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.toml: there is no such settings file"):
        Settings.load(tmp_path / "gone.toml")
    with pytest.raises(SettingsError, match=r"is a folder; expected a settings file"):
        Settings.load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"namespace = '\xe4'")
    with pytest.raises(SettingsError, match=r"latin\.toml: cannot be read: .*utf-8"):
        Settings.load(tmp_path / "latin.toml")
    with pytest.raises(SettingsError, match="not valid JSON"):
        Settings.load(_file(tmp_path, "{", "x.json"))
    with pytest.raises(SettingsError, match=r"x\.json: expected an object"):
        Settings.load(_file(tmp_path, "[1]", "x.json"))


def test_an_unknown_override_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"api\.prt: .*did you mean api\.port"):
        Settings.load(overrides={"api.prt": 1})


def test_an_empty_variable_counts_as_unset() -> None:
    settings = Settings.load(environ={"HEADRACE_REDIS__CA_FILE": "", "HEADRACE_API__PORT": ""})
    assert settings == Settings()


def test_librdkafka_options_come_from_a_table_or_from_json(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        '[kafka]\npassword = "s3cret"\nbootstrap_servers = "b:9093"\n'
        '[kafka.options]\nsecurity.protocol = "SASL_SSL"\n"ssl.ca.location" = "/ca.pem"\n'
        "socket.keepalive.enable = true\n",
    )
    environ = {"HEADRACE_KAFKA__OPTIONS": '{"sasl.mechanism": "SCRAM-SHA-512"}'}
    assert kafka_config(Settings.load(file, environ)) == {
        "bootstrap.servers": "b:9093",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "/ca.pem",
        "socket.keepalive.enable": True,
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.password": "s3cret",
    }


def test_write_keys_come_one_by_one_or_as_json() -> None:
    one = Settings.load(environ={"HEADRACE_API__SITES__SHOP": "k1"})
    assert one.api.sites == {"shop": SecretStr("k1")}
    assert Settings.load(environ={"HEADRACE_API__SITES": '{"shop": "k1"}'}) == one


def test_secrets_show_neither_in_settings_nor_in_errors() -> None:
    environ = {
        "HEADRACE_KAFKA__PASSWORD": "s3cret",
        "HEADRACE_REDIS__URL": "redis://:s3cret@h",
        "HEADRACE_API__SITES__SHOP": "s3cret",
    }
    assert "s3cret" not in repr(Settings.load(environ=environ))
    for bad in ('{"shop": ["s3cret"]}', '["s3cret"]'):
        with pytest.raises(SettingsError) as caught:
            Settings.load(environ={"HEADRACE_API__SITES": bad})
        assert "s3cret" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ={"HEADRACE_KAFKA__OPTIONS": '{"sasl.password": ["s3cret"]}'})
    assert "s3cret" not in str(caught.value)


def test_saved_settings_load_as_they_were_and_are_private(tmp_path: Path) -> None:
    environ = {
        "HEADRACE_KAFKA__PASSWORD": "s3cret",
        "HEADRACE_API__SITES": '{"Shop.1": "k"}',
        "HEADRACE_KAFKA__OPTIONS": '{"security.protocol": "SSL"}',
        "HEADRACE_REDIS__CA_FILE": "/ca.pem",
        "HEADRACE_DATA_DIR": "/data",
    }
    settings = Settings.load(environ=environ)
    file = tmp_path / "settings.json"
    file.write_text("old")
    file.chmod(0o644)
    settings.save(file)
    assert Settings.load(file) == settings
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["kafka"]["password"] == "s3cret"
    assert list(tmp_path.iterdir()) == [file]


def test_a_launch_is_read_from_a_resolved_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    Settings.load(overrides={"flow.buckets": 9, "data_dir": tmp_path}).save(file)
    launch = Launch.from_environ(
        {
            "HEADRACE_SETTINGS": str(file),
            "HEADRACE_PROCESS_ID": "1",
            "HEADRACE_ADDRESSES": "127.0.0.1:1;127.0.0.1:2",
            "HEADRACE_RUN": "5",
            "HEADRACE_FLOW__BUCKETS": "3",
        }
    )
    assert launch.settings.flow.buckets == 9
    assert (launch.process_id, launch.run) == (1, 5)
    assert launch.addresses == ("127.0.0.1:1", "127.0.0.1:2")
    launch.mark_ready()
    assert (tmp_path / "run" / "worker-1.ready").is_file()


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"HEADRACE_RUN": "x"}, "HEADRACE_RUN: expected a number"),
        ({"HEADRACE_PROCESS_ID": "-1"}, "HEADRACE_PROCESS_ID: expected a number"),
        ({"HEADRACE_PROCESS_ID": "1"}, "HEADRACE_PROCESS_ID: 1 is not one of the 0"),
        ({"HEADRACE_SETTINGS": "/gone.json"}, "/gone.json: there is no such settings file"),
    ],
)
def test_a_launch_that_makes_no_sense_is_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Launch.from_environ(environ)
