"""What a record says: the rows of one command line, redacted. Pure, apart from the clock."""

from __future__ import annotations

import time

from gatesh import __version__
from gatesh.audit.encode import to_json
from gatesh.key import sha256
from gatesh.model import Unparsed, Verdict, Word, inner_line
from gatesh.policy import outside
from gatesh.redact import Redacted, is_plain, redact, redact_words, secrets_of_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gatesh.model import Asker, CommandLine, Decision, Inspection, Match, Reading, Wrapping

    Row = dict[str, object]
    Part = tuple[str, Row]  # the table, and a row of it

# A line or script longer than this is cut in the database; its HMAC and its length are of the whole.
LONGEST_LINE = 1_048_576


def rows_of(
    line: CommandLine,
    asker: Asker,
    seen: Inspection,
    decision: Decision,
    rules: str,
    mac: Callable[[bytes], str],
    *,
    brief: bool = False,
) -> tuple[Row, list[Part]]:
    """Return the row of the record and those that belong to it with their tables, redacted.

    A `brief` one leaves out commands and facts: they follow from the line.
    """
    shown = _Shown(line, seen)
    plain = shown.plain
    commands = seen.reading.commands
    first = decision.matches[0] if decision.matches else None
    record: Row = {
        "time_ns": time.time_ns(),
        "session": asker.session,
        **_line_of(line, seen.reading, shown, mac),
        "parse_status": "unparsed" if isinstance(seen.reading, Unparsed) else "parsed",
        "unparsed": plain(decision.unparsed),
        "programs": plain(_blanked(command.program for command in commands)),
        "commands": "[]" if brief else shown.json(commands),
        "facts": "[]" if brief else shown.json(seen.facts),
        "targets": plain(_blanked(_targets(seen, decision))),
        "labels": plain(_blanked(_labels(seen, decision))),
        "elevations": _blanked(str(one.number) for one in seen.elevations),
        "verdict": decision.verdict.value,
        "reason": plain(decision.reason),
        "severity": first.severity.value if first else "",
        "rule_ids": _blanked(found.rule for found in decision.matches),
        "pattern_digest": rules,
        "pid": asker.pid,
        "uid": asker.uid,
        "tty": to_text(asker.tty),
        "agent": to_text(asker.agent),
        "gatesh_version": __version__,
    }
    parts = (*_matches(decision, shown), *_uses(seen, shown, mac))
    return record, [*parts, *_alerts(decision, asker, shown)]


def like(row: Row, line: CommandLine, program: str, rules: str, mac: Callable[[bytes], str]) -> Row:
    """Return the row of a program of which nothing is said, like that of another one; neither hides anything.

    Its text and folder are plain, as `redact.is_plain` claims it.
    """
    return {
        **row,
        "command_line": line.text,
        "characters": len(line.text),
        "command_hmac": mac(to_bytes(line.text)),
        "programs": f" {program.rpartition('/')[2]} ",
        "working_directory": to_text(line.cwd),
        "pattern_digest": rules,
    }


def _alerts(decision: Decision, asker: Asker, shown: _Shown) -> Iterator[Part]:
    """Yield the alert of a line that leaves its scope; it is committed with the line."""
    found = outside(decision)
    known = decision.verdict is Verdict.ALLOW and not decision.reason.startswith("observe")
    if found and not known:  # what was approved above raised its own
        yield (
            "alert",
            {
                "time_ns": time.time_ns(),
                "kind": "scope",
                "text": f"{found.rule}: {shown.plain(found.say)}",
                "session": asker.session,
                "pid": asker.pid,
                "uid": asker.uid,
            },
        )


def _matches(decision: Decision, shown: _Shown) -> Iterator[Part]:
    return (("match", _row_of(found, shown)) for found in decision.matches)


def _uses(seen: Inspection, shown: _Shown, mac: Callable[[bytes], str]) -> Iterator[Part]:
    """Yield the rows that say what secrets are used for; most lines have none."""
    if shown.carried or seen.credentials:
        from gatesh.audit.uses import uses_of

        for row in uses_of(seen, shown.carried, shown.plain, mac):
            yield "credential_use", row


def _line_of(
    line: CommandLine, reading: Reading, shown: _Shown, mac: Callable[[bytes], str]
) -> Row:
    inner, wrapping, raw = shown.inner, reading.wrapping, to_bytes(shown.inner.text)
    script = line.script
    return {
        "door": line.door.value,
        "command_line": to_text(_cut(shown.whole)),
        "characters": len(line.text),
        "redactions": to_json(shown.whole.spans, str),
        "command_hmac": mac(raw),
        "inner_command": None if inner is line else to_text(_cut(shown.text)),
        "inner_redactions": None if inner is line else to_json(shown.text.spans, str),
        "wrapping": wrapping.agent if wrapping else None,
        "internal": int(wrapping is not None and wrapping.internal),
        "arguments": shown.json(_hidden_arguments(line.arguments)),
        "script": shown.plain(script) if script is not None else None,
        "script_digest": sha256(raw).hexdigest() if script is not None else None,
        "working_directory": shown.plain(line.cwd),
    }


def _row_of(found: Match, shown: _Shown) -> Row:
    plain, json = shown.plain, shown.json
    return {
        "rule": found.rule,
        "class": found.klass,
        "severity": found.severity.value,
        "command": found.command,
        "span_start": found.span.start,
        "span_end": found.span.end,
        "say": plain(found.say),
        "instead": plain(found.instead),
        "preview": plain(found.preview),
        "deny": int(found.deny),
        "target": json(found.target),
        "names": json(found.names),
        "cannot_see": json(found.cannot_see),
    }


class _Shown:
    """A command line and all that was made of it, without its secrets."""

    def __init__(self, line: CommandLine, seen: Inspection) -> None:
        known = secrets_of_environment(line.env)
        self.inner = inner_line(line, seen.reading)
        text = self.inner.text
        plain = text if is_plain(text) else ""
        self._words = _Words(seen, plain)
        self.carried = self._words.carried
        self.text = redact(text, self._words.secrets + known)
        alone = self.inner is line
        self.whole = self.text if alone else _around(line.text, seen.reading.wrapping, self.text)
        # Where there is nothing in the line, there is nothing in any part of it.
        self._plain = plain if alone and not self.text.spans else ""
        self._cleaned: dict[str, str] = {}  # the same words stand in commands, facts and matches

    def clean(self, text: str) -> str:
        """Return a text without the secrets of the line, nor any of its own."""
        if text in self._plain:
            return text
        if text not in self._cleaned:
            self._cleaned[text] = redact(text, self.whole.secrets).text
        return self._cleaned[text]

    def plain(self, text: str) -> str:
        """Return it as SQLite can keep it."""
        return to_text(self.clean(text))

    def json(self, value: object) -> str:
        """Return a value as JSON, its texts cleaned."""
        return to_json(value, self.clean, lambda word: self._words.text(word, self.clean))


class _Words:
    """What the reader made of each word, with the secrets in it hidden by their place in argv.

    `plain` is a text that holds none, nor does any part of it.
    """

    def __init__(self, seen: Inspection, plain: str) -> None:
        self.secrets: tuple[str, ...] = ()
        self.carried: dict[int, tuple[str, ...]] = {}  # by the command whose words hold them
        self._hidden: dict[tuple[int, str], str] = {}
        for index, command in enumerate(seen.reading.commands):
            argv = [word.text for word in command.words]
            names = [f"{part.name}=" for part in command.assignments]
            values = [part.value.text for part in command.assignments]
            texts = [name + value for name, value in zip(names, values, strict=True)] + argv
            if " ".join(texts) in plain:
                continue
            hidden, secrets = redact_words(texts)
            if secrets:
                self.carried[index] = secrets
            self.secrets += tuple(s for s in secrets if s not in self.secrets)
            places = [part.value for part in command.assignments] + list(command.words)
            cut = [len(name) for name in names] + [0] * len(argv)
            for word, text, shown, skip in zip(places, texts, hidden, cut, strict=True):
                if shown != text:
                    self._hidden[word.span.start, word.text] = shown[skip:]

    def text(self, word: Word, clean: Callable[[str], str]) -> str:
        """Return the text of `word` to store."""
        return self._hidden.get((word.span.start, word.text)) or clean(word.text)


def _hidden_arguments(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(redact_words(list(arguments))[0]) if arguments else ()


def _targets(seen: Inspection, decision: Decision) -> Iterator[str]:
    for found in decision.matches:
        if found.target.name:
            yield f"{found.target.kind}:{found.target.name}"
    for _, fact in seen.facts:
        if fact.target.name:
            yield f"{fact.target.kind}:{fact.target.name}"


def _labels(seen: Inspection, decision: Decision) -> Iterator[str]:
    yield from (found.target.label for found in decision.matches)
    yield from (fact.target.label for _, fact in seen.facts)


def _around(text: str, wrapping: Wrapping | None, inner: Redacted) -> Redacted:
    """Return a line redacted as its inner command is: what is a secret there is one here, however quoted."""
    if wrapping is None or not wrapping.inner:
        return redact(text, inner.secrets)
    (span,) = wrapping.inner
    place: Callable[[int], int] = span.start.__add__
    if text[span.start : span.end] != wrapping.text:
        from gatesh.shell.wrappings import places

        found = places(text[span.start : span.end])
        place = lambda at: span.start + found[min(at, len(found) - 1)]  # noqa: E731
    return redact(text, inner.secrets, tuple((place(a), place(b)) for a, b in inner.spans))


def _cut(whole: Redacted) -> str:
    if len(whole.text) <= LONGEST_LINE:
        return whole.text
    return f"{whole.text[:LONGEST_LINE]}\n[{len(whole.text) - LONGEST_LINE} more characters]"


def _blanked(names: Iterable[str]) -> str:
    """Return each name once, between blanks: ` curl jq `, so that LIKE '% jq %' finds whole names."""
    once = dict.fromkeys(name for name in names if name)
    return f" {' '.join(once)} " if once else ""


def to_bytes(text: str) -> bytes:
    """Return the bytes that bash would get; surrogates that no bytes stand behind become their own."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def to_text(text: str) -> str:
    """Return `text` as SQLite can keep it: bytes that are no UTF-8, and NUL, are spelled out."""
    if "\0" in text:
        text = text.replace("\0", "\\x00")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
