"""ssh and what runs over it: the machine behind a host's name, as ~/.ssh/config has it.

As ssh_config(5) says: the first value obtained counts, options before the user's file before the system's. A
`Match` that asks a program is not answered here: from there on, what it would set is not known.
"""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase

from gatesh.facts import url as urls
from gatesh.facts.targets import SSH
from gatesh.facts.targets.asked import ARGV, Asked, answer
from gatesh.facts.words import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_VALUES = {
    "ssh": "-B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -P -p -Q -R -S -W -w",
    "scp": "-c -D -F -i -J -l -o -P -S -X",
    "sftp": "-B -b -c -D -F -i -J -l -o -P -R -S -s -X",
    "rsync": "-e --rsh --port --rsync-path --exclude --include --filter -f -B -M -T --files-from --log-file",
    "sshfs": "-o -p -F",
    "mosh": "--ssh -p --port --server --client --predict",
    "autossh": "-M -B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -P -p -Q -R -S -W -w",
    "ssh-copy-id": "-i -p -o -F",
}
_PATTERN = re.compile(r"[*?]")
_KEY = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$")
_WANTED = ("hostname", "user", "port", "proxycommand", "proxyjump")
_DEEP, _MOST = 4, 40  # of included files: in one another, and in all
_SYSTEM = "/etc/ssh/ssh_config"


def target(asked: Asked) -> Target | None:
    """Return the hosts that are spoken to."""
    program = asked.command.program
    asked.read(_VALUES.get(program, ""), stop_at=1 if program in SSH else 0)
    named = _named(asked, program)
    if not named:
        return None
    hosts = [_host(asked, name) for name in named]
    parts = [part for host in hosts for part in host]
    shown = ", ".join(dict.fromkeys(_shown(host) for host in hosts))
    local = all(value for host in hosts for name, value in host if name == "host") and all(
        urls.is_local(value) for name, value in parts if name == "host"
    )
    local = local and not any(name == "proxy" for name, _ in parts)
    return answer("ssh", (shown, ARGV), parts=[p for p in parts if p[0] != "proxy"], local=local)


def _named(asked: Asked, program: str) -> list[str]:
    """Return the hosts that the operands name, users and paths left out."""
    if program in ("ssh", "autossh", "mosh", "ssh-copy-id"):
        return [text for text in asked.operands[:1] if text]
    found = []
    for text in asked.operands:
        if program == "sftp" and text:
            found.append(text.partition("://")[2] or text)
            break
        if url := re.match(r"(?:scp|sftp|rsync|ssh)://([^/]*)", text):
            found.append(url[1])
        elif (remote := re.match(r"([^/:]*|[^/:]*\[[^]]*\]):", text)) and remote[1]:
            found.append(remote[1])
        elif text.startswith(UNSEEN):
            found.append(UNSEEN)
    return found


def _host(asked: Asked, name: str) -> list[Value]:
    """Return by what a host may be labelled: what it is called, what it is, and a proxy's mark."""
    user, at, host = name.removeprefix("ssh://").rpartition("@")
    host = host.partition("]")[0].lstrip("[") if host.startswith("[") else re.sub(r":.*", "", host)
    if UNSEEN in host or not host:
        return [("ssh-host", UNSEEN), ("host", UNSEEN)]
    found = _settings(asked, host, user)
    given = asked.option("-l")[0]
    real = found.get("hostname", host).replace("%h", host).replace("%%", "%")
    seen = real if UNSEEN not in real else ""
    parts = [("ssh-host", host), ("host", urls.normal_host(seen) if seen else UNSEEN)]
    user = user if at else given or found.get("user", "")
    proxy = found.get("proxycommand", "none")
    if proxy != "none":  # it connects to what it likes
        parts += [("proxy", proxy), ("host", UNSEEN)]
    return [*parts, ("user", user)] if user else parts


def _shown(parts: list[Value]) -> str:
    said = dict(reversed(parts))
    user = f"{said['user']}@" if "user" in said else ""
    alias = said["ssh-host"]
    host = next(value for name, value in parts if name == "host")
    return f"{user}{host}" if alias == host else f"{user}{alias} ({host})"


def _settings(asked: Asked, host: str, user: str) -> dict[str, str]:
    """Return what ssh would go by for a host: the first value of each key."""
    found: dict[str, str] = {}
    for text in asked.options.get("-o", ()):
        if pair := _KEY.match(text):
            found.setdefault(pair[1].lower(), pair[2])
    given = asked.option("-F")[0]
    files = [given] if given else [asked.home(".ssh/config"), _SYSTEM]
    files = [] if given == "none" else files
    reader = _Reader(asked, host, user)
    for file in files:
        for key, value in reader.pairs(file, os.path.dirname(file)):
            if key in _WANTED:
                found.setdefault(key, value)
    return found


class _Reader:
    """Reads what ssh's configuration says of one host."""

    def __init__(self, asked: Asked, host: str, user: str) -> None:
        self._asked, self._host, self._user = asked, host, user
        self._left = _MOST

    def pairs(self, path: str, folder: str, depth: int = 0) -> Iterator[Value]:
        """Yield the settings that apply, in order; UNSEEN for those that nobody can know."""
        self._left -= 1
        content = self._asked.text(path) if self._left >= 0 and depth <= _DEEP else None
        if content is None:
            yield from ((key, UNSEEN) for key in ("hostname", "proxycommand"))
            return
        applies: bool | None = True
        for line in content.splitlines():
            pair = _KEY.match(line)
            if not pair or line.lstrip().startswith("#"):
                continue
            key, value = pair[1].lower(), pair[2].strip('"')
            if key == "host":
                applies = self._fits(value.split())
            elif key == "match":
                applies = self._matches(value.split())
            elif key == "include" and applies is not False:
                for included in self._included(value, folder):
                    yield from self.pairs(included, folder, depth + 1)
            elif applies is not False:
                yield key, value if applies else UNSEEN

    def _fits(self, patterns: list[str]) -> bool:
        """Claim that one of the patterns is the host, and none that begins with `!`."""
        bare = [pattern.strip('"').removeprefix("!") for pattern in patterns]
        hits = [fnmatchcase(self._host.lower(), _glob(pattern.lower())) for pattern in bare]
        negated = [pattern.startswith("!") for pattern in patterns]
        if any(hit and no for hit, no in zip(hits, negated, strict=True)):
            return False
        return any(hit and not no for hit, no in zip(hits, negated, strict=True))

    def _matches(self, words: list[str]) -> bool | None:
        """Return whether a Match applies; None where that is for a program or the network to say."""
        lowered = [word.lower() for word in words]
        if lowered == ["all"]:
            return True
        if len(words) == 2 and lowered[0] in ("host", "originalhost"):
            return self._fits(words[1].replace("!", " !").replace(",", " ").split())
        if len(words) == 2 and lowered[0] == "user" and self._user:
            return any(fnmatchcase(self._user, _glob(name)) for name in words[1].split(","))
        return None

    def _included(self, value: str, folder: str) -> Iterator[str]:
        """Yield the files that an Include stands for."""
        for name in value.split():
            path = self._asked.home(name[2:]) if name.startswith("~/") else name
            path = path if path.startswith(("/", UNSEEN)) else f"{folder}/{path}"
            if not _PATTERN.search(path):
                yield path
                continue
            above, _, last = path.rpartition("/")
            names = self._asked.world.files.names(above, _MOST)
            if names is None and self._asked.around.exists(above):
                yield UNSEEN  # too many to be looked at
            yield from (f"{above}/{n}" for n in names or () if fnmatchcase(n, last))


def _glob(pattern: str) -> str:
    """Return a pattern in which only * and ? are special."""
    return pattern.replace("[", "[[]")
