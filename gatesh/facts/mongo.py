"""mongosh and mongo: what they are told to run, and on which server; mongo_code.py reads the JavaScript."""

from __future__ import annotations

import re

from gatesh.facts.cli import Grammar, walk
from gatesh.facts.mongo_code import loaded, script
from gatesh.facts.pg_target import is_local, unseen
from gatesh.facts.sql_input import INTERACTIVE, Input, file_input, stdin_input, told, word_input
from gatesh.facts.words import all_known, unquoted
from gatesh.model import Locality, SqlStatement, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gatesh.facts import World
    from gatesh.model import CommandLine, SimpleCommand, Word

_VALUES = """
--host --port --username --password --authenticationDatabase --authenticationMechanism --eval --file
--awsIamSessionToken --awsAccessKeyId --awsSecretAccessKey --awsSessionToken --gssapiServiceName
--sspiHostnameCanonicalization --sspiRealmOverride --tlsCertificateKeyFile
--tlsCertificateKeyFilePassword --tlsCAFile --tlsCRLFile --tlsCertificateSelector
--tlsDisabledProtocols --apiVersion --keyVaultNamespace --kmsURL --oidcFlows --oidcRedirectUri
--sslCAFile --sslPEMKeyFile --sslPEMKeyPassword
"""
_FLAGS = """
--quiet --norc --nodb --shell --tls --ssl --retryWrites --ipv6 --verbose --version --help --json
--tlsAllowInvalidCertificates --tlsAllowInvalidHostnames --apiStrict --apiDeprecationErrors
--disableImplicitSessions --skipStartupWarnings --buildInfo
"""
GRAMMAR = Grammar(
    values=tuple(_VALUES.split()),
    flags=tuple(_FLAGS.split()),
    aliases={"-u": "--username", "-p": "--password", "-f": "--file", "-h": "--help"},
)

_SCRIPT = re.compile(r"\.(?:js|mongodb|mjs|cjs)\Z")
_ADDRESS = re.compile(
    r"(mongodb(?:\+srv)?://)?(?:[^@/]*@)?([^/?]*)(?:/([^?]*))?(?:\?.*)?", re.DOTALL
)
_DEEPEST = 3  # load() within load()
_FILES = 6  # that one script may load


def statements(command: SimpleCommand, line: CommandLine, world: World) -> Iterable[SqlStatement]:
    """Return what every script that mongosh is given would do."""
    given = list(walk(command.words[1:], GRAMMAR))
    names = {g.name for g in given}
    if names & {"--version", "--help", "--buildInfo"} and all_known(command.words):
        return []
    operands = [g.word for g in given if not g.option and g.word]
    files = [w for w in operands if w.known and _SCRIPT.search(w.text)]
    addresses = [w for w in operands if w not in files]
    hosts = [g.word for g in given if g.name == "--host" and g.word]
    target = _target(addresses[:1], hosts[-1:], command, line)
    read = [word_input(g.word) for g in given if g.name == "--eval" and g.word]
    files += [g.word for g in given if g.name == "--file" and g.word]
    read += [file_input(word, command, line, world) for word in files]
    evaluated = bool(read) and "--shell" not in names
    stdin = None if evaluated else stdin_input(command, line, world)
    if stdin is not None:
        read.append(stdin)
    elif not evaluated and target.locality is not Locality.LOCAL:
        return [SqlStatement("interactive", (), target, cannot_see=INTERACTIVE)]
    if "--norc" not in names and not command.remote:
        read += _start_up(world)
    hidden = tuple(f"words: {w.text}" for w in operands if unquoted(w))
    if command.more_words:
        hidden += ("words: more will be added",)
    read += [Input(cannot_see=hidden)] if hidden else []
    followed = (one for i in read for one in _followed(i, command, line, world, 0))
    return [f for i in followed for f in told(script(i.text), target, i.cannot_see)]


def _start_up(world: World) -> Iterator[Input]:
    """Yield the file that the shell runs before everything else, where there is one."""
    for name in (".mongoshrc.js", ".mongorc.js"):
        content = world.files.read(f"{world.home}/{name}", 200_000)
        if content is not None:
            yield Input(content.decode("utf-8", "surrogateescape"))


def _followed(
    given: Input, command: SimpleCommand, line: CommandLine, world: World, depth: int
) -> Iterator[Input]:
    """Yield a script, and those that it loads."""
    yield given
    named = list(dict.fromkeys(loaded(given.text)))
    for number, word in enumerate(named[:_FILES]):
        if depth >= _DEEPEST or number == _FILES - 1:
            yield Input(cannot_see=(f"file: {word.text}, too deep or too many",))
        else:
            found = file_input(word, command, line, world)
            yield from _followed(found, command, line, world, depth + 1)


def _target(
    addresses: list[Word], hosts: list[Word], command: SimpleCommand, line: CommandLine
) -> Target:
    """Return the server and database: a URI, HOST/DATABASE, --host, or the one on this machine."""
    for word in (*addresses, *hosts):
        if hidden := unseen(word, line):
            return Target("mongodb", hidden, Locality.UNKNOWN, "argv")
    text = addresses[0].text if addresses else ""
    found = _ADDRESS.fullmatch(text)
    named = bool(found and (found[1] or "/" in text or ":" in text))
    host = found[2] if found and named else hosts[0].text if hosts else ""
    database = (found[3] or "") if found and named else text
    bare = ",".join(re.sub(r":\d+\Z", "", h.rpartition("/")[2]) for h in host.split(","))
    local = is_local(bare)
    name = f"{command.remote}:{host or 'localhost'}" if command.remote else host or "localhost"
    locality = Locality.UNKNOWN if command.remote else Locality.LOCAL
    name = f"{name}/{database}".rstrip("/")
    return Target("mongodb", name, locality if local else Locality.REMOTE, "argv")
