"""A JSON Schema of scope.toml, made from the very tables that reading it goes by.

It knows form, not meaning: whether a class is known and a label is one is said when the file is read.
"""

from __future__ import annotations

from typing import Any

from gatesh.rules.rule import CLASSES
from gatesh.scope.manifest import CLASSES_TABLE, EFFECTS, KEYS, TABLES

_NAME = {"type": "string", "minLength": 1}
_NAMES = {"type": "array", "items": _NAME}
_LABEL = {"type": "string", "pattern": "^[a-z0-9]+(?:-[a-z0-9]+)*$"}
_EFFECT = {"enum": list(EFFECTS)}
_FORMS: dict[str, Any] = {
    "environment": {"oneOf": [_LABEL, {"type": "array", "items": _LABEL}]},
    "read-only": {"type": "boolean"},
    "outside": _EFFECT,
}


def schema() -> dict[str, Any]:
    """Return the schema."""
    effects = "; ".join(f"{name}: {said}" for name, said in EFFECTS.items())
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "scope of an agent's session",
        "type": "object",
        "properties": {
            **{key: {"description": said, **_FORMS[key]} for key, said in KEYS.items()},
            **{name: _table(lists) for name, lists in TABLES.items()},
            CLASSES_TABLE: {
                "description": f"an effect for each class of loss. {effects}",
                "type": "object",
                "properties": dict.fromkeys(sorted(CLASSES), _EFFECT),
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    }


def _table(lists: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: {"description": said, **_NAMES} for key, said in lists.items()},
        "additionalProperties": False,
    }
