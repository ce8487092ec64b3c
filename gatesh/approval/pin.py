"""The PIN: typed when the keeper starts, kept in memory as a salted scrypt hash, stored nowhere."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading

from gatesh.errors import UsageError

LEAST_LENGTH = 4
MOST_ERRORS = 5


class Pin:
    """Checks a PIN and counts errors per approver; five lock that approver for the keeper's life."""

    def __init__(self, pin: str) -> None:
        """Hash `pin`; raises UsageError where it is too short."""
        if len(pin) < LEAST_LENGTH:
            raise UsageError(f"a PIN has at least {LEAST_LENGTH} characters", "choose a longer one")
        self._salt = os.urandom(16)
        self._hash = self._scrypt(pin)
        self._errors: dict[str, int] = {}
        self._lock = threading.Lock()  # one at a time: guessing in parallel gains nothing

    def _scrypt(self, pin: str) -> bytes:
        raw = pin.encode("utf-8", "surrogateescape")
        return hashlib.scrypt(raw, salt=self._salt, n=1 << 14, r=8, p=1)

    def proves(self, pin: str, approver: str) -> bool:
        """Claim that `pin` is right and `approver` is not locked."""
        with self._lock:
            if self._errors.get(approver, 0) >= MOST_ERRORS:
                return False
            right = hmac.compare_digest(self._scrypt(pin), self._hash)
            # A right PIN clears the count: only errors in a row are a guesser's.
            self._errors[approver] = 0 if right else self._errors.get(approver, 0) + 1
            return right

    def locked(self, approver: str) -> bool:
        """Claim that this approver has had its errors."""
        with self._lock:
            return self._errors.get(approver, 0) >= MOST_ERRORS

    def left(self, approver: str) -> int:
        """Return how many errors this approver has left."""
        with self._lock:
            return MOST_ERRORS - self._errors.get(approver, 0)
