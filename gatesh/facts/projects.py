"""What the files of a project say is run: make, npm, just, task, composer, tox, git's aliases and hooks.

Longer than 400 lines: one short function for each program with a way of its own to be told what to run.
"""

from __future__ import annotations

import os.path
import re

from gatesh.facts.amounts import line as spelled
from gatesh.facts.amounts import quoted, unseen
from gatesh.facts.opened import Code
from gatesh.facts.scripts import Runs, interpreter
from gatesh.facts.words import UNSEEN, visible
from gatesh.model import Door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.model import Word

_RUNNERS = {
    "uv": "run",
    "poetry": "run",
    "pipenv": "run",
    "pdm": "run",
    "rye": "run",
    "hatch": "run",
    "bundle": "exec",
}
_OWN_TABLES = {"pipenv": ["Pipfile"], "hatch": ["hatch.toml", "pyproject.toml"]}
_NPM_OWN = frozenset(
    """
    install i ci add remove rm uninstall update upgrade publish pack link ls list outdated audit init create
    exec dlx x config cache login logout whoami version view info why explain help doctor root bin fund dedupe
    prune rebuild import store workspaces workspace set policies node up self-update approve-builds patch
    """.split()
)
_WORKSPACE = ("-w", "--workspace", "-F", "--filter")
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


def _poe(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`poe NAME`."""
    from gatesh.facts.tasks import toml_scripts

    operands, _ = _operands(words, ("-C",))
    for path, text in runs.nearest(["pyproject.toml"]) if operands else ():
        yield from runs.texts(path, toml_scripts(text, "poe", operands[0]))


def _rake(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`rake NAME`: the task's block, and what stands outside of blocks."""
    operands, values = _operands(words, ("-f", "--rakefile"))
    name = values.get("-f") or values.get("--rakefile")
    for path, text in runs.nearest([name] if name else ["Rakefile", "rakefile", "Rakefile.rb"]):
        tasks = re.split(r"^(?=[ \t]*(?:task|file|multitask)\b)", text, flags=re.MULTILINE)
        asked = [
            t
            for t in tasks[1:]
            if any(re.search(rf"\b{re.escape(o)}\b", t[:200]) for o in operands)
        ]
        found = "\n".join([tasks[0], *(asked if operands else tasks[1:])])
        yield Code("ruby", found, path, os.path.dirname(path))


def _awk(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`awk 'BEGIN { system("x") }'`, `awk -f x.awk`."""
    at = 1
    while at < len(words) and words[at].text[:1] == "-" and words[at].text != "--":
        text = words[at].text
        if text in ("-f", "--file", "-E", "--exec") and at + 1 < len(words):
            yield from runs.file("awk", words[at + 1], ())
            return
        if text.startswith(("-f", "--file=")):
            yield from runs.file(
                "awk", words[at].but(text=re.sub(r"^(?:-f|--file=)", "", text)), ()
            )
            return
        at += 2 if text in ("-v", "-F", "--assign", "--field-separator") else 1
    at += at < len(words) and words[at].text == "--"
    if at < len(words):
        yield runs.inline("awk", words[at], ())


_SED_RUNS = re.compile(
    r"(?:^|[;{\n])\s*(?:(?:\d+|\$|/[^/\n]*/)(?:,(?:\d+|\$|/[^/\n]*/))?)?\s*e[ \t]+([^\n]+)"
    r"|(?:^|[;{\n\d$/])\s*s([/|#,@])(?:\\.|(?!\2).)*\2((?:\\.|(?!\2).)*)\2[gpiIm0-9]*e\b"
)
# `-n -e1e…`, `--expression=…`, `-fx.sed`
_SED_ATTACHED = r"(?:--(?:e[a-z]*|(?P<file>fi[a-z]*))=|-[nErsuz]*(?:e|(?P<short>f))(?=.))"


_SED_RUNS_INPUT = re.compile(
    r"(?:^|[;{\n])\s*(?:(?:\d+|\$|/[^/\n]*/)(?:,[+~]?(?:\d+|\$|/[^/\n]*/))?)?\s*!?\s*e\s*(?:$|[;}\n])"
)


def _sed(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`sed '1e x'` and `sed 's/a/x/e'` run x."""
    for at, word in enumerate(words[1:], 1):
        text = visible(word)
        option = re.match(_SED_ATTACHED, text)
        text = text[option.end() :] if option else text
        if (
            (option["file"] or option["short"])
            if option
            else words[at - 1].text in ("-f", "--file")
        ):
            text = _sed_file(runs, word.but(text=text))
        for found in _SED_RUNS.finditer(text):
            yield Code("shell", (found[1] or found[3]).replace(UNSEEN, "$unseen"), "", runs.cwd)
        if _SED_RUNS_INPUT.search(text) and (option or at == 1 or words[at - 1].text[:1] == "-"):
            yield from _sed_input(runs, words[at + 1 :])


def _sed_input(runs: Runs, files: tuple[Word, ...]) -> Iterator[Code]:
    """Yield what `sed e` runs: each line that it reads."""
    if any(word.text[:1] != "-" for word in files):
        for word in files:
            yield from runs.file("shell", word, ())
        return
    text = runs.given()
    if text is None and runs.command.stdin is not None and runs.command.stdin.known:
        text = runs.command.stdin.text
    yield Code(
        "shell", text or "", "" if text else "sed", runs.cwd, hidden="" if text else "made-here"
    )


def _sed_file(runs: Runs, word: Word) -> str:
    if word.text in ("-", "/dev/stdin"):
        return visible(runs.command.stdin) if runs.command.stdin else ""
    path = runs.path(word)
    return (runs.content(path)[0] or "") if path else ""


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
    from gatesh.facts.tasks import toml_scripts

    own = 0
    for path, text in runs.nearest(_OWN_TABLES.get(program, ["pyproject.toml"])) if rest else ():
        for said in toml_scripts(text, program, rest[0].text):
            own += 1
            yield Code("shell", said, path, os.path.dirname(path))
    if own:
        return
    if rest and rest[0].text.endswith(".py"):
        yield from runs.file("python", rest[0], rest[1:])
    else:
        yield from runs.of(rest)


# -- task runners ------------------------------------------------------------------------------------


def _operands(words: tuple[Word, ...], valued: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """Return the words that are no options, and the values of the options that take one."""
    rest = [visible(word).replace(UNSEEN, unseen()) for word in words[1:]]
    operands: list[str] = []
    values: dict[str, str] = {}
    while rest:
        text = rest.pop(0)
        name, equals, value = text.partition("=")
        if name in valued:
            values[name] = value if equals else rest.pop(0) if rest else ""
        elif text[:1] != "-":
            operands.append(text)
    return operands, values


def _just(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`just NAME a b`, `just -f FILE`."""
    from gatesh.facts.tasks import Justfile

    if any(
        word.text in ("-n", "--dry-run", "-l", "--list", "--show", "--summary") for word in words
    ):
        return
    operands, values = _operands(words, ("-f", "--justfile", "-d", "--working-directory"))
    given = values.get("-f") or values.get("--justfile")
    for path, text in runs.nearest([given] if given else ["justfile", "Justfile", ".justfile"]):
        for shebang, said in Justfile(text).lines(operands):
            if shebang:
                yield from runs.with_shebang(said, path, os.path.dirname(path))
            else:
                yield Code("shell", said, path, os.path.dirname(path))


def _task(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`task NAME`, `task -t FILE`."""
    from gatesh.facts.tasks import task_commands

    operands, values = _operands(words, ("-t", "--taskfile", "-d", "--dir"))
    names = [o for o in operands if "=" not in o]
    given = values.get("-t") or values.get("--taskfile")
    known = ["Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "Taskfile.dist.yml"]
    for path, text in runs.nearest([given] if given else known):
        yield from runs.texts(path, list(task_commands(text, names)))


def _composer(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`composer run NAME`, `composer NAME`."""
    from gatesh.facts.tasks import composer_scripts

    operands, _ = _operands(words, ("-d", "--working-dir"))
    if operands[:1] in (["run"], ["run-script"]):
        operands = operands[1:]
    for path, text in runs.nearest(["composer.json"]) if operands else ():
        yield from runs.texts(path, composer_scripts(text, operands[0], operands[1:]))


def _deno(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`deno task NAME`, `deno run -A x.ts`."""
    from gatesh.facts.tasks import deno_tasks

    if len(words) > 2 and words[1].text == "task":
        for path, text in runs.nearest(["deno.json", "deno.jsonc", "package.json"]):
            arguments = [visible(w).replace(UNSEEN, unseen()) for w in words[3:]]
            yield from runs.texts(path, deno_tasks(text, words[2].text, arguments))
    else:
        yield from interpreter(runs, words, "javascript")


def _tox(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`tox -e NAME`."""
    from gatesh.facts.tasks import tox_commands

    _, values = _operands(words, ("-e", "-c", "--conf"))
    names = [name for name in values.get("-e", "").split(",") if name]
    for path, text in runs.nearest(["tox.ini"]):
        yield from runs.texts(path, tox_commands(text, names))


def _tasks_in_python(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`nox -s NAME`, `invoke NAME`, `fab NAME`: a file of functions, those that are named."""
    program = words[0].text.rsplit("/", 1)[-1]
    operands, values = _operands(words, ("-s", "--session", "--sessions", "-f", "-c", "-H"))
    name = values.get("-f", "") or {"nox": "noxfile.py", "fab": "fabfile.py"}.get(
        program, "tasks.py"
    )
    asked = " ".join([*operands, values.get("-s", ""), values.get("--session", "")])
    names = frozenset(re.findall(r"\w+", asked.replace("-", "_")))
    for path, text in runs.nearest([name]):
        yield Code("python", text, path, os.path.dirname(path), (), names=names or None)


# -- recipes -----------------------------------------------------------------------------------------


def _make(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`make -C DIR -f FILE A=1 target`; where it is a program that starts, its recipes start on their own."""
    if runs.line.door is Door.EXEC:
        return
    from gatesh.facts.make import code

    yield from code(runs, words)


def _npm(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`npm run build -- --x`, `npm test`, `yarn build`, `pnpm -C web run build`."""
    from gatesh.facts.recipes import npm_scripts

    program = words[0].text.rsplit("/", 1)[-1]
    folder, rest = runs.cwd, list(words[1:])
    operands: list[str] = []
    workspace = ""
    while rest:
        text = visible(rest.pop(0)).replace(UNSEEN, unseen())
        if text in ("-C", "--prefix", "--cwd", "--dir") and rest and not operands[1:]:
            folder = None if folder is None else os.path.join(folder, visible(rest.pop(0)))
        elif text.startswith(("--workspace=", "--filter=", "-w=")):
            workspace = text.partition("=")[2]
        elif (text in _WORKSPACE and rest and (len(operands) < 2 or program == "npm")) or (
            text == "workspace" and not operands and program == "yarn" and rest
        ):
            workspace = visible(rest.pop(0))
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
    if folder is not None and workspace:
        folder = _workspace(runs, folder, workspace)
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


def _workspace(runs: Runs, folder: str, name: str) -> str | None:
    """Return the folder of a workspace, which is named by its place or by its package's name."""
    last = name.rpartition("/")[2]
    places = [os.path.join(folder, name)]
    for group in ("", "packages", "apps", "libs", "services", "modules"):
        top = os.path.join(folder, group)
        places.append(os.path.join(top, last))
        places += [os.path.join(top, n) for n in (runs.world.files.names(top, 200) or []) if group]
    for place in places[:200]:
        path = os.path.join(os.path.normpath(place), "package.json")
        if runs.world.files.kind(path) != "file":
            continue
        text = runs.content(path)[0] or ""
        if place == places[0] or re.search(rf'"name"\s*:\s*"{re.escape(name)}"', text):
            return os.path.normpath(place)
    return None


def _bun(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`bun run build` and `bun x.ts`."""
    yield from _npm(runs, words)
    if words[1:] and words[1].text != "run":
        yield from interpreter(runs, words, "javascript")


# What git runs by itself, if somebody put it there.
_HOOKS = {
    "commit": ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"),
    "push": ("pre-push",),
    "checkout": ("post-checkout",),
    "switch": ("post-checkout",),
    "merge": ("pre-merge-commit", "post-merge"),
    "pull": ("pre-merge-commit", "post-merge"),
    "rebase": ("pre-rebase", "post-rewrite"),
    "am": ("applypatch-msg", "pre-applypatch", "post-applypatch"),
}


def _hooks(runs: Runs, operation: str, folder: str, given: str) -> Iterator[Code]:
    """Yield the hooks that a git operation runs."""
    top = folder
    for _ in range(40):
        if runs.world.files.kind(f"{top}/.git") == "directory":
            break
        top = os.path.dirname(top)
    else:
        return
    where = given or _configured(runs)
    if not where and (text := runs.content(f"{top}/.git/config")[0]):
        found = re.search(r"^\s*hooksPath\s*=\s*(\S+)", text, re.MULTILINE | re.IGNORECASE)
        where = found[1] if found else ""
    place = os.path.normpath(os.path.join(top, where)) if where else f"{top}/.git/hooks"
    for name in _HOOKS[operation]:
        path = f"{place}/{name}"
        text, hidden = runs.content(path) if runs.known(path) else (None, "")
        if hidden:
            yield Code("shell", "", path, top, hidden=hidden)
        elif text:
            yield from runs.with_shebang(text, path, top)


def _configured(runs: Runs) -> str:
    """Return the folder of hooks that the line itself has set: `git config core.hooksPath lib`."""
    for command in reversed(runs.before):
        texts = [word.text for word in command.words]
        at = next((i for i, t in enumerate(texts) if t.lower() == "core.hookspath"), -1)
        if command.program == "git" and "config" in texts and 0 < at < len(texts) - 1:
            return texts[at + 1]
    return ""


def _git(runs: Runs, words: tuple[Word, ...]) -> Iterator[Code]:
    """`git wipe`, where a configuration, or `-c alias.wipe=…`, says what that is."""
    from gatesh.facts.recipes import git_aliases

    folder, at, aliases, hooks = runs.cwd, 1, {}, ""
    while at < len(words) and words[at].text[:1] == "-":
        text = words[at].text
        value = visible(words[at + 1]) if at + 1 < len(words) else ""
        if text == "-C":
            folder = None if folder is None else os.path.join(folder, value)
        name, equals, alias = value.partition("=")
        if text == "-c" and equals and name.lower().startswith("alias."):
            aliases[name[len("alias.") :].lower()] = alias
        elif text == "-c" and name.lower() == "core.hookspath":
            hooks = alias
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
    if at < len(words) and folder is not None and words[at].text in _HOOKS:
        yield from _hooks(runs, words[at].text, os.path.normpath(folder), hooks)
        return
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


PROGRAMS: dict[str, Callable[[Runs, tuple[Word, ...]], Iterator[Code]]] = {
    **dict.fromkeys(("make", "gmake"), _make),
    **dict.fromkeys(("npm", "yarn", "pnpm"), _npm),
    **dict.fromkeys(("just", "just.exe"), _just),
    **dict.fromkeys(("task", "go-task"), _task),
    "composer": _composer,
    "deno": _deno,
    "tox": _tox,
    **dict.fromkeys(("nox", "invoke", "inv", "fab"), _tasks_in_python),
    "rake": _rake,
    "poe": _poe,
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk),
    **dict.fromkeys(("sed", "gsed"), _sed),
    "bun": _bun,
    "git": _git,
    **dict.fromkeys(_RUNNERS, _runner),
}
