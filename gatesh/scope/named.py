"""Hosts that a command's words and variables name, whatever its program does with them. Pure.

For programs that nothing here knows: what they are told of another environment's host is taken for where they
go. What reads, searches or edits text names hosts all day, and so do the tools whose targets are looked up.
"""

from __future__ import annotations

import re

from gatesh.scope.paths import CODE, SILENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import SimpleCommand

# Not a folder's name in a path, nor a part of a longer name.
_HOST = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)?(?:(?<![\w./~-])|(?<=//)|(?<=[^/\s]@))"
    r"(?:[^\s/@'\"]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)"
)
_DEVICE = re.compile(r"/dev/(?:tcp|udp)/([^/]+)/")
# They read, search, edit or move text and files, or only ask who a host is.
_TEXT = frozenset(
    """
    grep egrep fgrep zgrep rg ag ack sed awk gawk mawk jq yq cat bat head tail less more ls find fd diff
    cmp sort uniq tr cut wc tee xxd od strings vi vim nvim nano emacs code ed mkdir touch rm cp mv ln
    chmod chown stat file tree basename dirname realpath readlink date sleep which type alias history
    man gh glab make dig host nslookup whois ping ping6 traceroute tracepath mtr getent mkcert openssl
    """.split()
)
# Their targets are looked up (gatesh.facts.targets); what else they name is a value.
_LOOKED_UP = frozenset(
    """
    kubectl k kubecolor oc helm helmfile k9s flux stern velero istioctl terraform tofu terragrunt pulumi
    aws gcloud gsutil bq az curl wget http https xh psql mysql mariadb docker podman nerdctl
    docker-compose vercel netlify fly flyctl heroku railway firebase supabase wrangler nc ncat netcat
    telnet socat
    """.split()
)
_SSH = frozenset("ssh autossh scp sftp rsync sshfs mosh".split())
_LEADING = ("-L", "-R", "-W", "-J", "-D", "-o", "-e", "--rsh")  # of ssh: to further hosts
_MOST = 20_000  # characters of a word


def named(command: SimpleCommand, *, told: bool) -> Iterator[tuple[str, bool]]:
    """Yield the hosts that a command names, and whether as a URL; `told` where its requests are known."""
    texts = [given.value.text for given in command.assignments]
    if command.program == "export":
        texts += [word.text for word in command.words[1:]]
    elif not told:
        texts += _words(command)
    for text in texts:
        for found in _HOST.finditer(text[:_MOST]):
            yield found["host"].strip("[]").lower(), bool(found["scheme"])
    for redirect in command.redirects:
        if device := _DEVICE.match(redirect.target.text):
            yield device[1].lower(), True


def _words(command: SimpleCommand) -> Iterator[str]:
    program, words = command.program, [word.text for word in command.words]
    if program in SILENT or program in _TEXT:
        return
    if program in _LOOKED_UP:
        if program in ("docker", "podman", "nerdctl"):  # -e DATABASE_URL=…; an image has no scheme
            yield from (w for w in words[1:] if "://" in w and not re.search(r"\s", w))
        return
    if program in _SSH or program == "git":
        leading = ("-c",) if program == "git" else _LEADING
        for at, word in enumerate(words[1:-1], 1):
            if word in leading:
                yield words[at + 1]
        return
    code = program in CODE or program.startswith("python")
    yield from (word for word in words[1:] if code or not re.search(r"\s", word))
