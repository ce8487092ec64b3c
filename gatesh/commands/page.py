"""One record of the audit log, all of it, for a person."""

from __future__ import annotations

import os

from gatesh.audit.query import iso, running
from gatesh.commands.facts import place, sentence
from gatesh.commands.rows import command, exit_of, state, took
from gatesh.model import Lift
from gatesh.printable import printable
from gatesh.redact import Redacted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = dict[str, Any]

_MOST_STARTED = 40
_PSEUDO_TERMINALS = 136  # the first of eight major device numbers of /dev/pts/N


def page(row: Row) -> str:
    """Return everything about one record, for a person."""
    inner = row["inner_command"] is not None
    count = len(row["redactions"])
    cut = f", {count} secret{'' if count == 1 else 's'} taken out" if count else ""
    agent = f" of {row['wrapping']}" if row["wrapping"] else ""
    head = [
        f"record {row['record']}: {state(row)}",
        _field("time", iso(row["time_ns"])),
        _field("session", row["session"]),
        _field("agent", " ".join(filter(None, (row["agent"], row["agent_version"])))),
        _field("process", f"pid {row['pid']}{_terminal(row['tty'])}"),
        _field("door", row["door"]),
        _field("started by", f"record {row['above']}" if row["above"] else ""),
        _field("script", row["script"]),
        _field("cwd", row["working_directory"]),
        _field("line", f"{row['characters']} characters{cut}"),
        _field("errand", f"internal: the agent's own{agent}" if row["internal"] else ""),
        "",
        _indented(printable(command(row), lines=True)),
        "",
        _field("wrapping", f"what came in, in the wrapping{agent}:" if inner else ""),
        *([_indented(printable(row["command_line"], lines=True)), ""] if inner else []),
        _field("reading", f"{row['parse_status']} {row['unparsed']}".strip()),
        _field("verdict", f"{row['verdict']} {row['reason']}".strip()),
        _field("patterns", row["pattern_digest"]),
    ]
    parts = [line for line in head if line is not None]
    parts += [_command(index, one) for index, one in enumerate(row["commands"])]
    parts += [
        _field(f"fact {index}", sentence(one["is"], one)) or "" for index, one in row["facts"]
    ]
    parts += [_match(one, row) for one in row["matches"]]
    parts += [_secret(one) for one in row["secrets"]]
    parts += [_elevation(one) for one in row["elevated"]]
    parts += [_answer(one) for one in row["answers"]]
    parts += [
        _field("not believed", f"{iso(one['time_ns'])} {one['who']}, {one['how']}: {one['why']}")
        or ""
        for one in row["refused_answers"]
    ]
    parts += [_field("connected", peer) or "" for peer in (row["connections"] or "").split()]
    parts.append(_outcome(row))
    parts += [
        _field("started", f"record {one['record']}: {command(one)}  ({state(one)})") or ""
        for one in row["below"][:_MOST_STARTED]
    ]
    if len(row["below"]) > _MOST_STARTED:
        parts.append(f"{len(row['below']) - _MOST_STARTED} more: gatesh history --tree")
    return "\n".join(parts)


def _field(name: str, value: object) -> str | None:
    return f"{name:<13} {printable(str(value))}" if value not in (None, "") else None


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def _command(index: int, one: Row) -> str:
    words = " ".join(word["text"] for word in one["words"])
    extra = [*one.get("prefixes", ()), one.get("remote", ""), one.get("origin", "direct")]
    return _field(f"command {index}", f"{words}  ({', '.join(filter(None, extra))})") or ""


def _elevation(one: Row) -> str:
    said = Lift(tuple(one["classes"].split()), one["target"]).said
    until = f"{iso(one['time_ns'])} until {iso(one['until_ns'])}"
    text = (
        f"elevation {one['elevation']}: {said}, by {one['approver']} ({one['assurance']}), {until}"
    )
    return _field("elevated", text) or ""


def _terminal(tty: str) -> str:
    """Return on which terminal: what is recorded is a device number, or a path."""
    if not tty.isdecimal():
        return f" on {tty}" if tty else ""
    major, minor = os.major(int(tty)), os.minor(int(tty))
    number = (major - _PSEUDO_TERMINALS) * 256 + minor
    if 0 <= number < 8 * 256:
        return f" on /dev/pts/{number}"
    return f" on /dev/tty{minor}" if major == 4 else f" on terminal {major}:{minor}"


def _match(one: Row, row: Row) -> str:
    hidden = row["redactions"] if row["inner_command"] is None else row["inner_redactions"]
    spans = tuple((start, end) for start, end in hidden)
    start, end = Redacted("", spans, ()).moved(one["span_start"], one["span_end"])
    part = command(row)[start:end]
    lines = [
        _field("match", f"{one['rule']}  {one['severity']}  {one['class']}"),
        _field("  says", one["say"]),
        _field("  target", place(one["target"])),
        _field("  instead", one["instead"]),
        _field("  preview", one["preview"]),
        _field("  part", part),
        _field("  cannot see", "; ".join(one["cannot_see"])),
    ]
    return "\n".join(line for line in lines if line)


def _secret(one: Row) -> str:
    """Return where a secret came from, and what it was meant for here."""
    files = f", stands in {', '.join(one['files'])}" if one["files"] else ""
    read = f", first read by record {one['read_in']}" if one["read_in"] else ""
    used = f"{one['operation']} at {one['target']}" if one["target"] else one["operation"]
    lines = [
        _field("secret", f"{one['kind']} from {one['carried']}{files}{read}"),
        _field("  meant for", used),
        _field("  fingerprint", one["fingerprint"][:16]),
    ]
    return "\n".join(line for line in lines if line)


def _answer(one: Row) -> str:
    by = f", as in record {one['by']}" if one["by"] else ""
    lines = [
        _field(
            "answer",
            f"{iso(one['time_ns'])} {one['answered']} ({one['assurance']}{by}) {one['approver']}",
        ),
        _field("  comment", one["comment"]),
        _field("  why", one["why"]),
    ]
    return "\n".join(line for line in lines if line)


def _outcome(row: Row) -> str:
    if row["outcome"] == "ran":
        return _field("outcome", f"ran, exit {exit_of(row)}, took {took(row['duration_ns'])}") or ""
    if row["outcome"] == "unknown":
        still = (
            "it still runs"
            if running(row)
            else "no end row: gatesh was killed, or the machine stopped"
        )
        return _field("outcome", f"unknown ({still})") or ""
    first, *said = row["message"].strip().split("\n")
    fields = [_field("outcome", f"{row['outcome']} ({row['refused_status']}) {first}")]
    fields += [_field("", one) for one in said]
    return "\n".join(filter(None, fields))
