"""Other spellings of an example: a rule that catches a line catches it in these as well."""

from __future__ import annotations

import shlex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WRAPPED = {
    "sudo": "sudo {}",
    "env": "env A=1 {}",
    "assignment": "A=1 {}",
    "timeout": "timeout 5 {}",
    "after": "true && {}",
    "list": "cd . ; {}",
    "pipeline": "{} | cat",
    "background": "{} &",
    "subshell": "( {} )",
    "group": "{{ {}\n}}",
    "if": "if true; then {}\nfi",
    "function": "f() {{ {}\n}}; f",
    "substitution": 'echo "$({})"',
    "newline": "ls\n{}\nls",
}
_PREFIXES = ("sudo", "env", "timeout", "assignment")
_BUILTINS = ("cd", "history", "echo", "printf")  # a prefix would start another program of that name
_SHELLS = ("sh -c {}", "bash -lc {}", "eval {}", "echo {} | bash")


def disguises(line: str) -> Iterator[tuple[str, str]]:
    """Yield what a disguise is called, and the line in it; nothing for a line that is no simple one."""
    if set("|;&<>\n$`{") & set(line):
        return
    program, _, rest = line.partition(" ")
    prefixed = program not in _BUILTINS and "=" not in program
    for name, form in WRAPPED.items():
        if prefixed or name not in _PREFIXES:
            yield name, form.format(line)
    for form in _SHELLS:
        yield form.format("LINE"), form.format(shlex.quote(line))
    if "=" in program:
        return
    yield "variable", f"p={program}; $p {rest}"
    yield "backslash", f"\\{line}"
    before = ""
    if program == "sudo":
        before = "sudo "
        program, _, rest = rest.partition(" ")
    yield "quotes", f"{before}{program[0]}''{program[1:]} {rest}"
    if prefixed and "/" not in program:
        yield "absolute path", f"{before}/usr/bin/{program} {rest}"
