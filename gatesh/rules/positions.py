"""Where tables and keys stand in a TOML text: tomllib has no positions, and an error needs its line."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]+\"|'[^']+')\s*=")


def lines_of(text: str) -> dict[tuple[str, str], int]:
    """Return the line of every (table, key), and of every table as (table, "")."""
    found: dict[tuple[str, str], int] = {}
    table, inside, depth = "", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not inside and not depth:
            if header := _HEADER.match(line):
                table = ".".join(p.strip().strip("\"'") for p in header.group(1).split("."))
                found.setdefault((table, ""), number)
                continue
            if key := _KEY.match(line):
                found.setdefault((table, key.group(1).strip("\"'")), number)
        inside, depth = _string_state(line, inside, depth)
    return found


def mistake_of(error: ValueError, text: str) -> tuple[int, str]:
    """Return the line of a TOML syntax error, and what it says without its place."""
    said = str(error)
    at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", said)
    what = said.replace(at.group(), "") if at else said
    line = int(at.group(1)) if at and at.group(1) else text.rstrip("\n").count("\n") + 1
    return line, what[:1].lower() + what[1:]


def table_of(text: str, name: str) -> str:
    """Return a table as it is written, the comments right above it and its subtables with it."""
    where = lines_of(text)
    lines = text.splitlines()
    starts = sorted(line for (table, key), line in where.items() if not key)
    own = [
        n for (t, key), n in where.items() if not key and (t == name or t.startswith(f"{name}."))
    ]
    if not own:
        return ""
    first, last = min(own) - 1, next((n for n in starts if n > max(own)), len(lines) + 1) - 1
    while last > first and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
        last -= 1
    while first and lines[first - 1].startswith("#") and not lines[first - 1].startswith("#:"):
        first -= 1
    return "\n".join(lines[first:last])


def _string_state(line: str, inside: str, depth: int) -> tuple[str, int]:
    """Follow strings and brackets of arrays from one line to the next."""
    i = 0
    while i < len(line):
        if inside:
            if line.startswith("\\", i) and inside[0] == '"':
                i += 2
                continue
            if line.startswith(inside, i):
                i += len(inside)
                inside = ""
                continue
        else:
            char = line[i]
            if char == "#":
                break
            if char in "\"'":
                inside = char * 3 if line.startswith(char * 3, i) else char
                i += len(inside)
                continue
            depth += (char in "[{") - (char in "]}")
        i += 1
    return (inside if len(inside) == 3 else ""), max(depth, 0)
