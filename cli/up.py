"""`headrace up`: store, broker, workers and API on this machine, supervised."""

import logging
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.checks import check_exposure, check_rules, check_servers
from cli.errors import CommandError, WrongUseError
from cli.options import ConfigFile, DataDir, Kafka, Redis, Workers
from cli.part import Part
from cli.pseudonyms import check_secret
from contracts.settings import ApiSettings, Loaded, Settings

logger = logging.getLogger("headrace")

EXAMPLES = """\b
Examples:
  headrace up
  headrace up --workers 2 --port 8000 --data-dir var
  headrace up --kafka broker-1:9092,broker-2:9092 --redis rediss://user:secret@cache:6380/0
  headrace up --config headrace.toml --only flow
"""

app = typer.Typer(add_completion=False)


@app.command(epilog=EXAMPLES)
def up(
    workers: Workers = None,
    host: Annotated[str | None, typer.Option(help="Address that the API listens on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port of the API; 0 takes a free one.")
    ] = None,
    data_dir: DataDir = None,
    kafka: Kafka = None,
    redis: Redis = None,
    config: ConfigFile = None,
    only: Annotated[
        Part, typer.Option(help="Run only this part; needs servers that all parts reach.")
    ] = Part.ALL,
) -> None:
    """Run the live engine on this machine until SIGTERM or Ctrl-C.

    Prints one line, `ready URL`, on stdout once it serves; all else goes to stderr and to the
    folder `logs` of the data folder. Options stand over the environment (HEADRACE_...), which
    stands over the settings file.
    """
    given: dict[str, Any] = {
        "flow.workers": workers,
        "api.host": host,
        "api.port": port,
        "data_dir": data_dir,
        "kafka.bootstrap_servers": kafka,
        "redis.url": redis,
    }
    loaded = Settings.trace(config, os.environ, given)
    check_servers(loaded.settings)
    if only.serves:
        check_exposure(loaded.settings.api)
        check_rules(loaded.settings)
        check_secret(loaded.settings)
    if only is not Part.ALL:
        check_shared(loaded.settings)
    run(loaded, only)


def warn_of_no_keys(api: ApiSettings) -> None:
    """Say loudly that anybody on this machine may do anything."""
    if not api.asks_for_keys:
        logger.warning(
            "NO WRITE KEYS ARE CONFIGURED: any write key is taken, for site `default`. Only "
            "programs on this machine can reach %s. For real use set "
            "HEADRACE_API__SITES__SHOP=KEY.",
            api.host,
        )


def check_shared(settings: Settings) -> None:
    """Refuse to run a part with servers of its own, which the other parts would not know."""
    if not settings.kafka.bootstrap_servers or not settings.redis.url.get_secret_value():
        raise WrongUseError(
            "--only needs the servers that the other parts use: --kafka and --redis"
        )


def run(loaded: Loaded, part: Part = Part.ALL) -> None:
    """Run everything until a signal; raise `CommandError` when it cannot or does not stay up."""
    # Here, so that `headrace up --help` needs no Kafka or Redis client.
    from cli.children import ChildError
    from cli.compiling import COMPILED, is_compiled
    from cli.lock import DataDirLock, LockedError
    from cli.supervisor import GaveUpError, Supervisor
    from cli.units import Deployment

    data_dir = loaded.settings.data_dir.resolve()
    try:
        with DataDirLock(data_dir) as lock:
            _log_to(data_dir / "logs" / "up.log")
            deployment = Deployment(loaded, data_dir, lock.descriptor, part)
            if part.serves:
                warn_of_no_keys(loaded.settings.api)
            if not is_compiled(data_dir / COMPILED):
                logger.info("compiling loops of the models, this once: half a minute or so")
            line = deployment.ready_line
            Supervisor(deployment.units(), lambda: print(line, flush=True)).run()
    except (ChildError, GaveUpError, LockedError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"cannot run in {data_dir}: {error}") from error


def _log_to(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
