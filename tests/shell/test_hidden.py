"""Ways to run a command that a reader may miss: bash really runs each, and the reading shows it or says it cannot."""

from __future__ import annotations

import subprocess
import tomllib

import pytest

from gatesh.model import CommandLine, Unparsed
from gatesh.rules.on_code import unseen_code
from gatesh.shell.read import read
from tests.shell.cases import DATA

TABLE = tomllib.loads((DATA / "hidden.toml").read_text())


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bin")
    (folder / "zap").write_text('#!/bin/sh\necho zap >>"$RAN"\n')
    (folder / "zap").chmod(0o755)
    return folder


@pytest.mark.parametrize("expected", ["seen", "asked"])
@pytest.mark.parametrize("part", range(4))
def test_what_bash_runs_is_seen_or_asked_about(expected, part, stub, tmp_path):
    """`seen` must be seen; of `asked` it is enough that something is called unknown or unreadable."""
    for number, line in enumerate(TABLE[expected][part::4]):
        work = tmp_path / str(number)
        work.mkdir()
        ran = work / "ran"
        subprocess.run(
            ["/bin/bash", "-c", line],
            env={"PATH": f"{stub}:/usr/bin:/bin", "RAN": str(ran), "HOME": str(work)},
            cwd=work,
            timeout=10,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        found = read(CommandLine(line, str(work), {"HOME": str(work)}))
        assert ran.exists(), line
        seen = any(command.program == "zap" for command in found.commands)
        unseen = any(c.words and not c.words[0].known for c in found.commands)
        unseen = unseen or isinstance(found, Unparsed) or any(map(unseen_code, found.commands))
        assert seen or (expected == "asked" and unseen), line
