"""Recipes in settings: what `npm run script` and a git alias have a shell run."""

from __future__ import annotations

import re


def npm_scripts(content: str, name: str, arguments: list[str]) -> list[str] | None:
    """Return what `npm run NAME` has a shell run, before and after it too; None where it cannot be told."""
    import json

    from gatesh.facts.amounts import quoted

    try:
        scripts = json.loads(content).get("scripts", {})
        found = [scripts.get(f"pre{name}"), scripts.get(name), scripts.get(f"post{name}")]
    except (ValueError, AttributeError, RecursionError):
        return None
    if isinstance(found[1], str) and arguments:
        found[1] = " ".join([found[1], *map(quoted, arguments)])
    return [text for text in found if isinstance(text, str)]


def git_aliases(content: str) -> dict[str, str]:
    """Return the aliases in a git configuration."""
    found: dict[str, str] = {}
    inside = False
    for line in re.sub(r"\\\n", "", content).split("\n"):
        text = line.strip()
        if section := re.match(r"\[\s*([\w.-]+)\s*(\"[^\"]*\")?\s*\](.*)", text):
            inside = section[1].lower() == "alias"
            text = section[3].strip()
        name, equals, value = text.partition("=")
        if inside and equals and name[:1] not in "#;":
            found[name.strip().lower()] = _git_value(value.strip())
    return found


def _git_value(value: str) -> str:
    """Return a value without its quotes and its comment."""
    out, quoted, at = [], False, 0
    while at < len(value):
        char = value[at]
        if char == "\\" and at + 1 < len(value):
            at += 1
            out.append({"n": "\n", "t": "\t"}.get(value[at], value[at]))
        elif char == '"':
            quoted = not quoted
        elif char in "#;" and not quoted:
            break
        else:
            out.append(char)
        at += 1
    return "".join(out).strip()
