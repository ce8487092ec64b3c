"""Task runners beside make and npm: what `just wipe`, `task wipe` or `composer wipe` has a shell run.

Their files are read by their plain parts. A variable that is not known becomes an unseen part.
"""

from __future__ import annotations

import re

from gatesh.facts.amounts import shell, unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEP = 12
_JUST = re.compile(r"^@?([A-Za-z_][\w-]*)((?:\s+[^:\s][^:]*?)?)\s*:(?!=)\s*(.*)$")
_HOLE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")


class Justfile:
    """The recipes and variables of a justfile."""

    def __init__(self, text: str) -> None:
        """Read the text."""
        self.recipes: dict[str, tuple[list[str], list[str], list[str]]] = {}
        self.first = ""
        self._aliases: dict[str, str] = {}
        self._variables: dict[str, str] = {}
        body: list[str] = []
        for line in re.sub(r"\\\n\s*", " ", text).split("\n"):
            if line[:1] in (" ", "\t"):
                body.append(line)
            elif found := re.match(r"alias\s+([\w-]+)\s*:=\s*([\w-]+)", line):
                self._aliases[found[1]] = found[2]
            elif found := re.match(r"(?:export\s+)?([\w-]+)\s*:=\s*(.*)", line):
                self._variables[found[1]] = _bare(found[2])
            elif found := _JUST.match(line):
                body = []
                needs = re.findall(r"(?<![\w(-])[A-Za-z_][\w-]*", re.sub(r"#.*|&&", " ", found[3]))
                self.recipes[found[1]] = (found[2].split(), needs, body)
                self.first = self.first or found[1]

    def lines(self, words: list[str]) -> Iterator[tuple[str, str]]:
        """Yield (interpreter, text) for what the words ask for; "" is the shell."""
        given = [word for word in words if "=" not in word]
        variables = dict(word.split("=", 1) for word in words if "=" in word)
        self._variables |= variables
        while given or not words:
            name = self._aliases.get(given[0], given[0]) if given else self.first
            words = ["done"]
            parameters = self.recipes.get(name, ([], [], []))[0]
            count = len(parameters) if not any(p[:1] in "*+" for p in parameters) else len(given)
            yield from self._lines(name, given[1 : count + 1], 0)
            given = given[count + 1 :]

    def _lines(self, name: str, arguments: list[str], deep: int) -> Iterator[tuple[str, str]]:
        if name not in self.recipes or deep > _DEEP:
            return
        parameters, needs, body = self.recipes[name]
        for need in needs:
            yield from self._lines(self._aliases.get(need, need), [], deep + 1)
        values = dict(self._variables)
        for at, parameter in enumerate(parameters):
            key, _, default = parameter.partition("=")
            rest = " ".join(arguments[at:]) if key[:1] in "*+" else "".join(arguments[at : at + 1])
            values[key.lstrip("*+$")] = rest or _bare(default)
        text = _HOLE.sub(lambda m: values.get(m[1], unseen(m[1])), _dedented(body))
        if shebang := re.match(r"#!\s*(\S+(?:[ \t]+\S+)*)", text):
            yield shebang[1], text
        else:
            for line in text.split("\n"):
                if line.strip():
                    yield "", shell(line.lstrip("@- "))


def task_commands(text: str, names: list[str]) -> Iterator[str]:
    """Yield what `task NAME` of a Taskfile.yml has a shell run, with what it depends on."""
    blocks = _blocks(text, "tasks")
    waiting = list(names or ["default"])
    done: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in done or len(done) > 100:
            continue
        done.add(name)
        block = blocks.get(name, "")
        waiting += re.findall(r"\btask:\s*['\"]?([\w:.-]+)", block)
        for found in re.finditer(r"\bdeps:\s*(\[[^]]*\]|(?:\n\s*-[^\n]*)+)", block):
            waiting += re.findall(r"[\w:.-]+", re.sub(r"(?m)^\s*-", " ", found[1]))
        yield from _commands(block)


def _commands(block: str) -> Iterator[str]:
    """Yield the commands of one task: `- cmd`, `cmd: x`, `sh: x`, `cmds: |`, or a task that is one."""
    lines = block.split("\n")
    if lines[0].strip() and not lines[0].strip().endswith(("|", ">", "|-")):
        yield shell(_HOLE.sub(lambda m: unseen(m[1]), _bare(lines[0])))
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        found = re.match(r"\s*(?:-\s+(?:cmd:|defer:)?|(?:cmd|sh|cmds):)\s*(.*)", line)
        if not found or not found[1] or re.match(r"(?:task|\w+):\s", found[1] + " "):
            continue
        said = _bare(found[1])
        if found[1][:1] in "|>":
            depth = len(line) - len(line.lstrip())
            body = []
            while at < len(lines) and (
                not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > depth
            ):
                body.append(lines[at].strip())
                at += 1
            said = "\n".join(body)
        yield shell(_HOLE.sub(lambda m: unseen(m[1]), said))


def _blocks(text: str, key: str) -> dict[str, str]:
    """Return the entries of a mapping at the top of a YAML text, each with its own text."""
    found = re.search(
        rf"^{key}:[^\n]*\n((?:[ \t]+[^\n]*\n|\s*\n|#[^\n]*\n)*)", text + "\n", re.MULTILINE
    )
    if found is None:
        return {}
    first = re.search(r"^([ \t]+)\S", found[1], re.MULTILINE)
    indent = first[1] if first else "  "
    parts = re.split(rf"^{indent}(['\"]?[\w:.*-]+['\"]?):(?=\s)", found[1], flags=re.MULTILINE)
    return {name.strip("'\""): body for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def composer_scripts(content: str, name: str, arguments: list[str]) -> list[str]:
    """Return what `composer run NAME` has a shell run."""
    return _listed(content, ("scripts",), name, arguments)


def deno_tasks(content: str, name: str, arguments: list[str]) -> list[str]:
    """Return what `deno task NAME` runs."""
    plain = re.sub(r"^\s*//[^\n]*", "", content, flags=re.MULTILINE)
    return _listed(plain, ("tasks",), name, arguments)


def _listed(content: str, where: tuple[str, ...], name: str, arguments: list[str]) -> list[str]:
    import json

    from gatesh.facts.amounts import quoted

    try:
        found = json.loads(content)
        for key in where:
            found = found.get(key, {})
        found = found.get(name)
    except (ValueError, AttributeError, RecursionError):
        return []
    texts = (
        found
        if isinstance(found, list)
        else [found.get("command") if isinstance(found, dict) else found]
    )
    return [" ".join([text, *map(quoted, arguments)]) for text in texts if isinstance(text, str)]


# Where the tables of a project's own commands stand, per tool.
_TABLES = {
    "hatch": (("tool", "hatch", "envs", "*", "scripts"), ("envs", "*", "scripts")),
    "pdm": (("tool", "pdm", "scripts"),),
    "poe": (("tool", "poe", "tasks"),),
    "poetry": (("tool", "poe", "tasks"),),
    "rye": (("tool", "rye", "scripts"),),
    "pipenv": (("scripts",),),
    "taskipy": (("tool", "taskipy", "tasks"),),
}


def toml_scripts(content: str, tool: str, name: str) -> list[str]:
    """Return what a table of commands in pyproject.toml, hatch.toml or a Pipfile says of a name."""
    import tomllib

    try:
        document = tomllib.loads(content)
    except (ValueError, RecursionError):
        return []
    texts: list[str] = []
    for path in _TABLES.get(tool, ()):
        tables: list[object] = [document]
        for key in path:
            maps = [t for t in tables if isinstance(t, dict)]
            tables = [v for t in maps for v in (t.values() if key == "*" else [t.get(key)])]
        for table in tables:
            found = table.get(name.rpartition(":")[2]) if isinstance(table, dict) else None
            for part in found if isinstance(found, list) else [found]:
                said = part.get("cmd") or part.get("shell") if isinstance(part, dict) else part
                texts += [said] if isinstance(said, str) else []
    return texts


def tox_commands(content: str, names: list[str]) -> list[str]:
    """Return what tox runs in the named environments, or in all."""
    found: list[str] = []
    for section in re.finditer(
        r"^\[testenv(?::([^\]]+))?\]\n((?:(?!\[)[^\n]*\n?)*)", content, re.MULTILINE
    ):
        if names and section[1] and section[1] not in names:
            continue
        for said in re.finditer(
            r"^commands(?:_pre|_post)?\s*=((?:[^\n]*\n?)(?:[ \t]+[^\n]*\n?)*)",
            section[2],
            re.MULTILINE,
        ):
            lines = [line.strip().lstrip("-! ") for line in said[1].split("\n")]
            found += [shell(re.sub(r"\{[^{}]*\}", unseen("tox"), line)) for line in lines if line]
    return found


def _bare(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        return unseen("shell") if text[0] == "`" else text[1:-1]
    return text if not re.search(r"[()`]", text) or " " in text else unseen("value")


def _dedented(lines: list[str]) -> str:
    import textwrap

    return textwrap.dedent("\n".join(lines)).strip("\n")
