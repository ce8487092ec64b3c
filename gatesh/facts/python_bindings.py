"""What the names of a Python text are bound to: imports, assignments, loops, parameters, options.

Every binding is noted wherever it stands; the order in which they happen is not followed, so a name has
everything it may be.
"""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_GROWING = frozenset(("append", "extend", "insert", "add", "update"))
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Bindings:
    """The names of one text."""

    def __init__(self, tree: ast.Module) -> None:
        """Look at every binding once."""
        self.tree = tree
        self.imports: dict[str, str] = {}
        self._bases: dict[str, ast.expr] = {}  # of the text's own classes
        self.stars: list[str] = []  # from os import *
        self.defined: set[str] = set()  # functions and classes of the text itself
        self._bound: dict[str, list[ast.expr | None]] = {}
        self._grown: dict[str, list[ast.expr]] = {}  # x.append(…), x += […]
        self._looped: dict[
            str, list[tuple[ast.expr, int | None]]
        ] = {}  # for a, b in x: b is (x, 1)
        self._options: dict[str, ast.Call] = {}  # what parser.add_argument was told
        self._positional: list[str] = []
        calls = _calls(tree)
        self._methods = calls
        for node in ast.walk(tree):
            self._bind(node, calls)

    def bound(self, name: str) -> list[ast.expr | None]:
        """Return what a name is bound to, None for what nobody knows."""
        return self._bound.get(name, [])

    def methods(self, name: str) -> list[ast.Call]:
        """Return the calls of methods of that name, whatever the object."""
        return self._methods.get(f".{name}", [])

    def once(self, name: str) -> ast.expr | None:
        """Return the only thing that a name is ever bound to."""
        found = self._bound.get(name, [])
        if len(found) == 1 and name not in self._looped and name not in self._grown:
            return found[0]
        return None

    def _bind(self, node: ast.AST, calls: Mapping[str, list[ast.Call]]) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._target(target, node.value)
                if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name):
                    self._parameters(node.value, calls.get(target.id, []))
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
            self._target(node.target, node.value)
        elif isinstance(node, ast.AugAssign):
            self._grow(node.target, node.value if isinstance(node.op, ast.Add) else None)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._loop(node.target, node.iter)
        elif isinstance(node, ast.withitem) and node.optional_vars:
            self._target(node.optional_vars, node.context_expr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.defined.add(node.name)
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            if names[:1] not in (["self"], ["cls"]):
                self._parameters(node, calls.get(node.name, []))
            elif node.name != "__init__":
                self._parameters(node, calls.get(f".{node.name}", []), 1)
        elif isinstance(node, ast.ClassDef):
            self._class(node, calls.get(node.name, []))
        elif isinstance(node, ast.Call):
            self._called_for(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                self.imports[alias.asname or top] = top
            elif alias.name == "*":
                self.stars.append(node.module or "")
            else:
                self.imports[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"

    def _class(self, node: ast.ClassDef, calls: list[ast.Call]) -> None:
        self.defined.add(node.name)
        if node.bases:
            self._bases[node.name] = node.bases[0]
        for statement in node.body:  # self.NAME, for what stands in the class
            if isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        self._bound.setdefault(f".{target.id}", []).append(statement.value)
            elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                self._parameters(statement, calls, 1)
            elif isinstance(statement, ast.FunctionDef) and statement.name == "get_method":
                said = [s.value for s in ast.walk(statement) if isinstance(s, ast.Return)]
                self._bound.setdefault(".get_method", []).extend(said)

    def _called_for(self, node: ast.Call) -> None:
        """Note calls that change a list or declare an option, and a lambda that is called on the spot."""
        if isinstance(node.func, ast.Lambda):
            self._parameters(node.func, [node])
        if not isinstance(node.func, ast.Attribute):
            return
        method, of = node.func.attr, node.func.value
        if method in _GROWING and node.args:
            added = node.args[-1]
            many = method in ("extend", "update")
            self._grow(of, added if many else ast.List([added], ast.Load()))
        elif method == "add_argument":
            names = [a.value for a in node.args if isinstance(a, ast.Constant)]
            long = next((str(n) for n in names if str(n).startswith("--")), "")
            name = (long or str(names[0] if names else "")).lstrip("-").replace("-", "_")
            given = next((k.value for k in node.keywords if k.arg == "dest"), None)
            if isinstance(given, ast.Constant):
                name = str(given.value)
            self._options[name] = node
            if names and not str(names[0]).startswith("-"):
                self._positional.append(name)

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

    def _grow(self, target: ast.expr, value: ast.expr | None) -> None:
        name = target.id if isinstance(target, ast.Name) else ""
        if isinstance(target, ast.Attribute):
            name = f".{target.attr}"
        if name and value is not None:
            self._grown.setdefault(name, []).append(value)
        elif name:
            self._bound.setdefault(name, []).append(None)

    def _loop(self, target: ast.expr, over: ast.expr) -> None:
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        whole = parts == [target]
        for at, part in enumerate(parts):
            if isinstance(part, ast.Name):
                self._looped.setdefault(part.id, []).append((over, None if whole else at))
            else:
                self._target(part, None)

    def _parameters(self, function: _Function, calls: list[ast.Call], own: int = 0) -> None:
        """Bind the parameters to what the calls in this text hand in; `own` is 1 where self is the first."""
        given = function.args
        names = [a.arg for a in (*given.posonlyargs, *given.args)]
        defaults = dict(zip(reversed(names), reversed(given.defaults), strict=False))
        only = [a.arg for a in given.kwonlyargs]
        named = {a: d for a, d in zip(only, given.kw_defaults, strict=True) if d is not None}
        for at, name in enumerate([*names, *only]):
            if name in ("self", "cls"):
                continue
            place = at - own if at < len(names) else 10_000
            default = defaults.get(name) or named.get(name)
            values = [_given(call, place, name) or default for call in calls]
            self._bound.setdefault(name, []).extend(values or [default, None])
        if given.vararg is not None:
            rest = [ast.Tuple(call.args[len(names) - own :], ast.Load()) for call in calls]
            self._bound.setdefault(given.vararg.arg, []).extend(rest)


def _calls(tree: ast.Module) -> dict[str, list[ast.Call]]:
    """Return the calls of plain names, and of methods under `.name`."""
    found: dict[str, list[ast.Call]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.setdefault(node.func.id, []).append(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found.setdefault(f".{node.func.attr}", []).append(node)
    return found


def _given(call: ast.Call, at: int, name: str) -> ast.expr | None:
    """Return what a call hands to a parameter."""
    plain = not any(isinstance(a, ast.Starred) for a in call.args)
    if plain and at < len(call.args):
        return call.args[at]
    return next((k.value for k in call.keywords if k.arg == name), None)
