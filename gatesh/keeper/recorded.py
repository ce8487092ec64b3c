"""The sessions of this boot as the audit log knows them: a keeper must not be started by one of them."""

from __future__ import annotations

import os
import sqlite3

from gatesh.audit.database import explain, open_for_reading
from gatesh.session import boot_id


def roots_of_this_boot(path: str) -> dict[tuple[int, int], str]:
    """Return pid and start of each session's root, with the agent's name; raises AuditError."""
    if not os.path.exists(path):
        return {}
    db = open_for_reading(path)
    try:
        rows = db.execute(
            "SELECT root_pid, root_start, agent FROM session WHERE session GLOB ?",
            (f"{boot_id()}:*",),
        ).fetchall()
    except sqlite3.Error as error:
        raise explain(error, path) from error
    finally:
        db.close()
    return {(pid, start): agent for pid, start, agent in rows}
