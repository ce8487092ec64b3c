"""Changes to a pattern file's text that keep everything else in it, comments and order above all.

What is new is added as text at the end; an override that is there already is changed in its place by
tomlkit, which keeps what it does not touch. Imported only by the commands that write.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any

from gatesh.errors import UsageError
from gatesh.places import shipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH = 80
_OPPOSITES = {"off": "deny", "deny": "off"}


def with_override(text: str, rule: str, changes: Mapping[str, Any]) -> str:
    """Return the text with these keys of `[override.RULE]` set; `unless` is added to what is there."""
    present = tomllib.loads(text).get("override", {}).get(rule)
    if present is None:
        block = [f"[override.{rule}]"]
        block += [f"{key} = {toml(value)}" for key, value in changes.items()]
        return _appended(text, "\n".join(block))
    import tomlkit

    document = tomlkit.parse(text)
    table: Any = document["override"][rule]
    for key, value in changes.items():
        table.pop(_OPPOSITES.get(key, ""), None)
        table[key] = _joined(present.get(key), value) if key == "unless" else value
    changed = tomlkit.dumps(document)
    _check(text, changed, rule)
    return changed


def with_rule(text: str, name: str, fields: Mapping[str, Any]) -> str:
    """Return the text with a new rule at its end."""
    width = max(map(len, fields))
    block = [f"[{name}]", *(f"{key:{width}} = {toml(value)}" for key, value in fields.items())]
    return _appended(text, "\n".join(block))


def heading() -> str:
    """Return the first line of a new pattern file: editors complete and check the rest by it."""
    return f"#:schema {shipped('patterns')}/schema.json\n"


def toml(value: Any) -> str:
    """Return a value as it is written in TOML; a text with quotes in it as a literal, where that can be."""
    if isinstance(value, (list, tuple)):
        parts = list(map(toml, value))
        if sum(map(len, parts)) <= _WIDTH:
            return f"[{', '.join(parts)}]"
        return "[\n" + "".join(f"  {part},\n" for part in parts) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if ('"' in text or "\\" in text) and "'" not in text and text.isprintable():
        return f"'{text}'"
    # TOML's basic strings know JSON's escapes; DEL is the only other one that has to be spelled out.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _appended(text: str, block: str) -> str:
    before = text.rstrip("\n")
    return f"{before}\n\n{block}\n" if before else f"{block}\n"


def _joined(present: Any, more: Any) -> list[str]:
    listed = [present] if isinstance(present, str) else list(present or ())
    return listed + [one for one in more if one not in listed]


def _check(before: str, after: str, rule: str) -> None:
    """Refuse to write a text that has lost anything but what was meant."""
    old, new = tomllib.loads(before), tomllib.loads(after)
    for tables in (old, new):
        tables.get("override", {}).pop(rule, None)
    comments = [line.strip() for line in before.splitlines() if line.lstrip().startswith("#")]
    if old != new or any(comment not in after for comment in comments):
        raise UsageError(
            f"the file cannot be changed without losing something else in it ([override.{rule}])",
            "change it with an editor",
        )
