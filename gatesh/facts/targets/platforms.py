"""Platforms that run what is deployed to them: the project, app or site that a folder is linked to."""

from __future__ import annotations

from gatesh.facts import railway
from gatesh.facts.targets import forges
from gatesh.facts.targets.asked import ARGV, Asked, answer, first, json_of, toml_of
from gatesh.facts.words import UNSEEN, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_NOTHING: Value = ("", "")


def target(asked: Asked) -> Target:
    """Return the project and its environment."""
    program = asked.command.program
    found: Target = _PLATFORMS[program](asked)
    return found


def _railway(asked: Asked) -> Target:
    found = railway.target(asked.command, asked.line, asked.world)
    token = asked.variable("RAILWAY_TOKEN")
    if not token[0]:
        return found
    # A project's token belongs to one environment, whatever is linked here.
    parts = (*found.parts, ("railway-environment", show(UNSEEN)))
    return found.but(name=show(UNSEEN), origin=token[1], parts=parts)


def _heroku(asked: Asked) -> Target:
    """Return the app of -a, HEROKU_APP, or of a git remote at git.heroku.com."""
    asked.read("-a --app -r --remote -t --team --confirm")
    app = first(
        asked.option("-a", "--app"),
        asked.named("apps:destroy", "apps:delete", "destroy", "apps:info"),
        asked.variable("HEROKU_APP"),
    )
    if not app[0]:
        app = _heroku_remote(asked)
    return answer("heroku", app, parts=[("app", app[0])])


def _heroku_remote(asked: Asked) -> Value:
    repository = forges.settings_of(asked)
    apps = {}
    for name in repository.remotes:
        host, path = forges.taken_apart((repository.urls(name, push=False) or [""])[0])
        if host in ("git.heroku.com", "heroku.com"):
            apps[name] = path.strip("/")
    given = asked.option("-r", "--remote")[0] or repository.last("heroku.remote")
    name = given or (next(iter(apps)) if len(apps) == 1 else "heroku")
    return apps.get(name, UNSEEN if apps or repository.unseen else ""), f"git remote {name}"


def _fly(asked: Asked) -> Target:
    """Return the app of -a, FLY_APP, or fly.toml."""
    asked.read("-a --app -c --config -o --org -r --region")
    path = asked.option("-c", "--config")[0] or "fly.toml"
    content = asked.text(path)
    stored = UNSEEN if content is None else str(toml_of(content).get("app") or "")
    operand = asked.named(*(f"apps {verb}" for verb in ("destroy", "restart", "move", "suspend")))
    app = first(operand, asked.option("-a", "--app"), asked.variable("FLY_APP"), (stored, path))
    return answer("fly", app, parts=[("app", app[0])])


def _vercel(asked: Asked) -> Target:
    """Return the project of VERCEL_PROJECT_ID or .vercel/project.json, and production where it says so."""
    asked.read("--cwd --scope -S --team -T --project --target --environment -A --local-config")
    folder = asked.option("--cwd")[0]
    path = f"{folder}/.vercel/project.json" if folder else ".vercel/project.json"
    content = asked.text(path)
    linked = json_of(content)
    named = str(linked.get("projectName") or "")
    project = first(
        asked.named("project rm", "project remove", "projects rm", "remove", "rm"),
        asked.option("--project"),
        asked.variable("VERCEL_PROJECT_ID"),
        (named or str(linked.get("projectId") or (UNSEEN if content is None else "")), path),
    )
    environment = first(
        ("production", ARGV) if asked.has("--prod") else _NOTHING,
        asked.option("--target", "--environment"),
        _last_of(asked.operands, ("production", "preview", "development")),
    )
    return answer(
        "vercel",
        project,
        environment,
        parts=[
            ("app", project[0]),
            ("app", str(linked.get("projectId") or "")),
            ("environment", environment[0]),
        ],
    )


def _last_of(operands: list[str], known: tuple[str, ...]) -> Value:
    return next(((text, ARGV) for text in reversed(operands) if text in known), _NOTHING)


def _netlify(asked: Asked) -> Target:
    """Return the site of --site, NETLIFY_SITE_ID or .netlify/state.json."""
    asked.read("-s --site --auth --context --filter -d --dir")
    path, content = asked.above(".netlify/state.json")
    stored = str(json_of(content).get("siteId") or (UNSEEN if content is None else ""))
    site = first(
        asked.named("sites:delete"),
        asked.option("--site", "-s"),
        asked.variable("NETLIFY_SITE_ID"),
        (stored, path),
    )
    environment = first(
        ("production", ARGV) if asked.has("--prod", "-p") else _NOTHING, asked.option("--context")
    )
    parts = [("app", site[0]), ("environment", environment[0])]
    return answer("netlify", site, environment, parts=parts)


def _firebase(asked: Asked) -> Target:
    """Return the project of -P, of `firebase use`, or the default of .firebaserc; an alias is resolved."""
    asked.read("-P --project --only --except --token -c --config")
    path, content = asked.above(".firebaserc", "firebase.json")
    folder = path.rpartition("/")[0]
    aliases = json_of(asked.text(f"{folder}/.firebaserc") if folder else content).get("projects")
    aliases = aliases if isinstance(aliases, dict) else {}
    used = json_of(asked.text(asked.home(".config/configstore/firebase-tools.json")))
    active = used.get("activeProjects")
    chosen = str(active.get(folder) or "") if isinstance(active, dict) else ""
    only = next(iter(aliases.values())) if len(aliases) == 1 else ""
    named = first(
        asked.option("-P", "--project"),
        (chosen, "firebase use"),
        ("default" if "default" in aliases else "", path),
        (str(only), path),
        (UNSEEN if content is None else "", path),
    )
    project = (str(aliases.get(named[0], named[0])), named[1])
    parts = [("app", project[0]), ("gcp-project", project[0])]
    if project != named and named[0] != "default":
        parts.append(("environment", named[0]))
    return answer("firebase", project, parts=parts)


def _supabase(asked: Asked) -> Target:
    """Return the project of --project-ref, SUPABASE_PROJECT_ID or `supabase link`; --local is here."""
    asked.read("--project-ref --db-url --workdir --profile -p --password -f --file -s --schema")
    url = asked.option("--db-url")
    if url[0]:
        from gatesh.facts.targets.guesses import taken_apart

        dsn, host, database = taken_apart(url[0])
        parts = [("dsn", dsn), ("host", host), ("database", database)]
        return answer("supabase", (host, ARGV), parts=parts)
    if asked.has("--local"):
        return answer("supabase", ("local", ARGV), parts=[], local=True)
    folder = first(asked.option("--workdir"), asked.variable("SUPABASE_WORKDIR"))[0]
    path = f"{folder}/supabase/.temp/project-ref" if folder else "supabase/.temp/project-ref"
    content = asked.text(path)
    linked = UNSEEN if content is None else content.strip()
    project = first(
        asked.named("projects delete"),
        asked.option("--project-ref"),
        asked.variable("SUPABASE_PROJECT_ID"),
        (linked, path),
    )
    return answer("supabase", project, parts=[("app", project[0])])


def _wrangler(asked: Asked) -> Target:
    """Return the worker of wrangler.toml, --name and --env, and the account."""
    asked.read("-c --config -e --env --name --cwd --env-file")
    given = asked.option("-c", "--config")[0]
    names = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")
    path, content = (given, asked.text(given)) if given else asked.above(*names)
    stored = _wrangler_file(path, content)
    environment = first(asked.option("-e", "--env"), asked.variable("CLOUDFLARE_ENV"))
    tables = stored.get("env")
    own = tables.get(environment[0], {}) if isinstance(tables, dict) else {}
    own = own if isinstance(own, dict) else {}
    account = first(
        asked.variable("CLOUDFLARE_ACCOUNT_ID"),
        (str(own.get("account_id") or stored.get("account_id") or ""), path),
    )
    script = str(stored.get("name") or (UNSEEN if content is None else ""))
    if environment[0] and script:
        script = f"{script}-{environment[0]}"  # each environment is a worker of its own
    name = first(
        asked.named("delete"), asked.option("--name"), (str(own.get("name") or script), path)
    )
    parts = [("app", name[0]), ("environment", environment[0]), ("cloudflare-account", account[0])]
    return answer("cloudflare", name, environment, parts=parts, local=asked.has("--local"))


def _wrangler_file(path: str, content: str | None) -> dict[str, Any]:
    if path.endswith(".toml"):
        return toml_of(content)
    found: dict[str, Any] = json_of(content, comments=True)
    return found


_PLATFORMS = {
    "railway": _railway,
    "heroku": _heroku,
    **dict.fromkeys(("fly", "flyctl"), _fly),
    **dict.fromkeys(("vercel", "vc", "now"), _vercel),
    **dict.fromkeys(("netlify", "ntl"), _netlify),
    "firebase": _firebase,
    "supabase": _supabase,
    "wrangler": _wrangler,
}
