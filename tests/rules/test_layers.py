"""Whose word counts: what tightens is active at once, what loosens waits for a person."""

import pytest

from gatesh.model import Layer, Severity
from gatesh.places import places_below
from gatesh.rules import load
from gatesh.rules.examples import PLACES, consider
from gatesh.rules.layers import combine, loosenings
from gatesh.rules.rule import Examples
from gatesh.rules.source import parse_files

SHIPPED = """
[drop]
cli = "store drop"
severity = "high"
class = "data-destroy"
say = "drops {1}"
instead = "look first"
catches = ["store drop x", "store drop y"]
passes = ["store list", "echo store drop"]

[programs.store]
values = ["-C"]
"""

# User text → (severity, unless patterns, deny, active?) before and after a person confirmed, sentences
TABLE = {
    "nothing": ("", ("high", 0, False), ("high", 0, False), []),
    "raise": (
        '[override.drop]\nseverity = "critical"',
        ("critical", 0, False),
        ("critical", 0, False),
        [],
    ),
    "deny": ("[override.drop]\ndeny = true", ("high", 0, True), ("high", 0, True), []),
    "same": ('[override.drop]\nseverity = "high"', ("high", 0, False), ("high", 0, False), []),
    "lower": (
        '[override.drop]\nseverity = "low"',
        ("high", 0, False),
        ("low", 0, False),
        ["drop is only low instead of high (drops …)"],
    ),
    "unless": (
        '[override.drop]\nunless = "store drop scratch"',
        ("high", 0, False),
        ("high", 1, False),
        ["drop lets by: store drop scratch (drops …)"],
    ),
    "off": ("[override.drop]\noff = true", ("high", 0, False), None, ["drop is off (drops …)"]),
    "deny and unless": (
        '[override.drop]\ndeny = true\nunless = "store drop scratch"',
        ("high", 0, True),
        ("high", 1, True),
        ["drop lets by: store drop scratch (drops …)"],
    ),
}


def read(user: str):
    texts = [("s.toml", Layer.SHIPPED, SHIPPED), ("u.toml", Layer.USER, user)]
    return parse_files(texts, PLACES)


def test_a_condition_of_the_users_narrows_a_rule_once_it_is_confirmed():
    files = read("[override.drop]\nwhen = \"!('scratch' in operands)\"")
    (found,) = loosenings(files)
    nobody, confirmed = combine(files), combine(files, frozenset([found.digest]))

    def matched(rules, line):
        return [m.rule for m in consider(rules, line, Examples((), ())).matches]

    assert found.sentence == "drop counts only when !('scratch' in operands) (drops …)"
    assert matched(nobody, "store drop scratch") == ["drop"]
    assert matched(confirmed, "store drop scratch") == []
    assert matched(confirmed, "store drop prod") == ["drop"]
    assert matched(confirmed, "store drop $X") == ["drop"], "what cannot be seen counts"
    assert nobody.digest != confirmed.digest, "a record tells by which rules it was judged"


def test_two_conditions_both_have_to_hold():
    shipped = SHIPPED.replace(
        'severity = "high"', "severity = 'high'\nwhen = \"'a' in operands || 'b' in operands\""
    )
    texts = [
        ("s.toml", Layer.SHIPPED, shipped),
        ("u.toml", Layer.USER, "[override.drop]\nwhen = \"'b' in operands\""),
    ]
    files = parse_files(texts, PLACES)
    rules = combine(files, frozenset(one.digest for one in loosenings(files)))

    caught = [x for x in "abc" if consider(rules, f"store drop {x}", Examples((), ())).matches]
    assert caught == ["b"]


def state(rules):
    found = [r for r in rules.rules if r.id == "drop"]
    return (found[0].severity, len(found[0].unless), found[0].deny) if found else None


@pytest.mark.parametrize("name", TABLE)
def test_what_tightens_is_active_at_once_and_what_loosens_after_a_person_confirmed(name):
    user, before, after, sentences = TABLE[name]
    files = read(user)
    found = loosenings(files)

    assert [each.sentence for each in found] == sentences
    assert state(combine(files)) == before
    assert state(combine(files, frozenset(each.digest for each in found))) == after


def test_a_confirmation_holds_for_what_was_confirmed_and_nothing_else():
    digest = loosenings(read('[override.drop]\nunless = "store drop scratch"'))[0].digest
    wider = read('[override.drop]\nunless = "store drop *"')

    assert state(combine(wider, frozenset({digest}))) == ("high", 0, False)


def test_a_confirmation_does_not_hold_for_a_set_that_was_widened_later():
    text = '[sets]\nmine = [{}]\n[override.drop]\nunless = "store drop @mine"'
    digest = loosenings(read(text.format('"a"')))[0].digest
    wider = read(text.format('"a", "prod"'))

    assert state(combine(wider, frozenset({digest}))) == ("high", 0, False)


def test_a_new_rule_is_active_at_once():
    files = read(SHIPPED.replace("[drop]", "[mine]").replace("drop", "wipe").split("[programs")[0])

    assert loosenings(files) == ()
    assert "mine" in {r.id for r in combine(files).rules}


def test_another_grammar_for_a_program_that_shipped_rules_know_waits_for_a_person():
    """Declaring that `-f` takes a value would hide what comes behind it."""
    files = read('[programs.store]\nvalues = ["-f"]')
    found = loosenings(files)

    assert [each.sentence for each in found] == [
        "the command line of store is read by another grammar"
    ]
    assert combine(files).grammars["store"].values == ("-C",)
    assert combine(files, frozenset({found[0].digest})).grammars["store"].values == ("-f",)


def test_so_does_a_grammar_for_one_of_its_subcommands():
    """`store drop -q now` would lose its last word to -q."""
    assert loosenings(read('[programs."store drop"]\nvalues = ["-q"]'))


def test_a_grammar_for_a_new_program_is_active_at_once():
    files = read('[programs.shop]\nvalues = ["-f"]')

    assert loosenings(files) == ()
    assert combine(files).grammars["shop"].values == ("-f",)


def test_a_users_set_cannot_replace_a_shipped_one(tmp_path):
    (tmp_path / "patterns").mkdir(mode=0o755)
    (tmp_path / "patterns" / "x.toml").write_text('[sets]\nrailway-harmless = ["volumeDelete"]\n')
    (tmp_path / "patterns" / "x.toml").chmod(0o644)

    with pytest.raises(load.PatternFileError, match="there is a set @railway-harmless already"):
        load.load(places_below(str(tmp_path)), cached=False)


def test_a_lowered_severity_in_one_file_and_a_raised_one_in_another_do_not_cancel():
    files = read('[override.drop]\nseverity = "critical"')

    assert state(combine(files))[0] is Severity.CRITICAL


def test_an_unless_of_the_user_lets_by_exactly_what_it_says():
    files = read('[override.drop]\nunless = "store drop scratch"')
    rules = combine(files, frozenset(each.digest for each in loosenings(files)))
    none = Examples((), ())

    assert not consider(rules, "store drop scratch", none).matches
    assert consider(rules, "store drop prod", none).matches
    assert consider(rules, "store drop $X", none).matches, (
        "an unknown word is not certainly scratch"
    )


def test_a_loosening_says_what_it_is_about():
    files = read('[override.drop]\noff = true\n[programs."store drop"]\nvalues = ["-q"]')

    assert {each.about for each in loosenings(files)} == {"drop", "store drop"}
