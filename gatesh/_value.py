"""Frozen values with slots, cheap to define: importing `dataclasses` alone would cost a shell 11 ms.

Type checkers see a dataclass (`dataclass_transform`); at run time a class body's annotations become
`__slots__` and one loop fills them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> object:
        """Stand in for `typing.dataclass_transform`, which is only read by type checkers."""
        return lambda cls: cls


_set = object.__setattr__


@dataclass_transform(frozen_default=True, kw_only_default=False)
class _Frozen(type):
    """Turns annotations into slots; keeps class-level values as defaults."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], **options: Any
    ) -> _Frozen:
        own = tuple(f for f in body.get("__annotations__", {}) if not f.startswith("_"))
        inherited: tuple[str, ...] = ()
        defaults: dict[str, Any] = {}
        for base in reversed(bases):
            inherited += getattr(base, "_fields", ())
            defaults.update(getattr(base, "_defaults", {}))
        defaults.update({f: body.pop(f) for f in own if f in body})
        fields = inherited + own
        body["__slots__"] = (*own, *body.get("__slots__", ()))
        body["_fields"] = fields
        body["_defaults"] = defaults
        needed = next((i for i, f in enumerate(fields) if f in defaults), len(fields))
        body["_needed"] = needed
        body["_rest"] = (*fields[:needed], *(defaults[f] for f in fields[needed:]))
        if bases:  # not that of a parent which `quicken` has seen
            body.setdefault("__init__", _fill)
        made = super().__new__(mcs, name, bases, body, **options)
        type.__setattr__(made, "_put", tuple(getattr(made, f).__set__ for f in fields))
        return made


class Value(metaclass=_Frozen):
    """A frozen value: compared and hashed by class and fields, never changed after it is made."""

    _fields: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]
    _needed: ClassVar[int]  # so many fields have no default; they come first
    _rest: ClassVar[tuple[Any, ...]]  # at the place of each other field, its default
    _put: ClassVar[tuple[Callable[[object, object], None], ...]]  # sets each field

    def __init__(self, *args: Any, **named: Any) -> None:
        """Fill the fields in the order of the class body; raises TypeError as a dataclass would."""
        cls = type(self)
        fields = cls._fields
        if not named and cls._needed <= len(args) <= len(fields):
            for put, value in zip(cls._put, args + cls._rest[len(args) :], strict=True):
                put(self, value)
            return
        if len(args) > len(fields):
            raise TypeError(f"{cls.__name__} takes {len(fields)} values, not {len(args)}")
        for field, value in zip(fields, args, strict=False):
            if field in named:
                raise TypeError(f"{cls.__name__} got {field!r} twice")
            _set(self, field, value)
        defaults = cls._defaults
        for field in fields[len(args) :]:
            if field in named:
                _set(self, field, named.pop(field))
            elif field in defaults:
                _set(self, field, defaults[field])
            else:
                raise TypeError(f"{cls.__name__} needs {field!r}")
        if named:
            raise TypeError(f"{cls.__name__} has no {', '.join(map(repr, named))}")

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a value never changes."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        """Refuse: a value never changes."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def _tuple(self) -> tuple[Any, ...]:
        return tuple(getattr(self, f) for f in self._fields)

    def __eq__(self, other: object) -> bool:
        """Compare class and fields."""
        if type(other) is not type(self):
            return NotImplemented
        return self._tuple() == other._tuple()

    def __hash__(self) -> int:
        """Hash class and fields."""
        return hash((type(self), self._tuple()))

    def __repr__(self) -> str:
        """Show it as the call that makes it."""
        inner = ", ".join(f"{f}={getattr(self, f)!r}" for f in self._fields)
        return f"{type(self).__name__}({inner})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by the fields."""
        return (type(self), self._tuple())

    def but(self, **changes: Any) -> Self:
        """Return a copy with these fields changed."""
        values = [changes.pop(f) if f in changes else getattr(self, f) for f in self._fields]
        return type(self)(*values, **changes)


_fill = Value.__init__


def quicken() -> None:
    """Give every class a constructor of its own, compiled: for a process that makes many values.

    It costs 10 ms once, and a value then half the time.
    """
    waiting: list[type[Value]] = Value.__subclasses__()
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if not cls._fields or vars(cls)["__init__"] is not _fill:
            continue
        known: dict[str, Any] = {}
        given, done = [], []
        for at, field in enumerate(cls._fields):
            known[f"_put{at}"], known[f"_default{at}"] = cls._put[at], cls._rest[at]
            given.append(field if at < cls._needed else f"{field}=_default{at}")
            done.append(f"_put{at}(self, {field})")
        text = f"def __init__(self, {', '.join(given)}): {'; '.join(done)}"
        exec(text, known)  # noqa: S102  as dataclasses do; the names are those of our own classes
        type.__setattr__(cls, "__init__", known["__init__"])
