"""az: `az rest` sends what it is told to Azure's management API, or to any URL."""

from __future__ import annotations

from gatesh.facts import http
from gatesh.facts import url as urls
from gatesh.facts.cli import Grammar, walk
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import UNSEEN, all_known, show, visible
from gatesh.model import CommandLine, HttpRequest, SimpleCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts import World

_SHORT = {"-m": "--method", "-u": "--url", "--uri": "--url", "-b": "--body", "-o": "--output"}

GRAMMAR = Grammar(
    values=(*set(_SHORT.values()), "--headers", "--uri-parameters", "--resource", "--output-file", "--query",
            "--subscription"),
    flags=("--help", "--debug", "--verbose", "--only-show-errors", "--skip-authorization-header"),
    abbreviations=True,
    aliases=_SHORT,
)  # fmt: skip


def requests(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield the request of `az rest`; other subcommands are plain command lines."""
    around = Surroundings(command, line, world)
    given = list(walk(command.words[1:], GRAMMAR))
    operands = [visible(g.word) for g in given if not g.option and g.word]
    helps = any(g.name == "--help" for g in given) and all_known(command.words)
    if operands[:1] != ["rest"] or helps:
        return
    options = {g.name: visible(g.word) for g in given if g.option and g.word}
    blind = ["method: more words will be added"] if command.more_words else []
    text = options.get("--url", UNSEEN)
    body = options.get("--body")
    if body is not None and body.startswith("@"):
        content = around.given(body[1:])
        if content is None:
            blind.append(f"body: {show(body)} cannot be read")
        body = UNSEEN if content is None else content
    url = urls.parse(f"https://management.azure.com{text}" if text.startswith("/") else text)
    connect = http.proxy_host(url.host, url.scheme, around)
    method = options.get("--method", "get").upper()
    yield from http.requests(http.Sent(method, url, body, (), connect, tuple(blind)), around)
