"""The approver of a door that works alone: there is nobody to ask, so the answer is no."""

from __future__ import annotations

from gatesh.model import Answer, Answered, Request


class NoApprover:
    """Nobody."""

    def __init__(self, reason: str = "") -> None:
        """Keep why nobody can be asked: it is recorded with the answer."""
        self._reason = reason

    def ask(self, request: Request) -> Answer:  # noqa: ARG002  the Approver protocol
        """Return that nobody could be asked."""
        return Answer(Answered.NOBODY, why=self._reason)
