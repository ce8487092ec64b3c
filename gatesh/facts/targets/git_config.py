"""What git is configured to do in one repository: its files read as git-config(1) says, none of it run.

Includes are followed whatever their condition is: a rewriting that may apply is taken for one that does.
"""

from __future__ import annotations

import os
import re

from gatesh.facts.words import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts.targets.asked import Asked
    from gatesh.model import SimpleCommand

_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_PAIR = re.compile(r"([A-Za-z][\w-]*)\s*(?:=\s*(.*))?$", re.DOTALL)
_PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"?|\\(.)|([#;].*)|([^"\\#;]+)', re.DOTALL)
_DEEP = 8


class Settings:
    """The settings of one repository; `unseen` where one of its files cannot be read."""

    def __init__(
        self, asked: Asked, folder: str | None, git_dir: str, given: Iterable[str]
    ) -> None:
        """Read them all, the strongest last."""
        self._asked, self.folder = asked, folder
        self.unseen = False
        self._git_dir = self._found(folder, git_dir)
        self._pairs = list(self._read(given))

    @property
    def branch(self) -> str:
        """Return the branch that is checked out; UNSEEN where that cannot be told."""
        if any(_checks_out(earlier) for earlier in self._asked.world.before):
            return UNSEEN
        head = self._asked.around.read(f"{self._git_dir}/HEAD") if self._git_dir else None
        if head is None:
            return UNSEEN
        return head.strip().removeprefix("ref: refs/heads/") if head.startswith("ref:") else ""

    @property
    def remotes(self) -> list[str]:
        """Return the names of all remotes."""
        found = (name for name, _ in self._pairs if name.startswith("remote."))
        return list(
            dict.fromkeys(n[len("remote.") :].rpartition(".")[0] for n in found if n.count(".") > 1)
        )

    def all(self, name: str) -> list[str]:
        """Return every value of a setting."""
        return [value for key, value in self._pairs if key == name]

    def last(self, name: str) -> str:
        """Return the value that counts, or an empty string."""
        return (self.all(name) or [""])[-1]

    def urls(self, remote: str, *, push: bool) -> list[str]:
        """Return where a remote, or a URL, leads: several where a push goes to each."""
        own = self.all(f"remote.{remote}.pushurl") if push else []
        plain = self.all(f"remote.{remote}.url")
        if own:
            return [self._rewritten(url, "insteadof") for url in own]
        named = plain or [remote]
        if self.unseen and not plain:
            named = [UNSEEN]
        found = []
        for url in named if push else named[:1]:
            pushed = self._rewritten(url, "pushinsteadof") if push else url
            found.append(pushed if pushed != url else self._rewritten(url, "insteadof"))
        return found

    def _rewritten(self, url: str, key: str) -> str:
        """Return a URL with its longest beginning replaced that a setting names."""
        best, base = "", ""
        for name, beginning in self._pairs:
            if not (name.startswith("url.") and name.endswith(f".{key}")):
                continue
            if beginning and url.startswith(beginning) and len(beginning) > len(best):
                best, base = beginning, name[len("url.") : -len(f".{key}")]
        return base + url[len(best) :] if best else url

    def _found(self, folder: str | None, given: str) -> str:
        """Return the repository's folder; a worktree's and a submodule's stand in a file."""
        if given:
            path = self._asked.around.path(given)
        else:
            top = self._asked.world.probe.repository(os.path.normpath(folder)) if folder else ""
            path = f"{top}/.git" if top else ""
        if not path:
            self.unseen = folder is None or path is None
            return ""
        if self._asked.world.files.kind(path) == "file":
            text = (self._asked.around.read(path) or "").strip()
            path = os.path.normpath(os.path.join(os.path.dirname(path), text[len("gitdir: ") :]))
        return path

    def _read(self, given: Iterable[str]) -> Iterator[tuple[str, str]]:
        asked = self._asked
        system, own = asked.variable("GIT_CONFIG_SYSTEM")[0], asked.variable("GIT_CONFIG_GLOBAL")[0]
        files = [system or "/etc/gitconfig"]
        xdg = asked.variable("XDG_CONFIG_HOME")[0] or asked.home(".config")
        files += [own] if own else [f"{xdg}/git/config", asked.home(".gitconfig")]
        for path in (*files, *self._own()):
            yield from self._of_file(path)
        count = asked.variable("GIT_CONFIG_COUNT")[0]
        for number in range(min(int(count), 100) if count.isdigit() else 0):
            key = asked.variable(f"GIT_CONFIG_KEY_{number}")[0]
            yield _lower(key), asked.variable(f"GIT_CONFIG_VALUE_{number}")[0]
        for text in (*self._handed_on(), *given):
            key, _, value = text.partition("=")
            yield _lower(key), value

    def _handed_on(self) -> list[str]:
        """Return what a `git -c` has put into the environment of what it starts."""
        text = self._asked.variable("GIT_CONFIG_PARAMETERS")[0]
        if not text:
            return []
        import shlex

        try:
            found = shlex.split(text)
        except ValueError:
            found = []
        self.unseen = self.unseen or not found or UNSEEN in text
        return found

    def _own(self) -> Iterator[str]:
        if self._git_dir:
            common = self._asked.text(f"{self._git_dir}/commondir") or ""
            folder = os.path.normpath(os.path.join(self._git_dir, common.strip()))
            yield f"{folder}/config"
            yield f"{self._git_dir}/config.worktree"

    def _of_file(self, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
        content = self._asked.text(path) if depth <= _DEEP else None
        if content is None:
            self.unseen = True
            return
        for name, value in pairs(content):
            yield name, value
            if name == "include.path" or (name.startswith("includeif.") and name.endswith(".path")):
                inner = self._asked.home(value[2:]) if value.startswith("~/") else value
                inner = inner if inner.startswith("/") else f"{os.path.dirname(path)}/{inner}"
                yield from self._of_file(inner, depth + 1)


def _checks_out(earlier: SimpleCommand) -> bool:
    words = {word.text for word in earlier.words[1:]}
    return earlier.program == "git" and not words.isdisjoint(("checkout", "switch", "branch"))


def pairs(content: str) -> Iterator[tuple[str, str]]:
    """Yield the settings of a file, each with its full name in git's own spelling."""
    section = ""
    for line in content.replace("\\\r\n", "").replace("\\\n", "").splitlines():
        text = line.strip()
        if found := _SECTION.match(text):
            sub = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else None
            section = found[1].lower() if sub is None else f"{found[1].lower()}.{sub}"
            text = text[found.end() :].strip()
        if text[:1] in "#;" or not (pair := _PAIR.match(text)):
            continue
        yield f"{section}.{pair[1].lower()}", "true" if pair[2] is None else _plain(pair[2])


def _plain(value: str) -> str:
    """Return a value without its quotes, escapes and comment."""
    escapes = {"n": "\n", "t": "\t", "b": "\b"}
    out: list[str] = []
    for quoted, escaped, comment, plain in _PIECE.findall(value):
        if comment:
            break
        out.append(re.sub(r"\\(.)", lambda m: escapes.get(m[1], m[1]), quoted))
        out.append(escapes.get(escaped, escaped) if escaped else plain)
    return "".join(out).strip()


def _lower(name: str) -> str:
    """Return a setting's full name as `pairs` spells it: the middle keeps its capitals."""
    first, dot, rest = name.partition(".")
    middle, last_dot, last = rest.rpartition(".")
    return f"{first.lower()}{dot}{middle}{last_dot}{last.lower()}"
