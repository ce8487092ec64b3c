"""Which PostgreSQL server and database a client would reach, as libpq finds it.

Order: the connection string or URI, then -h and -d, then the environment, then the socket on this machine.
A host that cannot be seen, or that an earlier command of the line may have exported, is not local.
"""

from __future__ import annotations

import re

from gatesh.facts.surroundings import may_set
from gatesh.model import Certainty, Locality, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Word

_URI = re.compile(r"postgres(?:ql)?://(?:[^@/]*@)?([^/?]*)(?:/([^?]*))?(?:\?(.*))?", re.DOTALL)
_PAIR = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)*)")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGDATABASE", "PGSYSCONFDIR")
_SERVICE_LIMIT = 64_000


def postgres_target(
    database: Word | None,
    host: Word | None,
    command: SimpleCommand,
    line: CommandLine,
    world: World,
    env: dict[str, str | None],
) -> Target:
    """Return the target; `database` is -d or the first operand, which may be a URI or a connection string."""
    for word in (database, host):
        if word is not None and (hidden := unseen(word, line)):
            return Target("postgres", _unsigned(hidden), Locality.UNKNOWN, "argv")
    settings = connection(database.text if database is not None else "")
    origin = "argv"
    if "host" not in settings and "hostaddr" not in settings and host is not None:
        settings["host"] = host.text
    service = settings.get("service") or env.get("PGSERVICE", "")
    if service is None:
        return Target("postgres", "$PGSERVICE", Locality.UNKNOWN, "env PGSERVICE")
    if service:
        found = _service(service, world, env)
        if found is None:
            return Target("postgres", f"service {service}", Locality.UNKNOWN, f"service {service}")
        origin = f"service {service}"
        settings = found | settings
    own = {assignment.name for assignment in command.assignments}
    exported = False
    for name, variable in (
        ("host", "PGHOST"),
        ("hostaddr", "PGHOSTADDR"),
        ("dbname", "PGDATABASE"),
    ):
        if name in settings or variable not in env:
            continue
        value = env[variable]
        if value is None:
            return Target("postgres", f"${variable}", Locality.UNKNOWN, f"env {variable}")
        if value and name != "dbname":
            origin, exported = f"env {variable}", variable not in own
        settings[name] = value
    exported = exported or not (settings.get("host") or settings.get("hostaddr"))
    return _target(settings, origin, command, exported and _may_be_moved(command, line, world, own))


def _may_be_moved(command: SimpleCommand, line: CommandLine, world: World, own: set[str]) -> bool:
    """Claim that an earlier command of the line may have changed where the environment leads."""
    others = [name for name in _VARIABLES if name not in own]
    named = any(re.search(rf"\b{name}\b", line.text) for name in others)
    return named or any(may_set(name, command, line, world) for name in others)


def unseen(word: Word, line: CommandLine) -> str:
    """Return the source of a word nobody can resolve; an unset variable may be set by a start-up file."""
    if not word.known:
        return word.text
    if word.certainty is Certainty.EXPANDED and not word.text:
        return line.text[word.span.start : word.span.end].strip("\"'") or "$"
    return ""


def _target(settings: dict[str, str], origin: str, command: SimpleCommand, moved: bool) -> Target:
    # An address of this machine under another host's name is a tunnel: both must be local.
    named = [settings[key] for key in ("host", "hostaddr") if settings.get(key)]
    hosts = ",".join(named)
    if command.remote:
        locality = Locality.UNKNOWN if is_local(hosts) else Locality.REMOTE
    elif moved:
        locality = Locality.UNKNOWN
    else:
        locality = Locality.LOCAL if is_local(hosts) else Locality.REMOTE
    shown = hosts if hosts and not hosts.startswith("/") else "localhost"
    shown = f"{command.remote}:{shown}" if command.remote else shown
    name = f"{shown}/{settings.get('dbname', '')}".rstrip("/")
    return Target("postgres", name, locality, origin)


def is_local(hosts: str) -> bool:
    """Claim that every host of a list is this machine: a socket or a loopback address."""
    return all(_is_loopback(host) for host in hosts.split(","))


def _is_loopback(host: str) -> bool:
    host = host.strip().lower().rstrip(".").strip("[]")
    return (
        host in ("", "localhost", "::1", "0:0:0:0:0:0:0:1")
        or host.startswith(("/", "@"))
        or re.fullmatch(r"127(\.\d{1,3}){1,3}", host) is not None
    )


def connection(text: str) -> dict[str, str]:
    """Read a database name, a URI or a connection string of `keyword=value` pairs."""
    if uri := _URI.fullmatch(text):
        return _uri(uri)
    if "=" in text:
        return {key: _unquoted(value) for key, value in _PAIR.findall(text)}
    return {"dbname": text} if text else {}


def _uri(uri: re.Match[str]) -> dict[str, str]:
    hosts = []
    for part in uri.group(1).split(","):
        bracketed = re.match(r"\[([^\]]*)\]", part)
        hosts.append(_decoded(bracketed.group(1) if bracketed else part.partition(":")[0]))
    settings = {"host": ",".join(hosts)} if any(hosts) else {}
    if uri.group(2):
        settings["dbname"] = _decoded(uri.group(2))
    for pair in (uri.group(3) or "").split("&"):
        key, _, value = pair.partition("=")
        if key:
            settings[_decoded(key)] = _decoded(value)
    return settings


def _decoded(text: str) -> str:
    return _PERCENT.sub(lambda found: chr(int(found.group(1), 16)), text)


def _unquoted(value: str) -> str:
    if value.startswith("'"):
        value = value[1:-1]
    return re.sub(r"\\(.)", r"\1", value)


def _unsigned(text: str) -> str:
    """Leave out a user and password that stand before an @."""
    return re.sub(r"//[^@/]*@", "//", text)


def _service(name: str, world: World, env: dict[str, str | None]) -> dict[str, str] | None:
    """Return the section of a service file; None where it cannot be found."""
    file = env.get("PGSERVICEFILE", "")
    if file is None:
        return None
    content = world.files.read(file or f"{world.home}/.pg_service.conf", _SERVICE_LIMIT)
    if content is None:
        return None
    section = ""
    found: dict[str, str] | None = None
    for raw in content.decode("utf-8", "replace").splitlines():
        text = raw.strip()
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1]
            found = {} if section == name and found is None else found
        elif section == name and "=" in text and not text.startswith("#") and found is not None:
            key, _, value = text.partition("=")
            found.setdefault(key.strip(), value.strip())
    return found
