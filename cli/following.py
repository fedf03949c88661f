"""The live flow of a namespace beside the one that is served: it writes views and no more."""

from cli.cluster import Cluster, child_environ
from cli.folders import namespace_dir
from cli.preparing import issue_run, prepare_flow
from cli.supervisor import Unit
from contracts.launch import SHADOW
from contracts.settings import RedisSettings, Settings

DRAIN_SECONDS = 30.0


class Following:
    """Runs a backfilled namespace on live traffic, from where its history ended."""

    def __init__(self, settings: Settings, redis: RedisSettings, namespace: str) -> None:
        self._folder = namespace_dir(settings.data_dir, namespace)
        kafka = settings.kafka
        self._settings = settings.model_copy(
            update={
                "data_dir": self._folder,
                "namespace": namespace,
                "redis": redis,
                # Lag tools are to see two readers, not one that jumps.
                "kafka": kafka.model_copy(update={"group": f"{kafka.group}-{namespace}"}),
            }
        )

    def unit(self) -> Unit:
        """Return what a supervisor runs."""
        file = self._folder / "run" / "settings.json"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = self._settings
        settings.save(file)
        cluster = Cluster(
            self._folder,
            settings.flow.workers,
            {**child_environ(file, self._folder), SHADOW: "1"},
            lambda: prepare_flow(self._folder, settings.flow.recovery_parts),
            lambda: issue_run(settings.redis, settings.namespace),
        )
        return Unit("flow", cluster.start, cluster.ready, stop_seconds=DRAIN_SECONDS)
