"""bash as a child, without its callers noticing: signals, stops and the raw wait status pass through.

What cannot be hidden: `$PPID` is gatesh, and `$$` does not lead the process group when the caller made
gatesh its leader (README, "Differences from bash -c").
"""

from __future__ import annotations

import _signal
import os
import time

from gatesh.errors import RunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

BASH = b"/bin/bash"
# Kills bash when gatesh is killed with SIGKILL: the caller killed "its bash", and that is what must die.
SETPRIV = b"/usr/bin/setpriv"

_FORWARDED = frozenset(
    (
        _signal.SIGTERM, _signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGUSR1,
        _signal.SIGUSR2, _signal.SIGALRM, _signal.SIGWINCH, _signal.SIGCONT,
    )
)  # fmt: skip
_WAITED = _FORWARDED | {_signal.SIGCHLD}
# Python ignores these for itself; bash gets them as a process usually has them.
_DEFAULTED = [_signal.SIGPIPE, _signal.SIGXFSZ]
_DUMPS_CORE = (_signal.SIGQUIT, _signal.SIGILL, _signal.SIGABRT, _signal.SIGFPE, _signal.SIGSEGV)


def program(shell: bytes) -> bytes:
    """Return the shell itself; raises RunError where it is not there. For `sh` it is bash, as sh."""
    if shell != b"zsh":
        return BASH
    found = next((path for path in (b"/bin/zsh", b"/usr/bin/zsh") if os.path.exists(path)), None)
    if found is None:
        raise RunError("there is no zsh here", "install it, or give the agent bash")
    return found


def run(words: list[bytes], env: dict[bytes, bytes], shell: bytes = b"bash") -> tuple[int, int]:
    """Start a shell with these arguments and wait for it; return its wait status and the nanoseconds it took.

    It gets the caller's descriptors and working directory. Raises RunError where it cannot be started.
    """
    command = [program(shell), *words]
    if os.path.exists(SETPRIV):
        command = [SETPRIV, b"--pdeathsig", b"KILL", b"--", *command]
    before = blocked()
    started = time.monotonic_ns()
    try:
        pid = os.posix_spawn(command[0], command, env, setsigmask=before, setsigdef=_DEFAULTED)
    except OSError as error:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        raise RunError(
            f"bash cannot be started: {error.strerror}",
            "put the line into a file if it is very long, and run that",
        ) from error
    status = attend(pid)
    return status, time.monotonic_ns() - started


def blocked() -> set[int]:
    """Block the signals that `attend` waits for; return the mask from before, which is bash's."""
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)  # ignored, it would swallow the wait status
    return set(_signal.pthread_sigmask(_signal.SIG_BLOCK, _WAITED))


def attend(pid: int) -> int:
    """Wait for `pid` and mirror what the caller sends and what bash does; return its wait status."""
    while True:
        got = _signal.sigwaitinfo(_WAITED)
        if got.si_signo == _signal.SIGCHLD:
            status = _reap(pid)
            if status is not None:
                return status
        elif _meant_for_bash(got.si_signo, got.si_pid, pid):
            try:
                os.kill(pid, got.si_signo)
            except ProcessLookupError:
                continue


def _reap(pid: int) -> int | None:
    """Return the wait status once bash has ended; a stop of bash becomes a stop of ours."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if not found:
            return None
        if not os.WIFSTOPPED(status):
            return status
        os.kill(os.getpid(), _signal.SIGSTOP)  # the caller's job control sees its bash stop
        os.kill(pid, _signal.SIGCONT)


def _meant_for_bash(number: int, sender: int, bash: int) -> bool:
    """Claim that bash has not got this signal already."""
    if sender == bash:
        return False  # `kill 0` or `kill $PPID` in the line
    # A terminal sends ^C and ^\ to the whole group: bash has its own copy.
    return not (sender == 0 and number in (_signal.SIGINT, _signal.SIGQUIT))


def leave_as(wait_status: int) -> NoReturn:
    """End this process exactly as bash ended: the same exit status, or death by the same signal."""
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        if number in _DUMPS_CORE:
            import resource

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # bash has left its core already
        if number not in (_signal.SIGKILL, _signal.SIGSTOP):
            _signal.signal(number, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(wait_status) if os.WIFEXITED(wait_status) else 128)
