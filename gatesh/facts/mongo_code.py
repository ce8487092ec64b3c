"""MongoDB's shell language told as statements: which methods a script names, and whether a filter restricts.

Nobody runs the script. It is cut into tokens, and every method that changes something counts wherever it is
named, called or not; a name that is put together at run time makes the script opaque.
Longer than 400 lines by the tables of methods.
"""

from __future__ import annotations

import re

from gatesh.facts.sql_kinds import LIMIT
from gatesh.facts.sql_statement import Statement
from gatesh.model import Certainty, Span, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.|\$(?!\{))*`)
    |(?P<template>`(?:[^`\\]|\\.)*`)
    |(?P<number>\d[\w.]*)
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<mark>\?\.|=>|.)""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_TEMPLATE = re.compile(r"\$\{(.*?)\}", re.DOTALL)
_SHOWN = 2000

# method → kind; those of _FILTERED do it to what their first argument fits.
_METHODS = {
    "dropDatabase": "drop database", "drop": "drop table", "dropIndex": "drop index",
    "dropIndexes": "drop index", "dropUser": "drop user", "dropAllUsers": "drop user",
    "dropRole": "drop role", "dropAllRoles": "drop role", "renameCollection": "rename table",
    "convertToCapped": "truncate", "createUser": "create user", "updateUser": "alter user",
    "changeUserPassword": "alter user", "createRole": "create role", "updateRole": "alter role",
    "shutdownServer": "shutdown", "killOp": "kill", "fsyncLock": "lock table",
    "stepDown": "set global", "removeShard": "set global", "reconfig": "set global",
    "setParameter": "set global", "deleteOne": "delete", "findOneAndDelete": "delete",
    "deleteMany": "delete", "remove": "delete", "delete": "delete", "updateOne": "update",
    "replaceOne": "update", "findOneAndUpdate": "update", "findOneAndReplace": "update",
    "findAndModify": "update", "updateMany": "update", "update": "update", "save": "upsert",
    "insert": "insert", "insertOne": "insert", "insertMany": "insert",
}  # fmt: skip
_FILTERED = frozenset("deleteMany remove delete updateMany update".split())
_LOOKED_INTO = _FILTERED | {"runCommand", "adminCommand", "_adminCommand", "bulkWrite", "aggregate"}
_MOST = 2_000_000  # such methods, times the tokens that each may have to look at
_FAR = 200  # tokens that are looked back for a bracket
_COMMON = frozenset(
    "drop remove delete update save insert setParameter".split()
)  # names elsewhere too
_GRANTS = re.compile(r"(grant|revoke)(?:Roles|Privileges)(?:To|From)\w+")
# The commands of runCommand; what is not here may do anything.
_COMMANDS = {
    "drop": "drop table", "dropDatabase": "drop database", "dropIndexes": "drop index",
    "dropUser": "drop user", "dropAllUsersFromDatabase": "drop user", "dropRole": "drop role",
    "delete": "delete", "update": "update", "findAndModify": "update", "insert": "insert",
    "shutdown": "shutdown", "renameCollection": "rename table", "killOp": "kill",
    "convertToCapped": "truncate", "createUser": "create user", "updateUser": "alter user",
    "collMod": "alter table other", "setParameter": "set global", "create": "create table",
    "createIndexes": "create index",
}  # fmt: skip
_READS = frozenset(
    """
    aggregate buildInfo collStats connPoolStats connectionStatus count currentOp dataSize dbStats
    distinct explain features find getCmdLineOpts getLog getMore getParameter hello hostInfo isMaster
    ismaster listCollections listCommands listDatabases listIndexes lockInfo ping profile
    replSetGetConfig replSetGetStatus rolesInfo serverStatus top usersInfo validate whatsmyuri
    balancerStatus getShardMap listShards dbHash filemd5 logRotate
    """.split()
)
_EVALUATES = frozenset(
    """
    eval Function globalThis Reflect fromCharCode atob getPrototypeOf getOwnPropertyNames __proto__
    constructor
    """.split()
)
_SHELL = frozenset("child_process node:child_process run runProgram".split())


class _Token:
    __slots__ = ("kind", "text")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind  # string, name, number, mark, regex
        self.text = text  # strings without their quotes


def script(text: str) -> list[Statement]:
    """Return what a script names, in order; one that only reads is a select."""
    if len(text) > LIMIT:
        return [Statement("unknown", text=text[:_SHOWN], cannot_see=("script: too long",))]
    tokens = _tokens(text)
    if sum(token.text in _LOOKED_INTO for token in tokens) * len(tokens) > _MOST:
        return [Statement("unknown", text=text[:_SHOWN], cannot_see=("script: too long",))]
    found = [s.but(text=text[:_SHOWN]) for at in range(len(tokens)) for s in _told(tokens, at)]
    if _is_opaque(tokens):
        found.append(Statement("opaque", text=text[:_SHOWN]))
    return found or ([Statement("select", text=text[:_SHOWN])] if tokens else [])


def loaded(text: str) -> list[Word]:
    """Return the files that a script loads: `load("other.js")`."""
    tokens = _tokens(text) if "load" in text and len(text) <= LIMIT else []
    words = []
    for at, token in enumerate(tokens[:-1]):
        if token.kind == "name" and token.text == "load" and tokens[at + 1].text == "(":
            inner = _arguments(tokens, at + 1)
            known = len(inner) == 1 and inner[0].kind == "string"
            certainty = Certainty.LITERAL if known else Certainty.UNKNOWN
            words.append(Word(inner[0].text if inner else "", Span(0, 0), certainty))
    return words


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        before = found[-1].text if found else "("
        regex = (
            _REGEX.match(text, at) if before in ("(", ",", ":", "=", "[", "{", "return") else None
        )
        comment = text.startswith(("//", "/*"), at)
        match = regex if regex and not comment else _TOKEN.match(text, at)
        if match is None:
            return [*found, _Token("mark", "\\")]
        at = match.end()
        kind = "regex" if match is regex else str(match.lastgroup)
        if kind == "template":
            for inner in _TEMPLATE.findall(match.group()):
                found += [_Token("mark", "("), *_tokens(inner), _Token("mark", ")")]
        elif kind == "string":
            found.append(_Token(kind, match.group()[1:-1]))
        elif kind != "space":
            found.append(_Token(kind, match.group()))
    return found


def _is_opaque(tokens: list[_Token]) -> bool:
    """Claim that a script may call what it does not name: db["drop" + x](), eval, an escaped name."""
    for at, token in enumerate(tokens):
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.kind == "mark" and token.text in ("\\", "`", "#"):
            return True
        if token.kind == "name" and token.text in _EVALUATES:
            return True
        exact = token.text in _METHODS and token.text not in _COMMON
        if token.kind == "string" and exact and after in (",", ")"):
            return True  # Reflect.get(db, "dropDatabase")
        handed = token.kind == "name" and token.text in ("call", "apply", "bind") and after == "("
        if handed and at > 1 and tokens[at - 2].text in (")", "]"):  # find(f => …).call(db)
            return True
        if token.text == "]" and token.kind == "mark" and after == "(":
            inner = _before(tokens, at)
            if len(inner) != 1 or inner[0].kind != "string" or "\\" in inner[0].text:
                return True
    return False


def _told(tokens: list[_Token], at: int) -> Iterator[Statement]:
    """Tell what the token at `at` names."""
    token = tokens[at]
    if token.kind not in ("name", "string"):
        return
    before = tokens[at - 1].text if at else ""
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    called = after == "(" or (token.kind == "string" and after == "]")
    member = before in (".", "?.") or (token.kind == "string" and before == "[" and called)
    name = token.text
    if name in _SHELL and (token.kind == "string" or (called and not member)):
        yield Statement("shell escape")
    if token.kind == "string" and not member:
        return
    looks = called and name in _LOOKED_INTO
    arguments = _arguments(tokens, at + 1 if after == "(" else at + 2) if looks else []
    taken_out = before in ("{", ",") and after in ("}", ",")  # const {drop} = db.users
    if name in ("runCommand", "adminCommand", "_adminCommand"):
        yield _command(arguments)
    elif name == "bulkWrite":
        yield from _bulk(arguments, _collection(tokens, at))
    elif name == "aggregate" and any(t.text in ("$out", "$merge") for t in arguments):
        yield Statement("replace", _collection(tokens, at))
    elif grant := _GRANTS.fullmatch(name):
        yield Statement(grant[1])
    elif name in _METHODS and not called and not member and _is_key(tokens, at):
        return  # {deleteMany: {filter: …}} is a part of bulkWrite
    elif name in _METHODS and (member or taken_out or name not in _COMMON):
        if (
            member
            and before == "."
            and tokens[max(at - 2, 0)].text in ("rs", "sh")
            and name in _COMMON
        ):
            yield Statement("set global")
            return
        if name in ("delete", "remove") and not arguments:  # db.x.find({}).remove()
            arguments = _found_before(tokens, at - 1)
        yield _statement(name, arguments, _collection(tokens, at))


def _is_key(tokens: list[_Token], at: int) -> bool:
    """Claim that the name at `at` is the key of a written-out value, and not taken out of an object."""
    after = tokens[at + 1 : at + 3]
    return (
        len(after) == 2
        and after[0].text == ":"
        and (after[1].text == "{" or after[1].kind == "number")
    )


def _statement(name: str, arguments: list[_Token], tables: tuple[str, ...]) -> Statement:
    kind = _METHODS[name]
    if kind not in ("delete", "update"):
        return Statement(kind, tables)
    first = _first(arguments)
    one = name not in _FILTERED or _just_one(name, arguments)
    hidden: tuple[str, ...] = ()
    if not one and first and first[0].text != "{":
        hidden = ("filter: it is not written out",)
    return Statement(kind, tables, one or restricts(first), cannot_see=hidden)


def _just_one(name: str, arguments: list[_Token]) -> bool:
    """Claim that only one document is meant: update() without multi, remove(filter, true)."""
    rest = arguments[len(_first(arguments)) :]
    texts = [t.text for t in rest]
    if name == "update":
        return "multi" not in texts and texts.count("true") < 2
    follows = texts[texts.index("justOne") + 2 :][:1] if "justOne" in texts[:-2] else texts[1:2]
    return name == "remove" and follows in (["true"], ["1"])


def _command(arguments: list[_Token]) -> Statement:
    """Tell a database command by its first key."""
    named = arguments[1:2] if arguments[:1] and arguments[0].text == "{" else arguments[:1]
    if not named or named[0].kind not in ("name", "string"):
        return Statement("opaque")
    name = named[0].text
    if name in _READS:
        out = any(t.text in ("$out", "$merge") for t in arguments)
        return Statement("replace" if out else "select")
    kind = _COMMANDS.get(name)
    if kind is None:
        grant = _GRANTS.fullmatch(name)
        return Statement(grant[1] if grant else "opaque")
    table = tuple(t.text for t in arguments[3:4] if t.kind == "string")
    if kind in ("delete", "update"):
        filters = [_after_key(arguments, at) for at, t in enumerate(arguments) if t.text == "q"]
        narrow = bool(filters) and all(map(restricts, filters))
        return Statement(kind, table, narrow or name == "findAndModify")
    return Statement(kind, table)


def _bulk(arguments: list[_Token], tables: tuple[str, ...]) -> Iterator[Statement]:
    """Tell the parts of bulkWrite([{deleteMany: {filter: {}}}, …])."""
    if not arguments or arguments[0].text != "[":
        yield Statement("opaque", tables)
        return
    yield Statement("insert", tables)
    for at, token in enumerate(arguments):
        if token.text in ("deleteMany", "updateMany"):
            inner = _after_key(arguments, at)
            filters = [_after_key(inner, i) for i, t in enumerate(inner) if t.text == "filter"]
            narrow = bool(filters) and restricts(filters[0])
            yield Statement(_METHODS[token.text], tables, narrow)


# -- filters ---------------------------------------------------------------------------------------

_NARROW_OPERATORS = frozenset("$in $eq $lt $lte $all $elemMatch $size $type $text $search".split())
_LITERALS = frozenset(
    "true ObjectId ISODate Date NumberLong NumberInt NumberDecimal UUID BinData Timestamp new".split()
)


def restricts(filter_: list[_Token]) -> bool:
    """Claim that a filter certainly leaves documents out: a member of it picks values."""
    if not filter_ or filter_[0].text != "{" or filter_[-1].text != "}":
        return False
    return any(_picks(key, value) for key, value in _members(filter_))


def _picks(key: str, value: list[_Token]) -> bool:
    """Claim that one member of a filter picks values; the members of an object all have to hold."""
    if not value:
        return False
    if key == "$and":
        return any(restricts(part) for part in _elements(value))
    if key == "$or":
        parts = _elements(value)
        ranged = any(t.text in ("$lt", "$lte", "$gt", "$gte") for t in value)  # x < 5 or x >= 5
        return bool(parts) and all(restricts(part) for part in parts) and not ranged
    if key.startswith("$"):
        return key in _NARROW_OPERATORS
    first = value[0]
    if first.text == "{" and first.kind == "mark":
        return any(
            name in _NARROW_OPERATORS or (name in ("$gt", "$gte") and _bounds(inner))
            for name, inner in _members(value)
        )
    if first.kind in ("string", "number") or first.text == "-":
        return True
    return first.kind == "name" and (first.text in _LITERALS or first.text in ("false", "null"))


def _bounds(value: list[_Token]) -> bool:
    """Claim that a lower bound is a real one: not 0, MinKey or an empty string."""
    first = value[0] if value else None
    if first is None or first.kind == "string":
        return bool(first and first.text)
    if first.kind == "number":
        return first.text.strip("0.") not in ("", "1")
    return first.text in _LITERALS and len(value) > 3


def _members(value: list[_Token]) -> Iterator[tuple[str, list[_Token]]]:
    for part in _split(value[1:-1]):
        if len(part) > 2 and part[1].text == ":" and part[0].kind in ("name", "string"):
            yield part[0].text, part[2:]


def _elements(value: list[_Token]) -> list[list[_Token]]:
    return list(_split(value[1:-1])) if value[0].text == "[" else []


# -- places in the tokens --------------------------------------------------------------------------

_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


def _depth(token: _Token) -> int:
    return (token.text in _OPEN) - (token.text in _CLOSE) if token.kind == "mark" else 0


def _split(tokens: list[_Token]) -> Iterator[list[_Token]]:
    """Yield what stands between the commas that are in no bracket."""
    part: list[_Token] = []
    depth = 0
    for token in tokens:
        depth += _depth(token)
        if depth < 0:
            break
        if depth == 0 and token.kind == "mark" and token.text == ",":
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _arguments(tokens: list[_Token], at: int) -> list[_Token]:
    """Return what stands in the bracket that opens at `at`."""
    depth = 0
    for end in range(at, len(tokens)):
        depth += _depth(tokens[end])
        if depth <= 0:
            return tokens[at + 1 : end]
    return tokens[at + 1 :]


def _before(tokens: list[_Token], at: int) -> list[_Token]:
    """Return what stands in the bracket that closes at `at`."""
    depth = 0
    for begin in range(at, max(at - _FAR, -1), -1):
        depth -= _depth(tokens[begin])
        if depth == 0:
            return tokens[begin + 1 : at]
    return tokens[max(at - _FAR, 0) : at]


def _first(arguments: list[_Token]) -> list[_Token]:
    return next(_split(arguments), [])


def _after_key(tokens: list[_Token], at: int) -> list[_Token]:
    """Return the value of the member whose key is at `at`."""
    return (
        _first(tokens[at + 2 :]) if tokens[at + 1 : at + 2] and tokens[at + 1].text == ":" else []
    )


def _found_before(tokens: list[_Token], dot: int) -> list[_Token]:
    """Return the filter of the `find(…)` that a method is called on."""
    if dot < 1 or tokens[dot - 1].text != ")":
        return []
    inner = _before(tokens, dot - 1)
    name = dot - 1 - len(inner) - 2
    return inner if name >= 0 and tokens[name].text.startswith("find") else []


def _collection(tokens: list[_Token], at: int) -> tuple[str, ...]:
    """Return the collection that a method is called on: db.users.drop, db.getCollection("users").drop."""
    if at < 2 or tokens[at - 1].text not in (".", "?."):
        return ()
    before = tokens[at - 2]
    if before.kind == "name":
        return () if before.text in ("db", "rs", "sh") else (before.text,)
    if before.text in (")", "]"):
        inner = _before(tokens, at - 2)
        strings = [t.text for t in inner if t.kind == "string"]
        return tuple(strings[-1:]) if len(inner) == 1 else ()
    return ()
