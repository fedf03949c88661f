"""The live flow of a namespace beside the one that is served: it writes views and no more."""

from cli.cluster import Cluster, child_environ
from cli.folders import namespace_dir
from cli.supervisor import Unit
from contracts.launch import SHADOW
from contracts.settings import RedisSettings, Settings
from flows.recovery import prepare
from flows.segments import sweep_all
from storage.redis_views import RedisViews

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
        self._settings.save(file)
        cluster = Cluster(
            self._folder,
            self._settings.flow.workers,
            {**child_environ(file, self._folder), SHADOW: "1"},
            self._prepare,
            self._issue_run,
        )
        return Unit("flow", cluster.start, cluster.ready, stop_seconds=DRAIN_SECONDS)

    def _prepare(self) -> None:
        recovery = self._folder / "recovery"
        prepare(recovery, self._settings.flow.recovery_parts)
        sweep_all(self._folder / "state", recovery)

    def _issue_run(self) -> int:
        views = RedisViews.open(self._settings.redis)
        try:
            return views.issue_run(self._settings.namespace)
        finally:
            views.close()
