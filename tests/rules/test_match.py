"""Rules meet facts: the notations, what cannot be seen, and the words of a match."""

import pytest

from gatesh.facts.cli import call
from gatesh.model import (
    Certainty,
    CliCall,
    CommandLine,
    Extent,
    FileChange,
    GraphqlField,
    HttpRequest,
    Layer,
    Locality,
    Parsed,
    PathEffect,
    SimpleCommand,
    Span,
    SqlStatement,
    Target,
    Unparsed,
    Word,
)
from gatesh.rules import load
from gatesh.rules.examples import PLACES, consider
from gatesh.rules.layers import combine
from gatesh.rules.match import match
from gatesh.rules.rule import Examples
from gatesh.rules.source import parse_files

HERE = Span(0, 1)
SHIPPED = load.load(PLACES, cached=False)


def rules(pattern: str, kind="cli", more="", say="says {names}", severity="high"):
    text = f"""
[r]
{kind} = {pattern!r}
severity = "{severity}"
class = "outage"
say = '{say}'
instead = "look"
catches = ["a", "b"]
passes = ["c", "d"]
{more}
"""
    return combine(parse_files([("x.toml", Layer.SHIPPED, text)], PLACES))


def word(text: str) -> Word:
    unknown = "$" in text or "`" in text
    return Word(text, HERE, Certainty.UNKNOWN if unknown else Certainty.LITERAL)


def command(text: str, **more) -> SimpleCommand:
    return SimpleCommand(tuple(map(word, text.split())), HERE, **more)


def found(active, fact, one=None):
    one = one or command("x")
    return match(active, Parsed((one,)), ((0, fact),), CommandLine("x", "/", {}))


def of(active, text, **more):
    one = command(text, **more)
    return found(active, call(one, active.grammars.get(one.program)), one)


CLI = [
    # pattern, line, "yes" | "no" | "unseen"
    ("git push {-f,--force}", "git push -f", "yes"),
    ("git push {-f,--force}", "git push origin main --force", "yes"),
    ("git push {-f,--force}", "git push -uf origin", "yes"),
    ("git push {-f,--force}", "/usr/bin/git push -f", "yes"),
    ("git push {-f,--force}", "git pull -f", "no"),
    ("git push {-f,--force}", "git push origin", "no"),
    ("git push {-f,--force}", "git push $X", "unseen"),
    ("git push {-f,--force}", "git push origin feature-$X", "no"),
    ("git push {-f,--force}", "git $X -f", "unseen"),
    ("git push {-f,--force}", "git $X status", "unseen"),
    ("git push {-f,--force}", "git status $X", "no"),
    ("git push {-f,--force}", "hg push -f", "no"),
    ("git push ** +*", "git push origin main +dev", "yes"),
    ("git push ** +*", "git push origin main", "no"),
    ("{a,b} c", "b c", "yes"),
    ("a * c", "a x c", "yes"),
    ("a * c", "a c", "no"),
    ("a c*", "a cat dog", "yes"),
    ("a --level=0", "a --level 0", "yes"),  # nobody said that --level takes no value
    ("a --level=0", "a --level 1", "no"),
    ("a --level=0", "a --level=0", "yes"),
    ("a --level=0", "a --level=10", "no"),
    ("a --level=0", "a --level=$X", "unseen"),
    ("a --level={0,1*}", "a --level=17", "yes"),
    ("a -r -f", "a -rf x", "yes"),
    ("a -r -f", "a -r x", "no"),
    ("a delete x", "a --context prod delete x", "yes"),
    ("a delete x", "a prod delete x", "no"),
    ("a delete", "a -- delete", "yes"),
]


@pytest.mark.parametrize(("pattern", "line", "expected"), CLI)
def test_a_command_line_fits_its_pattern(pattern, line, expected):
    matches = of(rules(pattern), line)

    seen = "no" if not matches else "unseen" if matches[0].cannot_see else "yes"
    assert seen == expected


def test_words_that_are_added_later_count_as_what_a_rule_looks_for():
    assert of(rules("git push -f"), "git push", more_words=True)[0].cannot_see
    assert not of(rules("git push -f"), "git status", more_words=True)


GRAMMAR = "\n[programs.t]\nvalues = ['-C', '--level']\nflags = ['--final', '--finish']\nabbreviations = true\n"


@pytest.mark.parametrize(
    ("pattern", "line", "fits"),
    [
        ("t drop", "t -C dir drop", True),
        ("t drop", "t -Cdir drop", True),
        ("t drop", "t -C drop list", False),
        ("t --level=0", "t --level 0", True),
        ("t --level=0", "t --lev 0", True),
        ("t --final", "t --fina", True),
        ("t --final", "t --fi", True),  # ambiguous for t itself; guessed high
    ],
)
def test_a_grammar_says_which_options_take_a_word_and_what_may_be_shortened(pattern, line, fits):
    assert bool(of(rules(pattern, more=GRAMMAR), line)) is fits


def test_unless_needs_certainty_and_takes_no_shortened_option():
    active = rules("t push", more="unless = 't push --final'" + GRAMMAR)

    assert not of(active, "t push --final")
    assert of(active, "t push --fi")
    assert of(active, "t push $X")
    assert of(active, "t push", more_words=True)


NARROW = """
unless = "t push {-n,--dry-run}"
[programs.t]
values = ["-o"]
flags = ["-f", "-n", "--dry-run", "--no-pager"]
"""


@pytest.mark.parametrize(
    ("line", "suppressed"),
    [
        ("t push -f -n", True),
        ("t push -fn", True),
        ("t push --dry-run -f", True),
        ("t push --no-pager -n", True),
        ("t push -f -o -n", False),  # -n is the value of -o
        ("t push -f -on", False),
        ("t push -f -z -n", False),  # nobody said whether -z takes a word
        ("t push -f --dry-run --no-dry-run", False),
        ("t push -f -n --no-dry", False),
        ("t push -f --dry-run=false", False),
        ("t push -f --dry-run=none", False),
        ("t push -f --dry-run=$X", False),
        ("t push -f --dry-run --dry-run=false", False),
        ("t push -f -- -n", False),
        ("t pull -n; t push -f", False),
    ],
)
def test_an_exception_cannot_be_borrowed(line, suppressed):
    """Every way to show an `unless` its words without meaning them has to fail."""
    active = rules("t push -f", more=NARROW)

    assert bool(of(active, line.rpartition("; ")[2])) is not suppressed


def test_a_rule_may_count_only_what_can_be_seen():
    active = rules("t push -f", more="certain = true")

    assert of(active, "t push -f $X")
    assert not of(active, "t push $X")
    assert not of(active, "t push", more_words=True)


def test_an_exception_without_a_grammar_is_not_certain_where_other_options_are():
    active = rules("t stop", more='unless = "t ** quiet"')

    assert not of(active, "t stop quiet")
    assert of(active, "t -x quiet stop web"), "quiet may be the value of -x"


@pytest.mark.parametrize(
    "capture",
    ["{", "{0}", "{names}", "}{", "%s", "\\", "{1.__class__}", "a\nb", "\x1b[2J", "\udc80"],
)
def test_captures_are_text_whatever_is_in_them(capture):
    fact = CliCall("a", (Word("c", HERE), Word(capture, HERE)), ())

    (one,) = found(rules("a c", say="drops {1} of {names} {2} {target}"), fact)

    assert "\n" not in one.say
    assert "\x1b" not in one.say
    assert one.say.isprintable()
    assert one.say.endswith("(not named) host")


def test_what_is_not_named_is_not_called_unseen_and_the_other_way_round():
    active = rules("a c", say="drops {names}: {1}")
    known = CliCall("a", (Word("c", HERE),), ())
    hidden = known.but(operands=(word("$X"),))

    assert [m.say for m in found(active, known, command("a c"))] == [
        "drops (not named): (not named)"
    ]
    assert [m.say for m in found(active, hidden, command("a $X"))] == ["drops (unseen): (unseen)"]


@pytest.mark.parametrize(
    ("line", "say"),
    [
        ("chmod -R 777 /", "chmod 777 /: changes owner or mode of everything below"),
        ("git push --force", "replaces what others have on the remote: (not named)"),
        ("git push --force origin main", "replaces what others have on the remote: origin, main"),
        ("git checkout -f", "throws away the changes in /home/me/project that are not committed"),
        ("docker volume prune -f", "removes volumes and what is stored in them: (not named)"),
        ("npm publish", "npm publish: reaches everybody and cannot be taken back"),
        ("gh repo delete me/x", "gh repo delete me/x: gone for everybody who uses it"),
        ("heroku apps:destroy x", "heroku apps:destroy x: takes it away for good"),
        ("railway volume delete", "railway volume delete: what is stored in it goes too"),
    ],
)
def test_a_sentence_names_what_is_destroyed(line, say):
    assert say in [m.say for m in consider(SHIPPED, line, Examples((), ())).matches]


def test_a_long_capture_is_cut():
    fact = CliCall("a", (Word("c", HERE), Word("x" * 5000, HERE)), ())

    (one,) = found(rules("a c", say="{1}"), fact)

    assert len(one.say) == 120
    assert one.say.endswith("…")


def test_of_what_cannot_be_seen_only_the_worst_is_said():
    text = "".join(
        f"""
[{name}]
cli = "a {name}"
severity = "{severity}"
class = "outage"
say = "x"
instead = "y"
catches = ["a", "b"]
passes = ["c", "d"]
"""
        for name, severity in (("low", "low"), ("worst", "critical"), ("mid", "medium"))
    )
    active = combine(parse_files([("x.toml", Layer.SHIPPED, text)], PLACES))

    assert [m.rule for m in of(active, "a $X")] == ["worst"]
    assert [m.rule for m in of(active, "a mid")] == ["mid"]


def request(method="DELETE", host="api.example.com", path="/v1/x/7", **more):
    target = Target("http", host, Locality.REMOTE)
    return HttpRequest(method, "https", host, path, target, **more)


HTTP = [
    ("DELETE api.example.com/v1/x/*", request(), True),
    ("DELETE api.example.com/v1/*", request(), False),
    ("DELETE api.example.com/v1/**", request(), True),
    ("DELETE api.example.com/v1/x/7/**", request(), True),
    ("{PUT,DELETE} *.example.com/**", request(), True),
    ("* api.example.com/**", request("PATCH"), True),
    ("DELETE api.example.com/**", request("GET"), False),
    ("DELETE api.example.com/**", request(host="API.Example.COM."), True),
    ("DELETE api.example.com/**", request(host="a", connect_host="api.example.com"), True),
    ("DELETE api.example.com/**", request(host="other.example.com"), False),
    ("DELETE api.example.com/**", request(host="evil-api.example.com.evil.org"), False),
    ("DELETE api.example.com/v1/x/7", request(path="/v1/%78/7"), True),
    ("DELETE api.example.com/v1/x/7", request(path="/v1/x/7?a=b"), True),
    ("DELETE api.example.com/v1/x/7", request(path="", cannot_see=("path: $X",)), True),
    ("DELETE api.example.com/**", request("", cannot_see=("method: $X",)), True),
    ("DELETE api.example.com/**", request(host="", cannot_see=("host: $X",)), False),
    ("DELETE */**", request(host="", cannot_see=("host: $X",)), True),
]


@pytest.mark.parametrize(("pattern", "fact", "fits"), HTTP)
def test_a_request_fits_its_pattern(pattern, fact, fits):
    assert bool(found(rules(pattern, "http"), fact)) is fits


def test_every_root_field_of_a_document_is_looked_at():
    fields = tuple(GraphqlField("mutation", n) for n in ("volumeCreate", "volumeDelete"))
    active = rules(
        "mutation * @ api.x.com", "graphql", more='unless = "volumeCreate"', say="{field}"
    )

    assert [m.say for m in found(active, request("POST", "api.x.com", graphql=fields))] == [
        "volumeDelete"
    ]


@pytest.mark.parametrize(
    ("pattern", "host", "path", "fits"),
    [
        ("mutation * @ api.x.com", "api.x.com", "/v2", True),
        ("mutation * @ api.x.com", "other.com", "/graphql", False),
        ("mutation *", "other.com", "/graphql", True),
        ("mutation *", "other.com", "/upload", False),  # any POST with a file is no mutation
    ],
)
def test_a_document_that_cannot_be_seen_counts_where_the_host_is_known(pattern, host, path, fits):
    fact = request("POST", host, path, cannot_see=("body: @x.json cannot be read",))

    matches = found(rules(pattern, "graphql"), fact)

    assert bool(matches) is fits
    assert all(m.cannot_see for m in matches)


@pytest.mark.parametrize(
    ("restricts", "locality", "when", "fits"),
    [
        (False, Locality.REMOTE, "!where.restricts && !target.local", True),
        (True, Locality.REMOTE, "!where.restricts && !target.local", False),
        (False, Locality.LOCAL, "!where.restricts && !target.local", False),
        (False, Locality.UNKNOWN, "!where.restricts && !target.local", True),
        (None, Locality.REMOTE, "!where.restricts", True),  # missing: cannot be seen
        (True, Locality.REMOTE, "nonsense.more", True),
        (True, Locality.REMOTE, "kind", True),  # neither yes nor no
        (True, Locality.REMOTE, "kind == 'select'", False),
        (True, Locality.REMOTE, "env['A'] == '1'", True),
        (True, Locality.REMOTE, "'A' in env", False),
    ],
)
def test_a_condition_that_cannot_be_decided_counts_as_held(restricts, locality, when, fits):
    fact = SqlStatement("delete", ("users",), Target("postgres", "db", locality), restricts)

    assert bool(found(rules("delete", "sql", more=f'when = "{when}"'), fact)) is fits


@pytest.mark.parametrize(
    ("pattern", "kind", "fits"),
    [
        ("drop *", "drop table", True),
        ("drop {table,database}", "drop database", True),
        ("DROP   TABLE", "drop table", True),
        ("drop index", "drop table", False),
        ("{delete,update}", "insert", False),
    ],
)
def test_a_statement_fits_its_kind(pattern, kind, fits):
    fact = SqlStatement(kind, ("t",), Target("postgres"))

    assert bool(found(rules(pattern, "sql"), fact)) is fits


@pytest.mark.parametrize(
    ("pattern", "path", "extent", "fits"),
    [
        ("delete /etc/**", "/etc/passwd", "losable", True),
        ("delete /etc/**", "/etc", "losable", True),
        ("delete /etc/**", "/etcetera", "losable", False),
        ("delete /etc/*", "/etc/a/b", "losable", False),
        ("delete **/*.db", "/a/b.db", "losable", True),
        ("delete ~/.ssh/**", "/home/me/.ssh/id", "losable", True),
        ("delete * losable", "/x", "derived", False),
        ("delete * {losable,unknown}", "$X", "unknown", True),
        ("delete /etc/**", "$X", "unknown", False),
        ("delete-tree *", "/x", "losable", False),
        ("* **", "/x", "losable", True),
    ],
)
def test_a_path_fits_its_pattern(pattern, path, extent, fits):
    fact = FileChange("delete", (PathEffect(path, Extent(extent)),))

    assert bool(found(rules(pattern, "file"), fact)) is fits


def test_claims_about_a_path_have_to_hold():
    active = rules("delete-tree * root", "file")
    effects = (PathEffect("/", Extent.LOSABLE, root=True), PathEffect("/x", Extent.LOSABLE))

    assert [m.names for m in found(active, FileChange("delete-tree", effects))] == [("/",)]


@pytest.mark.parametrize(
    ("names", "commands", "fits"),
    [(("store",), (), True), (("ls",), (), False), ((), ("store x",), True), ((), ("ls",), False)],
)
def test_an_unparsed_line_matters_where_it_names_a_program_of_a_rule(names, commands, fits):
    text = """
[a]
cli = "store drop"
severity = "medium"
class = "outage"
say = "x"
instead = "y"
catches = ["a", "b"]
passes = ["c", "d"]
[u]
line = "unparsed"
severity = "medium"
class = "opaque-exec"
say = "{reason}: {names}"
instead = "y"
catches = ["a", "b"]
passes = ["c", "d"]
"""
    active = combine(parse_files([("x.toml", Layer.SHIPPED, text)], PLACES))
    reading = Unparsed("odd", HERE, tuple(map(command, commands)), names)

    matches = match(active, reading, (), CommandLine("x", "/", {}))

    assert [m.say for m in matches] == (["odd: store"] if fits else [])


CODE = [
    ("bash", {"piped_in": True}, True),
    ("sh -s -- -y", {"piped_in": True}, True),
    ("python3 -", {"piped_in": True}, True),
    ("bash", {"piped_in": True, "stdin": word("ls")}, False),
    ("bash x.sh", {"piped_in": True}, False),
    ("python3 -m json.tool", {"piped_in": True}, False),
    ("grep x", {"piped_in": True}, False),
    ("bash", {}, True),
    ("eval $X", {}, True),
    ("eval ls", {}, False),
    ("bash -c $X", {}, True),
    ("bash $X", {}, False),
    ("bash <(curl$X)", {}, True),
    ("source <(curl$X)", {}, True),
    ("source $X", {}, False),
]


@pytest.mark.parametrize(("text", "more", "fits"), CODE)
def test_code_that_nobody_can_see_is_found(text, more, fits):
    active = rules("unseen-code", "line")
    one = command(text, **more)

    assert bool(match(active, Parsed((one,)), (), CommandLine("x", "/", {}))) is fits


@pytest.mark.parametrize(
    ("text", "fits"), [("export A=1", True), ("export B=1", False), ("declare -x A=1", True)]
)
def test_an_assignment_is_found_by_its_name(text, fits):
    active = rules("assign {A,C*}", "line")

    assert bool(match(active, Parsed((command(text),)), (), CommandLine("x", "/", {}))) is fits
