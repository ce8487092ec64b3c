"""Command lines on standard input: the same as bash does with them, each decided on and recorded."""

from __future__ import annotations

import base64
import os
import re
import signal
import sqlite3
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.shell.test_wrappings import gptme
from tests.supervise.conftest import RULES

CASES = tomllib.loads((Path(__file__).parents[1] / "data/stdin.toml").read_text())["case"]


@pytest.fixture
def bash(tmp_path: Path, place: Path) -> str:
    """gatesh by the name of bash, and a rule that holds what says `keep`."""
    link = tmp_path / "names" / "bash"
    link.parent.mkdir()
    link.symlink_to(GATESH)
    (place / "patterns").mkdir(mode=0o700, exist_ok=True)
    (place / "patterns/test.toml").write_text(RULES)
    return str(link)


def session(program: str, text: str, env, work, words=(), called: str = "bash"):
    done = subprocess.run(
        [called, *words], executable=program, input=text.encode(), env=env, cwd=work,
        capture_output=True, timeout=60, start_new_session=True,
    )  # fmt: skip
    err = re.sub(rb"line \d+", b"line N", done.stderr)
    # A syntax error quotes the line that bash found it in: ours closes a group there.
    return done.returncode, done.stdout, re.sub(rb"(?m)^.*: line N: `.*\n", b"", err)


def rows(place: Path, sql: str) -> list[tuple]:
    with sqlite3.connect(f"file:{place}/audit.db?mode=ro", uri=True) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("case", CASES, ids=[c["name"] for c in CASES])
def test_a_session_is_as_under_bash(case, env, work, bash, place):
    text = case["input"].replace("@long@", "x=" + "y" * 20_000)
    words = case.get("words", ())
    status, out, err = session("/bin/bash", text, env, work, words, called=bash)

    assert session(bash, text, env, work, words, called=bash) == (status, out, err)
    if (place / "audit.db").exists():
        begun = rows(place, "SELECT count(*) FROM record WHERE door = 'stdin'")
        assert rows(place, "SELECT count(*) FROM outcome") == begun, "each has its end"


def test_a_refused_line_leaves_126_and_the_next_one_runs(env, work, bash, place):
    (work / "keep").write_text("dear")
    text = "echo a; x=5\nrm keep\necho status $? $x\n"
    status, out, err = session(bash, text, env, work)
    assert (status, out) == (0, b"a\nstatus 126 5\n")
    assert err.startswith(b"gatesh: refused [hold-keep]") and err.count(b"\n") == 2
    assert (work / "keep").exists()
    found = rows(
        place,
        "SELECT verdict, exit_code, refused_status FROM record JOIN outcome USING (record) ORDER BY record",
    )
    assert found == [("allow", 0, None), ("ask", None, 126), ("allow", 0, None)]


def test_the_statuses_are_recorded(env, work, bash, place):
    session(bash, "true\nfalse\n(exit 7)\nkill -KILL $$\n", env, work)
    found = rows(
        place,
        "SELECT command_line, exit_code, signal FROM record JOIN outcome USING (record) ORDER BY record",
    )
    assert found == [
        ("true", 0, None),
        ("false", 1, None),
        ("(exit 7)", 7, None),
        ("kill -KILL $$", None, 9),
    ]


# -- what agents do -----------------------------------------------------------------------------------------------


def talk(process: subprocess.Popen, text: str, until: bytes) -> bytes:
    """Write a text, and return what comes back up to a mark."""
    process.stdin.write(text.encode())
    process.stdin.flush()
    said, deadline = b"", time.monotonic() + 20
    while until not in said:
        assert time.monotonic() < deadline, said
        said += os.read(process.stdout.fileno(), 4096)
    return said


@pytest.fixture
def open_session(env, work, bash):
    process = subprocess.Popen(
        [bash], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=env, cwd=work, start_new_session=True,
    )  # fmt: skip
    yield process
    process.kill()
    process.communicate()


def test_gptmes_markers_work_after_a_refusal(open_session, work):
    (work / "keep").write_text("dear")
    for number, command, shown in (
        (1, "cd /usr && echo hi", b"hi\n"),
        (2, "rm keep", b"gatesh: refused [hold-keep]"),
        (3, "pwd", b"/usr\n"),
    ):
        if number == 2:
            talk(open_session, f"cd {work}; echo there\n", b"there")
        chunk = (
            f"echo START_OF_COMMAND_OUTPUT_{number}\n{command}\n"
            f"echo ReturnCode:$? END_OF_COMMAND_OUTPUT_{number}\n"
        )
        said = talk(open_session, chunk, b"END_OF_COMMAND_OUTPUT_%d\n" % number)
        assert (shown in said) or number == 3
        assert (b"ReturnCode:%d " % (126 if number == 2 else 0)) in said
    assert (work / "keep").exists()


def test_gptmes_markers_work_where_it_keeps_the_shells_state_too(open_session, work):
    (work / "keep").write_text("dear")
    for command, shown in (("echo hi", b"hi\n"), ("rm keep", b"gatesh: refused [hold-keep]"), ("pwd", b"/work\n")):  # fmt: skip
        said = talk(open_session, gptme(command), b"END_OF_COMMAND_OUTPUT_17951\n")
        assert shown in said
        assert (b"ReturnCode:%d " % (126 if b"refused" in shown else 0)) in said
    assert (work / "keep").exists()


def test_what_gptmes_marker_evaluates_is_known_to_be_its_own(open_session, work):
    """A command that sets the variable has its end marker refused: nobody can know what that would run."""
    (work / "keep").write_text("dear")
    chunk = gptme("__gptme_old_debug='rm ke''ep'") + "echo over\n"
    said = talk(open_session, chunk, b"over\n")
    assert b"END_OF_COMMAND_OUTPUT_17951" not in said
    assert (work / "keep").exists()


def test_open_interpreters_markers(open_session):
    code = 'echo "##active_line1##"\nfor i in 1 2\ndo\necho "##active_line3##"\necho $i\ndone\necho "##end_of_execution##"\n'
    said = talk(open_session, code, b"##end_of_execution##")
    assert (
        said.split()
        == b"##active_line1## ##active_line3## 1 ##active_line3## 2 ##end_of_execution##".split()
    )


def test_a_command_is_run_when_it_is_complete_and_not_when_the_input_ends(open_session):
    assert talk(open_session, "echo now\n", b"now\n") == b"now\n"
    open_session.stdin.write(b"if true; then\n")
    open_session.stdin.flush()
    assert talk(open_session, "echo then; fi\n", b"then\n") == b"then\n"


# -- getting round it -----------------------------------------------------------------------------------------------

ROUND = {
    "a variable of an earlier line": "x=rm\n$x keep\n",
    "a function of an earlier line": "f() { rm keep; }\nf\n",
    "a function called eval": "eval() { rm keep; }\neval true\n",
    "a folder of an earlier line": "mkdir -p d; cd d\nrm ../keep\n",
    "a quote that is closed later": "echo '\n'; rm keep; echo '\n",
    "a here-document that ends early": "cat <<E\nE\nrm keep\nE\n",
    "an alias that opens a quote": "shopt -s expand_aliases\nalias q=\"echo '\"\nq\nx'; rm keep; echo 'z\n",
    "an alias that opens a here-document": "shopt -s expand_aliases\nalias q='cat <<E'\nq\nE\nrm keep\n",
    "an alias in an array": "shopt -s expand_aliases\nBASH_ALIASES[q]='rm keep'\nq\n",
    "a quote in an alias in an array": (
        "shopt -s expand_aliases\nBASH_ALIASES[q]=\"echo '\"\nq\nx'; rm keep; echo 'z\n"
    ),
    "the end of the group": "}; rm keep; {\n",
    "the end of the group in an alias": "shopt -s expand_aliases\nalias q='}; rm keep; {'\nq\n",
    "a backslash in a comment": "# a \\\nrm keep\n",
    "a backslash at the end": "rm \\\nkeep\n",
    "reading commands": "read x\nrm keep\n$x\n",
    "another shell": "bash\nrm keep\n",
    "a shell in its place": "exec bash\nrm keep\n",
    "the input as a script": ". /dev/stdin\nrm keep\n",
    "eval of the input": 'eval "$(cat)"\nrm keep\n',
    "writing into its script": "for f in /proc/$$/fd/*; do echo 'rm keep' >$f; done\ntrue\n",
    "writing into its script by number": "echo 'rm keep' >&10\ntrue\n",
    "writing into the other end": "for f in /proc/$PPID/fd/*; do echo 'rm keep' >$f; done\ntrue\n",
    "reading away a part of the script": "head -c 7 <&10 & sleep 0.5\necho rm keep\n",
    "reading it by another number": "exec 5<&1''0\nhead -c 7 <&5 & sleep 0.5\necho rm keep\n",
    "reading it with read": "read -n 7 -u 10 x & sleep 0.5\necho rm keep\n",
    "reading it by a name": "head -c 7 </proc/$$/fd/10 & sleep 0.5\necho rm keep\n",
    "reading it where it really is": (
        "o=-\nread ${o}t 1 ${o}u 199 -N 2 a; IFS= read ${o}t 1 ${o}u 199 -N 8 b\n echo '; rm keep #'\n"
    ),
    "a program in the table of the hashed": "hash -p /bin/rm ls\nls keep\n",
    "an alias from a file": "shopt -s expand_aliases\n. ./sourced\nls keep\n",
    "a function from a file that is gone": ". ./sourced; rm -f sourced\ng keep\n",
    "an alias long ago": "shopt -s expand_aliases\nalias ls=rm\n"
    + f": {'x' * 20_000}\n" * 4
    + "ls keep\n",
    "an alias behind what cannot be read": "shopt -s expand_aliases\nalias ls=rm\n"
    + (":;" * 1500 + ":\n") * 2
    + "ls keep\n",
    "its arguments": '"$@"\n',
    "no newline": "rm keep",
    "a NUL": "rm\0 keep\n",
    "a carriage return": "rm keep\r\n",
}


@pytest.mark.parametrize("name", ROUND)
def test_no_way_round(name, env, work, bash):
    (work / "keep").write_text("dear")
    (work / "sourced").write_text('alias ls=rm\ng() { command rm "$@"; }\n')
    (work / "names").mkdir()
    env = env | {"PATH": f"{Path(bash).parent}:{env['PATH']}"}
    _, _, err = session(bash, ROUND[name], env, work, ["-s", "rm", "keep"])
    assert (work / "keep").exists(), err


def test_when_it_has_lost_track_nothing_runs_any_more(env, work, bash):
    aliases = base64.b64encode(b'alias q="echo \'"\n').decode()
    text = f'eval "$(base64 -d <<<{aliases})"\nq\necho not here\n'
    status, out, err = session(bash, text, env, work, ["-O", "expand_aliases"])
    assert status == 125 and out == b""
    assert b"bash took the line for a part of another" in err


# -- signals --------------------------------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_signal_to_the_door_reaches_bash(open_session):
    talk(open_session, "trap 'echo got it' USR1\necho ready\n", b"ready\n")
    open_session.send_signal(signal.SIGUSR1)
    assert talk(open_session, "echo more\n", b"more\n") == b"got it\nmore\n"
    open_session.send_signal(signal.SIGTERM)
    assert open_session.wait(20) == -signal.SIGTERM


def test_bash_dies_with_its_door(open_session):
    talk(open_session, "echo ready\n", b"ready\n")
    (shell,) = children(open_session.pid)
    open_session.kill()
    open_session.wait(20)
    until = time.monotonic() + 20
    while Path(f"/proc/{shell}").exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_marks_are_taken_away(env, work, bash, place):
    session(bash, "echo a\nexit 3\n", env, work)
    session(bash, "echo a\n", env, work)
    assert not list(place.glob("stdin-*"))


# -- other shells -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sh", "zsh"])
def test_other_shells_get_their_input_as_one_text(name, env, work, bash, place):
    link = Path(bash).with_name(name)
    link.symlink_to(GATESH)
    (work / "keep").write_text("dear")
    text = "x=3\necho $x $1\n"
    expected = session(f"/bin/{name}", text, env, work, ("-s", "a"), called=name)
    assert session(str(link), text, env, work, ("-s", "a"), called=name) == expected
    assert session(str(link), "echo a\nrm keep\n", env, work, called=name)[0] == 126
    assert (work / "keep").exists()
    assert rows(place, "SELECT count(*) FROM record") == [(2,)]
