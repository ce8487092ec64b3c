"""Readings held against the real bash: the words it hands to a program, and the commands it runs."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatesh.model import Certainty, CommandLine, Parsed
from gatesh.shell.read import read

HOME = {"HOME": "/home/u", "LC_ALL": "C.UTF-8", "V": "a b", "E": "", "G": "*x"}

LITERAL = r"""
show 'a b' "c d" e\ f '' "" a''b "a"'b'c \a \\ \' \"
show $'\x72\155\u00e9\U0001F600\n\t\e\cA\'\"\\\?\q' $'a\0b' $'\xc3\xa9' $"x y"
show "a\b\$c\`d\"e\\f" x=~:~/y "${N:-~}" ${N:-~/x} ${N:-'d e' f} ${V:+"$V" $V}
show {a,b}{1..3} {x} {,} a{,.bak} '{a,b}' {a,"b,c"} {3..1} {a..e..2} {01..03} {-1..1} x{a,{b,c}}y {a b} }{ {a,b {1..x} {a..1}
show {{a,b},c} {a,}{,b} \{a,b} {a\,b,c} {"a",$'b'} {a,b}c{d,e} {,,} '' {''} {"",x}
show ~ ~/x "~" \~ a~ ~/"y z" ~+ x=~ x=~/y a:~ --p=~/z
show $V "$V" ${V} x$V"y" $E "$E" x$E $V$V "${V}"$V ${#V} "${#V}"
show ${V:-d} ${N:-d e} "${N:-d e}" ${N-"d e"} ${E:-x} ${E-x} ${E:+x} ${V:+"x y"} ${N:=z} $N "${N}" ${V+s} ${Q+s} ${Q:-'a b'} "${Q:-'a'}"
show $1 "$@" $# "$#" $0 ${1} ${2:-x} x"$@"y "$*" $@
show a#b '#' x\#y "$" $ a$ "a$" $% \$V '$V' "\$V"
show a=b a+=b a[0]=c =x 'a=b c' a="b c"
show é "ü" 😀 a\é
show a"b"'c'\d$'e'$"f"${V:+g}`:`h
x="1 2"; show $x "$x"; x+=3; show $x; y=$x; show "$y"; z='a\nb'; show $z "$z"; w=$'q\tr'; show $w
set -- p "q r"; show "$@" $2 "$2"
export X="a  b" Y=~/c; show $X "$X" $Y
show <<<"in" a 2>/dev/null b >&1 c
if true; then show a; fi; { show b; }; (show c); for i in 1; do show d; done; case x in x) show e;; esac; f() { show g; }; f
show $(echo a b) "$(echo a b)" `printf 'c\144'` $(printf '%s-' x y) "$(echo -e 'p\tq')" $(echo -n z) $(echo '*')x
! show a; time show b; show c | show d; true && show e
eval show a "'b c'"; eval 'show "$V"'; sh -c 'show "$@"' n 'a b' c; bash -c "show \"\$0\"" k; env -u V show x; command show y; nice -n 1 show z; env -S 'show q r'
show a{b,c}$E $E{a,b} "$V"{1,2} {$E,x} {"$V",b} x{$V,}
show [ ] [] a] '[a]' !
show $'a'{b,c} "{a,b}" {'a,b',c} {`echo q`,r}
show $((1)) 2>/dev/null
show${IFS}a${IFS}b "${IFS}"; IFS=,; x=a,b,,c, y=,d z=' e , f '; show $x$y"$x" $z q$y"$E"$y $IFS "$IFS" ${x}g; show ${IFS}h
IFS=', '; x='a , b,,c ,' y=' , d'; show $x $y 1$x$y"2"$y$x; IFS=; show $x; unset IFS; show $x $IFS; IFS=x; w=axb; show $w"$w"${w}
x="show q" eval '$x'; IFS=, eval 'z=show,b; $z'
x=/a/b.c.gz; show ${x%.*} ${x%%.*} ${x#*/} ${x##*/} "${x%'.gz'}" "${x#"/a"}" ${x%z*q} ${x%?} ${x#[/x]a} ${x%[!a-f]z} ${x%} ${x#"*"}
x=a-b-c; show ${x/-/+} ${x//-/} ${x//[ab]/Q} ${x/#a/z} ${x/%c/z} ${x/#b/z} "${x//-/ }" ${x//-/ } ${x/b*} ${x//?/y} ${x/zz/y}
x='ab cd'; show ${x:1} "${x:1:2}" ${x: -2} "${x:0:-1}" "${x:3}" ${x:9} "${x:$((1+1)):1}" "${x^^}" "${x^}" "${x,,}" "${x@U}" ${x^^}
x=y y=zz; show ${!x} "${!x}"; n=3; show $((n+1)) $((2*(3+n)%5)) $((n>2?7:8)) $((-7/2)) $((-7%3)) $((0x1f)) $((010)) $((2**10)) $((1<<4|3)) $((!n)) $(( $n * ${n} ))
set -- a 'b c' d; shift; show "$@" $1; shift 2; show x"$@"y $#; shift 5; show $#
set -- a 'b c' d; show "${@:2}" "${@:1:2}" "${@: -1}" "${*:2}" ${@:3} x"$@"y "${@/#/p}" "${@^^}" ${#@} ${!#} "${@:-z}" "${@:9}"
a=(x 'y z' [5]=w v); show "${a[@]}" ${a[@]} "${a[*]}" "${!a[@]}" ${#a[@]} $a "${a[1]}" ${a[-1]} "${a[@]:1:2}" "${a[@]: -1}" ${#a[1]}
a=(x 'y z'); a+=(w); a[0]+=; b=("${a[@]}" $V "$E"); show "${b[@]}" "p${b[@]}s" "${b[@]/y/q}" "${b[@]%?}" ${b[@]+"${b[@]}"} "${c[@]-d}" "${c[@]}"
a=(); show "${a[@]}" ${a[@]:-d} "${a[*]}" x"${a[@]}" ${a-u}; a[2]=q; show "$a" "${a[2]}"; a=v; show "${a[@]}"; unset 'a[0]'; show "${a[@]}"; unset a; show "${a[@]}" e
declare -A m=([k]=v ['b c']=w); m[z]=$V; show "${m[k]}" "${m[b c]}" "${m["z"]}" ${#m[@]} "${m[q]-n}"; i=1; a=(p q r); show ${a[i]} ${a[i+1]} "${a[$i-1]}"
IFS=:; a=(x y); show "${a[*]}" "$*"; IFS=; show "${a[*]}" "${a[@]}"; unset IFS; show "${a[*]}"; n=a; r='a[1]'; t='a[@]'; show ${!n} ${!r} "${!t}"
read x y <<< '  a  b  c '; show "$x" "$y"; IFS=, read -r x y <<< 'a,,b,'; show "$x" "$y"; read <<< ' q '; show "$REPLY"; IFS=': ' read -ra a <<< ' a : b::c '; show "${a[@]}"
printf -v x '%s-' a b; printf -vy q; printf -v 'z[1]' w; show "$x" $y "${z[1]}"; mapfile -t a <<< $'p\nq r'; show "${a[@]}"; mapfile -t -d, a < <(printf 'a,b'); show "${a[@]}"
while read -r k v; do show "$v" "$k"; done <<< $'1 2 3\n4'; printf 'a\nb' | while IFS= read -r l || [ -n "$l" ]; do show "$l"; done; { read x; read y; show $x$y; } < <(printf 'a\nb\n')
show $(dirname /a/b/c) $(dirname a) $(dirname a/b/) $(dirname /) $(basename /a/b.txt .txt) $(basename a/) $(seq 3) $(seq 2 4) $(seq 5 -2 1)
show $(echo a,b,c | cut -d, -f2) $(echo a:b:c | cut -d: -f1,3) $(echo abcd | cut -c2-3) $(echo ab | cut -d, -f2) $(printf 'a\nb\nc\n' | head -1) $(printf 'a\nb\n' | tail -n 1)
show $(echo axbx | sed s/x/y/g) $(echo axbx | sed 's|x|/|') $(echo a b c | awk '{print $2}') $(echo a b | awk '{ print $NF }') $(echo ' a' | awk '{print $3}')x
show $(echo a; echo b) "$(true && echo c)" $({ echo d; } | cat) $(x=f; echo $x) "$(cat <<< g; printf h)" $(:)x
x=1 y=$x; show $y; x=2 y=$x show $y; e=; x=3 z=$x $e; show $z
"""

LINES = [*LITERAL.strip().splitlines(), "show \"a\nb\" 'c\nd' e\\\nf", "show <<E g\nh\nE\nshow i"]


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bin")
    show = folder / "show"
    show.write_text(
        '#!/bin/sh\n{ for a in "$@"; do printf "%s\\0" "$a"; done; printf "\\001\\0"; } >>"$OUT"\n'
    )
    show.chmod(0o755)
    return folder


def handed_over(
    text: str, bin_folder: Path, work: Path, arguments: tuple[str, ...] = ("bash", "p1", "p 2")
) -> list[list[str]]:
    """What bash hands to `show`, call by call."""
    out = work / "out"
    out.unlink(missing_ok=True)
    out.touch()
    env = {**HOME, "PATH": f"{bin_folder}:/usr/bin:/bin", "OUT": str(out)}
    subprocess.run(
        ["/bin/bash", "-c", text, *arguments], env=env, cwd=work, timeout=20, check=False,
        stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    calls, call = [], []
    for word in out.read_bytes().split(b"\0")[:-1]:
        if word == b"\1":
            calls.append(call)
            call = []
        else:
            call.append(word.decode("utf-8", "surrogateescape"))
    return calls


def shows(text: str, work: Path) -> list[list[str | None]]:
    """What read() says that `show` gets; None for a word that nobody can know."""
    found = read(CommandLine(text, str(work), HOME, arguments=("bash", "p1", "p 2")))
    assert isinstance(found, Parsed), found
    return [
        [w.text if w.known else None for w in c.words[1:]]
        for c in found.commands
        if c.program == "show"
    ]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:60])
def test_the_words_are_those_that_bash_hands_over(line, bin_folder, tmp_path):
    wanted = handed_over(line, bin_folder, tmp_path)
    seen = shows(line, tmp_path)
    assert wanted
    if "|" not in line:  # both ends of a pipe run at once
        assert len(seen) == len(wanted)
        for mine, real in zip(seen, wanted, strict=True):
            if None not in mine:
                assert mine == real
    else:
        assert sorted(map(str, seen)) == sorted(map(str, wanted))


WORD = st.lists(
    st.sampled_from(
        ["a", "b", "{", "}", ",", "..", "1", "3", "'", '"', "\\", "$'", '$"', "$V", "${V}", "$E", "$", "~", "/", "=", "#",
         "[", "]", "*", "\\x41", "\\101", "${E:-", "${V:+", "é", " ", "!", "^", "-", "+", "@", "%", "\\\n", "$#", '"$V"', "'x y'"]
    ),
    max_size=9,
).map("".join)  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(words=st.lists(WORD, min_size=1, max_size=3))
def test_any_word_that_is_called_known_is_what_bash_makes_of_it(
    words, bin_folder, tmp_path_factory
):
    work = tmp_path_factory.mktemp("w")
    line = "show " + " ".join(words)
    found = read(CommandLine(line, str(work), HOME, arguments=("bash", "p1", "p 2")))
    if not isinstance(found, Parsed) or any(r.op for c in found.commands for r in c.redirects):
        return
    if (
        len(found.commands) != 1
        or found.commands[0].program != "show"
        or found.commands[0].more_words
    ):
        return
    mine = found.commands[0].words[1:]
    if any(w.certainty is Certainty.UNKNOWN or w.globbed for w in mine):
        return
    wanted = handed_over(line, bin_folder, work)
    if wanted:  # bash may find a syntax error where we are generous
        assert [w.text for w in mine] == wanted[0]


SEEDS = [
    "cat <<E && zap\nb $(zap) '\nE\nzap", "cat <<'E' | cat\n$(x) ' \nE\nzap q", "cat <<-E; zap\n\tb\n\tE\n zap",
    "f() { zap; }; f", "function f { zap; }\nf", "case x in x) zap;; y|z) echo q;; esac", "case x in (x) zap;; esac; zap",
    "for i in a b; do zap $i; done", "if true; then zap; elif false; then x; else zap; fi",
    "for ((i=0;i<2;i++)); do zap; done", "echo \"a $(zap 'b') c\" 'd' \"${x:-'q'}\"", "x=(a 'b' $(zap)); zap",
    "[[ a == b* && -n $(zap) ]] || zap", "echo $((1+2)) $(( $(zap; echo 1) + 1 )); zap", "{ zap; } >f 2>&1 | cat",
    "time zap | cat", 'zap <<<"x $(zap)"', "! zap; ! { zap; }", "a=1 b='2 3' zap $a", "coproc { zap; }; wait",
    "select i in a; do zap; break; done <<<1", "echo `zap \\`zap\\`` \"`zap`\"", "eval 'zap' ; eval \"zap\"",
    "cat <<E $(zap)\n${x:-$(zap)} `zap` \\$(x)\nE", "(cd .; zap) && (zap)", 'x=zap; $x; "$x" q',
    "echo ${x/a/'$(b)'} \"${x#'}'}\" ; zap", "echo $'a\\'b' ; zap", "trap 'zap' EXIT", "true && zap || zap",
    "((1)) && zap", "f() ( zap ); f >f", "echo hi # zap\nzap", "cat <<A <<B; zap\na\nA\nb\nB\nzap",
    "if true\nthen\n  zap\nfi", "for i\nin a\ndo zap\ndone", "zap &\nwait", "[[ $x =~ (a|b) ]] || zap",
    "shopt -s extglob\necho !(a|b) @(x); zap", "echo {zap,b} ; {zap,q}", 'set -- zap; "$@"; $1',
    "echo ${x:-$(zap)} ${x:-<(zap)}", "echo `ls #'\nzap #'\n`", "z''ap; z\\ap; $'\\x7aap'", "let 'a[$(zap)0]=1'",
]  # fmt: skip
SPLICES = [
    "'", '"', "\\", "$", "`", "\n", " ", "#", "(", ")", "\\\n", "$(", "${x:-", "}", "$((", "))", "((", "[[ ", " ]]", ";;", "<<E\n",
    "\nE\n", "<(", "{ ", "; }", "| ", "&", "!", "do ", "done ", "fi ", "esac ", "case x in ", "x) ", "$'", "a[", "]=", "=(", "@(", "<<<",
]  # fmt: skip


def mutants(seed: int, count: int) -> list[str]:
    """Lines that are nearly right, each `zap` with a name of its own."""
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        text = chance.choice(SEEDS)
        for _ in range(chance.randint(1, 4)):
            at = chance.randint(0, len(text))
            match chance.randint(0, 3):
                case 0 | 1:
                    text = text[:at] + chance.choice(SPLICES) + text[at:]
                case 2:
                    text = text[:at] + text[at + 1 :]
                case _:
                    other = chance.choice(SEEDS)
                    start = chance.randint(0, len(other))
                    text = text[:at] + other[start : start + chance.randint(1, 12)] + text[at:]
        names = iter("abcdefghijklmnoqrstuvwxy" * 4)
        lines.append(re.sub("zap", lambda _, names=names: "za" + next(names), text))
    return lines


@pytest.mark.parametrize("seed", range(3))
def test_bash_runs_no_command_that_a_reading_does_not_show(seed, tmp_path):
    """The stand-ins are exported functions, and nothing else can be found: the lines are noise."""
    letters = "abcdefghijklmnopqrstuvwxy"
    env = {f"BASH_FUNC_za{c}%%": f"() {{ builtin echo za{c} >>$RAN; }}" for c in letters}
    env |= {"PATH": "/nonexistent", "HOME": "/h", "LC_ALL": "C.UTF-8"}
    work = tmp_path / "work"
    ran_at_all = 0
    work.mkdir()
    for number, text in enumerate(mutants(seed, 4000)):
        found = read(CommandLine(text, str(work), {"PATH": "/nonexistent", "HOME": "/h"}))
        if not isinstance(found, Parsed) or any(
            c.words and not c.words[0].known for c in found.commands
        ):
            continue
        seen = {c.program for c in found.commands}
        if "while" in text or "until" in text or "/" in text.replace("/a/", "") or number % 2:
            continue  # what may not end or leave the folder, and a half of the rest: each costs a process
        out = (
            tmp_path / f"ran{number}"
        )  # of its own: what a line left in the background may come late
        try:
            subprocess.run(
                ["/bin/bash", "-c", text], env={**env, "RAN": str(out)}, cwd=work, timeout=5, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            continue
        ran = set(out.read_text().split()) if out.exists() else set()
        ran_at_all += bool(ran)
        assert ran <= seen, text
    assert ran_at_all > 50
