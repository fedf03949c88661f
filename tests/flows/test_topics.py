"""The topics as they are made."""

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from contracts.keys import CATALOG_TOPIC, CONTROL_TOPIC
from flows.topics import create_topics


def test_what_is_in_force_is_kept_by_its_key_however_old(own_broker) -> None:
    assert create_topics(own_broker.bootstrap_servers, 4) == (), "they are there"
    admin = AdminClient({"bootstrap.servers": own_broker.bootstrap_servers})
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in (CONTROL_TOPIC, CATALOG_TOPIC)]
    control, catalog = (
        {name: entry.value for name, entry in found.result(10).items()}.get("cleanup.policy")
        for found in admin.describe_configs(asked).values()
    )
    assert control == "compact"
    assert catalog != "compact", "an event is joined with the record of its own time"
