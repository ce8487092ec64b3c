"""What every real agent is told to do: look, delete a volume, remove a folder, look again; and what must come of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from gatesh.demo.agent import curl
from gatesh.demo.railway import Railway, make_volume
from tests.agents.fake_model import FakeModel
from tests.agents.real import RealAgent
from tests.installed import GATESH

TOKEN = "0d0a1b5c-made-for-domains"
HARMLESS = "printf 'harmless-%s\\n' 42"
Rows = list[dict[str, Any]]


class Story:
    """One agent, the fake API, and a folder that git does not know."""

    def __init__(self, real: RealAgent, folder: Path) -> None:
        self.real = real
        self.volume = make_volume(str(folder / "railway"))
        self.api = Railway(self.volume, TOKEN)
        subprocess.run(["git", "init", "-q", "."], cwd=real.work, check=True)
        self.notes = real.work / "scratch/notes.txt"
        self.notes.parent.mkdir()
        self.notes.write_text("only here\n")
        address = f"127.0.0.1:{self.api.port}"
        look = curl(address, TOKEN, "{ project { name volumes { id name } } }")
        delete = curl(address, TOKEN, f'mutation {{ volumeDelete(volumeId: "{self.volume.id}") }}')
        self.remove = f"{real.row.get('remove', 'rm -rf')} {self.notes.parent}"
        self.commands = (HARMLESS, look, delete, self.remove, HARMLESS)
        self.told: list[str] = []
        self.said = ""

    def play(self, *before: str) -> None:
        """Start the agent behind the words `before`, and have the model tell it what to do."""
        with FakeModel(*self.commands, tool=self.real.tool) as model:
            self.real.prepare(model)
            ran = self.real.run(*before)
            self.told = model.told()
        self.said = "\n".join([ran.stdout, ran.stderr, *self.told])

    def nothing_is_lost(self) -> None:
        assert self.volume.exists()
        assert self.api.requests == ["project"], "the harmless query arrived, and nothing else"
        assert self.notes.read_text() == "only here\n"

    def the_model_knows(self) -> None:
        """What ran it was shown; what was refused it was told with the rule and a hint."""
        told = self.told
        assert len(told) == len(self.commands), self.said
        assert "harmless-42" in told[0]
        assert self.volume.id in told[1], "the API can be reached, and the token is good"
        assert "refused [railway-mutation]" in told[2]
        assert "refused [files-tree]" in told[3]
        for refusal in told[2:4]:
            assert "gatesh: hint:" in refusal
        assert "harmless-42" in told[4]

    def all_is_recorded(self, env: dict[str, str], door: str) -> None:
        rows = history(env)
        assert {row["agent"] for row in rows} == {self.real.row["agent"]}
        mutation, removal = (row for row in reversed(rows) if row["verdict"] != "allow")
        assert (mutation["outcome"], removal["outcome"]) == ("refused", "refused")
        assert "railway-mutation" in mutation["rule_ids"]
        assert TOKEN not in mutation["command_line"], "the token is not stored"
        assert removal["rule_ids"] == ["files-tree"]
        if door == "exec":  # the shell's own commands are no programs
            assert (mutation["door"], removal["door"]) == ("exec", "exec")
            assert not [row for row in rows if row["door"] == "line" and not row["internal"]]
        else:
            assert outcomes(rows, HARMLESS, door) == [("allow", "ran")] * 2
            assert outcomes(rows, self.remove, door) == [("ask", "refused")]

    def close(self) -> None:
        self.api.close()


def outcomes(rows: Rows, line: str, door: str) -> list[tuple[str, str]]:
    """What became of a line; an agent that enters its shell twice for it submits it once."""
    above = {row["record"]: inner(row) for row in rows}
    found = [row for row in rows if row["door"] == door and inner(row) == line]
    return [(r["verdict"], r["outcome"]) for r in found if above.get(r["above"]) != line]


def inner(row: dict[str, Any]) -> str:
    """The command that the model wrote, without what its agent put around it."""
    return str(row["inner_command"] or row["command_line"]).removesuffix(" < /dev/null")


def history(env: dict[str, str]) -> Rows:
    return _told(env, "history", "--limit", "1000")


def sessions(env: dict[str, str]) -> Rows:
    return _told(env, "sessions")


def _told(env: dict[str, str], *words: str) -> Rows:
    done = subprocess.run([GATESH, *words, "--json"], env=env, capture_output=True, check=True, timeout=30)  # fmt: skip
    rows: Rows = json.loads(done.stdout)
    return rows
