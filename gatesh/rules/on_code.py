"""Code that a program will run and that nobody can see beforehand: a pipe into a shell, `eval "$x"`."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import SimpleCommand

_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "rbash"))
_OTHERS = frozenset(("python", "python2", "python3", "perl", "ruby", "node", "php", "lua", "deno"))
_DESCRIPTOR = re.compile(r"/dev/(?:stdin|fd/\d+)|/proc/[^/]+/fd/\d+")
_STDIN = frozenset(("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"))

# What tools tell everybody to write into a shell's start-up file; they print variables and functions.
_SETUP = re.compile(
    r"\"?\$\(\s*(?:ssh-agent(?: -s)?|direnv hook \w+|(?:\S+/)?brew shellenv(?: \w+)?|dircolors(?: -b)?"
    r"|(?:pyenv|rbenv|nodenv|jenv|goenv|plenv) (?:init|virtualenv-init)(?: --?[\w-]*)*(?: \w+)?"
    r"|(?:starship|zoxide) init \w+|mise activate \w+|fnm env(?: --[\w-]+)*|opam env|conda shell\.\w+ hook"
    r"|minikube(?: -p \w+)? docker-env|docker-machine env \w+)\s*\)\"?"
)


def is_setup(text: str) -> bool:
    """Claim that evaluated code is what a well-known tool prints for a shell to set it up."""
    return _SETUP.fullmatch(text) is not None


def unseen_code(command: SimpleCommand) -> str:
    """Return where the unseen code comes from, or an empty string where there is none."""
    program = command.program
    if program in ("eval", "source", ".") and len(command.words) > 1:
        given = command.words[1:] if program == "eval" else command.words[1:2]
        unseen = [w.text for w in given if not w.known and (program == "eval" or _made(w.text))]
        if program != "eval" and _DESCRIPTOR.fullmatch(given[0].text):
            return given[0].text
        return unseen[0] if unseen else ""
    if program not in _SHELLS and program not in _OTHERS:
        return ""
    options = [
        w.text for w in command.words[1:] if w.known and w.text[:1] in "-+" and w.text != "-"
    ]
    operands = [
        w for w in command.words[1:] if not w.known or w.text[:1] not in "-+" or w.text == "-"
    ]
    if operands and not operands[0].known:
        is_code = program in _SHELLS and any("c" in o for o in options if o[:2] != "--")
        return operands[0].text if is_code or _made(operands[0].text) else ""
    if operands and operands[0].text not in _STDIN and _DESCRIPTOR.fullmatch(operands[0].text):
        return operands[0].text
    from_stdin = not operands or operands[0].text in _STDIN
    if program in _SHELLS:
        from_stdin = from_stdin or any(o[:2] != "--" and "s" in o for o in options)
        if not operands and command.stdin is None and not {*options} & {"--version", "--help"}:
            return "standard input"  # the caller's, or what `exec <…` made of it
    hidden = command.stdin is None or not command.stdin.known
    return "standard input" if command.piped_in and hidden and from_stdin else ""


def _made(text: str) -> bool:
    """Claim that a file's content is made by a command: bash <(curl …)."""
    return text.lstrip("\"'").startswith(("<(", "/dev/fd/", "/proc/self/fd/"))
