"""The person's side of the demonstration: a keeper in this process, and its screen while something is held."""

from __future__ import annotations

import os
import select
import socket
import threading

from gatesh import wire
from gatesh.approval.card import from_fields
from gatesh.approval.peer import name_of
from gatesh.approval.screen import Screen
from gatesh.approval.terminal import Terminal
from gatesh.keeper.server import Keeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from gatesh.places import Places


class Human:
    """A keeper at `places`, asking on the controlling terminal; raises GateshError where it cannot."""

    def __init__(self, places: Places) -> None:
        """Start the keeper, and listen for cards."""
        self._terminal = Terminal()
        self._keeper = Keeper(places)
        self._keeper.start()
        self._listening = self._attach()

    def __enter__(self) -> Self:
        """Enter the keeper's life."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the keeper; what is held then is refused."""
        self._listening.close()
        self._keeper.close()

    def look(self) -> None:
        """Ask the person, if something is held: returns when it is held no more."""
        while select.select([self._listening], [], [], 0)[0]:
            message = wire.receive(self._listening)
            if message[0] == b"card":
                self._ask(from_fields(message[2:]).id)
                return

    def _ask(self, id_: str) -> None:
        """Show the one card, on a seat of its own: the words on cards are never handed on."""
        self._listening.close()
        seat = self._attach()
        try:
            how = Screen(self._terminal, seat, "gatesh demo", only=id_, own=True).run()
        finally:
            seat.close()
            self._listening = self._attach()
        if how == "ended":  # Ctrl-C, twice
            raise KeyboardInterrupt

    def _attach(self) -> socket.socket:
        here, there = socket.socketpair()
        threading.Thread(
            target=self._keeper.approvers.attach_own,
            args=(there, name_of(os.getpid())),
            name="own terminal",
            daemon=True,
        ).start()
        return here
