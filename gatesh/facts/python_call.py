"""One call in a Python text, its arguments as texts."""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gatesh.facts.python_values import Module


class Call:
    """One call, its arguments as texts."""

    def __init__(self, module: Module, node: ast.Call, name: str) -> None:
        """Keep the call under the name that imports and bindings give it."""
        self.module, self.node, self.name = module, _unpacked(module, node), name

    def argument(self, at: int, *names: str) -> ast.expr | None:
        """Return an argument by place or by name."""
        if at < len(self.node.args) and not isinstance(self.node.args[at], ast.Starred):
            return self.node.args[at]
        return next((k.value for k in self.node.keywords if k.arg in names), None)

    def texts(self, at: int, *names: str) -> list[str]:
        """Return what an argument may be."""
        return self.module.values(self.argument(at, *names))

    def text(self, at: int, *names: str) -> str:
        """Return what an argument may be first of all."""
        return self.texts(at, *names)[0]

    def has(self, at: int, *names: str) -> bool:
        """Claim that an argument is given."""
        return self.argument(at, *names) is not None

    def owners(self) -> list[str]:
        """Return what the object may be that a method is called on."""
        function = self.node.func
        return self.module.values(function.value) if isinstance(function, ast.Attribute) else []

    def is_true(self, name: str) -> bool:
        """Claim that `name=True` is given, or something that may be true."""
        found = next((k.value for k in self.node.keywords if k.arg in (name, None)), None)
        return found is not None and not (isinstance(found, ast.Constant) and not found.value)


def _unpacked(module: Module, node: ast.Call) -> ast.Call:
    """Return the call with `*[…]` and `**{…}` as plain arguments, where they are written down."""
    if not any(isinstance(a, ast.Starred) for a in node.args) and all(k.arg for k in node.keywords):
        return node
    arguments: list[ast.expr] = []
    for argument in node.args:
        parts = argument.value if isinstance(argument, ast.Starred) else argument
        if isinstance(argument, ast.Starred) and isinstance(parts, ast.Name):
            parts = module.once(parts.id) or parts
        is_listed = isinstance(argument, ast.Starred) and isinstance(parts, ast.List | ast.Tuple)
        arguments += parts.elts if is_listed else [argument]  # type: ignore[attr-defined]
    keywords: list[ast.keyword] = []
    for keyword in node.keywords:
        value = keyword.value
        if keyword.arg is None and isinstance(value, ast.Name):
            value = module.once(value.id) or value
        if keyword.arg is None and isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            keywords += [
                ast.keyword(str(k.value), v) for k, v in pairs if isinstance(k, ast.Constant)
            ]
        else:
            keywords.append(keyword)
    return ast.copy_location(ast.Call(node.func, arguments, keywords), node)
