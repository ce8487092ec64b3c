"""aws, gcloud, gsutil, bq and az: account, project or subscription, and the buckets that operands name."""

from __future__ import annotations

import re

from gatesh.facts import aws
from gatesh.facts.targets.asked import ARGV, Asked, answer, first, json_of, sections
from gatesh.facts.words import UNSEEN, show
from gatesh.model import Locality

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_BUCKET = re.compile(r"(?:s3|gs)://([^/]*)|arn:aws[\w-]*:s3:::([^/]*)")
_RESOURCES = ("-identifier", "-name", "-id", "--cluster", "--name")  # options of aws that name one
_ID = re.compile(r"(?P<project>[\w.:-]+?):[\w$]+(?:\.[\w$*-]+)?")  # bq's PROJECT:DATASET.TABLE


def target(asked: Asked) -> Target:
    """Return whose account, project or subscription is reached."""
    program = asked.command.program
    if program == "aws":
        return _aws(asked)
    return _azure(asked) if program == "az" else _google(asked)


def buckets(words: Iterable[str]) -> list[Value]:
    """Return the buckets that words name, as parts."""
    found = (_BUCKET.match(word) for word in words)
    return [("bucket", bucket[1] or bucket[2] or UNSEEN) for bucket in found if bucket]


def _aws(asked: Asked) -> Target:
    """Return what aws.target finds, with the account that the key tells, and the buckets."""
    given = (word.text for word in asked.command.words if word.known)
    named = (text.partition("=")[0] for text in given if text.startswith("--"))
    asked.read(" ".join(["--bucket --profile --region --endpoint-url", *_naming(named)]))
    found = aws.target(asked.command, asked.line, asked.world)
    parts = [*found.parts, *buckets(asked.operands), ("bucket", asked.option("--bucket")[0])]
    parts += [
        ("resource", text)
        for name, texts in asked.options.items()
        if name.endswith(_RESOURCES)
        for text in texts
    ]
    known = dict(found.parts)
    if "host" not in known:  # an endpoint of its own has accounts of its own
        account, of_variable = _key(asked)
        if account and (of_variable or "aws-account" not in known):
            region = known.get("aws-region", "")
            name = "/".join(part for part in (show(account), region) if part)
            origin = "env AWS_ACCESS_KEY_ID" if of_variable else found.origin
            found = found.but(name=name, origin=origin)
            parts = [pair for pair in parts if pair[0] != "aws-account"]
            parts.append(("aws-account", show(account)))
    return found.but(parts=tuple(pair for pair in parts if pair[1]))


def _naming(options: Iterable[str]) -> Iterable[str]:
    return (option for option in options if option.endswith(_RESOURCES))


def _key(asked: Asked) -> tuple[str, bool]:
    """Return the account of the key that would sign, and whether a variable holds it."""
    from gatesh.facts.targets.aws_key import account_of

    named = asked.option("--profile")
    variable = asked.variable("AWS_ACCESS_KEY_ID")
    if variable[0] and not named[0]:
        return account_of(variable[0]), True
    profile = first(named, asked.variable("AWS_PROFILE", "AWS_DEFAULT_PROFILE"), ("default", ""))[0]
    path = asked.variable("AWS_SHARED_CREDENTIALS_FILE")[0] or asked.home(".aws/credentials")
    content = asked.text(path)
    if content is None:
        return UNSEEN, False
    key = sections(content).get(profile, {}).get("aws_access_key_id", "")
    return (account_of(key) if key else ""), False


def _google(asked: Asked) -> Target:
    """Return the project of --project, CLOUDSDK_CORE_PROJECT or the active configuration."""
    program = asked.command.program
    asked.read(
        "--project --configuration --account --project_id -u -o --region --zone --impersonate-service-account"
    )
    folder = asked.variable("CLOUDSDK_CONFIG")[0] or asked.home(".config/gcloud")
    active = asked.text(f"{folder}/active_config")
    configuration = first(
        asked.option("--configuration"),
        asked.variable("CLOUDSDK_ACTIVE_CONFIG_NAME"),
        (UNSEEN if active is None else active.strip(), "gcloud's active configuration"),
        ("default", "gcloud's default configuration"),
    )
    path = f"{folder}/configurations/config_{configuration[0]}"
    content = asked.text(path)
    stored = sections(content).get("core", {})
    unseen = UNSEEN if content is None else ""
    account = first(
        asked.option("--account"),
        asked.variable("CLOUDSDK_CORE_ACCOUNT"),
        (stored.get("account", unseen), configuration[1]),
    )
    project = first(
        asked.named(*(f"projects {verb}" for verb in ("delete", "undelete", "update", "move"))),
        asked.option("--project", "--project_id"),
        _named_in_operand(asked) if program == "bq" else ("", ""),
        _bigqueryrc(asked) if program == "bq" else ("", ""),
        asked.option("-u") if program == "gsutil" else ("", ""),
        asked.variable("CLOUDSDK_CORE_PROJECT"),
        (stored.get("project", unseen), f"configuration {configuration[0]}"),
    )
    return answer(
        "gcp",
        project,
        parts=[
            ("gcp-project", project[0]),
            ("gcp-configuration", "" if configuration[0] == "default" else configuration[0]),
            ("gcp-account", account[0]),
            *buckets(asked.operands),
        ],
    )


def _named_in_operand(asked: Asked) -> Value:
    for word in asked.operands[1:]:
        if found := _ID.fullmatch(word):
            return found["project"], ARGV
    return "", ""


def _bigqueryrc(asked: Asked) -> Value:
    path = asked.option("--bigqueryrc")[0] or asked.variable("BIGQUERYRC")[0]
    content = asked.text(path or asked.home(".bigqueryrc"))
    return sections(content).get("", {}).get("project_id", ""), "~/.bigqueryrc"


def _azure(asked: Asked) -> Target:
    """Return the subscription of --subscription, or the default one of azureProfile.json."""
    asked.read("--subscription --resource-group -g --name -n")
    folder = asked.variable("AZURE_CONFIG_DIR")[0] or asked.home(".azure")
    content = asked.text(f"{folder}/azureProfile.json")
    known = [one for one in json_of(content).get("subscriptions", ()) if isinstance(one, dict)]
    default = next((one for one in known if one.get("isDefault")), {})
    unseen = UNSEEN if content is None else ""
    named = first(
        asked.option("--subscription"),
        (str(default.get("name") or default.get("id") or unseen), "~/.azure/azureProfile.json"),
    )
    entry = next((one for one in known if named[0] in (one.get("name"), one.get("id"))), {})
    settings = sections(asked.text(f"{folder}/config")).get("defaults", {})
    group = first(
        asked.option("-g", "--resource-group"),
        asked.option("-n", "--name") if asked.operands[:1] == ["group"] else ("", ""),
        asked.variable("AZURE_DEFAULTS_GROUP"),
        (settings.get("group", ""), "~/.azure/config"),
    )
    found = answer(
        "azure",
        named,
        group,
        parts=[
            ("azure-subscription", str(entry.get("name") or named[0])),
            ("azure-subscription", str(entry.get("id") or "")),
            ("azure-group", group[0]),
        ],
    )
    return found.but(locality=Locality.REMOTE)
