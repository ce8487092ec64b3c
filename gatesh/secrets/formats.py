"""What a secret's format tells: who issued it, and what whoever holds it could do.

Issuers put a prefix in front of their tokens so that they are found; some put what the token may do into it,
too. What the format does not tell is left out: an account may have taken rights away from a token.
"""

from __future__ import annotations

import re
import time

from gatesh._value import Value
from gatesh.redact.shapes import ISSUED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Kind(Value):
    """What a secret is, in a few words, and what it could do."""

    name: str  # "GitHub token (classic)"
    can: str = ""  # "whatever its scopes allow, in every repository of its user"


_OF_A_USER = "all that its user may do"
_OF_A_DATABASE = "what its database user may do"
# prefix → issuer and kind, what it could do. The first that fits counts: the longer stands first.
_PREFIXES: tuple[tuple[str, str, str], ...] = (
    ("github_pat_", "GitHub token (fine-grained)", "what it was given, in the repositories that were chosen"),
    ("ghp_", "GitHub token (classic)", "its scopes, in every repository that its user can reach"),
    ("gho_", "GitHub OAuth token", "the scopes an app was given, in every repository of its user"),
    ("ghu_", "GitHub app token of a user", "what the app may do for its user, for some hours"),
    ("ghs_", "GitHub app installation token", "what the app may do where it is installed, for an hour"),
    ("ghr_", "GitHub refresh token", "new tokens of the same app and user"),
    ("glpat-", "GitLab token", "its scopes, in every project of its user"),
    ("gldt-", "GitLab deploy token", "reads or writes packages and registries of one project or group"),
    ("glrt-", "GitLab runner token", "takes the jobs of a runner, with their secrets"),
    ("glcbt-", "GitLab job token", "what its job may do, while it runs"),
    ("glptt-", "GitLab trigger token", "starts pipelines of one project"),
    ("gloas-", "GitLab OAuth secret", "stands for the application"),
    ("glagent-", "GitLab agent token", "what the agent of a cluster may do there"),
    ("glft-", "GitLab feed token", "reads the feeds of its user"),
    ("glimt-", "GitLab mail token", "makes issues in its user's name, by mail"),
    ("glffct-", "GitLab feature flag token", "reads the flags of one project"),
    ("glsoat-", "GitLab SCIM token", "adds and removes users of a group"),
    ("sk_live_", "Stripe secret key (live)", "every call of the account: charges, refunds, pay-outs"),
    ("rk_live_", "Stripe restricted key (live)", "what it was given, with real money"),
    ("pk_live_", "Stripe publishable key (live)", "nothing that is secret: it is made to be public"),
    ("sk_test_", "Stripe secret key (test)", "every call, with test data only"),
    ("rk_test_", "Stripe restricted key (test)", "what it was given, with test data only"),
    ("whsec_", "webhook signing secret", "forges the events of a webhook"),
    ("AKIA", "AWS access key id (of a user, no end)", "with its secret key: what the user's policies allow"),
    ("ASIA", "AWS access key id (of a session)", "with its secret key and session token, for some hours"),
    ("xoxb-", "Slack bot token", "the bot's scopes in one workspace"),
    ("xoxp-", "Slack user token", _OF_A_USER + ", within its scopes"),
    ("xoxa-", "Slack workspace token", "the app's scopes in one workspace"),
    ("xoxr-", "Slack refresh token", "new tokens of the same app"),
    ("xoxe", "Slack configuration token", "changes apps, for some hours"),
    ("xoxs-", "Slack session token", _OF_A_USER),
    ("xoxc-", "Slack browser token", _OF_A_USER),
    ("xapp-", "Slack app-level token", "the app's events in every workspace"),
    ("npm_", "npm token", "publishes, unless it was made to read; the format does not tell"),
    ("pypi-", "PyPI token", ""),
    ("rubygems_", "RubyGems key", "its scopes, which may be to push and to yank gems"),
    ("dop_v1_", "DigitalOcean token", "its scopes; the older ones: everything in the account"),
    ("doo_v1_", "DigitalOcean OAuth token", "the scopes an app was given"),
    ("dor_v1_", "DigitalOcean refresh token", "new tokens of the same app"),
    ("sk-ant-admin", "Anthropic admin key", "members, workspaces and keys of the organisation"),
    ("sk-ant-", "Anthropic key", "calls at the organisation's expense"),
    ("sk-admin-", "OpenAI admin key", "members, projects and keys of the organisation"),
    ("sk-proj-", "OpenAI project key", "calls at the expense of one project"),
    ("sk-svcacct-", "OpenAI service account key", "calls at the expense of one project"),
    ("sk-or-", "OpenRouter key", "calls at the account's expense"),
    ("sk-", "API key", "calls at the account's expense"),
    ("AIza", "Google API key", "the APIs that it was not kept from"),
    ("ya29.", "Google access token", "its scopes, for an hour"),
    ("GOCSPX-", "Google OAuth client secret", "stands for the application"),
    ("SG.", "SendGrid key", "its scopes; full access: mail in the account's name"),
    ("hf_", "Hugging Face token", "reads, or writes and deletes, the repositories of its user"),
    ("hvs.", "Vault token", "its policies, until it ends"),
    ("hvb.", "Vault batch token", "its policies, until it ends"),
    ("hvr.", "Vault recovery token", "recovers the vault"),
    ("dckr_pat_", "Docker Hub token", "pulls, and unless read-only pushes and deletes, images of its user"),
    ("dckr_oat_", "Docker Hub token of an organisation", "what it was given in the organisation"),
    ("shpat_", "Shopify admin token", "the app's scopes in one shop"),
    ("shpca_", "Shopify custom app token", "the app's scopes in one shop"),
    ("shppa_", "Shopify private app password", "the app's scopes in one shop"),
    ("shpss_", "Shopify app secret", "stands for the application"),
    ("key-", "Mailgun key", "mail in the account's name, its domains and logs"),
    ("fm1", "Fly token", "what its caveats leave: an organisation, or one app"),
    ("fm2", "Fly token", "what its caveats leave: an organisation, or one app"),
    ("fo1_", "Fly token of a user", "every organisation of its user"),
    ("lin_api_", "Linear key", _OF_A_USER),
    ("nfp_", "Netlify token", _OF_A_USER + ": sites, DNS, environment variables"),
    ("sbp_", "Supabase token", _OF_A_USER + ": every project, with its deletion"),
    ("sb_secret_", "Supabase secret key", "every row of one project, around its row security"),
    ("pscale_tkn_", "PlanetScale service token", "what it was given in the organisation"),
    ("pscale_oauth_", "PlanetScale OAuth token", "the scopes an app was given"),
    ("pscale_pw_", "PlanetScale password", "one branch of one database, in its role"),
    ("dapi", "Databricks token", _OF_A_USER),
    ("dp.pt.", "Doppler token of a person", "every secret that its user can reach"),
    ("dp.st.", "Doppler service token", "the secrets of one configuration"),
    ("dp.", "Doppler token", "secrets of the account"),
    ("ATATT3", "Atlassian token", _OF_A_USER),
    ("glc_", "Grafana Cloud token", "what its access policy allows"),
    ("glsa_", "Grafana service account token", "what its role allows in one Grafana"),
    ("sntrys_", "Sentry token of an organisation", "releases and uploads of the organisation"),
    ("sntryu_", "Sentry token of a user", "its scopes in every organisation of its user"),
    ("NRAK-", "New Relic user key", _OF_A_USER),
    ("PMAK-", "Postman key", _OF_A_USER),
    ("figd_", "Figma token", "its scopes"),
    ("tskey-auth-", "Tailscale auth key", "adds machines to the network"),
    ("tskey-api-", "Tailscale API key", "changes machines, users and rules of the network"),
    ("tskey-", "Tailscale key", "adds to or changes the network"),
    ("xkeysib-", "Brevo key", "mail in the account's name"),
    ("ntn_", "Notion token", "the pages it was given"),
    ("secret_", "Notion token", "the pages it was given"),
    ("r8_", "Replicate token", "calls at the account's expense"),
    ("AGE-SECRET-KEY-", "age private key", "reads what was encrypted to it"),
    ("HRKU-", "Heroku token", "its scope; by default everything in the account"),
    ("EAAA", "Square access token", "the scopes an app was given"),
    ("sq0atp-", "Square access token", "the scopes an app was given"),
    ("pul-", "Pulumi token", _OF_A_USER + ": every stack, with its state"),
    ("napi_", "Neon key", "every project of its account, with branches and deletion"),
    ("ATBB", "Bitbucket app password", "its scopes, in every repository of its user"),
    ("CCIPAT_", "CircleCI token of a user", "pipelines of its user's projects, with their secrets"),
    ("CCIPRJ_", "CircleCI token of a project", "its pipelines, with their secrets"),
    ("bkua_", "Buildkite token", "its scopes in the organisations that were chosen"),
    ("rnd_", "Render key", "every service and database of the account, with their deletion"),
    ("gsk_", "Groq key", "calls at the organisation's expense"),
    ("xai-", "xAI key", "calls at the team's expense"),
    ("pplx-", "Perplexity key", "calls at the account's expense"),
    ("ops_eyJ", "1Password service account token", "the vaults it was given"),
    ("CFPAT-", "Contentful token", _OF_A_USER),
    ("LTAI", "Alibaba Cloud access key id", "with its secret: what its policies allow"),
    ("AKCp", "JFrog key", _OF_A_USER),
    ("1//0", "Google refresh token", "new access tokens of the same person and scopes"),
    ("pnu_", "Prefect key", _OF_A_USER),
    ("sq0csp-", "Square application secret", "stands for the application"),
)  # fmt: skip
_SHAPES: tuple[tuple[str, str, str], ...] = (
    (r".{14}\.atlasv1\..+", "Terraform Cloud token", "the workspaces and states of its user or team"),
    (r"\d{8,10}:AA[\w-]{32,34}", "Telegram bot token", "reads and writes as the bot"),
    (r"pat-[a-z]{2}\d-[0-9a-f-]{36}", "HubSpot token", "the scopes an app was given"),
    (r"access-[a-z]+-[0-9a-f-]{36}", "Plaid access token", "the accounts of one person at a bank"),
    (r".{3}8Q~.+", "Azure client secret", "the roles of its application"),
)  # fmt: skip
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# Whose name a secret has tells who issued it, where its format does not.
_NAMED: tuple[tuple[str, str, str], ...] = (
    (r"railway_?api_?token", "Railway token of an account", "every project there, with volumes and deletion"),
    (r"railway", "Railway token", "of a project: one environment; of an account: every project, with deletion"),
    (r"heroku", "Heroku token", "its scope; by default everything in the account"),
    (r"aws_?secret|secret_?access_?key", "AWS secret key", "with its key id: what its policies allow"),
    (r"aws_?session", "AWS session token", "with its keys, for some hours"),
    (r"cloudflare.*key|cf_api_key", "Cloudflare global key", "everything in the account"),
    (r"cloudflare|^cf_", "Cloudflare token", "the zones and permissions that were chosen"),
    (r"vercel", "Vercel token", "of its scope: every project, with deployments and deletion"),
    (r"azure.*client_?secret|arm_client_secret", "Azure client secret", "the roles of its application"),
    (r"azure|account_?key", "Azure key", "the account that it belongs to"),
    (r"digitalocean|^do_", "DigitalOcean token", "its scopes"),
    (r"datadog|^dd_", "Datadog key", "sends metrics; an application key: reads and changes the account"),
    (r"circle", "CircleCI token", "of its user or project: pipelines, with their secrets"),
    (r"twilio", "Twilio secret", "calls and messages at the account's expense"),
    (r"npm|_authtoken", "npm token", "publishes, unless it was made to read"),
    (r"pypi|twine", "PyPI password or token", "uploads releases"),
    (r"docker", "registry password or token", "pulls, and may push, images"),
    (r"client-key-data", "Kubernetes client key", "the roles of its user in the cluster"),
    (r"\bpg|postgres|mysql|mongo|redis|database|^db_|_db_|^dsn", "database password", _OF_A_DATABASE),
    (r"jwt_?secret|secret_?key_?base|signing|session_?secret|app_key", "signing key", "forges sessions"),
    (r"webhook", "webhook secret", "forges the events of a webhook"),
)  # fmt: skip
_QUOTED = r'"([\w.-]+)"'
UNTOLD = frozenset(("key", "secret", "token", "password"))  # kinds that tell nothing of the issuer
_URLS = {
    "postgres": "database password", "postgresql": "database password", "mysql": "database password",
    "mariadb": "database password", "mongodb": "database password", "redis": "database password",
    "rediss": "database password", "amqp": "queue password", "amqps": "queue password",
    "sqlserver": "database password", "clickhouse": "database password",
}  # fmt: skip


def kind_of(value: str, name: str = "", before: str = "") -> Kind:
    """Return what a secret is by its own format, else by its name, else by what stands before it."""
    return by_format(value) or _by_place(value, name, before)


def by_format(value: str) -> Kind | None:
    """Return what a secret is by its own format; None where that tells nothing."""
    if value.startswith("eyJ") and value.count(".") >= 2:
        return _jwt(value)
    if "PRIVATE KEY" in value or value.startswith("-----BEGIN"):
        return Kind("private key", "logs in or signs wherever its public half is known")
    for prefix, kind, can in _PREFIXES:
        if value.startswith(prefix):
            return Kind(kind, _pypi(value) if prefix == "pypi-" else can)
    for shape, kind, can in _SHAPES:
        if re.fullmatch(shape, value):
            return Kind(kind, can)
    return next(
        (Kind(k, can) for p, shape, k, can in ISSUED if p in value and _is(shape, value)), None
    )


def _is(shape: str, value: str) -> bool:
    return re.fullmatch(shape, value) is not None


def _by_place(value: str, name: str, before: str) -> Kind:
    bare = name.lower().replace("-", "_") if name != "client-key-data" else name
    for pattern, kind, can in _NAMED:
        if re.search(pattern, bare):
            return Kind(kind, can)
    scheme = re.search(r"([A-Za-z][A-Za-z0-9+]*)://[^\s/@]*$", before)
    if scheme:
        known = _URLS.get(scheme[1].partition("+")[0].lower())
        can = _OF_A_DATABASE if known == "database password" else ""
        return Kind(known or "password in a URL", can)
    if "pass" in bare or bare in ("pwd", "pw"):
        return Kind("password")
    if re.fullmatch(_UUID, value) and "railway" in before.lower():
        return Kind("Railway token", _NAMED[1][2])
    if "hooks.slack.com" in before:
        return Kind("Slack webhook", "posts into one channel")
    if "/api/webhooks/" in before:
        return Kind("Discord webhook", "posts into one channel")
    if "cookie" in bare or re.search(r"(?i)cookie2?\W[^\n]*$", before):
        return Kind("session cookie", "all that its session may do")
    generic = "key" if bare.endswith("key") else "secret" if "secret" in bare else "token"
    return Kind(generic)


def _jwt(value: str) -> Kind:
    """Tell what a JSON Web Token says of itself: issuer, audience, scope, role, end."""
    claims = _claims(value.split(".")[1])
    told = []
    for claim, word in (
        ("iss", "of"),
        ("aud", "for"),
        ("scope", "may"),
        ("scp", "may"),
        ("role", "as"),
    ):
        said = claims.get(claim)
        said = " ".join(map(str, said)) if isinstance(said, list) else said
        if isinstance(said, str) and said:
            told.append(f"{word} {said[:80]}")
    until = claims.get("exp")
    if isinstance(until, int | float) and 0 < until < 1e11:
        day = time.strftime("%Y-%m-%d", time.gmtime(until))
        told.append(f"ended {day}" if until < time.time() else f"until {day}")
    elif claims:
        told.append("without an end")
    kind = "JSON Web Token"
    if claims.get("iss") == "supabase":
        kind = f"Supabase key ({claims.get('role', 'of some role')})"
    elif str(claims.get("iss", "")).startswith("kubernetes"):
        kind = "Kubernetes service account token"
    return Kind(kind, f"by its own word {', '.join(told)}" if told else "")


def _claims(part: str) -> dict[str, Any]:
    import json
    from base64 import urlsafe_b64decode

    try:
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pypi(value: str) -> str:
    """Tell what the macaroon in a PyPI token restricts it to."""
    from base64 import urlsafe_b64decode

    body = value.removeprefix("pypi-")
    try:
        raw = urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode("latin-1")
    except ValueError:
        return "uploads releases"
    projects = re.search(r'"projects": ?\[([^\]]{0,200})\]', raw)
    if projects:
        return f"uploads releases of {', '.join(re.findall(_QUOTED, projects[1]))}"
    if '"permissions": "user"' in raw or '"permissions":"user"' in raw:
        return "uploads releases of every project of its user"
    restricted = re.search(r"\[1, ?\[([^\]]{0,200})\]\]", raw)
    if restricted:
        return f"uploads releases of {', '.join(re.findall(_QUOTED, restricted[1]))}"
    return "uploads releases of every project of its user" if "[3," in raw else "uploads releases"


def has_format(value: str) -> bool:
    """Claim that a value is a secret by its own format, wherever it stands."""
    return by_format(value) is not None


def is_public(value: str) -> bool:
    """Claim that a value is made to be seen, though it looks like a secret."""
    return value.startswith(("pk_live_", "pk_test_"))
