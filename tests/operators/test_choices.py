"""Who teaches the blend."""

from contracts.keys import bucket_of
from operators.choices import teaches

BUCKETS = 64


def test_every_bucket_has_people_who_teach_whatever_their_ids_look_like() -> None:
    for form in ("device:{:08d}", "user-{:05d}", "{:x}"):
        people = [form.format(number) for number in range(20_000)]
        teachers = [id_ for id_ in people if teaches("shop", id_, 8)]
        counts = [0] * BUCKETS
        for id_ in teachers:
            counts[bucket_of("shop", id_, BUCKETS)] += 1
        assert 2_200 < len(teachers) < 2_800
        # 39 on average; Poisson's deviation is 6.
        assert min(counts) > 10, form
        assert max(counts) < 80, form
