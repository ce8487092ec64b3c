"""What a JavaScript expression is called and worth: imports, names, paths, the environment, known texts.

As in Python (python_names.py, python_values.py), nothing is executed, names have everything they may be
bound to, and what is not known is a mark inside the text.

A little over 400 lines: one table of what expressions are worth, and the names that it needs.
"""

from __future__ import annotations

import posixpath
import re

from gatesh.facts.amounts import anything, unseen
from gatesh.facts.javascript import Node, Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST = 16  # possible texts of one expression
_DEEP = 40
_LONG = 20_000
_LONGEST = 400
_REQUIRES = frozenset(
    (
        "require",
        "import",
        "module.require",
        "process.mainModule.require",
        "process.getBuiltinModule",
        "process.binding",
    )
)
_GLOBALS = ("globalThis.", "global.", "window.", "self.")
_EACH = frozenset(("forEach", "map", "filter", "flatMap", "some", "every", "each", "eachSeries"))


class Script:
    """A text of JavaScript: what its names are bound to, and what its expressions are worth."""

    def __init__(
        self, text: str, path: str, cwd: str, arguments: tuple[str, ...], env: Mapping[str, str]
    ) -> None:
        """Read the text."""
        tree = Tree(text)
        self.calls, self.owners, self.names = tree.calls, tree.owners, tree.names
        self._bound, self._looped, self._members = tree.bound, tree.looped, tree.members
        self._assigned = tree.assigned
        self._path, self._cwd, self._env = path, cwd, env
        self._arguments = ("node", path or "[eval]", *arguments)
        self._callings: dict[Node, str] = {}
        self._worths: dict[Node, list[str]] = {}
        for call in self.calls:
            self._hand_in(call)

    def _hand_in(self, call: Node) -> None:
        """Bind the parameters of the text's own functions to what its calls hand in."""
        function, *arguments = call.items
        if function.kind == "member" and function.text in _EACH and function.items:
            for handed in arguments[:1]:
                for name in handed.keys[:1] if handed.kind == "function" else ():
                    self._looped.setdefault(name, []).append(function.items[0])
            return
        if function.kind == "member" and function.text == "then":  # a promise is what it brings
            for handed in arguments[:1]:
                for name in handed.keys[:1] if handed.kind == "function" else ():
                    self._bound.setdefault(name, []).append(function.items[0])
            return
        own = self._bound.get(function.text, ()) if function.kind == "name" else (function,)
        for found in list(own):
            if found.kind == "function":
                for name, given in zip(found.keys, arguments, strict=False):
                    self._bound.setdefault(name, []).append(given)

    def modules(self) -> Iterator[str]:
        """Yield the files beside it that the text requires or imports."""
        sources = [
            b.items[0] if b.kind == "member" else b
            for v in self._bound.values()
            for b in v
            if b.items or b.text
        ]
        found = [s.text for s in sources if s.kind == "module"]
        for call in self.calls:
            if call.items[1:] and self.called(call.items[0]) in _REQUIRES:
                found += self.values(call.items[1])
        yield from (
            name
            for name in dict.fromkeys(found)
            if name.startswith((".", "/")) and "\0" not in name
        )

    # -- what something is called --------------------------------------------------------------------

    def called(self, node: Node, deep: int = 0) -> str:
        """Return how an expression came about: `fs.rmSync`, `pg.Pool().query`; "?" where nobody knows."""
        if node not in self._callings:
            self._callings[node] = "?"
            if deep <= _DEEP:
                self._callings[node] = _plain(self._called(node, deep))[:_LONGEST]
        return self._callings[node]

    def _called(self, node: Node, deep: int) -> str:
        if node.kind == "name":
            for bound in self._bound.get(node.text, ()):
                if (found := self.called(bound, deep + 1)) != "?":
                    return found
            is_own = node.text in self._bound or node.text in self._looped
            return "?" if is_own else node.text
        if node.kind == "module":
            return node.text.removeprefix("node:")
        if node.kind == "member":
            return self._called_member(node, deep)
        if node.kind in ("call", "new") and node.items:
            return self._called_call(node, deep)
        if node.kind == "choice":
            return next((n for i in node.items if (n := self.called(i, deep + 1)) != "?"), "?")
        return "?"

    def _called_member(self, node: Node, deep: int) -> str:
        of = node.items[0]
        name = node.text or (self.values(node.items[1])[0] if node.items[1:] else "")
        if of.kind == "name" and of.text == "this":
            own = self._members.get(name, ())
            return next((n for m in own if (n := self.called(m, deep + 1)) != "?"), "?")
        if of.kind == "object" and name in of.keys:
            return self.called(of.items[of.keys.index(name)], deep + 1)
        return f"{self.called(of, deep + 1)}.{name}"

    def _called_call(self, node: Node, deep: int) -> str:
        function, *given = node.items
        name = self.called(function, deep + 1)
        if name in _REQUIRES and given:
            return self.values(given[0])[0].removeprefix("node:")
        if name == "module.createRequire":
            return "require"
        if name.endswith(("promisify", ".bind")) and node.items[1:2]:
            return self.called(
                given[0] if name.endswith("promisify") else function.items[0], deep + 1
            )
        return f"{name}()"

    def origin(self, node: Node | None, *names: str) -> Node | None:
        """Return the call or `new` of one of these that an object goes back to."""
        seen: set[Node] = set()
        waiting = [node] if node is not None else []
        while waiting and len(seen) < 500:
            here = waiting.pop()
            if here in seen:
                continue
            seen.add(here)
            if here.kind in ("call", "new") and here.items:
                if self.called(here.items[0]) in names:
                    return here
                waiting.append(here.items[0])
            elif here.kind == "member":
                if here.items[0].kind == "name" and here.items[0].text == "this":
                    waiting += self._members.get(here.text, ())
                waiting.append(here.items[0])
            elif here.kind == "name":
                waiting += (*self._bound.get(here.text, ()), *self._looped.get(here.text, ()))
            elif here.kind == "choice":
                waiting += here.items
        return None

    # -- what something is worth ---------------------------------------------------------------------

    def values(self, node: Node | None, deep: int = 0) -> list[str]:
        """Return the texts that an expression may be."""
        if node is None or deep > _DEEP:
            return [unseen()]
        if node not in self._worths:
            self._worths[node] = [unseen(_shown(node))]
            found = [t for t in self._values(node, deep + 1) if len(t) <= _LONG]
            if found:
                self._worths[node] = list(dict.fromkeys(found))[:MOST]
        return self._worths[node]

    def _values(self, node: Node, deep: int) -> list[str]:
        if node.kind == "string":
            return [node.text]
        if node.kind == "sum":
            return self._joined(node.items, deep)
        if node.kind == "choice":
            return [t for item in node.items for t in self.values(item, deep)]
        if node.kind == "name":
            return self._name(node, deep)
        if node.kind == "member":
            return self._member(node, deep)
        if node.kind in ("call", "new"):
            return self._call(node, deep)
        return []

    def _joined(self, items: list[Node], deep: int, between: str = "") -> list[str]:
        found: list[list[str]] = [[]]
        for item in items[:200]:
            found = [[*f, text] for f in found for text in self.values(item, deep)][:MOST]
        return [between.join(f) for f in found]

    def _name(self, node: Node, deep: int) -> list[str]:
        if node.text == "__dirname":
            return [posixpath.dirname(self._path) or self._cwd]
        if node.text == "__filename":
            return [self._path or unseen("file")]
        found = [t for b in self._bound.get(node.text, ())[:64] for t in self.values(b, deep)]
        for over in self._looped.get(node.text, ())[:64]:
            found += self._each(over, node.text, deep)
        return found

    def _each(self, over: Node, name: str, deep: int) -> list[str]:
        """Return what a loop over an expression goes over."""
        if over.kind == "array":
            return [t for item in over.items for t in self.values(item, deep)]
        if re.fullmatch(
            r"fs\.(?:readdirSync|readdir|globSync|glob)\(\)|glob(?:\.\w+)?\(\)", self.called(over)
        ):
            called = self.called(over)
            pattern = (
                self.values(over.items[1], deep)[0] if over.items[1:] and "glob" in called else "*"
            )
            return [anything(pattern, name)]
        if over.kind == "name" and deep < _DEEP:
            return [
                t for b in self._bound.get(over.text, ())[:8] for t in self._each(b, name, deep + 4)
            ]
        return [unseen(name)]

    def _member(self, node: Node, deep: int) -> list[str]:
        name = self.called(node)
        if name in ("import.meta.dirname", "import.meta.filename", "import.meta.url"):
            return [posixpath.dirname(self._path) if name.endswith("dirname") else self._path]
        of = self.called(node.items[0])
        index = node.text or (self.values(node.items[1], deep)[0] if node.items[1:] else "")
        if of == "process.env":
            return [self._env.get(index, unseen(index))]
        if of in ("process.argv", "Bun.argv") and index.isdecimal():
            at = int(index)
            return [self._arguments[at]] if at < len(self._arguments) else []
        holder = self._single(node.items[0])
        if holder.kind == "object" and index in holder.keys:
            return self.values(holder.items[holder.keys.index(index)], deep)
        if holder.kind == "array" and index.isdecimal() and int(index) < len(holder.items):
            return self.values(holder.items[int(index)], deep)
        if node.items[0].kind == "name" and node.items[0].text == "this":
            return [t for m in self._members.get(node.text, ())[:8] for t in self.values(m, deep)]
        return []

    def _call(self, node: Node, deep: int) -> list[str]:
        if not node.items:
            return []
        function, *given = node.items
        name = self.called(function)
        if re.fullmatch(r"path(?:\.posix)?\.(?:join|resolve)", name):
            texts = self._joined(given, deep, "\0\0")
            return [
                posixpath.normpath(posixpath.join(*_relative(t.split("\0\0"), name))) for t in texts
            ]
        if name == "path.dirname" and given:
            return [posixpath.dirname(t) for t in self.values(given[0], deep)]
        if name == "process.cwd":
            return [self._cwd]
        if name in ("os.homedir", "require('os').homedir"):
            return [self._env.get("HOME", unseen("home"))]
        if re.search(r"mkdtemp(?:Sync)?$|^os\.tmpdir$|^tmp\.\w+Sync$", name):
            return ["/tmp/made-by-node"]  # noqa: S108  stands for a name that is not there yet
        if name == "URL" and len(given) > 1 and self.called(given[1]) == "import.meta.url":
            folder = posixpath.dirname(self._path)
            return [posixpath.normpath(f"{folder}/{t}") for t in self.values(given[0], deep)]
        if name in ("String", "path.normalize", "url.fileURLToPath", "URL", "String.raw") and given:
            return self.values(given[0], deep)
        if name == "atob" and given:
            return [_decoded(t, "base64") for t in self.values(given[0], deep)]
        if name == "Buffer.from" and len(given) > 1:
            how = self.values(given[1], deep)[0]
            return [_decoded(t, how) for t in self.values(given[0], deep)]
        if name == "String.fromCharCode":
            codes = [t for item in given for t in self.values(item, deep)[:1]]
            return (
                ["".join(chr(int(c)) for c in codes)]
                if all(re.fullmatch(r"\d{1,5}", c) for c in codes)
                else []
            )
        if function.kind == "member" and function.items:
            return self._method(function.text, function.items[0], given, deep)
        return []

    def _method(self, name: str, of: Node, given: list[Node], deep: int) -> list[str]:
        if name in ("toString", "trim", "valueOf", "normalize"):
            return self.values(of, deep)
        if name == "concat":
            return self._joined([of, *given], deep)
        held = self._single(of)
        if name == "join" and held.kind == "array":
            between = self.values(given[0], deep)[0] if given else ","
            return self._joined(held.items, deep, between)
        if name in ("replace", "replaceAll") and len(given) > 1 and given[0].kind == "string":
            new = self.values(given[1], deep)[0]
            return [
                t.replace(given[0].text, new)
                for t in self.values(of, deep)
                if len(t) * len(new) < _LONG
            ]
        return []

    def _single(self, node: Node) -> Node:
        """Return the one thing that a name is bound to, or the node itself."""
        for _ in range(8):
            bound = self._bound.get(node.text, ()) if node.kind == "name" else ()
            if len(bound) != 1:
                return node
            node = bound[0]
        return node

    def option(self, node: Node | None, *names: str) -> Node | None:
        """Return a property of an object that is written down."""
        if node is not None and node.kind == "name":
            for name in names:
                if (node.text, name) in self._assigned:
                    return self._assigned[node.text, name][-1]
        held = self._single(node) if node is not None else None
        if (
            held is not None
            and held.kind == "call"
            and self.called(held.items[0]) == "Object.assign"
        ):
            given = (self.option(part, *names) for part in reversed(held.items[1:]))
            return next((found for found in given if found is not None), None)
        if held is None or held.kind != "object":
            return None
        for name in names:
            if name in held.keys:
                return held.items[held.keys.index(name)]
        for key, item in zip(held.keys, held.items, strict=True):
            if key[:1] == "[" and self.values(Node("name", key[1:]))[0] in names:  # {[key]: x}
                return item
            if key == "..." and (found := self.option(item, *names)) is not None:
                return found
        return None

    def properties(self, node: Node | None) -> Iterator[tuple[str, Node]]:
        """Yield the properties of an object that is written down."""
        held = self._single(node) if node is not None else None
        if held is not None and held.kind == "object":
            yield from zip(held.keys, held.items, strict=True)

    def items(self, node: Node | None) -> list[str] | None:
        """Return the words of an array; None where none is written down."""
        held = self._single(node) if node is not None else None
        if held is None or held.kind != "array":
            return None
        return [self.values(item)[0] for item in held.items]

    def json(self, node: Node | None) -> str:
        """Return the JSON that an expression becomes; parts that are not known are marked inside it."""
        import json

        found = self._json(node, 0)
        if isinstance(found, str):
            return found
        return json.dumps(found, ensure_ascii=False).replace("\\u0000", "\0")

    def _json(self, node: Node | None, deep: int) -> object:
        held = self._single(node) if node is not None else None
        if held is None or deep > _DEEP:
            return unseen()
        if (
            held.kind == "call"
            and held.items[1:]
            and self.called(held.items[0]) == "JSON.stringify"
        ):
            return self._json(held.items[1], deep + 1)
        if held.kind == "object":
            return {k: self._json(v, deep + 1) for k, v in zip(held.keys, held.items, strict=True)}
        if held.kind == "array":
            return [self._json(item, deep + 1) for item in held.items]
        text = self.values(held)[0]
        if held.kind == "string" and text.isdecimal():
            return int(text)
        return (
            {"true": True, "false": False, "null": None}.get(held.text, text)
            if held.kind == "name"
            else text
        )


def _plain(name: str) -> str:
    """Return a name without the roundabout ways to the same thing."""
    for start in _GLOBALS:
        name = name.removeprefix(start)
    name = name.removeprefix("node:").replace("fs/promises", "fs").replace("fs.promises", "fs")
    name = re.sub(r"^(?:fs-extra|graceful-fs|memfs)\b", "fs", name)
    return re.sub(r"\.default\b|\.(?:call|apply)$", "", name)


def _relative(parts: list[str], name: str) -> list[str]:
    """Return what `path.join` joins: a slash in front does not begin anew."""
    if name.endswith("resolve"):
        return parts
    return [parts[0], *(part.lstrip("/") for part in parts[1:])]


def _shown(node: Node) -> str:
    if node.kind in ("name", "member"):
        return node.text
    return _shown(node.items[0]) if node.kind in ("call", "new") and node.items else ""


def _decoded(text: str, how: str) -> str:
    import binascii

    try:
        data = bytes.fromhex(text) if how == "hex" else binascii.a2b_base64(text)
    except ValueError:
        return unseen("decoded")
    return data.decode("utf-8", "replace").replace("\0", "") if how in ("hex", "base64") else text
