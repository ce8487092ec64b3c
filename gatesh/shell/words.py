"""Words as bash will hand them to a program: quotes off, braces and known variables expanded.

What cannot be known stays as source text with the certainty UNKNOWN. The order is bash's own: braces,
tilde, parameters and substitutions, splitting, quote removal; what a glob will match is not looked up.
Over 400 lines because the steps hand each other the same atoms, and their order is the point.
"""

from __future__ import annotations

import itertools
import re

from gatesh.model import Certainty, Word
from gatesh.shell.scan import Scanner
from gatesh.shell.state import State
from gatesh.shell.tokens import Source, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Span
    from gatesh.shell.tokens import Token

MOST_FIELDS = 512  # of one word with braces
MOST_BRACES = 64
LONGEST = 64 * 1024  # a value longer than this is not followed any further

# How the characters of an atom came about.
PLAIN = 0  # as written: globs, braces and tildes mean something
QUOTED = 1
VALUE = 2  # of an unquoted expansion: will be split, and globs mean something
HIDDEN = 3  # nobody knows what it becomes
ALL = 4  # "$@"
KNOWN = 5  # of an expansion inside double quotes

_SIMPLE = re.compile(r"[A-Za-z0-9_./:=@%+,^-]+")
_PLAIN_RUN = re.compile(r"[^'\"\\$`<>()]+")
_DOUBLE_RUN = re.compile(r'[^"\\$`]+')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACED = r"(?s)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*])(?:(:?[-=+?])(.*))?"
_LENGTH = r"#([A-Za-z_][A-Za-z0-9_]*)"
_TILDE = re.compile(r"~([A-Za-z0-9_.+-]*)(?=/|:|\Z)")
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_GLOB = re.compile(r"[*?]|\[.*\]|[?*+@!]\(", re.DOTALL)
_REJOINED = r"\$(?:[A-Za-z0-9_]+\{|[A-Za-z0-9_@*#?$!-]*[,}])"  # $x{a,b} is $xa $xb
_LONE_DOLLAR = r"\$(?![A-Za-z0-9_@*#?!$({'\"\[-])"  # bash does not split $x in `$x$`
_SEQUENCE = r"(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])(?:\.\.(-?\d{1,6}))?"
_ESCAPE = (
    r"(?s)\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|c(.)|(.))"
)
_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
            "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?"}  # fmt: skip


class Atom:
    """Characters of one kind."""

    __slots__ = ("kind", "text")

    def __init__(self, text: str, kind: int) -> None:
        """Keep both."""
        self.text = text
        self.kind = kind


def fields(source: Source, token: Token, state: State) -> tuple[list[Word], bool]:
    """Return the words a word of a simple command becomes, and whether unseen ones may be among them."""
    raw = source.text[token.start : token.end]
    span = source.where(token.start, token.end)
    if _SIMPLE.fullmatch(raw):
        return [Word(raw, span)], False
    atoms = list(_Reader(source, state).atoms(token.start, token.end))
    if any(atom.kind == ALL for atom in atoms):
        return _all(raw, span, atoms, state)
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
    atoms = _Reader(source, State({"BASH_ENV": ""}, "", None, None, lambda _: None)).atoms(0, end)
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
    atoms = list(_Reader(source, state).atoms(start, end))
    return _join(raw, span, _tilde(atoms, state, colons=colons))


def here_document(source: Source, token: Token, state: State) -> Word:
    """Return the body of a here-document."""
    start, end = token.body
    raw = source.text[start:end]
    span = source.where(start, end)
    lines = re.sub(r"^\t+", "", raw, flags=re.MULTILINE) if token.op == "<<-" else raw
    if token.quoted or not re.search(r"[\\$`]", raw):
        return Word(lines, span)
    atoms = list(_Reader(source, state).here(start, end))
    word = _join(raw, span, atoms)
    if word.known and token.op == "<<-":
        return word.but(text=re.sub(r"^\t+", "", word.text, flags=re.MULTILINE))
    return word


def _all(raw: str, span: Span, atoms: list[Atom], state: State) -> tuple[list[Word], bool]:
    """Expand `"$@"`: alone it is every argument, glued to something it is more than can be said."""
    arguments = state.arguments
    others = [a for a in atoms if a.kind != ALL and (a.text or a.kind != QUOTED)]
    # Braces, tildes and splitting come before: glued to them it is not worth following.
    odd = any(a.kind == VALUE or (a.kind == PLAIN and set(a.text) & set("{~")) for a in others)
    many = bool(others) and len(arguments or ()) > 1
    if arguments is None or odd or many or any(not a.known for a in arguments):
        return [Word(raw, span, Certainty.UNKNOWN)], True
    if not others:
        return [a.but(span=span, certainty=Certainty.EXPANDED) for a in arguments], False
    text = arguments[0].text if arguments else ""
    glued = [Atom(text, KNOWN) if a.kind == ALL else a for a in atoms]
    word = _join(raw, span, glued)
    return [word if not word.known else word.but(certainty=Certainty.EXPANDED)], False


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
    if state.separators_changed or re.search(_LONE_DOLLAR, raw):
        return [Word(raw, span, Certainty.UNKNOWN)]
    groups: list[list[Atom]] = [[]]
    for atom in atoms:
        if atom.kind != VALUE:
            groups[-1].append(atom)
            continue
        parts = re.split(r"[ \t\n]+", atom.text)
        for index, part in enumerate(parts):
            if index and groups[-1]:
                groups.append([])
            if part:
                groups[-1].append(Atom(part, VALUE))
    words = [_join(raw, span, group) for group in groups if group]
    return [w.but(certainty=Certainty.EXPANDED) if w.known else w for w in words]


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


# -- braces ------------------------------------------------------------------------------------------


def expand_braces(atoms: list[Atom]) -> list[list[Atom]] | None:
    """Return the words that `{a,b}` and `{1..3}` make of one; None where they are too many."""
    opening = [i for i, a in enumerate(atoms) if a.kind == PLAIN and "{" in a.text]
    if not opening:
        return [atoms]
    letters: list[Atom] = []
    for atom in atoms:
        if atom.kind == PLAIN:
            letters += [Atom(c, PLAIN) for c in atom.text]
        else:
            letters.append(atom)
    expanded = _braces(letters, [MOST_BRACES])
    if expanded is None:
        return None
    return [_merge(each) for each in expanded]


def _merge(letters: list[Atom]) -> list[Atom]:
    merged: list[Atom] = []
    for atom in letters:
        if merged and atom.kind == PLAIN == merged[-1].kind:
            merged[-1] = Atom(merged[-1].text + atom.text, PLAIN)
        else:
            merged.append(atom)
    return merged


def _braces(letters: list[Atom], left: list[int]) -> list[list[Atom]] | None:
    """Expand the first brace of `letters`, and then what is behind it; `left` bounds the work."""
    left[0] -= 1
    if left[0] < 0:
        return None
    for start, end, parts in _alternatives(letters):
        behind = _braces(letters[end + 1 :], left)
        if behind is None:
            return None
        result = []
        for part in parts:
            inner = _braces(part, left)
            if inner is None:
                return None
            result += [letters[:start] + i + b for i in inner for b in behind]
            if len(result) > MOST_FIELDS:
                return None
        return result
    return [letters]


def _alternatives(letters: list[Atom]) -> Iterator[tuple[int, int, list[list[Atom]]]]:
    """Yield each brace that means something: where it opens, where it closes, and what its parts are."""
    opened: list[list[int]] = []  # of each open brace: its place, and those of its commas
    closed: list[tuple[list[int], int]] = []
    for i, atom in enumerate(letters):
        if atom.kind != PLAIN or atom.text not in ("{", ",", "}"):
            continue
        if atom.text == "{":
            opened.append([i])
        elif opened and atom.text == ",":
            opened[-1].append(i)
        elif opened:
            closed.append((opened.pop(), i))
    for places, end in sorted(closed):
        if len(places) > 1:
            edges = [*places, end]
            yield places[0], end, [letters[a + 1 : b] for a, b in itertools.pairwise(edges)]
        else:
            sequence = _sequence(letters[places[0] + 1 : end])
            if sequence:
                yield places[0], end, sequence


def _sequence(letters: list[Atom]) -> list[list[Atom]] | None:
    """Expand `1..5`, `a..e` and `1..9..2`."""
    if len(letters) > 24 or any(a.kind != PLAIN for a in letters):
        return None
    match = re.fullmatch(_SEQUENCE, "".join(a.text for a in letters))
    if not match:
        return None
    first, last, step = match.groups()
    by = abs(int(step)) if step and int(step) else 1
    if first.isalpha() != last.isalpha():
        return None
    low, high = (ord(first), ord(last)) if first.isalpha() else (int(first), int(last))
    numbers = range(low, high + 1, by) if low <= high else range(low, high - 1, -by)
    if len(numbers) > MOST_FIELDS:
        numbers = range(low, low + MOST_FIELDS + 1)  # too many: the caller gives up
    if first.isalpha():
        return [[Atom(chr(n), QUOTED)] for n in numbers]
    padded = any(len(x.lstrip("-")) > 1 and x.lstrip("-")[0] == "0" for x in (first, last))
    width = max(len(first), len(last)) if padded else 0
    return [[Atom(f"{n:0{width}d}" if width else str(n), QUOTED)] for n in numbers]


# -- reading a word's characters ---------------------------------------------------------------------


class _Reader:
    """Walks through a slice of the text and yields its atoms."""

    def __init__(self, source: Source, state: State) -> None:
        self._source = source
        self._text = source.text
        self._state = state

    def atoms(self, i: int, end: int, *, quoted: bool = False) -> Iterator[Atom]:
        """Yield the atoms of a word; `quoted` where it stands inside double quotes."""
        text = self._text
        while i < end:
            run = None if quoted else _PLAIN_RUN.match(text, i, end)
            if run:
                yield Atom(run.group(), PLAIN)
                i = run.end()
                continue
            char = text[i]
            if char == '"':
                close = self._closing(i + 1, end)
                yield Atom("", QUOTED)
                yield from self.double(i + 1, close)
                i = close + 1
            elif char == "'" and not quoted:
                close = text.find("'", i + 1, end)
                close = end if close < 0 else close
                yield Atom(text[i + 1 : close], QUOTED)
                i = close + 1
            elif char == "\\" and not quoted:
                if text[i + 1 : i + 2] != "\n":
                    yield Atom(text[i + 1 : i + 2] if i + 1 < end else "\\", QUOTED)
                i += 2
            elif char == "$" and not quoted and text[i + 1 : i + 2] in ("'", '"') and i + 1 < end:
                if text[i + 1] == '"':
                    i += 1
                    continue
                close = self._ansi_end(i + 2, end)
                yield Atom(unescape(text[i + 2 : close]), QUOTED)
                i = close + 1
            elif char in "$`<>":
                i, atoms = self._expansion(i, end, quoted=quoted)
                yield from atoms
            elif quoted:
                i, atoms = self._in_double(i, end)
                yield from atoms
            else:
                yield Atom(char, PLAIN)
                i += 1

    def double(self, i: int, end: int) -> Iterator[Atom]:
        """Yield the atoms between double quotes."""
        while i < end:
            run = _DOUBLE_RUN.match(self._text, i, end)
            if run:
                yield Atom(run.group(), QUOTED)
                i = run.end()
                continue
            i, atoms = self._in_double(i, end)
            yield from atoms

    def here(self, i: int, end: int) -> Iterator[Atom]:
        """Yield the atoms of an unquoted here-document's body: like double quotes, but `"` is plain."""
        while i < end:
            if self._text[i] == '"' or self._text.startswith('\\"', i):
                step = 1 if self._text[i] == '"' else 2
                yield Atom(self._text[i : i + step], QUOTED)
                i += step
                continue
            i, atoms = self._in_double(i, end)
            yield from atoms

    def _in_double(self, i: int, end: int) -> tuple[int, list[Atom]]:
        text = self._text
        char = text[i]
        if char == "\\" and i + 1 < end:
            after = text[i + 1]
            if after == "\n":
                return i + 2, []
            return i + 2, [Atom(after if after in '$`"\\' else char + after, QUOTED)]
        if char in "$`":
            return self._expansion(i, end, quoted=True)
        run = _DOUBLE_RUN.match(text, i, end)
        return (run.end(), [Atom(run.group(), QUOTED)]) if run else (i + 1, [Atom(char, QUOTED)])

    def _closing(self, i: int, end: int) -> int:
        """Return where the double quotes close; expansions are stepped over."""
        text = self._text
        while i < end and text[i] != '"':
            if text[i] == "\\":
                i += 2
            elif text[i] in "$`":
                piece = self._source.pieces.get(i)
                i = piece.end if piece else i + 1
            else:
                run = _DOUBLE_RUN.match(text, i, end)
                i = run.end() if run else i + 1
        return min(i, end)

    def _ansi_end(self, i: int, end: int) -> int:
        while i < end and self._text[i] != "'":
            i += 2 if self._text[i] == "\\" else 1
        return min(i, end)

    def _expansion(self, i: int, end: int, *, quoted: bool) -> tuple[int, list[Atom]]:
        """Read what begins with `$`, a backtick or `<(`."""
        text = self._text
        piece = self._source.pieces.get(i)
        if piece is not None:
            raw = text[i : piece.end]
            if piece.opener == "${":
                return piece.end, self._parameter(i + 2, piece.end - 1, raw, quoted=quoted)
            if piece.opener in ("$(", "`"):
                output = self._state.output(piece)
                if output is not None:
                    return piece.end, [Atom(output, KNOWN if quoted else VALUE)]
            return piece.end, [Atom(raw, HIDDEN)]
        if text[i] != "$":
            return i + 1, [Atom(text[i], QUOTED if quoted else PLAIN)]
        name = _NAME.match(text, i + 1, end)
        if name is None:
            return i + 1, [Atom("$", QUOTED)]
        return name.end(), [self._variable(name.group(), "$" + name.group(), quoted=quoted)]

    def _variable(self, name: str, raw: str, *, quoted: bool) -> Atom:
        if name == "@":
            if quoted:
                return Atom(raw, ALL)
            name = "*"
        known = self._state.get(name)
        if known is None:
            return Atom(raw, HIDDEN)
        return Atom(known, KNOWN if quoted else VALUE)

    def _parameter(self, i: int, end: int, raw: str, *, quoted: bool) -> list[Atom]:
        """Read the inside of `${…}`."""
        inside = self._text[i:end]
        hidden = [Atom(raw, HIDDEN)]
        length = re.fullmatch(_LENGTH, inside)
        if length:
            known = self._state.get(length.group(1))
            return hidden if known is None else [Atom(str(len(known)), KNOWN)]
        match = re.fullmatch(_BRACED, inside)
        if match is None:
            return hidden
        name, operator, _ = match.groups()
        if operator is None:
            return [self._variable(name, raw, quoted=quoted)]
        is_set = None if name in "@*" else self._state.is_set(name)
        known = self._state.get(name)
        if is_set is None or (is_set and known is None):
            return hidden
        there = bool(is_set and (known or operator[0] != ":"))
        if operator[-1] == "+":
            there = not there
            known = ""
        if there:
            return [Atom(known or "", KNOWN if quoted else VALUE)]
        if operator[-1] == "?":
            return hidden
        atoms = list(self.atoms(match.start(3) + i, end, quoted=quoted))
        if any(atom.kind in (HIDDEN, ALL) or "~" in atom.text for atom in atoms):
            return hidden
        if operator[-1] == "=":
            self._state.set(name, "".join(atom.text for atom in atoms))
        return [
            Atom(a.text, VALUE if a.kind in (PLAIN, VALUE) and not quoted else KNOWN) for a in atoms
        ]


def unescape(text: str) -> str:
    """Return what `$'…'` stands for: a NUL ends it."""
    return decode(text).split("\0", 1)[0]


def decode(text: str) -> str:
    r"""Replace backslash escapes: `\x72m` → `rm`."""
    data = bytearray()
    at = 0
    for match in re.finditer(_ESCAPE, text):
        data += text[at : match.start()].encode("utf-8", "surrogateescape")
        at = match.end()
        data += _escaped(*match.groups(), raw=match.group())
    data += text[at:].encode("utf-8", "surrogateescape")
    return bytes(data).decode("utf-8", "surrogateescape")


def _escaped(
    hexadecimal: str | None,
    octal: str | None,
    short: str | None,
    long: str | None,
    control: str | None,
    letter: str | None,
    *,
    raw: str,
) -> bytes:
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    point = short or long
    if point:
        number = int(point, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            return raw.encode()
        return chr(number).encode()
    if control:
        return bytes([ord(control) & 0x1F]) if control.isascii() else raw.encode()
    return _LETTERS[letter].encode() if letter in _LETTERS else raw.encode()
