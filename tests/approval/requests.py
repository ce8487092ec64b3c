"""Held command lines for tests, as the gate would make them."""

from __future__ import annotations

from gatesh.model import (
    Asker,
    CommandLine,
    Decision,
    Locality,
    Match,
    Request,
    Severity,
    Span,
    Target,
    Verdict,
)

SECOND = 10**9


def match(severity=Severity.HIGH, rule="hold", names=("main",), text="drop main", **more):
    return Match(
        rule=rule,
        klass="data-destroy",
        severity=severity,
        say=f"destroys {names[0] if names else 'it'}",
        instead="look first",
        target=more.pop("target", Target("postgres", "db.prod/app", Locality.REMOTE, "argv")),
        command=0,
        span=more.pop("span", Span(0, len(text))),
        names=names,
        **more,
    )


def request(
    record=1, *matches, text="drop main", session="s1", digest=None, now=0, wait=100, env=None
):
    return Request(
        record=record,
        line=CommandLine(text=text, cwd="/srv", env=env or {}),
        decision=Decision(Verdict.ASK, matches or (match(text=text),)),
        asker=Asker(pid=100, uid=0, session=session, root_pid=50, root_start=7, root_name="agent"),
        digest=digest or f"{session} {text}",
        created_ns=now,
        expires_ns=now + wait * SECOND,
    )
