"""What can be seen of a word: literal text, with a mark where an expansion hides the rest."""

from __future__ import annotations

import re

from gatesh.model import Certainty, Word

UNSEEN = "\0"  # stands for a part nobody can see; no argument can hold a real NUL
SHOWN = "…"  # what UNSEEN becomes in a fact

_EXPANSION = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-])")


def visible(word: Word) -> str:
    """Return the text the program will get, with UNSEEN for each part that cannot be known."""
    if word.known:
        return word.text
    return "".join(_visible(word.text))


def visible_document(word: Word) -> str:
    """Return what a here-document holds: its quotes are text, its expansions are not."""
    return word.text if word.known else "".join(_visible(word.text, document=True))


def after(word: Word, prefix: str) -> Word:
    """Return the rest of `word` behind `prefix`: the value in `--opt=value` or `-Xvalue`."""
    if word.known:
        return word.but(text=word.text[len(prefix) :])
    at = word.text.find(prefix)
    return word.but(text=word.text[at + len(prefix) :]) if at >= 0 else word


def all_known(words: tuple[Word, ...]) -> bool:
    """Claim that no word can hide an option, or swallow one as its value."""
    return all(word.known for word in words)


def literal(text: str, like: Word) -> Word:
    """Return a word that holds `text`, at the place of `like`."""
    return Word(text, like.span, Certainty.EXPANDED)


def unquoted(word: Word) -> bool:
    """Claim that the word is an expansion without quotes: bash may make several words of it."""
    return not word.known and word.text[:1] in "$`"


def show(text: str) -> str:
    """Return text for a person, unseen parts marked."""
    return text.replace(UNSEEN, SHOWN)


def _visible(source: str, *, document: bool = False) -> list[str]:
    """Dequote source text; every expansion becomes UNSEEN."""
    out: list[str] = []
    at, double = 0, document
    while at < len(source):
        char = source[at]
        if char == "'" and not double:
            end = source.find("'", at + 1)
            end = len(source) if end < 0 else end
            out.append(source[at + 1 : end])
            at = end + 1
        elif char == '"' and not document:
            double = not double
            at += 1
        elif char == "\\":
            follows = source[at + 1 : at + 2]
            kept = double and follows not in ("$`\\\n" if document else '$`"\\\n')
            out.append(char + follows if kept else follows)
            at += 2
        elif (end := _expansion_end(source, at, double=double)) > at:
            out.append(UNSEEN)
            at = end
        else:
            out.append(char)
            at += 1
    return out


def _expansion_end(source: str, at: int, *, double: bool) -> int:
    """Return where the expansion that begins at `at` ends, or `at` where none begins."""
    two = source[at : at + 2]
    if two == "$(" or (not double and two in ("<(", ">(")):
        return _closing(source, at + 1, "(", ")")
    if two == "${":
        return _closing(source, at + 1, "{", "}")
    if not double and two in ("$'", '$"'):
        end = source.find(two[1], at + 2)
        return len(source) if end < 0 else end + 1
    if source[at] == "`":
        end = source.find("`", at + 1)
        return len(source) if end < 0 else end + 1
    found = _EXPANSION.match(source, at)
    return found.end() if found else at


def _closing(source: str, at: int, opening: str, closing: str) -> int:
    """Return the place behind the bracket that closes the one at `at`; quotes are stepped over."""
    depth = 0
    while at < len(source):
        char = source[at]
        if char == "\\":
            at += 1
        elif char in "'\"" and (end := source.find(char, at + 1)) > 0:
            at = end
        depth += (char == opening) - (char == closing)
        at += 1
        if depth == 0:
            return at
    return len(source)
