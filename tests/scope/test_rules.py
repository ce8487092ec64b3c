"""Rules that speak of what a target is called."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import GATESH

RULE = """
[production-apply]
cli = "kubectl apply"
when = "target.label == 'production'"
severity = "high"
class = "outage"
say = "changes {target}"
instead = "kubectl diff"
catches = ["kubectl --context prod apply -f x.yaml", "kubectl apply --context live -f x.yaml"]
passes = ["kubectl --context staging apply -f x.yaml", "kubectl get pods"]
"""


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("kubectl --context eks-prod apply -f x.yaml", ["production-apply"]),
        ("kubectl --context blue apply -f x.yaml", ["production-apply"]),
        ("kubectl --context staging apply -f x.yaml", []),
        ("kubectl apply -f x.yaml", []),
    ],
)
def test_a_rule_may_speak_of_one_label(env, line, rules):
    home = Path(env["GATESH_HOME"])
    (home / "patterns").mkdir(parents=True, mode=0o700)
    (home / "patterns" / "mine.toml").write_text(RULE)
    (home / "environments.toml").write_text("[production]\nkube-contexts = ['blue']\n")
    told = subprocess.run([GATESH, "check", "--json", line], env=env, capture_output=True)
    found = json.loads(told.stdout)
    assert [rule["id"] for rule in found["rules"]] == rules


def test_the_examples_of_such_a_rule_are_tried_with_guesses(env, tmp_path):
    (tmp_path / "mine.toml").write_text(RULE)
    words = [GATESH, "patterns", "test", str(tmp_path / "mine.toml")]
    tested = subprocess.run(words, env=env, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_what_is_listed_is_gateshs_own_file(env):
    line = f"sed -i s/production/staging/ {env['GATESH_HOME']}/environments.toml"
    told = subprocess.run([GATESH, "check", line], env=env, capture_output=True, text=True)
    assert (told.returncode, told.stdout.partition(":")[0]) == (1, "ask")
