"""A held command line as a person reads it before they answer. Pure.

The matched part stands first and is always visible; then what it would do and to what, who asks, and the
whole command last. Everything that came from outside is redacted and made printable here, so that an
approver draws plain text and nothing else.
"""

from __future__ import annotations

import os

from gatesh.approval.card import Card, Line
from gatesh.approval.elevations import clock
from gatesh.approval.pending import keepable
from gatesh.model import Credential, Door, Elevation, Locality, Request, Severity, Target
from gatesh.printable import printable
from gatesh.redact import Redacted, redact, secrets_of_environment

_MOST_OTHERS = 8
_MOST_SECRETS, _MOST_USES, _MOST_PLACES = 3, 4, 3
LONGEST_NAME = 28  # a longer name is not typed: a UUID would only teach people to hate it
_LONGEST_SHOWN = 400  # of the matched part and of any one sentence
_LONGEST_COMMAND = 50_000  # redacting takes its time, and nobody reads more
_WHERE = {
    Locality.LOCAL: "on this machine",
    Locality.REMOTE: "remote",
    Locality.UNKNOWN: "counts as remote",
}
_AROUND = 1_000  # looked at beside the matched part, so that a secret that reaches into it is found


class Description:
    """One request, redacted once for all the cards that show it."""

    def __init__(self, request: Request) -> None:
        """Find the secrets in it, and what has to be typed."""
        self._request = request
        self._first = request.decision.matches[0]
        known = secrets_of_environment(request.line.env)
        self._whole, self._secrets = _ends(request.line.text, known)
        self.name = self._name_to_type()

    def card(
        self,
        word: str,
        late_until_ns: int = 0,
        elevations: tuple[Elevation, ...] = (),
        *,
        pin: bool = False,
    ) -> Card:
        """Return its card; a late yes counts until `late_until_ns`, `elevations` are in force meanwhile."""
        request, rule = self._request, self._clean(self._first.rule)
        severity = self._first.severity.value
        head = [Line("rule", f"{severity}: {rule}")]
        head += [Line("match", row) for row in self._matched().split("\n")]
        if late_until_ns:
            late = "late: the agent was refused; a yes lets it run once, if asked again"
            head.append(Line("late", late))
        typed = f"{word} {self.name}".strip()
        return Card(
            id=str(request.record),
            title=f"{severity} {rule} waits, record {request.record}",
            head=tuple(head),
            body=(
                *self._effects(),
                *self._asker(),
                *map(_elevated, elevations),
                self._longer(word),
                *self._command(),
            ),
            how=f"type `{typed}` + Enter: yes; n: no, and why; S: stop the session",
            pin=pin,
            stops=True,
            begun_ns=request.created_ns,
            until_ns=late_until_ns or request.expires_ns,
        )

    def _clean(self, text: str, longest: int = _LONGEST_SHOWN) -> str:
        return _cut(printable(_ends(text, self._secrets)[0], lines=True), longest)

    def _name_to_type(self) -> str:
        """Return the name of what is destroyed; empty where nothing is critical or none can be typed."""
        found = self._request.decision.matches
        names = [name for m in found if m.severity is Severity.CRITICAL for name in m.names]
        for name in names:
            for candidate in (name, os.path.basename(name.rstrip("/"))):
                if _can_be_typed(candidate) and self._clean(candidate) == candidate:
                    return candidate
        return ""

    def _matched(self) -> str:
        """Return the part of the line that the first match is about; the whole where it is not told."""
        text, span = self._request.line.text, self._first.span
        inside = 0 <= span.start < span.end <= len(text) and text[span.start : span.end].strip()
        if self._first.command < 0 or not inside:
            return _cut(printable(self._whole, lines=True), _LONGEST_SHOWN)
        end = min(span.end, span.start + _LONGEST_COMMAND)
        part = _part(text, span.start, end, self._secrets).text
        return _cut(printable(part, lines=True), _LONGEST_SHOWN)

    def _effects(self) -> list[Line]:
        clean, first = self._clean, self._first
        lines = [Line("say", clean(first.say))]
        lines.append(Line("field", f"target    {self._target(first.target)}"))
        lines += self._label(first.target)
        for one in self._request.credentials[:_MOST_SECRETS]:
            lines += self._secret(one)
        if first.lost:
            shown = ", ".join(clean(name, 80) for name in first.lost[:8])
            more = f" and {len(first.lost) - 8} more" if len(first.lost) > 8 else ""
            lines.append(Line("loss", f"loses     {shown}{more}"))
        if first.preview:
            lines.append(Line("field", f"preview   {clean(first.preview)}"))
        if first.instead:
            lines.append(Line("field", f"instead   {clean(first.instead)}"))
        return lines + self._notes()

    def _target(self, target: Target) -> str:
        """Return what is reached, where that is, and how it is known."""
        clean = self._clean
        known = target.name or target.kind != "host"  # "host" alone is said where nothing is known
        unknown = [] if target.locality is Locality.LOCAL else ["not known"]
        parts = [f"{clean(target.kind)} {clean(target.name)}".strip()] if known else unknown
        parts.append(_WHERE[target.locality])
        if target.origin:
            origin = "the command line" if target.origin == "argv" else clean(target.origin)
            parts.append(f"from {origin}")
        return ", ".join(parts)

    def _label(self, target: Target) -> list[Line]:
        """Return what a person, or only its name, calls the target."""
        if not target.label or target.label == target.locality.value:
            return []
        origin = f", {self._clean(target.label_origin)}" if target.label_origin else ""
        return [Line("field", f"label     {self._clean(target.label)}{origin}")]

    def _secret(self, one: Credential) -> list[Line]:
        """Return where a secret comes from, what it could do, and what it was used for before."""
        clean = self._clean
        places = ", ".join(clean(path, 80) for path in one.files[:_MOST_PLACES])
        if one.files[_MOST_PLACES:]:
            places += f" and {len(one.files) - _MOST_PLACES} more"
        source = clean(one.carried)
        if places and one.carried not in one.files:
            source = f"{places}, by {source}"
        elif places:
            source = places
        parts = [f"{clean(one.kind)} from {source}"]
        if one.read_in:
            parts.append(f"first read {_ago(one.read_ago_s)} ago (record {one.read_in})")
        elif not places and one.fingerprint:
            parts.append(
                "in no file here" if one.looked_everywhere else "in no file that could be looked at"
            )
        lines = [Line("field", f"secret    {', '.join(parts)}")]
        if one.can:
            lines.append(Line("field", f"may       {clean(one.can)}"))
        if one.fingerprint:
            used = ", ".join(f"{clean(what, 80)}" for what, _ in one.uses[:_MOST_USES])
            more = ", and more" if one.uses[_MOST_USES:] else " only" if one.uses else ""
            lines.append(Line("field", f"used for  {used or 'nothing before'}{more}"))
        return lines

    def _notes(self) -> list[Line]:
        """Return what cannot be seen, and what else was matched."""
        clean, decision = self._clean, self._request.decision
        unseen = dict.fromkeys(note for found in decision.matches for note in found.cannot_see)
        lines = [Line("unseen", f"cannot see {clean(note)}") for note in list(unseen)[:8]]
        said = {(m.rule, m.say, m.target.name): m for m in reversed(decision.matches)}
        others = [m for m in reversed(said.values()) if m is not self._first]
        for other in others[:_MOST_OTHERS]:
            also = f"also      {other.severity.value}: {clean(other.rule)}: {clean(other.say)}"
            lines.append(Line("field", also))
        if others[_MOST_OTHERS:]:
            lines.append(
                Line("unseen", f"also      {len(others) - _MOST_OTHERS} more: read the command")
            )
        if decision.unparsed:
            lines.append(Line("unseen", f"cannot read {clean(decision.unparsed)}"))
        return lines

    def _asker(self) -> list[Line]:
        clean, asker, wrapping = self._clean, self._request.asker, self._request.wrapping
        agent = clean(f"{asker.agent} {asker.agent_version}".strip()) or "an unknown agent"
        if self._request.line.door is Door.TERMINAL and not asker.agent:
            agent = "whoever types at this shell"
        root = f"{clean(asker.root_name)} {asker.root_pid}"
        lines = [
            Line("field", f"asks      {agent}; session {root}"),
            Line("field", f"in        {clean(self._request.line.cwd)}"),
        ]
        if wrapping is not None and wrapping.taken_off:
            also = [f"runs {clean(path)} first" for path in wrapping.sources]
            also += [clean(part) for part in wrapping.besides]
            said = "; ".join((f"{wrapping.agent}'s, which is not shown", *also))
            lines.append(Line("field", f"wrapping  {said}"))
        return lines

    def _longer(self, word: str) -> Line:
        """Return how to approve for longer than once, or that it cannot be."""
        if not keepable(self._request):
            return Line("hint", "critical: each is approved by itself; S stops the session")
        return Line(
            "hint",
            f"`{word} 15` allows this line for 15 minutes, `{word} rule` the rule for this session; "
            "S stops the session",
        )

    def _command(self) -> list[Line]:
        """Return the whole command, unless it stands at the top already."""
        line, lines = self._request.line, []
        shown = printable(self._whole, lines=True)
        if line.script or shown != self._matched():
            what = f"script    {self._clean(line.script)}" if line.script else "command"
            count = len(line.text.splitlines())
            size = f"{len(line.text)} characters, {count} line{'' if count == 1 else 's'}"
            lines.append(Line("field", f"{what} ({size})"))
            lines += [Line("command", row) for row in shown.split("\n")]
        arguments = [self._clean(word) for word in line.arguments[:20]]
        return lines + [Line("command", f"argument  {word}") for word in arguments]


def in_brief(request: Request) -> str:
    """Return one line about a request: its number and its beginning and end."""
    text, _ = _ends(request.line.text, secrets_of_environment(request.line.env))
    return f"record {request.record}, {_cut(printable(text), 60)}"


def _elevated(one: Elevation) -> Line:
    said = f"until {clock(one.until_ns)} by {one.approver}: {one.said}"
    return Line("unseen", f"elevated  {printable(said)}")


def _ago(seconds: int) -> str:
    for size, unit in ((172_800, "d"), (7_200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds // (size // 2)} {unit}"
    return f"{seconds} s"


def _can_be_typed(name: str) -> bool:
    plain = name.isascii() and name.isprintable() and name == " ".join(name.split())
    return plain and 0 < len(name) <= LONGEST_NAME


def _part(text: str, start: int, end: int, secrets: tuple[str, ...]) -> Redacted:
    """Return a part of `text`, redacted with what stands around it: it shows what is a secret."""
    before = max(0, start - _AROUND)
    around = redact(text[before : end + _AROUND], secrets)
    first, last = around.moved(start - before, end - before)
    return around.but(text=around.text[first:last])


def _ends(text: str, secrets: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return `text` redacted, of a huge one its beginning and its end, and the secrets in it."""
    if len(text) <= _LONGEST_COMMAND:
        whole = redact(text, secrets)
        return whole.text, whole.secrets
    half = _LONGEST_COMMAND // 2
    begin = _part(text, 0, half, secrets)
    end = _part(text, len(text) - half, len(text), begin.secrets)
    hidden = f"\n[… {len(text) - 2 * half} characters hidden …]\n"
    return begin.text + hidden + end.text, end.secrets


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    half = longest // 2
    hidden = len(text) - 2 * half
    return f"{text[:half]} [… {hidden} characters hidden …] {text[-half:]}"
