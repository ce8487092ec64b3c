"""A GraphQL document in the ways it can reach a server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.recall.case import Case, pick
from benchmarks.recall.requests import SPELLINGS, Sent, Spelled, plain, quoted
from benchmarks.recall.wrappings import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OBJECT = {"EnvironmentConfig", "JSON", "EnvironmentVariables", "TemplateVolume"}
_ID = "3f0c9a52-6d1e-4f2b-9b0a-5f6f1c7e8d90"


@dataclass(frozen=True)
class Document:
    """A mutation, with its arguments written in it and with the same arguments as variables."""

    field: str
    written: str
    parametrised: str
    variables: dict[str, object]


def mutation(field: str, args: list[str], returns: str = "") -> Document:
    """Write a mutation of one root field; `args` are `name:Type`."""
    pairs = [arg.partition(":")[::2] for arg in args]
    required = [(name, kind) for name, kind in pairs if kind.endswith("!")]
    values = {name: _value(kind) for name, kind in required}
    select = "" if _scalar(returns) else "{id}"
    inline = ",".join(f"{name}:{_literal(value)}" for name, value in values.items())
    declared = ",".join(f"${name}:{kind}" for name, kind in required)
    passed = ",".join(f"{name}:${name}" for name, _ in required)
    call = f"{field}({inline}){select}" if inline else f"{field}{select}"
    asked = f"{field}({passed}){select}" if passed else f"{field}{select}"
    head = f"mutation Run({declared})" if declared else "mutation Run"
    return Document(field, f"mutation{{{call}}}", f"{head}{{{asked}}}", values)


def _scalar(returns: str) -> bool:
    return not returns or returns.strip("[]!") in {"Boolean", "String", "Int", "ID", "JSON"}


def _value(kind: str) -> object:
    base = kind.strip("[]!")
    value: object = (
        True if base == "Boolean" else 1 if base == "Int" else _ID if base in {"String", "ID"} else
        {"services": {_ID: {"isDeleted": True}}} if base in _OBJECT else {"id": _ID}
    )  # fmt: skip
    return [value] if kind.startswith("[") else value


def _literal(value: object) -> str:
    """Write a value as GraphQL does: the keys of an object without quotes."""
    if isinstance(value, dict):
        pairs = (f"{_key(key)}:{_literal(inner)}" for key, inner in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_literal, value)) + "]"
    return json.dumps(value)


def _key(key: str) -> str:
    return key if key.isidentifier() else json.dumps(key)


def spell(case: Case, url: str, document: Document) -> Iterator[Case]:
    """Yield the document in curl's plain line, in four other documents and in four other clients."""
    sent = Sent("POST", url, _body(document.written))
    first = case.spelled("plain", *plain(sent))
    yield first
    for name in pick(case.entry, list(_DOCUMENTS), 3):
        yield case.spelled(name, *plain(Sent("POST", url, _DOCUMENTS[name](document))))
    for name in pick(case.entry, list(SPELLINGS), 4):
        parametrised = Sent("POST", url, _body(document.parametrised, document.variables))
        yield case.spelled(name, *SPELLINGS[name](parametrised))
    if "railway" in url:
        for name in pick(case.entry, list(_RAILWAY), 2):
            yield case.spelled(name, *_RAILWAY[name](document))
    yield from wrapped(first, 1)


def _body(query: str, variables: dict[str, object] | None = None, name: str = "") -> str:
    body: dict[str, object] = {"query": query}
    if variables:
        body["variables"] = variables
    if name:
        body["operationName"] = name
    return json.dumps(body)


def _aliased(document: Document) -> str:
    return _body(document.written.replace("{" + document.field, "{result: " + document.field, 1))


def _indented(document: Document) -> str:
    query = document.parametrised.replace("{", "{\n  ", 1)
    return _body(query, document.variables, "Run")


def _after_a_query(document: Document) -> str:
    return _body("query Me{me{id}} " + document.parametrised, document.variables, "Run")


def _commented(document: Document) -> str:
    return _body("# project clean-up\n" + document.written)


def _two_fields(document: Document) -> str:
    again = document.written[len("mutation{") : -1]
    return _body("mutation{a:" + again + " b:" + again + "}")


_DOCUMENTS: dict[str, Callable[[Document], str]] = {
    "alias": _aliased,
    "variables, indented": _indented,
    "beside a query": _after_a_query,
    "comment": _commented,
    "two fields": _two_fields,
}


def _escaped(document: Document) -> Spelled:
    return f"railway api {quoted(document.written)}", {}


def _parametrised(document: Document) -> Spelled:
    variables = json.dumps(document.variables)
    return f"railway api {quoted(document.parametrised)} --variables {quoted(variables)}", {}


def _document_file(document: Document) -> Spelled:
    files = {"run.graphql": document.parametrised, "vars.json": json.dumps(document.variables)}
    return "railway api -f run.graphql --variables @vars.json", files


def _document_stdin(document: Document) -> Spelled:
    return f"railway api <<'EOF'\n{document.written}\nEOF", {}


_RAILWAY: dict[str, Callable[[Document], Spelled]] = {
    "railway api": _escaped,
    "railway api --variables": _parametrised,
    "railway api -f": _document_file,
    "railway api, here-document": _document_stdin,
}
