"""What encode.py wrote, as values again: the commands and facts of a record, as they were seen then.

Lenient, since records outlive the gatesh that wrote them: a field that is not known any more is left out;
what lacks a field that is needed now raises ValueError.
"""

from __future__ import annotations

import json

from gatesh import model
from gatesh.model import Certainty, Extent, Locality, Origin, Span, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gatesh._value import Value

_NOUNS: dict[str, type[Value]] = {
    cls.__name__: cls
    for cls in (
        model.SimpleCommand, model.Redirect, model.Assignment, model.Target, model.CliCall, model.GraphqlField,
        model.HttpRequest, model.SqlStatement, model.CloudCall, model.PathEffect, model.FileChange,
    )
}  # fmt: skip
_ENUMS: dict[tuple[str, str], type[Certainty | Origin | Locality | Extent]] = {
    ("Word", "certainty"): Certainty,
    ("SimpleCommand", "origin"): Origin,
    ("Target", "locality"): Locality,
    ("PathEffect", "extent"): Extent,
}


def from_json(text: str) -> Any:
    """Return the values that `text` stands for; raises ValueError where it is none of ours."""
    try:
        return _value(json.loads(text))
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"not what gatesh records: {error}") from error


def _value(found: Any) -> Any:
    if isinstance(found, list):
        return tuple(map(_value, found))
    if not isinstance(found, dict):
        return found
    cls = _NOUNS[found["is"]] if "is" in found else Word
    return cls(**{n: _field(cls.__name__, n, v) for n, v in found.items() if n in cls._fields})


def _field(of: str, name: str, value: Any) -> Any:
    if name == "span":
        return Span(*value)
    enum = _ENUMS.get((of, name))
    return enum(value) if enum else _value(value)
