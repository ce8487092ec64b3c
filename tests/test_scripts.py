"""Files that a line runs: read before it runs, and read again after a human's yes."""

import hashlib
import sqlite3
import threading

import pytest

from gatesh.audit.past import SessionPast
from gatesh.facts import World
from gatesh.gate import Gate
from gatesh.model import Answer, Answered, Asker, CommandLine, Door, Ran, Verdict
from gatesh.places import places_below
from gatesh.run.look import GitProbe, OsFiles
from gatesh.wiring import load_rules


class Log:
    """A log that keeps nothing."""

    def begin(self, *_):
        return 1

    def answer(self, record, answer):
        self.answered = answer.answered

    def end(self, *_):
        pass

    def mac(self, data):
        return hashlib.sha256(data).hexdigest()

    def past(self, session):
        return SessionPast(sqlite3.connect(":memory:"), threading.Lock(), session)


class Project:
    """A folder below a home, in which lines are considered."""

    def __init__(self, tmp_path):
        self.folder = tmp_path / "work"
        # Not below /tmp for the rules: what is lost there can be made again.
        self.folder.mkdir()
        (self.folder / "data").mkdir()
        (self.folder / "data/rows").write_text("work of a year\n")
        rules = load_rules(places_below(str(tmp_path / "place")))
        self.log = Log()
        self.gate = Gate(rules, self.log, lambda: 0)
        self.world = World(OsFiles(), GitProbe(), str(tmp_path), rules.grammars)
        self.env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def write(self, files):
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)

    def line(self, text):
        return CommandLine(text, str(self.folder), self.env, Door.CHECK)

    def rules(self, text):
        return {m.rule for m in self.gate.consider(self.line(text), self.world)[0].matches}

    def asks(self, text):
        return self.gate.consider(self.line(text), self.world)[1].verdict is not Verdict.ALLOW


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


DESTROYS = "git push --force origin main"
WIPE = f"import os; os.system('{DESTROYS}')"
RUN = [
    ("bash x.sh", {"x.sh": DESTROYS}),
    ("sh -eu x.sh a", {"x.sh": DESTROYS}),
    ("./x.sh", {"x.sh": f"#!/bin/sh\n{DESTROYS}"}),
    ("./x", {"x": f"#!/usr/bin/env python3\nimport os\nos.system('{DESTROYS}')"}),
    ("sh < x.sh", {"x.sh": DESTROYS}),
    (". ./x.sh", {"x.sh": DESTROYS}),
    (f'python3 -m timeit -n1 "{WIPE}"', {}),
    ('python3 -m timeit -n1 -s "from os import system as s" "s(\'git push --force origin main\')"', {}),
    (f'python3 -m code <<< "{WIPE}"', {}),
    (f'python3 -m pdb -c "!{WIPE}" x.py', {}),
    (f'python3 -mtimeit -n1 "{WIPE}"', {}),
    ("python3 -m cProfile -o out x.py", {"x.py": WIPE}),
    (f"PYTHONBREAKPOINT=os.system python3 -c \"breakpoint('{DESTROYS}')\"", {}),
    (f'echo "{WIPE}" > sitecustomize.py; PYTHONPATH=. python3 -c ""', {}),
    (f'echo "{WIPE}" > json.py; python3 -c "import json"', {}),
    (f'echo "{WIPE}" > random.py; python3 -c "import tempfile"', {}),
    (f'mkdir z; echo "{WIPE}" > z/__main__.py; python3 z', {}),
    (f'echo "{WIPE}" > w.py; python3 -m w', {}),
    (f'echo "require(\'child_process\').exec(\'{DESTROYS}\')" > w.js; node -e "require(\'./w\')"', {}),
    (f"node --import \"data:text/javascript,import {{exec}} from 'child_process'; exec('{DESTROYS}')\" -e 1", {}),
    ("source x.sh; go", {"x.sh": f"go() {{ {DESTROYS}; }}"}),
    ("sudo bash x.sh", {"x.sh": DESTROYS}),
    ("cd sub && bash x.sh", {"sub/x.sh": DESTROYS}),
    (f"echo '{DESTROYS}' > b.sh; bash a.sh", {"a.sh": "bash b.sh"}),
    (f"echo '{DESTROYS}' > b.sh; ./a", {"a": "#!/bin/sh b.sh\n"}),
    (f"cat > b.py <<'E'\n{WIPE}\nE\nmake", {"Makefile": "all:\n\tpython3 b.py\n"}),
    (f"echo '{DESTROYS}' > b.sh; bash a.sh", {"a.sh": "bash a2.sh", "a2.sh": ". ./b.sh"}),
    ("bash a.sh", {"a.sh": "bash b.sh", "b.sh": "python3 c.py", "c.py": f"import os; os.system('{DESTROYS}')"}),
    ("bash x.sh --force", {"x.sh": 'git push "$1" origin main'}),
    ("export OPT=--force; bash x.sh", {"x.sh": "git push $OPT origin main"}),
    ("OPT=--force bash x.sh", {"x.sh": "git push $OPT origin main"}),
    ("python3 x.py", {"x.py": f"import os\nos.system('{DESTROYS}')"}),
    ("python3 -Bu x.py", {"x.py": f"import os\nos.system('{DESTROYS}')"}),
    ("python3.11 -m tool.go", {"tool/go.py": f"import os\nos.system('{DESTROYS}')"}),
    ("uv run x.py", {"x.py": f"import os\nos.system('{DESTROYS}')"}),
    (f"python3 -c 'import os; os.system(\"{DESTROYS}\")'", {}),
    (f"python3 - <<'E'\nimport os\nos.system('{DESTROYS}')\nE", {}),
    (f"python3 <<E\nimport os\nos.system('{DESTROYS}')\nE", {}),
    ("python3 < x.py", {"x.py": f"import os\nos.system('{DESTROYS}')"}),
    (f"cat > y.py <<'E'\nimport os\nos.system('{DESTROYS}')\nE\npython3 y.py", {}),
    (f"echo '{DESTROYS}' > y.sh && bash y.sh", {"y.sh": "ls"}),
    ("node x.js", {"x.js": f"require('child_process').execSync('{DESTROYS}')"}),
    (f"node -e \"require('child_process').execSync('{DESTROYS}')\"", {}),
    (f"perl -e 'system(\"{DESTROYS}\")'", {}),
    (f"ruby -e 'system(\"{DESTROYS}\")'", {}),
    ("make wipe", {"Makefile": f"all:\n\techo\nwipe:\n\t@{DESTROYS}\n"}),
    ("make -C sub", {"sub/Makefile": f"all:\n\t{DESTROYS}\n"}),
    ("npm run wipe", {"package.json": f'{{"scripts": {{"wipe": "{DESTROYS}"}}}}'}),
    ("npm test", {"package.json": f'{{"scripts": {{"test": "jest", "posttest": "{DESTROYS}"}}}}'}),
    ("yarn wipe", {"package.json": f'{{"scripts": {{"wipe": "{DESTROYS}"}}}}'}),
    ("pnpm -C web run wipe", {"web/package.json": f'{{"scripts": {{"wipe": "{DESTROYS}"}}}}'}),
    ("git wipe", {".git/config": f"[alias]\n\twipe = !{DESTROYS}\n"}),
    ("git pf origin main", {".git/config": "[alias]\n\tpf = push --force\n"}),
    ("cp a.txt y.sh; bash y.sh", {"a.txt": DESTROYS}),
    ("ln -s a.txt y.sh && bash y.sh", {"a.txt": DESTROYS}),
    ("make wipe", {"Makefile": "include b.mk\n", "b.mk": f"wipe:\n\t{DESTROYS}\n"}),
    ("npm install", {"package.json": f'{{"scripts": {{"postinstall": "{DESTROYS}"}}}}'}),
    ("node .", {"index.js": f"require('child_process').execSync('{DESTROYS}')"}),
    ("python3 tool", {"tool/__main__.py": f"import os; os.system('{DESTROYS}')"}),
    (f"git -c alias.w='!{DESTROYS}' w", {}),
    ('python3 -c "$(cat f.py)"', {"f.py": f"import os; os.system('{DESTROYS}')"}),
    ("python3 x.py", {"x.py": "import lib\nlib.go()", "lib.py": f"import os\ndef go(): os.system('{DESTROYS}')"}),
    ("python3 -m pkg", {"pkg/__main__.py": "from . import a", "pkg/a.py": f"import os; os.system('{DESTROYS}')"}),
    ("PYTHONPATH=q python3 -c 'import lib'", {"q/lib.py": f"import os; os.system('{DESTROYS}')"}),
    ("python3 -c \"exec(open('code.txt').read())\"", {"code.txt": f"import os; os.system('{DESTROYS}')"}),
    ("python2 x.py", {"x.py": f"print 'x'\nimport os; os.system('{DESTROYS}')"}),
    ("node x.js", {"x.js": "require('./lib/w').go()",
                   "lib/w.js": f"exports.go=()=>require('child_process').execSync('{DESTROYS}')"}),
    ("node x.mjs", {"x.mjs": "import {go} from './w.mjs'; go()",
                    "w.mjs": f"import cp from 'child_process'; export function go() {{ cp.execSync('{DESTROYS}') }}"}),
    ("make wipe-data", {"Makefile": f"wipe-%:\n\t{DESTROYS} $*\n"}),
    ("make x.o", {"Makefile": f"%.o: %.c\n\t{DESTROYS}\n"}),
    ("make a", {"Makefile": f"define f\n{DESTROYS}\nendef\na:\n\t$(f)\n"}),
    ("make a", {"Makefile": "run = git $(1) --force origin main\na:\n\t$(call run,push)\n"}),
    ("make a", {"Makefile": ".ONESHELL:\na:\n\tF=--force\n\tgit push $$F origin main\n"}),
    ("make a", {"Makefile": "include sub/*.mk\n", "sub/a.mk": f"a:\n\t{DESTROYS}\n"}),
    ("make", {"Makefile": f".DEFAULT_GOAL := b\na:\n\techo\nb:\n\t{DESTROYS}\n"}),
    (f"make --eval='$(shell {DESTROYS})'", {"Makefile": "a:\n"}),
    ("make a", {"Makefile": f"$(info $(shell {DESTROYS}))\na:\n\techo\n"}),
    (f"awk 'BEGIN{{system(\"{DESTROYS}\")}}'", {}),
    (f"awk 'BEGIN{{\"{DESTROYS}\" | getline}}'", {}),
    ("awk -f x.awk", {"x.awk": f'BEGIN{{print 1 | "{DESTROYS}"}}'}),
    (f"sed '1e {DESTROYS}' f", {}),
    (f"sed 's/x/{DESTROYS}/e' f", {}),
    (f"php -r \"system('{DESTROYS}');\"", {}),
    ("php x.php", {"x.php": f"<p>it's</p><?php exec('{DESTROYS}');"}),
    ("lua x.lua", {"x.lua": f"os.execute('{DESTROYS}')"}),
    ("Rscript x.R", {"x.R": f'system("{DESTROYS}")'}),
    ("just wipe", {"justfile": f"default:\n    echo\nwipe target='x':\n    @{DESTROYS}\n"}),
    ("just push force", {"justfile": "push how:\n  git push --{{how}} origin main\n"}),
    ("cd sub && task wipe", {"Taskfile.yml": f"tasks:\n  wipe:\n    cmds:\n      - {DESTROYS}\n", "sub/x": ""}),
    ("task", {"Taskfile.yml": f"tasks:\n  default:\n    deps: [b]\n  b:\n    cmds:\n      - cmd: {DESTROYS}\n"}),
    ("composer wipe", {"composer.json": f'{{"scripts": {{"wipe": ["ls", "{DESTROYS}"]}}}}'}),
    ("deno task wipe", {"deno.json": f'{{"tasks": {{"wipe": "{DESTROYS}"}}}}'}),
    ("hatch run wipe", {"pyproject.toml": f'[tool.hatch.envs.default.scripts]\nwipe = "{DESTROYS}"\n'}),
    ("poe wipe", {"pyproject.toml": f'[tool.poe.tasks]\nwipe = "{DESTROYS}"\n'}),
    ("tox -e w", {"tox.ini": f"[testenv:w]\ncommands = {DESTROYS}\n"}),
    ("nox -s w", {"noxfile.py": f"import os\ndef w(s):\n  os.system('{DESTROYS}')\n"}),
    ("rake wipe", {"Rakefile": f"task :wipe do\n  sh '{DESTROYS}'\nend\n"}),
    ("npm run wipe -w web", {"package.json": "{}", "web/package.json": f'{{"scripts": {{"wipe": "{DESTROYS}"}}}}'}),
    ("pnpm --filter @me/web wipe", {"packages/a/package.json": f'{{"name": "@me/web", "scripts": {{"wipe": "{DESTROYS}"}}}}'}),
    ("git commit -m x", {".git/hooks/pre-commit": f"#!/bin/sh\n{DESTROYS}\n"}),
    ("git checkout b", {".git/hooks/post-checkout": f"#!/usr/bin/env python3\nimport os; os.system('{DESTROYS}')\n"}),
    ("git -c core.hooksPath=h commit -m x", {"h/pre-commit": DESTROYS, ".git/x": ""}),
    ("git push", {".githooks/pre-push": DESTROYS, ".git/config": "[core]\n\thooksPath = .githooks\n"}),
    ("direnv exec . ls", {".envrc": DESTROYS}),
    ("direnv allow", {".envrc": DESTROYS}),
    ("direnv exec sub ls", {"sub/.envrc": DESTROYS}),
    ("cat x.sh | bash", {"x.sh": DESTROYS}),
    ("cat x.sh | sudo bash -s a", {"x.sh": DESTROYS}),
    ("cat x.py | python3 -", {"x.py": f"import os; os.system('{DESTROYS}')"}),
    ("ruby x.rb", {"x.rb": "require_relative 'y'", "y.rb": f"system('{DESTROYS}')"}),
    ("ruby x.rb", {"x.rb": "require_relative 'y'\nwipe", "y.rb": f"def wipe\n  again\nend\ndef again\n  system('{DESTROYS}')\nend\n"}),
    ("ruby x.rb", {"x.rb": "require_relative 'y'", "y.rb": f"def a; end; begin\n  system('{DESTROYS}')\nend\n"}),
    ("ruby -e 'load \"y.rb\"'", {"y.rb": f"system('{DESTROYS}')"}),
    (f"ruby -e 'eval %q(system(\"{DESTROYS}\"))'", {}),
    ("perl x.pl", {"x.pl": "require './y.pl';", "y.pl": f"system('{DESTROYS}'); 1"}),
    ("perl -e 'use lib \"lib\"; use My::W; My::W::go()'", {"lib/My/W.pm": f"package My::W;\nsub go {{\n  system('{DESTROYS}');\n}}\n1"}),
    ("perl -e 'do \"./y.pl\"'", {"y.pl": f"sub a {{ 1 }} {{\n  system('{DESTROYS}');\n}}\n"}),
    (f"perl -e 'eval q{{system(\"{DESTROYS}\")}}'", {}),
    (f"perl -e '$x = q{{system(\"{DESTROYS}\");#}}; eval $x.$x'", {}),
    ("php x.php", {"x.php": "<?php require __DIR__ . '/lib/y.php';", "lib/y.php": f"<?php exec('{DESTROYS}');"}),
    ("lua -e 'require \"lib.y\"'", {"lib/y.lua": f"os.execute('{DESTROYS}')"}),
    ("Rscript -e 'source(\"y.R\")'", {"y.R": f'system("{DESTROYS}")'}),
    ("cd lib; cd ..; bash lib/x.sh", {"lib/x.sh": DESTROYS}),
    ("pushd lib; popd; bash lib/x.sh", {"lib/x.sh": DESTROYS}),
    ("for f in lib/*.sh; do bash $f; done", {"lib/x.sh": DESTROYS}),
    ("for f in lib/*.sh; do . \"$f\"; done", {"lib/x.sh": DESTROYS}),
    ("find lib -name '*.sh' -exec bash {} \\;", {"lib/x.sh": DESTROYS}),
    ("cp x.sh lib/; bash lib/x.sh", {"x.sh": DESTROYS, "lib/y.sh": "ls"}),
    ("PATH=$PWD/lib:$PATH; zz", {"lib/zz": DESTROYS}),
    ("env PATH=lib zz", {"lib/zz": DESTROYS}),
    ("export PATH=$(pwd)/lib:$PATH; ls", {"lib/ls": DESTROYS}),
    ("PATH=$PWD/lib:$PATH bash zz", {"lib/zz": DESTROYS}),
    ("HOME=lib bash -lc ls", {"lib/.bash_profile": DESTROYS}),
    ("export HOME=$PWD/lib; bash --login -c ls", {"lib/.profile": DESTROYS}),
    ("ZDOTDIR=lib zsh -c ls", {"lib/.zshenv": DESTROYS}),
    ("env ENV=rc sh -i <<< ls", {"rc": DESTROYS}),
    ("sed -n 1e rc", {"rc": DESTROYS}),
    (f"sed e <<< '{DESTROYS}'", {}),
    (f"printf 'Host *\\nProxyCommand {DESTROYS}\\n' > cf; ssh -F cf h", {}),
    ("ssh -Fcf h", {"cf": f"Host *\n  ProxyCommand {DESTROYS}\n"}),
    ("make SHELL=./zz", {"zz": DESTROYS, "Makefile": "all:\n\techo\n"}),
    ("git config core.hooksPath lib; cp lib/zz lib/pre-commit; git commit -m x", {"lib/zz": DESTROYS, ".git/config": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "files"), RUN, ids=[t.split("\n")[0] for t, _ in RUN])
def test_what_a_file_does_is_seen_in_the_line_that_runs_it(text, files, project):
    project.write(files)
    assert "git-push-force" in project.rules(text)


SHIM = r"""#!/bin/sh
basedir=$(dirname "$(echo "$0" | sed -e 's,\\,/,g')")
case `uname` in
    *CYGWIN*|*MINGW*|*MSYS*) basedir=`cygpath -w "$basedir"`;;
esac
if [ -x "$basedir/node" ]; then
  exec "$basedir/node" "$basedir/../tsx/dist/cli.mjs" "$@"
else
  exec node "$basedir/../tsx/dist/cli.mjs" "$@"
fi
"""
QUIET = [
    ("bash x.sh", {"x.sh": f"# {DESTROYS}\necho '{DESTROYS}'\npytest -q"}),
    ("bash -n x.sh", {"x.sh": DESTROYS}),
    ("bash not-there.sh", {}),
    ("cat x.sh", {"x.sh": DESTROYS}),
    ("make -n wipe", {"Makefile": f"wipe:\n\t{DESTROYS}\n"}),
    ("make test", {"Makefile": f"test:\n\tpytest\nwipe:\n\t{DESTROYS}\n"}),
    ("npm run build", {"package.json": f'{{"scripts": {{"build": "tsc", "wipe": "{DESTROYS}"}}}}'}),
    ("npm install", {"package.json": "{}"}),
    ("git status", {".git/config": f"[alias]\n\tstatus = !{DESTROYS}\n"}),
    ("python3 manage.py test", {"manage.py": "import sys\nfrom django.core.management import execute_from_command_line as e\ne(sys.argv)"}),
    ("python3 x.py", {"x.py": "import lib\nlib.go()", "lib.py": f"import os\ndef go(): pass\ndef wipe(): os.system('{DESTROYS}')"}),
    ("python3 x.py", {"x.py": "import lib", "lib.py": f"import os\nif __name__ == '__main__':\n  os.system('{DESTROYS}')"}),
    ("node x.js", {"x.js": "require('./w').go()", "w.js": f"exports.go=()=>1; exports.wipe=()=>require('child_process').execSync('{DESTROYS}')"}),
    ("just test", {"justfile": f"test:\n  pytest\nwipe:\n  {DESTROYS}\n"}),
    ("task test", {"Taskfile.yml": f"tasks:\n  test:\n    cmds: [pytest]\n  wipe:\n    cmds:\n      - {DESTROYS}\n"}),
    ("rake test", {"Rakefile": f"task :test do\n  sh 'rspec'\nend\ntask :wipe do\n  sh '{DESTROYS}'\nend\n"}),
    ("awk '{print $1 | \"sort\"}' f", {}),
    ("sed -e 's/the system | e/x/' f", {}),
    ("git status", {".git/hooks/pre-commit": DESTROYS}),
    ("git commit -m x", {".git/hooks/pre-commit.sample": DESTROYS}),
    ("source x.sh; echo", {"x.sh": f"go() {{ {DESTROYS}; }}"}),
    ("cat x.sh | bash", {"x.sh": "echo hi"}),
    ("cd sub && cat x.py | python3 -", {"sub/x.py": "print(1)"}),
    ("parallel --version", {}),
    ("direnv allow && direnv exec . ls", {".envrc": "export A=1\nlayout python3\nPATH_add bin\nuse flake\n"}),
    ("direnv status", {".envrc": DESTROYS}),
    ("parallel echo {} :::: names", {"names": "a\nb\n"}),
    ("ruby x.rb", {"x.rb": "require_relative 'y'\nputs 1", "y.rb": f"def wipe\n  system('{DESTROYS}')\nend\n"}),
    ("perl x.pl", {"x.pl": "eval { go() }; eval \"use Foo; 1\" or die;"}),
    ("bash x.sh", {"x.sh": 'T=$(mktemp -d)\ntrap \'rm -rf "$T"\' EXIT\n"$PYTHON" -m x\neval "$(tool init)"'}),
    ("bash x.sh", {"x.sh": 'cd "$(dirname "$0")/.."\nrm -rf not-there dist'}),
    ("chmod +x x.sh && ./x.sh", {"x.sh": "echo hi"}),
    ("sed -i 's/foo/bar/' x.sh && bash x.sh", {"x.sh": "echo foo"}),
    ("bash x.sh; bash x.sh", {"x.sh": "echo foo"}),
    ("python3 x.py > out.txt; python3 y.py out.txt", {"x.py": "print(1)", "y.py": "print(2)"}),
    ("export PATH=$HOME/.cargo/bin:$PATH; ls", {}),
    ("for f in lib/*.sh; do bash -n $f; done", {"lib/x.sh": DESTROYS}),
    ("cd lib; cd ..; bash lib/x.sh", {"lib/x.sh": "echo hi"}),
    ("git ls-files | xargs env LC_ALL=C wc -l", {}),
    ("make SHELL=/bin/bash", {"Makefile": "all:\n\techo\n"}),
    ("sed -e '/e/d' -e '$!d' f", {}),
    ("awk '{system(\"echo \" $1)}' f", {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "removes"),
    [
        ("python3 -m venv --clear data", True),
        ("virtualenv --clear data", True),
        ("python3 -c \"import venv; venv.create('data', clear=True)\"", True),
        ("python3 -m venv data", False),
        ("virtualenv data", False),
    ],
)
def test_an_environment_is_a_deletion_where_its_folder_is_cleared(text, removes, project):
    commands = project.gate.consider(project.line(text), project.world)[0].reading.commands
    assert ("rm" in [command.program for command in commands]) is removes


RM = "#!/bin/rm -rf\n"
STARTED = [  # each would delete /etc/passwd; nothing is run
    ("./x /etc/passwd", {"x": RM}),
    ("./x /etc/passw*", {"x": RM}),
    ("./x 'no such file' /etc/pass??", {"x": RM}),
    ('D=/etc/passwd; ./x "$D"', {"x": RM}),
    ('./x "$(cat names)"', {"x": RM}),
    ("ls | xargs ./x", {"x": RM}),
    ("sudo env -u A timeout 5 ./x /etc/passwd", {"x": RM}),
    ("cd sub && ./x ../../../../../../../../etc/passwd", {"sub/x": RM}),
    ("echo hi; PATH=.:$PATH; x /etc/passwd", {"x": RM}),
    ("printf '#!/bin/rm -rf\\n' > y; chmod +x y; ./y /etc/passwd", {}),
    ("bash x.sh", {"x.sh": "./x /etc/passwd", "x": RM}),
    ("./x /etc/passwd", {"x": "#! \t/usr/bin/env -S rm\t-rf"}),
    ("./x", {"x": "#!/usr/bin/env -S rm -rf /etc/passwd\n"}),
    ("./x", {"x": "#!/usr/bin/env -S bash -c 'rm -rf /etc/passwd'\n"}),
    ("./x", {"x": "#!/usr/bin/env -S BASH_ENV=y bash\n", "y": "rm -rf /etc/passwd"}),
    ("./x /etc/passwd", {"x": "#!/usr/bin/busybox rm\n"}),
    ("./x /etc/passwd", {"x": "#!/usr/bin/nice /bin/rm\n"}),
    ("./x /etc/passwd", {"x": "#!/usr/bin/find -delete\n"}),
    ("./x /etc/passwd", {"x": "#!/usr/bin/shred -u\n"}),
    ("echo /etc/passwd | ./x", {"x": "#!/usr/bin/env -S xargs rm -rf\n"}),
    ("./x", {"x": "#!/usr/bin/perl -eunlink('/etc/passwd')\n"}),
    ("./x", {"x": "#!/usr/bin/python3 -cimport shutil; shutil.rmtree('/etc/passwd')\n"}),
    ("./x", {"x": "#!/usr/bin/awk BEGIN{system(\"rm -rf /etc/passwd\")}\n"}),
    ("echo rm -rf /etc/passwd | ./x", {"x": "#!/bin/bash -s\n"}),
    ("./x /etc/passwd", {"x": "#!y\n", "y": RM}),
    ("./x /etc/passwd", {"x": "#!./python3\n", "python3": RM}),
    ("./python3 /etc/passwd", {"python3": RM}),
    ("./python3", {"python3": "#!/bin/sh\nrm -rf /etc/passwd"}),
    ("perl ./x /etc/passwd", {"x": RM}),
    ("perl ./x", {"x": "#!/bin/sh\nrm -rf /etc/passwd"}),
    ("./x /etc/passwd", {"x": RM + "#" * 300_000}),
    ("./x /etc/passwd", {"x": RM + "\0"}),
    ("./x", {"x": "#!/bin/sh\n" + "# \n" * 90_000 + "rm -rf /etc/passwd"}),
    ("./x", {"x": "#!/bin/sh\n\0\nrm -rf /etc/passwd"}),
    ("sh x", {"x": "\0\nrm -rf /etc/passwd"}),
    ("git commit -m x", {".git/hooks/pre-commit": "#!/usr/bin/env -S rm -rf /etc/passwd\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "files"), STARTED, ids=[repr(s)[:80] for s in STARTED])
def test_the_program_that_a_first_line_names_is_decided_on_as_if_it_were_typed(
    text, files, project
):
    project.write(files)
    assert project.asks(text)


READ = [
    ("./x data", {"x": "#!/usr/bin/make -f\ndata:\n\techo hi\n"}),
    ("./x data", {"x": "#!/usr/bin/awk -f\n{ print }\n"}),
    ("./x data", {"x": "#!/usr/bin/perl -w\nprint 1;\n"}),
    ("./x data", {"x": "#!/usr/bin/perl -CSD -w\nprint 1;\n"}),
    ("./x data", {"x": "#!/usr/bin/python3 -u\nprint(1)\n"}),
    ("./x data", {"x": "#!/usr/bin/env -S python3 -u\nprint(1)\n"}),
    ("./x data", {"x": "#!/usr/bin/env -S node --no-warnings\nconsole.log(1)\n"}),
    ("./x data", {"x": "#!/usr/bin/env -S NODE_OPTIONS=--no-warnings node\nconsole.log(1)\n"}),
    ("./x data", {"x": "#!/usr/bin/env -S uv run --script\nprint(1)\n"}),
    ("./x data", {"x": "#!/usr/bin/env -S deno run -A\nconsole.log(1)\n"}),
    ("./x data", {"x": "#!/usr/bin/env -S npx tsx\nconsole.log(1)\n"}),
    ("./x data", {"x": "#!/bin/bash -eu\necho hi\n"}),
    ("./x data", {"x": "#!/bin/sh -\necho hi\n"}),
    ("./x data", {"x": "#!/bin/sh\r\necho hi\r\n"}),
    ("./x data", {"x": "#!/usr/bin/sed -nf\n1p\n"}),
    ("./x data", {"x": "#!/usr/bin/env bats\n@test a { true; }\n"}),
    ("./x data", {"x": "#!/usr/bin/gnuplot\nplot 1\n"}),
    ("./x data", {"x": "#!/usr/bin/env fish\necho hi\n"}),
    ("./x data", {"x": "#!/usr/bin/env -S just --justfile\nall:\n  echo hi\n"}),
    ("./x data", {"x": "#!/usr/bin/expect -f\nputs 1\n"}),
    ("./x data", {"x": "#!/usr/bin/env nix-shell\n#! nix-shell -i bash -p hello\nhello\n"}),
    ("./x 'a b' *.md \"$HOME/x\" \"$(pwd)\" | tee log", {"x": "#!/usr/bin/env -S ruby -w\nputs 1\n"}),
    ("xargs ./x < names", {"x": "#!/usr/bin/env -S grep -f\nfoo\n", "names": "a\n"}),
    (".venv/bin/pytest -q", {".venv/bin/pytest": "#!{folder}/.venv/bin/python3\nimport sys\nfrom pytest import main\nsys.exit(main())\n"}),
    ("bash a", {"a": "bash b", "b": "./c", "c": "#!/bin/sh\n.venv/bin/go", ".venv/bin/go": "#!/w/.venv/bin/python3\nprint(1)"}),
    ("node_modules/.bin/tsx x.ts", {"node_modules/.bin/tsx": SHIM, "x.ts": "console.log(1)"}),
    ("perl ./x", {"x": "#!/usr/bin/env perl\nprint 1;\n"}),
    ("./x", {"x": "\x7fELF\x02\x01\x01\0rm"}),
    ("python3 x.pyc", {"x.pyc": "\xa7\r\r\n\0\0shutil rmtree"}),
    ("./x data", {"x": "#!/not/there\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "files"), READ, ids=[repr(r)[:80] for r in READ])
def test_an_interpreter_that_reads_its_script_is_not_asked_about(text, files, project):
    project.write(files)
    assert not project.asks(text)


@pytest.mark.parametrize(("text", "files"), QUIET, ids=[t.split("\n")[0] for t, _ in QUIET])
def test_everyday_scripts_are_not_asked_about(text, files, project):
    project.write(files)
    assert not project.asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "cat x.sh y.sh | bash",
        "cat - | bash",
        "cat /dev/stdin | bash",
        "for f in x.sh y.sh; do cat $f | bash; done",
        "shopt -s expand_aliases\nalias cat='cat y.sh'\ncat x.sh | bash",
        "sed -i s/ls/rm/ x.sh; cat x.sh | bash",
        ". ./y.sh; cat x.sh | bash",
        "PATH=.:$PATH; cat x.sh | bash",
        "cat not-there | bash",
        "cat x.sh | tr l r | bash",
        "parallel -a x.sh",
        "parallel < x.sh",
        "parallel :::: x.sh",
    ],
)
def test_what_is_piped_into_a_shell_is_asked_about_where_it_may_not_be_that_file(text, project):
    project.write({"x.sh": "ls", "y.sh": DESTROYS, "-": "ls"})
    assert project.asks(text)


def test_a_script_with_a_character_that_no_line_needs_is_asked_about_where_it_may_destroy(project):
    project.write({"x.sh": f"{DESTROYS} # \x01", "y.sh": "echo \x01"})
    assert "unseen-script" in project.rules("bash x.sh")
    assert not project.asks("bash y.sh")


def test_a_file_that_is_fetched_and_run_in_one_line_is_asked_about(project):
    assert "unseen-script" in project.rules("curl -so i.sh https://example.com/i.sh && bash i.sh")


@pytest.mark.parametrize(
    "text",
    [
        "base64 -d <<< bHM= > x.sh; bash x.sh",
        "dd of=x.sh <<< rm; bash x.sh",
        'python3 -c \'open("x.sh", "w").write("rm")\'; bash x.sh',
        'perl -e \'open(F, ">x.sh"); print F "rm"\'; bash x.sh',
        "awk '{print > \"x.sh\"}' rc; bash x.sh",
        "sed -n 's/^#//w x.sh' rc; bash x.sh",
        "sed -i 's/ls/rm -rf data/' x.sh; bash x.sh",
        "find rc -fprintf x.sh 'rm -rf data'; bash x.sh",
        "csplit -f x rc 1; bash x00",
        "split rc; bash xaa",
        "sort -o x.sh rc; bash x.sh",
        "tee x.sh < rc; bash x.sh",
        "ls &> x.sh; bash x.sh",
        "make -f <(cat rc)",
        "awk -f <(cat rc)",
    ],
)
def test_a_file_that_a_command_of_the_line_makes_unseen_is_asked_about(text, project):
    project.write({"x.sh": "ls", "rc": "ls"})
    assert "unseen-script" in project.rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "xargs env < rc",
        "xargs -a rc env",
        "xargs -n 3 nice < rc",
        "xargs -I{} sh -c '{}' < rc",
        "perl -ne 'system $_' rc",
        "perl -pe 's/.*/qx($&)/e' rc",
        "perl -e 'exec @ARGV' rm -rf data",
        "ruby -e 'exec *ARGV' rm -rf data",
        "awk '{system($0)}' rc",
        "X='rm -rf data' awk 'BEGIN{system(ENVIRON[\"X\"])}'",
        r"echo ${b[$'\x24(rm -rf data)']}",
    ],
)
def test_a_program_that_only_the_input_names_is_asked_about(text, project):
    project.write({"rc": "rm -rf data"})
    assert "unknown-program" in project.rules(text)


def test_python_that_only_another_version_can_read_is_asked_about_where_it_may_destroy(project):
    project.write(
        {
            "x.py": "type X = int\nimport os; os.system('rm -rf data')",
            "y.py": "type X = int\nprint(1)",
        }
    )
    assert project.rules("python3 x.py") == {"unseen-script"}
    assert not project.asks("python3 y.py")


def test_a_defect_in_reading_code_is_asked_about(project, monkeypatch):
    from gatesh.facts import python_code

    monkeypatch.setattr(python_code, "read", lambda *_: 1 / 0)
    assert "unseen-script" in project.rules("python3 -c 'import os'")


def test_more_calls_than_are_followed_are_asked_about(project):
    text = "import os\n" + "".join(f"os.system('echo {i}')\n" for i in range(600))
    project.write({"x.py": text + f"os.system('{DESTROYS}')"})
    assert "unseen-script" in project.rules("python3 x.py")


def test_a_script_that_is_too_long_to_read_is_asked_about(project):
    project.write({"x.sh": "true\n" * 60_000})
    assert "unseen-script" in project.rules("bash x.sh")


def test_a_script_that_starts_itself_is_read_once(project):
    project.write({"x.sh": "bash x.sh\nls"})
    seen = project.gate.consider(project.line("bash x.sh"), project.world)[0]
    assert [c.program for c in seen.reading.commands] == ["bash", "bash", "ls"]
    assert not project.asks("bash x.sh")


def test_more_scripts_than_are_read_are_asked_about(project):
    project.write(
        {f"{i}.sh": "ls" for i in range(40)}
        | {"x.sh": "\n".join(f"bash {i}.sh" for i in range(40))}
    )
    assert "unseen-script" in project.rules("bash x.sh")


def test_everything_found_stands_where_the_line_runs_the_file(project):
    project.write({"x.sh": DESTROYS})
    seen = project.gate.consider(project.line("ls; bash x.sh"), project.world)[0]
    (found,) = {m.span for m in seen.matches if m.rule == "git-push-force"}
    assert "ls; bash x.sh"[found.start : found.end] == "bash x.sh"
    assert seen.reading.commands[-1].origin.value == "script"


class Person:
    """Says yes, after something happened."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    def ask(self, request):
        self.meanwhile()
        return Answer(Answered.APPROVED)


class Bash:
    """Remembers that it ran."""

    ran = False

    def run(self, line):
        self.ran = True
        return Ran(0, 0)


@pytest.mark.parametrize(
    ("later", "runs"), [(DESTROYS, True), (DESTROYS + "\nls", False), (None, False)]
)
def test_a_yes_holds_only_for_the_content_that_was_shown(later, runs, project):
    project.write({"x.sh": DESTROYS})
    path = project.folder / "x.sh"

    def meanwhile():
        if later is None:
            path.unlink()
        elif later != DESTROYS:
            path.write_text(later)

    bash = Bash()
    project.gate.submit(
        project.line("bash x.sh"), Asker(1, 1, "s", 1, 1), project.world, Person(meanwhile), bash
    )
    assert bash.ran is runs
    assert project.log.answered is (Answered.APPROVED if runs else Answered.CHANGED)


@pytest.mark.parametrize(
    "text", ["echo rm -rf data >/dev/null\n!!:s/echo//\n", "rm x\n!rm\n", "echo a\n^echo a^rm -rf data\n"]
)  # fmt: skip
def test_an_interactive_shell_expands_the_history_of_its_script(project, text):
    project.write({"x.sh": text})
    assert "history-runs" in project.rules("bash -i x.sh")
    assert "history-runs" in project.rules("bash --norc -li x.sh a")
    assert "history-runs" not in project.rules("bash x.sh")


def test_a_script_without_history_is_read_as_any_other(project):
    text = (
        '#!/bin/bash\n# wow!really\nif ! [ "$a" != b ]; then echo "$!" ${!x} [!a]; fi\necho hi!\n'
    )
    project.write({"x.sh": text})
    assert not project.asks("bash -i x.sh")
