"""Root fields of GraphQL operations, from a request's body or query string.

A reader of its own instead of graphql-core: a dependency less, and importing that takes 75 ms of a shell's
start where the executable part of the grammar is this page; the tests compare the two.
Over 400 lines: the documents of a request are found and read on one page, so that none is found unread.
"""

from __future__ import annotations

import re

from gatesh.facts.words import SHOWN
from gatesh.model import GraphqlField

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

LIMIT = 200_000  # characters of a document

_TOKEN = re.compile(
    r"[\s,\ufeff]+|\#[^\n\r]*"
    r'|(?P<block>"""(?:\\"""|[^"]|"(?!""))*+""")'
    r'|(?P<string>"(?:\\.|[^"\\\n\r])*+")'
    r"|(?P<name>[_A-Za-z…][_0-9A-Za-z…]*)"
    r"|(?P<punct>\.\.\.|[!$&():=@\[\]{|}])"
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
)
_QUERY = re.compile(r'"query"\s*:\s*("(?:\\.|[^"\\])*+")', re.IGNORECASE)
_MENTION = re.compile(r"\b(query|mutation|subscription)\b", re.IGNORECASE)
_OPERATIONS = ("query", "mutation", "subscription")
_CLOSING = {"(": ")", "{": "}", "[": "]"}
_ASSIGNS = re.compile(r"[\w%\[\]]+\s*=")  # query=…, query%5B%5D=…: a form
# Where GraphQL is served: /graphql, /graphql/v2; not /repos/graphql/graphql-js.
_ENDPOINT = re.compile(
    r"/(?:graphql|gql)(?:/(?:v\d+|internal|public|query|api|stored))?/?$", re.IGNORECASE
)
# Parameters by which a server may take a stored document instead of the one that was sent.
_STORED = frozenset(
    (
        "extensions",
        "id",
        "documentid",
        "document_id",
        "docid",
        "doc_id",
        "queryid",
        "query_id",
        "operationid",
        "hash",
    )
)
_ASKING = _STORED | {"query", "operations", "variables"}


class _SyntaxError(Exception):
    """The text is no GraphQL document."""


def read(
    body: str | None,
    query: str = "",
    path: str = "",
    content_type: str = "",
    parts: tuple[tuple[str, str], ...] | None = None,
) -> tuple[tuple[GraphqlField, ...], tuple[str, ...]]:
    """Return the root fields a request asks for, and what of them cannot be seen.

    `body` and `query` hold SHOWN where a part is not known; `parts` are a multipart body's.
    """
    fields: list[GraphqlField] = []
    blind: list[str] = []
    endpoint = "graphql" in path.lower()
    asked = [(name, value) for name, value in _form(query) if name in _ASKING] if query else []
    if not endpoint:
        asked = [pair for pair in asked if "{" in pair[1]]
    documents = [*_in_form(asked, blind)]
    if parts is not None:
        documents += _in_form([(_name(name), value) for name, value in parts], blind)
    else:
        documents += _in_body(body or "", content_type, endpoint, blind)
    for document, variables in documents:
        try:
            fields += roots(document, variables)
        except _SyntaxError as error:
            blind.append(f"graphql: {error}")
    if any(SHOWN in field.name for field in fields):
        blind.append("graphql: the name of a field")
    if body and not documents and (endpoint or _looks_like(body)):
        blind.append("graphql: no document can be read in the body")
    if query and not documents and _ENDPOINT.search(path):
        blind.append("graphql: no document can be read in the query string")
    return tuple(fields), tuple(dict.fromkeys(blind))


def roots(document: str, variables: Mapping[str, Any]) -> list[GraphqlField]:
    """Return the root fields of every operation in `document`."""
    if len(document) > LIMIT:
        raise _SyntaxError("the document is too long")
    reader = _Reader(document, variables)
    reader.document()
    return [
        GraphqlField(kind, name, arguments)
        for kind, selection in reader.operations
        for name, arguments in _flatten(selection, reader.fragments, set())
    ]


def _looks_like(body: str) -> bool:
    return '"query"' in body and _MENTION.search(body.replace('"query"', "")) is not None


def _in_body(
    body: str, content_type: str, endpoint: bool, blind: list[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find the documents of a body: JSON, a batch, a form, or raw text."""
    text = body.lstrip("\ufeff \t\r\n")
    if "application/graphql" in content_type and "json" not in content_type:
        yield body, {}
    elif text[:1] in ("{", "["):
        yield from _in_json(text, blind, endpoint=endpoint)
    elif text.startswith(_OPERATIONS) and "{" in text and not _ASSIGNS.match(text):
        yield body, {}
    elif "=" in text:
        yield from _in_form(_form(text), blind)


def _in_form(
    pairs: list[tuple[str, str]], blind: list[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find the documents of a form: of two equal keys each server takes the one it likes."""
    variables = _variables(next((value for name, value in pairs if name == "variables"), ""))
    asks = any(name in ("query", "operations") for name, _ in pairs)
    for name, value in pairs:
        if name == "query":
            yield value, variables
        elif name == "operations":
            yield from _in_json(value, blind, endpoint=True)
        elif asks and name in _STORED and value.strip() not in ("", "{}", "null"):
            blind.append(f"graphql: {name} may name another document")


def _in_json(
    text: str, blind: list[str], *, endpoint: bool
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import json

    try:
        # Pairs, not a dict: of two "query" keys each server takes the one it likes.
        found = json.loads(text, object_pairs_hook=_Pairs, strict=False)
    except (ValueError, RecursionError):
        # A body that is broken, or only half seen, may still show its documents.
        for quoted in _QUERY.findall(text):
            yield _unescaped(quoted), {}
        if _MENTION.search(text):
            blind.append("graphql: the body is no JSON")
        return
    requests = [
        [(_name(str(key)), value) for key, value in one.pairs] if isinstance(one, _Pairs) else []
        for one in (found if isinstance(found, list) else [found])
    ]
    certain = endpoint or any(
        name == "query" and isinstance(v, str) for r in requests for name, v in r
    )
    for named in requests:
        asked = [value for name, value in named if name == "query"]
        stored = [name for name, value in named if name in _STORED and _plain(value)]
        if certain and stored:
            blind.append(f"graphql: {stored[0]} may name another document")
        if certain and not (asked and all(isinstance(value, str) for value in asked)):
            blind.append("graphql: a request without a document that can be read")
        variables = _plain(next((v for k, v in named if k == "variables"), {}))
        for value in asked:
            if isinstance(value, str):
                yield value, variables if isinstance(variables, dict) else _variables(variables)


def _unescaped(quoted: str) -> str:
    import json

    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:
        return ""


class _Pairs:
    """A JSON object that keeps equal keys apart."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {key: _plain(inner) for key, inner in value.pairs}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _variables(text: Any) -> dict[str, Any]:
    if not text:
        return {}
    import json

    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _form(text: str) -> list[tuple[str, str]]:
    """Decode `a=b&c=d`, names as servers compare them."""
    from urllib.parse import unquote_plus

    pairs = [part.partition("=") for part in text.split("&")]
    return [(_name(unquote_plus(name)), unquote_plus(value)) for name, _, value in pairs]


def _name(text: str) -> str:
    """Return a parameter's name without case, blanks and the [] that some servers take off."""
    return text.partition("[")[0].strip().lower()


def _flatten(
    selection: list[Any], fragments: Mapping[str, list[Any]], seen: set[str]
) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield the fields of a selection; a fragment counts once, or n of them would take 2**n steps."""
    for item in selection:
        if isinstance(item, tuple):
            yield item
        elif isinstance(item, list):
            yield from _flatten(item, fragments, seen)
        elif item not in fragments:
            raise _SyntaxError(f"fragment {item} is not in the document")
        elif item not in seen:
            seen.add(item)
            yield from _flatten(fragments[item], fragments, seen)


class _Reader:
    """Reads executable documents; what stands below a root field is stepped over."""

    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self.operations: list[tuple[str, list[Any]]] = []
        self.fragments: dict[str, list[Any]] = {}
        self._variables = variables
        self._defaults: dict[str, str] = {}
        self._tokens = list(_tokens(text))
        self._at = 0

    def document(self) -> None:
        """Read all definitions; raise _SyntaxError where it is none."""
        if not self._tokens:
            raise _SyntaxError("the document is empty")
        while self._at < len(self._tokens):
            kind, text = self._next()
            if text == "{":
                self._at -= 1
                self.operations.append(("query", self._selection()))
            elif kind == "name" and text in _OPERATIONS:
                self._operation(text)
            elif text == "fragment":
                name = self._next()[1]
                self._skip_to("{")
                self.fragments[name] = self._selection()
            elif kind not in ("string", "block"):  # a description may stand in front
                raise _SyntaxError(f"{text!r} begins no operation")

    def _operation(self, kind: str) -> None:
        if self._peek() not in ("(", "@", "{"):
            self._next()
        self._defaults = {}
        if self._peek() == "(":
            self._variable_definitions()
        self._skip_to("{")
        self.operations.append((kind, self._selection()))

    def _variable_definitions(self) -> None:
        inside = self._balanced()
        for at, (_, text) in enumerate(inside):
            if text == "$" and at + 1 < len(inside):
                name = inside[at + 1][1]
                for later in range(at + 2, len(inside) - 1):
                    if inside[later][1] == "$":
                        break
                    if inside[later][1] == "=":
                        self._defaults[name] = _unquote(*inside[later + 1])
                        break

    def _selection(self) -> list[Any]:
        """Return fields as tuples, spreads as names, inline fragments as lists."""
        self._expect("{")
        found: list[Any] = []
        depth: list[list[Any]] = []
        while True:
            kind, text = self._next()
            if text == "}" and not depth:
                return found
            if text == "}":
                found = depth.pop()
            elif text == "...":
                named = self._peek() not in ("on", "@", "{")
                if named:
                    found.append(self._next()[1])
                    self._directives()
                    continue
                self._skip_to("{")
                self._next()
                inner: list[Any] = []
                found.append(inner)
                depth.append(found)
                found = inner
            elif kind == "name":
                found.append(self._field(text))
            else:
                raise _SyntaxError(f"{text!r} is no field")

    def _field(self, name: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        if self._peek() == ":":
            self._next()
            kind, name = self._next()
            if kind != "name":
                raise _SyntaxError(f"{name!r} is no field")
        arguments = tuple(self._arguments()) if self._peek() == "(" else ()
        self._directives()
        if self._peek() == "{":
            self._balanced()
        return name, arguments

    def _arguments(self) -> Iterator[tuple[str, str]]:
        inside = self._balanced()[1:-1]
        at = 0
        while at + 2 < len(inside) and inside[at + 1][1] == ":":
            name = inside[at][1]
            start = at = at + 2
            at = _value_end(inside, at)
            yield name, self._resolved(inside[start:at])
        if at < len(inside):
            raise _SyntaxError("the arguments of a field")

    def _resolved(self, tokens: list[tuple[str, str]]) -> str:
        if len(tokens) == 1:
            return _unquote(*tokens[0])
        out: list[str] = []
        skip = False
        for at, (_, text) in enumerate(tokens):
            if skip:
                skip = False
            elif text == "$" and at + 1 < len(tokens):
                out.append(self._variable(tokens[at + 1][1]))
                skip = True
            else:
                out.append(text)
        return " ".join(out)

    def _variable(self, name: str) -> str:
        if name in self._variables:
            value = self._variables[name]
            if isinstance(value, str):
                return value
            import json

            return json.dumps(value)
        return self._defaults.get(name, f"${name}")

    def _directives(self) -> None:
        while self._peek() == "@":
            self._next()
            self._next()
            if self._peek() == "(":
                self._balanced()

    def _skip_to(self, text: str) -> None:
        while self._peek() != text:
            if self._peek() == "(":
                self._balanced()
            else:
                self._next()

    def _balanced(self) -> list[tuple[str, str]]:
        """Take everything from an opening bracket to its partner, both included."""
        start = self._at
        open_: list[str] = []
        while True:
            kind, text = self._next()
            if kind == "punct" and text in _CLOSING:
                open_.append(_CLOSING[text])
            elif kind == "punct" and text in (")", "}", "]") and text != open_.pop():
                raise _SyntaxError(f"{text!r} closes nothing")
            if not open_:
                return self._tokens[start : self._at]

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _SyntaxError("the document ends early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, text: str) -> None:
        if self._next()[1] != text:
            raise _SyntaxError(f"{text!r} is missing")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _SyntaxError(f"{text[at : at + 10]!r} is no GraphQL")
        at = found.end()
        if found.lastgroup:
            yield found.lastgroup, found[0]


def _value_end(tokens: list[tuple[str, str]], at: int) -> int:
    """Return where the value that begins at `at` ends."""
    if tokens[at][1] == "$":
        return at + 2
    depth = 0
    for index in range(at, len(tokens)):
        kind, text = tokens[index]
        depth += (kind == "punct" and text in "{[") - (kind == "punct" and text in "}]")
        if depth == 0:
            return index + 1
    raise _SyntaxError("the arguments of a field")


def _unquote(kind: str, text: str) -> str:
    if kind == "block":
        return text[3:-3]
    return text[1:-1] if kind == "string" else text
