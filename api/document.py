"""The OpenAPI document without a service that runs: for clients, and for whoever reads it."""

from typing import Any

from pydantic import SecretStr

from api.app import create_app
from contracts.settings import ApiSettings, KafkaSettings, RedisSettings, Settings


def openapi_document() -> dict[str, Any]:
    """Return the document; nothing is connected to.

    >>> openapi_document()["info"]["title"]
    'Headrace'
    """
    nowhere = Settings(
        kafka=KafkaSettings(bootstrap_servers="broker:9092"),
        redis=RedisSettings(url=SecretStr("redis://store:6379/0")),
        api=ApiSettings(pseudonyms=False),  # which have no route of their own
    )
    return create_app(nowhere).openapi()
