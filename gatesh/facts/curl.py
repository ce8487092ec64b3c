"""curl: what each of its requests would be, by its own option grammar.

Longer than most, because curl is: several operations, configuration files, globs, and eight ways to a body.
"""

from __future__ import annotations

import os
import re
from itertools import islice

from gatesh._value import Value
from gatesh.facts import http
from gatesh.facts import url as urls
from gatesh.facts.cli import Grammar, walk
from gatesh.facts.surroundings import Surroundings
from gatesh.facts.words import UNSEEN, all_known, literal, show, unquoted, visible
from gatesh.model import Certainty, CommandLine, HttpRequest, SimpleCommand, Span, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts import World

_VALUED = """
abstract-unix-socket alt-svc aws-sigv4 cacert capath E:cert cert-type ciphers K:config connect-timeout
connect-to C:continue-at b:cookie c:cookie-jar create-file-mode crlfile curves d:data data-ascii
data-binary data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers
doh-url D:dump-header egd-file engine etag-compare etag-save expect100-timeout F:form form-string
ftp-account ftp-alternative-to-user ftp-method P:ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms
haproxy-clientip H:header h:help hostpubmd5 hostpubsha256 hsts interface ipfs-gateway json
keepalive-time key key-type krb krb4 libcurl limit-rate local-port login-options mail-auth mail-from
mail-rcpt max-filesize max-redirs m:max-time netrc-file noproxy oauth2-bearer o:output output-dir
parallel-max pass pinnedpubkey preproxy proto proto-default proto-redir x:proxy proxy-cacert
proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key
proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype
proxy-tlspassword proxy-tlsuser U:proxy-user proxy1.0 pubkey Q:quote random-file r:range rate e:referer
X:request request-target resolve retry retry-delay retry-max-time sasl-authzid service-name socks4
socks4a socks5 socks5-gssapi-service socks5-hostname Y:speed-limit y:speed-time stderr t:telnet-option
tftp-blksize z:time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii
trace-config unix-socket T:upload-file url url-query u:user A:user-agent variable w:write-out
"""
_VALUED_SINCE_86 = """
ech httpsig-algo httpsig-headers httpsig-key httpsig-keyid ip-tos keepalive-cnt knownhosts
parallel-max-host sigalgs ssl-sessions upload-flags vlan-priority
"""
_FLAGS = """
alpn anyauth a:append basic N:buffer ca-native cert-status clobber compressed compressed-ssh
create-dirs crlf digest q:disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status
doh-insecure eprt epsv f:fail fail-early fail-with-body false-start form-escape ftp-create-dirs
ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd G:get g:globoff
haproxy-protocol I:head http0.9 0:http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only
ignore-content-length include k:insecure 4:ipv4 6:ipv6 j:junk-session-cookies keepalive l:list-only
L:location location-trusted mail-rcpt-allowfails M:manual metalink negotiate n:netrc netrc-optional
::next npn ntlm ntlm-wb Z:parallel parallel-immediate path-as-is post301 post302 post303
#:progress-bar progress-meter proxy-anyauth proxy-basic proxy-ca-native proxy-digest proxy-http2
proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1
p:proxytunnel raw J:remote-header-name O:remote-name remote-name-all R:remote-time remove-on-error
retry-all-errors retry-connrefused sasl-ir sessionid S:show-error i:show-headers s:silent socks5-basic
socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd
ssl-revoke-best-effort 2:sslv2 3:sslv3 styled-output suppress-connect-headers tcp-fastopen tcp-nodelay
test-event tftp-no-options 1:tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time
B:use-ascii v:verbose V:version wdebug xattr
"""
_FLAGS_SINCE_86 = "dump-ca-embed follow mptcp out-null proxy-http3 skip-existing tls-earlydata"


def _long(table: str) -> tuple[str, ...]:
    return tuple(f"--{entry.rpartition(':')[2]}" for entry in table.split())


_EXPAND = tuple(f"--expand-{name[2:]}" for name in _long(_VALUED))  # --expand-url '{{host}}/x'
_NO = tuple(f"--no-{name[2:]}" for name in _long(_FLAGS))

GRAMMAR = Grammar(
    values=_long(_VALUED + _VALUED_SINCE_86) + _EXPAND,
    flags=_long(_FLAGS + _FLAGS_SINCE_86) + _NO,
    abbreviations=True,  # up to curl 8.5
    exact=_long(_VALUED_SINCE_86 + _FLAGS_SINCE_86) + _EXPAND + _NO,
    aliases={f"-{e[0]}": f"--{e[2:]}" for e in (_VALUED + _FLAGS).split() if e[1:2] == ":"},
)

_NO_TRANSFER = ("--version", "--help", "--manual")
_DATA = ("--data", "--data-ascii", "--data-binary", "--data-raw", "--data-urlencode", "--json")
_FORMS = ("--form", "--form-string")
_PROXIES = (
    "--proxy", "--proxy1.0", "--preproxy", "--socks4", "--socks4a", "--socks5", "--socks5-hostname",
)  # fmt: skip
_CONFIG_DEPTH = 4
_CONFIG_LIMIT = 100_000  # characters
_URLS = 1000  # of one operation
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v"}


class _Option(Value):
    """An option or, where `name` is empty, a URL."""

    name: str
    text: str  # its value, with UNSEEN in it
    source: str  # the value as the command line spells it

    @property
    def on(self) -> bool:
        """Claim that a boolean option is switched on."""
        return not self.name.startswith("--no-")


def requests(command: SimpleCommand, line: CommandLine, world: World) -> Iterator[HttpRequest]:
    """Yield every request that curl would send."""
    around = Surroundings(command, line, world)
    words = command.words[1:]
    if _only_tells(words):
        return
    blind: list[str] = []
    operation: list[_Option] = list(_defaults(words, around, blind))
    options = _options(words, around, blind, 0)
    for option in _curlie(options) if command.program == "curlie" else options:
        if option.name == "--next":
            yield from _Operation(operation, around, tuple(blind)).requests()
            operation = []
        else:
            operation.append(option)
    if command.more_words:
        operation.append(_Option("", UNSEEN, "more words"))
        blind += ["method: more words will be added", "body: more words will be added"]
    yield from _Operation(operation, around, tuple(blind)).requests()


def _curlie(options: Iterable[_Option]) -> Iterator[_Option]:
    """Yield curl's options for what curlie says in words: `curlie DELETE host name=value Header:text`."""
    urls_seen = 0
    for option in options:
        if option.name:
            yield option
        elif (
            not urls_seen and re.fullmatch(r"[A-Za-z]+", option.text) and option.text != "localhost"
        ):
            yield option.but(name="--request", text=option.text.upper())
        elif not urls_seen:
            urls_seen = 1
            yield option
        elif re.match(r"[^:=]+:(?!=)", option.text):
            yield option.but(name="--header")
        else:
            yield option.but(name="--json", text=option.text.replace(":=", "=", 1))


def _only_tells(words: tuple[Word, ...]) -> bool:
    """Claim that curl prints its version or help and sends nothing."""
    names = [given.name for given in walk(words, GRAMMAR) if given.option]
    certain = all_known(words) and _KNOWN.issuperset(names)
    return certain and any(name in _NO_TRANSFER for name in names)


def _options(
    words: Iterable[Word], around: Surroundings, blind: list[str], depth: int
) -> Iterator[_Option]:
    """Yield options and URLs in order; a configuration file's stand where it was named."""
    for given in walk(words, GRAMMAR):
        word = given.word
        text = visible(word) if word else ""
        source = word.text if word else ""
        name = given.name
        if name.startswith("--expand-"):
            name = "--" + name.removeprefix("--expand-")
            text = re.sub(r"\{\{.*?\}\}", UNSEEN, text)
        if word and unquoted(word) and not given.option:
            blind.append(f"options: {source}")
        if UNSEEN in given.option:
            blind += [f"{part}: option {show(given.option)}" for part in ("method", "body")]
        elif given.option and given.name not in _KNOWN:
            blind.append(f"options: {given.option}")
        if name == "--config":
            yield from _config(text, source, around, blind, depth)
        else:
            yield _Option(name, text, source)


_RESOLVERS = ("--doh-url", "--dns-servers", "--alt-svc")  # they say where a host's name leads
_KNOWN = frozenset((*GRAMMAR.values, *GRAMMAR.flags))


def _defaults(words: tuple[Word, ...], around: Surroundings, blind: list[str]) -> Iterator[_Option]:
    """Read the configuration file that curl reads by itself, unless -q stands first."""
    if words and words[0].known and re.match(r"-q|--disable$", words[0].text):
        return
    if any(map(around.may_write, (".curlrc", "curlrc"))):
        _hide(blind, "a configuration file that the line itself may write")
    found = []
    for folder, file, certain in _default_places(around):
        if folder is None:
            _hide(blind, "a configuration file in an unknown folder")
        elif folder and around.exists(path := os.path.join(around.cwd or "/", folder + file)):
            found.append(path)
            if certain:
                break
    if len(found) > 1:
        _hide(blind, f"{' or '.join(found)}, as the version of curl has it,")
    for path in found[:1]:
        yield from _config(path, path, around, blind, 0, asked=False)


def _default_places(around: Surroundings) -> Iterator[tuple[str | None, str, bool]]:
    """Yield folder, file, and whether every version of curl looks there."""
    config = around.variable("XDG_CONFIG_HOME")
    yield around.variable("CURL_HOME"), "/.curlrc", True
    yield config, "/.curlrc", False
    yield config, "/curlrc", False
    yield around.home, "/.curlrc", True
    yield (around.home if config == "" else ""), "/.config/curlrc", True
    yield around.account_home, "/.curlrc", True


def _config(
    path: str,
    source: str,
    around: Surroundings,
    blind: list[str],
    depth: int,
    *,
    asked: bool = True,
) -> Iterator[_Option]:
    look = around.given if asked else around.read
    content = look(path) if depth < _CONFIG_DEPTH else None
    if content is None or len(content) > _CONFIG_LIMIT:
        _hide(blind, f"configuration {show(source)}")
        yield _Option("", UNSEEN, source)
        return
    for line in content.split("\n"):
        yield from _options(_config_words(line), around, blind, depth + 1)


def _hide(blind: list[str], what: str) -> None:
    blind += [f"{part}: {what} cannot be read" for part in ("method", "host", "path", "body")]


def _config_words(line: str) -> list[Word]:
    """Return the words that one line of a configuration file stands for."""
    found = re.match(r"\s*(-\S+|[^\s=:#-][^\s=:]*)(?:[\s=:]+(.*))?$", line, re.DOTALL)
    if found is None or line.lstrip().startswith("#"):
        return []
    option = found[1] if found[1].startswith("-") else f"--{found[1]}"
    value = found[2] or ""
    if value.startswith('"'):
        quoted = re.match(r'"((?:\\.|[^"\\])*+)', value, re.DOTALL)
        inner = quoted[1] if quoted else ""
        value = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), inner, flags=re.DOTALL)
    elif not value.startswith("#") or option in _KNOWN:
        value = value.split()[0] if value.split() else ""
    place = Word(option, Span(0, 0), Certainty.EXPANDED)
    name = next(iter(walk([place], GRAMMAR)), None)
    takes = name is not None and name.name in GRAMMAR.values and name.word is None
    return [place, literal(value, place)] if takes else [place]


class _Operation:
    """The options and URLs between two `--next`."""

    def __init__(
        self, options: list[_Option], around: Surroundings, blind: tuple[str, ...]
    ) -> None:
        self._options = options
        self._connects: dict[tuple[str, str, str], str] = {}
        self._fields = {  # split once: there may be as many as there are URLs
            name: [
                (o.text, _colon_fields(o.text.removeprefix("+"), most)) for o in self._texts(name)
            ]
            for name, most in (("--connect-to", 3), ("--resolve", 2))
        }
        self._around = around
        self._blind = list(blind)
        self._urls = list(islice(self._all_urls(), _URLS + 1))
        self._urls[_URLS:] = [(UNSEEN, False)] * len(self._urls[_URLS:])
        if any(b.startswith("options:") for b in blind) and len(self._urls) > 1:
            self._blind += ["method: a word may be an option", "body: a word may be an option"]

    def requests(self) -> Iterator[HttpRequest]:
        headers = tuple(self._headers())
        uploads = self._texts("--upload-file")
        data, parts, extra = self._data(), self._form(), self._query()
        form = None if parts is None else "\n".join(f"{name}={value}" for name, value in parts)
        for at, (text, as_is) in enumerate(self._urls):
            upload = uploads[at] if at < len(uploads) else None
            body = data if form is None else form
            query = extra
            if self._on("--get") and data is not None:
                query, body = [*extra, data], None
            if upload is not None:
                body = self._file(upload.text, f"-T {upload.source}")
            method = self._method(upload is not None, body is not None)
            sent_to = _upload_url(text, upload.text) if upload else text
            url = self._url(sent_to, as_is, query)
            connect = self._connect(url)  # adds to what is blind
            blind = tuple(self._blind)
            sent = http.Sent(method, url, body, headers, connect, blind, parts, self._follows())
            yield from http.requests(sent, self._around)
            for quote in self._texts("--quote"):  # an FTP command: DELE file
                verb, _, path = quote.text.lstrip("-+*").partition(" ")
                named = url.but(path=urls.squash(f"/{path.lstrip('/')}"))
                yield from http.requests(sent.but(method=verb.upper(), url=named), self._around)

    def _all_urls(self) -> Iterator[tuple[str, bool]]:
        as_is = self._on("--path-as-is")
        for option in self._options:
            if option.name not in ("", "--url"):
                continue
            texts = [option.text]
            if option.name and option.text.startswith("@"):
                content = self._around.given(option.text[1:])
                texts = [UNSEEN] if content is None else content.split()
            for text in texts:
                expanded = [text] if self._on("--globoff") else urls.expand(text)
                yield from ((one, as_is) for one in expanded)

    def _texts(self, *names: str) -> list[_Option]:
        return [option for option in self._options if option.name in names]

    def _last(self, *names: str) -> str:
        found = self._texts(*names)
        return found[-1].text if found else ""

    def _on(self, name: str) -> bool:
        found = self._texts(name, name.replace("--", "--no-", 1))
        return bool(found) and found[-1].on

    def _follows(self) -> bool:
        return any(map(self._on, ("--location", "--location-trusted", "--follow")))

    def _method(self, upload: bool, body: bool) -> str:
        if named := self._last("--request"):
            return named
        if self._on("--head"):
            return "HEAD"
        if upload:
            return "PUT"
        return "POST" if body else "GET"

    def _headers(self) -> Iterator[str]:
        for option in self._texts("--header"):
            if not option.text.startswith("@"):
                yield option.text
            elif (content := self._around.given(option.text[1:])) is not None:
                yield from content.splitlines()
            else:
                self._blind.append(f"header: {option.source} cannot be read")
        for name in ("--user-agent", "--referer", "--cookie"):
            yield from (f"{name[2:]}: {option.text}" for option in self._texts(name))
        for name in ("--oauth2-bearer", "--range"):  # sent as they stand, newlines included
            yield from (f"X-{name[2:]}: {option.text}" for option in self._texts(name))
        if self._texts("--json"):
            yield "Content-Type: application/json"

    def _data(self) -> str | None:
        """Join what -d and its kind give; None where there is none."""
        body: str | None = None
        for option in self._texts(*_DATA):
            piece = self._piece(option)
            joint = "" if not body or option.name == "--json" else "&"
            body = piece if body is None else body + joint + piece
        return body

    def _piece(self, option: _Option) -> str:
        text = option.text
        if option.name == "--data-urlencode":
            return self._urlencoded(option)
        if option.name != "--data-raw" and text.startswith("@"):
            content = self._file(text[1:], option.source)
            plain = option.name in ("--data", "--data-ascii")
            return re.sub("[\r\n]", "", content) if plain else content
        if UNSEEN in text:
            self._blind.append(f"body: {option.source}")
        return text

    def _urlencoded(self, option: _Option) -> str:
        from urllib.parse import quote

        text = option.text
        name, mark, rest = text.partition("=") if "=" in text else text.partition("@")
        if mark == "@":
            rest = self._file(rest, option.source)
        elif not mark:
            name, rest = "", text
        quoted = UNSEEN.join(
            quote(part.encode("utf-8", "surrogateescape"), safe="-._~")
            for part in rest.split(UNSEEN)
        ).replace("%20", "+")
        return f"{name}={quoted}" if name else quoted

    def _file(self, path: str, source: str) -> str:
        content = self._around.given("-" if path == "." else path)
        if content is not None:
            return content
        self._blind.append(f"body: {source} cannot be read")
        return UNSEEN

    def _form(self) -> tuple[tuple[str, str], ...] | None:
        """Return name and value of every part of a multipart form; None where there is none."""
        parts = []
        for option in self._texts(*_FORMS):
            name, _, value = option.text.partition("=")
            if option.name == "--form" and value[:1] in ("@", "<"):
                value = self._file(value[1:].partition(";")[0].strip('"'), option.source)
            parts.append((name, value))
        return tuple(parts) or None

    def _query(self) -> list[str]:
        found = []
        for option in self._texts("--url-query"):
            raw = option.text.startswith("+")
            found.append(option.text[1:] if raw else self._urlencoded(option))
        return found

    def _url(self, text: str, as_is: bool, extra: list[str]) -> urls.Url:
        scheme = self._last("--proto-default")
        if not scheme:  # curl guesses it from the host's name
            guessed = re.match(r"(ftp|dict|ldap|imap|smtp|pop3)\.", text, re.IGNORECASE)
            scheme = guessed[1].lower() if guessed else "http"
        url = urls.parse(text, scheme=scheme, as_is=as_is)
        if extra:
            url = url.but(query="&".join([*([url.query] if url.query else []), *extra]))
        if target := self._last("--request-target"):
            path, _, query = re.sub(r"^[a-z]+://[^/]*", "", target).partition("?")
            url = url.but(path=urls.decode(path), query=query)
        return url

    def _connect(self, url: urls.Url) -> str:
        """Return the host that is really connected to, "" where it is the URL's own."""
        key = (url.scheme, url.host, url.port)
        if key not in self._connects:
            self._connects[key] = self._connection(url)
        return self._connects[key]

    def _connection(self, url: urls.Url) -> str:
        for name in ("--unix-socket", "--abstract-unix-socket"):
            if path := self._last(name):
                return f"unix:{path}"
        proxy = self._proxy(url)
        if proxy:
            return self._seen(proxy)
        host = self._connect_to(url) or url.host
        resolved = self._resolve(host, url.port)
        if not resolved and not urls.is_local(host) and self._texts(*_RESOLVERS):
            resolved = UNSEEN
        found = resolved or (host if host != url.host else "")
        return self._seen(found)

    def _seen(self, host: str) -> str:
        if UNSEEN in host:
            self._blind.append("host: where it really goes")
        return host

    def _proxy(self, url: urls.Url) -> str:
        noproxy = self._texts("--noproxy")
        if noproxy and http.bypassed(url.host, noproxy[-1].text):
            return ""
        given = self._texts(*_PROXIES)
        if given:
            text = given[-1].text
            return "" if not text else urls.parse(text).host or UNSEEN
        return http.proxy_host(url.host, url.scheme, self._around)

    def _connect_to(self, url: urls.Url) -> str:
        for text, fields in self._fields["--connect-to"]:
            if UNSEEN in text:
                return UNSEEN
            if len(fields) < 4:
                continue
            host, port, to, _ = fields[:4]
            if urls.normal_host(host) in ("", url.host) and port in ("", url.port):
                return urls.normal_host(to)
        return ""

    def _resolve(self, host: str, port: str) -> str:
        for text, fields in reversed(self._fields["--resolve"]):
            if UNSEEN in text:
                return UNSEEN
            if (
                len(fields) == 3
                and urls.normal_host(fields[0]) in ("*", host)
                and fields[1] == port
            ):
                hosts = {urls.normal_host(one.strip("[]")) for one in fields[2].split(",")}
                return (
                    hosts.pop() if len(hosts) == 1 else UNSEEN
                )  # where one fails it tries the next
        return ""


def _colon_fields(text: str, most: int = 3) -> list[str]:
    """Split at colons, an IPv6 address in brackets being one field."""
    fields = [f.strip("[]") for f in re.findall(r"(?:^|:)((?:\[[^]]*\])|[^:]*)", text)]
    return [*fields[:most], ":".join(fields[most:])] if len(fields) > most else fields


def _upload_url(text: str, path: str) -> str:
    """Return the URL of an upload: the file's name is added where it ends in a folder."""
    head, mark, query = text.partition("?")
    bare = re.sub(r"^[a-zA-Z]+:/*", "", head)
    if path not in ("-", ".") and (head.endswith("/") or "/" not in bare):
        name = path.rsplit("/", 1)[-1]
        head = head + name if head.endswith("/") else f"{head}/{name}"
    return head + mark + query
