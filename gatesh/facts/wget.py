"""wget: the requests it would send, by getopt's rules and its own start-up files."""

from __future__ import annotations

import re

from gatesh.facts import http
from gatesh.facts import url as urls
from gatesh.facts.cli import Grammar, walk
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import UNSEEN, all_known, show, unquoted, visible
from gatesh.model import CommandLine, HttpRequest, SimpleCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.facts import World

_VALUED = """
e:execute o:output-file a:append-output report-speed i:input-file B:base config rejected-log t:tries
retry-on-http-error O:output-document start-pos progress T:timeout dns-timeout connect-timeout
read-timeout w:wait waitretry Q:quota bind-address limit-rate restrict-file-names prefer-family user
password use-askpass local-encoding remote-encoding P:directory-prefix cut-dirs http-user
http-password default-page header compression max-redirect proxy-user proxy-password referer
U:user-agent load-cookies save-cookies post-data post-file method body-data body-file secure-protocol
certificate certificate-type private-key private-key-type ca-certificate ca-directory crl-file
pinnedpubkey ciphers hsts-file ftp-user ftp-password warc-file warc-header warc-max-size warc-dedup
warc-tempdir l:level backups A:accept R:reject accept-regex reject-regex regex-type D:domains
exclude-domains follow-tags ignore-tags I:include-directories X:exclude-directories
"""
_FLAGS = """
V:version h:help b:background d:debug q:quiet v:verbose F:force-html no-config retry-connrefused
no-clobber no-netrc c:continue show-progress N:timestamping S:server-response spider no-proxy
random-wait ignore-case ask-password unlink xattr no-directories x:force-directories
no-host-directories no-cache E:adjust-extension save-headers no-cookies content-disposition
content-on-error https-only no-check-certificate no-hsts no-glob r:recursive delete-after
k:convert-links K:backup-converted m:mirror p:page-requisites H:span-hosts L:relative no-parent
keep-session-cookies auth-no-challenge no-verbose trust-server-names 4:inet4-only 6:inet6-only
"""

GRAMMAR = Grammar(
    values=(*(f"--{e.rpartition(':')[2]}" for e in _VALUED.split()), "-n"),  # -nv, -nc: n takes one
    flags=tuple(f"--{e.rpartition(':')[2]}" for e in _FLAGS.split()),
    abbreviations=True,
    aliases={f"-{e[0]}": f"--{e[2:]}" for e in (_VALUED + _FLAGS).split() if e[1:2] == ":"},
)

# What a start-up file or -e calls the options that matter here.
_COMMANDS = {
    "method": "--method", "bodydata": "--body-data", "bodyfile": "--body-file", "postdata": "--post-data",
    "postfile": "--post-file", "header": "--header", "input": "--input-file", "base": "--base",
    "httpproxy": "http", "httpsproxy": "https", "useproxy": "use", "spider": "--spider",
}  # fmt: skip


def requests(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield every request that wget would send; what -r would find on the way cannot be seen."""
    around = Surroundings(command, line, world)
    blind: list[str] = []
    options: dict[str, list[str]] = {}
    texts: list[str] = []
    for given in walk(command.words[1:], GRAMMAR):
        text = visible(given.word) if given.word else ""
        if not given.option:
            texts.append(text)
            if given.word and unquoted(given.word):
                blind.append(f"options: {given.word.text}")
        elif UNSEEN in given.option or (given.name == "--execute" and UNSEEN in text):
            blind += [f"{part}: option {show(given.option)}" for part in ("method", "body")]
        elif given.name == "--execute":
            _set(options, text)
        else:
            options.setdefault(given.name, []).append(text)
    if all_known(command.words) and ("--version" in options or "--help" in options):
        return
    options = _start_up(options, around, blind)
    if "--input-file" in options:
        base = options.get("--base", [""])[-1]
        content = around.given(options["--input-file"][-1])
        texts += [UNSEEN] if content is None else [_joined(base, t) for t in content.split()]
    if command.more_words:
        texts.append(UNSEEN)
        blind.append("method: more words will be added")
    if blind and blind[0].startswith("options:") and len(texts) > 1:
        blind += ["method: a word may be an option", "body: a word may be an option"]
    method, body = _method(options), _body(options, around, blind)
    for text in texts:
        url = urls.parse(text)
        connect = _proxy(url, options, around)
        headers = tuple(options.get("--header", ()))
        yield from http.requests(
            http.Sent(method, url, body, headers, connect, tuple(blind)), around
        )


def _method(options: dict[str, list[str]]) -> str:
    if "--method" in options:
        return options["--method"][-1].upper()
    if "--post-data" in options or "--post-file" in options:
        return "POST"
    return "HEAD" if "--spider" in options else "GET"


def _body(options: dict[str, list[str]], around: Surroundings, blind: list[str]) -> str | None:
    for name in ("--post-data", "--body-data"):
        if name in options:
            return options[name][-1]
    for name in ("--post-file", "--body-file"):
        if name in options:
            content = around.given(options[name][-1])
            if content is None:
                blind.append(f"body: {options[name][-1]} cannot be read")
            return UNSEEN if content is None else content
    return None


def _proxy(url: urls.Url, options: dict[str, list[str]], around: Surroundings) -> str:
    if "--no-proxy" in options or options.get("use", [""])[-1] in ("off", "no", "0"):
        return ""
    if given := options.get(url.scheme):
        return urls.parse(given[-1]).host
    return http.proxy_host(url.host, url.scheme, around)


def _start_up(
    options: dict[str, list[str]], around: Surroundings, blind: list[str]
) -> dict[str, list[str]]:
    """Put what the start-up file says in front of the options, which win over it."""
    if "--no-config" in options:
        return options
    named = options["--config"][-1] if "--config" in options else around.variable("WGETRC")
    path = UNSEEN if named is None else named or around.at_home(".wgetrc")
    content = around.read(path)
    hidden = bool(named) or UNSEEN in path or around.exists(path)
    if any(map(around.may_write, (".wgetrc", "wgetrc"))) or (content is None and hidden):
        blind += [f"{part}: the start-up file cannot be read" for part in ("method", "body")]
    before: dict[str, list[str]] = {}
    for line in (content or "").split("\n"):
        _set(before, line)
    names = before.keys() | options.keys()
    return {name: before.get(name, []) + options.get(name, []) for name in names}


def _set(options: dict[str, list[str]], line: str) -> None:
    """Take `name = value` as start-up files and -e spell the options that matter here."""
    found = re.match(r"\s*([A-Za-z_-]+)\s*=\s*(.*?)\s*$", line)
    if found and (name := _COMMANDS.get(re.sub("[-_]", "", found[1].lower()))):
        options.setdefault(name, []).append(found[2])


def _joined(base: str, text: str) -> str:
    """Resolve a URL of an input file against --base."""
    if not base or "://" in text:
        return text
    from urllib.parse import urljoin

    return urljoin(base, text)
