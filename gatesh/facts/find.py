"""What a find would find: where it begins, which names its tests let through, what stands there."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase

from gatesh.model import Certainty, Span, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand

FIND = frozenset({"find", "gfind"})

# Made again by whoever runs the program once more; trusted by their names alone.
_MADE_AGAIN = frozenset(
    """
    *.pyc *.pyo *.py[co] __pycache__ node_modules .DS_Store *.o *.class *.swp *~ .pytest_cache .mypy_cache
    .ruff_cache
    """.split()
)
# One such file is recorded only, as with rm; a folder of that name is not.
_LITTER = frozenset("*.log *.tmp *.temp *.orig *.rej *.swo *.bak".split())
_NARROWING = frozenset(
    """
    -name -iname -path -ipath -wholename -iwholename -regex -iregex -mtime -mmin -atime -amin -ctime -cmin
    -size -newer -anewer -cnewer -user -group -inum -perm -links -lname -ilname -samefile -uid -gid
    """.split()
)  # fmt: skip
_VALUED = _NARROWING | frozenset(
    "-type -xtype -maxdepth -mindepth -fstype -regextype -used -context -printf".split()
)
_PLAIN = frozenset(
    """
    -depth -d -mount -xdev -empty -true -nouser -nogroup -readable -writable -executable -print -print0
    -prune -noleaf -daystart -ignore_readdir_race -a -and -ls
    """.split()
)  # fmt: skip
_OR = frozenset({"-o", "-or", ","})
_NOT = frozenset({"!", "-not"})
_GLOB = re.compile(r"[*?\[{]")
_ACTION = re.compile(r"-(delete|exec|ok)")
_ENTRIES = 20_000  # looked at below the folders that a find begins with
_SPLIT_BY_XARGS = re.compile(r"[\s'\"\\]")


class Search:
    """One find, taken apart."""

    def __init__(self, command: SimpleCommand) -> None:
        """Take the words apart: options, folders, tests in front of the first action, the rest."""
        words = list(command.words[1:])
        self.follows = False
        while words and re.fullmatch(r"-[HLP]+|-O\d*|-D", words[0].text):
            self.follows = self.follows or bool(re.fullmatch(r"-[HLP]*[HL]", words[0].text))
            words = words[2:] if words[0].text == "-D" else words[1:]
        roots: list[Word] = []
        while words and not words[0].text.startswith(("-", "(", "!", ")")):
            roots.append(words.pop(0))
        texts = [word.text for word in words]
        self.roots = roots or [Word(".", Span(0, 0))]
        if "-files0-from" in texts:
            self.roots.append(Word("-files0-from", Span(0, 0), Certainty.UNKNOWN))
        self.follows = self.follows or "-follow" in texts
        self.deletes = "-delete" in texts
        after = zip(texts, words[1:], strict=False)
        self.prints_to = [
            word for text, word in after if text in ("-fprint", "-fprint0", "-fprintf", "-fls")
        ]
        # Only what stands before the first action narrows it: `find . -delete -name x` deletes all.
        action = next((i for i, t in enumerate(texts) if _ACTION.match(t)), len(texts))
        self.tests = texts[:action]
        self.sure = all(w.known for w in words) and not _OR & set(texts[action:])
        self.prints = action == len(texts) and not any("printf" in t or t == "-ls" for t in texts)
        self.narrowed = bool(_NARROWING & set(self.tests)) and not (_OR | _NOT) & set(texts)
        self.patterns = _patterns(self.tests) if self.sure else []
        if not self.sure and all(w.known for w in words):
            self.patterns = _of_branches(texts)
        # A glob may become the name of a file that reads as another test, such as -o.
        spelled = self.sure and not any(
            w.globbed and _GLOB.search(w.text) for w in words[: len(self.tests)]
        )
        self.passed = _passed(self.tests) if spelled else []

    @property
    def only_empty(self) -> bool:
        """Claim that it finds nothing but what is empty."""
        return ("-empty", "") in self.passed

    @property
    def only_folders(self) -> bool:
        """Claim that it finds nothing but folders, of which -delete takes the empty ones alone."""
        return ("-type", "d") in self.passed

    @property
    def made_again(self) -> bool:
        """Claim that all it finds bears the name of something that a program makes again."""
        return bool(self.patterns) and all(p in _MADE_AGAIN for p in self.patterns)

    @property
    def litter(self) -> bool:
        """Claim that all it finds bears the name of what is lying about."""
        return bool(self.patterns) and all(p in _LITTER | _MADE_AGAIN for p in self.patterns)


def _passed(tests: list[str]) -> list[tuple[str, str]]:
    """Return tests, each with its value, that all it finds has passed; none where that is not sure."""
    passed: list[tuple[str, str]] = []
    rest = list(tests)
    while rest:
        text = rest.pop(0)
        negated = text in _NOT
        if negated and rest:
            text = rest.pop(0)
        if text in _VALUED or text.startswith("-newer"):
            test = (text, rest.pop(0) if rest else "")
        elif text in _PLAIN:
            test = (text, "")
        else:
            return []
        if not negated:
            passed.append(test)
    return passed


def _patterns(tests: list[str]) -> list[str]:
    """Return names of which each found path bears one: those of `-name`; none where that is not sure."""
    branches: list[list[str]] = [[]]  # of the group that is open
    whole: list[str] = []  # holds whatever else is said
    rest = list(tests)
    inside = negated = False
    while rest:
        text = rest.pop(0)
        if text in _NOT:
            negated = True
            if rest[:1] == ["("]:
                return []
            continue
        if text == "(" and not inside:
            inside, branches = True, [[]]
        elif text == ")" and inside:
            inside = False
            if all(branches) and not whole:
                whole = [branch[0] for branch in branches]
        elif text in ("-o", "-or") and inside:
            branches.append([])
        elif text in _VALUED and rest:
            value = rest.pop(0)
            if text == "-name" and not negated:
                if inside:
                    branches[-1].append(value)
                elif not whole:
                    whole = [value]
        elif text not in _PLAIN:
            return []
        negated = False
    return [] if inside else whole


def _of_branches(texts: list[str]) -> list[str]:
    """Return the names of `-name A -delete -o -name B -delete`; none where a branch has none."""
    branches: list[list[str]] = [[]]
    deep = 0
    for text in texts:
        deep += (text == "(") - (text == ")")
        if text in ("-o", "-or") and not deep:
            branches.append([])
        else:
            branches[-1].append(text)
    deleting = [b[: b.index("-delete")] for b in branches if "-delete" in b]
    if "," in texts or any(re.match(r"-(exec|ok|f?print|fls)", text) for text in texts):
        return []
    found = [_patterns(tests) for tests in deleting]
    return [name for names in found for name in names] if all(found) else []


def around(command: SimpleCommand, world: World) -> Search | None:
    """Return the find whose -exec starts `command`."""
    span = command.span
    for other in reversed(world.before):
        inside = other.span.start <= span.start and span.end <= other.span.end
        if other.program in FIND and other is not command and inside:
            return Search(other)
    return None


def in_front(command: SimpleCommand, line: CommandLine, world: World) -> tuple[Search, bool] | None:
    """Return the find in `find … | xargs COMMAND`, and whether xargs would split at blanks."""
    for other in reversed(world.before):
        if other.program not in FIND or other.remote or other.prefixes:
            continue
        between = line.text[other.span.end : command.span.start]
        match = re.fullmatch(
            r"\s*\|\s*(?:sudo\s+)?xargs((?:\s+-[0rtxpnPL]*(?:\s*\d+)?)*)\s*", between
        )
        search = Search(other)
        if match and search.prints:
            return search, not (
                "0" in re.sub(r"[nPL]\s*\d+", "", match[1]) and "-print0" in search.tests
            )
    return None


def walk(root: str, patterns: list[str], world: World, *, split: bool) -> list[str] | None:
    """Return the paths below `root` whose name fits; None where nobody could look at everything.

    With `split` a name that xargs would take for several words is not for anybody to know either.
    """
    if world.files.kind(root) == "missing":
        return []
    found, folders, seen = [], [root], 0
    while folders:
        folder = folders.pop()
        names = world.files.names(folder, _ENTRIES)
        if names is None:
            return None
        seen += len(names)
        if seen > _ENTRIES or not world.spend(1 + len(names) // 10):
            return None
        for name in names:
            path = os.path.join(folder, name)
            if split and _SPLIT_BY_XARGS.search(name):
                return None
            if any(fnmatchcase(name, pattern.replace("[^", "[!")) for pattern in patterns):
                found.append(path)
            if world.files.kind(path) == "directory":
                folders.append(path)
    return found
