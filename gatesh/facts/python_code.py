"""Python code: the calls in it that destroy, send or start something, as shell lines.

The text is parsed, never run. A call is known by what it is called once imports and names are resolved, so
names in strings, comments and other modules' functions of the same name say nothing. `eval` of what is
not written down stays unseen.
Longer than 400 lines: one short function for each kind of call.
"""

from __future__ import annotations

import ast
import re

from gatesh._value import Value
from gatesh.facts import amounts, python_clients, python_http, python_sockets
from gatesh.facts.amounts import is_seen
from gatesh.facts.python_call import Call
from gatesh.facts.python_reach import Reach
from gatesh.facts.python_values import MARK, Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# A text without any of these words calls nothing that is told: no need to parse it.
_WORTH = re.compile(
    r"rmtree|remove|unlink|rmdir|truncate|rename|replace|move|copy|system|popen|Popen|subprocess|spawn|exec"
    r"|getoutput|open|write_|request|httpx|urllib|urlopen|aiohttp|http\.client|httplib2|boto|import|eval|getattr|shutil"
    r"|breakpoint|venv|pickle|walk|socket|attrgetter|methodcaller|commands|pty|fabric|invoke|connect|delete|drop_|flush|globals|__builtins__|__dict__"
)
# A call that may destroy, in a text that is no Python to us.
_ROUGH = re.compile(
    r"\b(?:rmtree|os\.(?:remove|unlink|rmdir|system|popen|exec[lv]\w*)|subprocess\.\w+|check_call|Popen|exec|eval"
    r"|requests\.(?:delete|post|put|patch)|delete_\w+|flushall|drop_\w+)\s*\("
    r"|\.unlink\s*\(|\b(?:DROP|TRUNCATE|DELETE FROM)\b"
)
_INTERPRETERS = frozenset(("python3", "python", "node", "ruby", "perl", "bash", "sh"))
_NESTED = 3  # exec("…") inside exec("…")
_NEVER = frozenset(
    (
        "mock.patch",
        "unittest.mock.patch",
        "isinstance",
        "callable",
        "hasattr",
        "repr",
        "print",
        "type",
    )
)


class Read(Value):
    """What one text amounts to, and the modules that it imports."""

    lines: tuple[str, ...]
    imports: tuple[str, ...] = ()  # as written: "a.b", ".c"
    names: frozenset[str] = frozenset()  # every name it uses: of an imported function, too
    folders: tuple[str, ...] = ()  # that it adds to sys.path


def read(
    text: str,
    path: str,
    cwd: str,
    arguments: tuple[str, ...],
    env: Mapping[str, str],
    names: frozenset[str] | None = None,
) -> Read:
    """Return what the text amounts to; raises SyntaxError and its kind where it is no Python.

    `names` are those by which somebody imports it: then only what they reach is told.
    """
    if not _WORTH.search(text):
        return Read(())
    tree = _parsed(text)
    reach = Reach(tree, names)
    found = list(_lines(tree, reach, path, cwd, arguments, env, 0))
    imports = tuple(dict.fromkeys(reach.imports()))
    return Read(tuple(amounts.once(found)), imports, frozenset(reach.names), tuple(reach.folders()))


def may_destroy(text: str) -> bool:
    """Claim that a text that is no Python to us looks as if it destroyed something all the same."""
    return _ROUGH.search(re.sub(r"#[^\n]*", "", text)) is not None


def _parsed(text: str) -> ast.Module:
    """Parse a text, as Python 2 where it is no Python 3."""
    import warnings

    text = re.sub("\0\\w*\0", MARK, text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in somebody's text
        try:
            return ast.parse(text)
        except SyntaxError:
            return ast.parse(_as_python3(text))


def _as_python3(text: str) -> str:
    """Return Python 2 with its statements as calls."""
    text = re.sub(
        r"^(\s*|.*[:;]\s*)print\b(?!\s*\()[ \t]*([^\n;]*)", r"\1print(\2)", text, flags=re.MULTILINE
    )
    text = re.sub(
        r"^(\s*|.*[:;]\s*)exec\s+(?!\()([^\n;]+)", r"\1exec(\2)", text, flags=re.MULTILINE
    )
    text = re.sub(r"\bexcept\s+([\w.]+|\([^)\n]*\))\s*,\s*(\w+)\s*:", r"except \1 as \2:", text)
    text = re.sub(r"\braise\s+([\w.]+)\s*,\s*([^\n]+)", r"raise \1(\2)", text)
    return re.sub(
        r"(?<![\w.])0(?=[1-7]\d*\b)|(?<=\d)[lL]\b|<>", lambda m: "!=" if m[0] == "<>" else "", text
    )


def _lines(
    tree: ast.Module,
    reach: Reach,
    path: str,
    cwd: str,
    arguments: tuple[str, ...],
    env: Mapping[str, str],
    deep: int,
) -> Iterator[str]:
    module = Module(tree, path, cwd, arguments, env)
    exported = _exported(tree, module)
    moved = ""
    calls = sorted(reach.calls(), key=lambda n: (n.lineno, n.end_col_offset or n.col_offset))
    for node in calls:
        call = _plainly(Call(module, node, module.called(node.func)), env)
        if call.name == "os.chdir":
            moved = call.text(0)
        for code in _evaluated(call):
            if is_seen(code) and deep < _NESTED:
                try:
                    inner = _parsed(code)
                    yield from _lines(
                        inner, Reach(inner, None), path, cwd, arguments, env, deep + 1
                    )
                except (SyntaxError, ValueError):
                    continue
        for each in (call, *_handed(call)):
            for found in _amounts(each):
                line = amounts.exported(exported, found) if exported else found
                yield amounts.within(moved, line) if moved else line
    yield from python_sockets.sent(module, calls)


def _plainly(call: Call, env: Mapping[str, str]) -> Call:
    """Return a call as what it comes to: `methodcaller('f', x)(m)` is `m.f(x)`, `breakpoint()` what is set."""
    if call.name == "breakpoint":
        hooks = [
            call.module.called(b) for b in call.module.bound(".breakpointhook") if b is not None
        ]
        return Call(
            call.module, call.node, next(filter(None, [*hooks, env.get("PYTHONBREAKPOINT")]), "")
        )
    if call.name == "operator.methodcaller()" and call.node.args:
        made = call.module.origin(call.node.func, "operator.methodcaller")
        name = call.module.values(made.args[0])[0] if made is not None and made.args else ""
        if made is not None and name.isidentifier():
            function = ast.Attribute(call.node.args[0], name, ast.Load())
            node = ast.copy_location(ast.Call(function, made.args[1:], made.keywords), call.node)
            return Call(call.module, node, call.module.called(function))
    return call


def _amounts(call: Call) -> Iterator[str]:
    """Yield what one call amounts to."""
    reader = _reader(call.name)
    if reader is not None:
        yield from reader(call)


def _reader(name: str) -> Callable[[Call], Iterator[str]] | None:
    reader = _FUNCTIONS.get(name)
    if reader is None and "." in name:
        for shape, method in (*_METHODS, *python_http.METHODS, *python_clients.METHODS):
            if shape.fullmatch(name):
                return method
    return reader


def _exported(tree: ast.Module, module: Module) -> list[str]:
    """Return `os.environ['NAME'] = 'value'` as assignments."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
            if module.called(target.value) == "os.environ":
                found.append(f"{module.values(target.slice)[0]}={module.values(node.value)[0]}")
        elif isinstance(node, ast.Call):
            found += _put(node, module)
    return [assignment for assignment in found if is_seen(assignment)][:64]


def _put(node: ast.Call, module: Module) -> list[str]:
    """Return what `os.putenv(NAME, value)` and `os.environ.update(NAME=value)` set."""
    called = module.called(node.func)
    if called in ("os.putenv", "os.environ.setdefault") and len(node.args) == 2:
        return ["=".join(module.values(part)[0] for part in node.args)]
    if called != "os.environ.update":
        return []
    given = node.args[0] if node.args else None
    pairs = zip(given.keys, given.values, strict=True) if isinstance(given, ast.Dict) else ()
    found = [f"{module.values(k)[0]}={module.values(v)[0]}" for k, v in pairs]
    return found + [f"{k.arg}={module.values(k.value)[0]}" for k in node.keywords if k.arg]


def _handed(call: Call) -> Iterator[Call]:
    """Yield the call of a function that is handed to another: `map(os.remove, x)`, `Thread(target=…)`."""
    if call.name in _NEVER or call.name in _FUNCTIONS:
        return
    node = call.node
    given = [(at, a) for at, a in enumerate(node.args) if not isinstance(a, ast.Starred)]
    given += [
        (-1, k.value) for k in node.keywords if k.arg in ("target", "func", "function", "callback")
    ]
    for at, argument in given:
        if not isinstance(argument, ast.Name | ast.Attribute | ast.Subscript):
            continue
        name = call.module.called(argument)
        if _reader(name) is None:
            continue
        rest = node.args[at + 1 :] if at >= 0 else []
        packed = next((k.value for k in node.keywords if k.arg == "args"), None)
        if (
            packed is None
            and re.search(r"(?:Timer|apply|apply_async|starmap)$", call.name)
            and rest
        ):
            packed = rest[0]
        if packed is not None:
            rest = (
                packed.elts if isinstance(packed, ast.Tuple | ast.List) else [ast.Starred(packed)]
            )
        elif re.search(r"map\w*$", call.name) and rest:
            rest = [call.module.each(rest[0])]
        if rest:
            made = ast.copy_location(ast.Call(argument, list(rest), []), node)
            yield Call(call.module, made, name)


# -- code in strings and files -----------------------------------------------------------------------

_CODE = frozenset(("exec", "eval", "timeit.timeit", "cProfile.run", "code.interact"))


def _evaluated(call: Call) -> list[str]:
    """Return the code that a call evaluates."""
    if call.name in (
        "pickle.loads",
        "cPickle.loads",
        "_pickle.loads",
        "dill.loads",
        "marshal.loads",
    ):
        from gatesh.facts.python_pickle import called

        return called(call.module.worked_out(call.argument(0, "data")))
    if call.name not in _CODE and not re.search(
        r"Interpreter\(\)\.run\w+|Console\(\)\.push$", call.name
    ):
        return []
    setup = (
        call.texts(1, "setup") if call.name == "timeit.timeit" and call.has(1, "setup") else [""]
    )
    return [
        f"{setup[0]}\n{t}" for t in call.module.values(_compiled(call.module, call.argument(0)))
    ]


def _compiled(module: Module, node: ast.expr | None) -> ast.expr | None:
    """Return what stands inside `compile(…)`."""
    made = module.origin(node, "compile") if node is not None else None
    return made.args[0] if made is not None and made.args else node


def _evaluates(call: Call) -> Iterator[str]:
    """Tell `exec(open('x.py').read())` as what runs that file, or what is fetched."""
    code = _compiled(call.module, call.argument(0))
    if code is None:
        return
    name = call.module.called(code)
    if re.fullmatch(r"(?:io\.|codecs\.|tokenize\.)?open\(\)\.read\(\)(?:\.\w+\(\))*", name):
        made = call.module.origin(code, "open", "io.open", "codecs.open", "tokenize.open")
        paths = call.module.values(made.args[0]) if made and made.args else []
        yield from (amounts.command("python3", path) for path in paths if is_seen(path))
    elif re.fullmatch(r"pathlib\..*\.read_(?:text|bytes)\(\)(?:\.\w+\(\))*", name):
        paths = call.module.read_from(code)
        yield from (amounts.command("python3", path) for path in paths if is_seen(path))
    elif re.match(r"(?:requests|httpx|urllib\.request|urllib3)\.", name):
        yield "curl -fsSL https://unseen.invalid/ | python3 -"


def _runs(call: Call) -> Iterator[str]:
    """Tell `runpy.run_path('x.py')`, `runpy.run_module('x')`."""
    words = ("-m",) if "module" in call.name else ()
    for text in call.texts(0, "path_name", "mod_name"):
        yield amounts.command("python3", *words, text)


# -- files -------------------------------------------------------------------------------------------


def _deletes(*program: str) -> Callable[[Call], Iterator[str]]:
    def told(call: Call) -> Iterator[str]:
        for path in call.texts(0, "path", "env_dir"):
            yield _deleted(call, path, *program)

    return told


def _cleared(call: Call) -> Iterator[str]:
    """Tell `venv.create('x', clear=True)`."""
    if call.is_true("clear"):
        yield from _deletes("rm", "-rf")(call)


def _owner_deleted(call: Call) -> Iterator[str]:
    program = "rmdir" if call.name.endswith(".rmdir") else "rm"
    for path in call.owners():
        yield _deleted(call, path, program)


def _deleted(call: Call, path: str, *program: str) -> str:
    """Return the line that deletes a path; where only some names are taken, which ones is unknown."""
    if amounts.is_below(path) and call.module.chooses(call.node):
        return amounts.command(*program, "--", path)
    return amounts.deleted(path, *program)


def _moves(call: Call) -> Iterator[str]:
    yield amounts.command("mv", "--", call.text(0, "src"), call.text(1, "dst"))


def _owner_moved(call: Call) -> Iterator[str]:
    for path in call.owners():
        yield amounts.command("mv", "--", path, call.text(0, "target"))


def _copies(call: Call) -> Iterator[str]:
    yield amounts.command("cp", "--", call.text(0, "src"), call.text(1, "dst"))


def _opens(call: Call) -> Iterator[str]:
    mode = call.text(1, "mode") if call.has(1, "mode") else "r"
    if is_seen(mode) and ("w" in mode or "+" in mode or "a" in mode):
        yield from (_written(path, "a" in mode) for path in call.texts(0, "file"))


def _owner_opened(call: Call) -> Iterator[str]:
    mode = call.text(0, "mode") if call.has(0, "mode") else "r"
    if is_seen(mode) and ("w" in mode or "a" in mode):
        yield from (_written(path, "a" in mode) for path in call.owners())


def _owner_truncated(call: Call) -> Iterator[str]:
    made = call.module.origin(call.node.func, "open", "io.open")
    for path in call.module.values(made.args[0]) if made and made.args else ():
        yield _written(path, False)


def _low_opens(call: Call) -> Iterator[str]:
    flags = call.argument(1, "flags")
    if flags is not None and "O_TRUNC" in ast.unparse(flags):
        yield from (_written(path, False) for path in call.texts(0, "path"))


def _owner_written(call: Call) -> Iterator[str]:
    yield from (_written(path, False) for path in call.owners())


def _written(path: str, appended: bool) -> str:
    return amounts.line(f": {'>>' if appended else '>'} {amounts.quoted(path)}", path)


def _truncates(call: Call) -> Iterator[str]:
    yield amounts.command("truncate", "-s", "0", "--", call.text(0, "path"))


# -- programs ----------------------------------------------------------------------------------------


def _shells(call: Call) -> Iterator[str]:
    yield from _in_folder(call, [amounts.shell(text) for text in call.texts(0, "cmd", "command", "args")
                                 if text.partition("\0")[0].strip()])  # fmt: skip


def _starts(call: Call) -> Iterator[str]:
    """Tell subprocess and its kind: a list of words, or a text, which is for a shell or is a program."""
    lists = call.module.items(call.argument(0, "args", "cmd", "argv"))
    if call.is_true("shell") or call.name.startswith("subprocess.get"):
        for words in lists:
            yield from _in_folder(call, [amounts.shell(words[0])])
        yield from _shells(call)
    elif lists:
        for words in lists:
            yield from _in_folder(call, _started(words, call))
    else:
        for text in call.texts(0, "args", "cmd", "argv"):
            if is_seen(text) and text.split():
                yield from _in_folder(call, _started(text.split()[:1], call))


def _started(words: list[str], call: Call | None = None) -> list[str]:
    """Return the line for a list of words whose program is known; a script that is not says nothing."""
    if call is not None and words and is_seen(words[0]) and call.has(99, "input"):
        return [_fed(words, text) for text in call.texts(99, "input")]
    if words and words[0].rpartition("/")[2] in _INTERPRETERS and not all(map(is_seen, words)):
        return []
    return [amounts.command(*words)] if words and words[0] and is_seen(words[0]) else []


def _fed(words: list[str], text: str) -> str:
    """Return the line for a program that reads a text."""
    started = " ".join(map(amounts.quoted, words))
    return amounts.line(f"{started} <<< {amounts.quoted(text)}", *words, text)


def _in_folder(call: Call, found: list[str]) -> Iterator[str]:
    """Yield lines where a call's `cwd=` and `env=` put them."""
    environment = call.argument(99, "env")
    if isinstance(environment, ast.Dict):
        pairs = [(k, v) for k, v in zip(environment.keys, environment.values, strict=True) if k]
        given = [f"{call.module.values(k)[0]}={call.module.values(v)[0]}" for k, v in pairs]
        found = [amounts.exported(given, line) for line in found]
    if call.has(99, "cwd"):
        found = [amounts.within(call.text(99, "cwd"), line) for line in found]
    yield from found


def _words(call: Call) -> Iterator[str]:
    """Tell `os.execvp(file, args)`, `os.spawnlp(mode, file, …)` and their kind."""
    rest = call.node.args[1:] if re.match(r"os\.spawn", call.name) else call.node.args
    if not rest:
        return
    program = call.module.values(rest[0])[0]
    if re.search(r"(exec|spawn)l", call.name) or call.name.endswith("subprocess_exec"):
        at = 1 if call.name.endswith("subprocess_exec") else 2
        lists = call.module.items(ast.List(rest[at:], ast.Load()))
    else:
        lists = [words[1:] for words in call.module.items(rest[1] if rest[1:] else None)] or [[]]
    for words in lists:
        yield from _started([program, *words])


_METHODS: tuple[tuple[re.Pattern[str], Callable[[Call], Iterator[str]]], ...] = (
    (re.compile(r"pathlib\..*\.(?:unlink|rmdir)"), _owner_deleted),
    (re.compile(r"pathlib\..*\.(?:rename|replace)"), _owner_moved),
    (re.compile(r"pathlib\..*\.open"), _owner_opened),
    (re.compile(r"pathlib\..*\.write_(?:text|bytes)"), _owner_written),
    (re.compile(r"(?:io\.)?open\(\)\.truncate"), _owner_truncated),
    (re.compile(r"os\.(?:exec|spawn|posix_spawn)\w*"), _words),
)
_FUNCTIONS: dict[str, Callable[[Call], Iterator[str]]] = {
    **dict.fromkeys(
        ("shutil.rmtree", "distutils.dir_util.remove_tree", "setuptools._distutils.dir_util.remove_tree"),
        _deletes("rm", "-rf"),
    ),
    **dict.fromkeys(("os.remove", "os.unlink"), _deletes("rm")),
    **dict.fromkeys(("os.rmdir", "os.removedirs"), _deletes("rmdir")),
    "venv.create": _cleared,
    "os.truncate": _truncates,
    "os.open": _low_opens,
    **dict.fromkeys(("os.rename", "os.replace", "os.renames", "shutil.move"), _moves),
    **dict.fromkeys(("shutil.copy", "shutil.copy2", "shutil.copyfile"), _copies),
    **dict.fromkeys(("open", "io.open", "codecs.open"), _opens),
    **dict.fromkeys(
        ("os.system", "os.popen", "asyncio.create_subprocess_shell", "commands.getoutput"), _shells
    ),
    **dict.fromkeys(
        (
            "subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.check_call",
            "subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn",
        ),
        _starts,
    ),
    "asyncio.create_subprocess_exec": _words,
    **dict.fromkeys(("exec", "eval"), _evaluates),
    **dict.fromkeys(("runpy.run_path", "runpy.run_module"), _runs),
}  # fmt: skip
