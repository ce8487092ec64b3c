"""Command lines from the catalogue's command-line tools: written ones, and the generated lists of large tools."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.recall.case import Case, pick
from benchmarks.recall.options import respelled
from benchmarks.recall.wrappings import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITTEN = Path(__file__).with_name("cli.toml")
_LOSES = re.compile(r"\b(delete|remove|destroy|purge|clear|revoke|terminate|reset|restore|disable)")


def cases(catalogue: dict[str, Any]) -> Iterator[Case]:
    """Yield the written lines of every entry, and a line for every generated command."""
    yield from _written(catalogue["entries"])
    generated = catalogue["generated"]
    for one in generated["gcloud"]["commands"]:
        yield from _generated("gcloud", one["cmd"], one, _gcloud(one["cmd"]))
    for one in generated["az"]["commands"]:
        yield from _generated("az", one["cmd"], one, _az(one["cmd"], prompts=one["prompts"]))
    for one in generated["wrangler"]["commands"]:
        yield from _generated(
            "wrangler", one["cmd"].removeprefix("wrangler "), {}, _wrangler(one["cmd"])
        )
    for one in generated["heroku"]["commands"]:
        yield from _generated(
            "heroku",
            one["cmd"].removeprefix("heroku "),
            {},
            _heroku(one["cmd"], one["confirm_flag"]),
        )


def _written(entries: list[dict[str, Any]]) -> Iterator[Case]:
    """Yield the lines of `cli.toml`: its tables are named by tool, numbered where a tool has several."""
    written = tomllib.loads(_WRITTEN.read_text())
    seen: dict[str, int] = {}
    for one in entries:
        number = seen[one["tool"]] = seen.get(one["tool"], 0) + 1
        name = one["tool"] if number == 1 else f"{one['tool']} {number}"
        about = written.pop(name, {})
        severities = {"held": "critical" if one["severity"] == "*" else one["severity"]}
        for key in ("held", "high", "medium", "low", "passes"):
            for at, line in enumerate(about.get(key, ())):
                harmless = key == "passes"
                case = Case(
                    "cli", name, one["class"], severities.get(key, key), line,
                    harmless=harmless, missing=tuple(about.get("missing", ())),
                    files=about.get("files", {}),
                )  # fmt: skip
                yield case
                yield from respelled(case)
                yield from wrapped(case, 2 if harmless or at else 4)
    if written:
        raise SystemExit(f"cli.toml names what the catalogue does not: {', '.join(written)}")


def _generated(tool: str, command: str, about: dict[str, Any], lines: list[str]) -> Iterator[Case]:
    severity = about.get("severity") or ("high" if _LOSES.search(command) else "unrated")
    case = Case("cli", f"{tool} {command}", tool, severity, lines[0], harmless=severity == "none")
    yield case
    for line in lines[1:]:
        yield case.spelled("options", line)
    yield from wrapped(case, 1)


def _chosen(command: str, *choices: str) -> list[str]:
    """Keep the first spelling, and two of the others."""
    return [choices[0], *pick(command, choices[1:], 2)]


def _gcloud(command: str) -> list[str]:
    needs = (
        "main --member=allUsers --role=roles/owner"
        if command.endswith("iam-policy-binding")
        else "main"
    )
    if "set-iam-policy" in command:
        needs = "main policy.json"
    elif command.endswith("import"):
        needs = "main --source=main.yaml"
    return _chosen(
        command,
        f"gcloud {command} {needs} --project=acme-prod --quiet",
        f"gcloud --project acme-prod -q {command} {needs}",
        f"gcloud {command} --quiet --project acme-prod {needs}",
        f"gcloud --project=acme-prod {command} {needs} --format json",
        f"CLOUDSDK_CORE_DISABLE_PROMPTS=1 gcloud {command} {needs}",
        f"gcloud beta {command} {needs} -q" if not command.startswith(("alpha", "beta")) else f"gcloud {command} {needs}",
        f"yes | gcloud {command} {needs}",
    )  # fmt: skip


def _az(command: str, *, prompts: bool) -> list[str]:
    yes = " --yes" if prompts else ""
    command = command.replace("{}", "webapp")
    return _chosen(
        command,
        f"az {command} --name main --resource-group prod{yes}",
        f"az {command} -g prod -n main{yes.replace('--yes', '-y')}",
        f"az {command} --resource-group=prod --name=main{yes} --no-wait",
        f"az {command} --subscription 0a1b2c3d -n main -g prod{yes} --output none",
        f"az {command} --ids /subscriptions/0a1b/resourceGroups/prod/providers/a/b/main{yes}",
        f'az {command} --only-show-errors --name "$NAME" -g prod{yes}',
    )  # fmt: skip


def _wrangler(command: str) -> list[str]:
    command = command.removeprefix("wrangler ")
    needs = {
        "d1 execute": 'd1 execute prod --remote --command "DROP TABLE users"',
        "d1 migrations apply": "d1 migrations apply prod --remote",
        "d1 time-travel restore": "d1 time-travel restore prod --bookmark=0000",
        "r2 object delete": "r2 object delete uploads/users.csv --remote",
        "r2 object put": "r2 object put uploads/users.csv --file users.csv --remote",
        "kv key delete": "kv key delete session --namespace-id 0a1b --remote",
        "kv key put": "kv key put session value --namespace-id 0a1b --remote",
        "kv bulk delete": "kv bulk delete keys.json --namespace-id 0a1b --remote",
        "kv bulk put": "kv bulk put keys.json --namespace-id 0a1b --remote",
        "deploy": "deploy", "rollback": "rollback -y", "pages deploy": "pages deploy ./dist",
        "delete": "delete --name webapp --force", "triggers deploy": "triggers deploy",
        "queues consumer remove": "queues consumer remove jobs webapp",
        "workflows instances terminate": "workflows instances terminate nightly latest",
    }.get(command, f"{command} main")  # fmt: skip
    return _chosen(
        command, f"npx wrangler {needs}", f"wrangler {needs}", f"pnpm exec wrangler {needs}",
        f"CI=1 wrangler {needs}", f"wrangler --env production {needs}", f"bunx wrangler@4 {needs}",
        f"yes | npx --yes wrangler {needs}",
    )  # fmt: skip


def _heroku(command: str, confirm: list[str]) -> list[str]:
    command = command.removeprefix("heroku ")
    needs = {
        "ps:scale": "web=0", "config:unset": "DATABASE_URL", "ci:config:unset": "DATABASE_URL",
        "maintenance:on": "", "releases:rollback": "v42", "ps:restart": "", "pg:killall": "",
        "domains:clear": "", "keys:clear": "", "container:push": "web", "ps:stop": "web.1",
        "pg:copy": "DATABASE_URL HEROKU_POSTGRESQL_RED", "pg:push": "mylocaldb DATABASE_URL",
        "pg:backups:restore": "b101 DATABASE_URL", "apps:destroy": "", "pg:reset": "DATABASE_URL",
        "auth:2fa:disable": "", "telemetry:remove": "main",
    }.get(command, "main")  # fmt: skip
    app = f" -a webapp{' --confirm webapp' if 'confirm' in confirm else ''}"
    line = f"heroku {command} {needs}".rstrip()
    spaced = f"heroku {command.replace(':', ' ')} {needs}".rstrip()
    return _chosen(
        command, f"{line}{app}", f"{spaced}{app}", f"HEROKU_APP=webapp {line}",
        f"{line} --app=webapp", f"npx heroku {command} {needs}{app}",
    )  # fmt: skip
