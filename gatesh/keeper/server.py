"""The keeper: serves doors and approvers on one socket, a thread for each connection.

It serves sessions that began after it; every other door is told to work alone. A broken or hostile client
costs one thread for a few seconds: the first message has a deadline, connections have a limit, and a
session may use half of them.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time

from gatesh import __version__, session, wire, wiring
from gatesh.approval.attach import Approvers
from gatesh.approval.elevations import title
from gatesh.approval.peer import agent_above, is_terminal_shell, lineage
from gatesh.approval.pending import LATE_S, clock_ns
from gatesh.approval.seal import seal_process
from gatesh.errors import AuditError, ConfigError, Exit, GateshError
from gatesh.keeper.door import Connection, line_of
from gatesh.keeper.handed import Handed
from gatesh.keeper.place import Place
from gatesh.keeper.recorded import roots_of_this_boot
from gatesh.keeper.reentry import Running
from gatesh.keeper.rules import Projects, Rules
from gatesh.keeper.scopes import Scopes
from gatesh.model import Asker, Door
from gatesh.places import Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from gatesh.approval.pin import Pin
    from gatesh.scope.manifest import Manifest

FIRST_MESSAGE_S = 5.0
MOST_CONNECTIONS = 512
_MOST_SILENT = 64  # connections that have not said yet what they want
_LOOK_S = 1.0


class Keeper:
    """One keeper at one place. `start` returns when it listens; `close` ends it."""

    def __init__(
        self,
        places: Places,
        *,
        pin: Pin | None = None,
        observe: bool = False,
        late_s: float = LATE_S,
        wait_s: float | None = None,
        at: Places | None = None,
        hint: str = "",
        scope: tuple[Manifest, ...] = (),
    ) -> None:
        """Take the place, open the log and load the rules; raises GateshError.

        `wait_s` is how long a command is held, instead of what its agent bears; `at` are the places whose
        socket it takes, where that is not the user's own; `hint` is what an agent is told where nobody can
        answer; `scope` is what every session is held to.
        """
        seal_process()
        sys.setrecursionlimit(4000)  # nested lists are read recursively
        me = session.process(os.getpid())
        assert me is not None
        self._started = me.start
        self._observe, self._wait_s = observe, wait_s
        self._user_home = places.user_home
        self._running = Running()
        refuse_below_a_session(places)
        self.place = Place(at or places)
        self.log = wiring.open_log(places, thorough=True)
        self._handed = Handed(self.log)
        self._lock = threading.Lock()
        self._roots: dict[tuple[int, int], Asker | None] = {}  # sessions seen; None: not served
        self._silent: dict[socket.socket, float] = {}
        self._busy: dict[str, int] = {}  # connections by session
        self._connections = 0
        self._closing = threading.Event()
        self._gate = ""
        self.approvers = Approvers(
            self.log, clock_ns, pin=pin, late_s=late_s, sessions=self._living_sessions, hint=hint,
            limits=self._limits_of,
        )  # fmt: skip
        self.rules = Rules(places, self.approvers)
        self.projects = Projects(places, self.approvers, self.rules)
        self.scopes = Scopes(places, self.approvers, scope, self.log.alert, self._living_sessions)

    def start(self) -> None:
        """Serve, in threads of its own."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.place.listen()
        who = f"started, pid {os.getpid()}: {lineage(os.getpid())}"
        self.log.alert("keeper", who, pid=os.getpid(), uid=os.getuid())
        for work in (self._accept, self._look_after):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def wait(self) -> None:
        """Block until `close`."""
        self._closing.wait()

    def close(self) -> None:
        """Stop serving; what is held is refused, because its door loses the keeper."""
        self._closing.set()
        self.place.close()
        self.approvers.elevations.close()
        try:
            self._handed.close()
            self.log.alert("keeper", f"ended, pid {os.getpid()}", pid=os.getpid(), uid=os.getuid())
            self.log.close()
        except AuditError:
            pass  # nothing is decided any more

    # -- its own threads ---------------------------------------------------------------------------------

    def _accept(self) -> None:
        while not self._closing.is_set():
            listener = self.place.listener
            try:
                sock, _ = listener.accept()
            except OSError:
                # Closed, replaced, or out of descriptors: look again in a moment.
                self._closing.wait(0.05)
                continue
            self._begin(sock)

    def _begin(self, sock: socket.socket) -> None:
        with self._lock:
            full = self._connections >= MOST_CONNECTIONS
            if not full:
                self._connections += 1
                self._silent[sock] = time.monotonic()
            oldest = next(iter(self._silent)) if len(self._silent) > _MOST_SILENT else None
        if oldest is not None:
            _hang_up(oldest)
        if full:
            _refuse(sock, "the keeper has too many connections")
            return
        threading.Thread(target=self._serve, args=(sock,), name="connection", daemon=True).start()

    def _look_after(self) -> None:
        living: dict[str, str] = {}
        while not self._closing.wait(_LOOK_S):
            try:
                self._end_silent()
                self.approvers.desk.tick()
                self._handed.tick()
                self.approvers.elevations.tick(self._living_sessions())
                self.rules.look_again()
                self._mend()
                if living != (living := self._living_sessions()):
                    self.approvers.say_status()
            except Exception as error:  # noqa: BLE001  looking after things must not end with one of them
                self.approvers.note(f"{type(error).__name__}: {error}", "alert")

    def _mend(self) -> None:
        what = self.place.mend()
        if what:
            self.approvers.alert(
                "keeper-removed", f"somebody removed or replaced {what}; it is back"
            )

    def _end_silent(self) -> None:
        late = time.monotonic() - FIRST_MESSAGE_S
        with self._lock:
            slow = [sock for sock, since in self._silent.items() if since < late]
        for sock in slow:
            _hang_up(sock)

    # -- a connection --------------------------------------------------------------------------------------

    def _serve(self, sock: socket.socket) -> None:
        try:
            sock.settimeout(FIRST_MESSAGE_S)
            pid, uid, _ = wire.peer(sock)
            if uid != os.getuid():
                self.approvers.alert(
                    "foreign-user", f"user {uid} reached the keeper", pid=pid, uid=uid
                )
                return
            message = wire.receive(sock)
            with self._lock:
                self._silent.pop(sock, None)
            self._dispatch(sock, pid, uid, message)
        except (OSError, wire.WireError):
            pass  # it is gone, or talks nonsense: nothing was promised to it
        except GateshError as error:
            _refuse(sock, error.message)
        except Exception as error:  # noqa: BLE001  no client may take the keeper down
            self.approvers.alert("defect", f"{type(error).__name__}: {error}", pid=pid)
        finally:
            with self._lock:
                self._silent.pop(sock, None)
                self._connections -= 1
            sock.close()

    def _dispatch(self, sock: socket.socket, pid: int, uid: int, message: list[bytes]) -> None:
        match message[:2]:
            case [b"submit", _]:
                self._submit(sock, pid, uid, message)
            case [b"attach", wire.VERSION]:
                with self._lock:
                    roots = frozenset(self._roots)
                self.approvers.attach(sock, pid, roots)
            case [b"mine", _]:
                self._mine(sock, pid, uid)
            case [b"status", wire.VERSION]:
                wire.send(sock, *self._status())
            case [b"elevations", wire.VERSION]:
                wire.send(sock, *self._elevations())
            case [b"revoke", wire.VERSION]:
                self._revoke(sock, pid, message)
            case [b"gated", wire.VERSION]:
                wire.send(sock, self._gate_of(pid).encode())
            case _:
                self.approvers.alert("nonsense", f"unknown message from {lineage(pid)}", pid=pid)

    def _submit(self, sock: socket.socket, pid: int, uid: int, message: list[bytes]) -> None:
        try:
            line = line_of(message, self._user_home)
        except wire.WireError as error:
            _refuse(sock, str(error))
            return
        asker = session.asker(pid, uid, line.env, keeper=os.getpid())
        if line.door is Door.TERMINAL:
            asker = session.typing(asker)
        if self._wait_s is not None:
            asker = asker.but(wait_s=self._wait_s)
        alone = self._not_served(asker)
        self._know(asker, served=not alone)
        if alone:
            wire.send(sock, b"alone", alone.encode())
            return
        with self._lock:
            busy = self._busy.get(asker.session, 0)
            if busy < MOST_CONNECTIONS // 2:
                self._busy[asker.session] = busy + 1
        if busy >= MOST_CONNECTIONS // 2:
            _refuse(sock, "this session has too many commands at once")
            return
        try:
            connection = Connection(
                sock, self.log, self.approvers, self._running, self._handed, pid
            )
            try:
                folders = (line.cwd, session.folder_of(asker.root_pid))
                rules, world = self.projects.of(asker.session, folders)
                world = world.scoped(self.scopes.of(asker.session, folders))
            except GateshError as error:
                self.approvers.alert("patterns", f"refused a line: {error.message}", pid=pid)
                _refuse(sock, error.message)
                return
            connection.serve(line, asker, rules, world, observe=self._observe)
        finally:
            with self._lock:
                self._busy[asker.session] -= 1
                if not self._busy[asker.session]:
                    del self._busy[asker.session]

    def _not_served(self, asker: Asker) -> str:
        """Return why this session is not served; empty where it is.

        Whatever stands above the keeper began before it, so its human is never its own asker.
        """
        with self._lock:
            if self._roots.get((asker.root_pid, asker.root_start)):
                return ""
        return "this session began before the keeper" if asker.root_start <= self._started else ""

    def _mine(self, sock: socket.socket, pid: int, uid: int) -> None:
        """Say whether the caller belongs to a session that is served; a yes is recorded."""
        asker = session.asker(pid, uid, {}, keeper=os.getpid())
        with self._lock:
            served = self._roots.get((asker.root_pid, asker.root_start))
        if served:
            self.approvers.alert(
                "gatesh-home", "a session tried another GATESH_HOME", pid=pid, uid=uid
            )
        wire.send(sock, b"yes" if served else b"no")

    # -- sessions --------------------------------------------------------------------------------------------

    def know(self, asker: Asker, *, gate: str) -> None:
        """Serve a session that this process started; nothing below it may approve.

        `gate` is what brings whatever it starts to this process first; empty where nothing does.
        """
        self._know(asker, served=True)
        self._gate = gate

    def _status(self) -> list[bytes]:
        """Return what a person may want to know of this keeper, and their agent may know as well."""
        counts = (
            self.approvers.asks_pin, self.approvers.attached(), len(self._living_sessions()), self._observe,
        )  # fmt: skip
        confirmed = sorted(self.rules.confirmed | self.projects.confirmed)
        return [
            b"status",
            __version__.encode(),
            *(b"%d" % n for n in counts),
            *map(str.encode, confirmed),
        ]

    def _limits_of(self, key: str) -> str:
        return self.scopes.said(key)

    def _elevations(self) -> list[bytes]:
        """Return the sessions with what each is held to, and what is lifted of that now."""
        sessions = self._living_sessions().items()
        found = [b"elevations", b"%d" % len(sessions)]
        for key, name in sessions:
            found += map(_encode, (key, name, self.scopes.said(key)))
        for one in self.approvers.elevations.in_force():
            found += map(_encode, (one.number, one.session, one.said, one.until_ns, one.approver))
        return found

    def _revoke(self, sock: socket.socket, pid: int, message: list[bytes]) -> None:
        """Take elevations back: whoever asks, for it only tightens."""
        if len(message) != 3 or not message[2].isdigit() or len(message[2]) > 18:
            raise wire.WireError("no number")
        found = self.approvers.elevations.revoke(int(message[2]), lineage(pid))
        wire.send(sock, b"revoked", *(_encode(title(one)) for one in found))

    def _gate_of(self, pid: int) -> str:
        """Return what brings whatever a process starts to this one; empty where nothing does."""
        below = any(found.pid == os.getpid() for found in session.ancestry(pid)[1:])
        return self._gate if below else ""

    def _know(self, asker: Asker, *, served: bool) -> None:
        root = asker.root_pid, asker.root_start
        with self._lock:
            known = root in self._roots
            self._roots[root] = asker if served else None
        if not known:
            early = ": not served, it began before the keeper; start it again"
            self.approvers.note(_name(asker) + ("" if served else early))
            self.approvers.say_status()

    def _living_sessions(self) -> dict[str, str]:
        """Return the served sessions that live, with their names; what is gone is forgotten."""
        with self._lock:
            for root in list(self._roots):
                found = session.process(root[0])
                if found is None or found.start != root[1]:
                    del self._roots[root]
            return {asker.session: _name(asker) for asker in self._roots.values() if asker}


def refuse_below_a_session(places: Places) -> None:
    """Refuse to start below an agent: its human would be the agent; raises ConfigError."""
    above = session.ancestry(os.getppid())
    roots = roots_of_this_boot(places.audit_db)
    mark = agent_above(above)
    for found in above:
        agent = roots.get((found.pid, found.start))
        # A person who tries `gatesh -c` by hand makes their own shell a root: that alone is fine.
        if agent is not None and (agent or not is_terminal_shell(found)):
            mark = f"{found.name} {found.pid} is a session's root"
    if mark:
        raise ConfigError(
            f"a keeper cannot be started here: {mark}", "start it in a terminal of your own"
        )


def _encode(value: object) -> bytes:
    return str(value).encode("utf-8", "backslashreplace")


def _name(asker: Asker) -> str:
    return f"session of {asker.agent or asker.root_name} {asker.root_pid}"


def _refuse(sock: socket.socket, message: str) -> None:
    text = GateshError(message, "nothing ran; try again, or tell your human").lines().encode()
    try:
        wire.send(sock, b"refused", b"%d" % Exit.FAILED, text)
    except OSError:
        return


def _hang_up(sock: socket.socket) -> None:
    try:
        sock.shutdown(2)
    except OSError:
        return
