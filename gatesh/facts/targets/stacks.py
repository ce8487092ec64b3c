"""terraform, tofu and pulumi: the workspace or stack, and where its state is kept."""

from __future__ import annotations

import os
import re
from hashlib import sha1

from gatesh.facts.targets.asked import ARGV, Asked, answer, first, json_of
from gatesh.facts.words import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_ADDRESS = tuple(
    """
    organization hostname bucket storage_account_name container_name key prefix path address schema_name
    """.split()
)
_NAMED = re.compile(r"^name:\s*[\"']?([^\"'\s#]+)", re.MULTILINE)


def target(asked: Asked) -> Target:
    """Return the workspace or the stack."""
    return _pulumi(asked) if asked.command.program == "pulumi" else _terraform(asked)


def _terraform(asked: Asked) -> Target:
    """Return workspace and backend: TF_WORKSPACE, .terraform/environment; .terraform/terraform.tfstate."""
    asked.read(
        "-chdir --chdir -var-file -var -state -target -backend-config --working-dir "
        "--terragrunt-working-dir",
        single_dash_long=True,
    )
    folder = asked.option("-chdir", "--working-dir", "--terragrunt-working-dir")[0]
    data = asked.variable("TF_DATA_DIR")[0] or ".terraform"
    place = os.path.join(folder, data)
    content = asked.text(f"{place}/environment")
    workspace = first(
        asked.variable("TF_WORKSPACE"),
        (UNSEEN if content is None else content.strip(), f"{place}/environment"),
        ("default", "terraform's default"),
    )
    state = asked.text(f"{place}/terraform.tfstate")
    backend = _table(json_of(state), "backend")
    given = _table(backend, "config")
    address = "/".join(str(given[name]) for name in _ADDRESS if given.get(name))
    kind = UNSEEN if state is None else str(backend.get("type") or "")
    files = asked.options.get("-var-file", [])
    return answer(
        "terraform",
        workspace,
        (f"{kind} {address}".strip(), f"{place}/terraform.tfstate"),
        parts=[
            ("workspace", workspace[0]),
            ("bucket", str(given.get("bucket") or "")),
            ("aws-profile", str(given.get("profile") or "")),
            ("workspace", address),
            *(("environment", re.sub(r"\.tfvars(?:\.json)?$", "", file)) for file in files),
            ("environment", _folders(asked.around.path(folder or "."))),
        ],
    )


def _table(found: dict[str, Any], name: str) -> dict[str, Any]:
    inner = found.get(name)
    return inner if isinstance(inner, dict) else {}


def _folders(path: str | None) -> str:
    """Return the last two folders of a configuration: live/eu, envs/prod."""
    return "/".join(os.path.normpath(path).split("/")[-2:]) if path else ""


def _pulumi(asked: Asked) -> Target:
    """Return the stack of --stack, PULUMI_STACK, or the one that is selected for this project."""
    asked.read("-s --stack -C --cwd -c --config")
    folder = asked.option("-C", "--cwd")[0]
    path, content = asked.above("Pulumi.yaml", "Pulumi.yml")
    if folder:
        path = f"{asked.around.path(folder) or UNSEEN}/Pulumi.yaml"
        content = asked.text(path)
    home = asked.variable("PULUMI_HOME")[0] or asked.home(".pulumi")
    project = found[1] if content and (found := _NAMED.search(content)) else ""
    digest = sha1(path.encode(), usedforsecurity=False).hexdigest()
    selected = asked.text(f"{home}/workspaces/{project}-{digest}-workspace.json")
    unseen = UNSEEN if selected is None or content is None else ""
    named: Value = first(
        asked.option("-s", "--stack"),
        asked.variable("PULUMI_STACK"),
        (str(json_of(selected).get("stack") or unseen), "pulumi's selected stack"),
    )
    backend = first(
        asked.variable("PULUMI_BACKEND_URL"),
        (str(json_of(asked.text(f"{home}/credentials.json")).get("current") or ""), ARGV),
    )
    return answer(
        "pulumi",
        named,
        (project, path) if project and project not in named[0] else ("", ""),
        parts=[("workspace", named[0]), ("app", project), ("url", backend[0])],
    )
