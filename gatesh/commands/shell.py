"""`gatesh` on a terminal: a person's shell, gated by what the kernel gives, or line by line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gatesh.doctor.keeper import asked
from gatesh.doors.client import become_bash, environment, run_above, say, where
from gatesh.errors import UsageError
from gatesh.interactive.own import forbidden, not_own
from gatesh.interactive.shell import Shell
from gatesh.interactive.startup import startup
from gatesh.overlay.front import opened
from gatesh.places import RUN_VARIABLE
from gatesh.run.bash import BASH, leave_as
from gatesh.session import key_of, process, root_of
from gatesh.supervise.kernel import may_filter
from gatesh.supervise.probe import EXEC_GATE, level
from gatesh.supervise.session import Wanted, supervise
from gatesh.supervise.start import guarded

if TYPE_CHECKING:
    from typing import NoReturn

    from gatesh.doors.client import Submission
    from gatesh.places import Places


def main(what: Submission, flags: list[str]) -> NoReturn:
    """Be the shell of this terminal, and end as bash ended."""
    if what.door != b"terminal":
        raise UsageError(f"{flags[0]} needs a terminal and no command", "use `gatesh -c LINE`")
    if what.shell != b"bash":
        raise UsageError(
            f"{what.shell.decode()} is not read as it is typed",
            "gatesh run -- zsh gates what it starts",
        )
    env = environment()
    places = where(env)
    above = run_above(env, places) if RUN_VARIABLE in env else None
    if above is not None and above[1]:
        become_bash(what, env)  # whatever it starts is decided on
    ask_here = "--ask-here" in flags
    why_not = forbidden() if ask_here else not_own()
    here = not why_not
    if "--exec-gate" in flags or (here and "--line-gate" not in flags and _gated_with_sudo()):
        _supervised(what, env, places, here=here)
    answer = _who_answers(places, why_not)
    if answer:
        say(f"gatesh: {answer}\n".encode())
    leave_as(Shell(env, places, what.options, ask_here=ask_here).run())


def _who_answers(places: Places, why_not: str) -> str:
    """Return where a line that is held is asked about; empty where it is here, or nothing is held."""
    found, root = asked(places), root_of(os.getpid())
    keeper = process(found.pid) if found else None
    if found and keeper and root and root.start > keeper.start:  # it serves this terminal
        if found.observes:
            return ""
        if found.attached:
            from gatesh.commands.keepers import elevated

            lifted = elevated(places, key_of(root))
            return f"what would destroy waits for an answer at the keeper, pid {found.pid}{lifted}"
        return (
            "nobody is at the keeper: what would destroy needs `gatesh approve` in another terminal"
        )
    if not why_not:
        return ""
    may = "" if forbidden() else "; --ask-here asks all the same"
    return f"nobody can be asked here, so what would destroy is refused: {why_not}{may}"


def _gated_with_sudo() -> bool:
    """Claim that programs can be gated without taking `sudo` away, which nobody likes to sit without."""
    return may_filter() and level().name == EXEC_GATE


def _supervised(
    what: Submission, env: dict[bytes, bytes], places: Places, *, here: bool
) -> NoReturn:
    """Run bash as it is below the exec gate, its lines decided on too; `here`: a card may come."""
    text, rest = startup(what.options)
    command = [os.fsdecode(BASH), *map(os.fsdecode, rest), "-i"]
    wanted = Wanted(command, env, places, startup=text)
    guarded(lambda guard: supervise(wanted, guard), opened() if here else None)
