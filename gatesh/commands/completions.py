"""`gatesh completions SHELL`: a static completion script, made from the commands themselves.

Static, because a completion that starts Python at every Tab would be felt, and because the file can be
read before it is sourced; only for the id of a rule gatesh is asked. `make completions` writes the files
in completions/.
"""

from __future__ import annotations

import click

from gatesh._value import Value

SHELLS = ("bash", "zsh", "fish")


class Flag(Value):
    """One option: its spellings, its help, and what may follow it."""

    names: tuple[str, ...]
    help: str
    takes: str  # "" nothing, "file", "rule", "any", or the choices with blanks between


class Entry(Value):
    """A command: its path below gatesh, its help, subcommands, options, and what its operands are."""

    path: tuple[str, ...]
    help: str
    subcommands: tuple[Entry, ...]
    flags: tuple[Flag, ...]
    operand: str  # as Flag.takes

    @property
    def name(self) -> str:
        """Return the last word of the path."""
        return self.path[-1] if self.path else "gatesh"

    @property
    def words(self) -> tuple[str, ...]:
        """Return what may be typed here and has a name, options apart."""
        return (*(entry.name for entry in self.subcommands), *_choices(self.operand).split())

    @property
    def options(self) -> tuple[str, ...]:
        """Return every spelling of every option."""
        return tuple(name for flag in self.flags for name in flag.names)

    def below(self) -> list[Entry]:
        """Return this command and all below it."""
        return [self, *(found for entry in self.subcommands for found in entry.below())]


@click.command(short_help="Print a completion script.")
@click.argument("shell", type=click.Choice(SHELLS))
def completions(shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash   source <(gatesh completions bash)
    zsh    gatesh completions zsh > "${fpath[1]}/_gatesh"
    fish   gatesh completions fish > ~/.config/fish/completions/gatesh.fish
    """  # noqa: D301  click's mark for a paragraph it must not wrap
    click.echo(script(shell), nl=False)


def script(shell: str) -> str:
    """Return the completion script for `shell`."""
    from gatesh.cli import gatesh

    root = entry(gatesh, ())
    # The doors' own option is read before click sees anything.
    line = Flag(("-c",), "Run one command line, as bash -c would", "any")
    return _SCRIPTS[shell](root.but(flags=(line, *root.flags), operand="file"))


def entry(
    command: click.Command, path: tuple[str, ...], parent: click.Context | None = None
) -> Entry:
    """Return what can be completed below `command`."""
    context = click.Context(
        command, parent, path[-1] if path else "gatesh", **command.context_settings
    )
    below: tuple[Entry, ...] = ()
    if isinstance(command, click.Group):
        names = command.list_commands(context)
        found = ((name, command.get_command(context, name)) for name in names)
        below = tuple(
            entry(sub, (*path, name), context) for name, sub in found if sub and not sub.hidden
        )
    flags, operands = [], []
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and not parameter.hidden:
            spelled = (*parameter.opts, *parameter.secondary_opts)
            takes = "" if parameter.is_flag or parameter.count else _takes(parameter)
            flags.append(Flag(spelled, _sentence(parameter.help or ""), takes))
        elif isinstance(parameter, click.Argument):
            operands.append(_takes(parameter))
    help_text = command.get_short_help_str(200)
    return Entry(path, _sentence(help_text), below, tuple(flags), operands[0] if operands else "")


def _takes(parameter: click.Parameter) -> str:
    if isinstance(parameter.type, click.Choice):
        return " ".join(map(str, parameter.type.choices))
    if parameter.metavar == "ID":
        return "rule"
    is_path = isinstance(parameter.type, click.Path | click.File) or parameter.metavar == "DIR"
    return "file" if is_path else "any"


def _sentence(text: str) -> str:
    return " ".join(text.split()).split(". ")[0].rstrip(".")


_RULES = "gatesh patterns list 2>/dev/null | cut -d ' ' -f 1"
_HEAD = "# Made by `make completions` from the commands of gatesh; change those instead.\n"


def _quoted(text: str) -> str:
    """Quote for bash, zsh and fish alike; none of our words has a quote or a backslash in it."""
    return "'" + text.translate({ord("'"): "\u2019", ord("\\"): "/"}) + "'"


_BASH = r"""
_gatesh() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local path='' words='' options='' kind='' i
    for ((i = 1; i < COMP_CWORD; i++)); do # the words that name commands, not their options
        case ' %s ' in *" $path${COMP_WORDS[i]} "*) path+=${COMP_WORDS[i]}/ ;; esac
    done
    case "$path $before" in
%s
        *) case $path in
%s
        esac ;;
    esac
    [[ $kind == rule ]] && words=$(%s)
    [[ $current == -* ]] && words+=" $options"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    [[ $kind == file ]] && compopt -o default
    return 0
}
complete -F _gatesh gatesh
"""


def _bash(root: Entry) -> str:
    """Write one function with two tables: what follows an option, and what a command knows."""
    values: dict[str, list[str]] = {}
    commands = []
    for found in root.below():
        path = "".join(f"{word}/" for word in found.path)
        for flag in found.flags:
            if flag.takes:
                names = [f'"{path} {name}"' for name in flag.names]
                values.setdefault(_bash_words(_choices(flag.takes), flag.takes), []).extend(names)
        known = _bash_words(" ".join(found.words), found.operand, " ".join(found.options))
        commands.append(f"            {_quoted(path)}) {known} ;;")
    valued = [f"        {'|'.join(names)}) {action} ;;" for action, names in values.items()]
    paths = " ".join("/".join(found.path) for found in root.below() if found.path)
    return _HEAD + _BASH % (paths, "\n".join(valued), "\n".join(commands), _RULES)


def _bash_words(words: str, takes: str, options: str = "") -> str:
    parts = [f"words={_quoted(words)}"] if words else []
    parts += [f"options={_quoted(options)}"] if options else []
    parts += [f"kind={takes}"] if takes in ("file", "rule") else []
    return " ".join(parts) or ":"


def _choices(takes: str) -> str:
    return "" if takes in ("", "any", "file", "rule") else takes


def _zsh(root: Entry) -> str:
    """Write one function for each command, after the manner of zsh's own completions."""
    functions = "\n".join(_zsh_function(found) for found in root.below())
    rules = f'_gatesh_rules() {{\n    compadd -- ${{(f)"$({_RULES})"}}\n}}\n'
    return f'#compdef gatesh\n{_HEAD}\n{rules}\n{functions}\n_gatesh "$@"\n'


def _zsh_function(found: Entry) -> str:
    name = "_".join(("_gatesh", *found.path))
    specs = [
        _quoted(f"{spelled}[{_zsh_text(flag.help)}]{_zsh_value(flag.takes)}")
        for flag in found.flags
        for spelled in flag.names
    ]
    if not found.subcommands:
        specs += [_quoted(f"*{_zsh_value(found.operand)}")] if found.operand else []
        return f"{name}() {{\n    _arguments {_zsh_lines(specs) or ':'}\n}}\n"
    specs += ["'1: :->command'", "'*:: :->words'"]
    values = [_quoted(f"{sub.name}:{_zsh_text(sub.help)}") for sub in found.subcommands]
    cases = "".join(f"            {sub.name}) {name}_{sub.name} ;;\n" for sub in found.subcommands)
    files = "; _files" if found.operand == "file" else ""
    return (
        f"{name}() {{\n    local line state\n    local -a commands=(\n"
        + "".join(f"        {value}\n" for value in values)
        + f"    )\n    _arguments -C {_zsh_lines(specs)}\n"
        + f"    case $state in\n        command) _describe command commands{files} ;;\n"
        + f"        words) case $line[1] in\n{cases}            *) _files ;;\n        esac ;;\n    esac\n}}\n"
    )


def _zsh_lines(specs: list[str]) -> str:
    return "".join(f"\\\n        {spec} " for spec in specs).rstrip()


def _zsh_text(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").replace(":", ";")


def _zsh_value(takes: str) -> str:
    if not takes:
        return ""
    known = {"file": ":file:_files", "rule": ":rule:_gatesh_rules"}
    return known.get(takes) or f":value:({_choices(takes)})"


def _fish(root: Entry) -> str:
    """Write one `complete` line for each subcommand, option and list of operands."""
    lines = []
    for found in root.below():
        here = _fish_condition(found)
        start = f"complete -c gatesh -n {_quoted(here)}"
        if found.operand != "file":
            lines.append(f"{start} -f")
        lines += [f"{start} -a {sub.name} -d {_quoted(sub.help)}" for sub in found.subcommands]
        if found.operand not in ("", "any", "file"):
            lines.append(f"{start} -a {_fish_words(found.operand)}")
        for flag in found.flags:
            names = [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in flag.names]
            lines.append(
                f"{start} {' '.join(names)}{_fish_value(flag.takes)} -d {_quoted(flag.help)}"
            )
    return _HEAD + "\n".join(lines) + "\n"


def _fish_condition(found: Entry) -> str:
    """Return when the cursor stands in this command and in none below it."""
    if not found.path:
        return "__fish_use_subcommand"
    seen = [f"__fish_seen_subcommand_from {word}" for word in found.path]
    below = " ".join(sub.name for sub in found.subcommands)
    return "; and ".join([*seen, *([f"not __fish_seen_subcommand_from {below}"] if below else [])])


def _fish_value(takes: str) -> str:
    if not takes:
        return ""
    return " -rF" if takes == "file" else f" -x -a {_fish_words(takes)}"


def _fish_words(takes: str) -> str:
    return f'"({_RULES})"' if takes == "rule" else _quoted(_choices(takes))


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
