"""Labels: listed ones, guesses from a name, and what nobody knows."""

import re
from pathlib import Path

import pytest

from gatesh.errors import ConfigError
from gatesh.model import Locality, Target
from gatesh.scope.labels import KINDS, Labels, guess_of, is_guess, parse, stricter

LISTED = """
# what this company calls things
[production]
hosts = [
  "*.example.com",
  "10.0.0.5",
]
aws-accounts = ["123456789012"]
[staging]
hosts = ["*.stg.example.com"]
databases = ["shop"]
kube-contexts = ["eks-prod-old"]
[customer-a]
paths = ["/srv/a/*"]
[local]
ssh-hosts = ["vm"]
"""


def target(*parts, locality=Locality.REMOTE):
    return Target("x", "x", locality, parts=parts)


def labels(text=LISTED, **more):
    return parse(text, "/home/me/.config/gatesh/environments.toml", **more)


@pytest.mark.parametrize(
    ("parts", "label", "origin"),
    [
        ([("host", "db.example.com")], "production", "environments.toml:5"),
        ([("host", "DB.Example.COM")], "production", "environments.toml:5"),
        ([("host", "10.0.0.5")], "production", "environments.toml:6"),
        (
            [("host", "db.stg.example.com")],
            "production",
            "environments.toml:5",
        ),  # the stricter of two
        ([("host", "db.elsewhere.org")], "", ""),
        (
            [("aws-account", "123456789012"), ("aws-region", "eu-west-1")],
            "production",
            "environments.toml:8",
        ),
        ([("database", "shop")], "staging", "environments.toml:11"),
        (
            [("kube-context", "eks-prod-old")],
            "staging",
            "environments.toml:12",
        ),  # a list beats a guess
        ([("host", "db.example.com"), ("database", "shop")], "production", "environments.toml:5"),
        (
            [("host", "db.live.org"), ("database", "shop")],
            "production",
            "a guess from host db.live.org",
        ),
        ([("path", "/srv/a/x")], "customer-a", "environments.toml:14"),
        ([("path", "/srv/prod/x")], "", ""),  # a folder's name says little
        ([("ssh-host", "vm")], "local", "environments.toml:16"),
        (
            [("ssh-host", "www.example.com")],
            "production",
            "environments.toml:5",
        ),  # hosts are ssh's hosts too
    ],
)
def test_the_strictest_label_of_a_part_is_the_targets(parts, label, origin):
    assert labels().label(target(*parts)) == (label, origin)


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("prod", "production"),
        ("shop-prod-eu", "production"),
        ("prod2.db.internal", "production"),
        ("shopProd", "production"),
        ("PROD_DB", "production"),
        ("myapp_production", "production"),
        ("prd", "production"),
        ("live.example.com", "production"),
        ("staging.prod.example.com", "production"),
        ("pre-prod", "staging"),
        ("preprod", "staging"),
        ("non-prod", "staging"),
        ("stg1", "staging"),
        ("uat", "staging"),
        ("dev", "development"),
        ("qa-7", "test"),
        ("app_test", "test"),
        ("sandbox", "sandbox"),
        ("product-images", ""),
        ("reproduce", ""),
        ("delivery", ""),
        ("stagecoach", ""),
        ("devices", ""),
        ("latest", ""),
        ("contest", ""),
        ("main", ""),
        ("", ""),
    ],
)
def test_a_word_of_a_name_is_a_guess(name, guess):
    assert guess_of(name) == guess


def test_a_guess_is_called_one():
    assert is_guess(Labels().label(target(("host", "prod")))[1])
    assert not is_guess(labels().label(target(("database", "shop")))[1])


def test_what_cannot_be_seen_has_no_label_but_production():
    assert labels().label(target(("host", "…"), ("database", "shop"))) == ("", "")
    assert labels().label(target(("host", "…"), ("database", "live")))[0] == "production"
    assert Labels().label(target(("host", "staging-…"))) == ("", "")


@pytest.mark.parametrize(
    "parts",
    [
        [("host", "10.9.9.9"), ("database", "staging")],
        [("host", "db.internal"), ("url", "https://db.internal/x"), ("environment", "staging")],
        [("kube-context", "main"), ("host", "abc.eks.amazonaws.com"), ("kube-namespace", "test")],
        [("git-remote", "staging"), ("host", "github.com"), ("git-branch", "dev")],
        [
            ("host", "staging.example.org"),
            ("host", "10.9.9.9"),
        ],  # curl --resolve: it goes to the second
    ],
)
def test_what_an_asker_may_choose_makes_no_unknown_machine_less_strict(parts):
    assert labels().label(target(*parts)) == ("", "")
    assert labels().label(target(*parts, ("database", "live")))[0] == "production"


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        ([("host", "db.staging.org"), ("database", "test")], "staging"),
        ([("kube-context", "staging"), ("host", "abc.eks.amazonaws.com")], "staging"),
        ([("workspace", "staging")], "staging"),
        ([("environment", "staging")], "staging"),
        ([("host", "10.9.9.9"), ("database", "shop")], "staging"),  # a person lists that database
    ],
)
def test_a_machine_that_is_named_so_is_guessed_about(parts, label):
    assert labels().label(target(*parts))[0] == label


def test_what_is_here_is_local_unless_its_name_says_more():
    assert Labels().label(target(("host", "127.0.0.1"), locality=Locality.LOCAL))[0] == "local"
    tunnel = target(("kube-context", "prod"), ("host", "127.0.0.1"), locality=Locality.LOCAL)
    assert Labels().label(tunnel)[0] == "production"


def test_without_a_keeper_only_what_tightens_counts():
    alone = labels(loosens=False)
    assert alone.label(target(("host", "db.example.com")))[0] == "production"
    assert alone.label(target(("database", "shop"))) == ("", "")
    assert alone.label(target(("kube-context", "eks-prod-old")))[0] == "production"
    assert alone.label(target(("ssh-host", "vm"))) == ("", "")


def test_a_file_that_cannot_be_read_makes_nothing_less_strict():
    broken = Labels(broken=True)
    assert broken.label(target(("host", "staging"))) == ("", "")
    assert broken.label(target(("host", "prod")))[0] == "production"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[production]\nhost = ['x']\n", "toml:2: unknown key host"),
        ("[production]\nhosts = 'x'\n", "toml:2: hosts is no list of names"),
        ("[production]\n\nhosts = ['x', 3]\n", "toml:3: hosts is no list of names"),
        ("production = ['x']\n", "toml:1: production is no label"),
        ("[Pro duction]\n", "environments.toml:1: "),
        ("['the live one']\n", "toml:1: the live one is no label"),
        ("[production\n", "environments.toml:1: expected"),
        ("[production]\nhosts = [\n'a',\n'https://b/']\n", "toml:4: https://b/ would fit no host"),
        ("[production]\nssh-hosts = ['b:22']\n", "toml:2: b:22 would fit no host"),
    ],
)
def test_a_mistake_is_said_with_its_line(text, said):
    with pytest.raises(ConfigError) as raised:
        labels(text)
    assert said in raised.value.message


def test_a_label_that_no_target_can_have_is_doubted():
    listed = labels("[europe]\nhosts = ['a']\n")
    assert listed.doubt("stagin") == "no target is called stagin; did you mean staging?"
    assert listed.doubt("evrope") == "no target is called evrope; did you mean europe?"
    assert not any(map(listed.doubt, ("europe", "staging", "test", "local")))


def test_a_host_may_be_listed_by_its_name_alone():
    listed = labels("[production]\nhosts = ['a', '10.*', '::1', '[fd00::1]', '*.b.org']\n")
    assert len(listed.rows) == 5


def test_what_has_changed_is_said_in_sentences():
    before = labels("[production]\nhosts = ['a', 'b']\n")
    after = labels("[staging]\nhosts = ['a']\n[production]\nhosts = ['c']\n")
    assert after.changes_since(before) == [
        "host a is staging instead of production",
        "host b is production no more",
        "host c is production",
    ]
    assert before.changes_since(before) == []


def test_of_two_labels_the_stricter_counts():
    assert stricter(("staging", "a"), ("", "")) == ("", "")
    assert stricter(("staging", "a"), ("production", "b")) == ("production", "b")


def test_the_page_about_targets_lists_what_may_be_listed():
    page = (Path(__file__).parents[2] / "docs/targets.md").read_text()
    listed = page.partition("What may be listed: ")[2].partition("An unknown key")[0]
    assert [
        key for key in re.findall(r"`([^`]*)`", listed) if re.fullmatch("[a-z-]+", key)
    ] == list(KINDS)


def test_every_part_that_may_be_listed_is_found_by_its_glob():
    for kind, part in KINDS.items():
        found = parse(f"[staging]\n{kind} = ['a*']\n", "environments.toml")
        assert found.label(target((part, "abc"))) == ("staging", "environments.toml:2"), kind
