"""redis-cli and mongosh: the commands and scripts they would run, as tables say, and a real redis as witness."""

import contextlib
import shutil
import socket
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from gatesh.facts.mongo_code import script
from gatesh.facts.redis import commands
from gatesh.model import SqlStatement

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/facts/stores.toml").read_text())


@pytest.mark.parametrize("row", TABLE["line"], ids=lambda row: row["line"][:60])
def test_line_is_told_as_the_table_says(row, inspector, tmp_path):
    for name, content in TABLE["files"].items():
        (tmp_path / name).write_text(content)
    found = inspector.only(SqlStatement, row["line"])
    assert [[f.kind, list(f.tables), f.target.locality.value] for f in found] == row["facts"]


@pytest.mark.parametrize("row", TABLE["script"], ids=lambda row: row["text"][:60])
def test_script_is_told_as_the_table_says(row):
    told = [[s.kind, "-" if s.restricts is None else s.restricts] for s in script(row["text"])]
    assert told == row["told"]


def test_a_long_script_takes_no_time():
    began = time.process_time()
    script("db.users.find({a: 1}).remove(" * 6000)
    script("/" * 190_000)
    script("`${" * 60_000)
    assert time.process_time() - began < 2


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """Return the port of a redis server of our own."""
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.05)
    yield port
    server.terminate()
    server.wait(10)


@pytest.mark.parametrize(
    "text",
    ["FLUSHALL", "flushall async", '"flushall"', "'flushall'", '"\\x66lush\\x61ll"', "  FlushAll  ", "3 flushall",
     "*1\r\n$8\r\nFLUSHALL\r\n", "set b 1\nflushall", "get 'a b'\nFLUSHALL", "eval \"redis.call('flushall')\" 0"],
)  # fmt: skip
def test_what_empties_a_real_redis_is_told_so(text, redis, inspector):
    cli = ["redis-cli", "-p", str(redis)]
    subprocess.run([*cli, "set", "a", "1"], check=True, capture_output=True)
    piped = ["--pipe"] if text.startswith("*") else []
    subprocess.run([*cli, *piped], input=text.encode() + b"\n", check=False, capture_output=True)
    left = subprocess.run([*cli, "exists", "a"], check=True, capture_output=True).stdout
    assert left == b"0\n"
    line = f"redis-cli -h prod {' '.join(piped)}"
    found = inspector.only(SqlStatement, line, stdin=text + "\n")
    assert "redis flushall" in [fact.kind for fact in found]


def test_lines_and_the_protocol_may_be_mixed():
    assert list(commands("ping\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\nget x")) == [
        ("ping",),
        ("DEL", "a"),
        ("get", "x"),
    ]
