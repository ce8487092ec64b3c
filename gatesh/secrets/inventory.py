"""What an agent that works in a folder could find: secrets in its files, in the home's settings, in variables.

For a person who asks (`gatesh secrets`), never for a line: it reads the disk itself, and takes its time.
Folders that package managers and compilers fill are left out, and so are files that are too long; both are
counted. Beside gatesh's own recognisers those of detect-secrets look, which know more formats.
"""

from __future__ import annotations

import os
import re
import stat

from gatesh._value import Value
from gatesh.redact.names import is_random
from gatesh.secrets.formats import Kind, has_format, kind_of
from gatesh.secrets.kept import HOME_FILES
from gatesh.secrets.recognise import Found, found_in_file, found_in_words, is_example

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LONGEST = 1_000_000
_MOST_OF_A_FILE = 50
_LEFT_OUT = frozenset(
    """
    node_modules .venv venv __pycache__ .tox .nox .mypy_cache .ruff_cache .pytest_cache .gradle .cache
    bower_components .hg .svn site-packages .direnv
    """.split()
)
_OF_GIT = ("config", "credentials")  # all else below .git is git's own
# Written by people and by tools to hold values, where a name is enough; elsewhere a value has to look drawn.
_SETTINGS = re.compile(
    r"(?i)(?:^|/)(?:\.env[\w.-]*|[\w.-]*\.env|\.?[\w.-]+(?:rc|cfg)|credentials?|hosts|config|token|access-token"
    r"|[\w.-]+\.(?:json5?|ya?ml|toml|ini|cfg|conf|config|properties|tfvars|tfstate|plist|xml|env|pem|key|secrets?"
    r"|credentials|netrc|pgpass))$"
)
_LOCKS = re.compile(
    r"(?i)(?:^|/)(?:[\w.-]*lock(?:file)?(?:\.\w+)?|npm-shrinkwrap\.json|go\.sum|.*\.lock|Pipfile\.lock|.*\.map"
    r"|.*\.min\.\w+|.*\.svg|.*\.ipynb|.*checksums?.*|.*sums?\.txt)$"
)
_DIGEST = re.compile(
    r"(?i)(?:sha\d+[-:])?[0-9a-f]{32,128}|sha\d+-[\w+/=]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_ONE_PIECE = re.compile(r"[\w.~+/=:@!#%^*,?&-]+")
_KEY_OF_SOMETHING = re.compile(
    r"(?i)(?:^|[._-]|[a-z])key$"
)  # sort_key, cacheKey: what is not called a secret
# Of detect-secrets: those that know a format. Entropy and key words alone would call hashes secrets.
_PLUGINS = (
    ("artifactory", "ArtifactoryDetector"), ("azure_storage_key", "AzureStorageKeyDetector"),
    ("cloudant", "CloudantDetector"), ("discord", "DiscordBotTokenDetector"),
    ("github_token", "GitHubTokenDetector"), ("gitlab_token", "GitLabTokenDetector"),
    ("ibm_cloud_iam", "IbmCloudIamDetector"), ("ibm_cos_hmac", "IbmCosHmacDetector"),
    ("mailchimp", "MailchimpDetector"), ("npm", "NpmDetector"), ("openai", "OpenAIDetector"),
    ("pypi_token", "PypiTokenDetector"), ("sendgrid", "SendGridDetector"), ("slack", "SlackDetector"),
    ("softlayer", "SoftlayerDetector"), ("square_oauth", "SquareOAuthDetector"), ("stripe", "StripeDetector"),
    ("telegram_token", "TelegramBotTokenDetector"), ("twilio", "TwilioKeyDetector"),
)  # fmt: skip
_NO_SECRET = re.compile(r"AC[a-z0-9]{32}")  # an account's number

Plugin = tuple[str, "Callable[[str], Iterator[str]]"]


class Listed(Value):
    """A secret that can be found; its value is compared, and never shown."""

    path: str  # absolute; empty for a variable
    line: int
    name: str
    kind: Kind
    mode: int  # permissions of the file
    git: str  # "tracked", "untracked", "ignored", "" outside of a repository
    home: bool  # a tool's or a shell's own file in the home
    same_as: int = -1  # the place in the list of an earlier one with the same value


class Inventory:
    """One look around: what was found, and what was left out."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.listed: list[Listed] = []
        self.files = 0
        self.left_out: list[str] = []
        self.too_long: list[str] = []
        self.unreadable: list[str] = []
        self._known: dict[str, int] = {}
        self._plugins = plugins()
        self.all_formats = bool(self._plugins)

    def look_into(self, folder: str, git: Callable[[str], str]) -> None:
        """List what stands in the files below a folder; `git` tells what git does with a path."""
        for path in self._below(folder):
            self._look_at(path, git(path), home=False)

    def look_at_home(self, home: str, git: Callable[[str], str]) -> None:
        """List what tools and shells keep in a home."""
        keys = sorted(_names(f"{home}/.ssh"))
        for name in dict.fromkeys([*HOME_FILES, *(f".ssh/{key}" for key in keys)]):
            path = f"{home}/{name}"
            if os.path.lexists(path):
                self._look_at(path, git(path), home=True)

    def look_at_variables(self, env: Mapping[str, str]) -> None:
        """List the variables that hold a secret: whatever is started here gets them."""
        for name, value in env.items():
            for one in found_in_words([f"{name}={value}"]):
                if one.strong and not is_example(one.value):
                    self._add(one.but(name=name), "", 0, "", home=False)

    def _below(self, folder: str) -> Iterator[str]:
        for here, folders, files in os.walk(folder):
            kept = []
            for name in sorted(folders):
                if name in _LEFT_OUT:
                    self.left_out.append(f"{here}/{name}")
                elif name != ".git":
                    kept.append(name)
                else:
                    yield from (f"{here}/.git/{one}" for one in _OF_GIT)
            folders[:] = kept
            yield from (f"{here}/{name}" for name in sorted(files))

    def _look_at(self, path: str, git: str, *, home: bool) -> None:
        try:
            found = os.stat(path, follow_symlinks=home)
            if not stat.S_ISREG(found.st_mode):
                return
            if found.st_size > _LONGEST:
                self.too_long.append(path)
                return
            with open(path, "rb") as file:
                content = file.read(_LONGEST + 1)
        except FileNotFoundError:
            return
        except OSError:
            self.unreadable.append(path)
            return
        self.files += 1
        if b"\0" in content[:8192]:
            return
        mode = stat.S_IMODE(found.st_mode)
        text = content.decode("utf-8", "replace")
        for one in self._found(text, path)[:_MOST_OF_A_FILE]:
            self._add(one, path, mode, git, home=home)

    def _found(self, text: str, path: str) -> list[Found]:
        found = [one for one in found_in_file(text, path) if _is_meant(one, path)]
        known = {one.value for one in found}
        for name, find in self._plugins:
            for value in find(text):
                new = value and not any(value in one or one in value for one in known)
                if (
                    not new
                    or is_example(value)
                    or _NO_SECRET.fullmatch(value)
                    or not is_random(value)
                ):
                    continue
                known.add(value)
                kind = kind_of(value) if has_format(value) else Kind(_worded(name))
                line = text.count("\n", 0, text.find(value)) + 1
                found.append(Found(value, "", line, kind))
        return sorted(found, key=lambda one: one.line)

    def _add(self, one: Found, path: str, mode: int, git: str, *, home: bool) -> None:
        earlier = self._known.setdefault(one.value, len(self.listed))
        same_as = earlier if earlier < len(self.listed) else -1
        if same_as >= 0 and self.listed[same_as].path == path:
            return
        self.listed.append(Listed(path, one.line, one.name, one.kind, mode, git, home, same_as))


def plugins() -> list[Plugin]:
    """Return detect-secrets' plugins as functions from a text to its secrets; none where it is missing."""
    from importlib import import_module

    found: list[Plugin] = []
    for module, name in _PLUGINS:
        try:
            plugin = getattr(import_module(f"detect_secrets.plugins.{module}"), name)()
        except (ImportError, AttributeError):  # not installed, or another version's
            continue
        found.append((plugin.secret_type, plugin.analyze_string))
    return found


def advice(one: Listed) -> list[str]:
    """Return what to do about a secret, what matters most first."""
    said = []
    if one.git == "tracked":
        said.append("revoke it: git keeps it in its history; then take it from outside of the tree")
    elif one.git == "untracked":
        said.append("one `git add` from being published: move it out of the tree")
    elif not one.path:
        said.append("whatever is started here gets it: unset it in the shell that starts the agent")
    elif one.home:
        said.append(
            "an agent that runs as you uses it unasked: log out, or give the agent a user of its own"
        )
    else:
        said.append("move it out of what the agent reads, or give it one that may do less")
    if one.path and one.mode & 0o077:
        who = "anyone" if one.mode & 0o007 else "your group"
        said.append(f"{who} on this machine may read it: chmod 600")
    return said


def _is_meant(one: Found, path: str) -> bool:
    """Claim that a value is a secret, as far as its place and its look tell."""
    if one.kind.name == "private key" or has_format(one.value):
        return True
    if _LOCKS.search(path):
        return False
    password = "pass" in one.name.lower() or one.kind.name.endswith(("password", "in a URL"))
    if not password and not (_ONE_PIECE.fullmatch(one.value) and any(map(str.isdigit, one.value))):
        return False
    if _of_something(one.name):
        return False
    if _SETTINGS.search(path):
        return True
    drawn = is_random(one.value) and not _DIGEST.fullmatch(one.value)
    return one.kind.name.endswith("in a URL") or (drawn and one.quoted)


def _of_something(name: str) -> bool:
    """Claim that a name ends in `key` without calling it a secret one: cacheKey, primary_key."""
    bare = name.lower().replace("-", "_")
    secret = (
        "api",
        "access",
        "secret",
        "private",
        "auth",
        "signing",
        "encryption",
        "master",
        "account",
    )
    return bool(_KEY_OF_SOMETHING.search(name)) and not any(word in bare for word in secret)


def _worded(name: str) -> str:
    return name[:1] + name[1:].replace(" Access Key", " key").replace("Secret", "secret")


def _names(folder: str) -> list[str]:
    try:
        return [
            name
            for name in os.listdir(folder)
            if not name.endswith(".pub") and "known_hosts" not in name
        ]
    except OSError:
        return []
