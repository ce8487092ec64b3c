"""The door of an agent's shell: `gatesh -c LINE` and `gatesh FILE`.

A door is a thin client of the keeper: it hands over the line and starts bash when it is told to. Where no
keeper serves it, it does the whole work itself (doors/alone.py): records, and refuses what would have to
be held. It never reads the caller's stdin and never asks on the caller's terminal. With a keeper nothing
is imported here that costs time (tests/doors/test_imports.py).
"""

from __future__ import annotations

import gc
import os
import time

from gatesh import wire
from gatesh._value import Value
from gatesh.errors import Exit, GateshError, RunError, UsageError
from gatesh.places import (
    RUN_VARIABLE,
    Places,
    default_places,
    pinned_places,
    places_below,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SHELLS = ("bash", "sh", "zsh")  # names under which gatesh is one of them
TERMINAL_FLAGS = ("--exec-gate", "--line-gate", "--ask-here")  # of the interactive shell, our own
_REMIND_S = 5.0  # how often a held command says that it waits
_FIRST_WORD_S = 30.0  # how long the keeper may take to decide


class Submission(Value):
    """What the caller wants to run, bytes as they came; doors/alone.py makes a CommandLine of it."""

    door: bytes  # a value of model.Door
    text: bytes  # the line, or the content of the file
    arguments: tuple[bytes, ...] = ()  # after `-c LINE`: $0 $1 …; after FILE: $1 …
    script: bytes = b""
    options: tuple[bytes, ...] = (b"-c",)  # the words in front, `-c` among them
    shell: bytes = b"bash"  # or sh, zsh
    name: bytes = b"bash"  # what the caller called it

    def words(self) -> list[bytes]:
        """Return the shell's arguments, as they came; `$0` is its name where the caller gave none."""
        if self.door == b"terminal":
            return [*self.options]
        if self.script:
            return [*self.options, self.script, *self.arguments]
        if self.door == b"stdin":
            return [*self.options, *self.arguments]
        return [*self.options, self.text, *(self.arguments or (self.name,))]

    def run(self, env: dict[bytes, bytes]) -> tuple[int, int]:
        """Run it under its shell; raises RunError. A file must still be what was read."""
        from gatesh.run.bash import run

        if self.script and content(self.script, env) != self.text:
            raise RunError(
                f"{os.fsdecode(self.script)} has changed since it was read", "run it again"
            )
        return run(self.words(), env, self.shell)


def fill_standard_descriptors() -> None:
    """Put /dev/null where 0, 1 or 2 is closed: else our socket or the log would stand in its place.

    What is opened here is closed again for bash (close-on-exec), which finds what the caller left.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open("/dev/null", os.O_RDWR)


def submitted(name: str, words: list[str]) -> Submission:
    """Return what the arguments ask for, by the name that gatesh was called; raises UsageError."""
    if words[:1] == ["-c"] and len(words) > 1 and words[1][:1] not in ("-", "+"):
        text, *arguments = map(os.fsencode, words[1:])
        if os.path.basename(name) == "gatesh":
            return Submission(b"line", text, tuple(arguments))
    from gatesh.doors.arguments import submission

    return submission(name, words)


def own_flags(words: list[str]) -> list[str]:
    """Return the words in front that are not bash's but ours."""
    count = 0
    while count < len(words) and words[count] in TERMINAL_FLAGS:
        count += 1
    return words[:count]


def content(script: bytes, env: dict[bytes, bytes]) -> bytes:
    """Return what a script file holds, which bash also looks for in PATH; raises UsageError."""
    try:
        with open(_found(script, env), "rb") as file:
            return file.read()
    except OSError as error:
        failed = UsageError(
            f"{os.fsdecode(script)}: {error.strerror}",
            "gatesh FILE runs a script; for a command line use -c",
        )
        # bash's own statuses: 127 not found, 126 found but not readable
        failed.status = 127 if isinstance(error, FileNotFoundError) else Exit.REFUSED
        raise failed from error


def _found(script: bytes, env: dict[bytes, bytes]) -> bytes:
    if b"/" in script or os.path.exists(script):
        return script
    paths = (os.path.join(folder, script) for folder in env.get(b"PATH", b"").split(b":") if folder)
    return next(
        (path for path in paths if os.path.isfile(path) and os.access(path, os.R_OK)), script
    )


def environment() -> dict[bytes, bytes]:
    """Return the environment as this process was given it, before Python touched LC_CTYPE."""
    with open("/proc/self/environ", "rb") as file:
        pairs = (entry.partition(b"=") for entry in file.read().split(b"\0") if b"=" in entry)
        return {name: value for name, _, value in pairs if name}


def submit(what: Submission) -> NoReturn:
    """Take `what` the whole way and end as bash ended, or with the refusal."""
    env = environment()
    places = where(env)
    if RUN_VARIABLE in env:
        run = run_above(env, places)
        if run is not None:
            keeper, gate = run
            if gate:
                become_bash(what, env)
            places = keeper
    if what.door == b"stdin":
        from gatesh.doors.stdin import serve

        serve(what, env, places)
    alone = with_keeper(what, env, places)
    gc.disable()  # this process lives for one line: collecting costs it more than it gives
    from gatesh.doors.alone import submit as submit_alone

    submit_alone(what, env, places, alone)


def where(env: dict[bytes, bytes]) -> Places:
    """Return the places that count for this caller."""
    pinned = pinned_places()
    default = pinned or default_places()
    folder = env.get(b"GATESH_HOME")
    if not folder or pinned or _served_by(default):
        return default
    return places_below(os.fsdecode(folder))


def here() -> Places:
    """Return the places that count for this process."""
    return where(environment())


def run_above(env: dict[bytes, bytes], places: Places) -> tuple[Places, str] | None:
    """Return the places of the `gatesh run` that this process runs below, and by what it gates programs.

    Its keeper says so, and the kernel says that it is a process above us. Where it gates, whatever we start
    comes to it, and we need not ask.
    """
    from gatesh.session import ancestry

    pid = env.get(RUN_VARIABLE, b"")
    if not pid.isdigit() or int(pid) not in [found.pid for found in ancestry(os.getpid())[1:]]:
        return None
    run = places.of_run(int(pid))
    try:
        sock = wire.connect(run.keeper_socket)
        if wire.peer(sock)[:2] != (int(pid), os.getuid()):
            return None
        wire.send(sock, b"gated", wire.VERSION)
        return run, wire.receive(sock)[0].decode()
    except (OSError, ValueError, wire.WireError):
        return None


def become_bash(what: Submission, env: dict[bytes, bytes]) -> NoReturn:
    """Become bash: its start is decided on as it was handed to us."""
    import _signal

    from gatesh.run.bash import program

    path = program(what.shell)
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # Python ignores them for itself
        _signal.signal(number, _signal.SIG_DFL)
    os.execve(path, [path, *what.words()], env)  # noqa: S606  the very words that were submitted


def _served_by(places: Places) -> bool:
    """Ask the keeper at the default place whether this process belongs to one of its sessions.

    It records that GATESH_HOME was tried.
    """
    try:
        sock = connect(places)
        wire.send(sock, b"mine", wire.VERSION)
        return wire.receive(sock) == [b"yes"]
    except (OSError, wire.WireError):
        return False


def connect(places: Places) -> wire.Socket:
    """Connect to the keeper; raises OSError where there is none, GateshError where it is not this user's."""
    sock = wire.connect(places.keeper_socket)
    owner = wire.peer(sock)[1]
    if owner != os.getuid():
        raise GateshError(
            f"user {owner} listens on {places.keeper_socket}; nothing ran", "tell your human"
        )
    return sock


def with_keeper(what: Submission, env: dict[bytes, bytes], places: Places) -> str:
    """Submit to the keeper and end as it says; returns only the reason why it does not serve us.

    Raises GateshError where the keeper fails after it has taken the line: nothing runs then.
    """
    try:
        sock = connect(places)
    except OSError:
        return "there is no keeper"
    packed = b"\0".join(name + b"=" + value for name, value in env.items())
    try:
        wire.send(
            sock, b"submit", wire.VERSION, what.door, what.text, os.getcwdb(), what.script, packed,
            what.shell, b"\0".join(what.options), *what.arguments,
        )  # fmt: skip
        return _follow(sock, what, env)
    except (OSError, wire.WireError) as error:
        raise GateshError(
            f"the keeper went away ({error}); nothing ran",
            "ask your human to start `gatesh keeper`, then start the agent again",
        ) from error


def _follow(sock: wire.Socket, what: Submission, env: dict[bytes, bytes]) -> str:
    """Follow the keeper's messages until bash has run, or will not."""
    sock.settimeout(_FIRST_WORD_S)
    while True:
        message = wire.receive(sock)
        match message:
            case [b"held", text, seconds]:
                say(text)
                wait(sock, float(seconds))
            case [b"run", _]:
                _run(sock, what, env)
            case [b"refused", status, text]:
                say(text)
                os._exit(int(status))
            case [b"alone", reason]:
                return reason.decode("utf-8", "replace")
            case _:
                raise wire.WireError("it sent an unknown message")


def wait(sock: wire.Socket, seconds: float) -> None:
    """Wait for the keeper's next message, and say so on stderr every few seconds."""
    from select import select

    until = time.monotonic() + seconds
    while not select([sock], [], [], _REMIND_S)[0]:
        left = int(until - time.monotonic())
        if left < -_FIRST_WORD_S:
            raise wire.WireError("it does not answer any more")
        say(b"gatesh: still waiting for a human, %d s left\n" % max(0, left))
    sock.settimeout(_FIRST_WORD_S)


def _run(sock: wire.Socket, what: Submission, env: dict[bytes, bytes]) -> NoReturn:
    """Start bash now that the record is on the disk, tell the keeper how it ended, and end so."""
    from gatesh.run.bash import leave_as

    try:
        status, took_ns = what.run(env)
    except GateshError as error:
        wire.send(sock, b"failed", error.message.encode())
        raise
    try:
        wire.send(sock, b"ran", b"%d" % status, b"%d" % took_ns)
    except OSError:
        say(b"gatesh: error: the keeper went away; how this command ended is not recorded\n")
    leave_as(status)


def say(text: bytes) -> None:
    """Write to stderr as far as it takes it; a closed stderr changes nothing."""
    try:
        os.write(2, text)
    except OSError:
        return
