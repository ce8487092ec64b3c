"""What a line writes to files, where its words say it: the line may run them."""

from __future__ import annotations

import os.path

from gatesh.shell.output import printed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import SimpleCommand, Word
    from gatesh.shell.state import State

_WRITES = frozenset((">", ">|", ">>", "&>"))


class Written:
    """The files so far, by path."""

    def __init__(self) -> None:
        """Start with none."""
        self._files: dict[str, Word] = {}

    def by(self, command: SimpleCommand, state: State) -> None:
        """Note what a command writes."""
        targets = [r for r in command.redirects if r.op in _WRITES and r.fd in (None, 1)]
        names = [(r.target, r.op == ">>") for r in targets]
        if command.program == "tee":
            appends = any(word.text == "-a" for word in command.words)
            names += [(word, appends) for word in command.words[1:]]
        text = printed(command.but(redirects=())) if names else None
        for name, appended in names:
            path = _path(name, state)
            if path is None or text is None:
                continue
            before = self._files.get(path) if appended else None
            self._files[path] = text if before is None else text.but(text=before.text + text.text)

    def get(self, name: Word, state: State) -> Word | None:
        """Return what the line itself wrote to a file."""
        path = _path(name, state) if self._files else None
        return None if path is None else self._files.get(path)


def _path(name: Word, state: State) -> str | None:
    if not name.known or name.globbed or state.cwd is None:
        return None
    return os.path.normpath(os.path.join(state.cwd, name.text))
