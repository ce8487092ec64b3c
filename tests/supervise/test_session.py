"""One session of `gatesh run`: how it starts, what it records, how it ends, and what holds it together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.supervise.terminal import with_pin


def test_the_status_is_the_agents_own(run) -> None:
    assert run.agent("sys.exit(7)").returncode == 7
    assert run.agent("import os; os.kill(os.getpid(), 15)").returncode == -signal.SIGTERM
    with run.start("no-such-program") as missing:
        out, err = missing.communicate(timeout=30)
    assert missing.returncode == 127 and "no-such-program" in err and not out


def test_the_agent_gets_what_it_was_given(run, work: Path) -> None:
    run.env["MARK"] = "caf\udce9"
    done = run.agent(
        "import os; print(os.getcwd(), ascii(os.environ['MARK']), sys.stdin.readline(), "
        "open('/proc/self/status').read().count('SigIgn:\\t0000000001000000'), end='')"
    )
    assert done.stdout.split(" ")[:2] == [str(work), "'caf\\udce9'"]


def test_a_refusal_is_on_the_programs_own_stderr_and_its_status_is_126(run, work: Path) -> None:
    (work / "keep").write_text("x")
    done = run.agent(
        "import subprocess as s\n"
        "p = s.run(['rm', 'ke' + 'ep'], stderr=s.PIPE, text=True)\n"
        "print(p.returncode, p.stderr)"
    )
    assert done.stdout.startswith("126 gatesh: refused [hold-keep]: removes keep (it needs a human")
    assert "\ngatesh: hint: ls it; " in done.stdout
    assert not done.stderr


def test_a_refusal_reaches_a_stderr_that_is_a_socket(run, work: Path) -> None:
    (work / "keep").write_text("x")
    done = run.agent(
        "import socket, subprocess as s\n"
        "a, b = socket.socketpair()\n"
        "p = s.run(['rm', 'ke' + 'ep'], stderr=b)\n"
        "print(p.returncode, a.recv(4096).decode())"
    )
    assert done.stdout.startswith("126 gatesh: refused [hold-keep]")


def test_a_32_bit_program_is_refused_with_126_too(run, work: Path, compiled) -> None:
    try:
        program = compiled("keep32", "int main(void) { return 0; }", "-m32", "-static")
    except subprocess.CalledProcessError:
        pytest.skip("no 32-bit C library")
    done = run.agent(f"import os; os.execv('{program}', ['rm', 'keep'])")
    assert done.returncode in (0, 126)


def test_records_are_one_tree(run) -> None:
    run.shell("bash -c 'ls >&2; true'; /bin/true")
    found = {row["command_line"].rsplit("/", 1)[-1]: row for row in run.history()}
    line, ls = found["ls >&2; true"], found["ls"]
    assert ls["above"] == line["record"]
    assert line["door"] == "line" and ls["door"] == "exec"
    assert found["true"]["above"] == found["bash"]["record"] == line["above"]
    assert ls["exit_code"] == 0 and ls["duration_ns"] > 0
    shown = subprocess.run([GATESH, "history"], env=run.env, capture_output=True, text=True).stdout
    assert "ls >&2; true" in shown and "/ls\n" not in shown
    for words in ((), ("--program", "ls", "--limit", "1")):
        tree = subprocess.run(
            [GATESH, "history", "--tree", *words], env=run.env, capture_output=True, text=True
        ).stdout
        assert f"    {ls['command_line']}\n" in tree, "below what started it, however few are shown"


def test_a_session_has_its_name_and_its_gate(run) -> None:
    run.agent("pass", options=("--name", "spring cleaning"))
    shown = subprocess.run(
        [GATESH, "sessions", "--json"], env=run.env, capture_output=True, text=True
    )
    assert '"spring cleaning"' in shown.stdout and '"exec-gate"' in shown.stdout


def test_observing_holds_nothing_and_records_what_it_would(run, work: Path) -> None:
    (work / "keep").write_text("x")
    run.agent("import os; os.system('rm ke' + 'ep')", options=("--observe",))
    assert not (work / "keep").exists()
    assert next(r["reason"] for r in run.history("--rule", "hold-keep")) == "observe: ask"


def test_a_walk_along_path_leaves_no_trace(run) -> None:
    run.env["PATH"] = "/nowhere:/nowhere/else:" + run.env["PATH"]
    run.shell("ls >/dev/null; nothing-like-it")
    assert not [
        r
        for r in run.history()
        if "/nowhere" in r["command_line"] or "nothing" in r["command_line"]
    ]


def test_a_gatesh_below_is_not_asked_twice(run, work: Path) -> None:
    (work / "keep").write_text("x")
    code = "import os, subprocess as s; s.run([{!r}, '-c', {!r}, 'a', 'b'])"
    done = run.agent(code.format(GATESH, "echo $0 $1; x=ke; echo rm $x*; echo on"))
    assert done.stdout == "a b\nrm keep\non\n"
    lines = [r for r in run.history() if r["door"] == "line"]
    assert [r["command_line"] for r in lines] == ["echo $0 $1; x=ke; echo rm $x*; echo on"]
    done = run.agent(code.format(GATESH, "x=keep; rm $x"))
    assert "refused [hold-keep]" in done.stderr
    lines = run.history("--outcome", "refused")
    assert [(r["door"], r["command_line"]) for r in lines] == [("line", "x=keep; rm $x")]


@pytest.mark.parametrize("name", ["audit.db", "audit.db-wal"])
def test_nothing_starts_once_the_log_is_gone(name: str, run) -> None:
    done = run.agent(
        "import os, subprocess as s\n"
        "print(s.run(['true']).returncode)\n"
        f"os.unlink(os.environ['GATESH_HOME'] + '/{name}')\n"
        "print(s.run(['true'], stderr=s.PIPE, text=True))\n"
    )
    assert done.stdout.startswith("0\nCompletedProcess(args=['true'], returncode=125")
    assert "was removed or replaced while it was in use" in done.stdout


def test_the_tree_cannot_signal_what_guards_it(run) -> None:
    done = run.agent("""
import os, signal, ctypes, fcntl, threading, resource
libc = ctypes.CDLL(None, use_errno=True)
above = int(os.environ["GATESH_RUN"])
guard = int(open(f"/proc/{above}/stat").read().rpartition(")")[2].split()[1])
threads = [int(t) for t in os.listdir(f"/proc/{above}/task")]
def tried(name, work):
    try:
        work()
    except OSError as error:
        print(name, error.errno)
    else:
        print(name, "worked")
def raw(*words):
    if libc.syscall(*words) < 0:
        raise OSError(ctypes.get_errno(), "")
for who in (above, guard, *threads):
    for number in (9, 19, 15):
        tried("kill", lambda: os.kill(who, number))
        tried("tkill", lambda: raw(200, who, number))
        tried("tgkill", lambda: raw(234, above if who in threads else who, who, number))
for group in {os.getpgid(above), os.getpgid(guard)}:
    tried("killpg", lambda: os.killpg(group, 9))
    tried("setpgid", lambda: os.setpgid(0, group))
tried("kill all", lambda: os.kill(-1, 9))
tried("pidfd", lambda: os.pidfd_open(above))
tried("proc as pidfd", lambda: signal.pidfd_send_signal(os.open(f"/proc/{above}", os.O_RDONLY), 9))
tried("limit", lambda: resource.prlimit(above, resource.RLIMIT_NOFILE, (0, 0)))
r, w = os.pipe()
fcntl.fcntl(r, 8, above)
tried("setsig", lambda: fcntl.fcntl(r, 10, 9))
fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC); os.write(w, b"x")
tried("memory", lambda: open(f"/proc/{above}/mem", "rb"))
tried("descriptors", lambda: os.readlink(f"/proc/{above}/fd/0"))
tried("ptrace", lambda: raw(101, 16, above, 0, 0))
tried("own child", lambda: None)
child = os.fork()
if not child:
    signal.pause()
os.kill(child, 15)
print("child", os.waitpid(child, 0)[1])
sys.exit(os.system("true"))
""")
    assert done.returncode == 0, done
    said = done.stdout.splitlines()
    assert [line for line in said if line.endswith("worked") and line != "own child worked"] == []
    assert "child 15" in said


def _left(session_env: str) -> list[str]:
    """Return the processes that carry a mark in their environment."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if session_env.encode() in Path(f"/proc/{name}/environ").read_bytes():
                found.append(
                    Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                )
        except OSError:
            continue
    return found


@pytest.mark.parametrize("victim", ["guard", "supervisor"])
def test_nothing_of_the_tree_outlives_its_guards(victim: str, run) -> None:
    mark = f"MARK=tree-{victim}-{os.getpid()}"
    run.env.update([mark.split("=")])
    lines = "setsid sleep 100 & (sleep 100 &) ; echo $GATESH_RUN; sleep 100"
    with run.start("bash", "-c", lines) as process:
        supervisor = int(process.stdout.readline())
        assert len(_left(mark)) >= 4
        os.kill(process.pid if victim == "guard" else supervisor, signal.SIGKILL)
        process.wait(20)
    until = time.monotonic() + 10
    while (left := _left(mark)) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def test_a_signal_to_the_session_is_the_agents(run) -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(15, lambda *_: (os.write(1, b'told\\n'), sys.exit(5)))\n"
        "print('ready', flush=True)\n"
        "signal.pause()"
    )
    with run.start("python3", "-c", code) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.stdout.readline() == "told\n"
        assert process.wait(20) == 5


def test_others_run_on_while_one_is_held(run, work: Path) -> None:
    """With a PIN somebody could still attach, so what is held waits; its parent's loop runs on."""
    (work / "keep").write_text("x")
    program = (
        "import asyncio, time\n"
        "async def main():\n"
        "    p = await asyncio.create_subprocess_exec('rm', 'ke' + 'ep')\n"
        "    began, ticks = time.monotonic(), 0\n"
        "    while time.monotonic() - began < 2 and p.returncode is None:\n"
        "        await asyncio.sleep(0.01); ticks += 1\n"
        "    print('ticks', ticks, 'status', p.returncode, flush=True)\n"
        "    p.terminate()\n"
        "    print('ended', await p.wait(), flush=True)\n"
        "asyncio.run(main())\n"
    )
    from tests.supervise.terminal import with_pin

    said = with_pin(run, program)
    ticks = int(said.split("ticks ")[1].split()[0])
    assert ticks > 100 and "status None" in said
    assert "ended -15" in said or "ended 126" in said
    assert (work / "keep").exists()
    assert next(r["outcome"] for r in run.history("--rule", "hold-keep")) == "abandoned"


def test_nothing_of_the_tree_types_for_the_person(run) -> None:
    """What is pushed into the person's terminal would be their shell's next line, outside of the tree."""
    said = with_pin(run, """
import errno, fcntl, os
terminal = os.open("/dev/tty", os.O_RDWR)
for request, what in ((0x5412, b"x"), (0x541C, bytes((2, 0)))):
    try:
        fcntl.ioctl(terminal, request, what)
    except OSError as error:
        print("could not type:", errno.errorcode[error.errno])
""")  # fmt: skip
    assert said.count("could not type: EPERM") == 2


def test_several_may_begin_at_once_in_a_fresh_place(run) -> None:
    started = [run.start("/bin/true") for _ in range(3)]
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert ended == [("", 0)] * 3
