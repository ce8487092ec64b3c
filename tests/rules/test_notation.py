"""The notations: braces, sets, globs, and what each of them refuses."""

import re
from pathlib import Path

import pytest

from gatesh.facts import sql_kinds
from gatesh.rules.notation import parse, spell_out, words
from gatesh.rules.rule import Choice
from gatesh.rules.sql_kinds import KINDS, OPEN

FACTS = Path(__file__).parent.parent / "data" / "facts"

SETS = {"two": ("a", "b"), "more": ("@two", "c{1,2}"), "paths": ("/etc", "~/x")}


@pytest.mark.parametrize(
    ("word", "spelled"),
    [
        ("a", ["a"]),
        ("{a,b}", ["a", "b"]),
        ("x{a,b}y", ["xay", "xby"]),
        ("{a,}b", ["ab", "b"]),
        ("{a,{b,c}}", ["a", "b", "c"]),
        ("{a,b}{c,d}", ["ac", "ad", "bc", "bd"]),
        ("@two", ["a", "b"]),
        ("@two/x", ["a/x", "b/x"]),
        ("{@two,z}", ["a", "b", "z"]),
        ("@more", ["a", "b", "c1", "c2"]),
        ("me@two", ["me@two"]),
        ("@{0}", ["@0"]),
    ],
)
def test_a_word_is_spelled_out(word, spelled):
    assert spell_out(word, SETS) == spelled


@pytest.mark.parametrize("word", ["{a,b", "{a,{b}", "@nobody", "{@nobody}"])
def test_what_is_not_closed_or_not_there_is_refused(word):
    with pytest.raises(ValueError, match=r"not closed|no set"):
        spell_out(word, SETS)


def test_a_word_that_stands_for_too_many_is_refused():
    with pytest.raises(ValueError, match="more than"):
        spell_out("{a,b,c,d,e,f,g,h}" * 5, SETS)


def test_blanks_inside_braces_do_not_split():
    assert words(" drop {a b,c}  d ") == ["drop", "{a b,c}", "d"]


@pytest.mark.parametrize(
    ("glob", "text", "fits"),
    [
        ("a*", "abc", True),
        ("a*", "a\nb", True),
        ("a.c", "abc", False),
        ("[a]*", "[a]x", True),
        ("a?", "ab", False),
        ("", "", True),
        ("\\*", "*", True),
        ("\\*", "x", False),
        ("a\\**", "a*bc", True),
    ],
)
def test_only_the_star_is_special(glob, text, fits):
    pattern = parse("cli", f"x {glob or '{}'}", {}, "/home/me")

    assert pattern.operands[0].holds(text) is fits


@pytest.mark.parametrize(
    ("glob", "text", "fits"),
    [
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/b/c", False),
        ("/a/**", "/a/b/c", True),
        ("/a/**", "/a", True),
        ("/a/**", "/ab", False),
        ("/**/c", "/a/b/c", True),
        ("**/c", "/a/b/c", True),
    ],
)
def test_in_paths_one_star_stays_in_its_segment(glob, text, fits):
    assert Choice(frozenset(), (glob,), paths=True).holds(text) is fits


def test_a_tilde_is_the_persons_home_and_not_the_environments(monkeypatch):
    monkeypatch.setenv("HOME", "/tmp/agent")
    pattern = parse("file", "delete @paths/**", SETS, "/home/me")

    assert pattern.paths.holds("/home/me/x/y")
    assert pattern.paths.holds("/etc/passwd")
    assert not pattern.paths.holds("/tmp/agent/x/y")


@pytest.mark.parametrize("notation", ["cli", "http", "graphql", "sql", "file", "line"])
def test_an_empty_pattern_is_refused(notation):
    with pytest.raises(ValueError, match="empty"):
        parse(notation, "  ", {}, "/")


def test_the_kinds_of_sql_patterns_are_those_that_the_facts_tell():
    told = set(sql_kinds._SINGLE_WORDS["postgres"]) - {"lock"}
    told |= {
        kind
        for name in ("sql", "psql")
        for kind in re.findall(
            r'^kinds? = \[?"([^"]+)"', (FACTS / f"{name}.toml").read_text(), re.MULTILINE
        )
    }

    assert len(told) > 50
    assert {kind for kind in told if kind not in KINDS and not kind.startswith(OPEN)} == set()


@pytest.mark.parametrize(
    "text", ["ALTER TABLE t DROP COLUMN c", "drop view v", "truncate t", "create role r superuser", "set role x",
             "select pg_terminate_backend(1)", "alter system set x = 1", "do $$ begin end $$"],
)  # fmt: skip
def test_a_kind_that_is_told_can_be_written(text):
    kind = sql_kinds.statements(text)[0].kind

    assert parse("sql", kind, {}, "/").kinds.holds(kind)
