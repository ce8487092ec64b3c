"""A private PostgreSQL for tests: its own folder, a unix socket, a loopback port, no password.

    from tests.postgres import postgres  # noqa: F401  a fixture

    def test_something(postgres):
        with postgres.database() as name:
            postgres.psql(name, "select 1")

Without a server installed the fixture fails, and says so; GATESH_NO_POSTGRES=1 makes it skip.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

import pytest

START_S = 20


class Server:
    """One running server; every test takes its own scratch database."""

    def __init__(self, binaries, folder, port):
        self.binaries = binaries
        self.folder = folder  # holds the socket too
        self.port = port
        self.user = "scratch"

    @property
    def environment(self):
        """The variables that lead psql and others here, over the socket."""
        return {
            "PATH": f"{self.binaries}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "HOME": self.folder,
            "PGHOST": self.folder,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "LC_ALL": "C",
        }

    def url(self, database):
        """Return a URI over the loopback port."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    def run(self, *words, stdin=None, env=None):
        """Run a PostgreSQL program against the server and return the finished process."""
        return subprocess.run(
            words,
            env=self.environment | (env or {}),
            input=stdin,
            check=False,
            text=True,
            capture_output=True,
            timeout=30,
        )

    def psql(self, database, *texts):
        """Run texts one after the other in one session and return what psql printed."""
        words = [word for text in texts for word in ("-c", text)]
        done = self.run("psql", "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", database, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextlib.contextmanager
    def database(self):
        """Make a scratch database and drop it afterwards."""
        name = "scratch_" + uuid.uuid4().hex[:12]
        self.psql("postgres", f"create database {name}")
        try:
            yield name
        finally:
            self.psql("postgres", f"drop database {name} with (force)")


def binaries():
    """Return the folder of the server's programs, newest version first, or an empty string."""
    packaged = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=_version, reverse=True)
    for folder in [*packaged, *os.environ.get("PATH", "").split(":")]:
        if os.access(f"{folder}/initdb", os.X_OK) and os.access(f"{folder}/postgres", os.X_OK):
            return folder
    return ""


def _version(folder):
    return [int(part) for part in folder.split("/")[4].split(".") if part.isdigit()]


def _account():
    """Return how to become another user where we are root: the server refuses to run as root."""
    if os.getuid() != 0:
        return {}, None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}, entry
    pytest.fail("no account to run PostgreSQL under: neither postgres nor nobody exists")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres():
    """Start a server for the session, and stop it."""
    found = binaries()
    if not found:
        if os.environ.get("GATESH_NO_POSTGRES") == "1":
            pytest.skip("GATESH_NO_POSTGRES=1 and no PostgreSQL server is installed")
        pytest.fail(
            "no PostgreSQL server found below /usr/lib/postgresql or in PATH: "
            "apt-get install postgresql, or set GATESH_NO_POSTGRES=1 to skip"
        )
    account, entry = _account()
    folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")  # short: a socket's path has 107 characters
    if entry:
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    os.chmod(folder, 0o755)
    server = Server(found, folder, _free_port())
    try:
        _prepare(server, account)
        process = _start(server, account)
        try:
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # "fast": does not wait for clients
            process.wait(START_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(server, account):
    words = [
        "initdb",
        "-D",
        f"{server.folder}/data",
        "-A",
        "trust",
        "-U",
        server.user,
        "-N",
        "-E",
        "UTF8",
    ]
    done = subprocess.run(
        [f"{server.binaries}/{words[0]}", *words[1:]],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        cwd=server.folder,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        **account,
    )
    assert done.returncode == 0, done.stderr


def _start(server, account):
    log = open(f"{server.folder}/log", "wb")
    words = [f"{server.binaries}/postgres", "-D", f"{server.folder}/data", "-k", server.folder]
    words += ["-h", "127.0.0.1", "-p", str(server.port), "-F", "-c", "max_connections=20"]
    process = subprocess.Popen(
        words,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        cwd=server.folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        **account,
    )
    log.close()
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        if server.run("psql", "-X", "-c", "select 1", "postgres").returncode == 0:
            return process
        time.sleep(0.05)
    process.kill()
    process.wait()
    with open(f"{server.folder}/log") as written:
        pytest.fail("PostgreSQL did not start:\n" + written.read()[-2000:])
