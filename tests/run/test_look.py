"""Looking at the machine: real files, and a real git in repositories that try to be executed."""

import os
import subprocess
import time

import pytest

from gatesh.model import Extent
from gatesh.run.look import GitProbe, OsFiles


def git(folder, *words):
    env = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@x", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@x",
    }  # fmt: skip
    subprocess.run(["git", "-C", str(folder), *words], env=env, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    top = tmp_path / "repo"
    top.mkdir()
    git(top, "init", "-q")
    for name in ("kept.py", "src/a.py", "src/b.py", "clean/x", "mixed/y"):
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_text("content\n")
    (top / ".gitignore").write_text("node_modules/\n*.pyc\n.env\ndata/\n")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "first")
    (top / "src/b.py").write_text("changed\n")
    (top / "new.py").write_text("untracked\n")
    (top / "staged.py").write_text("staged\n")
    git(top, "add", "staged.py")
    for name in ("node_modules/x/index.js", "clean/x.pyc", "mixed/.env", "data/rows", ".env"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("ignored\n")
    return top


EXTENTS = [
    ("kept.py", Extent.RECOVERABLE),
    ("src/a.py", Extent.RECOVERABLE),
    ("src/b.py", Extent.LOSABLE),
    ("src", Extent.LOSABLE),
    ("new.py", Extent.LOSABLE),
    ("staged.py", Extent.LOSABLE),
    ("node_modules", Extent.DERIVED),
    ("node_modules/x", Extent.DERIVED),
    ("clean", Extent.DERIVED),  # committed, and a .pyc
    ("mixed", Extent.LOSABLE),  # committed, and an .env
    ("data", Extent.LOSABLE),  # ignored is not the same as made again
    (".env", Extent.LOSABLE),
    (".git", Extent.LOSABLE),
    (".", Extent.LOSABLE),
]


@pytest.mark.parametrize(("name", "extent"), EXTENTS, ids=[name for name, _ in EXTENTS])
def test_git_brings_back_what_is_committed_and_unchanged(repository, name, extent):
    path = os.path.normpath(repository / name)
    assert GitProbe().git_extent(path) is extent


@pytest.mark.parametrize("backwards", [False, True])
def test_of_many_paths_git_says_what_it_says_of_each(repository, backwards):
    (repository / ":(exclude)kept.py").write_text("x")
    (repository / "*").write_text("x")
    (repository / "tab\tand\nline").write_text("x")
    odd = [
        (":(exclude)kept.py", Extent.LOSABLE),
        ("*", Extent.LOSABLE),
        ("tab\tand\nline", Extent.LOSABLE),
    ]
    table = [*EXTENTS, *odd, ("not/there", Extent.LOSABLE), ("../outside", Extent.UNKNOWN)]
    if backwards:
        table.reverse()

    found = GitProbe().git_extents(tuple(os.path.normpath(repository / name) for name, _ in table))

    assert found == tuple(extent for _, extent in table)


def test_one_of_many_of_which_git_says_too_much_does_not_hide_the_others(repository):
    (repository / "many").mkdir()
    for number in range(3000):
        (repository / f"many/a-rather-long-name-{number}.pyc").write_text("x")
    git(repository, "add", "-f", "many/a-rather-long-name-0.pyc")

    found = GitProbe().git_extents(tuple(f"{repository}/{name}" for name in ("kept.py", "many")))

    assert found == (Extent.RECOVERABLE, Extent.UNKNOWN)


def test_a_deleted_file_that_is_committed_is_a_change(repository):
    (repository / "src/a.py").unlink()
    assert GitProbe().git_extent(str(repository / "src/a.py")) is Extent.LOSABLE


def test_git_keeps_nothing_of_what_is_in_a_repository_inside_another(repository):
    inner = repository / "clean/inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "a").write_text("1")
    git(inner, "add", "a")
    git(inner, "commit", "-qm", "1")
    git(repository, "add", "clean")  # as a link: no .gitmodules says so
    git(repository, "commit", "-qm", "2", "clean")
    (inner / "new").write_text("untracked there, and nothing to git here")

    found = GitProbe().git_extents((f"{repository}/clean", f"{repository}/kept.py"))

    assert found == (Extent.LOSABLE, Extent.RECOVERABLE)


EDITS = [
    ("src", Extent.LOSABLE),
    (".", Extent.LOSABLE),
    ("clean", Extent.RECOVERABLE),
    ("mixed", Extent.RECOVERABLE),  # what git does not know stays where it is
]


@pytest.mark.parametrize(("name", "extent"), EDITS, ids=[name for name, _ in EDITS])
def test_edits_are_changes_of_what_git_has(repository, name, extent):
    assert GitProbe().git_edits(os.path.normpath(repository / name)) is extent


def test_what_only_lacks_a_file_has_no_edits(repository):
    (repository / "src/b.py").unlink()
    assert GitProbe().git_edits(str(repository / "src")) is Extent.RECOVERABLE


def test_edits_that_git_was_told_not_to_look_at_are_edits(repository):
    git(repository, "update-index", "--skip-worktree", "clean/x")
    assert GitProbe().git_edits(str(repository / "clean")) is Extent.LOSABLE


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_git_was_told_not_to_look_at_can_be_lost(repository, flag):
    git(repository, "update-index", flag, "kept.py")
    (repository / "kept.py").write_text("work of a day\n")
    assert GitProbe().git_extent(str(repository / "kept.py")) is Extent.LOSABLE


def test_a_name_with_pathspec_magic_is_only_a_name(repository):
    (repository / ":(exclude)kept.py").write_text("x")
    (repository / "*").write_text("x")
    assert GitProbe().git_extent(str(repository / ":(exclude)kept.py")) is Extent.LOSABLE
    assert GitProbe().git_extent(str(repository / "*")) is Extent.LOSABLE


def test_outside_a_repository_git_cannot_tell(tmp_path):
    assert GitProbe().git_extent(str(tmp_path / "x")) is Extent.UNKNOWN


def test_a_submodule_is_not_brought_back(repository, tmp_path):
    (repository / ".gitmodules").write_text('[submodule "m"]\n\tpath = vendor/m\n\turl = ../m\n')
    git(repository, "add", ".gitmodules")
    git(repository, "commit", "-qm", "modules")
    assert GitProbe().git_extent(str(repository / "vendor")) is Extent.UNKNOWN
    assert GitProbe().git_extent(str(repository / "kept.py")) is Extent.RECOVERABLE


def test_nothing_that_a_repository_configures_is_executed(repository, tmp_path):
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.py filter=evil diff=evil\nsrc/* filter=a=b\n")
    git(repository, "config", "--file", ".git/config", "core.bare", "false")
    with open(repository / ".git/config", "a") as config:
        config.write(f'[filter "a=b"]\n\tclean = {trap}\n')
    for name in ("clean", "smudge", "process"):
        git(repository, "config", f"filter.evil.{name}", str(trap))
    git(repository, "config", "filter.evil.required", "true")
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "diff.evil.command", "diff.evil.textconv",
                "core.editor", "core.askPass", "credential.helper", "alias.status", "diff.external"):  # fmt: skip
        git(repository, "config", key, f"!{trap}" if key == "alias.status" else str(trap))
    hooks = repository / ".git/hooks"
    for name in ("post-index-change", "fsmonitor-watchman", "pre-commit", "reference-transaction"):
        (hooks / name).write_text(trap.read_text())
        (hooks / name).chmod(0o755)
    (tmp_path / "included").write_text(f'[filter "other"]\n\tclean = {trap}\n')
    git(repository, "config", "include.path", str(tmp_path / "included"))
    (repository / "src/a.py").write_text(
        "other 1\n"
    )  # same size as before: the content must be read
    os.utime(repository / "kept.py", (1, 1))
    for name in ("kept.py", "src", "new.py"):
        GitProbe().git_extent(str(repository / name))
    assert not (tmp_path / "sprung").exists()


def test_a_filter_that_is_configured_meanwhile_is_not_executed(repository, tmp_path, monkeypatch):
    """The settings change after we have looked at them: our git finds a filter, and cannot start it."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil\n")
    git(repository, "config", "filter.evil.clean", str(trap))
    monkeypatch.setattr("gatesh.run.look._Git.switch_filters_off", lambda _: True)
    for required in ("false", "true"):
        git(repository, "config", "filter.evil.required", required)
        os.utime(repository / "kept.py", (1, 1))
        GitProbe().git_extent(str(repository / "kept.py"))
    assert not (tmp_path / "sprung").exists()


def test_the_trap_of_the_test_above_works(repository, tmp_path):
    """Without our precautions the filter does run: the test above can fail."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil\n")
    git(repository, "config", "filter.evil.clean", str(trap))
    os.utime(repository / "kept.py", (1, 1))
    git(repository, "status")
    assert (tmp_path / "sprung").exists()


def test_the_environment_of_the_caller_does_not_reach_git(repository, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert GitProbe().git_extent(str(repository / "kept.py")) is Extent.RECOVERABLE


def test_a_work_tree_elsewhere_is_not_believed(repository, tmp_path):
    """core.worktree would let git compare another folder with what is committed."""
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repository), str(copy))
    git(repository, "config", "core.worktree", str(copy))
    (repository / "kept.py").write_text("work of a day\n")
    assert GitProbe().git_extent(str(repository / "kept.py")) is Extent.LOSABLE


def test_a_change_that_git_was_told_to_overlook_is_a_change(repository):
    git(repository, "config", "core.trustctime", "false")
    git(repository, "config", "core.checkStat", "minimal")
    file = repository / "kept.py"
    before = file.stat()
    time.sleep(1.1)  # a file as old as the index is always read
    git(repository, "status")  # refreshes the index
    file.write_text("CONTENT\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert GitProbe().git_extent(str(file)) is Extent.LOSABLE


def test_the_index_is_not_written(repository):
    os.utime(repository / "kept.py", (1, 1))
    before = (repository / ".git/index").read_bytes()
    GitProbe().git_extent(str(repository / "kept.py"))
    assert (repository / ".git/index").read_bytes() == before


def test_a_linked_work_tree_is_a_repository(repository, tmp_path):
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    assert GitProbe().repository(str(tmp_path / "tree/src")) == str(tmp_path / "tree")
    assert GitProbe().git_extent(str(tmp_path / "tree/src")) is Extent.RECOVERABLE


def test_files_are_read_up_to_the_limit(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"12345")
    assert OsFiles().read(str(file), 5) == b"12345"
    assert OsFiles().read(str(file), 4) is None
    assert OsFiles().read(str(tmp_path / "none"), 5) is None
    assert OsFiles().read(str(tmp_path), 5) is None
    assert OsFiles().read("a\0b", 5) is None


def test_a_fifo_neither_blocks_nor_is_read(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert OsFiles().read(str(tmp_path / "fifo"), 10) is None
    assert OsFiles().kind(str(tmp_path / "fifo")) == "other"


def test_kinds_names_and_links(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("x")
    (tmp_path / "l").symlink_to("d")
    (tmp_path / "loop").symlink_to("loop")
    files = OsFiles()
    kinds = [files.kind(str(tmp_path / n)) for n in ("d", "d/f", "l", "loop", "none")]
    assert kinds == ["directory", "file", "link", "link", "missing"]
    assert files.real(str(tmp_path / "l/f")) == str(tmp_path / "d/f")
    assert files.names(str(tmp_path), 3) == ["d", "l", "loop"]
    assert files.names(str(tmp_path), 2) is None
    assert files.size(str(tmp_path / "l/f")) == 1
