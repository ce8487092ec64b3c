"""Programs that write a file they are told to by an option or by their own notation: sed -i, sort -o, curl -o.

Each function returns the words that name the files; what stands there is for files.py to say.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gatesh.model import Word

    Words = list[Word]

# program → options whose value is a file that is written over
_OUTPUT: dict[str, tuple[str, tuple[str, ...]]] = {
    "sort": ("o", ("--output",)),
    "shuf": ("o", ("--output",)),
    "curl": (
        "oDc", ("--output", "--dump-header", "--cookie-jar", "--trace", "--trace-ascii", "--stderr")
    ),
    "wget": ("Oo", ("--output-document", "--output-file", "--save-cookies")),
    "wget2": ("Oo", ("--output-document", "--output-file")),
    "git": ("", ("--output",)),
    "gpg": ("o", ("--output",)),
    "openssl": ("", ("-out",)),
    "uniq": ("", ()),
    "patch": ("o", ("--output",)),
    "history": ("w", ()),
}  # fmt: skip
# Letters that take a value before the one that is looked for can stand in a cluster: -so, not -Xo.
_VALUED = {
    "curl": "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
    "sort": "kStTo",
    "wget": "OoaetTwQUPBADIlRX",
    "wget2": "OoaetTwQUPBADIlRX",
}
_EDITORS = frozenset({"sed", "gsed", "perl", "ruby"})
# An edit that says where: s/^PORT=.*/PORT=3000/, /^debug/d, 3,5d, 1i text. Any other may empty the file.
_AIMED = re.compile(
    r"\s*(?:(?:/[^/]*\w{3}[^/]*/|\d+(?:,\d+)?)!?\s*[daicp]\b.*|[$]\s*a.*"
    r"|(?:/[^/]*\w{3}[^/]*/|\d+(?:,\d+)?)?\s*s(\W)(?:(?!\1).)*\w{3}(?:(?!\1).)*\1.*)",
    re.DOTALL,
)
_TOLD = re.compile(
    r"(?:^|[;{}/0-9$!gpIe])\s*w\s+([^\n;}]+)$", re.MULTILINE
)  # sed 'w FILE', s/a/b/w FILE
_EMPTYING = re.compile(
    r"\s*(?:1,\$|0~1|1~1|/\W*/)?\s*"
    r"(?:[dQ]|s(.)[.^]+\*?\$?\1\1g?)\s*;?.*",
    re.DOTALL,
)


def written(program: str, words: Words) -> tuple[str, Words]:
    """Return what is done (overwrite, truncate, write, copy, link) and the words that name the files."""
    special = _SPECIAL.get(program)
    if special is not None:
        return special(words)
    if program in _EDITORS:
        return _edited(words)
    letters, long = _OUTPUT.get(program, ("", ()))
    return "overwrite", values(words, letters, long, _VALUED.get(program, ""))


def values(words: Words, letters: str, long: tuple[str, ...], valued: str = "") -> Words:
    """Return the values of some options: -oX, -o X, -so X, --output=X, --outp X."""
    found: Words = []
    for i, word in enumerate(words):
        text = word.text.lstrip("\"'")
        following = words[i + 1 : i + 2]
        if not word.known and not text.startswith("-"):
            continue
        if text == "--":
            break
        name, equals, value = text.partition("=")
        if text.startswith("--") or name in long:
            if name in long or (len(name) > 4 and any(o.startswith(name) for o in long)):
                found += [word.but(text=value)] if equals else following
            continue
        if text[:1] == "-":
            for at, letter in enumerate(text[1:], 2):
                if letter in letters:
                    found += [word.but(text=text[at:])] if text[at:] else following
                if letter in letters or letter in valued:
                    break
    return found


def _edited(words: Words) -> tuple[str, Words]:
    """Sed -i, perl -i: the operands behind the script are written anew, unless a backup is made."""
    in_place = False
    scripts: Words = []
    operands: Words = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        text = word.text
        if text.startswith("--in-p") or re.fullmatch(r"-[nrEszulpa0-7]*i.*", text):
            # sed -i.bak keeps a copy; one that is named * would be the file itself
            suffix = text.partition("=")[2] if text[:2] == "--" else text.partition("i")[2]
            in_place = in_place or not suffix.startswith((".", "~"))
            if text[:2] != "--" and re.fullmatch(r"[a-zA-Z0]*e", suffix) and rest:
                scripts.append(rest.pop(0))
        elif text in ("-e", "-f", "-E", "--expression", "--file") or re.fullmatch(
            r"-[nplw0a]*e", text
        ):
            if text != "-E":
                scripts += [rest.pop(0)] if rest else []
        elif text.startswith(("--expression=", "-e")):
            scripts.append(word.but(text=text.partition("=")[2] or text[2:]))
        elif text[:1] != "-" or text == "-":
            operands.append(word)
    if not scripts and operands:
        scripts.append(operands.pop(0))
    told = [
        script.but(text=match[1].strip())
        for script in scripts
        for match in _TOLD.finditer(script.text)
        if not match[1].startswith("/dev/std")
    ]
    if not in_place:
        return "overwrite", told
    flags = "".join(w.text[1:] for w in words if re.fullmatch(r"-[a-zA-Z0]+", w.text))
    aimed = bool(scripts) and all(s.known and _AIMED.fullmatch(s.text) for s in scripts)
    if aimed and "n" not in flags:
        return "write", operands
    silent = "n" in flags and not any(re.search("[pw]", s.text) for s in scripts)
    emptied = silent or any(_EMPTYING.fullmatch(s.text) for s in scripts)
    return "truncate" if emptied else "overwrite", operands


def _linked(words: Words) -> tuple[str, Words]:
    """Ln -f: what stands where the link shall be is gone."""
    flags = "".join(w.text[1:] for w in words if w.text[:1] == "-" and w.text[:2] != "--")
    forced = "f" in flags or any("--force".startswith(w.text) and len(w.text) > 3 for w in words)
    operands = [w for w in words if w.text[:1] != "-"]
    if not forced or "b" in flags or not operands or values(words, "t", ("--target-directory",)):
        return "overwrite", []
    return "link", operands


def _patched(words: Words) -> tuple[str, Words]:
    """Patch FILE: a file that is named is written; which others, only the patch says."""
    operands = [w for w in words if w.text[:1] != "-"]
    return "overwrite", operands[:1] + values(words, "o", ("--output",))


def _synced(words: Words) -> tuple[str, Words]:
    """Rsync FILE DESTINATION: as cp, where the destination is a file."""
    operands = [w for w in words if w.text[:1] != "-"]
    far = operands and re.match(r"[^/]*:", operands[-1].text)
    return "copy", [] if far or len(operands) < 2 else operands


def _unified(words: Words) -> tuple[str, Words]:
    """Uniq INPUT OUTPUT."""
    return "overwrite", [w for w in words if w.text[:1] not in "-+"][1:2]


def _saved(words: Words) -> tuple[str, Words]:
    """History -w FILE."""
    flags = [i for i, w in enumerate(words) if re.fullmatch(r"-[cd]*w", w.text)]
    return "overwrite", words[flags[0] + 1 :][:1] if flags else []


def _remote_names(words: Words) -> tuple[str, Words]:
    """Curl -o FILE, and -O, which takes the name that the address ends in."""
    letters, long = _OUTPUT["curl"]
    found = values(words, letters, long, _VALUED["curl"])
    if any(re.fullmatch(r"-[a-zA-Z]*O[a-zA-Z]*|--remote-name(-all)?", w.text) for w in words):
        found += [
            w.but(text=os.path.basename(w.text.partition("?")[0]))
            for w in words
            if w.known and re.match(r"[a-z]+://[^/]+/.*[^/]$|file:///.*[^/]$", w.text)
        ]
    return "overwrite", [w for w in found if w.text != "-"]


def _inplace(words: Words) -> tuple[str, Words]:
    """Awk -i inplace: every file it reads."""
    texts = [w.text for w in words]
    inplace = any(re.fullmatch(r"(-i|--include=?)?inplace(\.awk)?", t) for t in texts)
    return "overwrite", [w for w in words if w.text[:1] != "-"][1:] if inplace else []


def _opened(words: Words) -> tuple[str, Words]:
    """Ed FILE, ex FILE: what it is told to do with the file stands in its input."""
    return "overwrite", [w for w in words if w.text[:1] not in "-+"]


def _archived(words: Words) -> tuple[str, Words]:
    """Git archive -o FILE, and --output of the other sub-commands; push -o is another thing."""
    letters = "o" if any(word.text == "archive" for word in words) else ""
    return "overwrite", values(words, letters, _OUTPUT["git"][1])


def _taken_out(words: Words) -> tuple[str, Words]:
    """Docker cp CONTAINER:PATH FILE: as cp, where the destination is on this side."""
    operands = [w for w in words if w.text[:1] != "-"]
    out = len(operands) == 3 and operands[0].text == "cp" and ":" in operands[1].text
    return "copy", operands[1:] if out and ":" not in operands[2].text else []


_SPECIAL: dict[str, Callable[[Words], tuple[str, Words]]] = {
    "docker": _taken_out,
    "podman": _taken_out,
    "git": _archived,
    "ln": _linked,
    "patch": _patched,
    "rsync": _synced,
    "uniq": _unified,
    "history": _saved,
    "curl": _remote_names,
    "awk": _inplace,
    "gawk": _inplace,
    "ed": _opened,
    "ex": _opened,
}

PROGRAMS = frozenset(_OUTPUT) | _EDITORS | frozenset(_SPECIAL)
