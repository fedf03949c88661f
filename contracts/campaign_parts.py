"""Who counts what campaigns did: users by bucket, and devices without a user by bucket, apart."""

from contracts.events import DEVICE_PREFIX
from contracts.keys import bucket_name, bucket_of


def campaign_part(site: str, subject: str, count: int) -> str:
    """Return the name of the part that counts for a person, of `count` buckets.

    >>> campaign_part("shop", "ada", 4), campaign_part("shop", "device:d1", 4)
    ('u002', 'd002')
    """
    kind = "d" if subject.startswith(DEVICE_PREFIX) else "u"
    return bucket_name(kind, bucket_of(site, subject, count))


def campaign_parts(count: int) -> list[str]:
    """Return the names of all parts."""
    return [bucket_name(kind, number) for kind in "du" for number in range(count)]
