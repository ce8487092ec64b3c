"""Programs that make commands of what they are fed: xargs and parallel.

Where their input is known, so are the commands; where it is not, more words will come that nobody can see.
"""

from __future__ import annotations

import itertools
import re

from gatesh.model import Certainty, Word
from gatesh.shell.prefixes import PREFIXES
from gatesh.shell.unwrapped import (
    NOTHING,
    Inner,
    Script,
    Unwrapped,
    filled_in,
    joined,
    skip_options,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.shell.unwrapped import Words

MOST_COMMANDS = 16  # of one xargs or parallel
MOST_ITEMS = 512
_ITEM = re.compile(r"(?:[^\s'\"\\]|'[^'\n]*'|\"[^\"\n]*\"|\\.)+", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"|\\(.)", re.DOTALL)
_NAMES = {"null": "0", "delimiter": "d", "replace": "i", "max-args": "n", "max-lines": "l", "arg-file": "a",
          "eof": "e", "process-slot-var": "E"}  # fmt: skip
_ODD = frozenset(
    "a arg-file C colsep 0 null d delimiter pipe N n max-args max-replace-args X m L max-lines I i U".split()
)
_ABOUT = frozenset("version help h V citation will-cite semaphore number-of-cores".split())
_SLOT = re.compile(r"\{(\d*)(//|/\.|[./]?|#|%)\}")
_CHANGED: dict[str, Callable[[str], str]] = {
    "": str,
    ".": lambda text: re.sub(r"\.[^/.]*\Z", "", text),
    "/": lambda text: text.rsplit("/", 1)[-1],
    "//": lambda text: text.rpartition("/")[0] or ".",
    "/.": lambda text: re.sub(r"\.[^/.]*\Z", "", text.rsplit("/", 1)[-1]),
}


def xargs(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    r"""`echo a b | xargs rm`, `printf 'a\0' | xargs -0 -n 1 rm`, `xargs -I{} sh -c 'rm {}'`."""
    at, found = skip_options(words, 1, PREFIXES["xargs"])
    options = {_NAMES.get(name, name): value for name, value in found.items()}
    rest = words[at:] or (Word("echo", words[0].span),)
    mark = _mark(options)
    hidden = filled_in(rest, mark.text if mark else "")
    inner = Inner(hidden, program, more_words=True, reads_input=False)
    unseen = Unwrapped(
        (inner,), keep="a" in options
    )  # an approval is bound to the file that -a names
    if stdin is None or not stdin.known or set(options) - set("0dIint1rtxpPs"):
        return unseen
    items = _items(stdin.text, options, lines=mark is not None)
    count = options.get("n")
    size = int(count.text) if count and re.fullmatch("[1-9][0-9]{0,4}", count.text) else 0
    if items is None or len(items) > MOST_ITEMS or (count and not size):
        return unseen
    given = tuple(stdin.but(text=item, certainty=Certainty.EXPANDED) for item in items)
    if mark is not None:
        calls = [tuple(_put(word, mark.text, item) for word in rest) for item in given]
    elif not given and ("r" in options or "no-run-if-empty" in options):
        calls = []
    else:
        step = size or max(len(given), 1)
        calls = [(*rest, *given[i : i + step]) for i in range(0, max(len(given), 1), step)]
    if len(calls) > MOST_COMMANDS:
        return unseen
    return Unwrapped(tuple(Inner(c, program, reads_input=False) for c in calls), keep=not calls)


def _mark(options: dict[str, Word]) -> Word | None:
    """Return what stands for an item: `-I{}`, `-i`, `--replace=R`."""
    given = options.get("i")
    if given is None:
        return options.get("I")
    name, equals, attached = given.text.partition("=")
    if not equals and name[:2] != "--":
        attached = name[name.index("i") + 1 :]
    return given.but(text=attached or "{}")


def _items(text: str, options: dict[str, Word], *, lines: bool) -> list[str] | None:
    """Return what xargs makes of its input."""
    if "0" in options:
        return text.removesuffix("\0").split("\0") if text else []
    if "\0" in text:
        return None
    if "d" in options:
        mark = options["d"].text
        mark = {"\\n": "\n", "\\t": "\t", "\\0": "\0"}.get(mark, mark)
        if len(mark) != 1 or not mark.isascii():
            return None
        return text.removesuffix(mark).split(mark) if text else []
    if lines:
        items = [line.lstrip(" \t") for line in text.split("\n")]
        if re.search(r"['\"\\]", text):
            return None
        return [item for item in items if item]
    if _ITEM.sub("", text).strip(" \t\n"):
        return None  # a quote that is not closed
    return [
        _QUOTED.sub(lambda m: m.group(1) or m.group(2) or m.group(3) or "", item)
        for item in _ITEM.findall(text)
    ]


def _put(word: Word, mark: str, item: Word) -> Word:
    if not word.known or mark not in word.text:
        return word
    return word.but(text=word.text.replace(mark, item.text), certainty=Certainty.EXPANDED)


def parallel(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    """`parallel rm ::: a b`, `echo a | parallel rm {}`, `parallel ::: 'rm a'`: a shell runs each line."""
    at, options = skip_options(words, 1, PREFIXES["parallel"])
    texts = [word.text for word in words]
    marks = (":::", ":::+", "::::", "::::+", "--")
    end = next((i for i in range(at, len(words)) if texts[i] in marks), len(words))
    template, sources = words[at:end], words[end:]
    plain = not set(options) & _ODD
    values = (_values(sources) if sources else _lines(stdin)) if plain else None
    if not template and not sources and set(options) & _ABOUT:
        return NOTHING
    if values is None or len(values) > MOST_COMMANDS or not all(w.known for w in template):
        return _unseen(program, template, sources, words[0])
    scripts = []
    for row in values:
        line = _filled(" ".join(w.text for w in template), row) if template else row[0].text
        if line is None:
            return _unseen(program, template, sources, words[0])
        text = words[0].but(text=line, certainty=Certainty.EXPANDED)
        scripts.append(Script(text, program, reads_input=False))
    return Unwrapped(tuple(scripts), keep=not scripts)


def _unseen(program: str, template: Words, sources: Words, whole: Word) -> Unwrapped:
    """Say what can be said: the command, with words to come; and that nobody sees what a list holds."""
    if not template:
        hidden = (sources or (whole,))[0].but(certainty=Certainty.UNKNOWN)
        return Unwrapped((Inner((hidden,), program, reads_input=False),))
    text = joined(template)
    line = _SLOT.sub("$_", text.text) if _SLOT.search(text.text) else text.text + " $_"
    script = Script(text.but(text=line), program, reads_input=False)
    return Unwrapped((Inner(template, program, more_words=True, reads_input=False), script))


def _values(sources: Words) -> list[tuple[Word, ...]] | None:
    """Return the rows that `::: a b ::: c d` make: all combinations."""
    lists: list[list[Word]] = []
    for word in sources:
        if word.text in (":::", "--"):
            lists.append([])
        elif word.text in (":::+", "::::", "::::+") or not word.known or word.globbed:
            return None
        else:
            lists[-1].append(word)
    total = 1
    for each in lists:
        total *= len(each)
    return list(itertools.product(*lists)) if total <= MOST_COMMANDS else None


def _lines(stdin: Word | None) -> list[tuple[Word, ...]] | None:
    """Return the rows that the lines of standard input are."""
    if stdin is None or not stdin.known or "\0" in stdin.text:
        return None
    return [(stdin.but(text=line),) for line in stdin.text.splitlines() if line]


def _filled(template: str, row: tuple[Word, ...]) -> str | None:
    """Put the values where the template wants them, quoted as parallel does; None for {#} and {%}."""
    quoted = [_quote(word.text) for word in row]
    found = list(_SLOT.finditer(template))
    if not found:
        return " ".join([template, *quoted])
    if any(m.group(2) in ("#", "%") for m in found):
        return None
    if any(int(m.group(1) or 1) > len(row) or m.group(1) == "0" for m in found):
        return None

    def put(match: re.Match[str]) -> str:
        number, form = match.groups()
        texts = [row[int(number) - 1].text] if number else [word.text for word in row]
        return " ".join(_quote(_CHANGED[form](text)) for text in texts)

    return _SLOT.sub(put, template)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'" if re.search(r"[^\w@%+=:,./-]", text) else text
