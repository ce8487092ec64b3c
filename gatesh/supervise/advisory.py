"""What is left where the kernel does not let us gate programs: the shells that an agent finds by name.

Shims stand in front of PATH and in SHELL; they hand a line or a script to gatesh. An agent that calls
/bin/bash by its path, or starts a program without a shell, goes past them: that is why this is "advisory".
"""

from __future__ import annotations

import os
import shlex
import sys

from gatesh.supervise.image import SHELLS

_SHIM = """#!/bin/sh
# Put here by `gatesh run` for as long as it runs.
case "$1" in
-*c | [!-]*) exec {gatesh} "$@" ;;
esac
exec {real} "$@"
"""


def put_shims(folder: str, path: str) -> dict[bytes, bytes]:
    """Write a shim for every shell that is there into `folder`; return the variables that lead to them."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    gatesh = shlex.quote(os.path.abspath(sys.argv[0]))
    for name in sorted(SHELLS):
        found = (os.path.join(part, name) for part in path.split(":") if os.path.isabs(part))
        real = next((p for p in found if os.access(p, os.X_OK)), "")
        if not real:
            continue
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(_SHIM.format(gatesh=gatesh, real=shlex.quote(real)))
        os.chmod(file.name, 0o700)
    shell = os.fsencode(os.path.join(folder, "bash"))
    return {
        b"PATH": os.fsencode(f"{folder}:{path}"),
        b"SHELL": shell,
        b"CLAUDE_CODE_SHELL": shell,
    }
