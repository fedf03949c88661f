"""The examples of consumers, run as they are: each trigger is handled once, forgeries are not."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from cli.embedded import EmbeddedBroker, EmbeddedStore
from cli.embedded.ports import free_port
from contracts.cloudevents import encode_trigger
from tests.api.running import serving
from tests.api.triggers.firing import fire, trigger
from tests.cli.running import ROOT

FOLDER = ROOT / "examples" / "consumers"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LANGUAGES = [
    "py",
    pytest.param(
        "mjs", marks=pytest.mark.skipif(shutil.which("node") is None, reason="node is not there")
    ),
]


@contextmanager
def program(name: str, *arguments: str, **environ: str) -> Iterator["subprocess.Popen[str]"]:
    """Run an example; it is killed at the end."""
    file = FOLDER / name
    runner = [sys.executable] if Path(name).suffix == ".py" else ["node"]
    running = subprocess.Popen(
        [*runner, str(file), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environ,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def line(running: "subprocess.Popen[str]") -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receiver_takes_what_is_signed_and_each_once(language: str) -> None:
    port = free_port()
    body = encode_trigger(trigger(1, send={"mail": "cart"})).decode()
    now = datetime.now(UTC)

    def post(id_: str, signed: str) -> int:
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(id_, now, signed),
        }
        return httpx.post(
            f"http://127.0.0.1:{port}/hooks", content=body, headers=headers
        ).status_code

    with program(f"webhook.{language}", str(port), SECRET=SECRET) as running:
        assert line(running) == "ready"
        assert post("t1", body + " ") == 401
        assert [post("t1", body), post("t1", body), post("t2", body)] == [204, 204, 204]
        lines = [line(running), line(running)]
    for told in lines:
        sent, _, whom = told.removeprefix("send ").partition(" to ")
        assert json.loads(sent.replace("'", '"')) == {"mail": "cart"}
        assert whom == "user-1 for cart"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stream_is_read_on_after_a_break(
    language: str, own_broker: EmbeddedBroker, own_store: EmbeddedStore
) -> None:
    given = {"redis.url": own_store.url, "api.port": free_port()}
    url = f"http://127.0.0.1:{given['api.port']}"
    with program(f"stream.{language}", url, KEY="any") as running:
        with serving(own_broker.bootstrap_servers, **given):
            fire(own_store.url, [trigger(1), trigger(2)])
            assert line(running).endswith("cart for user-1")
            assert line(running).endswith("cart for user-2")
        with serving(own_broker.bootstrap_servers, **given):
            fire(own_store.url, [trigger(3)])
            assert line(running).endswith("cart for user-3")
