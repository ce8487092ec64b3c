"""Loops followed turn by turn: `for x in a b`, and `while read x` over a text that is known."""

from __future__ import annotations

import re

from gatesh.shell.effects import changed, places
from gatesh.shell.follow import Follower
from gatesh.shell.parse import Sequence, Simple
from gatesh.shell.tokens import Kind
from gatesh.shell.words import fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import SimpleCommand, Word
    from gatesh.shell.context import Context
    from gatesh.shell.parse import Compound, Node
    from gatesh.shell.tokens import Token

MOST_TURNS = 64  # of loops over known words, in one line
_IN = re.compile(r"(?:\s|\\\n)+in\b")
# Where one of these stands in a loop, it may take some of what the loop's `read` would get.
READS_PARTLY = frozenset(
    """read mapfile readarray select dd head sed awk gawk mawk perl python python3 ruby node php lua line source
    . exec busybox""".split()
)
_LEAVES = frozenset(("exit", "return", "break", "continue", "exec"))


class Loops(Follower):
    """Walks through loops."""

    def _loop(self, node: Compound, context: Context) -> None:
        """Walk through a loop: what its body changes is not known inside it either."""
        state = self._state
        state.forget(changed(node, self._region, self._source))
        before, feed = state.copy(), context.feed
        is_case = any(t.kind is Kind.PATTERN for t in self._tokens_of(node.parts[0]))
        at = feed.at = feed.at if is_case else None
        mark = context.sink.mark() if context.sink else 0
        self._walk.loops += 1
        for part in node.parts:
            self.node(part, context)
        self._walk.loops -= 1
        feed.at = at if feed.at == at else None
        if context.sink:
            context.sink.perhaps(mark)
        state.join(before)

    def _values(self, node: Compound) -> list[Word] | None:
        """Return what `for NAME in …` goes through, where it is all known."""
        if node.name < 0 or self._walk.aside:
            return None
        (name,) = self._region.at[node.name]
        text = self._source.text
        if name.kind is not Kind.NAME or text[: name.start].rstrip().endswith("select"):
            return None
        if node.words < 0 and _IN.match(text, name.end):
            return None  # for x in; do …
        if node.words < 0:
            found = list(self._state.arguments or ())
        else:
            found = []
            for token in self._region.at[node.words]:
                words, unseen = fields(self._source, token, self._state)
                found += words
                if unseen:
                    return None
        known = all(word.known and not word.globbed for word in found)
        return found if found and known and self._walk.turns(len(found)) else None

    def _each(self, node: Compound, values: list[Word], context: Context) -> None:
        """Walk through a loop value by value."""
        (name,) = self._region.at[node.name]

        def turns() -> Iterator[bool]:
            for value in values:
                self._state.set(self._source.text[name.start : name.end], value.text)
                yield True

        self._followed(node, node.parts, turns(), context)

    def _lines(self, node: Compound, context: Context) -> bool:
        """Walk through `while read x; do …; done` line by line; False where the lines are not known."""
        feed = context.feed
        if node.kind != "while" or feed.word is None or feed.at is None or self._walk.aside:
            return False
        reads = self._reading(node.parts[0])
        body = {self._source.text[t.start : t.end] for t in self._tokens_of(node.parts[1])}
        if reads is None or body & (READS_PARTLY | self._walk.defined.changes.keys()):
            return False
        if not self._walk.turns(feed.word.text.count("\n", feed.at) + 1):
            return False
        read, to_the_end = reads

        def turns() -> Iterator[bool]:
            for _ in range(MOST_TURNS):
                start = feed.at
                self.succeeded = None
                self.node(read, context)
                if feed.at is None:
                    return
                at, taken = feed.at, feed.taken
                if not self.succeeded and not (to_the_end and at > (start or 0)):
                    return
                yield True
                if feed.taken == taken:
                    feed.at = at  # a program that reads all the rest only makes for fewer turns

        self._followed(node, node.parts[1:], turns(), context)
        if feed.at is None or self.succeeded is None:
            self._loop(node, context)
        return True

    def _reading(self, node: Node) -> tuple[Simple, bool] | None:
        """Return the `read` of a loop's condition, and whether a last line without an end counts."""
        rest: tuple[Node, ...] = ()
        if isinstance(node, Sequence) and all(o == "||" for o, _, _ in node.parts[1:]):
            rest = tuple(part for _, part, _ in node.parts[1:])
            node = node.parts[0][1]
        if not isinstance(node, Simple) or len(rest) > 1:
            return None
        tokens = [t for t in self._region.at[node.at] if t.kind is Kind.WORD]
        words = [self._source.text[t.start : t.end] for t in tokens if not self._is_assignment(t)]
        if words[:1] != ["read"] or len(tokens) < len(self._region.at[node.at]):
            return None
        if rest and not re.match(r"(?:\[|\[\[|test)\s+-n\s", self._text_of(rest[0])):
            return None
        return node, bool(rest)

    def _text_of(self, node: Node) -> str:
        tokens = self._tokens_of(node)
        return self._source.text[tokens[0].start : tokens[-1].end] if tokens else ""

    def _tokens_of(self, node: Node) -> list[Token]:
        return [token for at in places(node) for token in self._region.at[at]]

    def _followed(
        self, node: Compound, parts: tuple[Node, ...], turns: Iterator[bool], context: Context
    ) -> None:
        """Walk through a loop turn by turn; what came out the same every time is kept once."""
        state, commands = self._state, self._walk.commands
        names = changed(node, self._region, self._source)
        texts = {self._source.text[t.start : t.end] for at in self._region.at.values() for t in at}
        leaves = bool(texts & _LEAVES)
        seen: set[SimpleCommand] = set()
        mark = context.sink.mark() if context.sink else 0
        while True:
            if leaves:
                state.forget(names)
            before = state.copy()
            first, at = len(commands), context.feed.at
            if not next(turns, False):
                break
            self._walk.loops += 1
            for part in parts:
                self.node(part, context)
            self._walk.loops -= 1
            commands[first:] = [c for c in commands[first:] if c not in seen]
            seen.update(commands[first:])
            if leaves:
                state.join(before)
                if context.feed.at != at and node.kind == "for":
                    context.feed.at = None
        if leaves:
            state.join(before)
            if context.sink:
                context.sink.perhaps(mark)
