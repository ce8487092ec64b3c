r"""What `echo`, `printf`, `base64 -d` and their like print, where their words and input say it all.

For scripts on their way into a shell: `echo 'rm x' | sh`, `sh <(printf 'r\155 x')`, `$(echo rm) x`,
`base64 -d <<<cm0geA== | bash`. A NUL in the text is for the reader to mind: a shell drops it.
"""

from __future__ import annotations

import re

from gatesh.model import Certainty, Word
from gatesh.shell.escapes import decode
from gatesh.shell.filters import filtered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.model import SimpleCommand

LONGEST = 64 * 1024
_MOST_NUMBERS = 1000
_ECHO_OPTION = r"-[neE]+"
_FORMAT = r"%(%|[-0-9.]*[sbdc])"
_ECHO_OCTAL = r"\\0([0-7]{0,3})"


def printed(command: SimpleCommand) -> Word | None:
    """Return what a command writes to its standard output; None where it cannot be told."""
    if command.more_words or not all(word.known and not word.globbed for word in command.words):
        return None
    if command.remote or any(r.op[0] != "<" and r.fd != 2 for r in command.redirects):
        return None
    words = [word.text for word in command.words]
    text = None
    if command.program == "echo":
        text = _echo(words[1:])
    elif command.program == "printf":
        text = _printf(words[1:])
    elif command.program in ("dirname", "basename", "seq"):
        text = _PRINTS[command.program](words[1:])
    elif command.stdin is not None and command.stdin.known:
        text = filtered(words, command.stdin.text)
    if text is None or len(text) > LONGEST:
        return None
    literal = all(word.certainty is Certainty.LITERAL for word in command.words)
    literal = literal and command.program in ("echo", "printf")
    return Word(text, command.span, Certainty.LITERAL if literal else Certainty.EXPANDED)


def _echo(words: list[str]) -> str:
    newline, escapes = "\n", False
    while words and re.fullmatch(_ECHO_OPTION, words[0]):
        for letter in words[0][1:]:
            if letter == "n":
                newline = ""
            else:
                escapes = letter == "e"
        words = words[1:]
    text = " ".join(words)
    if not escapes:
        return text + newline
    before, cut, _ = text.partition("\\c")
    decoded = decode(re.sub(_ECHO_OCTAL, r"\\\1", before))
    return decoded if cut else decoded + newline


def _dirname(words: list[str]) -> str | None:
    if not words or any(word[:1] in ("-", "") for word in words):
        return None
    folders = []
    for word in words:
        bare = word.rstrip("/")
        head = bare.rpartition("/")[0]
        folders.append(head.rstrip("/") or "/" if "/" in bare else "." if bare else "/")
    return "".join(folder + "\n" for folder in folders)


def _basename(words: list[str]) -> str | None:
    if not 1 <= len(words) <= 2 or any(word[:1] in ("-", "") for word in words):
        return None
    name = words[0].rstrip("/").rpartition("/")[2] or "/"
    ending = words[1] if len(words) > 1 else ""
    return (name.removesuffix(ending) if ending != name else name) + "\n"


def _seq(words: list[str]) -> str | None:
    """`seq 3`, `seq 2 5`, `seq 1 2 9`."""
    if not 1 <= len(words) <= 3 or not all(re.fullmatch(r"-?(?:0|[1-9]\d{0,6})", w) for w in words):
        return None
    numbers = [int(word) for word in words]
    first, last = (1 if len(numbers) == 1 else numbers[0]), numbers[-1]
    step = numbers[1] if len(numbers) == 3 else 1
    if not step or abs(last - first) // abs(step) > _MOST_NUMBERS:
        return None
    return "".join(f"{n}\n" for n in range(first, last + (1 if step > 0 else -1), step))


_PRINTS: dict[str, Callable[[list[str]], str | None]] = {
    "dirname": _dirname,
    "basename": _basename,
    "seq": _seq,
}


def _printf(words: list[str]) -> str | None:
    if words[:1] == ["--"]:
        words = words[1:]
    if not words or words[0].startswith("-"):
        return None
    pattern, arguments = words[0], words[1:]
    if "%" in re.sub(_FORMAT, "", pattern):
        return None
    wanted = sum(1 for m in re.finditer(_FORMAT, pattern) if m.group(1) != "%")
    result = []
    for _ in range(max(1, -(-len(arguments) // wanted) if wanted else 1)):
        at = 0
        for match in re.finditer(_FORMAT, pattern):
            result.append(decode(pattern[at : match.start()]))
            at = match.end()
            if match.group(1) == "%":
                result.append("%")
                continue
            if len(match.group(1)) > 1:
                return None
            argument = arguments.pop(0) if arguments else ""
            if match.group(1) == "d" and not re.fullmatch(r"-?[0-9]+", argument):
                return None
            kind = match.group(1)
            result.append(
                decode(argument) if kind == "b" else argument[:1] if kind == "c" else argument
            )
        result.append(decode(pattern[at:]))
    return "".join(result)
