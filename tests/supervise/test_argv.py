"""The words of a program that starts are read as bash would read them where they are written as a line."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as some

from gatesh.model import Door
from gatesh.shell.read import read
from gatesh.supervise.image import Image, command_line

if TYPE_CHECKING:
    from pathlib import Path

ENV = b"HOME=/home/me\0PATH=/usr/bin:/bin\0PAGER=less -R\0GIT_SSH_COMMAND=ssh -i k\0EDITOR=vi\0"
PROGRAMS = """env timeout nice xargs find sudo git ssh python3 perl make rm mv cp tar sed awk curl docker
    kubectl psql cc node npm systemd-run parallel time sh bash echo eval cd unknown""".split()
SHARDS = ["-c", "-e", "--", "-", "a b", "$x", "`x`", "$(rm x)", "*.c", "~/x", "{a,b}", "A=b", "'", '"', "\\", ";", "|",
    "&&", "<", ">f", "#", "!", "[", "]]", "-exec", "{}", "+", "rm", "-rf", "x", "", "é", "SELECT 1; DROP TABLE t",
    "print('x')", "-i", "10", "/etc/passwd", "https://h/x?a=b&c", "if", "then", "@f"]  # fmt: skip


def alike(words: tuple[str, ...]) -> None:
    arguments = b"\0".join(word.encode() for word in words) + b"\0"
    found = Image(1, words[0], 0, 0, 0, 0, arguments, ENV, "/home/me/project")
    line = command_line(found, words[0], words[1:])
    if line.door is not Door.EXEC:
        return
    assert line.argv is not None
    assert line.argv.text == line.text
    assert repr(read(line)) == repr(read(line.but(argv=None)))


@settings(deadline=None, max_examples=300)
@given(
    some.sampled_from(PROGRAMS),
    some.lists(
        some.sampled_from(SHARDS) | some.text("ab '\"$`\\;&|<>*?~{}#=-/\u00e9", max_size=6),
        max_size=6,
    ),
)
def test_words_are_read_as_the_line_that_they_make(program: str, words: list[str]) -> None:
    alike((f"/usr/bin/{program}", *words))


def test_the_words_of_what_agents_run_are_read_alike(shared: Path) -> None:
    count = 0
    for raw in (shared / "corpora/agent_commands.jsonl").read_text().splitlines()[::3]:
        try:
            words = shlex.split(json.loads(raw)["command"])
        except ValueError:
            continue
        if words and words[0].isprintable() and all(word.isprintable() for word in words):
            alike((f"/usr/bin/{words[0].rsplit('/', 1)[-1]}", *words[1:]))
            count += 1
    assert count > 500


def test_another_text_has_no_words_of_its_own() -> None:
    found = Image(1, "/bin/echo", 0, 0, 0, 0, b"echo\0a\0", ENV, "/")
    line = command_line(found, "/bin/echo", ("a",))

    (command,) = read(line.but(text="/bin/rm x")).commands

    assert [word.text for word in command.words] == ["/bin/rm", "x"]


def test_more_than_a_line_may_hold_is_not_read() -> None:
    alike(("/usr/bin/rm", "-rf", *["a-name"] * 5000))
    alike(("/usr/bin/env", "x" * 33_000))
