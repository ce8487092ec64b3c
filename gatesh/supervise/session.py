"""One session of `gatesh run`: its keeper, its judge and its supervisor, put together."""

from __future__ import annotations

import gc
import os
import socket
import threading
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from shutil import rmtree
from tempfile import mkdtemp

from gatesh import facts, redact, rules, session, shell
from gatesh._value import Value, quicken
from gatesh.approval.pending import clock_ns
from gatesh.audit.tree import TreeLog
from gatesh.errors import ConfigError
from gatesh.gate import Gate
from gatesh.keeper.server import Keeper
from gatesh.model import Answer, Door
from gatesh.places import RUN_VARIABLE, private
from gatesh.printable import printable
from gatesh.run.look import OpenFiles
from gatesh.run.shfmt import Shfmt
from gatesh.supervise import kernel, lines, tracee
from gatesh.supervise.advisory import put_shims
from gatesh.supervise.budget import DEFAULT, HOLD, OFF, Budget
from gatesh.supervise.closed import Closing, close, tell
from gatesh.supervise.closing import remove
from gatesh.supervise.connections import Connections
from gatesh.supervise.deletions import Deletions
from gatesh.supervise.folders import Folders
from gatesh.supervise.identity import Identities
from gatesh.supervise.judge import Judge
from gatesh.supervise.listener import Listener
from gatesh.supervise.named import Named
from gatesh.supervise.noticed import Noticed
from gatesh.supervise.probe import ADVISORY, EXEC_GATE, NOTIFICATION, PTRACE, level
from gatesh.supervise.record import Records
from gatesh.supervise.start import Child, Filter, attend, end_descendants, ignore_the_rest
from gatesh.supervise.supervisor import Supervisor, say
from gatesh.supervise.traced import Stops, Traced
from gatesh.supervise.version import version_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.approval.attach import Approvers
    from gatesh.approval.pin import Pin
    from gatesh.facts import World
    from gatesh.model import Asker, Request
    from gatesh.overlay.front import Front
    from gatesh.places import Places
    from gatesh.rules.match import RuleSet
    from gatesh.scope.closed import Shut
    from gatesh.scope.manifest import Manifest, Scope
    from gatesh.supervise.probe import Level
    from gatesh.supervise.record import Below
    from gatesh.supervise.start import Guard


PATHS = "paths"  # the kind of alerts about closed paths
# Objects made before cycles of them are looked for: most of what is made is in none.
_GARBAGE = 100_000
_NOBODY_HERE = "ask your human to start you by `gatesh run` in a terminal window, or with --pin"
_NOT_IN_THIS_ONE = "start this shell in a terminal window of its own, outside of tmux and screen"


class Wanted(Value):
    """What a person asked for."""

    command: list[str]
    env: dict[bytes, bytes]
    places: Places
    name: str = ""
    observe: bool = False
    require: str = ""  # the gate without which nothing is started
    pin: Pin | None = None
    deletions: int = DEFAULT  # files that one command may take away
    deletion_mode: str = HOLD
    scope: tuple[Manifest, ...] = ()  # beside the user's and the projects'
    startup: str | None = (
        None  # of a person's own bash, whose lines are recorded: what it reads first
    )


def supervise(wanted: Wanted, guard: Guard) -> int:
    """Run a command below a keeper of its own; return its wait status. Raises GateshError."""
    found = level()
    if wanted.require and found.name != EXEC_GATE:
        raise ConfigError(
            f"programs cannot be stopped at their exec here: {found.why}",
            f"without --require this session would be called: {found.name}",
        )
    own = wanted.places.of_run(os.getpid())
    private(wanted.places.runtime)
    command, env, folder = _prepared(wanted, found, own)
    # Before there are threads, and before there is anything to hide in this process.
    child = Child(command, env, guard)
    ignore_the_rest()
    keeper = _keeper(wanted, own, guard)
    over, placeholder = threading.Event(), f"{own.runtime}/closed"
    try:
        asker = _asker(child, wanted)
        scope = keeper.scopes.of(asker.session, (os.getcwd(),))  # before the agent can change it
        named = found.name == EXEC_GATE
        closed = close(child, scope, placeholder, own.user_home, named=named)
        _record(keeper, wanted, asker, found, closed)
        if closed.watched:
            alert = partial(keeper.log.alert, PATHS, session=asker.session)
            threading.Thread(
                target=tell, args=(child, alert, over), name="closed", daemon=True
            ).start()
        _introduce(keeper, wanted, found, scope, closed, here=guard.front is not None)
        if found.name == ADVISORY:
            child.start(Filter.FREE)
            return attend(child, guard)
        return _gated(child, keeper, wanted, asker, guard, found, folder, closed)
    finally:
        over.set()
        end_descendants()
        keeper.close()
        remove(placeholder)
        rmtree(own.runtime, ignore_errors=True)
        if folder:
            rmtree(folder, ignore_errors=True)


def _prepared(
    wanted: Wanted, found: Level, own: Places
) -> tuple[list[str], dict[bytes, bytes], str]:
    """Return the command, its environment, and the folder that a person's shell tells its lines through."""
    env = wanted.env | {RUN_VARIABLE: b"%d" % os.getpid()}
    if found.name == ADVISORY:
        private(own.runtime)
        path, before = env.get(b"PATH", b"/usr/bin:/bin"), env.get(b"BASH_ENV", b"")
        env |= put_shims(f"{own.runtime}/bin", os.fsdecode(path), os.fsdecode(before))
    if wanted.startup is None or found.name == ADVISORY:
        return wanted.command, env, ""
    folder = mkdtemp(prefix="gatesh-shell-")
    first, *rest = wanted.command
    return [first, *lines.prepare(folder, wanted.startup), *rest], env, folder


def _keeper(wanted: Wanted, own: Places, guard: Guard) -> Keeper:
    """Start the session's keeper, which answers on the person's own terminal where it is held."""
    keeper = Keeper(
        wanted.places,
        pin=wanted.pin,
        observe=wanted.observe,
        at=own,
        hint=_NOBODY_HERE if wanted.startup is None else _NOT_IN_THIS_ONE,
        scope=wanted.scope,
    )
    keeper.start()
    if guard.front:
        _attach(keeper, guard, guard.front)
    return keeper


def _record(keeper: Keeper, wanted: Wanted, asker: Asker, found: Level, closed: Closing) -> None:
    """Write down what this session is, and what is advisory in it."""
    keeper.log.session(asker, wanted.name, ", ".join(filter(None, (found.name, closed.said))))
    keeper.know(asker, gate="" if found.name == ADVISORY else found.name)
    for kind, why in ((PATHS, closed.detail), (found.name, found.why)):
        if why:
            keeper.log.alert(kind, why, session=asker.session)


def _introduce(
    keeper: Keeper,
    wanted: Wanted,
    found: Level,
    scope: Scope | None,
    closed: Closing,
    *,
    here: bool,
) -> None:
    """Say to the person what gates this session, and who answers."""
    me, answer = os.getpid(), "nothing is held"
    if not wanted.observe:
        answer = _how_to_answer(me, keeper.approvers, here=here, brief=scope is not None)
    _say(me, found, answer, ", ".join(filter(None, (scope.said, closed.short))) if scope else "")
    if scope is not None:
        _say_more(scope, closed, lifts=not wanted.observe and keeper.approvers.may_answer())
    for doubt in keeper.rules.labels.doubts(scope.environments if scope else ()):
        os.write(2, f"gatesh: hint: {printable(doubt)}\n".encode("utf-8", "replace"))


def _asker(child: Child, wanted: Wanted) -> Asker:
    root = session.process(child.pid)
    if root is None:
        raise ConfigError("the agent ended before it began")
    env = {os.fsdecode(name): os.fsdecode(value) for name, value in wanted.env.items()}
    asker = session.asker_below(root, os.getuid(), env, wanted.command)
    if not asker.agent or asker.agent_version:
        return asker
    return asker.but(agent_version=version_of(wanted.command, env.get("PATH", "")))


def _gated(
    child: Child,
    keeper: Keeper,
    wanted: Wanted,
    asker: Asker,
    guard: Guard,
    found: Level,
    folder: str,
    closed: Closing,
) -> int:
    """Serve the tree until its agent has ended; its lines, where it is a shell, come through `folder`."""
    _stand_nowhere(wanted.places)
    tree = TreeLog(wanted.places.audit_db)
    approvers = keeper.approvers
    records = Records(keeper.log, tree, approvers.outside, approvers.elevations.used)
    judge = _judge_of(keeper, wanted, records, asker, closed)
    budget = wanted.deletion_mode != OFF and found.filtered

    def approver(gone: threading.Event) -> _Asking:
        return _Asking(keeper.approvers, gone)

    def alert(kind: str, text: str, pid: int) -> None:
        keeper.approvers.alert(kind, text, pid=pid)

    deletions = Deletions(
        Budget(wanted.deletions, kernel.machine()), wanted.deletion_mode, judge, asker, approver, say, alert,
    )  # fmt: skip
    gates, listener = _begun(child, found, closed.shut, budget=budget)

    def go_on(foreground: bool) -> None:
        guard.go_on(child.pid, foreground=foreground)

    supervisor = gates(
        listener, judge, approver, records, alert, child.pid,
        guard.agent_stopped, go_on, deletions if budget else None, Connections(tree, kernel.machine(), alert),
    )  # fmt: skip
    told = None
    if folder:
        keys = guard.front.typed if guard.front else -1
        told = lines.Lines(folder, child.pid, judge, keeper.log, approver, supervisor.enter, keys)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    threading.Thread(target=_preload, name="preload", daemon=True).start()
    kernel.react_quickly()
    try:
        status = supervisor.serve()
        if told:
            told.finish(status)
        return status
    finally:
        guard.over()
        end_descendants()
        supervisor.finish()
        tree.close()


def _stand_nowhere(places: Places) -> None:
    """Stay in a folder that is gone: a link to /proc/self/cwd means its program's folder, and never ours."""
    folder = mkdtemp(dir=places.runtime)
    os.chdir(folder)
    os.rmdir(folder)


def _judge_of(
    keeper: Keeper, wanted: Wanted, records: Records, asker: Asker, closed: Closing
) -> Judge:
    """Return who decides on what is about to run, by the keeper's rules and the session's scope."""
    shfmt = Shfmt()

    def make(rules: RuleSet, log: Below, door: Door) -> Gate:
        # What we have quoted ourselves cannot be misread, and what is in it is read when it starts.
        second = None if door is Door.EXEC else shfmt
        return Gate(rules, log, clock_ns, second=second, observe=wanted.observe)

    path = os.fsdecode(wanted.env.get(b"PATH", b""))
    identities = Identities(keeper.rules.active[0].programs, path)
    files = OpenFiles((*closed.paths, *closed.later)) if closed.paths or closed.later else None

    def rules_of(cwd: str) -> tuple[RuleSet, World]:
        rules, world = keeper.projects.of(asker.session, (cwd,))
        identities.learn(rules.programs)
        return rules, world

    def scope_of(cwd: str) -> Scope | None:
        return keeper.scopes.of(asker.session, (cwd,))

    def scoped(world: World, scope: Scope | None) -> World:
        return world.scoped(scope.but(shut=closed.paths) if scope else None, files)

    folders = Folders(rules_of, scope_of, scoped)
    return Judge(folders.of, records, make, asker, identities)


def _begun(
    child: Child, found: Level, shut: Shut | None, *, budget: bool
) -> tuple[type[Supervisor], Listener]:
    """Start the agent below what gates it here; return who serves it, and what tells of its calls."""
    if found.name == PTRACE:
        tracee.seize_tree(child.pid)
        filters = Filter.TRACED_ALL if budget else Filter.TRACED
        child.start(filters if found.filtered else Filter.BARE)
        return Traced, Stops()
    if shut is not None:
        listener, tasks = child.start(Filter.NAMED_ALL if budget else Filter.NAMED)
        return Supervisor, Named(listener, socket.socket(fileno=tasks), kernel.machine(), shut)
    gates = Supervisor if found.name == EXEC_GATE else Noticed
    (listener,) = child.start(Filter.TOLD_ALL if budget else Filter.TOLD)
    return gates, Listener(listener)


def _preload() -> None:
    """Import what decisions may need: a renewed gatesh on the disk must not get into a session that runs.

    Then have them made quickly: nothing of all that is looked through for what is no longer needed.
    """
    for package in (facts, shell, rules, redact):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    quicken()
    gc.freeze()


def _attach(keeper: Keeper, guard: Guard, front: Front) -> None:
    """Have the person's own terminal answer."""
    serve = keeper.approvers.own_terminal(front.keeper, guard.pid)
    threading.Thread(target=serve, name="own terminal", daemon=True).start()


def _how_to_answer(pid: int, approvers: Approvers, *, here: bool, brief: bool) -> str:
    """Return who is asked; `brief` where the line says more than that."""
    if here and brief:
        return "a card on this screen asks you"
    if here:
        return "what would destroy waits, and a card on this screen asks you"
    if approvers.may_answer():
        return f"answer with: gatesh approve --run {pid}"
    if brief:
        return "nobody can be asked here: what destroys is refused"
    return "nobody can be asked here: what would destroy is refused (with --pin another terminal answers)"


# What a person has to know of a session that is not gated as well as it could be.
_LESS = {
    PTRACE: "gated by ptrace alone, slower, and no debugger works inside",
    NOTIFICATION: "gated before they are loaded: threads could change meanwhile what is started",
    ADVISORY: "advisory only: programs cannot be gated; shells found by name, and every bash, are",
}
_UNFILTERED = "nothing counts deletions or keeps programs from signals to gatesh and from leaving"


def _say(pid: int, found: Level, answer: str, scope: str) -> None:
    """Say at the start what stands between the agent and the machine, its scope, and how to answer."""
    text = "gated and recorded" if scope else "every program below is gated and recorded"
    if found.why:
        text = f"{_LESS[found.name]} ({found.why})"
        if found.name == PTRACE and not found.filtered:
            text += f"; {_UNFILTERED}"
    elif not scope and not os.isatty(2):
        return
    text = "; ".join(filter(None, (text, scope, answer)))
    if not scope and not found.why and not kernel.may_filter():
        text += "; sudo does not work inside"
    os.write(2, f"gatesh: run {pid}: {text}\n".encode("utf-8", "replace"))


def _say_more(scope: Scope, closed: Closing, *, lifts: bool) -> None:
    """Say in a second line, where there is more: how paths are closed, what lifts the limits, what fails."""
    more = [closed.said] if closed.said != closed.short else []
    if lifts and scope.can_be_lifted:
        more.append("gatesh elevate lifts its limits for a while, in another terminal")
    if not kernel.may_filter():
        more.append("sudo does not work inside")
    if more:
        os.write(2, f"gatesh: scope: {'; '.join(more)}\n".encode("utf-8", "replace"))


class _Asking:
    """gate.Approver: the keeper's desk, for a program that stands at its exec."""

    def __init__(self, approvers: Approvers, gone: threading.Event) -> None:
        self._approvers, self._gone = approvers, gone

    def ask(self, request: Request) -> Answer:
        """Block until there is an answer, or nobody waits for it any more."""
        earlier = self._approvers.desk.earlier(request)
        if earlier:
            return earlier
        if not self._approvers.may_answer():
            return self._approvers.nobody()
        return self._approvers.desk.ask(request, self._gone.is_set)
