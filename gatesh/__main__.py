"""The way in: `gatesh -c LINE`, `gatesh FILE`, or a subcommand. The `gatesh` script and `python -m gatesh`."""

from __future__ import annotations

import _signal
import os
import sys

from gatesh.doors import client
from gatesh.errors import Exit, GateshError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SUBCOMMANDS = (
    "approve", "check", "completions", "demo", "doctor", "elevate", "history", "hook", "keeper", "patterns",
    "run", "secrets", "sessions", "setup", "show", "stats",
)  # fmt: skip


_NOT_FOUND = 127


def _meant(word: str) -> str:
    """Return a hint where a word that is no file is nearly a subcommand."""
    from difflib import get_close_matches

    found = get_close_matches(word, SUBCOMMANDS, 1)
    return f"did you mean `gatesh {found[0]}`?" if found else ""


def main(argv: list[str]) -> NoReturn:
    """Run one command line, or a subcommand, and end as it ended."""
    status, door = Exit.FAILED, True
    try:
        client.fill_standard_descriptors()
        words = argv[1:]
        # Under a shell's name there are none: `bash run` is a script.
        mine = not words or words[0] in (*SUBCOMMANDS, "--help", "-h", "--version")
        door = not words or not mine or os.path.basename(argv[0]) in client.SHELLS
        if not door:
            from gatesh.cli import main as cli

            status = cli(words)
        else:
            _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
            flags = client.own_flags(words)
            what = client.submitted(argv[0], words[len(flags) :])
            if flags or what.door == b"terminal":
                from gatesh.commands.shell import main as interactive

                interactive(what, flags)
            client.submit(what)
    except GateshError as error:
        if error.status == _NOT_FOUND and os.path.basename(argv[0]) not in client.SHELLS:
            error.hint = _meant(argv[1]) or error.hint
        client.say(error.lines().encode("utf-8", "replace"))
        # To the caller of a shell, 2 would be the command's own: broken settings are ours.
        ours = door and not isinstance(error, UsageError) and error.status == Exit.USAGE
        status = Exit.FAILED if ours else error.status
    except BaseException as error:  # noqa: BLE001  promise 3: whatever breaks here, nothing runs
        text = f"gatesh: error: {type(error).__name__}: {error}\n"
        text += "gatesh: hint: this is a defect of gatesh, please report it\n"
        client.say(text.encode("utf-8", "replace"))
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv)
