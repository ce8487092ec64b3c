"""Text that is sent to a server as it is: what gatesh reads in it is what a server receives."""

import shutil
import socket
import subprocess
import threading
import tomllib
from pathlib import Path

import pytest

from gatesh.model import HttpRequest, SqlStatement

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/facts/raw.toml").read_text())


@pytest.fixture
def told(inspector, tmp_path):
    for name, content in TABLE["files"].items():
        (tmp_path / name).write_text(content)
    return lambda line: inspector.only(HttpRequest | SqlStatement, line)


def row(fact):
    if isinstance(fact, HttpRequest):
        return [fact.method, fact.host, fact.path, fact.target.locality.value]
    return [fact.kind, fact.target.name, "", fact.target.locality.value]


@pytest.mark.parametrize("case", TABLE["line"], ids=lambda case: case["line"][:70])
def test_line_is_told_as_the_table_says(case, told):
    assert [row(fact) for fact in told(case["line"])] == case["facts"]


@pytest.fixture
def server():
    """Return a port on which whatever comes is kept."""
    received = []

    def serve(listener):
        connection, _ = listener.accept()
        connection.settimeout(5)
        with connection:
            received.append(connection.recv(10_000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1], thread, received
        thread.join(10)


LINES = [
    "printf 'DELETE /v1/volumes/3 HTTP/1.0\\r\\n\\r\\n' | nc -q1 127.0.0.1 {port}",
    "(echo DELETE /v1/volumes/3 HTTP/1.0; echo) | nc -q1 127.0.0.1 {port}",
    "nc -N 127.0.0.1 {port} < request.txt",
    "echo -e '\\x44ELETE /v1/volumes/3 HTTP/1.0\\n' > /dev/tcp/127.0.0.1/{port}",
    "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'DELETE /v1/volumes/%d HTTP/1.0\\n\\n' 3 >&3",
    "echo 'DELETE /v1/volumes/3 HTTP/1.0' | socat - TCP:127.0.0.1:{port}",
    "socat -u OPEN:request.txt TCP:127.0.0.1:{port}",
]


@pytest.mark.parametrize("line", LINES)
def test_what_a_server_receives_is_what_was_read(line, server, told, tmp_path):
    port, thread, received = server
    line = line.format(port=port)
    told_first = told(line)
    missing = [p for p in ("nc", "socat") if f"{p} " in line and not shutil.which(p)]
    if missing:
        with socket.create_connection(("127.0.0.1", port)):
            pytest.skip(f"{missing[0]} is not installed")
    subprocess.run(["bash", "-c", line], cwd=tmp_path, timeout=10, check=False)
    thread.join(10)
    assert received[0].startswith(b"DELETE /v1/volumes/3 HTTP/1.")
    method, host, path, _ = row(told_first[0])
    assert (method, path) == ("DELETE", "/v1/volumes/3")
    assert host == ("api.example.com" if "request.txt" in line else "127.0.0.1")
