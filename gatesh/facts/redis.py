"""redis-cli and its kin: each command that they would send, wherever it stands, and to which server.

A command is a statement of the kind `redis flushall` or, where it has sub-commands, `redis config set`; its
keys are what a statement calls tables.
"""

from __future__ import annotations

import re

from gatesh.facts.cli import Grammar, walk
from gatesh.facts.pg_target import is_local, unseen
from gatesh.facts.sql_input import INTERACTIVE, Input, file_input, stdin_input, told
from gatesh.facts.sql_statement import Statement
from gatesh.facts.words import UNSEEN, show, unquoted, visible
from gatesh.model import Locality, SqlStatement, Target, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

GRAMMAR = Grammar(
    values=(
        *"-h -p -t -s -a -u -r -i -n -d -D -X --user --pass --sni --cacert --cacertdir --cert --key".split(),
        *"--tls-ciphers --tls-ciphersuites --eval --pattern --quoted-pattern --count --rdb".split(),
        *"--functions-rdb --intrinsic-latency --lru-test --memkeys-samples --keystats-samples --top".split(),
        *"--cursor --show-pushes --name --dsn --socket".split(),
    ),
    flags=tuple(
        """
        -x -c -e -2 -3 -4 -6 --tls --insecure --askpass --raw --no-raw --quoted-input --csv --json --stat
        --latency --latency-history --latency-dist --replica --slave --pipe --bigkeys --memkeys --keystats
        --hotkeys --scan --ldb --ldb-sync-mode --no-auth-warning --verbose --help --version
        """.split()
    ),
    caseless=True,
    stop_at=1,
)

# Their first argument says what they do.
_CONTAINERS = frozenset(
    "acl client cluster command config debug function latency memory module object pubsub script "
    "slowlog xgroup xinfo sentinel".split()
)
_LUA = frozenset("eval eval_ro script function".split())
_LUA_CALL = re.compile(
    r"""\b(?:redis|server)\.p?call\s*\(\s*(?:(?:'([^'\\]*)'|"([^"\\]*)")\s*[,)])?"""
)
_LUA_HIDES = re.compile(
    r"\b(?:load|loadstring|dofile|_G|setfenv|getfenv)\b"
    r"|\b(?:redis|server)\b(?!\s*\.\s*(?:p?call\s*\(|(?:error|status)_reply|log|LOG_|sha1hex|set\w*|replicate_commands))"
)
_KEYLESS = frozenset("flushall flushdb keys scan publish auth select info ping echo".split())
# What --cluster does to servers; `call` sends a command to each.
_HARMLESS_CLUSTER = frozenset("check info help search-multiple-owners call".split())
_LOOKS = frozenset(
    "--stat --latency --latency-history --latency-dist --bigkeys --memkeys --keystats --hotkeys --scan --rdb "
    "--functions-rdb --intrinsic-latency --replica --slave --help --version".split()
)
_ARGUMENT = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_MOST = 2000  # commands of one text


def statements(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return every command that redis-cli would send."""
    options, words, moved = _sorted(command)
    target = _target(options, command, line, moved=moved)
    if _LOOKS.intersection(options):
        return []
    given: list[tuple[str, ...]] = []
    hidden: list[str] = []
    if "--cluster" in options:
        given, target = _cluster(words, target)
    elif script := options.get("--eval"):
        found = file_input(script, command, line, world)
        given, hidden = [("eval", found.text)], list(found.cannot_see)
    elif words:
        given = [tuple(visible(word) for word in words)]
        if "-x" in options or "-X" in options:
            given = [(*given[0], _fed(command, line, world))]
        if command.more_words:
            given = [(*given[0], "*")]  # any number of keys
    elif command.more_words:
        hidden = ["words: more will be added"]
    else:
        found_in = stdin_input(command, line, world)
        if found_in is None or (found_in.cannot_see and not found_in.text):
            return _interactive(found_in, target)
        given, hidden = list(commands(found_in.text)), list(found_in.cannot_see)
    return told([s for words in given for s in statement(words)], target, tuple(hidden))


def _interactive(given: Input | None, target: Target) -> list[SqlStatement]:
    if target.locality is Locality.LOCAL:
        return []
    kind = "interactive" if given is None else "unknown"
    hidden = INTERACTIVE if given is None else given.cannot_see
    return [SqlStatement(kind, (), target, cannot_see=hidden)]


def _sorted(command: SimpleCommand) -> tuple[dict[str, Word | None], list[Word], bool]:
    """Return options, the words of the command, and whether the options may name another server.

    The first word that is no option begins the command.
    """
    options: dict[str, Word | None] = {}
    rest = command.words[1:]
    moved = False
    while True:
        given = list(walk(rest, GRAMMAR))
        options |= {g.name: g.word for g in given if g.option}
        words = [g.word for g in given if not g.option and g.word]
        if not words or not unquoted(words[0]):
            return options, words, moved
        moved = True  # redis-cli $SERVER flushall
        rest = tuple(words[1:])


def _fed(command: SimpleCommand, line: CommandLine, world: World) -> str:
    found = stdin_input(command, line, world)
    return UNSEEN if found is None or found.cannot_see else found.text


def _target(
    options: dict[str, Word | None], command: SimpleCommand, line: CommandLine, *, moved: bool
) -> Target:
    """Return the server: a socket, a URL, -h, or the one on this machine."""
    given = [options[name] for name in ("-s", "--socket", "-u", "--dsn", "-h") if options.get(name)]
    word = given[0] if given else None
    host = re.sub(r"^\w+://(?:[^@/]*@)?|[/?].*$", "", word.text) if word is not None else ""
    if options.get("-s") is not None or options.get("--socket") is not None:
        host = ""
    name = f"{host or 'localhost'}"
    port = options.get("-p")
    if port is not None and not re.search(r":\d+$", host):
        name += f":{show(visible(port))}"
    if moved or (word is not None and unseen(word, line)):
        return Target("redis", name if word is not None else "", Locality.UNKNOWN, "argv")
    local = is_local(re.sub(r":\d+$", "", host))
    if command.remote:
        name = f"{command.remote}:{name}"
    locality = (
        Locality.REMOTE if not local else Locality.UNKNOWN if command.remote else Locality.LOCAL
    )
    return Target("redis", name, locality, "argv")


def _cluster(words: list[Word], target: Target) -> tuple[list[tuple[str, ...]], Target]:
    """Return what `--cluster call HOST:PORT COMMAND…` and the other cluster commands do."""
    texts = [visible(word) for word in words]
    host = texts[1] if len(texts) > 1 else UNSEEN
    local = is_local(host.rpartition(":")[0] or host)
    if target.locality is Locality.LOCAL or not local:
        target = Target("redis", show(host), Locality.LOCAL if local else Locality.REMOTE, "argv")
    if texts[:1] == ["call"]:
        return [tuple(t for t in texts[2:] if not t.startswith("--cluster-"))], target
    if texts[:1] and texts[0] in _HARMLESS_CLUSTER:
        return [], target
    return [("cluster", *texts[:1])], target


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands of a text: one on a line, or in the protocol's own form, `*1 $8 FLUSHALL`."""
    lines = iter(text.split("\n"))
    for found, line in enumerate(lines):
        if found >= _MOST:
            yield (UNSEEN,)
            return
        if re.fullmatch(r"\*\d+\r?", line):
            yield tuple(_bulk(lines, min(int(line[1:]), _MOST)))
        elif words := [_plain(word) for word in _ARGUMENT.findall(line)]:
            yield tuple(words[1:] if words[0].isdigit() and words[1:] else words)  # 3 PING: repeat


def _bulk(lines: Iterator[str], count: int) -> Iterator[str]:
    for _ in range(count):
        next(lines, None)  # $8
        yield (next(lines, None) or UNSEEN).rstrip("\r")


def _plain(word: str) -> str:
    if word[:1] == "'":
        return word[1:-1].replace("\\'", "'")
    if word[:1] != '"':
        return word
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], word[1:-1])


def statement(words: tuple[str, ...]) -> Iterator[Statement]:
    """Tell what one command does; a script is told by the commands that it calls."""
    name = words[0].lower() if words else ""
    text = show(" ".join(words))[:2000]
    if not name or UNSEEN in name:
        yield Statement("unknown", text=text, cannot_see=("command: it is not known",))
        return
    rest = list(words[1:])
    verb = name
    if name in _CONTAINERS and rest:
        verb = f"{name} {show(rest.pop(0)).lower()}"
    keys = () if name in _KEYLESS or name in _CONTAINERS else _keys(name, rest)
    hidden = tuple(f"key: {show(key)}" for key in keys if UNSEEN in key)
    yield Statement(f"redis {verb}", tuple(map(show, keys)), text=text, cannot_see=hidden)
    if name in _LUA and rest:
        yield from _lua(rest[0] if name.startswith("eval") else " ".join(rest))


def _keys(name: str, rest: list[str]) -> tuple[str, ...]:
    """Return the keys a command names; where nobody can see them, one that says so."""
    if name in ("del", "unlink"):
        return tuple(rest)
    return () if name in _LUA else tuple(rest[:1])


def _lua(script: str) -> Iterator[Statement]:
    called = [found[1] or found[2] for found in _LUA_CALL.finditer(script)]
    if UNSEEN in script or None in called or _LUA_HIDES.search(script):
        yield Statement("opaque", text=show(script)[:2000])
    for name in dict.fromkeys(name.lower() for name in called if name):
        yield Statement(f"redis {name}", text=show(script)[:2000])
