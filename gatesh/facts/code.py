"""Code that a line runs, followed to the simple commands it amounts to.

Each text is read by the reader of its language, and what that finds is read like a line of its own, as deep
as scripts start scripts, within limits. Everything found is told at the place of the line's own command.
"""

from __future__ import annotations

import os.path
import re
from time import monotonic

from gatesh._value import Value
from gatesh.errors import InputError
from gatesh.facts import may_have_run, runs_code, runs_out_of_order
from gatesh.facts.opened import Code, Opened
from gatesh.facts.script_text import placed, with_temporaries
from gatesh.facts.scripts import Runs
from gatesh.facts.startup import before_line, startup
from gatesh.model import Certainty, CommandLine, Origin, SimpleCommand, Span, Unparsed, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gatesh.facts import World
    from gatesh.model import Reading

DEPTH = 4  # scripts that start scripts
TIME_S = 0.5  # no further file is opened after that; what was opened is read
MOST = 2000  # commands in all
_NOTHING = SimpleCommand((), Span(0, 0))
MOST_PAIRS = 300_000  # of a command that runs code and one before it
# Of the environment, what matters to any text, whatever it says; and what may name any variable in a text.
_TELLING = ("BASH", "HOME", "IFS", "LANG", "LC_", "SHELLOPTS", "CDPATH")
_UNTOLD = ("eval", "${!", "declare -", "typeset -", "local -")
_MOST_SOURCED = 16
_sourced: dict[tuple[object, ...], Reading] = {}
_MANY_CALLS = 60  # the reader follows no more than that in one line
_UNSEEN = "unseen-script"  # stands for code that nobody could see; patterns/code.toml speaks of it
_GENERATED = frozenset(("read", "cd", "exit"))  # what amounts.py puts around its lines
_DESTROYING = frozenset(
    """
    rm shred dd truncate mkfs wipefs psql mysql dropdb mongosh redis-cli aws gcloud az railway kubectl terraform
    curl wget docker git find
    """.split()
)
_DEFINED = re.compile(
    r"^\s*(?:function\s+)?([\w.:-]+)\s*\(\)|^\s*function\s+([\w.:-]+)", re.MULTILINE
)


class Kept(Value):
    """A command of a text that a line runs, as it is told and as it stands among the others of its text."""

    told: SimpleCommand
    place: CommandLine
    seen: SimpleCommand
    every: tuple[SimpleCommand, ...] = ()
    at: int = 0
    jumps: bool = False  # of its text's commands a later one may run earlier

    @property
    def before(self) -> Sequence[SimpleCommand]:
        """Return the commands of its text that may have run before it."""
        return may_have_run(self.every, self.at, self.jumps)


class Followed(Value):
    """The commands behind a line's own, each with the text it stands in, and the files that were read."""

    commands: tuple[Kept, ...]
    files: tuple[tuple[str, bytes | None], ...]
    inputs: dict[int, Word]  # of the line's own commands: what `cat FILE |` was found to give them


def follow(
    reading: Reading,
    line: CommandLine,
    world: World,
    read: Callable[[CommandLine], Reading],
    known: frozenset[str] = frozenset(),
) -> Followed:
    """Return what the code amounts to that the commands of a line run.

    The functions in a text that is `known` were followed where the line calls them.
    """
    few = len(reading.commands) < _MANY_CALLS
    following = _Following(world, read, known if few else frozenset())
    following.before(line, reading.commands)
    inputs: dict[int, Word] = {}
    for at, command in enumerate(reading.commands):
        following.span = command.span
        found = following.command(command, reading.commands[:at], reading.commands, line, 0)
        if found is not None:
            inputs[at] = found
    files = tuple(following.opened.contents.items())
    return Followed(tuple(following.found), files, inputs)


class _Following:
    def __init__(
        self, world: World, read: Callable[[CommandLine], Reading], known: frozenset[str]
    ) -> None:
        self.world, self.read, self.known = world, read, known
        self.opened = Opened(world, monotonic() + TIME_S)
        self.found: list[Kept] = []
        self.span = Span(0, 0)
        self._done: set[tuple[object, ...]] = set()
        self._pairs_left = MOST_PAIRS

    def command(
        self,
        command: SimpleCommand,
        before: tuple[SimpleCommand, ...],
        every: tuple[SimpleCommand, ...],
        line: CommandLine,
        depth: int,
    ) -> Word | None:
        """Follow one command of a text into the code it runs; return what was found to be piped into it."""
        if not runs_code(command, line):
            return None
        self._pairs_left -= len(before)
        if self._pairs_left < 0:
            if self._pairs_left >= -len(before):
                self.unseen("too-many", command.program, line)
            return None
        command, piped = stayed(command, line, self.world), None
        made, shadows = self.opened.made, self.opened.shadows
        try:
            runs = Runs(command, before, line, self.world, self.opened)
            self.opened.made, self.opened.shadows = runs.made, runs.shadows
            env = _environment(command, before, line, sourced=False)
            for code in (*startup(runs, env), *runs.code()):
                self.each(code, command, before, every, line, depth)
            piped = runs.piped
        except Exception as error:  # noqa: BLE001  promise 3: what gatesh cannot tell, it asks about
            self.unseen(f"failed: {type(error).__name__}", command.program, line)
        finally:
            self.opened.made, self.opened.shadows = made, shadows
        if self.opened.beyond:
            self.opened.beyond = False
            self.unseen("too-many", command.program, line)
        return piped

    def before(self, line: CommandLine, every: tuple[SimpleCommand, ...]) -> None:
        """Follow the file that bash reads before the line; its name is expanded, whatever that runs."""
        path = before_line(line)
        text = self.opened.text(path) if path else None
        for name in ("BASH_ENV", "ENV") if line.options else ("BASH_ENV",):
            value = line.env.get(name, "")
            if "$(" in value or "`" in value:
                path, text = name, f'. "{value}"'
        if text is not None:
            words = (Word("source", self.span), Word(path, self.span))
            code = Code("shell", text, path, line.cwd, sourced=True)
            self.each(code, SimpleCommand(words, self.span), (), every, line, 0)

    def each(
        self,
        code: Code,
        command: SimpleCommand,
        before: tuple[SimpleCommand, ...],
        every: tuple[SimpleCommand, ...],
        line: CommandLine,
        depth: int,
    ) -> None:
        """Follow one text, unless it was followed before."""
        words = tuple(w.text for w in code.arguments)
        key = (code.language, code.text, code.path, code.cwd, words, code.names)
        if key in self._done:  # a script that starts itself
            return
        self._done.add(key)
        if code.hidden:
            self.unseen(code.hidden, code.path, line)
        elif depth >= DEPTH:
            self.unseen("too-deep", code.path, line)
        else:
            env = _environment(command, before, line, sourced=code.sourced)
            self.code(code, env, line, depth, {c.program for c in every})

    def code(
        self, code: Code, env: dict[str, str], line: CommandLine, depth: int, called: set[str]
    ) -> None:
        """Read one text and go on with what it amounts to."""
        top = ""
        if (
            code.language == "shell"
            and code.path
            and not code.sourced
            and "show-toplevel" in code.text
        ):
            top = self.world.probe.repository(code.cwd or line.cwd)
        for text in self.texts(code, env, line, top, depth):
            name = code.path or "code"
            arguments = (name, *(w.text for w in code.arguments))
            cwd = code.cwd or line.cwd
            script = code.path if code.language == "shell" else None
            place = CommandLine(text, cwd, env, line.door, arguments, script)
            try:
                reading = self._remembered(place) if code.sourced else self.read(place)
            except InputError:  # characters that no line needs: some binary format, or a disguise
                if code.language == "shell" and _DESTROYING & set(re.findall(r"[\w-]+", text)):
                    self.unseen("unparsed", code.path, line)
                continue
            self.reading(reading, place, code, depth, called)

    def texts(
        self, code: Code, env: dict[str, str], line: CommandLine, top: str, depth: int
    ) -> Iterable[str]:
        """Return the shell texts that a text of any language amounts to."""
        if code.language == "shell":
            return [_begun(code, top)]
        if code.language == "python":
            return self.python(code, env, line, depth)
        if code.language == "javascript":
            return self.javascript(code, env, line, depth)
        from gatesh.facts import other_code

        for loaded in self.opened.loaded(code, code.cwd or line.cwd):
            self.each(loaded, _NOTHING, (), (), line, depth)
        found = other_code.lines(code.text, code.language)
        if not found and code.language == "tcl" and other_code.may_destroy(code.text):
            self.unseen("unparsed", code.path or "code", line)
        return found

    def python(
        self, code: Code, env: dict[str, str], line: CommandLine, depth: int
    ) -> Iterable[str]:
        """Return what a Python text amounts to, and follow the modules beside it."""
        from gatesh.facts import python_code

        arguments = tuple(word.text for word in code.arguments)
        cwd = code.cwd or line.cwd
        try:
            found = python_code.read(code.text, code.path, cwd, arguments, env, code.names)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            # Another Python may read what ours cannot, or it is built to break us.
            if python_code.may_destroy(code.text):
                self.unseen("unparsed", code.path or "code", line)
            return []
        for module in self.opened.modules(found, code, cwd, env.get("PYTHONPATH", "")):
            self.each(module, _NOTHING, (), (), line, depth)
        return found.lines

    def javascript(
        self, code: Code, env: dict[str, str], line: CommandLine, depth: int
    ) -> Iterable[str]:
        """Return what a text of JavaScript or TypeScript amounts to, and follow the files beside it."""
        from gatesh.facts import javascript_code

        arguments = tuple(word.text for word in code.arguments)
        cwd = code.cwd or line.cwd
        try:
            found = javascript_code.read(code.text, code.path, cwd, arguments, env, code.names)
        except (ValueError, RecursionError):  # deeper than anybody writes, or a bundle
            if javascript_code.may_destroy(code.text):
                self.unseen("unparsed", code.path or "code", line)
            return []
        for module in self.opened.scripts(found, code, cwd):
            self.each(module, _NOTHING, (), (), line, depth)
        return found.lines

    def _remembered(self, place: CommandLine) -> Reading:
        """Read a text that many lines source: an agent's snapshot, BASH_ENV."""
        every = any(mark in place.text for mark in _UNTOLD)
        told = (
            (name, value)
            for name, value in place.env.items()
            if every or name in place.text or name.startswith(_TELLING)
        )
        key = (place.text, place.cwd, place.arguments, place.script, *told)
        found = _sourced.get(key)
        if found is None:
            found = self.read(place)
            if len(_sourced) >= _MOST_SOURCED:
                _sourced.pop(next(iter(_sourced)), None)
            _sourced[key] = found
        return found

    def reading(
        self, reading: Reading, place: CommandLine, code: Code, depth: int, called: set[str]
    ) -> None:
        """Keep the commands of a text, and follow them."""
        if isinstance(reading, Unparsed):
            seen = {command.program for command in reading.commands}
            if code.language == "shell" and _DESTROYING & set(reading.names) - seen:
                self.unseen("unparsed", code.path, place)
        skipped = (
            frozenset((Origin.FUNCTION,))
            if code.sourced and (code.text in self.known or not _calls(code, called))
            else frozenset()
        )
        jumps = runs_out_of_order(place)
        for at, command in enumerate(reading.commands):
            if command.origin in skipped:
                continue
            if code.language == "shell":
                command = with_temporaries(command, code.text)  # noqa: PLW2901
            if code.cwd is None and (command.cwd is None or command.cwd[:1] != "/"):
                command = command.but(cwd=None)  # noqa: PLW2901
            if _is_one_liner(code, command) or not _is_guess(command, reading.commands):
                kept = Kept(command, place, command, reading.commands, at, jumps)
                self.keep(kept, shell=code.language == "shell")
            self.command(command, reading.commands[:at], reading.commands, place, depth + 1)

    def keep(self, kept: Kept, *, shell: bool = True) -> None:
        """Add a command as one of the line's own; `shell` claims that a shell's text holds it."""
        command = kept.told
        if command.program in _GENERATED and not command.redirects:
            return
        if len(self.found) >= MOST and command.program != _UNSEEN:
            raise OverflowError("too many commands")
        cwd = command.cwd
        if cwd is not None:
            cwd = os.path.join(kept.place.cwd, cwd).rstrip("/") or "/"
        seen = command.but(origin=Origin.SCRIPT if shell else Origin.CODE, cwd=cwd)
        self.found.append(kept.but(told=seen.but(span=self.span), seen=seen))

    def unseen(self, why: str, path: str, line: CommandLine) -> None:
        """Add what stands for code that could not be seen."""
        words = tuple(Word(text, self.span, Certainty.EXPANDED) for text in (_UNSEEN, why, path))
        command = SimpleCommand(words, self.span, Origin.SCRIPT)
        self.keep(Kept(command, line, command))


def stayed(command: SimpleCommand, line: CommandLine, world: World) -> SimpleCommand:
    """Return the command with a folder that is known: `cd /not-there; bash x.sh` runs right here."""
    if not (command.may_have_stayed and command.cwd):
        return command
    folder = os.path.join(line.cwd, command.cwd)
    there = world.files.kind(folder) in ("directory", "link")
    return command if there else command.but(cwd="")


def _is_one_liner(code: Code, command: SimpleCommand) -> bool:
    """Claim that somebody wrote `perl -ne 'system $_'` for this very run: its program is unseen."""
    known = not command.words or command.words[0].known
    return not code.path and not known and code.language in ("perl", "ruby", "awk")


def _is_guess(command: SimpleCommand, every: tuple[SimpleCommand, ...]) -> bool:
    """Claim that a command is only what every script has: `"$PYTHON" x`, `eval "$(tool init)"`.

    In a line somebody wrote it for this very run; in a script it says little. What is fetched and then
    run, and what looks like a deletion, counts in a script too.
    """
    if not command.words:
        return False
    if not command.words[0].known:
        return not any(
            re.fullmatch(r"-(?:[a-zA-Z]*[rR][a-zA-Z]*f|f[rR])\w*", w.text) for w in command.words
        )
    if command.program in ("eval", ".", "source"):
        unknown = any(not w.known for w in command.words[1:])
        return unknown and not any(re.search(r"\b(?:curl|wget)\b", w.text) for w in command.words)
    if command.piped_in and command.stdin is None and runs_code(command):
        return not any(c.program in ("curl", "wget") for c in every)
    return False


def _begun(code: Code, top: str) -> str:
    """Return a shell text whose arguments are unknown where the line's are."""
    text = placed(code.text, code.path, top) if code.path and not code.sourced else code.text
    if all(word.known for word in code.arguments):
        return text
    words = ['"$unseen"' if not w.known else _quoted(w.text) for w in code.arguments]
    return f"read -r unseen\nset -- {' '.join(words)}\n{text}"


def _quoted(text: str) -> str:
    from gatesh.facts.amounts import quoted

    return quoted(text)


def _calls(code: Code, called: set[str]) -> bool:
    """Claim that somebody calls what a sourced file defines."""
    return any((m[1] or m[2]) in called for m in _DEFINED.finditer(code.text))


def _environment(
    command: SimpleCommand, before: Iterable[SimpleCommand], line: CommandLine, *, sourced: bool
) -> dict[str, str]:
    """Return the environment of what a command starts, as far as the text says it."""
    return dict(line.env) | dict(_assigned(command, before, sourced=sourced))


def _assigned(
    command: SimpleCommand, before: Iterable[SimpleCommand], *, sourced: bool
) -> Iterator[tuple[str, str]]:
    for earlier in before:
        if earlier.program == "export":
            for word in earlier.words[1:]:
                name, equals, value = word.text.partition("=")
                if equals and word.known:
                    yield name, value
        if sourced and not earlier.words:
            yield from ((a.name, a.value.text) for a in earlier.assignments if a.value.known)
    yield from ((a.name, a.value.text) for a in command.assignments if a.value.known)
