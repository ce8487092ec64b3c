"""A JSON Schema of pattern files, made from the very tables that reading them goes by.

Editors (taplo, VS Code's Even Better TOML) complete and check by it, after `#:schema` in a file's first
line. It knows form, not meaning: whether a pattern can be read and holds is `gatesh patterns test`.
"""

from __future__ import annotations

from typing import Any

from gatesh.facts.cli import Grammar
from gatesh.model import Severity
from gatesh.rules.notation import FILE_ACTIONS, LINES
from gatesh.rules.rule import CLASSES, NOTATIONS
from gatesh.rules.source import ID, KEYS, NEEDED, OVERRIDE
from gatesh.rules.sql_kinds import KINDS

_ONE = {"type": "string", "minLength": 1}
_ONE_OR_MORE = {"oneOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1}]}
_NONE_OR_MORE = {"oneOf": [_ONE, {"type": "array", "items": _ONE}]}
_LINES = {"type": "array", "items": _ONE, "minItems": 2}
_TEXT = {"type": "string", "pattern": r"^[^\n]*\S[^\n]*$"}
_TABLE = {"type": "object", "additionalProperties": {"type": "string"}}
_HELP = {
    "cli": "PROGRAM OPERAND… --option: {a,b} either, * anything, ** any number of operands, @set",
    "http": "METHOD HOST/PATH: * one segment, ** any",
    "graphql": "OPERATION FIELD @ HOST",
    "sql": f"the kind of a statement: {', '.join(sorted(KINDS)[:12])} …",
    "file": f"ACTION PATH, then what must hold. Actions: {', '.join(FILE_ACTIONS)}",
    "line": f"about the reading itself: {', '.join(LINES)}",
    "severity": "critical and high ask; medium asks unless the target is on this machine; low is recorded",
    "class": "what kind of loss it is",
    "say": "one short clause: what is lost. {1} {2} … {names} {program} {target} are filled in",
    "instead": "one short clause: the safer way",
    "catches": "at least two command lines that this rule catches",
    "passes": "at least two command lines that no rule asks about; one of them a look-alike",
    "unless": "the same notation; suppresses the rule where it certainly fits",
    "when": "a CEL expression over the fact, such as !target.local",
    "certain": "true: what cannot be seen does not count",
    "preview": "what to look at first, shown to the human",
    "loses": "what of that a card says is lost: {1} {last} {rest} {--option}; [] where the words name none",
    "known_misses": "lines that get through, said openly",
    "world": "files and env that the examples need",
    "off": "the rule is switched off",
    "deny": "never run it, do not even ask",
}


def schema() -> dict[str, Any]:
    """Return the schema."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "gatesh pattern file",
        "type": "object",
        "properties": {
            "sets": _described("named lists of words, for all files", _tables(_NONE_OR_MORE)),
            "programs": _described("how programs read their options", _tables(_grammar())),
            "override": _described("changes of rules that are there, by id", _tables(_override())),
        },
        "patternProperties": {f"^(?!(?:sets|programs|override)$){ID.pattern}$": _rule()},
        "additionalProperties": False,
    }


def _rule() -> dict[str, Any]:
    forms: dict[str, Any] = {
        **dict.fromkeys(NOTATIONS, _ONE_OR_MORE),
        "severity": {"enum": [s.value for s in Severity]},
        "class": {"enum": sorted(CLASSES)},
        **dict.fromkeys(("say", "instead", "preview"), _TEXT),
        **dict.fromkeys(("catches", "passes"), _LINES),
        **dict.fromkeys(("unless", "known_misses", "loses"), _NONE_OR_MORE),
        "when": {"type": "string"},
        "certain": {"type": "boolean"},
        "world": {
            "type": "object",
            "properties": {"files": _TABLE, "env": _TABLE},
            "additionalProperties": False,
        },
    }
    return {
        "type": "object",
        "properties": {key: _described(_HELP[key], forms[key]) for key in sorted(KEYS)},
        "required": list(NEEDED),
        "oneOf": [{"required": [kind]} for kind in NOTATIONS],
        "additionalProperties": False,
    }


def _override() -> dict[str, Any]:
    forms: dict[str, Any] = {
        "severity": {"enum": [s.value for s in Severity]},
        "unless": _ONE_OR_MORE,
        "when": _ONE,
        "off": {"const": True},
        "deny": {"const": True},
    }
    return {
        "type": "object",
        "properties": {key: _described(_HELP[key], forms[key]) for key in OVERRIDE},
        "minProperties": 1,
        "additionalProperties": False,
    }


def _grammar() -> dict[str, Any]:
    forms = {
        tuple: _NONE_OR_MORE,
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        dict: _TABLE,
    }
    defaults = Grammar._defaults  # noqa: SLF001  a Value tells its fields as a namedtuple does
    return {
        "type": "object",
        "properties": {name: forms[type(value)] for name, value in defaults.items()},
        "additionalProperties": False,
    }


def _tables(form: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": form}


def _described(text: str, form: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, **form}
