"""Whether a command only reads what it reaches. What is not known to read, modifies. Pure."""

from __future__ import annotations

from gatesh.model import CliCall, CloudCall, FileChange, HttpRequest, SqlStatement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Fact, SimpleCommand

_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
_KINDS = frozenset(
    """
    select show explain describe desc values use set begin commit rollback abort end savepoint release fetch
    listen unlisten get mget keys scan hscan sscan zscan info ttl pttl exists type hget hmget hgetall hkeys hlen
    lrange llen lindex smembers scard sismember zrange zcard zscore strlen dbsize ping memory find findone count
    countdocuments estimateddocumentcount distinct
    """.split()
)
_CALLS = ("describe-", "list-", "get-", "head-", "lookup-", "search-", "batch-get-", "filter-")
_CALLED = frozenset("ls wait query scan help tail presign".split())
# program → its first words, or first two words, that read; or that change only what is here
_READS = {
    program: frozenset(" ".join(phrase.split()) for phrase in phrases.split(","))
    for programs, phrases in (
        (
            "kubectl k kubecolor oc",
            """get, describe, logs, top, explain, api-resources, api-versions, cluster-info, version, diff,
            auth can-i, auth whoami, config, events, wait, completion, rollout status, rollout history""",
        ),
        (
            "helm",
            "list, ls, status, get, history, show, search, template, lint, version, env, repo, diff",
        ),
        (
            "terraform tofu",
            """plan, show, output, validate, fmt, version, providers, graph, init, get, state list, state show,
            workspace list, workspace show, workspace select, console""",
        ),
        ("pulumi", "preview, stack, about, version, whoami, logs, config get, stack ls, stack output"),
        (
            "git",
            """fetch, pull, clone, ls-remote, remote, archive, submodule, status, log, diff, show, branch,
            checkout, switch, merge, rebase, fetch-pack, upload-pack, bundle, worktree, config, describe,
            rev-parse, rev-list, blame, grep, tag, add, commit, stash, reset, restore, cherry-pick, lfs fetch,
            lfs pull, maintenance, gc, remote-https, remote-http""",
        ),
        (
            "docker podman nerdctl",
            """ps, images, logs, inspect, info, version, pull, stats, top, events, search, diff, history, port,
            image ls, container ls, image inspect, volume ls, network ls, manifest inspect""",
        ),
        ("railway", "status, logs, list, whoami, docs, help, version, login, link, unlink, open"),
        (
            "heroku",
            """logs, ps, apps, apps:info, info, config:get, releases, addons, domains, pg:info, status,
            auth:whoami, pg:ps, pg:diagnose""",
        ),
        ("fly flyctl", "status, logs, apps list, info, version, doctor, releases, machine list"),
        ("vercel vc now", "ls, list, inspect, logs, whoami, env ls, domains ls, project ls, pull"),
        ("netlify ntl", "status, sites:list, env:list, watch, open"),
        ("wrangler", "whoami, tail, deployments list, versions list, kv namespace list, d1 list"),
        ("supabase", "status, projects list, db diff, db pull, functions list"),
        ("firebase", "projects:list, apps:list, functions:log, login:list"),
        ("pg_dump pg_dumpall mysqldump mariadb-dump pg_basebackup", ""),
        ("gsutil", "ls, cat, stat, du, version, hash"),
        ("bq", "ls, show, head, version"),
    )
    for program in programs.split()
}  # fmt: skip
# Their words say anywhere whether they read.
_VERBS = {
    "gcloud": frozenset("list describe info read get-value version tail".split()),
    "az": frozenset("list show version list-locations".split()),
    "gh": frozenset("list view diff checks status checkout download clone watch search browse api".split()),
    "glab": frozenset("list view diff status checkout clone search ci-status api".split()),
}  # fmt: skip
# Elsewhere: what `ssh HOST` runs. Their redirects and deletions are facts of their own.
_LOOKING = frozenset(
    """
    ls cat head tail grep egrep fgrep zgrep zcat less more wc stat file df du free uptime ps pgrep id whoami
    hostname uname date env printenv echo printf pwd cd test [ true which command type sort uniq cut tr jq sleep
    lsblk nproc lscpu ss netstat ip getent last w who top vmstat iostat dmesg git-upload-pack md5sum
    sha256sum basename dirname realpath readlink diff cmp nslookup dig ping
    """.split()
)
_LOOKING_WORDS = {
    "systemctl": ("status", "show", "list-units", "is-active", "is-enabled", "cat", "list-timers"),
    "journalctl": (),
}
# What is fed to them is sent; without that they show whether somebody is there, and a certificate.
_WIRES = frozenset("nc ncat netcat telnet socat openssl".split())
_PARTING = frozenset(("", "q", "quit"))
_CHANGING_OPTIONS = ("--vacuum", "--rotate", "--flush", "--relinquish", "--raw", "--set")


def modifies(fact: Fact, command: SimpleCommand, *, judged_apart: bool) -> bool:
    """Claim that a fact may modify what it reaches.

    `judged_apart` is whether other facts of the command say what it does there.
    """
    if isinstance(fact, HttpRequest):
        return _sends(fact)
    if isinstance(fact, SqlStatement):
        return bool(fact.cannot_see) or fact.kind.lower() not in _KINDS
    if isinstance(fact, FileChange):
        return True
    if isinstance(fact, CloudCall):
        return not _asks(fact)
    return not judged_apart and not _looks(fact, command)


def _sends(fact: HttpRequest) -> bool:
    if any(seen.startswith("method") for seen in fact.cannot_see):
        return True
    if fact.method.upper() in _METHODS:
        return False
    whole = fact.graphql and not fact.cannot_see
    return not (whole and all(field.operation == "query" for field in fact.graphql))


def _asks(fact: CloudCall) -> bool:
    operation = fact.operation
    if operation in _CALLED or operation.startswith(_CALLS):
        return True
    copies = fact.service == "s3" and operation in ("cp", "sync") and fact.operands
    return bool(copies) and "s3://" not in fact.operands[-1].text and fact.operands[-1].known


def _looks(fact: CliCall, command: SimpleCommand) -> bool:
    program = fact.program
    words = [word.text for word in fact.operands if word.known]
    spelled = [name for name, _ in fact.options]
    if not words and any(name in ("--help", "--version") for name in spelled):
        return True
    if any(name.startswith(_CHANGING_OPTIONS) for name in spelled):
        return False
    if command.remote and program in _LOOKING:
        return True
    if program in _LOOKING_WORDS:
        wanted = _LOOKING_WORDS[program]
        return not wanted or (bool(words) and words[0] in wanted)
    if program in ("scp", "rsync"):
        last = fact.operands[-1] if fact.operands else None
        return last is not None and last.known and ":" not in last.text
    if program in _VERBS:
        return not _VERBS[program].isdisjoint(words[:4])
    if program in _WIRES:
        return not _feeds(command)
    reads = _READS.get(program)
    return reads is not None and (
        "" in reads or not reads.isdisjoint((*words[:1], " ".join(words[:2])))
    )


def _feeds(command: SimpleCommand) -> bool:
    """Claim that something is sent by a program that sends what it reads."""
    for redirect in command.redirects:
        if redirect.op == "<":
            return redirect.target.text != "/dev/null"
    if command.stdin is not None and command.stdin.known:
        return command.stdin.text.strip().lower() not in _PARTING
    words = [word.text for word in command.words[1:]]
    runs = any(word in ("-e", "-c", "--exec", "--sh-exec", "--lua-exec") for word in words)
    return command.piped_in or command.stdin is not None or runs or command.program == "socat"
