"""Shell patterns held against a known text, as `${x%pattern}` does. What is unusual is not decided."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    One = Callable[[str], bool] | None  # what one character may be; None: any number of any

LONGEST = 4096
MOST_PARTS = 256
LONGEST_SEARCHED = 512


def parts_of(text: list[tuple[str, bool]]) -> list[One] | None:
    """Return a pattern's parts, from its characters and whether each means something; None where unusual."""
    parts: list[One] = []
    at = 0
    while at < len(text):
        char, active = text[at]
        if not active:
            parts.append(_is(char))
        elif char == "\\" or (char in "?*+@!" and text[at + 1 : at + 2] == [("(", True)]):
            return None
        elif char == "*":
            if not parts or parts[-1] is not None:
                parts.append(None)
        elif char == "?":
            parts.append(lambda _: True)
        elif char == "[":
            found = _bracket(text, at)
            if found is None:
                return None
            one, at = found
            parts.append(one)
        else:
            parts.append(_is(char))
        at += 1
    return parts if len(parts) <= MOST_PARTS else None


def _is(wanted: str) -> One:
    return lambda char: char == wanted


def _bracket(text: list[tuple[str, bool]], at: int) -> tuple[One, int] | None:
    """Read `[abc]`, `[!abc]`, `[0-9]`; only plain ASCII, all else depends on the locale."""
    end = at + 1
    while end < len(text) and (text[end][0] != "]" or not text[end][1]):
        end += 1
    inside = text[at + 1 : end]
    if end >= len(text) or not inside or not all(active for _, active in inside):
        return None
    chars = "".join(char for char, _ in inside)
    negated = chars[0] in "!^"
    chars = chars[1:] if negated else chars
    if not chars or not chars.isascii() or any(c in "[]\\^!/" for c in chars):
        return None
    allowed: set[str] = set()
    place = 0
    while place < len(chars):
        if chars[place + 1 : place + 2] == "-" and place + 2 < len(chars):
            low, high = chars[place], chars[place + 2]
            if not any(
                low <= high and f(low) and f(high) for f in (str.isdigit, str.islower, str.isupper)
            ):
                return None
            allowed |= {chr(n) for n in range(ord(low), ord(high) + 1)}
            place += 3
        else:
            allowed.add(chars[place])
            place += 1
    return (lambda char: (char in allowed) != negated), end


def ends(parts: list[One], text: str, start: int = 0) -> list[int]:
    """Return where a match that begins at `start` may end, in order."""
    found: list[int] = []
    states = _closed({0}, parts)
    at = start
    while states:
        if len(parts) in states:
            found.append(at)
        if at >= len(text):
            break
        after: set[int] = set()
        for state in states:
            part = parts[state] if state < len(parts) else _never
            if part is None:
                after.add(state)
            elif part(text[at]):
                after.add(state + 1)
        states = _closed(after, parts)
        at += 1
    return found


def _never(_: str) -> bool:
    return False


def _closed(states: set[int], parts: list[One]) -> set[int]:
    """Add the states behind a `*`, which may stand for nothing."""
    for state in sorted(states):
        while state < len(parts) and parts[state] is None:
            state += 1  # noqa: PLW2901
            states.add(state)
    return states


def without(text: str, operator: str, parts: list[One]) -> str:
    """Remove the shortest (`#`, `%`) or longest (`##`, `%%`) match at the beginning or the end."""
    if operator[0] == "#":
        found = ends(parts, text)
        if not found:
            return text
        return text[found[0] if operator == "#" else found[-1] :]
    found = ends(parts[::-1], text[::-1])
    if not found:
        return text
    return text[: len(text) - (found[0] if operator == "%" else found[-1])]


def replaced(text: str, operator: str, parts: list[One], by: str) -> str:
    """Replace the longest match: the first (`/`), all (`//`), at the beginning (`/#`), at the end (`/%`)."""
    if operator == "/%":
        found = ends(parts[::-1], text[::-1])
        return text[: len(text) - found[-1]] + by if found else text
    result, at = [], 0
    while at <= len(text):
        found = ends(parts, text, at)
        if found and found[-1] > at:
            result.append(by)
            at = found[-1]
            if operator != "//":
                break
        elif operator == "/#":
            if found:
                result.append(by)
            break
        else:
            result.append(text[at : at + 1])
            at += 1
    return "".join(result) + text[at:]
