"""Which names say that their value is a secret, and which values cannot be one."""

from __future__ import annotations

import re

from gatesh.redact import is_strong

_SECRET = re.compile(
    r"(?:^|_)(?:token|secret|password|passwd|passphrase|passcode|pass|pwd|pw|apikey|credentials?|jwt|pat|psk"
    r"|authtoken|accesstoken|authkey|pgpassword|_?auth|requirepass|masterauth|bearer"
    r"|(?:api|auth|access|secret|private|signing|encryption|master|account|storage|service|session|subscription"
    r"|deploy|license|admin|root|shared_access|role|anon|service_role|webhook|jwt|cookie|hmac|app|client)_?key"
    r"|secret_key_base|shared_?access_?signature)"
    r"(?:_(?:prod|production|staging|stage|dev|test|live|old|new|current|value|string|base64|b64|plain|text|\d+))?$"
)
_ENDS_IN_KEY = re.compile(r"(?:^|_)key$")
_NOT_THE_SECRET = re.compile(
    r"^(?:no|ask|prompt|skip|show|use|require|force|reset|generate|with|without|set_no|change|forgot|has|is|need|needs"
    r"|enable|disable|allow|max|min|num|public|next|continuation|page"
    r"|starting|idempotency|client_request)_"
)
_REFERENCE = re.compile(
    r"(?s)\$\{?!?[A-Za-z_]\w*\}?|\$\{[A-Za-z_]\w*\[[^\]]*\]\}|\$\{[A-Za-z_]\w*:?\?[^}]*\}|\$\(.*\)?|`.*`?"
    r"|\$[0-9@*#?!$-]|\$\{\{.*|\{\{.*\}\}|<[^>]*>|%\w+%|%[sdq]|\{[\w.]*\}|[*x.…•]+|X+|\\?\$[A-Z_]\w*"
)
_POINTER = (
    "op://", "file:", "fileb:", "@", "env:", "vault:", "arn:", "http://", "https://", "projects/", "ref+",
    "os.environ", "process.env", "secrets.", "var.", "local.", "data.", "self.", "args.", "config.",
)  # fmt: skip
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w./@+~-]*")
_NOTHING = frozenset({
    "true", "false", "null", "none", "nil", "undefined", "yes", "no", "on", "off", "string", "str", "bytes",
    "required", "optional",
})  # fmt: skip


def names_secret(name: str) -> bool:
    """Claim that a variable, an option, a key or a header of this name holds a secret."""
    if len(name) > 100 or name in ("PWD", "OLDPWD"):
        return False
    bare = name.lstrip("-")
    if not bare.isupper():
        bare = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare)
    bare = re.sub(r"[-.:/]", "_", bare).lower()
    if _NOT_THE_SECRET.match(bare):
        return False
    return bool(_SECRET.search(bare) or _ENDS_IN_KEY.search(bare))


def secret_value(name: str, value: str) -> bool:
    """Claim that `value` is the secret itself: no variable, no path, no placeholder."""
    if not value or value.lower() in _NOTHING or value == "<redacted>":
        return False
    if value.startswith(_POINTER) or _REFERENCE.fullmatch(value):
        return False
    lower = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.lstrip("-")).lower().replace("-", "_")
    if value.isdigit() and not re.search("passw|pwd|pin|secret", lower):
        return False
    if _PATH.fullmatch(value) and not (len(value) == 40 and is_strong(value)):
        return False
    if _ENDS_IN_KEY.search(lower) and not _SECRET.search(lower):
        return len(value) >= 16 and is_random(value)  # STRIPE_KEY=…, but not sort_key=name
    if lower.endswith(("auth", "key", "pat", "bearer", "credential", "credentials", "pass", "pw")):
        return is_strong(value) or lower in (
            "pass",
            "pw",
            "db_pass",
            "smtp_pass",
            "api_key",
            "apikey",
        )
    return True


def is_random(value: str) -> bool:
    """Claim that `value` looks drawn, not written: letters and digits in one long run."""
    run = max(re.findall(r"[A-Za-z0-9+=]+", value), key=len, default="")
    return len(run) >= 12 and any(c.isdigit() for c in run) and any(c.isalpha() for c in run)
