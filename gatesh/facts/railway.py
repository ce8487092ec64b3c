"""railway: `railway api` as the GraphQL request it sends, and the project that the others reach."""

from __future__ import annotations

from gatesh.facts import http
from gatesh.facts import url as urls
from gatesh.facts.cli import Given, Grammar, walk
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import UNSEEN, all_known, show, visible
from gatesh.model import CommandLine, HttpRequest, Locality, SimpleCommand, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gatesh.facts import World

GRAMMAR = Grammar(
    values=(
        "--environment", "-e", "--service", "-s", "--project", "-p", "--workspace", "-w", "--file", "-f",
        "--variables", "--var", "--raw-var", "--operation-name", "--2fa-code", "--volume", "-v",
        "--set", "--region", "--mount-path", "-m", "--name", "-n", "--message",
    ),
    flags=("--yes", "-y", "--json", "--help", "-h", "--version", "-V", "--detach", "-d"),
)  # fmt: skip

_HOSTS = {"staging": "railway-staging.com", "dev": "railway-develop.com"}
_CONFIG = ".railway/config.json"
_DEPTH = 40  # folders between here and the one that was linked


def requests(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield the request of `railway api DOCUMENT`, which may be a file or standard input as well."""
    around = Surroundings(command, line, world)
    given = list(walk(command.words[1:], GRAMMAR))
    operands = [g.word for g in given if not g.option and g.word]
    helps = any(g.name in ("--help", "-h") for g in given) and all_known(command.words)
    if not operands or visible(operands[0]) != "api" or helps:
        return
    blind: list[str] = []
    if command.more_words:
        blind.append("body: more words will be added")
    document = visible(operands[1]) if len(operands) > 1 else _read(given, around, blind)
    url = urls.parse(f"https://backboard.{_domain(around)}/graphql/v2")
    yield from http.requests(
        http.Sent(
            "POST",
            url,
            _body(document, given, around, blind),
            ("Content-Type: application/json",),
            http.proxy_host(url.host, "https", around),
            tuple(blind),
        ),
        around,
    )


def target(command: SimpleCommand, line: CommandLine, world: World) -> Target:
    """Return the project and environment: options, then variables, then `railway link`."""
    around = Surroundings(command, line, world)
    options = {
        g.name: visible(g.word) for g in walk(command.words[1:], GRAMMAR) if g.word and g.option
    }
    linked = _linked(around)
    project = options.get("--project") or options.get("-p") or _set(around, "RAILWAY_PROJECT_ID")
    named = options.get("--environment") or options.get("-e")
    environment = named or _set(around, "RAILWAY_ENVIRONMENT_ID")
    parts = (
        project or str(linked.get("name") or linked.get("project") or ""),
        environment or str(linked.get("environmentName") or linked.get("environment") or ""),
    )
    origin = f"~/{_CONFIG}" if linked and not (project and environment) else "argv"
    name = show("/".join(part for part in parts if part))
    ids = (str(linked.get("project") or ""), str(linked.get("environment") or ""))
    if project:
        ids = ("", "")
    elif named or environment:
        ids = (ids[0], "")
    known = [("railway-project", parts[0]), ("railway-environment", parts[1])]
    known += [("railway-project", ids[0]), ("railway-environment", ids[1])]
    kept = tuple((part, show(text)) for part, text in dict.fromkeys(known) if text)
    return Target("railway", name, Locality.REMOTE, origin if name else "", parts=kept)


def _set(around: Surroundings, name: str) -> str:
    """Return a variable; UNSEEN where it is not known."""
    value = around.variable(name)
    return UNSEEN if value is None else value


def _domain(around: Surroundings) -> str:
    named = around.variable("RAILWAY_ENV")
    if named is None:
        return UNSEEN
    return _HOSTS.get("dev" if named == "develop" else named, "railway.com")


def _read(given: list[Given], around: Surroundings, blind: list[str]) -> str:
    path = next((visible(g.word) for g in given if g.name in ("-f", "--file") and g.word), "-")
    content = around.read(path)
    if content is None:
        blind.append(f"body: {show(path)} cannot be read")
    return UNSEEN if content is None else content


def _body(document: str, given: list[Given], around: Surroundings, blind: list[str]) -> str:
    """Return the JSON that the client makes of document and variables."""
    import json

    if document.strip(UNSEEN) == "":
        return UNSEEN
    variables: dict[str, Any] = {}
    for one in given:
        text = visible(one.word) if one.word else ""
        if one.name == "--variables":
            content = around.read(text[1:]) if text.startswith("@") else text
            try:
                variables.update(json.loads(content or ""))
            except ValueError:
                blind.append(f"body: variables {show(text)}")
        elif one.name in ("--var", "--raw-var"):
            name, _, value = text.partition("=")
            variables[name] = value
    sent = {"query": document, "variables": variables}
    return json.dumps(sent, ensure_ascii=False).replace("\\u0000", UNSEEN)


def _linked(around: Surroundings) -> dict[str, Any]:
    """Return what `railway link` wrote for this folder or the nearest one above it."""
    import json

    content = around.read(around.at_home(_CONFIG))
    folder = around.cwd
    if content is None or folder is None:
        return {}
    try:
        projects = json.loads(content)["projects"]
        for _ in range(_DEPTH):
            if isinstance(projects.get(folder), dict):
                return dict(projects[folder])
            folder = folder.rpartition("/")[0] or "/"
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {}
