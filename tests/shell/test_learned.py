"""A text that was read is read on where a longer one begins with it: with the result of reading all of it anew."""

from __future__ import annotations

import pytest

from gatesh.doors.earlier import Known
from gatesh.errors import InputError
from gatesh.model import CommandLine, Door
from gatesh.shell import learned
from gatesh.shell.read import read
from gatesh.shell.state import State

LINES = (
    "x=1 y=2",
    "f() { rm -rf \"$1\"; }",
    "cd -- '/work/a b'",
    "D=$PWD",
    "cat >t <<'E'\nrm() { :; }\nE",
    "a=(one two); a+=(three)",
    "for i in 1 2 3; do z=$i; done",
    "alias ll='ls -l'",
    "unset y",
    "read -r w </etc/hostname",
    "g() { f \"$x\"; x=9; }",
    "g",
    "if test -e /x; then q=1; else q=2; fi",
    "export PATH=/opt/bin:$PATH",
    "case $x in 1) n=a;; *) n=b;; esac",
    "cd /tmp && P=$PWD",
)  # fmt: skip
NAMES = "x y D z w q n P PATH i".split()
ENV = {"PATH": "/usr/bin:/bin", "HOME": "/home/u"}


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "_defining", [])
    monkeypatch.setattr(learned, "_recalled", [])


def recalled(text: str) -> State:
    state = State(ENV, "/start", (), "bash", lambda _: None)
    learned.recall(text, state)
    return state


def shown(text: str) -> tuple[object, ...]:
    state, defined = recalled(text), learned.defines(text)
    array = state.array("a")
    return (
        {name: (state.get(name), state.is_set(name)) for name in NAMES},
        state.cwd,
        array,
        {name: [body.source.text for body in bodies] for name, bodies in defined.bodies.items()},
        defined.changes,
        {name: [word.text for word in words] for name, words in defined.aliases.items()},
        learned.whole(text),
        learned.exact(text),
    )


def test_line_by_line_is_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for count in range(1, len(LINES) + 1):
        text = "\n".join(LINES[:count])
        bit_by_bit = shown(text)
        with monkeypatch.context() as fresh:
            fresh.setattr(learned, "_defining", [])
            fresh.setattr(learned, "_recalled", [])
            at_once = shown(text)
        # A body stands in the text that it was read in: that is the line, or all of them.
        assert bit_by_bit[:3] == at_once[:3], LINES[count - 1]
        assert bit_by_bit[3].keys() == at_once[3].keys()
        assert bit_by_bit[4:] == at_once[4:], LINES[count - 1]


def test_each_line_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read_texts: list[str] = []
    text_of = learned.Walk.text

    def noted(self, source, *more):
        read_texts.append(source.text)
        return text_of(self, source, *more)

    monkeypatch.setattr(learned.Walk, "text", noted)
    for count in range(1, 40):
        recalled("\n".join(f"v{number}={number}" for number in range(count)))
    assert len(read_texts) == 39
    assert max(map(len, read_texts)) < 10


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("cat <<E", "rm() { :; }\nE"),
        ("cat <<E\ntext", "rm() { :; }\nE"),
        ("cat <<A <<B\nA", "rm() { :; }\nB"),
        ("cat <<-E\n\tE x", "rm() { :; }\nE"),
        ("echo $(cat <<E\nE\n) <<E", "rm() { :; }\nE"),
        ("echo '", "rm() { :; }\n'"),
        ("# \\", "rm() { :; }"),
    ],
)
def test_what_a_here_document_goes_on_with_is_no_command(before: str, behind: str) -> None:
    learned.defines(before)
    recalled(before)
    text = f"{before}\n{behind}"
    assert ("rm" in learned.defines(text).bodies) == before.startswith("#")


def test_another_shell_gains_nothing_from_what_was_read() -> None:
    recalled("x=$HOME")
    other = State({"HOME": "/other"}, "/", (), "bash", lambda _: None)
    learned.recall("x=$HOME\ny=1", other)
    assert other.get("x") == "/other"
    again = State(ENV, "/", (), "bash", lambda _: None)
    learned.recall("x=$HOME\ny=1", again)
    assert again.get("x") == "/home/u"


def test_what_a_line_changes_stays_its_own() -> None:
    known = "x=kept"
    line = CommandLine("x=other; f() { :; }; rm $x", "/work", ENV, Door.STDIN, known=known)
    first = read(line)
    assert [word.text for word in first.commands[-1].words] == ["rm", "other"]
    again = read(line.but(text="f; rm $x"))
    assert [word.text for word in again.commands[-1].words] == ["rm", "kept"]
    assert "f" in {command.program for command in again.commands}


def test_a_folder_that_was_noted_is_the_one_of_that_time() -> None:
    known = Known()
    for text, folder in (("D=$PWD", "/work/it's"), ("cd /tmp", "/work/it's"), ("ls", "/tmp")):
        known.add(CommandLine(text, folder, ENV, Door.STDIN, known=known.text))
    found = read(CommandLine('rm -rf "$D/x"', "/tmp", ENV, Door.STDIN, known=known.text))
    assert [word.text for word in found.commands[-1].words] == ["rm", "-rf", "/work/it's/x"]


@pytest.mark.parametrize("own", ["cd() { x=harmless; }", "alias cd='x=harmless;'"])
def test_a_function_called_cd_has_not_run_where_something_else_led_to_a_folder(own: str) -> None:
    known = Known()
    for text, folder in (
        ("x=keep", "/work"),
        (own, "/work"),
        ("pushd d", "/work"),
        (":", "/work/d"),
    ):
        known.add(CommandLine(text, folder, ENV, Door.STDIN, known=known.text))
    found = read(CommandLine("rm -rf $x", "/work/d", ENV, Door.STDIN, known=known.text))
    assert not found.commands[-1].words[2].known


def test_with_eval_its_own_too_the_session_takes_no_further_line() -> None:
    known = Known()
    for text, folder in (
        ("eval() { :; }; cd() { x=1; }", "/work"),
        ("pushd d", "/work"),
        (":", "/d"),
    ):
        known.add(CommandLine(text, folder, ENV, Door.STDIN, known=known.text))
    with pytest.raises(InputError):
        known.require_room()


@pytest.mark.parametrize(
    "forgotten",
    [
        [f"y{number}={'z' * 900}" for number in range(80)],  # longer than is read
        [": $'\\x01' \x01"],  # a text that no line may hold
    ],
)
def test_what_was_forgotten_is_not_taken_for_unset_nor_for_what_it_was_before(
    forgotten: list[str],
) -> None:
    known = Known()
    for text in ("x=1; f() { :; }; unset RANDOM", "x=keep", *forgotten):
        known.add(CommandLine(text, "/work", ENV, Door.STDIN, known=known.text))
    found = read(CommandLine("rm -rf $x $never", "/work", ENV, Door.STDIN, known=known.text))
    assert not any(word.known for word in found.commands[-1].words[2:])
