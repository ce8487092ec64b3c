"""What a scope has off-limits is closed below `gatesh run`: to root, and to a user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.installed import GATESH
from tests.supervise.test_fallback import ABOVE

WAYS = tomllib.loads(Path(__file__).parents[1].joinpath("data/closed_ways.toml").read_text())["way"]
SCOPE = '[paths]\noff-limits = ["infra/**", "./*.p[e]m", "./way*/infra/**"]\n[credentials]\noff-limits = ["../home/netrc"]\n'
SECRET = "precious-4711"
USER = 1234  # not 65534: that is what a stranger's files seem to belong to in a user namespace
AGENT = "import sys; exec(sys.stdin.read())"
# Opens a file by its handle: below a folder (argv[2]), a file that `handle` once named.
HANDLES = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **words) {
    struct { struct file_handle h; unsigned char rest[128]; } at;
    char text[64] = "";
    int mount, fd, last = atoi(words[2]);
    at.h.handle_bytes = 128;
    if (name_to_handle_at(AT_FDCWD, words[1], &at.h, &mount, 0)) return perror("handle"), 1;
    int above = open(".", O_RDONLY);
    unsigned *numbers = (unsigned *)at.h.f_handle;  /* ext4, xfs and the like: the inode comes first */
    for (unsigned number = numbers[0] - last; number < numbers[0] + last; number++) {
        unsigned kept = numbers[0];
        numbers[0] = number;
        fd = open_by_handle_at(above, &at.h, O_RDONLY);
        numbers[0] = kept;
        if (fd >= 0 && read(fd, text, 60) > 0) write(1, text, 60);
        if (fd >= 0) close(fd);
        else if (number == kept) perror("open");
    }
}
"""


class Place:
    """A project with what is off-limits, and a gatesh that its user can start."""

    def __init__(self, folder: Path, gatesh: str, uid: int) -> None:
        self.folder, self.uid = folder, uid
        self.work, self.home = folder / "work", folder / "home"
        self.words = [] if uid == os.getuid() else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]  # fmt: skip
        self.env = {
            "HOME": str(self.home), "PATH": f"{Path(gatesh).parent}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
            "GATESH_HOME": str(folder / "g"),
        }  # fmt: skip
        for made in (self.work / ".gatesh", self.home, folder / "g"):
            made.mkdir(parents=True, mode=0o700)
        put(self.work)
        self.scope(SCOPE)

    def scope(self, text: str) -> None:
        (self.work / ".gatesh/scope.toml").write_text(text)
        self.own()

    def own(self) -> None:
        """Have it all belong to its user."""
        subprocess.run(["chown", "-R", f"{self.uid}:{self.uid}", self.folder], check=True)

    def gatesh(
        self, *words: str, given: str = "", timeout: float = 60, **more: object
    ) -> subprocess.CompletedProcess:
        self.own()
        return subprocess.run(
            [*self.words, "gatesh", *words], env=self.env, input=given, text=True, capture_output=True, timeout=timeout, check=False,
            errors="replace", **{"cwd": self.work, **more},
        )  # fmt: skip

    def agent(self, lines: str, *options: str, **more: object) -> subprocess.CompletedProcess:
        """Have an agent feed lines to a bash."""
        code = f"import subprocess; sys.exit(subprocess.run(['bash'], input={lines!r}, text=True).returncode)"
        words = ("run", "--no-tty-prompt", *options, "--", "python3", "-c", AGENT)
        return self.gatesh(*words, given=code, **more)


@pytest.fixture(scope="module")
def installed() -> Iterator[str]:
    """A copy of the installed gatesh that another user can start."""
    minor = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    python = shutil.which(minor, path="/usr/bin:/usr/local/bin")
    if not python:
        pytest.skip(f"there is no {minor} that another user can start")
    here = Path(sysconfig.get_path("purelib"))

    wanted = (
        "gatesh", "bashlex", "click", "sqlite", "tabulate", "dateutil", "six", "pluggy", "python_dateutil",
    )  # fmt: skip

    def unwanted(at: str, names: list[str]) -> list[str]:
        return [n for n in names if Path(at) == here and not n.startswith(wanted)]

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(here, folder / "lib" / minor / "site-packages", ignore=unwanted)
        (folder / "bin").mkdir()
        shutil.copy(GATESH, folder / "bin/gatesh")
        (folder / "bin/python").symlink_to(python)
        subprocess.run(["chmod", "-R", "go+rX", folder], check=True)
        yield str(folder / "bin/gatesh")


@pytest.fixture(params=["as we are", "as a user"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "as we are":
        yield Place(tmp_path / "place", GATESH, os.getuid())
        return
    if os.getuid():
        pytest.skip("only root can be another user")
    with tempfile.TemporaryDirectory() as folder:  # pytest keeps others out of its own
        Path(folder).chmod(0o755)
        found = Place(Path(folder) / "place", request.getfixturevalue("installed"), USER)
        if (done := found.gatesh("--version")).returncode:
            pytest.skip(f"another user cannot start gatesh here: {done.stderr}")
        yield found


@pytest.fixture
def closing(place: Place) -> Place:
    """Skip where this kernel or container does not let us close paths."""
    said = place.agent("true").stderr
    if "advisory" in said:
        pytest.skip(said)
    return place


def test_the_first_line_and_the_record_say_what_is_closed(closing: Place) -> None:
    (closing.home / "netrc").write_text(SECRET)
    done = closing.agent("id -u")
    assert ", 3 paths closed;" in done.stderr.splitlines()[0], done
    assert (
        "gatesh run closes what a scope has off-limits"
        in closing.gatesh("doctor", "--no-agents").stdout
    )
    alerts = closing.gatesh("history", "--alerts", "--nl").stdout
    for name in ("work/x.pem", "work/infra", "home/netrc"):
        assert f"{closing.folder}/{name}" in alerts


def put(folder: Path) -> None:
    """Put the secrets into a folder."""
    (folder / "infra").mkdir(parents=True)
    for name in ("x.pem", "infra/secret"):
        (folder / name).write_text(f"{SECRET}\n")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way["name"])
def test_each_way_leads_there_where_nothing_is_closed(way: dict, tmp_path: Path) -> None:
    if "blind" in way:
        pytest.skip(way["blind"])
    if os.getuid():
        pytest.skip("some ways are root's")
    _skip_without(way)
    put(tmp_path / "work")
    done = subprocess.run(
        ["bash"], input=way["line"], cwd=tmp_path / "work", capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GATESH_RUN": str(os.getpid())}, errors="replace",
    )  # fmt: skip
    assert SECRET in done.stdout, done


def _skip_without(way: dict) -> None:
    missing = [name for name in way.get("needs", "").split() if not shutil.which(name)]
    if missing:
        pytest.skip(f"not installed: {missing}")


def test_no_way_leads_to_what_is_closed(closing: Place) -> None:
    """In one session: each in a folder of its own."""
    script = "for w in way*; do cd $w/work; timeout 30 bash < ../line > ../said 2>&1; cd ../..; done; echo all done"
    for number, way in enumerate(WAYS):
        put(closing.work / f"way{number}" / "work")
        (closing.work / f"way{number}" / "line").write_text(way["line"])
    done = closing.agent(script, "--observe", timeout=200)
    assert done.stdout == "all done\n", done
    assert f", {2 + 2 * len(WAYS)} paths closed;" in done.stderr
    for number, way in enumerate(WAYS):
        folder = closing.work / f"way{number}"
        kept = folder / "work"
        said = (folder / "said").read_text(errors="replace")
        for name in ("x.pem", "infra/secret"):
            assert (kept / name).read_text() == f"{SECRET}\n", (way["name"], said)
        files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
        told = [path for path in files if SECRET.encode() in path.read_bytes()]
        assert sorted(told) == [kept / "infra/secret", kept / "x.pem"], (way["name"], said)


def test_everything_else_goes_on(closing: Place) -> None:
    lines = "id -u; echo new > new; cat new; git init -q && git add new && echo added; git status --short; stat -c %U new"
    done = closing.agent(lines)
    assert done.stdout.split()[:3] == [str(closing.uid), "new", "added"], done
    assert "A  new" in done.stdout.splitlines()
    assert (closing.work / "new").read_text() == "new\n"


def test_setuid_programs_work_below_root_and_do_not_reach_what_is_closed(closing: Place) -> None:
    if os.getuid() or closing.uid or not shutil.which("setpriv"):
        pytest.skip("only root can try this")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shutil.copy("/usr/bin/python3", f"{folder}/gain")
        Path(f"{folder}/gain").chmod(0o4755)
        code = f"import os; print(os.geteuid()); open('{closing.work}/x.pem')"
        user = "setpriv --reuid=65534 --regid=65534 --clear-groups"
        script = f'{user} {folder}/gain -c "{code}"; cd {folder}; touch new; chown 1:2 new; stat -c %u:%g new'
        done = closing.agent(script, "--observe")
    assert done.stdout == "0\n1:2\n", done
    assert "PermissionError" in done.stderr


def test_ssh_takes_its_configuration(installed: str) -> None:
    """It wants what it includes to be root's, and root is nobody there."""
    if os.getuid() or not shutil.which("ssh"):
        pytest.skip("only root can put a file over /etc/ssh/ssh_config, and ssh must be there")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "ssh").mkdir()
        (folder / "ssh/ssh_config").write_text(f"Include {folder}/ssh/*.conf\n")
        (folder / "ssh/a.conf").write_text(f"Include {folder}/ssh/deep\n")
        (folder / "ssh/deep").write_text("Host gatesh-test\n  Port 4711\n")
        place = Place(folder / "place", installed, pwd.getpwnam("daemon").pw_uid)
        mounts = f'mount --bind {folder}/ssh/ssh_config /etc/ssh/ssh_config && exec "$@"'
        place.words = ["unshare", "-m", "sh", "-c", mounts, "sh", *place.words]
        done = place.agent("ssh -G gatesh-test | grep -i '^port'; cat x.pem", "--observe")
        if "advisory" in done.stderr:
            pytest.skip(done.stderr)
        assert done.stdout == "port 4711\n", done


def test_what_takes_a_folder_that_holds_something_closed_is_not_asked_about(closing: Place) -> None:
    """Unless something may be there that is open: a file that fits a glob and appears later."""
    closing.scope('[paths]\noff-limits = ["infra/**", "x.pem"]\n')
    done = closing.agent(
        "grep -rl precious ../work; tar cf ../t.tar ../work; cat infra/secret; echo $?"
    )
    assert done.stdout == "126\n", done
    assert done.stderr.count("Permission denied") >= 3
    assert done.stderr.count("refused [") == 1
    assert (
        "infra/secret is off-limits (scope.toml:2), and closed to this session: a yes does not open it"
        in done.stderr
    )
    closing.scope('[paths]\noff-limits = ["infra/**", "./*.p[e]m"]\n')
    assert "there is something off-limits below" in closing.agent("tar cf ../t.tar ../work").stderr


def test_an_inherited_folder_leads_to_what_is_closed_no_more(closing: Place) -> None:
    folder = os.open(closing.work, os.O_RDONLY)
    os.set_inheritable(folder, True)
    code = f"""
import os
for name in ("x.pem", "infra/secret", "../work/x.pem"):
    try:
        print(os.read(os.open(name, os.O_RDONLY, dir_fd={folder}), 99))
    except OSError as error:
        print(error.strerror)
print(os.listdir({folder}) == os.listdir("."))
"""
    words = ("run", "--observe", "--", "python3", "-c", AGENT)
    done = closing.gatesh(*words, given=code, pass_fds=(folder,))
    os.close(folder)
    assert done.stdout.split("\n")[:4] == ["Permission denied"] * 3 + ["True"], done


REPLACING = """
import os, subprocess, sys, time
def shown(name):
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            open(name).close()
        except PermissionError:
            return "closed"
        except (FileNotFoundError, IsADirectoryError):
            pass
        time.sleep(0.01)
    return "open"
print(shown("x.pem"), flush=True)
for name in ("x.pem", ".env", "infra"):
    print("next", flush=True)
    sys.stdin.readline()
    print(shown(name), flush=True)
"""


def test_what_is_replaced_or_appears_is_closed_again(closing: Place) -> None:
    closing.scope('[paths]\noff-limits = ["infra/**", "x.pem", ".env"]\n')
    (closing.work / "agent.py").write_text(REPLACING)
    words = [*closing.words, "gatesh", "run", "--observe", "--", "python3", "agent.py"]
    with subprocess.Popen(
        words, env=closing.env, cwd=closing.work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:  # fmt: skip
        assert run.stdin
        assert run.stdout
        assert run.stdout.readline() == "closed\n"
        for name in ("x.pem", ".env", "infra"):
            assert run.stdout.readline() == "next\n"
            fresh = closing.work / "fresh"
            if name == "infra":
                shutil.rmtree(closing.work / name)
                fresh.mkdir()
            else:
                fresh.write_text(SECRET)
            fresh.rename(closing.work / name)
            run.stdin.write("\n")
            run.stdin.flush()
            assert run.stdout.readline() == "closed\n", name
        assert (closing.work / ".env").read_text() == SECRET
    assert run.returncode == 0
    alerts = closing.gatesh("history", "--alerts", "--nl").stdout
    assert f"closed again: {closing.work}/.env" in alerts
    assert "has ended: from now on" not in alerts


APPEARING = """
import sys, time
def shown(name):
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            open(name).close()
        except PermissionError:
            return "closed"
        except (FileNotFoundError, IsADirectoryError):
            pass
        time.sleep(0.01)
    return "open"
for name in sys.argv[1:]:
    print("next", flush=True)
    sys.stdin.readline()
    print(shown(name), flush=True)
"""
# A new name, and what it is below the folder where the session works.
NEW = ("y.pem", "src/y.pem", "new/deep/er/y.pem", "moved/in/y.pem", "way9/infra/secret", "a b.pem")


def test_what_appears_and_fits_a_glob_is_closed(closing: Place) -> None:
    closing.scope('[paths]\noff-limits = ["*.pem", "./way*/infra/**"]\n')
    (closing.work / "agent.py").write_text(APPEARING)
    (closing.work / "src").mkdir(exist_ok=True)
    beside = closing.work.parent / "beside"
    (beside / "in").mkdir(parents=True)
    (beside / "in/y.pem").write_text(SECRET)
    names = [*NEW, "src/plain.txt", "node_modules/ca.pem"]
    words = [*closing.words, "gatesh", "run", "--observe", "--", "python3", "agent.py", *names]
    told = {}
    with subprocess.Popen(
        words, env=closing.env, cwd=closing.work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:  # fmt: skip
        assert run.stdin
        assert run.stdout
        for name in names:
            assert run.stdout.readline() == "next\n"
            path = closing.work / name
            if name.startswith("moved"):
                beside.rename(closing.work / "moved")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(SECRET)
            run.stdin.write("\n")
            run.stdin.flush()
            told[name] = run.stdout.readline().strip()
            assert path.read_text() == SECRET, "a person goes on seeing it"
    assert told == {name: "closed" if name in NEW else "open" for name in names}
    assert run.returncode == 0
    alerts = closing.gatesh("history", "--alerts", "--nl").stdout
    assert f"closed again: {closing.work}/new/deep/er/y.pem" in alerts
    assert "has ended: from now on" not in alerts


def test_a_link_that_appears_closes_nothing_else(closing: Place) -> None:
    closing.scope('[paths]\noff-limits = ["*.pem"]\n')
    (closing.work / "plain.txt").write_text("here\n")
    done = closing.agent("ln -s plain.txt z.pem; sleep 0.5; cat plain.txt", "--observe")
    assert done.stdout == "here\n"


def test_what_closes_again_can_be_ended_by_nobody_below(closing: Place) -> None:
    code = """
import os, signal
above = {f"PPid:\\t{os.environ['GATESH_RUN']}"}
agent = int(next(line for line in open(f"/proc/{os.getppid()}/status") if line.startswith("PPid")).split()[1])
for name in os.listdir("/proc"):
    try:
        ours = not above.isdisjoint(open(f"/proc/{name}/status").read().splitlines())
    except OSError:
        continue
    if ours and int(name) not in (os.getppid(), agent):
        for number in (signal.SIGKILL, signal.SIGSTOP):
            try:
                os.kill(int(name), number)
                print("signalled", name)
            except OSError as error:
                print(error.strerror)
        for way in ("mem", "root/etc/passwd"):
            try:
                open(f"/proc/{name}/{way}", "rb").close()
                print("opened", way)
            except OSError as error:
                print(error.strerror)
"""
    (closing.work / "kill.py").write_text(code)
    done = closing.agent("python3 kill.py; exit 0", "--observe")
    assert done.stdout == "Operation not permitted\n" * 2 + "Permission denied\n" * 2, done


def test_handles_of_files_lead_nowhere(closing: Place, compiled: Callable[..., str]) -> None:
    (closing.work / "near").write_text("beside")
    program = closing.work / "handles"
    shutil.copy(compiled("handles", HANDLES), program)
    for how in ("", "unshare -Ur ", "unshare -Urm "):
        done = closing.agent(f"{how}./handles near 300", "--observe")
        assert SECRET not in done.stdout, done
        assert "open: " in done.stderr or "handle: " in done.stderr, done


def test_what_is_mounted_elsewhere_too_is_closed_there(closing: Place) -> None:
    if os.getuid() or closing.uid:
        pytest.skip("only root can mount")
    other, inside = closing.folder / "other", closing.work / "infra/inside"
    other.mkdir()
    inside.mkdir()
    script = f"mount --bind {closing.work} {other} && mount --bind {closing.work} {inside} && exec gatesh run --no-tty-prompt -- python3 -c '{AGENT}'"
    code = """
for name in ("x.pem", "infra/secret"):
    try:
        print(open("../other/" + name).read())
    except OSError as error:
        print(error.strerror)
"""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], env=closing.env, cwd=closing.work, input=code, text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "Permission denied\n" * 2, done
    assert ", 2 paths closed;" in done.stderr


def test_a_program_is_still_known_by_what_it_is(closing: Place) -> None:
    """The supervisor sees the files as they are, and the tree's mounts as its own."""
    (closing.work / "patterns").mkdir()
    patterns = closing.folder / "g/patterns"
    patterns.mkdir(mode=0o700)
    rule = '[hold-keep]\ncli = "{rm} *keep*"\nseverity = "high"\nclass = "data-destroy"\nsay = "removes"\n'
    rule += 'instead = "ls"\ncatches = ["rm keep", "rm -rf ./keep"]\npasses = ["rm x", "rm y"]\n'
    (patterns / "test.toml").write_text(rule)
    (closing.work / "keep").write_text("x")
    done = closing.agent("cp /bin/rm notrm; ./notrm ke*")
    assert (closing.work / "keep").exists(), done
    assert "refused [hold-keep]" in done.stderr


def test_where_namespaces_and_listeners_are_refused_the_paths_are_advisory_and_it_says_so(
    place: Place,
) -> None:
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    above = ["python3", "-c", ABOVE, "listener"]
    place.words = [*place.words, "unshare", "-Ur", "sh", "-c", script, "sh", *above]
    done = place.agent("cat x.pem", "--observe")
    if "gatesh: run" not in done.stderr:
        pytest.skip(f"no such namespace can be made here: {done.stderr}")
    first, second = done.stderr.splitlines()[:2]
    assert "its paths are advisory; " in first
    assert (
        "its paths are advisory (there may be no more user namespaces): known as far as" in second
    )
    assert SECRET in done.stdout
    told = place.gatesh("doctor", "--no-agents").stdout
    assert "would be advisory below gatesh run: there may be no more user namespaces" in told
    assert not list(Path(tempfile.gettempdir()).glob("gatesh-*/closed"))


def test_gatesh_reads_nothing_closed_for_the_agent(closing: Place) -> None:
    """A refusal says what a script would do, and a record is there to be read."""
    for name, text in (
        ("infra/secret", f"rm -rf /srv/{SECRET}"),
        ("infra/q.sql", f'drop table "{SECRET}"'),
        ("infra/curlrc", f"url = https://{SECRET}.example.com\nrequest = DELETE"),
        ("infra/Makefile", f"all:\n\trm -rf /srv/{SECRET}"),
    ):
        (closing.work / name).write_text(f"{text}\n")
    lines = (
        "bash infra/secret; ln -s infra/secret l; bash l; . infra/secret; bash -c '. infra/secret'; bash < infra/secret\n"
        "psql -h db.example.com -f infra/q.sql; curl -K infra/curlrc; make -f infra/Makefile; make -C infra\n"
        "bash /proc/$$/root$PWD/infra/secret; bash /proc/self/cwd/infra/secret\n"
        "gatesh history --programs --json --full --limit 1000 --since 1h\n"
    )
    done = closing.agent(lines)
    assert "refused [" in done.stderr and '"record"' in done.stdout, done
    assert SECRET not in done.stderr + done.stdout
