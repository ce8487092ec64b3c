"""The line that a bash is about to run, as its line editor holds it: read from its memory.

To be told by the shell costs a fork of it, which is most of what a person would wait for after Enter. bash
exports its variables by name, for builtins that are loaded (`enable -f`), so that their places can be known:
ELF(5), and `rl_line_buffer` of readline(3).
"""

from __future__ import annotations

import errno
import os
import struct

_64_BITS, _LITTLE, _MOVED, _DYNAMIC_SYMBOLS = (
    2,
    1,
    3,
    11,
)  # ELFCLASS64, ELFDATA2LSB, ET_DYN, SHT_DYNSYM
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_NAMES = (
    "bash_input", "current_command_first_line_saved", "current_command_line_count", "history_control",
    "history_expansion_char", "history_subst_char", "remember_on_history", "rl_end", "rl_line_buffer",
)  # fmt: skip
_FROM_EDITOR = 1  # bash_input.type: st_stdin
_IGNORE_DUPLICATES = 2  # history_control: HC_IGNDUPS
_MOST = 1 << 16  # bytes of a line


class Editor:
    """The variables of one bash."""

    def __init__(self, pid: int) -> None:
        """Find them; raises OSError or ValueError where it is no bash, or one that does not export them."""
        with open(f"/proc/{pid}/exe", "rb") as file:
            moved, found = _exported(file.read())
        missing = [name for name in _NAMES if name not in found]
        if missing:
            raise ValueError(f"its program exports no {missing[0]}")
        base = _loaded_at(pid) if moved else 0
        self._at = {name: base + found[name] for name in _NAMES}
        self._memory = open(f"/proc/{pid}/mem", "rb", 0)  # noqa: SIM115  it is asked as long as we live

    def typed(self) -> str:
        """Return what was typed; empty where that is not all that will run: more rows, `!!`, no editor.

        Raises OSError where the shell is gone.
        """
        if self._int("bash_input") != _FROM_EDITOR or self._rows != 1 or not self._kept:
            return ""
        return self.shown()

    def runs(self, last: str) -> bool:
        """Claim that what will run is the last entry of the history, and none that the history leaves out.

        Raises OSError where the shell is gone.
        """
        if not self._rows:
            return False  # it was typed, or pasted, together with a command that was told with it
        if self._kept:
            return True
        raw = self._typed()
        if self._rows == 1 and raw.decode("utf-8", "surrogateescape") == last:
            return True
        duplicate = self._int("history_control") & _IGNORE_DUPLICATES
        blank = raw[:1] in (b" ", b"\t")
        return bool(
            self._changed(raw) and duplicate and not blank and self._int("remember_on_history")
        )

    def shown(self) -> str:
        """Return what stands in the editor; empty where that is nothing, or not what would run.

        Raises OSError where the shell is gone.
        """
        raw = self._typed()
        if not raw.strip() or raw[:1] in (b" ", b"\t") or self._changed(raw):
            return ""
        if b"\0" in raw or b"\n" in raw:
            return ""
        return raw.decode("utf-8", "surrogateescape")

    def close(self) -> None:
        """Look no more."""
        self._memory.close()

    @property
    def _rows(self) -> int:
        return self._int("current_command_line_count")

    @property
    def _kept(self) -> bool:
        """Claim that the history has the command as its last entry."""
        saved = self._int("current_command_first_line_saved")
        return bool(saved and self._int("remember_on_history"))

    def _typed(self) -> bytes:
        place, size = self._int("rl_line_buffer", 8), self._int("rl_end")
        return self._read(place, size) if place and 0 < size <= _MOST else b""

    def _changed(self, raw: bytes) -> bool:
        """Claim that the history may change what is typed."""
        again, changed = (
            self._read(self._at[f"history_{name}_char"], 1) for name in ("expansion", "subst")
        )
        return again in raw or raw[:1] == changed

    def _int(self, name: str, size: int = 4) -> int:
        return int.from_bytes(self._read(self._at[name], size), "little", signed=size == 4)

    def _read(self, place: int, size: int) -> bytes:
        found = os.pread(self._memory.fileno(), size, place)
        if len(found) < size:
            raise OSError(errno.ESRCH, "the shell is gone")
        return found


def _exported(program: bytes) -> tuple[bool, dict[str, int]]:
    """Return whether a program is moved when it is loaded, and where its variables and functions are."""
    try:
        ident, kind, _, _, _, _, sections, _, _, _, _, size, count, _ = _HEADER.unpack_from(program)
        if ident[:4] != b"\x7fELF" or ident[4:6] != bytes((_64_BITS, _LITTLE)):
            raise ValueError("it is not a program of 64 bits")
        table = [_SECTION.unpack_from(program, sections + at * size) for at in range(count)]
        found: dict[str, int] = {}
        for _, wanted, _, _, start, length, link, _, _, _ in table:
            if wanted != _DYNAMIC_SYMBOLS:
                continue
            names = table[link][4]
            for name, _, _, place, value, _ in _SYMBOL.iter_unpack(program[start : start + length]):
                if place:  # it is defined here
                    end = program.index(b"\0", names + name)
                    found[program[names + name : end].decode("ascii", "replace")] = value
    except (struct.error, IndexError) as error:
        raise ValueError(f"its program cannot be read: {error}") from error
    return kind == _MOVED, found


def _loaded_at(pid: int) -> int:
    """Return where the program of a process begins: the first of its mappings."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        return int(file.readline().partition("-")[0], 16)
