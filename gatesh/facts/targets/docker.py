"""Docker and Podman: the daemon that a command line would speak to.

docker: -H, then --context, then DOCKER_HOST, then DOCKER_CONTEXT, then currentContext of its config.json; the
context's endpoint stands in contexts/meta. podman: --url, --connection, CONTAINER_HOST, CONTAINER_CONNECTION,
then the default of podman-connections.json.
"""

from __future__ import annotations

from hashlib import sha256

from gatesh.facts import url as urls
from gatesh.facts.targets.asked import Asked, answer, first, json_of
from gatesh.facts.words import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_VALUES = "-H --host -c --context --config -l --log-level --connection --url --identity"
_SOCKET = "unix:///var/run/docker.sock"


def target(asked: Asked) -> Target:
    """Return the context and the endpoint."""
    asked.read(_VALUES, stop_at=1)
    podman = asked.command.program.startswith("podman")
    context, endpoint = _podman(asked) if podman else _docker(asked)
    url = urls.parse(endpoint[0])
    local = endpoint[0].startswith(("unix://", "npipe://", "fd://")) or (
        endpoint[0].startswith(("tcp://", "http")) and urls.is_local(url.host)
    )
    host = "" if "://" in endpoint[0] and not url.host else url.host or UNSEEN
    return answer(
        "podman" if podman else "docker",
        context,
        endpoint,
        parts=[("docker-context", context[0]), ("host", "" if local else host)],
        local=None if UNSEEN in endpoint[0] else local,
    )


def _docker(asked: Asked) -> tuple[Value, Value]:
    folder = first(asked.option("--config"), asked.variable("DOCKER_CONFIG"))[0]
    folder = folder or asked.home(".docker")
    host, named = asked.option("-H", "--host"), asked.option("-c", "--context")
    if host[0]:
        return ("", ""), host
    variable = asked.variable("DOCKER_HOST")
    if not named[0] and variable[0]:
        return ("", ""), variable
    content = asked.text(f"{folder}/config.json")
    current = UNSEEN if content is None else str(json_of(content).get("currentContext") or "")
    context = first(named, asked.variable("DOCKER_CONTEXT"), (current, "~/.docker/config.json"))
    if context[0] in ("", "default"):
        return context, first(variable, (_SOCKET, context[1] or "docker's default"))
    name = sha256(context[0].encode("utf-8", "surrogateescape")).hexdigest()
    meta = json_of(asked.text(f"{folder}/contexts/meta/{name}/meta.json"))
    endpoint = meta.get("Endpoints", {}).get("docker", {}).get("Host", "")
    return context, (str(endpoint or UNSEEN), context[1])


def _podman(asked: Asked) -> tuple[Value, Value]:
    url = asked.option("--url")
    if url[0]:
        return ("", ""), url
    named = asked.option("-c", "--connection")
    variable = asked.variable("CONTAINER_HOST")
    if not named[0] and variable[0]:
        return ("", ""), variable
    path = asked.variable("PODMAN_CONNECTIONS_CONF")[0]
    path = path or asked.home(".config/containers/podman-connections.json")
    content = asked.text(path)
    known = json_of(content).get("Connection", {})
    name = first(named, asked.variable("CONTAINER_CONNECTION"), (known.get("Default", ""), path))
    if not name[0]:
        here = (UNSEEN if content is None else "unix://", "podman's default")
        return ("", ""), here
    found = known.get("Connections", {}).get(name[0], {})
    return name, (str(found.get("URI") or UNSEEN), name[1])
