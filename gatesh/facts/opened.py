"""The files that a line was found to run, each read once, and the files that these load.

What a text imports is followed where it stands in the project, not where it is installed.
"""

from __future__ import annotations

import os.path
import re
from time import monotonic

from gatesh._value import Value
from gatesh.facts.shebang import HEAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.facts import World
    from gatesh.facts.javascript_code import Read as JavascriptRead
    from gatesh.facts.python_code import Read
    from gatesh.model import Word

LIMIT = 256 * 1024  # bytes of one file
FILES = 32  # of one line
MODULES = 16  # beside a script, that it imports
_ENDINGS = (".js", ".ts", ".mjs", ".cjs", ".tsx", ".mts", "/index.js", "/index.ts")
_MOST_NAMED = 500  # places where files may stand that one text loads


class Code(Value):
    """A text that a command runs; where `hidden` says why it cannot be seen, there is none."""

    language: str  # shell, python, javascript, ruby, perl
    text: str
    path: str = ""  # the file it stands in; "" where it stands in the line
    cwd: str | None = None
    arguments: tuple[Word, ...] = ()
    sourced: bool = False  # `. FILE`: what it defines is only called later
    hidden: str = ""
    names: frozenset[str] | None = None  # of an imported module: what its importer uses


def _is_binary(content: bytes) -> bool:
    """Claim that a file is a program, or compiled: a shell tells by its first line."""
    compiled = content[2:4] == b"\r\n" and b"\0" in content[:16]  # Python's
    return compiled or b"\0" in content[:80].partition(b"\n")[0]


class Opened:
    """The files that a line was found to run, each read once."""

    def __init__(self, world: World, until: float) -> None:
        """Open nothing yet; after `until` on the monotonic clock nothing more."""
        self._world, self._until = world, until
        self.contents: dict[str, bytes | None] = {}
        self._modules = 0
        self.beyond = False  # there were more of them than gatesh reads
        # What the text that is followed writes into a file itself, or why it cannot be seen.
        self.made: Callable[[str], tuple[str | None, str]] = lambda _path: (None, "")
        self.shadows: Callable[[], list[str]] = list  # modules that it puts in place of others

    def text(self, path: str) -> str | None:
        """Return the text of a file; None where there is none."""
        if path not in self.contents:
            if len(self.contents) >= FILES or (self.contents and monotonic() > self._until):
                self.beyond = True
                return None
            self.contents[path] = self._world.files.read(path, LIMIT)
        content = self.contents[path]
        if content is None or _is_binary(content):
            return None
        text = content.decode("utf-8", "surrogateescape").replace("\0", "")
        return text.removeprefix("\ufeff")

    def first_line(self, path: str) -> str:
        """Return what the kernel reads of a file that it is to start, however long the rest is."""
        return self._world.files.head(path, HEAD).decode("utf-8", "surrogateescape")

    def _is_there(self, path: str) -> bool:
        return self._world.files.kind(path) == "file" or self.made(path) != (None, "")

    def modules(self, read: Read, code: Code, cwd: str, paths: str) -> Iterator[Code]:
        """Yield the modules that a Python text imports, where they stand beside it and not installed."""
        tops = [
            os.path.dirname(code.path) if code.path else cwd,
            cwd,
            *paths.split(":"),
            *read.folders,
        ]
        for name in (*read.imports, *(self.shadows() if read.imports else ())):
            plain = name.lstrip(".")
            dots = len(name) - len(plain)
            folders = tops if not dots else [os.path.normpath(f"{code.path}/{'../' * dots}")]
            parts = plain.replace(".", "/")
            for folder in dict.fromkeys(os.path.join(cwd, f) for f in folders if f):
                for path in (f"{folder}/{parts}.py", f"{folder}/{parts}/__init__.py"):
                    if path == code.path or not self._is_there(path):
                        continue
                    yield from self._module("python", path, code, cwd, read.names)

    def scripts(self, read: JavascriptRead, code: Code, cwd: str) -> Iterator[Code]:
        """Yield the files that a text of JavaScript imports by their place."""
        folder = os.path.dirname(code.path) if code.path else cwd
        for name in read.imports:
            base = os.path.normpath(os.path.join(folder, name))
            for path in (base, *(base + end for end in _ENDINGS)):
                if path != code.path and self._is_there(path):
                    yield from self._module("javascript", path, code, cwd, read.names)
                    break

    def loaded(self, code: Code, cwd: str) -> Iterator[Code]:
        """Yield the files that a text of another language loads by their place."""
        from gatesh.facts.other_imports import loaded, used

        names = frozenset(re.findall(r"\w+", code.text)) | (code.names or frozenset())
        for at, path in enumerate(loaded(code.text, code.language, code.path, cwd)):
            if at > _MOST_NAMED:
                self.beyond = True
                return
            if path == code.path or not self._is_there(path):
                continue
            for module in self._module(code.language, path, code, cwd, names):
                yield module.but(text=used(module.text, code.language, names))

    def _module(
        self, language: str, path: str, code: Code, cwd: str, names: frozenset[str]
    ) -> Iterator[Code]:
        self._modules += 1
        if self._modules > MODULES:
            return
        text, hidden = self.made(path)
        text = self.text(path) if text is None and not hidden else text
        if text is not None or hidden:
            names = names | (code.names or frozenset())
            yield Code(language, text or "", path, cwd, code.arguments, hidden=hidden, names=names)
