"""What is asked about at a program's start: what it does itself, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

# Each starts `rm keep` somewhere; asked is what held it, and how often. `{}` is the work folder.
ONCE = [
    ("echo 'rm keep' > s.sh; bash s.sh", "exec"),
    ("echo 'rm keep' > s.sh; env A=1 timeout 5 nice bash s.sh", "exec"),
    ("printf 'x:\\n\\trm keep\\n' > Makefile; make -s", "exec"),
    ("printf 'x:\\n\\trm keep; true\\n' > Makefile; make -s", "line"),
    ("find . -name keep -exec rm {} ';'", "exec"),
    ("echo keep | xargs rm", "exec"),
]


@pytest.mark.parametrize(("lines", "door"), ONCE)
def test_what_starts_something_is_asked_about_where_it_starts(lines, door, run, work: Path) -> None:
    (work / "keep").write_text("x")
    run.shell(lines)
    refused = run.history("--outcome", "refused")
    assert [(r["door"], r["rule_ids"]) for r in refused] == [(door, ["hold-keep"])], run.history()
    assert (work / "keep").exists()


def test_what_a_script_does_itself_is_asked_about_at_its_start(run, work: Path) -> None:
    """A shell's own redirections, and code in another language, are never a program of their own."""
    (work / "s.sh").write_text("python3 - <<X\nimport os\nos.remove('keep')\nX\n")
    (work / "keep").write_text("x")
    run.shell("bash s.sh")
    assert (work / "keep").exists()
    assert [r["rule_ids"] for r in run.history("--outcome", "refused")] == [["hold-keep"]]


@pytest.mark.parametrize(
    ("first", "path"),
    [
        ("#!/bin/sh", "./railway"), ("#! /usr/bin/env  sh", "railway"), ("#!/bin/sh -e", "link"),
        ("#!/usr/bin/python3", "other"),
    ],
)  # fmt: skip
def test_a_script_is_the_program_that_it_is_called(first: str, path: str, run, work: Path) -> None:
    """A client is often a script: what the kernel loads for it is an interpreter, and its name an argument."""
    bin_ = work / "bin"
    bin_.mkdir()
    for name in ("railway", "other"):
        (bin_ / name).write_text(f"{first}\n")
        (bin_ / name).chmod(0o755)
    (work / "railway").symlink_to("bin/railway")
    (bin_ / "link").symlink_to("railway")
    run.env["PATH"] = f"{bin_}:{run.env['PATH']}"
    run.agent(f"import subprocess; subprocess.run([{path!r}, 'volume', 'delete'])")
    held = [(r["door"], r["rule_ids"][0]) for r in run.history("--outcome", "refused")]
    assert held == [("exec", "railway-delete")], run.history()


@pytest.mark.parametrize(
    "first", ["#!/usr/bin/rm -rf", "#!/bin/rm -rf", "#!/usr/bin/env -S rm -rf"]
)
def test_a_name_is_no_cover_for_an_interpreter_that_destroys(first: str, run, work: Path) -> None:
    (work / "railway").write_text(f"{first}\n")
    (work / "railway").chmod(0o755)
    (work / "keep").write_text("x")
    run.agent("import subprocess; subprocess.run(['./railway', 'keep'])")
    assert (work / "keep").exists()


@pytest.mark.parametrize("lines", [
    "mkdir -p build/a; touch build/a/b; rm -rf build",
    "printf 'O := a.o b.o\\nx: $(O)\\nclean:\\n\\trm -f $(O)\\n%%.o:\\n\\ttouch $@\\n' > Makefile; make -s; make -s clean",
    "echo 'for f in *; do test -f $f && cat $f > /dev/null; done; $SHELL -c true' > s.sh; sh s.sh; ./s.sh 2>/dev/null; true",
    "git init -q .; git add . ; git -c user.name=a -c user.email=b commit -qm x --allow-empty; git status; git log | cat",
    "git init -q .; git -c user.name=a -c user.email=b commit -qm x --allow-empty; git gc -q",
    "cat /etc/passwd | sort | uniq | head -3 | awk '{print $1}' | sed s/a/b/ | tr a b | wc -l",
    "python3 -c 'import subprocess; subprocess.run([\"ls\", \"-la\"])'; perl -e 'print 1'; node -e '1' 2>/dev/null; true",
])  # fmt: skip
def test_everyday_work_is_not_asked_about(lines: str, run) -> None:
    done = run.shell(lines)
    assert done.returncode == 0, done
    assert [(r["command_line"], r["rule_ids"]) for r in run.history("--verdict", "ask")] == []


GIT = """
git init -q . && git config user.name a && git config user.email b && echo 1 >m && git add m && git commit -qm 1 || exit 1
"""


def test_what_git_starts_of_itself_is_not_asked_about(run, work: Path) -> None:
    done = run.shell(GIT + """set -e
echo 2 >m; git stash -q; git stash pop -q; echo n >n; git stash -qu; git stash pop -q; git stash -q -- m; git stash pop -q
git worktree add -q ../tree; git worktree remove ../tree; git gc -q; git maintenance run
git branch side HEAD; git rebase -q --autostash side
cat m n
""")  # fmt: skip
    assert done.returncode == 0 and done.stdout.endswith("2\nn\n"), done
    assert [(r["command_line"], r["rule_ids"]) for r in run.history("--verdict", "ask")] == []


@pytest.mark.parametrize("way", [
    "printf '#!/bin/sh\\ngit reset -q --hard HEAD~0\\n' >h",
    "printf '#!/bin/sh\\nexec git reset -q --hard HEAD~0\\n' >h",
    (
        "printf '#!/usr/bin/env python3\\nimport os, threading, time\\n"
        "words = open(\"words\").read().split()\\n"
        "threading.Thread(target=os.execvp, args=(words[0], words)).start(); time.sleep(5)\\n' >h; echo git reset --hard HEAD~0 >words"
    ),
])  # fmt: skip
def test_what_a_hook_of_git_starts_is_asked_about(way: str, run, work: Path) -> None:
    """The hook stands where git looks for it without a word of ours: below a name in its folder of templates."""
    lines = f"{way}; chmod +x h; mkdir -p t/hooks; mv h t/hooks/post-index-change; export GIT_TEMPLATE_DIR=$PWD/t"
    done = run.shell(f"{lines}\n{GIT}\necho 2 >m; echo 3 >k; git add k; git stash -q; cat m; true")
    asked = [r["command_line"] for r in run.history("--verdict", "ask")]
    assert any(" reset " in line and "git" in line for line in asked), (asked, done)


@pytest.fixture
def claude(run, tmp_path: Path) -> Path:
    """A program of that name, which says that it runs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "claude"
    program.write_text("#!/bin/sh\necho claude runs\n")
    program.chmod(0o755)
    run.env["PATH"] = f"{folder}:{run.env['PATH']}"
    return program


@pytest.mark.parametrize("line", [
    "claude --dangerously-skip-permissions -p x",
    "bash -c 'claude --dangerously-skip-permissions -p x; true'",
    "nohup setsid -w claude --dangerously-skip-permissions -p x",
])  # fmt: skip
def test_an_agent_that_asks_nobody_is_gated_below_anyway(line, run, claude) -> None:
    assert "claude runs" in run.shell(line).stdout
    assert run.history("--verdict", "ask") == []


@pytest.mark.parametrize("line", [
    "bash -c 'tmux -L gatesh-test new -d claude --dangerously-skip-permissions; true'",
    "bash -c 'systemd-run --user claude --dangerously-skip-permissions; true'",
    "bash -c 'docker run img claude --dangerously-skip-permissions; true'",
])  # fmt: skip
def test_an_agent_that_asks_nobody_is_held_where_it_leaves_the_tree(line, run, claude) -> None:
    assert "claude runs" not in run.shell(line).stdout
    (refused,) = run.history("--outcome", "refused")
    assert "ungated-agent" in refused["rule_ids"]


def test_codex_may_start_what_it_starts_through_itself(run, compiled, work: Path) -> None:
    """Forty kilobytes of shell are its arguments then; what they start is decided on when it starts."""
    (work / "keep").write_text("x")
    source = "#include <unistd.h>\nint main(int n, char **a) { return execvp(a[2], a + 2); }"
    run.env["PATH"] = f"{Path(compiled('codex', source)).parent}:{run.env['PATH']}"
    done = run.agent(
        "import subprocess\n"
        "for option in ('--codex-run-as-process-setup', '--other'):\n"
        "    for line in ('echo ran', 'rm keep'):\n"
        "        words = ['codex', option, 'bash', '-c', line, 'x' * 40000]\n"
        "        subprocess.run(words, stdout=1, stderr=1)"
    )
    assert done.stdout.count("ran\n") == 1, done
    refused = [row["rule_ids"] for row in run.history("--outcome", "refused")]
    assert refused == [["unparsed"], ["unparsed"], ["hold-keep"]]
    assert (work / "keep").exists()


@pytest.mark.parametrize("words", [
    ["emacsclient", "--eval", '(shell-command "rm keep")'],
    ["emacsclient", "-e", '(delete-file "keep")'],
    ["nvim", "--server", "s", "--remote-send", ":!rm keep<CR>"],
    ["machinectl", "shell", ".host", "/bin/rm", "keep"],
    ["systemd-run", "--user", "rm", "keep"],
    ["flatpak-spawn", "--host", "rm", "keep"],
    ["toolbox", "run", "rm", "keep"],
    ["docker", "exec", "web", "rm", "keep"],
    ["ssh", "localhost", "rm keep"],
    ["tmux", "new-session", "-d", "rm keep"],
    ["busctl", "--user", "call", "org.freedesktop.systemd1", "/", "m", "StartTransientUnit", "rm", "keep"],
])  # fmt: skip
def test_a_program_that_has_another_one_do_it_is_held_itself(words, run, compiled) -> None:
    program = compiled(words[0], 'int puts(const char *); int main(void) { puts("told"); }')
    done = run.agent(f"import subprocess as s; s.run({[program, *words[1:]]!r})")
    assert "told" not in done.stdout and "refused" in done.stderr, run.history()


@pytest.mark.parametrize("words", [
    ["emacsclient", "-n", "README.md"],
    ["nvim", "--server", "s", "--remote", "README.md"],
    ["machinectl", "list"],
    ["docker", "exec", "web", "ls"],
    ["ssh", "localhost", "make", "test"],
    ["busctl", "--user", "list"],
])  # fmt: skip
def test_a_program_that_has_another_one_do_what_harms_nobody_is_not(words, run, compiled) -> None:
    program = compiled(words[0], 'int puts(const char *); int main(void) { puts("told"); }')
    assert "told" in run.agent(f"import subprocess as s; s.run({[program, *words[1:]]!r})").stdout


PROJECT = """
[pp-zap]
cli      = "zap **"
severity = "high"
class    = "data-destroy"
say      = "zaps"
instead  = "look first"
catches  = ["zap x", "zap y"]
passes   = ["zip x", "zop y"]
"""


@pytest.mark.parametrize("first", ["#!/bin/sh", "#!/usr/bin/python3"])
def test_a_projects_own_rules_count_for_what_starts_there(first: str, run, work: Path) -> None:
    rules = work / "project/.gatesh/patterns/p.toml"
    rules.parent.mkdir(parents=True)
    rules.write_text(PROJECT)
    zap = work / "project/zap"
    zap.write_text(f"{first}\n")
    zap.chmod(0o755)
    run.agent(
        "import os, subprocess\nos.chdir('project')\nsubprocess.run(['./zap', 'all'])\n"
        "os.chdir('..')\nsubprocess.run(['project/zap', 'again'])"
    )
    held = [(r["door"], r["rule_ids"]) for r in run.history("--outcome", "refused")]
    assert held == [("exec", ["pp-zap"])] * 2, run.history()


def test_nothing_starts_where_a_projects_rules_are_broken(run, work: Path) -> None:
    rules = work / "project/.gatesh/patterns/p.toml"
    rules.parent.mkdir(parents=True)
    rules.write_text(PROJECT.replace("cli ", "clo "))
    done = run.agent(
        "import os, subprocess\nos.chdir('project')\nsys.exit(subprocess.run(['touch', 'ran']).returncode)"
    )
    assert done.returncode == 125
    assert f"gatesh: error: {rules}:3: " in done.stdout + done.stderr
    assert not (work / "project/ran").exists()


def test_a_project_that_takes_the_name_of_another_folder_has_its_own_rules(run, work: Path) -> None:
    rules = work / "project/.gatesh/patterns/p.toml"
    rules.parent.mkdir(parents=True)
    rules.write_text(PROJECT)
    (work / "project/zap").write_text("#!/bin/sh\necho zapped\n")
    (work / "project/zap").chmod(0o755)
    run.agent(
        "import os, subprocess\n"
        "for _ in range(6):\n"
        "    os.mkdir('a'); os.chdir('a'); subprocess.run(['true']); os.chdir('..'); os.rmdir('a')\n"
        "    os.rename('project', 'a'); os.chdir('a'); subprocess.run(['./zap', 'all'])\n"
        "    os.chdir('..'); os.rename('a', 'project')"
    )
    zapped = [r for r in run.history() if "zap all" in r["command_line"]]
    assert len(zapped) == 6, run.history()
    assert {tuple(r["rule_ids"]) for r in zapped} == {("pp-zap",)}
