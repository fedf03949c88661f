"""The curves of a scoreboard as a picture: SVG, written by hand.

One line chart is all there is to draw, so that this takes a page and no plotting library; what
comes out is text, the same for the same figures, and shows in every browser.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

WIDTH: Final = 760
HEIGHT: Final = 380
LEFT, RIGHT, TOP, BOTTOM = 60, 190, 44, 44
LINES: Final = 5
OURS: Final = "blend"
OUR_COLOUR: Final = "#d1242f"
COLOURS: Final = (
    *("#0969da", "#1a7f37", "#9a6700", "#8250df", "#57606a", "#bf3989", "#0a7ea4", "#6e7781"),
    *("#2da44e", "#bc4c00", "#5e4db2", "#116329", "#953800"),
)

Curve = Sequence[float | None]


def picture(title: str, figure: str, curves: Mapping[str, Curve]) -> str:
    """Return an SVG of the curves, each with ten values or so over the stream.

    A value that is None is left out, and the line is broken there.

    >>> svg = picture("A < B", "hr@10", {"blend": [0.1, None, 0.2, 0.3]})
    >>> svg.count("<polyline"), "A &lt; B" in svg
    (1, True)
    """
    top = _round_up(max((v for c in curves.values() for v in c if v is not None), default=0.0))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 22, f"{title}: {figure}", size=15),
        *_grid(top),
        _text(LEFT, HEIGHT - 12, "the stream that counts, in ten parts by events"),
    ]
    colours = iter(COLOURS * 4)
    named = [(n, c, OUR_COLOUR if n == OURS else next(colours)) for n, c in curves.items()]
    for name, curve, colour in named:
        parts += _line(curve, top, colour, wide=name == OURS)
    order = sorted(named, key=lambda each: -(_last(each[1]) or 0.0))
    for at, (name, curve, colour) in enumerate(order):
        last = _last(curve)
        said = name if last is None else f"{name} {last:.3f}"
        y = TOP + 12 + at * min(18.0, (HEIGHT - TOP - BOTTOM) / max(len(order), 1))
        parts.append(_text(WIDTH - RIGHT + 14, y, said, colour=colour))
    return "\n".join([*parts, "</svg>\n"])


def _grid(top: float) -> list[str]:
    parts = []
    for step in range(LINES + 1):
        value = top * step / LINES
        y = _y(value, top)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d0d7de"/>'
        )
        parts.append(_text(LEFT - 8, y + 4, f"{value:.3g}", anchor="end"))
    return parts


def _line(curve: Curve, top: float, colour: str, *, wide: bool) -> list[str]:
    """Return the unbroken pieces of a curve; a value on its own is a dot."""
    pieces: list[list[tuple[float, float]]] = [[]]
    step = (WIDTH - LEFT - RIGHT) / max(len(curve), 1)
    for at, value in enumerate(curve):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((LEFT + (at + 0.5) * step, _y(value, top)))
    parts = []
    for piece in pieces:
        if len(piece) == 1:
            x, y = piece[0]
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
        elif piece:
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in piece)
            width = 3 if wide else 1.5
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" '
                f'stroke-width="{width}"/>'
            )
    return parts


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _last(curve: Curve) -> float | None:
    return next((value for value in reversed(curve) if value is not None), None)


def _round_up(value: float) -> float:
    """Return a round number that is not below a value.

    >>> [_round_up(value) for value in (0.0, 0.234, 0.61)]
    [1.0, 0.25, 0.75]
    """
    if value <= 0.0:
        return 1.0
    unit = 10.0 ** (len(f"{value:.10f}".split(".")[0]) - 1) if value >= 1.0 else 1.0
    while unit > value:
        unit /= 10.0
    fits = next(m for m in (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0) if m * unit >= value)
    return round(fits * unit, 12)


def _text(x: float, y: float, text: str, *, size: int = 12, **more: str) -> str:
    colour, anchor = more.get("colour", "#24292f"), more.get("anchor", "start")
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
