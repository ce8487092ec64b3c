"""Files that the kernel starts through a program registered for their kind: qemu-user, Rosetta, Wine, Java.

What stands at its exec is then that interpreter, and the file that was meant is its first argument. What is
registered is read once, when a session starts.
"""

from __future__ import annotations

import os
import re

from gatesh._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "/proc/sys/fs/binfmt_misc"
_HEAD = 256  # bytes of a file that the kernel compares


class Format(Value):
    """One kind of file: by a magic number at an offset, or by its name's extension."""

    interpreter: str
    extension: str = ""
    offset: int = 0
    magic: bytes = b""
    mask: bytes = b""
    keeps_name: bool = False  # P: what the caller called the file comes behind its path

    def fits(self, path: str, name: str) -> bool:
        """Claim that the kernel takes the file at `path`, which was started as `name`, for this kind."""
        if self.extension:
            return name.endswith(self.extension)
        try:
            with open(path, "rb", buffering=0) as file:
                head = file.read(_HEAD)[self.offset : self.offset + len(self.magic)]
        except OSError:
            return False
        mask = self.mask or b"\xff" * len(self.magic)
        masked = bytes(a & b for a, b in zip(head, mask, strict=False))
        return bool(self.magic) and masked == bytes(
            a & b for a, b in zip(self.magic, mask, strict=False)
        )


def formats(folder: str = _FOLDER) -> tuple[Format, ...]:
    """Return the kinds that are registered and enabled."""
    return tuple(_found(folder))


def _found(folder: str) -> Iterator[Format]:
    try:
        names = [n for n in os.listdir(folder) if n not in ("register", "status")]
        texts = [_text(os.path.join(folder, name)) for name in ("status", *names)]
    except OSError:
        return
    if texts[0].strip() != "enabled":
        return
    for text in texts[1:]:
        found = parsed(text)
        if found is not None:
            yield found


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def parsed(text: str) -> Format | None:
    """Return what the kernel says of one kind; None where it is disabled, or says nothing that we know."""
    said = dict(
        re.findall(r"^(interpreter|flags:|extension|offset|magic|mask) ?(.*)$", text, re.MULTILINE)
    )
    if not text.startswith("enabled\n") or "interpreter" not in said:
        return None
    try:
        found = Format(
            said["interpreter"],
            said.get("extension", ""),
            int(said.get("offset", "0")),
            bytes.fromhex(said.get("magic", "")),
            bytes.fromhex(said.get("mask", "")),
            "P" in said.get("flags:", ""),
        )
    except ValueError:
        return None
    return found if found.extension or found.magic else None
