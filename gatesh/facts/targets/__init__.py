"""Targets: what a command would reach, from its options, the environment and the tool's own state.

Looked up when something needs to know: a rule that matches, or a scope in force. A harmless line pays
nothing. What is found names the target and calls it local or remote, but it never makes local what counted
as remote before: contexts, links and aliases are files that the asker may write.
"""

from __future__ import annotations

from importlib import import_module

from gatesh.facts import grammar_of, may_have_run, runs_out_of_order
from gatesh.model import CliCall, CloudCall, FileChange, HttpRequest, Locality, SqlStatement, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World
    from gatesh.facts.targets.asked import Asked
    from gatesh.model import CommandLine, Fact, Inspection, SimpleCommand

# program → the module here that knows where it goes
_MODULES = {
    name: module
    for module, names in {
        "kube": """
            kubectl k kubecolor microk8s.kubectl oc k3s minikube microk8s helm helmfile k9s flux stern velero
            istioctl cilium linkerd skaffold
        """,
        "clouds": "gcloud gsutil bq az aws",
        "docker": "docker docker-compose podman podman-compose nerdctl",
        "forges": "git gh glab",
        "hosts": "ssh scp sftp rsync mosh autossh sshfs ssh-copy-id",
        "stacks": "terraform tofu terragrunt pulumi",
        "databases": """
            mysql mariadb mysqldump mysqladmin mysqlimport mariadb-dump mariadb-admin mysqlcheck
            pg_dump pg_dumpall pg_restore createdb dropdb createuser dropuser vacuumdb reindexdb clusterdb
            pg_basebackup psql pgbench
        """,
        "platforms": """
            railway heroku fly flyctl vercel vc now netlify ntl firebase supabase wrangler
        """,
    }.items()
    for name in names.split()
}
_STATEMENTS_TOO = frozenset(  # what their statements say of the server is not the whole story
    (
        "mysql",
        "mariadb",
        "bq",
        "gcloud",
        "wrangler",
        "heroku",
        "fly",
        "flyctl",
        "supabase",
        "railway",
    )
)


class Targets:
    """The targets of what one line would do; each is found out once, when it is first asked for."""

    def __init__(self, seen: Inspection, line: CommandLine, world: World) -> None:
        """Keep what was seen; `line` is without its wrapping."""
        self._seen, self._line, self._world = seen, line, world
        self._commands = seen.reading.commands
        self._own = len(self._commands) - len(seen.places)
        self._found: dict[int, Target | None] = {}  # by command
        self._told: dict[tuple[int, Fact], Target] = {}

    def of(self, index: int, fact: Fact) -> Target:
        """Return the target of a fact of the command at `index`, with its label."""
        key = (index, fact)
        if key not in self._told:
            self._told[key] = self._labelled(index, fact)
        return self._told[key]

    def facts(self, *, everything: bool = False) -> tuple[tuple[int, Fact], ...]:
        """Return the facts with the targets that were asked for so far, or with all of them."""
        return tuple(
            (index, fact.but(target=self.of(index, fact)))
            if everything or (index, fact) in self._told
            else (index, fact)
            for index, fact in self._seen.facts
        )

    def _refined(self, index: int, fact: Fact) -> Target:
        target = fact.target
        command = self._commands[index]
        if not _may_be_elsewhere(fact, command):
            return target
        if index not in self._found:
            self._found[index] = self._look(index, command)
        found = self._found[index]
        if found is None:
            return target
        if found.locality is Locality.LOCAL and target.locality is not Locality.LOCAL:
            return found.but(locality=target.locality)
        return found

    def _look(self, index: int, command: SimpleCommand) -> Target | None:
        """Ask the module that knows the program; what it cannot tell is None."""
        from gatesh.facts.targets.asked import Asked

        line, world = self._line, self._world
        if index >= self._own:
            line = self._seen.places[index - self._own]
        else:
            jumps = runs_out_of_order(line)
            world = world.after(may_have_run(self._commands[: self._own], index, jumps))
        asked = Asked(command, line, world, grammar_of(command, world.grammars))
        try:
            return _found(asked)
        except Exception as error:  # noqa: BLE001  promise 3: what cannot be told is not known
            return Target(command.program, "…", origin=f"cannot be read ({type(error).__name__})")

    def _machine(self, index: int, command: SimpleCommand) -> tuple[tuple[str, str], ...]:
        """Return what is known of the machine that a command runs on."""
        if index not in self._found:
            self._found[index] = self._look(index, command)
        found = self._found[index]
        return found.parts if found else (("host", command.remote),)

    def _labelled(self, index: int, fact: Fact) -> Target:
        labels, command = self._world.labels, self._commands[index]
        target = self._refined(index, fact)
        parts = _parts(target, fact)
        if command.remote:
            parts = (*parts, *self._machine(index, command))
        target = target.but(parts=parts)
        if labels is None:
            return target
        label, origin = labels.label(target)
        return target.but(label=label, label_origin=origin)


def _may_be_elsewhere(fact: Fact, command: SimpleCommand) -> bool:
    """Claim that the module of its program may know more of a fact's target than the fact says."""
    if command.remote:
        return isinstance(fact, CliCall)
    if isinstance(fact, (CliCall, CloudCall)):
        return True
    return isinstance(fact, SqlStatement) and command.program in _STATEMENTS_TOO


def _found(asked: Asked) -> Target | None:
    command = asked.command
    module = "hosts" if asked.remote else _MODULES.get(command.program)
    if module is None and command.program.startswith(("psql-", "psql1")):
        module = "databases"
    if module is None:
        from gatesh.facts.targets.guesses import target as guessed

        return guessed(asked)
    found: Target | None = import_module(f"{__name__}.{module}").target(asked)
    return found


def _parts(target: Target, fact: Fact) -> tuple[tuple[str, str], ...]:
    """Return by what a target may be labelled; of a fact that names none itself, by what it says."""
    if target.parts:
        return target.parts
    if isinstance(fact, HttpRequest):
        hosts = [host for host in (fact.host, fact.connect_host) if host] or ["…"]
        urls = [f"{fact.scheme}://{host}{fact.path}" for host in hosts]
        return (*(("host", host) for host in hosts), *(("url", url) for url in urls))
    if isinstance(fact, FileChange):
        return tuple(("path", effect.path) for effect in fact.paths)
    if isinstance(fact, SqlStatement) and target.name:
        host, _, database = target.name.partition("/")
        parts = [("dsn", f"{target.kind}://{target.name}")]
        parts += [("host", name) for name in host.split(",") if name and target.kind != "sqlite"]
        return (*parts, ("database", database)) if database else tuple(parts)
    return ()
