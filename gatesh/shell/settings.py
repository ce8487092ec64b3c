"""Variables whose value is code for the program that is started: pagers, editors, transports, option strings.

What stands in them is read where a program would run it, whether the line sets them or the environment does.
The usual values (`less -R`, `vim`) are known to be harmless, and cost one look.
"""

from __future__ import annotations

import re

from gatesh.model import Word
from gatesh.shell.unwrapped import Inner, Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gatesh.shell.unwrapped import Words

_EDITORS = "EDITOR VISUAL"
_GIT = f"""GIT_PAGER PAGER GIT_EDITOR {_EDITORS} GIT_SEQUENCE_EDITOR GIT_SSH_COMMAND GIT_SSH GIT_EXTERNAL_DIFF
    GIT_ASKPASS SSH_ASKPASS GIT_PROXY_COMMAND LESSOPEN"""

# program → the variables that it has a shell run, or a program started for
_NAMES = {
    program: tuple(names.split())
    for programs, names in (
        ("git", _GIT),
        ("gh glab", f"GH_PAGER GLAB_PAGER PAGER GH_EDITOR {_EDITORS} GH_BROWSER BROWSER {_GIT}"),
        ("man", "MANPAGER PAGER LESSOPEN"),
        ("less more", f"LESSOPEN LESSCLOSE LESSEDIT LESS MORE {_EDITORS}"),
        ("vi vim view nvim ex", "VIMINIT EXINIT"),
        ("perldoc pydoc pydoc3 bat", "BAT_PAGER PERLDOC_PAGER MANPAGER PAGER LESSOPEN"),
        ("psql pgcli", f"PSQL_PAGER PAGER PSQL_EDITOR {_EDITORS}"),
        ("mysql mariadb mycli sqlite3", f"PAGER {_EDITORS}"),
        ("systemctl journalctl loginctl networkctl", f"SYSTEMD_PAGER PAGER SYSTEMD_EDITOR {_EDITORS}"),
        ("aws", "AWS_PAGER PAGER"),
        ("crontab visudo vipw vigr sudoedit edquota virsh chezmoi", _EDITORS),
        ("sudo", f"SUDO_ASKPASS SUDO_EDITOR {_EDITORS}"),
        ("kubectl oc", f"KUBE_EDITOR KUBECTL_EXTERNAL_DIFF {_EDITORS}"),
        ("fc", f"FCEDIT {_EDITORS}"),
        ("hg", f"HGEDITOR {_EDITORS} PAGER"),
        ("svn", f"SVN_EDITOR SVN_SSH {_EDITORS}"),
        ("cvs", "CVS_RSH CVSEDITOR"),
        ("rsync", "RSYNC_RSH RSYNC_CONNECT_PROG"),
        ("ssh scp sftp ssh-add", "SSH_ASKPASS"),
        ("xdg-open sensible-browser", "BROWSER"),
        ("sensible-pager", "PAGER"),
        ("sensible-editor", _EDITORS),
    )
    for program in programs.split()
}  # fmt: skip

# program → the variable whose words it takes for options of its own
_OPTIONS = {
    "tar": "TAR_OPTIONS", "gtar": "TAR_OPTIONS", "make": "MAKEFLAGS", "gmake": "MAKEFLAGS", "perl": "PERL5OPT",
    "ruby": "RUBYOPT", "node": "NODE_OPTIONS", "npm": "NODE_OPTIONS", "npx": "NODE_OPTIONS", "zip": "ZIPOPT",
}  # fmt: skip
# These take them behind their subcommand, from one variable for all and from one for each.
_BEHIND = {"terraform": "TF_CLI_ARGS", "tofu": "TF_CLI_ARGS"}
SETTINGS = frozenset((*_NAMES, *_OPTIONS, *_BEHIND))

_USUAL = (
    r"(?a)\s*(?:(?:/[\w.-]+)*/)?(?:less|more|most|cat|bat|delta|head|true|false|:|vi|vim|nvim|nano|pico|micro"
    r"|emacs|emacsclient|code|cursor|subl|ssh|ssh-askpass)?(?:\s+-{1,2}[A-Za-z]+)*\s*"
)


def _bang(text: str) -> str:
    """Return what stands behind the first `!`: a command among those of an editor or a pager."""
    return text.partition("!")[2]


def _filled(text: str) -> str:
    """Return `|program %s` as the command it is."""
    return text.lstrip("|-").replace("%s", "''")


_COMMANDS = {
    **dict.fromkeys(("LESSOPEN", "LESSCLOSE", "LESSEDIT"), _filled),
    **dict.fromkeys(("LESS", "MORE", "VIMINIT", "EXINIT"), _bang),
}


def carried(
    program: str, words: Words, value: Callable[[str], Word | None]
) -> Iterator[Inner | Script]:
    """Yield what a command runs because a variable says so; `value` gives a variable of its environment."""
    for name in _NAMES.get(program, ()):
        found = value(name)
        if found is None or re.fullmatch(_USUAL, found.text):
            continue
        text = _COMMANDS[name](found.text) if name in _COMMANDS else found.text
        if text:
            yield Script(found.but(text=text), name, reads_input=False)
    name = _OPTIONS.get(program, "")
    if name and (added := _added(value(name))):
        yield Inner((words[0], *added, *words[1:]), name)
    all_ = _BEHIND.get(program, "")
    at = next((i for i, word in enumerate(words) if i and word.text[:1] != "-"), 0) if all_ else 0
    for name in (all_, f"{all_}_{words[at].text}") if at else ():  # each is read in the other
        if added := _added(value(name), quotes="'\"\\"):
            yield Inner((*words[: at + 1], *added, *words[at + 1 :]), name)


def _added(options: Word | None, quotes: str = "") -> tuple[Word, ...]:
    """Return the words of a variable, without what its program takes for a quote around one."""
    texts = (text.strip(quotes or None) for text in options.text.split()) if options else ()
    return tuple(options.but(text=text) for text in texts) if options else ()
