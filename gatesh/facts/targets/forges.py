"""git, gh and glab: the repository that a command would reach, and the branch.

The remote is the one named, else what the branch is configured to use, else the only one, else origin; its
URL is rewritten as insteadOf and pushInsteadOf say.
"""

from __future__ import annotations

import os
import re

from gatesh.facts import url as urls
from gatesh.facts.targets.asked import ARGV, Asked, answer, first
from gatesh.facts.targets.git_config import Settings
from gatesh.facts.words import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts.targets.asked import Value
    from gatesh.model import Target

_GLOBAL = "-C -c --git-dir --work-tree --namespace --exec-path --config-env --super-prefix"
_REACHING = frozenset("push fetch pull ls-remote clone send-pack fetch-pack remote archive".split())
_SCP = re.compile(r"(?:[^@/:]*@)?(\[[^]]*\]|[^/:]+):(?!//)(.*)")
_HOSTS = {"gh": "github.com", "glab": "gitlab.com"}


def target(asked: Asked) -> Target | None:
    """Return the remote repository; None for what stays in this clone."""
    if asked.command.program == "git":
        return _git(asked)
    return _forge(asked)


def _git(asked: Asked) -> Target | None:
    asked.read(f"{_GLOBAL} -o --push-option --repo --receive-pack --exec --upload-pack --remote")
    operation, words = (asked.operands or [""])[0], asked.operands[1:]
    if operation not in _REACHING:
        return None
    if operation == "remote":
        if words[:1] not in (["update"], ["prune"], ["show"]):
            return None
        words = words[1:]
    repository = settings_of(asked)
    push = operation in ("push", "send-pack")
    branch = repository.branch
    given = first(asked.option("--repo", "--remote"), ((words or [""])[0], ARGV))
    name, origin = given if given[0] else _default(repository, branch, push=push)
    found = [_place(asked, repository, url) for url in repository.urls(name, push=push)]
    branches = _pushed(asked, words[1:], branch) if push else []
    return repository_target(name, found, branches, origin or "the only remote")


def _place(asked: Asked, repository: Settings, url: str) -> str:
    """Return a URL; UNSEEN for what is neither one nor a folder that is there."""
    if taken_apart(url)[0]:
        return url
    path = url.removeprefix("file://")
    full = os.path.join(repository.folder or UNSEEN, path)
    return url if UNSEEN not in full and asked.around.exists(full) else UNSEEN


def repository_target(name: str, found: list[str], branches: list[str], origin: str) -> Target:
    """Return a repository as a target, with its remote's name and the branches."""
    parts: list[Value] = [("git-remote", name)] if name not in found else []
    shown = []
    local = bool(found)
    for url in found:
        host, path = taken_apart(url)
        parts += [("host", host), ("url", _unsigned(url)), ("repository", path)]
        shown.append("/".join(part.strip("/") for part in (host, path) if part) or UNSEEN)
        local = local and not host
    parts += [("git-branch", branch) for branch in branches]
    named = ", ".join(shown) or name or UNSEEN
    on = f" {' '.join(branches)}" if branches else ""
    return answer("git", (named + on, origin), parts=parts, local=local)


def taken_apart(url: str) -> tuple[str, str]:
    """Return the host and path of a repository's URL, or of scp's HOST:PATH; a folder has no host."""
    if "://" in url:
        found = urls.parse(url, as_is=True)
        host = "" if found.scheme == "file" else UNSEEN if "host" in found.unseen else found.host
        return host, found.path.removesuffix(".git")
    if scp := _SCP.fullmatch(url):
        return urls.normal_host(scp[1].strip("[]")), "/" + scp[2].lstrip("/").removesuffix(".git")
    return (UNSEEN if url.startswith(UNSEEN) else ""), url


def _unsigned(url: str) -> str:
    return re.sub(r"://[^@/]*@", "://", url)


def settings_of(asked: Asked) -> Settings:
    """Return the configuration of the repository that a command works on."""
    folder = asked.around.cwd
    for text in asked.options.get("-C", ()):
        folder = None if folder is None or UNSEEN in text else os.path.join(folder, text)
    given = first(asked.option("--git-dir"), asked.variable("GIT_DIR"))[0]
    return Settings(asked, folder, given, asked.options.get("-c", ()))


def _default(repository: Settings, branch: str, *, push: bool) -> Value:
    """Return the remote that git takes where none is named."""
    names = [f"branch.{branch}.remote"]
    if push:
        names = [f"branch.{branch}.pushremote", "remote.pushdefault", *names]
    for name in names:
        if value := repository.last(name):
            return value, f"git's {name}"
    remotes = repository.remotes
    return (remotes[0] if len(remotes) == 1 else "origin"), "git's default"


def _pushed(asked: Asked, refspecs: list[str], branch: str) -> list[str]:
    """Return the branches that a push would change over there."""
    if asked.has("--all", "--mirror", "--branches"):
        return ["*"]
    found = []
    for text in refspecs or [branch]:
        source, colon, there = text.removeprefix("+").partition(":")
        name = there if colon else source
        name = branch if name in ("HEAD", "@") else name
        found.append(name.removeprefix("refs/heads/"))
    return [name for name in found if name]


def _forge(asked: Asked) -> Target | None:
    """Return the repository of gh or glab: -R, its variable, else the remote of this clone."""
    program = asked.command.program
    asked.read("-R --repo --hostname -H --owner -o --org --title --body -b --head --base")
    host = first(
        asked.option("--hostname"),
        asked.variable("GH_HOST" if program == "gh" else "GITLAB_HOST"),
        (_HOSTS[program], ARGV),
    )
    named = first(
        asked.option("-R", "--repo"), asked.variable("GH_REPO") if program == "gh" else ("", "")
    )
    if not named[0] and asked.operands[:1] == ["repo"] and len(asked.operands) > 2:
        named = (asked.operands[2], ARGV)
    if named[0]:
        text = named[0]
        url = text if "://" in text or _SCP.fullmatch(text) else _spelled(text, host[0])
        return repository_target("", [url], [], named[1])
    repository = settings_of(asked)
    base = next(
        (n for n in repository.remotes if repository.last(f"remote.{n}.gh-resolved") == "base"), ""
    )
    name = base or next(
        (n for n in ("upstream", "github", "origin") if n in repository.remotes),
        (repository.remotes or [""])[0],
    )
    found = repository.urls(name, push=False) if name else []
    return repository_target(
        name, found or [f"https://{host[0]}/"], [], f"git remote {name}".strip()
    )


def _spelled(text: str, host: str) -> str:
    """Return OWNER/NAME or HOST/OWNER/NAME as a URL."""
    return f"https://{text}" if text.count("/") > 1 else f"https://{host}/{text}"
