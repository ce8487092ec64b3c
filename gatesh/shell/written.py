"""What a line writes to files, where its words say it: the line may run them."""

from __future__ import annotations

import os.path

from gatesh.shell.output import printed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatesh.model import Redirect, SimpleCommand, Word
    from gatesh.shell.state import State

_WRITES = frozenset((">", ">|", ">>", "&>"))


# They change a file in place, in ways that are not followed.
_SPOILS = frozenset(
    "sed perl ruby awk gawk ed ex vi vim nvim patch python python3 dd truncate git curl wget base64".split()
)
_COPIES = frozenset(("cp", "mv", "ln", "install"))
_NOWHERE = "?/"  # in front of a file's name where nobody knows its folder
CHANGES_FILES = _SPOILS | _COPIES | {"tee"}


class Written:
    """The files so far, by path."""

    def __init__(self) -> None:
        """Start with none."""
        self._files: dict[str, Word] = {}
        self._copies: dict[str, Word] = {}  # of files that were there before
        self._spoiled: set[str] = set()  # written here, and changed by something unseen since

    def copy(self) -> Written:
        """Return the same files, for a part of the line that is only looked at."""
        twin = Written()
        twin._files, twin._spoiled = dict(self._files), set(self._spoiled)
        twin._copies = dict(self._copies)
        return twin

    def by(self, command: SimpleCommand, state: State) -> None:
        """Note what a command writes."""
        if command.program in _COPIES:
            self._copied(command, state)
        elif self._files and command.program in _SPOILS:
            for word in command.words[1:]:
                path = _path(word.but(text=word.text.removeprefix("of=")), state)
                if path in self._files and path is not None:
                    del self._files[path]
                    self._spoiled.add(path)
        shown = self.shown_by(command, state)
        text = printed(command.but(redirects=())) if shown is None else shown
        self.redirected(command.redirects, text, state)
        if command.program == "tee":
            appends = any(word.text == "-a" for word in command.words)
            for word in command.words[1:]:
                self._note(word, text, state, appends=appends)

    def redirected(self, redirects: Iterable[Redirect], text: Word | None, state: State) -> None:
        """Note what goes to files; None where nobody knows what that is."""
        for redirect in redirects:
            if redirect.op in _WRITES and redirect.fd in (None, 1):
                self._note(redirect.target, text, state, appends=redirect.op == ">>")

    def _copied(self, command: SimpleCommand, state: State) -> None:
        """`cp a b`, `mv a b`, `ln -s a b` of a file that was written."""
        names = [word for word in command.words[1:] if word.text[:1] != "-"]
        path = _path(names[-1], state) if names else None
        if path is None:
            return
        source = names[0] if len(names) == 2 else None
        text = None if source is None else self.get(source, state)
        self._note(names[-1], text, state, appends=False)
        self._copies.pop(path, None)
        if source is not None and text is None:
            original = self.copied_from(source, state) or source
            if _path(original, state) != path:
                self._copies[path] = original

    def shown_by(self, command: SimpleCommand, state: State) -> Word | None:
        """Return what `cat FILE`, or `$(<FILE)`, prints of a file that was written."""
        if not self._files:
            return None
        if not command.words and [r.op for r in command.redirects] == ["<"]:
            return self.get(command.redirects[0].target, state)
        if command.program == "cat" and len(command.words) == 2:
            return self.get(command.words[1], state)
        return None

    def copied_from(self, name: Word, state: State) -> Word | None:
        """Return the file that the line copied to this place: `cp /bin/rm f; ./f x`."""
        path = _path(name, state) if self._copies else None
        return None if path is None else self._copies.get(path)

    def is_spoiled(self, name: Word, state: State) -> bool:
        """Claim that the line wrote a file, and that nobody knows what stands in it now."""
        return bool(self._spoiled) and _path(name, state) in self._spoiled

    def _note(self, name: Word, text: Word | None, state: State, *, appends: bool) -> None:
        path = _path(name, state)
        if path is None and name.known and not name.globbed:
            path = _NOWHERE + os.path.basename(name.text)
        if path is None:
            return
        before = self._files.get(path) if appends else None
        self._spoiled.discard(path)
        if text is None:
            self._files.pop(path, None)
        else:
            self._files[path] = text if before is None else text.but(text=before.text + text.text)

    def get(self, name: Word, state: State) -> Word | None:
        """Return what the line itself wrote to a file."""
        if not self._files:
            return None
        path = _path(name, state)
        return (
            self._somewhere(name) if path is None else self._files.get(path, self._unplaced(path))
        )

    def _somewhere(self, name: Word) -> Word | None:
        """Return what was written last under a name, in whatever folder."""
        if not name.known or name.globbed:
            return None
        base = os.path.basename(name.text)
        found = [text for path, text in self._files.items() if os.path.basename(path) == base]
        return found[-1] if found else None

    def _unplaced(self, path: str) -> Word | None:
        """Return what was written under a name while nobody knew the folder."""
        return self._files.get(_NOWHERE + os.path.basename(path))


def _path(name: Word, state: State) -> str | None:
    if not name.known or name.globbed or state.cwd is None:
        return None
    return os.path.normpath(os.path.join(state.cwd, name.text))
