"""What does not answer a card, and what does not get past it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.overlay.wire import Wire

LISTENER = "/usr/bin/env python3 listener.py"

# What a terminal may send with a text that an agent chose; WORD stands for the card's own.
REPORTS = {
    "DECRQM, which ends in y": b"\x1b[?2026;0$y",
    "OSC 52": b"\x1b]52;c;WORD\r\x07",
    "OSC 52, ended by ST": b"\x1b]52;c;WORD\r\x1b\\",
    "a window's title": b"\x1b]lWORD\r\x1b\\",
    "XTGETTCAP": b"\x1bP1+r544e=WORD\r\x1b\\",
    "kitty graphics": b"\x1b_Gi=1;WORD\r\x1b\\",
    "C1 controls": b"\x9d52;c;WORD\r\x9c",
    "a cursor that the card did not ask for": b"\x1b[3;7R",
}
TYPED = {
    "a paste": b"\x1b[200~WORD\r\x1b[201~",
    "X10 mouse at the word": b"\x1b[MWORD\r",
    "Alt with each letter": b"\x1bW\x1bO\x1bR\x1bD\r",
    "y, Enter, Space": b"y\r \r",
    "another word": b"zzz\r",
    "focus and mouse": b"\x1b[I\x1b[O\x1b[<0;121;1M\x1b[<0;121;1m",
}


def test_reports_do_not_answer_and_reach_the_agent(env, work: Path) -> None:
    with Wire(env, work, LISTENER) as wire:
        wire.see(b"listens")
        word = wire.ask().encode()
        for name, report in REPORTS.items():
            for piece in pieces(report.replace(b"WORD", word)):
                wire.child.send(piece)
            assert wire.open(), name
        for name, typed in TYPED.items():
            wire.child.send(typed.replace(b"WORD", word))
            assert wire.open(), name
            word = wire.word().encode()  # another one after a wrong answer
        for name, report in REPORTS.items():
            found = re.escape(report).replace(b"WORD", b"[a-z]{3}")
            assert re.search(found, wire.heard()), name
        assert b"\x1b[200~" not in wire.heard() and b"\r\r" not in wire.heard()
        wire.child.send(word + b"\r")
        gone(work / "keep")


def pieces(report: bytes) -> list[bytes]:
    """As a slow connection delivers it."""
    third = len(report) // 3 or 1
    return [report[:third], report[third : 2 * third], report[2 * third :]]


def gone(path: Path) -> None:
    until = time.monotonic() + 10
    while path.exists():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_what_was_typed_before_the_card_is_the_agents(env, work: Path) -> None:
    with Wire(env, work, LISTENER) as wire:
        wire.see(b"listens")
        wire.child.send("early")
        wire.answers = False
        wire.ask()
        wire.child.send("n\rn\r")  # typed before the terminal has said that it shows the card
        assert wire.open()
        wire.answers = True
        wire.read(0.5)
        wire.child.send("n\r")
        until = time.monotonic() + 10
        while "a human rejected it" not in (work / "out").read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
        assert wire.heard() == b"early"


def test_a_terminal_that_says_nothing_is_believed_after_two_seconds(env, work: Path) -> None:
    with Wire(env, work, LISTENER) as wire:
        wire.see(b"listens")
        wire.answers = False
        word = wire.ask()
        time.sleep(1)
        wire.child.send(word + "\r")
        gone(work / "keep")


FLOOD = r"""
import sys, time
print("listens", flush=True)
while True:
    sys.stdout.write("\x1b[5;5H\x1b[31magent draws\x1b[0m\x1b]0;agent\x07\x1b[6n\n"); sys.stdout.flush()
    time.sleep(0.002)
"""


def test_nothing_of_the_agent_gets_out_while_a_card_is_up(env, work: Path) -> None:
    (work / "flood.py").write_text(FLOOD)
    with Wire(env, work, "/usr/bin/env python3 flood.py") as wire:
        wire.see(b"agent draws")
        word = wire.ask()
        wire.read(0.5)
        wire.mark()
        during = wire.read(2.5)
        assert during and b"agent draws" not in during  # its clock is drawn again
        wire.child.send(word + "\r")
        gone(work / "keep")
        wire.mark()
        wire.see(b"agent draws")


def test_a_flood_is_held_back_and_goes_on(env, work: Path) -> None:
    (work / "count.py").write_text(
        "import sys\nfor n in range(400000): print(f'line {n:07}')\nprint('end', flush=True)\n"
    )
    with Wire(env, work, "/usr/bin/env python3 count.py; cat") as wire:
        wire.see(b"line 0000009")
        wire.seen = wire.seen[-200_000:]
        wire.go.write_text("now\n")
        all_seen = b""
        until = time.monotonic() + 20
        while b"+ Enter: yes" not in all_seen[-20000:]:
            assert time.monotonic() < until
            all_seen += wire.read(0.05)
        wire.seen = all_seen[-20000:]
        wire.read(0.6)
        wire.mark()
        assert len(wire.read(2.0)) < 20_000
        wire.child.send("n\r")
        wire.mark()
        wire.see(rb"line 0399999\r\nend", timeout=60)
        numbers = [int(n) for n in re.findall(rb"line (\d{7})\r\n", wire.seen)]
        assert numbers == list(range(numbers[0], 400000))


@pytest.mark.parametrize(
    "dirt",
    [
        "\x1b]0;never ended",
        "\x1bPnever ended",
        "\x1b[?2026h",
        "\x1b[31;4",
        "\x1b[?5h\x1b[?6h\x1b[10;12r\x1b(0\x0e\x1b[4h\x1b[8m",
        "\x1b[?2l",
        "\x1b]8;;http://example.test\x1b\\",
    ],
)
def test_what_an_agent_leaves_behind_does_not_hide_the_card(env, work: Path, dirt: str) -> None:
    """Seen through a real terminal: tmux."""
    from tests.overlay.conftest import Desk

    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    (work / "dirt").write_bytes(dirt.encode())
    with Desk(env, work) as desk:
        go = desk.behind("cat dirt -")
        desk.see("asks you")
        time.sleep(0.5)
        word = desk.ask(go)
        assert "removes keep" in desk.screen and "\x1b[8m" not in desk.looks
        desk.type(word)
        gone(work / "keep")


def test_enq_never_reaches_the_terminal(env, work: Path) -> None:
    with Wire(env, work, "printf 'a\\005b\\033[?2lc'; printf '\\033[?2;25ld'; cat") as wire:
        wire.see(rb"abc\x1b\[\?25ld")
        assert b"\x05" not in wire.seen


def test_an_agent_that_paints_the_colours_alike_is_painted_over(env, work: Path) -> None:
    paint = "printf '\\033]4;1;#000000\\007\\033]10;#000000\\007listens'; cat"
    with Wire(env, work, paint) as wire:
        wire.see(b"listens")
        wire.go.write_text("now\n")
        wire.see(rb"\x1b\]104\x1b\\\x1b\]105\x1b\\\x1b\]110\x1b\\")
        wire.word()
        wire.mark()
        wire.child.send("n\r")
        wire.see(rb"\x1b\]4;1;#000000\x1b\\\x1b\]10;#000000\x1b\\")


def test_images_and_wide_lines_do_not_cover_a_card_on_the_alternate_screen(env, work: Path) -> None:
    paint = "printf '\\033[?1049h\\033_Ga=T,f=24,z=9;AAAA\\033\\\\\\033#6listens'; cat"
    with Wire(env, work, paint) as wire:
        wire.see(b"listens")
        wire.go.write_text("now\n")
        wire.see(rb"\x1b_Ga=d,q=2\x1b\\\x1b\[1;1H\x1b#5")
        wire.word()


def test_the_agent_cannot_end_the_relay(env, work: Path) -> None:
    kills = "kill -9 $RELAY || kill -STOP $RELAY || kill -9 -$GUARD || prlimit --pid $RELAY --cpu=1 || echo cannot"
    agent = f"GUARD=$(ps -o ppid= $(ps -o ppid= $PPID)); GUARD=$((GUARD)); for RELAY in $(ps -o pid= --ppid $GUARD); do {kills}; done; cat"
    (work / "kills").write_text(agent)
    with Wire(env, work, "bash kills", "--observe") as wire:
        wire.see(rb"cannot(?s:.*)cannot")
        wire.child.send("still here\r")
        wire.see(rb"still here\r\nstill here")


OPENER = r"""
import os, sys
for flags in (os.O_WRONLY, os.O_RDONLY | os.O_NONBLOCK):
    try:
        os.open(sys.argv[1], flags | os.O_NOCTTY)
        print("opened")
    except OSError as error:
        print(error.strerror)
"""


def test_the_persons_terminal_is_closed_to_the_agent() -> None:
    """As a user: root may open it, which is why root's answers are A0."""
    if not shutil.which("script"):
        pytest.skip("script is not installed")
    with a_place_of_nobodys() as place:
        Path(place, "open.py").write_text(OPENER)
        command = f'T=$(tty); exec {GATESH} run -- /usr/bin/env python3 {place}/open.py "$T"'
        Path(place, "person").write_text(command)
        words = ["script", "-qec", "bash person", "/dev/null"]
        if not os.getuid():
            nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            words = [*nobody, *words]
            if subprocess.run(
                [*nobody, GATESH, "--version"], cwd=place, capture_output=True
            ).returncode:
                pytest.skip("another user cannot read this checkout")
        env = {"HOME": place, "PATH": "/usr/local/bin:/usr/bin:/bin", "GATESH_HOME": f"{place}/g", "TERM": "xterm"}  # fmt: skip
        done = subprocess.run(
            words, env=env, cwd=place, timeout=30, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )  # fmt: skip
        assert done.stdout.count("busy") == 2, done.stdout


class a_place_of_nobodys:  # noqa: N801
    """A folder that user 65534 may use."""

    def __enter__(self) -> str:
        self.folder = tempfile.mkdtemp()
        for folder in (self.folder, f"{self.folder}/g"):
            os.makedirs(folder, 0o700, exist_ok=True)
            if not os.getuid():
                os.chown(folder, 65534, 65534)
        return self.folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder)
