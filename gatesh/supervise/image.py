"""What is about to run: read from /proc while the new program stands still at its exec.

The image is loaded, so what is read here is what will run: no thread of the caller can change it any more.
Its folder alone may be shared with a process that is no thread (CLONE_FS), which can still change that.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from stat import S_ISREG

from gatesh._value import Value
from gatesh.facts.words import UNSEEN
from gatesh.model import Argv, CommandLine, Door, Span, Word
from gatesh.supervise.elsewhere import folder_of, root_of

SHELLS = frozenset(("bash", "sh", "dash", "zsh", "ksh", "mksh", "ash", "rbash"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_MOST = 4 << 20  # bytes of arguments or environment; the kernel allows less
# Options before a shell's line, alike in all of them; with others (-o NAME, --rcfile) the reader sorts it out.
_OPTIONS = re.compile(r"-[abefhiklmnptuvxc]+|--norc|--noprofile|--login|--posix")


class Image(Value):
    """A program at its exec, as the kernel shows it. `real` is the file that was loaded.

    argv[0] may say anything; arguments and environment are kept raw: most programs have been seen before.
    """

    pid: int
    real: str
    device: int
    inode: int
    size: int
    changed_ns: int  # of the file
    arguments: bytes
    environment: bytes
    cwd: str
    input: str = ""  # the regular file its standard input comes from, and all of it
    at: str = ""  # where the file can be read, where it is not loaded yet
    root: str = ""  # what leads into its root, where it does not see the same files as we do

    @property
    def file(self) -> str:
        """Return where the file that was loaded can be read, under whatever name."""
        return self.at or f"/proc/{self.pid}/exe"

    @property
    def nameless(self) -> bool:
        """Claim that it is a memory file, or one that was removed after it was opened."""
        return self.real.startswith("/memfd:") or self.real.endswith(" (deleted)")

    @property
    def argv(self) -> tuple[str, ...]:
        """Return its arguments."""
        return tuple(map(os.fsdecode, self.arguments.split(b"\0")[:-1]))

    @property
    def env(self) -> dict[str, str]:
        """Return its environment; UNSEEN where a name is there twice with different values."""
        return _entries(self.environment).copy()

    @property
    def key(self) -> tuple[object, ...]:
        """Return all of it but the process: what has the same key is the same to every rule."""
        return (
            self.real, self.device, self.inode, self.size, self.changed_ns, self.arguments,
            self.environment, self.cwd, self.input, self.root,
        )  # fmt: skip


def image(pid: int) -> Image:
    """Return what stands at its exec as `pid`; raises OSError where it is gone or cannot be read."""
    here, root = f"/proc/{pid}", root_of(pid)
    found = os.stat(f"{here}/exe")
    return Image(
        pid,
        os.readlink(f"{here}/exe"),
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_ctime_ns,
        _read(f"{here}/cmdline"),
        _read(f"{here}/environ"),
        folder_of(pid, root),
        input_of(f"{here}/fd/0"),
        root=root,
    )


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with; raises OSError where it is gone."""
    return _entries(_read(f"/proc/{pid}/environ")).copy()


@lru_cache(16)
def _entries(environment: bytes) -> dict[str, str]:
    split = [entry.partition("=") for entry in os.fsdecode(environment).split("\0")]
    entries = [(name, value) for name, equals, value in split if equals and name]
    found = dict(entries)
    if len(found) < len(entries):  # getenv(3) finds the first one; bash, make and awk take the last
        for name, value in entries:
            if found[name] != value:
                found[name] = UNSEEN
    return found


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = os.read(descriptor, 1 << 15)
        part = found
        while len(part) >= 4096 and len(found) < _MOST:  # /proc may give a page at a time
            part = os.read(descriptor, 1 << 17)
            found += part
    finally:
        os.close(descriptor)
    if len(found) >= _MOST:
        raise OSError(7, f"{path} is longer than {_MOST} bytes")
    return found


def input_of(path: str) -> str:
    """Return the regular file behind a descriptor in /proc; empty where it is none.

    Also where that file has no name any more, or the program begins to read it in the middle.
    """
    try:
        found = os.stat(path)
        if not S_ISREG(found.st_mode):
            return ""
        name = os.readlink(path)
        if os.path.samestat(found, os.stat(name)) and _is_at_its_start(path):
            return name
    except OSError:
        pass
    return ""


def _is_at_its_start(path: str) -> bool:
    process, number = path.split("/fd/")
    with open(f"{process}/fdinfo/{number}", "rb", buffering=0) as file:
        return file.read(16).startswith(b"pos:\t0\n")


def command_line(found: Image, program: str, words: tuple[str, ...]) -> CommandLine:
    """Return the program's start as a command line, under the name and with the arguments it is judged by.

    A shell's `-c LINE` is that line, as if it had been submitted; anything else its words, quoted.
    """
    if program.rsplit("/", 1)[-1] in SHELLS:
        line = _line_of(words)
        if line is not None:
            text, arguments = line
            return CommandLine(text, found.cwd, found.env, Door.LINE, arguments)
    argv = argv_of((program, *words))
    text = argv.text
    if found.input:  # a redirect, which a shell's reader has to see
        text += f" < {quoted(found.input)}"
    plain = program.startswith("/") and _CONTROL.search("".join(words)) is None
    return CommandLine(text, found.cwd, found.env, Door.EXEC, argv=argv if plain else None)


def argv_of(words: tuple[str, ...]) -> Argv:
    """Return words with the text that bash would be given for them."""
    texts, found, at = list(map(quoted, words)), [], 0
    for word, text in zip(words, texts, strict=True):
        found.append(Word(word, Span(at, at + len(text))))
        at += len(text) + 1
    return Argv(" ".join(texts), tuple(found))


def _line_of(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """Return the text behind a shell's `-c`, and what follows it; None where that is not plain."""
    wanted, at = False, 0
    while at < len(words) and _OPTIONS.fullmatch(words[at]):
        wanted = wanted or ("c" in words[at] and words[at][1] != "-")
        at += 1
    if not wanted or at == len(words):
        return None
    if words[at] in ("-", "--"):
        at += 1
    elif words[at][0:1] in ("-", "+"):
        return None
    return (words[at], words[at + 1 :]) if at < len(words) else None


def process_of(tid: int) -> int:
    """Return the process that a thread belongs to; raises OSError where it is gone."""
    with open(f"/proc/{tid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("Tgid:"):
                return int(line.split()[1])
    return tid


def quoted(word: str) -> str:
    """Return a word as bash would be given it; bytes that no line may hold as escapes."""
    if _PLAIN.fullmatch(word):
        return word
    if not _CONTROL.search(word):
        return "'" + word.replace("'", "'\\''") + "'"
    plain = word.replace("\\", "\\\\").replace("'", "\\'")
    # A byte that is no UTF-8 stands in the text as U+DC80 and up: its last eight bits are the byte.
    return "$'" + _CONTROL.sub(lambda m: f"\\x{ord(m.group()) & 0xFF:02x}", plain) + "'"
