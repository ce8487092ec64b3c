"""What a `sql` pattern can name: every kind of statement that the facts tell apart.

A pattern is compared with the kind alone; a test holds this list against what the facts tell.
"""

from __future__ import annotations

from gatesh.facts.sql_definitions import ALTER_ACTIONS, OBJECTS

_ALTERED = ("table", "foreign table", "materialized view")
_PLAIN = (
    "analyze", "attach", "change master", "change replication", "check", "checkpoint", "checksum",
    "close", "cluster", "comment", "copy from", "copy program", "copy to", "copy to file",
    "create role superuser", "create user superuser", "deallocate", "delete", "detach", "discard",
    "explain", "fetch", "flush", "grant", "help", "import foreign schema", "insert", "interactive",
    "kill", "listen", "load data", "lock table", "lock tables", "merge", "merge delete", "move",
    "notify", "opaque", "optimize", "pragma", "pragma set", "purge", "reassign owned",
    "refresh materialized view", "reindex", "rename", "rename table", "rename user", "repair",
    "replace", "reset", "restart", "restore", "restore clean", "revoke", "security label", "select",
    "select function", "select into", "set", "set global", "shell escape", "show", "shutdown",
    "stop replica", "stop slave", "transaction", "truncate", "undone", "unknown", "unlisten", "unlock",
    "unlock tables", "update", "upsert", "use", "vacuum", "vacuum full", "vacuum into",
)  # fmt: skip

_NAMES = tuple(" ".join(words) for words in OBJECTS)
# "other" is an action that none of them is, and a column may be altered in more than one way.
_ALTERATIONS = {kind for _, kind in ALTER_ACTIONS} | {
    "alter column", "alter column drop", "alter column type", "other",
}  # fmt: skip

KINDS = frozenset(
    (
        *_PLAIN,
        *(f"{verb} {what}" for verb in ("create", "alter", "drop") for what in _NAMES),
        *(f"create or replace {what}" for what in _NAMES),
        *(f"alter {what} {action}" for what in _ALTERED for action in _ALTERATIONS),
    )
)
# Any name may follow: `function pg_terminate_backend`, `set role`, `redis flushall`.
OPEN = ("function ", "set ", "redis ", "memcached ")
