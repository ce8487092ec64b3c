"""What a shell script says of itself, put in for the reader: where it lies, and its own temporary folders.

Scripts begin with `cd "$(dirname "$0")/.."` and end with `rm -rf "$TMP"`; without an answer to both, every
second one would be asked about. A text that gives these words another meaning is left as it is.
"""

from __future__ import annotations

import os.path
import re

from gatesh.model import Certainty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import SimpleCommand, Word

_SELF = r"\"?\$(?:0|\{0\}|\{BASH_SOURCE(?:\[0\])?(?::-\$\{?0\}?)?\}|BASH_SOURCE)\"?"
_FOLDER = (
    rf"(?:\$\(\s*dirname\s+(?:--\s+)?{_SELF}\s*\)|`dirname\s+{_SELF}`"
    r"|\$\{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\})"
)
_PLACE = re.compile(
    rf"\$\(\s*(?:CDPATH=\s*)?cd\s+(?:-P\s+)?(?:--\s+)?\"?{_FOLDER}\"?(?P<up>(?:/[\w.-]+)*)\"?\s*"
    rf"(?:>\s*/dev/null\s*(?:2>&1)?\s*)?(?:&&|;)\s*pwd(?:\s+-P)?\s*\)|(?P<folder>{_FOLDER})"
    r"|(?P<top>\$\(\s*git\s+rev-parse\s+--show-toplevel\s*\))"
)
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_OTHERWISE = re.compile(
    r"\b(?:dirname|pwd|cd|git)\s*\(\)|\bfunction\s+(?:dirname|pwd|cd|git)\b|\balias\b|\bBASH_SOURCE="
)
_MOVES = re.compile(r"\b(?:cd|pushd|popd)\b")
_MOVING = re.compile(r"\bcd\s+(?:--\s+)?\"?$")
_VARIABLE = re.compile(r"\"?\$\{?([A-Za-z_]\w*)\}?\"?((?:/[\w.*-]+)*)\"?/?")
_TEMPORARY = re.compile(
    r"=\s*(?:\"?\$\(\s*mktemp\b[^)]*\)|`mktemp\b[^`]*`|\"?/tmp/[\w.$-]+|\"?\$\{?TMPDIR\b[^\n;]*|\"\"|''|\s|;|$)"
)
_DELETES = frozenset(("rm", "rmdir", "find", "shred"))


def placed(text: str, path: str, top: str) -> str:
    """Return the text with the folder it lies in, and the repository it runs in, spelled out."""
    folder = os.path.dirname(path)
    if not _PLAIN.fullmatch(folder or "/") or _OTHERWISE.search(text) or "$" not in text:
        return text
    out, last, looked, moves = "", 0, 0, 0
    for found in _PLACE.finditer(text):
        gap = text[looked : found.start()]
        moves += len(_MOVES.findall(gap))
        looked = found.end()
        # Behind a cd of its own, relative names mean something else; `cd "$(dirname "$0")/.."` is none.
        if moves > 1 or (moves and not _MOVING.search(gap[-40:])):
            continue
        said = os.path.normpath(folder + (found["up"] or ""))
        if found["top"]:
            if not (top and _PLAIN.fullmatch(top)):
                continue
            said = top
        out += text[last : found.start()] + said
        last = found.end()
    return out + text[last:]


def with_temporaries(command: SimpleCommand, text: str) -> SimpleCommand:
    """Return a deleting command with the script's own temporary files as what they are."""
    if command.program not in _DELETES or all(word.known for word in command.words):
        return command
    words = tuple(_temporary(word, text) for word in command.words)
    return command if words == command.words else command.but(words=words)


def _temporary(word: Word, text: str) -> Word:
    found = None if word.known else _VARIABLE.fullmatch(word.text)
    if found is None or ".." in found[2]:
        return word
    assigned = list(re.finditer(rf"\b{found[1]}\+?(?==)", text))
    fits = assigned and all(_TEMPORARY.match(text, m.end()) for m in assigned)
    if not fits or re.search(rf"\b(?:read|mapfile|printf -v|for)\b[^\n;]*\b{found[1]}\b", text):
        return word
    return word.but(text=f"/tmp/made-by-script{found[2]}", certainty=Certainty.EXPANDED)  # noqa: S108
