"""`gatesh setup AGENT`: tells an agent to use gatesh as its shell, in the agent's own settings file."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile

import click

from gatesh._value import Value
from gatesh.commands import jsonc
from gatesh.errors import ConfigError, UsageError

_COVERED = """Covered: every command that {agent} runs in its shell tool.
Not covered, because no shell sees it: the agent's own tools for editing and writing files, MCP servers,
plugins, and what programs do that start no shell. Nor does gatesh guard this file: a project's own
opencode.json, or the agent with an editor, may name another shell.
"""


class Settings(Value):
    """Where an agent keeps its settings, and the key that names its shell."""

    agent: str
    folder: str  # below XDG_CONFIG_HOME or ~/.config
    files: tuple[str, ...]  # the last one that exists decides; the first is made where none does
    key: str
    fresh: str  # what a new file holds


_AGENTS = {
    "opencode": Settings(
        "opencode",
        "opencode",
        ("opencode.json", "opencode.jsonc"),
        "shell",
        '{\n  "$schema": "https://opencode.ai/config.json"\n}\n',
    ),
}


@click.command(short_help="Make gatesh the shell of an agent.")
@click.argument("agent", required=False, type=click.Choice(list(_AGENTS)), metavar="[AGENT]")
@click.option(
    "--list", "list_", is_flag=True, help="List the agents and where each keeps its settings."
)
@click.option("--dry-run", is_flag=True, help="Show the change and make none.")
@click.option("--undo", is_flag=True, help="Take gatesh out of the settings again.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
def setup(agent: str | None, *, list_: bool, dry_run: bool, undo: bool, yes: bool) -> None:
    """Make gatesh the shell of AGENT: shows the change to its settings, asks, and keeps a copy.

    Run it yourself, in your own terminal; sessions of the agent that are already open keep their shell.
    """
    if list_:
        for name, known in _AGENTS.items():
            click.echo(f"{name}  {_file(known)}  {'set up' if _is_set_up(known) else 'not set up'}")
        return
    if not agent:
        raise UsageError("which agent?", "gatesh setup --list; for others see the README")
    settings = _AGENTS[agent]
    path = _file(settings)
    before = _read(path)
    after = _without(settings, path, before) if undo else _with(settings, path, before)
    if after == (before or ""):
        click.echo(f"nothing to do: {path} {'does not name' if undo else 'already names'} gatesh")
        return
    click.echo(_difference(path, before, after), nl=False)
    if not undo:
        click.echo(_COVERED.format(agent=agent), nl=False)
    if dry_run:
        click.echo("dry run: nothing was written")
    elif _agreed(yes=yes):
        _write(settings, path, before, after)
        click.echo(f"written: {path}" if after else f"removed: {path}")
    else:
        raise click.exceptions.Exit(1)


def named_shell(agent: str) -> tuple[str, str]:
    """Return the shell that an agent's settings name, and the file; raises ConfigError."""
    settings = _AGENTS.get(agent)
    if settings is None:
        return "", ""
    path = _file(settings)
    found = jsonc.read(_read(path) or "{}", path).member(settings.key)
    return (found.value, path) if found and isinstance(found.value, str) else ("", "")


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


def _file(settings: Settings) -> str:
    """Return the agent's settings file; links are followed, so that a linked file stays linked."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    paths = [os.path.join(base, settings.folder, name) for name in settings.files]
    there = [path for path in paths if os.path.exists(path)]
    return os.path.realpath(there[-1] if there else paths[0])


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


def _is_set_up(settings: Settings) -> bool:
    path = _file(settings)
    return _named(jsonc.read(_read(path) or "{}", path), settings)


def _named(document: jsonc.Document, settings: Settings) -> bool:
    """Claim that the settings name a gatesh, this one or another."""
    found = document.member(settings.key)
    return bool(found and os.path.basename(str(found.value)) == "gatesh")


def _with(settings: Settings, path: str, before: str | None) -> str:
    return jsonc.put(jsonc.read(before or settings.fresh, path), settings.key, own_path())


def _without(settings: Settings, path: str, before: str | None) -> str:
    """Return the settings with the shell they named before gatesh, or none."""
    if before is None:
        return ""
    document = jsonc.read(before, path)
    if not _named(document, settings):
        return before
    kept = _read(_backup(path))
    if kept is None:
        bare = jsonc.remove(document, settings.key)
        return "" if bare == settings.fresh else bare
    earlier = jsonc.read(kept, _backup(path)).member(settings.key)
    if earlier and isinstance(earlier.value, str):
        return jsonc.put(document, settings.key, earlier.value)
    return jsonc.remove(document, settings.key)


def _difference(path: str, before: str | None, after: str) -> str:
    old, new = (before or "").splitlines(), after.splitlines()
    names = (path if before is not None else "/dev/null", path if after else "/dev/null")
    return "".join(f"{line}\n" for line in difflib.unified_diff(old, new, *names, lineterm=""))


def _agreed(*, yes: bool) -> bool:
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "nobody to ask: this is no terminal", "--yes writes without asking, --dry-run shows"
        )
    return click.confirm("Write this?", default=False)


def _backup(path: str) -> str:
    return f"{path}.before-gatesh"


def _write(settings: Settings, path: str, before: str | None, after: str) -> None:
    """Replace the file as a whole, keeping its mode; what it held before gatesh is kept beside it."""
    folder = os.path.dirname(path)
    try:
        if not after:
            os.unlink(path)
            return
        os.makedirs(folder, exist_ok=True)
        if before and not _named(jsonc.read(before, path), settings):
            _replace(_backup(path), before, path)
        _replace(path, after, path)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", "nothing was changed"
        ) from error


def _replace(path: str, text: str, like: str) -> None:
    mode = os.stat(like).st_mode & 0o777 if os.path.exists(like) else 0o644
    fd, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".gatesh-")
    with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(draft, mode)
    os.replace(draft, path)
