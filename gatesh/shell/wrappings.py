"""What agents put around a command before they hand it to their shell, recognised and taken off.

A recogniser knows one agent's own text to the last character: whatever else stands in it makes it an ordinary
line, which is read as one. What is taken off does nothing but bring the agent's snapshot of a shell back and
write down where the command ended up. The snapshot is a file that runs, so `sources` names it, and the
reading keeps its `source` command: it is in reach of everybody who can write to the agent's home.
"""

from __future__ import annotations

import re

from gatesh.model import Span, Wrapping
from gatesh.shell.errands import CLAUDE_SNAPSHOT, CODEX_SNAPSHOT, errand

_QUOTED = r"'[^']*'(?:(?:\"'\"|\\')'[^']*')*"
_PART = re.compile(r"'([^']*)'|\"(')\"|\\(')")
_FILE = r"(?:[\w@%+=:,./-]+|'[^']+')"  # as a shell-quoting library writes it
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_OR_NOT = r" 2>/dev/null \|\| true && "
_FORGOTTEN = r"\\builtin (?:unalias|unset -f) -- '[\w.-]+'; "

# Claude Code: its snapshot, what keeps zsh and bash alike, the command, and where that ended.
_CLAUDE = re.compile(
    rf"(?:source (?P<snapshot>{_FILE}){_OR_NOT})?"
    rf"(?:(?:\\?builtin )?shopt -u extglob{_OR_NOT}|setopt NO_EXTENDED_GLOB(?: NO_BARE_GLOB_QUAL)?{_OR_NOT})?"
    rf"(?:\{{ (?:{_FORGOTTEN})+\}} >/dev/null 2>&1 \|\| true && )*"
    rf"eval (?P<command>{_QUOTED})(?P<input> \\?< /dev/null)? && pwd -P >\| (?P<cwd>{_FILE})"
)
_CLAUDE_CWD = re.compile(r"/(?:[\w@.+-]+/)*claude-[0-9a-z]{4,12}-cwd")

# Codex: it notes variables, brings its snapshot back, restores them, and enters the shell once more.
_CODEX_NOTES = re.compile(
    rf'(__CODEX_SNAPSHOT_(?:PROXY_)?OVERRIDE)_SET_(\d+)="\$\{{({_NAME})\+x\}}"\n\1_\2="\$\{{\3-\}}"\n'
)
_CODEX_PROXY = '__CODEX_SNAPSHOT_PROXY_ENV_SET="${CODEX_NETWORK_PROXY_ACTIVE+x}"\n'
_CODEX_SOURCES = re.compile(rf"\n?if \. (?P<snapshot>{_FILE}) >/dev/null 2>&1; then :; fi\n\n")
_CODEX_RESTORES = re.compile(
    r'if (?:\\command )?\[ -n "\$\{(__CODEX_SNAPSHOT_(?:PROXY_)?OVERRIDE)_SET_(\d+)\}"'
)
_CODEX_RESTORED = (  # old first
    'if [ -n "${MARK_SET_NUMBER}" ]; then export NAME="${MARK_NUMBER}"; else unset NAME; fi\n',
    'if \\command [ -n "${MARK_SET_NUMBER}" ]; then export NAME="${MARK_NUMBER}"; else unset NAME; fi\n',
    """if [ -n "${MARK_SET_NUMBER}" ]; then
  if [ -z "${NAME+x}" ] || [ "${NAME-}" != "${MARK_NUMBER}" ]; then \
export NAME="${MARK_NUMBER}"; else export NAME; fi
else builtin unset NAME 2>/dev/null || command unset NAME; fi
builtin unset MARK_SET_NUMBER MARK_NUMBER 2>/dev/null || command unset MARK_SET_NUMBER MARK_NUMBER
""",
)
_CODEX_PROXY_IF = re.compile(
    r'if (?:\\command )?\[ -n "\$__CODEX_SNAPSHOT_PROXY_ENV_SET" \] \|\| '
    r'(?:\\command )?\[ -n "\$\{CODEX_NETWORK_PROXY_ACTIVE\+x\}" \]; then\n'
)
_CODEX_PATH = re.compile(
    r"""if \[ -n "\$\{PATH:-\}" \]; then export PATH='(?P<folder>/[^':]*/codex-path)':"\$PATH"; """
    r"""else export PATH='(?P=folder)'; fi\n"""
)
_CODEX_EXEC = re.compile(rf"\n?exec '(?:/[\w.-]+)*/(?:bash|zsh|sh)' -c (?P<command>{_QUOTED})\n?")

# Gemini CLI: a subshell that writes down what it left in the background.
_GEMINI = re.compile(
    r"(?:shopt -u promptvars nullglob extglob nocaseglob dotglob; )?"
    r"_bgpids_file='?(?P<notes>/(?:[\w@.+-]+/)*gemini-shell-\w+/bgpids\.tmp)'?\n"
    r"\(\n  trap 'jobs -p > \"\$_bgpids_file\"' EXIT\n(?P<command>.*)\n\)\n__code=\$\?\nexit \$__code\n?",
    re.DOTALL,
)

# gptme: markers on its shell's input; where it keeps the shell's state in a FILE, also while a command runs.
_GPTME = re.compile(
    r"echo START_OF_COMMAND_OUTPUT_\d+\n(?P<command>.*)\n"
    r"echo ReturnCode:\$\? END_OF_COMMAND_OUTPUT(?:_\d+)?\n?",
    re.DOTALL,
)
_GPTME_START = re.compile(r"echo START_OF_COMMAND_OUTPUT_(?P<number>\d+)\n")
_GPTME_FILE = re.compile(
    r" > (?P<file>/(?:[\w.-]+/)*gptme-shell-state-\w+\.sh)\.tmp 2>/dev/null && mv -f "
)
_GPTME_SAVES = (
    "{ printf 'cd -- %q\\n' \"$(pwd -P)\"; export -p; } > FILE.tmp 2>/dev/null && "
    "mv -f FILE.tmp FILE || true"
)
_GPTME_TRAP = re.compile(
    r"trap 'case \$\{BASH_COMMAND%% \*\} in [a-z.:|]+\) ;; \*\) (?P<saves>.+?) ;; esac' DEBUG\n"
)
_GPTME_DEBUG = "__gptme_old_debug"
_GPTME_NOTES = "__gptme_old_debug=$(trap -p DEBUG 2>/dev/null || true)\n"
_GPTME_RESTORES = 'eval "${__gptme_old_debug:-trap - DEBUG}"; unset __gptme_old_debug; '
_GPTME_END = (
    "__gptme_pwd=$(pwd -P | od -An -v -tx1 | tr -d ' \n'); __gptme_pwd=${__gptme_pwd%0a}; "
    'printf "ReturnCode:%s PWDHEX:%s END_OF_COMMAND_OUTPUT_NUMBER\\n" "$__gptme_rc" "$__gptme_pwd"\n'
    "builtin set +e\n"
)

# droid: a supervisor that kills the command when its owner is gone; both are arguments.
_DROID = "factory-execute-supervisor"
_DROID_SUPERVISES = """\
owner_is_alive() {
  parent_pid=$(ps -o ppid= -p "$$" 2>/dev/null) || return 1
  parent_pid=${parent_pid//[[:space:]]/}
  [[ "$parent_pid" == "$owner_pid" ]] && kill -0 "$owner_pid" 2>/dev/null
}

watch_owner() {
  while owner_is_alive; do
    sleep 2
  done
  kill -KILL -- -$$ 2>/dev/null || true
}

owner_pid=$1
command_shell=$2
command=$3
shift 3
watch_owner &
watcher_pid=$!
quoted_args=
if (( $# > 0 )); then
  printf -v quoted_args ' %q' "$@"
fi
"$command_shell" -c "$command$quoted_args"
status=$?
kill "$watcher_pid" 2>/dev/null || true
wait "$watcher_pid" 2>/dev/null || true
exit "$status"
"""
_SHELL = re.compile(r"(?:/[\w.-]+)*/(?:bash|zsh|sh|dash)")


def places(quoted: str) -> list[int]:
    """Return where each character of a quoted command's text stands in it, and where it ends."""
    found = [
        match.start(group) + offset
        for match in _PART.finditer(quoted)
        for group in (1, 2, 3)
        if match.group(group) is not None
        for offset in range(len(match.group(group)))
    ]
    return [*found, len(quoted)]


def unwrapped(text: str, arguments: tuple[str, ...] = ()) -> Wrapping | None:
    """Return what an agent wrapped and how; None where the text is no agent's to the last character."""
    if arguments:  # `eval '$1 x'` with one of them in the place of the dots is nobody's wrapping
        return _droid(text, arguments)
    if "pwd -P >| " in text:
        return _claude(text)
    if "__CODEX_SNAPSHOT_" in text or "/shell_snapshots/" in text:
        return _codex(text) or errand(text)
    if "_bgpids_file=" in text:
        return _gemini(text)
    if text.startswith("echo START_OF_COMMAND_OUTPUT_"):
        return _gptme(text)
    return errand(text)


def _claude(text: str) -> Wrapping | None:
    match = _CLAUDE.fullmatch(text)
    if match is None or not _CLAUDE_CWD.fullmatch(_plain(match.group("cwd"))):
        return None
    snapshot = _plain(match.group("snapshot") or "")
    if snapshot and not CLAUDE_SNAPSHOT.fullmatch(snapshot):
        return None
    wrapping = _inner("claude-code", match, (snapshot,) if snapshot else ())
    wrapping = wrapping.but(notes=(_plain(match.group("cwd")),))
    if (match.group("input") or "").startswith(" \\"):  # eval gets it as a word, and puts it behind
        return wrapping.but(text=f"{wrapping.text} < /dev/null")
    return wrapping


def _codex(text: str) -> Wrapping | None:
    noted: dict[tuple[str, str], str] = {}
    at = 0
    while found := _CODEX_NOTES.match(text, at):
        noted[found.group(1), found.group(2)] = found.group(3)
        at = found.end()
    at += len(_CODEX_PROXY) if text.startswith(_CODEX_PROXY, at) else 0
    source = _CODEX_SOURCES.match(text, at)
    if source is None or not CODEX_SNAPSHOT.fullmatch(_plain(source.group("snapshot"))):
        return None
    at = _restored(text, source.end(), noted)
    if found := _CODEX_PROXY_IF.match(text, at):
        at = _restored(text, found.end(), noted)
        if not text.startswith("fi\n", at):
            return None
        at += len("fi\n")
    folder = _CODEX_PATH.match(text, at)
    command = _CODEX_EXEC.fullmatch(text, folder.end() if folder else at)
    if command is None:
        return None
    wrapping = _inner("codex", command, (_plain(source.group("snapshot")),))
    return wrapping.but(besides=(f"PATH={folder['folder']}:…",)) if folder else wrapping


def _restored(text: str, at: int, noted: dict[tuple[str, str], str]) -> int:
    """Return where the lines end that give variables back the values they were noted with."""
    while found := _CODEX_RESTORES.match(text, at):
        mark, number = found.group(1), found.group(2)
        name = noted.get((mark, number), "")
        for form in _CODEX_RESTORED:
            line = form.replace("MARK", mark).replace("NUMBER", number).replace("NAME", name)
            if name and text.startswith(line, at):
                at += len(line)
                break
        else:
            return at
    return at


def _droid(text: str, arguments: tuple[str, ...]) -> Wrapping | None:
    """Droid's supervisor gets the command as an argument; another supervisor is read as well."""
    if len(arguments) != 4 or arguments[0] != _DROID or not arguments[1].isdigit():
        return None
    if not _SHELL.fullmatch(arguments[2]):
        return None
    known = text.strip() == _DROID_SUPERVISES.strip()
    return Wrapping("droid", arguments[3], besides=(arguments[2],), outer=not known)


def _gemini(text: str) -> Wrapping | None:
    match = _GEMINI.fullmatch(text)
    found = _raw("gemini", match, text)
    if match is None or found is None:
        return None
    return found.but(notes=(match.group("notes"),), noted_in="_bgpids_file")


def _gptme(text: str) -> Wrapping | None:
    start = _GPTME_START.match(text)
    if start is None or "PWDHEX" not in text:
        return _raw("gptme", _GPTME.fullmatch(text), text)
    at = start.end()
    end = _GPTME_END.replace("NUMBER", start.group("number"))
    before = "__gptme_rc=$?; "
    notes: tuple[str, ...] = ()
    if text.startswith(_GPTME_NOTES, at):
        trap = _GPTME_TRAP.match(text, at + len(_GPTME_NOTES))
        file = _GPTME_FILE.search(trap.group("saves")) if trap else None
        if trap is None or file is None:
            return None
        saves = _GPTME_SAVES.replace("FILE", file.group("file"))
        if trap.group("saves") != saves.replace("'", "'\"'\"'"):
            return None
        at, notes = trap.end(), (file.group("file"),)
        before += f"{_GPTME_RESTORES}{saves}; "
    last = len(text) - len(f"\n{before}{end}")
    if last < at or text[last:] != f"\n{before}{end}":
        return None
    return Wrapping(
        "gptme", text[at:last], (Span(at, last),), notes=notes, evals=_GPTME_DEBUG if notes else ""
    )


def ends_gptme(text: str, known: str) -> str:
    """Return the variable that the last lines of gptme's wrapping evaluate, where only gptme has set it.

    On standard input they come alone: what `trap -p` printed in a line before is then a trap that was read.
    """
    number = re.search(r"END_OF_COMMAND_OUTPUT_(\d+)", text)
    file = _GPTME_FILE.search(text)
    if number is None or file is None:
        return ""
    saves = _GPTME_SAVES.replace("FILE", file.group("file"))
    end = _GPTME_END.replace("NUMBER", number.group(1)).removesuffix("\nbuiltin set +e\n")
    set_by = f"{known}\n".rpartition(f"\n{_GPTME_NOTES}")
    if not set_by[1] or _GPTME_DEBUG in set_by[2]:
        return ""
    return _GPTME_DEBUG if text == f"__gptme_rc=$?; {_GPTME_RESTORES}{saves}; {end}" else ""


def _raw(agent: str, match: re.Match[str] | None, text: str) -> Wrapping | None:
    """Return a command that stands between lines of the agent's; it must be whole in itself."""
    if match is None:
        return None
    start, end = match.span("command")
    return Wrapping(agent, text[start:end], (Span(start, end),))


def _inner(agent: str, match: re.Match[str], sources: tuple[str, ...]) -> Wrapping:
    start, end = match.span("command")
    quoted = match.group("command")
    text = _PART.sub(lambda m: m.group(1) or m.group(2) or m.group(3) or "", quoted)
    if text == quoted[1:-1]:
        start, end = start + 1, end - 1
    return Wrapping(agent, text, (Span(start, end),), sources=sources)


def _plain(word: str) -> str:
    return word[1:-1] if word[:1] == "'" else word
