"""What two uses of a secret have in common: its essence, and a keyed HMAC of that.

Apart, because it is on the way of every line in which redaction found a secret.
"""

from __future__ import annotations

from binascii import Error as NoBase64
from binascii import a2b_base64

from gatesh.redact import is_strong

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PURPOSE = b"credential\0"
_LEAST = 12  # characters of base64 that may hold user:password


def fingerprint(value: str, mac: Callable[[bytes], str]) -> str:
    """Return what two uses of a secret have in common, and what does not lead back to it without the key."""
    return mac(_PURPOSE + value.encode("utf-8", "surrogatepass"))


def essence(value: str) -> tuple[str, str]:
    """Return what is secret in a value, and the value where that is another: base64 of user:password."""
    bare = value.strip().replace('"', "").replace("'", "").replace("\\", "")
    if "\n" in bare or "\\n" in value:  # a key: a line of it stands for the whole
        import re

        runs = re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", value)
        return (runs[-2] if len(runs) > 1 else runs[0] if runs else bare), ""
    inside = decoded(bare) if len(bare) >= _LEAST else ""
    user, colon, password = inside.partition(":")
    if colon and is_strong(password) and user.isprintable() and " " not in user:
        return password, bare
    return bare, ""


def decoded(run: str) -> str:
    """Return what base64 holds, where that is plain text."""
    try:
        raw = a2b_base64(
            run.replace("-", "+").replace("_", "/") + "=" * (-len(run) % 4), strict_mode=True
        )
        text = raw.decode("ascii")
    except (NoBase64, ValueError):
        return ""
    return text if text.replace("\n", " ").isprintable() else ""
