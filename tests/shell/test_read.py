"""What read() makes of command lines: the tables, the limits, and what must hold for any text at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatesh.errors import InputError
from gatesh.model import CommandLine, Parsed, Unparsed
from gatesh.shell.read import read
from tests.shell.cases import cases, reading, shown

TABLES = [
    (f, c)
    for f in ("words.toml", "structure.toml", "inside.toml", "fed.toml", "attacks_state.toml")
    for c in cases(f)
]


@pytest.mark.parametrize(
    ("file", "case"), TABLES, ids=[f"{f}:{c['line'][:50]!r}" for f, c in TABLES]
)
def test_a_line_holds_the_commands_of_its_table(file, case):
    found = reading(case["line"], tuple(case.get("arguments", ())))
    assert isinstance(found, Parsed), found
    wanted = case["commands"]
    seen = [{key: shown(c, key) for key in w} for c, w in zip(found.commands, wanted, strict=False)]
    assert seen == wanted
    assert [c.words for c in found.commands[len(wanted) :]] == []


@pytest.mark.parametrize("case", cases("unparsed.toml"), ids=lambda c: repr(c["line"][:50]))
def test_what_cannot_be_read_says_why_and_what_was_seen(case):
    found = reading(case["line"])
    assert isinstance(found, Unparsed)
    assert found.reason == case["reason"]
    assert set(case.get("sees", ())) <= {c.program for c in found.commands}
    assert set(case.get("names", ())) <= set(found.names)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("<<$'E'\nE\n$'\\x72'm x", True),
        ("if ((\nr?m x", True),
        ("if ((\necho cm0geAo= | base64 -d | sh", True),
        ("if ((\n. ./x", True),
        ("if ((\ne''val x", True),
        ("if ((\n" + " ".join(f"a{n}" for n in range(2500)), True),
        ("alias q=\"'\"\nq $x'", True),
        ("it's $x", False),
        ("if ((\nrm x", False),
    ],
)
def test_an_unread_line_says_whether_it_may_hide_a_name(text, hidden):
    found = reading(text)
    assert isinstance(found, Unparsed)
    assert found.beyond is hidden


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("r\0m x", "U+0000 at offset 1"),
        ("ls\rrm x", "U+000D at offset 2"),
        ("ls\r", "U+000D at offset 2"),
        ("env\x0brm", "U+000B at offset 3"),
        ("env\x0crm", "U+000C at offset 3"),
        ("echo '\x1b[2K'", "U+001B at offset 6"),
        ("rm \x7fx", "U+007F at offset 3"),
        ("rm \udcff", "no UTF-8 at offset 3"),
    ],
)
def test_characters_that_terminals_and_shells_see_differently_are_refused(text, said):
    with pytest.raises(InputError) as caught:
        reading(text)
    assert said in caught.value.message
    assert caught.value.hint


def test_tabs_newlines_and_crlf_are_ordinary():
    assert isinstance(reading("ls\tx\nrm y\r\n"), Parsed)


def test_a_locale_that_is_not_utf_8_makes_other_characters_unreadable():
    assert isinstance(reading("rm é", LC_ALL="zh_CN.GBK"), Unparsed)
    assert isinstance(reading("rm é", LANG="de_DE.UTF-8"), Parsed)
    assert isinstance(reading("rm e", LC_ALL="zh_CN.GBK"), Parsed)


def test_bash_env_may_have_set_any_variable():
    (command,) = reading("rm $x", BASH_ENV="/etc/f").commands
    assert not command.words[1].known


def test_more_than_32_kb_outside_here_documents_is_not_read():
    assert isinstance(reading("echo " + "a " * 17000), Unparsed)
    assert isinstance(reading("cat <<E\n" + "a\n" * 100000 + "E"), Parsed)


HOSTILE = {
    "$( )": "$(" * 5000 + ")" * 5000,
    "$(( ": "$((" * 5000,
    "$(( ))": "echo " + "$((" * 40 + "1" + "))" * 40,
    "$(( mixed": "echo " + "$((" * 45 + "a" + ") )" * 45,
    "((": "((" * 5000,
    "(": "(" * 10000 + ")" * 10000,
    "{": "{ " * 5000 + "; }" * 5000,
    "if": "if " * 5000,
    "backticks": "`" * 20001,
    "escaped backticks": "echo `" + "\\`" * 5000 + "`",
    "${": "${x:-" * 5000 + "}" * 5000,
    "quotes": "\"'" * 15000,
    "commands": "a;" * 16000,
    "backgrounds": "a&" * 16000,
    "ands": "a&&" * 10000 + "a",
    "pipes": "a|" * 16000 + "a",
    "arguments": "rm " + "a " * 15000,
    "newlines": "\n" * 32000,
    "braces": "echo " + "{a,b}" * 5000,
    "brace sequences": "echo " + "{1..99999}" * 10,
    "nested braces": "echo " + "{" * 5000 + "a,b" + "}" * 5000,
    "open braces": "echo " + "{" * 30000,
    "commas": "echo {" + "," * 30000 + "}",
    "doubling": "a=xxxxxxxx;" + "a=$a$a;" * 3000 + "rm $a",
    "nested eval": 'a=\'eval "$a"\'; eval "$a"',
    "eval twice": 'a=\'eval "$b";eval "$b"\'; b=\'eval "$a";eval "$a"\'; eval "$a"',
    "loops": "for i in a; do " * 48 + "cd x; y=$y" + "; done" * 48,
    "functions": "f() { " * 48 + "a" + "; }" * 48,
    "here-documents": "cat " + "<<E " * 5000 + "\n" + "E\n" * 5000,
    "here-document delimiters": "cat <<E\n" + "E\\\n" * 50000,
    "backslashes": "\\" * 32001,
    "subscripts": "a[" * 15000,
    "extglob": "ls " + "@(" * 15000,
    "tildes": "x=" + "~:" * 15000,
    "assignments": "a=1 " * 8000,
    "cases": "case x in a) " * 3000,
    "xargs": "xargs " * 6000 + "rm",
    "find": "find " + "-exec find " * 40 + "rm",
    "find many": "find " + "-exec rm {} + " * 2000,
    "docker": "docker run " * 40 + "rm",
    "ssh": "ssh h " * 3000 + "rm",
    "sh -c": "sh -c " * 3000 + "rm",
    "printf": "printf '%s%s%s%s' " + "a " * 10000 + "| sh",
    "echo -e": "echo -e '" + "\\0141" * 6000 + "' | sh",
    "substitutions in a function call": "f() { g; }; " + "$(f) " * 5000,
    "dollars": "$" * 32000,
    "at": 'rm "$@"' * 4000,
    "case patterns": "case x in " + "a|" * 15000 + "a) ;; esac",
    "conditions": "[[ " + "a && " * 6000 + "b ]]",
    "sequence of numbers": "echo {1..100000000000000000000000}",
    "big positional": "echo $" + "9" * 5000 + " ${" + "9" * 5000 + "}",
    "arrays": "a=(" + "x " * 128 + ");" + 'rm "${a[@]}";' * 1900,
    "arrays that grow": "a=(x);" + 'a+=("${a[@]}" "${a[@]}");' * 1000 + 'rm "${a[@]}"',
    "echo nested": "echo " + "$(echo " * 45 + "a" + ")" * 45,
    "echo in backticks": "echo `echo \\`echo \\\\\\`echo a\\\\\\`\\``",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_answered_within_two_seconds(name):
    text = HOSTILE[name]
    before = time.process_time()
    found = reading(text)
    assert time.process_time() - before < 2
    assert all(0 <= c.span.start <= c.span.end <= len(text) for c in found.commands)


def test_a_caller_deep_in_its_own_stack_gets_an_answer():
    def deep(n: int) -> object:
        return deep(n - 1) if n else reading("echo $(a $(b $(c)))")

    import sys

    frame, used = sys._getframe(), 0
    while frame := frame.f_back:
        used += 1
    for left in (20, 40, 60, 90, 120):
        assert isinstance(deep(sys.getrecursionlimit() - used - left), (Parsed, Unparsed))


PIECES = st.sampled_from(
    """rm|a|'|"|`|$(|)|(|{|}|;|&|&&|\\||<<E|E|>|<(|${x:-|$((|))|[[|]]|if|then|fi|case|in|esac|for|do|done|x=|
    |#|\\|$'|\\x41|{a,b}|~|*|eval|sh -c|cd|echo|é|\U0001f600|!|function|time|coproc|=(|@(|$@|$1|%|//""".split(
        "|"
    )
)
ANY = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(PIECES, st.sampled_from([" ", "\n", "\t", "\\\n"])), max_size=25).map(
        "".join
    ),
)


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(ANY)
def test_no_text_raises_and_every_span_lies_inside_it(text):
    try:
        found = read(CommandLine(text, "/work", {"HOME": "/h"}))
    except InputError:
        return
    for command in found.commands:
        spans = [
            command.span,
            *(w.span for w in command.words),
            *(r.span for r in command.redirects),
        ]
        spans += [r.target.span for r in command.redirects] + [
            a.value.span for a in command.assignments
        ]
        assert all(0 <= s.start <= s.end <= len(text) for s in spans)
    if isinstance(found, Unparsed):
        assert found.reason
        assert 0 <= found.span.start <= found.span.end <= len(text)


def test_reading_twice_gives_the_same():
    line = "a=$(b); cat <<E | sh\nrm $a\nE"
    assert reading(line) == reading(line)
