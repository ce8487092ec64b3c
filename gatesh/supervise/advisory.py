"""What is left where the kernel does not let us gate programs: the shells that an agent finds by name.

Shims stand in front of PATH and in SHELL; they hand a line or a script to gatesh. A bash that is called by
its path finds BASH_ENV, and hands over what it was given before it begins. An agent that calls /bin/sh by its
path, starts a program without a shell, or clears its environment goes past all that: hence "advisory".
"""

from __future__ import annotations

import os
import shlex
import sys

from gatesh.supervise.image import SHELLS

_SHIM = """#!/bin/sh
# Put here by `gatesh run` for as long as it runs.
case "$1" in
-*c | [!-]*) {restore}; exec {gatesh} "$@" ;;
esac
exec {real} "$@"
"""
# `bash -c LINE` and `bash FILE` read this before they begin.
_HOOK = """# Put here by `gatesh run` for as long as it runs.
{restore}
if [[ -n ${{BASH_EXECUTION_STRING+x}} ]]; then
  exec {gatesh} -c "$BASH_EXECUTION_STRING" "$0" "$@"
elif [[ -f $0 && $- != *s* ]]; then
  exec {gatesh} "$0" "$@"
fi
"""


def put_shims(folder: str, path: str, bash_env: str) -> dict[bytes, bytes]:
    """Write a shim for every shell that is there into `folder`; return the variables that lead to them.

    `bash_env` is what BASH_ENV led to before.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    gatesh = shlex.quote(os.path.abspath(sys.argv[0]))
    restore = f"export BASH_ENV={shlex.quote(bash_env)}" if bash_env else "unset BASH_ENV"
    for name in sorted(SHELLS):
        found = (os.path.join(part, name) for part in path.split(":") if os.path.isabs(part))
        real = next((p for p in found if os.access(p, os.X_OK)), "")
        if real:
            text = _SHIM.format(restore=restore, gatesh=gatesh, real=shlex.quote(real))
            _write(os.path.join(folder, name), text)
    hook = os.path.join(folder, "bash_env")
    _write(hook, _HOOK.format(restore=restore, gatesh=gatesh))
    shell = os.fsencode(os.path.join(folder, "bash"))
    return {
        b"PATH": os.fsencode(f"{folder}:{path}"),
        b"SHELL": shell,
        b"BASH_ENV": os.fsencode(hook),
        b"CLAUDE_CODE_SHELL": shell,
    }


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chmod(path, 0o700)
