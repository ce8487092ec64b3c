"""Helpers in a child: ended when they are late or talk too much, and never left behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gatesh.run import childless
from gatesh.run.child import ask, start

ENV = {"PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize("words", [["sleep", "30"], ["yes"], ["sh", "-c", "exec >&-; sleep 30"]])
def test_a_child_that_is_late_or_talks_too_much_is_ended(tmp_path: Path, words: list[str]) -> None:
    began = time.monotonic()
    assert ask(words, ENV, str(tmp_path), began + 1, 64_000) is None
    assert time.monotonic() - began < 3


def test_a_child_that_cannot_be_started_says_nothing(tmp_path: Path) -> None:
    assert ask(["no-such-program"], ENV, str(tmp_path), time.monotonic() + 1, 64_000) is None


def test_a_child_says_how_it_ended_and_what_it_printed(tmp_path: Path) -> None:
    child = start(
        ["sh", "-c", "cat; echo no >&2; exit 3"], ENV, str(tmp_path), time.monotonic() + 5, 64_000,
        b"given\n", errors=True,
    )  # fmt: skip
    assert child is not None
    said = child.said()
    assert said is not None
    assert (said.status, said.output) == (3, b"given\nno\n")


def test_a_child_that_nobody_asks_any_more_is_ended(tmp_path: Path) -> None:
    child = start(["sleep", "30"], ENV, str(tmp_path), time.monotonic() + 60, 64_000)
    assert child is not None
    began = time.monotonic()
    child.end()
    assert time.monotonic() - began < 2
    assert child._process.returncode is not None


@pytest.mark.parametrize("words", [
    ["sh", "-c", "id; :"], ["sh", "-c", "(:)"], ["perl", "-e", "fork() // exit 7"],
    ["python3", "-c", "import subprocess; subprocess.run(['id'])"],
    ["python3", "-c", "import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(435, b'', 0) == -1)"],
])  # fmt: skip
def test_a_child_that_is_to_be_alone_starts_nothing(tmp_path: Path, words: list[str]) -> None:
    said = ask(words, ENV, str(tmp_path), time.monotonic() + 5, 64_000, alone=True)
    assert said is not None and said.status != 0 and said.output == b""


@pytest.fixture
def no_perl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(childless, "_launcher", tuple)


@pytest.mark.usefixtures("no_perl")
def test_a_child_that_is_to_be_alone_starts_nothing_where_there_is_no_perl(tmp_path: Path) -> None:
    words = ["sh", "-c", "id; :"]
    said = ask(words, ENV, str(tmp_path), time.monotonic() + 5, 64_000, alone=True)
    assert said is not None and said.status != 0 and said.output == b""


def test_a_child_that_is_alone_is_given_its_words_as_they_are(tmp_path: Path) -> None:
    words = ["printf", "%s|", "a b", "", "-e", "$x;*"]
    said = ask(words, ENV, str(tmp_path), time.monotonic() + 5, 64_000, alone=True)
    assert said is not None and (said.status, said.output) == (0, b"a b||-e|$x;*|")


def test_a_child_that_is_alone_may_have_threads(tmp_path: Path) -> None:
    code = "import threading; t = threading.Thread(target=print, args=(7,)); t.start(); t.join()"
    said = ask(
        ["python3", "-c", code], ENV, str(tmp_path), time.monotonic() + 5, 64_000, alone=True
    )
    assert said is not None and (said.status, said.output) == (0, b"7\n")
