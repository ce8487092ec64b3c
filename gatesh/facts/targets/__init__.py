"""Targets: what a command would reach, from its options, the environment and the tool's own state.

Looked up when something needs to know: a rule that matches, or a scope in force. A harmless line pays
nothing. What is found names the target and calls it local or remote, but it never makes local what counted
as remote before: contexts, links and aliases are files that the asker may write.
"""

from __future__ import annotations

import re
from importlib import import_module

from gatesh.facts import grammar_of, may_have_run, runs_out_of_order
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.targets.parts import parts_of
from gatesh.model import CliCall, CloudCall, Locality, SqlStatement, Target

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
        "wires": "nc ncat netcat telnet socat openssl ftp lftp tftp",
    }.items()
    for name in names.split()
}
FRAMEWORKS = frozenset(  # they go where the environment says
    """
    rails rake bundle manage.py django-admin flask alembic knex sequelize sequelize-cli typeorm prisma
    drizzle-kit mikro-orm mix artisan php cap kamal serverless sls sst migrate dbmate goose flyway liquibase
    """.split()
)
# program → the part that an option or a variable of its own names
OWN = {
    program: tuple(ways.split())
    for programs, ways in (
        ("serverless sls", "environment:-s environment:--stage aws-profile:--aws-profile"),
        ("kamal", "environment:-d environment:--destination"),
        ("cap", "environment:1"),
        (
            "ansible ansible-playbook ansible-pull",
            "environment:-i environment:--inventory host:--limit host:-l",
        ),
        ("eb", "environment:2 environment:-e aws-profile:--profile"),
        ("eksctl", "kube-cluster:--cluster kube-cluster:-n aws-profile:--profile"),
        ("cdk sam copilot", "aws-profile:--profile environment:--stack-name environment:2 app:-a"),
        ("nomad", "host:-address host:NOMAD_ADDR kube-namespace:-namespace"),
        ("vault", "host:-address host:VAULT_ADDR"),
        ("consul", "host:-http-addr host:CONSUL_HTTP_ADDR"),
        ("argocd", "host:--server host:ARGOCD_SERVER app:3"),
        ("etcdctl", "host:--endpoints host:ETCDCTL_ENDPOINTS"),
        ("doctl", "environment:--context"),
        ("hcloud", "environment:--context environment:HCLOUD_CONTEXT"),
        ("oci", "environment:--profile environment:OCI_CLI_PROFILE"),
        ("restic", "url:-r url:--repo url:RESTIC_REPOSITORY bucket:RESTIC_REPOSITORY"),
        ("doppler", "environment:-c environment:--config app:-p app:--project"),
        ("aws-vault", "aws-profile:2"),
    )
    for program in programs.split()
}
_NAMES = re.compile(
    r"--(?:env|stage|context|target|deploy|project|app|cluster|site|host|server|endpoint|address|database|db"
    r"|url|dsn|connection)|(?:s3|gs)://"
)
SSH = frozenset(("ssh", "autossh", "mosh"))  # what they are told runs elsewhere
_WITHIN = (
    "path",
    "words",
    "database",
    "environment",
    "id",
)  # parts of the place where a command runs
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


def _is_short(part: str, text: str) -> bool:
    return part == "host" and "." not in text and ":" not in text and text != "localhost"


class Targets:
    """The targets of what one line would do; each is found out once, when it is first asked for."""

    def __init__(self, seen: Inspection, line: CommandLine, world: World) -> None:
        """Keep what was seen; `line` is without its wrapping."""
        self._seen, self._line, self._world = seen, line, world
        self._commands = seen.reading.commands
        self._own = len(self._commands) - len(seen.places)
        self._found: dict[int, Target | None] = {}  # by command
        self._told: dict[int, Target] = {}  # by a fact's id, which `seen` keeps
        self._jumps: bool | None = None

    def of(self, index: int, fact: Fact) -> Target:
        """Return the target of a fact of the command at `index`, with its label."""
        found = self._told.get(id(fact))
        if found is None:
            silent = isinstance(fact, CliCall) and _says_nothing(self._commands[index])
            found = fact.target if silent else self._labelled(index, fact)
            self._told[id(fact)] = found
        return found

    def facts(self, *, everything: bool = False) -> tuple[tuple[int, Fact], ...]:
        """Return the facts with the targets that were asked for so far, or with all of them."""
        facts = []
        for index, fact in self._seen.facts:
            told = everything or id(fact) in self._told
            target = self.of(index, fact) if told else fact.target
            facts.append((index, fact if target is fact.target else fact.but(target=target)))
        return tuple(facts)

    def _refined(self, index: int, fact: Fact) -> Target:
        """Return what the module of the program found; what the fact says where it found nothing."""
        command = self._commands[index]
        found = self._look(index, command) if _may_be_elsewhere(fact, command) else None
        if found is None and command.remote and isinstance(fact, CliCall):
            way = self._way(index, command)
            found = way if way and way.kind == "ssh" else None
        return found or fact.target

    def _look(self, index: int, command: SimpleCommand) -> Target | None:
        """Ask the module that knows the program, once; what it cannot tell is None."""
        if index not in self._found:
            self._found[index] = self._asked(index, command)
        return self._found[index]

    def _way(self, index: int, command: SimpleCommand) -> Target | None:
        """Return what leads to a command: the `ssh HOST`, `docker exec`, `railway run` in front of it."""
        for number in range(index - 1, -1, -1):
            other = self._commands[number]
            if other.program in command.prefixes and other.program in _MODULES:
                if other.program in SSH and all(w.text != command.remote for w in other.words):
                    continue  # another ssh
                return self._look(number, other)
        return Target("host", parts=(("host", command.remote),)) if command.remote else None

    def _asked(self, index: int, command: SimpleCommand) -> Target | None:
        from gatesh.facts.targets.asked import Asked

        line, world = self._line, self._world
        if index >= self._own:
            line = self._seen.places[index - self._own]
        else:
            if self._jumps is None:
                self._jumps = runs_out_of_order(line)
            world = world.after(may_have_run(self._commands[: self._own], index, self._jumps))
        asked = Asked(command, line, world, grammar_of(command, world.grammars))
        try:
            return _found(asked)
        except Exception as error:  # noqa: BLE001  promise 3: what cannot be told is not known
            why = f"cannot be read ({type(error).__name__})"
            return Target(command.program, "…", origin=why, parts=(("host", "…"),))

    def _led_elsewhere(self, command: SimpleCommand) -> bool:
        """Claim that a variable says which host a name without a dot is: resolver(3), hostname(7)."""
        around = Surroundings(command, self._line, self._world)
        return any(around.variable(name) != "" for name in ("HOSTALIASES", "LOCALDOMAIN"))

    def _labelled(self, index: int, fact: Fact) -> Target:
        labels, command = self._world.labels, self._commands[index]
        target = self._refined(index, fact)
        parts = parts_of(target, fact, command.remote)
        if any(_is_short(*part) for part in parts) and self._led_elsewhere(command):
            parts = tuple((part, "…" if _is_short(part, text) else text) for part, text in parts)
        if command.more_words:
            parts += (("words", "…"),)
        targets = []
        if command.remote or not _MODULES.keys().isdisjoint(command.prefixes):
            way = self._way(index, command)
            if way and any(part not in _WITHIN for part, _ in parts) and way.parts != parts:
                targets.append(way)  # what is reached is a place of its own behind it
            elif way:
                parts += way.parts
        if parts != target.parts:
            target = target.but(parts=tuple(part for part in dict.fromkeys(parts) if part[1]))
        targets.append(target)
        label, origin = labels.label(*targets) if labels else ("", "")
        locality = target.locality
        if locality is Locality.LOCAL:
            locality = fact.target.locality
        return target.but(label=label, label_origin=origin, locality=locality)


def _says_nothing(command: SimpleCommand) -> bool:
    """Claim that a command line of a program that nobody knows here names no target at all; quick."""
    if command.program in _MODULES or command.prefixes or command.program.startswith("psql"):
        return False
    return not (command.program in FRAMEWORKS or command.program in OWN) and not any(
        _NAMES.match(word.text) for word in command.words[1:]
    )


def _may_be_elsewhere(fact: Fact, command: SimpleCommand) -> bool:
    """Claim that the module of its program may know more of a fact's target than the fact says."""
    if command.remote:
        return isinstance(fact, CliCall)
    if isinstance(fact, (CliCall, CloudCall)):
        return True
    here = fact.target.locality is Locality.LOCAL  # it has seen more of the line than a module here
    return isinstance(fact, SqlStatement) and not here and command.program in _STATEMENTS_TOO


def _found(asked: Asked) -> Target | None:
    command = asked.command
    module = _MODULES.get(command.program)
    if module is None and command.program.startswith(("psql-", "psql1")):
        module = "databases"
    if module is None:
        from gatesh.facts.targets.guesses import target as guessed

        return guessed(asked)
    found: Target | None = import_module(f"{__name__}.{module}").target(asked)
    return found
