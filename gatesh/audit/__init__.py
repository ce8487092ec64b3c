"""The audit log: records kept in SQLite, committed before anything runs."""
