"""What a `sql` pattern can name: every kind of statement that the facts tell apart.

A pattern is compared with the kind alone; a test holds this list against what the facts tell.
"""

from __future__ import annotations

_OBJECTS = (
    "access method", "aggregate", "cast", "collation", "column", "conversion", "database",
    "default privileges", "domain", "event", "event trigger", "extension", "foreign data wrapper",
    "foreign table", "function", "group", "index", "instance", "language", "large object",
    "logfile group", "materialized view", "operator", "operator class", "operator family", "owned",
    "package", "policy", "procedural language", "procedure", "publication", "resource group", "role",
    "routine", "rule", "schema", "sequence", "server", "spatial reference system", "statistics",
    "subscription", "system", "table", "tablespace", "temporary table", "text search configuration",
    "text search dictionary", "text search parser", "text search template", "transform", "trigger",
    "type", "undo tablespace", "user", "user mapping", "view", "virtual table",
)  # fmt: skip
_ALTERATIONS = (
    "add", "alter column", "alter column drop", "alter column type", "coalesce partition",
    "detach partition", "disable", "disable row level security", "disable rule", "disable trigger",
    "discard tablespace", "drop column", "drop constraint", "drop index", "drop partition", "enable",
    "exchange partition", "modify column", "other", "owner", "rename", "reorganize partition", "set",
    "set schema", "set unlogged", "truncate partition",
)  # fmt: skip
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

KINDS = frozenset(
    (
        *_PLAIN,
        *(f"{verb} {what}" for verb in ("create", "alter", "drop") for what in _OBJECTS),
        *(f"create or replace {what}" for what in _OBJECTS),
        *(f"alter {what} {action}" for what in _ALTERED for action in _ALTERATIONS),
    )
)
# Any name may follow: `function pg_terminate_backend`, `set role`, `redis flushall`.
OPEN = ("function ", "set ", "redis ", "memcached ")
