"""Every documented operation, asked what its schema allows: it keeps to its description.

`HEADRACE_SCHEMA_EXAMPLES=200 pytest tests/api/test_schema.py` asks longer.
"""

import os
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cli.embedded import EmbeddedBroker, EmbeddedStore
from tests.api.running import serving

EXAMPLES: Final = int(os.environ.get("HEADRACE_SCHEMA_EXAMPLES", "2"))
ENDLESS: Final = "/v1/triggers/stream"
POLL: Final = "/v1/triggers"
CHECKS: Final = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def faults_of(operation: Any, url: str) -> list[str]:
    """Ask an operation of what its schema says; return what is wrong with the answers."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if operation.path == POLL:
            case.query = {**(case.query or {}), "wait": 0}  # not to wait for a trigger
        answer = case.call(base_url=url, timeout=30)
        case.validate_response(answer, checks=CHECKS)

    try:
        ask()
    except FailureGroup as group:
        return [f"{operation.label}: {type(one).__name__}: {one}" for one in group.exceptions]
    return []


def test_operations_keep_to_their_description(
    own_broker: EmbeddedBroker, own_store: EmbeddedStore
) -> None:
    load_all_checks()
    with serving(own_broker.bootstrap_servers, **{"redis.url": own_store.url}) as url:
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json").exclude(path=ENDLESS)
        operations = [found.ok() for found in schema.get_all_operations()]
        faults = [fault for operation in operations for fault in faults_of(operation, url)]
    assert len(operations) > 40
    assert not faults, "\n".join(faults)
