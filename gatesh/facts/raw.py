"""Known text that is sent to a server as it is: through nc, socat, telnet, openssl s_client and /dev/tcp.

What looks like an HTTP request is one, and what looks like commands for redis or memcached are those. Text
that cannot be seen says nothing: these programs move data of every kind.
"""

from __future__ import annotations

import re

from gatesh._value import Value
from gatesh.facts import http
from gatesh.facts import redis as redis_commands
from gatesh.facts import url as urls
from gatesh.facts.cli import Grammar, walk
from gatesh.facts.piped import piped, printed
from gatesh.facts.sql_input import told
from gatesh.facts.sql_statement import Statement
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import show, visible
from gatesh.model import CommandLine, HttpRequest, Locality, SimpleCommand, SqlStatement, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts import World

_NC = Grammar(
    values=(
        *"-c -e -g -G -i -I -m -M -O -o -p -P -q -s -T -V -w -W -x -X --exec --sh-exec --wait --delay".split(),
        *"--output --source --source-port --idle-timeout --proxy --proxy-type --proxy-auth -b".split(),
    ),
    flags=("-l", "-z", "-U", "-u", "-v", "-n", "-k", "-4", "-6", "-N", "-C", "--listen", "--ssl"),
)
_TELNET = Grammar(values=("-b", "-e", "-l", "-n", "-S", "-X"))
_S_CLIENT = Grammar(
    values=tuple(
        """
        -connect -host -port -bind -proxy -proxy_user -proxy_pass -unix -servername -cert -certform -key
        -keyform -pass -CApath -CAfile -CAstore -verify -starttls -alpn -nextprotoneg -sess_out -sess_in
        -cipher -ciphersuites -curves -groups -sigalgs -name -maxfraglen -keylogfile -psk -psk_identity
        """.split()
    ),
    single_dash_long=True,
)
_SOCAT_ADDRESS = re.compile(
    r"(tcp[46]?|tcp[46]?-connect|openssl|ssl|openssl-connect|ssl-connect)[:](\[[^\]]*\]|[^:,]*):([^,]*)",
    re.IGNORECASE,
)
_SOCAT_FILE = re.compile(r"(?:open|file|rdonly|gopen)?:?([^,:]+)", re.IGNORECASE)
_DEVICE = re.compile(r"/dev/(?:tcp|udp)/([^/]+)/([^/]+)")
_REQUEST = re.compile(
    r"^([A-Za-z\0]+)[ \t]+(\S+)(?:[ \t]+HTTP/[\d.]+|(?<=/)|(?<=\w))[ \t]*\r?$", re.MULTILINE
)
_METHODS = frozenset(
    "GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND MOVE COPY MKCOL PURGE BAN".split()
)
_BLANK = re.compile(r"\r?\n\r?\n")
_REDIS = frozenset(
    "flushall flushdb shutdown config slaveof replicaof debug eval del unlink auth multi swapdb migrate".split()
)
_PORTS = {"6379": "redis", "6380": "redis", "26379": "redis", "11211": "memcached"}
_MOST = 50  # requests of one text


class Peer(Value):
    """The other end."""

    host: str
    port: str
    tls: bool = False


def sent(
    command: SimpleCommand, line: CommandLine, world: World
) -> Iterator[HttpRequest | SqlStatement]:
    """Yield what the text would do that the command sends to a server."""
    around = Surroundings(command, line, world)
    other = _device(command, world)
    text = printed(command, around) if other else None
    if other is None:
        other = peer(command)
        text = _fed(command, line, world, around) if other else None
    if other is None or not text:
        return
    yield from _requests(text, other, around)
    yield from _store(text, other, command)


# -- the other end ---------------------------------------------------------------------------------


def peer(command: SimpleCommand) -> Peer | None:
    """Return where nc, telnet, socat or openssl s_client connects to; None where it does not."""
    program = command.program
    if program == "socat":
        for word in command.words[1:]:
            if found := _SOCAT_ADDRESS.match(visible(word)):
                tls = "ssl" in found[1].lower()
                return Peer(found[2].strip("[]"), found[3], tls)
        return None
    if program == "openssl":
        return _s_client(command)
    given = list(walk(command.words[1:], _TELNET if program == "telnet" else _NC))
    names = {g.name for g in given}
    operands = [visible(g.word) for g in given if not g.option and g.word]
    if names & {"-l", "--listen", "-z", "-U"} or not operands:
        return None
    port = operands[1] if len(operands) > 1 else "23" if program == "telnet" else ""
    return Peer(operands[0], port, "--ssl" in names)


def _s_client(command: SimpleCommand) -> Peer | None:
    if len(command.words) < 2 or command.words[1].text != "s_client":
        return None
    given = list(walk(command.words[2:], _S_CLIENT))
    options = {g.name: visible(g.word) for g in given if g.option and g.word}
    operands = [visible(g.word) for g in given if not g.option and g.word]
    named = options.get("-connect") or (
        operands[0] if operands else options.get("-host", "localhost")
    )
    host, port = urls.split_port(named)
    return Peer(host, port or options.get("-port", "4433"), tls=True)


def _device(command: SimpleCommand, world: World) -> Peer | None:
    """Return where `> /dev/tcp/HOST/PORT` leads, or `>&3` after `exec 3<> /dev/tcp/HOST/PORT`."""
    for redirect in command.redirects:
        target = visible(redirect.target)
        if redirect.op in (">", ">>", ">|", "<>", "&>", ">&") and (found := _DEVICE.match(target)):
            return Peer(found[1], found[2])
        if redirect.op == ">&" and target.isdigit() and int(target) > 2:
            for earlier in reversed(world.before):
                for opened in earlier.redirects:
                    found = _DEVICE.match(visible(opened.target))
                    if found and opened.fd == int(target):
                        return Peer(found[1], found[2])
    return None


# -- the text --------------------------------------------------------------------------------------


def _fed(
    command: SimpleCommand, line: CommandLine, world: World, around: Surroundings
) -> str | None:
    """Return what a command reads: its standard input, or what the command in front of a pipe prints."""
    if (text := around.stdin()) is not None:
        return text
    if command.program == "socat":
        for word in command.words[1:]:
            found = _SOCAT_FILE.fullmatch(visible(word))
            if found and found[1] not in ("-", "stdio") and not word.text.startswith("-"):
                return around.given(found[1])
    return piped(command, line, world) if command.piped_in else None


# -- what it says ----------------------------------------------------------------------------------


def _requests(text: str, peer: Peer, around: Surroundings) -> Iterator[HttpRequest]:
    """Yield the HTTP requests of a text; several may follow each other."""
    lines = [m for m in _REQUEST.finditer(text) if m[1].upper() in _METHODS or "HTTP/" in m.group()]
    for at, found in enumerate(lines[:_MOST]):
        end = lines[at + 1].start() if at + 1 < len(lines) else len(text)
        head, *body = _BLANK.split(text[found.end() : end], maxsplit=1)
        headers = tuple(line.strip("\r") for line in head.split("\n") if ":" in line)
        scheme = "https" if peer.tls or peer.port == "443" else "http"
        target = found[2] if "://" in found[2] else f"{scheme}://{peer.host}{_slashed(found[2])}"
        url = urls.parse(target)
        connect = urls.normal_host(peer.host) if url.host != peer.host else ""
        sent_body = body[0].rstrip("\r\n") if body and body[0].strip() else None
        yield from http.requests(http.Sent(found[1], url, sent_body, headers, connect), around)


def _slashed(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def _store(text: str, peer: Peer, command: SimpleCommand) -> Iterator[SqlStatement]:
    """Yield the commands of a text that a redis or memcached server would understand."""
    kind = _PORTS.get(peer.port, "")
    local = urls.is_local(peer.host) and not command.remote
    locality = Locality.LOCAL if local else Locality.UNKNOWN if command.remote else Locality.REMOTE
    target = Target(kind or "redis", show(f"{peer.host}:{peer.port}"), locality, "argv")
    if kind == "memcached" or text.startswith("flush_all"):
        words = [line.split()[0].lower() for line in text.splitlines() if line.split()]
        yield from told(
            [Statement(f"memcached {show(word)}", text=show(text)[:2000]) for word in words], target
        )
        return
    found = list(redis_commands.commands(text))
    if kind == "redis" or (found and found[0] and found[0][0].lower() in _REDIS):
        yield from told([s for words in found for s in redis_commands.statement(words)], target)
