"""Railway's mutations and commands from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.recall import graphql
from benchmarks.recall.case import Case, stable
from benchmarks.recall.wrappings import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

# Arguments that the command needs, and those of the catalogue's notations that are no command line.
_COMMANDS = {
    "railway volume delete": ["railway volume delete --volume pg-data --yes", "railway volume -s postgres rm -y"],
    "railway volume detach": ["railway volume detach --volume pg-data --yes"],
    "railway volume update": ["railway volume update --volume pg-data --mount-path /data2"],
    "railway volume files delete": ["railway volume files delete /data/base --yes"],
    "railway volume files upload --overwrite": ["railway volume files upload ./dump /data --overwrite"],
    "railway volume browse --command": ["railway volume browse --command 'rm /data/pg.dump'"],
    "railway bucket delete": ["railway bucket delete --bucket uploads --yes"],
    "railway bucket credentials --reset": ["railway bucket credentials --reset --bucket uploads --yes"],
    "railway delete": ["railway delete --project webapp --yes"],
    "railway project delete": ["railway project delete webapp --yes"],
    "railway environment delete": ["railway environment delete production --yes", "railway env rm production -y"],
    "railway environment edit": [
        """echo '{"volumes":{"pg-data":{"isDeleted":true}}}' | railway environment edit -m cleanup --json""",
    ],
    "railway service delete": ["railway service delete postgres --yes"],
    "railway variable delete": ["railway variable delete DATABASE_URL", "railway vars rm DATABASE_URL -s api"],
    "railway variable set": ["railway variable set DATABASE_URL=postgres://x", "railway variables --set A=b"],
    "railway domain delete": ["railway domain delete example.com --yes"],
    "railway tcp-proxy delete": ["railway tcp-proxy delete shuttle.proxy.rlwy.net:15140 --yes"],
    "railway tcp-proxy create": ["railway tcp-proxy create --port 5432"],
    "railway functions delete": ["railway functions delete --function nightly --yes"],
    "railway cloud-agent (ca) delete": ["railway ca delete 4d5e --yes"],
    "railway flag delete|unset|set --force": ["railway flag delete new-checkout --force"],
    "railway cdn disable|purge": ["railway cdn purge"],
    "railway postgres pitr schedule set": ["railway postgres pitr schedule set --off"],
    "railway config apply": ["railway config apply --yes --confirm-destructive"],
    "railway api <mutation>": ["""railway api 'mutation{volumeDelete(volumeId:"v1")}'"""],
    "railway connect": ["railway connect Postgres", "echo 'DROP TABLE users;' | railway connect Postgres"],
    "railway run|shell|ssh": ["""railway run sh -c 'psql "$DATABASE_URL" -c "DROP TABLE users"'"""],
}  # fmt: skip


def cases(catalogue: dict[str, Any]) -> Iterator[Case]:
    """Yield each mutation in its spellings, and each command."""
    endpoints = catalogue["endpoints"]
    urls = [endpoints["current"], endpoints["legacy"]]
    for one in catalogue["mutations"]:
        case = Case(
            "railway", one["mutation"], one["class"], one["severity"], "",
            harmless=one["class"] == "none",
        )  # fmt: skip
        document = graphql.mutation(one["mutation"], one["args"], one["returns"])
        yield from graphql.spell(case, urls[stable(one["mutation"]) % 2], document)
    for one in catalogue["cli"]:
        for line in _COMMANDS.get(one["command"], [one["command"]]):
            case = Case(
                "railway", one["command"], one["class"], one["severity"], line,
                harmless=one["class"] == "none",
            )  # fmt: skip
            yield case
            yield from wrapped(case, 3)
