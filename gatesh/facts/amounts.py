"""What code amounts to, spelled as shell lines: `shutil.rmtree(d)` is told as `rm -rf -- "$d"`.

Every reader of code (Python, JavaScript, Makefiles …) says what it found in the one language that the rest
of gatesh reads, so that all rules apply to it. In a text that a reader hands in, `unseen("d")` stands for a
part that nobody knows; it becomes a variable that the line reads from somewhere else.
"""

from __future__ import annotations

import re

_PART = re.compile("\0(\\w*)\0")
_ANY = "\ue000"  # in front of what a shell has to take as a pattern
_GLOB = re.compile(rf"{_ANY}([*?]|\[[\w!^.-]+\])")
# Everything below a folder, whatever it is called; behind it a pattern for the last part.
_BELOW = re.compile("([^\0\ue000]*)\0every_\\w*\0/?(.*)", re.DOTALL)
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_MANY = 500  # lines of one text


def unseen(name: str = "") -> str:
    """Return the mark for a part that is not known; `name` is shown to people."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()[:24]
    return f"\0{plain if plain[:1].isalpha() else 'unseen'}\0"


def anything(pattern: str, name: str = "") -> str:
    """Return the mark for the names that a shell pattern finds; one over folders finds all below them."""
    if "**" in pattern:
        start, _, rest = pattern.partition("**")
        return anything(start, name) + unseen(f"every_{name}") + anything(rest.rpartition("/")[2])
    return re.sub(r"[*?]|\[[\w!^.-]+\]", lambda m: _ANY + m[0], pattern)


def is_below(text: str) -> bool:
    """Claim that a text stands for everything below a folder that is known."""
    return _BELOW.fullmatch(text) is not None


def is_seen(text: str) -> bool:
    """Claim that every part of a text is known."""
    return "\0" not in text and _ANY not in text


def quoted(text: str) -> str:
    """Return one shell word that stands for a text, whatever is in it."""
    if _PLAIN.fullmatch(text):
        return text
    if len(parts := _GLOB.split(text)) > 1:
        parts[::2] = [quoted(part) if part else "" for part in parts[::2]]
        return "".join(parts)
    if is_seen(text):
        return "'" + text.replace("'", "'\\''") + "'"
    parts = _PART.split(text)
    parts[::2] = [re.sub(r'([\\"$`])', r"\\\1", part) for part in parts[::2]]
    parts[1::2] = ["${" + name + "}" for name in parts[1::2]]
    return '"' + "".join(parts) + '"'


def command(*words: str) -> str:
    """Return the line that starts a program with these words."""
    return line(" ".join(map(quoted, words)), *words)


def deleted(path: str, *program: str) -> str:
    """Return the line that deletes a path: what goes through all below a folder is told as find."""
    found = _BELOW.fullmatch(path)
    if found is None or program != ("rm",):
        return command(*program, "--", path)
    top = found[1].rpartition("/")[0] or found[1][:1]
    pattern = _PART.sub("*", found[2]).replace(_ANY, "").rpartition("/")[2]
    tests = ["-name", pattern] if pattern.strip("*") else []
    return command(
        "find", top if top[:1] in ("/", ".") else f"./{top}", "-type", "f", *tests, "-delete"
    )


def shell(text: str) -> str:
    """Return the line for a text that a shell reads, in which some parts may not be known."""
    return line(_PART.sub(r"${\1}", text).replace(_ANY, ""), text)


def line(text: str, *sources: str) -> str:
    """Return a line that first makes the unseen parts of its sources unknown to the reader."""
    names = dict.fromkeys(name for source in sources for name in _PART.findall(source))
    return f"read -r {' '.join(names)}\n{text}" if names else text


def within(folder: str, text: str) -> str:
    """Return a line that runs in another folder."""
    return line(f"cd -- {quoted(folder)} || exit\n{text}", folder)


def exported(assignments: list[str], text: str) -> str:
    """Return a line that runs with variables of its own."""
    seen = [a for a in assignments if re.match(r"[A-Za-z_]\w*=", a, re.ASCII)]
    return line("".join(f"export {quoted(a)}\n" for a in seen) + text, *seen)


def request(method: str, url: str, body: str | None = None, *headers: str, proxy: str = "") -> str:
    """Return the line that sends an HTTP request."""
    words = [
        "curl",
        *(("-x", proxy) if proxy else ()),
        "-X",
        method,
        *(w for h in headers for w in ("-H", h)),
    ]
    words += ["--data-raw", body] if body is not None else []
    return command(*words, "--url", url)


def sent(host: str, port: str, text: str) -> str:
    """Return the line that sends a text to a server as it is."""
    words = [quoted(word) for word in ("nc", host, port, text)]
    return line(f"{' '.join(words[:3])} <<< {words[3]}", host, port, text)


def statement(database: str, sql: str) -> str:
    """Return the line that runs SQL on the database that a URL, a file or a name leads to."""
    scheme, slashes, rest = database.partition("://")
    kind = scheme.partition("+")[0] if slashes else ""
    if kind == "sqlite":
        return command("sqlite3", rest.removeprefix("/") or ":memory:", sql)
    if kind in ("mysql", "mariadb"):
        found = re.match(r"(?:.*@)?([^/:?]*)(?::\d+)?/?([^?]*)", rest, re.DOTALL)
        host, name = (found[1], found[2]) if found else ("", rest)
        return command("mysql", "-h", host or "localhost", "-D", name, "-e", sql)
    url = f"postgresql://{rest}" if kind in ("postgres", "postgresql", "cockroachdb") else database
    return command("psql", "-X", "-d", url, "-c", sql)


def once(lines: list[str]) -> list[str]:
    """Return the lines, each once; raises OverflowError where they are more than anybody follows."""
    found = list(dict.fromkeys(lines))
    if len(found) > _MANY:
        raise OverflowError("too many calls")
    return found
