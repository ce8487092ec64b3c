"""A first draft of a rule from one command line: its fact in the notation of the thing, and four examples.

The draft is narrow on purpose: a person widens it by a star or a brace, and sees that it still holds.
"""

from __future__ import annotations

import re
import shlex
from posixpath import basename, dirname

from gatesh._value import Value
from gatesh.model import CliCall, CloudCall, FileChange, HttpRequest, Locality, SqlStatement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Fact

_SUBCOMMAND = re.compile(r"[a-z][a-z-]*(?::[a-z-]+)*")
_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|\d+|[a-z]+_\w*\d\w*|\S{24,}", re.IGNORECASE
)
_UNREMARKABLE = ("GET", "HEAD", "OPTIONS")
_READS = ("select", "show", "explain", "transaction", "pragma", "set")
_MOST_OPERANDS = 3
_DANGEROUS = (
    "--force",
    "-f",
    "--yes",
    "-y",
    "--hard",
    "--all",
    "--purge",
    "--recursive",
    "--prune",
)


class Draft(Value):
    """What a new rule could say; a person has the last word on every part."""

    notation: str
    pattern: str
    klass: str
    say: str
    passes: str  # a look-alike that is harmless
    when: str = ""
    about: str = ""  # beside the pattern, for the id: the table of a statement

    @property
    def id(self) -> str:
        """Return an id made of the pattern's words."""
        words = re.findall(r"[a-z0-9]+", f"{self.pattern} {self.about}".lower())
        return "-".join(word for word in words if not word.isdigit())[:40].strip("-") or "mine"


def drafts(facts: tuple[tuple[int, Fact], ...], home: str = "") -> tuple[Draft, ...]:
    """Return a draft for each fact that something could be lost by, those that say most first.

    A client's own command line is left out where it is known what it asks for.
    """
    known = {index for index, fact in facts if not isinstance(fact, CliCall)}
    spoken = [fact for n, fact in facts if n not in known or not isinstance(fact, CliCall)]
    found = [draft for fact in spoken for draft in _drafts(fact, home)]
    order = ("graphql", "http", "sql", "file", "cli")
    return tuple(dict.fromkeys(sorted(found, key=lambda draft: order.index(draft.notation))))


def look_alike(line: str) -> str:
    """Return a line that only speaks of `line`."""
    return f"echo {shlex.quote(line)}"


def again(line: str) -> str:
    """Return the same command in another dress."""
    return f"cd . && {line}"


def _drafts(fact: Fact, home: str) -> Iterator[Draft]:
    match fact:
        case HttpRequest() if fact.host:
            yield from _request(fact)
        case SqlStatement() if fact.kind not in _READS:
            yield _statement(fact)
        case FileChange():
            yield from (_file(fact.action, path.path, home) for path in fact.paths[:3])
        case CloudCall():
            pattern = f"{fact.provider} {fact.service} {fact.operation}"
            help_ = f"{pattern} help"
            yield Draft(
                "cli", pattern, "resource-destroy", f"{fact.operation} in {{target}}", help_
            )
        case CliCall():
            yield _call(fact)


def _request(fact: HttpRequest) -> Iterator[Draft]:
    segments = fact.path.partition("?")[0].split("/")
    path = "/".join("*" if _ID.fullmatch(s) else s for s in segments) or "/"
    url = f"{fact.scheme or 'https'}://{fact.host}{fact.path}"
    for field in fact.graphql:
        if field.operation != "query":
            pattern = f"{field.operation} {field.name} @ {fact.host}"
            passes = f'curl {url} -d \'{{"query":"{{me{{name}}}}"}}\''
            yield Draft("graphql", pattern, "resource-destroy", "{field} on {host}", passes)
    if fact.method not in _UNREMARKABLE and not fact.graphql:
        pattern = f"{fact.method} {fact.host}{path}"
        yield Draft("http", pattern, "resource-destroy", "{method} {path} on {host}", f"curl {url}")


def _statement(fact: SqlStatement) -> Draft:
    when = [f"'{table}' in tables" for table in fact.tables[:1]]
    when += ["!target.local"] if fact.target.locality is not Locality.LOCAL else []
    table = fact.tables[0] if fact.tables else "t"
    passes = f"psql -h db.prod -c 'SELECT count(*) FROM {table}'"  # noqa: S608  an example
    say = "{kind} of {table} on {target}"
    return Draft("sql", fact.kind, "data-destroy", say, passes, " && ".join(when), table)


def _file(action: str, path: str, home: str) -> Draft:
    if home and path.startswith(f"{home}/"):
        near = "~" + path[len(home) :]
    else:
        near = path if path.startswith("/") else f"**/{basename(path)}"
    glob = f"{dirname(near)}/**" if near.count("/") > 1 and not near.startswith("*") else near
    return Draft("file", f"{action} {glob}", "data-destroy", "{action} {path}", f"ls -l {near}")


def _call(fact: CliCall) -> Draft:
    words: list[str] = []
    for word in fact.operands:
        if len(words) == _MOST_OPERANDS or not word.known or not _SUBCOMMAND.fullmatch(word.text):
            break
        words.append(word.text)
    given = [name for name, value in fact.options if value is None and name in _DANGEROUS]
    pattern = " ".join([fact.program, *words, *dict.fromkeys(given)])
    say = f"{' '.join([fact.program, *words])}: {{names}}"
    return Draft("cli", pattern, "data-destroy", say, f"{fact.program} --help")
