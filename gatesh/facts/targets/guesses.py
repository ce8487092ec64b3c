"""What a program without a module here may reach: options and variables that many tools share.

`--stage prod`, `RAILS_ENV=production`, DATABASE_URL. Nothing of it is a target's name; it is what a label may
be found by.
"""

from __future__ import annotations

from gatesh.facts.targets import FRAMEWORKS
from gatesh.facts.targets.asked import ARGV, Asked, answer
from gatesh.facts.words import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_OPTIONS = {
    "environment": "--env --environment --stage --context --target --target-env --deployment",
    "app": "--project --app --cluster --site",
    "host": "--host --hostname --server --endpoint --address",
}
_URLS = "--database-url --db-url --url --dsn --connection --connection-string"
_ENVIRONMENT = tuple(
    "RAILS_ENV RACK_ENV NODE_ENV APP_ENV DJANGO_ENV FLASK_ENV MIX_ENV DOTNET_ENVIRONMENT STAGE".split()
)


def target(asked: Asked) -> Target | None:
    """Return what options and variables name; None where they name nothing."""
    words = " ".join((*_OPTIONS.values(), _URLS))
    asked.read(words)
    parts: list[Value] = []
    named: list[Value] = []
    for part, options in _OPTIONS.items():
        value = asked.option(*options.split())
        parts.append((part, value[0]))
        named.append(value)
    urls = [asked.option(*_URLS.split())]
    if asked.command.program in FRAMEWORKS:
        urls.append(asked.variable("DATABASE_URL"))
        for name in _ENVIRONMENT:
            value = asked.variable(name)
            if value[0] and value[0] != UNSEEN:
                parts.append(("environment", value[0]))
                named.append(value)
    for text, origin in urls:
        if "://" in text:
            dsn, host, database = taken_apart(text)
            parts += [("dsn", dsn), ("host", host), ("database", database)]
            named.append((f"{host}/{database}".rstrip("/"), origin))
    if not any(text for text, _ in named):
        return None
    kind = "host"
    found = answer(kind, *named, parts=parts, local=None)
    return found if found.origin else found.but(origin=ARGV)


def taken_apart(url: str) -> tuple[str, str, str]:
    """Return a connection's URL without its user and password, its host and its database."""
    scheme, _, rest = url.partition("://")
    rest = rest.partition("?")[0].rpartition("@")[2]
    place, _, database = rest.partition("/")
    host = place.partition("]")[0].lstrip("[") if place.startswith("[") else place.partition(":")[0]
    return f"{scheme}://{rest}", host or UNSEEN, database
