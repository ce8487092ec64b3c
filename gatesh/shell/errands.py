"""What agents ask their shell on their own account, recognised to the last character.

An errand is read, matched and held like any line: that it is one only marks its record, which `gatesh history`
leaves out. A model may well write the same words; with anything else beside them they are no errand.
"""

from __future__ import annotations

import re

from gatesh.model import Span, Wrapping

CLAUDE_SNAPSHOT = re.compile(r"/(?:[^/]+/)*shell-snapshots/snapshot-(?:bash|zsh|sh)-\d+-\w+\.sh")
CODEX_SNAPSHOT = re.compile(r"/(?:[^/]+/)*\.codex/shell_snapshots/[\w.-]+(?:\.sh|\.tmp-\d+)")

_PROBES = re.compile(
    r"env(?: -0)?|command -v [\w.+-]+(?: (?:2>/dev/null|>/dev/null 2>&1))?|pwd -P|lsb_release -a"
    r"|ps -o ppid=(?:,command=)?(?: -o [a-z]+=)* -p \d+|set -e; \. \"(?P<snapshot>[^\"$`\\]+)\""
    r"|grep -c \"BEGIN CERTIFICATE\" \"/etc/[\w./-]+\" 2>/dev/null \|\| echo 0"
    r"|find \"/etc/[\w./-]+\" -maxdepth 1 -type f \\\( -name \"\*\.crt\" -o -name \"\*\.pem\" \\\)"
    r" 2>/dev/null \| wc -l"
    r"|printf %s '__copilot_login_env_snapshot_\d+_[0-9a-f]+__'; if ! command env -0 2>/dev/null; then "
    r"for __copilot_k in \$\(compgen -e\); do printf '%s=%s\\0' \"\$__copilot_k\" \"\$\{!__copilot_k\}\"; "
    r"done; fi"
)

# Claude Code builds its snapshot line by line, with what it finds in between. What is written into the snapshot
# is code for later, and is read whenever the snapshot is brought back.
_CLAUDE_FIRST = re.compile(r"SNAPSHOT_FILE=(?P<file>[\w@%+=:,./-]+|'[^'\n]+')\n")
_CLAUDE_LINE = re.compile(
    r"[ \t]*(?:#[^\n]*|source \"/[^\"$`\\\n]*/\.(?:bashrc|zshrc|profile)\" < /dev/null"
    r"|echo \"[^\"$`\\\n]*\" >[>|] \"\$SNAPSHOT_FILE\")?(?:\n|$)"
)
_CLAUDE_DOCUMENT = re.compile(
    r"[ \t]*cat >> \"\$SNAPSHOT_FILE\" << '(?P<end>\w+)'\n(?:(?!(?P=end)\n)[^\n]*\n)*(?P=end)\n"
)
_CLAUDE_LINES = frozenset(
    r"""
declare -f > /dev/null 2>&1
declare -F | cut -d' ' -f3 | grep -vE '^(_|__)' | while read func; do
declare -F | cut -d' ' -f3 | grep -vE '^_[^_]' | while read func; do
encoded_func=$(declare -f "$func" | base64 )
echo "eval \"\$(echo '$encoded_func' | base64 -d)\" > /dev/null 2>&1" >> "$SNAPSHOT_FILE"
done
shopt -p | head -n 1000 >> "$SNAPSHOT_FILE"
set -o | grep "on" | awk '{print "set -o " $1}' | head -n 1000 >> "$SNAPSHOT_FILE"
if [[ "$OSTYPE" == "msys" ]] || [[ "$OSTYPE" == "cygwin" ]]; then
alias | grep -v "='winpty " | sed 's/^alias //g' | sed 's/^/alias -- /' | head -n 1000 >> "$SNAPSHOT_FILE"
alias | sed 's/^alias //g' | sed 's/^/alias -- /' | head -n 1000 >> "$SNAPSHOT_FILE"
else
fi
if [ ! -f "$SNAPSHOT_FILE" ]; then
echo "Error: Snapshot file was not created at $SNAPSHOT_FILE" >&2
exit 1
""".strip().split("\n")
)

CODEX_BUILDS = """\
if [ -z "${BASH_ENV-}" ] && [ -n "${HOME-}" ] && [ -r "$HOME/.bashrc" ]; then
  . "$HOME/.bashrc"
fi
echo '# Snapshot file'
echo '# Unset all aliases to avoid conflicts with functions'
echo 'unalias -a 2>/dev/null || true'
shopt -p || true
echo '# Functions'
declare -f
echo ''

__codex_snapshot_command() {
  if command -v "$1" >/dev/null 2>&1; then
    "$@"
  else
    command -p "$@"
  fi
}
bash_opts=$(set -o | __codex_snapshot_command awk '$2=="on"{print $1}')
bash_opt_count=$(printf '%s\\n' "$bash_opts" | __codex_snapshot_command sed '/^$/d' | \
__codex_snapshot_command wc -l | __codex_snapshot_command tr -d ' ')
echo "# setopts $bash_opt_count"
if [ -n "$bash_opts" ]; then
  printf 'set -o %s\\n' $bash_opts
fi
echo ''
printf '\\0'
alias_count=$(\\alias -p | __codex_snapshot_command wc -l | __codex_snapshot_command tr -d ' ')
echo "# aliases $alias_count"
\\alias -p
echo ''

printf '\\0'
(
  while IFS= read -r __codex_snapshot_export_name; do
    case "$__codex_snapshot_export_name" in
      ""|[0-9]*|*[!A-Za-z0-9_]*|PWD|OLDPWD) continue ;;
    esac
    printf '%s\\0' "$__codex_snapshot_export_name"
    declare -xp "$__codex_snapshot_export_name" 2>/dev/null || true
    printf '\\0'
  done < <(compgen -e)
)

printf '\\0'

"""


def errand(text: str) -> Wrapping | None:
    """Return the mark of an agent's own errand; None where the text is anything else."""
    if text.startswith("SNAPSHOT_FILE="):
        return _marked("claude-code", text) if _claude_builds(text) else None
    if "__codex_snapshot_command" in text:
        return _marked("codex", text) if text.rstrip("\n") == CODEX_BUILDS.rstrip("\n") else None
    match = _PROBES.fullmatch(text)
    if match is None:
        return None
    snapshot = match.group("snapshot")
    if snapshot and not CODEX_SNAPSHOT.fullmatch(snapshot):
        return None
    return _marked("", text, (snapshot,) if snapshot else ())


def _marked(agent: str, text: str, sources: tuple[str, ...] = ()) -> Wrapping:
    return Wrapping(agent, text, (Span(0, len(text)),), internal=True, sources=sources)


def _claude_builds(text: str) -> bool:
    """Claim that a text does nothing but write what the shell says of itself into a snapshot."""
    first = _CLAUDE_FIRST.match(text)
    if first is None or not CLAUDE_SNAPSHOT.fullmatch(first.group("file").strip("'")):
        return False
    at = first.end()
    while at < len(text):
        found = _CLAUDE_DOCUMENT.match(text, at) or _CLAUDE_LINE.match(text, at)
        end = found.end() if found else (text.find("\n", at) + 1 or len(text))
        if found is None and text[at:end].strip(" \t\n") not in _CLAUDE_LINES:
            return False
        at = end
    return True
