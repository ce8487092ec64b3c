"""What a program without a module here may reach: options and variables that many tools share.

`--stage prod`, `RAILS_ENV=production`, DATABASE_URL. Nothing of it is a target's name; it is what a label may
be found by.
"""

from __future__ import annotations

from gatesh.facts.targets import FRAMEWORKS, OWN, clouds
from gatesh.facts.targets.asked import ARGV, Asked, answer
from gatesh.facts.url import is_local, split_port
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
    own = [way.split(":") for way in OWN.get(asked.command.program, ())]
    words = (*_OPTIONS.values(), _URLS, *(where for _, where in own if where.startswith("-")))
    long = asked.command.program in ("nomad", "vault", "consul")
    asked.read(" ".join(words), single_dash_long=long)
    found = [(part, asked.option(*options.split())) for part, options in _OPTIONS.items()]
    found += [(part, _own(asked, where)) for part, where in own]
    found += [(part, (text, ARGV)) for part, text in clouds.buckets(asked.operands)]
    urls = [asked.option(*_URLS.split())]
    if asked.command.program in FRAMEWORKS:
        urls.append(asked.variable("DATABASE_URL"))
        found += [("environment", asked.variable(name)) for name in _ENVIRONMENT]
    urls += [value for part, value in found if part == "host" and "://" in value[0]]
    parts = [(part, value) for part, value in found if value[0] and "://" not in value[0]]
    for text, origin in urls:
        if "://" in text:
            dsn, host, database = taken_apart(text)
            named = (("dsn", dsn), ("host", host), ("database", database))
            parts += [(part, (value, origin)) for part, value in named if value]
    # `--host 0.0.0.0` is where a server listens.
    parts = [(part, value) for part, value in parts if part != "host" or not _is_here(value[0])]
    if not parts:
        return None
    shown = [value for part, value in parts if part != "dsn"]
    return answer("host", *shown, parts=[(part, text) for part, (text, _) in parts], local=None)


def _is_here(host: str) -> bool:
    name = split_port(host)[0]
    return name in ("0.0.0.0", "::", "*") or is_local(name)  # noqa: S104  it is read, not bound


def _own(asked: Asked, where: str) -> Value:
    """Return what stands at a place: an option, a variable, or the operand of a number."""
    if where.startswith("-"):
        return asked.option(where)
    if not where.isdigit():
        return asked.variable(where)
    at = int(where) - 1
    return (asked.operands[at], ARGV) if at < len(asked.operands) else ("", "")


def taken_apart(url: str) -> tuple[str, str, str]:
    """Return a connection's URL without its user and password, its host and its database."""
    scheme, _, rest = url.partition("://")
    rest = rest.partition("?")[0].rpartition("@")[2]
    place, _, database = rest.partition("/")
    host = place.partition("]")[0].lstrip("[") if place.startswith("[") else place.partition(":")[0]
    return f"{scheme}://{rest}", host or UNSEEN, database
