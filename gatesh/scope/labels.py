"""Labels: what a person calls the targets. environments.toml, else a guess from a word of the name. Pure.

The strictest label that any part of a target has is the target's: production before one that nobody knows
before staging, development and what is local. A guess is called one, wherever it is shown. What is not known
has no label, and counts as none.
"""

from __future__ import annotations

import re

from gatesh.errors import ConfigError
from gatesh.model import Locality
from gatesh.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.model import Target

FILE = "environments.toml"
PRODUCTION, STAGING, LOCAL = "production", "staging", "local"
# What a table of the file may list, and the part of a target that it is compared with.
KINDS = {
    "hosts": "host",
    "ssh-hosts": "ssh-host",
    "urls": "url",
    "dsns": "dsn",
    "databases": "database",
    "buckets": "bucket",
    "aws-accounts": "aws-account",
    "aws-profiles": "aws-profile",
    "aws-regions": "aws-region",
    "kube-contexts": "kube-context",
    "kube-clusters": "kube-cluster",
    "kube-namespaces": "kube-namespace",
    "gcp-projects": "gcp-project",
    "gcp-configurations": "gcp-configuration",
    "azure-subscriptions": "azure-subscription",
    "azure-groups": "azure-group",
    "docker-contexts": "docker-context",
    "railway-projects": "railway-project",
    "railway-environments": "railway-environment",
    "apps": "app",
    "environments": "environment",
    "workspaces": "workspace",
    "git-remotes": "git-remote",
    "git-branches": "git-branch",
    "repositories": "repository",
    "ids": "id",
    "resources": "resource",
    "paths": "path",
}
HOSTS = ("host", "ssh-host")
_CASELESS = (*HOSTS, "url")
# Their words are too many, or mean something else.
_UNGUESSED = ("path", "url", "dsn", "id", "aws-region")
# They stand below a machine or an account, and whoever asks may choose them: a guess from one alone makes
# nothing less strict than the machine is.
SOFT = (
    "database", "kube-namespace", "git-branch", "git-remote", "repository", "bucket", "environment",
    "azure-group", "url", "dsn", "id", "user", "aws-region", "railway-project", "gcp-account", "words",
    "resource",
)  # fmt: skip
_WORDS = {
    PRODUCTION: "prod production prd live",
    STAGING: "staging stage stg preprod uat",
    "development": "dev devel development",
    "test": "test testing tests qa",
    "sandbox": "sandbox",
}
_GUESSES = {word: label for label, words in _WORDS.items() for word in words.split()}
_ORDER = {PRODUCTION: 0, STAGING: 2, "development": 3, "test": 3, "sandbox": 3, LOCAL: 4}
_OTHER = 1  # a label of a person's own is as strict as none
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NOT_YET = ("pre", "non", "no", "not", "pseudo")  # pre-prod is none
_LABEL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_GUESS, _HERE = "a guess from", "a guess: it is on this machine"
_TABLES = "a table for each label: [production]"
SHOWN = "…"  # a part of a name that nobody can see


class Labels:
    """What a file lists. `loosens` is whether its word counts where it makes a target less strict."""

    def __init__(
        self,
        listed: Iterable[tuple[str, str, str, int]] = (),
        *,
        name: str = FILE,
        loosens: bool = True,
        broken: bool = False,
        digest: str = "",
    ) -> None:
        """Keep rows of label, part, glob and line; of a `broken` list nobody knows what it would say."""
        self._listed: dict[str, list[tuple[re.Pattern[str], str, int]]] = {}
        self.rows = tuple(listed)
        for label, part, glob, line in self.rows:
            self._listed.setdefault(part, []).append((_compiled(glob, part), label, line))
        self._name, self._loosens, self._broken = name, loosens, broken
        self.digest = digest

    def label(self, *targets: Target) -> tuple[str, str]:
        """Return the strictest label of targets and where it comes from; empty where nobody knows."""
        return min(map(self._label, targets), key=lambda one: _rank(one[0]), default=("", ""))

    def lists(self, label: str) -> bool:
        """Claim that a person has listed what a label stands for."""
        return any(one == label for one, _, _, _ in self.rows)

    def doubt(self, label: str) -> str:
        """Return that no target can be called so, and what was meant; empty where one can."""
        from gatesh.rules.notation import near

        known = {*_WORDS, LOCAL, *(one for one, _, _, _ in self.rows)}
        return "" if label in known else f"no target is called {label}; {near(label, known)}"

    def _label(self, target: Target) -> tuple[str, str]:
        found = list(self._found(target))
        label, origin, part = min(found, key=lambda one: _rank(one[0]), default=("", "", ""))
        production = _rank(label) <= _ORDER[PRODUCTION]
        if not production and (self._broken or not _vouched(target, found)):
            return "", ""
        if part in SOFT and not production and is_guess(origin) and not _anchored(target, found):
            return "", ""
        return label, origin

    def changes_since(self, before: Labels) -> list[str]:
        """Return what is listed otherwise than before, as sentences for a person."""
        old, new = _by_name(before.rows), _by_name(self.rows)
        said = []
        for name in sorted({*old, *new}):
            was, now = " and ".join(old.get(name, ())), " and ".join(new.get(name, ()))
            if was != now:
                instead = f" instead of {was}" if was else ""
                said.append(f"{name} is {now}{instead}" if now else f"{name} is {was} no more")
        return ["it cannot be read"] if self._broken else said

    def _found(self, target: Target) -> Iterator[tuple[str, str, str]]:
        """Yield what each part is called, where that comes from, and the part."""
        for part, text in target.parts:
            label, line = self._of(part, text)
            guess = guess_of(text) if part not in _UNGUESSED else ""
            if label and (self._loosens or _rank(label) <= _rank(guess)):
                yield label, f"{self._name}:{line}", part
            elif guess:
                yield guess, f"{_GUESS} {part} {printable(text)}", part
            elif part == "host":
                yield from self._unknown_among(target)
        if target.locality is Locality.LOCAL:
            yield LOCAL, _HERE, "host"

    def _unknown_among(self, target: Target) -> Iterator[tuple[str, str, str]]:
        """Yield no label for one of several hosts: the request may go to either."""
        if sum(part == "host" for part, _ in target.parts) > 1:
            yield "", "", "host"

    def _of(self, part: str, text: str) -> tuple[str, int]:
        """Return the strictest label that is listed for a part, and its line."""
        if part in _CASELESS:
            text = text.lower()
        kinds = ("ssh-host", "host") if part == "ssh-host" else (part,)
        fits = [
            (label, line)
            for kind in kinds
            for glob, label, line in self._listed.get(kind, ())
            if glob.fullmatch(text)
        ]
        return min(fits, key=lambda one: _rank(one[0]), default=("", 0))


def _vouched(target: Target, found: list[tuple[str, str, str]]) -> bool:
    """Claim that nothing of a target is hidden: what cannot be seen may be any."""
    return bool(found) and not any(SHOWN in text for _, text in target.parts)


def _anchored(target: Target, found: list[tuple[str, str, str]]) -> bool:
    """Claim that the machine or account of a target has a label, too, or that it names none."""
    anchors = any(part not in SOFT for part, _ in target.parts)
    return not anchors or any(label and part not in SOFT for label, _, part in found)


def _by_name(rows: Iterable[tuple[str, str, str, int]]) -> dict[str, list[str]]:
    """Return under each name its labels, in one order."""
    found: dict[str, list[str]] = {}
    for label, part, glob, _ in sorted(rows):
        found.setdefault(f"{part} {printable(glob)}", []).append(label)
    return found


def guess_of(name: str) -> str:
    """Return the label that a word of a name speaks of, the strictest; empty where none does."""
    words = [word.lower() for word in _WORD.findall(name)]
    found = [
        STAGING if label == PRODUCTION and at and words[at - 1] in _NOT_YET else label
        for at, word in enumerate(words)
        if (label := _GUESSES.get(word, ""))
    ]
    return min(found, key=_rank, default="")


def host_alone(name: str) -> str:
    """Return the host of a URL or of HOST:PORT: hosts are compared by their names."""
    host = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", name).partition("/")[0]
    return re.sub(r"^([^:]+):\d+$", r"\1", host)


def stricter(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    """Return of two labels, each with its origin, the stricter one."""
    return min(one, other, key=lambda label: _rank(label[0]))


def is_guess(origin: str) -> bool:
    """Claim that a label comes from a word of a name, and from nobody's list."""
    return origin.startswith("a guess")


def _rank(label: str) -> int:
    return _ORDER.get(label, _OTHER)


def parse(text: str, path: str, *, loosens: bool = True) -> Labels:
    """Return what an environments.toml lists; raises ConfigError with the line of the first mistake."""
    import tomllib

    from gatesh.key import sha256
    from gatesh.rules.notation import near
    from gatesh.rules.positions import lines_of, mistake_of

    name = path.rpartition("/")[2]
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, what = mistake_of(error, text)
        raise ConfigError(f"{path}:{line}: {what}", _TABLES) from None
    except RecursionError:
        raise ConfigError(f"{path}: lists stand in one another too deeply", _TABLES) from None
    where = lines_of(text)
    listed = []
    for label, table in tables.items():
        line = where.get((label, ""), 1)
        if not isinstance(table, dict) or not _LABEL.fullmatch(label):
            hint = f"[{label.lower()}]" if _LABEL.fullmatch(label.lower()) else _TABLES
            hint = hint if isinstance(table, dict) else _TABLES
            raise ConfigError(f"{path}:{line}: {label} is no label", hint)
        for kind, globs in table.items():
            line = where.get((label, kind), line)
            if kind not in KINDS:
                hint = near(kind, KINDS, f"what may stand there: {', '.join(KINDS)}")
                raise ConfigError(f"{path}:{line}: unknown key {kind}", hint)
            if not isinstance(globs, list) or not all(isinstance(g, str) and g for g in globs):
                raise ConfigError(f"{path}:{line}: {kind} is no list of names", f'{kind} = ["…"]')
            for glob in globs if kind in ("hosts", "ssh-hosts") else ():
                if (host := host_alone(glob)) != glob:
                    at = _line_of(glob, text, line)
                    raise ConfigError(f"{path}:{at}: {glob} would fit no host", f"name it: {host}")
            part = KINDS[kind]
            listed += [(label, part, glob, _line_of(glob, text, line)) for glob in globs]
    return Labels(listed, name=name, loosens=loosens, digest=sha256(text.encode()).hexdigest())


def _line_of(glob: str, text: str, start: int) -> int:
    """Return the line on which a name of a list stands; the list's own where it is spelled otherwise."""
    for number, line in enumerate(text.splitlines()[start - 1 :], start):
        if f'"{glob}"' in line or f"'{glob}'" in line:
            return number
    return start


def _compiled(glob: str, part: str) -> re.Pattern[str]:
    from fnmatch import translate

    return re.compile(translate(glob.lower() if part in _CASELESS else glob))
