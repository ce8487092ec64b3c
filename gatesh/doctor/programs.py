"""The programs that gatesh stands on: itself, Python, SQLite, the real shell, shfmt; and the names in PATH."""

from __future__ import annotations

import os
import sys
import time

from gatesh import __version__
from gatesh.doctor.finding import note, ok, problem
from gatesh.places import shipped
from gatesh.run.bash import BASH, SETPRIV
from gatesh.run.child import ask
from gatesh.run.shfmt import Shfmt, installed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.doctor.finding import Finding
    from gatesh.places import Places

_TIME_S = 2.0
_OUTPUT = 4096
_SHELLS = ("bash", "sh", "zsh")
_SLOW_S = 0.25
_ELF = b"\x7fELF"


def versions(_: Places) -> Iterator[Finding]:
    """Look at gatesh, Python and SQLite."""
    import sqlite3

    python = ".".join(map(str, sys.version_info[:3]))
    what = f"gatesh {__version__}, Python {python}, SQLite {sqlite3.sqlite_version}"
    yield ok("versions", what)


def real_shell(_: Places) -> Iterator[Finding]:
    """Look at the bash that runs what was allowed."""
    path = os.fsdecode(BASH)
    real = os.path.realpath(path)
    try:
        found = os.stat(path)
        with open(path, "rb") as file:
            head = file.read(len(_ELF))
    except OSError as error:
        yield problem("shell", f"{path}: {error.strerror}", "install bash: nothing can run without")
        return
    if sys.platform == "linux" and head != _ELF:
        what = f"{path} leads to {real}, which is no program but a script"
        yield problem("shell", what, f"put bash itself at {path}: what was allowed runs there")
        return
    if found.st_mode & 0o022 or found.st_uid not in (0, os.getuid()):
        what = f"{real} can be changed by others than you and root"
        yield problem("shell", what, f"chmod go-w {real}; chown root {real}")
    said = ask(
        [path, "--norc", "--noprofile", "-c", 'echo "$BASH_VERSION"'],
        {}, "/", time.monotonic() + _TIME_S, _OUTPUT,
    )  # fmt: skip
    version = said.output.decode("utf-8", "replace").strip() if said and not said.status else ""
    if not version:
        yield problem("shell", f"{path} is not bash", f"put bash itself at {path}")
        return
    yield ok("shell", f"{path} is bash {version}")
    if not os.path.exists(SETPRIV):
        what = (
            f"{os.fsdecode(SETPRIV)} is not there: a command outlives a gatesh that is killed (-9)"
        )
        yield note("shell", what, "install util-linux")


def second_reader(_: Places) -> Iterator[Finding]:
    """Look whether shfmt is there and reads."""
    path = installed()
    began = time.monotonic()
    tree = Shfmt().trees(["echo a | cat"])[0]
    took_s = time.monotonic() - began
    do = "install gatesh again: pip brings shfmt along (shfmt-py)"
    if not os.access(path, os.X_OK):
        yield problem("shfmt", f"{path} is not there: more command lines are asked about", do)
    elif not isinstance(tree, dict):
        what = f"{path} does not read: {tree or 'no answer'}"
        yield problem("shfmt", what, do)
    elif took_s > _SLOW_S:
        what = f"{path} takes {took_s * 1e3:.0f} ms for a short line"
        yield note("shfmt", what, "a busy machine: odd command lines start late")
    else:
        said = ask([path, "--version"], {}, "/", time.monotonic() + _TIME_S, _OUTPUT)
        version = said.output.decode("utf-8", "replace").strip() if said else ""
        yield ok("shfmt", f"{path} {version} reads a line in {took_s * 1e3:.0f} ms")


def names(_: Places) -> Iterator[Finding]:
    """Look where the names of shells lead in PATH: some agents take the first that they find."""
    for name in _SHELLS:
        links = [os.path.join(folder, name) for folder in os.get_exec_path()]
        dead = [path for path in links if os.path.islink(path) and not os.path.exists(path)]
        for path in dead:
            what = f"{path} leads to {os.readlink(path)}, which is not there"
            yield problem("PATH", what, f"rm {path}, or make it lead to gatesh again")
        first = next((path for path in links if os.access(path, os.X_OK)), "")
        if first and is_gatesh(first):
            yield ok("PATH", f"{name} is gatesh ({first}): agents that look for it find gatesh")


def links(places: Places) -> Iterator[Finding]:
    """Look where the links lead that `gatesh setup` has made for agents that go by a shell's name."""
    if not os.path.isdir(places.shells):
        return
    do = "gatesh setup gptme makes them again, gatesh setup gptme --undo takes them away"
    for name in _SHELLS:
        path = os.path.join(places.shells, name)
        if not os.path.lexists(path):
            continue
        if not os.path.exists(path):
            yield problem("links", f"{path} leads to {os.readlink(path)}, which is not there", do)
        elif not is_gatesh(path):
            what = f"{path} leads to {os.path.realpath(path)}, which is no gatesh"
            yield problem("links", what, do)
        else:
            yield ok("links", f"{path} is gatesh")


def is_gatesh(path: str) -> bool:
    """Claim that a program is a gatesh: this one, or one by its name."""
    return os.path.basename(os.path.realpath(path)) == "gatesh"


def completions(places: Places) -> Iterator[Finding]:
    """Look whether a shell completes gatesh's commands, and whether as this version does."""
    home, usual = places.user_home, ("/usr/share", "/usr/local/share")
    for_bash = [
        f"{folder}/bash-completion/completions" for folder in (f"{home}/.local/share", *usual)
    ]
    known = {
        "gatesh.bash": [f"{folder}/gatesh{end}" for folder in for_bash for end in ("", ".bash")],
        "_gatesh": [f"{home}/.zfunc/_gatesh", *(f"{p}/zsh/site-functions/_gatesh" for p in usual)],
        "gatesh.fish": [
            f"{home}/.config/fish/completions/gatesh.fish",
            *(f"{folder}/fish/vendor_completions.d/gatesh.fish" for folder in usual),
        ],
    }
    there = [
        (name, path) for name, paths in known.items() for path in paths if os.path.exists(path)
    ]
    if not there:
        yield note("completions", "none is installed", "gatesh completions --help says how")
    for name, path in there:
        if _content(path) == _content(os.path.join(shipped("completions"), name)):
            yield ok("completions", path)
        else:
            shell = {"gatesh.bash": "bash", "_gatesh": "zsh"}.get(name, "fish")
            what = f"{path} is not that of this version"
            yield note("completions", what, f"gatesh completions {shell} >{path}")


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
