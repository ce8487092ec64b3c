"""Whether a command of the line may have written a file in a way that nobody can see.

What a redirect, `tee` or `cp` puts into a file is known elsewhere; here are the programs that write what only
they know. A file that the line runs afterwards is then unseen code, whatever stands on the disk now.
"""

from __future__ import annotations

import os.path
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.model import SimpleCommand, Word

_FETCHERS = frozenset(("curl", "wget", "wget2", "http", "https", "xh", "aria2c", "scp", "ssh"))
# They write a file that one of their words names, or put it there under that name.
_NAMED = frozenset(
    """
    dd sort gsort shuf uniq patch find gfind openssl gpg base64 basenc xxd iconv uudecode sponge rsync
    script ed ex vi vim nvim awk gawk mawk nawk m4 cpp objcopy gzip gunzip zstd unzstd xz unxz bzip2 bunzip2
    psql mysql sqlite3 sqlite duckdb jq pandoc truncate
    """.split()
)
_PREFIXED = {"csplit": ("-f", "--prefix"), "split": ("", "--prefix"), "gsplit": ("", "--prefix")}
_STREAM = frozenset(("sed", "gsed"))
_CODE = re.compile(
    r"(?:python|pypy|perl|ruby|node|nodejs|deno|bun|php|lua|luajit|awk|gawk|mawk|nawk|Rscript|tclsh)[\d.]*"
)
_WRITES = re.compile(r"open|write|[wax]\+?b?['\"]|>|copy|rename|replace|move|put|touch|save|dump")
_EDIT = re.compile(
    r"\b(?:rm|shred|dd|truncate|unlink|mkfs|wipefs|drop\w*|find|git|aws|gcloud|az|kubectl|terraform|railway|curl"
    r"|wget|psql|mysql|eval|exec|sh|bash|sudo|xargs|env|base64|mv|rsync|delete|destroy|rmtree|system)\b"
    r"|[`|]|\$[({]",
    re.IGNORECASE,
)


def unseen(command: SimpleCommand, path: str, leads_to: Callable[[Word], bool]) -> bool:
    """Claim that a command may write a file, and that its words do not say what.

    `leads_to` says whether a word, as that command understands it, is the file.
    """
    program, words = command.program, command.words[1:]
    if program in _FETCHERS:
        name = os.path.basename(path)
        return any(w.text.rsplit("/", 1)[-1].partition("?")[0] == name for w in words)
    if program in _PREFIXED:
        return _prefixed(program, words, path)
    if program in _STREAM:
        return _edited(command, path, leads_to)
    if program in _NAMED and any(map(leads_to, _spelled(words))):
        return True
    return _CODE.fullmatch(program) is not None and _mentions(command, os.path.basename(path))


def _spelled(words: tuple[Word, ...]) -> Iterator[Word]:
    """Yield the words, and the values that stand in them: of=FILE, --output=FILE, -oFILE."""
    for word in words:
        yield word
        _, equals, value = word.text.partition("=")
        if equals:
            yield word.but(text=value)
        elif re.match(r"-[a-zA-Z].", word.text):
            yield word.but(text=word.text[2:])


def _prefixed(program: str, words: tuple[Word, ...], path: str) -> bool:
    """Claim that the file's name may be one of those that csplit or split makes: xx00, xaa."""
    name = os.path.basename(path)
    texts = [word.text for word in words]
    short, long = _PREFIXED[program]
    begins = ["xx" if program == "csplit" else "x", *(texts[2:] if not short else [])]
    for text, after in zip(texts, [*texts[1:], ""], strict=True):
        if short and text == short:
            begins.append(after)
        elif short and text.startswith(short):
            begins.append(text[len(short) :])
        elif text.startswith(long + "="):
            begins.append(text.partition("=")[2])
    return any(begin and name.startswith(os.path.basename(begin)) for begin in begins)


def _edited(command: SimpleCommand, path: str, leads_to: Callable[[Word], bool]) -> bool:
    """Claim that sed writes the file: by `w FILE`, or in place with a text that may start something."""
    from gatesh.facts.writers import written

    words = list(command.words[1:])
    in_place = any(re.match(r"-[nrEszu]*i|--in-p", word.text) for word in words)
    if in_place and any(map(leads_to, words)):
        return any(_EDIT.search(word.text) for word in words if not leads_to(word))
    name = os.path.basename(path)
    return any(leads_to(word) for word in written("sed", words)[1]) or any(
        re.search(rf"w\s*\S*{re.escape(name)}\s*(?:$|\n)", word.text) for word in words
    )


def _mentions(command: SimpleCommand, name: str) -> bool:
    """Claim that code in a command's own words or input speaks of a file, and of writing."""
    texts = [word.text for word in command.words[1:] if re.search(r"[\s(;>]", word.text)]
    texts += [r.target.text for r in command.redirects if r.op[:2] == "<<"]
    texts += [command.stdin.text] if command.stdin is not None else []
    texts = [text for text in texts if _WRITES.search(text)]
    said = any(name in text for text in texts)
    given = any(word.text.rsplit("/", 1)[-1] == name for word in command.words[2:])
    return said or (given and bool(texts))
