"""What surrounds a command: its environment, its folder, its standard input, the files it names.

Whatever a command that may have run before it on the same line can have changed is not known. Compared are
words as they were read, not the text of the line: `export PG"HOST"=x` sets PGHOST.
"""

from __future__ import annotations

import os.path
import re

from gatesh.facts.words import UNSEEN, visible, visible_document
from gatesh.model import CommandLine, SimpleCommand, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts import World

LIMIT = 1_000_000  # bytes of a file that may become part of a fact

_DECLARING = frozenset(("export", "declare", "typeset", "local", "readonly"))
_SETTING = _DECLARING | {"read", "printf", "mapfile", "readarray", "getopts", "unset", "let"}
_SOURCING = frozenset(("source", "."))
_CHANGING = _SETTING | _SOURCING | {"eval"}
_ENVIRONMENTS = frozenset(("env", "sudo", "doas"))  # prefixes that take NAME=value
# They start a program with variables that stand in a project's settings elsewhere.
_GIVING = frozenset(
    """
    railway doppler op dotenv dotenvx direnv infisical chamber envchain teller sops summon vault env-cmd
    heroku aws-vault
    """.split()
)
_WRITING = (">", ">>", ">|", "&>", "&>>", ">&", "<>")
# Programs that write nothing but their output, whatever their words are.
_READING = _SETTING | frozenset(
    """
    : [ [[ test true false echo cat head tail ls pwd cd pushd popd dirs grep egrep fgrep jq wc cut tr
    cmp comm stat file which type command hash whoami id sleep printenv set shopt shift return exit
    break continue wait jobs kill ps pgrep df du uname basename dirname realpath readlink seq expr
    sha256sum md5sum od hexdump strings nproc free ping dig host nslookup
    """.split()
)
_COPYING = frozenset(
    "cp mv ln tee dd install rsync touch truncate sed patch tar unzip sort".split()
)
_WORD = re.compile(r"\w+")
_QUOTES = re.compile(r"[\\'\"]")
_FOLLOWED = re.compile(r"(?m)(?:^|[;&|({]|\b(?:then|do|else)\b)\s*(?:source|\.|eval|read)\s")
_SCRIPT_LIMIT = 100_000  # bytes of a sourced file
_GROUPS = re.compile(r"\[[^]]*\]|\{[^}]*\}|" + UNSEEN)

_STDIN = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


class Surroundings:
    """One command's view of the world; whatever it cannot know is None."""

    def __init__(self, command: SimpleCommand, line: CommandLine, world: World) -> None:
        """Keep the command, the line it stands in, and what may be looked at."""
        self._command = command
        self._line = line
        self._world = world
        self._known: dict[str, str | None] = {}
        self.remote = bool(command.remote)  # it runs elsewhere: nothing here describes it

    def variable(self, name: str) -> str | None:
        """Return an environment variable, "" where it is not set, None where it cannot be known.

        Elsewhere (ssh, a container) it is taken for not set; nothing there is local anyway.
        """
        if name not in self._known:
            self._known[name] = self._variable(name)
        return self._known[name]

    def _variable(self, name: str) -> str | None:
        for assignment in reversed(self._command.assignments):
            if assignment.name == name:
                return assignment.value.text if assignment.value.known else None
        if may_set(name, self._command, self._line, self._world):
            return None
        return "" if self.remote else self._line.env.get(name, "")

    def variables(self, prefix: str) -> dict[str, str | None]:
        """Return every variable whose name begins so."""
        names = {n for n in self._line.env if n.startswith(prefix)}
        names |= {a.name for a in self._command.assignments if a.name.startswith(prefix)}
        spelled = re.findall(rf"\b({re.escape(prefix)}\w*)=", self._line.text)
        names |= {prefix, *spelled}  # the bare prefix is there for what cannot be seen
        return {name: self.variable(name) for name in sorted(names)}

    @property
    def home(self) -> str | None:
        """Return HOME as the command will see it, or the password database's."""
        home = self.variable("HOME")
        return self._world.home if home == "" else home

    def at_home(self, name: str) -> str:
        """Return a path below HOME, which cannot be read where HOME is not known."""
        return f"{UNSEEN if self.home is None else self.home}/{name}"

    def may_write(self, name: str) -> bool:
        """Claim that the line speaks of a file, which it may write before the command reads it."""
        return name in self._line.text or may_write(name, self._line, self._world)

    @property
    def account_home(self) -> str:
        """Return the home of the password database, whatever HOME says."""
        return self._world.home

    @property
    def cwd(self) -> str | None:
        """Return the folder the command runs in."""
        if self.remote or self._command.cwd is None:
            return None
        return os.path.join(self._line.cwd, self._command.cwd)

    def given(self, path: str) -> str | None:
        """Return what the command is told to send or run: a file's text, or standard input's for `-`.

        None also where an earlier command does more than read: it may write the file.
        """
        return self.read(path) if path in _STDIN or only_readers(self._world) else None

    def read(self, path: str) -> str | None:
        """Return the same of a file that is read unasked; only a command that names it may write it."""
        if path in _STDIN:
            return self.stdin()
        full = self.path(path)
        # A file that the line names twice may be written by the command itself before it is read.
        if full is None or self._mentions(os.path.basename(full)) > 1:
            return None
        if may_write(full, self._line, self._world):
            return None
        found = self._world.files.read(full, LIMIT)
        return None if found is None else found.decode("utf-8", "surrogateescape")

    def _mentions(self, name: str) -> int:
        return len(re.findall(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", self._line.text))

    def path(self, path: str) -> str | None:
        """Return an absolute path; None where the folder or a part of the name is not known."""
        if self.remote or UNSEEN in path or path.startswith(("/dev/", "/proc/")):
            return None
        if os.path.isabs(path):
            return path
        return None if self.cwd is None else os.path.join(self.cwd, path)

    def exists(self, path: str) -> bool:
        """Claim that something is there."""
        return not self.remote and self._world.files.kind(path) != "missing"

    def stdin(self) -> str | None:
        """Return what the command will read from its standard input, UNSEEN for parts of it."""
        for redirect in reversed(self._command.redirects):
            if redirect.fd not in (None, 0):
                continue
            if redirect.op in ("<", "<>"):
                return self.given(visible(redirect.target))
            if redirect.op in ("<<", "<<-"):
                return visible_document(redirect.target)
            if redirect.op == "<<<":
                return visible(redirect.target) + "\n"
            if redirect.op == "<&":
                return None
        given = self._command.stdin
        return given.text if given is not None and given.known else None


def may_set(name: str, command: SimpleCommand, line: CommandLine, world: World) -> bool:
    """Claim that the line may change an environment variable before `command` sees it."""
    return sets(name, line, world) or may_set_any(command, line, world)


def sets(name: str, line: CommandLine, world: World) -> bool:
    """Claim that the line speaks of the variable as one that it sets."""
    # The text tells of what is no command of its own: env NAME=value, for NAME in …, ${NAME:=value}.
    told = rf"\b{re.escape(name)}:?=|\b(?:for|select)\s+{re.escape(name)}\b"
    return any(_sets(earlier, name, line, world) for earlier in world.before) or bool(
        world.once((told, line.text), lambda: re.search(told, _QUOTES.sub("", line.text)))
    )


def may_set_any(command: SimpleCommand, line: CommandLine, world: World) -> bool:
    """Claim that the line may set variables whose names cannot be seen."""
    if not _GIVING.isdisjoint(command.prefixes):
        return True
    if _ENVIRONMENTS.intersection(command.prefixes) and _hides_a_name(command, line):
        return True
    return any(_sets(earlier, "", line, world) for earlier in world.before)


def may_write(path: str, line: CommandLine, world: World) -> bool:
    """Claim that an earlier command names the file, or a folder on its way, where it may write it."""
    from gatesh.facts.temporary import new_path

    parts = [part for part in path.split("/") if part]
    return any(
        _names(word, parts) and (word.known or new_path(word, earlier, line, world) is None)
        for earlier in world.before
        for word in _written(earlier)
    )


def only_readers(world: World) -> bool:
    """Claim that no earlier command of the line can have written any file."""
    return all(map(_only_reads, world.before))


def _only_reads(command: SimpleCommand) -> bool:
    return (command.program in _READING or not command.words) and not any(
        redirect.op in _WRITING and not _harmless(redirect.target) for redirect in command.redirects
    )


def _sets(earlier: SimpleCommand, name: str, line: CommandLine, world: World) -> bool:
    """Claim that a command names a variable to be set or, without a name, hides which ones it sets."""
    program, words = earlier.program, earlier.words[1:]
    if program not in _CHANGING:
        return bool(name) and any(assignment.name == name for assignment in earlier.assignments)
    if program in _SOURCING:
        return _script_sets(earlier, name, line, world)
    if name:
        named = program in _SETTING and any(name in _WORD.findall(w.text) for w in words)
        return named or any(assignment.name == name for assignment in earlier.assignments)
    if program == "eval":
        return not all(word.known for word in words)
    return program in (*_DECLARING, "read") and any(map(_hides, words))


def _hides(word: Word) -> bool:
    """Claim that an operand of `export` may be, or hold, a name that cannot be seen."""
    name, equals, _ = visible(word).partition("=")
    return UNSEEN in name or (not equals and not word.known)


def _script_sets(earlier: SimpleCommand, name: str, line: CommandLine, world: World) -> bool:
    """Claim that a sourced file, as far as it can be read, may set a variable."""
    path = _sourced(earlier, line)
    content = world.files.read(path, _SCRIPT_LIMIT) if path else None
    if content is None or may_write(path, line, world):
        return not name and not _is_missing(earlier, line, world)
    text = _QUOTES.sub("", _without_base64(content.decode("utf-8", "replace")))
    return _named(name, text, line) if name else _FOLLOWED.search(text) is not None


def _sourced(earlier: SimpleCommand, line: CommandLine) -> str:
    """Return the path of the file that `source` reads; empty where it cannot be seen."""
    words = earlier.words[1:]
    path = visible(words[0]) if words else UNSEEN
    if UNSEEN in path or earlier.cwd is None or words[0].globbed:
        return ""
    return path if path[:1] == "/" else "/".join(p for p in (line.cwd, earlier.cwd, path) if p)


def _is_missing(earlier: SimpleCommand, line: CommandLine, world: World) -> bool:
    """Claim that there is no such file, and that nothing before can have made it: it sets nothing then."""

    def missing(command: SimpleCommand) -> bool:
        slash = any("/" in word.text for word in command.words[1:2])  # else PATH is searched
        path = _sourced(command, line) if slash else ""
        return bool(path) and world.files.kind(path) == "missing"

    return missing(earlier) and all(
        missing(other) if other.program in _SOURCING else _only_reads(other)
        for other in world.before
    )


def _named(name: str, text: str, line: CommandLine) -> bool:
    """Claim that a script, its quotes removed, names a variable other than to read it or keep it as it is."""
    spelled = re.escape(name)
    value = _QUOTES.sub("", line.env.get(name, "$"))
    if not set("$`\n") & set(value):
        text = re.sub(rf"(?m)^(?:declare -x|export) {spelled}={re.escape(value)}$", "", text)
    return bool(re.search(rf"(?<![\w$])(?<!\$\{{){spelled}(?!\w)|\$\{{{spelled}:?=", text))


def _without_base64(text: str) -> str:
    """Return a script with the functions readable that Claude Code writes into a snapshot in base64."""
    if "base64" not in text:
        return text
    from base64 import b64decode

    return re.sub(
        r"(?m)^eval \"\$\(echo '([A-Za-z0-9+/]+={0,2})' \| base64 -d\)\" > /dev/null 2>&1$",
        lambda found: b64decode(found[1] + "==").decode("utf-8", "replace"),
        text,
    )


def _hides_a_name(command: SimpleCommand, line: CommandLine) -> bool:
    """Claim that `env $'NAME'=value PROGRAM` sets a variable whose name is an expansion."""
    source = re.split(r"[;&|\n(]", line.text[: command.span.start])[-1]
    names = (word.partition("=")[0] for word in source.split() if "=" in word)
    return any(re.search("[$`]", name) for name in names)


def _written(earlier: SimpleCommand) -> Iterator[Word]:
    """Yield the words of a command that may be files it writes."""
    yield from (r.target for r in earlier.redirects if r.op in _WRITING and not _harmless(r.target))
    if earlier.program in _COPYING:
        yield from earlier.words[1:]
    elif earlier.program in _SOURCING:  # the first is the file that it reads
        yield from earlier.words[2:]
    elif earlier.program not in _READING:  # a word nobody can see is seldom a file to be written
        yield from (word for word in earlier.words[1:] if visible(word).strip(UNSEEN))


def _harmless(target: Word) -> bool:
    return target.text.startswith("/dev/") or target.text.isdigit() or target.text == "-"


def _names(word: Word, parts: list[str]) -> bool:
    """Claim that the last component a word names may be among `parts`."""
    text = visible(word).rstrip("/")
    for spelled in {text, text.rpartition("=")[2]}:
        last = spelled.rpartition("/")[2]
        if not word.globbed and UNSEEN not in last:
            if last in parts:
                return True
            continue
        from fnmatch import fnmatchcase

        pattern = _GROUPS.sub("*", last)
        dotted = last[:1] in (".", UNSEEN, "{")  # a glob does not stand for a leading dot
        if any(fnmatchcase(part, pattern) for part in parts if dotted or part[0] != "."):
            return True
    return False
