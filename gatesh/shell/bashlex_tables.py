"""bashlex without the 60 ms it takes to build its parser tables at every start.

bashlex asks its copy of PLY for a parser when it is imported. We answer with tables that were built once
and kept, provided they were made by the same bashlex, from the same grammar; otherwise its own code builds
them, and we try to keep the result. Nothing in bashlex is changed.

Kept tables decide how commands are read, so they are only ever read from a file that belongs to root or to
this user and that nobody else can write: beside this package, or in the folder named by `use_cache`.
"""

from __future__ import annotations

import marshal
import os
import sys
from importlib.machinery import PathFinder
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1  # of the file
_NAME = f"bashlex-tables-{FORMAT}-{sys.implementation.cache_tag}.marshal"
_folders = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "__pycache__")]


def use_cache(folder: str) -> None:
    """Look for the tables in `folder` too, and keep them there where the package cannot be written."""
    if folder not in _folders:
        _folders.append(folder)


def load() -> ModuleType:
    """Return bashlex, imported with kept tables where there are any."""
    loaded = sys.modules.get("bashlex")
    return loaded if loaded is not None and hasattr(loaded, "parser") else _import()


class _Later(ModuleType):
    """A module that is only imported when something is wanted of it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(__import__(self.__name__), name)


def _import() -> ModuleType:
    """Import bashlex piece by piece, so that its parser generator can be spoken to before it is asked."""
    spec = PathFinder.find_spec("bashlex")
    if spec is None or spec.loader is None:
        raise ImportError("bashlex is not installed")
    package = sys.modules["bashlex"] = ModuleType("bashlex")
    package.__spec__ = spec
    package.__path__ = list(spec.submodule_search_locations or ())
    # PLY only needs `inspect` (4 ms) to build tables.
    later = sys.modules.setdefault("inspect", _Later("inspect"))
    try:
        import bashlex.yacc as ply

        built = ply.yacc
        ply.yacc = lambda **options: _parser(ply, built, sys._getframe(1).f_globals, options)  # noqa: SLF001
        try:
            spec.loader.exec_module(package)
        finally:
            ply.yacc = built
    except BaseException:
        for name in [n for n in sys.modules if n == "bashlex" or n.startswith("bashlex.")]:
            del sys.modules[name]
        raise
    finally:
        if isinstance(later, _Later) and sys.modules.get("inspect") is later:
            del sys.modules["inspect"]
    return package


def _parser(ply: Any, build: Any, grammar: dict[str, Any], options: dict[str, Any]) -> Any:
    """Stand in for `yacc.yacc`: `grammar` is the namespace of bashlex.parser."""
    wanted = _fingerprint(grammar)
    for folder in _folders:
        tables = _read(os.path.join(folder, _NAME))
        if tables is not None and tables[0] == wanted:
            return ply.LRParser(_Tables(tables, grammar), grammar["p_error"])
    from types import SimpleNamespace

    parser = build(**options, module=SimpleNamespace(**grammar))
    _keep([wanted, *_tables(parser)])
    return parser


def _fingerprint(grammar: dict[str, Any]) -> list[Any]:
    """Return all that the tables are made from: tokens, precedence, and the rules in their order."""
    rules = [
        (rule.__code__.co_firstlineno, name, rule.__doc__)
        for name, rule in grammar.items()
        if name.startswith("p_") and name != "p_error"
    ]
    return [
        list(grammar["tokens"]),
        [list(level) for level in grammar["precedence"]],
        [list(rule) for rule in sorted(rules)],
    ]


def _tables(parser: Any) -> list[Any]:
    return [
        {state: dict(row) for state, row in parser.action.items()},
        {state: dict(row) for state, row in parser.goto.items()},
        [[p.name, list(p.prod), p.func] for p in parser.productions],
    ]


class _Production:
    """What LRParser wants to know of a rule."""

    def __init__(self, number: int, name: str, prod: list[str], rule: Any) -> None:
        self.number = number
        self.name = name
        self.str = name
        self.prod = prod
        self.len = len(prod)
        self.callable = rule


class _Tables:
    """What LRParser wants to know of a grammar."""

    def __init__(self, tables: list[Any], grammar: dict[str, Any]) -> None:
        _, self.lr_action, self.lr_goto, productions = tables
        self.lr_productions = [
            _Production(number, name, prod, grammar[func] if func else None)
            for number, (name, prod, func) in enumerate(productions)
        ]


def _read(path: str) -> list[Any] | None:
    """Return kept tables; None where there are none that can be trusted."""
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
                return None
            tables: list[Any] = marshal.loads(file.read())  # noqa: S302  own file, checked above
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return tables if isinstance(tables, list) and len(tables) == 4 else None


def _keep(tables: list[Any]) -> None:
    """Write the tables to the first folder that takes them; without one, every start builds them."""
    data = marshal.dumps(tables)
    for folder in _folders:
        path = os.path.join(folder, _NAME)
        scratch = f"{path}.{os.getpid()}"
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(scratch, path)
        except OSError:
            continue
        return
