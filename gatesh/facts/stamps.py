"""What the files that a line names look like: an approval holds only as long as they stay as they are."""

from __future__ import annotations

import os.path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Word

# What programs read unnamed, and what decides where they go: a variable that names it, else in the home.
_KUBE = (("KUBECONFIG", ".kube/config"),)
_MYSQL = (("", ".my.cnf"), ("", ".mylogin.cnf"))
_POSTGRES = (("PGSERVICEFILE", ".pg_service.conf"),)
_SSH = (("", ".ssh/config"),)
_AT_HOME = {
    **dict.fromkeys(("kubectl", "oc", "helm", "kustomize", "helmfile", "flux", "argocd", "velero"), _KUBE),
    **dict.fromkeys(("mysql", "mariadb", "mysqladmin", "mariadb-admin", "mycli"), _MYSQL),
    **dict.fromkeys(("psql", "dropdb", "dropuser", "createdb", "pg_restore", "vacuumdb", "pgbench"), _POSTGRES),
    **dict.fromkeys(("ssh", "scp", "sftp", "rsync", "autossh", "mosh"), _SSH),
    "aws": (("AWS_CONFIG_FILE", ".aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")),
    "gcloud": (("", ".config/gcloud/active_config"), ("", ".config/gcloud/configurations/config_default")),
    "az": (("", ".azure/azureProfile.json"),),
    "docker": (("", ".docker/config.json"),),
}  # fmt: skip
_TERRAFORM = (
    ".terraform/environment",
    ".terraform/terraform.tfstate",
    "*.tf",
    "*.tfvars",
    "*.tf.json",
)
_BESIDE = {
    **dict.fromkeys(("terraform", "tofu", "terragrunt"), _TERRAFORM),
    **dict.fromkeys(
        ("docker", "docker-compose", "podman", "podman-compose"),
        ("compose.y*ml", "docker-compose*.y*ml", "compose.override.y*ml", ".env"),
    ),
    "pulumi": ("Pulumi*.y*ml",),
}


def stamps(
    commands: Iterable[SimpleCommand], line: CommandLine, world: World, *, folders: bool = False
) -> tuple[str, ...]:
    """Return the stamps of the files among the words and redirects, in the order they are named.

    Behind them stand those of the files that the programs read unnamed. With `folders` those count, too: a
    grant holds for one that was made again, a yes for the one that was shown.
    """
    found: dict[str, str] = {}
    for command in commands:
        for path in (*_paths(command, line, world), *_unnamed(command, line, world)):
            if path not in found:
                found[path] = world.files.stamp(path)
    return tuple(
        f"{path} {stamp}"
        for path, stamp in found.items()
        if stamp and (folders or stamp.count(":") > 1)
    )


def _paths(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[str]:
    from gatesh.facts.paths import expand

    folder = os.path.join(line.cwd, command.cwd or "")
    for word in _named(command):
        if word.globbed:
            yield from filter(None, expand(word, command, line, world))
        else:
            yield os.path.join(folder, word.text)


def _unnamed(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[str]:
    if command.remote:
        return
    from gatesh.facts.paths import expand
    from gatesh.facts.sql_input import environment

    for variable, name in _AT_HOME.get(command.program, ()):
        env = environment(command, line, world)
        places = env.get(variable) if variable else ""
        for path in places.split(":") if places else [f"{env.get('HOME') or world.home}/{name}"]:
            yield os.path.join(line.cwd, path)
    for name in _BESIDE.get(command.program, ()):
        word = command.words[0].but(text=name, globbed="*" in name)
        yield from filter(None, expand(word, command, line, world))


def _named(command: SimpleCommand) -> Iterator[Word]:
    for word in command.words:
        # `@file`, `--option=file` and `-ffile` name one too.
        for start in ("", "@", "=", ":"):
            _, cut, rest = word.text.rpartition(start) if start else ("", "", word.text)
            if word.known and rest and (cut or not start) and "\0" not in rest:
                yield word.but(text=rest)
    for redirect in command.redirects:
        if redirect.op == "<" and redirect.target.known:
            yield redirect.target
