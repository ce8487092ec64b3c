"""Editing settings as text: the key changes, every other byte stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatesh.commands import jsonc
from gatesh.errors import ConfigError

# text before, text after `shell` was put
CASES = {
    "nothing in it": ("{}", '{\n  "shell": "/g"\n}'),
    "nothing, broken": ("{\n}\n", '{\n  "shell": "/g"\n}\n'),
    "only a comment": ("{ // none yet\n}\n", '{\n  "shell": "/g" // none yet\n}\n'),
    "on lines": ('{\n    "a": 1\n}\n', '{\n    "shell": "/g",\n    "a": 1\n}\n'),
    "with tabs": ('{\n\t"a": 1,\n}\n', '{\n\t"shell": "/g",\n\t"a": 1,\n}\n'),
    "on one line": ('{"a": {"shell": "no"}}', '{"shell": "/g", "a": {"shell": "no"}}'),
    "replaced": ('{"a": 1, "shell" : /* old */ "zsh",}', '{"a": 1, "shell" : /* old */ "/g",}'),
    "comments around": (
        '// mine\n{\n  // first\n  "url": "http://x//y", // not a comment in the string\n  /* "shell": 1 */\n}\n',
        '// mine\n{\n  // first\n  "shell": "/g",\n  "url": "http://x//y", // not a comment in the string\n  /* "shell": 1 */\n}\n',
    ),
    "windows line ends": ('{\r\n  "a": 1\r\n}\r\n', '{\r\n  "shell": "/g",\n  "a": 1\r\n}\r\n'),
}

REMOVED = {
    "last on a line": ('{\n  "a": 1,\n  "shell": "/g"\n}\n', '{\n  "a": 1\n}\n'),
    "last, trailing comma": ('{\n  "a": 1,\n  "shell": "/g",\n}\n', '{\n  "a": 1,\n}\n'),
    "alone, trailing comma": ('{"shell":"/g",}', "{}"),
    "comma behind a comment": ('{"shell":"/g" /* x */ , "a": 1}', '{"a": 1}'),
    "last on one line": ('{"a": 1, "shell": "/g"}', '{"a": 1 }'),
    "not there": ('{"a": 1}', '{"a": 1}'),
}

BROKEN = {
    "no object": ("[]", 1, "not a JSON object"),
    "empty": ("", 1, "expecting value"),
    "half a line": ('{\n  "a": 1\n  "b": 2\n}', 3, "expecting ',' delimiter"),
    "an open comment": ('{ "a": 1 /* }', 1, "expecting ',' delimiter"),
    "twice": ('{\n"shell": "a",\n"shell": "b"}', 2, 'the key "shell" is there twice'),
}


@pytest.mark.parametrize("name", CASES)
def test_a_key_is_put_and_nothing_else_changes(name):
    before, after = CASES[name]
    assert jsonc.put(jsonc.read(before, "f"), "shell", "/g") == after
    assert jsonc.read(after, "f").member("shell").value == "/g"


@pytest.mark.parametrize("name", REMOVED)
def test_a_key_is_removed_with_its_comma_and_line(name):
    before, after = REMOVED[name]
    assert jsonc.remove(jsonc.read(before, "f"), "shell") == after
    jsonc.read(after, "f")


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_refused_with_its_line(name):
    text, line, what = BROKEN[name]
    with pytest.raises(ConfigError) as caught:
        jsonc.read(text, "settings.json")
    assert caught.value.message == f"settings.json:{line}: {what}"
    assert caught.value.hint


NAMES = st.text(st.sampled_from('ab"\\/*,:{}\n é'), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.sampled_from([None, 2, "\t"]))
def test_put_and_remove_leave_every_other_value_as_it_was(whole, indent):
    text = json.dumps(whole, indent=indent, ensure_ascii=False)
    put = jsonc.put(jsonc.read(text, "f"), "shell", 'a "quoted" /path')
    assert json.loads(put) == {"shell": 'a "quoted" /path'} | whole
    removed = jsonc.remove(jsonc.read(put, "f"), "shell")
    assert json.loads(removed) == whole
    assert removed == text or not whole


@given(st.dictionaries(NAMES, VALUES, max_size=3), st.sampled_from([None, 2]), st.booleans())
def test_prepend_remove_and_prune_leave_every_other_value_as_it_was(whole, indent, others):
    whole = {name: value for name, value in whole.items() if name != "hooks"}
    before = whole | ({"hooks": {"A": [{"b": 1}, 2]}} if others else {})
    text = json.dumps(before, indent=indent, ensure_ascii=False)
    put = jsonc.prepend(jsonc.read(text, "f"), ("hooks", "A"), {"command": ["x", 'a"b']})
    listed = [{"command": ["x", 'a"b']}, *([{"b": 1}, 2] if others else [])]
    assert json.loads(put) == whole | {"hooks": {"A": listed}}
    removed = jsonc.remove(jsonc.read(put, "f"), ("hooks", "A", 0))
    assert json.loads(jsonc.prune(removed, ("hooks", "A"), "f")) == before
