"""MovieTweetings: film ratings that people tweeted from IMDb, `user::film::rating::seconds`.

Data set: Simon Dooms (https://github.com/sidooms/MovieTweetings), `latest/` or a snapshot.
Licence as stated in the repository: MIT.

Mapping: one line is one `rating` of `user` for `item` (IMDb's number), `value` from 0 to 10, at
the second of the tweet. There is no session. `users.dat` (the Twitter numbers) is not read.

Catalogue: `movies.dat` beside the ratings: title, genres as `tags`, the first genre as
`category`, the year in the title as `props.year`.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from contracts.events import Event, Item
from flows.importers import movielens
from flows.importers.errors import BadLineError
from flows.importers.importer import EventTable, Importer, Table, results
from flows.importers.report import Report
from flows.importers.rows import Splitter, without_header
from flows.importers.source import Source

NAME: Final = "movietweetings"
MAIN: Final = ("ratings.dat",)
BEST: Final = 10


def convert(line: int, cells: Sequence[str]) -> Sequence[Event]:
    """Make a rating into an event; ratings outside IMDb's scale are refused."""
    made = movielens.rating(NAME, line, cells)
    if not 0 <= (made[0].value or 0) <= BEST:
        raise BadLineError("bad rating", f"{cells[2]} is not from 0 to {BEST}")
    return made


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the ratings."""
    file = source.one(*MAIN)
    body = without_header(file, "::", report.progress)
    split = Splitter("::", 4, quoted=False)
    yield Table(file, body, split, convert, "user::film::rating::seconds")


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the films of `movies.dat`."""
    for file in source.find("movies.dat")[:1]:
        yield from results(movielens.film_table(file), report)


def looks_like(head: Sequence[str]) -> bool:
    """Whether the first lines are ratings of films by IMDb's seven-digit numbers."""
    return any(
        len(cells) == 4 and len(cells[1]) >= 7 and all(cell.isdigit() for cell in cells)
        for cells in (line.split("::") for line in head)
    )


IMPORTER: Final = Importer(
    name=NAME,
    description="MovieTweetings: film ratings from tweets, with genres",
    files="ratings.dat (user::film::rating::seconds); movies.dat beside it",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
