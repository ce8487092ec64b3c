"""Where programs connect to: noted with the command that does, never held.

Told are connect(2), sendto(2) with an address of its own, and sendmsg(2) and sendmmsg(2) where they open a
connection: whether they name an address no filter can see, and to tell each of them would cost programs that
talk over local sockets all day. The address is read from the caller's memory, so a thread of the caller could
change it.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from gatesh._value import Value
from gatesh.errors import AuditError
from gatesh.supervise import bpf, kernel
from gatesh.supervise.image import process_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.audit.tree import TreeLog
    from gatesh.supervise.covered import Place
    from gatesh.supervise.listener import Call, Listener

_MOST = 1000  # of one record
_INSIDE = tuple(map(ip_network, (
    "0.0.0.0/32", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4",
    "255.255.255.255/32", "::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8",
)))  # fmt: skip
_KINDS = {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}
# Which arguments hold the socket, the address and its size.
_WHERE = {"connect": (0, 1, 2), "sendto": (0, 4, 5)}
_MESSAGES = (
    "sendmsg",
    "sendmmsg",
)  # their second argument is a message that begins with the address
_SOCKETCALL = {3: "connect", 11: "sendto"}


class Peer(Value):
    """Where a connection goes."""

    address: str
    port: int
    kind: str  # tcp, udp; empty where it is neither, or nobody knows


class Connections:
    """The connections of one tree, each noted once for a record."""

    def __init__(
        self, tree: TreeLog, machine: kernel.Machine, alert: Callable[[str, str, int], None]
    ) -> None:
        """Take the log, and who is told when it fails."""
        self._tree, self._alert = tree, alert
        self._native = machine.arch
        self._known: dict[int, set[Peer]] = {}
        self._names = {
            (arch, calls[name]): name
            for arch, calls in (
                (machine.arch, machine.calls),
                (machine.compat_arch, machine.compat_calls),
            )
            for name in bpf.CONNECTIONS
            if name in calls
        }

    def counts(self, call: Call) -> bool:
        """Claim that a call is one of those that are noted."""
        return (call.arch, call.number) in self._names

    def noted(self, call: Call, above: Callable[[int], Place], listener: Listener) -> None:
        """Let a call go on, and write down where it goes; `above` tells where its thread belongs."""
        try:
            found = self._peer(call)
        except (OSError, ValueError):
            found = None  # it cannot be read; then the kernel cannot either
        record = above(call.tid).record if found else 0
        listener.go_on(call)
        known = self._known.setdefault(record, set())
        if not found or found in known or len(known) > _MOST:
            return
        known.add(found)
        if len(known) > _MOST:
            self._alert("connections", f"record {record} connects to more than {_MOST}", call.tid)
            return
        try:
            self._tree.connection(record, call.tid, found.address, found.port, found.kind)
        except AuditError as error:
            self._alert(
                "connections", f"{found.address} is not recorded: {error.message}", call.tid
            )

    def _peer(self, call: Call) -> Peer | None:
        """Return where a call goes; None where that is this machine, or a private network."""
        name, arguments = self._names[call.arch, call.number], call.arguments
        if name == "socketcall":
            name = _SOCKETCALL[arguments[0] & 0xFFFFFFFF]
            raw = kernel.read(call.tid, arguments[1], 24)
            arguments = tuple(
                int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw), 4)
            )
        if name in _MESSAGES:
            wide = 8 if call.arch == self._native else 4
            raw = kernel.read(call.tid, arguments[1], wide + 4)
            number, where, size = arguments[0], *_numbers(raw, wide)
        else:
            number, where, size = (arguments[at] for at in _WHERE[name])
        end = peer(kernel.read(call.tid, where, min(size & 0xFFFFFFFF, 28)))
        if end is None or not is_outside(end[0]):
            return None
        return Peer(str(end[0]), end[1], _kind(call.tid, number & 0xFFFFFFFF))


def peer(raw: bytes) -> tuple[IPv4Address | IPv6Address, int] | None:
    """Return address and port of a sockaddr; an IPv4 address in an IPv6 one as what it is."""
    family = int.from_bytes(raw[:2], "little")
    port = int.from_bytes(raw[2:4], "big")
    if family == socket.AF_INET and len(raw) >= 8:
        return IPv4Address(raw[4:8]), port
    if family == socket.AF_INET6 and len(raw) >= 24:
        found = IPv6Address(raw[8:24])
        return found.ipv4_mapped or found, port
    return None


def is_outside(address: IPv4Address | IPv6Address | str) -> bool:
    """Claim that an address is neither this machine nor in a private network."""
    found = ip_address(address)
    return not any(found in network for network in _INSIDE if network.version == found.version)


def _numbers(raw: bytes, wide: int) -> tuple[int, int]:
    return int.from_bytes(raw[:wide], "little"), int.from_bytes(raw[wide : wide + 4], "little")


def _kind(tid: int, number: int) -> str:
    try:
        with socket.socket(fileno=kernel.copy_descriptor(process_of(tid), number)) as copy:
            return _KINDS.get(copy.type, "")
    except OSError:
        return ""
