"""The filter on machines other than this one, and system calls of the 32-bit convention on this one."""

from __future__ import annotations

import errno
import platform
import struct
import subprocess
import tomllib
from pathlib import Path

import pytest

from gatesh.supervise import bpf, kernel
from tests.installed import GATESH
from tests.supervise.test_connections import away  # noqa: F401  a fixture
from tests.supervise.test_fallback import GATED, below

TABLE = tomllib.loads((Path(__file__).parents[1] / "data" / "filter.toml").read_text())
ACTIONS = {
    0x7FFF0000: "allow", 0x7FC00000: "notify", 0x7FF00000: "trace", 0x80000000: "kill",
    0x50000: "as if", **{0x50000 | number: name for number, name in errno.errorcode.items()},
}  # fmt: skip
OF = {"x86_64": "x86_64", "i386": "x86_64", "aarch64": "aarch64", "arm": "aarch64"}
GUARDS, GROUPS = (100, 101), (90, 101)


def action(program: bytes, number: int, arch: int, arguments: list[int]) -> str:
    """Run classic BPF over a `struct seccomp_data`, as net/core/filter.c does."""
    six = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, arch, 0, *(value & (1 << 64) - 1 for value in six))
    code = list(struct.iter_unpack("=HBBI", program))
    at = held = 0
    while True:
        kind, yes, no, value = code[at]
        at += 1
        if kind == 0x20:
            (held,) = struct.unpack_from("=I", data, value)
        elif kind == 0x06:
            return ACTIONS[value]
        elif kind == 0x05:
            at += value
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[kind]
            at += yes if holds else no


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("name", TABLE)
def test_what_the_filter_answers(name: str, traced: bool) -> None:
    made = bpf.program(
        kernel.MACHINES[OF[name]], GUARDS, GROUPS, budget=True, connections=True, traced=traced
    )
    cases = TABLE[name]["traced" if traced else "cases"]
    arch = TABLE[name]["arch"]
    found = {what: action(made, number, arch, given) for what, number, given, _ in cases}
    assert found == {what: wanted for what, _, _, wanted in cases}


@pytest.mark.parametrize("budget", [False, True])
@pytest.mark.parametrize("name", TABLE)
def test_what_the_filter_answers_where_files_are_opened_by_the_opener(
    name: str, budget: bool
) -> None:
    made = bpf.program(
        kernel.MACHINES[OF[name]], GUARDS, GROUPS, budget=budget, connections=True, named=True
    )
    cases, arch = TABLE[name]["named"], TABLE[name]["arch"]
    found = {what: action(made, number, arch, given) for what, number, given, _ in cases}
    assert found == {what: wanted for what, _, _, wanted in cases}


@pytest.mark.parametrize("machine", kernel.MACHINES)
def test_another_convention_is_killed(machine: str) -> None:
    made = bpf.program(kernel.MACHINES[machine], GUARDS, GROUPS, budget=True)
    known = [TABLE[name]["arch"] for name in TABLE if OF[name] == machine]
    for arch in (0, *(TABLE[name]["arch"] for name in TABLE if OF[name] != machine)):
        assert arch not in known and action(made, 0, arch, []) == "kill"


def test_without_the_budget_nothing_tells_of_deletions() -> None:
    made = bpf.program(kernel.MACHINES["x86_64"], GUARDS, GROUPS, budget=False)
    for number in (87, 82, 437, 425, 42, 77):
        assert action(made, number, 0xC000003E, [0, 0o1001]) == "allow"


START = """
.globl _start
.text
_start:
    {code}
    mov $1, %eax
    xor %ebx, %ebx
    int $0x80
.data
keep: .asciz "keep"
path: .asciz "/bin/rm"
argv: .long path, keep, 0
files: .space 4096
address: .byte 2, 0, 1, 0xbb, 192, 0, 2, 9, 0, 0, 0, 0, 0, 0, 0, 0
socket: .long 2, 1, 0
connect: .long 3, address, 16
"""
EXEC = "mov $11, %eax; mov $path, %ebx; mov $argv, %ecx; xor %edx, %edx; int $0x80"
UNLINK = "mov $10, %eax; mov $keep, %ebx; int $0x80"
CONNECT = """
    mov $102, %eax; mov $1, %ebx; mov $socket, %ecx; int $0x80
    mov %eax, connect
    mov $102, %eax; mov $3, %ebx; mov $connect, %ecx; int $0x80
"""
KILL = """
    mov $64, %eax; int $0x80
    mov %eax, %ebx; mov $37, %eax; mov ${number}, %ecx; int $0x80
    mov %eax, %ebx; neg %ebx; mov $1, %eax; int $0x80
"""


@pytest.fixture
def assembled(tmp_path: Path):
    """Assemble a program that uses int $0x80 from 64-bit code, or skip."""
    if platform.machine() != "x86_64":
        pytest.skip("this machine has no int $0x80")

    def build(code: str, *, tried: bool = True) -> str:
        source, program = tmp_path / "call.s", tmp_path / "call"
        source.write_text(START.format(code=code))
        made = subprocess.run(
            ["gcc", "-nostdlib", "-static", "-no-pie", "-o", program, source], capture_output=True
        )
        if made.returncode:
            pytest.skip("gcc cannot assemble")
        if tried and subprocess.run([program], cwd=tmp_path, capture_output=True).returncode < 0:
            pytest.skip("this kernel takes no 32-bit calls")
        return str(program)

    return build


@pytest.mark.parametrize("above", ["", *GATED])
def test_a_32_bit_exec_is_decided_on(above: str, run, work: Path, assembled) -> None:
    program = assembled(EXEC)
    (work / "keep").write_text("x")
    if above:
        below(above, run, "--", program)
    else:
        run.start(program).communicate(timeout=30)
    assert (work / "keep").exists()
    (held,) = run.history("--verdict", "ask")
    assert held["rule_ids"] == ["hold-keep"] and held["command_line"].endswith("rm keep")


def test_a_32_bit_deletion_is_counted(run, assembled) -> None:
    import tempfile

    program = assembled(UNLINK)
    with tempfile.TemporaryDirectory(dir=Path(__file__).parents[2], prefix=".deletions-") as folder:
        for number in range(4):
            (Path(folder) / str(number)).mkdir()
            (Path(folder) / str(number) / "keep").write_text("x")
        code = f"import subprocess\nfor i in range(4): subprocess.run([{program!r}], cwd=str(i))"
        run.agent(code, options=("--deletions", "2"), cwd=folder)
        left = [number for number in range(4) if (Path(folder) / str(number) / "keep").exists()]
    assert left == [2, 3]


def test_a_32_bit_connection_is_recorded(run, assembled, away) -> None:  # noqa: F811
    program = assembled(CONNECT)
    subprocess.run([*away, GATESH, "run", "--", program], env=run.env, cwd=run.work, timeout=30)
    assert [row["connections"] for row in run.history()] == ["192.0.2.9:443/tcp"]


def test_a_32_bit_signal_does_not_reach_the_guards(run, assembled) -> None:
    # kill(getppid(), SIGKILL), and its error number as the exit status; run here with signal 0 instead
    program = assembled(KILL.format(number=0))
    assert subprocess.run([program]).returncode == 0
    process = run.start(assembled(KILL.format(number=9), tried=False))
    process.communicate(timeout=30)
    assert process.returncode == errno.EPERM
