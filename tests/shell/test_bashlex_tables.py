"""bashlex's kept tables: the same parser, much faster, and never from a file that others can write."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from gatesh.shell import bashlex_tables as tables
tables._folders[:] = [sys.argv[2]]
before = time.process_time()
parser = tables.load().parser
took = time.process_time() - before
print(parser.parsesingle("{ w | w && { w ; } ; if w ; then w ; fi ; }", expansionlimit=-1).dump())
print(took, sorted(m for m in sys.modules if m in ("inspect", "pickle")), file=sys.stderr)
"""


def probe(folder: Path) -> tuple[str, float]:
    ran = subprocess.run(
        [sys.executable, "-I", "-c", PROBE, str(ROOT), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout, float(ran.stderr.split()[0])


def kept(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_the_kept_tables_make_the_same_parser_and_load_fast(tmp_path):
    built, slow = probe(tmp_path)
    assert kept(tmp_path).stat().st_mode & 0o022 == 0
    loaded, _ = probe(tmp_path)
    assert loaded == built
    assert min(probe(tmp_path)[1] for _ in range(3)) < slow / 2


def test_tables_of_another_grammar_are_not_used(tmp_path):
    built, _ = probe(tmp_path)
    file = kept(tmp_path)
    tables = marshal.loads(file.read_bytes())
    tables[0][2][0][1] += " | WORD"
    tables[1] = {}
    file.write_bytes(marshal.dumps(tables))
    assert probe(tmp_path)[0] == built


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", marshal.dumps([1, 2]), marshal.dumps({"a": 1})]
)
def test_a_damaged_file_is_built_again(tmp_path, content):
    built, _ = probe(tmp_path)
    file = kept(tmp_path)
    file.write_bytes(content)
    assert probe(tmp_path)[0] == built
    assert len(file.read_bytes()) > 1000


def test_a_file_that_others_can_write_is_not_trusted(tmp_path):
    built, _ = probe(tmp_path)
    file = kept(tmp_path)
    tables = marshal.loads(file.read_bytes())
    tables[1] = {0: {}}
    file.write_bytes(marshal.dumps(tables))
    file.chmod(0o666)
    assert probe(tmp_path)[0] == built


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    assert probe(blocked / "below")[0]


def test_reading_a_line_without_structure_does_not_load_bashlex():
    text = (
        "import sys; sys.path.insert(0, sys.argv[1]); from gatesh.model import CommandLine\n"
        "from gatesh.shell.read import read; read(CommandLine('rm -rf \"$(x)\"', '/', {}))\n"
        "print(*sorted(set(sys.modules) & {'bashlex', 'typing', 'dataclasses', 'json', 'pathlib', 'inspect',"
        " 'subprocess', 'contextlib', 'logging', 'argparse'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text, str(ROOT)], capture_output=True, text=True, check=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )  # fmt: skip
    assert ran.stdout.strip() == ""
