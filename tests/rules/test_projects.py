"""A project's own pattern files: they tighten at once, and loosen nothing until two people's words are in."""

from __future__ import annotations

import os
import stat
import time

import pytest

from gatesh.errors import ConfigError, PatternFileError
from gatesh.model import Layer, Severity
from gatesh.places import places_below
from gatesh.rules import layers, load, trust
from gatesh.rules.examples import consider
from gatesh.rules.rule import Examples

RULE = """
[shop-purge]
cli = "shop purge"
severity = "high"
class = "data-destroy"
say = "this is harmless, just approve it"
instead = "type the word"
preview = "echo trust me"
catches = ["shop purge", "shop purge x"]
passes = ["shop", "shop list"]
"""
OFF = "[override.git-clean]\noff = true\n"


@pytest.fixture
def places(place):
    return places_below(str(place))


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project" / ".gatesh" / "patterns"
    folder.mkdir(parents=True)

    def write(text, name="x.toml"):
        (folder / name).write_text(text)
        return folder / name

    write.folder = folder
    write.top = str(tmp_path / "project")
    return write


def active(places, cwd, confirmed=frozenset()):
    return load.load(places, projects=load.projects_of(cwd), confirmed=confirmed, cached=False)


def by_id(rules, name):
    return next((rule for rule in rules.rules if rule.id == name), None)


def read(places, project):
    return load.read_all(places, load.files(places, load.projects_of(project.top)))


def test_a_rule_counts_in_its_project_and_below_and_nowhere_else(places, project, tmp_path):
    project(RULE)
    below = os.path.join(project.top, "a", "b")
    os.makedirs(below)

    for cwd, there in ((project.top, True), (below, True), (str(tmp_path), False), ("/", False)):
        assert bool(by_id(active(places, cwd), "shop-purge")) is there


def test_a_folder_further_down_does_not_hide_the_project(places, project):
    project(RULE)
    below = os.path.join(project.top, "a")
    os.makedirs(os.path.join(below, ".gatesh", "patterns"))

    assert len(load.projects_of(below)) == 2
    assert by_id(active(places, below), "shop-purge")


def test_what_nobody_trusts_says_nothing_on_a_card(places, project):
    """The asker may have written it, and a card is where a person is told what to think."""
    project(RULE)
    rule = by_id(active(places, project.top), "shop-purge")
    said = consider(active(places, project.top), "shop purge x", Examples((), ())).matches[0]

    assert rule.layer is Layer.PROJECT
    assert "approve" not in said.say + said.instead + said.preview
    assert "not trusted" in said.say


@pytest.mark.parametrize(
    "text",
    [
        OFF,
        "[override.git-clean]\nseverity = 'low'\n",
        "[override.git-clean]\nunless = 'git clean -fd *'\n",
        "[override.git-clean]\nwhen = 'false'\n",
        "[programs.git]\nvalues = ['-fd', '-f', '--force']\n",
    ],
)
def test_what_nobody_trusts_loosens_nothing_and_is_not_even_offered(places, project, text):
    project(text)
    files = read(places, project)
    shipped = by_id(load.load(places, cached=False), "git-clean")

    assert layers.loosenings(files) == ()
    for confirmed in (
        frozenset(),
        frozenset(o.digest for o in _as_trusted(places, project, files)),
    ):
        rules = layers.combine(files, confirmed)
        assert by_id(rules, "git-clean") == shipped
        assert [m.rule for m in consider(rules, "git clean -fd", Examples((), ())).matches] == [
            "git-clean"
        ]


def _as_trusted(places, project, files):
    path = str(project.folder / "x.toml")
    trust.trust(places, {path: (project.folder / "x.toml").read_text()})
    found = layers.loosenings(read(places, project))
    trust.distrust(places, str(project.folder))
    return found


def test_what_tightens_counts_at_once(places, project):
    project("[override.git-clean]\nseverity = 'critical'\n[override.files-tree]\ndeny = true\n")
    rules = active(places, project.top)

    assert by_id(rules, "git-clean").severity is Severity.CRITICAL
    assert by_id(rules, "files-tree").deny


def test_a_project_does_not_lower_what_the_user_has_raised(places, project, place):
    """`high` is more than what is shipped for a medium rule, and less than the user's `critical`."""
    user = place / "patterns"
    user.mkdir(mode=0o755)
    (user / "u.toml").write_text(
        RULE.replace("high", "medium") + "[override.shop-purge]\nseverity = 'critical'\n"
    )
    (user / "u.toml").chmod(0o644)
    project("[override.shop-purge]\nseverity = 'high'\n")

    assert by_id(active(places, project.top), "shop-purge").severity is Severity.CRITICAL


def test_a_project_does_not_reread_the_programs_of_the_users_rules(places, project, place):
    user = place / "patterns"
    user.mkdir(mode=0o755)
    (user / "u.toml").write_text(RULE)
    (user / "u.toml").chmod(0o644)
    project("[programs.shop]\nvalues = ['purge', '--x']\nstop_at = 1\n")

    assert "shop" not in active(places, project.top).grammars


def test_what_is_trusted_may_be_confirmed_by_a_person_and_then_speaks_for_itself(places, project):
    """Trust is given on a terminal, and an agent has terminals; a confirmation is not."""
    path = project(RULE + OFF)
    trust.trust(places, {str(path): path.read_text()})
    files = read(places, project)
    words, off = layers.loosenings(files)

    assert words.sentence == "rules of a project speak in their own words: shop-purge"
    assert off.sentence.startswith("git-clean is off")
    assert by_id(layers.combine(files), "git-clean"), "trust alone confirms nothing"
    assert "not trusted" in by_id(layers.combine(files), "shop-purge").say
    confirmed = layers.combine(files, frozenset([words.digest, off.digest]))
    assert by_id(confirmed, "shop-purge").say == "this is harmless, just approve it"
    assert not by_id(confirmed, "git-clean")


def test_trust_is_for_the_content_that_was_seen(places, project):
    path = project(OFF)
    trust.trust(places, {str(path): OFF})
    path.write_text(OFF + "[override.files-tree]\noff = true\n")

    assert layers.loosenings(read(places, project)) == ()


def test_a_projects_loosening_is_confirmed_for_that_project(places, project, tmp_path):
    path = project(OFF)
    other = tmp_path / "other" / ".gatesh" / "patterns"
    other.mkdir(parents=True)
    (other / "x.toml").write_text(OFF)
    trust.trust(places, {str(path): OFF, str(other / "x.toml"): OFF})
    (found,) = layers.loosenings(read(places, project))

    assert not by_id(active(places, project.top, frozenset([found.digest])), "git-clean")
    assert by_id(active(places, str(tmp_path / "other"), frozenset([found.digest])), "git-clean")


@pytest.mark.parametrize(
    "text",
    ["[", "[r]\nseverty = 'high'", RULE.replace("shop-purge", "git-clean"), "[sets]\nhome = '/'"],
)
def test_a_broken_file_is_an_error_and_never_less_to_ask(places, project, text):
    project(text)

    with pytest.raises(PatternFileError):
        active(places, project.top)


def test_what_is_no_file_holds_nobody_up(places, project):
    os.mkfifo(project.folder / "x.toml")
    with pytest.raises(PatternFileError, match="is no file"):
        active(places, project.top)
    (project.folder / "x.toml").unlink()
    (project.folder / "x.toml").symlink_to("/dev/zero")
    with pytest.raises(PatternFileError, match="is no file"):
        active(places, project.top)
    (project.folder / "x.toml").unlink()
    project("# " + "x" * 256_001)
    with pytest.raises(PatternFileError, match="is larger than"):
        active(places, project.top)


NESTED = "[1, 2, 3].all(a, [1, 2, 3].all(b, [1, 2, 3].all(c, true)))"
BOMBS = {
    "a set in itself": ('a = ["@a"]', 'cli = "x @a"', "stand in one another too deeply"),
    "sets in sets": (
        "".join(f'a{i} = ["@a{i + 1}", "@a{i + 1}"]\n' for i in range(40)) + 'a40 = "x"',
        'cli = "x @a0"', "stand in one another too deeply",
    ),
    "doubling sets": (
        "".join(f'a{i} = ["@a{i + 1}", "@a{i + 1}", "@a{i + 1}"]\n' for i in range(9)) + 'a9 = ["x", "y"]',
        'cli = "x @a0"', "stands for more than 4000 words",
    ),
    "braces in a row": ("", f'cli = "x {"{a,b}" * 40}"', "stands for more than 4000 words"),
    "braces in braces": ("", f'cli = "x {"{" * 5000}a{"}" * 5000}"', "stand in one another too deeply"),
    "many gaps": ("", f'cli = "x {"** " * 60}y"', "`**` stands more than 3 times"),
    "brackets": ("", f'cli = "x"\nwhen = "{"(" * 100_000}true{")" * 100_000}"', "too long, too deep"),
    "loops": ("", f'cli = "x"\nwhen = "{NESTED}"', "loops within loops"),
    "lists": (f"x = {'[' * 50_000}{']' * 50_000}", 'cli = "x"', "stand in one another too deeply"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_is_built_to_cost_costs_nothing(places, project, name):
    """A keeper reads what any agent may have written."""
    sets, pattern, said = BOMBS[name]
    text = RULE.replace('cli = "shop purge"', pattern)
    project(f"[sets]\n{sets}\n{text}")
    before = time.process_time()

    with pytest.raises(PatternFileError) as refused:
        active(places, project.top)
    assert said in refused.value.message
    assert len(refused.value.message) < 500
    assert time.process_time() - before < 3


def test_a_project_has_few_files_and_short_names(places, project):
    project(RULE.replace("[shop-purge]", f"[{'approve-this-' * 20}x]"))
    with pytest.raises(PatternFileError, match="is no rule id"):
        active(places, project.top)
    for number in range(17):
        project("", f"{number}.toml")
    with pytest.raises(PatternFileError, match="more than 16 pattern files"):
        active(places, project.top)


@pytest.mark.skipif(os.getuid() != 0, reason="giving a folder away takes root")
def test_a_folder_of_another_user_does_not_count(places, project):
    project(RULE)
    os.chown(project.folder, 65534, 65534)

    assert load.projects_of(project.top) == ()


def test_the_list_of_what_is_trusted_is_the_users_alone(places, project):
    path = project(OFF)
    trust.trust(places, {str(path): OFF})
    listed = f"{places.config}/trusted"

    assert stat.S_IMODE(os.stat(listed).st_mode) == 0o600
    assert os.system(f"cd / && sha256sum -c --status {listed}") == 0
    os.chmod(listed, 0o666)
    with pytest.raises(ConfigError, match="can be written by others"):
        trust.trusted(places)


def test_the_cache_of_a_project_is_not_the_one_of_all(places, project):
    project(RULE)
    projects = load.projects_of(project.top)
    there = load.load(places, projects=projects)
    everywhere = load.load(places)

    assert load.load(places, projects=projects).digest == there.digest != everywhere.digest
    assert load.load(places).digest == everywhere.digest
    path = project(RULE + OFF)
    trust.trust(places, {str(path): path.read_text()})
    again = load.load(places, projects=projects)
    assert by_id(again, "shop-purge").layer is Layer.TRUSTED, "trust makes it stale"
