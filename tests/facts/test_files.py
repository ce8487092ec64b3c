"""Files: which paths a command line would change, and what is lost with them."""

import os
import pathlib
import subprocess
import tomllib

import pytest

from gatesh.facts import World, inspect, may_have_run, runs_out_of_order
from gatesh.facts.paths import expand
from gatesh.model import CommandLine, Extent, FileChange, Parsed, SimpleCommand, Span, Word
from gatesh.run.look import GitProbe, OsFiles
from gatesh.shell.read import read
from tests.facts.tree import TreeFiles, TreeProbe

TABLE = tomllib.loads(
    (pathlib.Path(__file__).parents[1] / "data" / "facts" / "files.toml").read_text()
)


def changes(line, world, cwd, env=None):
    """Return the file changes of a whole command line."""
    submitted = CommandLine(line, cwd, {"HOME": world.home} | (env or {}))
    reading = read(submitted)
    assert isinstance(reading, Parsed)
    facts = [
        fact
        for index, command in enumerate(reading.commands)
        for fact in inspect(
            command,
            submitted,
            world,
            may_have_run(reading.commands, index, runs_out_of_order(submitted)),
        )
    ]
    return [fact for fact in facts if isinstance(fact, FileChange)]


@pytest.fixture(scope="module")
def tree():
    files = TreeFiles(TABLE["tree"])
    return World(files, TreeProbe(files, TABLE["recoverable"], TABLE["derived"]), TABLE["home"])


@pytest.mark.parametrize("row", TABLE["line"], ids=lambda row: row["line"][:60])
def test_line_changes_what_the_table_says(row, tree):
    found = [
        [change.action, p.path, p.extent.value, "root" if p.root else ""]
        for change in changes(row["line"], tree, TABLE["cwd"])
        for p in change.paths
        if change.action != "write"  # nothing is lost by it; tested below
    ]
    assert found == row["changes"]


def test_words_that_cannot_be_seen_are_said_to_be_missing(tree):
    (change,) = changes("ls | xargs rm -rf", tree, TABLE["cwd"])
    assert change.cannot_see == ("paths: more will be added",)


ROOT = "20 1 8:1 / / rw - ext4 /dev/a rw"
MOUNTED = [  # what is mounted besides, a path, and whether it may go unasked
    ("", "/tmp/x/a", True),
    ("21 20 8:1 /srv /tmp/x rw - ext4 /dev/a rw", "/tmp/x/a", False),
    ("21 20 8:1 /srv /tmp/x rw - ext4 /dev/a rw", "/tmp/x", False),
    ("21 20 8:1 /srv /tmp/x/a rw - ext4 /dev/a rw", "/tmp/x", False),
    ("21 20 8:1 /srv /tmp/y rw - ext4 /dev/a rw", "/tmp/x/a", True),
    ("21 20 8:1 /srv/my\\040files /tmp/x rw shared:1 - ext4 /dev/a rw", "/tmp/x/a", False),
    ("21 20 8:1 /srv /tmp rw - ext4 /dev/a rw", "/tmp/x/a", False),
    ("21 20 8:1 /tmp/systemd-private/tmp /tmp rw - ext4 /dev/a rw", "/tmp/x/a", True),
    ("21 20 8:1 /tmp/y /tmp/x rw - ext4 /dev/a rw", "/tmp/x/a", True),
    ("21 20 8:2 / /tmp rw - ext4 /dev/b rw", "/tmp/x/a", True),
    ("21 20 8:2 / /tmp/x rw - ext4 /dev/b rw", "/tmp/x/a", False),
    ("21 20 0:30 / /tmp rw - tmpfs none rw", "/tmp/x/a", True),
    ("21 20 0:30 / /tmp/x rw - tmpfs none rw", "/tmp/x/a", True),
    ("21 20 0:31 / /tmp/x rw - overlay o rw,upperdir=/srv", "/tmp/x/a", False),
    ("21 20 0:31 / /tmp rw - overlay o rw,upperdir=/srv", "/tmp/x/a", False),
    ("21 20 0:32 / /tmp/x rw - fuse.sshfs h: rw", "/tmp/x/a", False),
    ("21 20 8:1 / /mnt/all rw - ext4 /dev/a rw", "/tmp/x/a", True),
    ("21 20 8:1 /srv /home/me/p/dist rw - ext4 /dev/a rw", "/home/me/p/dist", False),
    ("21 20 8:3 /volumes/1 /home/me/p/dist rw - ext4 /dev/c rw", "/home/me/p/dist", True),
    ("not what it was", "/tmp/x/a", True),
]  # fmt: skip


@pytest.mark.parametrize(("row", "path", "thrown"), MOUNTED)
def test_what_is_mounted_in_a_temporary_folder_is_not_temporary(row, path, thrown):
    files = TreeFiles(["/tmp/x/a", "/home/me/p/dist/a"])
    files.mounted = f"{ROOT}\n{row}\n"
    world = World(files, TreeProbe(files, [], ["/home/me/p/dist"]), "/home/me")
    line = CommandLine(f"rm -rf {path}", "/home/me/p", {})
    (change,) = changes(line.text, world, line.cwd)
    assert (change.paths[0].extent is Extent.DERIVED) is thrown


@pytest.mark.parametrize(
    "line",
    [
        "mount --bind . /tmp/x && rm -rf /tmp/x/a",
        "mount . /tmp/x -o bind && rm -rf /tmp/x/a",
        "mount --move /srv /tmp/x; rm -rf /tmp/x/new",
        "bindfs -o nonempty . /tmp/x; rm -rf /tmp/x/a",
        "mount /tmp/x; rm -rf /tmp/x/a",
        "mount -a; rm -rf /tmp/x/a",
        "mount $(cat x); rm -rf /tmp/x/a",
        "chroot . rm -rf /tmp/x/a",
        "chroot . rm -rf /tmp/x/new",
        "unshare --root=. rm -rf /tmp/x/a",
        "unshare -R . sh -c 'rm -rf /tmp/x/a'",
        "nsenter -t 1 -m rm -rf /tmp/x/a",
        "sudo nsenter --target 1 --all -- rm -rf /tmp/x/a",
    ],
)
def test_what_another_mount_or_root_may_show_is_unknown(line):
    files = TreeFiles(["/tmp/x/a", "/home/me/p/src/a"])
    world = World(files, TreeProbe(files, [], []), "/home/me")
    (change,) = changes(line, world, "/home/me/p")
    assert change.paths[0].extent is Extent.UNKNOWN


@pytest.mark.parametrize(
    "line",
    [
        "mount --bind . /tmp/y && rm -rf /tmp/x/a",
        "unshare -rn rm -rf /tmp/x/a",
        "nsenter -t 1 -n rm -rf /tmp/x/a",
        "mount -o bind /tmp/x /srv/y; rm -rf /tmp/x/a",
        "mount | grep tmp; rm -rf /tmp/x/a",
        "mount -l; rm -rf /tmp/x/a",
    ],
)
def test_a_temporary_folder_beside_a_mount_is_what_it_was(line):
    files = TreeFiles(["/tmp/x/a", "/home/me/p/src/a"])
    world = World(files, TreeProbe(files, [], []), "/home/me")
    (change,) = changes(line, world, "/home/me/p")
    assert change.paths[0].extent is Extent.DERIVED


def test_what_is_only_added_to_is_a_write(tree):
    lines = ("echo x >> ~/.bashrc", "echo x | tee -a ~/.bashrc", "echo x > ~/.new")
    found = [c for line in lines for c in changes(line, tree, TABLE["cwd"])]
    assert [(c.action, c.paths[0].path) for c in found] == [
        ("write", "/home/me/.bashrc"),
        ("write", "/home/me/.bashrc"),
        ("write", "/home/me/.new"),
    ]


def test_the_rest_of_a_full_folder_is_what_the_folder_is():
    files = TreeFiles([f"/home/me/p/dist/{i}" for i in range(500)] + ["/home/me/p/.git/x"])
    world = World(files, TreeProbe(files, [], ["/home/me/p/dist"]), "/home/me")
    (change,) = changes("rm -rf dist/*", world, "/home/me/p")
    assert change.paths[-1].extent.value == "derived"
    lost = World(files, TreeProbe(files, [], []), "/home/me")
    (change,) = changes("rm -rf dist/*", lost, "/home/me/p")
    assert change.paths[-1].extent.value == "unknown"
    assert len(change.paths) < 50


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "*.txt",
        "?.txt",
        "[ab].txt",
        "d/*",
        "*/*",
        "{a,b}.txt",
        "{a,d/{c,x}}.txt",
        ".h*",
        "none*",
        "[!a]*",
        "d/./*",
    ],
)
def test_globs_become_the_paths_that_bash_makes_of_them(text, tmp_path):
    for name in ("a.txt", "b.txt", "cc.md", ".hidden", "d/c.txt", "d/x.txt", "d/.dot"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    by_bash = subprocess.run(
        ["bash", "--norc", "-c", f"printf '%s\\n' {text}"],
        cwd=tmp_path, capture_output=True, text=True, check=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    ).stdout.split("\n")[:-1]  # fmt: skip
    command = SimpleCommand((), Span(0, 0))
    word = Word(text, Span(0, 0), globbed=True)
    world = World(OsFiles(), GitProbe(), "/home/me")
    found = expand(word, command, CommandLine("", str(tmp_path), {}), world)
    assert {os.path.normpath(path) for path in found} == {str(tmp_path / name) for name in by_bash}


def test_braces_that_would_make_too_many_words_are_unknown():
    word = Word("{a,b}" * 30, Span(0, 0), globbed=True)
    world = World(OsFiles(), GitProbe(), "/home/me")
    assert expand(word, SimpleCommand((), Span(0, 0)), CommandLine("", "/", {}), world) == [None]


def test_a_real_repository_says_what_can_be_brought_back(tmp_path):
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": "/dev/null"}
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("a\n")
    (tmp_path / "lost.txt").write_text("nobody else has it\n")
    identity = ["-c", "user.name=a", "-c", "user.email=a@x"]
    for words in (["init", "-q"], ["add", "src"], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, env=env, check=True)
    world = World(OsFiles(), GitProbe(), "/home/me")
    found = changes("rm -rf src lost.txt .git", world, str(tmp_path))
    assert [(p.extent.value, p.root) for change in found for p in change.paths] == [
        ("recoverable", False),
        ("losable", False),
        ("losable", True),
    ]


class CountingProbe(GitProbe):
    """git, with a note of what it was asked."""

    def __init__(self):
        self.asked = []

    def git_extents(self, paths):
        self.asked.append(paths)
        return super().git_extents(paths)


@pytest.mark.parametrize("line", ["rm n*.pyc", "rm -rf n{0..19}.pyc", "tee n*.pyc"])
def test_git_is_asked_once_about_many_files(tmp_path, line):
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, env=env, check=True)
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    for number in range(20):
        (tmp_path / f"n{number}.pyc").write_text("made again\n")
    probe = CountingProbe()

    (found,) = changes(line, World(OsFiles(), probe, "/home/me"), str(tmp_path))

    assert [path.extent.value for path in found.paths] == ["derived"] * 20
    assert len(probe.asked) == 1
