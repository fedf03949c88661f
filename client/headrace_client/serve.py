# Made by `python -m tests.client.generate` from the OpenAPI document.
"""Operations of serve, waiting and with asyncio."""

from typing import Literal, cast

from headrace_client.calls import Call
from headrace_client.serve_types import (
    ConceptAnswer,
    ConceptsAnswer,
    FactsAnswer,
    HistoryAnswer,
    ItemsAnswer,
    ProfileAnswer,
    RankBody,
    RecommendationsAnswer,
    RecommendationsOfManyAnswer,
    RecommendationsOfManyBody,
    RulesAnswer,
    ScoresAnswer,
    SearchAnswer,
    SegmentsAnswer,
    SegmentsOfAnswer,
    SimilarAnswer,
    TrendingAnswer,
)
from headrace_client.transport import AsyncTransport, Transport


class Serve(Transport):
    """Operations of serve."""

    def recommendations(
        self,
        id: str,
        *,
        item: str | None = None,
        max_per_category: int | None = None,
        diversity: float | None = None,
        n: int | None = None,
        category: str | None = None,
        exclude: list[str] | None = None,
        explain: bool | None = None,
    ) -> RecommendationsAnswer:
        """What to show a person: `GET /v1/users/{id}/recommendations`."""
        return cast(
            "RecommendationsAnswer",
            self._call(
                Call(
                    "GET",
                    "/v1/users/{id}/recommendations",
                    {"id": id},
                    {
                        "item": item,
                        "max_per_category": max_per_category,
                        "diversity": diversity,
                        "n": n,
                        "category": category,
                        "exclude": exclude,
                        "explain": explain,
                    },
                )
            ),
        )

    def recommendations_of_many(
        self, body: RecommendationsOfManyBody
    ) -> RecommendationsOfManyAnswer:
        """What to show each of many people: `POST /v1/recommendations`."""
        return cast(
            "RecommendationsOfManyAnswer",
            self._call(Call("POST", "/v1/recommendations", {}, {}, body)),
        )

    def rank(self, body: RankBody) -> RecommendationsAnswer:
        """In which order to show given items to a person: `POST /v1/rank`."""
        return cast("RecommendationsAnswer", self._call(Call("POST", "/v1/rank", {}, {}, body)))

    def profile(self, id: str) -> ProfileAnswer:
        """What is known of a person: `GET /v1/users/{id}/profile`."""
        return cast(
            "ProfileAnswer", self._call(Call("GET", "/v1/users/{id}/profile", {"id": id}, {}))
        )

    def segments_of(self, id: str) -> SegmentsOfAnswer:
        """Which segments a person belongs to: `GET /v1/users/{id}/segments`."""
        return cast(
            "SegmentsOfAnswer", self._call(Call("GET", "/v1/users/{id}/segments", {"id": id}, {}))
        )

    def scores(self, id: str) -> ScoresAnswer:
        """What the models expect of a person: intent, churn, spending and order value with bounds: `GET /v1/users/{id}/scores`."""
        return cast(
            "ScoresAnswer", self._call(Call("GET", "/v1/users/{id}/scores", {"id": id}, {}))
        )

    def facts(self, id: str) -> FactsAnswer:
        """The facts about a person that campaigns can be triggered by: `GET /v1/users/{id}/facts`."""
        return cast("FactsAnswer", self._call(Call("GET", "/v1/users/{id}/facts", {"id": id}, {})))

    def history(self, id: str) -> HistoryAnswer:
        """What a person's scores and segments were: `GET /v1/users/{id}/history`."""
        return cast(
            "HistoryAnswer", self._call(Call("GET", "/v1/users/{id}/history", {"id": id}, {}))
        )

    def items(self, *, id: list[str]) -> ItemsAnswer:
        """What the catalogue says of items: `GET /v1/items`."""
        return cast("ItemsAnswer", self._call(Call("GET", "/v1/items", {}, {"id": id})))

    def similar(
        self,
        id: str,
        *,
        max_per_category: int | None = None,
        diversity: float | None = None,
        n: int | None = None,
        category: str | None = None,
        exclude: list[str] | None = None,
        explain: bool | None = None,
    ) -> SimilarAnswer:
        """What goes with an item: `GET /v1/items/{id}/similar`."""
        return cast(
            "SimilarAnswer",
            self._call(
                Call(
                    "GET",
                    "/v1/items/{id}/similar",
                    {"id": id},
                    {
                        "max_per_category": max_per_category,
                        "diversity": diversity,
                        "n": n,
                        "category": category,
                        "exclude": exclude,
                        "explain": explain,
                    },
                )
            ),
        )

    def trending(
        self,
        *,
        max_per_category: int | None = None,
        diversity: float | None = None,
        n: int | None = None,
        category: str | None = None,
        exclude: list[str] | None = None,
        explain: bool | None = None,
    ) -> TrendingAnswer:
        """What is trending: `GET /v1/trending`."""
        return cast(
            "TrendingAnswer",
            self._call(
                Call(
                    "GET",
                    "/v1/trending",
                    {},
                    {
                        "max_per_category": max_per_category,
                        "diversity": diversity,
                        "n": n,
                        "category": category,
                        "exclude": exclude,
                        "explain": explain,
                    },
                )
            ),
        )

    def segments(
        self,
    ) -> SegmentsAnswer:
        """The segments of the site: `GET /v1/segments`."""
        return cast("SegmentsAnswer", self._call(Call("GET", "/v1/segments", {}, {})))

    def rules(
        self, *, item: str, basis: Literal["order", "visit"] | None = None, n: int | None = None
    ) -> RulesAnswer:
        """Which items come with one: `GET /v1/rules`."""
        return cast(
            "RulesAnswer",
            self._call(Call("GET", "/v1/rules", {}, {"item": item, "basis": basis, "n": n})),
        )

    def concepts(self, *, q: str | None = None, n: int | None = None) -> ConceptsAnswer:
        """Which concepts a text may mean: `GET /v1/concepts`."""
        return cast("ConceptsAnswer", self._call(Call("GET", "/v1/concepts", {}, {"q": q, "n": n})))

    def concept(self, name: str) -> ConceptAnswer:
        """What goes with a concept: `GET /v1/concepts/{name}`."""
        return cast(
            "ConceptAnswer", self._call(Call("GET", "/v1/concepts/{name}", {"name": name}, {}))
        )

    def search(self, *, q: str, n: int | None = None) -> SearchAnswer:
        """Items for a query, by way of concepts: `GET /v1/search`."""
        return cast("SearchAnswer", self._call(Call("GET", "/v1/search", {}, {"q": q, "n": n})))


class AsyncServe(AsyncTransport):
    """The same with asyncio."""

    async def recommendations(
        self,
        id: str,
        *,
        item: str | None = None,
        max_per_category: int | None = None,
        diversity: float | None = None,
        n: int | None = None,
        category: str | None = None,
        exclude: list[str] | None = None,
        explain: bool | None = None,
    ) -> RecommendationsAnswer:
        """What to show a person: `GET /v1/users/{id}/recommendations`."""
        return cast(
            "RecommendationsAnswer",
            await self._call(
                Call(
                    "GET",
                    "/v1/users/{id}/recommendations",
                    {"id": id},
                    {
                        "item": item,
                        "max_per_category": max_per_category,
                        "diversity": diversity,
                        "n": n,
                        "category": category,
                        "exclude": exclude,
                        "explain": explain,
                    },
                )
            ),
        )

    async def recommendations_of_many(
        self, body: RecommendationsOfManyBody
    ) -> RecommendationsOfManyAnswer:
        """What to show each of many people: `POST /v1/recommendations`."""
        return cast(
            "RecommendationsOfManyAnswer",
            await self._call(Call("POST", "/v1/recommendations", {}, {}, body)),
        )

    async def rank(self, body: RankBody) -> RecommendationsAnswer:
        """In which order to show given items to a person: `POST /v1/rank`."""
        return cast(
            "RecommendationsAnswer", await self._call(Call("POST", "/v1/rank", {}, {}, body))
        )

    async def profile(self, id: str) -> ProfileAnswer:
        """What is known of a person: `GET /v1/users/{id}/profile`."""
        return cast(
            "ProfileAnswer", await self._call(Call("GET", "/v1/users/{id}/profile", {"id": id}, {}))
        )

    async def segments_of(self, id: str) -> SegmentsOfAnswer:
        """Which segments a person belongs to: `GET /v1/users/{id}/segments`."""
        return cast(
            "SegmentsOfAnswer",
            await self._call(Call("GET", "/v1/users/{id}/segments", {"id": id}, {})),
        )

    async def scores(self, id: str) -> ScoresAnswer:
        """What the models expect of a person: intent, churn, spending and order value with bounds: `GET /v1/users/{id}/scores`."""
        return cast(
            "ScoresAnswer", await self._call(Call("GET", "/v1/users/{id}/scores", {"id": id}, {}))
        )

    async def facts(self, id: str) -> FactsAnswer:
        """The facts about a person that campaigns can be triggered by: `GET /v1/users/{id}/facts`."""
        return cast(
            "FactsAnswer", await self._call(Call("GET", "/v1/users/{id}/facts", {"id": id}, {}))
        )

    async def history(self, id: str) -> HistoryAnswer:
        """What a person's scores and segments were: `GET /v1/users/{id}/history`."""
        return cast(
            "HistoryAnswer", await self._call(Call("GET", "/v1/users/{id}/history", {"id": id}, {}))
        )

    async def items(self, *, id: list[str]) -> ItemsAnswer:
        """What the catalogue says of items: `GET /v1/items`."""
        return cast("ItemsAnswer", await self._call(Call("GET", "/v1/items", {}, {"id": id})))

    async def similar(
        self,
        id: str,
        *,
        max_per_category: int | None = None,
        diversity: float | None = None,
        n: int | None = None,
        category: str | None = None,
        exclude: list[str] | None = None,
        explain: bool | None = None,
    ) -> SimilarAnswer:
        """What goes with an item: `GET /v1/items/{id}/similar`."""
        return cast(
            "SimilarAnswer",
            await self._call(
                Call(
                    "GET",
                    "/v1/items/{id}/similar",
                    {"id": id},
                    {
                        "max_per_category": max_per_category,
                        "diversity": diversity,
                        "n": n,
                        "category": category,
                        "exclude": exclude,
                        "explain": explain,
                    },
                )
            ),
        )

    async def trending(
        self,
        *,
        max_per_category: int | None = None,
        diversity: float | None = None,
        n: int | None = None,
        category: str | None = None,
        exclude: list[str] | None = None,
        explain: bool | None = None,
    ) -> TrendingAnswer:
        """What is trending: `GET /v1/trending`."""
        return cast(
            "TrendingAnswer",
            await self._call(
                Call(
                    "GET",
                    "/v1/trending",
                    {},
                    {
                        "max_per_category": max_per_category,
                        "diversity": diversity,
                        "n": n,
                        "category": category,
                        "exclude": exclude,
                        "explain": explain,
                    },
                )
            ),
        )

    async def segments(
        self,
    ) -> SegmentsAnswer:
        """The segments of the site: `GET /v1/segments`."""
        return cast("SegmentsAnswer", await self._call(Call("GET", "/v1/segments", {}, {})))

    async def rules(
        self, *, item: str, basis: Literal["order", "visit"] | None = None, n: int | None = None
    ) -> RulesAnswer:
        """Which items come with one: `GET /v1/rules`."""
        return cast(
            "RulesAnswer",
            await self._call(Call("GET", "/v1/rules", {}, {"item": item, "basis": basis, "n": n})),
        )

    async def concepts(self, *, q: str | None = None, n: int | None = None) -> ConceptsAnswer:
        """Which concepts a text may mean: `GET /v1/concepts`."""
        return cast(
            "ConceptsAnswer", await self._call(Call("GET", "/v1/concepts", {}, {"q": q, "n": n}))
        )

    async def concept(self, name: str) -> ConceptAnswer:
        """What goes with a concept: `GET /v1/concepts/{name}`."""
        return cast(
            "ConceptAnswer",
            await self._call(Call("GET", "/v1/concepts/{name}", {"name": name}, {})),
        )

    async def search(self, *, q: str, n: int | None = None) -> SearchAnswer:
        """Items for a query, by way of concepts: `GET /v1/search`."""
        return cast(
            "SearchAnswer", await self._call(Call("GET", "/v1/search", {}, {"q": q, "n": n}))
        )
