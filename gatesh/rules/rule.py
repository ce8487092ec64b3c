"""What a pattern file becomes: rules as frozen values, and their patterns, compiled.

A pattern is compiled without regular expressions where it can be: most words of most patterns are
literal, and a set lookup needs no warming up. Globs become expressions when one is first compared.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gatesh._value import Value
from gatesh.model import Layer, Severity

NOTATIONS = ("cli", "http", "graphql", "sql", "file", "line")

CLASSES = frozenset(
    (
        "data-destroy", "backup-destroy", "key-destroy", "resource-destroy", "data-overwrite",
        "deferred-destroy", "guard-off", "audit-off", "access-revoke", "access-grant", "exposure",
        "outage", "history-rewrite", "publish", "money", "opaque-exec",
    )
)  # fmt: skip

# Of these classes what a line names is lost; `iptables -F` and `npm publish` lose nothing that they name.
LOSING = frozenset(
    (
        "data-destroy", "backup-destroy", "key-destroy", "resource-destroy", "data-overwrite",
        "deferred-destroy", "access-revoke", "history-rewrite",
    )
)  # fmt: skip
SOME = {"names": slice(None), "first": slice(0, 1), "last": slice(-1, None), "rest": slice(1, None)}

_SHOWN = 6  # alternatives of a choice, where it is told to a person


class Choice(Value):
    """One word of a pattern: `push`, `{a,b}`, `delete-*`, `@set`, with sets and braces spelled out."""

    literals: frozenset[str]
    globs: tuple[str, ...] = ()
    paths: bool = False  # `*` stays within one segment of a path, `**` crosses them

    def holds(self, text: str) -> bool:
        """Claim that `text` is one of the literals or fits one of the globs."""
        return text in self.literals or self.fits(text)

    def fits(self, text: str) -> bool:
        """Claim that `text` fits one of the globs."""
        tails, others = _sorted(self.globs, self.paths)
        return any(
            text.startswith(head) and text[len(head) :].endswith(tails[head]) for head in tails
        ) or any(glob_expression(glob, self.paths).fullmatch(text) for glob in others)

    def __str__(self) -> str:
        """Show it nearly as it was written, and not too long."""
        words = [*sorted(self.literals), *self.globs]
        shown = ",".join(words[:_SHOWN]) + (",…" if len(words) > _SHOWN else "")
        return shown if len(words) == 1 else f"{{{shown}}}"

    @property
    def any(self) -> bool:
        """Claim that everything holds."""
        return "**" in self.globs or ("*" in self.globs and not self.paths)


ANY = Choice(frozenset(), ("**",), paths=True)


class CliPattern(Value):
    """`git push {-f,--force}`: program, operands from the first on, options in any order."""

    programs: Choice
    operands: tuple[Choice | None, ...]  # None is `**`: any number of operands
    options: tuple[
        tuple[tuple[str, Choice | None], ...], ...
    ]  # all of them; each a list of spellings
    named: tuple[Choice, ...] = ()  # `... rm`: some word, read as a text, names each of them


class HttpPattern(Value):
    """`DELETE api.example.com/v1/volumes/*`."""

    methods: Choice
    hosts: Choice
    paths: Choice


class GraphqlPattern(Value):
    """`mutation * @ backboard.railway.{app,com}`."""

    operations: Choice
    fields: Choice
    hosts: Choice


class SqlPattern(Value):
    """`{delete,update}`, `drop *`."""

    kinds: Choice


class FilePattern(Value):
    """`delete-tree @system/** losable`: actions, where, and what must hold of the path."""

    actions: Choice
    paths: Choice
    extents: frozenset[str] = frozenset()  # empty: any
    claims: frozenset[str] = frozenset()  # "root", "directory"


class LinePattern(Value):
    """`unparsed`, `unknown-program`, `assign LD_PRELOAD`: about the reading itself."""

    about: str
    words: Choice = ANY
    paths: Choice = ANY  # of `names`
    named: tuple[Choice, ...] = ()  # of `assign`, as in a CliPattern


Pattern = CliPattern | HttpPattern | GraphqlPattern | SqlPattern | FilePattern | LinePattern


class Rule(Value):
    """One table of a pattern file; `patterns` are alternatives, and so are those of `unless`."""

    id: str
    notation: str
    patterns: tuple[Pattern, ...]
    severity: Severity
    klass: str
    say: str
    instead: str
    source: tuple[str, ...]  # the patterns as written
    unless: tuple[Pattern, ...] = ()
    when: str = ""
    certain: bool = False  # only what can be seen counts
    preview: str = ""
    loses: tuple[str, ...] | None = (
        None  # `{last}` `{--app}`: what is lost, where not all of `names`
    )
    deny: bool = False
    layer: Layer = Layer.SHIPPED
    file: str = ""
    line: int = 0


class Examples(Value):
    """What a rule says of itself: lines it catches, lines it lets by, and the world they are in."""

    catches: tuple[str, ...]
    passes: tuple[str, ...]
    known_misses: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()  # path → content
    env: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=4096)
def _sorted(
    globs: tuple[str, ...], paths: bool
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the tails by head of globs with a single star that crosses all, and the others.

    Most have one, and verbs and nouns multiply to hundreds of them: those need no expression.
    """
    star = "**" if paths else "*"
    tails: dict[str, list[str]] = {}
    others = []
    for glob in globs:
        head, _, tail = glob.partition(star)
        if "*" in head + tail or "\\" in glob or (paths and not tail):
            others.append(glob)
        else:
            tails.setdefault(head, []).append(tail)
    return {head: tuple(found) for head, found in tails.items()}, tuple(others)


@lru_cache(maxsize=4096)
def glob_expression(glob: str, paths: bool) -> re.Pattern[str]:
    """Return the expression of a glob: only `*` is special, and `/**` at the end means the top as well.

    A star takes the least that its text can follow, and keeps it, wherever that cannot be wrong: a long
    word would else be tried in as many ways as there are stars.
    """
    tail = ""
    if paths and glob.endswith("/**") and len(glob) > 3:
        glob, tail = glob[:-3], "(?:/.*)?"
    first, *rest = _STARS.split(glob.replace("\\*", "\0"))  # a star with a backslash is a star
    stars, texts = rest[::2], rest[1::2]
    many = [len(star) > 1 or not paths for star in stars]
    found = [_literal(first)]
    for place, text in enumerate(texts):
        last = place == len(texts) - 1
        # `**x*y`: the first x may stand in a segment that has no y.
        kept = not last and (not many[place] or many[place + 1])
        any_ = "." if many[place] else "[^/]"
        found.append(f"(?>{any_}*?{_literal(text)})" if kept else f"{any_}*{_literal(text)}")
    return re.compile("".join(found) + tail, re.DOTALL)


_STARS = re.compile(r"(\*\*?)")


def _literal(text: str) -> str:
    return re.escape(text).replace(re.escape("\0"), re.escape("*"))
