"""The word a card shows and a person types: three random consonants, fresh for every card and approver."""

from __future__ import annotations

import secrets

# No vowels (no words, no `yes`), no y and no n (they are answers elsewhere; n rejects), no l (looks like 1).
LETTERS = "bcdfghjkmpqrstvwxz"


def fresh_word(length: int = 3) -> str:
    """Return a word that nothing but the card can have told."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def fresh_code() -> str:
    """Return a pairing code: two words, as one terminal shows it and a person types it at another."""
    return f"{fresh_word()}-{fresh_word()}"
