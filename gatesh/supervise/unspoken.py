"""Programs that nothing here speaks of: no rule, no reader and no table knows `cc1`, so nothing is said of it.

Most of what a build starts is such a program, with words that were never there before. It is let through
by its name, where its words are the plainest there are: whatever else could be said of any command line
begins with another sign, or with a path that rules look for. `tests/supervise/test_unspoken.py` has all that
is told by a reader or a rule of such words told to both.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gatesh.facts import knows
from gatesh.redact import is_plain, secrets_in
from gatesh.shell.unwrap import may_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts import World
    from gatesh.rules.match import RuleSet
    from gatesh.supervise.image import Image

# No blank, quote, bracket or other sign, so that no shell would read them otherwise; and none is empty.
_PLAIN = re.compile(rb"(?:[A-Za-z0-9_@%+=:,./-]+\0)+")
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_@%+=:,./-]+")
_MOST = 8000  # characters


def text_of(found: Image, program: str, rules: RuleSet, world: World) -> str:
    """Return the command line of a program that nothing speaks of; empty where it has to be read.

    `program` is the file under whose name it is judged.
    """
    given = found.arguments
    if program != found.real or found.root or found.at or found.input or world.scope is not None:
        return ""
    if len(given) > _MOST or not _PLAIN.fullmatch(given) or not _PLAIN_PATH.fullmatch(program):
        return ""
    if not is_unspoken(program.rsplit("/", 1)[-1], rules) or b"PATH=" in given:
        return ""
    if b"BASH_ENV=" in found.environment:  # whoever starts a shell starts that file, too
        return ""
    text = program + given[given.index(b"\0") : -1].replace(b"\0", b" ").decode("ascii")
    speaking, needed = rules.about_paths()
    if speaking and (needed.search(text) or needed.search(found.cwd)):
        return ""
    return "" if hides(text, found) else text


def is_unspoken(name: str, rules: RuleSet) -> bool:
    """Claim that no rule speaks of a program, and that no reader knows what its words mean."""
    return not (rules.speaks_of(name) or _is_read(name))


@lru_cache(1024)  # by the name alone: rules that are no longer active are not to be kept alive
def _is_read(name: str) -> bool:
    return knows(name) or may_start(name)


def hides(text: str, found: Image) -> bool:
    """Claim that a program's text or folder may hold a secret: its row is made with care then."""
    if not (is_plain(text) and is_plain(found.cwd)):
        return True
    secrets = secrets_in(found.environment)
    return any(secret in text or secret in found.cwd for secret in secrets)
