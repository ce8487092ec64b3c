"""The nouns: every value that travels through gatesh, frozen, free of I/O.

Read this page and gate.py, and you know the program. The words are those of docs/glossary.md; the values
of the enums are what is stored in the audit log and printed as JSON.

Longer than 400 lines, because all nouns stand on one page.
"""

from __future__ import annotations

from enum import StrEnum

from gatesh._value import Value

TYPE_CHECKING = False

# -- a command line as it was submitted ---------------------------------------------------------


class Door(StrEnum):
    """How a command line arrived."""

    LINE = "line"  # gatesh -c 'LINE'
    FILE = "file"  # gatesh FILE args…
    HOOK = "hook"  # gatesh hook AGENT: the agent runs it in its own shell
    CHECK = "check"  # gatesh check: nothing will run
    STDIN = "stdin"  # a command of a session on standard input
    EXEC = "exec"  # a program that something below `gatesh run` starts
    TERMINAL = "terminal"  # typed at the interactive shell


class CommandLine(Value):
    """What was submitted.

    INVARIANT: `text` is the very object that is parsed and that is handed to bash; it is never
    re-rendered. For a script file it is the file's content, and `script` names the file.
    """

    text: str
    cwd: str
    env: dict[str, str]  # the environment bash will get, bytes decoded with surrogateescape
    door: Door = Door.LINE
    arguments: tuple[str, ...] = ()  # $0 $1 … after `-c LINE`, or `FILE` and its arguments
    script: str | None = None  # the path of FILE
    shell: str = "bash"  # or zsh, whose language it then is
    options: tuple[str, ...] = ()  # what its shell is told besides -c: -e, --rcfile FILE
    sources: tuple[
        str, ...
    ] = ()  # files that its shell reads first: --rcfile FILE, a foreign ~/.profile
    known: str = (
        ""  # what its shell has defined before, as bash prints it: variables, aliases, functions
    )
    called: tuple[str, str] = ("", "")  # cwd, and what its shell calls it; "" where nobody knows
    argv: Argv | None = None  # where no shell comes between: the words of a program that starts

    @property
    def folder(self) -> str:
        """Return what its shell calls the folder it is in: `cd ..` leads from there."""
        at, name = self.called
        return name if name and at == self.cwd else self.cwd

    @property
    def folder_known(self) -> bool:
        """Claim that its shell calls its folder so."""
        return self.called != (self.cwd, "")


# -- reading: text → simple commands ---------------------------------------------------------------


class Span(Value):
    """Characters `start` up to `end` of the submitted text, counted from 0.

    Where an agent's wrapping was taken off they count in the inner command; `Wrapping.inner` leads back.
    """

    start: int
    end: int


class Argv(Value):
    """The words of a program that starts, and the text they are written as: no other text is theirs."""

    text: str
    words: tuple[Word, ...]


class Certainty(StrEnum):
    """How sure the reader is of a word's text."""

    LITERAL = "literal"  # rm 'a b'
    EXPANDED = "expanded"  # x=/srv; rm "$x": bash will expand it, and the reader knows to what
    UNKNOWN = "unknown"  # rm "$(mktemp)": `text` keeps the source, and nobody knows what it becomes


class Word(Value):
    """One word after quote removal, or its source text where the certainty is UNKNOWN.

    `globbed` says that an unquoted * ? [ ] { } or ~ was in it: bash will make paths of it.
    """

    text: str
    span: Span
    certainty: Certainty = Certainty.LITERAL
    globbed: bool = False

    @property
    def known(self) -> bool:
        """Claim that `text` is what the program will get (globs apart)."""
        return self.certainty is not Certainty.UNKNOWN


class Redirect(Value):
    """`2>>log`: fd 2, op `>>`, target `log`. For `<<E` and `<<<` the target is the body."""

    op: str  # > >> >| < <> <& >& &> &>> << <<- <<<
    target: Word
    fd: int | None = None  # None where the shell's default applies
    span: Span = Span(0, 0)


class Assignment(Value):
    """`NAME=value` in front of a simple command, or standing alone."""

    name: str
    value: Word


class Origin(StrEnum):
    """Where in the command line a simple command was found."""

    DIRECT = "direct"  # rm x
    PREFIX = "prefix"  # sudo rm x · env A=1 rm x · xargs rm · find -exec rm {} ;
    SUBSTITUTION = "substitution"  # $(rm x) · `rm x` · <(rm x)
    NESTED_SHELL = "nested-shell"  # sh -c 'rm x' · eval 'rm x' · ssh host 'rm x' · echo rm x | sh
    FUNCTION = "function"  # f() { rm x; }
    SCRIPT = "script"  # the content of a file that the line runs
    CODE = "code"  # what code in another language amounts to: python -c 'os.remove("x")'


class SimpleCommand(Value):
    """A program with its words, as bash would start it, prefix commands already taken off."""

    words: tuple[Word, ...]
    span: Span
    origin: Origin = Origin.DIRECT
    assignments: tuple[Assignment, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    stdin: Word | None = (
        None  # what it will read: here-document, here-string, or a literal `echo x |`
    )
    piped_in: bool = False  # something is piped into it; `stdin` says what, where that is known
    cwd: str | None = ""  # where it will run; "" is the line's own, None is not known
    may_have_stayed: bool = False  # cd DIR; rm x: where `cwd` is not there, it runs somewhere else
    prefixes: tuple[str, ...] = ()  # the prefix commands taken off: ("sudo", "env")
    remote: str = ""  # the host or container it would run in: ssh host '…', docker exec c …
    more_words: bool = False  # words will be added that cannot be seen (xargs, find -exec, "$@")

    if TYPE_CHECKING:

        @property
        def program(self) -> str:
            """The base name of the first word; empty where that word is not known."""
            ...
    else:
        __slots__ = ("program",)  # asked for very often: found once

        def __getattr__(self, name: str) -> object:
            """Find `program` when it is first asked for."""
            if name != "program":
                raise AttributeError(f"{type(self).__name__} has no {name!r}")
            words = self.words
            found = words[0].text.rsplit("/", 1)[-1] if words and words[0].known else ""
            object.__setattr__(self, name, found)
            return found


class Wrapping(Value):
    """What an agent put around a command; a reading's commands are then those of the inner one."""

    agent: str  # "claude-code", "codex" …; "" where several do the same
    text: str  # the inner command, as the model wrote it
    inner: tuple[Span, ...] = ()  # where it stands in the submitted text, quoted or not
    internal: bool = False  # the agent's own errand, or the same words: nothing was taken off
    sources: tuple[str, ...] = ()  # files that run before it: the agent's snapshot of a shell
    notes: tuple[str, ...] = ()  # files the agent has its shell write something down in
    noted_in: str = (
        ""  # the variable that names them, where it is one: the inner command may change it
    )
    evals: str = ""  # a variable that is evaluated behind it: the inner command may set it
    besides: tuple[str, ...] = ()  # what else of it an approval is bound to
    outer: bool = False  # what is around it is not vouched for: it was read, and has to be shown

    @property
    def taken_off(self) -> bool:
        """Claim that the commands, their spans and the matches are about `text` alone."""
        return not (self.internal or self.outer)

    @property
    def own(self) -> int:
        """Return how many commands of the reading are the wrapping's: they stand in front."""
        return len(self.sources) + len(self.notes) if self.taken_off else 0


class Parsed(Value):
    """A reading that accounts for every command that bash would run."""

    commands: tuple[SimpleCommand, ...]
    wrapping: Wrapping | None = None


class Unparsed(Value):
    """A line nothing can read: an ordinary value, which never means yes.

    `commands` are those that could be made out; `names` are the other words that may be programs, guessed high.
    """

    reason: str
    span: Span
    commands: tuple[SimpleCommand, ...] = ()
    names: tuple[str, ...] = ()
    beyond: bool = False  # too long or too deep to be looked at, or a name may be hidden in it
    wrapping: Wrapping | None = None


Reading = Parsed | Unparsed


def inner_line(line: CommandLine, reading: Reading) -> CommandLine:
    """Return the line as its author wrote it: what is matched, shown and bound, but never what is run."""
    wrapping = reading.wrapping
    if wrapping is None or not wrapping.taken_off:
        return line
    return line.but(text=wrapping.text, arguments=())


# -- facts: what a simple command would do ---------------------------------------------------------


class Locality(StrEnum):
    """Whether what a command reaches is on this machine."""

    LOCAL = "local"  # loopback, private test hosts, files under the project
    REMOTE = "remote"
    UNKNOWN = "unknown"  # counts as remote


class Target(Value):
    """What a command would reach, resolved from options, environment and the tool's own state."""

    kind: str  # "http", "postgres", "aws", "railway", "files", "git", "host"
    name: str = ""  # "backboard.railway.app", "db.prod/app", "123456789012/eu-west-1"
    locality: Locality = Locality.UNKNOWN
    origin: str = ""  # where it was read from: "argv", "env PGHOST", "~/.railway/config.json"
    label: str = ""  # environment label, where one is known; unknown is never taken for any of them
    label_origin: str = ""  # "environments.toml:3", "a guess from kube-context prod-eu"
    parts: tuple[
        tuple[str, str], ...
    ] = ()  # by which a label is found: ("aws-profile", "prod"), ("host", "db.example.com")


class CliCall(Value):
    """A program's own command line, options sorted from operands by that program's grammar."""

    program: str
    operands: tuple[Word, ...]  # `git push origin main` → push, origin, main
    options: tuple[tuple[str, Word | None], ...]  # as spelled out: ("--force", None), ("-C", Word)
    target: Target = Target("host")
    cannot_see: tuple[str, ...] = ()


class GraphqlField(Value):
    """One root field of a GraphQL operation."""

    operation: str  # query, mutation, subscription
    name: str
    arguments: tuple[tuple[str, str], ...] = ()  # as written, or resolved from the variables


class HttpRequest(Value):
    """One request, whatever client sends it."""

    method: str
    scheme: str
    host: str  # of the URL; "" where it cannot be seen
    path: str
    target: Target
    connect_host: str = ""  # where it really goes: --connect-to, --resolve, a proxy
    body: str | None = None
    graphql: tuple[GraphqlField, ...] = ()
    cannot_see: tuple[str, ...] = ()  # "body: @payload.json cannot be read"


class SqlStatement(Value):
    """One SQL statement, however it reached the client."""

    kind: str  # "select", "delete", "drop table", "truncate", "alter table drop column" …
    tables: tuple[str, ...]
    target: Target
    restricts: bool | None = None  # a WHERE that leaves rows out; None where the kind has no WHERE
    text: str = ""
    cannot_see: tuple[str, ...] = ()


class CloudCall(Value):
    """One call of a cloud provider's API: service, operation, parameters."""

    provider: str  # "aws"
    service: str
    operation: str  # as the command line spells it: delete-db-instance
    parameters: tuple[tuple[str, Word | None], ...]
    target: Target
    operands: tuple[Word, ...] = ()
    cannot_see: tuple[str, ...] = ()


class Extent(StrEnum):
    """What stands behind a path, and whether anything can bring it back."""

    MISSING = "missing"  # nothing there to lose
    RECOVERABLE = "recoverable"  # committed in git and unchanged
    DERIVED = "derived"  # git-ignored build output or a temporary folder: made again by a command
    LOSABLE = "losable"  # nobody can bring it back
    UNKNOWN = "unknown"  # not looked at, or a word that cannot be resolved


class PathEffect(Value):
    """One path a command would change."""

    path: str  # resolved and absolute; the source text where it cannot be resolved
    extent: Extent
    directory: bool = False
    root: bool = False  # /, a system folder, a home, a repository's top or its .git
    size: int = 0  # bytes, 0 where not counted


class FileChange(Value):
    """Files deleted or overwritten."""

    action: str  # delete, delete-tree, truncate, overwrite, write, device-write, discard
    paths: tuple[PathEffect, ...]
    target: Target = Target("files", locality=Locality.LOCAL)
    cannot_see: tuple[str, ...] = ()


Fact = CliCall | HttpRequest | SqlStatement | CloudCall | FileChange


# -- rules and matches -------------------------------------------------------------------------------


class Severity(StrEnum):
    """How bad it is when a rule was right; policy.py holds the table that turns it into a verdict."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Layer(StrEnum):
    """Who wrote a rule or an override; only SHIPPED and what tightens is active without a person's word."""

    SHIPPED = "shipped"
    USER = "user"
    PROJECT = "project"  # <project>/.gatesh/patterns: may only tighten
    TRUSTED = "trusted"  # the same, with exactly the content that a person trusts: counts as USER


class Match(Value):
    """One rule that speaks about one fact of one simple command."""

    rule: str  # the rule's id
    klass: str  # its class: data-destroy, access-grant …
    severity: Severity
    say: str  # one sentence with the captures filled in
    instead: str
    target: Target
    command: int  # index into the reading's commands; -1 for the line as a whole
    span: Span
    preview: str = ""
    deny: bool = False  # an override says: never, do not even ask
    names: tuple[str, ...] = ()  # what it is about; of critical ones one is typed
    lost: tuple[str, ...] = ()  # what is destroyed, as a card says it
    cannot_see: tuple[str, ...] = ()


class Credential(Value):
    """A secret that a held command would use: its kind and where it comes from, never what it is."""

    kind: str  # "GitHub token (classic)"
    carried: str  # "the command line", "variable RAILWAY_TOKEN", "infra/domains.env:2"
    fingerprint: str = (
        ""  # keyed HMAC; empty where the secret is so weak that it would lead back to it
    )
    files: tuple[str, ...] = ()  # where it stands: "infra/domains.env:2"
    looked_everywhere: bool = True  # False: there are more files than could be looked at
    can: str = ""  # what its format tells about what it may do
    read_in: int = 0  # the record of the session's first command that names one of the files
    read_ago_s: int = 0
    uses: tuple[tuple[str, int], ...] = ()  # what it was used for before, and how often


# -- decision, approval, outcome ----------------------------------------------------------------------


class Verdict(StrEnum):
    """What gatesh will do with a command line."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Lift(Value):
    """Limits of a scope that are lifted, or are to be; never what is off-limits, and no rule."""

    classes: tuple[str, ...]  # globs: classes of rules, `read`, `data-write`
    target: str  # a label, or a glob of names

    @property
    def said(self) -> str:
        """Return what is lifted, for a person: `data-write on staging`."""
        what = "everything" if "*" in self.classes else ", ".join(self.classes)
        return f"{what} {'anywhere' if self.target == '*' else f'on {self.target}'}"


class Elevation(Lift):
    """What a person has lifted of a session's scope, for a while."""

    number: int
    session: str
    until_ns: int  # as the clock on the wall shows it
    approver: str
    assurance: Assurance


class Inspection(Value):
    """Everything that was seen in one command line."""

    reading: Reading
    facts: tuple[tuple[int, Fact], ...]  # index of the simple command, and what it would do
    matches: tuple[Match, ...]
    files: tuple[
        tuple[str, bytes | None], ...
    ] = ()  # the code it runs, as it was read: path, content
    places: tuple[CommandLine, ...] = ()  # where each of the last commands stands: code of that
    credentials: tuple[Credential, ...] = ()  # looked for where the line is held
    elevations: tuple[Elevation, ...] = ()  # without which its scope would hold the line


class Decision(Value):
    """A verdict, never without its reasons."""

    verdict: Verdict
    matches: tuple[Match, ...]  # those that decided come first
    unparsed: str = ""  # why the line could not be read
    reason: str = ""  # what decided where no rule did: "observe", "unparsed", "stopped"


class Asker(Value):
    """Who submits: found by peer credentials and process ancestry, never by what the caller says."""

    pid: int
    uid: int
    session: str  # key of the session: boot id, pid and start time of its root
    root_pid: int
    root_start: int  # clock ticks after boot, /proc/PID/stat field 22
    root_name: str = ""  # the root's program
    agent: str = ""  # "claude-code", "opencode" …, where it can be told
    agent_version: str = ""
    tty: str = ""
    wait_s: float = 110.0  # how long a hold may take before the calling agent would give up
    person: bool = False  # it was typed at a shell with no agent above: they are spoken to


class Opened(Value):
    """A line that was decided on and recorded, and has not run."""

    record: int
    line: CommandLine
    asker: Asker
    seen: Inspection
    decision: Decision


class Request(Value):
    """One held command line, waiting for a human. Single-use; it expires."""

    record: int  # number of the audit record, and the name of the request
    line: CommandLine  # without its wrapping
    decision: Decision
    asker: Asker
    digest: str  # binds text, cwd, target, code-bearing environment, pattern digest
    created_ns: int
    expires_ns: int
    wrapping: Wrapping | None = None
    credentials: tuple[Credential, ...] = ()


class Assurance(StrEnum):
    """What kept the asker from answering for the human; never called more than it is."""

    A0 = "A0"  # no PIN: stops mistakes
    A1 = "A1"  # a PIN, or a terminal the asker cannot reach


class Answered(StrEnum):
    """How a request ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"  # nobody answered in time
    WITHDRAWN = "withdrawn"  # the asker went away
    NOBODY = "nobody"  # there was no approver to ask
    STOPPED = "stopped"  # the person stopped the whole session
    GRANTED = "granted"  # an earlier approval covers it
    REPEATED = "repeated"  # the same request was rejected before
    CHANGED = "changed"  # what was approved is not what would run any more


class Answer(Value):
    """What came back for a request, and how far it can be trusted."""

    answered: Answered
    approver: str = ""  # "terminal /dev/pts/3 pid 4711"
    assurance: Assurance = Assurance.A0
    comment: str = ""  # what the human wrote; reaches the agent
    why: str = ""  # what the machinery has to add: "this session began before the keeper"
    hint: str = ""  # what the asker can do next, where that is not what it always is
    by: int = 0  # the record that a grant or a repeat goes back to

    @property
    def yes(self) -> bool:
        """Claim that the command may run."""
        return self.answered in (Answered.APPROVED, Answered.GRANTED)


class Ran(Value):
    """bash was started and ended."""

    wait_status: int | None  # as waitpid(2) gives it; None where nobody can know
    duration_ns: int


class Refused(Value):
    """gatesh did not run it; `message` is what goes to the command's stderr."""

    status: int  # 126 refused, 125 gatesh failed
    message: str


Outcome = Ran | Refused
