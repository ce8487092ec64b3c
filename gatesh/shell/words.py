"""Words as bash will hand them to a program: quotes off, braces and known variables expanded.

What cannot be known stays as source text with the certainty UNKNOWN. The order is bash's own: braces,
tilde, parameters and substitutions, splitting, quote removal; what a glob will match is not looked up.
"""

from __future__ import annotations

import re

from gatesh.model import Certainty, Word
from gatesh.shell.atoms import ALL, HIDDEN, KNOWN, PLAIN, QUOTED, VALUE, Atom
from gatesh.shell.braces import expand_braces
from gatesh.shell.expand import Reader
from gatesh.shell.scan import Scanner
from gatesh.shell.state import BLANKS, State
from gatesh.shell.tokens import Source, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Span
    from gatesh.shell.tokens import Token

LONGEST = 64 * 1024  # a value longer than this is not followed any further
MOST_SEPARATED = 4096  # characters that are split at other separators than blanks

_SIMPLE = re.compile(r"[A-Za-z0-9_./:=@%+,^-]+")
_ALL = re.compile(r"(?s).+")
_BLANK_RUNS = re.compile(r"[ \t\n]+|[^ \t\n]+")
_TILDE = re.compile(r"~([A-Za-z0-9_.+-]*)(?=/|:|\Z)")
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_GLOB = re.compile(r"[*?]|\[.*\]|[?*+@!]\(", re.DOTALL)
_REJOINED = r"\$(?:[A-Za-z0-9_]+\{|[A-Za-z0-9_@*#?$!-]*[,}])"  # $x{a,b} is $xa $xb
_LONE_DOLLAR = r"\$(?![A-Za-z0-9_@*#?!$({'\"\[-])"  # bash does not split $x in `$x$`


def fields(source: Source, token: Token, state: State) -> tuple[list[Word], bool]:
    """Return the words a word of a simple command becomes, and whether unseen ones may be among them."""
    raw = source.text[token.start : token.end]
    span = source.where(token.start, token.end)
    if _SIMPLE.fullmatch(raw):
        return [Word(raw, span)], False
    atoms = list(Reader(source, state).atoms(token.start, token.end))
    if any(atom.kind == ALL for atom in atoms):
        return _all(raw, span, atoms)
    expanded = expand_braces(atoms)
    if expanded is None or (len(expanded) > 1 and re.search(_REJOINED, raw)):
        return [Word(raw, span, Certainty.UNKNOWN, globbed=True)], True
    words: list[Word] = []
    for each in filter(None, expanded):  # of `a {,} b` nothing is left in the middle
        words += _split(raw, span, _tilde(each, state, assigns=True), state)
    if len(expanded) > 1:
        words = [
            w.but(certainty=Certainty.EXPANDED) if w.certainty is Certainty.LITERAL else w
            for w in words
        ]
    return words, False


def visible(word: Word) -> str:
    """Return the text of a word of which some is not known: quotes off, expansions as they are written."""
    if word.known:
        return word.text
    source = Source(word.text, -1, word.span)
    try:
        end = Scanner(source).word()
    except Unreadable:
        return word.text
    atoms = Reader(source, State({"BASH_ENV": ""}, "", None, None, lambda _: None)).atoms(0, end)
    return "".join(atom.text for atom in atoms) + word.text[end:]


def single(source: Source, token: Token, state: State) -> Word:
    """Return the word of a redirect, an assignment's value or an operand of `[[`: it is never split."""
    return value(source, token.start, token.end, state)


def value(source: Source, start: int, end: int, state: State, *, colons: bool = False) -> Word:
    """Return a slice of the text as one word; `colons` expands a tilde behind each of them."""
    raw = source.text[start:end]
    span = source.where(start, end)
    if _SIMPLE.fullmatch(raw):
        return Word(raw, span)
    atoms = list(Reader(source, state).atoms(start, end))
    if any(atom.kind == ALL for atom in atoms):  # x="$@" puts a blank between them
        atoms = [_in_one(atom) for atom in atoms]
    return _join(raw, span, _tilde(atoms, state, colons=colons))


def _in_one(atom: Atom) -> Atom:
    words = atom.words
    if words is None or not all(word.known and not word.globbed for word in words):
        return atom
    return Atom(" ".join(word.text for word in words), KNOWN) if atom.kind == ALL else atom


def here_document(source: Source, token: Token, state: State) -> Word:
    """Return the body of a here-document."""
    start, end = token.body
    raw = source.text[start:end]
    span = source.where(start, end)
    lines = re.sub(r"^\t+", "", raw, flags=re.MULTILINE) if token.op == "<<-" else raw
    if token.quoted or not re.search(r"[\\$`]", raw):
        return Word(lines, span)
    atoms = list(Reader(source, state).here(start, end))
    word = _join(raw, span, atoms)
    if word.known and token.op == "<<-":
        return word.but(text=re.sub(r"^\t+", "", word.text, flags=re.MULTILINE))
    return word


def _all(raw: str, span: Span, atoms: list[Atom]) -> tuple[list[Word], bool]:
    """Expand `"$@"` and `"${a[@]}"`: the first and the last of their words are glued to what is around."""
    others = [a for a in atoms if a.kind != ALL and (a.text or a.kind != QUOTED)]
    # Braces, tildes and splitting come before: glued to them it is not worth following.
    odd = any(a.kind == VALUE or (a.kind == PLAIN and set(a.text) & set("{~")) for a in others)
    if odd or any(a.kind == ALL and a.words is None for a in atoms):
        return [Word(raw, span, Certainty.UNKNOWN)], True
    fields: list[list[Word | Atom]] = [[]]
    for atom in atoms:
        if atom.kind != ALL:
            fields[-1] += [atom] if atom.text or others else []
            continue
        for number, word in enumerate(atom.words or ()):
            if number:
                fields.append([])
            fields[-1].append(word)
    return [_glued(raw, span, parts) for parts in fields if parts], False


def _glued(raw: str, span: Span, parts: list[Word | Atom]) -> Word:
    """Make one word of what stands side by side."""
    first = parts[0]
    if len(parts) == 1 and isinstance(first, Word):
        unknown = first.certainty is Certainty.UNKNOWN
        return first.but(span=span, certainty=Certainty.UNKNOWN if unknown else Certainty.EXPANDED)
    if any(isinstance(p, Word) and (not p.known or p.globbed) for p in parts):
        return Word(raw, span, Certainty.UNKNOWN)
    atoms = [Atom(p.text, KNOWN) if isinstance(p, Word) else p for p in parts]
    word = _join(raw, span, atoms)
    return word.but(certainty=Certainty.EXPANDED) if word.known else word


def one(word: Word) -> bool:
    """Claim that a word is one argument, known or not."""
    if word.known:
        return not word.globbed
    text = word.text
    return (
        text[:1] == '"' == text[-1:] and len(text) > 1 and '"' not in text[1:-1] and "@" not in text
    )


def _join(raw: str, span: Span, atoms: list[Atom]) -> Word:
    """Make one word of the atoms."""
    if any(atom.kind in (HIDDEN, ALL) for atom in atoms):
        return Word(raw, span, Certainty.UNKNOWN)
    text = "".join(atom.text for atom in atoms)
    if len(text) > LONGEST:
        return Word(raw, span, Certainty.UNKNOWN)
    expanded = any(atom.kind in (VALUE, KNOWN) for atom in atoms)
    return Word(
        text, span, Certainty.EXPANDED if expanded else Certainty.LITERAL, globbed=is_glob(atoms)
    )


def is_glob(atoms: list[Atom]) -> bool:
    """Claim that bash will look for paths: quoted characters are no patterns."""
    unquoted = "".join(
        atom.text if atom.kind in (PLAIN, VALUE) else "x" for atom in atoms if atom.text
    )
    return _GLOB.search(unquoted) is not None


def _split(raw: str, span: Span, atoms: list[Atom], state: State) -> list[Word]:
    """Split unquoted values at blanks; a word of which nothing is left goes away."""
    if not any(atom.kind == VALUE for atom in atoms):
        return [_join(raw, span, atoms)]
    if state.separators is None or re.search(_LONE_DOLLAR, raw):
        return [Word(raw, span, Certainty.UNKNOWN)]
    groups = _separated(atoms, state.separators)
    if groups is None:
        return [Word(raw, span, Certainty.UNKNOWN)]
    words = [_join(raw, span, group) for group in groups]
    return [w.but(certainty=Certainty.EXPANDED) if w.known else w for w in words]


def _separated(atoms: list[Atom], separators: str) -> list[list[Atom]] | None:
    """Return the fields that IFS makes of the values among the atoms; None where that is not certain."""
    if separators != BLANKS:
        size = sum(len(atom.text) for atom in atoms if atom.kind == VALUE)
        if size > MOST_SEPARATED or not separators.isascii():
            return None
    blanks = "".join(c for c in separators if c in BLANKS)
    runs = (
        re.compile(f"[{re.escape(separators)}]|[^{re.escape(separators)}]+") if separators else _ALL
    )
    if separators == BLANKS:
        runs = _BLANK_RUNS
    fields: list[list[Atom]] = []
    open_, ended = False, False  # whether a field is open, and whether blanks have just ended one
    for atom in atoms:
        for part in runs.findall(atom.text) if atom.kind == VALUE else (atom.text,):
            if atom.kind != VALUE or part[0] not in separators:
                if not open_:
                    fields.append([])
                fields[-1].append(Atom(part, atom.kind))
                open_, ended = True, False
            elif part[0] in blanks:
                ended, open_ = ended or open_, False
            else:
                if not open_ and not ended:
                    fields.append([])  # a,,b
                open_ = ended = False
    return fields


def _tilde(
    atoms: list[Atom], state: State, *, colons: bool = False, assigns: bool = False
) -> list[Atom]:
    """Expand a leading `~`, with `colons` one behind each colon, and that of `NAME=~` where it may stand."""
    if not any(atom.kind == PLAIN and "~" in atom.text for atom in atoms):
        return atoms
    result: list[Atom] = []
    for index, atom in enumerate(atoms):
        if atom.kind != PLAIN or "~" not in atom.text:
            result.append(atom)
            continue
        at = 0
        places = [0] if not index else []
        name = _ASSIGNED.match(atom.text) if assigns and not index else None
        if name:
            places = [name.end()]
        if colons or name:
            places += [m.end() for m in re.finditer(":", atom.text)]
        for place in places:
            match = _TILDE.match(atom.text, place)
            if not match or (match.end() == len(atom.text) and index + 1 < len(atoms)):
                continue
            if place > at:
                result.append(Atom(atom.text[at:place], PLAIN))
            home = state.home(match.group(1))
            result.append(Atom(match.group(), HIDDEN) if home is None else Atom(home, KNOWN))
            at = match.end()
        result.append(Atom(atom.text[at:], PLAIN))
    return [a for a in result if a.text or a.kind != PLAIN]
