"""What a part of a line prints, gathered command by command as far as it is known."""

from __future__ import annotations

from gatesh.model import Certainty, Word
from gatesh.shell.output import LONGEST, printed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import SimpleCommand

# They print nothing, or end what would be printed.
_SILENT = frozenset(
    """: true false shift unset export readonly local read mapfile readarray test [ [[ (( let mkdir rm touch
    chmod sleep cd""".split()
) | {""}
_ENDS = frozenset(("exit", "return", "break", "continue", "exec", "set", "trap", "shopt"))
# What may stand in front without a chance that the command does not run.
_HARMLESS = frozenset(
    """command builtin env nice nohup stdbuf time xargs eval bash sh dash exec find""".split()
)
_TO_FILE = frozenset((">", ">|", ">>", "&>", "&>>"))


class Sink:
    """A place that output goes to."""

    __slots__ = ("texts",)

    def __init__(self) -> None:
        """Start with nothing printed."""
        self.texts: list[Word] | None = []

    def lose(self) -> None:
        """Give up: nobody knows any more what is printed."""
        self.texts = None

    def mark(self) -> int:
        """Return where the output stands, to compare with later."""
        return -1 if self.texts is None else len(self.texts)

    def perhaps(self, mark: int) -> None:
        """Give up if anything was printed since the mark: it may not have happened, or not in that order."""
        if self.mark() != mark:
            self.lose()

    def take(self, command: SimpleCommand, shown: Word | None = None) -> None:
        """Add what a command prints: `shown`, or what its words say."""
        word = _output(command, shown)
        if word is None:
            self.lose()
        elif self.texts is not None and word.text:
            self.texts.append(word)

    def word(self) -> Word | None:
        """Return all of it; None where it is not known."""
        texts = self.texts
        if not texts:
            return None
        if len(texts) == 1:
            return texts[0]
        if not all(word.known for word in texts):
            return None
        text = "".join(word.text for word in texts)
        first, last = texts[0].span, texts[-1].span
        span = first.but(end=max(first.end, last.end))
        return None if len(text) > LONGEST else Word(text, span, Certainty.EXPANDED)


def _output(command: SimpleCommand, shown: Word | None) -> Word | None:
    """Return what a command sends to the output that it was given."""
    nothing = Word("", command.span)
    away = [r for r in command.redirects if r.op[0] != "<" and r.fd != 2]
    if away:
        elsewhere = all(
            r.fd in (None, 1) and (r.op in _TO_FILE or (r.op == ">&" and r.target.text == "2"))
            for r in away
        )
        return nothing if elsewhere else None
    if set(command.prefixes) - _HARMLESS:
        return None
    if command.program in _ENDS or (command.words and not command.words[0].known):
        return None
    if not command.words and any(r.op == "<" for r in command.redirects):
        return shown  # $(<file)
    if command.program in _SILENT:
        return nothing if command.program != "cd" or len(command.words) == 2 else None
    if command.program == "printf" and command.words[1:] and command.words[1].text[:2] == "-v":
        return nothing
    if command.program == "yes":
        return _yes(command)
    return printed(command) if shown is None else shown


def _yes(command: SimpleCommand) -> Word:
    """Return what answers a question; how often it comes, nobody knows, so that nothing may compute with it."""
    text = " ".join(word.text for word in command.words[1:]) or "y"
    return Word(f"{text}\n", command.span, Certainty.UNKNOWN)
