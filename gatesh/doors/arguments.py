"""The arguments of bash, sh and zsh: where the options end, and what is to be run.

Every word goes on to the shell as it came; what is found here is what has to be read before. A word that
the shell itself would refuse is refused here: it must not be taken for another than it is.
"""

from __future__ import annotations

import os

from gatesh._value import Value
from gatesh.doors.client import SHELLS, Submission, content, environment
from gatesh.errors import UsageError

# Long options of bash, with one dash or two; they stand in front of the short ones.
_FLAGS = frozenset(
    ("help", "login", "noediting", "noprofile", "norc", "posix", "restricted", "verbose", "version")
)
_VALUED = frozenset(("init-file", "rcfile"))
_SHOWN = frozenset(("--help", "--version", "-help", "-version"))  # the shell prints it, and ends
_LETTERS = frozenset("abcefhiklmnoprstuvxBCEHOPT")
_ZSH_LETTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


_MOST_INPUT = 4 << 20
_NO_NAME = frozenset(" \t\n;&|<>()$`'\"")  # a text with one of these is no file's name


def submission(name: str, words: list[str]) -> Submission:
    """Return what a shell's arguments ask for, by the name that gatesh was called; raises UsageError."""
    called = os.path.basename(name)
    shell = called if called in SHELLS else "bash"
    shown = os.fsencode(name) if called in SHELLS else b"bash"
    if called in SHELLS and words and words[0] in _SHOWN:
        words = [words[0], "-c", ""]
    asked = split(shell, words)
    options = [os.fsencode(word) for word in words[: asked.options]]
    if shell == "sh":
        options.insert(0, b"--posix")
    rest = tuple(map(os.fsencode, words[asked.options :]))
    said = (tuple(options), b"zsh" if shell == "zsh" else b"bash", shown)
    if asked.command:
        return Submission(b"line", rest[0], rest[1:], b"", *said)
    if rest and not asked.from_input:
        if called not in SHELLS and _is_text(words, asked):
            return Submission(b"line", rest[0], (), b"", (b"-c",), *said[1:])
        return Submission(b"file", content(rest[0], environment()), rest[1:], rest[0], *said)
    if os.isatty(0) and os.isatty(1) and not asked.from_input:
        return Submission(b"terminal", b"", (), b"", *said)
    if asked.interactive:
        raise UsageError("an interactive shell needs a terminal", "leave -i away, or use -c LINE")
    if shell != "bash":
        given = tuple(word for word in options if word not in (b"-", b"--", b"-s"))
        return Submission(b"line", _input(), (shown, *rest), b"", (*given, b"-c"), *said[1:])
    return Submission(b"stdin", b"", rest, b"", *said)


def _input() -> bytes:
    """Return all of standard input; raises UsageError where it is longer than any line."""
    with open(0, "rb", closefd=False) as file:
        text = file.read(_MOST_INPUT + 1)
    if len(text) > _MOST_INPUT:
        raise UsageError(f"standard input has more than {_MOST_INPUT} bytes", "put it into a file")
    return text


def _is_text(words: list[str], asked: Arguments) -> bool:
    """Claim that the only word is a script's text: so claude hands it to a prefix of its shell."""
    alone = len(words) == 1 and not asked.options
    return alone and not _NO_NAME.isdisjoint(words[0]) and not os.path.lexists(words[0])


class Arguments(Value):
    """What the words of a shell ask for."""

    options: int  # so many words, from the first
    command: bool = False  # -c: the next word is a command line
    from_input: bool = False  # -s
    interactive: bool = False  # -i


def split(shell: str, words: list[str]) -> Arguments:
    """Tell a shell's options from what follows them; raises UsageError."""
    if shell == "zsh":
        return _zsh(words)
    at = _long(words)
    letters = ""
    while at < len(words) and words[at][:1] in ("-", "+"):
        word = words[at]
        at += 1
        if word in ("-", "--"):
            break
        if not _LETTERS.issuperset(word[1:]) or (word[0] == "+" and {"c", "i", "s"} & {*word}):
            raise _unknown(shell, word)
        valued = sum(word.count(letter) for letter in "oO")
        if at + valued > len(words):
            raise UsageError(f"{word} needs a name", f"{shell} -o pipefail")
        at += valued
        letters += word[1:]
    return _asked(shell, letters, at, words)


def _asked(shell: str, letters: str, at: int, words: list[str]) -> Arguments:
    if "c" in letters and at == len(words):
        raise UsageError("-c needs a command line", f"{shell} -c 'ls -l'")
    return Arguments(at, "c" in letters, "s" in letters, "i" in letters)


def _long(words: list[str]) -> int:
    """Return how many words in front are long options and their values."""
    at = 0
    while at < len(words) and words[at][:1] == "-":
        name = words[at][1:].removeprefix("-")
        if name in _FLAGS:
            at += 1
        elif name in _VALUED:
            if at + 1 == len(words):
                raise UsageError(f"{words[at]} needs a file", "gatesh --help shows what there is")
            at += 2
        elif words[at][:2] == "--" and name:
            raise _unknown("bash", words[at])
        else:
            break
    return at


def _zsh(words: list[str]) -> Arguments:
    """`-o NAME`, `-oNAME`, `--name`, `-b` and `-` as zsh has them."""
    at, letters = 0, ""
    while at < len(words) and words[at][:1] in ("-", "+"):
        word = words[at]
        at += 1
        if word in ("-", "+", "--"):
            break
        if word[:2] == "--":
            at += word == "--emulate"
            continue
        found, named, _ = word[1:].partition("o")
        if not _ZSH_LETTERS.issuperset(found) or (word[0] == "+" and {"c", "i", "s"} & {*found}):
            raise _unknown("zsh", word)
        if named and word[-1] == "o" and len(found) + 2 == len(word):
            at += 1  # `-o NAME`; in `-oNAME` the rest is the name
        letters += found
        if "b" in found:
            break
    if at > len(words):
        raise UsageError(f"{words[-1]} needs a name", "zsh -o extended_glob")
    return _asked("zsh", letters, at, words)


def _unknown(shell: str, word: str) -> UsageError:
    return UsageError(f"unknown option {word}", f"gatesh passes on what {shell} has; gatesh --help")
