"""Where the secret of pseudonyms comes from, and what is said where there is none."""

import json
from pathlib import Path

import pytest
import typer.testing

from cli.doctor.command import pseudonyms_judged
from cli.embedded import EmbeddedStore
from cli.erase import erase
from cli.errors import CommandError, WrongUseError
from cli.export_user import export_user
from cli.pseudonyms import FILE, check_secret, names_of, readers_names, subject_of, with_secret
from cli.reveal import reveal
from contracts.keys import DEFAULT_SITE, Keys
from contracts.pseudonyms import Pseudonyms
from contracts.settings import ApiSettings, RedisSettings, Settings, SettingsError
from storage.redis_views import RedisViews
from tests.api.serve.shop import ada, now_ms, person

SECRET = "a secret that was given in the settings"
SHARED = {"kafka.bootstrap_servers": "broker:9092", "redis.url": "redis://cache:6379/0"}
ON, OFF = ApiSettings(), ApiSettings(pseudonyms=False)


def settings(folder: Path, **given: object) -> Settings:
    return Settings.load(overrides={"data_dir": folder, **given})


def test_a_secret_is_made_once_and_only_where_it_is_wanted(tmp_path: Path) -> None:
    assert with_secret(OFF, tmp_path, make=True) is OFF
    given = settings(tmp_path, **{"api.pseudonym_keys": {"2": SECRET}}).api
    assert with_secret(given, tmp_path, make=True) is given
    assert with_secret(ON, tmp_path) is ON
    assert list(tmp_path.iterdir()) == []
    made = with_secret(ON, tmp_path, make=True)
    assert made == with_secret(ON, tmp_path) == with_secret(ON, tmp_path, make=True)
    file = tmp_path / FILE
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.pseudonym_keys["1"].get_secret_value() == file.read_text().strip()
    file.write_text("cut")
    with pytest.raises(SettingsError, match=r"at least 32 characters, got 3: bring the file back"):
        with_secret(ON, tmp_path)


def test_servers_that_others_share_need_a_secret_that_is_given(tmp_path: Path) -> None:
    check_secret(settings(tmp_path))
    with pytest.raises(
        WrongUseError, match=r"api\.pseudonym_keys has no secret for them: `openssl"
    ):
        check_secret(settings(tmp_path, **SHARED))
    check_secret(settings(tmp_path, **SHARED, **{"api.pseudonym_keys": {"1": SECRET}}))


def test_commands_take_the_secret_that_the_folder_ran_with(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    ran = settings(tmp_path, **{"api.pseudonym_keys": {"1": SECRET}})
    ran.save(tmp_path / "run" / "settings.json")
    names = names_of(Settings(data_dir=tmp_path))
    assert names.token("shop", "ada") == names_of(ran).token("shop", "ada") != "ada"
    with pytest.raises(WrongUseError, match="at most 173 bytes"):
        subject_of(names, "shop", "device:" + "x" * 174)
    elsewhere = tmp_path / "other"
    with pytest.raises(WrongUseError, match=r"has no secret of theirs: give the engine's --data"):
        names_of(settings(elsewhere, **SHARED))
    for there in (SHARED, {**SHARED, "api.pseudonyms": False}, {}):
        assert not readers_names(settings(elsewhere, **there)).on


def test_reveal_turns_tokens_back_line_by_line(tmp_path: Path) -> None:
    names = names_of(ran := settings(tmp_path, **{"api.pseudonym_keys": {"1": SECRET}}))
    lines = [{"user": names.token(site, "ada")} for site in ("shop", "other")]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    app = typer.Typer()
    app.command()(reveal)
    run = typer.testing.CliRunner().invoke
    options = ["--site", "shop", "--data-dir", str(tmp_path)]
    failed = run(app, options, input=text)
    assert isinstance(failed.exception, WrongUseError)
    assert "ran with pseudonyms: give the engine's --data-dir" in str(failed.exception)
    (tmp_path / "run").mkdir()
    ran.save(tmp_path / "run" / "settings.json")
    done = run(app, options, input=text)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"user": "ada"}, lines[1]]


def test_the_doctor_says_where_the_secret_is_or_that_it_is_gone(tmp_path: Path) -> None:
    def told(of: Settings) -> list[str]:
        return [f"{one.level} {one.text}" for one in pseudonyms_judged(of)]

    assert told(settings(tmp_path)) == []
    (tmp_path / "store").mkdir()
    assert told(settings(tmp_path))[0].startswith("warn there is a store and no ")
    with_secret(ON, tmp_path, make=True)
    assert told(settings(tmp_path))[0].startswith("ok ids are tokens, by ")


def test_nobody_is_erased_or_told_of_by_a_secret_that_is_not_theirs(
    tmp_path: Path, own_store: EmbeddedStore
) -> None:
    old, other = Pseudonyms({"1": SECRET}), SECRET[::-1]
    views = RedisViews.open(RedisSettings.model_validate({"url": own_store.url}))
    views.write([person(Keys(), ada(now_ms(), old.token(DEFAULT_SITE, "ada")))])
    views.close()
    app = typer.Typer()
    app.command("erase")(erase)
    app.command("export-user")(export_user)

    def run(command: str, who: str, *keys: str) -> typer.testing.Result:
        environ = {f"HEADRACE_API__PSEUDONYM_KEYS__{n}": key for n, key in enumerate(keys, 1)}
        options = [command, who, "--redis", own_store.url, "--data-dir", str(tmp_path)]
        return typer.testing.CliRunner().invoke(app, options, env=environ)

    for command in ("erase", "export-user"):
        failed = run(command, "ada", other)
        assert "under pseudonyms of another secret" in str(failed.exception)
        assert isinstance(failed.exception, CommandError)
    # Who came before a secret was changed is found by the one of then.
    told = json.loads(run("export-user", "ada", SECRET, other).stdout)
    assert (told["user"], len(told["profiles"])) == ("ada", 1)
    assert "ada: erased: 1 entry of the store" in run("erase", "ada", SECRET, other).stdout
    nobody = run("erase", "adda", SECRET, other).stdout
    assert "adda: erased, but nothing of them was stored at site default" in nobody
