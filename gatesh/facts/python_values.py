"""What a Python expression is certain to be: literals, names bound to them, paths, the environment.

Nothing is executed. An expression has a list of possible texts, because a name may be bound in two places
and a loop goes over a list; what is not known is a mark inside the text (amounts.unseen).
Over 250 lines because every kind of expression has a line or two of its own.
"""

from __future__ import annotations

import ast
import posixpath

from gatesh.facts.amounts import is_seen, unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MOST = 16  # possible texts of one expression
_DEEP = 60  # names looked up on the way to a literal
_STEPS = 500  # on the way from an object to where it was made
_LONGEST = 400  # characters of what something is called
_LONG = 20_000  # characters of what something is worth
_TEMPORARY = "/tmp/made-by-python"  # noqa: S108  stands for a name that is not there yet
_TEMPORARY_PARAMETERS = frozenset(("tmp_path", "tmpdir", "tmp_dir", "temp_dir", "tmp_path_factory"))
# Methods that leave a path the path it is, as far as anybody asks here.
_SAME_PATH = frozenset(("resolve", "absolute", "expanduser", "as_posix", "__str__", "decode"))


_SAME_TEXT = frozenset(
    """
    str bytes os.fspath os.path.abspath os.path.realpath os.path.normpath sqlalchemy.text shlex.quote
    textwrap.dedent psycopg.sql.SQL psycopg2.sql.SQL
    """.split()
)


class Module:
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
        self.imports: dict[str, str] = {}
        self._bound: dict[str, list[ast.expr | None]] = {}
        self._looped: dict[str, list[ast.expr]] = {}
        self._path, self._cwd, self._env = path, cwd, env
        self._arguments = (path or "-c", *arguments)
        # What was found out already, and a placeholder while it is looked for: names may go in circles.
        self._callings: dict[ast.expr, str] = {}
        self._worths: dict[ast.expr, list[str]] = {}
        calls = _calls(tree)
        for node in ast.walk(tree):
            self._bind(node, calls)

    def _bind(self, node: ast.AST, calls: Mapping[str, list[ast.Call]]) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                self.imports[alias.asname or top] = top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.imports[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._target(target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
            self._target(node.target, node.value)
        elif isinstance(node, ast.AugAssign):
            self._target(node.target, None)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            if isinstance(node.target, ast.Name):
                self._looped.setdefault(node.target.id, []).append(node.iter)
            else:
                self._target(node.target, None)
        elif isinstance(node, ast.withitem) and node.optional_vars:
            self._target(node.optional_vars, node.context_expr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._parameters(node, calls.get(node.name, []))

    def _target(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self._bound.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Attribute):  # self.client = …
            self._bound.setdefault(f".{target.attr}", []).append(value)
        elif isinstance(target, ast.Tuple | ast.List):
            parts: Iterable[ast.expr | None] = [None] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                parts = value.elts
            for inner, part in zip(target.elts, parts, strict=False):
                self._target(inner, part)

    def _parameters(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, calls: list[ast.Call]
    ) -> None:
        """Bind the parameters to what the calls in this text hand in."""
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
        for at, name in enumerate(names):
            if name in ("self", "cls"):
                continue
            given = [_given(call, at, name) for call in calls]
            values = [g or defaults.get(name) for g in given] or [defaults.get(name), None]
            self._bound.setdefault(name, []).extend(values)

    def bound(self, name: str) -> list[ast.expr | None]:
        """Return what a name is bound to, None for what nobody knows."""
        return self._bound.get(name, [])

    # -- what something is called --------------------------------------------------------------------

    def called(self, node: ast.expr, deep: int = 0) -> str:
        """Return how an expression came about: `boto3.client().delete_bucket`, `pathlib.Path().unlink`."""
        if node not in self._callings:
            self._callings[node] = "?"
            if deep <= _DEEP:
                self._callings[node] = self._called(node, deep)[:_LONGEST]
        return self._callings[node]

    def _called(self, node: ast.expr, deep: int) -> str:
        if isinstance(node, ast.Name):
            return self._called_name(node.id, deep)
        if isinstance(node, ast.Attribute):
            own = self._bound.get(f".{node.attr}")
            if (
                own
                and own[0] is not None
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
            ):
                return self.called(own[0], deep + 1)
            return f"{self.called(node.value, deep + 1)}.{node.attr}"
        if isinstance(node, ast.Call):
            return self._called_call(node, deep)
        if isinstance(node, ast.Await):
            return self.called(node.value, deep + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left = self.called(node.left, deep + 1)
            return left if left.startswith("pathlib.") else "?"
        if isinstance(node, ast.Subscript):
            return f"{self.called(node.value, deep + 1)}[]"
        return "?"

    def _called_name(self, name: str, deep: int) -> str:
        if name in self.imports:
            return self.imports[name]
        known = [v for v in self._bound.get(name, []) if v is not None]
        for value in known:
            found = self.called(value, deep + 1)
            if "." in found or found in self.imports.values():
                return found
        if name in self._looped:
            return f"{self.called(self._looped[name][0], deep + 1)}[]"
        if name in _TEMPORARY_PARAMETERS:
            return "pathlib.Path()"
        return name if name not in self._bound else "?"

    def _called_call(self, node: ast.Call, deep: int) -> str:
        function = self.called(node.func, deep + 1)
        if function in ("__import__", "importlib.import_module") and node.args:
            return self.values(node.args[0])[0]
        if function == "getattr" and len(node.args) > 1:
            return f"{self.called(node.args[0], deep + 1)}.{self.values(node.args[1])[0]}"
        return f"{function}()"

    def origin(
        self, node: ast.expr, *names: str, seen: set[ast.expr] | None = None
    ) -> ast.Call | None:
        """Return the call of one of these functions that an object goes back to."""
        seen = set() if seen is None else seen
        if node in seen or len(seen) > _STEPS:
            return None
        seen.add(node)
        if isinstance(node, ast.Call):
            if self.called(node.func) in names:
                return node
            return self.origin(node.func, *names, seen=seen)
        if isinstance(node, ast.Attribute | ast.Await | ast.Subscript):
            own = self._bound.get(f".{node.attr}", []) if isinstance(node, ast.Attribute) else []
            for value in (node.value, *own):
                if value is not None and (found := self.origin(value, *names, seen=seen)):
                    return found
        if isinstance(node, ast.Name):
            for value in (*self._bound.get(node.id, ()), *self._looped.get(node.id, ())):
                if value is not None and (found := self.origin(value, *names, seen=seen)):
                    return found
        return None

    # -- what something is worth ---------------------------------------------------------------------

    def values(self, node: ast.expr | None, deep: int = 0) -> list[str]:
        """Return the texts that an expression may be."""
        if node is None or deep > _DEEP:
            return [unseen()]
        if node not in self._worths:
            self._worths[node] = [unseen(_shown(node))]
            found = [t for t in self._values(node, deep + 1) if len(t) <= _LONG]
            if found:
                self._worths[node] = list(dict.fromkeys(found))[:MOST]
        return self._worths[node]

    def _values(self, node: ast.expr, deep: int) -> list[str]:
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            return [str(value).replace("\0", "")]
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
        self, how: Callable[[list[str]], str], parts: Iterable[ast.expr], deep: int
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
            return [t for i in self._looped[name] for t in self._each(i, name, deep)]
        bound = self._bound.get(name)
        if bound is None:
            return [_TEMPORARY] if name in _TEMPORARY_PARAMETERS else []
        if name in _TEMPORARY_PARAMETERS and not any(bound):
            return [_TEMPORARY]
        return [t for b in bound for t in (self.values(b, deep) if b else [unseen(name)])]

    def _each(self, node: ast.expr, name: str, deep: int) -> list[str]:
        """Return what a loop goes over."""
        if isinstance(node, ast.Name) and node.id not in self._looped:
            bound = self._bound.get(node.id, [])
            return [t for b in bound for t in (self._each(b, name, deep) if b else [unseen(name)])]
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and deep < _DEEP:
            return [t for e in node.elts for t in self.values(e, deep)]
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("glob", "rglob", "iterdir")  # something below that folder
        ):
            return self._joined(lambda t: f"{t[0]}/{unseen(name)}", [node.func.value], deep)
        return [unseen(name)]

    def _operation(self, node: ast.BinOp, deep: int) -> list[str]:
        if isinstance(node.op, ast.Add):
            return self._joined("".join, (node.left, node.right), deep)
        if isinstance(node.op, ast.Div):
            return self._joined(lambda t: posixpath.join(*t), (node.left, node.right), deep)
        if isinstance(node.op, ast.Mod):
            return [_percent(text) for text in self.values(node.left, deep)]
        return []

    def _attribute(self, node: ast.Attribute, deep: int) -> list[str]:
        if node.attr == "parent":
            return [posixpath.dirname(t) or "." for t in self.values(node.value, deep)]
        if self.called(node) == "sys.executable":
            return ["python3"]
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            bound = self._bound.get(f".{node.attr}", [])
            return [t for b in bound for t in self.values(b, deep)]
        return []

    def _subscript(self, node: ast.Subscript, deep: int) -> list[str]:
        name = self.called(node.value)
        index = self.values(node.slice, deep)[0]
        if name == "os.environ":
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
        return []

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
            return [_formatted(t) for t in self.values(of, deep)]
        if method in ("strip", "rstrip", "lstrip") and not node.args:
            return [t.strip() for t in self.values(of, deep)]
        return []

    def _variable(self, node: ast.Call, deep: int) -> list[str]:
        """Tell `os.environ.get(NAME, DEFAULT)`."""
        name = self.values(node.args[0], deep)[0]
        if name in self._env:
            return [self._env[name]]
        return self.values(node.args[1], deep) if len(node.args) > 1 else [unseen(name)]

    def _at_home(self, text: str) -> str:
        home = self._env.get("HOME", "")
        return home + text[1:] if home and (text == "~" or text.startswith("~/")) else text

    def items(self, node: ast.expr | None, deep: int = 0) -> list[str] | None:
        """Return the words of a list; None where it is no list that is written down."""
        if deep > _DEEP:
            return None
        if isinstance(node, ast.List | ast.Tuple):
            words: list[str] = []
            for element in node.elts:
                if isinstance(element, ast.Starred):
                    words += self.items(element.value, deep + 1) or [unseen("words")]
                else:
                    words.append(self.values(element)[0])
            return words
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left = self.items(node.left, deep + 1)
            right = self.items(node.right, deep + 1)
            return None if left is None else [*left, *(right or [unseen("words")])]
        if isinstance(node, ast.Call):
            name = self.called(node.func)
            of = node.args[:1]
            if isinstance(node.func, ast.Attribute) and node.func.attr == "split" and not node.args:
                of = [node.func.value]
            elif name not in ("shlex.split", "list"):
                return None
            if name == "list":
                return self.items(of[0], deep + 1) if of else None
            text = self.values(of[0])[0] if of else ""
            return text.split() if text and text.split() else None
        if isinstance(node, ast.Name):
            bound = self._bound.get(node.id, [])
            return self.items(bound[0], deep + 1) if bound else None
        return None


def _calls(tree: ast.Module) -> dict[str, list[ast.Call]]:
    """Return the calls of plain names."""
    found: dict[str, list[ast.Call]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.setdefault(node.func.id, []).append(node)
    return found


def _given(call: ast.Call, at: int, name: str) -> ast.expr | None:
    """Return what a call hands to a parameter."""
    plain = not any(isinstance(a, ast.Starred) for a in call.args)
    if plain and at < len(call.args):
        return call.args[at]
    return next((k.value for k in call.keywords if k.arg == name), None)


def _shown(node: ast.expr) -> str:
    """Return a name for an expression that is not known."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _shown(node.func)
    return _shown(node.value) if isinstance(node, ast.Subscript) else ""


def _percent(text: str) -> str:
    import re

    return re.sub(r"%(?:\((\w+)\))?[-#0-9.]*[sdrif]", lambda m: unseen(m[1] or "value"), text)


def _formatted(text: str) -> str:
    import re

    return re.sub(r"\{(\w*)[^{}]*\}", lambda m: unseen(m[1] or "value"), text)


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
