"""A person lifts limits of a run's scope from a second terminal; the agent below it never does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.keeper.human import Human
from tests.overlay.conftest import Desk
from tests.person import Terminal
from tests.supervise.conftest import Run
from tests.supervise.terminal import PIN


class Api(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.posted += 1  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api(place: Path) -> Iterator[ThreadingHTTPServer]:
    """A staging API, as far as environments.toml says."""
    (place / "environments.toml").write_text('[staging]\nhosts = ["127.0.0.1"]\n')
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.posted = 0  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def history(env: dict[str, str], *words: str) -> list[dict]:
    done = subprocess.run(
        [GATESH, "history", "--json", *words], env=env, capture_output=True, text=True
    )
    return json.loads(done.stdout or "[]")


def elevated(desk: Desk, other: Terminal, *words: str) -> str:
    """Give an elevation at another terminal, as a person would; return what that said."""
    other.type("clear; gatesh elevate " + " ".join(words))
    code = other.see(r"  ([a-z]{3}-[a-z]{3})  ")[1]
    desk.see("a terminal wants to approve")
    time.sleep(0.8)
    desk.type(code)
    word = other.see(r"type `([^`]+)` \+ Enter: yes")[1]
    other.see("lift for")
    time.sleep(0.8)
    other.type(word)
    return other.see(r"gatesh elevate: (elevation \d+ .*)")[1]


@pytest.mark.slow
def test_a_read_only_run_posts_while_it_is_elevated_and_no_longer(
    env: dict[str, str], work: Path, api: ThreadingHTTPServer
) -> None:
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    # What was rejected is not asked again, and what was let through may be known: that must not count either.
    first, again, last = (
        f"curl -sS -d a=b http://127.0.0.1:{api.server_port}/{name}; echo status $?"
        for name in "abc"
    )
    with Desk(env, work, "140x40") as desk, Terminal(env, str(work), "140x40") as other:
        desk.run("sh", "--read-only")
        desk.see("gatesh elevate lifts its limits for a while")
        desk.type(first)
        desk.see("high: read-only")
        desk.card()
        desk.reject()
        desk.see("status 126")
        assert api.posted == 0  # type: ignore[attr-defined]

        said = elevated(desk, other, "--target staging --for 1m")
        began = time.monotonic()
        assert re.match(r"elevation 1 \(everything on staging\), until \d\d:\d\d", said)
        desk.type("clear")
        desk.type(f"{again}; {again}")
        desk.see("status 0\nstatus 0")
        assert api.posted == 2  # type: ignore[attr-defined]
        (desk.work / "keep").write_text("x")
        desk.type("rm keep")
        desk.card()
        assert re.search(
            r"elevated  until \d\d:\d\d by terminal .*: everything on staging", desk.screen
        )
        desk.reject()
        other.type("clear; gatesh elevate --list")
        other.see(
            r"elevation 1: everything on staging, until \d\d:\d\d by terminal .*; session of sh"
        )
        other.type("clear; gatesh sessions")
        other.see("elevated: everything on staging")

        time.sleep(max(0.0, began + 61 - time.monotonic()))
        desk.type("clear")
        desk.type(again)
        desk.see("high: read-only")
        desk.card()
        desk.reject()
        assert api.posted == 2  # type: ignore[attr-defined]

        elevated(desk, other, "--class data-write --for 2m")
        desk.type("clear")
        desk.type(last)
        desk.see("status 0")
        other.type("clear; gatesh elevate --revoke")
        other.see(r"elevation 2 \(data-write anywhere\) has ended")
        desk.type("clear")
        desk.type(last)
        desk.see("high: read-only")
        desk.card()
        desk.reject()
        assert api.posted == 3  # type: ignore[attr-defined]
    found = history(env, "--outcome", "elevated")
    assert [row["elevations"] for row in found] == [["2"], ["1"], ["1"]]
    alerts = [
        a["text"] for a in history(env, "--alerts", "--limit", "100") if a["kind"] == "elevation"
    ]
    for text in (
        "elevation 1 (everything on staging) is given to the session of sh",
        f"elevation 1 (everything on staging) is used for the first time: record {found[-1]['record']}",
        "elevation 1 (everything on staging) has ended: expired",
        "elevation 2 (data-write anywhere) has ended: revoked, by ",
    ):
        assert any(alert.startswith(text) for alert in alerts), (text, alerts)
    show = subprocess.run(
        [GATESH, "show", str(found[-1]["record"])], env=env, capture_output=True, text=True
    ).stdout
    assert re.search(r"elevated +elevation 1: everything on staging, by terminal ", show), show


def test_with_a_pin_a_run_that_asks_nobody_is_elevated(
    env: dict[str, str], work: Path, api: ThreadingHTTPServer
) -> None:
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    with Human(env) as human:  # the resident keeper is another one
        options = ("--pin", "--no-tty-prompt", "--read-only")
        window = human.open("env", "-C", str(work), GATESH, "run", *options, "--", "sh")
        for asked in ("PIN for approvals", "Repeat"):
            human.wait_for(asked, window)
            human.type(PIN, "Enter", window=window)
        human.wait_for("gatesh elevate lifts its limits", window)
        other = human.open(GATESH, "elevate", "--target", "staging")
        human.wait_for("the keeper's PIN:", other)
        human.type(PIN, "Enter", window=other)
        human.yes("lift for 15 min", other)
        human.wait_for("PIN:", other)
        assert "elevation 1" not in human.screen(other)
        human.type(PIN, "Enter", window=other)
        human.wait_for("elevation 1 (everything on staging), until", other)
        post = f"curl -sS -d a=b http://127.0.0.1:{api.server_port}/a; echo status $?"
        human.type(post, "Enter", window=window)
        human.wait_for("status 0", window)
        human.type(f"{GATESH} run -- true", "Enter", window=window)
        human.wait_for("this is a part of it; elevated: everything on staging, until", window)
    assert api.posted == 1  # type: ignore[attr-defined]


AGENT = """
import os, socket, sqlite3, subprocess, sys, time
sys.path.insert(0, {package!r})
from gatesh import wire

home = os.environ["GATESH_HOME"]
run = os.environ["GATESH_RUN"]

def say(*fields):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect(f"{{home}}/run-{{run}}/keeper.sock")
    wire.send(sock, *fields)
    try:
        return wire.receive(sock)
    except wire.WireError as error:
        return [b"hung up"]

_, count, key, name, scope, *lifted = say(b"elevations", wire.VERSION)
wanted = (b"elevate", key, b"*", b"staging", b"900")
print("socket", say(*wanted))
print("attach", say(b"attach", wire.VERSION)[0].decode())
print("answer", say(b"answer", b"elevate", b"bcd", b""))
db = sqlite3.connect(f"{{home}}/audit.db")
db.execute(
    "INSERT INTO elevation (time_ns, session, classes, target, until_ns, approver, assurance)"
    " VALUES (?, ?, '*', '*', ?, 'me', 'A1')",
    (time.time_ns(), key.decode(), time.time_ns() + 10**12),
)
db.commit()
command = [{gatesh!r}, "elevate", "--target", "staging"]
done = subprocess.run(["script", "-qec", " ".join(command), "/dev/null"], capture_output=True, text=True)
print("command", done.returncode, done.stdout, done.stderr)
print("lifted", say(b"elevations", wire.VERSION)[5:])
post = ["curl", "-sS", "-d", "a=b", {url!r}]
print("post", subprocess.run(post).returncode)
"""


def test_an_agent_lifts_nothing_by_itself(run: Run, api: ThreadingHTTPServer) -> None:
    """By the command, the keeper's socket, a frame of an approver's, a row of the log."""
    if not shutil.which("script"):
        pytest.skip("script is not installed")
    package = str(Path(__import__("gatesh").__file__).parents[1])
    url = f"http://127.0.0.1:{api.server_port}/things"
    code = AGENT.format(package=package, gatesh=GATESH, url=url)
    out = run.agent(code, options=("--read-only", "--no-tty-prompt")).stdout
    assert "socket [b'hung up']" in out, out
    assert "attach refused" in out and "answer [b'hung up']" in out
    assert "lifted []" in out and "post 126" in out
    assert re.search(r"command (?!0)\d+ ", out)
    assert api.posted == 0  # type: ignore[attr-defined]


def test_what_the_first_line_says_where_nobody_can_lift_anything(run: Run) -> None:
    said = run.agent("print('here')", options=("--read-only", "--no-tty-prompt")).stderr
    assert "only reads what is elsewhere" in said and "gatesh elevate" not in said


def test_what_cannot_be_lifted_is_said_before_a_terminal_is_paired(env: dict[str, str]) -> None:
    for words, said in (
        ((), "say what is to be lifted"),
        (("--class", "*"), "say what is to be lifted"),
        (("--class", "data-wirte"), "there is no class data-wirte"),
        (("--target", "prod"), "prod is no label\ngatesh: hint: --target production"),
        (("--target", "stagin"), "no target is called stagin; did you mean staging?"),
        (("--target", "staging", "--for", "59s"), "not a time"),
        (("--target", "staging", "--for", "9h"), "not a time"),
        (("--target", "staging"), "there is no keeper"),
        (("--list",), "there is no keeper"),
        (("--revoke", "x"), "no elevation's number"),
        (("--revoke",), "no such elevation is in force"),
    ):
        done = subprocess.run([GATESH, "elevate", *words], env=env, capture_output=True, text=True)
        assert done.returncode == 2 and said in done.stderr, (words, done.stderr)
