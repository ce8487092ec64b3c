"""Which files and folders a scope closes when a session begins."""

from pathlib import Path

import pytest

from gatesh.rules.rule import CLASSES
from gatesh.scope import closed
from gatesh.scope.closed import Closed, find
from gatesh.scope.manifest import parse


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in (
        "x.pem", "deep/er/y.pem", "infra/secret", "infra/more/z.pem", "node_modules/a/test.pem", ".venv/cacert.pem",
        ".git/refs/heads/b.pem", "src/main.tf", "src/main.py", "src-2", "../home/.netrc", "../home/keys/id.pem",
    ):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return folder


def closes(project: Path, *globs: str, table: str = "paths", file: str = "") -> Closed:
    home, path = project.parent / "home", file or f"{project}/.gatesh/scope.toml"
    text = f"[{table}]\noff-limits = {list(globs)}\n"
    found = parse(text, path, base=str(project), home=str(home), classes=CLASSES)
    return find((found,), str(project), str(home))


def names(found: Closed, project: Path) -> list[str]:
    return [path.removeprefix(f"{project.parent}/") for path in found.paths]


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["x.pem"], ["project/x.pem"]),
        (["infra/**"], ["project/infra"]),
        (["infra", "infra/secret", "infra/more/*.pem"], ["project/infra"]),
        (["src", "src/*", "src-2"], ["project/src", "project/src-2"]),
        (["infra/*"], ["project/infra/more", "project/infra/secret"]),
        (["src/*.tf"], ["project/src/main.tf"]),
        (["*/**/y.pem"], ["project/deep/er/y.pem"]),
        (["~/.netrc"], ["home/.netrc"]),
        (["gone/**", "gone.pem", "gone/*.x"], []),
        (["*.pem"], ["home/keys/id.pem", "project/deep/er/y.pem", "project/infra/more/z.pem", "project/x.pem"]),
    ],
)  # fmt: skip
def test_globs_are_filled_in(project: Path, globs: list[str], expected: list[str]) -> None:
    found = closes(project, *globs)
    assert names(found, project) == expected
    assert not found.open


def test_names_are_kept_for_later(project: Path) -> None:
    found = closes(project, "gone.pem", "x.pem", "infra/**", "infra/gone", "*.gone", "gone/**")
    assert found.later == (f"{project}/gone.pem", f"{project}/gone")


def test_files_of_credentials_are_closed_and_variables_are_none(project: Path) -> None:
    assert names(closes(project, "~/.netrc", "RAILWAY_*", table="credentials"), project) == [
        "home/.netrc"
    ]


def test_a_link_closes_what_it_leads_to(project: Path) -> None:
    (project / "link.key").symlink_to("../home/keys/id.pem")
    (project / "system.key").symlink_to("/etc/hostname")
    for glob in ("link.key", "*.key"):
        assert names(closes(project, glob), project) == ["home/keys/id.pem"]


def test_a_loop_of_links_is_walked_once(project: Path) -> None:
    (project / "deep/up").symlink_to("..")
    assert names(closes(project, "./*y.pem"), project) == ["project/deep/er/y.pem"]


def test_other_names_of_a_closed_file_are_closed(project: Path) -> None:
    (project / "deep/other").hardlink_to(project / "x.pem")
    (project.parent / "home/another").hardlink_to(project / "infra/secret")
    found = closes(project, "x.pem", "infra/**")
    assert names(found, project) == [
        "home/another",
        "project/deep/other",
        "project/infra",
        "project/x.pem",
    ]
    assert not found.open


def test_what_stays_open_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.parent / "elsewhere").hardlink_to(project / "x.pem")
    assert closes(project, "x.pem").open == (f"another name of {project}/x.pem: a hard link",)
    assert closes(project, str(project.parent)) == Closed(
        (), (f"{project.parent}, where it works",)
    )
    monkeypatch.setattr(closed, "MOST", 1)
    assert closes(project, "src/*").open == ("of 2 paths the last 1",)
    monkeypatch.setattr(closed, "_MOST_NAMES", 3)
    assert closes(project, "*.none").open == ("what is in more than 3 files",)
