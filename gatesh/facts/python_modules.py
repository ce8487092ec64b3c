"""Modules of Python that run the code they are given: `python -m timeit CODE`, `python -m pdb x.py`."""

from __future__ import annotations

from gatesh.facts.amounts import command
from gatesh.facts.opened import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts.scripts import Runs
    from gatesh.model import Word

_CONSOLES = frozenset(("code", "asyncio", "IPython", "bpython", "ptpython"))
# Modules that run a file, with their options that take a value.
_FILES = {
    "pdb": ("-c", "--command"),
    "cProfile": ("-o", "-s", "--outfile", "--sort"),
    "profile": ("-o", "-s", "--outfile", "--sort"),
    "trace": ("-f", "--file", "-C", "--coverdir", "--ignore-module", "--ignore-dir"),
    "runpy": (),
    "debugpy": ("--listen", "--connect"),
}
_FOLDERS = frozenset(("venv", "virtualenv"))
MODULES = _CONSOLES | _FILES.keys() | _FOLDERS | {"timeit"}
_TIMED = frozenset(("-n", "-r", "-u", "-s", "--number", "--repeat", "--unit", "--setup"))


def modules(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """Yield what a module of Python's own runs; `words` begin with its name."""
    name = words[0].text
    if name in _CONSOLES and len(words) == 1:
        yield from runs.stdin("python", ())
    elif name == "timeit":
        yield from _timed(runs, words[1:])
    elif name in _FOLDERS:
        yield from cleared(runs, words)
    elif name in _FILES:
        yield from _file(runs, words)


def _file(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    valued, at = _FILES[words[0].text], 1
    while at < len(words) and words[at].text[:1] == "-":
        if words[0].text == "pdb" and words[at].text in valued and words[at + 1 :]:
            code = words[at + 1]
            yield runs.inline("python", code.but(text=code.text.lstrip("! ")), ())
        at += 2 if words[at].text in valued else 1
    if at < len(words):
        yield from runs.file("python", words[at], words[at + 1 :])


def _timed(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`timeit -s SETUP LINE LINE`: each statement is timed behind the set-up."""
    setup: list[Word] = []
    at = 0
    while at < len(words) and words[at].text[:1] == "-":
        text = words[at].text
        if text == "--":
            at += 1
            break
        if text in ("-s", "--setup"):
            setup += words[at + 1 : at + 2]
        elif text.startswith(("-s", "--setup=")):
            setup.append(words[at].but(text=text.removeprefix("--setup=").removeprefix("-s")))
        at += 2 if text in _TIMED else 1
    parts = [runs.inline("python", word, ()).text for word in (*setup, *words[at:])]
    if parts:
        yield Code("python", "\n".join(parts), "", runs.cwd)


def cleared(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`venv --clear FOLDER` empties what is there, an environment or not."""
    if not any(word.text == "--clear" for word in words):
        return
    for word in words[1:]:
        if word.known and word.text[:1] != "-":
            yield Code("shell", command("rm", "-rf", "--", word.text), "", runs.cwd)
