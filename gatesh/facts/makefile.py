"""Makefiles: what `make target` has a shell run, as GNU make reads variables, functions and rules.

What cannot be known becomes an unseen part. A condition that depends on one is taken both ways, each in a
reading of its own. Longer than 400 lines: variables, functions and rules need each other.
"""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.facts.amounts import exported, is_seen, quoted, shell, unseen
from gatesh.facts.make_lines import Lines
from gatesh.facts.make_words import (
    ARGUMENTS,
    absolute,
    arguments,
    closing,
    found_outside,
    replaced,
    stem,
    text_of,
    unknown,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gatesh.facts.make import Place

_MOST_RULES = 200
_MOST_READINGS = 8  # of one file: conditions nobody can tell, taken both ways
_MOST_INCLUDED = 24
_MOST_PATTERNS = 8  # rules with a pattern that one target fits
_MOST_TEXT = 100_000  # characters of a value or a recipe
_MOST_WORDS = 500  # that foreach goes through
_LEFT = 20_000  # references that are looked up, in all readings
_CHARACTERS = 200  # as much as a reference
_DEEP = 40
_SUFFIXES = frozenset(
    """
    .out .a .ln .o .c .cc .C .cpp .p .f .F .m .r .y .l .ym .yl .s .S .mod .sym .def .h .info .dvi .tex .texinfo
    .texi .txinfo .w .ch .web .sh .elc .el
    """.split()
)
# make's own; the others are options of compilers, which nobody writes into a recipe that deletes
_OWN = {
    "MAKE": "make", "MAKE_COMMAND": "make", "CC": "cc", "CXX": "g++", "AR": "ar", "RM": "rm -f", "LD": "ld",
    "AS": "as", "CPP": "cc -E", "LEX": "lex", "YACC": "yacc", "FC": "f77", "SHELL": "/bin/sh",
    ".SHELLFLAGS": "-c",
}  # fmt: skip
_NOT_TOLD = frozenset(
    "MAKEFLAGS MFLAGS MAKE_VERSION MAKE_HOST MAKEOVERRIDES .VARIABLES .FEATURES .INCLUDE_DIRS SUFFIXES".split()
)
_NOT_HANDED_ON = frozenset(("SHELL", "PATH", "MAKEFLAGS", "MAKEFILE_LIST"))
_SHELL = re.compile(r"(?:\S*/)?(?:env\s+)?(?:ba|da|z|k|mk|a)?sh(?:\.exe)?")
_FLAGS = re.compile(r"(?:(?:-?o\s+)?[\w-]+\s+)*-\w*c")
_COMPILES = re.compile(r"\s-MM?D?\b|makedepend")
_NAMED = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Rule(Value):
    """What a target needs, its recipe, and the pattern that % stands in where it has one of its own."""

    needs: str
    recipe: tuple[str, ...]
    pattern: str = ""  # a.o: %.o: %.c


class Variable(Value):
    """A value whose references are put in when it is used; with `once` they were when it was set."""

    value: str
    once: bool = False
    origin: str = "file"


def recipes(
    text: str,
    targets: list[str],
    given: Mapping[str, str],
    env: Callable[[str], str | None],
    place: Place | None = None,
    *,
    dry: bool = False,
) -> list[str]:
    """Return what make has a shell run for the targets, prerequisites first, and while it reads.

    `given` are the variables of the command line; `dry` is `make -n`, which runs some of it all the same.
    """
    left = [_LEFT]
    waiting: list[tuple[bool, ...]] = [()]
    generated: frozenset[str] = frozenset()
    told: dict[str, None] = {}
    done = 0
    while waiting:
        taken = waiting.pop()
        made = Makefile(text, targets, given, env, place, Reading(taken, generated), left)
        told |= dict.fromkeys(made.recipes(dry=dry))
        done += 1
        if made.generates and not generated:
            generated = made.generates
            waiting.append(taken)
        for at in range(len(taken), len(made.taken)):
            if done + len(waiting) < _MOST_READINGS:
                waiting.append((*made.taken[:at], not made.taken[at]))
    return list(told)


class Reading(Value):
    """How a makefile is read: conditions nobody can tell, and files that make itself makes first."""

    taken: tuple[bool, ...] = ()
    generated: frozenset[str] = frozenset()


class Makefile:
    """The variables and rules of a makefile, in one reading of it."""

    def __init__(
        self,
        text: str,
        targets: list[str],
        given: Mapping[str, str],
        env: Callable[[str], str | None],
        place: Place | None,
        reading: Reading,
        left: list[int],
    ) -> None:
        """Read the text; `left` is how many references may still be looked up."""
        self.prefix = "\t"
        self.taken: list[bool] = []  # how conditions were taken that nobody can tell
        self._rules: dict[str, list[Rule]] = {}
        self._first = ""
        self._targets, self._env, self._place = targets, env, place
        self._reading, self._left, self._deep = reading, left, 0
        self._choices: dict[str, bool] = {}
        self._unsure = False  # something was read that nobody can see: any name may be set
        self._included: list[str] = []
        self._exported: dict[str, None] = {}
        self._exports_all = False
        self._specific: dict[str, list[tuple[str, str, str]]] = {}
        self._scopes: list[dict[str, Variable]] = []
        self._started: list[str] = []  # what $(shell …) runs
        name = place.name if place else "Makefile"
        self._variables = {"MAKEFILE_LIST": Variable(name, once=True)}
        self._given = {n: Variable(v, origin="command line") for n, v in given.items()}
        for value in given.values():
            self.expanded(value)  # make hands them on to all that it starts
        Lines(self).read(text)

    # -- what the lines say ----------------------------------------------------------------------------

    def assign(
        self, name: str, how: str, value: str, *, override: bool = False, both: bool = False
    ) -> None:
        """Set a variable as `name how= value` does; with `both` nobody knows whether it is set."""
        self._left[0] -= 1
        if not is_seen(name):
            self.lose()
        elif name not in self._given or override:
            into = self._given if override or name in self._given else self._variables
            old = into.get(name) or self._raw(name)
            if how != "?" or old is None or self._unsure:
                made = self._made(how if how != "?" else "", value, old)
                if both or (how == "?" and self._unsure and name not in self._variables):
                    made = made if old == made else Variable(unseen(name), once=True)
                into[name] = made
            if name == ".RECIPEPREFIX":
                self.prefix = value[:1] or "\t"

    def _made(self, how: str, value: str, old: Variable | None) -> Variable:
        if how == "!":
            return Variable(self._shell(self.expanded(value)), once=True)
        if how == "+" and old is not None:
            added = self.expanded(value) if old.once else value
            text = f"{old.value} {added}" if old.value else added
            return Variable(text if len(text) < _MOST_TEXT else unknown(text), once=old.once)
        if how[:1] == ":":
            return Variable(self.expanded(value), once=True)
        return Variable(value)

    def is_set(self, name: str) -> bool | None:
        """Claim that a variable has a value; None where nobody knows."""
        found = self._raw(name)
        if not is_seen(name) or (found is None and self._unsure):
            return None
        if found is None or not found.value:
            return name in _NOT_TOLD or name in _OWN if found is None else False
        return None if not re.sub("\0\\w*\0", "", found.value) else True

    def chosen(self, condition: str) -> bool | None:
        """Return how a condition is taken that nobody can tell; None for both ways, beyond the first few."""
        if condition not in self._choices:
            at = len(self.taken)
            if at >= _MOST_READINGS - 1:
                return None
            self.taken.append(self._reading.taken[at] if at < len(self._reading.taken) else True)
            self._choices[condition] = self.taken[at]
        return self._choices[condition]

    def specific(self, targets: str, assignment: tuple[str, str, str]) -> None:
        """Keep a variable that is set for targets alone, and what they need."""
        for target in self.expanded(targets).split():
            self._specific.setdefault(target, []).append(assignment)

    def rule(self, targets: str, needs: str, recipe: list[str]) -> None:
        """Keep a rule; `.c.o:` is `%.o: %.c`."""
        needs = self.expanded(needs)
        colon = found_outside(needs, ":")
        pattern, needs = (needs[:colon].strip(), needs[colon + 1 :]) if colon >= 0 else ("", needs)
        for target in self.expanded(targets).split():
            name = target
            if (
                (found := re.fullmatch(r"(\.(?![A-Z_]+$)\w+)(\.\w+)?", target))
                and recipe
                and not needs.strip()
            ):
                name = f"%{found[2] or ''}" if found[2] or found[1] in _SUFFIXES else target
                self._keep(name, Rule(f"%{found[1]}", tuple(recipe)))
                continue
            if (target[:1] != "." or "/" in target) and "%" not in target:
                self._first = self._first or target
            self._keep(target, Rule(needs, tuple(recipe), pattern))

    def _keep(self, target: str, rule: Rule) -> None:
        self._rules.setdefault(target, []).append(rule)

    def include(self, names: str) -> None:
        """Read the files that are named; what nobody can see may set any variable."""
        for name in self.expanded(names).split():
            self._included.append(name)
            many = len(self._included) > _MOST_INCLUDED or self._deep > _DEEP
            found = (
                None if many or not self._place or not is_seen(name) else self._place.included(name)
            )
            if found is None or name in self._reading.generated:
                self.lose()
            for path, text in found or ():
                self._variables["MAKEFILE_LIST"] = Variable(
                    f"{self._variables['MAKEFILE_LIST'].value} {path}", once=True
                )
                self._deep += 1
                Lines(self).read(text)
                self._deep -= 1

    def exports(self, names: str, *, all_of_them: bool = False) -> None:
        """Hand variables on to what is started."""
        self._exports_all = self._exports_all or all_of_them
        self._exported |= dict.fromkeys(names.split())

    def lose(self) -> None:
        """Forget what variables are: something may have set them."""
        self._unsure = True
        kept = {"MAKEFILE_LIST": self._variables["MAKEFILE_LIST"]}
        self._variables = {n: Variable(unseen(n), once=True) for n in self._variables} | kept

    # -- references ------------------------------------------------------------------------------------

    def expanded(self, text: str) -> str:
        """Return a text with its references put in."""
        if "$" not in text:
            return text
        out, at, size = [], 0, 0
        while (dollar := text.find("$", at)) >= 0:
            out.append(text[at:dollar])
            opened = text[dollar + 1 : dollar + 2]
            self._left[0] -= 1
            if self._left[0] < 0:
                return unseen("make")
            if opened in ("(", "{"):
                end = closing(text, dollar + 1)
                out.append(self._reference(text[dollar + 2 : end], opened))
                at = end + 1
            else:
                out.append("$" if opened in ("$", "") else self._value(opened))
                at = dollar + 2
            size += len(out[-1])
            self._left[0] -= len(out[-1]) // _CHARACTERS
            if size > _MOST_TEXT:
                return unseen("make")
        return "".join([*out, text[at:]])

    def _reference(self, inside: str, opened: str) -> str:
        if self._deep > _DEEP:
            return unseen("make")
        self._deep += 1
        try:
            found = re.match(r"([a-z-]+)\s+(.*)", inside, re.DOTALL)
            if found and found[1] in ARGUMENTS:
                return self._function(found[1], arguments(found[2], ARGUMENTS[found[1]], opened))
            name = self.expanded(inside)
            if not is_seen(name.partition(":")[0]):
                return unknown(name)
            name, colon, changed = name.partition(":")
            pattern, equals, replacement = changed.partition("=")
            if not (colon and equals):
                return self._value(f"{name}{colon}{changed}")
            if "%" not in pattern:  # $(SRC:.c=.o)
                pattern, replacement = f"%{pattern}", f"%{replacement}"
            return replaced(self._value(name), pattern, replacement)
        finally:
            self._deep -= 1

    def _raw(self, name: str) -> Variable | None:
        """Return a variable as it was set."""
        for scope in (*reversed(self._scopes), self._given, self._variables):
            if name in scope:
                return scope[name]
        return None if self._unsure or name == "SHELL" else self._inherited(name)

    def _value(self, name: str) -> str:
        if len(name) == 2 and name[1] in "DF" and (whole := self._scoped(name[0])) is not None:
            found = text_of("dir" if name[1] == "D" else "notdir", [whole]) or ""
            return (
                " ".join(w.rstrip("/") or "/" for w in found.split()) if name[1] == "D" else found
            )
        found_ = self._raw(name)
        if found_ is not None:
            return found_.value if found_.once else self._inner(found_.value)
        if name == "CURDIR":
            return self._place.folder if self._place else "."
        if name == "MAKECMDGOALS":
            return " ".join(self._targets)
        if name in _OWN:
            return _OWN[name]
        return unseen(name) if self._unsure or name in _NOT_TOLD else ""

    def _inner(self, text: str) -> str:
        """Expand the value of a variable, which may speak of itself."""
        if self._deep > _DEEP:
            return unseen("make")
        self._deep += 1
        try:
            return self.expanded(text)
        finally:
            self._deep -= 1

    def _scoped(self, name: str) -> str | None:
        return next((s[name].value for s in reversed(self._scopes) if name in s), None)

    def _within(self, scope: dict[str, str], text: str) -> str:
        self._scopes.append(
            {n: Variable(v, once=True, origin="automatic") for n, v in scope.items()}
        )
        try:
            return self.expanded(text)
        finally:
            self._scopes.pop()

    # -- functions -------------------------------------------------------------------------------------

    def _function(self, name: str, raw: list[str]) -> str:
        raw[0] = raw[0].lstrip()
        if name in ("if", "or", "and"):
            return getattr(self, f"_{name}")(raw)  # type: ignore[no-any-return]
        if name in ("foreach", "let"):
            return self._foreach(raw) if name == "foreach" else unseen(name)
        given = [self.expanded(text) for text in raw]
        found = text_of(name, given)
        if found is not None:
            return found
        if name == "call":
            return self._call(given)
        if name in ("wildcard", "abspath", "realpath"):
            return self._on_disk(name, given[0])
        return self._special(name, given)

    def _special(self, name: str, given: list[str]) -> str:
        if name == "shell":
            return self._shell(given[0])
        if name == "eval":
            self._deep += 1
            Lines(self).read(given[0])
            self._deep -= 1
        elif name == "value":
            found = self._raw(given[0])
            return found.value if found else self._value(given[0])
        elif name == "origin":
            found = self._raw(given[0])
            own = "default" if given[0] in _OWN else "undefined"
            return unseen(name) if self._unsure else found.origin if found else own
        elif name == "file":
            self._file(given)
            return unseen(name) if "<" in given[0] else ""
        elif name == "guile":
            self._started += re.findall(r'"((?:\\.|[^"\\])*)"', given[0])
            return unseen(name)
        return unseen(name) if name == "flavor" else ""

    def _if(self, raw: list[str]) -> str:
        condition = self.expanded(raw[0].strip())
        holds: bool | None = bool(re.sub("\0\\w*\0", "", condition))
        if not holds and condition:
            holds = self.chosen(f"if {raw[0]} {condition}")
        branches = [*raw[1:], "", ""][:2]
        if holds is None:
            return unknown(*map(self.expanded, branches), condition)
        return self.expanded(branches[0 if holds else 1])

    def _or(self, raw: list[str]) -> str:
        for text in raw:
            found = self.expanded(text.strip())
            if found:
                return found if is_seen(found) else unknown(found, *map(self.expanded, raw))
        return ""

    def _and(self, raw: list[str]) -> str:
        found = ""
        for text in raw:
            found = self.expanded(text.strip())
            if not is_seen(found):
                return unknown(found, *map(self.expanded, raw))
            if not found:
                return ""
        return found

    def _foreach(self, raw: list[str]) -> str:
        name, words, text = [*raw, "", ""][:3]
        found, name = self.expanded(words).split(), self.expanded(name).strip()
        self._left[0] -= len(found)
        if len(found) > _MOST_WORDS or self._left[0] < 0:
            return unseen("foreach")
        return " ".join(self._within({name: word}, text) for word in found)

    def _call(self, given: list[str]) -> str:
        name = given[0].strip()
        if name in ARGUMENTS:
            return self._function(name, [text.replace("$", "$$") for text in given[1:]] or [""])
        numbered = {str(at): "" for at in range(1, 10)}
        numbered |= {str(at): text for at, text in enumerate([name, *given[1:]])}
        return self._within(numbered, f"$({name})") if is_seen(name) else unknown(name)

    def _on_disk(self, name: str, words: str) -> str:
        if self._place is None:
            return unseen(name)
        if name == "wildcard":
            found = [self._place.wildcard(w) if is_seen(w) else unknown(w) for w in words.split()]
            return " ".join(filter(None, found))
        return absolute(words, self._place.folder, self._place.real if name == "realpath" else None)

    def _file(self, given: list[str]) -> None:
        """`$(file >NAME,text)` writes a file."""
        found = re.match(r"\s*(>>?)\s*(.*\S)", given[0])
        if found:
            self._started.append(f"echo {quoted(''.join(given[1:]))} {found[1]} {quoted(found[2])}")

    def _shell(self, text: str) -> str:
        self._started.append(self._by_shell(text))
        known = self._place.printed(text) if self._place and is_seen(text) else None
        return (
            unseen("shell")
            if known is None or self._raw("PATH") not in (None, self._inherited("PATH"))
            else known
        )

    def _inherited(self, name: str) -> Variable | None:
        """Return a variable of the environment."""
        found = self._env(name)
        return None if found is None else Variable(found.replace("$", "$$"), origin="environment")

    # -- recipes ---------------------------------------------------------------------------------------

    @property
    def generates(self) -> frozenset[str]:
        """Return the included files that are not there and that a rule makes, which may say anything."""
        found = set()
        for name in self._included:
            if self._place and is_seen(name) and self._place.included(name) == []:
                rules = [*self._rules.get(name, ()), *(rule for rule, _ in self._by_pattern(name))]
                made = "\n".join(line for rule in rules for line in rule.recipe)
                if made and not _COMPILES.search(made):
                    found.add(name)
        return frozenset(found)

    def recipes(self, *, dry: bool = False) -> Iterator[str]:
        """Yield the recipe lines of the targets and of what they need, prerequisites first."""
        done: set[str] = set()
        set_to = self._raw(".DEFAULT_GOAL")
        goal = (
            self._value(".DEFAULT_GOAL") if set_to and is_seen(set_to.value) else ""
        ) or self._first
        for name in (self._place.name if self._place else "", *self._included):
            if name in self._rules or name in self._included:
                yield from self._recipes(name, done, dry=False)  # makefiles are made first, always
        for target in self._targets or goal.split():
            yield from self._recipes(target, done, dry=dry)
        yield from (shell(text) for text in dict.fromkeys(self._started))

    def _recipes(self, target: str, done: set[str], *, dry: bool) -> Iterator[str]:
        if target in done or len(done) > _MOST_RULES:
            return
        done.add(target)
        self._scopes.append({})
        try:
            self._set_for(target)
            told: list[str] = []
            for rule, star in self._of(target):
                automatic = self._automatic(target, star, self._needs(rule, target, star))
                for need in automatic["^"].split() + automatic["|"].split():
                    yield from self._recipes(need, done, dry=dry)
                told += self._lines(rule, automatic, dry=dry)
            if ".ONESHELL" in self._rules:
                told = ["\n".join(told)]
            yield from (self._with_exports(self._by_shell(t)) for t in told if t.strip())
        finally:
            self._scopes.pop()

    def _of(self, target: str) -> list[tuple[Rule, str]]:
        """Return the rules that make a target, each with what % stands for."""
        own = self._rules.get(target, [])
        star = next((target.removesuffix(s) for s in _SUFFIXES if target.endswith(s)), "")
        found = [(r, (stem(target, r.pattern) or "") if r.pattern else star) for r in own]
        if any(rule.recipe for rule in own):
            return found
        found += self._by_pattern(target)
        if not found and (self._place is None or not self._place.is_there(target)):
            found = [(rule, "") for rule in self._rules.get(".DEFAULT", [])]
        return found

    def _by_pattern(self, target: str) -> list[tuple[Rule, str]]:
        """Return the rules `%.o: %.c` that may make a target, and what % stands for."""
        found = []
        for pattern, rules in self._rules.items():
            whole = "%" if "%" in pattern else ""
            star = stem(target, pattern) if whole else None
            if star is None and not is_seen(pattern):
                seen = map(re.escape, re.split("\0\\w*\0", pattern))
                star = "" if re.fullmatch(".*".join(seen), target) else None
            if star or (star == "" and not whole):
                found += [(rule, star) for rule in rules if rule.recipe]
        return found[:_MOST_PATTERNS]

    def _needs(self, rule: Rule, target: str, star: str) -> str:
        needs = rule.needs
        if ".SECONDEXPANSION" in self._rules:
            needs = self._within({"@": target, "*": star}, needs)
        return needs.replace("%", star) if star else needs

    def _automatic(self, target: str, star: str, needs: str) -> dict[str, str]:
        before, _, after = needs.partition("|")
        plain = before.split()
        if self._raw("VPATH") is not None:  # make may have found them elsewhere
            plain = [unseen("prerequisite") if is_seen(need) else need for need in plain]
        once = " ".join(dict.fromkeys(plain))
        return {"@": target, "<": plain[0] if plain else "", "^": once, "+": " ".join(plain), "?": once,
                "*": star, "|": after.strip(), "%": ""}  # fmt: skip

    def _set_for(self, target: str) -> None:
        """Set the variables that a target, or a pattern it fits, has of its own."""
        scope = self._scopes[-1]
        for name, assignments in self._specific.items():
            if name == target or ("%" in name and stem(target, name) is not None):
                for variable, how, value in assignments:
                    key = self.expanded(variable)
                    old = self._raw(key)
                    if key not in self._given and (how != "?" or old is None):
                        scope[key] = self._made(how if how != "?" else "", value, old)

    def _lines(self, rule: Rule, automatic: dict[str, str], *, dry: bool) -> Iterator[str]:
        """Yield the lines of a recipe, a variable of several lines told one by one."""
        for line in rule.recipe:
            text = self._within(automatic, line)
            for one in re.split(r"(?<!\\)(?:(?<=\\\\))?\n", text):
                flags = re.match(r"[@+\- \t]*", f"{one}")
                always = "+" in (flags[0] if flags else "") or re.search(r"\$[({]MAKE[)}]", line)
                plus = re.match(r"[@\- \t]*\+", line)
                if not dry or always or plus:
                    yield one.lstrip("@+- \t")

    def _by_shell(self, text: str) -> str:
        """Return a text as the makefile's own shell runs it, where that is no plain one."""
        program, flags = self._value("SHELL").strip(), self._value(".SHELLFLAGS").strip()
        if _SHELL.fullmatch(program) and _FLAGS.fullmatch(flags):
            return text
        return f"{program} {flags} {quoted(text)}"

    def _with_exports(self, text: str) -> str:
        """Return a recipe with the variables that make hands on to it."""
        names = [
            *self._exported,
            *self._given,
            *(n for n in self._variables if self._env(n) is not None),
        ]
        if self._exports_all:
            names += [n for n in self._variables if n in text]
        values = [
            f"{name}={self._value(name)}"
            for name in dict.fromkeys(names)
            if _NAMED.fullmatch(name) and name not in _NOT_HANDED_ON
        ]
        if self._given and re.search(r"\bmake\b", text):
            values.append(
                "MAKEFLAGS= -- " + " ".join(_escaped(n, self._value(n)) for n in self._given)
            )
        return exported(values, shell(text)) if values else shell(text)


def _escaped(name: str, value: str) -> str:
    """Return an assignment as make writes it into MAKEFLAGS."""
    return re.sub(r"([\s\\])", r"\\\1", f"{name}={value.replace('$', '$$')}")
