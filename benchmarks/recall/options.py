"""A command line's options spelled otherwise, where its tool is known to take them so."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from benchmarks.recall.case import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Programs that take options after operands, and letters in a cluster.
_PERMUTE = set(
    """rm docker podman kubectl helm git gh glab rsync chmod chown chattr shred rclone
    hcloud doctl flyctl fly vercel netlify supabase neonctl pscale wrangler npm apt-get dnf oc argocd flux
    velero userdel kafka-topics""".split()
)
# What takes no value in any of them.
_FLAGS = set(
    """-f --force -r -rf -fr -R --recursive -y --yes --all -af -fdx -fd -ffd --hard --volumes --prune --purge
    --delete --confirm --no-verify --cascade --dangerous --force-reset --accept-data-loss --skip-final-snapshot
    --recreate --quiet --zap-all""".split()
)
_VALUED = set(
    """--name --resource-group --namespace --app --project --region --stack-name --context --zone --host --url
    --uri --namespace-id --bootstrap-server --topic --group --stage --image --stanza --kube-context --cluster
    --db-instance-identifier --bucket --profile --stack --subscription --keep-last --keep-daily""".split()
)
_SHORT_TAKES_A_VALUE = {"kubectl", "oc", "supabase", "wrangler"}  # -f FILE
_RUNS_ANOTHER = {"run", "exec", "compose", "api"}
_PLAIN = re.compile(r"[\w@%+=:,./~-]+")
_CLUSTER = re.compile(r"-[a-zA-Z]{2,4}")


def respelled(case: Case) -> Iterator[Case]:
    """Yield the case with its options in other places and forms; nothing where its line is not a plain one."""
    words = case.line.split(" ")
    if not all(_PLAIN.fullmatch(word) for word in words) or "--" in words:
        return
    for name, spell in _SPELLINGS.items():
        if (other := spell(words)) and other != words:
            yield case.spelled(name, shlex.join(other).replace("'~'", "~"))


def _is_flag(word: str, words: list[str]) -> bool:
    return word in _FLAGS and (word.startswith("--") or words[0] not in _SHORT_TAKES_A_VALUE)


def _permutes(words: list[str]) -> bool:
    return words[0] in _PERMUTE and not _RUNS_ANOTHER & set(words[1:3])


def _flags_last(words: list[str]) -> list[str]:
    if not _permutes(words):
        return []
    flags = [word for word in words if _is_flag(word, words)]
    return [word for word in words if word not in flags] + flags


def _split_clusters(words: list[str]) -> list[str]:
    if not _permutes(words):
        return []
    return [
        one
        for word in words
        for one in (
            [f"-{letter}" for letter in word[1:]]
            if _is_flag(word, words) and _CLUSTER.fullmatch(word)
            else [word]
        )
    ]


def _joined_values(words: list[str]) -> list[str]:
    if words[0] == "redis-cli":
        return []
    found: list[str] = []
    for word in words:
        if found and found[-1] in _VALUED and not word.startswith("-"):
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


def _parted_values(words: list[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        found += [name, value] if equals and name in _VALUED else [word]
    return found


_SPELLINGS: dict[str, Callable[[list[str]], list[str]]] = {
    "flags last": _flags_last,
    "cluster split": _split_clusters,
    "--opt=value": _joined_values,
    "--opt value": _parted_values,
}
