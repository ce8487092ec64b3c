"""Become a daemon: own session, no terminal, errors in a file, and the starter told whether it worked."""

from __future__ import annotations

import os
import sys

from gatesh.errors import ConfigError, GateshError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


def detach(log: str, work: Callable[[Callable[[], None]], None]) -> int:
    """Run `work` in a daemon; return its pid when it has called `ready`, or raise what it told.

    The daemon itself never returns from here.
    """
    reads, writes = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child:
        os.close(writes)
        os.waitpid(child, 0)
        with open(reads, "rb") as pipe:
            said = pipe.read().decode("utf-8", "replace")
        if said.startswith("ready "):
            return int(said.split()[1])
        message, _, hint = said.partition("\n")
        raise ConfigError(message or f"the keeper did not start; see {log}", hint.strip())
    os.setsid()
    if not os.fork():  # it leads no session, so no terminal can become its own
        _daemon(log, work, writes)
    os._exit(0)


def _daemon(log: str, work: Callable[[Callable[[], None]], None], writes: int) -> NoReturn:
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    for target, source in ((0, nothing), (1, nothing), (2, errors)):
        os.dup2(source, target)

    def ready() -> None:
        os.write(writes, b"ready %d" % os.getpid())
        os.close(writes)

    try:
        work(ready)
    except GateshError as error:
        os.write(writes, f"{error.message}\n{error.hint}".encode())
        os._exit(error.status)
    except BaseException as error:  # noqa: BLE001  whatever ends a daemon has to be in its log
        sys.excepthook(type(error), error, error.__traceback__)
        os._exit(1)
    os._exit(0)
