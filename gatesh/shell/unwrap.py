"""Prefix commands and nested shells taken off: which command, or which script, a command starts.

Pure functions from the words of one simple command to what runs inside it. walk.py follows them down.
Over 400 lines: one short function for each program with a notation of its own; the rest is in prefixes.py.
"""

from __future__ import annotations

import re

from gatesh.model import Certainty, Word
from gatesh.shell.effects import DECLARES
from gatesh.shell.fed import parallel, xargs
from gatesh.shell.prefixes import (
    CONTAINER_GLOBALS,
    CONTAINER_PROGRAMS,
    CONTAINERS,
    FIND_COMMANDS,
    LAUNCHERS,
    PREFIXES,
    SHELL_LONG,
    SHELL_VALUED,
    SHELLS,
    SSH_VALUED,
    Grammar,
)
from gatesh.shell.runners import (
    RUNNERS,
    archived,
    filtered,
    in_nix,
    queued,
    recorded,
    runner,
    screen,
    timed,
    tmux,
)
from gatesh.shell.settings import SETTINGS
from gatesh.shell.unwrapped import (
    NOTHING,
    Inner,
    Script,
    Unwrapped,
    assigns,
    filled_in,
    joined,
    skip_options,
)
from gatesh.shell.unwrapped import script as _script
from gatesh.shell.words import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.shell.unwrapped import Words


_LOADERS = ("ld-linux", "ld-musl", "ld.so", "ld64.so")


def unwrap(words: Words, stdin: Word | None) -> Unwrapped:
    """Return what a command with these words starts; only xargs may be given a NUL."""
    if not words or not words[0].known:
        return NOTHING
    program = words[0].text.rsplit("/", 1)[-1]
    special = _SPECIAL.get(program)
    if stdin is not None and "\0" in stdin.text and special is not xargs:
        stdin = None
    if special is not None:
        return special(program, words, stdin)
    if program in SHELLS:
        return _shell(program, words, stdin)
    if program == "exe" and words[0].text.startswith("/proc/"):
        return _shell(program, words, stdin)
    grammar = PREFIXES.get("ld.so" if program.startswith(_LOADERS) else program)
    if grammar is not None:
        return _prefix(program, grammar, words, stdin)
    found = NOTHING
    if program in CONTAINER_PROGRAMS:
        found = _container(program, words)
    elif program in RUNNERS:
        found = runner(program, words)
    if found is NOTHING and program in LAUNCHERS and _may_launch(program, words):
        from gatesh.shell.launchers import launched

        return launched(program, words, stdin)
    return found


def may_start(program: str) -> bool:
    """Claim that a program of this name may start what its words or its environment say."""
    tables = (
        _SPECIAL,
        SHELLS,
        PREFIXES,
        CONTAINER_PROGRAMS,
        RUNNERS,
        LAUNCHERS,
        SETTINGS,
        DECLARES,
    )
    return program == "exe" or program.startswith(_LOADERS) or any(program in t for t in tables)


def _may_launch(program: str, words: Words) -> bool:
    """Claim that one of the programs everybody uses is used to run another; loading the page costs time."""
    wanted = _LAUNCHES.get(program)
    return wanted is None or any(word.text.startswith(wanted) for word in words[1:])


# -- prefix commands ---------------------------------------------------------------------------------


def _prefix(program: str, grammar: Grammar, words: Words, stdin: Word | None) -> Unwrapped:
    """Take off a prefix command that simply stands in front of another."""
    at, values = skip_options(words, 1, grammar)
    at += grammar.operands
    if grammar.assigns:
        while at < len(words) and words[at].known and assigns(words[0], words[at].text):
            at += 1
    rest = words[at:]
    if not rest:
        starts_shell = program in ("sudo", "doas", "unshare", "nsenter", "chroot")
        shell = (
            starts_shell
            and stdin is not None
            and not values.keys() & {"l", "v", "k", "K", "V", "e"}
        )
        return (
            Unwrapped((Script(stdin, program, reads_input=False),)) if shell and stdin else NOTHING
        )
    inner = Inner(
        rest,
        "chroot" if _elsewhere(program, words[1:at], values) else program,
        assigned=tuple(word for word in words[1:at] if "=" in word.text) if grammar.assigns else (),
        folder=values.get("D", values.get("chdir")) if program == "sudo" else None,
        rooted=program in ("chroot", "unshare", "nsenter"),
    )
    return Unwrapped((inner,), keep=False)


def _elsewhere(program: str, options: Words, values: dict[str, Word]) -> bool:
    """Claim that unshare or nsenter finds other files under the same names: `nsenter -t 1 -m`."""
    if program == "unshare":
        return bool(values.keys() & {"R", "root"})
    told = r"-[a-zA-Z]*[mra]|--(?:mount|root|all)"
    return program == "nsenter" and any(re.match(told, word.text) for word in options)


def _command(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`command rm`; `command -v rm` only looks."""
    at = 1
    while at < len(words) and words[at].known and words[at].text[:1] == "-":
        if words[at].text == "--":
            at += 1
            break
        if set(words[at].text) & set("vV"):
            return NOTHING
        at += 1
    return Unwrapped((Inner(words[at:], program),), keep=False) if at < len(words) else NOTHING


def _env(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`env A=1 rm`, `env -C dir rm`, `env -S 'rm x'`."""
    grammar = PREFIXES["env"]
    at, values = skip_options(words, 1, grammar)
    rest = words[at:]
    if rest and rest[0].known and rest[0].text == "-":
        at, _more = skip_options(words, at + 1, grammar)
        rest = words[at:]
    split = values.get("S", values.get("split-string"))
    if split is not None:
        if not split.known or "\\" in split.text or "$" in split.text:
            return Unwrapped((Inner((split.but(certainty=Certainty.UNKNOWN), *rest), program),))
        pieces = re.findall(r"(?:[^\s'\"]|'[^']*'|\"[^\"]*\")+", split.text)
        rest = (*(split.but(text=re.sub(r"['\"]", "", piece)) for piece in pieces), *rest)
        return _env(program, (words[0], *rest), None) if rest else NOTHING
    if not rest:
        return NOTHING
    folder = values.get("C", values.get("chdir"))
    functions = tuple(
        Script(word.but(text=word.text.partition("()")[2]), program, arguments=None)
        for word in words[1:at]
        if word.text.startswith("BASH_FUNC_") and "=()" in word.text
    )
    assigned = tuple(word for word in words[1:at] if "=" in word.text)
    return Unwrapped(
        (*functions, Inner(rest, program, folder=folder, assigned=assigned)), keep=False
    )


def _setarch(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`setarch x86_64 -R rm`, `setarch -R rm`: the architecture comes first, if at all."""
    first = 2 if words[1:] and words[1].text[:1] != "-" else 1
    at, _values = skip_options(words, first, Grammar())
    return Unwrapped((Inner(words[at:], program),), keep=False) if words[at:] else NOTHING


def _capsh(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    """`capsh --user=u -- -c 'rm x'`: what stands behind is for bash."""
    at = next((n for n, w in enumerate(words[1:], 1) if w.text in ("--", "==")), len(words))
    return _shell(program, words[at:], stdin) if words[at:] else NOTHING


def _find(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`find … -exec rm {} +`: find itself can delete too, so it stays."""
    inner: list[Inner | Script] = []
    at = 1
    while at < len(words):
        if words[at].known and words[at].text in FIND_COMMANDS:
            end = at + 1
            while end < len(words) and words[end].text != ";":
                if words[end].text == "+" and words[end - 1].text == "{}":
                    break
                end += 1
            cwd = words[at].but(certainty=Certainty.UNKNOWN) if "dir" in words[at].text else None
            if words[at + 1 : end]:
                started = filled_in(words[at + 1 : end], "{}")
                inner.append(Inner(started, program, more_words=True, folder=cwd))
            at = end
        at += 1
    return Unwrapped(tuple(inner))


def _fd(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`fd pattern -x rm`."""
    for at, word in enumerate(words[1:], 1):
        if word.known and word.text in ("-x", "--exec", "-X", "--exec-batch") and words[at + 1 :]:
            return Unwrapped((Inner(words[at + 1 :], program, more_words=True),))
    return NOTHING


def _watch(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`watch 'rm x'` hands its words, joined, to sh; with -x it does not."""
    at, _values = skip_options(words, 1, PREFIXES["watch"])
    if not words[at:]:
        return NOTHING
    options = [w.text for w in words[1:at]]
    if any(o == "--exec" or re.fullmatch(r"-[a-zA-Z]*x", o) for o in options):
        return Unwrapped((Inner(words[at:], program),), keep=False)
    return _script(joined(words[at:]), program)


def _flock(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`flock file rm x`, `flock file -c 'rm x'`."""
    grammar = PREFIXES["flock"]
    at, values = skip_options(words, 1, grammar)
    at, more = skip_options(words, at + 1, grammar)
    text = (values | more).get("c", (values | more).get("command"))
    if text is not None:
        return _script(text, program)
    return Unwrapped((Inner(words[at:], program),), keep=False) if words[at:] else NOTHING


def _su(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    """`su -c 'rm x' user`, `runuser -u user -- rm x`."""
    valued = Grammar("CGcgsuw", "command group session-command shell supp-group user")
    at, values, text = 1, dict[str, Word](), None
    while at < len(words):
        before = at
        at, more = skip_options(words, at, valued)
        values |= more
        text = text or more.get("c") or more.get("command") or more.get("session-command")
        if program == "runuser" and "u" in values and words[at:]:
            return Unwrapped((Inner(words[at:], program),), keep=False)
        at = max(at, before) + 1
    if text is None:
        return _script(stdin, program) if stdin is not None else NOTHING
    return _script(text, program)


# -- nested shells -----------------------------------------------------------------------------------


_INPUT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


def _shell(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    """`bash -lc 'rm x' name arg`, `bash <<E`, `bash -s arg <<E`."""
    at, command, from_input, first = 1, False, False, False
    while at < len(words):
        text = words[at].text
        if not words[at].known:
            if not command:
                return NOTHING
            break
        if text in ("--", "-"):
            at += 1
            break
        if text.startswith("--"):
            first = (
                first or text in SHELL_LONG
            )  # --rcfile FILE, which runs first, is found in its words
            at += 2 if text in SHELL_LONG else 1
            continue
        if len(text) < 2 or text[0] not in "-+":
            break
        command = command or (text[0] == "-" and "c" in text)
        from_input = from_input or (text[0] == "-" and "s" in text)
        at += 1 + sum(1 for letter in text[1:] if letter in SHELL_VALUED)
    rest = words[at:]
    if command:
        if not rest:
            return NOTHING
        name = rest[1] if rest[1:] else words[0]
        script = _in_zsh(rest[0]) if program == "zsh" else rest[0]
        found = _script(script, program, arguments=rest[2:], shell_name=name)
    elif (rest and not from_input and rest[0].text not in _INPUT) or stdin is None:
        return NOTHING
    else:
        script = _in_zsh(stdin) if program == "zsh" else stdin
        found = _script(script, program, arguments=rest, shell_name=words[0], reads_input=False)
    return found.but(keep=found.keep or first)


def _in_zsh(text: Word) -> Word:
    """Return what zsh reads as bash would have to: `=rm` is rm, and `repeat 3 rm` runs it."""
    start = r"((?:^|[;&|({\n]|\b(?:then|do|else|noglob|nocorrect)\s)\s*)"
    plain = re.sub(start + r"(?:repeat\s+\S+\s+|noglob\s+|nocorrect\s+|-\s+)+", r"\1", text.text)
    plain = re.sub(start + r"=(?=[A-Za-z_])", r"\1", plain)
    return text if plain == text.text else text.but(text=plain, certainty=Certainty.EXPANDED)


def _eval(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`eval rm x`: its words, joined, in this shell."""
    rest = words[2:] if words[1:] and words[1].text == "--" else words[1:]
    return _script(joined(rest), program, arguments=None, in_place=True) if rest else NOTHING


def _trap(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`trap 'rm x' EXIT`: this shell will run it."""
    rest = words[2:] if words[1:] and words[1].text == "--" else words[1:]
    if len(rest) < 2 or rest[0].text in ("", "-") or rest[0].text.startswith(("-l", "-p")):
        return NOTHING
    return _script(rest[0], program, arguments=None)


def _alias(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`alias q='rm x'`: what it would run, should it be used."""
    scripts: list[Inner | Script] = []
    for word in words[1:]:
        name, equals, body = word.text.partition("=")
        if word.known and equals and name and body.strip():
            scripts.append(Script(word.but(text=body), program, arguments=None))
    return Unwrapped(tuple(scripts))


def _callback(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`mapfile -C 'rm x'`, `compgen -C rm`, `complete -C rm`; `compgen -W '$(rm x)'` expands its words."""
    for at, word in enumerate(words[1:], 1):
        if word.known and word.text[:2] == "-W" and program in ("compgen", "complete"):
            given = word.but(text=word.text[2:]) if word.text[2:] else (*words[at + 1 :], word)[0]
            expanded = given.but(text=f": <<gatesh-words\n{given.text}\ngatesh-words\n")
            return _script(expanded, program, arguments=None).but(keep=True)
        match = re.match(r"-[A-Za-bd-z]*C", word.text) if word.known else None
        if match is None:
            continue
        text = word.but(text=word.text[match.end() :]) if len(word.text) > match.end() else None
        text = text or (words[at + 1] if words[at + 1 :] else None)
        if text is not None:  # bash adds words of its own
            called = text.but(text=f'{text.text} "$@"')
            return _script(called, program, arguments=None).but(keep=True)
    return NOTHING


def _hash(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`hash -p /bin/rm ls`: what `ls` will run from now on."""
    for at, word in enumerate(words[1:], 1):
        match = re.match(r"-[dlrt]*p", word.text) if word.known else None
        if match:
            rest = word.text[match.end() :]
            path = (word.but(text=rest),) if rest else words[at + 1 : at + 2]
            return Unwrapped((Inner(path, program, more_words=True),)) if path else NOTHING
    return NOTHING


# -- elsewhere ---------------------------------------------------------------------------------------


def _ssh(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    """`ssh -p 22 host 'rm x'`: the words, joined, in a shell over there; without any, its input."""
    grammar = Grammar(SSH_VALUED)
    at, _values = skip_options(words, 1, grammar)
    if at >= len(words):
        return NOTHING
    host = words[at].text
    at, _values = skip_options(words, at + 1, grammar)
    rest = words[at:]
    local = tuple(
        Script(text.but(certainty=Certainty.UNKNOWN), program, reads_input=False)
        for text in _ssh_commands(words[:at])
    )
    text = joined(rest) if rest else stdin
    if text is None:
        return Unwrapped(local)
    script = Script(
        text.but(text=visible(text)), program, remote=host or "?", reads_input=bool(rest)
    )
    return Unwrapped((*local, script))


def _ssh_commands(options: Words) -> Iterator[Word]:
    """Yield what `-o ProxyCommand=…` and its like run on this machine."""
    for at, word in enumerate(options):
        given = word.text[2:] if word.text[:2] == "-o" else ""
        if word.text == "-o" and options[at + 1 :]:
            given = options[at + 1].text
        match = re.match(r"(?i)(?:ProxyCommand|LocalCommand|KnownHostsCommand)[\s=]+(.*)", given)
        if match and match.group(1) != "none":
            yield word.but(text=match.group(1))


# Images that start one program, which is given the words behind the image: amazon/aws-cli s3 rb …
_ENTRY_POINTS = {"aws-cli": "aws", "awscli": "aws", "opentofu": "tofu"} | {
    name: name
    for name in (
        "terraform", "terragrunt", "kubectl", "helm", "rclone", "restic", "curl", "git", "mc", "flyctl",
        "doctl", "vault", "s3cmd", "migrate", "flyway", "liquibase", "skopeo", "ansible-playbook",
    )
}  # fmt: skip
_IMAGE_TAG = re.compile(r"(?::[\w.-]+)?(?:@sha256:\w+)?$")


def _container(program: str, words: Words) -> Unwrapped:
    """`docker exec -it c rm x`, `docker run image rm x`, `kubectl exec pod -- rm x`."""
    kind = CONTAINER_PROGRAMS[program]
    at, _values = skip_options(words, 1, CONTAINER_GLOBALS)
    name = words[at].text if at < len(words) else ""
    if kind == "docker" and name in ("compose", "container") and at + 1 < len(words):
        if name == "compose":
            kind = "compose"
        at, _values = skip_options(words, at + 1, CONTAINER_GLOBALS)
        name = words[at].text if at < len(words) else ""
    if program == "podman" and name == "unshare":
        at, _values = skip_options(words, at + 1, Grammar())
        return Unwrapped((Inner(words[at:], program),)) if words[at:] else NOTHING
    grammar = CONTAINERS[kind].get(name)
    if grammar is None:
        return NOTHING
    at, values = skip_options(words, at + 1, grammar)
    if at >= len(words):
        return NOTHING
    image = words[at]
    where = image.text or "?"
    at += 1
    if kind == "kubectl":
        at, _values = skip_options(words, at, grammar)
    rest = words[at:]
    entry = values.get("entrypoint")
    if entry is not None and entry.text:
        rest = (entry, *rest)
    elif entry is None and kind == "docker" and name == "run":
        started = _ENTRY_POINTS.get(_IMAGE_TAG.sub("", where).rsplit("/", 1)[-1])
        rest = (image.but(text=started), *rest) if started and rest else rest
    return Unwrapped((Inner(rest, program, remote=where),)) if rest else NOTHING


_LAUNCHES = {
    "git": ("bisect", "submodule", "rebase", "difftool", "filter-branch"),
    "sort": ("--comp",), "gcloud": ("--command", "--"), "gh": ("--",), "az": ("invoke",),
    "kubectl": ("--",), "man": ("-P", "--pager"),
    "less": ("+",), "vim": ("+", "-", "ex"), "nc": ("-",), "split": ("--f",),
}  # fmt: skip
_SPECIAL = {
    "command": _command,
    "env": _env,
    "find": _find, "gfind": _find,
    "fd": _fd, "fdfind": _fd,
    "setarch": _setarch,
    "capsh": _capsh,
    "watch": _watch,
    "xargs": xargs, "gxargs": xargs, "parallel": parallel,
    "script": recorded, "split": filtered,
    "tmux": tmux, "screen": screen, "at": queued, "batch": queued, "hyperfine": timed,
    "nix-shell": in_nix, "nix": in_nix,
    "flock": _flock,
    "su": _su, "runuser": _su,
    "eval": _eval,
    "trap": _trap,
    "alias": _alias,
    "mapfile": _callback, "readarray": _callback, "compgen": _callback, "complete": _callback,
    "hash": _hash,
    "tar": archived, "gtar": archived, "bsdtar": archived,
    "ssh": _ssh, "mosh": _ssh, "autossh": _ssh,
}  # fmt: skip
