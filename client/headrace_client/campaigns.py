# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of campaigns, waiting and with asyncio."""

from typing import cast

from headrace_client.calls import Call
from headrace_client.campaigns_types import (
    CampaignAnswer,
    CampaignAnswerVersions,
    CampaignResultsAnswer,
    CampaignsAnswer,
    CampaignVocabularyAnswer,
    CheckCampaignAnswer,
    CreateCampaignAnswer,
    CreateCampaignBody,
    PreviewCampaignAnswer,
)
from headrace_client.transport import AsyncTransport, Transport


class Campaigns(Transport):
    """Operations of campaigns."""

    def campaigns(self, *, site: str | None = None) -> CampaignsAnswer:
        """All campaigns of a site: `GET /v1/campaigns`."""
        return cast("CampaignsAnswer", self._call(Call("GET", "/v1/campaigns", {}, {"site": site})))

    def create_campaign(
        self, body: CreateCampaignBody, *, site: str | None = None
    ) -> CreateCampaignAnswer:
        """Make a campaign: `POST /v1/campaigns`."""
        return cast(
            "CreateCampaignAnswer",
            self._call(Call("POST", "/v1/campaigns", {}, {"site": site}, body)),
        )

    def campaign_vocabulary(self, *, site: str | None = None) -> CampaignVocabularyAnswer:
        """What conditions may speak of, and the templates: `GET /v1/campaigns/vocabulary`."""
        return cast(
            "CampaignVocabularyAnswer",
            self._call(Call("GET", "/v1/campaigns/vocabulary", {}, {"site": site})),
        )

    def check_campaign(
        self, body: CreateCampaignBody, *, site: str | None = None
    ) -> CheckCampaignAnswer:
        """Say what is wrong with a campaign: `POST /v1/campaigns/check`."""
        return cast(
            "CheckCampaignAnswer",
            self._call(Call("POST", "/v1/campaigns/check", {}, {"site": site}, body)),
        )

    def preview_campaign(
        self, body: CreateCampaignBody, *, n: int | None = None, site: str | None = None
    ) -> PreviewCampaignAnswer:
        """Say whom a campaign could reach: `POST /v1/campaigns/preview`."""
        return cast(
            "PreviewCampaignAnswer",
            self._call(Call("POST", "/v1/campaigns/preview", {}, {"n": n, "site": site}, body)),
        )

    def campaign_results(
        self, id: str, *, version: int | None = None, site: str | None = None
    ) -> CampaignResultsAnswer:
        """What a campaign did, against its holdout: `GET /v1/campaigns/{id}/results`."""
        return cast(
            "CampaignResultsAnswer",
            self._call(
                Call(
                    "GET",
                    "/v1/campaigns/{id}/results",
                    {"id": id},
                    {"version": version, "site": site},
                )
            ),
        )

    def campaign(self, id: str, *, site: str | None = None) -> CampaignAnswer:
        """A campaign and its versions: `GET /v1/campaigns/{id}`."""
        return cast(
            "CampaignAnswer",
            self._call(Call("GET", "/v1/campaigns/{id}", {"id": id}, {"site": site})),
        )

    def put_campaign(
        self, id: str, body: CreateCampaignBody, *, site: str | None = None
    ) -> CreateCampaignAnswer:
        """Make or change a campaign: `PUT /v1/campaigns/{id}`."""
        return cast(
            "CreateCampaignAnswer",
            self._call(Call("PUT", "/v1/campaigns/{id}", {"id": id}, {"site": site}, body)),
        )

    def end_campaign(self, id: str, *, site: str | None = None) -> CampaignAnswerVersions:
        """End a campaign: `DELETE /v1/campaigns/{id}`."""
        return cast(
            "CampaignAnswerVersions",
            self._call(Call("DELETE", "/v1/campaigns/{id}", {"id": id}, {"site": site})),
        )


class AsyncCampaigns(AsyncTransport):
    """The same with asyncio."""

    async def campaigns(self, *, site: str | None = None) -> CampaignsAnswer:
        """All campaigns of a site: `GET /v1/campaigns`."""
        return cast(
            "CampaignsAnswer", await self._call(Call("GET", "/v1/campaigns", {}, {"site": site}))
        )

    async def create_campaign(
        self, body: CreateCampaignBody, *, site: str | None = None
    ) -> CreateCampaignAnswer:
        """Make a campaign: `POST /v1/campaigns`."""
        return cast(
            "CreateCampaignAnswer",
            await self._call(Call("POST", "/v1/campaigns", {}, {"site": site}, body)),
        )

    async def campaign_vocabulary(self, *, site: str | None = None) -> CampaignVocabularyAnswer:
        """What conditions may speak of, and the templates: `GET /v1/campaigns/vocabulary`."""
        return cast(
            "CampaignVocabularyAnswer",
            await self._call(Call("GET", "/v1/campaigns/vocabulary", {}, {"site": site})),
        )

    async def check_campaign(
        self, body: CreateCampaignBody, *, site: str | None = None
    ) -> CheckCampaignAnswer:
        """Say what is wrong with a campaign: `POST /v1/campaigns/check`."""
        return cast(
            "CheckCampaignAnswer",
            await self._call(Call("POST", "/v1/campaigns/check", {}, {"site": site}, body)),
        )

    async def preview_campaign(
        self, body: CreateCampaignBody, *, n: int | None = None, site: str | None = None
    ) -> PreviewCampaignAnswer:
        """Say whom a campaign could reach: `POST /v1/campaigns/preview`."""
        return cast(
            "PreviewCampaignAnswer",
            await self._call(
                Call("POST", "/v1/campaigns/preview", {}, {"n": n, "site": site}, body)
            ),
        )

    async def campaign_results(
        self, id: str, *, version: int | None = None, site: str | None = None
    ) -> CampaignResultsAnswer:
        """What a campaign did, against its holdout: `GET /v1/campaigns/{id}/results`."""
        return cast(
            "CampaignResultsAnswer",
            await self._call(
                Call(
                    "GET",
                    "/v1/campaigns/{id}/results",
                    {"id": id},
                    {"version": version, "site": site},
                )
            ),
        )

    async def campaign(self, id: str, *, site: str | None = None) -> CampaignAnswer:
        """A campaign and its versions: `GET /v1/campaigns/{id}`."""
        return cast(
            "CampaignAnswer",
            await self._call(Call("GET", "/v1/campaigns/{id}", {"id": id}, {"site": site})),
        )

    async def put_campaign(
        self, id: str, body: CreateCampaignBody, *, site: str | None = None
    ) -> CreateCampaignAnswer:
        """Make or change a campaign: `PUT /v1/campaigns/{id}`."""
        return cast(
            "CreateCampaignAnswer",
            await self._call(Call("PUT", "/v1/campaigns/{id}", {"id": id}, {"site": site}, body)),
        )

    async def end_campaign(self, id: str, *, site: str | None = None) -> CampaignAnswerVersions:
        """End a campaign: `DELETE /v1/campaigns/{id}`."""
        return cast(
            "CampaignAnswerVersions",
            await self._call(Call("DELETE", "/v1/campaigns/{id}", {"id": id}, {"site": site})),
        )
