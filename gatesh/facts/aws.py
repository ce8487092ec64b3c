"""aws: service, operation and parameters of a call, and the account and region it would reach."""

from __future__ import annotations

import re

from gatesh.facts import url as urls
from gatesh.facts.cli import Given, Grammar, walk
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import UNSEEN, show, unquoted, visible
from gatesh.model import Certainty, CloudCall, CommandLine, Locality, SimpleCommand, Target, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gatesh.facts import World

_GLOBAL = (
    "--endpoint-url", "--output", "--query", "--profile", "--region", "--color", "--ca-bundle",
    "--cli-read-timeout", "--cli-connect-timeout", "--cli-binary-format",
)  # fmt: skip
_GLOBAL_FLAGS = (
    "--debug", "--no-verify-ssl", "--no-paginate", "--no-sign-request", "--version", "--no-cli-pager",
    "--cli-auto-prompt", "--no-cli-auto-prompt",
)  # fmt: skip

GRAMMAR = Grammar(values=_GLOBAL, flags=_GLOBAL_FLAGS, abbreviations=True)

_INPUT = ("--cli-input-json", "--cli-input-yaml")
_OWN_COMMANDS = ("s3", "configure", "emr", "deploy", "history", "ecr", "eks", "ddb")
_SECTION = re.compile(r"^\s*\[(?:profile\s+)?([^]]+?)\s*\]", re.MULTILINE)
_LIMIT_NAME = 4  # the shortest abbreviation of an option that is taken for one: --re


def calls(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[CloudCall]:
    """Yield the one call that this command line makes; `help` and `--version` make none."""
    around = Surroundings(command, line, world)
    operands, options = _sorted(command)
    texts = [visible(word) for word in operands]
    if len(texts) < 2 and not command.more_words:
        return
    blind = [f"operation: {w.text}" for w in operands[:2] if not w.known]
    blind += [f"parameters: {w.text}" for w in operands[2:] if unquoted(w)]
    if command.more_words:
        blind.append("parameters: more words will be added")
    parameters = [(name, value) for name, value in options if name not in _GLOBAL + _GLOBAL_FLAGS]
    if _asks_for_help(texts) and not parameters:
        return
    parameters += _input(parameters, around, blind)
    blind += [f"parameters: {show(name)}" for name, _ in parameters if UNSEEN in name]
    yield CloudCall(
        "aws",
        show(texts[0]) if texts else "",
        show(texts[1]) if len(texts) > 1 else "",
        tuple((show(name), value) for name, value in parameters),
        target(command, line, world),
        tuple(operands[2:]),
        tuple(blind),
    )


def _asks_for_help(texts: list[str]) -> bool:
    """Claim that nothing but `help` follows the operation; `s3 mv s3://b/k help` writes a file."""
    return texts[-1] == "help" and not (texts[0] == "s3" and len(texts) > 3)


def target(command: SimpleCommand, line: CommandLine, world: World) -> Target:
    """Return profile, account and region, or the endpoint where one is given."""
    around = Surroundings(command, line, world)
    options = {name: visible(word) for name, word in _sorted(command)[1] if word}
    named = options.get("--profile")
    profile = named or _first(around, "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    settings = _settings(profile or "default", around)
    if endpoint := options.get("--endpoint-url"):
        return _endpoint(endpoint, "argv", around)
    if endpoint := _configured_endpoint(settings, around):
        return _endpoint(endpoint, "AWS_ENDPOINT_URL", around)
    region = options.get("--region") or _first(around, "AWS_REGION", "AWS_DEFAULT_REGION")
    region = region or settings.get("region", "")
    account = settings.get("sso_account_id") or _account(settings.get("role_arn", ""))
    name = "/".join(part for part in (account or profile or "default", region) if part)
    read = "~/.aws/config" if settings else "no profile is set up"
    origin = "argv" if named else "env AWS_PROFILE" if profile else read
    known = {"aws-account": account, "aws-profile": profile or "default", "aws-region": region}
    parts = tuple((part, show(text)) for part, text in known.items() if text)
    return Target("aws", show(name), Locality.REMOTE, origin, parts=parts)


def _first(around: Surroundings, *names: str) -> str:
    """Return the first variable that is set, UNSEEN where it is not known."""
    for name in names:
        value = around.variable(name)
        if value != "":
            return UNSEEN if value is None else value
    return ""


def _configured_endpoint(settings: dict[str, str], around: Surroundings) -> str:
    """Return the endpoint of environment or profile; the one that is not local, where they differ."""
    if _first(around, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") not in ("", "false"):
        return ""
    if settings.get("ignore_configured_endpoint_urls") == "true":
        return ""
    if "services" in settings:  # one per service: not worth following
        return UNSEEN
    found = [v for v in around.variables("AWS_ENDPOINT_URL").values() if v != ""]
    if not found or not around.variable("AWS_ENDPOINT_URL"):
        found.append(settings.get("endpoint_url", ""))
    far = [UNSEEN if v is None else v for v in found if not v or not _is_local(v)]
    return far[0] if far else found[0] or ""


def _endpoint(endpoint: str, origin: str, around: Surroundings) -> Target:
    locality = Locality.LOCAL if _is_local(endpoint) else Locality.REMOTE
    if "host" in urls.parse(endpoint).unseen or (locality is Locality.LOCAL and around.remote):
        locality = Locality.UNKNOWN
    parts = (("host", show(urls.parse(endpoint).host)), ("url", show(endpoint)))
    return Target("aws", show(endpoint), locality, origin, parts=parts)


def _is_local(endpoint: str) -> bool:
    url = urls.parse(endpoint)
    return urls.is_local(url.host) and "host" not in url.unseen


def _sorted(command: SimpleCommand) -> tuple[list[Word], list[tuple[str, Word | None]]]:
    """Sort service, operation and operands from options.

    The parameters of 20,000 operations are not known here; all but a few flags take a value, so the
    words up to the next option belong to the parameter in front of them.
    """
    operands: list[Word] = []
    options: list[tuple[str, Word | None]] = []
    open_ = False  # the last option may still take a word
    high = False  # s3 and its kind have operands behind their options
    for given in walk(command.words[1:], GRAMMAR):
        if given.option:
            options.append((_global(given), given.word))
            open_ = given.word is None and given.name not in GRAMMAR.flags
        elif given.word is None:
            continue
        elif open_ and len(operands) >= 2 and not (high and _is_s3_flag(options[-1][0])):
            name, before = options.pop()
            options.append((name, given.word if before is None else _joined(before, given.word)))
            open_ = not high and name.endswith("s")  # --instance-ids i-1 i-2
        else:
            operands.append(given.word)
            high = visible(operands[0]) in _OWN_COMMANDS
            open_ = False
    return operands, options


_S3_FLAGS = (
    "--recursive", "--dryrun", "--quiet", "--delete", "--force", "--follow-symlinks",
    "--no-follow-symlinks", "--no-guess-mime-type", "--only-show-errors", "--no-progress",
    "--size-only", "--exact-timestamps", "--ignore-glacier-warnings", "--force-glacier-transfer",
    "--summarize", "--human-readable", "--validate-same-s3-paths", "--no-overwrite",
    "--bypass-governance-retention",
)  # fmt: skip


def _is_s3_flag(name: str) -> bool:
    return any(flag.startswith(name) for flag in _S3_FLAGS)


def _global(given: Given) -> str:
    """Return the name of an option; one of aws's own is spelled out, a parameter stays as given."""
    own = given.name in _GLOBAL + _GLOBAL_FLAGS and len(given.option) >= _LIMIT_NAME
    return given.name if own else given.option


def _joined(before: Word, more: Word) -> Word:
    known = before.known and more.known
    return Word(
        f"{before.text} {more.text}",
        before.span,
        Certainty.EXPANDED if known else Certainty.UNKNOWN,
        before.globbed or more.globbed,
    )


def _input(
    parameters: list[tuple[str, Word | None]], around: Surroundings, blind: list[str]
) -> list[tuple[str, Word | None]]:
    """Return the parameters that --cli-input-json holds."""
    found: list[tuple[str, Word | None]] = []
    for name, word in parameters:
        if word is None or not (name in _INPUT or (name.startswith("--cli-inp"))):
            continue
        text: str | None = visible(word)
        if text is not None and text.startswith(("file://", "fileb://")):
            text = around.read(text.partition("://")[2])
        try:
            content = _parsed(text, name)
        except ValueError:
            blind.append(f"parameters: {word.text} cannot be read")
            continue
        for key, value in content.items():
            option = "--" + _spelled(key)
            shown = value if isinstance(value, str) else _compact(value)
            if value is False:
                option, shown = option.replace("--", "--no-", 1), ""
            found.append((option, Word(shown, word.span, Certainty.EXPANDED) if shown else None))
    return found


def _spelled(key: str) -> str:
    """Return DBInstanceIdentifier as the command line has it: db-instance-identifier."""
    key = re.sub(r"(.)([A-Z][a-z]+)", r"\1-\2", key)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", key).lower()


def _parsed(text: str | None, name: str) -> dict[str, Any]:
    import json

    if text is None or UNSEEN in text or "yaml" in name:
        raise ValueError(name)
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError(name)  # noqa: TRY004  one way out for whatever cannot be read
    return content


def _compact(value: Any) -> str:
    import json

    return "" if value is True else json.dumps(value)


def _settings(profile: str, around: Surroundings) -> dict[str, str]:
    """Return a profile's settings from ~/.aws/config; a file that cannot be read has none."""
    path = around.variable("AWS_CONFIG_FILE") or around.at_home(".aws/config")
    content = around.read(path) or ""
    settings: dict[str, str] = {}
    inside = False
    for line in content.splitlines():
        if section := _SECTION.match(line):
            inside = section[1] == profile
        elif inside and "=" in line and not line.startswith((" ", "\t", "#", ";")):
            key, _, value = line.partition("=")
            settings[key.strip()] = value.strip()
    return settings


def _account(role: str) -> str:
    found = re.match(r"arn:[^:]*:iam::(\d+):", role)
    return found[1] if found else ""
