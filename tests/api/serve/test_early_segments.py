"""The segments of a site that nobody visited yet."""

from contracts.codec import encode_json
from contracts.decisions import Segment
from contracts.keys import Keys
from storage.writes import SetView
from tests.api.serve.shop import SITE, fill, now_ms, open_shop, shop
from tests.storage.servers import StoreServer

KEYS = Keys("live")


def test_segments_before_anybody_is_in_one_are_of_no_time(store_server: StoreServer) -> None:
    now = now_ms()
    early = Segment(id="s1", name="everyone", size=0, share=0.0)
    fill(store_server, [*shop(now), SetView(KEYS.segments(SITE), b"[" + encode_json(early) + b"]")])
    with open_shop(store_server) as opened:
        answer = opened.get("/v1/segments")
        assert (answer["as_of"], answer["segments"][0]["as_of"]) == (None, None)
