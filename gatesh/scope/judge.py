"""What a scope says of a line: further matches, which are decided on like those of rules. Pure.

Each manifest is judged alone. What is outside of it becomes a match of `scope-target`, `scope-path`,
`scope-program`, `scope-credential` or `read-only`; a class with an effect one of `scope-class`. An elevation
lifts what a label, read-only or a class would hold.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from gatesh._value import Value
from gatesh.facts.url import normal_host
from gatesh.model import CliCall, FileChange, Locality, Match, Severity, Span, Target, Unparsed
from gatesh.printable import printable
from gatesh.redact import redact
from gatesh.scope.elevation import Lifting
from gatesh.scope.labels import HOSTS, LOCAL, PRODUCTION, is_guess
from gatesh.scope.manifest import ASK, CLASSES_TABLE, NEVER, PROPOSE
from gatesh.scope.named import named
from gatesh.scope.paths import SILENT, outside_paths
from gatesh.scope.reads import modifies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, Fact, Inspection
    from gatesh.scope.manifest import Manifest, Scope

    TargetOf = Callable[[int, Fact], Target]

TARGET, PATH, PROGRAM = "scope-target", "scope-path", "scope-program"
CREDENTIAL, READ_ONLY, CLASS = "scope-credential", "read-only", "scope-class"
RULES = (TARGET, PATH, PROGRAM, CREDENTIAL, READ_ONLY, CLASS)
KLASS = "scope"
_LONGEST = 600  # characters of a command line in what is handed to a human
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_HERE = Target("host", locality=Locality.LOCAL)


class Reached(Value):
    """One fact, where it goes, and whether it may modify something there."""

    command: int
    fact: Fact
    target: Target
    modifies: bool


def judge(
    scope: Scope, seen: Inspection, line: CommandLine, world: World, target_of: TargetOf
) -> Inspection:
    """Return what was seen with what the scope adds to it, and the elevations that lifted some of that."""
    reached = tuple(_reached(seen, target_of))
    lifting = Lifting(scope.elevations(), seen.matches, world.labels)
    found: list[Match] = []
    for manifest in scope.manifests:
        one = _Judge(manifest, seen, line, world, lifting, scope.shut)
        found += one.classes()
        found += one.targets(reached)
        known = {match.command for match in found if match.rule == TARGET}
        found += [match for match in one.named_hosts() if match.command not in known]
        found += one.named_environments({match.command for match in found if match.rule == TARGET})
        found += one.programs()
        found += one.paths()
        found += one.credentials()
    said = {(one.rule, one.command, one.say): one for one in found}
    return seen.but(matches=(*said.values(), *seen.matches), elevations=lifting.needed)


def _reached(seen: Inspection, target_of: TargetOf) -> Iterator[Reached]:
    """Yield the facts that reach something which is not here."""
    commands = seen.reading.commands
    told = {i for i, fact in seen.facts if not isinstance(fact, (CliCall, FileChange))}
    led = {name for command in commands if command.remote for name in command.prefixes}
    for index, fact in seen.facts:
        command = commands[index]
        if isinstance(fact, FileChange) and not command.remote:
            continue
        target = target_of(index, fact)
        if target.label == LOCAL or (target.locality is Locality.LOCAL and not target.label):
            continue
        if isinstance(fact, CliCall) and target.kind == "host" and _names_nothing(target):
            continue
        apart = index in told or command.program in led
        yield Reached(index, fact, target, modifies(fact, command, judged_apart=apart))


class _Judge:
    """One manifest, and one line."""

    def __init__(
        self,
        scope: Manifest,
        seen: Inspection,
        line: CommandLine,
        world: World,
        lifting: Lifting,
        shut: tuple[str, ...],
    ) -> None:
        self._scope, self._seen, self._line, self._world = scope, seen, line, world
        self._lifting, self._shut = lifting, shut
        self._commands = seen.reading.commands

    def classes(self) -> Iterator[Match]:
        effects = dict(self._scope.classes)
        for found in self._seen.matches:
            effect = effects.get(found.klass)
            if effect and (
                effect == NEVER or not self._lifting.lifts_class({found.klass}, found.target)
            ):
                at = self._scope.at(CLASSES_TABLE, found.klass)
                said = f"{found.say}; {found.klass} is {effect} here ({at})"
                yield self._match(
                    CLASS, found.command, found.target, said, effect, found, lifts=True
                )

    def targets(self, reached: tuple[Reached, ...]) -> Iterator[Match]:
        for one in reached:
            closed = self._closed(one)
            rule, why = (TARGET, closed) if closed else self._limit(one)
            if why and (closed or not self._lifted(one)):
                does = "modifies" if one.modifies else "reaches"
                said = f"{does} {_name(one.target)}: {why}"
                outside = self._scope.outside
                yield self._match(rule, one.command, one.target, said, outside, lifts=not closed)

    def _lifted(self, one: Reached) -> bool:
        if self._scope.outside == NEVER:
            return False
        return self._lifting.lifts(one.command, one.target, modifies=one.modifies)

    def _closed(self, one: Reached) -> str:
        """Return which list leaves a target out, whatever it is called; empty where none does."""
        scope, hosts = self._scope, _hosts(one.target)
        for host in hosts:
            if _fits(host, scope.hosts.off_limits):
                return f"{printable(host)} is off-limits ({scope.at('hosts', 'off-limits')})"
        key = "modify" if one.modifies else "read"
        given = scope.hosts.modify if one.modifies else scope.hosts.read
        if given is not None and hosts and not self._is_listed(one):
            return f"none of the hosts that it may {key} ({scope.at('hosts', key)})"
        if one.modifies and scope.programs.read is not None:
            program = self._commands[one.command].program
            if _fits(program, scope.programs.read):
                return f"{program} may only read ({scope.at('programs', 'read')})"
        return ""

    def _is_listed(self, one: Reached) -> bool:
        scope, hosts = self._scope, _hosts(one.target)
        listed = (*(scope.hosts.modify or ()), *(() if one.modifies else scope.hosts.read or ()))
        return bool(hosts) and all(_fits(host, listed) for host in hosts)

    def _limit(self, one: Reached) -> tuple[str, str]:
        """Return the rule that has a target outside, and why; an elevation may lift that."""
        scope = self._scope
        if one.target.label or not self._is_listed(one):
            why = self._other_environment(one)
            if why:
                return TARGET, why
        if scope.read_only and one.modifies:
            return READ_ONLY, f"this session only reads ({scope.at('', 'read-only')})"
        return "", ""

    def _other_environment(self, one: Reached) -> str:
        scope, label = self._scope, one.target.label
        if not scope.environment or label in scope.environment:
            return ""
        if not label and not one.modifies:
            return ""  # nobody knows what it is, and nothing there changes
        wanted = " or ".join(scope.environment)
        is_ = f"it is {label}, {one.target.label_origin}" if label else "nobody knows what it is"
        return f"{is_}; this session works on {wanted} ({scope.at('', 'environment')})"

    def named_hosts(self) -> Iterator[Match]:
        """Yield what names a host that is off-limits, whatever is done with it: nc, a proxy, a tunnel."""
        closed = self._scope.hosts.off_limits
        for index, command in enumerate(self._commands) if closed else ():
            if command.program in SILENT:
                continue
            words = [w.text for w in command.words[1:] if not any(map(str.isspace, w.text))]
            words += [given.value.text for given in command.assignments]
            for host in {host.lower() for text in words for host in _HOST.findall(text)}:
                if _fits(host, closed):
                    at = self._scope.at("hosts", "off-limits")
                    said = f"names {printable(host)}, which is off-limits ({at})"
                    target = Target("host", host, parts=(("host", host),))
                    yield self._match(TARGET, index, target, said, self._scope.outside)

    def named_environments(self, known: set[int]) -> Iterator[Match]:
        """Yield what tells a program of another environment's host: one that is listed, or production's URL."""
        labels = self._world.labels
        if labels is None or not self._scope.environment:
            return
        told = {i for i, fact in self._seen.facts if not isinstance(fact, (CliCall, FileChange))}
        for index, command in enumerate(self._commands):
            if index in known:
                continue
            for host, as_url in dict.fromkeys(named(command, told=index in told)):
                name = normal_host(host)
                target = Target("host", name, parts=(("host", name),))
                label, origin = labels.label(target)
                if not label or label == LOCAL or label in self._scope.environment:
                    continue
                if is_guess(origin) and not (as_url and label == PRODUCTION):
                    continue
                target = target.but(label=label, label_origin=origin)
                if self._scope.outside != NEVER and self._lifting.lifts(
                    index, target, modifies=True
                ):
                    continue
                wanted = " or ".join(self._scope.environment)
                said = f"names {printable(name)}: it is {label}, {origin}; this session works on {wanted}"
                said = f"{said} ({self._scope.at('', 'environment')})"
                yield self._match(TARGET, index, target, said, self._scope.outside, lifts=True)
                break

    def programs(self) -> Iterator[Match]:
        closed = self._scope.programs.off_limits
        if not closed:
            return
        at = self._scope.at("programs", "off-limits")
        for index, command in enumerate(self._commands):
            for name in (command.program, *command.prefixes):
                if name and _fits(name, closed):
                    said = f"{printable(name)} is off-limits ({at})"
                    yield self._match(PROGRAM, index, _HERE, said, self._scope.outside)
        if isinstance(self._seen.reading, Unparsed):
            for name in self._seen.reading.names:
                if _fits(name.rpartition("/")[2], closed):
                    said = f"{printable(name)} may be started, and is off-limits ({at})"
                    yield self._match(PROGRAM, -1, _HERE, said, self._scope.outside)

    def paths(self) -> Iterator[Match]:
        found = outside_paths(self._scope, self._seen, self._line, self._world, self._shut)
        for index, why in found:
            yield self._match(PATH, index, _HERE, why, self._scope.outside)

    def credentials(self) -> Iterator[Match]:
        globs = [glob for glob in self._scope.credentials.off_limits if "/" not in glob]
        if not globs:
            return
        from gatesh.scope.credentials import used

        at = self._scope.at("credentials", "off-limits")
        for index, name in used(globs, self._commands, self._line):
            said = f"the credential {name} is off-limits ({at})"
            yield self._match(CREDENTIAL, index, _HERE, said, self._scope.outside)

    def _match(
        self,
        rule: str,
        command: int,
        target: Target,
        said: str,
        effect: str,
        found: Match | None = None,
        *,
        lifts: bool = False,
    ) -> Match:
        reading = self._seen.reading
        whole = reading.span if isinstance(reading, Unparsed) else Span(0, len(self._line.text))
        span = self._commands[command].span if command >= 0 else whole
        return Match(
            rule=rule,
            klass=found.klass if found else KLASS,
            severity=found.severity
            if found and found.severity is Severity.CRITICAL
            else Severity.HIGH,
            say=said,
            instead=self._instead(effect, said, lifts=lifts and effect == ASK),
            target=target,
            command=command,
            span=span,
            deny=effect in (PROPOSE, NEVER),
            names=found.names if found else (),
            lost=found.lost if found else (),
        )

    def _instead(self, effect: str, said: str, *, lifts: bool) -> str:
        if effect != PROPOSE:
            widen = (
                "a person may lift this limit for a while" if lifts else "your human may widen it"
            )
            return f"stay within the scope; {widen}"
        text = printable(redact(self._line.text).text)
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… (in the record as a whole)"
        return (
            "you may only propose this. Hand to your human: "
            f"“I propose to run, in {printable(self._line.cwd)}: {text} — {said}”"
        )


def _hosts(target: Target) -> list[str]:
    return [text.lower() for part, text in target.parts if part in HOSTS]


def _fits(name: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _names_nothing(target: Target) -> bool:
    """Claim that no part of a target says where it is; `words` are those that cannot be seen."""
    return all(part == "words" for part, _ in target.parts)


def _name(target: Target) -> str:
    return printable(target.name or target.kind)
