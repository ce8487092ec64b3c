"""`when`: a CEL expression over a fact. The library is imported when a rule that has one fits already.

An expression that errs, or gives no yes or no, has not been able to see: the answer is None.
"""

from __future__ import annotations

from functools import lru_cache

from gatesh.model import Locality

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gatesh.model import Target


@lru_cache(maxsize=512)
def compiled(source: str) -> Any:
    """Return the compiled expression; raises ValueError with the parser's message."""
    import cel

    return cel.compile(source)


def holds(source: str, variables: dict[str, Any]) -> bool | None:
    """Return whether the expression holds, or None where that cannot be decided."""
    try:
        found = compiled(source).execute(variables)
    except Exception:  # noqa: BLE001  not knowing is a value, whatever the library raises
        return None
    return found if isinstance(found, bool) else None


def target(found: Target) -> dict[str, Any]:
    """Return a target as `when` sees it; an unknown target is not local."""
    return {
        "kind": found.kind,
        "name": found.name,
        "locality": found.locality.value,
        "local": found.locality is Locality.LOCAL,
        "label": found.label,
    }
