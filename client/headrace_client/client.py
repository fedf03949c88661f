# Made by `python -m tests.client.generate` from the OpenAPI document.
"""The two clients."""

from headrace_client.campaigns import AsyncCampaigns, Campaigns
from headrace_client.catalogue import AsyncCatalogue, Catalogue
from headrace_client.collect import AsyncCollect, Collect
from headrace_client.decide import AsyncDecide, Decide
from headrace_client.feedback import AsyncFeedback, Feedback
from headrace_client.operations import AsyncOperations, Operations
from headrace_client.privacy import AsyncPrivacy, Privacy
from headrace_client.serve import AsyncServe, Serve
from headrace_client.triggers import AsyncTriggers, Triggers


class Headrace(
    Campaigns, Catalogue, Collect, Decide, Feedback, Operations, Privacy, Serve, Triggers
):
    """All operations of a service, waiting."""


class AsyncHeadrace(
    AsyncCampaigns,
    AsyncCatalogue,
    AsyncCollect,
    AsyncDecide,
    AsyncFeedback,
    AsyncOperations,
    AsyncPrivacy,
    AsyncServe,
    AsyncTriggers,
):
    """All operations of a service, with asyncio."""
