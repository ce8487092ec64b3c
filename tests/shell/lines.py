"""Composes command lines around the stand-in `zap`, from the rows of tests/data/compositions.toml.

The same code serves hypothesis (its `randoms()` shrink) and long runs with a seeded `random.Random`.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from random import Random

from tests.shell.cases import DATA

ROWS: dict[str, list[str]] = tomllib.loads((DATA.parent / "compositions.toml").read_text())
STATEMENTS = [
    (kind, row)
    for kind in ("structure", "document", "started", "named", "twice")
    for row in ROWS[kind]
]
WORDS = ["a", "b-c", "'d e'", '"f g"', "h\\ i", "$V", '"$V"', "$'j\\tk'", "$1", '"$@"', "$#", "l=m", "-n", "*", "~", "{o,p}", "''", "$((1+2))", "é", "${V%b}", "$u", "'$(q)'", "r#s", "\\;", "!", "'}'", "x\\\ny"]  # fmt: skip
SPELLINGS = ["l", "l", "'l'", '"l"', "\\l", "$'\\x{0:x}'", "$'\\{0:o}'", "$'\\u{0:04x}'", '$"l"', "''l", 'l""', "\\\nl", "${{u}}l", "$'l'", "l$u", "l$()", "l``"]  # fmt: skip
PLAIN = ["a", "bc", "'d e'", "f-g", "x1"]
_MARK = re.compile(r"«(.+?)»")


class Composer:
    """One line. `used` are the rows it was made of; whatever runs has a tag of its own."""

    def __init__(self, chance: Random, deepest: int = 4, case: int = 0) -> None:
        self._chance = chance
        self._deepest = deepest
        self._case = case
        self._count = 0
        self.used: list[str] = []

    def line(self) -> str:
        """A line in which some commands run `zap` and others only mention it."""
        return self._list(0)

    def decoy(self) -> str:
        """A line that mentions `zap` and never runs it."""
        parts = [
            self._fill(self._one(ROWS["decoys"]), 9) for _ in range(self._chance.randint(1, 3))
        ]
        if self._chance.random() < 0.3:
            parts.append(self._fill("cat <<«'E»\n«K»\n«E»\n", 9))
        return "\n".join(parts)

    def filled(self, row: str) -> str:
        """A line made of one row."""
        return self._fill(row, 0)

    # -- the parts -----------------------------------------------------------------------------------

    def _one(self, rows: list[str]) -> str:
        return self._chance.choice(rows)

    def _fresh(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._case}_{self._count}"

    def _fill(self, row: str, depth: int) -> str:
        """Fill in a row; what has one name in it keeps that name."""
        names = {
            "N": self._fresh("n"),
            "M": self._fresh("m"),
            "E": self._fresh("E"),
            "F": self._fresh("f"),
        }
        if self._chance.random() < 0.1:
            names["N"] = self._one(["V", "x", "IFS_", "REPLY", "i"])
        names["'E"] = self._one(["'{}'", '"{}"', "\\{}", "{}''"]).format(names["E"])

        def part(mark: re.Match[str]) -> str:
            kind = mark.group(1)
            return names[kind] if kind in names else self._part(kind, depth)

        return _MARK.sub(part, row)

    def _part(self, kind: str, depth: int) -> str:
        match kind:
            case "S":
                return self._list(depth + 1)
            case "S;":
                return self._ended(self._list(depth + 1))
            case "L":
                return self._on_one_line(depth + 1)
            case "Z":
                return f"{self._name()} {self._part('T', depth)}{self._arguments(depth)}"
            case "z":
                return self._name()
            case "T":
                return self._fresh("t")
            case "W":
                return self._word(depth + 1)
            case "w":
                return self._one(PLAIN)
            case "Q":
                return self._quoted(self._list(depth + 1))
            case "B":
                return self._in_backticks(self._list(depth + 1))
            case "X":
                return self._quoted(f"a[$({self._on_one_line(depth + 1)})0]")
            case "A":
                return self._row("arithmetic", depth)
            case "V":
                return self._one(PLAIN) if depth >= self._deepest else self._row("within", depth)
            case "H":
                return "\n".join(self._live(depth) for _ in range(self._chance.randint(1, 2)))
            case "O":
                return self._live(depth)
            case "K":
                return "\n".join(self._fill(self._one(ROWS["data"]), 9) for _ in range(2))
            case "D":
                return self._fill(self._one([d for d in ROWS["decoys"] if "#" not in d]), 9)
            case "C":
                return self._fill(self._one(ROWS["comments"]), 9)
            case "d":
                return self._fresh("d")
        raise AssertionError(kind)

    def _row(self, kind: str, depth: int) -> str:
        if depth >= self._deepest and kind == "arithmetic":
            return self._one(["1", f"1 + $(zap {self._fresh('t')})1"])
        row = self._one(ROWS[kind])
        self.used.append(row)
        return self._fill(row, depth + 1)

    def _list(self, depth: int) -> str:
        if depth >= self._deepest or self._chance.random() < 0.15:
            return self._part("Z", depth)
        _, row = self._chance.choice(STATEMENTS)
        self.used.append(row)
        return self._fill(row, depth)

    def _on_one_line(self, depth: int) -> str:
        for _ in range(3):
            kept, text = len(self.used), self._list(depth)
            if "\n" not in text and "#" not in text:
                return text
            del self.used[kept:]
        return self._part("Z", self._deepest)

    def _ended(self, text: str) -> str:
        if text.endswith("\n"):
            return text
        return text + self._one(["; ", "\n", ";", " ;\n", "\n\n"])

    def _name(self) -> str:
        return self._spelled("zap") if self._chance.random() < 0.4 else "zap"

    def _arguments(self, depth: int) -> str:
        words = []
        while self._chance.random() < 0.4:
            live = depth < self._deepest and self._chance.random() < 0.3
            words.append(" " + (self._word(depth + 1) if live else self._one(WORDS)))
        return "".join(words)

    def _word(self, depth: int) -> str:
        if depth > self._deepest:
            return self._one(PLAIN)
        if self._chance.random() < 0.6:
            text = self._row("within", depth)
            return f'"{text}"' if self._chance.random() < 0.4 else text
        return self._row("apart", depth)

    def _live(self, depth: int) -> str:
        """A line of a here-document in which substitutions run."""
        before = self._one(["", "it's ", 'say "', "a ", "# ", "\\$x ", "zap ", "' "])
        live = self._row("within", depth) if depth < self._deepest else f"$(zap {self._fresh('t')})"
        return before + live + self._one(["", " b", "'", '"', "\\\\"])

    # -- spelling ------------------------------------------------------------------------------------

    def _spelled(self, name: str) -> str:
        """The same word, quoted in some way."""
        return "".join(
            self._one(SPELLINGS).replace("l", letter).format(ord(letter)) for letter in name
        )

    def _quoted(self, text: str) -> str:
        """Text as one word, in any of the ways of quoting."""
        match self._chance.randint(0, 4):
            case 0:
                return '"' + re.sub(r'([\\"$`])', r"\\\1", text) + '"'
            case 1:
                escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
                return f"$'{escaped}'"
            case 2 if "\n" not in text:
                return re.sub(r"([^A-Za-z0-9_/.:=-])", r"\\\1", text) or "''"
            case 3 if len(text) > 2:
                at = self._chance.randint(1, len(text) - 1)
                return shlex.quote(text[:at]) + '"' + re.sub(r'([\\"$`])', r"\\\1", text[at:]) + '"'
            case _:
                return "'" + text.replace("'", "'\\''") + "'"

    @staticmethod
    def _in_backticks(text: str) -> str:
        return text.replace("\\", "\\\\").replace("`", "\\`")
