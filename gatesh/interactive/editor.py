"""The line editor in front: prompt_toolkit, with bash's prompt, completion and history."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal, set_app
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import History
from prompt_toolkit.input.typeahead import clear_typeahead, get_typeahead
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.search import stop_search
from prompt_toolkit.shortcuts import CompleteStyle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.key_binding import KeyPress
    from prompt_toolkit.key_binding.key_processor import KeyPressEvent

    from gatesh.interactive.behind import Report

    class Beside(Protocol):
        """What goes on in the bash behind while a line is edited."""

        @property
        def output(self) -> int:
            """Return a descriptor that can be read when a program has printed something."""

        @property
        def ended(self) -> int:
            """Return one that can be read when bash has ended."""

        def printed(self) -> bytes | None:
            """Return what was printed; None where there is no terminal any more."""


_START, _TYPED = "\x01\x1b]133;A\x07\x02", "\x01\x1b]133;B\x07\x02"  # OSC 133, for the terminal
_HIDDEN = re.compile(r"\x01(.*?)\x02", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[\d;:]*m")
_OTHER = re.compile(r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|\[[\d;?]*[A-Za-ln-z]|[()][\w]|[=>78])")

_SPECIAL = re.compile(r"[^\w./:=,@%+~^-]")


def styled(prompt: str) -> str:
    """Return a prompt of bash's for prompt_toolkit: colours as they are, all else of no width kept hidden."""
    bare = _HIDDEN.sub(r"\1", prompt).replace("\r\n", "\n").replace("\x01", "").replace("\x02", "")
    return _OTHER.sub(lambda found: f"\x01{found.group()}\x02", bare)


class Entries(History):
    """What was entered before, oldest first: bash's own history, behind it what the audit log has."""

    def __init__(self, older: Callable[[], list[str]]) -> None:
        """Load `older` when it is first looked for; newest last."""
        super().__init__()
        self._older = older

    def load_history_strings(self) -> Iterable[str]:
        """Yield what was entered before this session, newest first."""
        return reversed(self._older())

    def store_string(self, string: str) -> None:
        """Keep nothing: bash and the audit log do."""


class BashCompleter(Completer):
    """Asks the bash behind for what may stand at the cursor."""

    def __init__(self, ask: Callable[[str], str]) -> None:
        """Keep how to ask."""
        self._ask = ask

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield the candidates for the word before the cursor."""
        del complete_event
        text = document.text_before_cursor
        last = re.split(r"[;|&\n(]\s*", text)[-1]
        word = re.split(r"\s", last)[-1]
        typed = re.split(r"[=:]", word)[-1]
        candidates = list(dict.fromkeys(self._ask(last).splitlines()))
        for found in candidates:
            start = next((part for part in (word, typed) if found.startswith(part)), None)
            if start is None:
                continue
            path = os.path.expanduser(found)
            if os.path.isdir(path):
                text = found.rstrip("/") + "/"
            else:
                text = found.rstrip(" ") + (" " if len(candidates) == 1 else "")
            if os.path.lexists(path):
                text = _SPECIAL.sub(r"\\\g<0>", text[:-1]) + text[-1]
            yield Completion(text, -len(start), display=_last_part(found))


def _last_part(path: str) -> str:
    head, slash, tail = path.rstrip("/ ").rpartition("/")
    return tail if slash and head else path


class GoneError(Exception):
    """The bash behind has ended while a line was edited."""


class Editor:
    """One editor for the session."""

    def __init__(
        self,
        older: Callable[[], list[str]],
        complete: Callable[[str], str],
        ready: Callable[[str], bool],
    ) -> None:
        """`ready` says whether a text can be entered, or something is missing of it."""
        self._ready = ready
        self._continuation = "> "
        self._loop = (
            asyncio.new_event_loop()
        )  # for every prompt: making one costs as much as drawing
        output = Vt100_Output.from_pty(sys.stdout, term=os.environ.get("TERM"))
        output.enable_cpr = False  # an answer that comes late would be a key to the next program
        self._session: PromptSession[str] = PromptSession(
            history=Entries(older),
            completer=BashCompleter(complete),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            key_bindings=self._keys(),
            multiline=True,
            prompt_continuation=lambda _, __, wrapped: ANSI("" if wrapped else self._continuation),
            output=output,
            reserve_space_for_menu=0,
        )

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter")
        def _enter(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if buffer.complete_state:
                buffer.complete_state = None
            if self._ready(buffer.text):
                buffer.cursor_position = len(buffer.text)
                buffer.validate_and_handle()
            else:
                buffer.insert_text("\n")

        @keys.add("c-c")
        def _interrupt(event: KeyPressEvent) -> None:
            stop_search()  # the next prompt would type into it, unseen
            event.current_buffer.cursor_position = len(event.current_buffer.text)
            event.current_buffer.insert_text("^C")
            event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

        return keys

    def read(self, report: Report, typed: bytes, behind: Beside) -> tuple[str, bytes]:
        """Return the line that was entered, and what was typed behind it.

        Raises EOFError and KeyboardInterrupt as the keys say, GoneError where bash has ended.
        """
        self._continuation = styled(report.continuation)
        session = self._session
        session.editing_mode = EditingMode.VI if report.vi else EditingMode.EMACS
        found: list[KeyPress] = []
        Vt100Parser(found.append).feed(typed.decode("utf-8", "replace"))

        def begin() -> None:
            processor = get_app().key_processor
            processor.feed_multiple(found)
            processor.process_keys()

        self._loop.add_reader(behind.output, self._print, behind)
        self._ended = behind.ended
        self._loop.add_reader(behind.ended, self._leave)
        try:
            text = self._loop.run_until_complete(
                session.prompt_async(
                    ANSI(_START + styled(report.prompt) + _TYPED),
                    pre_run=begin if found else None,
                    handle_sigint=False,
                )
            )
        finally:
            self._loop.remove_reader(behind.output)
            self._loop.remove_reader(behind.ended)
        rest = "".join(press.data for press in get_typeahead(session.input))
        clear_typeahead(session.input)
        return text, rest.encode("utf-8", "surrogateescape")

    def _print(self, behind: Beside) -> None:
        """Show above the prompt what programs in the background print."""
        data = behind.printed()
        if data is None:
            self._loop.remove_reader(behind.output)
        elif data:
            whole = data if data.endswith(b"\n") else data + b"\r\n"
            run_in_terminal(lambda: os.write(1, whole))

    def _leave(self) -> None:
        self._loop.remove_reader(self._ended)
        with set_app(self._session.app):
            stop_search()
        self._session.app.exit(exception=GoneError)
