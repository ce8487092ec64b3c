"""railway: the project that a command reaches."""

import json

import pytest

from gatesh.model import CliCall, HttpRequest, Locality


@pytest.fixture
def linked(inspector, tmp_path):
    """Link the folder as `railway link` does."""
    (tmp_path / ".railway").mkdir()
    project = {
        "name": "shop",
        "project": "p-1",
        "environment": "e-1",
        "environmentName": "production",
    }
    (tmp_path / ".railway/config.json").write_text(
        json.dumps({"projects": {str(tmp_path): project}})
    )
    return inspector


def target(inspector, line, **changes):
    (call,) = inspector.only(CliCall, line, **changes)
    return call.target


def test_the_linked_project_is_the_target(linked):
    found = target(linked, "railway volume delete --yes")
    assert (found.kind, found.name) == ("railway", "shop/production")
    assert ("railway-environment", "production") in found.parts
    assert found.origin == "~/.railway/config.json"
    assert found.locality is Locality.REMOTE


def test_a_folder_below_the_linked_one_reaches_the_same_project(linked, tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    assert target(linked, "cd a/b; railway down").name == "shop/production"


def test_an_option_and_a_variable_win_over_the_link(linked):
    assert target(linked, "railway down -e staging").name == "shop/staging"
    assert target(linked, "RAILWAY_PROJECT_ID=x railway down --environment=dev").name == "x/dev"


def test_without_a_link_the_target_is_still_not_local(inspector, tmp_path):
    assert target(inspector, "railway down").locality is Locality.REMOTE
    (tmp_path / ".railway").mkdir()
    for broken in ("", "{", "[]", '{"projects": 3}', '{"projects": {"/": 3}}'):
        (tmp_path / ".railway/config.json").write_text(broken)
        assert target(inspector, "railway down").name == ""


def test_the_host_follows_the_clients_own_variable(inspector):
    (request,) = inspector.only(HttpRequest, "RAILWAY_ENV=staging railway api '{ me { id } }'")
    assert request.host == "backboard.railway-staging.com"
