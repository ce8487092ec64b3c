"""Recipes: what `make target`, `npm run script` and a git alias have a shell run.

Makefiles are read by their plain parts: variables, rules, prerequisites, recipe lines. A function or a variable
that is not known becomes an unseen part; both branches of a condition count.
"""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.facts.amounts import shell, unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_RULES = 200
_DEEP = 12
_VARIABLE = re.compile(r"^(?:export\s+|override\s+)*([\w.-]+)\s*([:+?!]{0,3})=\s*(.*)$")
_RULE = re.compile(r"^([^\t#=:][^=:]*?)\s*:{1,2}(?!=)\s*([^;=]*?)\s*(?:;(.*))?$")
_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*(?:\([^()]*\)[^()]*)*)\)|\{([^{}]*)\}|(.))", re.DOTALL)


class Rule(Value):
    """`target: needs` and its recipe."""

    needs: tuple[str, ...]
    recipe: tuple[str, ...]


class Makefile:
    """The variables and rules of a makefile."""

    def __init__(self, text: str, given: Mapping[str, str], env: Mapping[str, str]) -> None:
        """Read the text; `given` are the variables of the command line, which win."""
        self.rules: dict[str, list[Rule]] = {}
        self.first = ""
        self.includes = re.search(r"^-?s?include\b", text, re.MULTILINE) is not None
        self._given, self._env = given, env
        self._variables: dict[str, str] = {}
        self._left = 20_000  # references that are looked up
        self._started: list[str] = []  # what $(shell …) runs
        self._read(text)

    def _read(self, text: str) -> None:
        current: tuple[list[str], tuple[str, ...], list[str]] | None = None
        define = ""
        body: list[str] = []
        for raw in re.sub(r"[ \t]*\\\n[ \t]*", " ", text).split("\n"):
            if define and raw.startswith("endef"):
                self._set(define, "", "\n".join(body))
                define, body = "", []
                continue
            if define:
                body.append(raw)
                continue
            if found := re.match(r"(?:override\s+|export\s+)*define\s+([\w.-]+)", raw):
                define = found[1]
                continue
            if raw.startswith("\t"):
                if current:
                    current[2].append(raw[1:])
                continue
            line = re.sub(r"(?<!\\)#.*", "", raw).rstrip()
            if not line:
                continue
            if found := _VARIABLE.match(line.strip()):
                self._set(found[1], found[2], found[3])
            elif found := _RULE.match(line):
                self._keep(current)
                needs = tuple(self.expanded(found[2]).replace("|", " ").split())
                current = (self.expanded(found[1]).split(), needs, [found[3]] if found[3] else [])
            elif "$(" in line:
                self.expanded(line)  # $(info $(shell …))
        self._keep(current)

    def _set(self, name: str, how: str, value: str) -> None:
        if name in self._given:
            return
        if "+" in how:
            value = f"{self._variables.get(name, '')} {value}".strip()
        elif "?" in how and (name in self._variables or name in self._env):
            return
        if "!" in how:
            value = f"$(shell {value})"
        self._variables[name] = value
        if how != "" and "shell" in value:
            self.expanded(value)  # := and its kind run at once

    def _keep(self, rule: tuple[list[str], tuple[str, ...], list[str]] | None) -> None:
        if rule is None:
            return
        for target in rule[0]:
            if target[:1] != "." and "%" not in target:
                self.first = self.first or target
            self.rules.setdefault(target, []).append(Rule(rule[1], tuple(rule[2])))

    def expanded(self, text: str, automatic: Mapping[str, str] | None = None, deep: int = 0) -> str:
        """Return a text with its references put in."""

        def value(found: re.Match[str]) -> str:
            if found[0] == "$$":
                return "$"
            name = (found[1] or found[2] or found[3] or "").strip()
            if automatic and name in automatic:
                return automatic[name]
            function, _, rest = name.partition(" ")
            if function == "call" and rest:
                return self._call(rest, automatic, deep)
            if function == "shell" and rest:
                self._started.append(self.expanded(rest, automatic, deep + 1))
                return unseen("shell")
            self._left -= 1
            if rest and deep <= _DEEP and self._left > 0:
                self.expanded(rest, automatic, deep + 1)  # what it starts
            if rest or deep > _DEEP or self._left < 0:
                return unseen(function)
            return self._value(name, automatic, deep)

        return _REFERENCE.sub(value, text)

    def _call(self, text: str, automatic: Mapping[str, str] | None, deep: int) -> str:
        """Tell `$(call name,a,b)`."""
        self._left -= 1
        if deep > _DEEP or self._left < 0:
            return unseen("call")
        name, *given = [
            self.expanded(part.strip(), automatic, deep + 1) for part in text.split(",")
        ]
        numbered = {str(at): part for at, part in enumerate(given, 1)}
        for variables in (self._given, self._variables):
            if name in variables:
                return self.expanded(variables[name], {**(automatic or {}), **numbered}, deep + 1)
        return unseen("call")

    def _value(self, name: str, automatic: Mapping[str, str] | None, deep: int) -> str:
        name, _, replaced = name.partition(":")  # $(SRC:.c=.o)
        if replaced:
            return unseen(name)
        for variables in (self._given, self._variables):
            if name in variables:
                return self.expanded(variables[name], automatic, deep + 1)
        if name in ("MAKE", "CC", "CXX", "AR", "RM"):
            return {"RM": "rm -f"}.get(name, name.lower())
        if name in ("CURDIR", "PWD"):
            return "."
        if name in self._env:
            return self._env[name]
        return unseen(name) if self.includes else ""

    def recipes(self, targets: list[str]) -> Iterator[str]:
        """Yield the recipe lines of the targets and of what they need, prerequisites first."""
        done: set[str] = set()
        goal = (
            self._given.get(".DEFAULT_GOAL") or self._variables.get(".DEFAULT_GOAL") or self.first
        )
        for target in targets or [goal]:
            yield from self._recipes(target, done)
        yield from (shell(text) for text in dict.fromkeys(self._started))

    def _recipes(self, target: str, done: set[str]) -> Iterator[str]:
        if target in done or len(done) > _MOST_RULES:
            return
        done.add(target)
        rules, stem = self.rules.get(target, []), target.rpartition(".")[0]
        if not any(rule.recipe for rule in rules):
            found, stem = self._by_pattern(target, stem)
            rules = [*rules, *found]
        needs = [need for rule in rules for need in rule.needs]
        for need in needs:
            yield from self._recipes(need, done)
        automatic = {"@": target, "<": needs[0] if needs else "", "^": " ".join(needs), "+": " ".join(needs),
                     "?": " ".join(needs), "*": stem, "@D": ".", "@F": target}  # fmt: skip
        told: list[str] = []
        for rule in rules:
            told += [self.expanded(line.lstrip("@-+ \t"), automatic) for line in rule.recipe]
        if ".ONESHELL" in self.rules:
            told = ["\n".join(told)]
        yield from (shell(text) for text in told if text.strip())

    def _by_pattern(self, target: str, stem: str) -> tuple[list[Rule], str]:
        """Return the rule `%.o: %.c` that makes a target, with its needs, and what % stands for."""
        for pattern, rules in self.rules.items():
            start, percent, end = pattern.partition("%")
            fits = target.startswith(start) and target.endswith(end)
            if percent and fits and len(target) > len(start) + len(end):
                stem = target[len(start) : len(target) - len(end)]
                needs = [[need.replace("%", stem) for need in rule.needs] for rule in rules]
                made = zip(rules, needs, strict=True)
                return [Rule(tuple(n), rule.recipe) for rule, n in made if rule.recipe], stem
        return [], stem


def npm_scripts(content: str, name: str, arguments: list[str]) -> list[str] | None:
    """Return what `npm run NAME` has a shell run, before and after it too; None where it cannot be told."""
    import json

    from gatesh.facts.amounts import quoted

    try:
        scripts = json.loads(content).get("scripts", {})
        found = [scripts.get(f"pre{name}"), scripts.get(name), scripts.get(f"post{name}")]
    except (ValueError, AttributeError, RecursionError):
        return None
    if isinstance(found[1], str) and arguments:
        found[1] = " ".join([found[1], *map(quoted, arguments)])
    return [text for text in found if isinstance(text, str)]


def git_aliases(content: str) -> dict[str, str]:
    """Return the aliases in a git configuration."""
    found: dict[str, str] = {}
    inside = False
    for line in re.sub(r"\\\n", "", content).split("\n"):
        text = line.strip()
        if section := re.match(r"\[\s*([\w.-]+)\s*(\"[^\"]*\")?\s*\](.*)", text):
            inside = section[1].lower() == "alias"
            text = section[3].strip()
        name, equals, value = text.partition("=")
        if inside and equals and name[:1] not in "#;":
            found[name.strip().lower()] = _git_value(value.strip())
    return found


def _git_value(value: str) -> str:
    """Return a value without its quotes and its comment."""
    out, quoted, at = [], False, 0
    while at < len(value):
        char = value[at]
        if char == "\\" and at + 1 < len(value):
            at += 1
            out.append({"n": "\n", "t": "\t"}.get(value[at], value[at]))
        elif char == '"':
            quoted = not quoted
        elif char in "#;" and not quoted:
            break
        else:
            out.append(char)
        at += 1
    return "".join(out).strip()
