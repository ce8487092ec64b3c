"""Programs that send bytes to a host as they are: nc, telnet, socat, openssl s_client, ftp."""

from __future__ import annotations

import re
from itertools import pairwise

from gatesh.facts import url as urls
from gatesh.facts.raw import peer
from gatesh.facts.targets.asked import ARGV, Asked, answer
from gatesh.facts.words import UNSEEN, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Target

_PROXIES = ("-x", "--proxy", "-proxy")
# Of socat: where it connects to, by a proxy or not.
_ADDRESS = re.compile(
    r"(?:tcp|udp|ssl|openssl|sctp|dccp|socks\w*|proxy)[46]?(?:-connect|-sendto|-datagram)?:(\[[^\]]*\]|[^:,]*):",
    re.IGNORECASE,
)


def target(asked: Asked) -> Target | None:
    """Return the hosts that are connected to, proxies among them; None where it only listens."""
    words = [visible(word) for word in asked.command.words]
    if asked.command.program == "socat":
        hosts = [found[1] for word in words[1:] if (found := _ADDRESS.match(word))]
    elif asked.command.program in ("ftp", "lftp", "tftp"):
        asked.read("-e -c -p -u -P -s -q -r -f" if asked.command.program == "lftp" else "-P -s -q")
        hosts = [re.sub(r"^\w+://", "", host).partition("/")[0] for host in asked.operands[:1]]
    else:
        found_peer = peer(asked.command)
        hosts = [found_peer.host] if found_peer else []
        if hosts:
            after = pairwise(words)
            hosts += [urls.split_port(value)[0] for option, value in after if option in _PROXIES]
    hosts = [_host(host) for host in hosts if host]
    if not hosts:
        return None
    local = all(map(urls.is_local, hosts))
    shown = ", ".join(dict.fromkeys(hosts))
    return answer("host", (shown, ARGV), parts=[("host", host) for host in hosts], local=local)


def _host(name: str) -> str:
    name = name.rpartition("@")[2].strip("[]")
    return UNSEEN if UNSEEN in name else urls.normal_host(name)
