"""What a bash with the caller's options reads first, as bash text of our own startup file."""

from __future__ import annotations

import os
from shlex import quote

_LOGIN = """[[ -r /etc/profile ]] && builtin . /etc/profile
for __gatesh_text in ~/.bash_profile ~/.bash_login ~/.profile; do
  [[ -r $__gatesh_text ]] && { builtin . "$__gatesh_text"; builtin break; }
done"""


def startup(options: tuple[bytes, ...]) -> tuple[str, list[bytes]]:
    """Return what a bash with these options reads first, as bash text, and the options that are left to it."""
    words, rest, text = list(options), [], "[[ -r ~/.bashrc ]] && builtin . ~/.bashrc"
    while words:
        word = words.pop(0)
        name = word.lstrip(b"-")
        if word[:1] == b"-" and name in (b"rcfile", b"init-file"):
            text = f"builtin . {quote(os.fsdecode(words.pop(0)))}"
        elif word[:1] == b"-" and name == b"norc":
            text = ":"
        elif name == b"login" or (word[:1] == b"-" and word[1:2] != b"-" and b"l" in word):
            text = _LOGIN
            rest += [word.replace(b"l", b"")] if len(word) > 2 and name != b"login" else []
        elif name not in (b"noprofile", b"noediting", b"i", b""):
            rest.append(word)
    return text, rest
