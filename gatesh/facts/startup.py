"""Code that an interpreter or a shell runs before its program, because an option or a variable says so.

`node --require ./x.js`, `ruby -r./x`, `perl '-Mx;code'`, PYTHONPATH's sitecustomize.py, PYTHONSTARTUP; and
BASH_ENV, which bash reads before the line itself. Only what lies in a folder of the caller's own is read:
what an installation brings along is told by its name.
"""

from __future__ import annotations

import os.path
import re

from gatesh.facts.opened import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gatesh.facts.scripts import Runs
    from gatesh.model import CommandLine, Word

_MOST_FOLDERS = 8  # of PYTHONPATH
_REQUIRES = re.compile(r"--(?:require|import|loader|experimental-loader|preload)|-r")
_NODE = frozenset(("node", "nodejs", "npm", "npx", "yarn", "pnpm", "tsx", "ts-node", "bun"))
_MODULE = re.compile(r"-[a-zA-Z]*?[mM](?P<code>.*[;({].*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def before_line(line: CommandLine) -> str:
    """Return the file that bash reads before the line; empty where there is none."""
    value = line.env.get("BASH_ENV", "")
    path = _VARIABLE.sub(lambda m: line.env.get(m[1] or m[2], ""), value)
    return os.path.normpath(os.path.join(line.cwd, path)) if path else ""


def startup(runs: Runs, env: Mapping[str, str]) -> Iterator[Code]:
    """Yield what the command's interpreter runs first; `env` is its environment."""
    words, program = runs.command.words, runs.command.program
    if program.startswith(("python", "pypy", "ipython")):
        yield from _python(runs, env)
    elif program in _NODE:
        yield from _required(runs, words, "javascript", ("", ".js", ".cjs", ".mjs"))
    elif program.startswith("ruby"):
        yield from _required(runs, words, "ruby", ("", ".rb"))
    elif program.startswith("perl"):
        for word in words[1:]:
            found = _MODULE.match(word.text) if word.known else None
            if found:
                yield runs.inline("perl", word.but(text=f"use {found['code']};"), ())


def _python(runs: Runs, env: Mapping[str, str]) -> Iterator[Code]:
    """Python imports sitecustomize from wherever it finds it; only the interactive one reads PYTHONSTARTUP."""
    texts = [word.text for word in runs.command.words[1:]]
    folders = env.get("PYTHONPATH", "").split(":") if env.get("PYTHONPATH") else []
    names = [
        f"{folder}/{name}.py"
        for folder in folders[:_MOST_FOLDERS]
        for name in ("sitecustomize", "usercustomize")
    ]
    if env.get("PYTHONSTARTUP") and ("-i" in texts or all(text[:1] == "-" for text in texts)):
        names.append(env["PYTHONSTARTUP"])
    yield from _files(runs, names, "python", ("",))


def _required(
    runs: Runs, words: tuple[Word, ...], language: str, endings: tuple[str, ...]
) -> Iterator[Code]:
    """Yield the modules that are named by a path."""
    names: list[str] = []
    for at, word in enumerate(words[1:], 1):
        found = _REQUIRES.match(word.text) if word.known else None
        if not found:
            continue
        rest = word.text[found.end() :].removeprefix("=")
        names += [rest] if rest else [w.text for w in words[at + 1 : at + 2] if w.known]
    if language == "javascript":
        from gatesh.facts.javascript_code import in_url

        yield from (Code(language, text, "", runs.cwd) for text in map(in_url, names) if text)
    yield from _files(runs, [n for n in names if n[:1] in "./"], language, endings)


def _files(runs: Runs, names: list[str], language: str, endings: tuple[str, ...]) -> Iterator[Code]:
    for name in names:
        path = os.path.normpath(os.path.join(runs.cwd or runs.line.cwd, name))
        for ending in endings:
            there = runs.world.files.kind(path + ending) in ("file", "link")
            if not there and runs.made(path + ending) == (None, ""):
                continue
            text, hidden = runs.content(path + ending)
            if text is not None or hidden:
                yield Code(language, text or "", path + ending, runs.cwd, hidden=hidden)
                break
