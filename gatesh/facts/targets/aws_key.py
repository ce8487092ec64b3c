"""Whose an AWS access key is: its id holds the number of the account, since 2019."""

from __future__ import annotations

import re
from base64 import b32decode

from gatesh.facts.words import UNSEEN

_KEY = re.compile(r"A(?:KIA|SIA)[Q-Z2-7][A-Z2-7]{11,}")  # older ones begin with a letter before Q
_BITS = 0x7FFFFFFFFF80


def account_of(key: str) -> str:
    """Return the account's twelve digits; UNSEEN for a key that does not tell."""
    if not _KEY.fullmatch(key):
        return UNSEEN
    encoded = key[4:]
    raw = b32decode(encoded + "=" * (-len(encoded) % 8))
    return f"{(int.from_bytes(raw[:6], 'big') & _BITS) >> 7:012d}"
