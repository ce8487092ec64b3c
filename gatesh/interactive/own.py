"""A terminal's own gate, where no keeper serves it: the keeper's desk and rules, for one session.

What is held is asked about on this very terminal, where a person sits at it alone: no agent above, and none
of those programs around it that would let another process type into it.
"""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

from gatesh import session, wiring
from gatesh.approval import peer
from gatesh.approval.attach import Approvers
from gatesh.approval.pending import clock_ns
from gatesh.errors import InputError
from gatesh.gate import Gate
from gatesh.keeper.rules import Projects, Rules
from gatesh.keeper.scopes import Scopes
from gatesh.model import Answer, Answered
from gatesh.run.shfmt import Shfmt

if TYPE_CHECKING:
    from gatesh.gate import Runner
    from gatesh.model import Asker, CommandLine, Outcome, Request
    from gatesh.places import Places

_DRIVABLE = frozenset(
    ("tmux", "tmux: server", "screen", "SCREEN", "zellij", "dtach", "abduco", "ttyd", "gotty")
)
_NOT_HERE = "start `gatesh keeper` if none is open, and this shell in a terminal opened after it"


def not_own() -> str:
    """Return why the person at this terminal is not asked on it; empty where they are."""
    chain = session.ancestry(os.getpid())
    for found in chain:
        if found.name in _DRIVABLE:
            return f"whoever runs {found.name} can type into this terminal"
    return forbidden()


def forbidden() -> str:
    """Return why nobody is asked here, whatever they say."""
    chain = session.ancestry(os.getpid())
    return peer.terminal_objection(chain) or peer.agent_above(chain)


class Own:
    """The gate of one terminal; raises GateshError where rules or log cannot be opened."""

    def __init__(self, places: Places, *, ask_here: bool) -> None:
        """Open the log and load the rules; `ask_here` vouches for the terminal."""
        self._log = wiring.open_log(places, thorough=True)
        self._approvers = Approvers(self._log, clock_ns)
        self._projects = Projects(places, self._approvers, Rules(places, self._approvers))
        self._scopes = Scopes(places, self._approvers)
        self._why_not = forbidden() if ask_here else not_own()
        self._reason = ""
        self._typing: tuple[int, dict[str, str], Asker] | None = None

    def submit(self, line: CommandLine, runner: Runner, reason: str) -> Outcome:
        """Take a line the whole way; `reason` says why no keeper did."""
        self._reason = reason
        who = self._who(line.env)
        rules, world = self._projects.of(who.session, (line.cwd,))
        world = world.scoped(self._scopes.of(who.session, (line.cwd,)))
        gate = Gate(rules, self._log, clock_ns, second=Shfmt())
        try:
            return gate.submit(line, who, world, self, runner)
        except InputError as error:
            self._log.alert("input", f"refused a line: {error.message}", pid=who.pid)
            raise

    def _who(self, env: dict[str, str]) -> Asker:
        """Return who types; looked up again with another environment, or another parent."""
        if self._typing is None or self._typing[:2] != (os.getppid(), env):
            found = session.typing(session.asker(os.getpid(), os.getuid(), env))
            self._typing = os.getppid(), env, found
        return self._typing[2]

    def ask(self, request: Request) -> Answer:
        """Ask on this terminal; it is the Approver of the gate."""
        if self._why_not:
            return Answer(
                Answered.NOBODY, why=f"{self._reason}, and {self._why_not}", hint=_NOT_HERE
            )
        desk = self._approvers.desk
        here, there = socket.socketpair()
        name = peer.name_of(os.getpid())
        gone = threading.Event()
        said: list[Answer] = []
        asking = threading.Thread(
            target=lambda: said.append(desk.ask(request, gone.is_set)), daemon=True
        )
        seat = threading.Thread(target=self._approvers.attach_own, args=(there, name), daemon=True)
        earlier = desk.earlier(request)
        if earlier:
            return earlier
        for thread in (asking, seat):
            thread.start()
        try:
            _show(here, request)
        finally:
            here.close()
            gone.set()
            asking.join()
            seat.join()
        return said[0]


def _show(sock: socket.socket, request: Request) -> None:
    from gatesh.approval.screen import Screen
    from gatesh.approval.terminal import Terminal

    terminal = Terminal()
    try:
        Screen(terminal, sock, "gatesh", only=str(request.record), own=True).run()
    finally:
        os.close(terminal.fd)
