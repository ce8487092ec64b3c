"""The structure of a command text, by bashlex: the only place that knows its nodes.

bashlex sees skeletons (see tokens.py), so what it is known to misread (quotes, substitutions,
here-documents) never reaches it, and equal shapes are parsed once. Every `w` of the skeleton must come back
in the tree, or the text counts as unreadable.
"""

from __future__ import annotations

from functools import lru_cache

from gatesh.shell.tokens import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Simple:
    """A simple command: the tokens at `at` of the region."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        """Point at a `w` of the skeleton."""
        self.at = at


class Pipeline:
    """`a | b`; `negated` for `! a`."""

    __slots__ = ("negated", "parts")

    def __init__(self, parts: tuple[Node, ...], negated: bool) -> None:
        """Keep the parts in order."""
        self.parts = parts
        self.negated = negated


class Sequence:
    """`a; b && c || d & e`: each part with the operator in front of it and the one behind it."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[tuple[str, Node, str], ...]) -> None:
        """Keep the parts in order."""
        self.parts = parts


class Compound:
    """A compound command: `kind` is its first word, `(` for a subshell; redirects are at `redirects`."""

    __slots__ = ("kind", "name", "parts", "redirects", "words")

    def __init__(
        self,
        kind: str,
        parts: tuple[Node, ...],
        redirects: tuple[int, ...],
        name: int = -1,
        words: int = -1,
    ) -> None:
        """Keep the lists in order; `for NAME in WORDS` has both, at their places."""
        self.kind = kind
        self.parts = parts
        self.redirects = redirects
        self.name = name
        self.words = words


class Function:
    """`NAME () body`."""

    __slots__ = ("body", "name")

    def __init__(self, name: int, body: Node) -> None:
        """Keep the place of the name and the body."""
        self.name = name
        self.body = body


Node = Simple | Pipeline | Sequence | Compound | Function


def parse(skeleton: str) -> Node:
    """Return the tree of a skeleton; raises Unreadable."""
    tree, reason = _parse(skeleton)
    if tree is None:
        raise Unreadable(reason, 0)
    return tree


@lru_cache(maxsize=2048)
def _parse(skeleton: str) -> tuple[Node | None, str]:
    if skeleton == "{ w ; }":  # no structure: the commonest line must not pay for loading a parser
        return Simple(2), ""
    try:
        from gatesh.shell.bashlex_tables import load

        unit = load().parser.parsesingle(skeleton, expansionlimit=-1)
        if unit.pos != (0, len(skeleton)):
            return None, "syntax error"
        tree = _Tree()
        node = tree.node(unit)
        if tree.seen != sum(1 for word in skeleton.split(" ") if word == "w"):
            return None, "the parser lost a command"
    except Exception:  # noqa: BLE001  bashlex raises whatever it likes: no line may break the gate
        return None, "syntax error"
    return node, ""


class _Tree:
    """Turns bashlex's nodes into ours and counts the words that come by."""

    def __init__(self) -> None:
        self.seen = 0

    def _at(self, word: Any) -> int:
        self.seen += 1
        return int(word.pos[0])

    def node(self, node: Any) -> Node:
        """Turn one node, whatever its kind."""
        turn = getattr(self, "_" + node.kind)
        turned: Node = turn(node)
        return turned

    def _command(self, node: Any) -> Node:
        (word,) = node.parts
        return Simple(self._at(word))

    def _list(self, node: Any) -> Node:
        parts: list[tuple[str, Node, str]] = []
        before = ";"
        for part, operator in zip(node.parts[::2], [*node.parts[1::2], None], strict=False):
            after = operator.op if operator is not None else ";"
            parts.append((before, self.node(part), after))
            before = after
        return Sequence(tuple(parts)) if len(parts) > 1 or before != ";" else parts[0][1]

    def _pipeline(self, node: Any) -> Node:
        commands = [part for part in node.parts if part.kind not in ("pipe", "reservedword")]
        bangs = sum(1 for part in node.parts if part.kind == "reservedword")
        return Pipeline(tuple(self.node(part) for part in commands), bangs % 2 == 1)

    def _compound(self, node: Any) -> Node:
        redirects = tuple(self._at(redirect.output) for redirect in node.redirects)
        head = node.list[0]
        if head.kind == "reservedword":
            inner = tuple(self.node(part) for part in node.list if part.kind != "reservedword")
            if head.word == "{" and not redirects and len(inner) == 1:
                return inner[0]
            return Compound(head.word, inner, redirects)
        words = [self._at(part) for part in head.parts if part.kind == "word"]
        parts = tuple(
            self.node(part) for part in head.parts if part.kind not in ("word", "reservedword")
        )
        return Compound(head.kind, parts, redirects, *words)

    def _function(self, node: Any) -> Node:
        return Function(self._at(node.parts[0]), self.node(node.body))
