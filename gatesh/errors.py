"""Everything that can go wrong, and the exit statuses.

    GateshError
    ├── UsageError         gatesh used wrongly                              exit 2
    ├── ConfigError        a setting that cannot be used                    exit 2, as a shell 125
    ├── PatternFileError   a pattern file that cannot be used (file, line)  exit 2, as a shell 125
    ├── InputError         a command line that no shell should get (NUL)    exit 126
    ├── AuditError         the record cannot be written or read             exit 125
    └── RunError           bash cannot be started                           exit 125

What a human or a rule decides is a value (model.Decision, model.Answer), never an exception.
"""

from __future__ import annotations

_LONGEST = 300  # characters of what is wrong in a pattern file, which may quote it


class Exit:
    """The exit statuses gatesh itself gives; everything else is the command's own."""

    OK = 0
    ASKED = 1  # `gatesh check`: it would be asked about or denied
    USAGE = 2
    FAILED = 125  # gatesh failed; nothing ran
    REFUSED = 126  # denied, rejected, or nobody answered


class GateshError(Exception):
    """An error with a message for a person: lower case, no full stop, and a hint what to do."""

    status = Exit.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the message and the hint apart: they are printed on lines of their own."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def lines(self) -> str:
        """Return the text for stderr."""
        text = f"gatesh: error: {self.message}\n"
        return text + f"gatesh: hint: {self.hint}\n" if self.hint else text


class UsageError(GateshError):
    """gatesh was used wrongly."""

    status = Exit.USAGE


class ConfigError(GateshError):
    """A setting cannot be used."""

    status = Exit.USAGE


class PatternFileError(GateshError):
    """A pattern file cannot be used; `file` and `line` lead to the place."""

    status = Exit.USAGE

    def __init__(self, file: str, line: int, what: str, hint: str = "") -> None:
        """Put file and line in front, as compilers do."""
        what = what if len(what) <= _LONGEST else f"{what[: _LONGEST - 1]}…"
        super().__init__(f"{file}:{line}: {what}", hint)
        self.file = file
        self.line = line


class InputError(GateshError):
    """The command line holds something that bash would read differently from what is shown."""

    status = Exit.REFUSED


class AuditError(GateshError):
    """The record cannot be written or read; nothing runs."""


class RunError(GateshError):
    """bash cannot be started."""
