"""`gatesh check`: what would happen to a command line; nothing runs and nothing is recorded."""

from __future__ import annotations

import json
import os
import sys
import time
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

from gatesh.doors.client import here
from gatesh.errors import Exit, InputError, UsageError
from gatesh.model import CommandLine, Door, Unparsed, Verdict, inner_line
from gatesh.printable import printable
from gatesh.session import called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts import World
    from gatesh.gate import Gate
    from gatesh.model import Decision, Inspection, Match
    from gatesh.places import Places
    from gatesh.rules.layers import Loosening

_MOST_OF_A_RULE = 5  # `rm -rf $x/*` may find something in each folder


@click.command("check", short_help="Say what would happen to a line.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--jsonl", is_flag=True, help='Read {"command": …, "cwd"?: …} lines, write one each.')
@click.option("--cwd", default="", metavar="DIR", help="The folder the command would run in.")
@click.argument("line", required=False)
@click.pass_context
def check(ctx: click.Context, as_json: bool, jsonl: bool, cwd: str, line: str | None) -> None:
    """Say what would happen to LINE. Exit 0: it would run, 1: asked about or denied, 2: used wrongly."""
    if jsonl == (line is not None):
        raise UsageError("check takes one LINE, or --jsonl", "gatesh check 'rm -rf build'")
    from gatesh.wiring import gate_for_check

    where = here()
    folder = os.path.abspath(cwd) if cwd else os.getcwd()
    gate, world = gate_for_check(where, folder)
    if jsonl:
        ctx.exit(_check_all(gate, world, folder, loosenings(where, folder)))
    found = considered(gate, world, line or "", folder, loosenings(where, folder))
    click.echo(json.dumps(found) if as_json else describe(found))
    ctx.exit(Exit.OK if found["verdict"] == Verdict.ALLOW else Exit.ASKED)


def loosenings(where: Places, cwd: str) -> tuple[Loosening, ...]:
    """Return what the user's and the project's files loosen; a keeper's confirmations are not known here."""
    from gatesh.model import Layer
    from gatesh.rules import layers, load

    found = load.files(where, load.projects_of(cwd))
    if all(layer is Layer.SHIPPED for _, layer in found):
        return ()
    return layers.loosenings(load.read_all(where, found))


def note(loosening: Loosening) -> str:
    """Say what is loosened, where, and when that counts."""
    return (
        f"{loosening.file}:{loosening.line}: {loosening.sentence}: "
        "counts only under a keeper whose person has confirmed it"
    )


def concerning(
    found: tuple[Loosening, ...], rules: set[str], programs: set[str]
) -> Iterator[Loosening]:
    """Yield the loosenings of these rules, and of the grammars of these programs."""
    return (one for one in found if one.about in rules or one.about.split()[0] in programs)


def _check_all(gate: Gate, world: World, folder: str, loosened: tuple[Loosening, ...]) -> int:
    status = Exit.OK
    for text in sys.stdin.buffer:
        if not text.strip():
            continue
        found = _check_line(gate, world, folder, text, loosened)
        click.echo(json.dumps(found))
        if "error" in found:
            status = Exit.USAGE
        elif found["verdict"] != Verdict.ALLOW:
            status = max(status, Exit.ASKED)
    return status


def _check_line(
    gate: Gate, world: World, folder: str, text: bytes, loosened: tuple[Loosening, ...]
) -> dict[str, Any]:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {
            "command": text.decode("utf-8", "replace").rstrip("\n"),
            "error": f"no JSON: {error}",
        }
    command = asked.get("command") if isinstance(asked, dict) else None
    cwd = asked.get("cwd", "") if isinstance(asked, dict) else ""
    if not isinstance(command, str) or not isinstance(cwd, str):
        return {"command": None, "error": '"command" and "cwd" are strings'}
    return considered(gate, world, command, os.path.join(folder, cwd) if cwd else folder, loosened)


def considered(
    gate: Gate, world: World, text: str, cwd: str, loosened: tuple[Loosening, ...] = ()
) -> dict[str, Any]:
    """Return what the gate says of one line, as JSON values."""
    started = time.perf_counter_ns()
    env = dict(os.environ)
    line = CommandLine(text, cwd, env, Door.CHECK, called=called(cwd, env))
    try:
        seen, decision = gate.consider(line, world)
    except InputError as error:
        return {
            "command": text, "cwd": cwd, "verdict": Verdict.DENY.value, "reason": error.message,
            "inner": text, "wrapping": "", "internal": False, "rules": [], "commands": [], "facts": [],
            "target": "", "unparsed": "", "notes": [],
            "elapsed_us": _since(started),
        }  # fmt: skip
    programs = {command.program for command in seen.reading.commands}
    about = concerning(loosened, {m.rule for m in decision.matches}, programs)
    return {
        **_json(line, seen, decision),
        "notes": [*(note(one) for one in about), *_unlabelled(seen)],
        "elapsed_us": _since(started),
    }


def _unlabelled(seen: Inspection) -> Iterator[str]:
    """Say why no label counts, where one was asked for, or which one counts only with a keeper."""
    if not seen.matches:
        return
    from gatesh.errors import ConfigError
    from gatesh.scope.labels import is_guess
    from gatesh.scope.load import read_labels

    try:
        pinned = read_labels(here(), loosens=True)
    except ConfigError as error:
        yield f"no label but production counts: {error.message}"
        return
    for target in dict.fromkeys(found.target for found in seen.matches):
        label, origin = pinned.label(target)
        if label != target.label and not is_guess(origin) and label:
            yield (
                f"{target.name or target.kind} is {label} below gatesh run, and with a keeper ({origin}): "
                "here only what makes a target stricter counts"
            )


def _since(started: int) -> int:
    return (time.perf_counter_ns() - started) // 1000


def _json(line: CommandLine, seen: Inspection, decision: Decision) -> dict[str, Any]:
    wrapping = seen.reading.wrapping
    return {
        "command": line.text,
        "inner": inner_line(line, seen.reading).text,
        "wrapping": wrapping.agent if wrapping else "",
        "internal": wrapping is not None and wrapping.internal,
        "cwd": line.cwd,
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "rules": list(_rules(decision.matches)),
        "commands": [
            {
                "program": command.program,
                "words": [word.text for word in command.words],
                "origin": command.origin.value,
            }
            for command in seen.reading.commands
        ],
        "facts": [
            {"command": index, "fact": type(fact).__name__, **plain(fact)}
            for index, fact in seen.facts
        ],
        "target": decision.matches[0].target.name if decision.matches else "",
        "unparsed": seen.reading.reason if isinstance(seen.reading, Unparsed) else "",
    }


def _rules(matches: tuple[Match, ...]) -> Iterator[dict[str, Any]]:
    from gatesh.policy import verdict_of

    for found in matches:
        yield {
            "id": found.rule,
            "class": found.klass,
            "severity": found.severity.value,
            "verdict": verdict_of(found).value,
            "say": found.say,
            "instead": found.instead,
            "target": found.target.name,
            "locality": found.target.locality.value,
            "label": found.target.label,
            "label_origin": found.target.label_origin,
            "cannot_see": list(found.cannot_see),
        }


def plain(value: Any) -> Any:
    """Return a value of the model as JSON values; a word becomes its text."""
    from gatesh._value import Value
    from gatesh.model import Word

    if isinstance(value, Word):
        return value.text
    if isinstance(value, Value):
        return {name: plain(getattr(value, name)) for name in value._fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list, frozenset)):
        return [plain(v) for v in value]
    return value


def describe(found: dict[str, Any]) -> str:
    """Return a text for a person."""
    lines = [f"{found['verdict']}: {printable(found['inner'])}"]
    if found["inner"] != found["command"]:
        lines.append(f"  taken out of the wrapping of {found['wrapping']}")
    if found["internal"]:
        lines.append(f"  an errand of {found['wrapping'] or 'many agents'}: recorded as internal")
    if found["reason"]:
        lines.append(f"  {found['reason']}")
    if found["unparsed"]:
        lines.append(f"  cannot be read: {found['unparsed']}")
    shown: dict[str, list[str]] = {}
    for rule in found["rules"]:
        text = "\n".join(_told(rule))
        same = shown.setdefault(rule["id"], [])
        if text not in same:
            same.append(text)
    for rule_id, texts in shown.items():
        lines += texts[:_MOST_OF_A_RULE]
        if len(texts) > _MOST_OF_A_RULE:
            more = len(texts) - _MOST_OF_A_RULE
            lines.append(f"        and {more} more that {rule_id} says (--json)")
    lines += [f"  note: {printable(text)}" for text in found["notes"]]
    return "\n".join(lines)


def _told(rule: dict[str, Any]) -> Iterator[str]:
    yield f"  {rule['verdict']}  {rule['id']} ({rule['severity']}): {rule['say']}"
    yield from (f"        cannot see {what}" for what in rule["cannot_see"])
    if rule["verdict"] != Verdict.ALLOW:
        yield f"        instead: {rule['instead']}"
    if rule["label"] not in ("", rule["locality"]):
        yield f"        target: {rule['target']}: {rule['label']}, {rule['label_origin']}"
