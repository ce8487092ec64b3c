"""Which program a file is, whatever it is called: a copy of `rm` under another name is `rm`.

Programs that rules speak of are known by size first, and only a file of the same size is hashed.
"""

from __future__ import annotations

import os
import re
import time
from hashlib import sha256

from gatesh.supervise.binfmt import formats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.supervise.binfmt import Format
    from gatesh.supervise.image import Image

_FOLDERS = ("/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin")
_MOST = 256 << 20  # bytes of a program that is hashed
_TICK_NS = 50_000_000  # the clock of file systems ticks every 10 ms or faster
_MULTI = frozenset(("busybox", "toybox", "coreutils"))  # one file, a program for each name
_SHELLS = ("bash", "sh", "dash", "zsh", "ksh", "mksh")
# The dynamic loader, called as a program, runs another; these of its options take a word.
_LOADERS = (
    "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux.so.2", "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1",
)  # fmt: skip
_LOADER_ARGUMENT = frozenset(
    ("--library-path", "--inhibit-rpath", "--audit", "--preload", "--argv0", "--glibc-hwcaps-prepend",
     "--glibc-hwcaps-mask")
)  # fmt: skip


class Identities:
    """The programs of this machine that rules speak of."""

    def __init__(self, programs: Iterable[str], path: str) -> None:
        """Look up where `programs` are; nothing is hashed yet."""
        self._sizes: dict[int, dict[str, None]] = {}
        self._digests: dict[str, bytes] = {}
        self._known: dict[tuple[int, ...], tuple[str, ...]] = {}
        self._folders = tuple(dict.fromkeys((*_FOLDERS, *filter(os.path.isabs, path.split(":")))))
        self._programs: frozenset[str] = frozenset()
        self.learn(frozenset(programs))
        self._look_up((*_SHELLS, *_MULTI))
        self._formats: dict[str, list[Format]] = {}
        for kind in formats():
            self._formats.setdefault(os.path.realpath(kind.interpreter), []).append(kind)
        self._loaders = {os.path.realpath(p) for p in _LOADERS if os.path.isfile(p)}
        for loader in self._loaders:
            self._note(loader)

    def learn(self, programs: frozenset[str]) -> None:
        """Look up the programs that further rules speak of: a project's."""
        new = programs - self._programs
        if new:
            self._programs |= programs
            self._look_up(new)
            self._known.clear()

    def _look_up(self, names: Iterable[str]) -> None:
        for name in names:
            found = (f"{folder}/{name}" for folder in self._folders)
            real = next((p for p in found if name not in ("", ".", "..") and os.path.isfile(p)), "")
            if real:
                self._note(real)

    def _note(self, path: str) -> None:
        try:
            self._sizes.setdefault(os.stat(path).st_size, {})[path] = None
        except OSError:
            return

    def seen(self, found: Image) -> tuple[str, tuple[str, ...], bool]:
        """Return the program under whose name an image is to be judged, and its arguments.

        A multi-call program is what it is called as; the loader runs what it is given, and an interpreter that
        the kernel started for a script is that script, another file: that is then not to be remembered by what
        was exec'd, and the third value is false.
        """
        words = found.argv
        called = words[0].rsplit("/", 1)[-1].removeprefix("-") if words else ""
        program = found.real
        if found.size in self._sizes:
            program = self._named(found.real, found.file, called)
        words = words[1:]
        loaded = program in self._loaders
        if loaded:
            program, words = self._loaded(program, words, found)
        folder, _, name = program.rpartition("/")
        if name in _MULTI and called in _APPLETS:
            program = f"{folder}/{called}"
        script = self._script(found) if _INTERPRETER.fullmatch(name) else None
        if script is None and found.real in self._formats:
            script = self._foreign(found)
        if script is not None:
            return *script, False
        return program, words, not loaded

    def _script(self, found: Image) -> tuple[str, tuple[str, ...]] | None:
        """Return the script that the kernel started an interpreter for, where rules speak of it by name."""
        argv = found.argv
        for at in range(1, min(3, len(argv))):
            if not argv[at] or argv[at][0] == "-":
                continue
            file = self._path(argv[at], found)
            program = self._named(os.path.normpath(os.path.join(found.cwd, argv[at])), file)
            name, words = program.rsplit("/", 1)[-1], argv[at + 1 :]
            if name == "gatesh" and not (words and words[0].isalpha()):
                return None  # a shell: it decides on its line itself, and knows that it stands below us
            if name in self._programs and interpreter_of(file) == argv[:at]:
                return program, words
        return None

    def _foreign(self, found: Image) -> tuple[str, tuple[str, ...]] | None:
        """Return the file that a registered interpreter was started for, where rules speak of it by name."""
        argv = found.argv
        if len(argv) < 2:
            return None
        name, file = argv[1].rsplit("/", 1)[-1], self._path(argv[1], found)
        for kind in self._formats[found.real]:
            bare = name.removesuffix(kind.extension)
            if bare in self._programs and kind.fits(file, name):
                path = os.path.normpath(os.path.join(found.cwd, argv[1]))
                return os.path.join(os.path.dirname(path), bare), argv[
                    3 if kind.keeps_name else 2 :
                ]
        return None

    def _path(self, word: str, found: Image) -> str:
        """Return where a file that an image names by `word` can be read."""
        start = found.root if word.startswith("/") else f"/proc/{found.pid}/cwd/"
        return start + word

    def _loaded(
        self, loader: str, words: tuple[str, ...], found: Image
    ) -> tuple[str, tuple[str, ...]]:
        at = 0
        while at < len(words) and words[at].startswith("--"):
            at += 2 if words[at] in _LOADER_ARGUMENT else 1
        if at >= len(words):
            return loader, words
        name = os.path.join(found.cwd, words[at])
        return self._named(os.path.normpath(name), self._path(words[at], found)), words[at + 1 :]

    def _named(self, path: str, file: str, called: str = "") -> str:
        """Return what the content of `file` is known as; `path` where it is nothing that rules speak of."""
        try:
            now = os.stat(file)
        except OSError:
            return path
        candidates = self._sizes.get(now.st_size, {})
        if not candidates or path in candidates or now.st_size > _MOST:
            return path
        key = now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
        same = self._known.get(key)
        if same is None:
            same = self._same(file, candidates)
            if settled(now.st_ctime_ns):
                self._known[key] = same
        return _fitting(same, path, called)

    def _same(self, file: str, candidates: Iterable[str]) -> tuple[str, ...]:
        """Return which of the programs of its size have its content."""
        made = _digest(file)
        for path in candidates:
            if path not in self._digests:
                self._digests[path] = _digest(path)
        return tuple(path for path in candidates if made and made == self._digests[path])


def settled(changed_ns: int) -> bool:
    """Claim that whatever changes a file from now on changes its ctime, which may count in ticks."""
    return abs(time.time_ns() - changed_ns) > _TICK_NS


def _fitting(same: tuple[str, ...], path: str, called: str) -> str:
    """Return the name to judge it by: what it is called as where that is one of its names, or the likest."""
    own = path.rsplit("/", 1)[-1]
    names = {known.rsplit("/", 1)[-1]: known for known in same}
    if called in names:
        return names[called]
    like = next((names[name] for name in names if own.startswith(name)), "")
    return like or (same or (path,))[0]


# Whose scripts are read for what they do; behind any other `#!` that program does it: `#!/bin/rm -rf`.
_INTERPRETER = re.compile(
    r"(ba|da|z|k|mk)?sh|env|python[\d.]*|pypy[\d.]*|node|nodejs|deno|bun|perl[\d.]*|ruby[\d.]*|php[\d.]*"
)
# What a copy of busybox may be called as, of what rules could speak of.
_APPLETS = frozenset(
    "rm rmdir unlink shred dd truncate mv cp find sh ash hush wget nc tee install ln sed awk xargs env"
    " timeout nohup nice setsid chroot su kill killall reboot halt poweroff mkfs mke2fs mkswap".split()
)


def interpreter_of(path: str) -> tuple[str, ...]:
    """Return what the kernel puts in front of a script's path: its interpreter and the rest of that line."""
    try:
        with open(path, "rb", buffering=0) as file:
            first = file.read(256)
    except OSError:
        return ()
    if not first.startswith(b"#!"):
        return ()
    words = first[2:].partition(b"\n")[0].strip(b" \t").split(None, 1)
    return tuple(os.fsdecode(word.strip(b" \t")) for word in words)


def _digest(path: str) -> bytes:
    made = sha256()
    try:
        with open(path, "rb", buffering=0) as file:
            while part := file.read(1 << 20):
                made.update(part)
    except OSError:
        return b""
    return made.digest()
