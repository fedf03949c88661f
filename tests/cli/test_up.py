import http.client
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from confluent_kafka.admin import AdminClient

from cli.embedded.ports import free_port
from cli.pseudonyms import FILE, names_of
from contracts.keys import TOPICS, Keys, run_key
from contracts.settings import Settings
from tests.cli.running import ROOT, WAIT_SECONDS, Up, until


def _status(url: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/readyz")
    status = connection.getresponse().status
    connection.close()
    return status


def _serves(url: str) -> bool:
    try:
        return _status(url) == 200
    except OSError:
        return False


def _answers(url: str) -> bool:
    with redis.Redis.from_url(url) as store:
        try:
            return bool(store.ping())
        except redis.ConnectionError:  # not there yet, or still loading
            return False


def _metadata(bootstrap: str) -> Any:
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_stops_at_a_signal_and_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Up(tmp_path, "--workers", "2") as up:
        assert _status(up.ready()) == 200
        children = up.children()
        assert len(children) == 6
        assert [(s.run, s.process_id, s.addresses) for s in sorted(up.starts)] == [
            (1, 0, 2),
            (1, 1, 2),
        ]
        assert set(TOPICS) <= set(_metadata(up.settings["kafka"]["bootstrap_servers"]).topics)
        assert up.end(number) == 0
        assert psutil.wait_procs(children, timeout=10)[1] == []
        assert "NO WRITE KEYS ARE CONFIGURED: any write key is taken" in up.errors
        assert "in memory only" in up.errors
    assert up.rest == ""  # after the one line
    assert list(up.home.iterdir()) == list(up.work.iterdir()) == []
    # Both workers drained into the store while it still ran.
    assert (up.data / "store" / "appendonlydir").is_dir()
    log = b"".join(p.read_bytes() for p in (up.data / "store" / "appendonlydir").glob("*.aof"))
    assert log.count(b"drained") == 2


def test_after_a_kill_no_child_lives_and_a_new_start_works(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        up.ready()
        children = up.children()
        with redis.Redis.from_url(up.settings["redis"]["url"]) as store:
            store.set("kept", "yes")
        up.process.kill()
        assert len(children) == 5
        assert psutil.wait_procs(children, timeout=10)[1] == []
    with Up(tmp_path) as up:
        up.ready()
        with redis.Redis.from_url(up.settings["redis"]["url"]) as store:
            assert store.get("kept") == b"yes"
        assert [start.run for start in up.starts] == [1, 2]
        assert up.end() == 0


def test_a_killed_worker_means_a_new_run_for_all_and_a_purge(tmp_path: Path) -> None:
    with Up(tmp_path, "--workers", "2") as up:
        up.ready()
        left = "INSERT INTO snaps (step_id, state_key, snap_epoch) VALUES ('s', 'k', 7)"
        with sqlite3.connect(up.data / "recovery" / "part-0.sqlite3") as part:
            part.execute(left)
        first = sorted(up.starts)
        psutil.Process(first[0].pid).kill()
        until(lambda: len(up.starts) == 4)
        second = sorted(up.starts)[2:]
        assert [(start.run, start.process_id) for start in second] == [(2, 0), (2, 1)]
        assert not psutil.pid_exists(first[1].pid)
        assert part.execute("SELECT COUNT(*) FROM snaps").fetchone() == (0,)
        part.close()
        with redis.Redis.from_url(up.settings["redis"]["url"]) as store:
            assert store.get(run_key("live")) == b"2"
        assert up.end() == 0
        assert up.errors.count("worker-0 was killed by signal 9") == 1


def test_each_server_that_dies_comes_back_where_it_was(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        url = up.ready()
        bootstrap = up.settings["kafka"]["bootstrap_servers"]
        assert up.settings["kafka"]["on_new_log"] == "restart"
        log = _metadata(bootstrap).cluster_id

        up.child("standins.py api").kill()
        until(lambda: "api starts again" in up.errors)
        until(lambda: len(up.children()) == 5)

        up.child("valkey-server").kill()
        until(lambda: "store starts again" in up.errors)
        until(lambda: len(up.children()) == 5)
        until(lambda: _answers(up.settings["redis"]["url"]))
        with redis.Redis.from_url(up.settings["redis"]["url"]) as store:
            assert store.get(run_key("live")) == b"1"
        assert len(up.starts) == 1

        up.child("tansu").kill()
        until(lambda: len(up.starts) == 2)
        assert up.starts[1].run == 2
        assert _metadata(bootstrap).cluster_id != log

        until(lambda: _serves(url))
        assert up.end() == 0


def test_no_start_makes_strangers_of_the_people_that_are_stored(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        up.ready()
        names = names_of(Settings(data_dir=up.data))
        with redis.Redis.from_url(up.settings["redis"]["url"]) as store:
            store.set(Keys().profile("default", names.token("default", "ada")), b"a profile")
        assert up.end() == 0
    secret, ran = up.data / FILE, up.data / "run" / "settings.json"
    kept = secret.read_text()
    secret.unlink()
    with Up(tmp_path) as up:
        up.ready()
        assert up.end() == 0
    assert secret.read_text() == kept, "what ran last had it too"
    for gone in (secret, ran):
        gone.unlink()
    with Up(tmp_path) as up:
        assert up.process.wait(WAIT_SECONDS) == 1
        assert "stored under pseudonyms of another secret" in up.errors
    assert not secret.exists(), "a new one would pass for the one that is lost"
    assert not ran.exists()
    secret.write_text(kept)
    with Up(tmp_path, HEADRACE_API__PSEUDONYMS="0") as up:
        assert up.process.wait(WAIT_SECONDS) == 1
        assert "with api.pseudonyms on; or begin" in up.errors
    with Up(tmp_path) as up:
        up.ready()
        assert up.end() == 0


def test_given_servers_are_used_and_none_of_our_own(
    tmp_path: Path, store_url: str, broker: str, namespace: str
) -> None:
    options = ("--redis", store_url, "--kafka", broker)
    with Up(tmp_path, *options, HEADRACE_NAMESPACE=namespace) as up:
        up.ready()
        assert len(up.children()) == 3
        assert up.settings["kafka"]["on_new_log"] == "refuse"
        assert "in memory only" not in up.errors
        assert set(TOPICS) <= set(_metadata(broker).topics)
        with redis.Redis.from_url(store_url) as store:
            assert store.get(run_key(namespace)) == b"1"
        assert up.end() == 0
    assert not (up.data / "store").exists()
    # A namespace never resumes from what another one has saved.
    assert (up.data / "namespaces" / namespace / "recovery").is_dir()
    assert not (up.data / "recovery").exists()


def test_flow_and_api_may_run_apart(
    tmp_path: Path, store_url: str, broker: str, namespace: str
) -> None:
    options = ("--redis", store_url, "--kafka", broker, "--only")
    (tmp_path / "api").mkdir()
    with (
        Up(tmp_path, *options, "flow", HEADRACE_NAMESPACE=namespace) as flow,
        Up(tmp_path / "api", *options, "api", HEADRACE_NAMESPACE=namespace) as api,
    ):
        assert _status(api.ready()) == 200
        assert flow.line() == "ready flow\n"
        assert [len(flow.children()), len(api.children())] == [1, 2]
        assert (flow.end(), api.end()) == (0, 0)
        assert "NO WRITE KEYS" not in flow.errors
    assert not (api.data / "recovery").exists()


def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with Up(tmp_path) as up:
        up.ready()
        done = _run("up", "--data-dir", str(up.data), "--port", "0")
        assert done.returncode == 1
        assert f"D is in use by process {up.process.pid}: stop it first" in done.stderr
        assert up.end() == 0


def test_a_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        up.ready()
        children = up.children()
        up.child("standins.py worker").suspend()  # it cannot drain
        up.process.send_signal(signal.SIGINT)
        until(lambda: "stopping" in up.errors)
        assert up.end(signal.SIGINT) == 0
        assert psutil.wait_procs(children, timeout=10)[1] == []


def test_write_keys_open_the_door_to_others(tmp_path: Path) -> None:
    with Up(tmp_path, "--host", "0.0.0.0", HEADRACE_API__SITES__SHOP="k") as up:
        assert _status(up.ready()) == 200
        assert "NO WRITE KEYS" not in up.errors
        assert up.end() == 0


def _run(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"} | environ,
        cwd=ROOT,
        timeout=60,
        check=False,
    )


def test_the_network_is_refused_without_write_keys(tmp_path: Path) -> None:
    done = _run("up", "--host", "0.0.0.0", "--data-dir", str(tmp_path / "D"))
    assert done.returncode == 2
    assert done.stderr.startswith("headrace: api.host is 0.0.0.0")
    assert "HEADRACE_API__SITES__SHOP=KEY" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "D").exists()


def test_a_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = _run("up", "--port", port, "--data-dir", str(tmp_path / "D"))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "choose another with --port" in done.stderr
    assert not (tmp_path / "D" / "store").exists()


def test_of_two_that_are_given_one_port_one_serves_and_the_other_says_why_not(
    tmp_path: Path,
) -> None:
    port = free_port()
    for name in "ab":
        (tmp_path / name).mkdir()
    at = ("--port", str(port))
    with Up(tmp_path / "a", *at) as first, Up(tmp_path / "b", *at) as second:
        lines = [first.line(), second.line()]  # an empty one at the end of the output
        assert sorted(lines) == ["", f"ready http://127.0.0.1:{port}\n"]
        lost = (first, second)[lines.index("")]
        assert lost.process.wait(WAIT_SECONDS) == 1
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in lost.errors


def test_an_address_of_another_machine_is_said(tmp_path: Path) -> None:
    done = _run(
        *("up", "--host", "192.0.2.1", "--data-dir", str(tmp_path / "D")),
        HEADRACE_API__SITES__SHOP="k",
    )
    assert done.returncode == 1
    assert "cannot listen on 192.0.2.1:8000: Cannot assign requested address" in done.stderr


def test_a_recovery_folder_of_another_size_is_refused_at_once(
    tmp_path: Path, store_url: str, broker: str
) -> None:
    options = ("--redis", store_url, "--kafka", broker)
    with Up(tmp_path, *options, HEADRACE_FLOW__RECOVERY_PARTS="2") as up:
        up.ready()
        assert up.end() == 0
    with Up(tmp_path, *options, HEADRACE_FLOW__RECOVERY_PARTS="3") as up:
        assert up.process.wait(60) == 1
        assert "partition" in up.errors
        assert len(up.starts) == 1


def test_a_refused_store_password_is_said_without_showing_it(
    tmp_path: Path, store_url: str, broker: str
) -> None:
    address = store_url.rpartition("@")[2]
    with Up(tmp_path, "--redis", f"redis://:guessed@{address}", "--kafka", broker) as up:
        assert up.process.wait(60) == 1
        assert "refuses us" in up.errors
        assert "guessed" not in up.errors
