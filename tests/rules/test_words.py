"""Patterns that speak of words: `... NAME`, `names PROGRAM PATH`, capitals, and code that sets a shell up."""

import pytest

from gatesh.model import Layer
from gatesh.rules import load
from gatesh.rules.examples import HOME, PLACES, Examples, consider
from gatesh.rules.layers import combine
from gatesh.rules.source import parse_files

SHIPPED = combine(load.read_all(PLACES, [f for f in load.files(PLACES) if f[1] == "shipped"]))


def rules(kind, pattern, more=""):
    text = f"""
[r]
{kind} = {pattern!r}
severity = "high"
class = "outage"
say = "says {{names}}"
instead = "look"
catches = ["a", "b"]
passes = ["c", "d"]
{more}
"""
    return combine(parse_files([("x.toml", Layer.SHIPPED, text)], PLACES))


def said(active, text, **env):
    matches = consider(active, text, Examples((), (), env=tuple(env.items()))).matches
    return next(("unseen" if m.cannot_see else "yes" for m in matches if m.rule == "r"), "no")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("t rm", "yes"),
        ("t --do='x; /bin/rm -rf y'", "yes"),
        ("t -x 'r\"\"m y'", "yes"),
        ("t EXEC:rm", "yes"),
        ("t <<< 'rm x'", "yes"),
        ("echo rm x | t", "yes"),
        ("t RM", "yes"),
        ("t $(command -v rm)", "yes"),
        ("t $(x)", "unseen"),
        ("t --rm rmdir a.rm rm-x rm.txt", "no"),
        ("u rm", "no"),
    ],
)
def test_a_word_that_names_a_program_in_any_way_is_found(line, expected):
    assert said(rules("cli", "t ... rm"), line) == expected


def test_each_of_several_has_to_be_named():
    active = rules("cli", "t ... {a,b} ... drop*")

    assert said(active, "t 'b; DROP-all'") == "yes"
    assert said(active, "t b c") == "no"
    assert said(active, "t drop") == "no"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"x {HOME}/g/file", "yes"),
        ("x ~/g", "yes"),
        ("cd ~ && x g/file", "yes"),
        ("cd ~/g && x", "yes"),
        ("x ../g", "yes"),
        ("x -o../g/a", "yes"),
        ("x --out=../g/a", "yes"),
        (f"x file://{HOME}/./g//a", "yes"),
        ("x ~/[gh]", "yes"),
        ("x < ~/g/a", "yes"),
        ("x ~/gg g ./g /g", "no"),
        ("look ~/g", "no"),
        ("ssh host x /home/me/g", "no"),
    ],
)
def test_a_path_is_found_in_any_word_from_the_folder_a_command_runs_in(line, expected):
    active = rules("line", "names * ~/g/**", "unless = 'names {look,cd,ssh} /**'")

    assert said(active, line) == expected


def test_capitals_mean_nothing_where_a_grammar_says_so():
    grammar = "[programs.t]\nvalues = ['-c']\n"

    assert said(rules("cli", "t drop", grammar + "caseless = true"), "t DROP") == "yes"
    assert said(rules("cli", "t -c=a.*", grammar + "caseless = true"), "t -c A.b") == "yes"
    assert said(rules("cli", "t drop", grammar), "t DROP") == "no"


def asked(text, **env):
    matches = consider(SHIPPED, text, Examples((), (), env=tuple(env.items()))).matches
    return {m.rule for m in matches}


@pytest.mark.parametrize(
    "line",
    [
        "gcloud compute instances delete prod restore-plans list",
        "gcloud storage rm -r gs://prod tags delete",
        "gcloud bigtable instances delete prod views delete",
        "gcloud --frobnicate config sql instances delete prod",
        "kubectl delete pod/web ns/prod",
        "kubectl delete pods,pvc web",
        "kubectl delete ns prod --dry-run=server --dry-run=none",
        "mysqladmin -f drop app_test drop prod",
        "salt '*' test.version,cmd.run ,'rm -rf /srv'",
        "openstack server delete prod unset",
        "doctl compute droplet delete prod config delete",
        "claude -p --dangerously-skip-permissions x",
        "dropdb -h db.prod app_test",
    ],
)
def test_what_a_tool_is_let_do_is_not_borrowed_by_a_name_beside_it(line):
    assert asked(line)


def test_a_test_database_is_dropped_without_a_question_unless_a_variable_leads_elsewhere():
    line = "RAILS_ENV=test rails db:drop"

    assert not asked(line)
    assert asked(line, DATABASE_URL="postgres://prod/app") == {"migrate-rails"}
    assert asked("DATABASE_URL=postgres://prod/app " + line) == {"migrate-rails"}
    assert asked("RAILS_ENV=$X rails db:drop") == {"migrate-rails"}


@pytest.mark.parametrize(
    "line",
    [
        'brew() { cat notes.txt; }; eval "$(brew shellenv)"',
        'alias brew="cat notes.txt"; eval "$(brew shellenv)"',
        'eval "$(brew shellenv; cat notes.txt)"',
        'eval "$(./pyenv init - | cat)"',
    ],
)
def test_only_the_tool_itself_may_set_a_shell_up(line):
    assert asked(line)


def test_looking_at_gateshs_own_folder_is_not_asked_about():
    assert not asked("cd ~/.config/gatesh && ls -l && cat config.toml")
