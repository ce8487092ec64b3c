"""Which part of a Python text runs: all of a script, and of an imported module what its importer reaches.

A function of an imported module counts where its name is used by whoever imports it, or by what counts already.
"""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ALWAYS = (
    "__init__",
    "__new__",
    "__enter__",
    "__exit__",
    "__call__",
    "__del__",
    "__post_init__",
    "__getattr__",
)


class Reach:
    """The nodes of a text that may run."""

    def __init__(self, tree: ast.Module, names: frozenset[str] | None) -> None:
        """Find them; without names the text is the script itself, and everything counts."""
        self.names: set[str] = set(names or ())
        self._nodes: list[ast.AST] = []
        if names is None:
            self._nodes = list(ast.walk(tree))
            self.names = set(map(_name, self._nodes))
            return
        waiting: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self._take(tree, waiting)
        while found := [f for f in waiting if f.name in self.names or f.name in _ALWAYS]:
            waiting = [f for f in waiting if f not in found]
            for function in found:
                for statement in function.body:
                    self._take(statement, waiting)

    def _take(self, top: ast.AST, waiting: list[ast.FunctionDef | ast.AsyncFunctionDef]) -> None:
        """Take a part in, functions apart: their bodies wait until somebody uses their name."""
        stack = [top]
        while stack:
            node = stack.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                waiting.append(node)
                stack += [*node.decorator_list, node.args]
                continue
            if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
                stack += node.orelse
                continue
            self._nodes.append(node)
            self.names.add(_name(node))
            stack += ast.iter_child_nodes(node)

    def calls(self) -> Iterator[ast.Call]:
        """Yield the calls that may happen."""
        return (node for node in self._nodes if isinstance(node, ast.Call))

    def imports(self) -> Iterator[str]:
        """Yield the modules that are imported, and those that a name may turn out to be."""
        for node in self._nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                yield module
                joint = "" if module.endswith(".") else "."
                yield from (
                    f"{module}{joint}{alias.name}" for alias in node.names if alias.name != "*"
                )
            elif (
                isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
            ):
                name = node.args[0].value
                if _name(node.func) in ("__import__", "import_module") and isinstance(name, str):
                    yield name

    def folders(self) -> Iterator[str]:
        """Yield what `sys.path.insert(0, 'x')` adds."""
        for call in self.calls():
            function = call.func
            if isinstance(function, ast.Attribute) and function.attr in ("insert", "append"):
                last = call.args[-1] if call.args else None
                is_path = (
                    isinstance(function.value, ast.Attribute) and function.value.attr == "path"
                )
                if is_path and isinstance(last, ast.Constant) and isinstance(last.value, str):
                    yield last.value


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.name.rpartition(".")[2] if isinstance(node, ast.alias) else ""
