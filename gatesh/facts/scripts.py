"""Which code a command runs: a script, an interpreter's file or `-c`, a recipe of make or npm, a git alias.

What a file holds when it is run is what an earlier command of the same line writes into it, or what is
on the disk now. A file that is not there, or that no language here can read, says nothing.
Over 250 lines: one short function for each program with a way of its own to be told what to run.
"""

from __future__ import annotations

import os.path
import re
from time import monotonic

from gatesh._value import Value
from gatesh.facts.amounts import line as spelled
from gatesh.facts.amounts import quoted, unseen
from gatesh.facts.paths import expand, working_folder
from gatesh.facts.words import UNSEEN, visible, visible_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.facts import World
    from gatesh.facts.python_code import Read
    from gatesh.model import CommandLine, SimpleCommand, Word

LIMIT = 256 * 1024  # bytes of one file
FILES = 32  # of one line
MODULES = 16  # of Python, beside a script
_DEEP = 3  # cp a b; cp b c; bash c

_SHELLS = frozenset("sh bash dash ash zsh ksh mksh rbash yash".split())
_SYSTEM = re.compile(
    r"/(?:usr/(?:s?bin|lib)|s?bin|lib)/"
)  # installed programs are told by their names
_SHEBANG = re.compile(
    r"#![ \t]*(?:\S*/)?([\w.+-]+)(?:[ \t]+(?:-S[ \t]+)?(?:\w+=\S*[ \t]+)*([\w.+/-]+))?"
)
_FETCHERS = frozenset(("curl", "wget", "wget2", "http", "https", "xh", "aria2c", "scp", "ssh"))
_STDIN = frozenset(("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"))
_LANGUAGES = {
    **dict.fromkeys(("python", "python2", "python3", "pypy", "pypy3", "ipython", "ipython3"), "python"),
    **dict.fromkeys(("node", "nodejs", "deno", "bun", "tsx", "ts-node"), "javascript"),
    "ruby": "ruby",
    "perl": "perl",
}  # fmt: skip
_STARTS = {"python": "__main__.py", "javascript": "index.js"}  # of a folder
_VERSION = re.compile(r"[\d.]+$")
_RUNNERS = {
    "uv": "run",
    "poetry": "run",
    "pipenv": "run",
    "pdm": "run",
    "rye": "run",
    "hatch": "run",
    "bundle": "exec",
}
_NPM_OWN = frozenset(
    """
    install i ci add remove rm uninstall update upgrade publish pack link ls list outdated audit init create
    exec dlx x config cache login logout whoami version view info why explain help doctor root bin fund dedupe
    prune rebuild import store workspaces workspace set policies node up self-update approve-builds patch
    """.split()
)
_GIT_OWN = frozenset(
    """
    add am annotate apply archive bisect blame branch bundle cat-file check-ignore checkout cherry cherry-pick
    clean clone commit config count-objects describe diff diff-tree difftool fetch filter-branch for-each-ref
    format-patch fsck gc grep help init log ls-files ls-remote ls-tree merge merge-base mergetool mv name-rev
    notes prune pull push range-diff rebase reflog remote repack replace rerere reset restore rev-list
    rev-parse revert rm shortlog show show-ref sparse-checkout stash status submodule switch symbolic-ref tag
    update-index update-ref version worktree write-tree lfs
    """.split()
)


class Code(Value):
    """A text that a command runs; where `hidden` says why it cannot be seen, there is none."""

    language: str  # shell, python, javascript, ruby, perl
    text: str
    path: str = ""  # the file it stands in; "" where it stands in the line
    cwd: str | None = None
    arguments: tuple[Word, ...] = ()
    sourced: bool = False  # `. FILE`: what it defines is only called later
    hidden: str = ""
    names: frozenset[str] | None = None  # of an imported module: what its importer uses


class Opened:
    """The files that a line was found to run, each read once."""

    def __init__(self, world: World, until: float) -> None:
        """Open nothing yet; after `until` on the monotonic clock nothing more."""
        self._world, self._until = world, until
        self.contents: dict[str, bytes | None] = {}
        self._modules = 0
        self.beyond = False  # there were more of them than gatesh reads

    def text(self, path: str) -> str | None:
        """Return the text of a file; None where there is none."""
        if path not in self.contents:
            if len(self.contents) >= FILES or (self.contents and monotonic() > self._until):
                self.beyond = True
                return None
            self.contents[path] = self._world.files.read(path, LIMIT)
        content = self.contents[path]
        if content is None or b"\0" in content[:1024]:
            return None
        return content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")

    def modules(self, read: Read, code: Code, cwd: str, paths: str) -> Iterator[Code]:
        """Yield the modules that a Python text imports, where they stand beside it and not installed."""
        tops = [
            os.path.dirname(code.path) if code.path else cwd,
            cwd,
            *paths.split(":"),
            *read.folders,
        ]
        for name in read.imports:
            plain = name.lstrip(".")
            dots = len(name) - len(plain)
            folders = tops if not dots else [os.path.normpath(f"{code.path}/{'../' * dots}")]
            parts = plain.replace(".", "/")
            for folder in dict.fromkeys(os.path.join(cwd, f) for f in folders if f):
                for path in (f"{folder}/{parts}.py", f"{folder}/{parts}/__init__.py"):
                    if path == code.path or self._world.files.kind(path) != "file":
                        continue
                    self._modules += 1
                    text = self.text(path) if self._modules <= MODULES else None
                    if text is not None:
                        yield Code("python", text, path, cwd, code.arguments, names=read.names)


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
        self.cwd = working_folder(command, line)

    def code(self) -> Iterator[Code]:
        """Yield what the command runs."""
        yield from self.of(self.command.words)

    def of(self, words: tuple[Word, ...]) -> Iterator[Code]:
        """Yield what a command with these words runs."""
        if not words or not words[0].known:
            return
        program = words[0].text.rsplit("/", 1)[-1]
        language = _LANGUAGES.get(program) or _LANGUAGES.get(_VERSION.sub("", program))
        reader = _PROGRAMS.get(program)
        if reader is not None:
            yield from reader(self, words)
        elif language is not None:
            yield from _interpreter(self, words, language)
        elif "/" in words[0].text:
            yield from _executed(self, words)

    def path(self, word: Word) -> str | None:
        """Return the absolute path that a word leads to."""
        found = expand(word, self.command, self.line, self.world)
        return os.path.normpath(found[0]) if len(found) == 1 and found[0] else None

    def file(
        self, language: str, word: Word, arguments: tuple[Word, ...], *, sourced: bool = False
    ) -> Iterator[Code]:
        """Yield the code in a file."""
        path = self.path(word)
        if path is None or path.startswith("/dev/"):
            return
        if self.world.files.kind(path) == "directory" and language in _STARTS:
            path = os.path.join(path, _STARTS[language])
        text, hidden = self.content(path)
        if text is None and not hidden and language == "shell" and self._too_long(path):
            hidden = "too-long"
        if text is not None or hidden:
            yield Code(language, text or "", path, self.cwd, arguments, sourced, hidden)

    def _too_long(self, path: str) -> bool:
        name = os.path.basename(path)
        return self.world.files.size(path) > LIMIT and name not in (
            "configure",
            "libtool",
            "config.status",
            "nvm.sh",
        )

    def content(self, path: str, deep: int = 0) -> tuple[str | None, str]:
        """Return the text of a file, or why a command of this very line hides it."""
        text: str | None = None
        for command in self.before:
            for redirect in command.redirects:
                if redirect.op in (">", ">|", ">>") and redirect.fd in (None, 1):
                    if not self._is(redirect.target, path, command):
                        continue
                    written = _printed(command)
                    if written is None:
                        return None, "made-here"
                    text = (text or "") + written if redirect.op == ">>" else written
            words = command.words[1:]
            if command.program == "tee" and command.stdin is not None:
                if any(self._is(word, path, command) for word in words):
                    text = command.stdin.text
            elif command.program in _FETCHERS and _named_by(command, path):
                return None, "made-here"
            elif (
                command.program in ("cp", "mv", "ln", "install") and len(words) > 1 and deep < _DEEP
            ):
                source = self.path(words[-2]) if self._is(words[-1], path, command) else None
                if source is not None and source != path:
                    text, hidden = self.content(source, deep + 1)
                    if hidden:
                        return None, hidden
        return (self.opened.text(path) if text is None else text), ""

    def _is(self, word: Word, path: str, command: SimpleCommand) -> bool:
        found = expand(word, command, self.line, self.world)
        return len(found) == 1 and found[0] is not None and os.path.normpath(found[0]) == path

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

    def inline(self, language: str, word: Word, arguments: tuple[Word, ...]) -> Code:
        """Return the code that stands in a word."""
        text = visible(word).replace(UNSEEN, unseen())
        return Code(language, text, "", self.cwd, arguments)

    def texts(self, path: str, found: list[str]) -> Iterator[Code]:
        """Yield texts that a file has a shell run."""
        folder = os.path.dirname(path)
        yield from (Code("shell", text, path, folder) for text in found)


def _printed(command: SimpleCommand) -> str | None:
    """Return what a command writes; what is unseen in it is marked."""
    if command.program in ("cat", "") or command.program == "tee":
        documents = [r.target for r in command.redirects if r.op in ("<<", "<<-")]
        if documents:
            return visible_document(documents[-1]).replace(UNSEEN, "$unseen")
        return command.stdin.text if command.stdin is not None and command.stdin.known else None
    texts = [visible(word).replace(UNSEEN, "$unseen") for word in command.words[1:]]
    if command.program == "echo":
        plain = [t for t in texts if not re.fullmatch(r"-[neE]+", t)]
        return " ".join(plain).replace("\\n", "\n") + "\n"
    if command.program == "printf":
        return "\n".join(texts).replace("\\n", "\n").replace("%s", "")
    return None


def _named_by(command: SimpleCommand, path: str) -> bool:
    """Claim that a fetching command writes a file: -o FILE, -O, or the URL's last part."""
    name = os.path.basename(path)
    return any(word.text.rsplit("/", 1)[-1].partition("?")[0] == name for word in command.words[1:])


# -- shells ------------------------------------------------------------------------------------------


def _shell(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`bash x.sh a b`, `sh < x.sh`; `-c` is read with the line, and `-n` runs nothing."""
    at = 1
    while (
        at < len(words)
        and words[at].known
        and words[at].text[:1] in "-+"
        and words[at].text not in _STDIN
    ):
        text = words[at].text
        at += 1
        if text == "--":
            break
        if text.startswith("--"):
            at += text in ("--rcfile", "--init-file")
        elif "c" in text or "n" in text:
            return
        else:
            at += text.count("o") + text.count("O")
            if "s" in text:
                yield from runs.stdin("shell", words[at:])
                return
    if at < len(words) and words[at].text not in _STDIN:
        yield from runs.file("shell", words[at], words[at + 1 :])
    else:
        yield from runs.stdin("shell", words[at + 1 :])


def _source(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`. x.sh`."""
    rest = words[2:] if words[1:] and words[1].text == "--" else words[1:]
    if rest:
        yield from runs.file("shell", rest[0], rest[1:], sourced=True)


def _executed(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`./x.sh a b`: its first line says what reads it."""
    path = runs.path(words[0])
    if path is None or _SYSTEM.match(path):
        return
    text, hidden = runs.content(path)
    if hidden:
        yield Code("shell", "", path, runs.cwd, words[1:], hidden=hidden)
    if text is None:
        return
    found = _SHEBANG.match(text)
    names = [n.rsplit("/", 1)[-1] for n in (found[2], found[1]) if n] if found else ["sh"]
    for name in names:
        language = _LANGUAGES.get(_VERSION.sub("", name)) or ("shell" if name in _SHELLS else "")
        if language:
            yield Code(language, text, path, runs.cwd, words[1:])
            return
        if name in ("make", "gmake"):
            yield from _make(runs, (words[0], words[0].but(text="-f"), *words))


# -- interpreters ------------------------------------------------------------------------------------

# language → letters that take code, letters that take a value, words that take code, words that take a value
_OPTIONS = {
    "python": ("c", "WX", (), ("--check-hash-based-pycs",)),
    "javascript": ("ep", "rC", ("--eval", "--print"),
                   ("--require", "--import", "--loader", "--experimental-loader", "--conditions",
                    "--env-file", "--tsconfig")),
    "ruby": ("e", "IrECF", (), ()),
    "perl": ("eE", "I", (), ()),
}  # fmt: skip


def _interpreter(runs: Runs, words: tuple[Word, ...], language: str) -> Iterator[Code]:
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
        if text[:1] != "-" or text in _STDIN:
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
            yield from _module(runs, words[at:] if text.endswith("m") else ())
            return
        else:
            at = _cluster(words, at, letters, valued, language, found)
    if language in ("ruby", "perl"):  # -e may be repeated
        while at + 1 < len(words) and words[at].text in ("-e", "-E"):
            found.append(words[at + 1])
            at += 2
    if found:
        yield from (runs.inline(language, word, words[at:]) for word in found)
    elif at < len(words) and words[at].text not in _STDIN:
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
    """`python -m package.module`: only what stands in the folder."""
    if not words or not words[0].known:
        return
    name = words[0].text.replace(".", "/")
    for path in (f"{name}.py", f"{name}/__main__.py"):
        full = None if runs.cwd is None else os.path.join(runs.cwd, path)
        if full and runs.world.files.kind(full) == "file":
            yield from runs.file("python", words[0].but(text=full), words[1:])
            return


def _runner(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`uv run x.py`, `poetry run python x.py`, `bundle exec ruby x.rb`."""
    program = words[0].text.rsplit("/", 1)[-1]
    if len(words) < 3 or words[1].text != _RUNNERS[program]:
        return
    at = 2
    while at < len(words) and words[at].text[:1] == "-":
        at += (
            2
            if words[at].text
            in ("--with", "--python", "-p", "--project", "--extra", "--group", "--env-file")
            else 1
        )
    rest = words[at:]
    if rest and rest[0].text.endswith(".py"):
        yield from runs.file("python", rest[0], rest[1:])
    else:
        yield from runs.of(rest)


# -- recipes -----------------------------------------------------------------------------------------


def _make(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`make -C DIR -f FILE A=1 target`."""
    from gatesh.facts.recipes import Makefile

    folder, file, targets = runs.cwd, "", []
    given: dict[str, str] = {}
    rest = [visible(word).replace(UNSEEN, unseen()) for word in words[1:]]
    while rest:
        text = rest.pop(0)
        name, equals, value = text.partition("=")
        if text in (
            "-n",
            "--just-print",
            "--dry-run",
            "--recon",
            "-q",
            "--question",
            "-v",
            "--version",
            "-h",
            "--help",
        ):
            return
        if text in ("-C", "--directory", "-f", "--file", "--makefile", "-I", "-o", "-W") and rest:
            value, name = rest.pop(0), text
        elif re.match(r"-[Cf].", text):
            name, value = text[:2], text[2:]
        if name in ("-C", "--directory"):
            folder = None if folder is None else os.path.join(folder, value)
        elif name in ("-f", "--file", "--makefile"):
            file = value
        elif equals and name[:1] != "-":
            given[name.rstrip(":?+")] = value
        elif text[:1] != "-" and name not in ("-I", "-o", "-W"):
            targets.append(text)
    if folder is None:
        return
    for name in [file] if file else ["GNUmakefile", "makefile", "Makefile"]:
        path = os.path.normpath(os.path.join(folder, name))
        text_, _ = runs.content(path)
        if text_ is not None:
            text_ = _INCLUDE.sub(lambda m: _included(runs, m, folder or ""), text_)
            made = Makefile(text_, given, runs.line.env)
            yield from (Code("shell", t, path, folder) for t in made.recipes(targets))
            return


_INCLUDE = re.compile(r"^[-s]?include[ \t]+([\w./-]+)[ \t]*$", re.MULTILINE)


def _included(runs: Runs, found: re.Match[str], folder: str) -> str:
    """Return what a makefile includes by name."""
    text = runs.content(os.path.normpath(os.path.join(folder, found[1])))[0]
    return found[0] if text is None else text


def _npm(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`npm run build -- --x`, `npm test`, `yarn build`, `pnpm -C web run build`."""
    from gatesh.facts.recipes import npm_scripts

    program = words[0].text.rsplit("/", 1)[-1]
    folder, rest = runs.cwd, list(words[1:])
    operands: list[str] = []
    while rest:
        text = visible(rest.pop(0)).replace(UNSEEN, unseen())
        if text in ("-C", "--prefix", "--cwd", "--dir") and rest and not operands[1:]:
            folder = None if folder is None else os.path.join(folder, visible(rest.pop(0)))
        elif text in ("-w", "--workspace", "-F", "--filter") and rest and len(operands) < 2:
            rest.pop(0)
        elif text != "--" and (text[:1] != "-" or operands[1:]):
            operands.append(text)
    if operands in (["install"], ["i"], ["ci"]) or (program == "yarn" and not operands):
        operands = ["install", ""]  # the package's own scripts run as well
    elif operands[:1] in (["run"], ["run-script"], ["rum"]):
        operands = operands[1:]
    elif (
        not operands
        or operands[0] in _NPM_OWN
        or (
            program == "npm" and operands[0] not in ("test", "t", "tst", "start", "stop", "restart")
        )
    ):
        return
    if not operands or folder is None:
        return
    name = {"t": "test", "tst": "test"}.get(operands[0], operands[0])
    path = os.path.normpath(os.path.join(folder, "package.json"))
    content = runs.content(path)[0]
    found = npm_scripts(content, name, operands[1:]) if content is not None else None
    if found is not None and content is not None and operands == ["install", ""]:
        found = [t.removesuffix(" ''") for t in found] + (npm_scripts(content, "prepare", []) or [])
    if found:
        yield from runs.texts(path, found)
    elif program == "bun" and re.search(r"\.[cm]?[jt]sx?$", name):
        yield from runs.file("javascript", words[0].but(text=os.path.join(folder, name)), ())


def _bun(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`bun run build` and `bun x.ts`."""
    yield from _npm(runs, words)
    if words[1:] and words[1].text != "run":
        yield from _interpreter(runs, words, "javascript")


def _git(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`git wipe`, where a configuration, or `-c alias.wipe=…`, says what that is."""
    from gatesh.facts.recipes import git_aliases

    folder, at, aliases = runs.cwd, 1, {}
    while at < len(words) and words[at].text[:1] == "-":
        text = words[at].text
        value = visible(words[at + 1]) if at + 1 < len(words) else ""
        if text == "-C":
            folder = None if folder is None else os.path.join(folder, value)
        name, equals, alias = value.partition("=")
        if text == "-c" and equals and name.lower().startswith("alias."):
            aliases[name[len("alias.") :].lower()] = alias
        at += (
            2
            if text
            in (
                "-C",
                "-c",
                "--git-dir",
                "--work-tree",
                "--namespace",
                "--exec-path",
                "--config-env",
            )
            else 1
        )
    if at >= len(words) or not words[at].known or words[at].text in _GIT_OWN or folder is None:
        return
    top = runs.world.probe.repository(os.path.normpath(folder))
    home = runs.line.env.get("HOME") or runs.world.home
    env = runs.line.env | {a.name: a.value.text for a in runs.command.assignments if a.value.known}
    files = [f"{top}/.git/config"] if top else []
    files += [
        os.path.normpath(os.path.join(runs.line.cwd, env[name]))
        for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")
        if env.get(name)
    ]
    files += [f"{home}/.gitconfig", f"{home}/.config/git/config", "/etc/gitconfig"]
    name, path = words[at].text.lower(), "git"
    for file in files:
        if name not in aliases and (text_ := runs.content(file)[0]) is not None:
            found = git_aliases(text_)
            path = file if name in found else path
            aliases |= {k: v for k, v in found.items() if k not in aliases}
    alias = aliases.get(name, "")
    rest = [visible(word).replace(UNSEEN, unseen()) for word in words[at + 1 :]]
    tail = " ".join(["", *map(quoted, rest)])
    if alias.startswith("!"):
        yield Code("shell", spelled(alias[1:] + tail, *rest), path, top or folder)
    elif alias:
        yield Code("shell", spelled(f"git {alias}{tail}", *rest), path, folder)


_PROGRAMS: dict[str, Callable[[Runs, tuple[Word, ...]], Iterator[Code]]] = {
    **dict.fromkeys(_SHELLS, _shell),
    ".": _source,
    "source": _source,
    **dict.fromkeys(("make", "gmake"), _make),
    **dict.fromkeys(("npm", "yarn", "pnpm"), _npm),
    "bun": _bun,
    "git": _git,
    **dict.fromkeys(_RUNNERS, _runner),
}
