"""A fact in words: what a command would do, and to what, for a person.

Takes the plain values that `gatesh check` prints and the log holds, where defaults may be left out.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Plain = Mapping[str, Any]


def sentence(kind: str, fact: Plain) -> str:
    """Return one line about a fact: `DELETE https://api.prod/v1, to http api.prod (remote)`."""
    parts = [_WORDS[kind](fact), place(fact.get("target", {}))]
    blind = "".join(f"; cannot see {part}" for part in fact.get("cannot_see", ()))
    return ", ".join(filter(None, parts)) + blind


def place(target: Plain) -> str:
    """Return where it goes, `on postgres db.prod (remote)`; nothing where nothing is known of it."""
    locality = target.get("locality", "unknown")
    where = {"local": "local", "remote": "remote"}.get(locality, "local or remote is not known")
    parts = [target.get("kind", "host"), target.get("name", "")]
    if parts == ["host", ""] and locality == "unknown":
        return ""
    label, origin = target.get("label", ""), target.get("label_origin", "")
    called = f"; {label}, {origin}" if label not in ("", locality) else ""
    return f"on {' '.join(part for part in parts if part)} ({where}{called})"


def _text(word: str | Plain | None) -> str:
    return word if isinstance(word, str) else str(word["text"]) if word else ""


def _pairs(options: list[list[Any]]) -> Iterator[str]:
    for name, value in options:
        yield f"{name}={_text(value)}" if value else name


def _call(fact: Plain) -> str:
    words = [_text(word) for word in fact.get("operands", ())]
    return " ".join(["call", fact["program"], *words, *_pairs(fact.get("options", []))])


def _cloud(fact: Plain) -> str:
    words = [fact["service"], fact["operation"], *map(_text, fact.get("operands", ()))]
    return " ".join(["call", fact["provider"], *words, *_pairs(fact.get("parameters", []))])


def _request(fact: Plain) -> str:
    fields = [f"{field['operation']} {field['name']}" for field in fact.get("graphql", ())]
    asked = f" ({', '.join(fields)})" if fields else ""
    return f"request {fact['method']} {fact['scheme']}://{fact['host']}{fact['path']}{asked}"


def _statement(fact: Plain) -> str:
    every = " of every row" if fact.get("restricts") is False else ""
    return " ".join(["SQL", fact["kind"] + every, ", ".join(fact.get("tables", ()))]).strip()


def _files(fact: Plain) -> str:
    paths = [f"{path['path']} ({path['extent']})" for path in fact.get("paths", ())]
    return " ".join([fact["action"], ", ".join(paths) or "nothing that can be named"])


_WORDS = {
    "CliCall": _call,
    "CloudCall": _cloud,
    "HttpRequest": _request,
    "SqlStatement": _statement,
    "FileChange": _files,
}
