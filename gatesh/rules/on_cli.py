"""Patterns that speak of a program's own command line: operands in order, options anywhere.

The program's grammar has sorted the options from the operands already (facts). What is left to decide
here: whether a given spelling is the option the pattern means, which operands a pattern's words stand
for, and what a word that nobody can see might have been.
"""

from __future__ import annotations

import re

from gatesh.model import CliCall, CloudCall, Word
from gatesh.rules.hit import MAYBE, NO, YES, Hit
from gatesh.rules.on_words import names_level

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts.cli import Grammar
    from gatesh.model import SimpleCommand
    from gatesh.rules.rule import Choice, CliPattern

# Parameters of a cloud call that name what it is about: --db-instance-identifier, --bucket …
_NAMING = (
    "-identifier",
    "-id",
    "-ids",
    "-name",
    "-names",
    "-arn",
    "-arns",
    "-url",
    "-prefix",
    "-key",
)
# Substitutions whose outcome is a commit's name or a branch's: never an option, and used every day.
_REVISION = re.compile(
    r"\"?\$\(\s*git (?:branch --show-current|symbolic-ref --short HEAD"
    r"|rev-parse (?:--abbrev-ref |--short )?HEAD|merge-base [\w/.]+ [\w/.]+)\s*\)\"?"
)

_SPELLED = 3  # spellings of an option that are told to a person
_OFF = frozenset(("false", "none", "0", "no", "off"))
_ALSO_NAMING = ("--bucket", "--key", "--name", "--cluster", "--service", "--filters", "--role")


def as_call(fact: CliCall | CloudCall, command: SimpleCommand) -> CliCall:
    """Return a cloud call as the command line that it is: `aws SERVICE OPERATION --parameters`."""
    if isinstance(fact, CliCall):
        return fact
    span = command.words[0].span if command.words else command.span
    named = tuple(
        value
        for name, value in fact.parameters
        if value and (name.endswith(_NAMING) or name in _ALSO_NAMING)
    )
    return CliCall(
        fact.provider,
        (Word(fact.service, span), Word(fact.operation, span), *fact.operands, *named),
        fact.parameters,
        fact.target,
        fact.cannot_see,
    )


def cli_hit(
    pattern: CliPattern,
    call: CliCall,
    command: SimpleCommand,
    grammar: Grammar | None,
    *,
    exact: bool = False,
    cloud: bool = False,
) -> Hit | None:
    """Compare operands and options; `exact` takes no guess (for `unless`), `cloud` sorted them itself."""
    if exact and not _sorted_for_sure(pattern, call, grammar, cloud=cloud):
        return None
    open_end = _more(call, command)
    skippable = 0 if grammar or exact else sum(1 for _, value in call.options if value is None)
    fold = bool(grammar and grammar.caseless)
    level, taken = _operands(pattern.operands, call.operands, open_end, skippable, fold)
    if pattern.named and level is not NO:
        level = min(level, names_level(pattern.named, command))
    for spellings in pattern.options:
        level = min(level, _option(spellings, call, open_end, grammar, exact=exact))
    if level is NO:
        return None
    unseen = () if level is YES else _unseen(call, command)
    names = tuple(word.text for word in taken)
    options = {name: value.text if value else "" for name, value in call.options}
    operands = [word.text for word in call.operands]
    captures = {**options, "options": " ".join(options), "operands": " ".join(operands)}
    variables = {"options": options, "operands": operands}
    # A cloud's service and operation are not what is lost: its operands and identifiers are.
    lost = tuple(w.text for w in call.operands[2:]) if cloud else None
    return Hit(names, captures, level is YES, unseen, variables, lost)


def cli_lacks(
    pattern: CliPattern, call: CliCall, command: SimpleCommand, grammar: Grammar | None
) -> tuple[int, str]:
    """Return how near the pattern comes, and the first part of it that the command line lacks."""
    open_end = _more(call, command)
    skippable = 0 if grammar else sum(1 for _, value in call.options if value is None)
    fold = bool(grammar and grammar.caseless)
    for near in range(len(pattern.operands)):
        if (
            _operands(pattern.operands[: near + 1], call.operands, open_end, skippable, fold)[0]
            is NO
        ):
            return near, "other operands"
    for spellings in pattern.options:
        if _option(spellings, call, open_end, grammar, exact=False) is NO:
            return len(pattern.operands) + 1, f"no {_spelled(spellings)}"
    return 0, f"no word names {' '.join(map(str, pattern.named))}"


def _spelled(spellings: tuple[tuple[str, Choice | None], ...]) -> str:
    """Return an option's first few spellings, for a person."""
    names = [name + (f"={value}" if value else "") for name, value in spellings]
    return " or ".join([*names[:_SPELLED], *(["…"] if len(names) > _SPELLED else [])])


def _sorted_for_sure(
    pattern: CliPattern, call: CliCall, grammar: Grammar | None, *, cloud: bool
) -> bool:
    """Claim that no option may have taken the next word, and none takes back what was said.

    `git push -f -o -n` is no dry run: `-n` belongs to `-o`. `--dry-run --no-dry-run` is none either.
    """
    flags = {*grammar.flags, *grammar.attached} if grammar else set()
    flags |= {name for spellings in pattern.options for name, _ in spellings}
    return all(
        name in flags or ((cloud or value is not None) and not name.startswith("--no-"))
        for name, value in call.options
    )


def _more(call: CliCall, command: SimpleCommand) -> bool:
    """Claim that words may follow that nobody can see; what find adds are paths below its folders."""
    if "find" in command.prefixes:
        return any(not c.startswith("words:") for c in call.cannot_see)
    return command.more_words or bool(call.cannot_see)


def _operands(
    wanted: tuple[Choice | None, ...],
    given: tuple[Word, ...],
    open_end: bool,
    skippable: int,
    fold: bool,
) -> tuple[int, tuple[Word, ...]]:
    """Return how far the operands fit, and those that wildcards or nothing stood for."""
    best: tuple[int, tuple[Word, ...]] = (NO, ())
    for skipped in range(min(skippable, len(given)) + 1):
        found = _fit(wanted, given[skipped:], open_end, fold)
        if found[0] > best[0]:
            best = found
        if best[0] is YES:
            break
    return best


def _fit(
    wanted: tuple[Choice | None, ...], given: tuple[Word, ...], open_end: bool, fold: bool
) -> tuple[int, tuple[Word, ...]]:
    if not wanted:
        return YES, given
    first, rest = wanted[0], wanted[1:]
    if first is None:
        tries = [_fit(rest, given[i:], open_end, fold) for i in range(len(given) + 1)]
        return max(tries, key=lambda t: t[0])
    if not given:
        return (MAYBE, ()) if open_end else (NO, ())
    word = given[0]
    level = _word(first, word, fold)
    if level is NO:
        return NO, ()
    after, taken = _fit(rest, given[1:], open_end, fold)
    kept = (word,) if first.globs and word.text not in first.literals else ()
    return min(level, after), kept + taken


def _word(choice: Choice, word: Word, fold: bool) -> int:
    if choice.any:
        return YES
    if word.known:
        fits = choice.holds(word.text) or (fold and choice.holds(word.text.lower()))
        return YES if fits else NO
    return NO if _REVISION.fullmatch(word.text) else MAYBE


def _option(
    spellings: tuple[tuple[str, Choice | None], ...],
    call: CliCall,
    open_end: bool,
    grammar: Grammar | None,
    *,
    exact: bool,
) -> int:
    """Return whether one of the spellings is among the options given."""
    found = NO
    abbreviated = not exact and bool(grammar and grammar.abbreviations)
    aliases = grammar.aliases if grammar else {}
    fold = bool(grammar and grammar.caseless)
    for name, value in call.options:
        levels = [
            _value(needed, value, fold, exact=exact)
            if needed is None or value or exact or _stands_alone(name, grammar)
            else max((_word(needed, word, fold) for word in call.operands), default=NO)
            for wanted, needed in spellings
            if wanted in (name, aliases.get(name)) or (abbreviated and _shortens(name, wanted))
        ]
        if exact and levels and max(levels) is not YES:
            return NO  # the last one counts: --dry-run=client --dry-run=none
        found = max(found, *levels, NO)
    if found is NO and (open_end or any(map(_could_be_option, call.operands))):
        return MAYBE
    return found


def _value(needed: Choice | None, value: Word | None, fold: bool, *, exact: bool) -> int:
    if needed is None:
        if not exact or value is None:
            return YES
        return YES if value.known and value.text.lower() not in _OFF else NO  # --dry-run=false
    return NO if value is None else _word(needed, value, fold)


def _stands_alone(name: str, grammar: Grammar | None) -> bool:
    """Claim that the next word is not this option's: of what no grammar tells, it may be."""
    return grammar is not None and (name in grammar.flags or name in grammar.attached)


def _shortens(given: str, wanted: str) -> bool:
    """Claim that a long option is meant by its beginning: --skip-final for --skip-final-snapshot."""
    return len(given) > 3 and given.startswith("--") and wanted.startswith(given)


def _could_be_option(word: Word) -> bool:
    """Claim that a word nobody can see may be an option: an expansion stands at its very start."""
    starts = word.text.lstrip("\"'").startswith(("$", "`"))
    return not word.known and starts and not _REVISION.fullmatch(word.text)


def _unseen(call: CliCall, command: SimpleCommand) -> tuple[str, ...]:
    unknown = tuple(f"word: {w.text}" for w in call.operands if not w.known)
    more = ("words: more will be added",) if command.more_words else ()
    return call.cannot_see + unknown + more or ("options: not all can be seen",)
