"""What `read` and `mapfile` make of standard input, where its text is known."""

from __future__ import annotations

import re

from gatesh.shell.arrays import Array, known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Word
    from gatesh.shell.state import State

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_WHITE = " \t\n"


class Feed:
    """A text on standard input, and how far it has been read; all who inherit it share it."""

    __slots__ = ("at", "taken", "word")

    def __init__(self, word: Word | None) -> None:
        """Stand before the text; None is a text that nobody knows."""
        self.word = word
        self.at: int | None = 0  # None: somebody has read an unknown part of it
        self.taken = 0  # how often something was taken from it

    def take(self, delimiter: str) -> tuple[str, bool] | None:
        """Read up to a delimiter, and say whether there was one; None where that cannot be told."""
        self.taken += 1
        if self.word is None or self.at is None or not self.word.known:
            return None
        text, found, _ = self.word.text[self.at :].partition(delimiter)
        self.at += len(text) + len(found)
        return (text, bool(found)) if delimiter == "\0" or "\0" not in text else None


def read(words: tuple[Word, ...], feed: Feed, state: State, separators: str | None) -> bool | None:
    """Do as `read -r a b` does, and return whether it succeeds; None, and nothing is known, where unclear."""
    options = _options(words, "adinNptu", "rse")
    if options is None or set(options[0]) & set("inNtu"):
        return None
    given, names = options
    taken = feed.take(given.get("d", "\n")[:1] or "\0")
    if taken is None or ("\\" in taken[0] and "r" not in given):
        return None
    text, ended = taken
    if not all(re.fullmatch(_IDENTIFIER, name) for name in (*names, given.get("a", "a"))):
        return None
    if not names and "a" not in given:
        state.set("REPLY", text)
    elif separators is None:
        return None
    elif "a" in given:
        items = enumerate(map(known, _split(text, separators)))
        state.set_array(given["a"], Array().followed_by(items))
    else:
        for name, value in zip(names, _values(text, len(names), separators), strict=True):
            state.set(name, value)
    return ended


def mapfile(words: tuple[Word, ...], feed: Feed, state: State) -> bool:
    """Do as `mapfile -t a` does; False, and nothing is known, where that is unclear."""
    options = _options(words, "COcdnsu", "t")
    if options is None or set(options[0]) & set("COcnu") or len(options[1]) > 1:
        return False
    given, names = options
    delimiter = given.get("d", "\n")[:1] or "\0"
    skipped = given.get("s", "0")
    lines: list[Word] = []
    while True:
        taken = feed.take(delimiter)
        if taken is None or not skipped.isdigit():
            return False
        text, ended = taken
        if not ended and not text:
            break
        keep = delimiter if ended and "t" not in given and delimiter != "\0" else ""
        lines.append(known(text + keep))
    name = names[0] if names else "MAPFILE"
    if not re.fullmatch(_IDENTIFIER, name):
        return False
    state.set_array(name, Array().followed_by(enumerate(lines[int(skipped[:6]) :])))
    return True


def _options(
    words: tuple[Word, ...], valued: str, flags: str
) -> tuple[dict[str, str], list[str]] | None:
    """Return the options with their values, and the operands; None where they are not all known."""
    if not all(word.known and not word.globbed for word in words):
        return None
    texts = [word.text for word in words]
    found: dict[str, str] = {}
    while texts and texts[0][:1] == "-" and len(texts[0]) > 1:
        option = texts.pop(0)
        if option == "--":
            break
        for place, letter in enumerate(option[1:], 2):
            if letter in valued:
                if not option[place:] and not texts:
                    return None
                found[letter] = option[place:] or texts.pop(0)
                break
            if letter not in flags:
                return None
            found[letter] = ""
    return found, texts


def _values(text: str, count: int, separators: str) -> list[str]:
    """Return what so many variables get of a line; the last one gets the rest."""
    white = "".join(c for c in separators if c in _WHITE)
    text = text.lstrip(white) if white else text
    found = []
    for _ in range(count - 1):
        word, text = _word(text, separators)
        found.append(word)
    word, rest = _word(text, separators)
    found.append(word if not rest else text.rstrip(white) if white else text)
    return found


def _split(text: str, separators: str) -> list[str]:
    found = []
    white = "".join(c for c in separators if c in _WHITE)
    text = text.lstrip(white) if white else text
    while text:
        word, text = _word(text, separators)
        found.append(word)
    return found


def _word(text: str, separators: str) -> tuple[str, str]:
    """Return the first field and what stands behind its delimiter."""
    white = "".join(c for c in separators if c in _WHITE)
    text = text.lstrip(white) if white else text
    end = next((i for i, c in enumerate(text) if c in separators), len(text))
    rest = text[end + 1 :]
    rest = rest.lstrip(white) if white else rest
    if text[end : end + 1] in white and text[end:] and rest[:1] in separators and rest:
        rest = rest[1:].lstrip(white)  # a blank and a comma are one delimiter
    return text[:end], rest
