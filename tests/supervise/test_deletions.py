"""The deletion budget: what code deletes itself is counted, and held."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatesh.model import Match, Severity, Span, Target
from gatesh.supervise import kernel
from gatesh.supervise.budget import Budget
from gatesh.supervise.covered import Place

REMOVE = {
    "python": "import shutil; shutil.rmtree('d')",
    "perl": "import subprocess; subprocess.run(['perl'], input='unlink glob(\"d/*\")', text=True)",
    "threads": (
        "import os, threading\n"
        "def work(n):\n"
        "    for i in range(n, 400, 4): os.unlink(f'd/{i}')\n"
        "ts = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]"
    ),
    "truncate": "[open(f'd/{i}', 'w').close() for i in range(400)]",
    "ftruncate": "import os; [os.ftruncate(os.open(f'd/{i}', os.O_RDWR), 0) for i in range(400)]",
    "openat2": (
        "import ctypes, struct, os\n"
        "libc = ctypes.CDLL(None)\n"
        "for i in range(400): libc.syscall(437, -100, f'd/{i}'.encode(), struct.pack('QQQ', os.O_WRONLY | os.O_TRUNC, 0, 0), 24)"
    ),
    "holes": (
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None)\n"
        "for i in range(400):\n"
        "    libc.fallocate(os.open(f'd/{i}', os.O_RDWR), 3, ctypes.c_long(0), ctypes.c_long(1))"
    ),
    "vfork": (
        "import subprocess\n"
        "for i in range(60): subprocess.run(['perl'], input=f'unlink qq(d/$_) for {i * 5}..{i * 5 + 4}', text=True)"
    ),
    "lines": (
        "import subprocess\n"
        "for i in range(60): subprocess.run(['sh', '-c', 'perl'], input=f'unlink qq(d/$_) for {i * 5}..{i * 5 + 4}', text=True)"
    ),
    "orphans": (
        "import os, time\n"
        "for i in range(60):\n"
        "    if not os.fork():\n"
        "        if not os.fork():\n"
        "            os.setsid()\n"
        "            for j in range(i * 5, i * 5 + 5): os.unlink(f'd/{j}')\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "time.sleep(2)"
    ),
    "rename": "import os; open('x', 'w').close(); [os.replace('x', f'd/{i}') or open('x', 'w').close() for i in range(400)]",
}  # fmt: skip

OVERWRITE = ("holes", "truncate", "ftruncate", "openat2", "rename")

ME = os.getpid()


@pytest.fixture
def outside() -> Iterator[Path]:
    """Four hundred files in a folder that is not for temporary things."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parents[2], prefix=".deletions-") as folder:
        (Path(folder) / "d").mkdir()
        for number in range(400):
            (Path(folder) / "d" / str(number)).write_text("x")
        yield Path(folder)


@pytest.mark.parametrize("how", REMOVE)
def test_it_stops_at_the_budget(how: str, run, outside: Path) -> None:
    done = run.agent(REMOVE[how], options=("--deletions", "40"), cwd=outside)
    left = [p for p in (outside / "d").iterdir() if p.read_text() == "x"]
    spared = 400 - (200 if how in OVERWRITE else 40)
    assert spared - 5 <= len(left) <= spared + 5, done
    refused, *more = run.history("--rule", "deletion-budget")
    assert refused["answered"] == "nobody"
    assert not more or how in ("vfork", "lines", "orphans")  # each is a command of its own
    assert "refused [deletion-budget]: " in done.stderr


# Names under which nothing would be counted, of files that are not there.
ELSEWHERE = {
    "/proc/self/root": "base = '/proc/self/root' + os.getcwd() + '/d'",
    "/proc/self/cwd": "base = '/proc/self/cwd/d'",
    "/proc/thread-self": "base = '/proc/thread-self/../../../self/cwd/d'",
    "a descriptor": "base = f'/dev/fd/{os.open(\"d\", os.O_RDONLY)}'",
    "a link": "os.symlink(os.getcwd(), t + '/l'); base = t + '/l/d'",
    "a link to /proc": "os.symlink('/proc/self/cwd', t + '/l'); base = t + '/l/d'",
    "a link and a step back": "os.mkdir('e'); os.symlink(os.getcwd() + '/e', t + '/l'); base = t + '/l/../d'",
    "a link named as a build's": "os.symlink('d', 'node_modules'); base = 'node_modules'",
    "moved away": "os.rename('d', base := 'node_modules')",
    "moved among what a build made": "os.mkdir('build'); base = 'build/d'; os.rename('d', base)",
    "mounted there": (
        "libc = ctypes.CDLL(None, use_errno=True); base = t + '/m'; os.mkdir(base)\n"
        "if libc.unshare(0x10020000) or libc.mount(b'd', base.encode(), None, 0x1000, None): os._exit(77)"
    ),
    "mounted there for everybody": (
        "libc = ctypes.CDLL(None, use_errno=True); base = t + '/m'; os.mkdir(base)\n"
        "if libc.mount(b'd', base.encode(), None, 0x1000, None): os._exit(77)\n"
        "import atexit; atexit.register(libc.umount2, base.encode(), 2)"
    ),
    "a root of one's own": (
        "libc = ctypes.CDLL(None); os.makedirs('r/tmp'); os.rename('d', 'r/tmp/d'); base = '/tmp/d'\n"
        "if libc.unshare(0x10000000): os._exit(77)\n"
        "os.chroot('r')"
    ),
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_another_name_for_them_does_not_help(how: str, run, outside: Path) -> None:
    code = (
        f"import ctypes, os, tempfile\nt = tempfile.mkdtemp()\n{ELSEWHERE[how]}\n"
        "for i in range(400): os.unlink(f'{base}/{i}')"
    )
    done = run.agent(code, options=("--deletions", "40"), cwd=outside)
    if done.returncode == 77:
        pytest.skip("no namespaces of one's own here")
    left = list(outside.rglob("[0-9]*"))
    assert 360 <= len(left) <= 400, done
    assert "refused [deletion-budget]: " in done.stderr


@pytest.mark.parametrize(
    "words", ["(t + '/x').encode(), -100, b'd'", "b'd', -100, (t + '/x').encode()"]
)
def test_what_changes_places_with_something_temporary_is_counted(words, run, outside: Path) -> None:
    code = f"""
import ctypes, os, tempfile
t = tempfile.mkdtemp()
os.mkdir(t + "/x")
os.mkdir("e"); os.mkdir("f")
libc = ctypes.CDLL(None, use_errno=True)
assert not libc.renameat2(-100, b"e", -100, b"f", 2)
if libc.renameat2(-100, {words}, 2):
    os._exit(78 if ctypes.get_errno() == 1 else 77)
"""
    done = run.agent(code, options=("--deletions", "40"), cwd=outside)
    if done.returncode == 77:
        pytest.skip("another file system")
    assert done.returncode == 78 and "refused [deletion-budget]: " in done.stderr, done
    assert len(list((outside / "d").iterdir())) == 400


# What lies where they seem to be was made by the command itself, which is not counted.
FRESH = {
    "a link and a step back": "made('e'); os.mkdir('d/f'); os.symlink('../d/f', 'e/l'); base = 'e/l/..'",
    "a link to /proc/self/cwd": (
        "os.mkdir('e'); os.rename('d', 'e/d'); made('d'); os.chdir('e'); os.symlink('/proc/self/cwd', 'l'); base = 'l/d'"
    ),
    "a mount of one's own": (
        "made('e'); base = 'e'; libc = ctypes.CDLL(None, use_errno=True)\n"
        "if libc.unshare(0x10020000) or libc.mount(b'd', b'e', None, 0x1000, None): os._exit(77)"
    ),
}


@pytest.mark.parametrize("how", FRESH)
def test_new_files_in_their_place_do_not_help(how: str, run, outside: Path) -> None:
    code = f"""
import ctypes, os
def made(folder):
    os.mkdir(folder)
    for i in range(400):
        open(f"{{folder}}/{{i}}", "w").write("new")
{FRESH[how]}
for i in range(400): os.unlink(f"{{base}}/{{i}}")
"""
    done = run.agent(code, options=("--deletions", "40"), cwd=outside)
    if done.returncode == 77:
        pytest.skip("no namespaces of one's own here")
    left = [path for path in outside.rglob("[0-9]*") if path.read_text() == "x"]
    assert 360 <= len(left) <= 400, done


def test_what_is_not_there_is_not_counted(run, outside: Path) -> None:
    done = run.shell(
        "for i in $(seq 300); do echo f$i; done | xargs -n 1 rm -f; rm -f g{1..300}", cwd=outside
    )
    assert [r for r in run.history() if "deletion-budget" in r["rule_ids"]] == [], done


def test_it_can_only_record_or_be_off(run, outside: Path) -> None:
    run.agent(
        REMOVE["python"], options=("--deletions", "40", "--deletion-mode", "record"), cwd=outside
    )
    assert not (outside / "d").exists()
    assert run.history("--verdict", "ask") == []


def test_what_a_build_makes_again_is_not_counted(run, outside: Path) -> None:
    (outside / "d").rename(outside / "node_modules")
    run.agent(
        "import shutil; shutil.rmtree('node_modules')", options=("--deletions", "40"), cwd=outside
    )
    assert not (outside / "node_modules").exists()


def test_what_the_command_made_itself_is_not_counted(run, outside: Path) -> None:
    code = (
        "for i in range(100):\n"
        "    open('journal', 'w').write('x')\n"
        "    os.truncate('journal', 0)\n"
        "    os.unlink('journal')\n"
        "print('done')"
    )
    done = run.agent("import os\n" + code, options=("--deletions", "40"), cwd=outside)
    assert done.stdout == "done\n", done.stderr


def test_what_is_written_anew_counts_as_overwritten(run, outside: Path) -> None:
    code = (
        "import os\n"
        "for i in range(400):\n"
        "    os.unlink(f'd/{i}')\n"
        "    open(f'd/{i}', 'w').write('y')\n"
        "    if i == 150: print('fine', flush=True)"
    )
    done = run.agent(code, options=("--deletions", "40"), cwd=outside)
    assert done.stdout == "fine\n"
    assert " has taken away 19" in done.stderr or " has taken away 20" in done.stderr
    assert 195 <= [p.read_text() for p in (outside / "d").iterdir()].count("x") <= 205


def test_the_agent_itself_may_lose_as_many_again_in_a_minute(monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    budget, agent = Budget(4, kernel.machine()), Place(1, 0, above=(1,))
    assert [budget.spend(ME, "/x", 5, agent) is None for _ in range(5)] == [True] * 4 + [False]
    now[0] = 30
    assert [budget.spend(ME, "/x", 5, agent) is None for _ in range(2)] == [True, False]
    command = Place(2, 2)
    assert [budget.spend(ME, "/x", 5, command) is None for _ in range(5)] == [True] * 4 + [False]
    now[0] = 3600
    assert budget.spend(ME, "/x", 5, command) is not None


def test_what_was_approved_by_its_path_is_not_counted() -> None:
    match = Match("files-tree", "data-destroy", Severity.HIGH, "", "", Target(""), 0, Span(0, 0))
    place = Place(2, 2, approved=(match.but(names=("/srv/x", "y")),))
    budget = Budget(1, kernel.machine())
    paths = ["/srv/x/a/b", "/srv/x", "/srv/x/c"]
    assert [budget.spend(ME, path, 5, place) for path in paths] == [None] * 3
    assert budget.spend(ME, "/srv/xy", 5, place) is None
    assert budget.spend(ME, "/srv/x/../y", 5, place.but(approved=())) is not None


def test_a_ring_that_would_go_past_it_is_refused(run) -> None:
    code = (
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "p = ctypes.create_string_buffer(120)\n"
        "print(libc.syscall(425, 4, p), ctypes.get_errno())\n"
    )
    assert run.agent(code).stdout == "-1 1\n"
    assert run.agent(code, options=("--deletion-mode", "off")).stdout != "-1 1\n"
