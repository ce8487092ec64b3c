"""Where in the tree a program stands, and what is left there of a decision on it.

What was approved on the way to it is not asked about again; what it would only start is, once that starts.
"""

from __future__ import annotations

import time

from gatesh._value import Value
from gatesh.model import Certainty, Decision, Door, Match, Origin, Verdict
from gatesh.policy import verdict_of
from gatesh.supervise.gits import command_of
from gatesh.supervise.image import SHELLS
from gatesh.supervise.shown import shown_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Inspection, Opened, SimpleCommand

# What these rules fear is code or a program that nobody sees. Below the gate it is seen when it is started.
_SEEN_LATER = frozenset(
    """
    unknown-program unseen-code unseen-script sed-executes carried-tool renamed-program git-code-variable
    git-code-setting
    """.split()
)
# An agent that asks nobody: below the gate it is asked for all the same.
_AGENT = "ungated-agent"
# These do nothing themselves but start another program, as a process of the same tree.
_RUNNERS = frozenset(
    """
    env timeout nice ionice chrt taskset nohup setsid stdbuf xargs flock setarch linux64 linux32 prlimit numactl
    chronic time
    """.split()
)
_ALSO_RUN = _RUNNERS | {"find", "gfind", "fd", "fdfind"}
# What a shell does itself; everything else in its script is started as a program.
_IN_THE_SHELL = frozenset(
    """
    . : [ [[ alias bg bind break builtin caller cd command compgen complete continue declare dirs disown echo
    enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd
    printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type
    typeset ulimit umask unalias unset wait print whence setopt zmodload autoload noglob coproc
    """.split()
)
_WRITING = frozenset((">", ">|", "&>", ">&", ">>", "&>>", "<>"))
# What these are told to run does not run below the gate.
_OUTSIDE = frozenset(
    """
    crontab at batch screen byobu tmux tsp ts pueue task-spooler nq systemd-run systemctl machinectl emacsclient
    docker podman nerdctl kubectl oc ssh busctl gdbus dbus-send qdbus flatpak-spawn distrobox
    distrobox-host-exec host-spawn toolbox wsl
    """.split()
)
_EDITORS = frozenset(("vim", "gvim", "nvim"))  # outside, where another one is told
_MOST_LINES = 32  # that lines are nested in for the deletion budget


class Place(Value):
    """Where in the tree a program stands: the record above it, and what was approved on the way."""

    record: int = 0
    line: int = 0  # the record of the agent's command, a line or a program; 0: the agent itself
    approved: tuple[Match, ...] = ()
    began_ns: int = 0  # when that did
    above: tuple[int, ...] = ()  # the agent, and the lines that started that line
    git: str = ""  # the command of the git that it is, for what that starts itself


def below(opened: Opened, above: Place, *, approved: bool) -> Place:
    """Return the place of what a program will start."""
    matches = opened.decision.matches if approved else ()
    everything = (*above.approved, *matches)
    record, now = opened.record, time.time_ns()
    if opened.line.door is Door.EXEC:
        git = command_of(opened.line.text)
        if above.line:
            return Place(record, above.line, everything, above.began_ns, above.above, git)
        if not above.record:
            return Place(record, 0, everything, now, (record,), git)
    else:
        git = ""
    lines = (*above.above, above.line) if above.line else above.above
    return Place(record, record, everything, now, lines[-_MOST_LINES:], git)


def covered(
    seen: Inspection, decision: Decision, above: Place, *, tells: bool, part: bool = False
) -> Decision:
    """Return what is left of a decision on a program: without what is seen later, or was approved above.

    Arguments too long to be read matter only to a program that rules speak of, which `tells` claims. What is
    `part` of the program that has started it was decided on with that.
    """
    if decision.verdict is Verdict.ALLOW and not decision.reason:
        return decision  # with a reason it is allowed because somebody only observes
    if part:
        return Decision(
            Verdict.ALLOW, decision.matches, decision.unparsed, "a part of what is above"
        )
    left = [m for m in decision.matches if not _seen_later(m, seen, tells=tells)]
    asked = [m for m in left if verdict_of(m) is not Verdict.ALLOW]
    if asked and all(shown_above(match, above.approved) for match in asked):
        return Decision(Verdict.ALLOW, tuple(left), decision.unparsed, "approved above")
    return _of_those(left, decision)


def line_covered(seen: Inspection, decision: Decision, above: Place) -> Decision:
    """Return what is left of a decision on a line that one above it, which was approved, has started.

    Codex's line ends with another shell for the agent's command. What could not be seen is asked about again:
    it may be something else this time.
    """
    decision = _agents_are_gated(seen, decision)
    if decision.verdict is not Verdict.ASK:
        return decision
    asked = [m for m in decision.matches if verdict_of(m) is not Verdict.ALLOW]
    if all(_seen_whole(m) and shown_above(m, above.approved) for m in asked):
        return Decision(Verdict.ALLOW, decision.matches, decision.unparsed, "approved above")
    return decision


def _seen_whole(match: Match) -> bool:
    """Claim that a match is about one command, of which nothing is hidden."""
    return match.command >= 0 and not match.cannot_see


def _agents_are_gated(seen: Inspection, decision: Decision) -> Decision:
    """Return a decision on a line without what is said of an agent that it starts below the gate."""
    if decision.verdict is not Verdict.ASK:
        return decision
    left = [m for m in decision.matches if m.rule != _AGENT]
    if len(left) == len(decision.matches) or any(map(_leaves, seen.reading.commands)):
        return decision
    return _of_those(left, decision)


def typed(text: str, seen: Inspection, decision: Decision) -> Decision:
    """Return a decision on a typed line without what is said of a shell that reads the same terminal."""
    decision = _agents_are_gated(seen, decision)
    commands = seen.reading.commands
    if decision.verdict is not Verdict.ASK or len(commands) != 1 or _leaves(commands[0]):
        return decision
    begin, end = commands[0].span.start, commands[0].span.end
    if commands[0].redirects or text[begin:end] != text.strip():
        return decision  # what stands around it may lead it elsewhere
    return _of_those([m for m in decision.matches if not _reads_on(m)], decision)


def _reads_on(match: Match) -> bool:
    return (match.rule, match.cannot_see) == ("unseen-code", ("code: standard input",))


def _of_those(left: list[Match], decision: Decision) -> Decision:
    if all(verdict_of(match) is Verdict.ALLOW for match in left):
        return Decision(Verdict.ALLOW, tuple(left), decision.unparsed, "seen below")
    return decision.but(matches=tuple(left))


def _leaves(command: SimpleCommand) -> bool:
    """Claim that a command has something run outside the tree."""
    return bool(command.remote) or not _OUTSIDE.isdisjoint((command.program, *command.prefixes))


def _seen_later(match: Match, seen: Inspection, *, tells: bool) -> bool:
    """Claim that a match is about a program that this one would start below the gate."""
    if match.rule == "unparsed":
        return not tells
    commands = seen.reading.commands
    first = commands[0].program if commands else ""
    outside = bool(commands) and _told_outside(commands[0])
    if match.rule in _SEEN_LATER:
        return not outside
    if match.rule == _AGENT:
        return not any(map(_leaves, commands))
    if outside:
        return False
    if not 0 <= match.command < len(commands):
        return False
    command = commands[match.command]
    if command.origin is Origin.SCRIPT and not command.remote:
        # Recipes, and scripts that others start, come as a line or a script of their own.
        return first not in SHELLS or _starts(command)
    if match.rule == "runner-deletes":
        return command.program not in _OUTSIDE
    if command.remote:
        return False
    if first in _RUNNERS or (command.prefixes and command.prefixes[0] in _RUNNERS):
        return True
    return command.origin is Origin.PREFIX and set(command.prefixes) <= _ALSO_RUN


def _told_outside(command: SimpleCommand) -> bool:
    """Claim that a command tells a program outside of the tree what to do; behind a prefix it comes alone."""
    words = [word.text for word in command.words]
    if command.program in _EDITORS:
        return any(word.startswith(("--remote", "--server")) for word in words)
    return command.program.removesuffix(".exe") in _OUTSIDE and not command.prefixes


def _starts(command: SimpleCommand) -> bool:
    """Claim that a command in a shell's script is the start of a program, and nothing besides."""
    if not command.words or command.words[0].certainty is not Certainty.LITERAL:
        return False
    writes = any(redirect.op in _WRITING for redirect in command.redirects)
    return not writes and command.program not in _IN_THE_SHELL
