"""One spelling for what a terminal takes in several: seven bits, no control inside a sequence. Pure.

A terminal obeys U+009B as it does ESC [, and a NUL or a newline inside a sequence before the sequence; what
follows an agent's output would have to know all of it.
"""

from __future__ import annotations

import re

_C1 = re.compile(rb"\xc2([\x90\x98\x9b-\x9f])")  # in UTF-8: what begins a sequence or ends a string
_CONTROLS = rb"\x00-\x17\x19\x1c-\x1f"
_AFTER_ESC = re.compile(rb"\x1b([%b\x7f]+)" % _CONTROLS)
_IN_CSI = re.compile(
    rb"\x1b(\[[\x20-\x3f]*[%b\x7f][^\x18\x1a\x1b\x40-\x7e]*)(?=[\x40-\x7e])" % _CONTROLS
)
_IN_OSC = re.compile(rb"\x1b(\][0-9;]*[\x00-\x06\x08-\x17\x19\x1c-\x1f\x7f][^\x07\x18\x1a\x1b]*)")
_OBEYED, _IGNORED = re.compile(rb"[^%b]+" % _CONTROLS), re.compile(rb"[%b\x7f]+" % _CONTROLS)
# What is none of these, which is nearly all, is left alone at once.
_ODD = re.compile(
    rb"\x1b(?:[%b\x7f%%]|\[[\x20-\x3f]*[%b\x7f]|\][0-9;]*[\x00-\x06\x08-\x17\x19\x1c-\x1f\x7f])"
    % (_CONTROLS, _CONTROLS)
)
_EIGHT_BITS = b"\x1b%@"  # leaves UTF-8: from there on single bytes would be controls


def plain(data: bytes) -> bytes:
    """Return what makes a terminal do the same."""
    if b"\xc2" in data:
        data = _C1.sub(lambda found: bytes((0x1B, found[1][0] - 0x40)), data)
    if not _ODD.search(data):
        return data
    data = _AFTER_ESC.sub(lambda found: found[1].replace(b"\x7f", b"") + b"\x1b", data)
    data = _IN_CSI.sub(
        lambda found: _OBEYED.sub(b"", found[1]) + b"\x1b" + _IGNORED.sub(b"", found[1]), data
    )
    data = _IN_OSC.sub(lambda found: b"\x1b" + _IGNORED.sub(b"", found[1]), data)
    return data.replace(_EIGHT_BITS, b"")
