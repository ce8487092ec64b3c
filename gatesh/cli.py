"""Subcommands, help, errors → messages → exit status; the only place that prints them."""

from __future__ import annotations

import click

from gatesh import __version__
from gatesh.errors import Exit, GateshError

_HELP = """The shell you give an AI agent.

\b
    gatesh -c LINE [NAME ARGS…]   run one command line, as `bash -c` would
    gatesh FILE [ARGS…]           run a script file
    gatesh                        on a terminal: a shell to sit in

Every line is read as bash will read it, recorded before it runs, and held for a human if it would
destroy something. Set gatesh as your agent's shell (`gatesh setup AGENT`) and start `gatesh keeper`
in a terminal of your own: that is where you are asked.

\b
Exit status: the command's own; 126 refused; 125 gatesh failed, nothing ran;
2 used wrongly.
"""

# Command → module and function: imported when it is used, so that none pays for the others.
_COMMANDS = {
    "run": ("gatesh.commands.run", "run"),
    "keeper": ("gatesh.commands.keeper", "keeper"),
    "approve": ("gatesh.commands.approve", "approve"),
    "elevate": ("gatesh.commands.elevate", "elevate"),
    "history": ("gatesh.commands.history", "history"),
    "show": ("gatesh.commands.history", "show"),
    "sessions": ("gatesh.commands.history", "sessions"),
    "stats": ("gatesh.commands.history", "stats"),
    "secrets": ("gatesh.commands.secrets", "secrets"),
    "check": ("gatesh.commands.check", "check"),
    "patterns": ("gatesh.commands.patterns", "patterns"),
    "setup": ("gatesh.commands.setup", "setup"),
    "doctor": ("gatesh.commands.doctor", "doctor"),
    "hook": ("gatesh.commands.hook", "hook"),
    "demo": ("gatesh.commands.demo", "demo"),
    "completions": ("gatesh.commands.completions", "completions"),
}


class _Commands(click.Group):
    """The subcommands, imported late and listed in the order of _COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        import importlib

        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Commands, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gatesh", message="%(prog)s %(version)s")
def gatesh() -> None:
    """See _HELP."""


def main(words: list[str]) -> int:
    """Run a subcommand and return its exit status."""
    try:
        result = gatesh.main(words, prog_name="gatesh", standalone_mode=False)
    except GateshError as error:
        click.echo(error.lines(), err=True, nl=False)
        return error.status
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "gatesh"
        click.echo(f"gatesh: error: {_lower(error.format_message())}", err=True)
        click.echo(f"gatesh: hint: {where} --help", err=True)
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        return 130
    except (BrokenPipeError, SystemExit):  # click makes the one of the other
        return 141
    return result if isinstance(result, int) else Exit.OK


def _lower(message: str) -> str:
    """Put a message of click's into our manner: lower case, no full stop."""
    return message[:1].lower() + message[1:].rstrip(".")
