"""What a Python expression is certain to be: literals, names bound to them, paths, the environment.

Nothing is executed. An expression has a list of possible texts, because a name may be bound in two places
and a loop goes over a list; what is not known is a mark inside the text (amounts.unseen).
Longer than 400 lines because every kind of expression has a line or two of its own.
"""

from __future__ import annotations

import ast
import posixpath
import re

from gatesh.facts.amounts import anything, is_seen, unseen
from gatesh.facts.python_constants import STEPS, NotConstantError, constant
from gatesh.facts.python_names import MOST, TEMPORARY_PARAMETERS, Names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MARK = "_unseen_by_gatesh_"  # stands in a text for a part that its shell line fills in
_MOST_BOUND = 64  # places where one name is bound
_DEEP = 60  # names looked up on the way to a literal
_LONG = 20_000  # characters of what something is worth
_TEMPORARY = "/tmp/made-by-python"  # noqa: S108  stands for a name that is not there yet
# Methods that leave a path the path it is, as far as anybody asks here.
_SAME_PATH = frozenset(
    ("resolve", "absolute", "expanduser", "as_posix", "__str__", "decode", "encode")
)


_SAME_TEXT = frozenset(
    """
    str bytes os.fspath os.path.abspath os.path.realpath os.path.normpath sqlalchemy.text shlex.quote
    textwrap.dedent psycopg.sql.SQL psycopg2.sql.SQL
    """.split()
)


_PERCENT = re.compile(r"%(?:\(\w+\))?[-#0-9.]*[sdrif]")
_FIELD = re.compile(r"\{(\w*)[^{}]*\}")


class Module(Names):
    """A parsed text: what its names are bound to, and what its expressions are worth."""

    def __init__(
        self,
        tree: ast.Module,
        path: str,
        cwd: str,
        arguments: tuple[str, ...],
        env: Mapping[str, str],
    ) -> None:
        """Look at every binding once."""
        super().__init__(tree)
        self._path, self._cwd, self._env = path, cwd, env
        self._arguments = (path or "-c", *arguments)
        # What was found out already, and a placeholder while it is looked for: names may go in circles.
        self._worths: dict[ast.expr, list[str]] = {}
        self._passed: dict[tuple[ast.expr, int | None], list[str]] = {}
        self._steps = [STEPS]
        self.through: list[tuple[ast.expr, str]] | None = None  # proxies, once somebody has asked
        self._lists: dict[ast.expr, list[list[str]]] = {}

    def read_from(self, node: ast.expr, deep: int = 0) -> list[str]:
        """Return the paths that `Path(x).read_text()` goes back to."""
        if deep > _DEEP:
            return []
        if isinstance(node, ast.Name):
            found = self.once(node.id)
            return [] if found is None else self.read_from(found, deep + 1)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr.startswith("read_"):
                return self.values(node.func.value)
            return self.read_from(node.func.value, deep + 1)
        return []

    def each(self, over: ast.expr) -> ast.Name:
        """Return a new name that stands for everything in a list, as a loop's variable does."""
        name = f"each_{len(self._looped)}"
        self._looped[name] = [(over, None)]
        return ast.Name(name, ast.Load())

    # -- what something is worth ---------------------------------------------------------------------

    def values(self, node: ast.expr | None, deep: int = 0) -> list[str]:
        """Return the texts that an expression may be."""
        if node is None or deep > _DEEP:
            return [unseen()]
        if node not in self._worths:
            self._worths[node] = [unseen(_shown(node))]
            found = [t for t in self._values(node, deep + 1) if len(t) <= _LONG]
            if not found or not all(map(is_seen, found)):
                found = self._written_down(node) or found
            if found:
                self._worths[node] = list(dict.fromkeys(found))[:MOST]
        return self._worths[node]

    def worked_out(self, node: ast.expr | None) -> object:
        """Return the value of an expression that is written down; None where it is not."""
        try:
            return (
                constant(node, self.once, self.defined, self._steps) if node is not None else None
            )
        except NotConstantError:
            return None

    def _written_down(self, node: ast.expr) -> list[str]:
        """Return the text that can be worked out of an expression."""
        if not isinstance(node, ast.Call | ast.Subscript | ast.BinOp | ast.JoinedStr):
            return []
        found = self.worked_out(node)
        if isinstance(found, bytes):
            found = found.decode("utf-8", "replace")
        if isinstance(found, str) and MARK in found:
            return []
        return [str(found).replace("\0", "")] if isinstance(found, str | int) else []

    def _values(self, node: ast.expr, deep: int) -> list[str]:
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            return [str(value).replace("\0", "").replace(MARK, unseen())]
        if isinstance(node, ast.Name):
            return self._name(node.id, deep)
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.FormattedValue) else p for p in node.values]
            return self._joined("".join, parts, deep)
        if isinstance(node, ast.BinOp):
            return self._operation(node, deep)
        if isinstance(node, ast.IfExp):
            return [*self.values(node.body, deep), *self.values(node.orelse, deep)]
        if isinstance(node, ast.BoolOp):
            return [text for part in node.values for text in self.values(part, deep)]
        if isinstance(node, ast.Attribute):
            return self._attribute(node, deep)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, deep)
        if isinstance(node, ast.Call):
            return self._call(node, deep)
        if isinstance(node, ast.NamedExpr):
            return self.values(node.value, deep)
        return []

    def _joined(
        self, how: Callable[[list[str]], str], parts: Iterable[ast.expr | None], deep: int
    ) -> list[str]:
        """Return every combination of what the parts may be."""
        found: list[list[str]] = [[]]
        for part in parts:
            found = [[*f, text] for f in found for text in self.values(part, deep)][:MOST]
        return [how(f) for f in found]

    def _name(self, name: str, deep: int) -> list[str]:
        if name == "__file__":
            return [self._path or unseen(name)]
        if name in self._looped:
            return [t for over, at in self._looped[name] for t in self._each(over, at, name, deep)]
        bound = self._bound.get(name)
        if bound is None:
            return [_TEMPORARY] if name in TEMPORARY_PARAMETERS else []
        if name in TEMPORARY_PARAMETERS and not any(bound):
            return [_TEMPORARY]
        few = bound[:_MOST_BOUND]
        found = [t for b in few for t in (self.values(b, deep) if b else [unseen(name)])]
        return [*found, *self._grown_text(name, found, deep)]

    def _grown_text(self, name: str, found: list[str], deep: int) -> list[str]:
        """Return what a text becomes to which all is added that the text ever adds."""
        added = [self.values(g, deep)[0] for g in self._grown.get(name, ())[:MOST]]
        return ["".join([text, *added]) for text in found] if added else []

    def _each(self, node: ast.expr, at: int | None, name: str, deep: int) -> list[str]:
        """Return what a loop goes over, or the part `at` of that where it takes each apart."""
        key = (node, at)
        if key not in self._passed:
            self._passed[key] = [unseen(name)]
            if deep <= _DEEP:
                self._passed[key] = self._each_of(node, at, name, deep)[:MOST]
        return self._passed[key]

    def _each_of(self, node: ast.expr, at: int | None, name: str, deep: int) -> list[str]:
        called = self.called(node)
        if isinstance(node, ast.Call) and (top := self._walked(node, called, deep)):
            return [[top, f"{top}/{unseen(f'every_{name}')}"], [unseen(name)], [unseen(name)]][
                at or 0
            ]
        if isinstance(node, ast.Name) and node.id not in self._looped:
            bound = [*self._bound.get(node.id, ()), *self._grown.get(node.id, ())][:_MOST_BOUND]
            found = [t for b in bound for t in (self._each(b, at, name, deep + 1) if b else ())]
            return found or [unseen(name)]
        if isinstance(node, ast.Call) and (found := self._each_call(node, at, name, deep)):
            return found
        if at is not None:
            parts = [e.elts[at] for e in self._elements(node, deep)
                     if isinstance(e, ast.Tuple | ast.List) and at < len(e.elts)]  # fmt: skip
            return [t for p in parts for t in self.values(p, deep)] or [unseen(name)]
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            return self.values(node.elt, deep)
        if isinstance(node, ast.Dict):
            return [t for k in node.keys for t in self.values(k, deep)]
        return [t for e in self._elements(node, deep) for t in self.values(e, deep)] or [
            unseen(name)
        ]

    def _walked(self, node: ast.Call, called: str, deep: int) -> str:
        """Return the folder that `os.walk(x)`, `Path(x).walk()` goes through; empty where it is neither."""
        if called in ("os.walk()", "os.fwalk()"):
            named = next((k.value for k in node.keywords if k.arg == "top"), None)
            top = node.args[0] if node.args else named
            return self.values(top, deep)[0] if top is not None else "."
        if re.fullmatch(r"pathlib\..*\.walk\(\)", called) and isinstance(node.func, ast.Attribute):
            return self.values(node.func.value, deep)[0]
        return ""

    def _each_call(self, node: ast.Call, at: int | None, name: str, deep: int) -> list[str]:
        """Tell `glob('*')`, `sorted(x)`, `x.items()`: what a loop over a call goes over."""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        of = node.func.value if isinstance(node.func, ast.Attribute) else None
        called = self.called(node.func)
        if called in ("glob.glob", "glob.iglob") and node.args:
            return [anything(t, name) for t in self.values(node.args[0], deep)]
        if called in ("os.listdir", "os.scandir"):
            top = (
                ""
                if called == "os.listdir"
                else self.values(node.args[0], deep)[0] + "/"
                if node.args
                else "./"
            )
            return [top + anything("*", name)]
        if of is not None and method in ("glob", "rglob", "iterdir"):
            pattern = self.values(node.args[0], deep)[0] if node.args else "*"
            pattern = f"**/{pattern}" if method == "rglob" else pattern
            return [f"{t or '.'}/{anything(pattern, name)}" for t in self.values(of, deep)]
        if (
            called in ("sorted", "list", "set", "tuple", "reversed", "iter", "tqdm.tqdm")
            and node.args
        ):
            return self._each(node.args[0], at, name, deep + 1)
        if called == "enumerate" and node.args and at == 1:
            return self._each(node.args[0], None, name, deep + 1)
        if called == "zip" and at is not None and at < len(node.args):
            return self._each(node.args[at], None, name, deep + 1)
        if of is not None and method in ("items", "values", "keys"):
            of = (self.once(of.id) or of) if isinstance(of, ast.Name) else of
            if isinstance(of, ast.Dict):
                keys = [k for k in of.keys if k is not None]
                wanted = of.values if method == "values" or at == 1 else keys
                return [t for v in wanted for t in self.values(v, deep)]
        if of is not None and method in ("split", "splitlines"):
            return [w for t in self.values(of, deep) if is_seen(t) for w in t.split()]
        return []

    def _operation(self, node: ast.BinOp, deep: int) -> list[str]:
        if isinstance(node.op, ast.Add):
            return self._joined("".join, (node.left, node.right), deep)
        if isinstance(node.op, ast.Div):
            return self._joined(lambda t: posixpath.join(*t), (node.left, node.right), deep)
        if isinstance(node.op, ast.Mod):
            return self._percent(node, deep)
        return []

    def _attribute(self, node: ast.Attribute, deep: int) -> list[str]:
        if node.attr == "parent":
            return [posixpath.dirname(t) or "." for t in self.values(node.value, deep)]
        if self.called(node) == "sys.executable":
            return ["python3"]
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            bound = self._bound.get(f".{node.attr}", [])
            return [t for b in bound for t in self.values(b, deep)]
        if node.attr in ("path", "name", "stem") and self.called(node.value) == "os.scandir()[]":
            return self.values(node.value, deep)
        return self._option(node, deep)

    def _option(self, node: ast.Attribute, deep: int) -> list[str]:
        """Return what a script's own command line, or a default, makes of `args.NAME`."""
        told = self._options.get(node.attr)
        if told is None or "parse" not in self.called(node.value):
            return []
        names = [str(a.value) for a in told.args if isinstance(a, ast.Constant)]
        words = self._arguments[1:]
        if node.attr in self._positional:
            plain = [w for w in words if not w.startswith("-")]
            at = self._positional.index(node.attr)
            simple = len(plain) == len(words) or at < len(plain) == len(self._positional)
            return [plain[at]] if simple and at < len(plain) else []
        for at, word in enumerate(words):
            option, equals, value = word.partition("=")
            if option in names:
                return [value] if equals else [words[at + 1]] if at + 1 < len(words) else []
        default = next((k.value for k in told.keywords if k.arg == "default"), None)
        return self.values(default, deep) if default is not None else []

    def _subscript(self, node: ast.Subscript, deep: int) -> list[str]:
        name = self.called(node.value)
        index = self.values(node.slice, deep)[0]
        if name in ("os.environ", "os.environb"):
            return [self._env.get(index, unseen(index))]
        if name == "sys.argv" and index.isdecimal():
            at = int(index)
            return [self._arguments[at] if at < len(self._arguments) else unseen("argv")]
        if (
            isinstance(node.value, ast.Attribute)
            and node.value.attr == "parents"
            and index.isdecimal()
        ):
            found = self.values(node.value.value, deep)
            for _ in range(min(int(index), 20) + 1):
                found = [posixpath.dirname(text) or "." for text in found]
            return found
        if isinstance(node.slice, ast.Slice):
            return []
        return [t for e in self._picked(node, deep) for t in self.values(e, deep)]

    def _call(self, node: ast.Call, deep: int) -> list[str]:
        name = self.called(node.func)
        if name in ("os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"):
            if any(isinstance(a, ast.Starred) for a in node.args):
                return []
            return self._joined(lambda t: posixpath.join(*t) if t else ".", node.args, deep)
        if name in ("os.getcwd", "pathlib.Path.cwd"):
            return [self._cwd]
        if name == "pathlib.Path.home":
            return [self._env.get("HOME", unseen("home"))]
        if name.startswith("tempfile."):
            return [_TEMPORARY]
        if name in ("os.environ.get", "os.getenv") and node.args:
            return self._variable(node, deep)
        if name in _SAME_TEXT:
            return self.values(node.args[0], deep) if node.args else []
        if name == "os.path.expanduser" and node.args:
            return [self._at_home(t) for t in self.values(node.args[0], deep)]
        if name == "os.path.dirname" and node.args:
            return [posixpath.dirname(t) for t in self.values(node.args[0], deep)]
        if name in ("base64.b64decode", "bytes.fromhex", "base64.standard_b64decode") and node.args:
            return [_decoded(name, t) for t in self.values(node.args[0], deep)]
        return self._method(node, deep)

    def _method(self, node: ast.Call, deep: int) -> list[str]:
        if not isinstance(node.func, ast.Attribute):
            return []
        method, of = node.func.attr, node.func.value
        if method == "expanduser":
            return [self._at_home(t) for t in self.values(of, deep)]
        if method in _SAME_PATH:
            return self.values(of, deep)
        if method == "joinpath":
            return self._joined(lambda t: posixpath.join(*t), (of, *node.args), deep)
        if (
            method == "join"
            and len(node.args) == 1
            and isinstance(node.args[0], ast.List | ast.Tuple)
        ):
            return self._joined(lambda t: t[0].join(t[1:]), (of, *node.args[0].elts), deep)
        if method == "format":
            return [t for text in self.values(of, deep) for t in self._formatted(text, node, deep)]
        if method in ("strip", "rstrip", "lstrip") and not node.args:
            return [t.strip() for t in self.values(of, deep)]
        return []

    def _percent(self, node: ast.BinOp, deep: int) -> list[str]:
        """Tell `'rm %s' % x`."""
        given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        found: list[str] = []
        for text in self.values(node.left, deep):
            parts = _PERCENT.split(text)
            for values in self._joined("\0\0".join, given, deep):
                filled = iter(values.split("\0\0") if len(parts) == len(given) + 1 else ())
                whole = parts[0] + "".join(next(filled, unseen("value")) + p for p in parts[1:])
                found.append(whole.replace("%%", "%"))
        return found

    def _formatted(self, text: str, node: ast.Call, deep: int) -> list[str]:
        """Tell `'rm {} {name}'.format(x, name=y)`."""
        names = {k.arg: k.value for k in node.keywords if k.arg}
        parts = _FIELD.split(text)
        chosen: list[ast.expr | None] = []
        for count, field in enumerate(parts[1::2]):
            at = int(field or count) if field.isdecimal() or not field else len(node.args)
            chosen.append(node.args[at] if at < len(node.args) else names.get(field))
        return self._joined(
            lambda values: (
                parts[0] + "".join(v + p for v, p in zip(values, parts[2::2], strict=True))
            ),
            chosen,
            deep,
        )

    def _variable(self, node: ast.Call, deep: int) -> list[str]:
        """Tell `os.environ.get(NAME, DEFAULT)`."""
        name = self.values(node.args[0], deep)[0]
        if name in self._env:
            return [self._env[name]]
        return self.values(node.args[1], deep) if len(node.args) > 1 else [unseen(name)]

    def _at_home(self, text: str) -> str:
        home = self._env.get("HOME", "")
        return home + text[1:] if home and (text == "~" or text.startswith("~/")) else text

    def items(self, node: ast.expr | None, deep: int = 0) -> list[list[str]]:
        """Return the words of the lists that an expression may be; none where none is written down."""
        if node is None or deep > _DEEP:
            return []
        if node not in self._lists:
            self._lists[node] = []
            self._lists[node] = self._items(node, deep)[:MOST]
        return self._lists[node]

    def _items(self, node: ast.expr, deep: int) -> list[list[str]]:
        if isinstance(node, ast.List | ast.Tuple):
            return self._listed(node, deep)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            lefts = self.items(node.left, deep + 1)
            rights = self.items(node.right, deep + 1) or [[unseen("words")]]
            return [[*left, *right] for left in lefts for right in rights][:MOST]
        if isinstance(node, ast.IfExp):
            return [*self.items(node.body, deep + 1), *self.items(node.orelse, deep + 1)][:MOST]
        if isinstance(node, ast.Call):
            return self._items_called(node, deep)
        if isinstance(node, ast.Starred):
            return self.items(node.value, deep + 1)
        names = [f".{node.attr}"] if isinstance(node, ast.Attribute) else []
        names += [node.id] if isinstance(node, ast.Name) else []
        found: list[list[str]] = []
        for name in names:
            bound = self._bound.get(name, [])[:MOST]
            found += [words for b in bound for words in self.items(b, deep + 1)]
            if found and name in self._grown:
                added = [self.items(g, deep + 1)[:1] for g in self._grown[name][:64]]
                more = [w for a in added for w in (a[0] if a else [unseen("words")])]
                found = [[*words, *more] for words in found]
            for over, at in self._looped.get(name, ()):
                elements = self._elements(over, deep) if at is None else ()
                found += [words for e in elements for words in self.items(e, deep + 1)]
        return found[:MOST]

    def _listed(self, node: ast.List | ast.Tuple, deep: int) -> list[list[str]]:
        found: list[list[str]] = [[]]
        for element in node.elts:
            if isinstance(element, ast.Starred):
                parts = self.items(element.value, deep + 1) or [[unseen("words")]]
            else:
                parts = [[text] for text in self.values(element)]
            found = [[*words, *part] for words in found for part in parts][:MOST]
        return found

    def _items_called(self, node: ast.Call, deep: int) -> list[list[str]]:
        """Tell `shlex.split(x)`, `'a b'.split()`, `list(x)`."""
        name = self.called(node.func)
        of = node.args[0] if node.args else None
        if name in ("list", "tuple", "map"):
            return self.items(node.args[-1], deep + 1) if node.args else []
        if isinstance(node.func, ast.Attribute) and node.func.attr == "copy":
            return self.items(node.func.value, deep + 1)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "split" and not node.args:
            of = node.func.value
        elif name != "shlex.split":
            return []
        return [text.split() for text in self.values(of) if text.split()]


def _shown(node: ast.expr) -> str:
    """Return a name for an expression that is not known."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _shown(node.func)
    return _shown(node.value) if isinstance(node, ast.Subscript) else ""


def _decoded(name: str, text: str) -> str:
    """Return what base64 or hexadecimal digits stand for."""
    import binascii

    if not is_seen(text):
        return unseen("decoded")
    try:
        data = bytes.fromhex(text) if name == "bytes.fromhex" else binascii.a2b_base64(text)
    except ValueError:
        return unseen("decoded")
    return data.decode("utf-8", "replace").replace("\0", "")
