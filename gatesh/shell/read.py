"""Reading: from a submitted command line to the simple commands that bash would run.

    unwrapped → scan → parse → walk (words, substitutions, prefix commands, nested shells) → Parsed | Unparsed

Pure: nothing is looked up outside the CommandLine. Where anything cannot be read with certainty the answer
is Unparsed, with the commands and names that could be made out.
"""

from __future__ import annotations

import re

from gatesh.errors import InputError
from gatesh.model import (
    Certainty,
    CommandLine,
    Parsed,
    Redirect,
    SimpleCommand,
    Span,
    Unparsed,
    Word,
)
from gatesh.shell import rough
from gatesh.shell.context import Context
from gatesh.shell.definitions import Definitions
from gatesh.shell.scan import MOST_CHARACTERS, MOST_COMMANDS, Scanner, source_of
from gatesh.shell.state import BLANKS, EVERYTHING, State
from gatesh.shell.tokens import Region, Source, TooMuch, Unreadable
from gatesh.shell.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Reading, Wrapping

MOST_TEXT = 512 << 10  # characters, here-documents and all: more is not even scanned
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|\r(?!\n)")
# Some of these stand in every text that wrappings.py knows.
_MARKS = (
    "pwd -P", "__CODEX_SNAPSHOT_", "/shell_snapshots/", "_bgpids_file=", "START_OF_COMMAND_OUTPUT_", "env",
    "command -v ", "lsb_release -a", "ps -o ppid=", "set -e; . ", "SNAPSHOT_FILE=", "__codex_snapshot_command",
    "BEGIN CERTIFICATE", "*.crt",
)  # fmt: skip
_LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")


def read(
    line: CommandLine, texts: list[Source] | None = None, before: tuple[str, ...] = ()
) -> Reading:
    """Return the simple commands of a command line; raises InputError for characters no line needs.

    `texts` is given the texts that were read: the line's own, and those of nested shells. `before` are
    texts that its shell has read already: what they define is known.
    """
    if before or line.known:
        from gatesh.shell.learned import without_guesses

        found = _invoked(line, texts, before)
        return found.but(commands=tuple(without_guesses(found.commands)))
    return _invoked(line, texts)


def exactly(before: tuple[str, ...]) -> frozenset[str]:
    """Return those of the texts whose functions are known wherever they are called."""
    if not before:
        return frozenset()
    from gatesh.shell.learned import exact

    return frozenset(filter(exact, before))


def _invoked(
    line: CommandLine, texts: list[Source] | None, before: tuple[str, ...] = ()
) -> Reading:
    """Read a line as its shell was started: with files to read first, or in another language."""
    found = _reading(line, texts, before)
    if not line.options and line.shell == "bash" and "SHELLOPTS" not in line.env:
        return found
    from gatesh.shell.invoked import as_told

    return as_told(found, line)


def _reading(
    line: CommandLine, texts: list[Source] | None, before: tuple[str, ...] = ()
) -> Reading:
    odd = _refuse(line)
    if odd:
        return odd
    texts = [] if texts is None else texts
    if len(line.text) > MOST_TEXT:
        names = rough.names(line.text[:MOST_TEXT])
        whole = Span(0, len(line.text))
        return Unparsed(f"longer than {MOST_TEXT >> 10} kB", whole, names=names, beyond=True)
    wrapping = _wrapping(line)
    if wrapping is None or not wrapping.taken_off:
        found = _read(line, source_of(line.text), _state(line), texts, before)
        return (
            found
            if wrapping is None
            else found.but(wrapping=wrapping, commands=_told(found, wrapping))
        )
    state = _within(line, wrapping)
    found = _read(line.but(text=wrapping.text), source_of(wrapping.text), state, texts, before)
    commands = (*_around(wrapping, state), *found.commands, *_behind(wrapping, state))
    return found.but(wrapping=wrapping, commands=commands)


def _wrapping(line: CommandLine) -> Wrapping | None:
    """Return what an agent put around the command; the patterns are compiled only where one may fit."""
    if line.script is not None:
        return None
    if not line.arguments and not any(mark in line.text for mark in _MARKS):
        return None
    from gatesh.shell.wrappings import unwrapped

    return unwrapped(line.text, line.arguments)


def _told(found: Reading, wrapping: Wrapping) -> tuple[SimpleCommand, ...]:
    """Return the commands of a line that is read whole; of an agent's own text all programs are known.

    It has a function that runs its arguments: they stand in the text, and are followed where it is called.
    """
    whole = not (wrapping.internal and wrapping.agent)
    return tuple(c for c in found.commands if whole or not c.words or c.words[0].known)


def _within(line: CommandLine, wrapping: Wrapping) -> State:
    """Return the state an inner command starts with: a snapshot may have set any variable but these."""
    state = State(line.env, line.folder, (), "bash", lambda _: None)
    state.stand(line.folder, by_its_name=line.folder_known)
    if wrapping.sources:
        state.forget((EVERYTHING,))
        state.arguments = ()
        state.set("IFS", BLANKS)
        if "HOME" in line.env:
            state.set("HOME", line.env["HOME"])
    if wrapping.evals:
        state.set(wrapping.evals, "")
    if wrapping.noted_in:
        state.set(wrapping.noted_in, wrapping.notes[0])
    return state


def _around(wrapping: Wrapping, state: State) -> Iterator[SimpleCommand]:
    """Yield what the wrapping itself does: it brings a snapshot back, and writes something down.

    `state` is the one that the inner command leaves: it may have changed where to.
    """
    nowhere = Span(0, 0)
    for path in wrapping.sources:
        yield SimpleCommand((Word("source", nowhere), Word(path, nowhere)), nowhere)
    for path in wrapping.notes:
        now = state.get(wrapping.noted_in) if wrapping.noted_in else path
        name = Word(now or f"${wrapping.noted_in}", nowhere, Certainty.EXPANDED)
        target = name if now else name.but(certainty=Certainty.UNKNOWN)
        yield SimpleCommand((), nowhere, redirects=(Redirect(">|", target, 1, nowhere),))


def _behind(wrapping: Wrapping, state: State) -> Iterator[SimpleCommand]:
    """Yield what the wrapping evaluates in the end, where the inner command may have set it."""
    name = wrapping.evals
    if not name or state.get(name) == "" or (state.get(name) is None and name not in wrapping.text):
        return
    place = Span(0, len(wrapping.text))
    yield SimpleCommand((Word("eval", place), Word(f'"${name}"', place, Certainty.UNKNOWN)), place)


def _read(
    line: CommandLine, source: Source, state: State, texts: list[Source], before: tuple[str, ...]
) -> Reading:
    walk = Walk(line.folder, _definitions(line, before))
    walk.texts = texts
    texts.append(source)
    region = Region(0)
    try:
        if line.argv is not None and line.argv.text == source.text:
            if len(source.text) > MOST_CHARACTERS:
                raise TooMuch("longer than 32 kB", 0)
            walk.program(source, line.argv.words, state)
        else:
            _same_characters(line)
            scanner = Scanner(source)
            region = scanner.region
            walk.region(source, scanner.scan(), state, Context())
    except Unreadable as unreadable:
        return _unparsed(line, source, region, unreadable, walk)
    except RecursionError:  # a caller deep in its own stack: no line may break the gate
        return _unparsed(line, source, Region(0), TooMuch("nested too deeply", 0), walk)
    return Parsed(walk.finish())


def _refuse(line: CommandLine) -> Unparsed | None:
    """Raise for what terminals, bash and its reader see differently; a file with it is asked about."""
    text = line.text
    match = _REFUSED.search(text)
    if match:
        code = ord(match.group())
        if line.script is not None and 0 < code < 0xD800:
            why = f"the control character U+{code:04X}"
            return Unparsed(why, Span(0, len(text)), names=rough.names(text), beyond=True)
        what = (
            "a byte that is no UTF-8"
            if 0xD800 <= code < 0xE000
            else f"the control character U+{code:04X}"
        )
        raise InputError(
            f"the command line holds {what} at offset {match.start()}",
            "leave it out, or write it as $'\\x..' inside quotes",
        )
    return None


def _same_characters(line: CommandLine) -> None:
    """Raise where the locale would make bash see other characters than UTF-8 has."""
    if line.text.isascii():
        return
    locale = next((line.env[name] for name in _LOCALES if line.env.get(name)), "")
    if locale not in ("", "C", "POSIX") and not re.search(r"utf-?8", locale, re.IGNORECASE):
        raise Unreadable(f"characters outside ASCII under the locale {locale}", 0)


def _definitions(line: CommandLine, before: tuple[str, ...] = ()) -> Definitions:
    """Return the functions that the environment hands in, and what was defined before."""
    names = [n for n in line.env if n.startswith("BASH_FUNC_") and n.endswith("%%")]
    found = Definitions({name[len("BASH_FUNC_") : -2]: line.env[name] for name in names})
    for text in (line.known, *before) if line.known else before:
        from gatesh.shell.learned import defines

        found.learn(defines(text))
    return found


def _state(line: CommandLine) -> State:
    words = tuple(Word(a, Span(0, 0), Certainty.EXPANDED) for a in line.arguments)
    name = line.arguments[0] if line.arguments else line.script or "bash"
    state = State(line.env, line.folder, words[1:], name, lambda _: None)
    if line.known:
        from gatesh.shell.learned import recall

        recall(line.known, state)
        if "END_OF_COMMAND_OUTPUT_" in line.text:
            from gatesh.shell.wrappings import ends_gptme

            name = ends_gptme(line.text, line.known)
            if name:
                state.set(name, "")
    state.stand(line.folder, by_its_name=line.folder_known)  # after every `cd` before
    return state


def _unparsed(
    line: CommandLine, source: Source, region: Region, why: Unreadable, walk: Walk
) -> Unparsed:
    """Make out what can be made out: bash runs a text line by line, up to its first error."""
    best = walk.commands
    state = _state(line)
    pieces = Walk(line.folder, _definitions(line))
    # Beyond a limit the line is asked about in any case: it is not read a second time.
    tokens_of = () if isinstance(why, TooMuch) else list(region.at.values())[:MOST_COMMANDS]
    for tokens in tokens_of:
        part = Region(0)
        part.emit("w", tokens[0])
        part.at[2] = tokens
        try:
            pieces.region(source, part, state, Context())
        except (Unreadable, RecursionError):
            continue
    if len(pieces.commands) > len(best):
        best = pieces.commands
    start = min(source.where(why.start, why.start).start, len(line.text))
    names = rough.names(source.text)
    beyond = isinstance(why, TooMuch) or len(names) >= rough.MOST_NAMES
    return Unparsed(
        why.reason,
        Span(start, len(line.text)),
        tuple(best),
        names,
        beyond=beyond or rough.hides(source.text, why.reason),
    )
