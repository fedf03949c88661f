"""Whether the broker is there, and its topics keep what they have to."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource

from cli.doctor.finding import Finding, fail, ok, warn
from cli.doctor.store import SKEW_MS
from contracts.keys import CATALOG_TOPIC, CONTROL_TOPIC, DAY_MS, EVENT_TOPICS, TOPICS
from contracts.settings import Settings, kafka_config
from contracts.wording import counted
from flows.kafka_client import KafkaRefused, cause, client, quiet
from flows.topics import RETENTION_MS

AREA: Final = "kafka"
TIMEOUT_S: Final = 5.0
FOREVER: Final = -1


def check_kafka(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the broker that the settings name. It writes nothing."""
    bootstrap = settings.kafka.bootstrap_servers
    if not bootstrap:
        yield ok(AREA, "reach", "the embedded broker; `headrace up` starts it")
        return
    try:
        admin = client(AdminClient, quiet(kafka_config(settings), lambda _: None))
        started = time.perf_counter()
        found = admin.list_topics(timeout=TIMEOUT_S)
    except (KafkaException, KafkaRefused) as error:
        why = cause(error).str() if isinstance(error, KafkaException) else str(error)
        mend = "start it, open the way to it, or set kafka.bootstrap_servers and kafka.options"
        yield fail(AREA, "reach", f"Kafka at {bootstrap} does not answer: {why}", mend)
        return
    took = (time.perf_counter() - started) * 1000
    brokers = len(found.brokers)
    told = f"{counted(brokers, 'broker')} at {bootstrap}, told of in {took:,.0f} ms"
    yield ok(AREA, "reach", told)
    topics = {name: topic.partitions for name, topic in found.topics.items() if name in TOPICS}
    yield _all_there(topics)
    if not topics:
        return
    yield from partitions_judged(topics, settings.flow.workers, brokers)
    yield from _retention(admin, sorted(topics))
    yield _clock(settings, topics)


def partitions_judged(
    topics: Mapping[str, Mapping[int, Any]], workers: int, brokers: int
) -> Iterator[Finding]:
    """Yield what partitions, their copies and their leaders tell."""
    counts = {name: len(topics[name]) for name in EVENT_TOPICS if name in topics}
    text = ", ".join(f"{name} {count}" for name, count in counts.items())
    if counts and min(counts.values()) < workers:
        mend = f"fewer workers than {workers}, or more partitions (with a new log: keys move)"
        yield warn(AREA, "partitions", f"fewer partitions than workers: {text}", mend)
    elif counts:
        yield ok(AREA, "partitions", f"partitions: {text}; {workers} to read them")
    every = [(name, part) for name, parts in topics.items() for part in parts.values()]
    headless = sorted({name for name, part in every if part.leader < 0})
    behind = sorted({name for name, part in every if len(part.isrs) < len(part.replicas)})
    single = sorted({name for name, part in every if len(part.replicas) < 2})
    if headless:
        mend = "bring the brokers back that hold them: nothing of them can be read or written"
        yield fail(AREA, "leaders", f"partitions without a leader: {', '.join(headless)}", mend)
    if behind:
        mend = "look for a broker that is away or slow"
        yield warn(AREA, "copies", f"copies are behind: {', '.join(behind)}", mend)
    if single and brokers > 1:
        mend = "give them more copies (kafka.replication is for topics that Headrace makes)"
        yield warn(AREA, "copies", f"one copy only: {', '.join(single)}", mend)


def retention_judged(configs: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Yield what is to be said of how long topics keep records, by their configurations."""
    found = [one for name, config in configs.items() for one in _kept(name, config)]
    yield from found
    if not found:
        yield ok(AREA, "retention", f"{len(configs)} topics keep their records as they should")


def _kept(name: str, config: Mapping[str, str]) -> Iterator[Finding]:
    kept = int(config.get("retention.ms", FOREVER))
    alter = f"kafka-configs --alter --entity-type topics --entity-name {name} --add-config"
    if name == CONTROL_TOPIC:
        if "compact" not in config.get("cleanup.policy", ""):
            text = f"{name} is not compacted: what is in force will be deleted"
            yield fail(AREA, "retention", text, f"{alter} cleanup.policy=compact")
    elif name == CATALOG_TOPIC:
        if kept != FOREVER:
            text = f"{name} keeps {_days(kept)}: a replay would not know older items"
            yield warn(AREA, "retention", text, f"{alter} retention.ms=-1")
    elif name in EVENT_TOPICS and 0 <= kept < DAY_MS:
        text = f"{name} keeps {_days(kept)}: a flow that stood still for longer would lose events"
        yield fail(AREA, "retention", text, f"{alter} retention.ms={RETENTION_MS}")
    elif kept == FOREVER or kept > RETENTION_MS:
        text = f"{name} keeps {_days(kept)}: events of erased people lie there for as long"
        yield warn(AREA, "retention", text, f"{alter} retention.ms={RETENTION_MS}")


def _days(kept_ms: int) -> str:
    return "everything" if kept_ms == FOREVER else f"{kept_ms / DAY_MS:,.1f} days"


def _all_there(topics: Mapping[str, Any]) -> Finding:
    missing = [name for name in TOPICS if name not in topics]
    if not missing:
        return ok(AREA, "topics", f"all {len(TOPICS)} topics are there")
    mend = "headrace topics --kafka ...; or `headrace up`, which makes them where it may"
    return fail(AREA, "topics", f"topics that are missing: {', '.join(missing)}", mend)


def _retention(admin: Any, topics: list[str]) -> Iterator[Finding]:
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics]
    try:
        answers = {
            resource.name: future.result(TIMEOUT_S)
            for resource, future in admin.describe_configs(asked, request_timeout=TIMEOUT_S).items()
        }
    except KafkaException as error:
        mend = "allow DescribeConfigs on the topics, or see to their retention by other means"
        yield warn(AREA, "retention", f"it may not be asked: {cause(error).str()}", mend)
        return
    yield from retention_judged(
        {
            name: {key: entry.value for key, entry in config.items() if entry.value is not None}
            for name, config in answers.items()
        }
    )


def _clock(settings: Settings, topics: Mapping[str, Mapping[int, Any]]) -> Finding:
    """Return how the stamps of the newest records stand to this machine's clock."""
    config = {**quiet(kafka_config(settings), lambda _: None), "group.id": settings.kafka.group}
    consumer = client(Consumer, {**config, "enable.auto.commit": False})
    try:
        newest = _newest(consumer, topics)
    except KafkaException as error:
        return warn(AREA, "clock", f"no record can be read: {cause(error).str()}", "allow Read")
    finally:
        consumer.close()
    if newest is None:
        return ok(AREA, "clock", "no records yet whose stamps could be compared with our clock")
    ahead = newest - time.time() * 1000
    if ahead > SKEW_MS:
        mend = "let NTP set the clocks of brokers, of whoever produces, and of this machine"
        return warn(AREA, "clock", f"the newest record is {ahead:,.0f} ms ahead of our clock", mend)
    return ok(AREA, "clock", f"the newest record is {-ahead / 1000:,.1f} s old")


def _newest(consumer: Any, topics: Mapping[str, Mapping[int, Any]]) -> int | None:
    last = []
    for name in (*EVENT_TOPICS, CONTROL_TOPIC):
        for part in topics.get(name, ()):
            low, high = consumer.get_watermark_offsets(TopicPartition(name, part), TIMEOUT_S)
            if high > low:
                last.append(TopicPartition(name, part, high - 1))
    consumer.assign(last)
    stamps: list[int] = []
    deadline = time.monotonic() + TIMEOUT_S
    while len(stamps) < len(last) and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            stamps.append(message.timestamp()[1])
    return max(stamps, default=None)
