"""Programs of functions, loops, aliases and expansions under a real bash: no call of `zap` that the reading lacks."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatesh.model import Certainty, CommandLine, Parsed
from gatesh.rules.on_code import unseen_code
from gatesh.shell.read import read

HOME = {"HOME": "/home/u", "LC_ALL": "C.UTF-8", "V": "a b", "N": "3", "W": "x/y.tar.gz"}

WORD = st.sampled_from(
    """a 'b c' "$V" $V ${V} $1 "$1" "$@" $# ${2:-d} $v "$v" $w x$v ${v%a*} ${v#?} ${W##*/} ${W%.*} ${W%%.*} "${v/a/q}"
    ${v//b/} ${W:2:3} "${v^^}" ${#v} $((N+1)) $((N*2-1)) $((n+1)) {p,q} {1..3} x{$v,z} ${u:-$v} ${v:+k} "${!r}" ''
    $(echo¤e¤f) "$(echo¤g|rev)" $(printf¤'%s-'¤a¤b) "$(base64¤-d<<<aGk=)" ${W:¤-2} 'b¤c'
    "${a[@]}" ${a[1]} "${a[@]:1}" ${#a[@]} "${a[*]}" ${a[@]} "${a[@]/a/q}" "${@:2}" "${a[-1]}" $a x"${a[@]}"z
    "${!a[@]}" ${a[N-2]} "${a[@]#?}" "${a[@]:-d}" ${a[@]+"${a[@]}"} "${@/#/-}" "${@:¤-1}" ${a[0]:-e} "${m[k]}"
    "${m[b¤c]:-f}" ${#m[@]}""".split()
).map(lambda word: word.replace("¤", " "))
WORDS = st.lists(WORD, max_size=3).map(" ".join)
VALUE = st.sampled_from(
    ["a", "'a b'", "$V", "b$v", "${v%?}", "$((N+2))", '"$1"', "'zap k'", "a,b,,c", "n"]
)

SIMPLE = st.one_of(
    WORDS.map("zap {}".format),
    st.tuples(st.sampled_from("vwunr"), VALUE).map("=".join),
    WORDS.map("f {}".format),
    WORDS.map("g {}".format),
    WORDS.map("set -- {}".format),
    WORDS.map("a=({})".format),
    WORDS.map("a+=({})".format),
    WORD.map("a[1]={}".format),
    WORD.map("a=(x [4]={} y)".format),
    WORD.map("m[k]={}".format),
    WORD.map("declare -A m=([k]={} ['b c']=z)".format),
    WORDS.map("declare -a a=({})".format),
    WORDS.map("printf -v v '%s-' {}".format),
    WORDS.map("read -r v w <<< {}".format),
    WORDS.map("IFS=, read -ra a < <(printf '%s,' {})".format),
    WORDS.map("mapfile -t a < <(printf '%s\\n' {})".format),
    st.sampled_from(
        [
            "shift",
            "shift 2",
            "IFS=,",
            "unset IFS",
            "unset v",
            "v+=c",
            "true",
            "false",
            "local v=l",
            "r=v",
            "r=a[1]",
            "a=q",
            "unset a",
            "unset 'a[0]'",
            "a[-1]=e",
            "local a=(l m)",
            "x=1 v=$x w=$v",
            "read v",
            "read -r w v",
            "read -ra a",
            "return",
        ]
    ),
    WORDS.map("y {}".format),
    WORDS.map("eval zap {}".format),
    WORDS.map("v=e eval 'zap $v' {}".format),
    WORDS.map("echo {} | xargs zap".format),
    WORDS.map("printf '%s\\0' {} | xargs -0 zap t".format),
    WORDS.map("echo {} | xargs -n1 zap".format),
    WORDS.map("bash -c 'zap \"$@\"' _ {}".format),
    WORDS.map("echo zap {} | sh".format),
    WORDS.map("v=2 f {}".format),
    WORDS.map("echo 'zap \"$1\"' >s; bash s {}".format),
)


def compound(inner):
    block = st.lists(inner, min_size=1, max_size=3).map("; ".join)
    return st.one_of(
        st.tuples(st.sampled_from("vwi"), WORDS, block).map(
            lambda t: f"for {t[0]} in {t[1]}; do {t[2]}; done"
        ),
        block.map("for i; do {}; done".format),
        st.tuples(WORDS, block).map(
            lambda t: f"while read -r v w; do {t[1]}; done < <(printf '%s e\\n' {t[0]})"
        ),
        st.tuples(WORDS, block).map(
            lambda t: f"printf '%s\\n' {t[0]} | while read v; do {t[1]}; done"
        ),
        st.tuples(WORDS, block).map(lambda t: f"{{ {t[1]}; }} < <(printf '%s f\\n' {t[0]})"),
        st.tuples(block, block, block).map(lambda t: f"if {t[0]}; then {t[1]}; else {t[2]}; fi"),
        st.tuples(inner, inner).map(" && ".join),
        st.tuples(inner, inner).map(" || ".join),
        block.map("( {} )".format),
        block.map("{{ {}; }} | cat".format),
        st.tuples(st.sampled_from(["a", "'b c'"]), block).map(
            lambda t: f"case $v in {t[0]}) {t[1]};; *) zap o;; esac"
        ),
    )


STATEMENT = st.recursive(SIMPLE, compound, max_leaves=6)
BODY = st.lists(
    SIMPLE.filter(lambda s: "f " not in s[:8] and "g " not in s[:2]), min_size=1, max_size=3
).map("; ".join)
LINES = st.tuples(
    BODY,
    st.lists(SIMPLE.filter(lambda s: "f " not in s[:8]), min_size=1, max_size=2).map("; ".join),
    st.lists(STATEMENT, min_size=1, max_size=5).map("\n".join),
).map(
    lambda t: (
        f"shopt -s expand_aliases\nalias y='zap -y' \ng() {{ {t[0].replace('g ', 'zap ')}; }}; f() {{ {t[1].replace('f ', 'zap ')}; }}\n{t[2]}"
    )
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    bin_ = tmp_path_factory.mktemp("bin")
    (bin_ / "zap").write_text(
        '#!/bin/sh\n{ for a in "$@"; do printf "%s\\0" "$a"; done; printf "\\001\\0"; } >>"$RAN"\n'
    )
    (bin_ / "zap").chmod(0o755)
    return bin_


def calls(text: str, folder, work) -> list[tuple[str, ...]]:
    """What bash hands to `zap`, call by call."""
    ran = work / "ran"
    ran.write_bytes(b"")
    env = {**HOME, "PATH": f"{folder}:/usr/bin:/bin", "RAN": str(ran)}
    subprocess.run(
        ["/bin/bash", "-c", text, "bash", "p1", "p 2"], env=env, cwd=work, timeout=20, check=False,
        stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    found: list[tuple[str, ...]] = []
    call: list[str] = []
    for word in ran.read_bytes().split(b"\0")[:-1]:
        if word == b"\1":
            found.append(tuple(call))
            call = []
        else:
            call.append(word.decode("utf-8", "surrogateescape"))
    return found


def fits(call: tuple[str, ...], command) -> bool:
    """Claim that a command of the reading may have been this call; what it calls known has to be right."""
    words = command.words[1:]
    if command.more_words or any(w.certainty is Certainty.UNKNOWN for w in words):
        return True
    return tuple(w.text for w in words) == call


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(LINES)
def test_every_call_is_one_that_the_reading_shows(folder, tmp_path_factory, text):
    work = tmp_path_factory.mktemp("w")
    found = read(CommandLine(text, str(work), HOME, arguments=("bash", "p1", "p 2")))
    if not isinstance(found, Parsed):
        return
    if any((c.words and not c.words[0].known) or unseen_code(c) for c in found.commands):
        return  # it says so, and is asked about
    shown = [c for c in found.commands if c.program == "zap"]
    for call in calls(text, folder, work):
        assert any(fits(call, command) for command in shown), (text, call)
