"""What may happen while a question is open: another size, another question, the end of one side, ^Z."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.installed import GATESH
from tests.overlay.conftest import Desk
from tests.overlay.test_restores import plain, programs, with_model
from tests.overlay.wire import Wire

LISTENER = "/usr/bin/env python3 listener.py"


def ended(wire: Wire) -> bool:
    """Wait until no process of it is left."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        wire.read(0.1)
        if not wire.child.isalive():
            return True
    return False


def below(pid: int) -> list[int]:
    done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    found = [int(word) for word in done.stdout.split()]
    return found + [each for one in found for each in below(one)]


def test_two_at_once_come_one_after_the_other(desk: Desk) -> None:
    for name in ("keep-a", "keep-b"):
        (desk.work / name).write_text("x")
    (desk.work / "both").write_text("rm keep-a & rm keep-b & wait; echo done; cat")
    desk.run("sh both")
    desk.see(r"\(1 of 2, Tab: next\)")
    first = desk.see("/usr/bin/rm (keep-[ab])")[1]
    desk.type(desk.card())
    second = {"keep-a": "keep-b", "keep-b": "keep-a"}[first]
    desk.see(f"/usr/bin/rm {second}")
    desk.card()
    desk.reject("not that one")
    desk.see("not that one")
    desk.see("done")
    assert not (desk.work / first).exists() and (desk.work / second).exists()


@with_model
@pytest.mark.parametrize("name", ["vim", "curses", "bash"])
def test_another_size_while_it_is_asked(desks, name: str) -> None:
    asked, control = desks(), desks()
    command, there, keys = programs(asked.work, control.work)[name]
    go = asked.behind(command)
    asked.see(there)
    control.behind(command)
    control.see(there)
    asked.settled()
    asked.ask(go)
    for desk in (asked, control):
        desk.resize(80, 24)
        time.sleep(0.5)
        desk.resize(90, 28)
    asked.see("Enter: yes")
    word = asked.card()
    asked.type(word)
    asked.closed()
    for key in ["", *keys[:1]]:
        for desk in (asked, control):
            if key:
                desk.press(key)
        until = time.monotonic() + 8
        while plain(asked.settled()) != plain(control.settled()):
            assert time.monotonic() < until, (plain(asked.looks), plain(control.looks))


def test_a_terminal_too_small_says_so_and_shows_the_card_when_it_grows(desk: Desk) -> None:
    go = desk.behind("cat")
    desk.see("asks you")
    desk.resize(30, 7)
    go.write_text("now\n")
    desk.see("make this terminal")
    desk.type("n", enter=False)
    desk.resize(100, 30)
    desk.card()
    desk.reject()
    desk.type("again")
    desk.see("again\nagain")


def test_who_asks_may_end(desk: Desk) -> None:
    (desk.work / "keep").write_text("x")
    (desk.work / "gives-up").write_text("timeout 3 rm keep; echo gave up $?; cat")
    desk.run("sh gives-up")
    desk.card()
    desk.see("gave up 124")
    desk.closed()
    assert (desk.work / "keep").exists()


def test_the_agent_may_end_while_it_is_asked(env, work) -> None:
    with Wire(env, work, "sleep 2; exit 7") as wire:
        wire.ask()
        assert ended(wire)
        assert os.waitstatus_to_exitcode(wire.child.status) == 7
    assert (work / "keep").exists()
    assert asked(env) == ["abandoned"]


def test_while_it_waits_only_its_clock_is_drawn(env, work) -> None:
    with Wire(env, work, "cat") as wire:
        wire.see(rb"asks you")
        word = wire.ask()
        drawn = wire.read(3.5)
        assert 2 <= drawn.count(b"s left") <= 5, drawn
        assert word.encode() not in drawn and b"keep" not in drawn and len(drawn) < 1000
        assert drawn.count(b";1H") == drawn.count(b"s left")


def test_a_card_gives_way_when_the_time_to_answer_is_over(env, work) -> None:
    """It would keep what the agent writes, which goes on, until the agent has to wait."""
    with Wire(env, work, "sleep 15; echo goes on; cat", agent="cline") as wire:  # it waits for 30 s
        wire.see(rb"asks you")
        wire.ask()
        wire.read(17)
        assert wire.open() and b"goes on" not in wire.seen
        wire.see(rb"goes on\r\n", 60)
        assert not wire.open()
    assert (work / "keep").exists()
    assert asked(env) == ["refused"]


def asked(env) -> list[str]:
    """What became of the lines that were asked about."""
    done = subprocess.run(
        [GATESH, "history", "--verdict", "ask", "--json"], env=env, capture_output=True, text=True
    )
    return [row["outcome"] for row in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("question", "then"),
    [
        (True, ""),
        (False, ""),
        (True, "kill -STOP $$"),
        (False, "kill -STOP $$"),
        (False, "while :; do kill -STOP $$; done"),
    ],
)
def test_a_hang_up_ends_everything(env, work, question: bool, then: str) -> None:
    with Wire(env, work, f"trap '{then}' HUP; {LISTENER}") as wire:
        wire.see(b"listens")
        if question:
            wire.ask()
        tree = [wire.child.pid, *below(wire.child.pid)]
        assert len(tree) >= 4
        nothing = os.open("/dev/null", os.O_RDWR)
        os.dup2(nothing, wire.child.child_fd)  # closes the terminal's other end
        os.close(nothing)
        until = time.monotonic() + 15
        while any(alive(pid) for pid in tree):
            assert time.monotonic() < until, [pid for pid in tree if alive(pid)]
            time.sleep(0.1)
    assert (work / "keep").exists()
    assert asked(env) == ["abandoned"] * question


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_relay_gone_ends_everything_and_the_terminal_is_usable(desk: Desk) -> None:
    go = desk.behind("cat")
    desk.see("asks you")
    shell = desk.pid
    (guard,) = below(shell)[:1]
    relay = below(guard)[0]
    desk.ask(go)
    os.kill(relay, signal.SIGKILL)
    time.sleep(1)
    desk.type("echo usable; stty -a | grep -o ' icanon'")
    desk.see("usable\n icanon")
    assert (desk.work / "keep").exists()


def test_a_job_that_stops_while_it_is_asked_is_asked_again_in_the_foreground(desk: Desk) -> None:
    go = desk.behind("python3 -i -q")
    desk.see(">>> ")
    desk.ask(go)
    (guard,) = below(desk.pid)[:1]
    agent = below(below(guard)[1])[0]
    os.kill(agent, signal.SIGSTOP)
    desk.see("Stopped")
    desk.type("echo 'sh'ell")
    desk.see("^shell|\nshell")
    desk.type("fg")
    desk.card()
    desk.reject()
    desk.type("print(6*7)")
    desk.see("42")


def test_what_is_asked_in_the_background_waits_for_the_foreground(desk: Desk) -> None:
    go = desk.behind("sleep 100")
    desk.see("asks you")
    desk.press("C-z")
    desk.see("Stopped")
    desk.type("bg")
    desk.see(r"\$ bg")
    time.sleep(0.5)
    go.write_text("now\n")
    desk.see("in the background waits for you: fg shows the question")
    desk.type("fg")
    desk.type(desk.card())
    until = time.monotonic() + 10
    while (desk.work / "keep").exists():
        assert time.monotonic() < until
        time.sleep(0.1)
    desk.press("C-c")
    desk.type("echo ba''ck")
    desk.see("back")


def test_a_dumb_terminal_gets_plain_lines(env, work) -> None:
    with Wire(env, work, "cat", term="dumb") as wire:
        wire.see(b"asks you")
        wire.go.write_text("now\n")
        word = wire.see(rb"type `([^`]+)` \+ Enter: yes")[1]
        wire.see(rb"> $")
        assert b"\x1b[" not in wire.seen
        assert not re.search(rb"(?<!\r)\n", wire.seen), "each line begins at the left"
        time.sleep(2.1)
        wire.child.send(word + b"\r")
        until = time.monotonic() + 10
        while (work / "keep").exists():
            assert time.monotonic() < until
            wire.read(0.1)


def test_the_command_of_the_persons_choice_is_told(env, work) -> None:
    with Wire(env, work, "cat", "--notify", f'echo "$GATESH_NOTICE" >{work}/told') as wire:
        wire.see(b"asks you")
        wire.ask()
        assert (work / "told").read_text().startswith("high hold-keep waits")
        assert b"\x07\x1b]9;gatesh: high hold-keep waits" in wire.all
    done = subprocess.run(
        [GATESH, "history", "--programs", "--json", "--full"], env=env, capture_output=True, text=True
    )  # fmt: skip
    assert not re.search("GATESH_NOTICE", json.dumps(json.loads(done.stdout)))


def test_what_leaves_the_scope_and_is_refused_is_told_with_the_bell(env, work) -> None:
    scope = work / "s.toml"
    scope.write_text('environment = "staging"\noutside = "never"\n')
    told = work / "told"
    leaves = "curl -s -d a=b https://api.prod.example.com/;"
    options = ("--scope", str(scope), "--notify", f'echo "$GATESH_NOTICE" >>{told}')
    with Wire(env, work, "cat", *options, before=leaves) as wire:
        wire.see(b"what is outside is refused")
        wire.go.write_text("now\n")
        wire.see(rb"\x07\x1b\]9;gatesh: [^\x07\x1b]*scope-target")
        until = time.monotonic() + 10
        while not told.exists() or "scope-target" not in told.read_text():
            assert time.monotonic() < until
            wire.read(0.1)
    assert "refused [scope-target]" in (work / "out").read_text()


# Draws when its size is another one 0.1 s after it was told, as agents do, and all the time in a corner.
LATE = r"""
import os, signal, sys, time, tty
tty.setraw(0)
def draw():
    columns, rows = size
    text = "".join(f"\x1b[{y};1H\x1b[2Kline {y} of {rows}" for y in range(1, rows))
    sys.stdout.write(text + f"\x1b[{rows};1H\x1b[2Kthere"); sys.stdout.flush()
told = 0
def resized(*_):
    global told
    told = time.monotonic()
signal.signal(signal.SIGWINCH, resized)
sys.stdout.write("\x1b[?1049h"); size = os.get_terminal_size(); draw()
while True:
    time.sleep(0.02)
    sys.stdout.write("\x1b[1;40H" + time.strftime("%S")); sys.stdout.flush()
    if told and time.monotonic() - told > 0.1:
        told = 0
        if size != os.get_terminal_size():
            size = os.get_terminal_size(); draw()
"""
WITHOUT_MODEL = shlex.join(
    [
        sys.executable,
        "-c",
        "import sys; sys.modules['pyghostty'] = None; import gatesh.__main__ as g; g.main(sys.argv)",
    ]
)


def test_an_agent_that_draws_all_the_time_and_looks_late_at_its_size_draws_itself_again(
    desk: Desk,
) -> None:
    (desk.work / "late.py").write_text(LATE)
    desk.gatesh = WITHOUT_MODEL
    go = desk.behind("/usr/bin/env python3 late.py")
    desk.see("line 1 of 30")
    desk.ask(go)
    desk.reject()
    until = time.monotonic() + 10
    while "\n".join(f"line {y} of 30" for y in range(2, 30)) not in desk.screen:
        assert time.monotonic() < until, desk.screen
        time.sleep(0.1)


# Sets what agents set, and is killed.
KILLED = r"""
import os, sys, time, tty
tty.setraw(0)
sys.stdout.write("\x1b[?1049h" * ("alt" in sys.argv) + "\x1b[>1u\x1b[?25l\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?1004h\x1b[?2004h"
    "\x1b[?1h\x1b=\x1b[4h\x1b[?6h\x1b[3;9r\x1b[>4;2m\x1b(0\x1b[31;44mthere")
sys.stdout.flush()
while not os.path.exists("die"): time.sleep(0.05)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("screen", ["alt", "main"])
@pytest.mark.parametrize("asked", [False, True], ids=["", "while it is asked"])
def test_a_killed_agent_leaves_the_terminal_as_it_was(desk: Desk, screen: str, asked: bool) -> None:
    (desk.work / "killed.py").write_text(KILLED)
    before = modes(desk)
    go = desk.behind(f"exec /usr/bin/env python3 killed.py {screen}")
    desk.see(r"there|├")
    assert modes(desk) != before
    if asked:
        desk.ask(go)
    (desk.work / "die").touch()
    until = time.monotonic() + 10
    while modes(desk) != before:
        assert time.monotonic() < until, (modes(desk), before)
        time.sleep(0.1)
    desk.type("echo ba''ck")
    desk.see("\nback")


def modes(desk: Desk) -> str:
    """What the terminal is set to, without the cursor's place."""
    return desk.looks.splitlines()[-1].partition(" ")[2]


def test_without_a_model_a_full_screen_agent_draws_itself_again(desk: Desk) -> None:
    command, there, _ = programs(desk.work)["vim"]
    if not shutil.which("vim"):
        pytest.skip("vim is not installed")
    desk.gatesh = WITHOUT_MODEL
    go = desk.behind(command)
    desk.see(there)
    before = desk.settled().splitlines()
    desk.ask(go)
    desk.reject()
    desk.settled()
    after = desk.looks.splitlines()
    assert after[:-2] == before[:-2]  # but for vim's own message line
