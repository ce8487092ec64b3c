"""A run that root has started: programs that gain privileges work below it, and are gated."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatesh.run.look import _owner
from gatesh.supervise import kernel

# What `sudo` would be: it gains root, says so, tries what root could do to the guards, and starts rm.
SETUID = r"""
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>
int main(int count, char **words) {
    int supervisor = atoi(words[1]);
    char memory[64];
    sprintf(memory, "/proc/%d/mem", supervisor);
    if (supervisor < 2) return 9;
    setuid(0);
    printf("%d %d ", getuid(), geteuid());
    printf("%d ", kill(supervisor, SIGKILL) ? errno : 0);
    printf("%ld ", ptrace(PTRACE_ATTACH, supervisor, 0, 0) ? (long)errno : 0);
    printf("%d\n", open(memory, O_RDWR) < 0 ? errno : 0);
    fflush(stdout);
    execl("/bin/rm", "rm", words[2], (char *)0);
}
"""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not kernel.may_filter(), reason="only root can try this"
)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that any user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_setuid_program_works_and_is_gated(run, compiled, shared: Path) -> None:
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed")
    program, keep = shared / "gain", shared / "keep"
    shutil.copy(compiled("gain", SETUID), program)
    program.chmod(0o4755)
    keep.write_text("x")
    gain = f"setpriv --reuid=65534 --regid=65534 --clear-groups {program} $GATESH_RUN {keep}"
    direct = subprocess.run(["sh", "-c", gain], env={"GATESH_RUN": "999999999", "PATH": os.environ["PATH"]}, capture_output=True, text=True)  # fmt: skip
    if not direct.stdout.startswith("0 0 "):
        pytest.skip("setuid programs gain nothing here")
    keep.write_text("x")
    done = run.agent(f"import os; os.system({gain!r})")
    assert done.stdout == "0 0 1 1 13\n", done  # root twice; EPERM, EPERM, EACCES
    assert keep.exists() and "refused [hold-keep]" in done.stderr


def test_root_looks_at_a_repository_as_its_owner(shared: Path) -> None:
    """Else what its owner writes into its configuration meanwhile would run as root."""
    (shared / "a" / "b" / ".git").mkdir(parents=True)
    assert _owner(str(shared / "a" / "b" / ".git")) is None
    os.chown(shared / "a", 1234, 1235)
    assert _owner(str(shared / "a" / "b" / ".git")) == (1234, 1235)
    assert _owner(str(shared / "gone" / ".git")) == (65534, 65534)
