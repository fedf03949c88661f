"""MovieLens ratings: 100K (`u.data`, tabs), 1M and 10M (`ratings.dat`, `::`), 20M to 32M (CSV).

Data set: GroupLens, University of Minnesota (https://grouplens.org/datasets/movielens/).
Licence: GroupLens' own terms, in each README: research use with acknowledgement; no
redistribution, and no commercial use without permission.

Mapping: one line is one `rating` of `user` for `item`, `value` on the file's own scale (1 to 5,
half stars from 10M on), at the time given in seconds. There is no session. Users rate many films
within a minute, from a list: the times are of rating, not of watching.

Catalogue: `u.item`, `movies.dat` or `movies.csv` beside the ratings: title, genres as `tags`, the
first genre as `category`, the year in the title as `props.year`. Older files are in Latin-1.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from contracts.events import Event, Item
from flows.importers.fields import number, seconds
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.report import Report
from flows.importers.rows import Splitter, with_header, without_header
from flows.importers.source import Source, lines

NAME: Final = "movielens"
MAIN: Final = ("ratings.csv", "ratings.dat", "u.data")
NO_GENRES: Final = "(no genres listed)"
GENRES_100K: Final = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
]
"""The order of the flags in `u.item`, as its README gives it."""
_YEAR = re.compile(r"\((\d{4})\)\s*$")


def rating(source: str, line: int, cells: Sequence[str]) -> Sequence[Event]:
    """Make a rating of `user, item, value, seconds` into an event."""
    user, item, value, time = cells
    event = Event(
        id=f"{source}-{line:09}",
        source=source,
        type="rating",
        time=seconds(time, "timestamp"),
        user=user,
        item=item,
        value=number(value, "rating"),
    )
    return (event,)


def movie(id_: str, title: str, genres: Sequence[str]) -> Sequence[Item]:
    """Make a film into an item record.

    >>> movie("1", "Toy Story (1995)", ["Animation", "Comedy"])[0].props
    {'year': 1995}
    """
    year = _YEAR.search(title)
    record = Item(
        id=id_,
        title=title,
        category=genres[0] if genres else "",
        tags=list(genres),
        props={"year": int(year[1])} if year else {},
    )
    return (checked_item(record),)


def genres_of(text: str) -> list[str]:
    """Return the genres of `Action|Comedy`; none for MovieLens' word for none."""
    return [genre for genre in text.split("|") if genre and genre != NO_GENRES]


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the ratings, of whichever release."""
    file = source.one(*MAIN)
    expected = "user, item, rating, seconds"
    sep = separator(file)
    if sep == ",":
        columns = ("userId|user_id", "movieId|movie_id|item_id", "rating", "timestamp")
        body, split = with_header(file, columns, progress=report.progress)
        yield Table(file, body, split, _convert, expected)
    else:
        body = without_header(file, sep, report.progress)
        yield Table(file, body, Splitter(sep, 4, quoted=False), _convert, expected)


def _convert(line: int, cells: Sequence[str]) -> Sequence[Event]:
    return rating(NAME, line, cells)


def separator(file: Path) -> str:
    """Return what the first line of a release is split at."""
    _, first = next(lines(file), (0, b""))
    return "::" if b"::" in first else "\t" if b"\t" in first else ","


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the films, from the file that belongs to the release of the ratings."""
    suffix = source.one(*MAIN).name.lower().removesuffix(".gz").rpartition(".")[2]
    name = {"csv": "movies.csv", "dat": "movies.dat"}.get(suffix, "u.item")
    for file in source.find(name)[:1]:
        yield from results(_films(file), report)


def _films(file: Path) -> Table[Sequence[str], Item]:
    if ".csv" in file.name.lower():
        body, split = with_header(file, ("movieId", "title", "genres"))
        return Table(file, body, split, _listed, "movieId,title,genres")
    if ".dat" in file.name.lower():
        return film_table(file)
    split = Splitter("|", 5 + len(GENRES_100K), quoted=False, encoding="latin-1")
    return Table(file, lines(file), split, _flagged, "id|title|release||url|19 genre flags")


def film_table(file: Path) -> Table[Sequence[str], Item]:
    """Return the films of `movies.dat`, as MovieLens 1M and MovieTweetings have it."""
    split = Splitter("::", 3, quoted=False, encoding="latin-1")
    return Table(file, lines(file), split, _listed, "id::title::genres")


def _listed(line: int, cells: Sequence[str]) -> Sequence[Item]:
    return movie(cells[0], cells[1], genres_of(cells[2]))


def _flagged(line: int, cells: Sequence[str]) -> Sequence[Item]:
    flags = zip(GENRES_100K, cells[5:], strict=True)
    return movie(cells[0], cells[1], [genre for genre, flag in flags if flag == "1"])


def looks_like(head: Sequence[str]) -> bool:
    """Whether the first lines are ratings; MovieTweetings has IMDb's seven-digit numbers."""
    return any(_is_rating(line) for line in head) or head[:1] == ["userId,movieId,rating,timestamp"]


def _is_rating(line: str) -> bool:
    cells = line.split("::" if "::" in line else "\t")
    return (
        len(cells) == 4
        and cells[0].isdigit()
        and cells[1].isdigit()
        and len(cells[1]) < 7
        and cells[2] in ("0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5")
        and cells[3].isdigit()
    )


IMPORTER: Final = Importer(
    name=NAME,
    description="MovieLens: film ratings, releases 100K to 32M",
    files="ratings.csv, ratings.dat or u.data (user, item, rating, seconds); movies.* beside it",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
