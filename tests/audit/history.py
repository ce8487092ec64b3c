"""A history as weeks of work would leave it: read, judged and recorded by gatesh's own parts; nothing runs."""

from __future__ import annotations

from collections.abc import Iterable

from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.model import Answer, Answered, Asker, CommandLine, Ran, Refused, Verdict
from gatesh.places import Places
from gatesh.rules.examples import ExampleFiles, ExampleProbe
from gatesh.rules.load import load
from gatesh.wiring import open_log

ASKER = Asker(4711, 1000, "boot:4711:99", 4711, 99, "node", "claude-code", "1.0", "/dev/pts/3")
CWD = "/home/me/project"


def record(places: Places, lines: Iterable[tuple[str, str]]) -> None:
    """Record each (line, answer); an answer is needed where the line is asked about."""
    rules = load(places, cached=False)
    log = open_log(places)
    gate = Gate(rules, log, lambda: 0)
    world = World(ExampleFiles({}), ExampleProbe(), "/home/me", rules.grammars)
    for text, answered in lines:
        line = CommandLine(text, CWD, {"HOME": "/home/me"})
        seen, decision = gate.consider(line, world)
        number = log.begin(line, ASKER, seen, decision, rules.digest)
        runs = decision.verdict is Verdict.ALLOW
        if decision.verdict is Verdict.ASK:
            answer = Answer(Answered(answered or "expired"), "terminal /dev/pts/1")
            log.answer(number, answer)
            runs = answer.yes
        log.end(number, Ran(0, 20_000_000) if runs else Refused(126, "refused"))
    log.close()
