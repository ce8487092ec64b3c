"""AWS command lines from the catalogue's operations, with the parameters that botocore says are required.

A parameter that makes an operation destroy gets the value that destroys: a versioning that is suspended, a
protection that is off, no days of backups.
"""

from __future__ import annotations

import json
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.recall.case import Case, pick, stable
from benchmarks.recall.wrappings import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import OperationModel, Shape

# botocore's name for a service where the command has another.
_SERVICES = {"s3": "s3api", "config": "configservice", "codedeploy": "deploy"}
_WRITTEN = tomllib.loads(Path(__file__).with_name("aws.toml").read_text())
# Taken out of the command by its own customizations.
_REMOVED = {"ses delete-verified-email-address", "emr set-keep-job-flow-alive-when-no-steps"}
_OFF = ("Suspended", "DISABLED", "Disabled", "disabled", "disable", "OFF", "off", "NONE", "INACTIVE",
        "Inactive", "STOPPED", "PAUSED")  # fmt: skip
_SWITCHED = {"guard-off", "audit-off", "exposure", "deferred-destroy", "backup-destroy"}


def cases(catalogue: dict[str, Any]) -> Iterator[Case]:
    """Yield every operation's plain line and four other spellings of it."""
    for one in catalogue["operations"]:
        text = f"{one['service']} {one['cli_name']}"
        if text in _REMOVED:
            continue
        plain = Case(
            "aws", text, one["class"], one["severity"], "", harmless=one["severity"] == "none"
        )
        if text in _WRITTEN["renamed"]:
            yield from _fixed(plain, _WRITTEN["renamed"][text])
        else:
            call = _call(one["service"], one["operation"], one["cli_name"], one["class"])
            yield plain.spelled("plain", call.line())
            for name in pick(text, list(_SPELLINGS), 4):
                if spelled := _SPELLINGS[name](call):
                    yield plain.spelled(name, *spelled)
            yield from wrapped(plain.spelled("plain", call.line()), 2)
    for one in catalogue["custom_cli_commands"]:
        text = f"{one['service']} {one['cli_name']}"
        yield from _fixed(
            Case("aws", text, one["class"], one["severity"], ""), _WRITTEN["custom"][text]
        )


def _fixed(case: Case, words: str) -> Iterator[Case]:
    plain = case.spelled("plain", f"aws {words}")
    yield plain
    yield plain.spelled("globals first", f"aws --region eu-west-1 --profile prod {words}")
    yield from wrapped(plain, 2)


class _Call:
    """An operation with its parameters, as the API names them."""

    def __init__(self, service: str, operation: OperationModel, name: str, given: dict[str, Any]):
        self.service = _SERVICES.get(service, service)
        self.api, self.operation, self.name, self.given = service, operation, name, given
        shape = operation.input_shape
        self.members = dict(shape.members) if shape else {}

    def options(self) -> list[tuple[str, str | None]]:
        """Return the options: name and value, or None for a flag."""
        found: list[tuple[str, str | None]] = []
        for member, value in self.given.items():
            option = "--" + _xform(member)
            if value is True:
                found.append((option, None))
            elif value is False:
                found.append((option.replace("--", "--no-", 1), None))
            else:
                found.append((option, _option_value(value)))
        return found

    def line(
        self, before: str = "", between: str = "", *, joined: bool = False, options: Any = None
    ) -> str:
        """Write the line; `before` the service, `between` it and the operation."""
        words = ["aws", *before.split(), self.service, *between.split(), self.name]
        for name, value in self.options() if options is None else options:
            if value is None:
                words.append(name)
            elif joined:
                words.append(f"{name}={value}")
            else:
                words += [name, value]
        if _streams(self.operation):
            words.append("out.bin")
        return " ".join(word if _plain(word) else shlex.quote(word) for word in words)


def _plain(word: str) -> bool:
    return bool(word) and all(c.isalnum() or c in "-_./:=,@%+" for c in word)


def _option_value(value: Any) -> str:
    if isinstance(value, (dict, list)):
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return value[0] if len(value) == 1 else json.dumps(value)
        return json.dumps(value)
    return str(value)


def _streams(operation: OperationModel) -> bool:
    shape = operation.output_shape
    return bool(shape and operation.has_streaming_output)


@cache
def _service(name: str) -> Any:
    return _session().get_service_model(name)


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


def _xform(member: str) -> str:
    from botocore import xform_name

    return xform_name(member, "-")


def _call(service: str, operation: str, name: str, group: str) -> _Call:
    model = _service(service).operation_model(operation)
    shape = model.input_shape
    given: dict[str, Any] = {}
    typed = _WRITTEN["parameters"].get(f"{service} {name}", {})
    if shape:
        for member, inner in shape.members.items():
            if member in typed:
                given[member] = typed[member]
            elif member in shape.required_members:
                given[member] = _value(inner, member, service, group)
        if group in _SWITCHED and not typed:
            given |= _switched_off(shape, given)
        if not given:
            given = _first_named(shape, service, group)
    return _Call(service, model, name, given)


def _first_named(shape: Shape, service: str, group: str) -> dict[str, Any]:
    """Where nothing is required, whatever says which one is meant."""
    for member, inner in shape.members.items():
        if member.endswith(("Id", "Name", "Arn", "Ids", "id", "name", "arn", "Identifier")):
            return {member: _value(inner, member, service, group)}
    return {}


def _switched_off(shape: Shape, given: dict[str, Any]) -> dict[str, Any]:
    """Return what an optional switch at the top has to be, where the operation is about switching off."""
    for member, inner in shape.members.items():
        if member in given or member == "DryRun":
            continue
        protects = any(
            word in member.lower() for word in ("protection", "enabled", "enable", "logging")
        )
        if protects and inner.type_name == "boolean":
            return {member: False}
        if protects and inner.type_name == "string" and _off(inner):
            return {member: _off(inner)}
    return {}


def _off(shape: Shape) -> str:
    enum = getattr(shape, "enum", None) or []
    return next((value for value in _OFF if value in enum), "")


def _value(shape: Shape, member: str, service: str, group: str, depth: int = 0) -> Any:
    """Return the shortest value a person would give."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, service, group, depth)
    if kind == "list":
        return [_value(shape.member, member.removesuffix("s"), service, group, depth + 1)]
    if kind == "map":
        return {"main": _value(shape.value, "value", service, group, depth + 1)}
    if kind == "boolean":
        return group not in _SWITCHED and group != "outage"
    if kind in {"integer", "long", "float", "double"}:
        low = shape.metadata.get("min")
        return low or (0 if group in _SWITCHED else 1)
    if kind == "timestamp":
        return "2026-01-01T00:00:00Z"
    if kind == "blob":
        return "fileb://blob.bin" if depth == 0 else "YQ=="
    value = _string(shape, member, service, group)
    return value.ljust(shape.metadata.get("min") or 0, "0")


def _structure(shape: Shape, service: str, group: str, depth: int) -> Any:
    if depth > 4 or shape.metadata.get("document"):
        return {}
    switched = group in _SWITCHED
    found = {}
    for member, inner in shape.members.items():
        wanted = member in shape.required_members
        toggles = inner.type_name == "boolean" or (
            inner.type_name == "string" and bool(_off(inner))
        )
        if wanted or (switched and toggles):
            found[member] = _value(inner, member, service, group, depth + 1)
        if found and getattr(shape, "is_tagged_union", False):
            break
    if not found:
        for member, inner in list(shape.members.items())[:1]:
            found[member] = _value(inner, member, service, group, depth + 1)
    return found


def _string(shape: Shape, member: str, service: str, group: str) -> str:
    enum = getattr(shape, "enum", None)
    if enum:
        return (group in _SWITCHED and _off(shape)) or enum[0]
    name = member.lower()
    if name.endswith("arn"):
        return (
            f"arn:aws:{service}:eu-west-1:123456789012:{name.removesuffix('arn') or 'thing'}/main"
        )
    if name.endswith("bucket") or name == "bucketname":
        return "prod-uploads"
    if "policydocument" in name or name.endswith(("policy", "policytext")):
        return '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
    if name.endswith(("cidr", "cidrip")) or "cidrblock" in name:
        return "0.0.0.0/0" if group == "exposure" else "10.0.0.0/24"
    if name == "accountid" or name.endswith("accountid"):
        return "123456789012"
    if name.endswith("id"):
        return f"{name.removesuffix('id')[:8] or 'id'}-0a1b2c3d4e"
    if name.endswith(("email", "emailaddress")):
        return "ops@example.com"
    if name == "httpmethod":
        return "GET"
    if name in {"query", "statement", "sql", "querystring"}:
        return "DROP TABLE bookings"
    return "main"


def _prefixes(call: _Call) -> tuple[str, dict[str, str]] | None:
    """Shorten each option as far as it stays unambiguous: the aws command takes prefixes."""
    known = {"--" + _xform(member) for member in call.members}
    known |= {"--no-" + _xform(m) for m, s in call.members.items() if s.type_name == "boolean"}
    known |= set(
        """--debug --endpoint-url --no-verify-ssl --no-paginate --output --query --profile --region
        --version --color --no-sign-request --ca-bundle --cli-read-timeout --cli-connect-timeout
        --cli-binary-format --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-input-json
        --cli-input-yaml --generate-cli-skeleton""".split()
    )
    short = []
    for name, value in call.options():
        for length in range(min(6, len(name)), len(name) + 1):
            if sum(other.startswith(name[:length]) for other in known) == 1:
                break
        short.append((name[:length], value))
    return (call.line(options=short), {}) if short else None


def _reversed(call: _Call) -> tuple[str, dict[str, str]] | None:
    options = [("--output", "json"), ("--no-cli-pager", None), *reversed(call.options())]
    return call.line(options=options), {}


def _input_file(call: _Call) -> tuple[str, dict[str, str]] | None:
    if _streams(call.operation) or any("blob.bin" in str(v) for v in call.given.values()):
        return None
    line = call.line(options=[("--cli-input-json", "file://request.json")])
    return line, {"request.json": json.dumps(call.given, indent=2)}


def _input_inline(call: _Call) -> tuple[str, dict[str, str]] | None:
    if _streams(call.operation) or any("blob.bin" in str(v) for v in call.given.values()):
        return None
    return call.line(options=[("--cli-input-json", json.dumps(call.given))]), {}


def _variable(call: _Call) -> tuple[str, dict[str, str]] | None:
    options = [
        (name, value) for name, value in call.options() if value is not None and _plain(value)
    ]
    if not options:
        return None
    value = options[0][1] or ""
    line = call.line().replace(f" {value}", ' "$TARGET"', 1)
    return f"TARGET={value}\n{line}", {}


def _boto3(call: _Call) -> tuple[str, dict[str, str]] | None:
    if any("blob.bin" in str(v) for v in call.given.values()):
        return None
    method = call.name.replace("-", "_")
    given = ", ".join(f"{name}={value!r}" for name, value in call.given.items())
    given = given if '"' in given else given.replace("'", '"')
    code = f'import boto3\nclient = boto3.client("{call.api}")\nclient.{method}({given})\n'
    if stable(call.name) % 2:
        return f"python3 - <<'EOF'\n{code}EOF", {}
    one_line = code.replace("\n", "; ").removesuffix("; ")
    return f"python3 -c {shlex.quote(one_line)}", {}


def _substituted(call: _Call) -> tuple[str, dict[str, str]] | None:
    options = call.options()
    if not options or options[0][1] is None or not _plain(options[0][1] or ""):
        return None
    inner = "$(jq -r .target state.json)"
    return call.line().replace(f" {options[0][1]}", f' "{inner}"', 1), {}


_SPELLINGS: dict[str, Callable[[_Call], tuple[str, dict[str, str]] | None]] = {
    "globals first": lambda call: (call.line(before="--region eu-west-1 --profile prod"), {}),
    "globals between": lambda call: (call.line(between="--region=eu-west-1 --no-cli-pager"), {}),
    "--opt=value": lambda call: (call.line(joined=True), {}),
    "options reversed": _reversed,
    "option prefixes": _prefixes,
    "parameters in a file": _input_file,
    "parameters inline": _input_inline,
    "value from a variable": _variable,
    "value substituted": _substituted,
    "boto3": _boto3,
    "aws-vault": lambda call: (f"aws-vault exec prod -- {call.line()}", {}),
    "container": lambda call: (
        f"docker run --rm -it -v ~/.aws:/root/.aws amazon/aws-cli {call.line().removeprefix('aws ')}", {},
    ),
}  # fmt: skip
