"""What an approval is bound to: every file that decides what the line does, named in it or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from gatesh import policy
from gatesh.facts.stamps import stamps
from gatesh.model import CommandLine, inner_line
from gatesh.places import Places
from gatesh.wiring import gate_for_check
from tests.audit.values import ASKER

if TYPE_CHECKING:
    from pathlib import Path

Bound = Callable[["Path", str, dict[str, str]], bytes]


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> Bound:
    """What an approval of a line would be bound to now, in `home`/work."""
    own = tmp_path_factory.mktemp("own")
    gate, world = gate_for_check(
        Places(str(own), *(f"{own}/{name}" for name in ("config", "state", "run")))
    )

    def bind(home: Path, text: str, env: dict[str, str]) -> bytes:
        given = {"HOME": str(home), "PATH": "/usr/bin:/bin", **env}
        line = CommandLine(text, str(home / "work"), given)
        seen, _ = gate.consider(line, world)
        inner = inner_line(line, seen.reading)
        files = stamps(policy.bound(seen).values(), inner, world)
        return policy.binding(inner, ASKER, seen, "digest", files)

    return bind


@pytest.mark.parametrize(
    ("text", "file", "env"),
    [
        ("xargs -a work-list rm -rf", "work/work-list", {}),
        ("xargs --arg-file=work-list rm -rf", "work/work-list", {}),
        ("cat *.sql | psql -h db.prod", "work/q.sql", {}),
        ("PSQLRC=rc psql -h db.prod -c 'select 1'", "work/rc", {}),
        ("bash --rcfile rc -ic 'rm -rf data'", "work/rc", {}),
        ("psql service=prod -c 'drop table a'", ".pg_service.conf", {}),
        ("mysql -e 'drop table a'", ".my.cnf", {}),
        ("kubectl delete ns x", ".kube/config", {}),
        ("kubectl delete ns x", "work/kc", {"KUBECONFIG": "/nowhere:kc"}),
        ("KUBECONFIG=kc kubectl delete ns x", "work/kc", {}),
        ("ssh host 'rm -rf x'", ".ssh/config", {}),
        ("terraform destroy", "work/main.tf", {}),
        ("docker compose down -v", "work/docker-compose.yml", {}),
        ("make -f - x < rules", "work/rules", {}),
        (": " + " ".join(f"e{n}" for n in range(300)) + "; xargs rm < names", "work/names", {}),
    ],
)
def test_a_file_that_decides_is_part_of_what_is_approved(bound, tmp_path, text, file, env):
    (tmp_path / "work").mkdir()
    for number in range(300):
        (tmp_path / f"work/e{number}").touch()
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("one\n")
    before = bound(tmp_path, text, env)
    assert bound(tmp_path, text, env) == before

    path.write_text("another\n")
    assert bound(tmp_path, text, env) != before
