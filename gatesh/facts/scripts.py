"""Which code a command runs: a script, an interpreter's file or `-c`, a recipe of make or npm, a git alias.

What a file holds when it is run is what an earlier command of the same line writes into it, or what is
on the disk now. A file that is not there, or that no language here can read, says nothing.
Longer than 400 lines: how each kind of program is told what to run.
"""

from __future__ import annotations

import os.path
import re

from gatesh.facts.amounts import unseen
from gatesh.facts.made import unseen as unseen_by
from gatesh.facts.opened import LIMIT, Code
from gatesh.facts.paths import expand, working_folder
from gatesh.facts.piped import printed
from gatesh.facts.python_modules import MODULES, cleared, modules
from gatesh.facts.shebang import hands_over, reader, started, told
from gatesh.facts.surroundings import Surroundings, only_readers
from gatesh.facts.words import UNSEEN, visible, visible_document
from gatesh.model import Certainty, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.facts import World
    from gatesh.facts.opened import Opened
    from gatesh.model import CommandLine, SimpleCommand

_DEEP = 3  # cp a b; cp b c; bash c

_RECALLS = r"^(?!\s*#).*(?<![$\[{])![^\s=(\"'}]|^\^"  # !! · !rm · ^a^b
_SHELLS = frozenset("sh bash dash ash zsh ksh mksh rbash yash".split())
_SYSTEM = re.compile(
    r"/(?:usr/(?:s?bin|lib)|s?bin|lib)/"
)  # installed programs are told by their names
_MAKING = frozenset("cp mv ln install tee dd curl wget rsync tar unzip".split())
_WRITING = frozenset((">", ">|", ">>", "&>", "&>>", ">&", "<>"))
_SHOWN_FILE = re.compile(r"\"?(?:\$\(|`)\s*(?:cat\s+|<\s*)([\w./-]+)\s*[)`]\"?")
# Where one of these stands, `cat` may be something else, or run with other words than the ones seen.
_ELSEWHERE = (
    r"\b(?:for|while|until|select|function|trap|alias|coproc|eval|hash|enable)\b|\(\s*\)|PATH"
)
STDIN = frozenset(("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"))
_LANGUAGES = {
    **dict.fromkeys(("python", "python2", "python3", "pypy", "pypy3", "ipython", "ipython3"), "python"),
    **dict.fromkeys(("node", "nodejs", "deno", "bun", "tsx", "ts-node"), "javascript"),
    **dict.fromkeys(("ruby", "rake", "jruby"), "ruby"),
    "perl": "perl",
    "php": "php",
    **dict.fromkeys(("lua", "luajit"), "lua"),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), "awk"),
    "Rscript": "r",
    **dict.fromkeys(("tclsh", "wish", "expect", "jimsh"), "tcl"),
}  # fmt: skip
_STARTS = {"python": "__main__.py", "javascript": "index.js"}  # of a folder
_VERSION = re.compile(r"[\d.]+$")


def _language(program: str) -> str:
    return _LANGUAGES.get(program) or _LANGUAGES.get(_VERSION.sub("", program), "")


def runs_code_of_its_own(program: str) -> bool:
    """Claim that a program of this name is an interpreter, or runs what a project's files say."""
    from gatesh.facts.projects import PROGRAMS

    return program in _PROGRAMS or program in PROGRAMS or bool(_language(program))


class Runs:
    """One command, the commands before it in its text, and the files they run."""

    def __init__(
        self,
        command: SimpleCommand,
        before: tuple[SimpleCommand, ...],
        line: CommandLine,
        world: World,
        opened: Opened,
    ) -> None:
        """Keep the parts."""
        self.command, self.before, self.line, self.world = command, before, line, world
        self.opened = opened
        self._made_above = opened.made  # by what runs before the text that the command stands in
        self.cwd = working_folder(command, line)
        self.piped: Word | None = None  # what a pipe into it was found to hold

    def code(self) -> Iterator[Code]:
        """Yield what the command runs."""
        if "PATH=" in self.line.text and (found := self._searched(self.command.program)):
            first = self.command.words[0].but(text=found)
            yield from executed(self, (first, *self.command.words[1:]))
        yield from self.of(self.command.words)

    def _searched(self, name: str) -> str:
        """Return where a program is found that the line's own PATH may lead to."""
        if not name or "/" in name or (self.command.words and "/" in self.command.words[0].text):
            return ""
        for folder in _search_path(self.command, self.before, self.line):
            path = os.path.normpath(os.path.join(self.cwd or self.line.cwd, folder, name))
            if self.known(path) and self.content(path) != (None, ""):
                return path
        return ""

    def of(self, words: tuple[Word, ...]) -> Iterator[Code]:
        """Yield what a command with these words runs."""
        if not words or not words[0].known:
            return
        program = words[0].text.rsplit("/", 1)[-1]
        language = _language(program)
        from gatesh.facts.projects import PROGRAMS

        known = _PROGRAMS.get(program) or PROGRAMS.get(program)
        if known is not None:
            yield from known(self, words)
        elif language in _OPTIONS:
            yield from interpreter(self, words, language)
        if "/" in words[0].text:
            yield from executed(self, words)

    def path(self, word: Word) -> str | None:
        """Return the absolute path that a word leads to."""
        found = expand(word, self.command, self.line, self.world)
        return os.path.normpath(found[0]) if len(found) == 1 and found[0] else None

    def file(
        self, language: str, word: Word, arguments: tuple[Word, ...], *, sourced: bool = False
    ) -> Iterator[Code]:
        """Yield the code in a file."""
        path = self.path(word)
        if path is None and word.text.startswith("<(") and language != "shell":
            yield Code(language, "", "<(", self.cwd, arguments, hidden="made-here")
            return
        if path is None:
            yield from self._guessed(language, word, arguments, sourced=sourced)
            return
        if path.startswith("/dev/"):
            return
        named = language == "shell" and not sourced and "/" not in word.text
        if named and self.content(path) == (None, ""):
            path = self._looked_up(word.text) or path
        yield from self._at(path, language, arguments, self.cwd, sourced=sourced)

    def _looked_up(self, name: str) -> str:
        """Return where `bash NAME` finds its script that is not in the folder."""
        own = self.line.env.get("PATH", "").split(":")
        folders = [
            *_search_path(self.command, self.before, self.line),
            *(f for f in own if f and not _SYSTEM.match(f + "/")),
        ]
        places = (os.path.normpath(os.path.join(self.line.cwd, folder, name)) for folder in folders)
        return next((p for p in places if self.world.files.kind(p) == "file"), "")

    def _at(
        self,
        path: str,
        language: str,
        arguments: tuple[Word, ...],
        cwd: str | None,
        *,
        sourced: bool,
    ) -> Iterator[Code]:
        if language in _STARTS and self._is_folder(path, _STARTS[language]):
            path = os.path.join(path, _STARTS[language])
        text, hidden = self.content(path)
        if text is None and not hidden and language == "shell":
            binary = not sourced and self.opened.contents.get(path) is not None
            hidden = "too-long" if self.too_long(path) else "unparsed" if binary else ""
        if language == "perl" and text and hands_over(text):
            name = Word(path, self.command.span, Certainty.EXPANDED)
            yield from self.with_shebang(text, path, cwd, (name, *arguments))
        elif text is not None or hidden:
            yield Code(language, text or "", path, cwd, arguments, sourced, hidden)

    def _guessed(
        self, language: str, word: Word, arguments: tuple[Word, ...], *, sourced: bool
    ) -> Iterator[Code]:
        """Yield the files that a word may lead to: a loop's, a find's, or in a folder nobody is sure of."""
        from gatesh.facts.guessed import files

        for path, cwd in files(word, self.command, self.before, self.line, self.world):
            if self.world.files.kind(path) in ("file", "link"):
                yield from self._at(path, language, arguments, cwd, sourced=sourced)

    def _is_folder(self, path: str, start: str) -> bool:
        """Claim that a path is a folder, or becomes one that holds what it starts with."""
        kind = self.world.files.kind(path)
        return kind == "directory" or (
            kind == "missing" and self.made(os.path.join(path, start)) != (None, "")
        )

    def too_long(self, path: str) -> bool:
        """Claim that a file is longer than gatesh reads, and not one that is so everywhere."""
        name = os.path.basename(path)
        return self.world.files.size(path) > LIMIT and name not in (
            "configure",
            "libtool",
            "config.status",
            "nvm.sh",
        )

    def content(self, path: str, deep: int = 0) -> tuple[str | None, str]:
        """Return the text of a file, or why a command of this very line hides it."""
        text, hidden = self.made(path, deep)
        return (self.opened.text(path) if text is None and not hidden else text), hidden

    def made(self, path: str, deep: int = 0) -> tuple[str | None, str]:
        """Return the text that this very line writes into a file, or why it hides it."""
        text: str | None = None
        path = os.path.normpath(path)
        for at, command in enumerate(self.before):
            for redirect in command.redirects:
                if redirect.op in _WRITING and self._is(redirect.target, path, command):
                    plain = redirect.op in (">", ">|", ">>") and redirect.fd in (None, 1)
                    written = self._printed(command, at) if plain else None
                    if written is None:
                        return None, "made-here"
                    text = (text or "") + written if redirect.op == ">>" else written
            words = command.words[1:]
            if command.program == "tee":
                if any(self._is(word, path, command) for word in words):
                    if command.stdin is None and not command.piped_in:
                        return None, "made-here"
                    text = command.stdin.text if command.stdin is not None else text
            elif command.program in ("cp", "mv", "ln", "install") and len(words) > 1:
                source = self._source(command, path) if deep < _DEEP else None
                if source is not None and source != path:
                    text, hidden = self.content(source, deep + 1)
                    if hidden:
                        return None, hidden
            elif command.words and unseen_by(command, path, self._leading_to(path, command)):
                return None, "made-here"
        return self._made_above(path) if text is None else (text, "")

    def shadows(self) -> list[str]:
        """Return Python's own modules in whose name this very line writes files: others import them."""
        from sys import stdlib_module_names

        targets = [
            r.target.text for c in self.before for r in c.redirects if r.op in (">", ">|", ">>")
        ]
        names = [os.path.basename(t)[:-3] for t in targets if t.endswith(".py")]
        return [name for name in names if name in stdlib_module_names]

    def _source(self, command: SimpleCommand, path: str) -> str | None:
        """Return the file that a copying command puts at `path`, also where it names a folder only."""
        plain = [word for word in command.words[1:] if word.text[:1] != "-"]
        if len(plain) < 2:
            return None
        if self._is(plain[-1], path, command):
            return self.path(plain[-2])
        if not self._is(plain[-1], os.path.dirname(path), command):
            return None
        named = (
            word for word in plain[:-1] if os.path.basename(word.text) == os.path.basename(path)
        )
        return next(map(self.path, named), None)

    def _printed(self, command: SimpleCommand, at: int) -> str | None:
        """Return what a command wrote; what is unseen in it is marked. None where all of it is."""
        if command.program in ("", "tee"):
            documents = [r.target for r in command.redirects if r.op in ("<<", "<<-")]
            given = command.stdin.text if command.stdin is not None else None
            text = visible_document(documents[-1]) if documents else given
        else:
            seen = self.world.after(self.before[:at])
            text = printed(command, Surroundings(command, self.line, seen))
        return None if text is None or text == UNSEEN else text.replace(UNSEEN, "$unseen")

    def _is(self, word: Word, path: str, command: SimpleCommand) -> bool:
        found = expand(word, command, self.line, self.world)
        return len(found) == 1 and found[0] is not None and os.path.normpath(found[0]) == path

    def _leading_to(self, path: str, command: SimpleCommand) -> Callable[[Word], bool]:
        return lambda word: self._is(word, path, command)

    def stdin(self, language: str, arguments: tuple[Word, ...]) -> Iterator[Code]:
        """Yield the code that arrives on standard input."""
        for redirect in reversed(self.command.redirects):
            if redirect.fd not in (None, 0):
                continue
            if redirect.op == "<":
                yield from self.file(language, redirect.target, arguments)
                return
            if redirect.op in ("<<", "<<-"):
                if language != "shell":
                    text = visible_document(redirect.target).replace(UNSEEN, unseen())
                    yield Code(language, text, "", self.cwd, arguments)
                return
        given = self.command.stdin
        if given is not None and given.known and language != "shell":
            yield Code(language, given.text, "", self.cwd, arguments)
        elif given is None and self.command.piped_in:
            yield from self._shown(language, arguments)

    def _shown(self, language: str, arguments: tuple[Word, ...]) -> Iterator[Code]:
        """Yield the file that `cat FILE |` in front shows, where it must be that one."""
        cat = self.before[-1] if self.before else None
        if cat is None or cat.program != "cat" or len(cat.words) != 2 or cat.redirects:
            return
        text = self.line.text
        between = text[cat.span.end : self.command.span.start]
        if not re.fullmatch(r"\s*\|\s*(?:sudo\s+)?", between) or re.search(_ELSEWHERE, text):
            return
        if self.line.env.keys() & {"BASH_ENV", "BASH_FUNC_cat%%"}:
            return
        if not only_readers(self.world.after(self.before)):
            return
        word = cat.words[1]
        if word.text.startswith(("-", "/dev/", "/proc/")):
            return
        found = expand(word, cat, self.line, self.world)
        if len(found) == 1 and found[0]:
            path = os.path.normpath(found[0])
            content, hidden = self.content(path)
            if content is not None and not hidden and self.world.files.kind(path) == "file":
                self.piped = word.but(text=content)
                yield Code(language, content, path, self.cwd, arguments)

    def given(self) -> str | None:
        """Return the text that arrives on standard input; None where nobody can see it."""
        return next((code.text for code in self.stdin("text", ())), None)

    def inline(self, language: str, word: Word, arguments: tuple[Word, ...]) -> Code:
        """Return the code that stands in a word."""
        text = visible(word).replace(UNSEEN, unseen())
        return Code(language, text, "", self.cwd, arguments)

    def with_shebang(
        self, text: str, path: str, cwd: str | None, words: tuple[Word, ...] = ()
    ) -> Iterator[Code]:
        """Yield a text whose first line says what reads it."""
        name, argument = started(text) or ("/bin/sh", "")
        program = "" if self._is_script(name) else reader(name, argument, _SHELLS)
        language = "shell" if program in _SHELLS else _language(program)
        if language:
            yield Code(language, text, path, cwd, words[1:])
            return
        script, given = path if words else "", self.given()
        line = told(name, argument, script, words[1:], given, more=self.command.more_words)
        yield Code("shell", line, "", cwd)

    def _is_script(self, interpreter: str) -> bool:
        if _SYSTEM.match(interpreter):
            return False
        path = os.path.normpath(os.path.join(self.cwd or self.line.cwd, interpreter))
        text = self.made(path)[0] or self.opened.first_line(path)
        return started(text) is not None

    def nearest(self, names: list[str]) -> Iterator[tuple[str, str]]:
        """Yield the first of these files, with its text, in the folder or the closest one above."""
        folder = self.cwd
        for _ in range(12 if folder else 0):
            for name in names:
                path = os.path.normpath(os.path.join(folder or "/", name))
                text = self.content(path)[0] if self.known(path) else None
                if text is not None:
                    yield path, text
                    return
            folder = os.path.dirname(folder or "/")

    def known(self, path: str) -> bool:
        """Claim that a file is there, or that the line itself may make it."""
        return (
            self.world.files.kind(path) in ("file", "link")
            or any(c.redirects or c.program in _MAKING for c in self.before)
            or self._made_above(path) != (None, "")
        )

    def texts(self, path: str, found: list[str]) -> Iterator[Code]:
        """Yield texts that a file has a shell run."""
        folder = os.path.dirname(path)
        yield from (Code("shell", text, path, folder) for text in found)


def _search_path(
    command: SimpleCommand, before: tuple[SimpleCommand, ...], line: CommandLine
) -> list[str]:
    """Return the folders that the line has programs looked for in, and its environment does not."""
    values: list[Word] = []
    for earlier in (*before, command):
        if earlier is command or not earlier.words:
            values += [a.value for a in earlier.assignments if a.name == "PATH"]
        elif earlier.program in ("export", "declare", "typeset"):
            named = (word for word in earlier.words[1:] if word.text.startswith("PATH="))
            values += [word.but(text=word.text[len("PATH=") :]) for word in named]
    texts = (
        re.sub(r"[\"']|\$\(pwd\)/?|\$\{?PWD\}?/?|`pwd`/?", "", value.text) for value in values[-3:]
    )
    known = line.env.get("PATH", "").split(":")
    folders = [folder for text in texts for folder in text.split(":") if folder not in known]
    return [
        folder for folder in folders[:16] if "$" not in folder and not _SYSTEM.match(folder + "/")
    ]


# -- shells ------------------------------------------------------------------------------------------


def _shell(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`bash x.sh a b`, `sh < x.sh`; `-c` is read with the line, and `-n` runs nothing."""
    at, interactive = 1, False
    while (
        at < len(words)
        and words[at].known
        and words[at].text[:1] in "-+"
        and words[at].text not in STDIN
    ):
        text = words[at].text
        at += 1
        if text == "--":
            break
        if text.startswith("--"):
            if text in ("--rcfile", "--init-file") and at < len(words):
                yield from runs.file("shell", words[at], ())
                at += 1
        elif "c" in text or "n" in text:
            return
        else:
            at += text.count("o") + text.count("O")
            interactive = interactive or "i" in text
            if "s" in text:
                yield from runs.stdin("shell", words[at:])
                return
    if at < len(words) and words[at].text not in STDIN:
        for code in runs.file("shell", words[at], words[at + 1 :]):
            recalls = interactive and re.search(_RECALLS, code.text, re.MULTILINE)
            # Interactive, it expands its history: it is read as if it had said so.
            yield code.but(text=f"set -H\n{code.text}") if recalls else code
    else:
        yield from runs.stdin("shell", words[at + 1 :])


def _source(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`. x.sh`."""
    rest = words[2:] if words[1:] and words[1].text == "--" else words[1:]
    if rest:
        yield from runs.file("shell", rest[0], rest[1:], sourced=True)


def _ssh(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`ssh -F FILE host`: what its ProxyCommand and its like run on this machine."""
    for at, word in enumerate(words[1:], 1):
        if word.text[:2] != "-F":
            continue
        named = word.but(text=word.text[2:]) if word.text[2:] else (*words[at + 1 :], word)[0]
        for code in runs.file("ssh", named, ()):
            told = re.findall(
                r"(?im)^\s*(?:ProxyCommand|LocalCommand|KnownHostsCommand|Match\s.*exec)[\s=]+(.*)$",
                code.text,
            )
            yield code.but(language="shell", text="\n".join(t.strip('"') for t in told))


def executed(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`./x.sh a b`: its first line says what reads it."""
    path = runs.path(words[0])
    if path is None or _SYSTEM.match(path):
        return
    text, hidden = runs.made(path)
    if hidden:
        yield Code("shell", "", path, runs.cwd, words[1:], hidden=hidden)
        return
    first = runs.opened.first_line(path) if text is None else ""
    if "\0" in first.partition("\n")[0]:
        return  # a program, not a script
    text = runs.opened.text(path) if text is None else text
    if text is not None:
        yield from runs.with_shebang(text, path, runs.cwd, words)
    elif started(first):
        for code in runs.with_shebang(first, path, runs.cwd, words):
            if not code.path:  # a program that does not read the rest
                yield code
            elif code.language == "shell":
                yield code.but(text="", hidden="too-long" if runs.too_long(path) else "unparsed")


def _direnv(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`direnv exec DIR program` reads DIR's .envrc, or the closest one above; so does the prompt."""
    if len(words) < 2 or words[1].text not in ("exec", "allow", "permit", "reload"):
        return
    if words[1].text != "reload" and words[2:] and words[2].known:
        folder = runs.path(words[2])
        path = folder if folder and os.path.basename(folder) == ".envrc" else f"{folder}/.envrc"
        if folder and runs.world.files.kind(path) == "file":
            yield from runs.file("shell", words[2].but(text=path), ())
            return
    for path, text in runs.nearest([".envrc"]):
        yield Code("shell", text, path, os.path.dirname(path))


# -- interpreters ------------------------------------------------------------------------------------

# language → letters that take code, letters that take a value, words that take code, words that take a value
_OPTIONS = {
    "python": ("c", "WX", (), ("--check-hash-based-pycs",)),
    "javascript": ("ep", "rC", ("--eval", "--print"),
                   ("--require", "--import", "--loader", "--experimental-loader", "--conditions",
                    "--env-file", "--tsconfig")),
    "ruby": ("e", "IrECF", (), ()),
    "perl": ("eE", "I", (), ()),
    "php": ("rBRE", "dcF", ("--run", "--process-begin", "--process-code", "--process-end"), ()),
    "lua": ("e", "l", (), ()),
    "r": ("e", "", (), ()),
    "tcl": ("c", "", (), ("-encoding",)),
}  # fmt: skip


def interpreter(runs: Runs, words: tuple[Word, ...], language: str) -> Iterator[Code]:
    """`python -c CODE`, `python x.py`, `python - <<E`, `node -e CODE`, `perl -ne CODE`."""
    letters, valued, long, long_valued = _OPTIONS[language]
    at, found = 1, []
    if words[0].text.rsplit("/", 1)[-1] in ("deno", "bun") and words[1:]:
        if words[1].text == "eval" and words[2:]:
            found.append(words[-1])
        at = 2 if words[1].text in ("run", "eval", "test", "x") else 1
    while at < len(words) and not found:
        word = words[at]
        text = word.text if word.known else visible(word)
        if text[:1] != "-" or text in STDIN:
            break
        at += 1
        name, equals, value = text.partition("=")
        if text == "--":
            break
        if name in long:
            found.append(word.but(text=value) if equals else words[at] if at < len(words) else word)
        elif text.startswith("--"):
            at += text in long_valued
        elif (
            language == "python"
            and "m" in text.partition("c")[0]
            and not text.startswith(("-X", "-W"))
        ):
            name = text.partition("m")[2]
            yield from _module(runs, (word.but(text=name), *words[at:]) if name else words[at:])
            return
        else:
            at = _cluster(words, at, letters, valued, language, found)
    if language in ("ruby", "perl", "php"):  # -e may be repeated; php -B CODE -R CODE
        while at + 1 < len(words) and words[at].text in ("-e", "-E", "-B", "-R"):
            found.append(words[at + 1])
            at += 2
    for word in found:
        if (
            shown := _SHOWN_FILE.fullmatch(word.text)
        ) and not word.known:  # python -c "$(cat x.py)"
            yield from runs.file(
                language, word.but(text=shown[1], certainty=Certainty.EXPANDED), words[at:]
            )
        else:
            yield runs.inline(language, word, words[at:])
    if found:
        return
    if at < len(words) and words[at].text not in STDIN:
        yield from runs.file(language, words[at], words[at + 1 :])
    else:
        yield from runs.stdin(language, words[at + 1 :])


def _cluster(
    words: tuple[Word, ...], at: int, letters: str, valued: str, language: str, found: list[Word]
) -> int:
    """Read `-uc CODE`, `-pe CODE`, `-W error`; return where the next word is."""
    text = words[at - 1].text
    for place, letter in enumerate(text[1:], 2):
        rest = text[place:]
        if letter in letters:
            if rest and not (language == "javascript" and rest in ("e", "p")):
                found.append(words[at - 1].but(text=rest))
            elif at < len(words):
                found.append(words[at])
                return at + 1
            return at
        if letter in valued:
            return at if rest else at + 1
        if language == "perl" and letter in "MmiFx0lDC":
            break
    return at


def _module(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`python -m package.module`: what stands in the folder, or an installed one that runs code."""
    if not words or not words[0].known:
        return
    if words[0].text in MODULES:
        yield from modules(runs, words)
        return
    name = words[0].text.replace(".", "/")
    for path in (f"{name}.py", f"{name}/__main__.py"):
        full = None if runs.cwd is None else os.path.join(runs.cwd, path)
        if full and (runs.world.files.kind(full) == "file" or runs.made(full) != (None, "")):
            yield from runs.file("python", words[0].but(text=full), words[1:])
            return


_PROGRAMS: dict[str, Callable[[Runs, tuple[Word, ...]], Iterator[Code]]] = {
    **dict.fromkeys(_SHELLS, _shell),
    ".": _source,
    "source": _source,
    "direnv": _direnv,
    "virtualenv": cleared,
    **dict.fromkeys(("ssh", "scp", "sftp"), _ssh),
}
