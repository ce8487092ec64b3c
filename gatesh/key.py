"""The key in the state folder, 32 random bytes readable by their owner alone, and what is made with it.

The HMAC of an unredacted line lets two records be compared, and binds an approval, without storing what
was redacted; the seal of the compiled rules says that gatesh wrote them. Written with the hashes alone:
importing `hmac` and `hashlib` would cost a shell 4 ms.
"""

from __future__ import annotations

import os
import stat

from gatesh.errors import AuditError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import blake2b, sha256
else:
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    try:
        from _sha2 import sha256  # Python 3.12 and later
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256

__all__ = ["SEAL_SIZE", "hmac_sha256", "key_beside", "load_key", "read_key", "seal", "sha256"]

SEAL_SIZE = 32
_SIZE = 32
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def hmac_sha256(key: bytes, data: bytes) -> str:
    """Return the HMAC-SHA256 of `data` (RFC 2104) in hexadecimal; the key is at most 64 bytes."""
    padded = key.ljust(_BLOCK, b"\0")
    inner = sha256(padded.translate(_INNER) + data).digest()
    return sha256(padded.translate(_OUTER) + inner).hexdigest()


def seal(key: bytes, data: bytes, purpose: bytes) -> bytes:
    """Return keyed BLAKE2b of `data`: a MAC like the above, and a quarter of its time for 150 KB."""
    return blake2b(data, digest_size=SEAL_SIZE, key=key, person=purpose).digest()


def key_beside(path: str) -> str:
    """Return where the key of a file in the state folder is kept."""
    return os.path.join(os.path.dirname(path), "hmac.key")


def load_key(path: str) -> bytes:
    """Return the key kept at `path`, made now where there is none; raises AuditError."""
    try:
        try:
            return _read(path)
        except FileNotFoundError:
            _create(path)
            return _read(path)
    except OSError as error:
        raise _unusable(path, error) from error


def read_key(path: str) -> bytes:
    """Return the key kept at `path`, empty where there is none; raises AuditError."""
    try:
        return _read(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: str, error: OSError) -> AuditError:
    return AuditError(
        f"cannot use the key {path}: {error.strerror}",
        "it must be a file of your own with mode 0600; move it aside and a new one is made",
    )


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        key = os.read(fd, _SIZE + 1)
    finally:
        os.close(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise AuditError(
            f"the key {path} can be read or written by others than you", f"chmod 600 {path}"
        )
    if len(key) != _SIZE:
        raise AuditError(
            f"the key {path} is not {_SIZE} bytes long", "move it aside and a new one is made"
        )
    return key


def _create(path: str) -> None:
    """Write the key beside its place and link it there: nobody ever sees half a key."""
    draft = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(fd, os.urandom(_SIZE))
            os.fsync(fd)
        finally:
            os.close(fd)
        try:  # noqa: SIM105  contextlib would cost more than this file
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its key is the key
    finally:
        os.unlink(draft)
