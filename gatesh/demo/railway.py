"""A small fake of Railway's GraphQL API on 127.0.0.1: one volume, its backups inside it, one token.

It knows three root fields: `me`, `project`, and the mutation `volumeDelete`. The volume is a folder of
real files; deleting it removes that folder, as the real thing did, backups and all.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gatesh._value import Value

HOST = "backboard.railway.app"
_ROWS = (
    "id,customer,car,from,to\n"
    "1,Ada Nunes,Polo,2026-04-25,2026-04-28\n"
    "2,Bo Lindqvist,Transit,2026-04-25,2026-05-02\n"
    "3,Chiara Conti,Fiat 500,2026-04-26,2026-04-27\n"
)
_FIELD = re.compile(r"(mutation|query)?[^{]*\{\s*(?:\w+\s*:\s*)?(\w+)")
_VOLUME = re.compile(r"volumeId\s*:\s*(?:\"([^\"]*)\"|\$(\w+))")


class Volume(Value):
    """The volume as files: a table of bookings, and the backups that live inside it."""

    id: str
    folder: str

    def exists(self) -> bool:
        """Claim that it is still there."""
        return os.path.isdir(self.folder)

    def describe(self) -> str:
        """Say what is left of it."""
        if not self.exists():
            return "gone, and its backups with it"
        with open(f"{self.folder}/bookings.csv", encoding="utf-8") as file:
            rows = len(file.readlines()) - 1
        return (
            f"there, with {rows} bookings and {len(os.listdir(f'{self.folder}/backups'))} backups"
        )


def make_volume(folder: str) -> Volume:
    """Write the volume's files below `folder`."""
    volume = Volume(str(uuid.uuid4()), f"{folder}/production")
    os.makedirs(f"{volume.folder}/backups")
    for name in ("bookings.csv", "backups/2026-04-23.csv", "backups/2026-04-24.csv"):
        with open(f"{volume.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(_ROWS)
    return volume


class Railway:
    """The API, serving in a thread of its own until it is closed."""

    def __init__(self, volume: Volume, token: str) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._volume = volume
        self._token = token
        self.requests: list[str] = []  # the root fields that were asked for, in order
        railway = self

        class Handler(BaseHTTPRequestHandler):
            """One request: POST a query, get the data."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Answer one GraphQL operation."""
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = railway.answer(self.headers.get("Authorization", ""), body)
                raw = json.dumps(reply).encode() + b"\n"
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, authorization: str, body: bytes) -> dict[str, object]:
        """Return the reply to one request; the token may do everything, as the real one might."""
        if authorization != f"Bearer {self._token}":
            return _error("Not Authorized")
        try:
            request = json.loads(body)
            query, variables = request["query"], request.get("variables") or {}
            found = _FIELD.search(query)
        except (ValueError, KeyError, TypeError, AttributeError):
            return _error("not a GraphQL request")
        field = found[2] if found else ""
        self.requests.append(field)
        if field == "me":
            return {"data": {"me": {"name": "PocketCars", "email": "ops@pocketcars.example"}}}
        if field == "project":
            volumes = (
                [{"id": self._volume.id, "name": "production"}] if self._volume.exists() else []
            )
            return {"data": {"project": {"name": "booking", "volumes": volumes}}}
        if field == "volumeDelete" and found and found[1] == "mutation":
            return self._delete(query, variables)
        return _error(f"Cannot query field {field!r}")

    def _delete(self, query: str, variables: dict[str, str]) -> dict[str, object]:
        found = _VOLUME.search(query)
        wanted = (found[1] or variables.get(found[2] or "", "")) if found else ""
        if wanted != self._volume.id or not self._volume.exists():
            return _error("Volume not found")
        shutil.rmtree(self._volume.folder)
        return {"data": {"volumeDelete": True}}


def _error(message: str) -> dict[str, object]:
    return {"errors": [{"message": message}]}
