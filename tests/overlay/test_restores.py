"""What was on the screen before the card is there after it, and the agent is in step: with a control run."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.overlay.conftest import Desk

NATIVE = importlib.util.find_spec("pyghostty") is not None
with_model = pytest.mark.skipif(not NATIVE, reason="pyghostty is not installed")

# Draws once, and again only where a key says what: nothing heals what a card has damaged.
PAINTER = r"""
import sys, termios, tty
out = sys.stdout
saved = termios.tcgetattr(0)
tty.setraw(0)
def draw(*parts): out.write("".join(parts)); out.flush()
if "alt" in sys.argv: draw("\x1b[?1049h")
if "asks" in sys.argv: draw("\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\")  # whether images can be shown
if "shows" in sys.argv: draw("\x1b_Gi=31,s=1,v=1,a=q,a=T,t=d,f=24;AAAA\x1b\\")
draw("\x1b[H\x1b[2J")
for y in range(1, 31):
    draw(f"\x1b[{y};1H\x1b[3{y % 8};4{(y * 3) % 8}{';1' if y % 3 else ''}{';4' if y % 5 else ''}m", f"row {y} ", "x你好é"[y % 4:] * 6)
    draw(f"\x1b[0m \x1b[38;5;{y * 7 + 9}mpalette \x1b[48;2;{y};9;200mrgb \x1b[0;2mdim\x1b[0;7minv\x1b[0;9mout\x1b[0m \x1b(0lqqk\x1b(B")
draw("\x1b]8;;http://example.test/a\x1b\\\x1b[3;50Hlinked\x1b]8;;\x1b\\\x1b[5;99Hend")
draw("\x1b[4;20r\x1b[?1h\x1b=\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[4h\x1b[7;9H\x1b[35;1m\x1b7\x1b[9;30H\x1b[32m")
while (key := sys.stdin.read(1)) != "q":
    if key == "a": draw("at")
    if key == "s": draw("\x1b8saved")
    if key == "l": draw("\n\n\n\n\n\n\n\n\n\n\n\n\n\nlast")
draw("\x1b[r\x1b[4l\x1b[?1000l\x1b[?1006l\x1b[?1l\x1b>\x1b[m\x1b[?1049l\x1b[2J\x1b[H")
termios.tcsetattr(0, termios.TCSADRAIN, saved)
print("painter ended")
"""
CURSES = r"""
import curses
def main(screen):
    curses.start_color(); curses.mousemask(curses.ALL_MOUSE_EVENTS)
    for n in range(1, 7): curses.init_pair(n, n, 0)
    count = 0
    while True:
        screen.addstr(2 + count % 20, 3, f"count {count}", curses.color_pair(1 + count % 6) | curses.A_BOLD)
        screen.box(); screen.refresh()
        if screen.getch() == ord("q"): return
        count += 1
curses.wrapper(main)
"""

PROGRESS = r"""
import sys, tty
tty.setcbreak(0)
print("".join(f"line {n} before\n" for n in range(40)), end="")
for percent in range(100):
    sys.stdout.write(f"\r\x1b[32m[{'#' * (percent // 2):50}]\x1b[0m {percent:3} %\x1b[K"); sys.stdout.flush()
    if sys.stdin.read(1) == "n": print(" next")
"""


def programs(*folders: Path) -> dict[str, tuple[str, str, list[str]]]:
    """Name → command, what shows that it is there, keys afterwards."""
    for folder in folders:
        (folder / "painter.py").write_text(PAINTER)
        (folder / "tui.py").write_text(CURSES)
        (folder / "progress.py").write_text(PROGRESS)
        (folder / "text").write_text("".join(f"line {n} of a text\n" for n in range(200)))
    python = "/usr/bin/env python3"
    return {
        "painter on the alternate screen": (f"{python} painter.py alt", "row 30", ["a", "s", "l"]),
        "painter that asks about images": (f"{python} painter.py alt asks", "row 30", ["a", "s", "l"]),
        "painter of an image": (f"{python} painter.py alt shows", "row 30", ["a", "s", "l"]),
        "painter on the main screen": (f"{python} painter.py", "row 30", ["a", "s", "l"]),
        "a progress bar": (f"{python} progress.py", " 0 %", ["x", "n", "x"]),
        "curses": (f"{python} tui.py", "count 0", ["x", "y"]),
        "vim": ("vim -u NONE -N -c 'syntax on' text", "line 1 of", ["x", "G", "i", "!"]),
        "less": ("less -R text", "line 1 of", ["Space", "g", "/"]),
        "bash": ("env PS1='$ ' bash --norc -i", r"asks you\s*\$ ", ["l", "s", "Enter"]),
    }  # fmt: skip


NAMES = [
    "painter on the alternate screen",
    "painter that asks about images",
    "painter of an image",
    "painter on the main screen",
    "a progress bar",
    "curses",
    "vim",
    "less",
    "bash",
]


@pytest.mark.parametrize("name", NAMES)
@with_model
def test_the_screen_comes_back_exactly(desks: Callable[[], Desk], name: str) -> None:
    asked, control = desks(), desks()
    command, there, keys = programs(asked.work, control.work)[name]
    if not shutil.which(command.split()[0]):
        pytest.skip(f"{command.split()[0]} is not installed")
    go = asked.behind(command)
    looks = begun(asked, there)
    control.behind(command)
    assert begun(control, there) == looks
    before = asked.looks
    asked.ask(go)
    assert asked.looks != before
    asked.reject()
    same(asked, control)
    for key in keys:
        asked.press(key)
        control.press(key)
        same(asked, control, key)


@with_model
def test_the_screen_of_a_real_agent_comes_back_with_what_was_half_typed(desk: Desk) -> None:
    opencode = Path(".cache/agents/opencode/node_modules/.bin/opencode").absolute()
    if "GATESH_TRIES" not in os.environ or not opencode.exists():
        pytest.skip("takes half a minute: make test-run")
    desk.type("export TERM=tmux-256color COLORTERM=truecolor")
    go = desk.behind(f"exec {opencode}")
    desk.see("Ask anything", timeout=60)
    time.sleep(15)  # it asks its terminal this and that, and forgets what is typed meanwhile
    desk.type("half typed", enter=False)
    desk.see("half typed")
    before = desk.settled()
    desk.ask(go)
    desk.reject()
    assert desk.settled() == before
    desk.type(" more", enter=False)
    desk.see("half typed more")


@with_model
def test_a_screen_that_nothing_draws_again_comes_back(desk: Desk) -> None:
    if not shutil.which("htop"):
        pytest.skip("htop is not installed")
    go = desk.behind("htop -d 6000")
    desk.see("Load average")
    before = desk.settled()
    desk.ask(go)
    desk.reject()
    assert plain(desk.settled()) == plain(before)


def begun(desk: Desk, there: str) -> str:
    desk.see(there)
    return plain(desk.settled())


def same(asked: Desk, control: Desk, after: str = "") -> None:
    """Both terminals show the same, colours, cursor and modes."""
    until = time.monotonic() + 5
    while plain(asked.looks) != plain(control.looks):
        if time.monotonic() > until:
            pairs = zip(
                plain(asked.looks).splitlines(), plain(control.looks).splitlines(), strict=False
            )
            raise AssertionError([after, *((a, b) for a, b in pairs if a != b)])
        time.sleep(0.1)


def plain(looks: str) -> str:
    """Without what a model cannot tell and nobody can see: line drawing by charset or by character."""
    looks = re.sub(r"run \d+:", "run PID:", looks).translate(dict.fromkeys(b"\x0e\x0f"))
    return looks.replace("lqqk", "┌──┐")
