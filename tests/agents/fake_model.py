"""A fake model on the loopback interface: it "decides" on the commands it was given, whatever API it is asked by.

It speaks OpenAI's chat and responses, Anthropic's messages and Gemini's generateContent, streamed and whole.
Which command comes next is read from the conversation itself (how many results it holds), so repeated and side
requests are harmless. Every request is kept: a test reads there what the model was told.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from tests.agents import apis

BASH = {"command": "{command}", "description": "a step"}


class Tool(NamedTuple):
    """An agent's shell tool: its name and its arguments, with {command} where the command belongs.

    `block` is for agents that have no tool but look for a fenced block in what the model says.
    """

    name: str = "bash"
    arguments: dict[str, Any] = BASH
    block: str = ""


class FakeModel:
    """Serves on 127.0.0.1 while it is entered."""

    def __init__(self, *commands: str, tool: Tool | None = None) -> None:
        self.commands, self.tool = commands, tool or Tool()
        self.requests: list[tuple[str, dict[str, Any]]] = []  # path and body
        self._told: list[str] = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self._body() or b"{}")
                path = self.path.partition("?")[0]
                model.requests.append((path, body))
                api = apis.of(path)
                if api is None:
                    self._send(b"{}", "application/json", 200 if "count" in path else 404)
                    return
                reply = model.decide(api, body)
                if api.streams(path, body):
                    events = api.stream(reply, body)
                    self._send("".join(events).encode(), "text/event-stream")
                else:
                    self._send(json.dumps(api.whole(reply, body)).encode(), "application/json")

            def do_GET(self) -> None:
                self._send(apis.MODELS, "application/json", 200 if "models" in self.path else 404)

            def _body(self) -> bytes:
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    raw = b""
                    while size := int(self.rfile.readline() or b"0", 16):
                        raw += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw

            def _send(self, raw: bytes, kind: str, status: int = 200) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.root}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def decide(self, api: apis.Api, body: dict[str, Any]) -> apis.Reply:
        """Return the model's next message: the next command, or that it is done."""
        if self.tool.block:
            answers = self._after_blocks(api.said(body))
        elif self.tool.name in api.tools(body):
            answers = api.results(body)
        else:
            return apis.Reply(text=api.aside(body))
        if len(answers) == len(self._told) + 1:
            self._told.append(answers[-1])
        if len(answers) >= len(self.commands):
            return apis.Reply(text="done")
        command = self.commands[len(answers)]
        if self.tool.block:
            text = self.tool.block.format(command=command)
            return apis.Reply(text=f"STEP {len(answers)}\n\n{text}")
        return apis.Reply(self.tool.name, filled(self.tool.arguments, command), len(answers))

    def _after_blocks(self, said: list[tuple[str, str]]) -> list[str]:
        """Return what the model was told after each of its blocks, which are numbered."""
        answers: list[str] = []
        at = None
        for role, text in said:
            if role == "assistant":
                at = (found := re.match(r"STEP (\d+)", text.strip())) and int(found[1])
            elif at is not None:
                answers[at:] = ["".join(answers[at:]) + text]
        return answers

    def told(self) -> list[str]:
        """Return what the model was told after each command, in the very next request, in order."""
        return list(self._told)


def filled(value: Any, command: str) -> Any:
    """Return a tool's arguments with the command in its place."""
    if isinstance(value, dict):
        return {name: filled(part, command) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, command) for part in value]
    return command if value == "{command}" else value
