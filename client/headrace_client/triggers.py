# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of triggers, waiting and with asyncio."""

from typing import cast

from headrace_client.calls import Call
from headrace_client.transport import AsyncTransport, Transport
from headrace_client.triggers_types import (
    DeadLettersAnswer,
    PollTriggersAnswer,
    ReplayTriggersAnswer,
    ReplayTriggersBody,
    RotateSecretBody,
    SubscribeAnswer,
    SubscribeBody,
    SubscriptionsAnswer,
    SubscriptionsAnswerSubscriptions,
    TriggersOfAnswer,
)


class Triggers(Transport):
    """Operations of triggers."""

    def poll_triggers(
        self,
        *,
        campaign: list[str] | None = None,
        segment: list[str] | None = None,
        type: list[str] | None = None,
        subscription: str | None = None,
        cursor: str | None = None,
        wait: int | None = None,
        limit: int | None = None,
    ) -> PollTriggersAnswer:
        """Triggers after a cursor: `GET /v1/triggers`."""
        return cast(
            "PollTriggersAnswer",
            self._call(
                Call(
                    "GET",
                    "/v1/triggers",
                    {},
                    {
                        "campaign": campaign,
                        "segment": segment,
                        "type": type,
                        "subscription": subscription,
                        "cursor": cursor,
                        "wait": wait,
                        "limit": limit,
                    },
                )
            ),
        )

    def triggers_of(self, id: str, *, n: int | None = None) -> TriggersOfAnswer:
        """What campaigns sent to a person: `GET /v1/users/{id}/triggers`."""
        return cast(
            "TriggersOfAnswer",
            self._call(Call("GET", "/v1/users/{id}/triggers", {"id": id}, {"n": n})),
        )

    def subscriptions(
        self,
    ) -> SubscriptionsAnswer:
        """Subscriptions of the site: `GET /v1/subscriptions`."""
        return cast("SubscriptionsAnswer", self._call(Call("GET", "/v1/subscriptions", {}, {})))

    def subscribe(self, body: SubscribeBody) -> SubscribeAnswer:
        """Subscribe: `POST /v1/subscriptions`."""
        return cast("SubscribeAnswer", self._call(Call("POST", "/v1/subscriptions", {}, {}, body)))

    def subscription(self, id: str) -> SubscriptionsAnswerSubscriptions:
        """One subscription: `GET /v1/subscriptions/{id}`."""
        return cast(
            "SubscriptionsAnswerSubscriptions",
            self._call(Call("GET", "/v1/subscriptions/{id}", {"id": id}, {})),
        )

    def change_subscription(self, id: str, body: SubscribeBody) -> SubscriptionsAnswerSubscriptions:
        """Change a subscription: `PUT /v1/subscriptions/{id}`."""
        return cast(
            "SubscriptionsAnswerSubscriptions",
            self._call(Call("PUT", "/v1/subscriptions/{id}", {"id": id}, {}, body)),
        )

    def unsubscribe(self, id: str) -> None:
        """End a subscription: `DELETE /v1/subscriptions/{id}`."""
        return cast("None", self._call(Call("DELETE", "/v1/subscriptions/{id}", {"id": id}, {})))

    def enable_subscription(self, id: str) -> SubscriptionsAnswerSubscriptions:
        """Switch a webhook on again: `POST /v1/subscriptions/{id}/enable`."""
        return cast(
            "SubscriptionsAnswerSubscriptions",
            self._call(Call("POST", "/v1/subscriptions/{id}/enable", {"id": id}, {})),
        )

    def rotate_secret(self, id: str, body: RotateSecretBody) -> SubscribeAnswer:
        """Make a new secret: `POST /v1/subscriptions/{id}/secret`."""
        return cast(
            "SubscribeAnswer",
            self._call(Call("POST", "/v1/subscriptions/{id}/secret", {"id": id}, {}, body)),
        )

    def dead_letters(self, id: str, *, after: str | None = None) -> DeadLettersAnswer:
        """What was given up on: `GET /v1/subscriptions/{id}/dead`."""
        return cast(
            "DeadLettersAnswer",
            self._call(Call("GET", "/v1/subscriptions/{id}/dead", {"id": id}, {"after": after})),
        )

    def replay_triggers(self, id: str, body: ReplayTriggersBody) -> ReplayTriggersAnswer:
        """Deliver a range again: `POST /v1/subscriptions/{id}/replay`."""
        return cast(
            "ReplayTriggersAnswer",
            self._call(Call("POST", "/v1/subscriptions/{id}/replay", {"id": id}, {}, body)),
        )


class AsyncTriggers(AsyncTransport):
    """The same with asyncio."""

    async def poll_triggers(
        self,
        *,
        campaign: list[str] | None = None,
        segment: list[str] | None = None,
        type: list[str] | None = None,
        subscription: str | None = None,
        cursor: str | None = None,
        wait: int | None = None,
        limit: int | None = None,
    ) -> PollTriggersAnswer:
        """Triggers after a cursor: `GET /v1/triggers`."""
        return cast(
            "PollTriggersAnswer",
            await self._call(
                Call(
                    "GET",
                    "/v1/triggers",
                    {},
                    {
                        "campaign": campaign,
                        "segment": segment,
                        "type": type,
                        "subscription": subscription,
                        "cursor": cursor,
                        "wait": wait,
                        "limit": limit,
                    },
                )
            ),
        )

    async def triggers_of(self, id: str, *, n: int | None = None) -> TriggersOfAnswer:
        """What campaigns sent to a person: `GET /v1/users/{id}/triggers`."""
        return cast(
            "TriggersOfAnswer",
            await self._call(Call("GET", "/v1/users/{id}/triggers", {"id": id}, {"n": n})),
        )

    async def subscriptions(
        self,
    ) -> SubscriptionsAnswer:
        """Subscriptions of the site: `GET /v1/subscriptions`."""
        return cast(
            "SubscriptionsAnswer", await self._call(Call("GET", "/v1/subscriptions", {}, {}))
        )

    async def subscribe(self, body: SubscribeBody) -> SubscribeAnswer:
        """Subscribe: `POST /v1/subscriptions`."""
        return cast(
            "SubscribeAnswer", await self._call(Call("POST", "/v1/subscriptions", {}, {}, body))
        )

    async def subscription(self, id: str) -> SubscriptionsAnswerSubscriptions:
        """One subscription: `GET /v1/subscriptions/{id}`."""
        return cast(
            "SubscriptionsAnswerSubscriptions",
            await self._call(Call("GET", "/v1/subscriptions/{id}", {"id": id}, {})),
        )

    async def change_subscription(
        self, id: str, body: SubscribeBody
    ) -> SubscriptionsAnswerSubscriptions:
        """Change a subscription: `PUT /v1/subscriptions/{id}`."""
        return cast(
            "SubscriptionsAnswerSubscriptions",
            await self._call(Call("PUT", "/v1/subscriptions/{id}", {"id": id}, {}, body)),
        )

    async def unsubscribe(self, id: str) -> None:
        """End a subscription: `DELETE /v1/subscriptions/{id}`."""
        return cast(
            "None", await self._call(Call("DELETE", "/v1/subscriptions/{id}", {"id": id}, {}))
        )

    async def enable_subscription(self, id: str) -> SubscriptionsAnswerSubscriptions:
        """Switch a webhook on again: `POST /v1/subscriptions/{id}/enable`."""
        return cast(
            "SubscriptionsAnswerSubscriptions",
            await self._call(Call("POST", "/v1/subscriptions/{id}/enable", {"id": id}, {})),
        )

    async def rotate_secret(self, id: str, body: RotateSecretBody) -> SubscribeAnswer:
        """Make a new secret: `POST /v1/subscriptions/{id}/secret`."""
        return cast(
            "SubscribeAnswer",
            await self._call(Call("POST", "/v1/subscriptions/{id}/secret", {"id": id}, {}, body)),
        )

    async def dead_letters(self, id: str, *, after: str | None = None) -> DeadLettersAnswer:
        """What was given up on: `GET /v1/subscriptions/{id}/dead`."""
        return cast(
            "DeadLettersAnswer",
            await self._call(
                Call("GET", "/v1/subscriptions/{id}/dead", {"id": id}, {"after": after})
            ),
        )

    async def replay_triggers(self, id: str, body: ReplayTriggersBody) -> ReplayTriggersAnswer:
        """Deliver a range again: `POST /v1/subscriptions/{id}/replay`."""
        return cast(
            "ReplayTriggersAnswer",
            await self._call(Call("POST", "/v1/subscriptions/{id}/replay", {"id": id}, {}, body)),
        )
