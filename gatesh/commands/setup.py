"""`gatesh setup AGENT`: leads an agent's commands through gatesh, by the agent's own settings."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import tempfile
import textwrap
from contextlib import suppress

import click

from gatesh.commands import setup_links as links
from gatesh.commands.setup_ways import (
    ALIASES,
    ELSEWHERE,
    PROGRAMS,
    STARTED_WITH,
    WAYS,
    AgentName,
    Shell,
)
from gatesh.doors.client import here
from gatesh.errors import ConfigError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.commands.setup_ways import Way

_NAMES = (*WAYS, *STARTED_WITH, *ELSEWHERE, *ALIASES)
_EVERYTHING = "With every program that it starts, whatever starts it: gatesh run --"


@click.command(short_help="Lead an agent's commands through gatesh.")
@click.argument("agent", required=False, type=AgentName(_NAMES), metavar="[AGENT]")
@click.option(
    "--list", "list_", is_flag=True, help="List the agents and where each keeps its settings."
)
@click.option("--dry-run", is_flag=True, help="Show the change and make none.")
@click.option("--undo", is_flag=True, help="Take gatesh out of the settings again.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
def setup(agent: str | None, *, list_: bool, dry_run: bool, undo: bool, yes: bool) -> None:
    """Make gatesh the shell of AGENT, or the hook it calls: shows the change, asks, and keeps a copy.

    Run it yourself, in your own terminal; sessions of the agent that are already open stay as they are.
    """
    if list_:
        _list()
        return
    if not agent:
        raise UsageError("which agent?", "gatesh setup --list; for others see the README")
    agent = ALIASES.get(agent, agent)
    if agent in ELSEWHERE:
        _say_elsewhere(agent, undo=undo)
        return
    if agent in STARTED_WITH:
        _link(agent, dry_run=dry_run, undo=undo, yes=yes)
        return
    way = WAYS[agent]
    path = way.file()
    before = _read(path)
    after = _undone(way, path, before) if undo else way.added(before, own_path())
    if after == (before or ""):
        click.echo(f"nothing to do: {path} {'does not name' if undo else 'already names'} gatesh")
        return
    click.echo(_difference(path, before, after), nl=False)
    if not undo:
        program = PROGRAMS.get(agent, agent)
        _say(way.covered)
        click.echo(f"{_EVERYTHING} {program}")
    if _agreed(dry_run=dry_run, yes=yes):
        _write(way, path, before, after)
        click.echo(f"written: {path}" if after else f"removed: {path}")
        if undo:
            _clear_away(path, after)
        else:
            click.echo(f"Now `gatesh keeper` in a terminal of your own, then start {program}")


def _link(agent: str, *, dry_run: bool, undo: bool, yes: bool) -> None:
    """Make the links for an agent that finds its shell when it starts, or take them away."""
    folder, gatesh = here().shells, own_path()
    program, takes, start = STARTED_WITH[agent]
    start = start.replace("LINKS", folder)
    there = dict(links.present(folder))
    if undo:
        if not there:
            click.echo(
                f"nothing to undo: gatesh is in none of {agent}'s settings, and has no links"
            )
            return
        click.echo("".join(f"-{path} -> {leads}\n" for path, leads in there.items()), nl=False)
        click.echo(f"Whatever else is started with {folder} has no shell then.")
        if _agreed(dry_run=dry_run, yes=yes):
            links.remove(folder)
            click.echo(f"removed: the links in {folder}")
        return
    fresh = links.missing(folder, gatesh)
    if not fresh:
        click.echo(f"nothing to do: the links in {folder} lead to {gatesh}")
    for name in fresh:
        before = there.get(f"{folder}/{name}")
        click.echo(f"-{folder}/{name} -> {before}\n" if before else "", nl=False)
        click.echo(f"+{folder}/{name} -> {gatesh}")
    _say(f"{agent} {takes} when it starts. Start it so:")
    click.echo(f"    {start}")
    click.echo(f"{_EVERYTHING} {program}")
    if fresh and _agreed(dry_run=dry_run, yes=yes):
        links.make(folder, gatesh)
        click.echo(f"made: links in {folder}")


def _list() -> None:
    wide = max(map(len, (*WAYS, *STARTED_WITH, *ELSEWHERE)))
    for name, way in WAYS.items():
        path = way.file()
        done = "set up" if way.is_set_up(_read(path)) else "not set up"
        click.echo(f"{name:{wide}}  {path}  {done}")
    folder = here().shells
    done = "links made" if dict(links.present(folder)) else "no links"
    for name in STARTED_WITH:
        click.echo(f"{name:{wide}}  {folder}  {done}")
    for name, (program, _) in ELSEWHERE.items():
        click.echo(f"{name:{wide}}  gatesh run -- {program}")


def _say_elsewhere(agent: str, *, undo: bool) -> None:
    program, what = ELSEWHERE[agent]
    if undo:
        click.echo(f"nothing to undo: gatesh writes nothing for {agent}")
        return
    click.echo(f"nothing is written: {agent} {what.replace('GATESH', own_path())}")
    click.echo(f"{_EVERYTHING} {program}")


def _say(text: str) -> None:
    """Print each line of it no wider than the terminal is."""
    wide = shutil.get_terminal_size().columns
    for line in text.splitlines():
        click.echo(textwrap.fill(line, wide, break_on_hyphens=False, break_long_words=False))


def named_shell(agent: str) -> tuple[str, str]:
    """Return the shell that an agent's settings name, and the file; raises ConfigError."""
    way = WAYS.get(agent)
    if not isinstance(way, Shell):
        return "", ""
    path = way.file()
    shell = way.named(_read(path))
    return (shell, path) if shell else ("", "")


def hooked(agent: str) -> str:
    """Return the file in which an agent's hook calls gatesh, or an empty string; raises ConfigError."""
    way = WAYS.get(agent)
    if way is None or isinstance(way, Shell):
        return ""
    path = way.file()
    return path if way.is_set_up(_read(path)) else ""


def own_path() -> str:
    """Return the path of this gatesh that stays valid: the one in PATH where that is the same program."""
    argv0 = os.path.abspath(sys.argv[0])
    if os.path.basename(argv0) == "__main__.py":
        argv0 = os.path.join(os.path.dirname(sys.executable), "gatesh")
    for folder in os.get_exec_path():
        candidate = os.path.join(folder, "gatesh")
        if (
            os.path.isabs(folder)
            and os.path.exists(candidate)
            and os.path.samefile(candidate, argv0)
        ):
            return candidate
    if not os.access(argv0, os.X_OK):
        raise ConfigError(
            f"{argv0} cannot be a shell: it is not there, or not executable", "install gatesh first"
        )
    return argv0


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}:1: not UTF-8", "gatesh does not touch a file it cannot read"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}", "it must be a file that you may read"
        ) from error


def _undone(way: Way, path: str, before: str | None) -> str:
    if before is None or not way.is_set_up(before):
        return before or ""
    return way.removed(before, _read(_backup(path)))


def _difference(path: str, before: str | None, after: str) -> str:
    old, new = (before or "").splitlines(), after.splitlines()
    names = (path if before is not None else "/dev/null", path if after else "/dev/null")
    return "".join(f"{line}\n" for line in difflib.unified_diff(old, new, *names, lineterm=""))


def _agreed(*, dry_run: bool, yes: bool) -> bool:
    """Return whether a person wants it written, or only to look; a no ends with status 1."""
    if dry_run:
        click.echo("dry run: nothing was written")
        return False
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "nobody to ask: this is no terminal", "--yes writes without asking, --dry-run shows"
        )
    if not click.confirm("Write this?", default=False):
        raise click.exceptions.Exit(1)
    return True


def _backup(path: str) -> str:
    return f"{path}.before-gatesh"


def _write(way: Way, path: str, before: str | None, after: str) -> None:
    """Replace the file as a whole, keeping its mode; what it held before gatesh is kept beside it."""
    folder = os.path.dirname(path)
    try:
        if not after:
            os.unlink(path)
            return
        os.makedirs(folder, exist_ok=True)
        if before and not way.is_set_up(before):
            _replace(_backup(path), before, _mode(path))
        _replace(path, after, _mode(path, 0o755 if way.executable else 0o644))
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", "nothing was changed"
        ) from error


def _clear_away(path: str, after: str) -> None:
    """Take away the copy, where the file is as it was, and folders that nothing is left in."""
    backup = _backup(path)
    with suppress(OSError, ConfigError):  # what stays does no harm
        if after and _read(backup) == after:
            os.unlink(backup)
    home = os.path.realpath(os.path.expanduser("~"))
    shared = (home, os.path.realpath(os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"))
    folder = os.path.dirname(path)
    with suppress(OSError):  # it is not empty, or not ours
        while not after and folder not in shared and folder.startswith(f"{home}/"):
            os.rmdir(folder)
            folder = os.path.dirname(folder)


def _mode(path: str, new: int = 0o644) -> int:
    return os.stat(path).st_mode & 0o777 if os.path.exists(path) else new


def _replace(path: str, text: str, mode: int) -> None:
    fd, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".gatesh-")
    with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(draft, mode)
    os.replace(draft, path)
