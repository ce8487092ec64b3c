"""The wire protocols that models are asked by: what a request says, and how an answer is written."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

MODELS = json.dumps(
    {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "fake"}]}
).encode()
Body = dict[str, Any]


class Reply(NamedTuple):
    """The model's next message: a call of a tool, or a text."""

    tool: str = ""
    arguments: Body | None = None
    number: int = 0
    text: str = ""

    @property
    def id(self) -> str:
        return f"call_{self.number}"


class Api:
    """One protocol; OpenAI's chat is the plain case."""

    ends = "/chat/completions"

    def streams(self, path: str, body: Body) -> bool:
        return bool(body.get("stream"))

    def tools(self, body: Body) -> list[str]:
        return [t["function"]["name"] for t in body.get("tools") or () if "function" in t]

    def results(self, body: Body) -> list[str]:
        return [_text(m["content"]) for m in body["messages"] if m["role"] == "tool"]

    def said(self, body: Body) -> list[tuple[str, str]]:
        """Return who said what, in order."""
        return [(m["role"], _text(m.get("content"))) for m in body["messages"]]

    def aside(self, body: Body) -> str:
        """Return an answer to what is asked without the shell tool: a title, a summary."""
        return "a title"

    def whole(self, reply: Reply, body: Body) -> Body:
        message: Body = {"role": "assistant", "content": reply.text or None}
        if reply.tool:
            called = {"name": reply.tool, "arguments": json.dumps(reply.arguments)}
            message["tool_calls"] = [{"id": reply.id, "type": "function", "function": called}]
        choice = {"index": 0, "message": message, "finish_reason": _finish(reply)}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [choice], "usage": usage,
        }  # fmt: skip

    def stream(self, reply: Reply, body: Body) -> list[str]:
        whole = self.whole(reply, body)
        delta = whole["choices"][0]["message"]
        for call in delta.get("tool_calls", ()):
            call["index"] = 0
        base = {**whole, "object": "chat.completion.chunk", "usage": None}
        parts: list[Body] = [
            base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
            base | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(reply)}]},
            base | {"choices": [], "usage": whole["usage"]},
        ]
        return [*(_event(part) for part in parts), "data: [DONE]\n\n"]


class Responses(Api):
    """OpenAI's responses."""

    ends = "/responses"

    def tools(self, body: Body) -> list[str]:
        return [t["name"] for t in body.get("tools") or () if "name" in t]

    def results(self, body: Body) -> list[str]:
        return [
            _text(m["output"]) for m in body["input"] if m.get("type") == "function_call_output"
        ]

    def whole(self, reply: Reply, body: Body) -> Body:
        item: Body = {"id": "item_1", "status": "completed"}
        if reply.tool:
            item |= {"type": "function_call", "call_id": reply.id, "name": reply.tool}
            item["arguments"] = json.dumps(reply.arguments)
        else:
            part = {"type": "output_text", "text": reply.text, "annotations": []}
            item |= {"type": "message", "role": "assistant", "content": [part]}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        return {
            "id": f"resp_{reply.number}", "object": "response", "created_at": 1, "model": "m",
            "status": "completed", "output": [item], "usage": usage, "error": None, "tools": [],
        }  # fmt: skip

    def stream(self, reply: Reply, body: Body) -> list[str]:
        whole = self.whole(reply, body)
        item = whole["output"][0]
        place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        begun = item | ({"arguments": ""} if reply.tool else {"content": []})
        events: list[Body] = [
            {
                "type": "response.created",
                "response": whole | {"output": [], "status": "in_progress"},
            },
            {"type": "response.output_item.added", "output_index": 0, "item": begun},
        ]
        if reply.tool:
            kind = "response.function_call_arguments"
            events += [
                {"type": f"{kind}.delta", **place, "delta": item["arguments"]},
                {"type": f"{kind}.done", **place, "arguments": item["arguments"]},
            ]
        else:
            events += [
                {"type": "response.output_text.delta", **place, "delta": reply.text},
                {"type": "response.output_text.done", **place, "text": reply.text},
            ]
        events += [
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": whole},
        ]
        return [_event({**e, "sequence_number": n}, e["type"]) for n, e in enumerate(events)]


class Messages(Api):
    """Anthropic's messages."""

    ends = "/messages"

    def tools(self, body: Body) -> list[str]:
        return [t["name"] for t in body.get("tools") or () if "name" in t]

    def results(self, body: Body) -> list[str]:
        parts = [
            p for m in body["messages"] if isinstance(m["content"], list) for p in m["content"]
        ]
        return [_text(p.get("content")) for p in parts if p.get("type") == "tool_result"]

    def whole(self, reply: Reply, body: Body) -> Body:
        block: Body = {"type": "text", "text": reply.text}
        if reply.tool:
            block = {"type": "tool_use", "id": f"toolu_{reply.number}", "name": reply.tool}
            block["input"] = reply.arguments
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model"),
            "content": [block], "stop_reason": "tool_use" if reply.tool else "end_turn",
            "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
        }  # fmt: skip

    def stream(self, reply: Reply, body: Body) -> list[str]:
        whole = self.whole(reply, body)
        (block,) = whole["content"]
        begun = block | ({"input": {}} if reply.tool else {"text": ""})
        delta = {"type": "text_delta", "text": reply.text}
        if reply.tool:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(reply.arguments)}
        stop = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        events: list[Body] = [
            {"type": "message_start", "message": whole | {"content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": begun},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]
        return [_event(event, event["type"]) for event in events]


class Gemini(Api):
    """Google's generateContent."""

    ends = "enerateContent"

    def streams(self, path: str, body: Body) -> bool:
        return ":stream" in path

    def tools(self, body: Body) -> list[str]:
        given = [d for t in body.get("tools") or () for d in t.get("functionDeclarations") or ()]
        return [declared["name"] for declared in given]

    def results(self, body: Body) -> list[str]:
        parts = [part for content in body["contents"] for part in content.get("parts") or ()]
        found = [p["functionResponse"] for p in parts if "functionResponse" in p]
        return [json.dumps(answer.get("response")) for answer in found]

    def aside(self, body: Body) -> str:
        return json.dumps({"reasoning": "fake", "next_speaker": "user", "model_choice": "flash"})

    def whole(self, reply: Reply, body: Body) -> Body:
        part: Body = {"text": reply.text}
        if reply.tool:
            part = {"functionCall": {"name": reply.tool, "args": reply.arguments}}
        content = {"role": "model", "parts": [part]}
        usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
        candidate = {"content": content, "finishReason": "STOP", "index": 0}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "fake"}

    def stream(self, reply: Reply, body: Body) -> list[str]:
        return [_event(self.whole(reply, body))]


_APIS = (Api(), Responses(), Messages(), Gemini())


def of(path: str) -> Api | None:
    """Return the protocol of a request's path."""
    return next((api for api in _APIS if path.endswith(api.ends)), None)


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.tool else "stop"


def _event(body: Body, kind: str = "") -> str:
    return (f"event: {kind}\n" if kind else "") + f"data: {json.dumps(body)}\n\n"


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", part)) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else json.dumps(content)
