"""HTTP requests from the catalogue's endpoints, by the clients that agents use."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.recall import graphql
from benchmarks.recall.case import Case, pick, stable
from benchmarks.recall.requests import SPELLINGS, Sent, plain, quoted
from benchmarks.recall.wrappings import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITTEN = Path(__file__).with_name("http.toml")
_FORMS = {"stripe", "stripe-extra", "slack", "twilio"}
_VALUES = {
    "owner": "acme", "repo": "webapp", "org": "acme", "branch": "main", "ref": "abcdefghijklmnop",
    "key": "DATABASE_URL", "name": "DATABASE_URL", "secret_name": "DATABASE_URL", "username": "alice",
    "accounts_or_zones": "zones", "security_product": "secret_scanning", "enablement": "disable_all",
    "package_type": "npm", "domain": "example.com", "domain_name": "example.com", "app": "webapp",
    "location": "eu-central", "engine": "postgresql",
}  # fmt: skip
# Where the body decides whether anything is lost, and the catalogue's path cannot say it.
_BODIES = {
    "/v1/projects/{ref}/database/query": '{"query":"DROP TABLE bookings"}',
    "/client/v4/{accounts_or_zones}/{account_or_zone_id}/logs/explorer/query/sql": "SELECT 1",
}
# What the extraction took for destroying because it is done in bulk, and only adds.
_CREATES = re.compile(
    r"bulk-?(create(?!-secrets)|push)|import$|\.(acls|peers|tsigs)\.create$", re.IGNORECASE
)
# Operations that the catalogue's extraction took for destroying by a word in their name, but that only read.
_READS = {
    "/orgs/{org}/attestations/bulk-list", "/users/{username}/attestations/bulk-list",
    "/v1/projects/{ref}/database/query/read-only",
    "/client/v4/accounts/{account_id}/storage/kv/namespaces/{namespace_id}/bulk/get",
    "/client/v4/accounts/{account_id}/registrar/domain-transfer-check",
    "/client/v4/{accounts_or_zones}/{account_or_zone_id}/logs/explorer/query/sql",
}  # fmt: skip


def cases(catalogue: dict[str, Any]) -> Iterator[Case]:
    """Yield each endpoint's plain curl line, five other spellings, and what the providers' own commands send."""
    written = tomllib.loads(_WRITTEN.read_text())
    for provider, about in catalogue["providers"].items():
        host = about["hosts"][0]
        for one in [*about.get("delete", ()), *about.get("post_exceptions", ())]:
            if one["path"] in _READS:
                continue
            severity = "unrated" if _CREATES.search(one["op"]) else one["severity"]
            case = Case(
                "http", f"{provider} {one['method']} {one['path']}", provider, severity, "",
                harmless=one["class"] == "none",
            )  # fmt: skip
            yield from spell(case, _sent(provider, host, one))
        for field in about.get("graphql_destructive", ()):
            case = Case("http", f"{provider} {field}", provider, "critical", "")
            document = graphql.mutation(field, ["input:Input!"])
            yield from graphql.spell(case, "https://api.fly.io/graphql", document)
        for line in written.get(provider, "").splitlines():
            yield from _written(provider, line)


def _written(provider: str, line: str) -> Iterator[Case]:
    """Yield what one line of the written file says."""
    if line:
        severity, method, url, *body = line.split(" ", 3)
        case = Case(
            "http", f"{provider} {method} {url} {' '.join(body)}".strip(), provider, severity, "",
            harmless=severity == "none",
        )  # fmt: skip
        sent = Sent(method, url, body[0] if body else "", form=provider in _FORMS)
        yield from spell(case, sent)


def _sent(provider: str, host: str, one: dict[str, Any]) -> Sent:
    path = re.sub(r"\{([^}]*)\}", lambda found: _filled(found[1], one["path"]), one["path"])
    body = _BODIES.get(one["path"], "")
    if not body and one["method"] != "DELETE":
        body = _form(provider, path) if provider in _FORMS else "{}"
    return Sent(one["method"], f"https://{host}{path}", body, form=provider in _FORMS)


def _form(provider: str, path: str) -> str:
    if provider == "slack":
        return "channel=C0A1B2C3D"
    return (
        "amount=1000&currency=eur" if path.endswith(("refunds", "transfers", "reversals")) else ""
    )


def _filled(name: str, path: str) -> str:
    if name in _VALUES:
        return _VALUES[name]
    return f"{stable(name + path) % 10**8:08x}"


def spell(case: Case, sent: Sent) -> Iterator[Case]:
    """Yield the request in its plain line and in five other spellings."""
    first = case.spelled("plain", *plain(sent))
    yield first
    bodiless = {"curl, body in a file", "curl, here-document", "curl --json"}
    names = [name for name in SPELLINGS if sent.body or name not in bodiless]
    for name in pick(case.entry, names, 5):
        yield case.spelled(name, *SPELLINGS[name](sent))
    for name, line in passed_through(sent):
        yield case.spelled(name, line)
    yield from wrapped(first, 1)


def passed_through(sent: Sent) -> Iterator[tuple[str, str]]:
    """Yield the request by the provider's own command, where it has one that takes any request."""
    host, _, path = sent.url.removeprefix("https://").partition("/")
    fields = f" -f {quoted(sent.body)}" if sent.form and sent.body else ""
    if host == "api.github.com":
        order = (
            f"-X {sent.method} /{path}" if stable(path) % 2 else f"{path} --method {sent.method}"
        )
        yield "gh api", f"gh api {order}{fields}"
    elif host == "gitlab.com":
        yield "glab api", f"glab api {path.removeprefix('api/v4/')} -X {sent.method}"
    elif host == "api.vercel.com":
        yield "vercel api", f"vercel api /{path} -X {sent.method}"
    elif host == "management.azure.com":
        yield "az rest", f"az rest --method {sent.method.lower()} --url {quoted(sent.url)}"
    elif host == "api.stripe.com" and sent.method in {"POST", "DELETE"}:
        yield "stripe", f"stripe {sent.method.lower()} /{path} --live -c"
