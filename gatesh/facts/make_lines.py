"""The lines of a makefile: continued lines, comments, conditions, definitions, assignments, includes, rules."""

from __future__ import annotations

import re

from gatesh.facts.amounts import is_seen
from gatesh.facts.make_words import closing, found_outside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Into(Protocol):
        """What a line says something to."""

        prefix: str

        def expanded(self, text: str) -> str:
            """Return a text with its references put in."""

        def is_set(self, name: str) -> bool | None:
            """Claim that a variable has a value; None where nobody knows."""

        def chosen(self, condition: str) -> bool | None:
            """Return how a condition is taken that nobody can tell; None for both ways."""

        def assign(
            self, name: str, how: str, value: str, *, override: bool = False, both: bool = False
        ) -> None:
            """Set a variable."""

        def specific(self, targets: str, assignment: tuple[str, str, str]) -> None:
            """Set a variable for targets alone."""

        def rule(self, targets: str, needs: str, recipe: list[str]) -> None:
            """Keep a rule."""

        def include(self, names: str) -> None:
            """Read other files."""

        def exports(self, names: str, *, all_of_them: bool = False) -> None:
            """Hand variables on to what is started."""

        def lose(self) -> None:
            """Forget what variables are: something may have set them."""


_MODIFIER = re.compile(r"(override|export|private|unexport)(?:\s+|$)")
_DEFINE = re.compile(r"define\s+(.+)", re.DOTALL)
_CONDITION = re.compile(r"(ifeq|ifneq|ifdef|ifndef|else|endif)(?=[\s(\"']|$)\s*(.*)", re.DOTALL)
_INCLUDE = re.compile(r"(?:-include|sinclude|include)\s+(.*)", re.DOTALL)
_OPERATOR = re.compile(r"(:{1,3}|[+?!])?=")
_CONTINUED = re.compile(r"[ \t]*(?<!\\)((?:\\\\)*)\\\n[ \t]*")


def assignment(text: str) -> tuple[str, str, str] | None:
    """Return name, operator without its `=`, and value of `name := value`; None for another line."""
    at, end = 0, 0
    while at < len(text):
        if text[at] == "$" and text[at + 1 : at + 2] in ("(", "{"):
            at = closing(text, at + 1) + 1
            end = at
            continue
        if found := _OPERATOR.match(text, at):
            return (text[:end], found[1] or "", text[found.end() :].lstrip()) if end else None
        if text[at] == ":" or (end < at and not text[at].isspace()):
            return None  # a rule, or a second word
        if not text[at].isspace():
            end = at + 1
        at += 1
    return None


def modified(text: str) -> tuple[set[str], str]:
    """Return the words such as `override` in front of a line, and the rest of it."""
    found: set[str] = set()
    while match := _MODIFIER.match(text):
        if _OPERATOR.match(text, match.end()):
            break  # export = 1
        found.add(match[1])
        text = text[match.end() :]
    return found, text


def physical(text: str) -> Iterator[str]:
    """Yield the lines, those that a backslash continues as one with the newline in it."""
    parts: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        parts.append(line)
        if (len(line) - len(line.rstrip("\\"))) % 2 == 0:
            yield "\n".join(parts)
            parts = []
    if parts:
        yield "\n".join(parts)


def _with_recipe(raw: str) -> tuple[str, list[str]]:
    """Return a line, and the recipe that stands behind a semicolon of its rule."""
    semicolon = found_outside(raw, ";#")
    head = raw[:semicolon]
    if semicolon < 0 or raw[semicolon] == "#" or found_outside(head, ":") < 0:
        return raw, []
    if assignment(modified(head.strip())[1]) is not None:
        return raw, []
    return head, [raw[semicolon + 1 :]]


class Lines:
    """Goes through lines and tells a makefile what they say."""

    def __init__(self, into: Into) -> None:
        """Keep whom to tell."""
        self._into = into
        self._rule: tuple[str, str, list[str]] | None = None
        self._conditions: list[tuple[bool | None, bool]] = []  # this branch, any before it
        self._define: tuple[str, str, bool] | None = None
        self._nested = 0
        self._body: list[str] = []

    def read(self, text: str) -> None:
        """Read all lines of a text."""
        for raw in physical(text):
            if self._define:
                self._defining(raw)
                continue
            prefix = self._into.prefix
            if raw[:1] == prefix and self._rule:
                if self._active:
                    self._rule[2].append(raw[1:].replace("\\\n" + prefix, "\\\n"))
                continue
            text, recipe = _with_recipe(raw)
            text = _CONTINUED.sub(r"\1 ", text)
            hash_ = found_outside(text, "#")
            self._line((text if hash_ < 0 else text[:hash_]).strip(), recipe)
        self._end()

    @property
    def _active(self) -> bool:
        return all(taken is not False for taken, _ in self._conditions)

    @property
    def _both(self) -> bool:
        return any(taken is None for taken, _ in self._conditions)

    def _defining(self, raw: str) -> None:
        word = raw.strip().partition(" ")[0].partition("#")[0]
        self._nested += (word == "define") - (word == "endef")
        if self._nested:
            self._body.append(raw)
            return
        name, how, override = self._define or ("", "", False)
        if self._active:
            self._end()
            name, value = self._into.expanded(name), "\n".join(self._body)
            self._into.assign(name, how, value, override=override, both=self._both)
        self._define, self._body = None, []

    def _end(self) -> None:
        if self._rule:
            self._into.rule(*self._rule)
        self._rule = None

    def _line(self, text: str, recipe: list[str]) -> None:
        if not text:
            return
        if (found := _CONDITION.fullmatch(text)) and assignment(text) is None:
            self._condition(found[1], found[2])
            return
        modifiers, rest = modified(text)
        if (found := _DEFINE.fullmatch(rest)) and assignment(rest) is None:
            name, how, _ = assignment(found[1]) or (found[1].strip(), "", "")
            self._define, self._nested = (name, how, "override" in modifiers), 1
            return
        if not self._active:
            return
        if set_to := assignment(rest):
            self._end()
            name = self._into.expanded(set_to[0])
            override = "override" in modifiers
            self._into.assign(name, set_to[1], set_to[2], override=override, both=self._both)
            if "export" in modifiers:
                self._into.exports(name)
        elif "export" in modifiers:
            self._end()
            self._into.exports(self._into.expanded(rest), all_of_them=not rest)
        elif "unexport" not in modifiers:
            self._statement(rest, recipe)

    def _statement(self, text: str, recipe: list[str]) -> None:
        """Read an include, a rule, or what becomes one of them when its references are put in."""
        if found := _INCLUDE.fullmatch(text):
            self._end()
            self._into.include(found[1])
        elif text.startswith(("undefine ", "undefine\t")):
            self._end()
            self._into.assign(self._into.expanded(text[9:].strip()), "", "")
        elif text.startswith(("vpath ", "vpath\t")):
            self._end()
            self._into.assign("VPATH", "", text)
        elif found_outside(text, ":") >= 0:
            self._end()
            self._rule_of(text, recipe)
        else:
            made = self._into.expanded(text)
            if ":" in made and is_seen(made):
                self._end()
                self._rule_of(made.replace("$", "$$"), recipe)
            elif not is_seen(made):
                self._end()
                self._into.lose()

    def _rule_of(self, text: str, recipe: list[str]) -> None:
        colon = found_outside(text, ":")
        targets, rest = text[:colon].removesuffix("&"), text[colon + 1 :].removeprefix(":").strip()
        if set_to := assignment(modified("; ".join([rest, *recipe]))[1]):
            self._into.specific(targets, set_to)
        else:
            self._rule = (targets, rest, recipe)

    def _condition(self, word: str, text: str) -> None:
        if word == "endif":
            if self._conditions:
                self._conditions.pop()
        elif word == "else":
            if not self._conditions:
                return
            taken, before = self._conditions.pop()
            before = before or taken is True
            found = _CONDITION.fullmatch(text)
            if before:
                self._conditions.append((False, True))
            elif taken is None:
                self._conditions.append((None, False))
            elif found:
                self._conditions.append((self._told(found[1], found[2]), False))
            else:
                self._conditions.append((True, True))
        else:
            self._conditions.append((self._told(word, text) if self._active else False, False))

    def _told(self, word: str, text: str) -> bool | None:
        """Return whether `ifeq (a,b)` holds; None where it is taken both ways."""
        if word in ("ifdef", "ifndef"):
            found = self._into.is_set(self._into.expanded(text).strip())
        else:
            sides = _sides(text)
            one, other = (self._into.expanded(side) for side in sides) if sides else ("", "\0x\0")
            found = one == other if is_seen(one) and is_seen(other) else _differ(one, other)
        if found is None:
            found = self._into.chosen(f"{word[-3:].lstrip('n')} {text}")
        return None if found is None else found is not word.startswith("ifn")


def _differ(one: str, other: str) -> bool | None:
    """Return False where two texts differ although a part of one is unseen; None where they may be the same."""
    for blank, text in ((one, other), (other, one)):
        if not blank and re.sub("\0\\w*\0", "", text):
            return False
    return None


def _sides(text: str) -> tuple[str, str] | None:
    """Return what `(a,b)` or `"a" 'b'` compares."""
    if text[:1] == "(":
        inside = text[1 : closing(text, 0)]
        comma = found_outside(inside, ",")
        return (inside[:comma].rstrip(), inside[comma + 1 :].lstrip()) if comma >= 0 else None
    found = re.fullmatch(r"(?:\"([^\"]*)\"|'([^']*)')\s*(?:\"([^\"]*)\"|'([^']*)')\s*", text)
    return (found[1] or found[2] or "", found[3] or found[4] or "") if found else None
