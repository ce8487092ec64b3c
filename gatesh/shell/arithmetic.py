"""Arithmetic over numbers that are known: `$((2 * (n + 1)))`. What assigns or is unusual stays unknown."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 200
_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|[0-9]+)|\$?([A-Za-z_][A-Za-z0-9_]*)|\$([0-9#])|\$\{([A-Za-z_]\w*|[0-9#])\}"
    r"|(\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^~!?:()]))"
)
_BINARY = (  # from the loosest to the tightest
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"),
    ("*", "/", "%"),
)  # fmt: skip
_NUMBER = r"-?(?:0|[1-9][0-9]{0,17})"


class _NotKnown(Exception):  # noqa: N818  an answer, not an error
    """The expression's value cannot be told."""


def calculate(text: str, get: Callable[[str], str | None]) -> int | None:
    """Return the value of an expression; None where it cannot be told. `get` knows the variables."""
    if len(text) > LONGEST:
        return None
    try:
        return _Expression(text, get).value()
    except _NotKnown:
        return None


class _Expression:
    def __init__(self, text: str, get: Callable[[str], str | None]) -> None:
        self._get = get
        self._tokens: list[int | str] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise _NotKnown
            self._tokens.append(self._token(match))
            at = match.end()
        self._at = 0

    def _token(self, match: re.Match[str]) -> int | str:
        number, name, special, braced, operator = match.groups()
        if operator:
            return operator
        if number:
            octal = number[0] == "0" and number.isdigit()
            if octal and re.search("[89]", number):
                raise _NotKnown
            return _bounded(int(number, 8 if octal else 0))
        dollar = match.group().lstrip()[0] == "$"
        known = self._get(name or special or braced)
        # `$x` is put in as text: --1 would be something else than minus minus one.
        if (
            known is None
            or not re.fullmatch(_NUMBER, known or "0")
            or (dollar and known[:1] in ("", "-"))
        ):
            raise _NotKnown
        return _bounded(int(known or "0"))

    def value(self) -> int:
        if not self._tokens:
            return 0
        found = self._choice()
        if self._at != len(self._tokens):
            raise _NotKnown
        return found

    def _take(self, *wanted: str) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        if isinstance(token, str) and token and token in wanted:
            self._at += 1
            return token
        return ""

    def _choice(self) -> int:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        yes = self._choice()
        if not self._take(":"):
            raise _NotKnown
        no = self._choice()
        return yes if condition else no

    def _binary(self, level: int) -> int:
        if level == len(_BINARY):
            return self._power()
        left = self._binary(level + 1)
        while operator := self._take(*_BINARY[level]):
            left = _apply(operator, left, self._binary(level + 1))
        return left

    def _power(self) -> int:
        base = self._unary()
        if not self._take("**"):
            return base
        exponent = self._power()
        if not 0 <= exponent < 64:
            raise _NotKnown
        return _bounded(base**exponent)

    def _unary(self) -> int:
        operator = self._take("-", "+", "!", "~")
        if operator:
            following = self._tokens[self._at : self._at + 1]
            if following == [operator]:
                raise _NotKnown  # -- and ++ are other operators
            operand = self._unary()
            return {"-": -operand, "+": operand, "!": int(not operand), "~": ~operand}[operator]
        if self._take("("):
            inner = self._choice()
            if not self._take(")"):
                raise _NotKnown
            return inner
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        if not isinstance(token, int):
            raise _NotKnown
        self._at += 1
        return token


def _apply(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%"):
        if right == 0:
            raise _NotKnown
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - quotient * right
    if operator in ("<<", ">>") and not 0 <= right < 62:
        raise _NotKnown
    return _bounded(int(_OPERATIONS[operator](left, right)))


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "||": lambda a, b: bool(a) or bool(b),
    "&&": lambda a, b: bool(a) and bool(b),
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


def _bounded(number: int) -> int:
    """Refuse what does not fit into 64 bits: bash wraps around."""
    if not -(2**62) < number < 2**62:
        raise _NotKnown
    return number
