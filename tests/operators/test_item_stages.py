"""Item shards publish all that they learnt, and the rankings are made of all shards."""

from collections.abc import Sequence

from contracts.codec import load_json
from contracts.settings import FlowSettings
from online_models.rows import unpack_top
from online_models.touches import number_of
from operators.item_stages import ItemStage, TopStage
from operators.messages import Named, TopPart, Touchpoint, Views
from operators.routing import to_shards
from tests.builders import NOON

SITE = "shop"
SHARDS = 2


class Shop:
    """The shards of a site and what ranks them, fed and published by hand."""

    def __init__(self) -> None:
        self.shards: dict[str, ItemStage] = {}
        self.top = TopStage(FlowSettings())
        self.views: dict[tuple[str, str], bytes | None] = {}

    def learn(self, *points: Touchpoint, named: Sequence[Named] = ()) -> None:
        for shard, batch in to_shards(1, points, named, SHARDS):
            self._take(self.shards.setdefault(shard, ItemStage(FlowSettings())).on_batch([batch]))

    def publish(self) -> None:
        for shard in self.shards.values():
            if shard.waiting:
                self._take(shard.publish())
        if self.top.waiting:
            self._take(self.top.publish())

    def finish(self) -> None:
        for stage in (*self.shards.values(), self.top):
            self._take(stage.finish())

    def popular(self) -> list[int]:
        packed = self.views["top", "popular"]
        assert packed is not None
        return unpack_top(packed).keys.tolist()

    def items(self) -> int:
        packed = self.views["model", "items"]
        assert packed is not None
        count: int = load_json(packed)["items"]
        return count

    def _take(self, messages: Sequence[object]) -> None:
        for message in messages:
            if isinstance(message, TopPart):
                self._take(self.top.on_batch([message]))
            elif isinstance(message, Views):
                self.views.update({(v.kind, v.id): v.value for v in message.items})


def touch(item: str, at: int = 0, *before: str) -> Touchpoint:
    return Touchpoint(SITE, number_of(item), "view", NOON + at, at, [*map(number_of, before)])


def named(*items: str) -> list[Named]:
    return [Named(SITE, item, "", "", None, 0, False) for item in items]


def test_what_everybody_looks_at_and_nothing_else_is_popular() -> None:
    shop = Shop()
    shop.learn(touch("lamp", 1), touch("lamp", 2), touch("rug", 3), named=named("lamp", "rug"))
    shop.publish()
    assert shop.popular() == [number_of("lamp"), number_of("rug")]
    assert shop.items() == 2


def test_counts_are_published_when_no_row_changed() -> None:
    shop = Shop()
    shop.learn(touch("kettle", 1), touch("cup", 2, "kettle"), named=named("kettle", "cup"))
    shop.publish()
    shop.learn(touch("lamp", 3), touch("lamp", 4), touch("lamp", 5), named=named("lamp"))
    shop.publish()
    assert shop.popular()[0] == number_of("lamp")
    assert shop.items() == 3


def test_an_item_that_is_only_named_is_counted() -> None:
    shop = Shop()
    shop.learn(named=named("kettle"))
    shop.publish()
    assert shop.items() == 1


def test_nothing_is_published_twice() -> None:
    shop = Shop()
    shop.learn(touch("kettle", 1), touch("cup", 2, "kettle"))
    shop.publish()
    assert not any(shard.waiting for shard in shop.shards.values())
    assert not shop.top.waiting
    assert [shard.publish() for shard in shop.shards.values()] == [[]] * len(shop.shards)


def test_the_end_of_a_replay_publishes_every_shard() -> None:
    live, replay = Shop(), Shop()
    for shop in (live, replay):
        shop.learn(touch("lamp", 1), touch("kettle", 2), touch("cup", 3, "kettle"))
    live.publish()
    replay.finish()
    assert replay.views == live.views


def test_a_resumed_shard_publishes_what_a_crash_kept_back() -> None:
    shop = Shop()
    shop.learn(touch("lamp", 1), touch("rug", 2), touch("cup", 3), named=named("lamp"))
    resumed = Shop()
    for name, stage in shop.shards.items():
        resumed.shards[name] = ItemStage(FlowSettings())
        resumed.shards[name].load([stage.dump(full=True)])
    resumed.publish()
    shop.publish()
    ours = {key: value for key, value in shop.views.items() if key[0] != "catalog"}
    assert resumed.views == ours
