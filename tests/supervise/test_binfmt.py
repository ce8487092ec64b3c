"""Files that the kernel starts through a registered interpreter are known by their own names."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gatesh.supervise.binfmt import Format, formats, parsed
from tests.installed import GATESH

QEMU = """enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
"""
HEAD = (
    bytes.fromhex("7f454c4602010100") + bytes(8) + bytes.fromhex("0300b700")
)  # an executable for arm64


def test_what_the_kernel_says_of_a_kind_is_read() -> None:
    found = parsed(QEMU)
    assert found is not None and found.interpreter == "/usr/libexec/qemu-binfmt/aarch64-binfmt-P"
    assert found.keeps_name and len(found.magic) == len(found.mask) == 20
    jar = parsed("enabled\ninterpreter /usr/bin/jexec\nflags: \nextension .jar\n")
    assert jar == Format("/usr/bin/jexec", ".jar")
    plain = parsed("enabled\ninterpreter /w/my wine\nflags: \noffset 2\nmagic 4d5a\n")
    assert plain == Format("/w/my wine", offset=2, magic=b"MZ")


@pytest.mark.parametrize("text", [
    "", "disabled\ninterpreter /x\nflags: \nextension .x\n", "enabled\n", "enabled\ninterpreter /x\nflags: \n",
    "enabled\ninterpreter /x\nflags: \noffset x\nmagic 00\n", "enabled\ninterpreter /x\noffset 0\nmagic 0\n",
])  # fmt: skip
def test_what_nobody_can_read_is_no_kind(text: str) -> None:
    assert parsed(text) is None


@pytest.mark.parametrize(
    ("head", "fits"),
    [(HEAD, True), (HEAD[:19], False), (b"\x7fELF\x01" + HEAD[5:], False), (b"", False)],
)
def test_a_file_is_of_a_kind_by_its_first_bytes(head: bytes, fits: bool, tmp_path: Path) -> None:
    found = parsed(QEMU)
    assert found is not None
    (tmp_path / "x").write_bytes(head)
    assert found.fits(str(tmp_path / "x"), "x") is fits


def test_no_kinds_are_known_where_none_can_be_registered(tmp_path: Path) -> None:
    assert formats(str(tmp_path / "none")) == ()
    (tmp_path / "status").write_text("disabled\n")
    (tmp_path / "qemu").write_text(QEMU)
    assert formats(str(tmp_path)) == ()
    (tmp_path / "status").write_text("enabled\n")
    assert [kind.interpreter for kind in formats(str(tmp_path))] == [
        "/usr/libexec/qemu-binfmt/aarch64-binfmt-P"
    ]


REGISTER = (
    "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && echo {kind} > /proc/sys/fs/binfmt_misc/register || exit 77\n"
    'exec "$@"'
)


@pytest.mark.parametrize(
    "kind",
    [
        r":t:M:0:FOREIGN::/usr/bin/true:",
        r":t:M:0:FOREIGN::/usr/bin/true:P",
        r":t:E::foreign::/usr/bin/true:",
    ],
)
def test_a_foreign_program_is_held_by_its_own_name(kind: str, run, work: Path) -> None:
    """As under qemu-user: what is exec'd is the interpreter. In a user namespace the kinds are its own."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    name = "railway.foreign" if ":E:" in kind else "railway"
    for path in (work / name, work / f"harmless{name[7:]}"):
        path.write_text("FOREIGN")
        path.chmod(0o755)
    agent = f"import subprocess; [subprocess.run([p, 'volume', 'delete']) for p in ('./{name}', './harmless{name[7:]}')]"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", REGISTER.format(kind=f"'{kind}'"), "sh", GATESH, "run", "--", "python3", "-c", agent],
        env=run.env, cwd=work, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("no kinds of files can be registered here")
    held = [(r["door"], r["rule_ids"][0]) for r in run.history("--outcome", "refused")]
    assert held == [("exec", "railway-delete")], (done.stderr, run.history())
