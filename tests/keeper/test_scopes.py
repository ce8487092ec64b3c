"""The scopes of a keeper's sessions: pinned, and told where somebody changes them."""

import pytest

from gatesh.errors import ConfigError
from gatesh.keeper.scopes import CHANGED, Scopes
from gatesh.places import Places


class Told:
    """What an approver would be told."""

    def __init__(self):
        self.alerts = []
        self.elevations = self

    def of(self, session):
        return ()

    def alert(self, kind, text, *, pid=0, uid=None):
        self.alerts.append((kind, text))


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def scopes(tmp_path, told):
    home = str(tmp_path / "home")
    (tmp_path / "home/config").mkdir(parents=True)
    (tmp_path / "project/.gatesh").mkdir(parents=True)
    return Scopes(Places(home, f"{home}/config", f"{home}/state", f"{home}/run"), told)


def read_only(scope):
    return [found.read_only for found in scope.manifests] if scope else None


def test_what_is_changed_during_a_session_has_no_effect_on_it_and_is_told_once(
    scopes, told, tmp_path
):
    file, folders = tmp_path / "project/.gatesh/scope.toml", (str(tmp_path / "project"),)
    file.write_text("read-only = true")
    assert read_only(scopes.of("a", folders)) == [True]
    file.write_text("read-only = false  # by an agent")
    for _ in range(2):
        assert read_only(scopes.of("a", folders)) == [True]
    assert [kind for kind, _ in told.alerts] == [CHANGED]
    assert read_only(scopes.of("b", folders)) == [False]


def test_a_scope_that_is_taken_away_stays_in_force(scopes, told, tmp_path):
    file, folders = tmp_path / "project/.gatesh/scope.toml", (str(tmp_path / "project"),)
    file.write_text("read-only = true")
    scopes.of("a", folders)
    file.unlink()
    assert read_only(scopes.of("a", folders)) == [True]
    assert len(told.alerts) == 1


def test_a_session_goes_by_the_scope_of_a_project_wherever_it_works_later(scopes, tmp_path):
    (tmp_path / "project/.gatesh/scope.toml").write_text("read-only = true")
    assert scopes.of("a", (str(tmp_path),)) is None
    scopes.of("a", (str(tmp_path / "project"),))
    assert read_only(scopes.of("a", (str(tmp_path),))) == [True]


def test_one_that_cannot_be_read_lets_nothing_by(scopes, tmp_path):
    (tmp_path / "project/.gatesh/scope.toml").write_text("read-onyl = true")
    with pytest.raises(ConfigError):
        scopes.of("a", (str(tmp_path / "project"),))


@pytest.mark.parametrize("change", ["write", "unlink"])
def test_one_that_begins_meanwhile_is_held_to_what_a_living_one_goes_by(scopes, tmp_path, change):
    """An orphan (`setsid -f`) is a session of its own, and may be of the agent that changed the file."""
    file, project = tmp_path / "project/.gatesh/scope.toml", tmp_path / "project"
    living = {"a", "b"}
    scopes._living = lambda: living
    file.write_text("read-only = true")
    scopes.of("a", (str(project),))
    file.write_text("read-only = false") if change == "write" else file.unlink()
    scopes.of("a", (str(project),))
    assert True in read_only(scopes.of("b", (str(project),)))
    assert True in read_only(scopes.of("b", (str(tmp_path),)))
    assert scopes.of("c", (str(tmp_path),)) is None  # elsewhere
    living.clear()
    assert read_only(scopes.of("d", (str(project),))) in (None, [False])
