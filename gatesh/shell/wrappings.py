"""What agents put around a command before they hand it to their shell, recognised and taken off.

A recogniser knows one agent's own text to the last character: whatever else stands in it makes it an ordinary
line, which is read as one. What is taken off does nothing but bring the agent's snapshot of a shell back and
write down where the command ended up. The snapshot is a file that runs, so `sources` names it, and the
reading keeps its `source` command: it is in reach of everybody who can write to the agent's home.
"""

from __future__ import annotations

import re

from gatesh.model import Span, Wrapping

_QUOTED = r"'[^']*'(?:(?:\"'\"|\\')'[^']*')*"
_FILE = r"(?:[\w@%+=:,./-]+|'[^']+')"  # as a shell-quoting library writes it
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_OR_NOT = r" 2>/dev/null \|\| true && "
_FORGOTTEN = r"\\builtin (?:unalias|unset -f) -- '[\w.-]+'; "

# Claude Code: its snapshot, what keeps zsh and bash alike, the command, and where that ended.
_CLAUDE = re.compile(
    rf"(?:source (?P<snapshot>{_FILE}){_OR_NOT})?"
    rf"(?:(?:\\?builtin )?shopt -u extglob{_OR_NOT}|setopt NO_EXTENDED_GLOB(?: NO_BARE_GLOB_QUAL)?{_OR_NOT})?"
    rf"(?:\{{ (?:{_FORGOTTEN})+\}} >/dev/null 2>&1 \|\| true && )?"
    rf"eval (?P<command>{_QUOTED})(?P<input> \\?< /dev/null)? && pwd -P >\| (?P<cwd>{_FILE})"
)
_CLAUDE_SNAPSHOT = re.compile(r"/(?:[^/]+/)*shell-snapshots/snapshot-(?:bash|zsh|sh)-\d+-\w+\.sh")
_CLAUDE_CWD = re.compile(r"/(?:[\w@.+-]+/)*claude-[0-9a-z]{4,12}-cwd")

# Codex: it notes variables, brings its snapshot back, restores them, and enters the shell once more.
_CODEX_SET = re.compile(
    rf'(__CODEX_SNAPSHOT_(?:PROXY_)?OVERRIDE)_SET_(\d+)="\$\{{({_NAME})\+x\}}"\n\1_\2="\$\{{\3-\}}"\n'
)
_CODEX_PROXY = '__CODEX_SNAPSHOT_PROXY_ENV_SET="${CODEX_NETWORK_PROXY_ACTIVE+x}"\n'
_CODEX_SNAPSHOT = re.compile(rf"\n?if \. (?P<snapshot>{_FILE}) >/dev/null 2>&1; then :; fi\n\n")
_CODEX_RESTORE = re.compile(
    r'if (?:\\command )?\[ -n "\$\{(__CODEX_SNAPSHOT_(?:PROXY_)?OVERRIDE)_SET_(\d+)\}" \]; then '
    rf'export ({_NAME})="\$\{{\1_\2\}}"; else unset \3; fi\n'
)
_CODEX_PROXY_IF = re.compile(
    r'if (?:\\command )?\[ -n "\$__CODEX_SNAPSHOT_PROXY_ENV_SET" \] \|\| '
    r'(?:\\command )?\[ -n "\$\{CODEX_NETWORK_PROXY_ACTIVE\+x\}" \]; then\n'
)
_CODEX_EXEC = re.compile(rf"\n?exec '(?:/[\w.-]+)*/(?:bash|zsh|sh)' -c (?P<command>{_QUOTED})\n?")
_CODEX_FILE = re.compile(r"/(?:[^/]+/)*\.codex/shell_snapshots/[\w.-]+\.sh")

# Gemini CLI: a subshell that writes down what it left in the background.
_GEMINI = re.compile(
    r"(?:shopt -u promptvars nullglob extglob nocaseglob dotglob; )?"
    r"_bgpids_file='?/(?:[\w@.+-]+/)*gemini-shell-\w+/bgpids\.tmp'?\n"
    r"\(\n  trap 'jobs -p > \"\$_bgpids_file\"' EXIT\n(?P<command>.*)\n\)\n__code=\$\?\nexit \$__code\n?",
    re.DOTALL,
)

# gptme: markers on its shell's input.
_GPTME = re.compile(
    r"echo START_OF_COMMAND_OUTPUT_\d+\n(?P<command>.*)\n"
    r"echo ReturnCode:\$\? END_OF_COMMAND_OUTPUT(?:_\d+)?\n?",
    re.DOTALL,
)

_DROID = "factory-execute-supervisor"
_SHELL = re.compile(r"(?:/[\w.-]+)*/(?:bash|zsh|sh|dash)")

# What agents ask their shell on their own account. A model may write the same: it changes nothing.
_PROBES = re.compile(
    r"env(?: -0)?|command -v [\w.+-]+(?: (?:2>/dev/null|>/dev/null 2>&1))?|pwd -P|lsb_release -a"
    r"|ps -o ppid=(?:,command=)?(?: -o [a-z]+=)* -p \d+|set -e; \. \"(?P<snapshot>[^\"$`\\]+)\""
)


def unwrapped(text: str, arguments: tuple[str, ...] = ()) -> Wrapping | None:
    """Return what an agent wrapped and how; None where the text is no agent's to the last character."""
    if _PROBES.fullmatch(text):
        return _probe(text)
    if "pwd -P >| " in text:
        return _claude(text)
    if "__CODEX_SNAPSHOT_" in text or "/shell_snapshots/" in text:
        return _codex(text)
    if "_bgpids_file=" in text:
        return _raw("gemini", _GEMINI.fullmatch(text), text)
    if text.startswith("echo START_OF_COMMAND_OUTPUT_"):
        return _raw("gptme", _GPTME.fullmatch(text), text)
    return _droid(arguments)


def _probe(text: str) -> Wrapping | None:
    match = _PROBES.fullmatch(text)
    snapshot = match.group("snapshot") if match else None
    if snapshot and not _CODEX_FILE.fullmatch(snapshot):
        return None
    sources = (snapshot,) if snapshot else ()
    return Wrapping("", text, (Span(0, len(text)),), internal=True, sources=sources)


def _claude(text: str) -> Wrapping | None:
    match = _CLAUDE.fullmatch(text)
    if match is None or not _CLAUDE_CWD.fullmatch(_plain(match.group("cwd"))):
        return None
    snapshot = _plain(match.group("snapshot") or "")
    if snapshot and not _CLAUDE_SNAPSHOT.fullmatch(snapshot):
        return None
    wrapping = _inner("claude-code", match, (snapshot,) if snapshot else ())
    if (match.group("input") or "").startswith(" \\"):  # eval gets it as a word, and puts it behind
        return wrapping.but(text=f"{wrapping.text} < /dev/null")
    return wrapping


def _codex(text: str) -> Wrapping | None:
    noted: dict[tuple[str, str], str] = {}
    at = 0
    while found := _CODEX_SET.match(text, at):
        noted[found.group(1), found.group(2)] = found.group(3)
        at = found.end()
    at += len(_CODEX_PROXY) if text.startswith(_CODEX_PROXY, at) else 0
    source = _CODEX_SNAPSHOT.match(text, at)
    if source is None or not _CODEX_FILE.fullmatch(_plain(source.group("snapshot"))):
        return None
    at = source.end()
    inside = False
    while not text.startswith(("exec ", "\nexec "), at):
        found = _CODEX_RESTORE.match(text, at)
        if found is None and not inside:
            found, inside = _CODEX_PROXY_IF.match(text, at), True
        elif found is None and text.startswith("fi\n", at):
            found, inside = re.compile("fi\n").match(text, at), False
        elif found is not None and noted.get((found.group(1), found.group(2))) != found.group(3):
            return None  # it would give one variable the value of another
        if found is None:
            return None
        at = found.end()
    command = _CODEX_EXEC.fullmatch(text, at)
    if command is None or inside:
        return None
    return _inner("codex", command, (_plain(source.group("snapshot")),))


def _droid(arguments: tuple[str, ...]) -> Wrapping | None:
    """Droid's supervisor gets the command as an argument; its own text is read as well."""
    if len(arguments) != 4 or arguments[0] != _DROID or not arguments[1].isdigit():
        return None
    if not _SHELL.fullmatch(arguments[2]):
        return None
    return Wrapping("droid", arguments[3], (), outer=True)


def _raw(agent: str, match: re.Match[str] | None, text: str) -> Wrapping | None:
    """Return a command that stands between lines of the agent's; it must be whole in itself."""
    if match is None:
        return None
    start, end = match.span("command")
    return Wrapping(agent, text[start:end], (Span(start, end),))


def _inner(agent: str, match: re.Match[str], sources: tuple[str, ...]) -> Wrapping:
    start, end = match.span("command")
    quoted = match.group("command")
    text = re.sub(
        r"'([^']*)'|\"(')\"|\\(')", lambda m: m.group(1) or m.group(2) or m.group(3) or "", quoted
    )
    if text == quoted[1:-1]:
        start, end = start + 1, end - 1
    return Wrapping(agent, text, (Span(start, end),), sources=sources)


def _plain(word: str) -> str:
    return word[1:-1] if word[:1] == "'" else word
