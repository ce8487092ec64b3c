"""Programs that now and then run a command: an option's value, what stands behind `--`, a line they are fed.

Data first. The programs stay as commands of their own; what they run is read besides. A text in a notation
that is not quite a shell's (an editor's `:!`, a crontab) counts as far as it can be read.
"""

from __future__ import annotations

import re

from gatesh.model import Certainty
from gatesh.shell.prefixes import Grammar
from gatesh.shell.unwrapped import NOTHING, Inner, Script, Unwrapped, joined, skip_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatesh.model import Word
    from gatesh.shell.unwrapped import Words

# Options whose value a shell runs: single letters, then long names.
_TEXTS: dict[str, tuple[str, str]] = {
    "vagrant": ("c", "command"),
    "gcloud": ("", "command"),
    "doctl": ("", "ssh-command"), "eb": ("c", "command"),
    "fly": ("C", "command"), "flyctl": ("C", "command"),
    "nodemon": ("x", "exec"),
    "chokidar": ("c", "command"),
    "infisical": ("", "command"),
    "doppler": ("", "command"),
    "vault": ("", "exec"),
    "sbatch": ("", "wrap"),
    "split": ("", "filter"), "gsplit": ("", "filter"),
    "sort": ("", "compress-program"), "gsort": ("", "compress-program"),
    "nc": ("ec", "exec sh-exec"), "ncat": ("ec", "exec sh-exec"), "netcat": ("ec", "exec sh-exec"),
    "rsync": ("e", "rsh rsync-path"),
    "scp": ("S", ""), "sftp": ("S", ""),
    "man": ("P", "pager"),
    "ansible": ("a", "args"),
    "capsh": ("c", ""),
    "bpftrace": ("c", ""),
    "fish": ("c", "command"), "nu": ("c", "commands"), "xonsh": ("c", ""), "elvish": ("c", ""),
    "csh": ("c", ""), "tcsh": ("c", ""), "posh": ("c", ""),
    "pwsh": ("c", "Command"), "powershell": ("c", "Command"),
    "just": ("", "command"),
    "zip": ("", "TT unzip-command"),
}  # fmt: skip

# What stands behind `--` is a command, with one of these sub-commands in front of it.
_DASHED: dict[str, str] = {
    "mise": "exec x", "guix": "shell environment", "tox": "exec", "lerna": "exec", "nx": "exec",
    "turbo": "exec",
    "dotenvx": "run", "infisical": "run", "chamber": "exec", "teller": "run", "vault": "agent",
    "lxc": "exec", "gcloud": "ssh", "gh": "ssh", "distrobox": "enter", "watchman": "trigger",
    "kubectl": "run debug",
    "oc": "run debug rsh",
    "wezterm": "start", "mirrord": "exec", "rr": "record",
    "wait-for-it": "", "wait-for": "", "gnome-terminal": "", "schroot": "", "retry": "",
}  # fmt: skip

# Programs in whose own words a command simply begins: options and operands in front of it.
_FRONT: dict[str, Grammar] = {
    "chpst": Grammar("uUb/enlLmdospfctr"),
    "softlimit": Grammar("acdfhlmnoprst"),
    "torify": Grammar(),
    "cpulimit": Grammar("lpeP", "limit pid exe path"),
    "faketime": Grammar("p", "", 1),
    "fakechroot": Grammar("eb", "environment"),
    "proot": Grammar("rbwqkivRS"),
    "systemd-nspawn": Grammar("DiuMSTpEUGsZL", "directory image machine user bind bind-ro setenv chdir"),
    "dtach": Grammar("ncANpeEr"),
    "flatpak-spawn": Grammar("", "env directory sandbox-expose sandbox-expose-ro"),
    "distrobox-host-exec": Grammar(), "host-spawn": Grammar("", "cwd env"),
    **dict.fromkeys(("wsl", "wsl.exe"), Grammar("du", "distribution user cd shell-type")),
    "abduco": Grammar("eP", "", 1),
    "daemonize": Grammar("aceEopul"),
    "tsp": Grammar("SDLNEOP"), "ts": Grammar("SDLNEOP"), "nq": Grammar(),
    "corepack": Grammar(),
    "cross-env": Grammar("", "", 0, assigns=True),
    "env-cmd": Grammar("fer", "file environments", 0),
    "envchain": Grammar("", "", 1),
    "dbus-launch": Grammar("", "config-file"),
    "heaptrack": Grammar("op", "output pid"),
    "mpirun": Grammar("nHx", "np host hostfile map-by bind-to mca prefix wdir"),
    "mpiexec": Grammar("nHx", "np host hostfile map-by bind-to mca prefix wdir"),
    "srun": Grammar("AcDeGiJkKmMnNopqtwx",
                    "account cpus-per-task chdir job-name nodes ntasks partition time mem"),
    "arch-chroot": Grammar("u", "", 1),
    "kitty": Grammar("cdT", "config directory title"),
    "dockerize": Grammar("", "wait timeout template stdout stderr env", one_dash=True),
    "sem": Grammar("jJ", "jobs id semaphorename"),
    "pixi": Grammar("", "", 1), "devbox": Grammar("", "", 1),
}  # fmt: skip

_BWRAP_TWO = frozenset(
    """--bind --bind-try --dev-bind --dev-bind-try --ro-bind --ro-bind-try --symlink --setenv --chmod --file
    --bind-data --ro-bind-data""".split()
)
_BWRAP_NONE = (
    r"--(?:unshare-[a-z-]+|share-net|die-with-parent|new-session|clearenv|as-pid-1|disable-userns)"
)
_GIT_TEXT = {
    "rebase": ("x", "exec"),
    "difftool": ("x", "extcmd"),
    "filter-branch": ("", "env-filter tree-filter index-filter parent-filter msg-filter commit-filter setup"),
}  # fmt: skip
_CRON = r"\s*(?:@\w+|(?:[\d*,/A-Za-z?-]+\s+){4}[\d*,/A-Za-z?-]+)\s+(?:root\s+)?(\S.*)"


def launched(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    """Return what a program of this page runs."""
    special = _OWN.get(program)
    found = list(special(program, words, stdin)) if special else []
    short, long = _TEXTS.get(program, ("", ""))
    remote = program in ("vagrant", "gcloud", "doctl", "eb", "fly", "flyctl", "ansible", "sbatch")
    found += [
        Script(_guessed(text), program, remote=program if remote else "", reads_input=False)
        for text in _given(words, short, long)
    ]
    if program in _FRONT:
        grammar = _FRONT[program]
        at, _values = skip_options(words, 1, grammar)
        at += grammar.operands
        at += at < len(words) and words[at].text == "--"
        found += _inner(words[at:], program)
    elif program in _DASHED:
        found += _inner(_dashed(words, _DASHED[program]), program)
    return Unwrapped(tuple(found)) if found else NOTHING


def _inner(words: Words, program: str) -> list[Inner | Script]:
    remote = (
        program
        if program in ("lxc", "gcloud", "gh", "machinectl", "kubectl", "oc", "crictl")
        else ""
    )
    return [Inner(words, program, remote=remote)] if words else []


def _dashed(words: Words, subcommands: str) -> Words:
    """Return what stands behind `--`, unless that is an option."""
    at = next((i for i, word in enumerate(words) if word.text == "--"), len(words))
    named = not subcommands or any(word.text in subcommands.split() for word in words[1:at])
    return words[at + 1 :] if named and words[at + 1 :] and words[at + 1].text[:1] != "-" else ()


def _guessed(text: Word) -> Word:
    """Return a text of which nobody knows how exactly it will be read."""
    return text.but(certainty=Certainty.UNKNOWN)


def _given(words: Words, short: str, long: str) -> Iterator[Word]:
    """Yield the values of some options: -xV, -x V, --name=V, --name V, -name V."""
    names = long.split()
    for at, word in enumerate(words[1:], 1):
        if word.text == "--":
            return
        dashes = len(word.text) - len(word.text.lstrip("-"))
        name, equals, value = word.text[dashes:].partition("=")
        if dashes and name in names:
            if equals:
                yield word.but(text=value)
            else:
                yield from words[at + 1 : at + 2]
        elif dashes == 1 and name[:1] in short and name:
            yield from [word.but(text=word.text[2:])] if word.text[2:] else words[at + 1 : at + 2]


def _git(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`git bisect run rm x`, `git rebase -x 'rm x'`, `git submodule foreach 'rm x'`."""
    grammar = Grammar("cC", "git-dir work-tree namespace exec-path config-env super-prefix")
    at, _values = skip_options(words, 1, grammar)
    name, rest = (words[at].text, words[at:]) if words[at:] else ("", ())
    if name == "bisect" and len(rest) > 2 and rest[1].text == "run":
        yield Inner(rest[2:], program)
    elif name == "submodule":
        each = next((i for i, word in enumerate(rest) if word.text == "foreach"), len(rest))
        operands = [word for word in rest[each + 1 :] if word.text not in ("--recursive", "-q")]
        if operands:
            yield Script(_guessed(joined(tuple(operands))), program)
    elif name in _GIT_TEXT:
        for text in _given(rest, *_GIT_TEXT[name]):
            yield Script(_guessed(text), program)


def _bwrap(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`bwrap --ro-bind / / --dev /dev rm x`."""
    at = 1
    while at < len(words) and words[at].text[:2] == "--":
        text = words[at].text
        if text == "--":
            at += 1
            break
        at += 3 if text in _BWRAP_TWO else 1 if re.fullmatch(_BWRAP_NONE, text) else 2
    if words[at:]:
        yield Inner(words[at:], program, rooted=True)


def _socat(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`socat - EXEC:'rm x'`, `socat TCP-LISTEN:1 SYSTEM:'rm x'`."""
    for word in words[1:]:
        kind, _colon, rest = word.text.partition(":")
        if kind.upper() in ("EXEC", "SYSTEM", "SHELL"):
            yield Script(_guessed(word.but(text=rest)), program, reads_input=False)


def _cmake(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`cmake -E rm -rf x`, `cmake -E env A=1 rm x`: its own small tools, named like the system's."""
    if len(words) < 4 or words[1].text != "-E":
        return
    tool = {"remove": "rm", "remove_directory": "rm -r", "rename": "mv", "copy": "cp"}
    name, *more = tool.get(words[2].text, words[2].text).split(" ") or ("",)
    yield from _inner(
        (words[2].but(text=name), *(words[2].but(text=text) for text in more), *words[3:]), program
    )


def _debugger(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`gdb -ex 'shell rm x'`, `gdb --args rm x`, `lldb -o 'shell rm x' -- rm x`."""
    options = ("ex", "o", "eval-command", "one-line", "iex", "init-eval-command")
    for at, word in enumerate(words[1:], 1):
        name, _equals, value = word.text.lstrip("-").partition("=")
        if word.text in ("--args", "-args", "--"):
            yield from _inner(words[at + 1 :], program)
            return
        if word.text[:1] == "-" and name in options:
            given = word.but(text=value) if value else (words[at + 1 : at + 2] or (word,))[0]
            code = re.match(r"\s*(?:python|pi|py|script)\s+(.*)", given.text, re.DOTALL)
            if code:
                words_ = tuple(given.but(text=t) for t in ("python3", "-c", code.group(1)))
                yield Inner(words_, program, reads_input=False)
            match = re.match(r"\s*(?:!|(?:platform\s+)?shell\s|she\s)(.*)", given.text, re.DOTALL)
            if match:
                yield Script(_guessed(given.but(text=match.group(1))), program)


def _editor(program: str, words: Words, stdin: Word | None) -> Iterator[Inner | Script]:
    """`vim -c ':!rm x'`, `vim +'!rm x'`, `ed <<< '!rm x'`, `less +'!rm x'`."""
    texts = [
        *_given(words, "c", "cmd"),
        *(w.but(text=w.text[1:]) for w in words if w.text[:1] == "+"),
    ]
    if program in ("ed", "ex") and stdin is not None:
        texts.append(stdin)
    for text in texts:
        for match in re.finditer(
            r"(?:^|[:|\n\"'])\s*(?:r\s*|w\s*|%)?!(?!\w*\s*=)([^\n]+)", text.text
        ):
            yield Script(_guessed(text.but(text=match.group(1).rstrip("\"'"))), program)
        for match in re.finditer(
            r"\b(delete|system)\(\s*(?:\"([^\"]*)\"|'([^']*)')\s*(,[^)]{0,99})?\)", text.text
        ):
            named = match[2] or match[3] or ""
            told = named if match[1] == "system" else _removal(named, tree="r" in (match[4] or ""))
            yield Script(_guessed(text.but(text=told)), program)


def _removal(path: str, *, tree: bool) -> str:
    """Return the line that deletes a file or a folder."""
    from shlex import quote

    return f"rm {'-rf ' if tree else ''}-- {quote(path)}"


def _emacs(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`emacs --batch --eval '(delete-directory "x" t)'`, `emacs -eval '(shell-command "rm x")'`."""
    # Of emacsclient `-e` is --eval; what follows is evaluated too, and whatever is no code is a file's name.
    given = words[1:] if program == "emacsclient" else _given(words, "", "eval execute")
    for text in given:
        for match in re.finditer(
            r"\((delete-directory|delete-file|(?:async-)?shell-command(?:-to-string)?)\s+"
            r"\"((?:[^\"\\]|\\.)*)\"",
            text.text,
        ):
            named = re.sub(r"\\(.)", r"\1", match[2])
            told = _removal(named, tree="dir" in match[1]) if match[1][:6] == "delete" else named
            yield Script(_guessed(text.but(text=told)), program)


def _az(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`az aks command invoke -c 'kubectl delete …'`, `az vm run-command invoke --scripts 'rm x'`."""
    if "invoke" in [word.text for word in words[1:6]]:
        for text in _given(words, "c", "command scripts"):
            yield Script(_guessed(text), program, remote=program, reads_input=False)


def _expect(program: str, words: Words, stdin: Word | None) -> Iterator[Inner | Script]:
    """`expect -c 'spawn rm x'`: what it spawns, and what it sends to a shell."""
    texts = [*_given(words, "c", ""), *([stdin] if stdin is not None else [])]
    for text in texts:
        for match in re.finditer(r"\b(?:spawn|exec|system)\s+(?:-\w+\s+)*([^;\n\]]+)", text.text):
            yield Script(_guessed(text.but(text=match.group(1))), program, reads_input=False)
        for match in re.finditer(r"\bsend\s+(?:--\s+)?\"((?:[^\"\\]|\\.)*)\"", text.text):
            sent = re.sub(r"\\[nr]", "\n", match.group(1))
            yield Script(_guessed(text.but(text=sent)), program, reads_input=False)


def _crontab(program: str, words: Words, stdin: Word | None) -> Iterator[Inner | Script]:
    """`echo '* * * * * rm x' | crontab -`."""
    named = [word.text for word in words[1:] if word.text != "-"]
    if stdin is None or set(named) & {"-l", "-r", "-e"}:
        return
    for line in stdin.text.splitlines():
        match = re.fullmatch(_CRON, line)
        if match:
            text = stdin.but(text=match.group(1))
            yield Script(_guessed(text), program, arguments=None, reads_input=False)


def _group(program: str, words: Words, stdin: Word | None) -> Iterator[Inner | Script]:
    """`sg group -c 'rm x'`, `sg group 'rm x'`, `newgrp group <<< 'rm x'`."""
    rest = [word for word in words[1:] if word.text not in ("-", "-c")]
    text = rest[1] if len(rest) > 1 else stdin
    if text is not None:
        yield Script(text, program)


def _every(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`concurrently 'rm x' 'rm y'`: each operand is a line."""
    for word in words[1:]:
        if word.text[:1] != "-" and " " in word.text:
            yield Script(_guessed(word), program, reads_input=False)


def _far(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`pdsh -w hosts rm x`, `pssh -H host 'rm x'`, `heroku run rm x`, `oc rsh pod rm x`."""
    valued, subcommands, operands = _FAR[program]
    at, _values = skip_options(words, 1, Grammar(valued))
    if subcommands:
        if at >= len(words) or words[at].text not in subcommands.split():
            return
        at, _values = skip_options(words, at + 1, Grammar(valued))
    rest = words[at + operands :]
    rest = rest[1:] if rest and rest[0].text == "--" else rest
    if rest:
        yield Script(joined(rest), program, remote=program, reads_input=False)


_FAR: dict[str, tuple[str, str, int]] = {
    "pdsh": ("wxgXluft", "", 0), "clush": ("wxgXluft", "", 0),
    "pssh": ("HhlpotexA", "", 0), "parallel-ssh": ("HhlpotexA", "", 0),
    "heroku": ("aes", "run run:detached run:inside local:run", 0),
    "railway": ("pse", "ssh", 0), "oc": ("cn", "rsh", 1),
    "crictl": ("rit", "exec", 1), "runc": ("eup", "exec", 1), "ctr": ("n", "exec", 1),
    "lxc-attach": ("nePgup", "", 0), "machinectl": ("EHM", "shell", 1), "toolbox": ("cdr", "run", 0),
}  # fmt: skip


def _terminal(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`xterm -e rm x`, `konsole -e 'rm x'`: what follows -e, one word or several."""
    for at, word in enumerate(words[1:], 1):
        if word.text in ("-e", "-x", "--command") and words[at + 1 :]:
            yield Script(_guessed(joined(words[at + 1 :])), program, reads_input=False)
            return


def _watched(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`ls | entr rm x`, `ls | entr -s 'rm x'`, `watchexec 'rm x'`: the last two have a shell read it."""
    at, values = skip_options(words, 1, Grammar("ewidsfNo" if program == "watchexec" else ""))
    if words[at:] and (program == "watchexec" or "s" in values):
        yield Script(_guessed(joined(words[at:])), program, reads_input=False)
    elif words[at:]:
        yield Inner(words[at:], program, reads_input=False)


def _sops(program: str, words: Words, _: Word | None) -> Iterator[Inner | Script]:
    """`sops exec-env FILE 'rm x'`, `cross-env-shell A=1 'rm x'`."""
    if program == "sops" and words[1:2] and words[1].text not in ("exec-env", "exec-file"):
        return
    if len(words) > 2:
        yield Script(_guessed(words[-1]), program, reads_input=False)


_OWN = {
    "git": _git,
    "bwrap": _bwrap,
    "socat": _socat,
    "cmake": _cmake,
    "gdb": _debugger, "lldb": _debugger,
    "vim": _editor, "vi": _editor, "nvim": _editor, "ed": _editor, "ex": _editor, "less": _editor,
    "emacs": _emacs, "emacsclient": _emacs,
    "az": _az,
    "expect": _expect,
    "crontab": _crontab,
    "sg": _group, "newgrp": _group,
    "concurrently": _every,
    "xterm": _terminal, "konsole": _terminal, "alacritty": _terminal, "xfce4-terminal": _terminal,
    "entr": _watched, "watchexec": _watched,
    "sops": _sops, "cross-env-shell": _sops,
    **dict.fromkeys(_FAR, _far),
}  # fmt: skip
