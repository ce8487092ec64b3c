"""A program that sees other files than we do under the same names: what it would delete is found there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.supervise.test_deletions import outside  # noqa: F401  a fixture

# Each would delete the folder `d`, under a name below /tmp or of a build, and says 77 where it cannot begin.
LINES = {
    "a mount on /tmp": "own 'mount --bind d $t && rm -rf $t/*'",
    "a mount above a folder in /tmp": "own 'mount --bind . $t && cd $t && rm -rf d'",
    "a mount on what a build makes": "mkdir build; own 'mount --bind d build && rm -rf build/*'",
    "a root of its own": "root; mv d r/kept; mv r/kept r/tmp/d; own 'chroot r /busybox rm -rf /tmp/d'",
    "a folder in a root of its own": "root; ren d r/tmp/d; own 'chroot r /busybox sh -c \"cd tmp; rm -rf d\"'",
    "another root, and a folder outside": "root; own 'chroot r /busybox sh -c \"rm -rf /proc/self/cwd/d\"'",
    "the loader in a root of its own": (
        "root; ren d r/tmp/d; mkdir -p r/lib64 r/bin; cp -L /lib64/ld-linux-x86-64.so.2 r/lib64; cp /bin/rm r/bin/ls;"
        " for f in $(ldd /bin/rm | grep -o '/lib[^ ]*'); do mkdir -p r${f%/*}; cp -L $f r$f; done;"
        " own 'chroot r /lib64/ld-linux-x86-64.so.2 /bin/ls -rf /tmp/d'"
    ),
}
BEFORE = """
t=$(mktemp -d)
PATH=$PATH:/usr/sbin:/sbin
own() { unshare -rm true || exit 77; export t; echo "$1" | unshare -rm sh; }
ren() { echo "import os; os.rename('$1', '$2')" | python3 -; }
root() { mkdir -p r/tmp; cp $(command -v busybox) r/busybox; }
"""


@pytest.mark.parametrize("how", LINES)
def test_what_is_called_by_another_name_is_asked_about(
    how: str,
    run,
    outside: Path,  # noqa: F811
) -> None:
    for program in ("unshare", "busybox"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    done = run.shell(BEFORE + LINES[how], cwd=outside)
    if done.returncode == 77:
        pytest.skip("no namespaces of one's own here")
    assert len(list(outside.rglob("[0-9]*"))) == 400, done
    assert "refused [" in done.stderr and "not found" not in done.stderr, done


QUIET = {
    "its own /tmp": "own 'mount -t tmpfs none /tmp && mkdir -p /tmp/a/b && echo x >/tmp/a/b/c && rm -rf /tmp/a && echo fine'",
    "a folder in its own /tmp": "own 'mount -t tmpfs none /tmp && cd /tmp && mkdir a && echo x >a/c && rm -rf a && echo fine'",
    "the same /tmp": "mkdir $t/a; echo x >$t/a/c; own 'rm -rf $t/a && echo fine'",
    "what a build makes": "mkdir -p p/build; echo x >p/build/c; own 'cd p; rm -rf build && echo fine'",
}


@pytest.mark.parametrize("how", QUIET)
def test_what_is_thrown_away_there_as_well_is_not_asked_about(
    how: str,
    run,
    outside: Path,  # noqa: F811
) -> None:
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    done = run.shell(BEFORE + QUIET[how], cwd=outside)
    if done.returncode == 77:
        pytest.skip("no namespaces of one's own here")
    assert done.stdout.endswith("fine\n"), done
