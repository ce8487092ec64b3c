"""Facts of a line as it is really read, in a world that is one folder."""

import re

import pytest

from gatesh.facts import World, inspect
from gatesh.model import CommandLine, Parsed, Span, Word
from gatesh.run.look import GitProbe, OsFiles
from gatesh.shell.read import read


class Inspector:
    """Reads lines and returns the facts of their last command.

    Variables in capitals that the environment does not have are known to nobody.
    """

    def __init__(self, folder):
        self.folder = str(folder)
        self.env = {"HOME": self.folder}

    def facts(self, text, *, grammars=None, program="", **changes):
        """Return the facts of a line's last command (of a program), with some of its fields changed."""
        unset = sorted(set(re.findall(r"\$\{?([A-Z]+)\b", text)) - set(self.env))
        line = CommandLine(
            f"read -r {' '.join(unset)}; {text}" if unset else text, self.folder, self.env
        )
        if isinstance(changes.get("stdin"), str):
            changes["stdin"] = Word(changes["stdin"], Span(0, 0))
            changes["piped_in"] = True
        reading = read(line)
        assert isinstance(reading, Parsed), reading
        commands = reading.commands
        while program and commands[-1].program != program:
            commands = commands[:-1]
        *before, command = commands
        command = command.but(**changes)
        world = World(OsFiles(), GitProbe(), self.folder, grammars)
        return list(inspect(command, line, world, before))

    def only(self, kind, text, **changes):
        """Return the facts of one kind."""
        return [fact for fact in self.facts(text, **changes) if isinstance(fact, kind)]


@pytest.fixture
def inspector(tmp_path):
    """Facts of commands that run in tmp_path, which is HOME as well."""
    return Inspector(tmp_path)
