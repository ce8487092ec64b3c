"""What surrounds a command: its environment, its folder, its standard input, the files it names."""

from __future__ import annotations

import os.path
import re

from gatesh.facts.words import UNSEEN, visible, visible_document
from gatesh.model import CommandLine, SimpleCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World

LIMIT = 1_000_000  # bytes of a file that may become part of a fact

_STDIN = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


class Surroundings:
    """One command's view of the world; whatever it cannot know is None."""

    def __init__(self, command: SimpleCommand, line: CommandLine, world: World) -> None:
        """Keep the command, the line it stands in, and what may be looked at."""
        self._command = command
        self._line = line
        self._world = world
        self.remote = bool(command.remote)  # it runs elsewhere: nothing here describes it

    def variable(self, name: str) -> str | None:
        """Return an environment variable, "" where it is not set, None where it cannot be known.

        Elsewhere (ssh, a container) it is taken for not set; nothing there is local anyway.
        """
        for assignment in reversed(self._command.assignments):
            if assignment.name == name:
                return assignment.value.text if assignment.value.known else None
        if re.search(rf"\b{re.escape(name)}=", self._line.text):
            return None  # `export NAME=…` or `env NAME=…`: the line itself changes it
        return "" if self.remote else self._line.env.get(name, "")

    def variables(self, prefix: str) -> dict[str, str | None]:
        """Return every variable whose name begins so."""
        names = {n for n in self._line.env if n.startswith(prefix)}
        names |= {a.name for a in self._command.assignments if a.name.startswith(prefix)}
        names |= set(re.findall(rf"\b({re.escape(prefix)}\w*)=", self._line.text))
        return {name: self.variable(name) for name in sorted(names)}

    @property
    def home(self) -> str | None:
        """Return HOME as the command will see it, or the password database's."""
        home = self.variable("HOME")
        return self._world.home if home == "" else home

    def at_home(self, name: str) -> str:
        """Return a path below HOME, which cannot be read where HOME is not known."""
        return f"{UNSEEN if self.home is None else self.home}/{name}"

    def line_names(self, name: str) -> bool:
        """Claim that the line speaks of a file, which it may write before the command reads it."""
        return name in self._line.text

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

    def read(self, path: str) -> str | None:
        """Return the text of a file, or of standard input for `-` and its other names."""
        if path in _STDIN:
            return self.stdin()
        full = self.path(path)
        # A file that the line names twice may be written by the line itself before it is read.
        if full is None or self._mentions(os.path.basename(full)) > 1:
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
            if redirect.op == "<":
                return self.read(visible(redirect.target))
            if redirect.op in ("<<", "<<-"):
                return visible_document(redirect.target)
            if redirect.op == "<<<":
                return visible(redirect.target) + "\n"
        given = self._command.stdin
        return given.text if given is not None and given.known else None
