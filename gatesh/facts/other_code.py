"""Ruby, Perl, PHP, Lua, Tcl, awk and R: calls that destroy, send or start something, found by a careful scan.

No parser stands behind this. Comments and the insides of strings are taken out first, so that a name in a text
says nothing; a call counts where its name stands as code, and its argument where it is a literal or a
name bound once to one. What is not literal is unseen. Longer than 400 lines: a reader for each language.
"""

from __future__ import annotations

import re

from gatesh.facts import amounts
from gatesh.facts.amounts import is_seen, unseen
from gatesh.facts.other_sockets import sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WORTH = {
    "tcl": r"\b(?:exec|spawn|system|delete|rename|socket|open|eval)\b",
    "ruby": r"\b(?:TCPSocket|rm|rm_r|rm_rf|rm_f|remove_dir|remove_entry|remove_entry_secure|delete|unlink"
    r"|rmdir|rmtree|sh|system|exec|spawn|send|\w*eval|open|read|readlines|popen|popen3|capture2|capture2e|capture3|Net|HTTParty|Faraday|RestClient)\b|`|%x",
    "php": r"\b(?:fsockopen|stream_socket_client|system|exec"
    r"|array_map|array_walk|stream_context_create|curl_setopt|curl_setopt_array|shell_exec|passthru|popen|proc_open|pcntl_exec|unlink|rmdir|eval)\b|`",
    "lua": r"\b(?:execute|popen|remove|rename)\b",
    "awk": r"system|getline|\|",
    "r": r"\b(?:system|system2|shell|unlink|file\.remove)\b",
    "perl": r"\b(?:Socket|unlink"
    r"|rmtree|remove_tree|rmdir|system|exec|qx|readpipe|LWP|HTTP|delete|do|open|eval)\b|`",
}  # fmt: skip

# A string or a comment, per language; group 1 is a string's quote.
_COMMON = r"(?P<q>['\"])(?P<s>(?:\\.|(?!(?P=q))[^\\])*)(?P=q)"
_TOKENS = {
    "ruby": re.compile(
        rf"(?<![\w$&])#(?!\{{)[^\n]*|^=begin.*?^=end|{_COMMON}|`(?P<x>(?:\\.|[^`\\])*)`"
        r"|%x(?:\{(?P<x1>[^}]{0,4000})\}|\((?P<x2>[^)]{0,4000})\)|\[(?P<x3>[^]]{0,4000})\])"
        r"|%[wWiI](?:\[(?P<s4>[^]]{0,4000})\]|\((?P<s5>[^)]{0,4000})\)|\{(?P<s6>[^}]{0,4000})\})"
        r"|%[qQ](?:\{(?P<s2>[^}]{0,4000})\}|\((?P<s3>(?:[^()]|\([^()]{0,2000}\)){0,4000})\))",
        re.DOTALL | re.MULTILINE,
    ),
    "php": re.compile(
        rf"(?://|#(?!\[))[^\n]*|/\*.*?\*/|{_COMMON}|`(?P<x>(?:\\.|[^`\\])*)`", re.DOTALL
    ),
    "lua": re.compile(rf"--\[\[.*?\]\]|--[^\n]*|{_COMMON}|\[\[(?P<s2>.*?)\]\]", re.DOTALL),
    "tcl": re.compile(r"(?<![\w$&])#[^\n]*|(?P<q>\")(?P<s>(?:\\.|[^\"\\])*)\"", re.DOTALL),
    "awk": re.compile(
        r"(?<![\w)\]])/(?:\\.|[^/\\\n])+/|#[^\n]*|(?P<q>\")(?P<s>(?:\\.|[^\"\\])*)\"", re.DOTALL
    ),
    "r": re.compile(rf"#[^\n]*|{_COMMON}", re.DOTALL),
    "perl": re.compile(
        rf"(?<![$&\w])#[^\n]*|^=\w+.*?^=cut|{_COMMON}|`(?P<x>(?:\\.|[^`\\])*)`"
        r"|\bqx\s*(?:\{(?P<x1>[^}]{0,4000})\}|\((?P<x2>[^)]{0,4000})\)|/(?P<x3>[^/]{0,4000})/)|\bq[qw]?\s*\{(?P<s2>[^}]{0,4000})\}"
        r"|\bq[qw]?\s*\((?P<s3>(?:[^()]|\([^()]{0,2000}\)){0,4000})\)",
        re.DOTALL | re.MULTILINE,
    ),
}
_TEXTS = ("s", "s2", "s3", "s4", "s5", "s6")  # groups that hold a text
_NO_HOLE = re.compile(r"(?!)")
_HOLE = {
    "php": re.compile(r"\{?\$(\w+)(?:->\w+|\[[^]]*\])*\}?"),
    "lua": _NO_HOLE,
    "tcl": re.compile(r"\$\{?(\w+)\}?|\[[^]]*\]"),
    "awk": _NO_HOLE,
    "r": _NO_HOLE,
    "ruby": re.compile(r"#\{([^{}]*)\}"),
    "perl": re.compile(r"[$@](?:\{?(\w+)\}?(?:(?:->)?[\[{][^]}]*[\]}])*|[&+](?!\w))"),
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "", "0": ""}
_STRING = re.compile("\x01(\\d+)\x01")
_BOUND = {
    "php": re.compile("\\$(\\w+)\\s*=\\s*\x01(\\d+)\x01\\s*;"),
    "lua": re.compile("(?:local\\s+)?(\\w+)\\s*=\\s*\x01(\\d+)\x01"),
    "tcl": re.compile("\\bset\\s+(\\w+)\\s+\x01(\\d+)\x01"),
    "awk": re.compile("(\\w+)\\s*=\\s*\x01(\\d+)\x01"),
    "r": re.compile("(\\w+)\\s*(?:<-|=)\\s*\x01(\\d+)\x01"),
    "ruby": re.compile("^\\s*(\\w+)\\s*=\\s*\x01(\\d+)\x01\\s*$", re.MULTILINE),
    "perl": re.compile("(?:(?:my|our|local)\\s+)?\\$(\\w+)\\s*=\\s*\x01(\\d+)\x01\\s*;"),
}
_MOST = 200_000  # characters that are looked at
_DEEPEST = 4  # eval of a text that evals a text
_MOST_EVALUATED = 20_000  # characters of a text that is evaluated


def lines(text: str, language: str, deep: int = 0) -> list[str]:
    """Return what a text in one of these languages amounts to; `deep` counts evaluated texts in texts."""
    if deep > _DEEPEST or (len(text) > _MOST_EVALUATED and deep):
        return [amounts.shell(unseen("eval"))]
    if not re.search(_WORTH[language], text):
        return []
    if language == "php" and "<?" in text:
        text = "\n".join(re.findall(r"<\?(?:php|=)?(.*?)(?:\?>|\Z)", text, re.DOTALL))
    code = _Code(text, language, deep)
    return amounts.once([*_READERS[language](code), *sent(code.text, code.strings)])


def may_destroy(text: str) -> bool:
    """Claim that a Tcl text in which nothing was found puts a command together that may destroy."""
    text = re.sub(r"^\s*#[^\n]*", "", text, flags=re.MULTILINE)
    return bool(
        re.search(r"\b(?:exec|eval|uplevel|subst|spawn|open)\b", text)
        and re.search(r"\b(?:rm|shred|mkfs|dropdb|delete|DELETE|psql)\b", text)
    )


class _Code:
    """A text without its comments, whose strings are replaced by numbers."""

    def __init__(self, text: str, language: str, deep: int = 0) -> None:
        self.language, self.deep = language, deep
        self.strings: list[str] = []
        self._left = 4 * _MOST  # characters of arguments, in all looks at the text
        self.run: list[str] = []  # `…`, %x(…), qx(…)
        self.text = _TOKENS[language].sub(self._taken, text.replace("\x01", "").replace("\0", ""))
        bound = _BOUND[language].findall(self.text)
        self.names = {
            n: self.strings[int(at)] for n, at in bound if [b[0] for b in bound].count(n) == 1
        }

    def _taken(self, found: re.Match[str]) -> str:
        groups = found.groupdict()
        code = next((groups[n] for n in ("x", "x1", "x2", "x3") if groups.get(n) is not None), None)
        if code is not None:
            self.run.append(self._known(code, holes=True))
            return "\x01x\x01"
        text = next((groups[n] for n in _TEXTS if groups.get(n) is not None), None)
        if text is None:
            return " "  # a comment
        self.strings.append(self._known(text, holes=groups.get("q") == '"'))
        return f"\x01{len(self.strings) - 1}\x01"

    def _known(self, text: str, *, holes: bool) -> str:
        text = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text, flags=re.DOTALL)
        return _HOLE[self.language].sub(lambda m: unseen(m[1] or "match"), text) if holes else text

    def value(self, expression: str) -> str:
        """Return what an expression is: a string, a name bound to one, or something unseen."""
        expression = expression.strip()
        parts = [
            self._part(p.strip()) for p in re.split(r"\+|(?<=\x01)\s*\.\s*(?=[\x01$])", expression)
        ]
        return "".join(parts)

    def joined(self, expression: str) -> str:
        """Return what an expression is in which texts stand side by side, however they are joined."""
        out = ""
        for part in re.split("(\x01\\d+\x01)|\\.\\.|[.+\\s]", expression):
            if part:
                out += self._part(part.strip("()"))
        return out

    def _part(self, part: str) -> str:
        if found := _STRING.fullmatch(part):
            return self.strings[int(found[1])]
        name = part.lstrip("$@*")
        return self.names.get(name, unseen(re.sub(r"\x01\d+\x01", "", name)))

    def calls(self, names: str) -> Iterator[tuple[str, list[str]]]:
        """Yield (name, arguments) for every call of a function whose name fits, brackets or not."""
        for found in re.finditer(rf"(?<![\w.$:>@%])(?:{names})\s*(?P<open>\(?)", self.text):
            name = found[0].rstrip("( \t\n")
            if found["open"]:
                close = _closing(self.text, found.end())
                self._left -= close - found.end()
                if self._left < 0:
                    raise ValueError("too much inside brackets")
                yield name, _split(self.text[found.end() : close])
            elif re.match("[ \t]*[\x01$@*\\w\\[]", self.text[found.end() - 1 : found.end() + 1]):
                end = re.compile(r"[;\n}]|\b(?:if|unless|or|and)\b|\|\|").search(
                    self.text, found.end()
                )
                yield name, _split(self.text[found.end() : end.start() if end else None])


def _closing(text: str, start: int) -> int:
    """Return where the bracket of a call closes that is open at `start`."""
    depth = 1
    end = min(len(text), start + 20_000)
    for at in range(start, end):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at
    return end


def _split(text: str) -> list[str]:
    """Split at the commas that stand outside brackets."""
    parts, depth, last = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(text[last:at].strip())
            last = at + 1
    return [*parts, text[last:].strip()] if text.strip() else []


def _listed(code: _Code, text: str) -> list[str]:
    """Return the elements of a list that is written down."""
    text = text.strip()
    if not (text[:1] == "[" and text[-1:] == "]"):
        return []
    return [code.value(part) for part in _split(text[1:-1])]


def _shell(text: str) -> Iterator[str]:
    if text.strip():
        yield amounts.shell(text)


def _words(words: list[str]) -> Iterator[str]:
    if words and words[0]:
        yield amounts.command(*words)


def _evaluated(code: _Code, names: str) -> Iterator[str]:
    """Tell what calls amount to that run a text as code of the same language."""
    for _, given in code.calls(names):
        if given and is_seen(text := code.joined(given[0])):
            yield from lines(text, code.language, code.deep + 1)


# -- Ruby --------------------------------------------------------------------------------------------


def _ruby(code: _Code) -> Iterator[str]:
    for text in code.run:
        yield from _shell(text)
    for name, given in code.calls(
        r"FileUtils\.(?:rm_rf|rm_r|rm_f|rm|remove_dir|remove_entry|remove_entry_secure|rmtree|safe_unlink)\b"
    ):
        paths = (_listed(code, given[0]) or [code.value(given[0])]) if given else []
        tree = re.search(r"_rf?$|remove|rmtree", name) and not name.endswith("rm_f")
        yield from (amounts.command("rm", *(["-rf"] if tree else []), "--", p) for p in paths)
    for name, given in code.calls(r"(?:File|Dir|Pathname)\.(?:delete|unlink|rmdir)\b"):
        program = "rmdir" if name.startswith("Dir") else "rm"
        yield from (amounts.command(program, "--", code.value(part)) for part in given)
    for _, given in code.calls(
        r"(?:Kernel\.|Open3\.|IO\.|Process\.)?(?:sh|system|exec|spawn|popen3?|capture2e?|capture3)\b"
    ):
        words = [
            word
            for part in given
            if not re.match(r"\w+:\s|\w+\s*=>", part)
            for word in _spread(code, part)
        ]
        if len(words) == 1:
            yield from _shell(words[0])
        else:
            yield from _words(words)
    for _, given in code.calls(r"(?:Kernel\.|IO\.)?(?:open|read|readlines)\b"):
        if given and is_seen(text := code.value(given[0])) and text.lstrip()[:1] == "|":
            yield from _shell(text.lstrip()[1:])
    for found in _PATHNAME.finditer(code.text):
        told = ("rm", "-rf", "--") if found[2] in ("rmtree", "rm_rf") else ("rm", "--")
        yield amounts.command(*told, code.value(found[1]))
    yield from _evaluated(code, r"(?:Kernel\.)?(?:eval|instance_eval|class_eval)\b")
    for _, given in code.calls(r"(?:Kernel\.)?(?:send|public_send|__send__)\b"):
        if len(given) > 1 and re.search(r"system|exec|spawn", given[0]):
            yield from _shell(code.value(given[1]))
    yield from _ruby_requests(code)


def _ruby_requests(code: _Code) -> Iterator[str]:
    for name, given in code.calls(r"(?:HTTParty|Faraday|RestClient)\.(?:delete|post|put|patch)\b"):
        if given:
            yield amounts.request(name.rpartition(".")[2].upper(), code.value(given[0]))
    if re.search(r"Net::HTTP::Delete\b", code.text):
        yield amounts.request("DELETE", _url(code))
    at = code.text.find("Net::HTTP")
    found = _DELETED.search(code.text, at) if at >= 0 else None
    if found and (path := code.strings[int(found[1])])[:1] == "/":
        host = _HOST.search(code.text)
        name = code.value(host[1]) if host else unseen("host")
        yield amounts.request("DELETE", f"https://{name}{path}")


def _url(code: _Code) -> str:
    """Return the first address among the texts."""
    return next((s for s in code.strings if s.startswith(("http://", "https://"))), unseen("url"))


def _spread(code: _Code, part: str) -> list[str]:
    """Return the words of an argument: `*%w[rm -rf x]` and `*["rm", "x"]` are several."""
    if part[:1] != "*":
        return [code.value(part)]
    if words := _listed(code, part[1:]):
        return words
    text = code.value(part[1:])
    return text.split() if is_seen(text) else [text]


_DELETED = re.compile("\\.delete[ \t]{0,9}\\(?[ \t]{0,9}\x01(\\d+)\x01")
_HOST = re.compile(r"Net::HTTP\.(?:new|start)[ \t]{0,9}\(?[ \t]{0,9}([^,)\s]+)")
_PATHNAME = re.compile(r"\bPathname(?:\.new)?\s*\(([^()]*)\)\.(rmtree|rm_rf|delete|unlink)\b")


# -- Perl --------------------------------------------------------------------------------------------


def _perl(code: _Code) -> Iterator[str]:
    for text in code.run:
        yield from _shell(text)
    for _, given in code.calls(r"(?:CORE::)?(?:system|exec|readpipe)\b"):
        words = [code.value(part) for part in given]
        if len(words) == 1:
            yield from _shell(words[0])
        else:
            yield from _words(words)
    for _, given in code.calls(r"open\b"):
        for text in map(code.value, given):
            if is_seen(text) and text.strip()[:1] == "|":
                yield from _shell(text.strip()[1:])
            elif is_seen(text) and text.strip()[-1:] == "|":
                yield from _shell(text.strip()[:-1])
    yield from _evaluated(code, r"eval\b")
    for name, given in code.calls(
        r"(?:File::Path::)?(?:remove_tree|rmtree)\b|(?:CORE::)?(?:unlink|rmdir)\b"
    ):
        if re.search(r"rmtree|remove_tree", name):
            program: tuple[str, ...] = ("rm", "-rf")
        else:
            program = ("rm",) if name.endswith("unlink") else ("rmdir",)
        for part in given:
            if not part.startswith("{"):
                yield amounts.command(*program, "--", code.value(part))
    for _, given in code.calls(r"HTTP::Request->new(?=\()"):
        if len(given) > 1:
            yield amounts.request(code.value(given[0]), code.value(given[1]))
    for found in re.finditer(
        "->\\s*request\\s*\\(?\\s*(\x01\\d+\x01|\\$\\w+)\\s*,\\s*(\x01\\d+\x01|\\$\\w+)", code.text
    ):
        if is_seen(method := code.value(found[1]).upper()):
            yield amounts.request(method, code.value(found[2]))
    for found in re.finditer("->\\s*(delete|post|put)\\s*\\(\\s*\x01(\\d+)\x01", code.text):
        url = code.strings[int(found[2])]
        if url.startswith(("http://", "https://")):
            yield amounts.request(found[1].upper(), url)


# -- Tcl ---------------------------------------------------------------------------------------------

_TCL = re.compile(
    r"(?:^|[;\[{\n])\s*(?:::)?(exec|spawn|system|file\s+delete|file\s+rename|open)\s+((?:\{[^{}]*\}|[^\n;\]}])*)"
)


def _tcl(code: _Code) -> Iterator[str]:
    for found in _TCL.finditer(code.text):
        words = [_tcl_word(code, word) for word in _WORD.findall(found[2])]
        verb = found[1].split()[-1]
        while words and words[0].startswith("-") and verb != "system":
            words.pop(0)
        if verb == "delete":
            yield from (amounts.command("rm", "-rf", "--", path) for path in words)
        elif verb == "rename" and len(words) > 1:
            yield amounts.command("mv", "--", *words[:2])
        elif verb == "system" or (verb == "open" and words and words[0][:1] == "|"):
            yield from _shell(" ".join(words).lstrip("|"))
        elif verb in ("exec", "spawn"):
            yield from _piped(words)
    yield from _evaluated_tcl(code)


_WORD = re.compile(r"\{[^{}]*\}|[^\s{}]+")


def _tcl_word(code: _Code, word: str) -> str:
    """Return what a word is: text in braces as it is written, variables in others as far as they are known."""
    if word[0] == "{":
        return _STRING.sub(lambda m: f'"{code.strings[int(m[1])]}"', word[1:-1])
    known = _HOLE["tcl"].sub(lambda m: code.names.get(m[1] or "", unseen(m[1] or "")), word)
    return _STRING.sub(lambda m: code.strings[int(m[1])], known)


def _piped(words: list[str]) -> Iterator[str]:
    """Tell `exec a | b` as both."""
    while "|" in words:
        yield from _words(words[: words.index("|")])
        words = words[words.index("|") + 1 :]
    yield from _words(words)


def _evaluated_tcl(code: _Code) -> Iterator[str]:
    for found in re.finditer(r"\b(?:eval|subst|uplevel)\s+([^\n;]*)", code.text):
        text = " ".join(_tcl_word(code, word) for word in _WORD.findall(found[1]))
        if is_seen(text):
            yield from lines(text, "tcl", code.deep + 1)


# -- PHP, Lua, awk, R --------------------------------------------------------------------------------


def _commands(code: _Code, names: str, deletes: str) -> Iterator[str]:
    """Tell calls that hand a text to a shell, and those that delete a file."""
    for text in code.run:
        yield from _shell(text)
    for _, given in code.calls(rf"(?:{names})\b"):
        if given:
            yield from _shell(code.joined(given[0]))
    for name, given in code.calls(rf"(?:{deletes})\b"):
        if given:
            program = (
                ("rmdir",)
                if name == "rmdir"
                else ("rm", "-rf")
                if "recursive" in str(given[1:])
                else ("rm",)
            )
            yield amounts.command(*program, "--", code.joined(given[0]))


def _php(code: _Code) -> Iterator[str]:
    shells = r"system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec"
    yield from _commands(code, shells, r"unlink|rmdir")
    for _, given in code.calls(r"array_map|array_walk"):
        name = code.value(given[0]) if given else ""
        if name in ("unlink", "rmdir", *shells.split("|")) and len(given) > 1:
            yield from _mapped(code, name, given[1])
    methods = re.findall("\x01(\\d+)\x01\\s*=>\\s*\x01(\\d+)\x01", code.text)
    if "stream_context_create" in code.text or "curl_setopt" in code.text:
        for key, value in methods:
            if code.strings[int(key)] == "method":
                yield amounts.request(code.strings[int(value)].upper(), _url(code))
        for value in re.findall("CURLOPT_CUSTOMREQUEST\\s*(?:,|=>)\\s*\x01(\\d+)\x01", code.text):
            yield amounts.request(code.strings[int(value)].upper(), _url(code))
    yield from _evaluated(code, r"eval\b")


def _mapped(code: _Code, name: str, among: str) -> Iterator[str]:
    """Tell what `array_map("unlink", glob("x/*"))` does to each."""
    if found := re.fullmatch("glob\\s*\\(\\s*(\x01\\d+\x01).*\\)", among.strip()):
        given = [code.value(found[1])]
    else:
        given = _listed(code, among) or [unseen(among)]
    program = {"unlink": "rm", "rmdir": "rmdir"}.get(name)
    for text in given:
        if program is None:
            yield from _shell(text)
        elif found and is_seen(text):
            yield amounts.command(program, "--", amounts.anything(text))
        else:
            yield amounts.command(program, "--", text)


def _lua(code: _Code) -> Iterator[str]:
    yield from _commands(code, r"os\.execute|io\.popen", r"os\.remove")


def _r(code: _Code) -> Iterator[str]:
    yield from _commands(code, r"system2?|shell", r"unlink|file\.remove")


def _awk(code: _Code) -> Iterator[str]:
    yield from _commands(code, "system", "(?!)")
    for found in re.finditer(
        "(?:\\|&?\\s*((?:\x01\\d+\x01\\s*)+))|((?:\x01\\d+\x01\\s*)+)\\|&?\\s*getline", code.text
    ):
        yield from _shell(code.joined(found[1] or found[2]))


_READERS = {
    "tcl": _tcl,
    "php": _php,
    "lua": _lua,
    "awk": _awk,
    "r": _r,
    "ruby": _ruby,
    "perl": _perl,
}
