"""Deskdrop: what the people of a company read, liked and shared on its internal news platform.

Data set: "Articles sharing and reading from CI&T Deskdrop"
(https://www.kaggle.com/datasets/gspmoreira/articles-sharing-reading-from-cit-deskdrop), about
73,000 interactions with 3,000 articles, March 2016 to February 2017. Licence as stated there:
ODbL 1.0, contents under DbCL 1.0.

Mapping of `users_interactions.csv` (times in seconds, `personId` is `user`, `sessionId` is
`session`): `VIEW` is `view`; `LIKE`, `BOOKMARK` and `FOLLOW` (of an article's comments) are `like`;
`COMMENT CREATED` is `click`, since what the comment says is not told. `props.action` keeps the
original word, `props` also agent, region and country. In `shared_articles.csv`, `CONTENT SHARED`
is a `share` of the article by its author. `CONTENT REMOVED` concerns the catalogue only.

Catalogue: a record when an article is shared (title, URL, kind of content as `category`, language
as tag), and one with `in_stock` false when it is removed. The text of the article is not kept.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from contracts.events import Event, EventType, Item
from flows.importers.errors import BadLineError
from flows.importers.fields import seconds, told
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.report import LeftOut, Report
from flows.importers.rows import with_header
from flows.importers.source import Source

NAME: Final = "deskdrop"
MAIN: Final = ("users_interactions.csv",)
ARTICLES: Final = "shared_articles.csv"
COLUMNS: Final = ("timestamp", "eventType", "contentId", "personId", "sessionId")
TYPES: Final[dict[str, EventType]] = {
    "VIEW": "view",
    "LIKE": "like",
    "BOOKMARK": "like",
    "FOLLOW": "like",
    "COMMENT CREATED": "click",
}
SHARED: Final = "CONTENT SHARED"
REMOVED: Final = "CONTENT REMOVED"


def interaction(line: int, cells: Sequence[str]) -> Sequence[Event]:
    """Make one interaction into one event."""
    time, action, article, person, session, agent, region, country = cells
    type_ = TYPES.get(action)
    if type_ is None:
        raise BadLineError("unknown event", f"{action[:40]!r} is none of {', '.join(TYPES)}")
    told_of = {"action": action, "agent": agent, "region": region, "country": country}
    event = Event(
        id=f"deskdrop-2-{line:09}",
        source=NAME,
        type=type_,
        time=seconds(time, "timestamp"),
        user=person,
        session=told(session),
        item=article,
        props={name: value for name, value in told_of.items() if value},
    )
    return (event,)


def share(line: int, cells: Sequence[str]) -> Sequence[Event] | LeftOut:
    """Make the sharing of an article into an event of its author."""
    time, action, article, author, session = cells
    if action == REMOVED:
        return LeftOut("article removed")
    _known(action)
    event = Event(
        id=f"deskdrop-1-{line:09}",
        source=NAME,
        type="share",
        time=seconds(time, "timestamp"),
        user=author,
        session=told(session),
        item=article,
        props={"action": action},
    )
    return (event,)


def article_record(line: int, cells: Sequence[str]) -> Sequence[Item]:
    """Make the sharing or removal of an article into a catalogue record."""
    time, action, article, kind, url, title, language = cells
    _known(action)
    record = Item(
        id=article,
        time=seconds(time, "timestamp"),
        title=title,
        category=kind,
        tags=[language] if language else [],
        in_stock=action == SHARED,
        url=url,
    )
    return (checked_item(record),)


def _known(action: str) -> None:
    if action not in (SHARED, REMOVED):
        raise BadLineError("unknown event", f"{action[:40]!r} is not {SHARED} or {REMOVED}")


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the articles, if they lie beside, then the interactions."""
    file = source.one(*MAIN)
    for articles in source.find(ARTICLES)[:1]:
        columns = ("timestamp", "eventType", "contentId", "authorPersonId", "authorSessionId")
        body, split = with_header(articles, columns, multiline=True, progress=report.progress)
        yield Table(articles, body, split, share, ",".join(columns))
    optional = ("userAgent", "userRegion", "userCountry")
    body, split = with_header(file, COLUMNS, optional, progress=report.progress)
    yield Table(file, body, split, interaction, ",".join(COLUMNS))


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the articles' records in time order."""
    columns = ("timestamp", "eventType", "contentId", "contentType", "url", "title", "lang")
    records: list[Item] = []
    for file in source.find(ARTICLES)[:1]:
        body, split = with_header(file, columns, multiline=True)
        records += results(Table(file, body, split, article_record, ",".join(columns)), report)
    yield from sorted(records, key=lambda record: record.time)


def looks_like(head: Sequence[str]) -> bool:
    """Whether the header is that of the interactions."""
    return bool(head) and head[0].startswith("timestamp,eventType,contentId,personId,sessionId")


IMPORTER: Final = Importer(
    name=NAME,
    description="Deskdrop: reading, liking and sharing of articles inside a company",
    files="users_interactions.csv (timestamp,eventType,contentId,personId,sessionId,...);"
    " shared_articles.csv beside it",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
