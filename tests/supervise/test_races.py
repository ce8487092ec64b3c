"""Attempts to be quicker than the gate: arguments, environment and path that change under its eyes, floods, kills."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

TRIES = int(os.environ.get("GATESH_TRIES", "64"))

# A thread flips what the exec is given between a harmless and a held form while the exec is on its way.
FLIP = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile char *arg; static const char *good, *bad;
static void *flip(void *x) {
  for (;;) {
    strcpy((char *)arg, good); for (volatile int i = 0; i < 300; i++);
    strcpy((char *)arg, bad);  for (volatile int i = 0; i < 300; i++);
  }
  return 0;
}
int main(int c, char **v) {
  int n = atoi(v[1]), gone = 0, refused = 0, ran = 0, other = 0; const char *what = v[2];
  good = v[3]; bad = v[4];
  for (int i = 0; i < n; i++) {
    pid_t p = fork();
    if (!p) {
      arg = mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      strcpy((char *)arg, good);
      pthread_t t; pthread_create(&t, 0, flip, 0); usleep(200);
      char name[64]; snprintf(name, 64, "%d", i);
      char *number[] = {"NUMBER=0", 0}; char *env[] = {(char *)arg, 0};
      close(1); close(2);
      if (!strcmp(what, "argument")) { char *a[] = {"rm", "-f", (char *)arg, 0}; execve("/bin/rm", a, number); }
      if (!strcmp(what, "path")) { char *a[] = {"x", "-f", "keep", 0}; execve((char *)arg, a, number); }
      if (!strcmp(what, "environment")) { char *a[] = {"sh", "f", 0}; execve("/bin/sh", a, env); }
      _exit(99);
    }
    int s; waitpid(p, &s, 0);
    if (access("keep", F_OK)) { gone++; fclose(fopen("keep", "w")); }
    else if (WIFEXITED(s) && WEXITSTATUS(s) == 126) refused++;
    else if (WIFEXITED(s) && WEXITSTATUS(s) != 99) ran++;
    else other++;
  }
  printf("gone %d refused %d ran %d other %d\n", gone, refused, ran, other);
}
"""


@pytest.mark.parametrize(
    ("what", "good", "bad"),
    [
        ("argument", "fine", "keep"),
        ("path", "/bin/ls", "/bin/rm"),
        ("environment", "WHAT=fine", "WHAT=keep"),
    ],
)
def test_what_flips_runs_only_as_it_was_decided_on(
    what, good, bad, run, work: Path, compiled
) -> None:
    program = compiled("flip", FLIP)
    (work / "keep").write_text("x")
    (work / "f").write_text("rm -f $WHAT")
    done = run.agent(
        f"import subprocess as s; print(s.run([{program!r}, '{TRIES}', {what!r}, {good!r}, {bad!r}], "
        "capture_output=True, text=True).stdout)",
        timeout=300,
    )
    numbers = dict(zip(done.stdout.split()[::2], map(int, done.stdout.split()[1::2]), strict=True))
    assert numbers["gone"] == 0, done
    assert numbers["refused"] + numbers["ran"] >= TRIES * 0.9, done
    assert numbers["refused"] > 0, done


def test_a_flood_is_recorded_whole(run) -> None:
    """Eight processes at once; none is lost, and none hangs."""
    each = TRIES * 25 // 8
    done = run.agent(
        "import os\n"
        "for i in range(8):\n"
        "    if not os.fork():\n"
        f"        for j in range({each}): os.spawnv(os.P_WAIT, '/bin/true', ['true', f'{{i}}-{{j}}'])\n"
        "        os._exit(0)\n"
        "for i in range(8): assert os.wait()[1] == 0\n",
        timeout=300,
    )
    assert done.returncode == 0, done
    found = [r for r in run.history("true") if "/true " in r["command_line"]]
    assert len({r["command_line"] for r in found}) == len(found) == 8 * each
    assert {r["exit_code"] for r in found} <= {0, None}


CROWD = """
import os, resource, subprocess
if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2000:
    os._exit(77)
crowd = [os.posix_spawn("/bin/sleep", ["sleep", "60"], {}) for _ in range(1100)]
print(subprocess.run(["rm", "keep"]).returncode, subprocess.run(["true"]).returncode)
for pid in crowd:
    os.kill(pid, 9)
"""


def test_a_crowd_does_not_keep_what_is_refused_waiting(run, work: Path) -> None:
    """select(2) knows no descriptor beyond a thousand."""
    (work / "keep").touch()
    done = run.agent(CROWD)
    if done.returncode == 77:
        pytest.skip("no process may have a thousand descriptors here")
    assert done.stdout == "126 0\n", done


def test_killed_at_any_moment_it_leaves_nothing_and_ran_nothing_unrecorded(run, work: Path) -> None:
    """Each program writes its number as it starts; whatever did so has a begin row."""
    script = work / "loop.sh"
    script.write_text("i=0; while :; do i=$((i+1)); /bin/mkdir $RUN-$i; done")
    rounds = TRIES // 4
    for number in range(rounds):
        run.env.update(RUN=f"r{number}", MARK=f"kill-{os.getpid()}")
        with run.start("sh", "-c", "echo $GATESH_RUN; exec sh loop.sh") as process:
            supervisor = int(process.stdout.readline())
            time.sleep(random.uniform(0.0, 0.3))
            os.kill(supervisor, signal.SIGKILL)
            process.wait(30)
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                environment = Path(f"/proc/{name}/environ").read_bytes()
            except OSError:
                continue
            assert b"MARK=kill-%d\0" % os.getpid() not in environment + b"\0", name
    made = {path.name for path in work.iterdir() if path.name.startswith("r")}
    recorded = {r["command_line"].split()[-1] for r in run.history("mkdir")}
    assert made and made <= recorded


def test_a_stopped_supervisor_lets_nothing_run(run, work: Path) -> None:
    with run.start("sh", "-c", "echo $GATESH_RUN; read x; /bin/mkdir ran; echo done") as process:
        supervisor = int(process.stdout.readline())
        os.kill(supervisor, signal.SIGSTOP)
        process.stdin.write("go\n")
        process.stdin.flush()
        time.sleep(1)
        assert not (work / "ran").exists()
        os.kill(supervisor, signal.SIGCONT)
        assert process.stdout.readline() == "done\n"
        assert process.wait(20) == 0
    assert subprocess.run(["test", "-d", work / "ran"]).returncode == 0
