"""What a SQL text does, statement by statement: kinds, tables, and whether a WHERE leaves rows out.

Most statements are told by their leading words and by what they lack: a SELECT without INTO, without a
modifying word and without an unknown function changes nothing. Only the others (DELETE, UPDATE, MERGE, a
SELECT with a modifying word in it) are given to the parser in sql_tree.py, which costs 0.3 s to import.
Whatever is not known here is of kind "unknown": new syntax is asked about, never let by.
"""

from __future__ import annotations

from gatesh.facts.sql_definitions import definition
from gatesh.facts.sql_functions import effect
from gatesh.facts.sql_scan import MYSQL, POSTGRES, SQLITE, Piece, Token, pieces
from gatesh.facts.sql_statement import Statement, behind, has_word, read_name, read_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts.sql_statement import Told

LIMIT = 200_000  # characters: a parser needs 10 s for a megabyte
_PARSED_AT_MOST = 400  # statements of one text that the parser gets
_SHOWN = 2_000  # characters of a statement that are kept


# Unquoted words that make a query more than a query, wherever they stand in it.
_MODIFYING = frozenset({"into", "insert", "update", "delete", "merge", "outfile", "dumpfile"})

_KEYWORDS = frozenset(
    """
    all and any array as between by case cast conflict cross distinct else except exists filter from
    group having in inner intersect interval is join lateral left like ilike limit materialized not
    nulls offset on or order over partition recursive returning right row rows select set sets
    similar some then to union unique using values view when where window with within within_group
    rollup cube tablesample int integer bigint smallint numeric decimal float varchar character bit
    timestamp timestamptz timetz text boolean real precision varying zone binary signed unsigned
    xmlelement xmlforest escape do check primary key references default constraint index table only
    column nothing excluded ordinality include range end explain analyze analyse verbose copy force
    use ignore
    """.split()
)

_TRANSACTION = frozenset(
    {"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"}
)
_TRANSACTION_WORDS = frozenset(
    """
    begin start transaction work isolation level read write only serializable repeatable committed
    uncommitted deferrable not commit end rollback abort to savepoint release and no chain deferred
    immediate exclusive with consistent snapshot
    """.split()
)

_OPAQUE = frozenset({"do", "call", "execute", "exec", "prepare", "load", "handler"})

# Kinds that are their own leading word.
_SINGLE = {
    POSTGRES: "analyze checkpoint close cluster comment deallocate discard fetch listen lock move notify "
    "reindex reset unlisten grant revoke truncate show",
    MYSQL: "analyze check checksum deallocate flush help kill lock optimize purge rename repair reset "
    "restart show shutdown unlock use grant revoke truncate describe desc",
    SQLITE: "analyze attach detach reindex",
}  # fmt: skip
_SINGLE_WORDS = {dialect: frozenset(words.split()) for dialect, words in _SINGLE.items()}

# Settings that switch off a guard, change how text is read, or reach beyond the session.
_GUARD_SETTINGS = frozenset(
    """
    session_replication_role standard_conforming_strings backslash_quote sql_mode foreign_key_checks
    sql_safe_updates global persist persist_only password role authorization default
    local_preload_libraries session_preload_libraries dynamic_library_path sql_log_bin
    super_read_only read_only event_scheduler unique_checks init_connect
    zero_damaged_pages ignore_checksum_failure allow_system_table_mods
    """.split()
)

_PRAGMAS_READ = frozenset(
    """
    table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list
    foreign_key_check integrity_check quick_check database_list collation_list function_list
    module_list pragma_list compile_options
    """.split()
)


def statements(text: str, dialect: str = POSTGRES) -> tuple[Statement, ...]:
    """Return what every statement of `text` does, in order; a statement may do several things."""
    if len(text) > LIMIT:
        return (Statement("unknown", text=text[:_SHOWN], cannot_see=("statements: too long",)),)
    return classify(pieces(text, dialect), dialect)


def classify(found: list[Piece], dialect: str) -> tuple[Statement, ...]:
    """Return what statements that are already cut apart do."""
    seen: list[Statement] = []
    parsed = 0
    for piece in found:
        told: list[Statement] = []
        for part in _lexical(piece.tokens, dialect):
            if isinstance(part, Statement):
                told.append(part)
                continue
            parsed += 1
            if parsed > _PARSED_AT_MOST:
                told.append(Statement("unknown", cannot_see=("statements: too many",)))
                continue
            from gatesh.facts import sql_tree

            told += sql_tree.parsed(part, dialect)
            told += functions(part)
        more = [statement for statement in told if statement.kind != "select"]
        seen += [statement.but(text=piece.source[:_SHOWN]) for statement in more or told[:1]]
    runs = runs_what_it_makes((statement.kind, statement.tables) for statement in seen)
    return tuple(
        s.but(kind="opaque") if opaque else s for s, opaque in zip(seen, runs, strict=True)
    )


def runs_what_it_makes(kinds: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[bool]:
    """Yield of each kind, with its names, whether it calls a function that an earlier one made."""
    made: set[str] = set()
    for kind, tables in kinds:
        names = {name.rsplit(".", 1)[-1].lower() for name in tables}
        if kind.startswith("create") and kind.endswith(("function", "procedure")):
            made |= names
        yield kind == "select function" and not made.isdisjoint(names)


def _lexical(tokens: list[Token], dialect: str) -> Iterator[Told]:
    """Tell a statement by its words alone, and hand back the tokens where that would be a guess."""
    if not tokens or any(token.kind in ("broken", "meta") for token in tokens):
        yield Statement("unknown")
        return
    first = tokens[0]
    lead = first.text if first.kind == "word" else "(" if first.is_op("(") else ""
    if lead in ("select", "with", "values", "table", "("):
        yield from _query(tokens)
    elif lead in ("explain", "describe", "desc", "analyze") and _explained(tokens, dialect):
        yield from _explain(tokens, dialect)
    elif lead in ("update", "delete", "merge"):
        yield tokens
    elif lead == "replace" and dialect != POSTGRES:
        yield Statement("replace", read_names(tokens, 1))
        yield from functions(tokens)
    elif lead == "insert":
        yield from _insert(tokens)
    elif lead in ("create", "alter", "drop"):
        yield from definition(lead, tokens)
    elif lead == "copy":
        yield from _copy(tokens, dialect)
    elif lead == "set":
        yield from _setting(tokens)
    elif lead in _TRANSACTION:
        known = all(t.kind != "word" or t.text in _TRANSACTION_WORDS for t in tokens[:2])
        known = known or (lead in ("savepoint", "release") and len(tokens) < 4)
        yield Statement("transaction" if known else "unknown")
    elif lead in _OPAQUE:
        words = [t.text for t in tokens[:2]]
        yield Statement("load data" if words in (["load", "data"], ["load", "xml"]) else "opaque")
    elif lead == "declare" and dialect == POSTGRES and has_word(tokens, "for"):
        yield from _lexical(behind(tokens, "for"), dialect)
    else:
        yield _by_leading_words(lead, tokens, dialect)


def _query(tokens: list[Token]) -> Iterator[Told]:
    if any(token.kind == "word" and token.text in _MODIFYING for token in tokens):
        yield tokens
        return
    called = list(functions(tokens))
    yield from called or [Statement("select", _read_tables(tokens))]


def functions(tokens: list[Token]) -> Iterator[Statement]:
    """Tell the functions among `tokens` that may do more than compute."""
    for i, bracket in enumerate(tokens):
        if not bracket.is_op("(") or i == 0:
            continue
        name = tokens[i - 1]
        if name.kind not in ("word", "name"):
            continue
        qualified = i > 2 and tokens[i - 2].is_op(".")
        before = tokens[i - 4 if qualified else i - 2] if i > (3 if qualified else 1) else None
        if name.kind == "word" and not qualified and name.text in _KEYWORDS:
            continue
        if before and before.is_word("as", "into", "table", "recursive", "update"):
            continue  # a list of columns
        if _is_cte(tokens, i, before):
            continue
        schema = tokens[i - 3].text if qualified else ""
        acts = effect(name.text, schema)
        if acts == "acts":
            yield Statement(f"function {name.text}", (name.text,))
        elif acts:
            yield Statement("select function", (f"{schema}.{name.text}".lstrip("."),))


def _is_cte(tokens: list[Token], at: int, before: Token | None) -> bool:
    """Claim that the bracket at `at` lists the columns of `WITH name (a, b) AS (`."""
    if before is None or not (before.is_word("with") or before.is_op(",")):
        return False
    while at < len(tokens) and not tokens[at].is_op(")"):
        at += 1
    return at + 2 < len(tokens) and tokens[at + 1].is_word("as") and tokens[at + 2].is_op("(")


def _read_tables(tokens: list[Token]) -> tuple[str, ...]:
    """Return the names after FROM and JOIN."""
    found: list[str] = []
    for i, token in enumerate(tokens):
        if token.is_word("from", "join", "table") and i + 1 < len(tokens):
            name, after = read_name(tokens, i + 1)
            if name and not (after < len(tokens) and tokens[after].is_op("(")):
                found.append(name)
    return tuple(dict.fromkeys(found))


def _explained(tokens: list[Token], dialect: str) -> bool:
    """Claim that a statement is only explained: ANALYZE alone does so in MariaDB, not ANALYZE TABLE."""
    if tokens[0].text != "analyze":
        return True
    return dialect == MYSQL and any(
        t.is_word("select", "insert", "update", "delete", "replace", "with", "format")
        for t in tokens
    )


def _explain(tokens: list[Token], dialect: str) -> Iterator[Told]:
    """EXPLAIN alone runs nothing; with ANALYZE it is the statement behind it that runs."""
    starts = ("select", "insert", "update", "delete", "merge", "replace", "with", "values", "table",
              "create", "declare", "execute", "refresh", "copy", "call", "do")  # fmt: skip
    depth = 0
    begin = len(tokens)
    for i, token in enumerate(tokens[1:], 1):
        depth += token.is_op("(") - token.is_op(")")
        if (depth == 0 and token.is_word(*starts)) or (
            depth == 1 and token.is_op("(") and _opens_a_query(tokens, i, starts)
        ):
            begin = i
            break
    options = tokens[:begin]
    analyzed = any(
        t.is_word("analyze", "analyse") or t.text in ("analyze", "analyse") for t in options
    )
    if not analyzed:
        yield Statement("explain")
    elif begin == len(tokens):
        yield Statement("unknown")
    else:
        yield from _lexical(_unwrapped(tokens[begin:]), dialect)


def _opens_a_query(tokens: list[Token], at: int, starts: tuple[str, ...]) -> bool:
    """Claim that the bracket at `at` holds a query, and not the options of EXPLAIN."""
    while at < len(tokens) and tokens[at].is_op("("):
        at += 1
    return at < len(tokens) and tokens[at].is_word(*starts)


def _unwrapped(tokens: list[Token]) -> list[Token]:
    """Take the brackets off `( … )`."""
    if tokens and tokens[0].is_op("(") and tokens[-1].is_op(")"):
        return _unwrapped(tokens[1:-1])
    return tokens


def _insert(tokens: list[Token]) -> Iterator[Told]:
    """INSERT … VALUES without a second modifying word needs no parser; scripts are full of them."""
    modifying = _MODIFYING | {"select", "with", "conflict", "duplicate", "replace", "overwrite"}
    words = [t.text for t in tokens if t.kind == "word" and t.text in modifying]
    if words == ["insert", "into"]:
        yield Statement("insert", read_names(tokens, 2))
        yield from functions(tokens)
    else:
        yield tokens


def _copy(tokens: list[Token], dialect: str) -> Iterator[Told]:
    """COPY: a program or a file of the server, or the client's own stream."""
    depth, direction = 0, -1
    for i, token in enumerate(tokens):
        depth += token.is_op("(") - token.is_op(")")
        if depth == 0 and i and token.is_word("from", "to"):
            direction = i
            break
    if direction < 0 or direction + 1 >= len(tokens):
        yield Statement("unknown")
        return
    end = tokens[direction + 1]
    tables = read_names(tokens, 1)
    if len(tokens) > 1 and tokens[1].is_op("("):
        tables = ()
        yield from _lexical(tokens[2 : direction - 1], dialect)
    if end.is_word("program"):
        yield Statement("copy program", tables)
    elif tokens[direction].text == "from":
        yield Statement("copy from", tables)
    elif end.is_word("stdout", "stdin"):
        yield Statement("copy to", tables)
    else:
        yield Statement("copy to file", tables)


def _setting(tokens: list[Token]) -> Iterator[Told]:
    """SET: most settings die with the session; those that switch off a guard have a kind of their own."""
    words = [t.text for t in tokens[1:] if t.kind in ("word", "name")]
    while words[:1] in (["session"], ["local"]) and words[1:2] != ["authorization"]:
        words = words[1:]
    name = words[0] if words else ""
    if name == "session":
        name = "authorization"
    named = _GUARD_SETTINGS & {name, *(w for w in words if "_" in w)}
    globally = any(t.is_word("global", "persist", "persist_only") for t in tokens)
    if name in ("global", "persist", "persist_only") or globally:
        yield Statement("set global")
    elif named:
        yield Statement(f"set {min(named)}")
    else:
        yield Statement("set")
    begin = next((i for i, t in enumerate(tokens) if t.is_word("select")), None)
    yield from functions(tokens) if begin is None else _query(tokens[begin:])


def _by_leading_words(lead: str, tokens: list[Token], dialect: str) -> Statement:
    """Tell the rest: those whose first words name them."""
    words = [t.text for t in tokens if t.kind == "word"]
    if lead == "vacuum":
        if "into" in words:
            return Statement("vacuum into")
        return Statement("vacuum full" if "full" in words else "vacuum", read_names(tokens, 1))
    if lead == "pragma":
        return _pragma(tokens)
    for phrase in ("refresh materialized view", "reassign owned", "import foreign schema",
                   "security label", "lock tables", "unlock tables", "rename table", "rename user",
                   "stop replica", "stop slave", "change master", "change replication"):  # fmt: skip
        parts = phrase.split()
        if words[: len(parts)] == parts:
            return Statement(phrase, read_names(tokens, len(parts)))
    if lead not in _SINGLE_WORDS.get(dialect, ()):
        return Statement("unknown")
    if lead in ("grant", "revoke"):
        begin = next((i for i, t in enumerate(tokens) if t.is_word("on")), len(tokens))
        return Statement(lead, read_names(tokens, begin + 1))
    kinds = {"lock": "lock table", "describe": "explain", "desc": "explain"}
    return Statement(kinds.get(lead, lead), read_names(tokens, 1))


def _pragma(tokens: list[Token]) -> Statement:
    name, behind = read_name(tokens, 1)
    name = name.rsplit(".", 1)[-1]
    reads = behind >= len(tokens) or name in _PRAGMAS_READ
    return Statement("pragma" if reads else "pragma set")
