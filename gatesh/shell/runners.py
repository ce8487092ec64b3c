"""Programs that run another one under a sub-command or in a session: `npx`, `uv run`, `tmux new`, `script -c`.

Data first: a program, its own options, and for each sub-command that runs something the options of that. The
few with a notation of their own stand below.
"""

from __future__ import annotations

import re

from gatesh.shell.prefixes import Grammar
from gatesh.shell.unwrapped import NOTHING, Inner, Script, Unwrapped, joined, script, skip_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.model import Word
    from gatesh.shell.unwrapped import Words

_NONE = Grammar()
_ONE = Grammar("", "", 1)
_NPX = Grammar("cp", "call package workspace prefix registry")
_UV = Grammar(
    "pfin",
    "from with with-editable with-requirements python package extra group env-file directory project "
    "index default-index index-url extra-index-url find-links refresh-package upgrade-package only-group "
    "no-group config-file",
)
_POETRY = Grammar("CP", "directory project")
_CONDA = Grammar("np", "name prefix cwd")

# program → its own options, and for each sub-command ("" is none) the options in front of the command
RUNNERS: dict[str, tuple[Grammar, dict[str, Grammar]]] = {
    "npx": (_NONE, {"": _NPX}),
    "bunx": (_NONE, {"": _NPX}),
    "uvx": (_NONE, {"": _UV}),
    "npm": (Grammar("Cw", "prefix workspace registry loglevel"), {"exec": _NPX, "x": _NPX}),
    "pnpm": (Grammar("CF", "dir filter"), {"dlx": _NPX, "exec": _NONE, "x": _NPX}),
    "yarn": (Grammar("", "cwd"), {"dlx": _NPX, "exec": _NONE}),
    "bun": (Grammar("", "cwd"), {"x": _NPX}),
    "uv": (_UV, {"run": _UV, "tool run": _UV}),
    "pipx": (_NONE, {"run": Grammar("", "spec python pip-args index-url with")}),
    "poetry": (_POETRY, {"run": _POETRY}),
    "pdm": (Grammar("p", "project"), {"run": Grammar("p", "project")}),
    "pipenv": (_NONE, {"run": _NONE}),
    "hatch": (Grammar("ep", "env project"), {"run": _NONE}),
    "rye": (_NONE, {"run": _NONE}),
    "conda": (_NONE, {"run": _CONDA}),
    "mamba": (_NONE, {"run": _CONDA}),
    "micromamba": (_NONE, {"run": _CONDA}),
    "bundle": (_NONE, {"exec": _NONE}),
    "rbenv": (_NONE, {"exec": _NONE}),
    "pyenv": (_NONE, {"exec": _NONE}),
    "asdf": (_NONE, {"exec": _NONE}),
    "volta": (_NONE, {"run": Grammar("", "node npm pnpm yarn env")}),
    "rvm": (_NONE, {"": Grammar("", "", 2)}),
    "direnv": (_NONE, {"exec": Grammar("", "", 1)}),
    "op": (_NONE, {"run": Grammar("", "env-file account")}),
    "doppler": (_NONE, {"run": Grammar("pct", "project config token scope mount")}),
    "aws-vault": (_NONE, {"exec": Grammar("dt", "duration region mfa-token", 1)}),
    "railway": (_NONE, {"run": Grammar("esp", "environment service project")}),
    "dotenv": (Grammar("fep", "file"), {"": Grammar("fep", "file"), "run": _NONE}),
    "ip": (Grammar("n", "netns family"), {"netns exec": _ONE, "vrf exec": _ONE}),
    "perf": (
        _NONE,
        {"stat": Grammar("eoprCDI", "event output repeat"), "record": Grammar("ecoFCD", "event output")},
    ),
    "k3s": (_NONE, {"": _NONE}),
    "k0s": (_NONE, {"": _NONE}),
    "microk8s": (_NONE, {"": _NONE}),
    "minikube": (Grammar("p", "profile"), {"": Grammar("p", "profile")}),
    "gosu": (_NONE, {"": Grammar("", "", 1)}),
    "su-exec": (_NONE, {"": Grammar("", "", 1)}),
    "setuidgid": (_NONE, {"": Grammar("", "", 1)}),
    "runcon": (_NONE, {"": Grammar("lrtu", "role type user range", 1)}),
    "firejail": (_NONE, {"": _NONE}),
    "cgexec": (_NONE, {"": Grammar("g")}),
    "chronic": (_NONE, {"": _NONE}),
    "ifne": (_NONE, {"": _NONE}),
    "tini": (_NONE, {"": Grammar("ep")}),
    "dumb-init": (_NONE, {"": Grammar("r")}),
    "catatonit": (_NONE, {"": _NONE}),
}  # fmt: skip

# What they do not know themselves, they look for among the project's scripts and programs.
_LOCAL = ("pnpm", "yarn", "bun")
_OWN = frozenset(
    """
    add approve-builds audit autoclean bin build c cache cat-file check ci config constraints create
    dedupe deploy doctor env exec explain fetch fix generate-lock-entry global help i import info init
    install install-test it licenses link list ll ln login logout ls node npm outdated owner pack patch
    patch-commit patch-remove plugin pm policies prefix prune publish rb rebuild recursive remove
    restart rm root run run-script search self-update server set setup start stop store t tag team test
    un uninstall unlink unplug up update upgrade upgrade-interactive version versions why workspace
    workspaces
    """.split()
)

# packages whose program has another name
_PROGRAMS = {
    "@railway/cli": "railway", "@anthropic-ai/claude-code": "claude", "@openai/codex": "codex",
    "@google/gemini-cli": "gemini", "@qwen-code/qwen-code": "qwen", "@github/copilot": "copilot",
    "firebase-tools": "firebase", "netlify-cli": "netlify", "aws-cdk": "cdk", "eas-cli": "eas",
    "dotenv-cli": "dotenv", "@sentry/cli": "sentry-cli", "@mikro-orm/cli": "mikro-orm",
    "@medusajs/cli": "medusa", "@aws-amplify/cli": "amplify", "@shopify/cli": "shopify",
    "@sanity/cli": "sanity", "contentful-cli": "contentful", "@cloudflare/wrangler": "wrangler",
    "@neondatabase/cli": "neonctl", "@datadog/datadog-ci": "datadog-ci", "awscli": "aws",
    "apache-airflow": "airflow",
}  # fmt: skip

_TMUX = {
    "new-session": "cefFnstxy", "new": "cefFnstxy", "new-window": "ceFnSt", "neww": "ceFnSt",
    "split-window": "ceFlpt", "splitw": "ceFlpt", "respawn-pane": "cet", "respawn-window": "cet",
    "run-shell": "cdt", "run": "cdt", "if-shell": "t", "if": "t", "pipe-pane": "t",
    "display-popup": "bcdehsStTwxy", "popup": "bcdehsStTwxy",
}  # fmt: skip
_KEYS = {"Enter": "\n", "C-m": "\n", "KPEnter": "\n", "Space": " ", "Tab": "\t", "C-c": "\n"}


def runner(program: str, words: Words) -> Unwrapped:
    """`npx rimraf x`, `uv run rm x`, `poetry run rm x`: the outer command stays."""
    own, subcommands = RUNNERS[program]
    at = 1
    grammar = subcommands.get("")
    if grammar is None or (program == "dotenv" and "run" in [w.text for w in words[:8]]):
        at, _values = skip_options(words, 1, own)
        name = words[at].text if at < len(words) else ""
        if f"{name} {words[at + 1].text if words[at + 1 :] else ''}" in subcommands:
            at, name = at + 1, f"{name} {words[at + 1].text}"
        grammar = subcommands.get(name)
        at += 1
    if grammar is None and program in _LOCAL and name not in _OWN and re.fullmatch(r"[\w-]+", name):
        at, grammar = at - 1, _NONE  # pnpm prisma migrate reset
    if grammar is None:
        return NOTHING
    at, values = skip_options(words, at, grammar)
    text = values.get("c", values.get("call")) if grammar is _NPX else None
    if text is not None:
        return script(text, program).but(keep=True)
    at += grammar.operands
    if at < len(words) and words[at].known and words[at].text == "--":
        at += 1
    rest = words[at:]
    if not rest:
        return NOTHING
    first = rest[0]
    if first.known and grammar in (_NPX, _UV):  # rimraf@5
        package = first.text[:1] + re.sub(r"@[^@/]*\Z", "", first.text[1:])
        first = first.but(text=_PROGRAMS.get(package, package))
    return Unwrapped((Inner((first, *rest[1:]), program),))


def filtered(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`split --filter='rm x' file`: a shell runs it for each part."""
    grammar = Grammar(
        "abClnt", "filter suffix-length bytes line-bytes lines number separator additional-suffix"
    )
    at = 1
    while at < len(words):
        at, values = skip_options(words, at, grammar)
        if "filter" in values:
            return script(values["filter"], program).but(keep=True)
        at += 1
    return NOTHING


def recorded(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    """`script -qc 'rm x' /dev/null`, `script f <<< 'rm x'`, and `script -q /dev/null rm x` elsewhere."""
    grammar = Grammar(
        "EIOTcmotB",
        "command echo log-in log-out log-io log-timing logging-format output-limit timing",
    )
    at, values = skip_options(words, 1, grammar)
    at, more = skip_options(words, at + 1, grammar)
    text = {**values, **more}.get("c", {**values, **more}.get("command"))
    if text is not None:
        return script(text, program)
    rest = words[at:]
    if not rest and stdin is not None:
        return script(stdin, program, reads_input=False).but(keep=True)
    return Unwrapped((Inner(rest, program),)) if rest else NOTHING


def tmux(program: str, words: Words, _: Word | None) -> Unwrapped:
    r"""`tmux new -d 'rm x'`, `tmux send-keys -t s 'rm x' Enter`: a shell over there runs it; \; separates."""
    ends = [at for at, word in enumerate(words) if word.text == ";"]
    if ends:
        before = tmux(program, words[: ends[0]], _)
        behind = tmux(program, (words[0], *words[ends[0] + 1 :]), _)
        return Unwrapped((*before.inner, *behind.inner))
    at, _values = skip_options(words, 1, Grammar("cfLSTD"))
    name = words[at].text if at < len(words) else ""
    if name in ("send-keys", "send"):
        at, _values = skip_options(words, at + 1, Grammar("Nt"))
        rest = words[at:]
        if not rest:
            return NOTHING
        text = "".join(_KEYS.get(word.text, word.text) for word in rest)
        return script(joined(rest).but(text=text), program, arguments=None).but(keep=True)
    valued = _TMUX.get(name)
    if valued is None:
        return NOTHING
    at, _values = skip_options(words, at + 1, Grammar(valued))
    rest = words[at:]
    if not rest:
        return NOTHING
    inner: list[Inner | Script] = (
        [Script(w, program, arguments=None) for w in rest] if name[:2] == "if" else []
    )
    inner = inner or [Script(joined(rest), program, arguments=None)]
    return Unwrapped((*inner, Inner(rest, program)) if len(rest) > 1 else tuple(inner))


def screen(program: str, words: Words, _: Word | None) -> Unwrapped:
    r"""`screen -dmS name rm x`, `screen -S name -X stuff 'rm x\n'`."""
    at, values = skip_options(words, 1, Grammar("cehpsStT"))
    rest = words[at:]
    if "X" in values:
        texts = [w.but(text=re.sub(r"\\[nr]|\^M", "\n", w.text)) for w in rest if w.text != "stuff"]
        return Unwrapped(tuple(Script(text, program, arguments=None) for text in texts))
    return Unwrapped((Inner(rest, program),)) if rest else NOTHING


def queued(program: str, words: Words, stdin: Word | None) -> Unwrapped:
    """`echo rm x | at now`: a shell will run it, later."""
    if stdin is None or any(w.text[:2] in ("-f", "-l", "-r", "-c") for w in words[1:]):
        return NOTHING
    return Unwrapped((Script(stdin, program, arguments=None, reads_input=False),))


def timed(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`hyperfine 'rm x' --prepare 'rm y'`: each text in a shell."""
    texts = [word for word in words[1:] if not word.text.startswith("-")]
    return Unwrapped(tuple(Script(text, program, arguments=None) for text in texts))


def in_nix(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`nix-shell -p x --run 'rm x'`, `nix develop -c rm x`."""
    for at, word in enumerate(words[1:], 1):
        if not words[at + 1 :]:
            break
        if program == "nix-shell" and word.text in ("--run", "--command"):
            return script(words[at + 1], program).but(keep=True)
        if program == "nix" and word.text in ("-c", "--command"):
            return Unwrapped((Inner(words[at + 1 :], program),))
    return NOTHING


_TAR = re.compile(
    r"(?:--(?:to-command|use-compress-program|use-compress-prog|info-script|new-volume-script|rsh-command)|-[IF])"
)


def archived(program: str, words: Words, _: Word | None) -> Unwrapped:
    """`tar --checkpoint-action=exec='rm x'`, `tar --to-command 'rm x'`, `tar -I 'zstd -9'`: run by sh."""
    scripts: list[Inner | Script] = []
    for at, word in enumerate(words[1:], 1):
        found = _TAR.match(word.text)
        action, _equals, value = word.text.partition("=exec=")
        if action == "--checkpoint-action" and value:
            scripts.append(Script(word.but(text=value), program))
        elif found and word.text[found.end() :]:
            if word.text[:2] != "--" or word.text[found.end()] == "=":
                scripts.append(Script(word.but(text=word.text[found.end() :].lstrip("=")), program))
        elif found and words[at + 1 :]:
            scripts.append(Script(words[at + 1], program))
    return Unwrapped(tuple(scripts))
