"""A program's command line: options sorted from operands by its grammar."""

from __future__ import annotations

from gatesh._value import Value
from gatesh.facts.words import UNSEEN, after, visible
from gatesh.model import CliCall, SimpleCommand, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Grammar(Value):
    """How a program reads its options; `[programs.NAME]` in a pattern file."""

    values: tuple[str, ...] = ()  # they take the next word: -C DIR, --git-dir DIR
    flags: tuple[str, ...] = ()  # they take none; `abbreviations` are resolved against both
    attached: tuple[str, ...] = ()  # their value can only be attached: sed -i.bak
    abbreviations: bool = False  # --forc for --force, where only one option begins so
    exact: tuple[str, ...] = ()  # long options that are never abbreviated
    single_dash_long: bool = False  # -auto-approve, -target=x; no clusters
    aliases: Mapping[str, str] = {}  # spelling → the name it is declared under: -d → --data
    caseless: bool = False  # operands and values mean the same in capitals: FLUSHALL, -c Alias.x=
    stop_at: int = 0  # so many operands end the options: ssh HOST COMMAND… → 1; 0: never


class Given(Value):
    """One option or operand, in the order of the command line."""

    option: str  # as spelled; "" for an operand
    name: str  # as declared: abbreviation and alias resolved
    word: Word | None  # the option's value, or the operand


def call(command: SimpleCommand, grammar: Grammar | None = None) -> CliCall:
    """Return the command line of `command`; without a grammar no option takes the next word."""
    operands: list[Word] = []
    options: list[tuple[str, Word | None]] = []
    blind = ["words: more will be added"] if command.more_words else []
    for given in walk(command.words[1:], grammar):
        if not given.option:
            if given.word:
                operands.append(given.word)
            continue
        options.append((given.option.replace(UNSEEN, "$"), given.word))
        if UNSEEN in given.option or (given.word is None and "{" in given.option):
            blind.append(f"options: {given.option.replace(UNSEEN, '$')}")
    return CliCall(command.program, tuple(operands), tuple(options), cannot_see=tuple(blind))


def walk(words: Iterable[Word], grammar: Grammar | None = None) -> Iterator[Given]:
    """Yield the options and operands of `words` (without the program) in order."""
    rest = iter(words)
    rules = grammar or _UNKNOWN
    operands = 0
    for word in rest:
        text = visible(word)
        if text == "--":
            break
        if len(text) < 2 or text[0] != "-":
            yield Given("", "", word)
            operands += 1
            if operands == rules.stop_at:
                break
        elif text.startswith("--") or rules.single_dash_long:
            yield _long(word, text, rest, rules)
        else:
            yield from _cluster(word, text, rest, rules)
    for word in rest:
        yield Given("", "", word)


_UNKNOWN = Grammar()


def _long(word: Word, text: str, rest: Iterator[Word], rules: Grammar) -> Given:
    spelled, equals, _ = text.partition("=")
    name = _name(spelled, rules)
    if equals:
        return Given(spelled, name, after(word, spelled + "="))
    return Given(spelled, name, next(rest, None) if name in rules.values else None)


def _name(spelled: str, rules: Grammar) -> str:
    """Resolve an alias or an unambiguous abbreviation; what is not known stays as it is."""
    known = rules.aliases.get(spelled, spelled)
    if not rules.abbreviations or known in rules.values or known in rules.flags or known != spelled:
        return known
    begins = {
        rules.aliases.get(option, option)
        for option in (*rules.values, *rules.flags, *rules.attached, *rules.aliases)
        if option.startswith(spelled) and option.startswith("--") and option not in rules.exact
    }
    return begins.pop() if len(begins) == 1 else spelled


def _cluster(word: Word, text: str, rest: Iterator[Word], rules: Grammar) -> Iterator[Given]:
    """Take `-sSXDELETE` apart: the first letter that takes a value swallows the rest."""
    if rules is _UNKNOWN and len(text) > 2:  # nobody knows which it is: offer both readings
        spelled, equals, _ = text.partition("=")
        yield Given(spelled, spelled, after(word, spelled + "=") if equals else None)
        if not text[1:].isalpha() or len(text) > 5:
            return
    for at, letter in enumerate(text[1:], 1):
        option = f"-{letter}"
        name = rules.aliases.get(option, option)
        attached = after(word, text[: at + 1]) if at + 1 < len(text) else None
        if name in rules.values or option in rules.values:
            yield Given(option, name, attached or next(rest, None))
            return
        if name in rules.attached or option in rules.attached:
            yield Given(option, name, attached)
            return
        yield Given(option, name, None)
