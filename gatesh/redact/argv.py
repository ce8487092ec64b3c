"""Where a tool's own grammar puts a secret among its words."""

from __future__ import annotations

import re

from gatesh.redact import is_strong
from gatesh.redact.names import is_random, names_secret, secret_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What an option's value holds: a secret (""), or a user and, after this separator, a secret.
_USER = {"-u": ":", "--user": ":", "-U": ":", "--proxy-user": ":", "-b": "", "--cookie": ""}
_HTTPIE = {"-a": ":", "--auth": ":"}
_SMALL_P, _BIG_P = {"-p": ""}, {"-P": ""}
_OPTIONS: dict[str, dict[str, str]] = {
    "curl": _USER, "http": _HTTPIE, "https": _HTTPIE, "xh": _HTTPIE, "xhs": _HTTPIE,
    "sshpass": _SMALL_P, "redis-cli": {"-a": ""}, "lftp": {"-u": ","},
    "mongo": _SMALL_P, "mongosh": _SMALL_P, "mongodump": _SMALL_P, "mongorestore": _SMALL_P,
    "mongoexport": _SMALL_P, "sqlcmd": _BIG_P, "bcp": _BIG_P, "zip": _BIG_P, "unzip": _BIG_P,
    "mosquitto_pub": _BIG_P, "mosquitto_sub": _BIG_P, "ipmitool": _BIG_P,
    "ldapsearch": {"-w": ""}, "ldapmodify": {"-w": ""}, "ldapadd": {"-w": ""}, "ldapdelete": {"-w": ""},
    "smbclient": {"-U": "%"}, "rpcclient": {"-U": "%"},
    "openssl": {"-passin": ":", "-passout": ":", "-pass": ":"},
}  # fmt: skip
_LOGIN = ("docker", "podman", "nerdctl", "buildah", "helm", "oc", "az", "skopeo", "cf")
_ATTACHED_P = frozenset({
    "mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlshow", "mysqlcheck", "mysqlpump", "mariadb",
    "mariadb-dump", "mariadb-admin", "mycli", "7z", "7za", "7zz", "rar", "unrar",
})  # fmt: skip
_ASKS = frozenset({
    "psql", "pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup", "createdb", "dropdb", "createuser",
    "dropuser", "vacuumdb", "reindexdb", "clusterdb",
})  # fmt: skip
_FIND = ("-path", "-perm", "-print", "-print0", "-printf", "-prune")  # find / -name mysql -print

# Commands whose operands are NAME=value for somebody's environment or vault.
_SETTERS = {
    "railway": ("variables", "variable", "vars"), "fly": ("secrets",), "flyctl": ("secrets",),
    "heroku": ("config:set",), "supabase": ("secrets",), "doppler": ("secrets",), "netlify": ("env:set",),
    "vault": ("kv", "write"), "eb": ("setenv",), "dokku": ("config:set",), "az": ("appsettings",),
    "kubectl": ("secret",), "scalingo": ("env-set",), "wrangler": ("secret",),
}  # fmt: skip
_PAIR = re.compile(r"(?s)(-{0,2}[A-Za-z_/][\w.:/-]*)=(.+)")
_CURL_CLUSTER = re.compile(r"-[sSkLifgjvNOq#0-46]+([uUb].*)", re.DOTALL)


def secret_parts(words: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (index of the word, start, end) for each secret among the words of a simple command."""
    for index, word in enumerate(words):
        if words[0] != "alias":
            yield from _pair(index, word, 0)
        before = words[index - 1] if index else ""
        named = before.startswith("-") and "=" not in before and names_secret(before)
        if before == "--password" and not _ASKS.isdisjoint(words):
            continue  # there it only means: ask for one
        if named and not word.startswith("-") and secret_value(before, word):
            yield index, word.find(":") + 1 if before == "--auth" else 0, len(word)
    for place, word in enumerate(
        words
    ):  # behind whatever prefix commands there are: docker exec db mysql …
        name = word.rsplit("/", 1)[-1]
        if name in _TOOLS:
            yield from _by_tool(name, place, words)


def _pair(index: int, word: str, skip: int) -> Iterator[tuple[int, int, int]]:
    """NAME=value, --name=value, and one inside the other: --env=NAME=value."""
    found = _PAIR.match(word, skip)
    if not found:
        return
    if names_secret(found[1]) and secret_value(found[1], found[2]):
        yield index, found.start(2), found.end(2)
    elif skip == 0:
        yield from _pair(index, word, found.start(2))


def _by_tool(tool: str, place: int, words: list[str]) -> Iterator[tuple[int, int, int]]:
    options = dict(_OPTIONS.get(tool, {}))
    if tool in _LOGIN and "login" in words:
        options |= _SMALL_P
    if tool == "gh" and "secret" in words:
        options |= {"-b": "", "--body": ""}
    if tool == "aws" and "SecureString" in words:
        options |= {"--value": ""}
    looked_for = _FIND if "find" in words else ()
    for index in range(place + 1, len(words)):
        word = words[index]
        if tool == "curl" and (cluster := _CURL_CLUSTER.fullmatch(word)):
            word = "-" + cluster[1]
        attached = tool in _ATTACHED_P and word.startswith("-p") and word not in looked_for
        if attached and secret_value("password", word[2:]):
            yield index, 2, len(word)
        for option, separator in options.items():
            if word == option and index + 1 < len(words):
                yield from _value(index + 1, words[index + 1], 0, separator)
            elif word.startswith(option + "=") or (len(option) == 2 and word.startswith(option)):
                skip = len(words[index]) - len(word) + len(option)
                skip += word[len(option)] == "=" if len(word) > len(option) else 0
                yield from _value(index, words[index], skip, separator)
    if any(word in words for word in _SETTERS.get(tool, ())):
        yield from _settings(place, words)
    if tool in _OPERANDS:
        yield from _operand(_OPERANDS[tool], words)


def _value(index: int, word: str, skip: int, separator: str) -> Iterator[tuple[int, int, int]]:
    if separator:
        cut = word.find(separator, skip)
        if cut < 0:
            return
        if cut + 1 == len(word) and is_strong(word[skip:cut]) and is_random(word[skip:cut]):
            yield index, skip, cut  # curl -u TOKEN:
        skip = cut + 1
    if secret_value("password", word[skip:]):
        yield index, skip, len(word)


def _settings(place: int, words: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the values of NAME=value that look like secrets; the name need not."""
    for index in range(place + 1, len(words)):
        found = _PAIR.match(words[index])
        if found and found[1] in ("--set", "--from-literal", "--settings"):
            found = _PAIR.match(words[index], found.start(2))
        if not found or found[1].startswith("-") or not is_strong(found[2]):
            continue
        if secret_value("secret", found[2]):
            yield index, found.start(2), found.end(2)


# Words that are followed by operands, the last of which is a secret.
_OPERANDS = {"vault": ("login",), "aws": ("configure", "set"), "npm": ("config", "set"), "git": ("config",),
             "pulumi": ("config", "set"), "htpasswd": ("-b",), "netlify": ("env:set",),
             "yarn": ("config", "set"), "pnpm": ("config", "set"), "gh": ()}  # fmt: skip
_TOOLS = frozenset({*_OPTIONS, *_LOGIN, *_ATTACHED_P, *_SETTERS, *_OPERANDS})


def _operand(leading: tuple[str, ...], words: list[str]) -> Iterator[tuple[int, int, int]]:
    if not leading or any(word not in words for word in leading) or len(words) < 3:
        return
    last, name = words[-1], words[-2]
    if name == "user.signingkey":
        return  # the name of a key
    named = names_secret(name) or leading in (("login",), ("-b",)) or "--secret" in words
    if (
        named
        and last not in leading
        and not last.startswith("-")
        and secret_value("password", last)
    ):
        yield len(words) - 1, 0, len(last)
