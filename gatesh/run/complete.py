"""Whether a text is a complete command: bash itself says so, without running it."""

from __future__ import annotations

import os
import time

from gatesh.run import child
from gatesh.run.bash import BASH

_TIME_S = 5.0
_OUTPUT = 64 << 10
_OPEN = (b"unexpected end of file", b"unexpected EOF while looking", b"delimited by end-of-file")
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "LANGUAGE": "C"}


OPEN, WHOLE, REFUSED = "open", "whole", "refused"


def state(text: str) -> str:
    """Return whether bash waits for more of a text, would run it, or refuses it.

    Where it does not say so in time, more of it has to come: nothing runs until then.
    """
    last = text.rpartition("\n")[2]
    if (len(last) - len(last.rstrip("\\"))) % 2:  # a backslash in front of the line's end
        return OPEN
    argv = [os.fsdecode(BASH), "--norc", "-O", "extglob", "-n", "-c", "--", text]
    started = child.start(argv, _ENVIRONMENT, "/", time.monotonic() + _TIME_S, _OUTPUT, errors=True)
    said = started.said() if started else None
    if said is None or any(mark in said.output for mark in _OPEN):
        return OPEN
    return REFUSED if said.status else WHOLE
