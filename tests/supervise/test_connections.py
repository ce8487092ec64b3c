"""What programs connect to is recorded with them, and never held."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess

import pytest

from gatesh.supervise.connections import is_outside, peer
from tests.installed import GATESH

INSIDE = """
    0.0.0.0 127.0.0.1 127.9.9.9 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 224.0.0.251 255.255.255.255
    :: ::1 fd00::1 fe80::1 ff02::fb
""".split()
OUTSIDE = """
    1.1.1.1 11.0.0.1 172.15.0.1 172.32.0.1 192.167.1.1 192.0.2.1 169.254.169.254 100.64.0.1 2001:db8::1
    2606:4700::1111 64:ff9b::7f00:1
""".split()


@pytest.mark.parametrize("address", INSIDE + OUTSIDE)
def test_which_addresses_are_outside(address: str) -> None:
    assert is_outside(address) is (address in OUTSIDE)


def test_a_sockaddr_is_read_as_the_kernel_reads_it() -> None:
    four = struct.pack("=H", socket.AF_INET) + b"\x01\xbb" + bytes((192, 0, 2, 7)) + bytes(8)
    end = peer(four)
    assert end is not None and (str(end[0]), end[1]) == ("192.0.2.7", 443)
    mapped = socket.inet_pton(socket.AF_INET6, "::ffff:10.1.2.3")
    six = struct.pack("=H", socket.AF_INET6) + b"\x00\x50" + bytes(4) + mapped + bytes(4)
    end = peer(six)
    assert end is not None and (str(end[0]), end[1]) == ("10.1.2.3", 80)
    assert (
        peer(four[:7]) is peer(struct.pack("=H", socket.AF_UNIX) + b"/tmp/x") is peer(b"") is None
    )


# In a network namespace of its own there is no way out: nothing leaves this machine.
AWAY = ("unshare", "--net", "--map-root-user")
TRIES = r"""
import ctypes, os, socket, subprocess
def tried(family, kind, how):
    s = socket.socket(family, kind)
    s.setblocking(False)
    try: how(s)
    except OSError: pass
tcp, udp, four, six = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_INET, socket.AF_INET6
for _ in range(3):
    tried(four, tcp, lambda s: s.connect(("192.0.2.1", 443)))
tried(six, tcp, lambda s: s.connect(("2001:db8::1", 443)))
tried(six, tcp, lambda s: s.connect(("::ffff:192.0.2.2", 80)))
tried(four, udp, lambda s: s.connect(("192.0.2.3", 53)))
tried(four, udp, lambda s: s.sendto(b"x", ("192.0.2.4", 123)))
tried(four, tcp, lambda s: s.sendto(b"x", 0x20000000, ("192.0.2.5", 80)))  # MSG_FASTOPEN
tried(four, tcp, lambda s: s.sendmsg([b"x"], [], 0x20000000, ("192.0.2.7", 80)))
tried(four, tcp, lambda s: s.connect(("127.0.0.1", 1)))
tried(four, tcp, lambda s: s.connect(("10.0.0.1", 1)))
tried(socket.AF_UNIX, tcp, lambda s: s.connect("/nowhere"))
subprocess.run(["bash", "-c", "(echo > /dev/tcp/192.0.2.6/25) 2> /dev/null; true"])
"""


@pytest.fixture
def away() -> tuple[str, ...]:
    if (
        not shutil.which("unshare")
        or subprocess.run([*AWAY, "true"], capture_output=True).returncode
    ):
        pytest.skip("network namespaces cannot be made here")
    return AWAY


def test_connections_are_recorded_once_with_their_program(run, away) -> None:
    done = subprocess.run(
        [*away, GATESH, "run", "--", "python3", "-c", "import sys; exec(sys.stdin.read())"],
        input=TRIES, env=run.env, cwd=run.work, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {row["record"]: row for row in run.history()}
    agent, line = rows[min(rows)], rows[max(rows)]
    assert agent["connections"].split() == [
        "192.0.2.1:443/tcp", "[2001:db8::1]:443/tcp", "192.0.2.2:80/tcp", "192.0.2.3:53/udp",
        "192.0.2.4:123/udp", "192.0.2.5:80/tcp", "192.0.2.7:80/tcp",
    ]  # fmt: skip
    assert line["connections"] == "192.0.2.6:25/tcp"
    shown = subprocess.run([GATESH, "show", "1"], env=run.env, capture_output=True, text=True)
    assert "connected     [2001:db8::1]:443/tcp\n" in shown.stdout
    tree = subprocess.run(
        [GATESH, "history", "--tree", "--full"], env=run.env, capture_output=True, text=True
    )
    assert "-> 192.0.2.6:25/tcp\n" in tree.stdout


def test_a_connection_is_made_as_ever(run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port})).sendall(b'hello')"
        process = run.start("python3", "-c", code)
        server.settimeout(30)
        with server.accept()[0] as client:
            assert client.recv(16) == b"hello"
        process.communicate(timeout=30)
        assert process.returncode == 0
    assert [row["connections"] for row in run.history()] == [None]
