"""While something is held its agent runs on: timers tick, timeouts come in time, and what was given up never runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.keeper.human import Human
from tests.supervise.terminal import agent_with_pin, attached, with_pin

HOLD_S = 10 if "GATESH_TRIES" in os.environ else 3  # `make test-run` takes its time
TICK_MS = 20
# What it starts comes from its standard input, so that nobody can read it beforehand.
NODE = """
const {spawn, exec} = require('child_process');
const wanted = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const began = Date.now();
let ticks = 0, left = 2;
const timer = setInterval(() => ticks++, TICK_MS);
const found = {};
function watch(name, child) {
  const seen = found[name] = {err: '', code: null, failed: '', spawned: null};
  child.stderr.on('data', text => seen.err += text);
  child.on('spawn', () => seen.spawned = Date.now() - began);
  child.on('error', error => seen.failed = String(error));
  child.on('close', code => {
    seen.code = code;
    if (--left) return;
    clearInterval(timer);
    require('fs').writeFileSync('found.json', JSON.stringify({ticks, took: Date.now() - began, found}));
  });
}
watch('spawn', spawn(wanted[0], wanted.slice(1)));
watch('exec', exec(wanted.join(' ')));
""".replace("TICK_MS", str(TICK_MS))


def test_a_node_programs_loop_runs_on(run, work: Path) -> None:
    for program in ("tmux", "node"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    (work / "keep").write_text("x")
    (work / "agent.js").write_text(NODE)
    given = json.dumps(["rm", "keep"])
    code = f"import subprocess; subprocess.run(['node', 'agent.js'], input={given!r}, text=True)"
    with Human(run.env) as human:
        window, supervisor = agent_with_pin(human, work, code)
        began = time.monotonic()
        other = attached(human, supervisor)
        human.card("keep", other)
        time.sleep(max(0, HOLD_S - (time.monotonic() - began)))
        human.type("n", "Enter", window=other)
        time.sleep(0.5)
        human.card("keep", other)  # the other one
        human.type("n", "Enter", window=other)
        human.wait_for("[ended: 0]", window)
    result = json.loads((work / "found.json").read_text())
    assert result["took"] >= HOLD_S * 900
    assert result["ticks"] >= 0.8 * result["took"] / TICK_MS
    for seen in result["found"].values():
        assert seen["code"] == 126
        assert seen["err"].startswith("gatesh: refused [hold-keep]")
        assert not seen["failed"], "no EACCES: the program was started"
        assert seen["spawned"] < 1000
    assert (work / "keep").exists()


GIVES_UP = """
import subprocess, time
began = time.monotonic()
try:
    subprocess.run(%s, timeout=2)
except subprocess.TimeoutExpired:
    print('gave up after', time.monotonic() - began)
time.sleep(1.5)
"""


@pytest.mark.parametrize("words", ["['rm', 'keep']", "'rm keep; true', shell=True"])
def test_a_python_programs_timeout_comes_in_time(words: str, run, work: Path) -> None:
    (work / "keep").write_text("x")
    said = with_pin(run, GIVES_UP % words)
    (took,) = re.findall(r"gave up after ([\d.]+)", said)
    assert 2 <= float(took) < 3.5
    assert (work / "keep").exists(), "nothing ran later"
    (row,) = run.history("--verdict", "ask")
    assert (row["outcome"], row["answered"]) == ("abandoned", "withdrawn"), row


def test_an_asyncio_loop_runs_on(run, work: Path) -> None:
    (work / "keep").write_text("x")
    said = with_pin(run, """
import asyncio
ticks = 0
async def tick():
    global ticks
    while True:
        await asyncio.sleep(0.02)
        ticks += 1
async def main():
    ticking = asyncio.ensure_future(tick())
    held = await asyncio.create_subprocess_exec('rm', 'keep')
    try:
        await asyncio.wait_for(held.wait(), 2)
    except asyncio.TimeoutError:
        print('still held, ticks:', ticks)
    held.kill()
    print('ended by', await held.wait())
asyncio.run(main())
""")  # fmt: skip
    (ticks,) = re.findall(r"still held, ticks: (\d+)", said)
    assert int(ticks) >= 80
    assert "ended by -9" in said
    assert (work / "keep").exists()
