"""What unwrapping a command yields, and what all of its ways share: options and joined words."""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.model import Certainty, Word
from gatesh.shell.prefixes import FLAGS, SHELL_LONG, SHELL_VALUED, SHELLS
from gatesh.shell.words import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gatesh.shell.prefixes import Grammar

Words = tuple[Word, ...]


class Inner(Value):
    """A command that the outer one starts."""

    words: Words
    prefix: str = ""
    remote: str = ""
    more_words: bool = False
    folder: Word | None = None  # env -C DIR
    assigned: Words = ()  # env A=1
    reads_input: bool = True  # it gets the outer command's standard input
    rooted: bool = False  # chroot: paths mean something else


class Script(Value):
    """A text that the outer command has a shell run."""

    text: Word
    prefix: str
    remote: str = ""
    arguments: Words | None = ()  # None: the shell's own stay as they are
    shell_name: Word | None = None
    in_place: bool = False  # eval: this shell runs it
    reads_input: bool = True


class Unwrapped(Value):
    """What was found; `keep` says that the outer command is worth looking at itself."""

    inner: tuple[Inner | Script, ...] = ()
    keep: bool = True


NOTHING = Unwrapped()
_READERS = SHELLS | {"ssh", "su", "eval"}


def skip_options(words: Words, at: int, grammar: Grammar) -> tuple[int, dict[str, Word]]:
    """Return where the options end, and what each was given: its value, or itself."""
    values: dict[str, Word] = {}
    long = grammar.long.split()
    while at < len(words) and words[at].known:
        text = words[at].text
        if text == "--":
            return at + 1, values
        if text.startswith("--"):
            name, has_value, given = text[2:].partition("=")
            full = name if name in long or name in FLAGS else _abbreviated(name, long)
            full = "" if full in FLAGS else full
            if full and has_value:
                values[full] = words[at].but(text=given)
            elif full and at + 1 < len(words):
                at += 1
                values[full] = words[at]
            elif not full:
                values[name] = words[at]
        elif len(text) > 1 and text[0] == "-":
            at = _cluster(words, at, grammar, values)
        elif not (grammar.assigns and assigns(words[0], text)):
            break
        at += 1
    return at, values


def script_at(words: Words) -> int:
    """Return the place of the file that a shell reads: its script, or a start-up file."""
    at = 1
    while at < len(words):
        text = words[at].text
        if text in ("-", "--") or text in SHELL_LONG:
            return at + 1
        if len(text) < 2 or text[0] not in "-+":
            return at
        at += 1
        if text[:2] != "--":
            at += sum(letter in SHELL_VALUED for letter in text)
    return at


def _abbreviated(name: str, long: list[str]) -> str:
    return next((n for n in long if n.startswith(name)), "")


def assigns(program: Word, text: str) -> bool:
    """Claim that `env` or `sudo` takes a word for `NAME=value`, whatever the name."""
    return "=" in text and (text[0] != "/" or program.text.endswith("env"))


def _cluster(words: Words, at: int, grammar: Grammar, values: dict[str, Word]) -> int:
    """Read `-nVALUE`, `-n VALUE` or `-abc`; return the place of the last word that belongs to it."""
    text = words[at].text
    for place, letter in enumerate(text[1:], 2):
        if letter in grammar.valued:
            if place < len(text):
                values[letter] = words[at].but(text=text[place:])
            elif at + 1 < len(words):
                at += 1
                values[letter] = words[at]
            break
        values[letter] = words[at]
    return at


def joined(words: Words) -> Word:
    """Return the words as the one string that a shell will read."""
    text = " ".join(visible(word) for word in words)
    unknown = any(not word.known or word.globbed for word in words)
    certainty = max((w.certainty for w in words), key=list(Certainty).index)
    start, end = words[0].span.start, max(w.span.end for w in words)
    span = words[0].span.but(start=min(start, end), end=max(start, end))
    return Word(text, span, Certainty.UNKNOWN if unknown else certainty)


def script(text: Word, prefix: str, **how: Any) -> Unwrapped:
    """Run `text` in a shell; where some of it is not known, the outer command stays as well."""
    if not text.known:
        text = text.but(text=visible(text))
    return Unwrapped((Script(text, prefix, **how),), keep=not text.known)


def filled_in(words: Words, mark: str) -> Words:
    """Return words with the mark in what a shell will read replaced by something that nobody knows.

    `find -exec sh -c 'rm {}' ;` · `xargs -I{} sh -c 'rm {}'`
    """
    if not mark or not any(word.text.rsplit("/", 1)[-1] in _READERS for word in words):
        return words
    return tuple(
        word.but(text=word.text.replace(mark, "$_"), certainty=Certainty.EXPANDED)
        if word.known
        and mark in word.text
        and (re.search(r"\s", word.text) or (word.text == mark and _is_code(before)))
        else word
        for before, word in zip((None, *words), words, strict=False)
    )


def _is_code(option: Word | None) -> bool:
    """Claim that what follows an option is a text: `sh -c {}`, `bash -lc {}`."""
    return option is not None and re.fullmatch(r"-[a-z]*c|eval", option.text) is not None
