"""One pattern file: TOML tables → rules, sets, grammars, overrides; strict about every key.

The rule language by examples is in docs/patterns.md. Longer than most modules: every key has its check,
and every check needs the file's lines.
"""

from __future__ import annotations

import os
import re
import tomllib
from typing import Any

from gatesh._value import Value
from gatesh.errors import PatternFileError
from gatesh.facts.cli import Grammar
from gatesh.model import Layer, Severity
from gatesh.rules import notation, variables
from gatesh.rules.notation import NotationError, near
from gatesh.rules.overlap import may_suppress
from gatesh.rules.positions import lines_of, mistake_of
from gatesh.rules.rule import (
    CLASSES,
    NOTATIONS,
    SOME,
    Examples,
    Pattern,
    Rule,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gatesh.places import Places

NEEDED = ("severity", "class", "say", "instead", "catches", "passes")
KEYS = {
    *NOTATIONS,
    *NEEDED,
    "unless",
    "when",
    "certain",
    "preview",
    "loses",
    "known_misses",
    "world",
}
OVERRIDE = ("severity", "unless", "when", "off", "deny")
_RESERVED = ("sets", "programs", "override")
_LONGEST_ID = 64
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CAPTURES = {
    "cli": {"options", "operands"},
    "http": {"method", "host", "path"},
    "graphql": {"field", "host", "operation"},
    "sql": {"kind", "table", "text"},
    "file": {"path", "action", "extent"},
    "line": {"reason", "name", "value"},
}  # beside {program}, {target}, {names} and {1} {2} …
_CAPTURE = re.compile(r"\{([^{}]*)\}")


class Override(Value):
    """`[override.RULE-ID]`: one change of one rule."""

    rule: str
    key: str  # severity, unless, when, off, deny
    value: Any
    file: str
    line: int
    layer: Layer
    patterns: tuple[Pattern, ...] = ()  # of `unless`


class PatternFile(Value):
    """A pattern file that was read and checked."""

    path: str
    layer: Layer
    rules: tuple[Rule, ...]
    examples: dict[str, Examples]
    grammars: dict[str, Grammar]
    overrides: tuple[Override, ...]


def parse_files(
    texts: Iterable[tuple[str, Layer, str]],
    places: Places,
    report: Callable[[PatternFileError], None] | None = None,
) -> tuple[PatternFile, ...]:
    """Check and compile pattern files that belong together: sets and ids are common to all.

    The first mistake is raised; with `report`, each is handed over instead and what it is in left out.
    """
    mistakes = _Mistakes(report)
    read = []
    for path, layer, text in texts:
        with mistakes:
            read.append(_Reader(path, layer, text, places, mistakes))
    sets = _common_sets(read, places, mistakes)
    found = tuple(reader.compile(sets) for reader in read)
    _refuse_doubles(found, mistakes)
    _refuse_unreachable(found, mistakes)
    declared = {name for reader in read for name in reader.tables}
    return _with_overrides(found, declared, sets, places, mistakes)


class _Mistakes:
    """Entered around what may fail alone: raises the mistake, or reports it and goes on."""

    def __init__(self, report: Callable[[PatternFileError], None] | None) -> None:
        self._report = report
        self.collected = report is not None

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if self._report is None or not isinstance(error, PatternFileError):
            return False
        self._report(error)
        return True


def own_sets(places: Places) -> dict[str, tuple[str, ...]]:
    """Return the sets that only this installation knows: where gatesh itself lives."""
    package = os.path.abspath(__file__).rsplit("/", 2)[0]
    folders = (places.config, places.state, places.runtime, package)
    return {"gatesh-folders": tuple(dict.fromkeys(folders)), "home": (places.user_home,)}


class _Reader:
    """One file on its way from text to PatternFile."""

    def __init__(
        self, path: str, layer: Layer, text: str, places: Places, mistakes: _Mistakes
    ) -> None:
        self.path, self.layer, self._places, self._mistakes = path, layer, places, mistakes
        # Tests see to the shipped files; at each start that would only cost time.
        self._thorough = mistakes.collected or layer is not Layer.SHIPPED
        self.where = lines_of(text)
        try:
            self.tables: dict[str, Any] = tomllib.loads(text)
        except RecursionError:
            raise PatternFileError(
                path, 1, "tables or lists stand in one another too deeply"
            ) from None
        except tomllib.TOMLDecodeError as error:
            raise PatternFileError(path, *mistake_of(error, text)) from error

    def fail(self, table: str, key: str, what: str, hint: str = "") -> PatternFileError:
        line = self.where.get((table, key)) or self.where.get((table, "")) or 1
        return PatternFileError(self.path, line, what, hint)

    def compile(self, sets: dict[str, tuple[str, ...]]) -> PatternFile:
        rules, examples = [], {}
        for name, table in self.tables.items():
            if name not in _RESERVED:
                with self._mistakes:
                    rule = self._rule(name, table, sets)
                    examples[name] = self._examples(name, table)
                    rules.append(rule)
        return PatternFile(
            self.path, self.layer, tuple(rules), examples, self._grammars(), self._overrides()
        )

    def own_sets(self) -> dict[str, tuple[str, ...]]:
        found = {}
        with self._mistakes:
            for name, value in self._table("sets").items():
                with self._mistakes:
                    found[name] = self._strings("sets", name, value)
        return found

    def _table(self, name: str) -> dict[str, Any]:
        found = self.tables.get(name, {})
        if not isinstance(found, dict):
            raise self.fail("", name, f"{name} is not a table", f"write it as [{name}]")
        return found

    def _rule(self, name: str, table: Any, sets: dict[str, tuple[str, ...]]) -> Rule:
        if not isinstance(table, dict):
            raise self.fail("", name, f"{name} stands outside of any rule", "put it below a [rule]")
        if not ID.fullmatch(name) or len(name) > _LONGEST_ID:
            raise self.fail(name, "", f"{name!r} is no rule id", "use lower-case-words-and-hyphens")
        if table.keys() <= set(OVERRIDE):
            hint = f"write [override.{name}] to change a rule that is there"
            raise self.fail(name, "", f"{name} has no pattern", hint)
        self._check_keys(name, table)
        kinds = [k for k in NOTATIONS if k in table]
        if len(kinds) != 1:
            said = " and ".join(kinds) if kinds else "no pattern"
            hint = f"a rule has exactly one of {', '.join(NOTATIONS)}"
            raise self.fail(name, kinds[-1] if kinds else "", f"{name} has {said}", hint)
        kind = kinds[0]
        source = self._strings(name, kind, table[kind])
        unless = self._strings(name, "unless", table.get("unless", []), least=0)
        rule = Rule(
            id=name,
            notation=kind,
            patterns=self._patterns(name, kind, source, sets),
            severity=self._severity(name, table["severity"]),
            klass=self._class(name, table["class"]),
            say=self._sentence(name, "say", table, kind),
            instead=self._sentence(name, "instead", table, kind),
            source=source,
            unless=self._patterns(name, kind, unless, sets, "unless"),
            when=self._condition(name, kind, table.get("when", "")),
            certain=self._truth(name, "certain", table.get("certain", False)),
            preview=self._sentence(name, "preview", table, kind),
            loses=self._losses(name, table["loses"], kind) if "loses" in table else None,
            layer=self.layer,
            file=self.path,
            line=self.where.get((name, ""), 1),
        )
        hidden = [text for text in source if text in unless]
        if len(hidden) == len(source):
            raise self.fail(name, "unless", f"{name} is unreachable: unless repeats its pattern")
        if self._thorough:
            for text in unless:
                excepted = self._patterns(name, kind, (text,), sets, "unless")
                if not may_suppress(excepted, rule):
                    what = f"unless {text!r} never suppresses {name}"
                    raise self.fail(name, "unless", what, f"it catches {source[0]}")
        return rule

    def _check_keys(self, name: str, table: dict[str, Any]) -> None:
        for key in table:
            if key not in KEYS:
                change = f"write [override.{name}] to change a rule that is there"
                hint = change if key in OVERRIDE else near(key, KEYS)
                raise self.fail(name, key, f"unknown key {key!r}", hint)
        for key in NEEDED:
            if key not in table:
                raise self.fail(name, "", f"{name} has no {key!r}", f"add {key} = …")

    def _patterns(
        self,
        name: str,
        kind: str,
        source: tuple[str, ...],
        sets: dict[str, tuple[str, ...]],
        key: str = "",
    ) -> tuple[Pattern, ...]:
        try:
            return compile_patterns(kind, source, sets, self._places.user_home)
        except NotationError as error:
            raise self.fail(name, key or kind, str(error), error.hint) from None

    def _severity(self, name: str, value: Any) -> Severity:
        if value not in set(Severity):
            raise self.fail(name, "severity", f"{value!r} is no severity", ", ".join(Severity))
        return Severity(value)

    def _class(self, name: str, value: Any) -> str:
        if value not in CLASSES:
            raise self.fail(name, "class", f"{value!r} is no class", ", ".join(sorted(CLASSES)))
        return str(value)

    def _sentence(self, name: str, key: str, table: dict[str, Any], kind: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str) or "\n" in value or (key in table and not value.strip()):
            raise self.fail(name, key, f"{key!r} is one line of text")
        known = {"program", "target", "names", *_CAPTURES[kind]}
        for capture in _CAPTURE.findall(value):
            if capture not in known and not capture.isdigit():
                hint = f"{{1}} {{2}} … and {', '.join(sorted(known))}"
                raise self.fail(name, key, f"{{{capture}}} captures nothing in {kind!r}", hint)
        return value

    def _losses(self, name: str, value: Any, kind: str) -> tuple[str, ...]:
        given = self._strings(name, "loses", value, least=0)
        known = {*SOME, *_CAPTURES[kind]}
        for text in given:
            found = _CAPTURE.fullmatch(text)
            capture = found[1] if found else ""
            option = kind == "cli" and capture.startswith("-")
            if capture not in known and not capture.isdigit() and not option:
                hint = f"{{1}} {{2}} … {{--option}} and {', '.join(sorted(known))}"
                raise self.fail(name, "loses", f"{text!r} captures nothing in {kind!r}", hint)
        return given

    def _truth(self, name: str, key: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.fail(name, key, f"{key!r} is true or false")
        return value

    def _condition(self, name: str, kind: str, value: Any) -> str:
        if not isinstance(value, str) or (not value and not kind):
            raise self.fail(name, "when", "'when' is one CEL expression")
        if value and kind and self._thorough:
            try:
                variables.check(value, kind)
            except NotationError as error:
                raise self.fail(name, "when", str(error), error.hint) from None
        return value

    def _examples(self, name: str, table: dict[str, Any]) -> Examples:
        world = table.get("world", {})
        for key in world:
            if key not in ("files", "env"):
                raise self.fail(name, "world", f"unknown key {key!r} in world", "files, env")
        found = Examples(
            self._strings(name, "catches", table["catches"]),
            self._strings(name, "passes", table["passes"]),
            self._strings(name, "known_misses", table.get("known_misses", []), least=0),
            tuple(world.get("files", {}).items()),
            tuple(world.get("env", {}).items()),
        )
        for key, lines in (("catches", found.catches), ("passes", found.passes)):
            if len(lines) < 2:
                raise self.fail(name, key, f"{key!r} needs at least two command lines")
        return found

    def _strings(self, table: str, key: str, value: Any, *, least: int = 1) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(v, str) and v for v in listed):
            raise self.fail(table, key, f"{key!r} is a string or a list of strings")
        if len(listed) < least:
            raise self.fail(table, key, f"{key!r} is empty")
        return tuple(listed)

    def _grammars(self) -> dict[str, Grammar]:
        found: dict[str, Grammar] = {}
        with self._mistakes:
            for names, table in self._table("programs").items():
                where = f"programs.{names}"
                with self._mistakes:
                    if not isinstance(table, dict):
                        raise self.fail("programs", names, f"write it as [{where}]")
                    made = self._grammar(where, table)
                    found.update((name.strip(), made) for name in names.split(","))
        return found

    def _grammar(self, where: str, table: dict[str, Any]) -> Grammar:
        fields = Grammar._defaults  # noqa: SLF001  a Value tells its fields as a namedtuple does
        made: dict[str, Any] = {}
        for key, value in table.items():
            if key not in fields:
                raise self.fail(where, key, f"unknown key {key!r}", near(key, fields))
            if isinstance(fields[key], tuple):
                made[key] = self._strings(where, key, value)
            elif type(value) is not type(fields[key]):
                raise self.fail(where, key, f"{key!r} is not a {_KINDS[type(fields[key])]}")
            else:
                made[key] = value
        return Grammar(**made)

    def _overrides(self) -> tuple[Override, ...]:
        found: list[Override] = []
        with self._mistakes:
            for rule, table in self._table("override").items():
                with self._mistakes:
                    found += self._changes(rule, table)
        return tuple(found)

    def _changes(self, rule: str, table: Any) -> list[Override]:
        where = f"override.{rule}"
        if self.layer is Layer.SHIPPED:
            raise self.fail(where, "", "a shipped file overrides nothing")
        if not isinstance(table, dict) or not table:
            raise self.fail(where, "", f"write it as [{where}] with {', '.join(OVERRIDE)}")
        found = []
        for key, value in table.items():
            line = self.where.get((where, key), 1)
            checked = self._override_value(where, key, value)
            found.append(Override(rule, key, checked, self.path, line, self.layer))
        return found

    def _override_value(self, where: str, key: str, value: Any) -> Any:
        if key not in OVERRIDE:
            raise self.fail(where, key, f"unknown key {key!r}", near(key, OVERRIDE))
        if key == "severity":
            return self._severity(where, value)
        if key == "unless":
            return self._strings(where, key, value)
        if key == "when":
            return self._condition(where, "", value)
        if value is not True:
            raise self.fail(where, key, f"{key!r} can only be true", "remove the line instead")
        return True


def compile_patterns(
    kind: str, source: tuple[str, ...], sets: dict[str, tuple[str, ...]], home: str
) -> tuple[Pattern, ...]:
    """Return the patterns of a list; `@set` alone stands for one pattern per member."""
    spelled = []
    for text in source:
        name = text.removeprefix("@")
        whole = text.startswith("@") and re.fullmatch("[a-z][a-z0-9-]*", name)
        spelled += list(sets[name]) if whole and name in sets else [text]
    return tuple(notation.parse(kind, text, sets, home) for text in spelled)


def _common_sets(
    read: list[_Reader], places: Places, mistakes: _Mistakes
) -> dict[str, tuple[str, ...]]:
    sets = own_sets(places)
    for reader in read:
        for name, members in reader.own_sets().items():
            with mistakes:
                if name in sets:
                    raise reader.fail("sets", name, f"there is a set @{name} already", "rename it")
                sets[name] = members
    return sets


def _refuse_doubles(found: tuple[PatternFile, ...], mistakes: _Mistakes) -> None:
    seen: dict[str, Rule] = {}
    for rule in (r for file in found for r in file.rules):
        first = seen.setdefault(rule.id, rule)
        if first is not rule:
            with mistakes:
                raise PatternFileError(
                    rule.file,
                    rule.line,
                    f"there is a rule {rule.id} already ({first.file}:{first.line})",
                    f"rename it, or change the other by [override.{rule.id}]",
                )


def _refuse_unreachable(found: tuple[PatternFile, ...], mistakes: _Mistakes) -> None:
    """Refuse a rule that says what another says already: nothing is left for it to catch."""
    seen: dict[tuple[object, ...], Rule] = {}
    for rule in (r for file in found for r in file.rules):
        says = (rule.notation, frozenset(rule.source), rule.unless, rule.when)
        first = seen.setdefault(says, rule)
        if first is not rule and first.layer is rule.layer:
            with mistakes:
                what = f"{rule.id} is unreachable: {first.id} has the same pattern"
                raise PatternFileError(rule.file, rule.line, what, "remove one of them")


def _with_overrides(
    found: tuple[PatternFile, ...],
    declared: set[str],
    sets: dict[str, tuple[str, ...]],
    places: Places,
    mistakes: _Mistakes,
) -> tuple[PatternFile, ...]:
    """Check that overrides speak of rules, and compile their `unless` in the rule's notation."""
    rules = {rule.id: rule for file in found for rule in file.rules}

    def compiled(change: Override) -> Override:
        rule = rules.get(change.rule)
        if not rule:
            what = f"there is no rule {change.rule} to override"
            hint = near(change.rule, rules, "gatesh patterns list names the rules")
            raise PatternFileError(change.file, change.line, what, hint)
        try:
            if change.key == "when":
                variables.check(change.value, rule.notation)
            if change.key != "unless":
                return change
            made = [
                compile_patterns(rule.notation, (text,), sets, places.user_home)
                for text in change.value
            ]
        except NotationError as error:
            raise PatternFileError(change.file, change.line, str(error), error.hint) from None
        for text, patterns in zip(change.value, made, strict=True):
            if not may_suppress(patterns, rule):
                what = f"unless {text!r} never suppresses {rule.id}"
                raise PatternFileError(
                    change.file, change.line, what, f"it catches {rule.source[0]}"
                )
        return change.but(patterns=tuple(p for patterns in made for p in patterns))

    def checked(file: PatternFile) -> PatternFile:
        changes = []
        for change in file.overrides:
            with mistakes:
                if change.rule in rules or change.rule not in declared:
                    changes.append(compiled(change))
        return file.but(overrides=tuple(changes))

    return tuple(map(checked, found))


_KINDS = {bool: "truth value", int: "number", dict: "table"}
