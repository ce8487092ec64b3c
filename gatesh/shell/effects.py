"""What the shell's own commands change: `cd`, `export`, `read`, `set`, `unset` and their like."""

from __future__ import annotations

import re

from gatesh.shell.arrays import Array, known
from gatesh.shell.parse import Compound, Function, Sequence, Simple
from gatesh.shell.state import CWD, EVERYTHING
from gatesh.shell.words import one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import SimpleCommand, Word
    from gatesh.shell.parse import Node
    from gatesh.shell.reading import Feed
    from gatesh.shell.state import State
    from gatesh.shell.tokens import Region, Source

DECLARES = frozenset(("export", "declare", "typeset", "local", "readonly"))
# Commands that leave standard input alone, or whose part in it is known.
LEAVES_INPUT = frozenset(
    """read mapfile readarray [ [[ (( test : true false echo printf cd pwd export declare local readonly
    typeset set shift unset let return break continue exit shopt trap alias umask type hash rm rmdir mkdir touch
    cp mv ln ls chmod chown sleep date basename dirname kill mktemp stat""".split()
) | {""}
_READS = frozenset(("read", "mapfile", "readarray", "getopts", "unset", "printf", "let", "wait"))
_MOVES = frozenset(("cd", "pushd", "popd"))
_ANYTHING = frozenset((".", "source", "eval", "trap", "alias", "enable", "set", "shift", "shopt"))
# Options of shopt that change neither what an expansion becomes nor where a command runs.
_HARMLESS_OPTIONS = frozenset(
    """-s -u -q -p -o +o expand_aliases nullglob failglob dotglob globstar nocaseglob extglob checkwinsize
    cmdhist histappend huponexit inherit_errexit promptvars interactive_comments lithist mailwarn progcomp
    checkhash checkjobs autocd direxpand dirspell cdspell login_shell hostcomplete sourcepath
    no_empty_cmd_completion gnu_errfmt histreedit histverify extdebug""".split()
)
_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_IN_OPTION = r"(?<=[av])[A-Za-z_][A-Za-z0-9_]*\Z"
_ELEMENT = r"([A-Za-z_][A-Za-z0-9_]*)(?:\[(0|[1-9][0-9]{0,8})\])?"
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[.*?\])?\+?=", re.DOTALL)
_CALCULATES = r"\(\(|\$\["
_PARAMETER_SET = r"\$\{([A-Za-z_][A-Za-z0-9_]*):?="


def apply(command: SimpleCommand, state: State, feed: Feed) -> bool | None:
    """Change the state as a command of this shell does; return whether a `read` succeeds, where known."""
    program = command.words[0].text if command.words and command.words[0].known else ""
    words = command.words[1:]
    if program in ("cd", "pushd"):
        _move(words, state)
    elif program == "popd":
        state.enter(None)
    elif program in DECLARES:
        _declare(program, words, state)
    elif program == "set":
        _set(words, state)
    elif program == "shift":
        _shift(words, state)
    elif program == "shopt":
        if not all(word.known and word.text in _HARMLESS_OPTIONS for word in words):
            state.forget((EVERYTHING, CWD))
            state.blind()
    elif program in (".", "source"):
        state.forget((EVERYTHING,))
    elif program == "unset":
        _unset(words, state)
    elif program in _READS:
        return _from_input(program, command, state, feed)
    return None


def _from_input(program: str, command: SimpleCommand, state: State, feed: Feed) -> bool | None:
    """Set what `read`, `mapfile` or `printf -v` sets, where it is known."""
    words = command.words[1:]
    if program == "printf":
        if words and (not words[0].known or words[0].text[:2] == "-v"):
            _formatted(command, state)
        return None
    before = state.separators
    state.forget(_names(words))
    if program not in ("read", "mapfile", "readarray"):
        return None
    from gatesh.shell import reading

    if program == "read":
        given = [a.value for a in command.assignments if a.name == "IFS"]
        separators = before if not given else given[-1].text if given[-1].known else None
        done = reading.read(words, feed, state, separators)
    else:
        done = reading.mapfile(words, feed, state) or None
    if done is None:
        state.forget(_names(words))
        feed.at = None
    return done


def _formatted(command: SimpleCommand, state: State) -> None:
    """`printf -v x FORMAT …`, `printf -vx FORMAT …`, `printf -v 'a[1]' FORMAT …`."""
    from gatesh.shell.output import printed

    attached = command.words[1].text[2:]
    named = command.words[1] if attached else command.words[2] if command.words[2:] else None
    rest = command.words[2:] if attached else command.words[3:]
    match = re.fullmatch(_ELEMENT, attached or named.text) if named and named.known else None
    before = state.array(match.group(1)) if match else None
    state.forget(_names(command.words[1:3]))
    text = printed(command.but(words=(command.words[0], *rest), redirects=()))
    if match is None or text is None or "\0" in text.text:
        return
    if match.group(2) is None:
        if before is not None and len(before.items) <= 1:
            state.set(match.group(1), text.text)
    elif before is not None and not before.keyed:
        array = before.having(int(match.group(2)), known(text.text))
        state.set_array(match.group(1), array)


def _move(words: tuple[Word, ...], state: State) -> None:
    """`cd DIR`; `cd -` and what cannot be seen lead to an unknown place."""
    options = [w.text for w in words if w.known and re.fullmatch(r"-[LPe@n]+|--", w.text)]
    operands = [w for w in words if w.text not in options]
    if any("P" in option for option in options):
        state.may_have_stayed = True  # from here on it does not go by names: `..` leads anywhere
    if not operands:
        state.enter(state.home("") or None)
    elif (
        len(operands) > 1
        or not operands[0].known
        or operands[0].globbed
        or operands[0].text[:1] in ("-", "+", "")
    ):
        state.enter(None)
    else:
        state.enter(operands[0].text)


def _declare(program: str, words: tuple[Word, ...], state: State) -> None:
    """`export A=1`; the other attributes change what an assignment does, now and later."""
    options = "".join(w.text for w in words if w.text[:1] in ("-", "+"))
    if "n" in options and program != "export":  # a name for another variable
        state.blind()
    for word in words:
        match = _ASSIGNED.match(word.text)
        name = match.group(1) if match else word.text
        if match:
            usable = word.known and not any(c in match.group() for c in "[+")
            value = word.text[match.end() :] if usable else None
            odd = (
                value is not None and value[:1] == "("
            )  # declare -a a='(x y)' makes an array of it
            state.set(name, None if odd else value)
        elif not word.known:
            state.blind()
        if not re.fullmatch(_IDENTIFIER, name):
            continue
        if program == "export" or "x" in options:
            state.export(name)
        if set(options) & set("ilut"):
            state.fix(name)
        elif program == "readonly" or "r" in options:
            state.freeze(name)
        elif "A" in options and not state.keyed(name):
            fresh = state.is_set(name) is False
            state.set_array(name, Array(keyed=True) if fresh else None)
        elif "a" in options:
            state.set_array(name, state.array(name))


def _set(words: tuple[Word, ...], state: State) -> None:
    """`set -- a b` replaces the positional parameters."""
    at = 0
    while at < len(words) and words[at].known:
        text = words[at].text
        if text in ("--", "-") or text[:1] not in ("-", "+"):
            break
        named = words[at + 1] if text[-1] == "o" and words[at + 1 :] else None
        if "P" in text or (named and (not named.known or named.text == "physical")):
            state.may_have_stayed = (
                True  # `cd` does not go by names from here on: `..` leads anywhere
            )
        at += 2 if text in ("-o", "+o") else 1
    rest = words[at:]
    if not rest:
        return
    if rest[0].known and rest[0].text == "--":
        rest = rest[1:]
    elif not rest[0].known or rest[0].text == "-":
        state.arguments = None
        return
    state.arguments = rest if all(one(word) for word in rest) else None


def _shift(words: tuple[Word, ...], state: State) -> None:
    """`shift`, `shift 2`; too many are not shifted at all."""
    arguments = state.arguments
    count = words[0].text if words else "1"
    if arguments is None or len(words) > 1 or not re.fullmatch("[0-9]{1,4}", count):
        state.arguments = None
    elif int(count) <= len(arguments):
        state.arguments = arguments[int(count) :]


def _unset(words: tuple[Word, ...], state: State) -> None:
    """`unset x`, `unset 'a[1]'`; `unset -f` takes functions away, and they are kept to be sure."""
    if words and words[0].known and words[0].text[:1] == "-" and "f" in words[0].text:
        return
    for word in words:
        match = re.fullmatch(_ELEMENT, word.text) if word.known else None
        if match is None:
            if not word.known:
                state.forget((EVERYTHING,))
            elif "[" in word.text:
                state.forget((word.text.partition("[")[0],))
        elif match.group(2) is None:
            state.unset(match.group(1))
        else:
            array = state.array(match.group(1))
            key = match.group(2) if array and array.keyed else int(match.group(2))
            state.set_array(match.group(1), array.having(key, None) if array else None)


def _names(words: tuple[Word, ...]) -> set[str]:
    """Return the variables that `read A B` may set; an unseen word may name any."""
    if not all(word.known for word in words):
        return {EVERYTHING}
    found = {"REPLY", "MAPFILE", "OPTARG"}
    for word in words:  # also -vNAME, -aNAME, NAME[1], and what `let` calculates
        found.update(re.findall(_IDENTIFIER, word.text))
        found.update(m.group() for m in re.finditer(_IN_OPTION, word.text))
    return found


def calculated(text: str) -> set[str]:
    """Return the variables that an arithmetic expression may set."""
    return (
        set(re.findall(_IDENTIFIER, text)) if "=" in text or "++" in text or "--" in text else set()
    )


def changed(node: Node | None, region: Region, source: Source) -> frozenset[str]:
    """Return all that commands below `node` (None: in the whole region) may change, by their looks."""
    found: set[str] = set()
    for at in region.at if node is None else places(node):
        texts = [source.text[t.start : t.end] for t in region.at[at]]
        for text in texts:
            match = _ASSIGNED.match(text)
            if match:
                found.add(match.group(1))
            found.update(re.findall(_PARAMETER_SET, text))
            if re.search(_CALCULATES, text):
                found |= calculated(text)
        words = set(texts)
        if words & _MOVES:
            found.add(CWD)
        if words & _READS or words & DECLARES:
            found.update(text for text in texts if re.fullmatch(_IDENTIFIER, text))
            found |= {"REPLY", "MAPFILE"}
        if words & _ANYTHING:
            found.add(EVERYTHING)
    return frozenset(found)


def places(node: Node) -> list[int]:
    """Return where the tokens of a node stand in its region."""
    if isinstance(node, Simple):
        return [node.at]
    if isinstance(node, Sequence):
        return [at for _, part, _ in node.parts for at in places(part)]
    if isinstance(node, Function):
        return [node.name, *places(node.body)]
    found = [at for part in node.parts for at in places(part)]
    if isinstance(node, Compound):
        found += [at for at in (node.name, node.words) if at >= 0]
    return found
