"""A card as the rows of a screen: the matched part always visible, the rest in pages. Pure."""

from __future__ import annotations

from prompt_toolkit.utils import get_cwidth

from gatesh._value import Value
from gatesh.approval.card import Card, Line

LEAST_COLUMNS, LEAST_ROWS = 40, 8

Row = tuple[str, str]  # style, text


class View(Value):
    """What is drawn, top to bottom; the input stands at the end of the last row."""

    rows: tuple[Row, ...]
    pages: int


def wrap(text: str, columns: int) -> list[str]:
    """Cut `text` into rows of at most this many columns, behind a blank where there is one.

    INVARIANT: the rows, one after the other, are the text: no blank is lost, and only a word that is longer
    than a row is cut. Wide characters count as two.
    """
    rows, row, width, behind = [], "", 0, 0  # the last blank of the row ends at `behind`
    for character in text:
        wide = get_cwidth(character)
        while row and width + wide > columns:  # twice where what was cut off takes no column
            cut = behind if behind and character != " " else len(row)
            rows.append(row[:cut])
            row = row[cut:]
            width, behind = get_cwidth(row), 0
        row += character
        width += wide
        if character == " " and (rows or row.strip()):  # an indent belongs to its word
            behind = len(row)
    return [*rows, row]


def lay_out(
    card: Card,
    columns: int,
    rows: int,
    page: int,
    place: str,
    status: str,
    problem: str,
    prompt: str,
) -> View | None:
    """Return the rows of `card`; None where the screen is too small to show it honestly.

    `place` says which of how many cards it is.
    """
    if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
        return None
    title = [("title", wrap(f"{card.head[0].text}  {place}", columns)[0])]
    foot = [("problem", row) for row in wrap(problem, columns)[:1]] if problem else []
    foot += [("how", row) for row in wrap(card.how, columns)[:3]]
    foot += [("prompt", _tail(prompt, columns - 1))]
    left = rows - len(title) - len(foot) - 1  # one row for the status
    matched = _shorten(_rows(card.head[1:], columns), max(1, left * 2 // 3))
    left -= len(matched)
    body = _rows(card.body, columns)
    pages = max(1, -(-len(body) // left)) if left > 0 else 1
    first = max(0, min((page % pages) * left, len(body) - left))
    shown = body[first : first + left] if left > 0 else []
    hidden = len(body) - len(shown)
    if hidden:
        many = "line" if hidden == 1 else "lines"
        status = f"{status} · {hidden} {many} hidden, Space shows more"
    fill = [("", "")] * (left - len(shown)) if left < 1000 else []
    middle = [*matched, *shown, *fill, ("status", wrap(status, columns)[0])]
    return View(tuple(title + middle + foot), pages)


def _rows(lines: tuple[Line, ...], columns: int) -> list[Row]:
    return [(line.style, row) for line in lines for row in wrap(line.text, columns)]


def _shorten(rows: list[Row], most: int) -> list[Row]:
    """Keep the beginning and the end, and say how much is missing."""
    if len(rows) <= most:
        return rows
    if most < 3:
        return rows[:most]
    ending = (most - 1) // 2
    hidden = len(rows) - (most - 1)
    begin = rows[: most - 1 - ending]
    return [*begin, ("hidden", f"[… {hidden} lines hidden …]"), *rows[len(rows) - ending :]]


def _tail(text: str, columns: int) -> str:
    while get_cwidth(text) > columns:
        text = text[1:]
    return text
