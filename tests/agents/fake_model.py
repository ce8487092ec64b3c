"""A fake model on the loopback interface, in OpenAI's chat protocol: it "decides" on the commands it was given.

Which command comes next is read from the conversation itself (how many tool calls it holds), so repeated
and side requests are harmless. Every request is kept: a test reads there what the model was told.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class FakeModel:
    """Serves on 127.0.0.1 while it is entered; `requests` are the bodies it received."""

    def __init__(self, *commands: str) -> None:
        self.commands = commands
        self.requests: list[dict[str, Any]] = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(body)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                for chunk in chunks(model.decide(body)):
                    self.wfile.write(f"data: {chunk}\n\n".encode())
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def decide(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the assistant's next message: the next command as a tool call, or that it is done."""
        tools = [tool["function"]["name"] for tool in body.get("tools", ())]
        if "bash" not in tools:
            return {"role": "assistant", "content": "a title"}
        made = sum(len(message.get("tool_calls") or ()) for message in body["messages"])
        if made >= len(self.commands):
            return {"role": "assistant", "content": "done"}
        arguments = json.dumps({"command": self.commands[made], "description": "a step"})
        call = {"index": 0, "id": f"call_{made}", "type": "function"}
        call["function"] = {"name": "bash", "arguments": arguments}
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    def told(self) -> list[str]:
        """Return what the model was told after each command, in the very next request, in order."""
        answers: list[str] = []
        for body in self.requests:
            results = [m for m in body["messages"] if m["role"] == "tool"]
            if len(results) == len(answers) + 1:
                answers.append(str(results[-1]["content"]))
        return answers


def chunks(message: dict[str, Any]) -> list[str]:
    """Return the server-sent events that stream `message`."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    finish = "tool_calls" if message.get("tool_calls") else "stop"
    deltas = [(message, None), ({}, finish)]
    events = [
        json.dumps(base | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
        for delta, reason in deltas
    ]
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return [*events, json.dumps(base | {"choices": [], "usage": usage}), "[DONE]"]
