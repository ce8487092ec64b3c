"""What is known of the shell while a line runs: variables, positional parameters, working directory.

A value of None means that the variable has one that nobody can see from here.
"""

from __future__ import annotations

import os.path

from gatesh.shell.arrays import Array, known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gatesh.model import Word
    from gatesh.shell.tokens import Piece

# bash sets these itself, whatever the environment says; some change whenever they are read.
_BASH_OWN = frozenset(
    """_ - ! $ ? COLUMNS COMP_CWORD COPROC DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD
    HOSTNAME HOSTTYPE LINENO LINES MACHTYPE OLDPWD OPTERR OPTIND OSTYPE PIPESTATUS PPID PS4
    RANDOM READLINE_LINE SECONDS SHELLOPTS SHLVL SRANDOM UID""".split()
)
CWD = "/"  # among the names that a loop or function changes: the working directory
EVERYTHING = "*"  # likewise: nothing can be said any more
BLANKS = " \t\n"  # what IFS is when a shell starts, whatever the environment says


class _Unset(str):
    """The value of a variable that was unset: it reads as an empty one, and `is` tells it from that."""

    __slots__ = ()


_UNSET = _Unset()


class State:
    """One shell's state; a subshell gets a copy."""

    __slots__ = (
        "_arrays", "_blind", "_env", "_exported", "_fixed", "_own", "_unsure", "arguments", "cwd",
        "may_have_stayed", "moved", "output",
        "separators", "shell_name",
    )  # fmt: skip

    def __init__(
        self,
        env: dict[str, str],
        cwd: str,
        arguments: tuple[Word, ...] | None,
        shell_name: str | None,
        output: Callable[[Piece], str | None],
    ) -> None:
        """Start with what bash starts with; `output` tells what a substitution prints, where it can."""
        self._env = env
        self._own: dict[str, str | None] = {}
        self._arrays: dict[str, Array] = {}  # their names stand in `_own` too, with None
        self._exported: frozenset[str] = frozenset()
        self._fixed: frozenset[str] = frozenset()  # an assignment to these does not simply assign
        self._blind = False  # one name may stand for another: nothing can be said any more
        self._unsure = "BASH_ENV" in env  # variables may have been set unseen
        self.separators: str | None = None if self._unsure else BLANKS  # the value of IFS
        self.cwd: str | None = cwd
        self.moved = False  # by a `cd` that everything up to here hung on
        self.may_have_stayed = False  # a `cd` may have failed, and the line went on
        self.arguments = arguments  # None: not known
        self.shell_name = shell_name
        self.output = output

    def copy(self) -> State:
        """Return the state a subshell starts with."""
        twin = State(self._env, "", None, self.shell_name, self.output)
        twin.become(self)
        return twin

    def starts_as(self, other: State) -> bool:
        """Claim that two states of shells that have done nothing yet are equal, but for the folder."""
        return (
            self._env == other._env
            and self._unsure == other._unsure
            and self.arguments == other.arguments
            and self.shell_name == other.shell_name
        )

    def become(self, other: State) -> None:
        """Take over another state as it is."""
        self._own = dict(other._own)
        self._arrays = dict(other._arrays)
        self._exported, self._fixed = other._exported, other._fixed
        self._unsure, self._blind = other._unsure, other._blind
        self.separators = other.separators
        self.cwd = other.cwd
        self.moved, self.may_have_stayed = other.moved, other.may_have_stayed
        self.arguments = other.arguments

    def join(self, other: State) -> None:
        """Keep what this state and the other agree on: either may be the one that comes true."""
        for name in self._own.keys() | other._own.keys():
            if self._look(name) != other._look(name):
                self._own[name] = None
        if self._arrays or other._arrays:
            mine, theirs = self._arrays, other._arrays
            self.forget(n for n in mine.keys() | theirs.keys() if mine.get(n) != theirs.get(n))
        self._exported &= other._exported
        self._fixed |= other._fixed
        self._unsure = self._unsure or other._unsure
        self._blind = self._blind or other._blind
        if self.separators != other.separators:
            self.separators = None
        if self.cwd != other.cwd:
            self.cwd = None
        self.moved = self.moved or other.moved
        self.may_have_stayed = self.may_have_stayed or other.may_have_stayed
        if self.arguments != other.arguments:
            self.arguments = None

    # -- variables -----------------------------------------------------------------------------------

    def _look(self, name: str) -> tuple[bool | None, str | None]:
        """Return whether it is set (None: not known), and its value."""
        if self._blind:
            return None, None
        if name in self._arrays:
            array = self._arrays[name]
            return array.element("0" if array.keyed else 0)
        if name in self._own:
            found = self._own[name]
            return (None, None) if found is None else (found is not _UNSET, found)
        if self._unsure or name in _BASH_OWN or name.startswith("BASH"):
            return None, None
        if name in self._env:
            return True, self._env[name]
        return False, ""

    def get(self, name: str) -> str | None:
        """Return the value, "" where it is not set, None where nobody knows."""
        if name.isdigit() or name in "@*#":
            return self._positional(name)
        if name == "PWD":
            return self._own.get("PWD", self.cwd)
        if name == "IFS":
            return "" if self._own.get("IFS") is _UNSET else self.separators
        return self._look(name)[1]

    def _positional(self, name: str) -> str | None:
        if name == "0":
            return self.shell_name
        if self.arguments is None:
            return None
        if name == "#":
            return str(len(self.arguments))
        if name in "@*":
            return self.joined(self.arguments, quoted=False)
        at = int(name[:6]) - 1
        if at >= len(self.arguments):
            return ""
        return self.arguments[at].text if self.arguments[at].known else None

    def joined(self, words: tuple[Word, ...], *, quoted: bool) -> str | None:
        """Return what `"$*"` makes of words, or `$@` before it is split; None where that cannot be told."""
        if not all(word.known and not word.globbed for word in words):
            return None
        marks = self.separators
        if len(words) > 1 and (marks is None or (marks != BLANKS and not quoted)):
            return None
        return (marks or "")[:1].join(word.text for word in words)

    def is_set(self, name: str) -> bool | None:
        """Claim that the variable has a value; None where nobody knows."""
        if name.isdigit():
            return None if self.arguments is None else int(name[:6]) <= len(self.arguments)
        if name == "IFS":
            return None if self.separators is None else self._own.get("IFS") is not _UNSET
        return True if name == "PWD" else self._look(name)[0]

    def handed_on(self, name: str) -> str | None:
        """Return what a program that is started may get to see of a variable, None where nobody knows.

        That it was not exported is not counted on: `set -a` exports whatever is set later.
        """
        return self._own[name] if name in self._own else self._env.get(name)

    def changed(self, name: str) -> str | None:
        """Return what the line itself has set a variable to; None where it has not."""
        return self._own.get(name)

    def set(self, name: str, value: str | None) -> None:
        """Give a variable a value; None where nobody knows it."""
        array = self._arrays.get(name)
        if array is not None:
            word = None if value is None else known(value)
            changed = None if word is None else array.having("0" if array.keyed else 0, word)
            self.set_array(name, changed)
            return
        self._own[name] = None if self._settled(name) else value
        self._touched(name)

    def _settled(self, name: str) -> bool:
        """Claim that an assignment to that name does not simply assign."""
        return name in self._fixed or name in _BASH_OWN or name.startswith("BASH")

    def array(self, name: str) -> Array | None:
        """Return an array, or a plain variable as one of a single element; None where nobody knows."""
        if self._blind:
            return None
        if name in self._arrays:
            return self._arrays[name]
        is_set, value = self.is_set(name), self.get(name)
        if is_set is None or value is None:
            return None
        return Array(((0, known(value)),)) if is_set else Array()

    def keyed(self, name: str) -> bool:
        """Claim that a name stands for an associative array."""
        array = self._arrays.get(name)
        return array is not None and array.keyed

    def set_array(self, name: str, array: Array | None) -> None:
        """Let a name stand for an array; None where nobody knows its elements."""
        self.forget((name,))
        if array is not None and not self._settled(name):
            self._arrays[name] = array

    def _touched(self, name: str) -> None:
        if name == "IFS":
            value = self._own["IFS"]
            self.separators = BLANKS if value is _UNSET else value

    def fix(self, name: str) -> None:
        """Give a variable an attribute (read-only, integer, upper case …) that changes what assigning does."""
        self._fixed |= {name}
        self.forget((name,))

    def freeze(self, name: str) -> None:
        """Make a variable read-only: it keeps its value, and an assignment to it fails."""
        self._fixed |= {name}

    def export(self, name: str) -> None:
        """Hand a variable on to the programs that are started."""
        self._exported |= {name}

    def blind(self) -> None:
        """Give up on all variables, for good."""
        self._blind, self.separators = True, None

    def child(self, assigned: dict[str, str | None], *, foreign: bool) -> State:
        """Return the state of a shell that this one starts: what was not exported is not there.

        `foreign` says that something in between (sudo, ssh) changes the environment unseen.
        """
        state = self.copy()
        if foreign:
            state.forget((EVERYTHING,))
        state.forget(n for n in self._own if n not in self._env and n not in self._exported)
        state.forget(self._arrays)  # they are never exported
        for name, value in assigned.items():
            state.set(name, value)
        state.separators = None if "BASH_ENV" in self._env else BLANKS  # never from the environment
        return state

    def back(self, names: Iterable[str], before: State) -> None:
        """Give these variables back what they were."""
        for name in names:
            if name in before._arrays:
                self._arrays[name] = before._arrays[name]
            else:
                self._arrays.pop(name, None)
            if name in before._own:
                self._own[name] = before._own[name]
            else:
                self._own.pop(name, None)
            if name == "IFS":
                self.separators = before.separators

    def unset(self, name: str) -> None:
        """Take a variable away."""
        self._arrays.pop(name, None)
        self._own[name] = None if name in self._fixed else _UNSET
        self._touched(name)

    def forget(self, names: Iterable[str]) -> None:
        """Give up what these names stand for; they may be CWD or EVERYTHING."""
        for name in names:
            if name == CWD:
                self.cwd = None
            elif name == EVERYTHING:
                self._own, self._arrays = {}, {}
                self._unsure, self.separators = True, None
                self.arguments = None
            else:
                self._arrays.pop(name, None)
                self._own[name] = None
                self._touched(name)

    # -- directories ---------------------------------------------------------------------------------

    def home(self, user: str) -> str | None:
        """Return what `~user` stands for."""
        if user == "":
            set_, home = self._look("HOME")
            return home if set_ else None
        return self.cwd if user == "+" else None

    def go_on(self) -> None:
        """Run what follows whether the last `cd` failed or not."""
        self.may_have_stayed = self.may_have_stayed or self.moved

    def stand(self, folder: str, *, by_its_name: bool) -> None:
        """Know where the shell stands, whatever led there; else than by its name `..` leads anywhere."""
        self.cwd, self.moved, self.may_have_stayed = folder, False, not by_its_name

    def enter(self, folder: str | None) -> None:
        """Change the working directory; a relative one leads nowhere once the directory is not known."""
        # Where every step is there in the end, every `cd` succeeded; `..` would take a failed one back.
        if folder is None or (self.may_have_stayed and ".." in folder.split("/")):
            self.cwd = None
        elif folder.startswith("/"):
            self.cwd = os.path.normpath(folder)
        elif self.cwd is not None and (folder.startswith(".") or not self._searched()):
            self.cwd = os.path.normpath(os.path.join(self.cwd, folder))
        else:
            self.cwd = None
        self.moved = True
        self.may_have_stayed = self.may_have_stayed and not (folder or "").startswith("/")
        self._own.pop("PWD", None)

    def _searched(self) -> bool:
        """Claim that `cd name` may look in other folders."""
        set_, path = self._look("CDPATH")
        return set_ is not False and path != ""
