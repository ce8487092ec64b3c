"""What a Python object is called that a text uses: the function, module or method it goes back to.

`from os import system as s; t = s; t` is called "os.system", `boto3.client('s3').delete_bucket` is called
"boto3.client().delete_bucket"; "?" is what nobody knows.
"""

from __future__ import annotations

import ast
import builtins

from gatesh.facts.python_bindings import Bindings

MOST = 16  # possible values of one expression
TEMPORARY_PARAMETERS = frozenset(("tmp_path", "tmpdir", "tmp_dir", "temp_dir", "tmp_path_factory"))
_DEEP = 60  # names looked up on the way
_STEPS = 500  # on the way from an object to where it was made
_MOST_PARTS = 64
_LONGEST = 400  # characters of what something is called
# What `from MODULE import *` brings, where several modules are starred.
_EXPORTS = {
    "os": frozenset(
        "system popen remove unlink rmdir removedirs rename replace truncate execv".split()
    ),
    "shutil": frozenset("rmtree move copy copy2 copyfile copytree".split()),
    "subprocess": frozenset(
        "run call check_call check_output Popen getoutput getstatusoutput".split()
    ),
    "pathlib": frozenset(("Path", "PurePath", "PosixPath")),
}


class Names(Bindings):
    """The bindings of a text, followed; what an index or a module's name is worth, a subclass knows."""

    def __init__(self, tree: ast.Module) -> None:
        """Look at every binding once."""
        super().__init__(tree)
        # What was found out already, and a placeholder while it is looked for: names may go in circles.
        self._callings: dict[ast.expr, str] = {}
        self._parts: dict[ast.expr, list[ast.expr]] = {}
        self._chosen: set[ast.Call] | None = None

    def values(self, node: ast.expr | None, deep: int = 0) -> list[str]:
        """Return the texts that an expression may be."""
        raise NotImplementedError

    def called(self, node: ast.expr, deep: int = 0) -> str:
        """Return how an expression came about: `boto3.client().delete_bucket`, `pathlib.Path().unlink`."""
        if node not in self._callings:
            self._callings[node] = "?"
            if deep <= _DEEP:
                self._callings[node] = self._called(node, deep)[:_LONGEST]
        return self._callings[node]

    def chooses(self, node: ast.Call) -> bool:
        """Claim that a call stands behind a test of a name."""
        from gatesh.facts.python_choice import chosen

        if self._chosen is None:
            self._chosen = chosen(self.tree)
        return node in self._chosen

    def _called(self, node: ast.expr, deep: int) -> str:
        if isinstance(node, ast.Name):
            return self._called_name(node.id, deep)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                own = [v for v in self._bound.get(f".{node.attr}", ()) if v is not None]
                if own:
                    return self.called(own[0], deep + 1)
            return _plain(f"{self.called(node.value, deep + 1)}.{node.attr}")
        if isinstance(node, ast.Call):
            return self._called_call(node, deep)
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self.called(node.value, deep + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left = self.called(node.left, deep + 1)
            return left if left.startswith("pathlib.") else "?"
        if isinstance(node, ast.Subscript):
            return self._called_subscript(node, deep)
        if isinstance(node, ast.IfExp | ast.BoolOp):
            parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
            return next((n for p in parts if (n := self.called(p, deep + 1)) != "?"), "?")
        return "?"

    def _called_name(self, name: str, deep: int) -> str:
        if name in self.imports:
            return _plain(self.imports[name])
        for value in self._bound.get(name, []):
            found = "?" if value is None else self.called(value, deep + 1)
            if found != "?":
                return found
        if name in self._looped:
            over, at = self._looped[name][0]
            elements = [e for e in self._elements(over, deep) if at is None]
            found = self.called(elements[0], deep + 1) if elements else "?"
            return f"{self.called(over, deep + 1)}[]" if found == "?" else found
        if name in TEMPORARY_PARAMETERS:
            return "pathlib.Path()"
        if name in self._bases:  # what its class does not say itself, the one it is made from does
            return self.called(self._bases[name], deep + 1)
        if name in self._bound or name in self.defined:
            return "?"
        if self.stars and not hasattr(builtins, name):
            exported = [s for s in self.stars if name in _EXPORTS.get(s, ())]
            return f"{(exported or self.stars)[-1]}.{name}"
        return "" if name in ("builtins", "__builtins__") else name

    def _called_call(self, node: ast.Call, deep: int) -> str:
        function = self.called(node.func, deep + 1)
        if (
            function in ("__import__", "importlib.import_module", "importlib.__import__")
            and node.args
        ):
            return _plain(self.values(node.args[0])[0])
        if function in ("getattr", "object.__getattribute__") and len(node.args) > 1:
            name = self.values(node.args[1])[0]
            return _plain(f"{self.called(node.args[0], deep + 1)}.{name}")
        if function == "vars" and node.args:
            return f"{self.called(node.args[0], deep + 1)}.__dict__"
        if function == "operator.attrgetter()" and node.args:
            of = self.origin(node.func, "operator.attrgetter")
            named = self.values(of.args[0])[0] if of is not None and of.args else "?"
            return _plain(f"{self.called(node.args[0], deep + 1)}.{named}")
        if function == "functools.partial" and node.args:
            return self.called(node.args[0], deep + 1)
        return f"{function}()"

    def _called_subscript(self, node: ast.Subscript, deep: int) -> str:
        for element in self._picked(node, deep):
            if (found := self.called(element, deep + 1)) != "?":
                return found
        of = self.called(node.value, deep + 1)
        if of == "sys.modules":
            return _plain(self.values(node.slice)[0])
        if of.endswith(".__dict__"):
            return _plain(f"{of.removesuffix('.__dict__')}.{self.values(node.slice)[0]}")
        if of in ("globals()", "locals()"):
            name = self.values(node.slice)[0]
            return self._called_name(name, deep + 1) if name.isidentifier() else "?"
        return f"{of}[]"

    def _elements(self, node: ast.expr, deep: int) -> list[ast.expr]:
        """Return the elements of a list or a dictionary that is written down somewhere."""
        if node not in self._parts:
            self._parts[node] = []
            self._parts[node] = self._elements_of(node, deep)[:_MOST_PARTS]
        return self._parts[node]

    def _elements_of(self, node: ast.expr, deep: int) -> list[ast.expr]:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [e for e in node.elts if not isinstance(e, ast.Starred)]
        if isinstance(node, ast.Dict):
            return [v for v in node.values if v is not None]
        if isinstance(node, ast.Name) and deep < _DEEP:
            bound = [b for b in self._bound.get(node.id, ()) if b is not None]
            return [e for b in bound[:MOST] for e in self._elements(b, deep + 10)]
        if isinstance(node, ast.Call) and node.args and deep < _DEEP:  # sorted(x), list(x)
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in ("sorted", "list", "set", "tuple", "reversed", "iter", "frozenset", "dict"):
                return self._elements(node.args[0], deep + 10)
        return []

    def _picked(self, node: ast.Subscript, deep: int) -> list[ast.expr]:
        """Return what `x['a']` or `x[1]` may be, where x is written down."""
        of = node.value
        if isinstance(of, ast.Name):
            of = self.once(of.id) or of
        if isinstance(of, ast.Dict) and isinstance(node.slice, ast.Constant):
            keys = [self.values(k)[0] if k is not None else "" for k in of.keys]
            wanted = str(node.slice.value)
            if wanted in keys:
                return [v for k, v in zip(keys, of.values, strict=True) if k == wanted]
        if isinstance(of, ast.List | ast.Tuple) and isinstance(node.slice, ast.Constant):
            at = node.slice.value
            if isinstance(at, int) and -len(of.elts) <= at < len(of.elts):
                return [of.elts[at]]
        return self._elements(of, deep)

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
            looped = [over for over, _ in self._looped.get(node.id, ())]
            for value in (*self._bound.get(node.id, ()), *looped):
                if value is not None and (found := self.origin(value, *names, seen=seen)):
                    return found
        return None


def _plain(name: str) -> str:
    """Return a name without the roundabout ways to the same thing."""
    name = name.removeprefix(".").removesuffix(".__call__")
    if name.startswith(("posix.", "nt.")):
        return f"os.{name.partition('.')[2]}"
    return name.removeprefix("builtins.").removeprefix("__builtins__.")
