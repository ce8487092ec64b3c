"""Paths are closed where no namespace can be had: calls that name files are made by the opener."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.supervise.test_closed import (  # noqa: F401  fixtures among them
    SECRET,
    WAYS,
    Place,
    installed,
    place,
    put,
)

# Nobody below can have a further user namespace; a user has no capability there.
REFUSED = {
    "root": ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"],
    "user": [
        "unshare", "-U", "--map-current-user", "--keep-caps", "sh", "-c",
        'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"', "sh",
    ],
}  # fmt: skip
BOTH = "by looking at each open (there may be no more user namespaces)"


@pytest.fixture
def named(place: Place) -> Place:  # noqa: F811
    """A place where paths cannot be closed by mounts."""
    place.words = [*place.words, *REFUSED["user" if place.uid else "root"]]
    said = place.agent("true").stderr
    if "gatesh: run" not in said:
        pytest.skip(f"no such namespace can be made here: {said}")
    if BOTH not in said:
        pytest.skip(said)
    return place


def test_the_first_lines_the_record_and_doctor_say_how(named: Place) -> None:
    done = named.agent("cat x.pem infra/secret", "--observe")
    first, second = done.stderr.splitlines()[:2]
    assert first.endswith("; scope scope.toml: in force, 2 paths closed; nothing is held")
    assert second.startswith(f"gatesh: scope: 2 paths closed {BOTH}")
    assert BOTH in named.gatesh("sessions").stdout
    assert done.stdout == ""
    assert done.stderr.count("Permission denied") == 2, done
    assert f"{named.work}/x.pem" in named.gatesh("history", "--alerts", "--nl").stdout
    told = named.gatesh("doctor", "--no-agents").stdout
    assert "closed by looking at each open below gatesh run: there may be no more" in " ".join(
        told.split()
    )


def test_no_way_leads_to_what_is_closed(named: Place) -> None:
    script = "for w in way*; do cd $w/work; timeout 30 bash < ../line > ../said 2>&1; cd ../..; done; echo all done"
    named.scope('[paths]\noff-limits = ["./way*/infra/**", "./way*/*.p[e]m"]\n')
    own = f"{SECRET} {named.folder}\n"  # what other tests have lying about at the same time is not closed here
    for number, way in enumerate(WAYS):
        put(named.work / f"way{number}" / "work")
        for name in ("x.pem", "infra/secret"):
            (named.work / f"way{number}" / "work" / name).write_text(own)
        (named.work / f"way{number}" / "line").write_text(way["line"])
    done = named.agent(script, "--observe", timeout=200)
    assert done.stdout == "all done\n", done
    for number, way in enumerate(WAYS):
        folder = named.work / f"way{number}"
        said = (folder / "said").read_text(errors="replace")
        kept = [folder / "work/infra/secret", folder / "work/x.pem"]
        files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
        told = [path for path in files if own.encode() in path.read_bytes()]
        assert sorted(told) == kept, (way["name"], said)
        assert all(path.read_text() == own for path in kept), (way["name"], said)


# Opens what is open, while other threads have its path lead to what is closed: in memory, and by a link.
RACE = r"""
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define O_PATH 010000000
static volatile char name[] = "open.";
static int opened, denied;
static void *memory(void *_) {
    for (;;) { for (int i = 0; i < 5; i++) name[i] = "x.pem"[i]; for (int i = 0; i < 5; i++) name[i] = "open."[i]; }
}
static void *links(void *_) {
    for (;;) {
        symlink("x.pem", "t"); rename("t", "l"); symlink("open.", "t"); rename("t", "l");
        symlink("infra", "u"); rename("u", "m"); symlink("plain", "u"); rename("u", "m");
    }
}
static void try(int fd) {
    char text[64] = "";
    if (fd < 0) { denied += errno == EACCES; return; }
    opened++;
    if (read(fd, text, 60) > 0 && strstr(text, "precious")) { puts(text); exit(1); }
    close(fd);
}
int main(int count, char **words) {
    pthread_t thread;
    char way[64];
    symlink("open.", "l"); symlink("plain", "m");
    pthread_create(&thread, 0, memory, 0);
    pthread_create(&thread, 0, links, 0);
    for (int i = atoi(words[1]); i; i--) {
        try(open((char *)name, O_RDONLY));
        try(open("l", O_RDONLY));
        try(open("m/secret", O_RDONLY));
        int above = open(i & 1 ? "l" : (char *)name, O_PATH);
        sprintf(way, "/proc/self/fd/%d", above);
        try(open(way, O_RDONLY));
        close(above);
        if (!linkat(-100, (char *)name, -100, "other", 0)) { try(open("other", O_RDONLY)); unlink("other"); }
        if (!rename((char *)name, "moved")) { try(open("moved", O_RDONLY)); rename("moved", "open."); }
    }
    printf("%d %d\n", opened > 100, denied > 100);
    return 0;
}
"""


def test_nobody_is_quick_enough(named: Place, compiled: Callable[..., str]) -> None:
    shutil.copy(compiled("race", RACE), named.work / "race")
    (named.work / "plain").mkdir()
    for name in ("open.", "plain/secret"):
        (named.work / name).write_text("plain")
    done = named.agent("./race 2000", "--observe", timeout=120)
    assert done.stdout == "1 1\n", done
    assert (named.work / "x.pem").read_text() == f"{SECRET}\n"


# The same in a session and without one.
WORK = r"""
cat <(echo one); cat <<< two; mkfifo f; (sleep 0.2; echo three > f) & cat f; wait
echo four | cat /dev/stdin; head -c3 /dev/zero | wc -c; grep -c ^Name: /proc/self/status; cat /proc/self/comm
for mask in 077 022 000; do umask $mask; touch made$mask; mkdir folder$mask; stat -c %a made$mask folder$mask; done
umask 022; timeout 0.5 cat f; echo $?
python3 - << 'CODE'
import errno, fcntl, os, pty, resource, sqlite3, tempfile, threading
def tell(call, *words):
    try:
        found = call(*words)
    except OSError as error:
        print(call.__name__, *words, errno.errorcode[error.errno])
    else:
        print(call.__name__, *words, "done" if found is None else found >= 0)
os.symlink("nothing", "l")
for name, flags in (("nope", 0), ("nope/x", os.O_CREAT), ("made022/x", 0), ("made022", os.O_CREAT | os.O_EXCL),
    (".", os.O_WRONLY), (".", os.O_CREAT), ("d/", os.O_CREAT), ("", 0), ("l", os.O_NOFOLLOW), ("l", 0),
    ("l", os.O_CREAT | os.O_EXCL), ("l", os.O_CREAT | os.O_WRONLY), ("/proc/self/fd/99", 0), ("x" * 300, os.O_CREAT),
    ("/", os.O_CREAT), ("/proc/self/task", os.O_DIRECTORY), ("made022", os.O_DIRECTORY), ("/dev/ptmx", os.O_RDWR),
    ("f", os.O_WRONLY | os.O_NONBLOCK), ("f", os.O_RDWR), ("made022/", 0)):
    tell(os.open, name, flags)
for call, *words in ((os.unlink, "."), (os.rmdir, ".."), (os.unlink, "nope"), (os.rename, "nope", "y"), (os.rename, ".", "y"),
    (os.unlink, "l"), (os.rmdir, "made022"), (os.rename, "folder022/", "renamed/"), (os.rmdir, "renamed/"), (os.unlink, "made022/"),
    (os.truncate, "made022", 5), (os.truncate, "nope", 5), (os.link, "made022", "two"), (os.link, "made022", "two")):
    tell(call, *words)
print(os.stat("made022").st_size, os.stat("two").st_nlink)
folder = os.open(".", os.O_PATH)
tell(os.open, f"/proc/self/fd/{folder}/made022", 0)
hidden = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o666)
os.link(f"/proc/self/fd/{hidden}", "shown", src_dir_fd=folder)
print(oct(os.stat("shown").st_mode))
for flags in (os.O_RDONLY, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC):
    number = os.open("made022", flags)
    print(os.get_inheritable(number), oct(fcntl.fcntl(number, fcntl.F_GETFL)))
with tempfile.TemporaryFile() as file:
    print(os.stat(f"/proc/self/fd/{file.fileno()}").st_nlink)
with sqlite3.connect("db") as base:
    print(base.execute("pragma journal_mode = wal").fetchone(), base.execute("create table t (a)").fetchall())
pid, there = pty.fork()
if not pid:
    os._exit(os.system("echo five > /dev/tty"))
print(os.read(there, 99))
def work():
    for _ in range(100): open("made022").close()
threads = [threading.Thread(target=work) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
for _ in range(30):
    try: os.open("made022", 0)
    except OSError as error: print(error.strerror); break
CODE
git init -q r; cd r; echo x > x; git add .; git -c user.name=a -c user.email=a@b commit -qm m; git gc -q; git clone -q . ../c
git log --format=%s | cat; cd ..; tar cf t.tar r; mkdir x; tar xf t.tar -C x; diff -r r x/r && rm -rf r; stat -c '%n %a' *
printf 'c: c.c\n\tgcc -o $@ $<\n' > Makefile; echo 'int main() { return 3; }' > c.c; command -v gcc > /dev/null && { make -s; ./c; echo $?; }
command -v npm > /dev/null && { npm init -y > said 2>&1; wc -l < package.json; }
"""


def test_everything_else_is_as_without(named: Place) -> None:
    missing = [name for name in ("git", "make") if not shutil.which(name)]
    if missing:
        pytest.skip(f"not installed: {missing}")
    told = []
    for way in ("bare", "gated"):
        (named.work / way).mkdir()
        if way == "gated":
            told.append(named.agent(f"cd gated; {WORK}", "--observe").stdout)
        else:
            named.own()
            done = subprocess.run(
                [*named.words, "bash"], input=f"cd bare; {WORK}", env=named.env, cwd=named.work, text=True,
                capture_output=True, timeout=60, check=False,
            )  # fmt: skip
            told.append(done.stdout)
    assert "three\n" in told[0]
    assert told[1].splitlines() == told[0].splitlines()


def test_what_appears_later_is_closed(named: Place) -> None:
    named.scope('[paths]\noff-limits = ["./*.p[e]m", "./.e[n]v"]\n')
    lines = "echo a > .env; echo b > new.pem; echo c > t; mv t new.pem; ln t new.pem; ls -A; mkdir d; mv d ../d && echo went"
    done = named.agent(lines, "--observe")
    assert done.stdout.split() == [".gatesh", "infra", "t", "x.pem", "went"], done
    named.scope('[paths]\noff-limits = ["*.p[e]m", ".env"]\n')
    code = "import os\nprint(open('deep/b.pem').read())"
    (named.work / "b").write_text(SECRET)
    (named.work / "read.py").write_text(code)
    done = named.agent("mkdir deep; cat b; cp b deep/b.pem; python3 read.py", "--observe")
    assert done.stdout == SECRET, done


# A user namespace with users in it, and the last one.
WITH_USERS = """
import ctypes, os, sys
(left, told), (mapped, said), me = os.pipe(), os.pipe(), os.getpid()
pid = os.fork()
if not pid:
    os.read(left, 1)
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/{me}/{name}", "w") as file:
            file.write("0 0 65535")
    os.write(said, b"x")
    os._exit(0)
assert not ctypes.CDLL(None).unshare(0x10000000)
os.write(told, b"x")
os.read(mapped, 1)
os.waitpid(pid, 0)
with open("/proc/sys/user/max_user_namespaces", "w") as file:
    file.write("0")
os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_programs_of_other_users_open_what_they_may(named: Place) -> None:
    """Below root: files are opened by whoever called, not by root."""
    if os.getuid() or named.uid or not shutil.which("setpriv"):
        pytest.skip("only root can be another user")
    named.words = ["python3", "-c", WITH_USERS]
    lines = """
cd FOLDER
for f in shadow given; do echo $f > $f; chmod 600 $f; done; chown 1234 given; mkdir out; chown 1234 out; chmod 711 .
user="setpriv --reuid=1234 --regid=1234 --clear-groups"
$user cat shadow; $user cat given; $user sh -c 'echo x > out/new; echo x > new'; stat -c %u:%g out/new; cat shadow
setpriv --bounding-set=-all --inh-caps=-all cat given
python3 -c 'import os; os.setresuid(1234, 1234, 1234); print(open("given").read(), end=""); open("shadow")'
"""
    with tempfile.TemporaryDirectory() as folder:  # pytest keeps others out of its own
        Path(folder).chmod(0o755)
        done = named.agent(lines.replace("FOLDER", folder), "--observe")
    assert done.stdout == "given\n1234:1234\nshadow\ngiven\n", done


CALLS = """
.globl _start
.text
_start:
    mov $5, %eax; mov $path, %ebx; xor %ecx, %ecx; int $0x80
    mov %eax, %ebx; mov $3, %eax; mov $text, %ecx; mov $64, %edx; int $0x80
    mov %eax, %edx; mov $4, %eax; mov $1, %ebx; mov $text, %ecx; int $0x80
    mov $1, %eax; xor %ebx, %ebx; int $0x80
.data
path: .asciz "PATH"
text: .space 64
"""


def test_32_bit_calls_are_made_by_the_opener_too(named: Place) -> None:
    found = []
    (named.work / "open.").write_text("plain")
    for name in ("x.pem", "open."):
        (named.work / "c.s").write_text(CALLS.replace("PATH", name))
        made = subprocess.run(
            ["gcc", "-nostdlib", "-static", "-no-pie", "-o", named.work / f"read-{name}", named.work / "c.s"],
            capture_output=True, check=False,
        )  # fmt: skip
        if (
            made.returncode
            or subprocess.run([named.work / f"read-{name}"], cwd=named.work).returncode
        ):
            pytest.skip("no 32-bit calls here")
        found.append(named.agent(f"./read-{name}", "--observe").stdout)
    assert found == ["", "plain"]


HIDDEN = """
import ctypes
prctl = ctypes.CDLL(None).prctl
print(prctl(4, 0, 0, 0, 0))
for name in ("plain", "x.pem"):
    try: print(open(name).read())
    except OSError as error: print(error.strerror)
"""


def test_a_program_that_hides_its_memory_opens_files_too(named: Place) -> None:
    (named.work / "hidden.py").write_text(HIDDEN)
    (named.work / "plain").write_text("plain")
    done = named.agent("python3 hidden.py", "--observe")
    assert done.stdout.split("\n")[:3] == ["0", "plain", "Permission denied"], done


AT_THE_OPENER = """
import os, signal, sys
run = int(os.environ["GATESH_RUN"])
def said(pid):
    try: return open(f"/proc/{pid}/status").read()
    except OSError: return ""
def below(pid): return [int(n) for n in os.listdir("/proc") if n.isdigit() and f"\\nPPid:\\t{pid}\\n" in said(n)]
mine = os.getppid()
while mine not in below(run): mine = int(open(f"/proc/{mine}/stat").read().rsplit(")")[1].split()[1])
(opener,) = [pid for pid in below(run) if pid != mine]
for number in (9, 19, 15):
    try: os.kill(opener, number); print("signalled")
    except OSError as error: print(error.strerror)
for way in ("mem", "maps", "environ", "fd", "fd/3", "cwd/x", "root/etc/passwd", "task/%d/mem" % opener):
    for flags in (os.O_RDONLY, os.O_RDWR):
        try: os.open(f"/proc/{opener}/{way}", flags); print("opened", way)
        except OSError as error: pass
print(open(f"/proc/{opener}/stat").read().split()[0] == str(opener))
"""


def test_the_opener_is_out_of_reach(named: Place) -> None:
    (named.work / "at.py").write_text(AT_THE_OPENER)
    done = named.agent("python3 at.py", "--observe")
    out = [line for line in done.stdout.splitlines() if line != "opened root/etc/passwd"]
    assert out == ["Operation not permitted"] * 3 + ["True"], done


def test_namespaces_and_other_ways_past_names_are_refused(named: Place) -> None:
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
CALLS = {"landlock_create_ruleset": (444, 0, 0, 1), "open_tree": (428, -100, b".", 0), "openat2": (437, -100, b"x.pem", b"\\0" * 24, 24), "chroot": (161, b"."),
         "unshare": (272, 0x20000), "io_uring_setup": (425, 1, b"\\0" * 120), "clone": (56, 0x10000011, 0, 0, 0, 0)}
for name, (number, *words) in CALLS.items():
    print(name, libc.syscall(number, *words), os.strerror(ctypes.get_errno()))
"""
    if os.uname().machine != "x86_64":
        pytest.skip("the numbers are those of another machine")
    (named.work / "calls.py").write_text(code)
    done = named.agent("python3 calls.py", "--observe")
    refused = "Operation not permitted"
    whys = dict.fromkeys(("openat2", "landlock_create_ruleset"), "Function not implemented")
    names = (
        "landlock_create_ruleset",
        "open_tree",
        "openat2",
        "chroot",
        "unshare",
        "io_uring_setup",
        "clone",
    )
    assert done.stdout.splitlines() == [f"{name} -1 {whys.get(name, refused)}" for name in names]
