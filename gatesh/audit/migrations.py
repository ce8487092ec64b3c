"""The schema of the audit log, in named steps that are applied once.

sqlite-utils keeps its own record of them (table `_sqlite_migrations`); all pending steps, that record and
`user_version` are one transaction. Imported only when a log is made or is older than this gatesh.

Rows are added, never changed: triggers abort UPDATE, DELETE and what would replace a row. Whoever owns the
file can drop a trigger; they stop mistakes and show intent, they are not a lock.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from gatesh.audit.database import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

steps = Migrations("gatesh-audit")

if TYPE_CHECKING:
    from collections.abc import Callable

    def step(name: str) -> Callable[[Callable[[Database], None]], Callable[[Database], None]]:
        """Register a step under `name`, which is kept in every database it was applied to."""
        raise NotImplementedError(name)
else:
    step = steps.__call__


def migrate(db: Connection) -> None:
    """Apply the steps that `db` lacks; raises sqlite3.Error, and then nothing has changed."""
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("BEGIN IMMEDIATE")
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] < SCHEMA:
            steps.apply(Database(db, recursive_triggers=False, execute_plugins=False))
            db.execute(f"PRAGMA user_version={SCHEMA:d}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@step(name="0001-tables")
def _tables(db: Database) -> None:
    for table, fields in _COLUMNS.items():
        key = next(iter(fields))
        references = [(c, "record") for c in fields if c == "record" and table != "record"]
        db[table].create(fields, pk=key, foreign_keys=references, not_null=_NOT_NULL[table])
    # AUTOINCREMENT: a number is never given twice, so a hole in the numbers is a lost or removed record.
    schema = db["record"].schema.replace("INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT")
    db["record"].drop()
    db.execute(schema)
    for table, columns in _INDEXES:
        db[table].create_index(columns)
    db.execute("CREATE INDEX idx_record_held ON record(verdict, time_ns) WHERE verdict <> 'allow'")


@step(name="0002-append-only")
def _append_only(db: Database) -> None:
    for table, columns in _COLUMNS.items():
        _forbid_changes(db, table, next(iter(columns)))


def _forbid_changes(db: Database, table: str, key: str) -> None:
    for change in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
    db.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608  our own names
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    )


@step(name="0003-command-view")
def _command_view(db: Database) -> None:
    db.create_view("command", _COMMAND)


@step(name="0004-wrappings")
def _wrappings(db: Database) -> None:
    for name, kind in (
        ("inner_command", "TEXT"),  # redacted; NULL where nothing was around the command
        ("inner_redactions", "TEXT"),  # JSON, as redactions, in the unredacted inner command
        ("wrapping", "TEXT"),  # whose it is: "claude-code"
        ("internal", "INTEGER NOT NULL DEFAULT 0"),  # the agent's own errand
    ):
        db.execute(f"ALTER TABLE record ADD COLUMN {name} {kind}")


@step(name="0005-trees")
def _trees(db: Database) -> None:
    # The record of the line or program that started this one; NULL at the top of a tree.
    db.execute("ALTER TABLE record ADD COLUMN above INTEGER REFERENCES record(record)")
    for name in ("name", "gate"):  # of a session of `gatesh run`: its name, and what gates it
        db.execute(f"ALTER TABLE session ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")


@step(name="0006-connections")
def _connections(db: Database) -> None:
    # Where the program of a record connected to, outside of this machine and of private networks.
    fields = {
        "connection": int, "record": int, "time_ns": int, "pid": int, "address": str, "port": int, "kind": str,
    }  # fmt: skip
    db["connection"].create(
        fields,
        pk="connection",
        foreign_keys=[("record", "record")],
        not_null=set(fields) - {"connection"},
    )
    db["connection"].create_index(["record"])
    _forbid_changes(db, "connection", "connection")
    db["command"].drop()
    db.create_view("command", _COMMAND.replace(_OUTCOME, _OUTCOME + _CONNECTIONS))


@step(name="0007-labels")
def _labels(db: Database) -> None:
    # " production staging ": of the targets that were looked for, those of matches first.
    db.execute("ALTER TABLE record ADD COLUMN labels TEXT NOT NULL DEFAULT ''")


@step(name="0008-credential-uses")
def _credential_uses(db: Database) -> None:
    # What a secret was used for. Its value is nowhere; the fingerprint is a keyed HMAC of it.
    fields = {
        "credential_use": int, "record": int, "fingerprint": str, "kind": str, "operation": str, "target": str,
        "carried": str, "files": str, "read_in": int,
    }  # fmt: skip
    db["credential_use"].create(
        fields,
        pk="credential_use",
        foreign_keys=[("record", "record")],
        not_null={"record", "fingerprint", "kind"},
    )
    for column in ("record", "fingerprint"):
        db["credential_use"].create_index([column])
    _forbid_changes(db, "credential_use", "credential_use")


@step(name="0009-elevations")
def _elevations(db: Database) -> None:
    # What a person lifted of a session's scope, and how that ended. Nothing is ever read back into a keeper.
    given = {
        "elevation": int, "time_ns": int, "session": str, "classes": str, "target": str, "until_ns": int,
        "approver": str, "assurance": str,
    }  # fmt: skip
    ended = {"elevation_end": int, "elevation": int, "time_ns": int, "how": str, "who": str}
    for name, fields in (("elevation", given), ("elevation_end", ended)):
        db[name].create(fields, pk=name, not_null=set(fields) - {name})
        _forbid_changes(db, name, name)
    # " 3 ": those without which the line would have been held.
    db.execute("ALTER TABLE record ADD COLUMN elevations TEXT NOT NULL DEFAULT ''")


# The first column is the primary key. Times are nanoseconds since 1970. Names follow OpenTelemetry's
# process.* where it has one. JSON columns hold what gatesh.audit.encode writes.
_COLUMNS: dict[str, dict[str, type]] = {
    "session": {
        "session": str,  # boot id, pid and start time of the root
        "time_ns": int,  # when its first record was written
        "uid": int,
        "root_pid": int,
        "root_start": int,
        "root_name": str,
        "agent": str,
        "agent_version": str,
        "tty": str,
        "gatesh_version": str,
    },
    "record": {  # begin rows
        "record": int,
        "time_ns": int,
        "session": str,
        "door": str,
        "command_line": str,  # redacted
        "characters": int,  # of the unredacted line; more than are kept where it was very long
        "redactions": str,  # JSON: [[start, end], …] in the unredacted line
        "command_hmac": str,  # of the unredacted line, without its wrapping since 0004
        "arguments": str,  # JSON: $0 $1 …
        "script": str,
        "script_digest": str,  # SHA-256 of the file's content
        "working_directory": str,
        "parse_status": str,  # parsed, unparsed
        "unparsed": str,  # why
        "programs": str,  # " curl jq ": every program in the line, once, between blanks
        "commands": str,  # JSON
        "facts": str,  # JSON: [[index of the command, fact], …]
        "targets": str,  # " postgres:db.prod/app http:x ": what decided comes first
        "verdict": str,
        "reason": str,
        "severity": str,  # of the first match
        "rule_ids": str,  # " railway-mutation sql-every-row "
        "pattern_digest": str,
        "pid": int,  # who submitted
        "uid": int,
        "tty": str,
        "agent": str,
        "gatesh_version": str,
    },
    "match": {
        "match": int,
        "record": int,
        "rule": str,
        "class": str,
        "severity": str,
        "command": int,
        "span_start": int,
        "span_end": int,
        "say": str,
        "instead": str,
        "preview": str,
        "deny": int,
        "target": str,  # JSON
        "names": str,  # JSON
        "cannot_see": str,  # JSON
    },
    "answer": {
        "answer": int,
        "record": int,
        "time_ns": int,
        "answered": str,
        "approver": str,
        "assurance": str,
        "comment": str,  # the human's
        "why": str,  # the machinery's
        "by": int,
    },
    "refused_answer": {  # somebody tried to answer and was not believed
        "refused_answer": int,
        "record": int,
        "time_ns": int,
        "who": str,
        "how": str,
        "why": str,
    },
    "alert": {  # what reached the keeper's socket and was refused
        "alert": int,
        "time_ns": int,
        "kind": str,
        "text": str,
        "session": str,
        "pid": int,
        "uid": int,
    },
    "outcome": {  # end rows
        "outcome": int,
        "record": int,
        "time_ns": int,
        "wait_status": int,  # as waitpid(2) gives it; NULL where nothing ran
        "exit_code": int,
        "signal": int,
        "duration_ns": int,
        "refused_status": int,  # 126 refused, 125 gatesh failed; NULL where it ran
        "message": str,
    },
}

_NOT_NULL: dict[str, set[str]] = {
    "session": {"session", "time_ns"},
    "record": {"time_ns", "session", "door", "command_line", "command_hmac", "verdict"},
    "match": {"record", "rule", "severity"},
    "answer": {"record", "time_ns", "answered"},
    "refused_answer": {"time_ns", "why"},
    "alert": {"time_ns", "kind"},
    "outcome": {"record", "time_ns"},
}

_INDEXES = (
    ("record", ["time_ns"]),
    ("record", ["session", "time_ns"]),
    ("match", ["record"]),
    ("match", ["rule"]),
    ("answer", ["record"]),
    ("refused_answer", ["record"]),
    ("outcome", ["record"]),
)

# One row for each command line. Where a record has several answers the first decided; the first end row
# counts, too: whatever is appended later does not change how history reads.
_COMMAND = """
SELECT r.*,
  s.root_name, s.agent_version,
  a.answered, a.approver, a.assurance, a.comment, a.time_ns AS answer_ns,
  o.exit_code, o.signal, o.wait_status, o.duration_ns, o.refused_status, o.message,
  o.time_ns AS end_ns,
  CASE
    WHEN o.outcome IS NULL THEN 'unknown'
    WHEN o.refused_status IS NULL THEN 'ran'
    WHEN o.refused_status = 125 THEN 'failed'
    WHEN a.answered = 'withdrawn' THEN 'abandoned'
    ELSE 'refused'
  END AS outcome
FROM record r
LEFT JOIN session s ON s.session = r.session
LEFT JOIN answer a ON a.answer = (SELECT min(answer) FROM answer WHERE record = r.record)
LEFT JOIN outcome o ON o.outcome = (SELECT min(outcome) FROM outcome WHERE record = r.record)
"""
_OUTCOME = "  END AS outcome\n"
# "198.51.100.7:443/tcp [2001:db8::7]:53/udp"
_CONNECTIONS = """  ,
  (SELECT group_concat(
      iif(instr(address, ':'), '[' || address || ']', address) || ':' || port || '/' || kind, ' ')
    FROM connection c WHERE c.record = r.record) AS connections
"""
