"""Which secrets a held command would use: words, variables, files, its tool's settings.

Only commands that a rule spoke of are looked at, and of those only what reaches something: deleting a file
uses no secret. A secret in the words counts before one in a variable, that before one in a file.
"""

from __future__ import annotations

import os.path
import re

from gatesh._value import Value
from gatesh.facts.surroundings import Surroundings
from gatesh.model import CliCall, FileChange, Locality
from gatesh.redact.names import names_secret
from gatesh.secrets.kept import BESIDE, FILES_OF, NAMED_BY, variables_of
from gatesh.secrets.recognise import Found, coded_in, found_in, found_in_file, found_in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, Inspection, Match, SimpleCommand, Target

MOST = 6  # secrets of one line that are told about
_LONGEST_LINE = 20_000  # characters of a line that are scanned as a whole
_LONGEST_FILE = 64_000
_MOST_FILES = 12
_MOST_BYTES = 64_000  # of all named files together
_QUOTED = re.compile(r"""["']([\w./~+-]{2,200})["']""")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")


class Carried(Value):
    """A secret that a command would use, and where it takes it from."""

    found: Found
    where: str  # "the command line", "variable RAILWAY_TOKEN", the path of a file
    file: bool = False


def carried(
    seen: Inspection, matches: tuple[Match, ...], line: CommandLine, world: World
) -> list[Carried]:
    """Return the secrets that the matched commands would use; `line` is without its wrapping."""
    return list(_Looking(seen, line, world).all(matches))[:MOST]


class _Looking:
    """One line, looked through for secrets; what is read counts against one budget."""

    def __init__(self, seen: Inspection, line: CommandLine, world: World) -> None:
        self._seen, self._line, self._world = seen, line, world
        self._own = len(seen.reading.commands) - len(seen.places)
        self._left, self._files = _MOST_BYTES, _MOST_FILES
        self._told: set[str] = set()
        self._looked: set[str] = set()

    def all(self, matches: Iterable[Match]) -> Iterator[Carried]:
        indices = _reaching(self._seen, matches)
        if not indices:
            return
        commands = self._seen.reading.commands
        for index in indices:
            yield from self._of_environment(index, spoken=True)
        for index in indices:
            yield from self._new(self._of_words(commands[index]), "the command line")
        if not self._told:
            for index in indices:
                yield from self._of_environment(index, spoken=False)
        if not self._told:
            text = self._line.text[:_LONGEST_LINE]
            yield from self._new([*found_in(text), *coded_in(text)], "the command line")
        for index in indices:
            yield from self._of_files(self._named(commands[index]), index)
        if not self._told:
            others = (i for i in range(len(commands)) if i not in indices)
            yield from self._of_files(
                (p for i in others for p in self._named(commands[i])), indices[0]
            )
        if not self._told:
            yield from self._of_files(self._in_code(indices), indices[0])
        if not self._told:
            for index in indices:
                yield from self._of_settings(index)

    def _new(self, found: Iterable[Found], where: str, *, file: bool = False) -> Iterator[Carried]:
        for one in found:
            if one.value and one.value not in self._told:
                self._told.add(one.value)
                yield Carried(one, where, file)

    # -- words and variables ---------------------------------------------------------------------------

    def _of_words(self, command: SimpleCommand) -> list[Found]:
        words = [f"{a.name}={a.value.text}" for a in command.assignments if a.value.known]
        words += [word.text for word in command.words]
        found = found_in_words(words)
        texts = [r.target.text for r in command.redirects if r.op in ("<<", "<<-", "<<<")]
        texts += [command.stdin.text] if command.stdin is not None else []
        for text in texts:
            found += found_in(text[:_LONGEST_LINE])
        together = " ".join(words)[:_LONGEST_LINE]
        values = {one.value for one in found}
        coded = (one for one in coded_in(together) if one.value not in values)
        return [*found, *coded]

    def _of_environment(self, index: int, *, spoken: bool) -> Iterator[Carried]:
        """Yield what is in variables that the line or its code speaks of, or that the program takes."""
        command = self._seen.reading.commands[index]
        if command.remote:
            return
        prefixes = variables_of(command.program)
        for name, value in self._line.env.items():
            asked = name in self._spoken if spoken else name.startswith(prefixes)
            if not asked or not (names_secret(name) or "@" in value):
                continue
            if Surroundings(command, self._place(index), self._world).variable(name) != value:
                continue
            yield from self._new(found_in_words([f"{name}={value}"]), f"variable {name}")

    @property
    def _spoken(self) -> frozenset[str]:
        def names() -> frozenset[str]:
            texts = [self._line.text, *self._line.arguments]
            for _, content in self._seen.files:  # what a file only sets, it does not speak of
                text = (content or b"").decode("utf-8", "replace")
                texts.append(re.sub(r"(?m)^\s*(?:export\s+)?\w+=", "", text))
            return frozenset(word for text in texts for word in _WORD.findall(text[:200_000]))

        found = self._world.once(("names spoken of", self._line.text), names)
        assert isinstance(found, frozenset)
        return found

    def _place(self, index: int) -> CommandLine:
        """Return the line that a command stands in: code that is run is one of its own."""
        return self._seen.places[index - self._own] if index >= self._own else self._line

    # -- files -------------------------------------------------------------------------------------------

    def _named(self, command: SimpleCommand) -> Iterator[str]:
        """Yield the files among the words of a command: `file`, `@file`, `--option=file`, `< file`."""
        if command.remote or command.cwd is None:
            return
        folder = os.path.join(self._line.cwd, command.cwd)
        words = [word for word in command.words[1:] if word.known and not word.globbed]
        words += [r.target for r in command.redirects if r.op == "<" and r.target.known]
        for word in words:
            text = word.text
            spellings = dict.fromkeys(
                (text, text.lstrip("@"), text.rpartition("=")[2], text.rpartition("@")[2])
            )
            for spelled in spellings:
                if spelled and len(spelled) < 1000 and "\0" not in spelled and spelled[:1] != "-":
                    yield os.path.join(folder, os.path.expanduser(spelled))

    def _in_code(self, indices: Iterable[int]) -> Iterator[str]:
        """Yield the files that code of the line names in quotes: `open("token.txt")`."""
        commands = self._seen.reading.commands
        texts = [word.text for command in commands for word in command.words[1:] if word.known]
        texts += [(content or b"").decode("utf-8", "replace") for _, content in self._seen.files]
        code = [text[:_LONGEST_LINE] for text in texts if '"' in text or "'" in text]
        for name in dict.fromkeys(name for text in code for name in _QUOTED.findall(text)):
            for folder in dict.fromkeys(self._place(index).cwd for index in indices):
                yield os.path.join(folder, os.path.expanduser(name))

    def _settings(self, index: int) -> Iterator[str]:
        """Yield the files that the command's program takes its login from, unasked."""
        command = self._seen.reading.commands[index]
        targets = self._targets(index)
        if command.remote or all(one.locality is Locality.LOCAL for one in targets):
            return
        around = Surroundings(command, self._place(index), self._world)
        home, folder = around.home or self._world.home, around.cwd or self._line.cwd
        for name in FILES_OF.get(command.program, ()):
            variable = NAMED_BY.get(name, "")
            named = around.variable(variable) if variable else ""
            paths = named.split(":") if named else [f"{home}/{name}"]
            yield from (os.path.join(folder, path) for path in paths)
        for name in BESIDE.get(command.program, ()):
            yield os.path.join(folder, name)

    def _of_settings(self, index: int) -> Iterator[Carried]:
        """Yield what stands for the command's target in the first of those files that has any."""
        first: list[Carried] = []
        for path in self._settings(index):
            found, content = self._read(path)
            near = [
                one for one in found if _section(content.splitlines(), one.line, self._names(index))
            ]
            if near:
                yield from self._new(near, path, file=True)
                return
            first = first or [Carried(one, path, file=True) for one in found]
        yield from first

    def _targets(self, index: int) -> list[Target]:
        return [fact.target for place, fact in self._seen.facts if place == index]

    def _names(self, index: int) -> set[str]:
        """Return what a heading or a row would call the target of a command."""
        kinds = ("profile", "host", "kube-context", "kube-user")
        targets = self._targets(index)
        named = {value for one in targets for kind, value in one.parts if kind.endswith(kinds)}
        return named | {one.name.partition("/")[0] for one in targets}

    def _of_files(self, paths: Iterable[str], index: int) -> Iterator[Carried]:
        for path in paths:
            found, content = self._read(path)
            yield from self._new(self._meant(found, content, index), path, file=True)

    def _read(self, path: str) -> tuple[list[Found], str]:
        """Return the secrets in a file, and its text; nothing where it was read before or is none."""
        path, files = os.path.normpath(path), self._world.files
        if path in self._looked or self._files <= 0 or self._left <= 0:
            return [], ""
        self._looked.add(path)
        if path.startswith(("/dev/", "/proc/", "/sys/")) or files.kind(path) not in (
            "file",
            "link",
        ):
            return [], ""
        content = files.read(path, min(_LONGEST_FILE, self._left))
        if content is None:
            return [], ""
        self._files, self._left = self._files - 1, self._left - len(content)
        text = content.decode("utf-8", "replace")
        return found_in_file(text, path), text

    def _meant(self, found: list[Found], content: str, index: int) -> list[Found]:
        """Return those that the line speaks of by name, its program takes or its target owns; else all."""
        if len(found) < 2:
            return found
        spoken = [one for one in found if one.name and one.name in self._spoken]
        takes = variables_of(self._seen.reading.commands[index].program)
        taken = [one for one in found if one.name.startswith(takes)]
        taken = taken or [
            one for one in found if one.name.partition("_")[0].lower() in self._spoken
        ]
        rows, wanted = content.splitlines(), self._names(index)
        return (
            spoken or taken or [one for one in found if _section(rows, one.line, wanted)] or found
        )


def _section(rows: list[str], line: int, wanted: set[str]) -> bool:
    """Claim that the row of a secret, or the heading above it, names one of `wanted`."""
    for row in reversed(rows[:line]):
        heading = re.fullmatch(r"\s*\[(?:profile )?([^\]]+)\]\s*", row)
        if heading:
            return heading[1].strip() in wanted
        if any(len(name) > 3 and name in row for name in wanted):
            return True
        if not row.strip():
            return False
    return False


def _reaching(seen: Inspection, matches: Iterable[Match]) -> list[int]:
    """Return which of the matched commands reach something, in their order; all where it is not told."""
    commands = seen.reading.commands
    spoken = {found.command for found in matches}
    indices = range(len(commands)) if -1 in spoken else sorted(spoken)
    facts: dict[int, list[object]] = {}
    for index, fact in seen.facts:
        facts.setdefault(index, []).append(fact)
    return [
        index
        for index in indices
        if 0 <= index < len(commands) and not _only_files(facts.get(index, ()))
    ]


def _only_files(facts: Iterable[object]) -> bool:
    """Claim that all a command does is to change files here."""
    facts = list(facts)
    changes = [fact for fact in facts if isinstance(fact, FileChange)]
    others = [fact for fact in facts if not isinstance(fact, FileChange | CliCall)]
    return bool(changes) and not others
