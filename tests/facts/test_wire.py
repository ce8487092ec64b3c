"""What gatesh says of a curl or wget command line is what a server receives from the real program."""

import os
import pwd
import re
import shutil
import subprocess
import threading
import tomllib
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gatesh.facts import url as urls
from gatesh.model import HttpRequest

TABLE = tomllib.loads((Path(__file__).parents[1] / "data/facts/wire.toml").read_text())
CASES = TABLE["case"]

OWN_FILES = [
    name
    for name in (".curlrc", ".wgetrc")
    if os.path.exists(f"{pwd.getpwuid(os.getuid()).pw_dir}/{name}")
]

pytestmark = pytest.mark.skipif(bool(OWN_FILES), reason="the account has start-up files of its own")


class Recorder(BaseHTTPRequestHandler):
    """Notes every request: as a server, or as a proxy that gets the whole URL."""

    def do(self):
        """Read one request whole, answer nothing."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = re.match(r"http://([^/?]*)(.*)", self.path)
        host, path = found.groups() if found else (self.headers["Host"], self.path)
        kind = self.headers.get("Content-Type", "")
        self.server.seen.append((self.command, urls.split_port(host)[0], path, body, kind))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.do
        raise AttributeError(name)

    def log_message(self, *_):
        """Stay quiet."""


@pytest.fixture(scope="module")
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    httpd.seen = []
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield httpd
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def multipart(body, kind):
    """Return a multipart body as one `name=value` line per part."""
    boundary = kind.partition("boundary=")[2].encode()
    parts = body.split(b"--" + boundary)[1:-1]
    fields = [
        re.search(rb'name="([^"]*)".*?\r\n\r\n(.*)\r\n$', p, re.DOTALL).groups() for p in parts
    ]
    return "\n".join(f"{name.decode()}={value.decode()}" for name, value in fields)


def received(seen):
    """Spell one request as facts do."""
    method, host, path, body, kind = seen
    path, mark, query = path.partition("?")
    path = urls.decode(path or "/") + mark + query
    text = multipart(body, kind) if kind.startswith("multipart/") else body.decode()
    return method, urls.normal_host(host), path, text


@pytest.mark.parametrize("case", CASES, ids=[c["line"] for c in CASES])
def test_what_is_said_is_what_is_sent(case, inspector, server, tmp_path):
    program = re.search(r"\b(curl|wget)\b", case["line"])[0]
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    for name, content in case.get("files", {}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(content)
    port = server.server_address[1]
    line = case["line"].replace("{port}", str(port)).replace("{home}", str(tmp_path))
    proxy = {} if case.get("direct") else {"http_proxy": f"http://127.0.0.1:{port}"}

    said = inspector.only(HttpRequest, line, stdin=case.get("stdin"))
    server.seen.clear()
    subprocess.run(
        ["/bin/sh", "-c", line],
        input=case.get("stdin", "").encode(),
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], **proxy},
        cwd=tmp_path,
        timeout=20,
        check=False,
        capture_output=True,
    )

    count = case.get("requests", 1)
    got = [received(seen) for seen in server.seen]
    assert len(got) == count
    if count or "said" in case:
        told = [(f.method, f.host, f.path, f.body or "") for f in said[: case.get("said", count)]]
        assert told == got
        assert all(fact.cannot_see == () for fact in said)
        assert case.get("direct") or not any(fact.connect_host for fact in said)


def sent(line, server, tmp_path):
    """Run a line and return the requests that arrived."""
    program = re.search(r"\b(curl|wget)\b", line)[0]
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    server.seen.clear()
    subprocess.run(
        ["bash", "-c", line],
        env={
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "http_proxy": f"http://127.0.0.1:{server.server_address[1]}",
            "no_proxy": "127.0.0.1",
        },
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        timeout=20,
        check=False,
        capture_output=True,
    )
    return list(server.seen)


@pytest.mark.parametrize("line", [row["line"] for row in TABLE["mutation"]])
def test_a_mutation_that_arrives_is_told(line, inspector, server, tmp_path):
    (tmp_path / "evil.json").write_text('{"query":"mutation{volumeDelete(volumeId:1)}"}')
    (tmp_path / "b.json").write_text('{"query":"{me}"}')
    said = inspector.only(HttpRequest, line)
    arrived = [f"{path} {body}" for _, _, path, body, _ in sent(line, server, tmp_path)]
    assert "volumeDelete" in urllib.parse.unquote_plus(" ".join(arrived))
    told = [field.name for fact in said for field in fact.graphql if field.operation == "mutation"]
    hidden = [c for fact in said for c in fact.cannot_see if c.startswith(("body", "graphql"))]
    assert "volumeDelete" in told or hidden


@pytest.mark.parametrize("line", [row["line"] for row in TABLE["deletion"]])
def test_a_deletion_that_arrives_is_told(line, inspector, server, tmp_path):
    line = line.replace("{port}", str(server.server_address[1]))
    said = inspector.only(HttpRequest, line)
    assert "DELETE" in [method for method, *_ in sent(line, server, tmp_path)]
    hidden = [c for fact in said for c in fact.cannot_see if c.startswith("method")]
    assert "DELETE" in [fact.method for fact in said] or hidden
