"""What `make target` is told and what it can see: its command line, its environment, the files around it."""

from __future__ import annotations

import os.path
import re

from gatesh.facts.amounts import unseen
from gatesh.facts.opened import Code
from gatesh.facts.paths import glob
from gatesh.facts.scripts import STDIN, executed
from gatesh.facts.surroundings import Surroundings, may_set_any
from gatesh.facts.words import UNSEEN, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.facts.scripts import Runs
    from gatesh.model import Word

_FILES = ("GNUmakefile", "makefile", "Makefile")
_MOST = 400  # files that one pattern finds
_NAMES = 500  # in a folder of which files are included
_VALUED = "CfIoWE"  # short options with a value
_LONG = {  # long ones, which may be shortened
    "directory": "C", "file": "f", "makefile": "f", "include-dir": "I", "old-file": "o", "assume-old": "o",
    "what-if": "W", "new-file": "W", "assume-new": "W", "eval": "E", "just-print": "n", "dry-run": "n",
    "recon": "n", "question": "q", "touch": "t", "environment-overrides": "e", "version": "v", "help": "h",
}  # fmt: skip
_MAKES_WITH = re.compile(r"(?:\S*/)?(?:env\s+)?(?:ba|da|z|k|mk|a)?sh(?:\s+-\w+)*|")
_GIVEN = re.compile(r"([^\s:?+!=#]+)(:{1,3}|[?+!])?=(.*)", re.DOTALL)
_MOVING = frozenset("mv gmv ln mount rename exch".split())
_FOUND = re.compile(
    r"find\s+((?:[\w.][\w./-]*\s+)+)(-type\s+f\s+)?-i?name\s+(?:'([^']+)'|\"([^\"$`\\]+)\"|([\w.-]+)|((?:\\[*?]|[\w.-])+))"
    r"(\s+-type\s+f)?(?:\s+-print)?(?:\s+2>\s*/dev/null)?(?:\s*\|\s*sort(?:\s+-u)?)?"
)


class Told:
    """A command line of make, its flags in the environment in front of it."""

    def __init__(self, texts: list[str], variable: Surroundings) -> None:
        """Sort the words."""
        self.flags = ""
        self.folders: list[str] = []
        self.files: list[str] = []
        self.includes: list[str] = []
        self.evaluated: list[str] = []
        self.given: dict[str, str] = {}
        self.assigned: list[str] = []  # A:=x A!=x: what the command line has make work out at once
        self.targets: list[str] = []
        rest = [
            *_flags(variable.variable("GNUMAKEFLAGS")),
            *_flags(variable.variable("MAKEFLAGS")),
            *texts,
        ]
        while rest:
            self._word(rest.pop(0), rest)

    def _word(self, text: str, rest: list[str]) -> None:
        if text == "--":
            return
        if text.startswith("--"):
            name, equals, value = text[2:].partition("=")
            letter = next((v for n, v in _LONG.items() if name and n.startswith(name)), "")
            if letter in _VALUED and letter:
                self._valued(letter, value if equals else rest.pop(0) if rest else "")
            self.flags += letter
        elif text[:1] == "-" and len(text) > 1:
            self._cluster(text[1:], rest)
        elif found := _GIVEN.fullmatch(text):
            name, how, value = found[1], found[2] or "", found[3]
            if how in ("", "?"):
                self.given[name] = value
            else:
                self.given.setdefault(name, "")
                self.assigned.append(f"override {text}")
        else:
            self.targets.append(text)

    def _cluster(self, letters: str, rest: list[str]) -> None:
        for at, letter in enumerate(letters, 1):
            if letter in _VALUED:
                self._valued(letter, letters[at:] or (rest.pop(0) if rest else ""))
                return
            self.flags += letter
            if letter in "jlOd":  # they take what stands right behind them, and a number as a word
                if (
                    letter in "jl"
                    and not letters[at:]
                    and rest
                    and re.fullmatch(r"[\d.]+", rest[0])
                ):
                    rest.pop(0)
                return

    def _valued(self, letter: str, value: str) -> None:
        found = {"C": self.folders, "f": self.files, "I": self.includes, "E": self.evaluated}
        if letter in found:
            found[letter].append(value)


def _flags(value: str | None) -> list[str]:
    """Return the words that MAKEFLAGS stands for; what nobody can see may set any variable."""
    if not value:
        return [] if value == "" else ["--eval", f"include {unseen('makeflags')}"]
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:\\.|\S)+", value)]
    first = words[0] if words else ""
    plain = first[:1] != "-" and "=" not in first
    # Its first word is a cluster of letters; folders in it are not entered again.
    words = [f"-{first}", *words[1:]] if plain else words
    return [word.replace("$$", "$") for word in words if word != "-"]


class Place:
    """What make sees of the disk from the folder it works in."""

    def __init__(self, runs: Runs, folder: str, name: str, includes: list[str]) -> None:
        """Keep where it works, and the name of its makefile."""
        self.folder, self.name = folder, name
        self._runs = runs
        self._folders = [folder, *(os.path.join(folder, i) for i in includes)]
        # What was moved here a moment ago is not on the disk yet.
        self._still = not any(
            command.program in _MOVING or not command.program
            for command in runs.before
            if command.words
        )

    def _at(self, name: str) -> str:
        return os.path.normpath(os.path.join(self.folder, name))

    def included(self, name: str) -> list[tuple[str, str]] | None:
        """Return the files of a name or a pattern, each with its text; None where one cannot be seen."""
        found: list[tuple[str, str]] = []
        for path in self._places(name):
            text, hidden = self._runs.content(path)
            if text is None and (hidden or self._runs.world.files.kind(path) != "missing"):
                return None
            if text is not None:
                found.append((os.path.relpath(path, self.folder), text))
        return found

    def _places(self, name: str) -> list[str]:
        if re.search(r"[*?\[]", name):
            return [self._at(path) for path in self.wildcard(name).split()]
        paths = [os.path.normpath(os.path.join(folder, name)) for folder in self._folders]
        there = [path for path in paths if self._runs.content(path) != (None, "")]
        return there[:1] or paths[:1]

    def wildcard(self, pattern: str) -> str:
        """Return the files that fit a pattern of the shell; an unseen part where nobody knows."""
        if not self._still or pattern[:1] == "~":
            return unseen("wildcard")
        world = self._runs.world
        if not re.search(r"[*?\[]", pattern):
            return pattern if self.is_there(pattern) else ""
        start = "" if pattern[:1] == "/" else f"{self.folder.rstrip('/')}/"
        found = glob(f"{start}{pattern}", world, _MOST)
        if any(path is None for path in found):
            return unseen("wildcard")
        names = [path.removeprefix(start) for path in found if path]
        return " ".join(sorted(name for name in names if self.is_there(name)))

    def is_there(self, name: str) -> bool:
        """Claim that something of this name is on the disk."""
        return self._runs.world.files.kind(self._at(name)) != "missing"

    def real(self, path: str) -> str:
        """Return a path with its links followed, empty where there is nothing."""
        found = self._runs.world.files.real(path)
        return found if self._runs.world.files.kind(found) != "missing" else ""

    def printed(self, text: str) -> str | None:
        """Return what a harmless command prints, its lines as words; None where nobody knows."""
        text = text.strip()
        if not self._still:
            return None
        if text in ("pwd", "pwd -P"):
            return self.folder
        if found := re.fullmatch(r"echo\s+([\w ./@%+,:=-]*)", text):
            return None if found[1][:1] == "-" else " ".join(found[1].split())
        if text == "git rev-parse --show-toplevel":
            return self._runs.world.probe.repository(self.folder) or None
        if found := re.fullmatch(r"cat\s+([\w./-]+)(?:\s+2>\s*/dev/null)?", text):
            content = self._runs.content(self._at(found[1]))[0]
            return (
                None
                if content is None or "\0" in content
                else " ".join(content.split("\n")).strip()
            )
        if found := _FOUND.fullmatch(text):
            pattern = found[3] or found[4] or found[5] or found[6].replace("\\", "")
            return self._found(found[1].split(), pattern, files=bool(found[2] or found[7]))
        return None

    def _found(self, roots: list[str], pattern: str, *, files: bool) -> str | None:
        """Return what a find by a name prints."""
        from gatesh.facts.find import walk

        names: list[str] = []
        for root in roots:
            top = self._at(root)
            found = walk(top, [pattern], self._runs.world, split=True)
            if found is None or len(names) + len(found) > _MOST:
                return None
            kept = [
                p for p in sorted(found) if not files or self._runs.world.files.kind(p) == "file"
            ]
            names += [root.rstrip("/") + path[len(top) :] for path in kept]
        return " ".join(names)


def code(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """Yield what `make -C DIR -f FILE A=1 target` has a shell run."""
    from gatesh.facts.makefile import recipes

    around = Surroundings(runs.command, runs.line, runs.world.after(runs.before))
    told = Told([visible(word).replace(UNSEEN, unseen()) for word in words[1:]], around)
    if set("vh") & set(told.flags):
        return
    yield from _made_by(runs, words, told.given.get("SHELL", ""))
    folder = runs.cwd
    for into in told.folders:
        folder = None if folder is None or "\0" in into else os.path.join(folder, into)
    if folder is None:
        return
    folder = os.path.normpath(folder)
    found = list(_makefiles(runs, told, folder, (around.variable("MAKEFILES") or "").split()))
    yield from (Code("shell", "", p, folder, hidden=why) for p, _, why in found if why)
    if not found and not told.evaluated:
        return
    texts = [text for _, text, _ in found]
    # --eval is read first, A:=x before all the rest
    text = "\n".join([*told.assigned, *told.evaluated, *texts])
    path = found[-1][0] if found else os.path.join(folder, "-")
    name = os.path.relpath(path, folder)
    place = Place(runs, folder, name, told.includes)
    set_before = _environment(runs, around)
    given = dict(told.given)
    if "e" in told.flags:  # the environment wins
        names = (*runs.line.env, *re.findall(r"\b([A-Za-z_]\w*)=", runs.line.text))
        given = {n: v for n in names if (v := set_before(n)) is not None} | given
    dry = bool(set("nqt") & set(told.flags))
    for line in recipes(text, told.targets, given, set_before, place, dry=dry):
        yield Code("shell", line, path, folder)


def _makefiles(
    runs: Runs, told: Told, folder: str, before: list[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield the makefiles, each with its text, or why nobody can see it."""
    for name in (*before, *told.files):
        path = os.path.normpath(os.path.join(folder, name))
        if name in STDIN:
            yield os.path.join(folder, "-"), runs.given() or "", ""
            continue
        text, hidden = runs.content(path)
        if text is not None or hidden:
            yield path, text or "", hidden
    for name in _FILES if not told.files else ():
        path = os.path.join(folder, name)
        text, hidden = runs.content(path)
        if text is not None or hidden:
            yield path, text or "", hidden
            return


def _environment(runs: Runs, around: Surroundings) -> Callable[[str], str | None]:
    """Return how a variable of the environment is looked up: None where it is not set."""
    own = {a.name for a in runs.command.assignments}

    def variable(name: str) -> str | None:
        if not re.fullmatch(r"\w+", name, re.ASCII):
            return runs.line.env.get(name)
        found = around.variable(name)
        if found is None:
            return _exported(name, runs) or unseen(name)
        return found if found or name in own or name in runs.line.env else None

    return variable


def _exported(name: str, runs: Runs) -> str:
    """Return what `export NAME=value` set, where nothing else of the line may set it."""
    world, text = runs.world.after(runs.before), runs.line.text
    if len(re.findall(rf"\b{name}\b", text)) != 1 or may_set_any(runs.command, runs.line, world):
        return ""
    words = (
        word for c in runs.before if c.program == "export" for word in c.words[1:] if word.known
    )
    return next((w.text.partition("=")[2] for w in words if w.text.startswith(f"{name}=")), "")


def _made_by(runs: Runs, words: tuple[Word, ...], shell: str) -> Iterator[Code]:
    """Yield the shell that `make SHELL=./x` runs each line with, and a makefile that is not seen."""
    if any(word.text.startswith("<(") for word in words):
        yield Code("shell", "", "<(", runs.cwd, hidden="made-here")
    if not _MAKES_WITH.fullmatch(shell):
        found = list(executed(runs, (words[0].but(text=shell),)))
        yield from found or [Code("shell", "", shell, runs.cwd, hidden="made-here")]
