"""What a secret was used for: the rows of a record that name its fingerprint, its kind and the operation.

Where redaction found a secret in the words of a command, and that command reaches something, a row is
written though nobody was asked: the next card says what the same secret was used for before. A line in which
nothing was found pays nothing.
"""

from __future__ import annotations

from gatesh.audit.encode import to_json
from gatesh.model import CliCall, CloudCall, FileChange, HttpRequest, SqlStatement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from gatesh.model import Fact, Inspection

    Row = dict[str, object]
    Use = tuple[str, str]

_MOST = 16  # rows of one record
_LONGEST = 80


def uses_of(
    seen: Inspection,
    found: Mapping[int, tuple[str, ...]],
    clean: Callable[[str], str],
    mac: Callable[[bytes], str],
) -> list[Row]:
    """Return the rows; `found` are the secrets among the words of each command, by its index."""
    rows = list(_held(seen, clean))
    told = {row["fingerprint"] for row in rows}
    rows += [row for row in _plain(seen, found, clean, mac) if row["fingerprint"] not in told]
    return rows[:_MOST]


def _held(seen: Inspection, clean: Callable[[str], str]) -> Iterator[Row]:
    indices = {match.command for match in seen.matches}
    every = -1 in indices
    facts = [fact for index, fact in seen.facts if every or index in indices]
    for one in seen.credentials:
        for operation, target in _operations(facts, clean) or [("", "")]:
            yield {
                "fingerprint": one.fingerprint,
                "kind": clean(one.kind),
                "operation": operation,
                "target": target,
                "carried": clean(one.carried),
                "files": to_json(tuple(clean(path) for path in one.files), str),
                "read_in": one.read_in or None,
            }


def _plain(
    seen: Inspection,
    found: Mapping[int, tuple[str, ...]],
    clean: Callable[[str], str],
    mac: Callable[[bytes], str],
) -> Iterator[Row]:
    for index, secrets in found.items():
        uses = _operations((fact for place, fact in seen.facts if place == index), clean)
        if not uses:
            continue
        from gatesh.secrets.fingerprint import essence, fingerprint
        from gatesh.secrets.formats import by_format

        for secret in secrets:
            value, _ = essence(secret)
            mark, kind = fingerprint(value, mac), by_format(value)
            for operation, target in uses:
                yield {
                    "fingerprint": mark,
                    "kind": kind.name if kind else "secret",
                    "operation": operation,
                    "target": target,
                    "carried": "the command line",
                    "files": "[]",
                    "read_in": None,
                }


def _operations(facts: Iterable[Fact], clean: Callable[[str], str]) -> list[Use]:
    """Return what facts do and to what, each once."""
    found: dict[Use, None] = {}
    facts = [fact for fact in facts if not isinstance(fact, FileChange)]
    told = [fact for fact in facts if not isinstance(fact, CliCall)]
    for fact in told or facts:  # a program's own call says less than what it amounts to
        target = clean(fact.target.name)[:_LONGEST]
        for operation in _named(fact):
            found[clean(operation)[:_LONGEST], target] = None
    return list(found)


def _named(fact: Fact) -> Iterator[str]:
    if isinstance(fact, HttpRequest):
        if fact.graphql:
            yield from (field.name for field in fact.graphql)
        else:
            path = fact.path.partition("?")[0]
            yield f"{fact.method} {'/'.join(path.split('/')[:4])}"
    elif isinstance(fact, SqlStatement):
        yield fact.kind
    elif isinstance(fact, CloudCall):
        yield f"{fact.service} {fact.operation}"
    elif isinstance(fact, CliCall):
        operands = [word.text for word in fact.operands[:2] if word.known]
        yield " ".join([fact.program, *operands])
