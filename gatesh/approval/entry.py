"""What a person has typed at a card so far, and what a key does to it. Pure.

Enter alone, Space and every letter but `n` and `S` do nothing by themselves; a yes is a word, and where
the keeper has one, the PIN after it. What Backspace empties is taken back: a PIN or a comment leads back
to the word, and nothing was answered.
"""

from __future__ import annotations

import re

from gatesh._value import Value

ENTER = ("\r", "\n")
_BACKSPACE = ("\x7f", "\x08")
_CLEAR = "\x15"
_OF_NO = re.compile(r"^o\b\W*")  # `n` was taken, and the person typed "no, keep it"
_MOVES = {" ": "page", "\t": "next"}
_LONGEST = 200


class Act(Value):
    """What to do now: answer, reject, stop, page or next."""

    what: str
    typed: str = ""
    pin: str = ""  # or the comment that goes with a rejection


class Entry:
    """One card's line of input."""

    def __init__(self, *, pin: bool = False, stops: bool = False, comments: bool = False) -> None:
        """Begin with an empty word; `pin` asks for it afterwards, `stops` knows S."""
        self.stage = "word"
        self.typed = ""
        self._word = ""
        self._pin, self._stops, self._comments = pin, stops, comments

    @property
    def prompt(self) -> str:
        """Return what stands in front of the input."""
        return {
            "word": "> ",
            "pin": "PIN: ",
            "comment": "no (Backspace: back). A word to the agent, then Enter: ",
        }[self.stage]

    @property
    def untouched(self) -> bool:
        """Claim that nothing has been typed yet."""
        return self.stage == "word" and not self.typed

    @property
    def shown(self) -> str:
        """Return the input as it may be drawn: a PIN is not."""
        return "" if self.stage == "pin" else self.typed

    def key(self, key: str) -> Act | None:
        """Take a key; return what it leads to."""
        if key in ENTER:
            return self._enter()
        if self.untouched:
            if key == "n":
                return self._reject()
            if key == "S" and self._stops:
                return Act("stop")
            if key in _MOVES:
                return Act(_MOVES[key])
        if key in _BACKSPACE and not self.typed:
            self.stage = "word"
        elif key in _BACKSPACE:
            self.typed = self.typed[:-1]
        elif key == _CLEAR:
            self.typed = ""
        elif key.isprintable() and len(self.typed) < _LONGEST:
            self.typed += key
        return None

    def _enter(self) -> Act | None:
        if self.stage == "comment":
            return Act("reject", pin=_OF_NO.sub("", self.typed.strip(), count=1))
        if not self.typed.strip():
            return None
        if self.stage == "pin":
            return Act("answer", self._word, self.typed)
        if not self._pin:
            return Act("answer", self.typed)
        self.stage, self._word, self.typed = "pin", self.typed, ""
        return None

    def _reject(self) -> Act | None:
        if self._comments:
            self.stage = "comment"
            return None
        return Act("reject", pin="")
