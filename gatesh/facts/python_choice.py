"""Which calls of a Python text happen for some names only: behind `if name.endswith('.pyc')` and its kind."""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TESTS = frozenset("endswith startswith match search fullmatch fnmatch fnmatchcase".split())
_OPPOSITE = (ast.NotEq, ast.NotIn)


def chosen(tree: ast.Module) -> set[ast.Call]:
    """Return the calls that a test of a name stands in front of."""
    found: set[ast.Call] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp):
            body = node.body if isinstance(node.body, list) else [node.body]
            found.update(_calls(body) if _is_choice(node.test) else ())
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            if any(_is_choice(test) for part in node.generators for test in part.ifs):
                found.update(_calls([node.elt]))
        elif isinstance(node, ast.For):
            found.update(_calls(_behind_guard(node.body)))
    return found


def _calls(nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
    return (n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Call))


def _behind_guard(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return what follows `if not name.endswith('.pyc'): continue`."""
    for at, statement in enumerate(body):
        if isinstance(statement, ast.If) and isinstance(statement.body[0], ast.Continue):
            test, turned = statement.test, False
            if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                test, turned = test.operand, True
            if isinstance(test, ast.Compare) and isinstance(test.ops[0], _OPPOSITE):
                turned = _names_something(test.comparators[0])
            if turned and (isinstance(test, ast.Compare) or _is_choice(test)):
                return body[at + 1 :]
    return []


def _is_choice(test: ast.expr) -> bool:
    """Claim that a test lets through what bears certain names."""
    if isinstance(test, ast.BoolOp):
        decide = any if isinstance(test.op, ast.And) else all
        return decide(map(_is_choice, test.values))
    if isinstance(test, ast.Compare):
        parts = (test.left, *test.comparators)
        return not isinstance(test.ops[0], _OPPOSITE) and any(map(_names_something, parts))
    if isinstance(test, ast.Call):
        function = test.func
        name = function.attr if isinstance(function, ast.Attribute) else ""
        name = function.id if isinstance(function, ast.Name) else name
        return name in _TESTS and any(map(_names_something, test.args))
    return False


def _names_something(node: ast.expr) -> bool:
    """Claim that an expression is a text that is written down, or a list of such."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return bool(node.elts) and all(map(_names_something, node.elts))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 1
