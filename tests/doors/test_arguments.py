"""gatesh by the name of a shell is that shell: the same words, the same bytes, the same status."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from gatesh.doors.arguments import split
from gatesh.errors import UsageError
from tests.installed import GATESH
from tests.supervise.conftest import RULES

CASES = tomllib.loads((Path(__file__).parents[1] / "data/arguments.toml").read_text())["case"]
SHOWN = 'echo "$0|$#|$*|$-|$BASH_EXECUTION_STRING"; shopt -q login_shell 2>/dev/null && echo login'
FILES = {
    "rc": "f() { echo from rc; }\n",
    "script": SHOWN,
    "history": SHOWN,
    "bin/tool": SHOWN,
    "other/.bash_profile": "g() { echo from a foreign home; }\n",
}


@pytest.fixture(scope="module")
def env(tmp_path_factory) -> dict[str, str]:
    """One place for all: the compiled rules are read again, not made again."""
    place = tmp_path_factory.mktemp("gatesh")
    place.chmod(0o700)
    (place / "patterns").mkdir(mode=0o700)
    (place / "patterns/test.toml").write_text(RULES)
    path = f"{Path(GATESH).parent}:/usr/local/bin:/usr/bin:/bin"
    return {"PATH": path, "LANG": "C.UTF-8", "GATESH_HOME": str(place), "HOME": "/nonexistent"}


@pytest.fixture
def home(work: Path) -> Path:
    for name, text in FILES.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text(text)
    return work


@pytest.fixture
def names(tmp_path: Path) -> Path:
    """A folder with gatesh by the names of shells."""
    folder = tmp_path / "names"
    folder.mkdir()
    for name in ("bash", "sh", "zsh"):
        (folder / name).symlink_to(GATESH)
    return folder


def shell(name: str) -> str:
    """The shell itself; for sh it is bash, called so."""
    found = shutil.which("bash" if name == "sh" else name, path="/usr/bin:/bin")
    if not found:
        pytest.skip(f"no {name}")
    return found


def started(program: str, called: str, words: list[str], home: Path, env, stdin: str):
    done = subprocess.run(
        [called, *words], executable=program, input=stdin, env=env, cwd=home,
        capture_output=True, text=True, timeout=60, start_new_session=True,
    )  # fmt: skip
    # An interactive shell without a terminal names the group it cannot have: ours is gatesh's.
    return (
        done.returncode,
        done.stdout,
        re.sub(r"process group \(-?\d+\)", "process group", done.stderr),
    )


@pytest.mark.parametrize(
    ("case", "name"),
    [(case, name) for case in CASES for name in case["names"]],
    ids=[f"{name}: {case['name']}" for case in CASES for name in case["names"]],
)
def test_a_shell_by_its_name(case, name, home, names, env):
    words = [word.replace("@", SHOWN) for word in case["words"]]
    env = env | {"PATH": f"{home}/bin:{env['PATH']}", "HOME": str(home)} | case.get("env", {})
    told = words, home, env, case.get("stdin", "")
    # Under bash too the caller's own name of it is $0.
    expected = started(shell(name), str(names / name), *told)
    for made in ("a.o", "b.c"):
        (home / made).unlink(missing_ok=True)

    assert started(str(names / name), str(names / name), *told) == expected
    assert expected[0] or expected[1], "the row shows something"


def test_a_single_word_that_is_a_text_is_a_line(env, work):
    text = "cd / && pwd; echo $0 $#"
    assert started(GATESH, GATESH, [text], work, env, "") == (0, "/\nbash 0\n", "")
    (work / "a file; x").write_text("echo a file")
    assert started(GATESH, GATESH, ["a file; x"], work, env, "")[1] == "a file\n"
    assert started(GATESH, GATESH, ["nosuch"], work, env, "")[0] == 127
    assert started(GATESH, GATESH, ["echo no; exit 3", "argument"], work, env, "")[0] == 127


def test_bash_takes_no_text_for_a_file(env, home, names):
    assert started(str(names / "bash"), "bash", ["echo a text"], home, env, "")[0] == 127


@pytest.mark.parametrize("words", [["--bogus"], ["-Z"], ["-c"], ["-o"], ["+c", "echo no"]])
def test_what_bash_would_not_take_is_refused(words, env, home, names):
    status, out, err = started(str(names / "bash"), "bash", words, home, env, "echo no")
    assert (status, out) == (2, "") and err.startswith("gatesh: error: ")


def test_its_help_is_that_of_the_shell(env, home, names):
    status, out, _ = started(str(names / "bash"), "bash", ["--help"], home, env, "echo no")
    assert status == 0 and "bash [GNU long option] [option]" in out


@pytest.mark.parametrize(
    ("word", "hint"), [("histroy", "did you mean `gatesh history`?"), ("deploy.sh", "-c")]
)
def test_a_word_that_is_no_file(word, hint, env, home):
    status, _, err = started(GATESH, GATESH, [word], home, env, "")
    assert status == 127 and "No such file" in err and hint in err


# -- what is started besides is seen ---------------------------------------------------------------------------

DESTROYS = "rm -rf keep\n"
HELD = [
    ("bash", ["--rcfile", "evil", "-ic", "true"], {}),
    ("bash", ["-lc", "true"], {"HOME": "lair"}),
    ("bash", ["-ic", "true"], {"HOME": "lair"}),
    ("bash", ["-l", "script"], {"HOME": "lair"}),
    ("sh", ["-ic", "true"], {"ENV": "evil"}),
    ("zsh", ["-c", "true"], {"ZDOTDIR": "lair"}),
    ("zsh", ["-c", "true"], {"HOME": "lair"}),
    ("bash", ["-O", "extglob", "-c", "rm -rf k!(x)"], {}),
    ("bash", ["-kc", "ls PATH=lair rm"], {}),
    ("bash", ["evil"], {}),
    ("bash", ["words", "rm", "-rf", "keep"], {}),
    ("bash", ["-o", "history", "-H", "expands"], {}),
    ("bash", ["-i", "expands"], {}),
    ("bash", ["+O", "interactive_comments", "-ic", "true # ; rm -rf keep"], {}),
    ("bash", ["-e", "--", "evil"], {}),
    ("zsh", ["-c", "=rm -rf keep"], {}),
    ("zsh", ["-c", "repeat 1 rm -rf keep"], {}),
    ("zsh", ["-c", "noglob rm -rf keep"], {}),
    ("zsh", ["-c", "echo; - rm -rf keep"], {}),
    ("zsh", ["-c", "a=(rm ls); ${a[1]} -rf keep"], {}),
    ("zsh", ["-c", "a=(command rm -rf keep); $a"], {}),
    ("zsh", ["-c", "x='rm -rf keep'; ${=x}"], {}),
    ("zsh", ["-c", "TRAPEXIT() { rm -rf keep }"], {}),
    ("zsh", ["-c", "chpwd() { rm -rf keep }; cd /"], {}),
    ("zsh", ["-c", "zmodload zsh/files; zf_rm -rf keep"], {}),
    ("zsh", ["-c", "$commands[rm] -rf keep"], {}),
    ("zsh", ["-ic", "echo # ; rm -rf keep"], {}),
    ("zsh", ["-c", "alias -g Z='; rm -rf keep'\necho Z"], {}),
    ("zsh", ["-c", "for d (keep) rm -rf $d"], {}),
    ("zsh", ["-c", "echo *(e:'rm -rf keep':)"], {}),
    ("zsh", ["-c", "if [[ -d / ]] { rm -rf keep }"], {}),
    ("zsh", ["-o", "cshjunkieloops", "-c", "foreach d (keep)\nrm -rf $d\nend"], {}),
    ("zsh", ["-c", "f() rm -rf keep; f"], {}),
    ("zsh", ["-c", "a=(r m); ${(j::)a} -rf k*"], {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words", "more"), HELD, ids=[" ".join(w) for _, w, _ in HELD])
def test_what_a_shell_runs_besides_is_read(name, words, more, home, names, env):
    shell(name)
    for folder in ("keep", "lair"):
        (home / folder).mkdir()
    (home / "keep/letter").write_text("dear")
    (home / "evil").write_text(DESTROYS)
    (home / "words").write_text('"$@"\n')
    (home / "expands").write_text("echo -rf keep\n^echo^rm\n")
    for file in (".bash_profile", ".bashrc", ".zshenv", "ls"):
        (home / "lair" / file).write_text("rm -rf keep\n")
    (home / "lair/ls").chmod(0o755)
    env = env | {"HOME": str(home)} | {key: str(home / value) for key, value in more.items()}

    status, _, err = started(str(names / name), name, words, home, env, "")

    assert status == 126, err
    assert (home / "keep/letter").exists()


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["-c", "true"], "BASH_ENV", "$(rm -rf keep)"),
        (["-c", "true"], "BASH_ENV", "`rm -rf keep`"),
        (["--posix", "-ic", "true"], "ENV", "$(rm -rf keep)"),
        (["expands"], "SHELLOPTS", "history:histexpand"),
        (["-c", "export BASH_ENV='$(rm -rf keep)'; bash -c true"], "A", "b"),
    ],
)
def test_what_a_variable_has_a_shell_run_is_read(words, name, value, home, names, env):
    (home / "keep").mkdir()
    (home / "keep/letter").write_text("dear")
    (home / "expands").write_text("echo -rf keep\n^echo^rm\n")
    env = env | {"HOME": str(home), name: value}

    status, _, err = started(str(names / "bash"), "bash", words, home, env, "")

    assert status == 126, err
    assert (home / "keep/letter").exists()


def test_the_users_own_files_are_theirs(env, work, names):
    """A shell in the home of the password database does not ask about what stands there."""
    for words in (["-lc", "true"], ["-l", "-c", "echo x"], ["-ic", "true"]):
        status, _, err = started(str(names / "bash"), "bash", words, work, env, "")
        assert status == 0, err


# -- where options end -------------------------------------------------------------------------------------------

WORDS = {
    "bash": """-c -l -i -s -x -e -ec -lc -ic --norc --noprofile -norc --login --posix --rcfile rc --init-file -o
        pipefail +o -O extglob +O -eo -oc -euxo -- - +e +x s -cl -co -Oc -k -p -B +B -cs -n -t +c +s +i -z --bogus
        -D +l -ci + --verbose""",
    "zsh": """-c -l -i -s -x -e -ec -lc -ic -f --login -o extendedglob -oextendedglob +o -- - +e s -cl -co -b -fc
        +c +s +i -z --bogus -xo +oerrexit -ob --emulate sh -fb -bc + -p -t -n -1 --errexit""",
}


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_random_words_are_taken_as_the_shell_takes_them(name, home, env):
    """What the shell runs is what was read; where they part, we say no and the shell may say yes."""
    shell(name)
    (home / "s").write_text('echo FILE "$0"\n')
    draw = random.Random(11)
    ran = 0
    for _ in range(int(os.environ.get("GATESH_TRIES", "60")) * 4):
        words = [
            *draw.choices(WORDS[name].split(), k=draw.randint(1, 4)),
            'echo LINE "$0"',
            "n",
            "a",
        ]
        _, out, err = started(shell(name), name, words, home, env, "echo STDIN\n")
        try:
            asked = split(name, words)
        except UsageError:
            continue
        first = words[asked.options] if asked.options < len(words) else ""
        if "LINE" in out.splitlines()[0] if out else False:
            assert asked.command and "LINE" in first, words
        elif "FILE" in out:
            assert first == "s" and not (asked.from_input and not asked.command), words
        elif "STDIN" in out:
            assert (asked.from_input or not first) != asked.command or first == "sh", (words, err)
        ran += bool(out)
    assert ran > 30
