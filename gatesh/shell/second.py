"""The second reader: what shfmt sees in a text, beside what we see.

Ours reads some constructs without any parser's help (here-documents, comments, `case`, `[[`, `${…}` …). Where
a text has one of them, or could not be read at all, shfmt reads it as well. What only shfmt sees is read too,
so that rules meet the union of both; and the line is then Unparsed, a reason to ask. Not the other way round:
what only we see is in the union already.

Both readings are reduced to the same multiset: the words of each simple command and each redirect, as they are
spelled, wherever they stand.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter

from gatesh.errors import InputError
from gatesh.model import Span, Unparsed
from gatesh.shell import rough
from gatesh.shell.invoked import plain
from gatesh.shell.scan import Scanner, source_of
from gatesh.shell.tokens import Kind, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Protocol

    from gatesh.model import CommandLine, Reading, SimpleCommand
    from gatesh.shell.tokens import Piece, Region, Source, Token

    Key = tuple[str, ...]  # the words of a simple command, or ">", the operator and the target

    class SecondReader(Protocol):
        """shfmt, with limits of time and output; for one line at a time."""

        def expect(self, text: str) -> None:
            """Begin to read a text that will be asked for, while others work."""

        def refuses(self, text: str) -> bool:
            """Claim that bash calls the text a syntax error."""

        def forget(self) -> None:
            """End what was begun and not asked for, and forget the trees."""

        def trees(self, texts: Sequence[str]) -> list[Any | str]:
            """Return for each text its syntax tree, or why there is none; "" stands for no answer."""


MOST_TEXTS = 16  # of one line: the line itself, and the texts of nested shells in it
MOST_EXTRA = 64
# Variables that make bash read a text otherwise, or define aliases before it does.
_SYNTAX = frozenset(("BASH_ENV", "ENV", "BASHOPTS", "SHELLOPTS", "POSIXLY_CORRECT", "BASH_COMPAT"))
_BLIND = re.compile(
    r"<<(?!<)|`|\[\[|\(\(|\$\{|\$['\"]|\b(?:case|select|coproc|function|time)\b|\([ \t]*\)"
    r"|(?:^|[\s;&|()])#|\\\n|['\"][$<>]\("
)
_CONTINUED = re.compile(r"\\\n|\\")
_UNCLOSED = re.compile(r"unclosed here-document `(\S+)`")


def is_blind(text: str) -> bool:
    """Claim that a text holds a construct that our scanner reads alone."""
    return _BLIND.search(text) is not None


def confirmed(
    reading: Reading,
    line: CommandLine,
    texts: list[Source],
    second: SecondReader,
    read: Callable[[CommandLine], Reading],
) -> Reading:
    """Return the reading with whatever only the second reader saw in the line's `texts`."""
    unread = isinstance(reading, Unparsed)
    wanted = {t.text: t for t in texts if is_blind(t.text) or (unread and t is texts[0])}
    sources = list(wanted.values())[:MOST_TEXTS]
    if not sources:
        return reading
    extra: list[SimpleCommand] = []
    differences: list[tuple[str, Span]] = []
    for source, tree in zip(sources, _trees(sources, second), strict=True):
        for text, where, why in itertools.islice(_differences(source, tree), MOST_EXTRA):
            differences.append((why, where))
            extra += _read_alone(text, where, line, read)
    if unread:
        return reading.but(commands=_union(reading.commands, extra))
    if not differences:
        return reading
    (why, where), whole = differences[0], rough.names(texts[0].text)
    commands = (*reading.commands, *extra)
    return Unparsed(why, where, commands, whole, wrapping=reading.wrapping)


def refused(
    reading: Unparsed, line: CommandLine, texts: list[Source], second: SecondReader
) -> Unparsed:
    """Return the reading of a line that bash refuses as a whole: then nothing of it runs.

    bash reads a text line by line, so that is certain of a text of one line only, and only where no alias
    or option from elsewhere can make another text of it.
    """
    elsewhere = (
        _SYNTAX.intersection(line.env)
        or (reading.wrapping and reading.wrapping.sources)
        or not plain(line)
    )
    text = texts[0].text if texts else ""  # there are none of a line that is not even scanned
    if elsewhere or not text or "\n" in text or not second.refuses(text):
        return reading
    why = f"bash refuses it: {reading.reason}"
    return reading.but(reason=why, commands=(), names=(), beyond=False)


def _trees(sources: list[Source], second: SecondReader) -> list[Any | str]:
    """Ask for all trees at once; bash ends an open here-document with the text, shfmt wants its end."""
    texts = [source.text for source in sources]
    trees = second.trees(texts)
    again = {
        i: f"{texts[i]}\n{match.group(1)}\n"
        for i, tree in enumerate(trees)
        if isinstance(tree, str) and (match := _UNCLOSED.search(tree))
    }
    for i, tree in zip(again, second.trees(list(again.values())) if again else (), strict=True):
        trees[i] = tree
    return trees


def _differences(source: Source, tree: Any | str) -> Iterator[tuple[str, Span, str]]:
    """Yield what only the second reader sees: a command's text, its place, and how to say it."""
    ours = seen_here(source)
    if isinstance(tree, str):
        if ours is not None:
            why = f"cannot read it: {tree}" if tree else "gave no answer"
            whole = source.where(0, len(source.text))
            yield "", whole, f"the second reader {why}"
        return
    left = Counter(ours or ())
    for spelled, start, end in seen_there(tree, source.text):
        key = tuple(map(_plain, spelled))
        if left[key] > 0:
            left[key] -= 1
        else:
            text = " ".join((":", *spelled[1:]) if spelled[0] == ">" else spelled)
            yield text, source.where(start, end), "two readers disagree on what this runs"


def _read_alone(
    text: str, where: Span, line: CommandLine, read: Callable[[CommandLine], Reading]
) -> Iterator[SimpleCommand]:
    """Yield the commands of a slice that the second reader found."""
    try:
        found = read(line.but(text=text, arguments=(), script=None))
    except InputError:  # pragma: no cover  the whole line was refused before
        return
    for command in found.commands:
        yield command.but(span=where)


def _union(
    commands: tuple[SimpleCommand, ...], extra: list[SimpleCommand]
) -> tuple[SimpleCommand, ...]:
    known = {tuple(word.text for word in command.words) for command in commands}
    return (*commands, *(c for c in extra if tuple(w.text for w in c.words) not in known))


# -- our side ------------------------------------------------------------------------------------------


def seen_here(source: Source) -> Counter[Key] | None:
    """Return what our own scanner sees in a text; None where it cannot read it."""
    fresh = source_of(source.text)
    found: Counter[Key] = Counter()
    try:
        _of_region(fresh, Scanner(fresh).scan(), found)
    except (Unreadable, RecursionError):
        return None
    return found


def _of_region(source: Source, region: Region, found: Counter[Key]) -> None:
    for tokens in region.at.values():
        words = [t for t in tokens if t.kind is Kind.WORD]
        if words:
            found[tuple(_plain(source.text[t.start : t.end]) for t in words)] += 1
        for token in tokens:
            _of_token(source, token, found)


def _of_token(source: Source, token: Token, found: Counter[Key]) -> None:
    target = token.target
    if token.kind in (Kind.REDIRECT, Kind.HEREDOC) and target is not None:
        found[(">", token.op, _plain(source.text[target.start : target.end]))] += 1
    for piece in () if token.kind is Kind.CONDITION else token.pieces:
        _of_piece(source, piece, found)
    for operand in token.operands:
        _of_token(source, operand, found)


def _of_piece(source: Source, piece: Piece, found: Counter[Key]) -> None:
    for inner in piece.inner:
        _of_piece(source, inner, found)
    if piece.source is not None:
        _of_region(piece.source, Scanner(piece.source).scan(), found)
    elif piece.region is not None:
        _of_region(source, piece.region, found)


# -- shfmt's side (github.com/mvdan/sh, syntax/typedjson) ----------------------------------------------------


def seen_there(tree: Any, text: str) -> Iterator[tuple[Key, int, int]]:
    """Yield each simple command and redirect of shfmt's tree as spelled, and where it stands."""
    raw = text.encode("utf-8", "surrogateescape")
    plain = text.isascii()

    def at(position: dict[str, int]) -> int:
        offset = position.get("Offset", 0)
        return offset if plain else len(raw[:offset].decode("utf-8", "replace"))

    def slices(nodes: list[Any]) -> list[str]:
        return [text[at(node["Pos"]) : at(node["End"])].replace("\\\n", "") for node in nodes]

    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
            continue
        if not isinstance(node, dict):
            continue
        left += node.values()
        words = tuple(_words_of(node, slices))
        if words:
            yield words, at(node["Pos"]), at(node["End"])
        for redirect in node.get("Redirs", ()):
            word = redirect["Word"]
            start = at(redirect["OpPos"])
            op = _CONTINUED.sub("", text[start : at(word["Pos"])]).strip(" \t")
            yield (">", op, *slices([word])), start, at(word["End"])


def _words_of(node: dict[str, Any], slices: Callable[[list[Any]], list[str]]) -> list[str]:
    """Return the words of a node that is a simple command, or the list of a loop."""
    match node.get("Type"):
        case "CallExpr":
            return slices([*node.get("Assigns", ()), *node.get("Args", ())])
        case "DeclClause":
            return [node["Variant"]["Value"], *slices(node.get("Args", []))]
        case "LetClause":
            return ["let", *slices(node["Exprs"])]
        case "WordIter":
            return slices(node.get("Items", []))
    return []


def _plain(word: str) -> str:
    """Return a word's spelling without what backticks and continuations add to it."""
    return _CONTINUED.sub("", word)
