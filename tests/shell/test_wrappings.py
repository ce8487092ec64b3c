"""What agents put around a command: taken off where it is theirs to the last character, and only there."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatesh.model import CommandLine, Parsed, Unparsed
from gatesh.shell.errands import CODEX_BUILDS
from gatesh.shell.read import read
from gatesh.shell.wrappings import unwrapped

SNAPSHOT = "/home/u/.claude/shell-snapshots/snapshot-bash-1786554776129-e5phau.sh"
CWD = "/tmp/claude-6706-cwd"
FORGET = (
    r"{ \builtin unalias -- 'which'; \builtin unset -f -- 'which'; } >/dev/null 2>&1 || true && "
)
CLAUDE = {
    "first": f"source {SNAPSHOT} 2>/dev/null || true && eval '%s' < /dev/null && pwd -P >| {CWD}",
    "now": f"source {SNAPSHOT} 2>/dev/null || true && shopt -u extglob 2>/dev/null || true && {FORGET}eval '%s' < /dev/null && pwd -P >| {CWD}",
    "builtin": rf"source {SNAPSHOT} 2>/dev/null || true && \builtin shopt -u extglob 2>/dev/null || true && {FORGET}eval '%s' && pwd -P >| {CWD}",
    "two forgotten": rf"source {SNAPSHOT} 2>/dev/null || true && \builtin shopt -u extglob 2>/dev/null || true && {FORGET}{FORGET.replace('which', 'unsetenv')}eval '%s' < /dev/null && pwd -P >| {CWD}",
    "zsh": f"source {SNAPSHOT} 2>/dev/null || true && setopt NO_EXTENDED_GLOB NO_BARE_GLOB_QUAL 2>/dev/null || true && eval '%s' < /dev/null && pwd -P >| {CWD}",
    "no snapshot": f"shopt -u extglob 2>/dev/null || true && eval '%s' < /dev/null && pwd -P >| {CWD}",
}
GEMINI = (
    "shopt -u promptvars nullglob extglob nocaseglob dotglob; _bgpids_file=/tmp/gemini-shell-DJy1jL/bgpids.tmp\n(\n"
    "  trap 'jobs -p > \"$_bgpids_file\"' EXIT\n%s\n)\n__code=$?\nexit $__code"
)
GPTME = "echo START_OF_COMMAND_OUTPUT_1763618459\n%s\necho ReturnCode:$? END_OF_COMMAND_OUTPUT\n"

GPTME_SAVES = (
    "{ printf 'cd -- %q\\n' \"$(pwd -P)\"; export -p; } > /tmp/gptme-shell-state-a_1.sh.tmp 2>/dev/null && "
    "mv -f /tmp/gptme-shell-state-a_1.sh.tmp /tmp/gptme-shell-state-a_1.sh || true"
)


def gptme(command: str, *, state: bool = True) -> str:
    """The text as gptme 0.35 writes it to its shell."""
    quoted = GPTME_SAVES.replace("'", "'\"'\"'")
    trap = (
        "__gptme_old_debug=$(trap -p DEBUG 2>/dev/null || true)\n"
        f"trap 'case ${{BASH_COMMAND%% *}} in echo|:|.|set) ;; *) {quoted} ;; esac' DEBUG\n"
    )
    restore = (
        'eval "${__gptme_old_debug:-trap - DEBUG}"; unset __gptme_old_debug; ' + GPTME_SAVES + "; "
    )
    return (
        f"echo START_OF_COMMAND_OUTPUT_17951\n{trap if state else ''}{command}\n"
        f"__gptme_rc=$?; {restore if state else ''}"
        "__gptme_pwd=$(pwd -P | od -An -v -tx1 | tr -d ' \n'); __gptme_pwd=${__gptme_pwd%0a}; printf "
        '"ReturnCode:%s PWDHEX:%s END_OF_COMMAND_OUTPUT_17951\\n" "$__gptme_rc" "$__gptme_pwd"\n'
        "builtin set +e\n"
    )


def codex(
    command: str,
    keys: tuple[str, ...] = ("CODEX_THREAD_ID", "PATH"),
    proxies: int = 45,
    *,
    new: bool = False,
) -> str:
    """The text as Codex builds it: what it notes, its snapshot, what it restores, the shell again."""
    restore = restored if new else restored_before
    names = [f"proxy_{n}" for n in range(proxies)]
    lines = []
    for mark, variables in (("OVERRIDE", keys), ("PROXY_OVERRIDE", names)):
        for n, key in enumerate(variables):
            lines += [
                f'__CODEX_SNAPSHOT_{mark}_SET_{n}="${{{key}+x}}"',
                f'__CODEX_SNAPSHOT_{mark}_{n}="${{{key}-}}"',
            ]
    lines += ['__CODEX_SNAPSHOT_PROXY_ENV_SET="${CODEX_NETWORK_PROXY_ACTIVE+x}"', ""]
    lines += [
        "if . '/home/u/.codex/shell_snapshots/019ee8ac.1782.sh' >/dev/null 2>&1; then :; fi",
        "",
    ]
    lines += [restore("OVERRIDE", n, key) for n, key in enumerate(keys)]
    lines += [
        'if [ -n "$__CODEX_SNAPSHOT_PROXY_ENV_SET" ] || [ -n "${CODEX_NETWORK_PROXY_ACTIVE+x}" ]; then'
    ]
    lines += [restore("PROXY_OVERRIDE", n, key) for n, key in enumerate(names)]
    lines += ["fi"]
    if new:
        folder = "'/opt/codex/vendor/codex-path'"
        then = f'export PATH={folder}:"$PATH"; else export PATH={folder}; fi'
        lines += [f'if [ -n "${{PATH:-}}" ]; then {then}']
    return "\n".join([*lines, "", f"exec '/bin/bash' -c '{command}'"])


def restored_before(mark: str, n: int, key: str) -> str:
    """One line of Codex's that gives a variable back its value."""
    noted = f"__CODEX_SNAPSHOT_{mark}"
    return f'if [ -n "${{{noted}_SET_{n}}}" ]; then export {key}="${{{noted}_{n}}}"; else unset {key}; fi'


def restored(mark: str, n: int, key: str) -> str:
    """The same, as Codex 0.169 does it."""
    kept, was = f"__CODEX_SNAPSHOT_{mark}_SET_{n}", f"__CODEX_SNAPSHOT_{mark}_{n}"
    return (
        f'if [ -n "${{{kept}}}" ]; then\n'
        f'  if [ -z "${{{key}+x}}" ] || [ "${{{key}-}}" != "${{{was}}}" ]; then export {key}="${{{was}}}"; '
        f"else export {key}; fi\n"
        f"else builtin unset {key} 2>/dev/null || command unset {key}; fi\n"
        f"builtin unset {kept} {was} 2>/dev/null || command unset {kept} {was}"
    )


def reading(text: str, *arguments: str):
    return read(CommandLine(text, "/work", {"HOME": "/home/u", "X": "x"}, arguments=arguments))


def words(found) -> list[list[str]]:
    return [[w.text if w.known else f"?{w.text}" for w in c.words] for c in found.commands]


@pytest.mark.parametrize("shape", CLAUDE)
def test_claude_codes_command_is_what_is_read(shape):
    text = CLAUDE[shape] % "cd src && rm -rf ~/data $X"
    found = reading(text)
    sourced = [["source", SNAPSHOT]] if SNAPSHOT in text else []
    unknown = "?$X" if sourced else "x"  # its snapshot may have set it
    assert words(found) == [*sourced, [], ["cd", "src"], ["rm", "-rf", "/home/u/data", unknown]]
    assert found.commands[len(sourced)].redirects[0].target.text == CWD
    assert found.wrapping.own == len(sourced) + 1
    assert found.wrapping.agent == "claude-code"
    assert found.wrapping.text == "cd src && rm -rf ~/data $X"
    (span,) = found.wrapping.inner
    assert text[span.start : span.end] == found.wrapping.text
    last = found.commands[-1].span
    assert found.wrapping.text[last.start : last.end] == "rm -rf ~/data $X"


def test_a_quoted_command_is_unquoted():
    text = CLAUDE["now"] % """echo '"'"'a b'"'"' '\\''c'\\'' | rm "$(x)" """.replace("\\\\", "\\")
    found = reading(text)
    assert words(found)[2:] == [["echo", "a b", "c"], ["x"], ["rm", '?"$(x)"']]


def test_input_that_eval_gets_as_words_stands_behind_the_command():
    text = (CLAUDE["first"] % "cat | sh").replace(" < /dev/null", r" \< /dev/null")
    assert reading(text).wrapping.text == "cat | sh < /dev/null"


@pytest.mark.parametrize("new", [False, True])
def test_codexs_preamble_is_taken_off_however_long_it_is(new):
    text = codex("rm -rf data", proxies=200, new=new)
    assert len(text) > 32 * 1024
    found = reading(text)
    assert words(found) == [
        ["source", "/home/u/.codex/shell_snapshots/019ee8ac.1782.sh"],
        ["rm", "-rf", "data"],
    ]
    assert found.wrapping.agent == "codex"


@pytest.mark.parametrize(("shape", "agent"), [(GEMINI, "gemini"), (GPTME, "gptme")])
def test_a_command_between_lines_is_read_in_its_place(shape, agent):
    text = shape % "cat <<E\n'\nE\nrm -rf data # x"
    found = reading(text)
    assert words(found)[found.wrapping.own :] == [["cat"], ["rm", "-rf", "data"]]
    assert found.wrapping.agent == agent
    span = found.commands[-1].span
    assert found.wrapping.text[span.start : span.end] == "rm -rf data"
    (span,) = found.wrapping.inner
    assert text[span.start : span.end] == found.wrapping.text


DROID = """\
owner_is_alive() {
  parent_pid=$(ps -o ppid= -p "$$" 2>/dev/null) || return 1
  parent_pid=${parent_pid//[[:space:]]/}
  [[ "$parent_pid" == "$owner_pid" ]] && kill -0 "$owner_pid" 2>/dev/null
}

watch_owner() {
  while owner_is_alive; do
    sleep 2
  done
  kill -KILL -- -$$ 2>/dev/null || true
}

owner_pid=$1
command_shell=$2
command=$3
shift 3
watch_owner &
watcher_pid=$!
quoted_args=
if (( $# > 0 )); then
  printf -v quoted_args ' %q' "$@"
fi
"$command_shell" -c "$command$quoted_args"
status=$?
kill "$watcher_pid" 2>/dev/null || true
wait "$watcher_pid" 2>/dev/null || true
exit "$status"
"""
GIVEN = ("factory-execute-supervisor", "4711", "/bin/bash")


def test_the_command_that_droids_supervisor_is_given_is_what_is_read():
    found = reading(DROID, *GIVEN, "rm -rf data")
    assert words(found) == [["rm", "-rf", "data"]]
    assert (found.wrapping.agent, found.wrapping.taken_off) == ("droid", True)


def test_another_supervisor_is_read_as_well_as_the_command_it_is_given():
    supervisor = 'owner=$1\n"$2" -c "$3" &\nwait $!'
    found = reading(supervisor, *GIVEN, "rm -rf data")
    assert ["rm", "-rf", "data"] in words(found)
    assert found.wrapping.agent == "droid"
    assert found.wrapping.outer
    assert ["zap"] in words(reading("zap", *GIVEN, "ls"))
    assert ["zap"] in words(reading(DROID.replace("status=$?", "zap"), *GIVEN, "ls"))
    assert reading(DROID, *GIVEN, "ls", "; zap").wrapping is None


@pytest.mark.parametrize("state", [False, True])
def test_gptmes_command_is_what_is_read(state):
    found = reading(gptme("cd src\nrm -rf data", state=state))
    assert words(found)[found.wrapping.own :] == [["cd", "src"], ["rm", "-rf", "data"]]
    assert (found.wrapping.agent, found.wrapping.taken_off) == ("gptme", True)
    assert found.wrapping.own == state


@pytest.mark.parametrize(
    "command",
    ["__gptme_old_debug=zap", 'declare "__gp""tme_old_debug=zap"', "read -r __gptme_old_debug", "printf -v __gptme_old_debug zap"],
)  # fmt: skip
def test_what_gptme_evaluates_in_the_end_is_seen_where_the_command_sets_it(command):
    last = reading(gptme(command)).commands[-1]
    assert last.program == "eval"
    assert not last.words[1].known


def test_arguments_beside_a_wrapping_make_it_an_ordinary_line():
    text = CLAUDE["no snapshot"] % '"$@"'
    found = reading(text, "bash", "zap")
    assert found.wrapping is None
    assert ["zap"] in words(found)


def test_where_an_agent_writes_something_down_is_part_of_the_reading():
    assert reading(GEMINI % "ls").commands[0].redirects[0].target.known
    moved = reading(GEMINI % "_bgpids_file=/srv/data; ls")
    assert moved.commands[0].redirects[0].target.text == "/srv/data"
    assert not reading(GEMINI % "read -r _bgpids_file").commands[0].redirects[0].target.known


BUILDS = f"""SNAPSHOT_FILE={SNAPSHOT}
      source "/home/u/.bashrc" < /dev/null

      # First, create/clear the snapshot file
      echo "# Snapshot file" >| "$SNAPSHOT_FILE"
      declare -F | cut -d' ' -f3 | grep -vE '^_[^_]' | while read func; do
        encoded_func=$(declare -f "$func" | base64 )
        echo "eval \\"\\$(echo '$encoded_func' | base64 -d)\\" > /dev/null 2>&1" >> "$SNAPSHOT_FILE"
      done
      cat >> "$SNAPSHOT_FILE" << 'RIPGREP_FUNC_END'
  function rg {{
    command rg ${{1+"$@"}}
  }}
RIPGREP_FUNC_END
      if [ ! -f "$SNAPSHOT_FILE" ]; then
        echo "Error: Snapshot file was not created at $SNAPSHOT_FILE" >&2
        exit 1
      fi
"""
COPILOT = (
    "printf %s '__copilot_login_env_snapshot_7632_18e9b0b2d2811191__'; if ! command env -0 2>/dev/null; then "
    'for __copilot_k in $(compgen -e); do printf \'%s=%s\\0\' "$__copilot_k" "${!__copilot_k}"; done; fi'
)
ERRANDS = [
    "env",
    "command -v rg",
    "ps -o ppid=,command= -p 4711",
    'set -e; . "/h/.codex/shell_snapshots/1.sh"',
    'set -e; . "/h/.codex/shell_snapshots/01a1.tmp-1795160206282539853"',
    'grep -c "BEGIN CERTIFICATE" "/etc/ssl/cert.pem" 2>/dev/null || echo 0',
    COPILOT,
    BUILDS,
    CODEX_BUILDS,
]


@pytest.mark.parametrize("text", ERRANDS, ids=range(len(ERRANDS)))
def test_an_agents_own_questions_are_internal_and_read_all_the_same(text):
    found = reading(text)
    assert found.wrapping.internal
    assert isinstance(found, Parsed)
    assert found.commands
    assert all(c.words[0].known for c in found.commands if c.words)


FORGED = [
    *(f"{text}; zap" for text in ERRANDS[:7]),
    *(f"zap; {text}" for text in ERRANDS),
    *(f"{text}\nzap\n" for text in ERRANDS),
    *(f"{text}" for text in ("env zap", "command -v $(zap)", "env -S zap", "command -v rg|zap")),
    'set -e; . "/h/.codex/shell_snapshots/$(zap).sh"',
    'grep -c "BEGIN CERTIFICATE" "/etc/$(zap)" 2>/dev/null || echo 0',
    COPILOT.replace("7632", "$(zap)"),
    COPILOT.replace("__'", "__' `zap`"),
    BUILDS.replace(SNAPSHOT, f"{SNAPSHOT} zap"),
    BUILDS.replace(SNAPSHOT, "/home/u/.bashrc"),
    BUILDS.replace("# Snapshot file", "$(zap)"),
    BUILDS.replace("# Snapshot file", "`zap`"),
    BUILDS.replace('>| "$SNAPSHOT_FILE"', '>| "$SNAPSHOT_FILE"; zap'),
    BUILDS.replace("'RIPGREP_FUNC_END'", "RIPGREP_FUNC_END").replace("command rg", "$(zap)"),
    BUILDS.replace("'RIPGREP_FUNC_END'", "'E'").replace("command rg", "E\nzap\n"),
    BUILDS.replace("/.bashrc", "/$(zap)/.bashrc"),
    BUILDS.replace("# First", "\nzap # First"),
    BUILDS.replace("exit 1", "exit 1; zap"),
    CODEX_BUILDS.replace("declare -f\n", "declare -f; zap\n"),
    CODEX_BUILDS.replace("shopt -p", "zap"),
]


@pytest.mark.parametrize("text", FORGED, ids=range(len(FORGED)))
def test_an_errand_with_anything_else_in_it_is_an_ordinary_line(text):
    found = reading(text)
    assert found.wrapping is None or not found.wrapping.internal
    assert (
        isinstance(found, Unparsed)
        or "zap" not in text
        or any(
            "zap" in word.text
            for c in found.commands
            for word in (*c.words, *(r.target for r in c.redirects))
        )
    )


TAMPERED = [
    CLAUDE["now"].replace("2>/dev/null", "2>/dev/null; zap") % "ls",
    CLAUDE["now"].replace("pwd -P", "zap; pwd -P") % "ls",
    CLAUDE["now"].replace(CWD, "/home/u/.bashrc") % "ls",
    CLAUDE["now"].replace(CWD, "'/tmp/claude-6706-cwd' ; zap") % "ls",
    CLAUDE["now"].replace(SNAPSHOT, "/tmp/evil.sh") % "ls",
    CLAUDE["now"].replace("'which'", "'which' ; zap") % "ls",
    CLAUDE["now"] % "ls' ; zap ; echo '",
    CLAUDE["now"] % "ls' $(zap) '",
    CLAUDE["now"] % "ls" + "; zap",
    CLAUDE["now"] % "ls" + "\nzap",
    "zap; " + CLAUDE["now"] % "ls",
    codex("ls' ; zap '"),
    codex("ls") + " ; zap",
    codex("ls").replace("then :;", "then zap;"),
    codex("ls").replace('="${PATH-}"', '="${EVIL-}"'),
    codex("ls").replace("export PATH=", "export LD_PRELOAD="),
    codex("ls").replace("\nfi\n\nexec", "\nzap\nfi\n\nexec"),
    codex("ls").replace(".codex/shell_snapshots", "evil"),
    codex("ls", new=True).replace("else export PATH;", "else zap;"),
    codex("ls", new=True).replace("|| command unset PATH", "|| zap"),
    codex("ls", new=True).replace("vendor/codex-path", "vendor/other"),
    codex("ls", new=True).replace('codex-path\':"$PATH"', 'codex-path\':"$(zap)"'),
    codex("ls", new=True).replace("codex-path'; fi", "other/codex-path'; fi"),
    codex("ls", new=True).replace('!= "${__CODEX_SNAPSHOT_OVERRIDE_1}"', '!= "$(zap)"'),
    GEMINI.replace("__code=$?", "zap; __code=$?") % "ls",
    GEMINI.replace("/tmp/gemini-shell-DJy1jL/bgpids.tmp", "/home/u/.bashrc") % "ls",
    GPTME.replace("$?", "$(zap)") % "ls",
    gptme("ls").replace("; export -p;", "; zap; export -p;"),
    gptme("ls").replace("; export -p;", "; zap; export -p;", 1),
    gptme("ls").replace("in echo|", "in $(zap)|"),
    gptme("ls").replace('- DEBUG}"', '- DEBUG}"; zap'),
    gptme("ls").replace("builtin set +e", "zap"),
    gptme("ls").replace("$__gptme_rc", "$(zap)"),
    gptme("ls").replace("gptme-shell-state-a_1", "other"),
    gptme("ls").replace("DEBUG\n", "DEBUG; zap\n"),
    gptme("ls") + "zap\n",
]


@pytest.mark.parametrize("text", TAMPERED, ids=range(len(TAMPERED)))
def test_a_wrapping_with_anything_else_in_it_is_an_ordinary_line(text):
    assert unwrapped(text) is None
    found = reading(text)
    assert (
        "zap" not in text
        or isinstance(found, Unparsed)
        or any(c.program == "zap" for c in found.commands)
    )


def test_a_command_that_is_not_whole_in_itself_is_not_read():
    for command in (")\nzap\n(", "echo '", "f()", "if a; then", "ls \\"):
        assert isinstance(reading(GEMINI % command), Unparsed), command


PLACES = st.tuples(
    st.sampled_from([CLAUDE["now"] % "ls", CLAUDE["no snapshot"] % "ls", codex("ls", proxies=1), GEMINI % "ls", GPTME % "ls"]),
    st.floats(0, 1),
    st.sampled_from(["zap;", ";zap;", "\nzap\n", "$(zap)", "`zap`", "' zap '", "';zap;'", "|zap|", "&&zap&&", "zap ", "#'\nzap #'", ")\nzap\n("]),
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(PLACES)
def test_whatever_bash_runs_of_a_tampered_wrapping_is_seen(tmp_path_factory, place):
    text, share, what = place
    at = int(share * len(text))
    text = text[:at] + what + text[at:]
    work = tmp_path_factory.mktemp("w")
    text = text.replace("/tmp/", f"{work}/").replace("/home/u/", f"{work}/")
    found = read(CommandLine(text, str(work), {"HOME": str(work)}))
    seen = isinstance(found, Unparsed) or any(
        not c.program or c.program == "zap" for c in found.commands if c.words
    )
    if seen or "/zap" in text:
        return
    assert isinstance(found, Parsed)
    env = {
        "BASH_FUNC_zap%%": '() { builtin echo zap >>"$RAN"; }',
        "RAN": f"{work}/ran",
        "PATH": "/usr/bin:/bin",
        "HOME": str(work),
    }
    (work / "null").touch()
    text = text.replace("/dev/", f"{work}/")  # what was put into a file's name makes another file
    subprocess.run(
        ["/bin/bash", "-c", text],
        env=env,
        cwd=work,
        timeout=10,
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    assert not (work / "ran").exists(), text
