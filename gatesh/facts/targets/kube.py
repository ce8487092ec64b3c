"""Kubernetes: the context, namespace and server that kubectl, helm and their kin would use.

As client-go merges them: --kubeconfig, else the files of KUBECONFIG, else ~/.kube/config; of several files
the first that says something is believed. Without any file, a pod's own account.
"""

from __future__ import annotations

from functools import lru_cache

from gatesh.facts import url as urls
from gatesh.facts.targets.asked import ARGV, Asked, answer, first
from gatesh.facts.words import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_VALUES = """
--context --kube-context --kubecontext --cluster --kubeconfig --namespace -n --server -s --kube-apiserver
--user --token --as -f --filename -l --selector -o --output -p --profile
"""
_LONGEST = 256_000  # bytes of a kubeconfig
_POD = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


def target(asked: Asked) -> Target:
    """Return the context, the namespace and the server."""
    program = asked.command.program
    asked.read(_VALUES)
    helm = program in ("helm", "helmfile")
    config = _merged(asked, asked.operands[:1] if program == "k3s" else [])
    context = first(
        asked.option("--context", "--kube-context", "--kubecontext"),
        asked.variable("HELM_KUBECONTEXT") if helm else ("", ""),
        (program, ARGV) if program in ("minikube", "microk8s") else ("", ""),
        config.current,
    )
    known = config.named("contexts", context[0], "context")
    cluster = first(asked.option("--cluster"), (str(known.get("cluster", "")), context[1]))
    server = first(
        asked.option("--server", "-s", "--kube-apiserver"),
        asked.variable("HELM_KUBEAPISERVER") if helm else ("", ""),
        (str(config.named("clusters", cluster[0], "cluster").get("server", "")), cluster[1]),
    )
    namespace = first(
        asked.option("--namespace", "-n"),
        asked.variable("HELM_NAMESPACE") if helm else ("", ""),
        (str(known.get("namespace", "")), context[1]),
    )
    if not (context[0] or server[0]) and asked.variable("KUBERNETES_SERVICE_HOST")[0]:
        return _pod(asked, namespace)
    if config.unseen:
        namespace = (namespace[0] or UNSEEN, namespace[1])
    url = urls.parse(server[0])
    seen = bool(server[0]) and "host" not in url.unseen
    host = url.host if seen else UNSEEN if server[0] or config.unseen else ""
    shown = first(context, server) if not asked.option("--server", "-s")[0] else server
    return answer(
        "kubernetes",
        shown,
        namespace,
        parts=[
            ("kube-context", context[0]),
            ("kube-cluster", cluster[0]),
            ("kube-namespace", namespace[0]),
            *(("kube-namespace", name) for name in _deleted(asked.operands)),
            ("host", host),
            ("url", server[0]),
        ],
        local=None if not host or UNSEEN in host else urls.is_local(host),
    )


def _deleted(operands: list[str]) -> Iterator[str]:
    """Yield the namespaces that are themselves operated on: `delete ns x`, `delete ns/x`."""
    kinds = ("ns", "namespace", "namespaces", "project", "projects")
    for at, word in enumerate(operands):
        kind, slash, name = word.partition("/")
        if slash and kind in kinds:
            yield name
        elif not slash and at == 1 and kind in kinds:
            yield from (text for text in operands[2:] if "/" not in text)


def _pod(asked: Asked, namespace: Value) -> Target:
    """Return the cluster that this process is a pod of."""
    host = asked.variable("KUBERNETES_SERVICE_HOST")
    own = ((asked.around.read(_POD) or "").strip(), _POD)
    namespace = first(namespace, own)
    return answer(
        "kubernetes",
        ("in-cluster", host[1]),
        namespace,
        parts=[("kube-namespace", namespace[0]), ("host", host[0])],
    )


class _Config:
    """Several kubeconfig files as one."""

    def __init__(self, files: list[tuple[str, dict[str, Any]]], *, unseen: bool) -> None:
        self._files = files
        self.unseen = unseen  # one of them cannot be read
        self.current: Value = next(
            (
                (str(found["current-context"]), origin)
                for origin, found in files
                if found.get("current-context")
            ),
            (UNSEEN, "a kubeconfig that cannot be read") if unseen else ("", ""),
        )

    def named(self, kind: str, name: str, inner: str) -> dict[str, Any]:
        """Return the entry of this name of the first file that has one."""
        for _, found in self._files:
            listed = found.get(kind)
            for entry in listed if isinstance(listed, list) else []:
                if isinstance(entry, dict) and str(entry.get("name")) == name:
                    value = entry.get(inner)
                    return value if isinstance(value, dict) else {}
        return {}


def _merged(asked: Asked, k3s: list[str]) -> _Config:
    given, variable = asked.option("--kubeconfig"), asked.variable("KUBECONFIG")
    if given[0]:
        paths, origin = [given[0]], given[0]
    elif variable[0]:
        paths, origin = [path for path in variable[0].split(":") if path], variable[1]
    elif k3s:
        paths, origin = ["/etc/rancher/k3s/k3s.yaml"], ""
    else:
        paths, origin = [asked.home(".kube/config")], "~/.kube/config"
    found, unseen = [], False
    for path in paths:
        content = asked.text(path)
        parsed = _parsed(content) if content else {} if content == "" else None
        unseen = unseen or parsed is None
        where = path if origin == variable[1] and len(paths) > 1 else origin or path
        found.append((where, parsed or {}))
    return _Config(found, unseen=unseen)


@lru_cache(maxsize=16)
def _parsed(content: str) -> dict[str, Any] | None:
    """Return what a kubeconfig holds; None where it is none."""
    if len(content) > _LONGEST:
        return None
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(content, loader)  # noqa: S506  a safe one
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
