"""Programs that nothing speaks of are let through unread: whatever a reader or a rule knows by name is not one.

Every word in any table or expression of the readers, the facts and the rules is taken for a program's name here,
whether it is one or not, and started with words that many programs take for something to run or to delete.
"""

from __future__ import annotations

import json
import re
import shlex
import tracemalloc
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from sys import getrefcount
from typing import TYPE_CHECKING

import pytest

from gatesh import facts, rules, shell, supervise
from gatesh.audit.record import like, rows_of
from gatesh.key import hmac_sha256
from gatesh.model import Asker, Door, Verdict
from gatesh.places import places_below
from gatesh.redact import secrets_in
from gatesh.supervise.covered import Place, covered
from gatesh.supervise.image import Image, command_line
from gatesh.supervise.unspoken import is_unspoken, text_of
from gatesh.wiring import gate_for_check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.supervise.conftest import Run

ENV = b"HOME=/home/me\0PATH=/usr/bin:/bin\0PAGER=less -R\0GIT_SSH_COMMAND=ssh -i k\0EDITOR=vi\0A_TOKEN=aB3dE5gH7\0"
GIVEN = """
    rm -rf keep|-rf keep|-c rm|-e system|-- rm -rf keep|exec rm keep|run -- rm keep|run rm keep|-x rm keep
    delete|push --force|A=b rm keep|--exec=rm|-exec rm keep|-o /dev/sda|/etc/passwd|destroy -y|h rm keep
    https://example.com/x|+rm|-|x.py|x.js|./x.sh|--filter=rm|-fdx|DROP TABLE users|-r1 down|@x|8 rm keep
"""
VECTORS = [part.split() for line in GIVEN.strip().splitlines() for part in line.strip().split("|")]


def texts_in(value: object, deep: int = 0) -> Iterator[str]:
    """Yield every text in a table."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, re.Pattern):
        yield str(value.pattern)
    elif isinstance(value, dict) and deep < 4:
        for item in (*value, *value.values()):
            yield from texts_in(item, deep + 1)
    elif isinstance(value, (tuple, list, set, frozenset)) and deep < 4:
        for item in value:
            yield from texts_in(item, deep + 1)


def names_in_tables() -> set[str]:
    found: set[str] = set()
    for package in (facts, rules, shell, supervise):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            for name, value in vars(import_module(module.name)).items():
                if not name.startswith("__"):
                    for text in texts_in(value):
                        found.update(re.findall(r"[A-Za-z0-9_][\w.+-]{0,30}", text))
    return found


class Both:
    """What is told of a program without reading it, and by reading it."""

    def __init__(self, place: Path) -> None:
        self.gate, self.world = gate_for_check(places_below(str(place)))
        self.rules = self.gate._rules
        self.row: dict[str, object] | None = None
        self.unread = 0

    def image(self, program: str, words: list[str]) -> Image:
        arguments = b"\0".join(word.encode() for word in (program, *words)) + b"\0"
        return Image(7, program, 1, 2, 3, 4, arguments, ENV, "/srv/work")

    def compare(self, program: str, words: list[str]) -> None:
        """Assert that what is not read would be let through, and recorded the same, if it were."""
        found = self.image(program, words)
        text = text_of(found, program, self.rules, self.world)
        if not text:
            return
        self.unread += 1
        line = command_line(found, program, tuple(words))
        assert (line.text, line.door) == (text, Door.EXEC)
        seen, decision = self.gate.consider(line, self.world)
        tells = program.rsplit("/", 1)[-1] in self.rules.programs
        decision = covered(seen, decision, Place(), tells=tells)
        assert decision.verdict is Verdict.ALLOW, text
        assert not decision.matches, text
        mac = lambda data: hmac_sha256(b"key", data)  # noqa: E731
        row, parts = rows_of(line, Asker(7, 0, "s", 5, 1), seen, decision, "d", mac, brief=True)
        assert not parts
        self.row = self.row or row
        made = like(self.row, line, program, "d", mac)
        assert {**made, "time_ns": 0} == {**row, "time_ns": 0}, text


@pytest.fixture
def both(place: Path) -> Both:
    return Both(place)


def test_what_any_table_knows_by_name_is_read(both: Both) -> None:
    names = names_in_tables() | both.rules.programs
    assert len(names) > 3000
    for name in sorted(names):
        for form in (name, f"{name}3", f"{name}-14", f"{name}.exe", f"mkfs.{name}"):
            if is_unspoken(form, both.rules):
                for words in VECTORS if form == name else VECTORS[:1]:
                    both.compare(f"/usr/bin/{form}", words)
    assert both.unread > 8_000


def test_what_agents_run_is_told_alike(both: Both, shared: Path) -> None:
    lines = (shared / "corpora/agent_commands.jsonl").read_text().splitlines()
    for raw in lines:
        try:
            words = shlex.split(json.loads(raw)["command"])
        except ValueError:
            continue
        if words:
            both.compare(f"/usr/bin/{words[0].rsplit('/', 1)[-1]}", words[1:])
    assert both.unread > 20


@pytest.mark.parametrize("name", ["cc1", "as", "ld", "collect2", "true", "esbuild", "rustc"])
def test_what_builds_start_is_not_read(name: str, both: Both) -> None:
    found = both.image(f"/usr/lib/x/{name}", ["-o", "/tmp/ccA.s", "a.c"])
    assert (
        text_of(found, found.real, both.rules, both.world) == f"/usr/lib/x/{name} -o /tmp/ccA.s a.c"
    )


# What is changed of a program that would not be read, so that it is.
SIGNS = [
    ({"real": "/usr/bin/rm"}, ["keep"]),
    ({"root": "/proc/7/root"}, ["x"]),
    ({"input": "/srv/x"}, ["x"]),
    ({"at": "/srv/x"}, ["x"]),
    ({"cwd": "/home/me/.config/gatesh"}, ["x"]),
    ({}, ["/home/me/.config/gatesh/scope.toml"]),
    ({}, ["a b"]),
    ({}, [""]),
    ({}, ["a[$(rm"]),
    ({}, ["PATH=/x"]),
    ({}, ["--token=aB3dE5gH7"]),
    ({}, ["aB3dE5gH7"]),
    ({}, ["x"] * 4000),
    ({}, ["é"]),
    ({"real": "/memfd:cc1 (deleted)"}, ["x"]),
    ({"environment": ENV + b"BASH_ENV=/srv/work/x.sh\0"}, ["x"]),
]


@pytest.mark.parametrize(("changes", "words"), SIGNS)
def test_with_a_sign_of_more_it_is_read(changes, words, both: Both) -> None:
    plain = both.image("/usr/bin/cc1", ["x"])
    assert text_of(plain, plain.real, both.rules, both.world)
    found = both.image("/usr/bin/cc1", words).but(**changes)
    assert not text_of(found, found.real, both.rules, both.world)


def test_below_a_scope_it_is_read(both: Both) -> None:
    found = both.image("/usr/bin/cc1", ["x"])
    scoped = both.world.scoped(object())  # type: ignore[arg-type]
    assert not text_of(found, found.real, both.rules, scoped)


def test_what_is_said_of_the_first_program_is_said_of_no_other(run: Run, work: Path) -> None:
    for name in ("first", "second"):
        content = bytearray(Path("/bin/true").read_bytes() + name.encode())
        if name == "first":
            content[4:16] = b"\npsql -h db\n"  # of its header the kernel looks at less
        (work / name).write_bytes(content)
        (work / name).chmod(0o755)
    (work / "x.sh").write_text("psql -h prod.example.com -c 'select 1'")
    run.agent(
        "import subprocess\n"
        "for env in {'BASH_ENV': 'x.sh'}, {}:\n"
        "    for name in './first', './second':\n"
        "        subprocess.run([name, 'x'], env=env, check=True)\n"
    )
    rows = [row for row in run.history() if row["command_line"].endswith("/second x")]
    assert [row["targets"] for row in rows] == [[], ["postgres:prod.example.com"]]
    assert {row["reason"] for row in rows} == {""}


def test_rules_that_are_replaced_are_not_kept(place: Path) -> None:
    rules = gate_for_check(places_below(str(place)))[0]._rules
    before = getrefcount(rules)
    assert is_unspoken("cc1", rules)
    assert getrefcount(rules) == before


def test_large_environments_are_not_kept() -> None:
    tracemalloc.start()
    for number in range(300):
        secrets_in(b"X_TOKEN=%d" % number + b"a" * 100_000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 5_000_000


def test_a_copy_of_a_program_that_rules_speak_of_is_read(both: Both) -> None:
    found = both.image("/srv/work/cc1", ["-rf", "keep"])
    assert not text_of(found, "/usr/bin/rm", both.rules, both.world)
