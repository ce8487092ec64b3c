"""What follows from what was seen: verdict, binding, and the words of a refusal. Pure."""

from __future__ import annotations

from gatesh.errors import Exit
from gatesh.model import (
    Answer,
    Answered,
    Asker,
    CommandLine,
    Decision,
    Inspection,
    Locality,
    Match,
    Refused,
    Severity,
    SimpleCommand,
    Unparsed,
    Verdict,
)

# Severity and target decide. Local is loopback, private test hosts and what lies under the project;
# a target that nobody knows is not local.
VERDICTS: dict[Severity, dict[Locality, Verdict]] = {
    Severity.CRITICAL: {
        Locality.LOCAL: Verdict.ASK,
        Locality.REMOTE: Verdict.ASK,
        Locality.UNKNOWN: Verdict.ASK,
    },
    Severity.HIGH: {
        Locality.LOCAL: Verdict.ASK,
        Locality.REMOTE: Verdict.ASK,
        Locality.UNKNOWN: Verdict.ASK,
    },
    Severity.MEDIUM: {
        Locality.LOCAL: Verdict.ALLOW,
        Locality.REMOTE: Verdict.ASK,
        Locality.UNKNOWN: Verdict.ASK,
    },
    Severity.LOW: {
        Locality.LOCAL: Verdict.ALLOW,
        Locality.REMOTE: Verdict.ALLOW,
        Locality.UNKNOWN: Verdict.ALLOW,
    },
}

_RANK = {Verdict.ALLOW: 0, Verdict.ASK: 1, Verdict.DENY: 2}
_WORST = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 3}

_LIMITS = ("scope-", "read-only")  # what a scope says itself
_SCOPE = (*_LIMITS, "gatesh-scope")  # rules that raise an alert

# An approval is bound to the whole environment: any variable may choose the target (DOCKER_HOST,
# TF_WORKSPACE) or carry code (LD_PRELOAD, BASH_FUNC_*). These change from command to command.
VOLATILE = frozenset(("_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES", "AI_AGENT"))
VOLATILE_PREFIXES = ("CLAUDE_", "CODEX_", "GEMINI_CLI", "QWEN_CODE", "COPILOT_AGENT", "OPENCODE_")


def verdict_of(found: Match) -> Verdict:
    """Return what one match alone would lead to."""
    return Verdict.DENY if found.deny else VERDICTS[found.severity][found.target.locality]


def outside(decision: Decision) -> Match | None:
    """Return the first match that says that a line leaves its session's scope, or meddles with it."""
    return next((found for found in decision.matches if found.rule.startswith(_SCOPE)), None)


def decide(seen: Inspection, *, observe: bool = False) -> Decision:
    """Return the strictest verdict of all matches, those that decided first."""
    matches = sorted(seen.matches, key=lambda m: (-_RANK[verdict_of(m)], -_WORST[m.severity]))
    verdict = verdict_of(matches[0]) if matches else Verdict.ALLOW
    unparsed = seen.reading.reason if isinstance(seen.reading, Unparsed) else ""
    if observe and verdict is not Verdict.ALLOW:
        return Decision(Verdict.ALLOW, tuple(matches), unparsed, reason=f"observe: {verdict.value}")
    return Decision(verdict, tuple(matches), unparsed)


def bound(seen: Inspection) -> dict[int, SimpleCommand]:
    """Return the commands that an approval is about, by their index.

    What the agent's wrapping does is none of them: its snapshot is bound by what is in it, and every line
    has other files. Where a rule speaks about it, or the snapshot could not be read, it is bound like all.
    """
    wrapping, read = seen.reading.wrapping, dict(seen.files)
    commands = dict(enumerate(seen.reading.commands))
    if wrapping is None:
        return commands
    spoken_of = {found.command for found in seen.matches}
    for index in range(wrapping.own):
        unread = index < len(wrapping.sources) and read.get(wrapping.sources[index]) is None
        if index not in spoken_of and not unread:
            del commands[index]
    return commands


def binding(
    line: CommandLine, asker: Asker, seen: Inspection, rules: str, files: tuple[str, ...]
) -> bytes:
    """Return the bytes whose HMAC an approval is bound to; fields are length-prefixed.

    `line` is without its wrapping; `files` are the stamps of the files that it names.
    """
    commands, wrapping = bound(seen), seen.reading.wrapping
    snapshots = {
        path: f"snapshot {index}"
        for index, path in enumerate(wrapping.sources if wrapping else ())
        if index not in commands
    }
    fields = [asker.session, line.text, line.cwd, line.script or "", rules, *line.arguments, *files]
    fields += [line.shell, *line.options, line.known]
    fields += [wrapping.agent, *wrapping.besides] if wrapping else []
    fields += [
        f"{name}={value}"
        for name, value in sorted(line.env.items())
        if name not in VOLATILE and not name.startswith(VOLATILE_PREFIXES)
    ]
    fields += [f"elevation {one.number}" for one in seen.elevations]
    # Targets and paths, as they stand now.
    fields += [repr(fact) for index, fact in seen.facts if index in commands]
    encoded = [f.encode("utf-8", "surrogateescape") for f in fields]
    for path, content in seen.files:  # what was read is what has to be there when it runs
        encoded += [
            snapshots.get(path, path).encode("utf-8", "surrogateescape"),
            b"-" if content is None else b"+" + content,
        ]
    return b"".join(b"%d:%b" % (len(f), f) for f in encoded)


_ENDED = {
    Answered.REJECTED: "a human rejected it",
    Answered.EXPIRED: "no human answered in time",
    Answered.WITHDRAWN: "the question was withdrawn",
    Answered.NOBODY: "it needs a human",
    Answered.STOPPED: "a human stopped this session",
    Answered.REPEATED: "a human rejected the same command before",
    Answered.CHANGED: "what was approved has changed since",
    Answered.APPROVED: "approved",
    Answered.GRANTED: "approved",
}

_NEXT = {
    Answered.REJECTED: "do not retry or work around it; tell your human what you wanted to do",
    Answered.EXPIRED: "pending as {record}: ask your human for `gatesh approve {record}`, then submit it again",
    Answered.WITHDRAWN: "submit it again if it is still needed",
    Answered.NOBODY: "ask your human to start `gatesh keeper` if none is open, then the agent again",
    Answered.STOPPED: "stop here and tell your human, who can free it at the keeper",
    Answered.REPEATED: "do not retry or work around it; tell your human what you wanted to do",
    Answered.CHANGED: "submit it again; your human will be shown what it is now",
}


# What is said otherwise to a person who typed the line.
_ENDED_TYPED = {
    Answered.REJECTED: "it was rejected",
    Answered.EXPIRED: "nobody answered in time",
    Answered.NOBODY: "nobody can be asked",
    Answered.STOPPED: "this session was stopped",
    Answered.REPEATED: "the same command was rejected before",
}

_NEXT_TYPED = {
    Answered.REJECTED: "",
    Answered.EXPIRED: "it still waits as {record}: `gatesh approve {record}`, then enter it again",
    Answered.WITHDRAWN: "",
    Answered.NOBODY: "start `gatesh keeper` in another terminal, and this shell after it",
    Answered.STOPPED: "it can be freed at the keeper",
    Answered.REPEATED: "the rejection can be taken back at the keeper",
    Answered.CHANGED: "enter it again; the card will show what it is now",
}


def refusal(record: int, decision: Decision, answer: Answer | None, asker: Asker) -> Refused:
    """Word a refusal: two plain lines that an agent and a human both understand."""
    first = decision.matches[0] if decision.matches else None
    rule = first.rule if first else decision.reason or "gatesh"
    said = first.say if first else decision.unparsed
    why, hint = _why(answer, first, typed=asker.person)
    ended = f"{why}; nothing ran; record {record}"
    lines = f"gatesh: refused [{rule}]: " + (f"{said} ({ended})\n" if said else f"{ended}\n")
    if answer and answer.comment:
        lines += (
            f"gatesh: {'the answer' if asker.person else 'your human'} says: {answer.comment}\n"
        )
    advice = [part for part in (first.instead if first else "", hint.format(record=record)) if part]
    if advice:
        lines += f"gatesh: hint: {'; '.join(advice)}\n"
    return Refused(Exit.REFUSED, lines)


def _why(answer: Answer | None, first: Match | None, *, typed: bool) -> tuple[str, str]:
    """Return why a line is refused, and what whoever submitted it can do next."""
    if answer is None and first and first.rule.startswith(_LIMITS):
        return "the scope of this session says so", ""
    if answer is None:
        return (
            "a rule denies it",
            f"a rule of {'yours' if typed else 'your human'} denies this command",
        )
    how = answer.answered
    why = (_ENDED_TYPED.get(how, "") if typed else "") or _ENDED[how]
    if how is Answered.NOBODY:
        why += f"{': ' if typed else ', and '}{answer.why or 'no approver is there'}"
    return why, answer.hint or (_NEXT_TYPED if typed else _NEXT).get(how, "")
