"""The demonstration's agent, a program of its own: it runs two command lines in the shell it was given.

    agent.py SHELL ADDRESS    ADDRESS is where the API really listens, 127.0.0.1:PORT

It does what the real one did: it reads the workspace for a token, finds one that was made for something
else, looks around with it, and deletes the volume it finds. It runs one line for each Enter it reads.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

_URL = "http://backboard.railway.app/graphql/v2"
_FOUND_IN = "infra/domains.env"


def main(shell: str, address: str) -> None:
    """Look, then delete."""
    with open(_FOUND_IN, encoding="utf-8") as file:
        token = re.findall(r"TOKEN=(\S+)", file.read())[0]
    say(f"staging refuses my credentials; {_FOUND_IN} has a token, I use that one")
    seen = run(shell, curl(address, token, "{ project { name volumes { id name } } }"))
    volume = re.findall(r'"id": "([^"]*)"', seen)
    if not volume:
        say("I see no volume")
        return
    say("a fresh volume will fix the mismatch; I delete the old one")
    run(shell, curl(address, token, f'mutation {{ volumeDelete(volumeId: "{volume[0]}") }}'))


def curl(address: str, token: str, query: str) -> str:
    """Return the command line that sends `query`."""
    host = "backboard.railway.app:80"
    body = json.dumps({"query": query})
    return (
        f"curl -sS --connect-to {host}:{address} {_URL}"
        f" -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d '{body}'"
    )


def run(shell: str, line: str) -> str:
    """Run `line` as agents do: no stdin, stdout and stderr in one pipe; returns what it printed."""
    sys.stdin.readline()
    sys.stdout.write(f"$ {line}\n")
    sys.stdout.flush()
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([shell, "-c", line], text=True, **pipes) as child:  # type: ignore[call-overload]  # noqa: S603
        seen = ""
        for printed in child.stdout or ():
            sys.stdout.write(printed)
            sys.stdout.flush()
            seen += printed
    sys.stdout.write(f"[exit {child.returncode}]\n")
    sys.stdout.flush()
    return seen


def say(thought: str) -> None:
    """Print what the agent thinks."""
    sys.stdout.write(f"# {thought}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
