"""JavaScript and TypeScript as a tree of expressions; what is not understood is stepped over.

Strings, templates, regular expressions and comments are told apart as the language does. Of statements only
declarations, imports, functions and loops are known; types are skipped. A text that nobody can parse yields
what can be made out of it. Longer than 400 lines, because a parser is easiest to follow on one page.
"""

from __future__ import annotations

import re

from gatesh._value import Value

_DEEP = 140  # brackets in brackets

_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?(?:\*/|\Z)|\A#![^\n]*)"
    r"|(?P<name>(?:[\w$]|\\u\{[0-9a-fA-F]+\}|\\u[0-9a-fA-F]{4})+)"
    r"|(?P<string>'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")"
    r"|(?P<op>=>|\?\.(?!\d)|\.\.\.|\*\*|&&|\|\||\?\?|[=!]==?|[<>]=|\+\+|--|[-+*/%&|^]=|.)",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/\w*")
_BEFORE_REGEX = frozenset(
    "return typeof case in of delete void throw new do else await yield instanceof".split()
)
_CONDITIONS = frozenset(("if", "while", "for", "with"))
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|(\r?\n)|(.))", re.DOTALL
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v", "f": "\f", "0": ""}


class Token(Value):
    """One token; a template has parts, which are text or the tokens of a `${…}`."""

    kind: str  # name, string, template, op, end
    text: str
    parts: tuple[str | tuple[Token, ...], ...] = ()


class Node:
    """One expression; `kind` says what its fields hold. Compared by identity."""

    __slots__ = ("items", "keys", "kind", "text")

    def __init__(
        self,
        kind: str,
        text: str = "",
        items: list[Node] | None = None,
        keys: list[str] | None = None,
    ) -> None:
        """Keep the parts.

        string text · template items · name text · module text · member text, items [object, index?] ·
        call items [function, *arguments] · new likewise · array items · object keys, items ·
        function keys (parameters), text (its name) · sum items · choice items · other items
        """
        self.kind, self.text, self.items, self.keys = kind, text, items or [], keys or []


def unescaped(text: str) -> str:
    """Return what stands between quotes as what it means."""

    def said(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            value = int(code, 16)
            return chr(value) if 0 < value < 0x110000 and not 0xD800 <= value < 0xE000 else ""
        return "" if found[4] else _LETTERS.get(found[5], found[5])

    return _ESCAPE.sub(said, text).replace("\0", "")


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text."""
    return _tokens(text, 0, 0)[0]


def _tokens(text: str, at: int, deep: int) -> tuple[list[Token], int]:
    """Return the tokens up to the end, or to the brace that closes a template's `${`, and where that is."""
    found: list[Token] = []
    opened: list[str] = []  # what stands in front of each bracket that is open
    closed = ""
    while at < len(text):
        char = text[at]
        if char == "`" and deep < _DEEP:
            token, at = _template(text, at + 1, deep + 1)
            found.append(token)
            continue
        if char == "/" and text[at + 1 : at + 2] not in ("/", "*") and _may_be_regex(found, closed):
            expression = _REGEX.match(text, at)
            if expression is not None:
                found.append(Token("other", "regex"))
                at = expression.end()
                continue
        match = _TOKEN.match(text, at)
        if match is None:
            break
        at = match.end()
        kind = match.lastgroup or "op"
        if kind == "space":
            continue
        if kind == "string":
            found.append(Token("string", unescaped(match[0][1:-1])))
            continue
        if kind == "op" and char in "([{":
            opened.append(found[-1].text if found else "")
        elif kind == "op" and char in ")]}":
            if char == "}" and deep and not opened:
                return found, at
            closed = opened.pop() if opened else ""
        found.append(Token(kind, unescaped(match[0]) if "\\" in match[0] else match[0]))
    return found, at


def _may_be_regex(found: list[Token], closed: str) -> bool:
    """Claim that a slash begins a regular expression here."""
    if not found:
        return True
    last = found[-1]
    if last.kind == "op":
        return closed in _CONDITIONS if last.text == ")" else last.text not in ("]", "++", "--")
    return last.kind == "name" and last.text in _BEFORE_REGEX


def _template(text: str, at: int, deep: int) -> tuple[Token, int]:
    parts: list[str | tuple[Token, ...]] = []
    start = at
    while at < len(text) and text[at] != "`":
        if text[at] == "\\":
            at += 2
        elif text.startswith("${", at):
            parts.append(unescaped(text[start:at]))
            inner, at = _tokens(text, at + 2, deep)
            parts.append(tuple(inner))
            start = at
        else:
            at += 1
    parts.append(unescaped(text[start:at]))
    return Token("template", "", tuple(parts)), at + 1


class Tree:
    """The expressions of a text, what its names are bound to, and its calls in order."""

    def __init__(self, text: str) -> None:
        """Read the text."""
        self.bound: dict[str, list[Node]] = {}
        self.looped: dict[str, list[Node]] = {}
        self.calls: list[Node] = []
        self.members: dict[str, list[Node]] = {}  # this.client = …
        self.assigned: dict[tuple[str, str], list[Node]] = {}  # options.method = …
        self.owners: dict[
            Node, tuple[str, ...]
        ] = {}  # the functions with a name that a call stands in
        self.inside: tuple[str, ...] = ()
        self.naming = ""  # what the next function will be called
        found = tokens(text)
        self.names = frozenset(token.text for token in found if token.kind == "name")
        _Parser(found, self, 0).statements()

    def call(self, node: Node) -> None:
        """Keep a call."""
        self.calls.append(node)
        self.owners[node] = self.inside

    def enter(self, name: str) -> tuple[str, ...]:
        """Begin a function's body; return what `inside` is to be again behind it."""
        before = self.inside
        name = name or self.naming
        self.naming = ""
        self.inside = (*before, name) if name else before
        return before


_END = Token("end", "")
_PREFIXES = frozenset("await void typeof delete yield async".split())
_SKIPPED = frozenset(
    "export default return throw else do try finally declare abstract readonly public private static".split()
)
_BINARY = frozenset(
    "+ - * / % ** & | ^ && || ?? == === != !== < > <= >= = += -= *= /= instanceof in of".split()
)


class _Parser:
    def __init__(self, found: list[Token] | tuple[Token, ...], tree: Tree, deep: int) -> None:
        self._tokens, self._at, self._tree, self._deep = found, 0, tree, deep
        self._closing: dict[int, int] = {}
        stack: list[int] = []
        for at, token in enumerate(found):
            if token.kind == "op" and token.text in ("(", "[", "{"):
                stack.append(at)
            elif token.kind == "op" and token.text in (")", "]", "}") and stack:
                self._closing[stack.pop()] = at

    def _peek(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else _END

    def _is(self, *texts: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token.kind in ("op", "name") and token.text in texts

    def _skip(self, *texts: str) -> bool:
        if self._is(*texts):
            self._at += 1
            return True
        return False

    # -- statements ----------------------------------------------------------------------------------

    def statements(self, until: str = "") -> None:
        """Read statements up to a closing bracket, or to the end."""
        self._deep += 1
        if self._deep > _DEEP:
            raise ValueError("too deep")
        while self._peek().kind != "end" and not (until and self._is(until)):
            before = self._at
            self._statement()
            if self._at == before:
                self._at += 1
        self._skip(until)
        self._deep -= 1

    def _statement(self) -> None:
        if self._skip(";", *_SKIPPED):
            return
        if self._is("import") and not self._is("(", ".", ahead=1):
            self._import()
        elif self._is("const", "let", "var", "using"):
            self._declaration()
        elif self._is("for", "while", "if", "switch", "catch", "with"):
            self._at += 1
            self._skip("await")
            if self._skip("("):
                self.statements(")")
        elif self._is("class", "interface", "enum", "namespace"):
            while self._peek().kind != "end" and not self._is("{"):
                self._at += 1
        elif self._skip("{"):
            self.statements("}")
        else:
            made = self.expression()
            if made.kind == "call" and self._is("{"):  # a method of a class
                before = self._tree.enter(made.items[0].text)
                self._at += 1
                self.statements("}")
                self._tree.inside = before

    def _import(self) -> None:
        """`import a, {b as c} from 'm'`, `import * as d from 'm'`, `import e = require('m')`."""
        self._at += 1
        names: list[tuple[str, str]] = []
        inside = False  # of the braces, where a name is the module's own
        while self._peek().kind == "name" or self._is("*", "{", "}", ","):
            if self._skip("from"):
                break
            name = self._peek().text
            self._at += 1
            inside = name == "{" or (inside and name != "}")
            if self._skip("as"):
                names.append(("" if name == "*" else name, self._peek().text))
                self._at += 1
            elif name not in ("{", "}", ",", "*", "type"):
                names.append((name if inside else "", name))
        if self._skip("="):
            value = self.expression()
        elif self._peek().kind == "string":
            value = Node("module", self._peek().text)
            self._at += 1
        else:
            return
        for name, own in names:
            bound = Node("member", name, [value]) if name else value
            self._tree.bound.setdefault(own, []).append(bound)
        if not names:
            self._tree.call(Node("call", "", [Node("name", "import"), Node("string", value.text)]))

    def _declaration(self) -> None:
        """`const a = 1, {b: c} = d`, `const x of y`."""
        self._at += 1
        while True:
            start = self._at
            self._step_over()
            stop = self._at
            while self._is(":") or (
                self._peek().kind != "end" and not self._is("=", "of", "in", ",", ";", ")")
            ):
                if (
                    self._peek().kind == "name"
                    and not self._is(":", ahead=-1)
                    and self._deep
                    and stop != self._at - 1
                ):
                    break
                self._at += 1
            if self._is("=", "of", "in"):
                looped = not self._is("=")
                self._at += 1
                self._tree.naming = self._tokens[start].text
                value = self.expression(comma=False)
                self._pattern(self._tokens[start:stop], value, looped=looped)
            if not self._skip(","):
                return

    def _step_over(self) -> None:
        """Step over a name, or a pattern in brackets."""
        self._at = self._closing.get(self._at, self._at) + 1

    def _pattern(
        self, pattern: list[Token] | tuple[Token, ...], value: Node, *, looped: bool
    ) -> None:
        """Bind the names of a pattern: `a`, `{b: c, ...d}`, `[e, f]`."""
        if len(pattern) == 1:
            where = self._tree.looped if looped else self._tree.bound
            where.setdefault(pattern[0].text, []).append(value)
            return
        if looped:
            value = Node("other", "", [value])
        is_list = pattern[:1] and pattern[0].text == "["
        for at, written in enumerate(_parted(pattern[1:-1])):
            named = written[0].text == "[" and written[1:2] and written[1].kind == "string"
            part = [written[1], *written[3:]] if named and not is_list else written  # {['a']: b}
            key = part[0].text
            inner = part[2:] if len(part) > 2 and part[1].text == ":" else part[:1]
            if len(inner) > 2 and inner[1].text == "=":  # a default
                inner = inner[:1]
            of = (
                Node("member", "", [value, Node("string", str(at))])
                if is_list
                else Node("member", key, [value])
            )
            if key == "..." and len(part) > 1:
                inner, of = part[1:2], value
            self._pattern(inner, of, looped=False)

    # -- expressions ---------------------------------------------------------------------------------

    def expression(self, *, comma: bool = True) -> Node:
        """Read one expression."""
        self._deep += 1
        if self._deep > _DEEP:
            raise ValueError("too deep")
        parts = [self._operand()]
        operators: set[str] = set()
        while True:
            if self._is("?") and not self._is("?.", ahead=0):
                self._at += 1
                yes = self.expression(comma=False)
                no = self.expression(comma=False) if self._skip(":") else yes
                parts, operators = [Node("choice", "", [*parts, yes, no])], set()
            elif self._is("as", "satisfies"):
                self._type()
            elif self._is("!") and not self._is("=", "==", ahead=1):
                self._at += 1
            elif (self._peek().kind == "op" and self._is(*_BINARY)) or self._is("instanceof", "in"):
                operator = self._peek().text
                self._at += 1
                operators.add(operator)
                if operator in ("=", "||", "??", "&&"):
                    self._tree.naming = parts[-1].text if operator == "=" else ""
                    right = self.expression(comma=False)
                    self._assigned(parts, operator, right)
                    parts.append(right)
                else:
                    parts.append(self._operand())
            elif comma and self._skip(","):
                parts, operators = [self.expression(comma=False)], set()
            else:
                break
        self._deep -= 1
        if len(parts) == 1:
            return parts[0]
        if operators == {"+"}:
            return Node("sum", "", parts)
        if operators == {"="}:
            return parts[-1]
        return Node("choice" if operators <= {"||", "??", "&&", "="} else "other", "", parts)

    def _assigned(self, parts: list[Node], operator: str, right: Node) -> None:
        target = parts[-1]
        if operator == "=" and target.kind == "name":
            self._tree.bound.setdefault(target.text, []).append(right)
        elif operator == "=" and target.kind == "member":
            self._tree.members.setdefault(target.text, []).append(right)
            if target.items[0].kind == "name":
                place = (target.items[0].text, target.text)
                self._tree.assigned.setdefault(place, []).append(right)
        elif operator == "=" and target.kind == "object":  # ({a} = b)
            for key, item in zip(target.keys, target.items, strict=True):
                if item.kind == "name":
                    bound = Node("member", key, [right])
                    self._tree.bound.setdefault(item.text, []).append(bound)

    def _type(self) -> None:
        """Step over `as Foo<Bar>[]`."""
        self._at += 1
        while self._peek().kind in ("name", "string") or self._is(
            ".", "[", "]", "<", ">", "|", "&"
        ):
            self._at += 1

    def _operand(self) -> Node:
        while self._skip("!", "-", "+", "~", "++", "--", "...") or (
            self._peek().kind == "name"
            and self._peek().text in _PREFIXES
            and self._skip(*_PREFIXES)
        ):
            pass
        if self._is_arrow():
            return self._arrow()
        if self._skip("new"):
            if self._is("."):
                return Node("other")
            made = self._postfix(self._primary(), calls=False)
            made = Node("new", "", [made, *(self._arguments() if self._is("(") else [])])
            self._tree.call(made)
            return self._postfix(made)
        return self._postfix(self._primary())

    def _is_arrow(self) -> bool:
        if self._peek().kind == "name" and self._is("=>", ahead=1):
            return True
        if not self._is("("):
            return False
        close = self._closing.get(self._at)
        if close is None:
            return False
        after = self._tokens[close + 1 : close + 12]
        if after[:1] and after[0].text == ":":  # TypeScript's result
            return any(t.text == "=>" for t in after) and not any(
                t.text in (";", ",", "?") for t in after
            )
        return bool(after) and after[0].text == "=>"

    def _arrow(self) -> Node:
        parameters = self._parameters()
        while not self._skip("=>"):
            self._at += 1
        body = []
        before = self._tree.enter("")
        if self._skip("{"):
            self.statements("}")
        else:
            body = [self.expression(comma=False)]
        self._tree.inside = before
        return Node("function", "", body, parameters)

    def _parameters(self) -> list[str]:
        """Return the names in `(a, b = 1, c: string)`; "" for a pattern."""
        if self._peek().kind == "name":
            name = self._peek().text
            self._at += 1
            return [name]
        close = self._closing.get(self._at, self._at)
        inside = self._tokens[self._at + 1 : close]
        self._at = close + 1
        return [self._parameter(part) for part in _parted(inside)]

    def _parameter(self, part: list[Token]) -> str:
        """Return a parameter's name; a pattern gets one, and its names are parts of that."""
        if part[0].kind == "name":
            return part[0].text
        if part[0].text not in ("{", "["):
            return ""
        name = f"#{self._at}.{len(self._tree.bound)}"
        self._pattern(_bracketed(part), Node("name", name), looped=False)
        return name

    def _primary(self) -> Node:
        token = self._peek()
        if token.kind == "end" or (
            token.kind == "op" and token.text in (")", "]", "}", ";", ",", ":")
        ):
            return Node("other")
        self._at += 1
        if token.kind == "string":
            return Node("string", token.text)
        if token.kind == "template":
            return self._filled(token)
        if token.kind == "name":
            if token.text == "function":
                return self._function()
            if token.text == "class":
                while self._peek().kind != "end" and not self._is("{"):
                    self._at += 1
                if self._skip("{"):
                    self.statements("}")
                return Node("other")
            return Node("string" if token.text.isdecimal() else "name", token.text)
        if token.text == "(":
            inner = self.expression() if not self._is(")") else Node("other")
            while self._peek().kind != "end" and not self._is(")"):
                before = self._at
                self.expression()
                self._at += self._at == before
            self._skip(")")
            return inner
        if token.text == "[":
            return Node("array", "", self._listed("]"))
        if token.text == "{":
            return self._object()
        return Node("other")

    def _filled(self, token: Token) -> Node:
        parts: list[Node] = []
        for part in token.parts:
            if isinstance(part, str):
                parts.append(Node("string", part))
            else:
                parts.append(_Parser(part, self._tree, self._deep + 1).expression())
        return Node("sum", "", parts) if len(parts) > 1 else parts[0]

    def _function(self) -> Node:
        self._skip("*")
        name = ""
        if self._peek().kind == "name":
            name = self._peek().text
            self._at += 1
        parameters = self._parameters() if self._is("(") else []
        while self._peek().kind != "end" and not self._is("{", ";"):
            self._at += 1  # its type
        before = self._tree.enter(name)
        if self._skip("{"):
            self.statements("}")
        self._tree.inside = before
        made = Node("function", name, [], parameters)
        if name:
            self._tree.bound.setdefault(name, []).append(made)
        return made

    def _listed(self, close: str) -> list[Node]:
        found: list[Node] = []
        while self._peek().kind != "end" and not self._is(close):
            before = self._at
            found.append(self.expression(comma=False))
            self._skip(",")
            self._at += self._at == before
        self._skip(close)
        return found

    def _object(self) -> Node:
        keys: list[str] = []
        items: list[Node] = []
        while self._peek().kind != "end" and not self._is("}"):
            before = self._at
            token = self._peek()
            if self._skip("..."):
                keys.append("...")
                items.append(self.expression(comma=False))
            elif token.kind in ("name", "string") and self._is(":", ahead=1):
                self._at += 2
                keys.append(token.text)
                items.append(self.expression(comma=False))
            elif token.kind == "name" and self._is(",", "}", ahead=1):
                self._at += 1
                keys.append(token.text)
                items.append(Node("name", token.text))
            else:  # a method, a computed key
                computed = self.expression(comma=False)
                if self._skip(":"):
                    written = (
                        computed.items[0]
                        if computed.kind == "array" and computed.items
                        else computed
                    )
                    plain = written.text if written.kind == "string" else f"[{written.text}"
                    keys.append(plain if plain != "[" else "")
                    items.append(self.expression(comma=False))
                elif self._skip("{"):
                    self.statements("}")
            self._skip(",")
            self._at += self._at == before
        self._skip("}")
        return Node("object", "", items, keys)

    def _arguments(self) -> list[Node]:
        self._skip("(")
        return self._listed(")")

    def _postfix(self, node: Node, *, calls: bool = True) -> Node:
        while True:
            if self._is(".", "?.") and self._is("[", "(", ahead=1):
                self._at += 1
            elif self._is(".", "?.") and self._peek(1).kind == "name":
                node = Node("member", self._peek(1).text, [node])
                self._at += 2
            elif self._skip("["):
                index = self.expression()
                self._skip("]")
                text = index.text if index.kind == "string" else ""
                node = Node("member", text, [node] if text else [node, index])
            elif self._is("(") and calls:
                node = Node("call", "", [node, *self._arguments()])
                self._tree.call(node)
            elif self._peek().kind == "template":
                token = self._peek()
                self._at += 1
                node = Node("call", "tagged", [node, self._filled(token)])
                self._tree.call(node)
            else:
                return node


def _bracketed(found: list[Token]) -> list[Token]:
    """Return the tokens up to the bracket that closes the first one."""
    depth = 0
    for at, token in enumerate(found):
        if token.kind == "op":
            depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if depth == 0:
            return found[: at + 1]
    return found


def _parted(found: list[Token] | tuple[Token, ...]) -> list[list[Token]]:
    """Split tokens at the commas outside brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in found:
        if token.kind == "op":
            depth += (token.text in ("(", "[", "{", "<")) - (token.text in (")", "]", "}", ">"))
        if token.kind == "op" and token.text == "," and depth <= 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]
