"""Python expressions whose value is written down in the text itself, however it is spelled.

`''.join(map(chr, [114, 109]))`, `'mr'[::-1]` and `codecs.decode('ez', 'rot13')` say "rm". Only what has no
effect and cannot fail to end is worked out, by this module and not by Python's own `eval`; sizes and steps
are limited.
"""

from __future__ import annotations

import ast
import binascii
import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

_LONGEST = 20_000  # characters, or elements
STEPS = 50_000  # of one text
_DEEP = 60
_BIGGEST = 1 << 64

_OPERATORS: dict[type[ast.operator], Callable[[object, object], object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}
_METHODS = frozenset(
    """
    replace join upper lower strip lstrip rstrip swapcase title capitalize casefold removeprefix removesuffix
    split rsplit splitlines partition rpartition decode encode hex get keys values items translate copy
    """.split()
)


class NotConstantError(ValueError):
    """The value of an expression is not written down."""


def constant(
    node: ast.expr, bound: Callable[[str], ast.expr | None], own: Container[str], left: list[int]
) -> object:
    """Return the value of an expression; `bound` gives the one expression that a name stands for.

    `own` are the functions that the text defines: its `chr` may be another. `left` counts the steps down that
    a whole text may take. Raises NotConstantError, and OverflowError where there are none left.
    """
    return _Folding(bound, own, left).value(node, {}, 0)


class _Folding:
    def __init__(
        self, bound: Callable[[str], ast.expr | None], own: Container[str], left: list[int]
    ) -> None:
        self._bound, self._own, self._left = bound, own, left

    def value(self, node: ast.expr, names: Mapping[str, object], deep: int) -> object:
        """Return what an expression is, `names` being the variables of the comprehensions around it."""
        self._left[0] -= 1
        if self._left[0] < 0:
            raise OverflowError("too much to work out")
        reader = _KINDS.get(type(node))
        if reader is None or deep > _DEEP:
            raise NotConstantError
        try:
            return _bounded(reader(self, node, names, deep + 1))
        except OverflowError:
            raise
        except (TypeError, LookupError, ArithmeticError, AttributeError, ValueError) as error:
            raise NotConstantError from error

    def constant(self, node: ast.Constant, _names: Mapping[str, object], _deep: int) -> object:
        """Tell `'a'`, `1`, `b'x'`."""
        return node.value

    def name(self, node: ast.Name, names: Mapping[str, object], deep: int) -> object:
        """Tell `x`, where it is bound once."""
        if node.id in names:
            return names[node.id]
        found = self._bound(node.id)
        if found is None:
            raise NotConstantError
        return self.value(found, {}, deep)

    def listed(
        self, node: ast.List | ast.Tuple | ast.Set, names: Mapping[str, object], deep: int
    ) -> list[object]:
        """Tell `[a, *b]`, as a list whatever its brackets are."""
        found: list[object] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                found += _iterated(self.value(element.value, names, deep))
            else:
                found.append(self.value(element, names, deep))
        return found

    def dictionary(self, node: ast.Dict, names: Mapping[str, object], deep: int) -> object:
        """Tell `{'a': 1}`."""
        return {
            self.value(k, names, deep): self.value(v, names, deep)
            for k, v in zip(node.keys, node.values, strict=True)
            if k is not None
        }

    def operation(self, node: ast.BinOp, names: Mapping[str, object], deep: int) -> object:
        """Tell `a + b`, `'x' * 3`, `'%s' % a`."""
        left, right = self.value(node.left, names, deep), self.value(node.right, names, deep)
        if isinstance(node.op, ast.Mult):
            return _times(left, right)
        if isinstance(node.op, ast.Mod) and isinstance(left, str | bytes):
            if any(w in str(left) for w in ("*", "99")):  # '%999999999d'
                raise NotConstantError
            right = tuple(right) if isinstance(right, list) else right
        return _OPERATORS[type(node.op)](left, right)

    def minus(self, node: ast.UnaryOp, names: Mapping[str, object], deep: int) -> object:
        """Tell `-1`."""
        value = self.value(node.operand, names, deep)
        if not (isinstance(node.op, ast.USub) and isinstance(value, int)):
            raise NotConstantError
        return -value

    def subscript(self, node: ast.Subscript, names: Mapping[str, object], deep: int) -> object:
        """Tell `x[1]`, `x[::-1]`."""
        of = self.value(node.value, names, deep)
        if isinstance(node.slice, ast.Slice):
            parts = (node.slice.lower, node.slice.upper, node.slice.step)
            index: object = slice(
                *(None if p is None else self.value(p, names, deep) for p in parts)
            )
        else:
            index = self.value(node.slice, names, deep)
        return of[index]  # type: ignore[index]

    def formatted(self, node: ast.JoinedStr, names: Mapping[str, object], deep: int) -> str:
        """Tell `f'{a}b'`, without anything behind the name."""
        found = ""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if part.format_spec is not None or part.conversion not in (-1, 115):
                    raise NotConstantError
                part = part.value  # noqa: PLW2901
            found += _text(self.value(part, names, deep))
        return found

    def comprehension(
        self,
        node: ast.ListComp | ast.GeneratorExp | ast.SetComp,
        names: Mapping[str, object],
        deep: int,
    ) -> list[object]:
        """Tell `[chr(c) for c in x]`."""
        first, *more = node.generators
        if more or first.ifs or not isinstance(first.target, ast.Name):
            raise NotConstantError
        name = first.target.id
        over = _iterated(self.value(first.iter, names, deep))
        return [self.value(node.elt, {**names, name: each}, deep) for each in over]

    def call(self, node: ast.Call, names: Mapping[str, object], deep: int) -> object:
        """Tell `chr(c)`, `x.replace(a, b)`, `base64.b64decode(x)`."""
        dotted = ast.unparse(node.func) if _is_dotted(node.func) else ""
        if dotted.partition(".")[0] in self._own:
            raise NotConstantError
        if dotted == "map" and len(node.args) == 2 and isinstance(node.args[0], ast.Name):
            function = _FUNCTIONS[node.args[0].id]
            return [function(each) for each in _iterated(self.value(node.args[1], names, deep))]
        arguments = [self.value(argument, names, deep) for argument in node.args]
        found = _FUNCTIONS.get(dotted) or _FUNCTIONS.get(dotted.rpartition(".")[2])
        is_module = dotted.partition(".")[0] in (
            "base64",
            "binascii",
            "codecs",
            "zlib",
            "bytes",
            "str",
        )
        if found is not None and ("." not in dotted or is_module):
            return found(*arguments)
        if not isinstance(node.func, ast.Attribute):
            raise NotConstantError
        of = self.value(node.func.value, names, deep)
        if node.func.attr == "format" and isinstance(of, str):
            keywords = {k.arg: self.value(k.value, names, deep) for k in node.keywords if k.arg}
            return _filled(of, arguments, keywords)
        if node.func.attr not in _METHODS or not isinstance(of, str | bytes | dict | list):
            raise NotConstantError
        if node.func.attr == "join":
            arguments = [_iterated(arguments[0])]
        return getattr(of, node.func.attr)(*arguments)


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _bounded(value: object) -> object:
    """Return a value of a size that can be handled; views and iterators become lists."""
    if isinstance(value, int) and not -_BIGGEST < value < _BIGGEST:
        raise NotConstantError
    if isinstance(value, str | bytes | list | dict) and len(value) > _LONGEST:
        raise NotConstantError
    if isinstance(value, str | bytes | int | float | list | dict | type(None)):
        return value
    return _iterated(value)


def _iterated(value: object) -> list[object]:
    if isinstance(value, range) and len(value) > _LONGEST:
        raise NotConstantError
    return list(value)  # type: ignore[call-overload,no-any-return]


def _text(value: object) -> str:
    if not isinstance(value, str | int):
        raise NotConstantError
    return str(value)


def _times(left: object, right: object) -> object:
    """Return `left * right`, unless that is too long."""
    if isinstance(right, int) and isinstance(left, str | bytes | list):
        if len(left) * right > _LONGEST:
            raise NotConstantError
        return left * right
    if isinstance(left, int):
        return left * right if isinstance(right, int) else _times(right, left)
    raise NotConstantError


def _filled(text: str, arguments: list[object], keywords: Mapping[str, object]) -> str:
    """Return `text.format(…)` where its fields are plain names and numbers."""
    import string

    out, count = "", 0
    for before, field, spec, conversion in string.Formatter().parse(text):
        out += before
        if field is None:
            continue
        if spec or conversion or not (field == "" or field.isidentifier() or field.isdecimal()):
            raise NotConstantError
        place: object = keywords[field] if field.isidentifier() else arguments[int(field or count)]
        out += _text(place)
        count += 1
    return out


def _decompressed(data: object) -> bytes:
    import zlib

    try:
        return zlib.decompressobj().decompress(data, _LONGEST)  # type: ignore[arg-type]
    except zlib.error as error:
        raise NotConstantError from error


def _decoded(data: object, how: object = "utf-8", *_rest: object) -> object:
    """Tell `codecs.decode(x, 'rot13')`."""
    import codecs

    if how in ("hex", "hex_codec"):
        return binascii.unhexlify(data)  # type: ignore[arg-type]
    if str(how).replace("_", "").replace("-", "") in ("rot13", "utf8", "ascii", "latin1"):
        return codecs.decode(data, str(how))  # type: ignore[call-overload]
    if how in ("base64", "base64_codec"):
        return binascii.a2b_base64(data)  # type: ignore[arg-type]
    raise NotConstantError


def _b64(data: object, *_rest: object) -> bytes:
    return _binary(lambda: binascii.a2b_base64(data))  # type: ignore[arg-type]


def _b64url(data: object) -> bytes:
    text = data.decode("ascii") if isinstance(data, bytes) else _text(data)
    return _binary(lambda: binascii.a2b_base64(text.replace("-", "+").replace("_", "/")))


def _b32(data: object, *_rest: object) -> bytes:
    import base64

    return _binary(lambda: base64.b32decode(data))  # type: ignore[arg-type]


def _b85(data: object) -> bytes:
    import base64

    return _binary(lambda: base64.b85decode(data))  # type: ignore[arg-type]


def _hex(data: object) -> bytes:
    return _binary(lambda: binascii.unhexlify(data))  # type: ignore[arg-type]


def _binary(work: Callable[[], bytes]) -> bytes:
    try:
        return work()
    except ValueError as error:
        raise NotConstantError from error


def _bytes(of: object = b"", *_rest: object) -> bytes:
    """Tell `bytes([1, 2])`, `bytes('x', 'ascii')`; `bytes(9)` is of no use to anybody."""
    if isinstance(of, int):
        raise NotConstantError
    return of.encode() if isinstance(of, str) else bytes(of)  # type: ignore[call-overload]


def _int(of: object, base: int = 10) -> int:
    if not isinstance(of, str | int) or len(str(of)) > 20:
        raise NotConstantError
    return int(of, base) if isinstance(of, str) else of


def _str(of: object = "", *how: object) -> str:
    return of.decode() if isinstance(of, bytes) and how else _text(of)


def _sorted(of: Iterable[object]) -> list[object]:
    return sorted(of)  # type: ignore[type-var]


def _zipped(*of: Iterable[object]) -> Iterator[object]:
    return (list(each) for each in zip(*of, strict=False))


def _counted(of: Iterable[object], start: int = 0) -> Iterator[object]:
    return ([at, each] for at, each in enumerate(of, start))


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "chr": chr,
    "ord": ord,
    "len": len,
    "range": range,
    "str": _str,
    "int": _int,
    "bytes": _bytes,
    "bytearray": _bytes,
    "list": _iterated,
    "tuple": _iterated,
    "set": _iterated,
    "reversed": lambda of: _iterated(of)[::-1],
    "sorted": _sorted,
    "zip": _zipped,
    "enumerate": _counted,
    "b64decode": _b64,
    "standard_b64decode": _b64,
    "decodebytes": _b64,
    "urlsafe_b64decode": _b64url,
    "b32decode": _b32,
    "b85decode": _b85,
    "a2b_base64": _b64,
    "b16decode": _hex,
    "unhexlify": _hex,
    "a2b_hex": _hex,
    "fromhex": bytes.fromhex,
    "decode": _decoded,
    "decompress": _decompressed,
}
_KINDS: dict[type[ast.expr], Callable[..., object]] = {
    ast.Constant: _Folding.constant,
    ast.Name: _Folding.name,
    ast.List: _Folding.listed,
    ast.Tuple: _Folding.listed,
    ast.Set: _Folding.listed,
    ast.Dict: _Folding.dictionary,
    ast.BinOp: _Folding.operation,
    ast.UnaryOp: _Folding.minus,
    ast.Subscript: _Folding.subscript,
    ast.JoinedStr: _Folding.formatted,
    ast.ListComp: _Folding.comprehension,
    ast.GeneratorExp: _Folding.comprehension,
    ast.SetComp: _Folding.comprehension,
    ast.Call: _Folding.call,
}
