"""An HTTP request in the spellings of the clients that agents use."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Spelled = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class Sent:
    """A request to spell; `body` is JSON text, `form` asks for k=v instead."""

    method: str
    url: str
    body: str = ""
    headers: tuple[str, ...] = field(default=("Authorization: Bearer $TOKEN",))
    form: bool = False

    @property
    def typed(self) -> tuple[str, ...]:
        """The headers, with the body's type."""
        return (
            (*self.headers, "Content-Type: application/json")
            if self.body and not self.form
            else self.headers
        )


def quoted(text: str) -> str:
    """Quote as people do: a header with a variable in double quotes, everything else in single ones."""
    if "$TOKEN" in text and "'" not in text:
        return '"' + text.replace('"', '\\"') + '"'
    return shlex.quote(text)


def _headers(sent: Sent, option: str = "-H") -> list[str]:
    return [word for header in sent.typed for word in (option, quoted(header))]


def plain(sent: Sent) -> Spelled:
    """The line most people type."""
    words = ["curl", "-X", sent.method, quoted(sent.url), *_headers(sent)]
    if sent.body:
        words += ["-d", quoted(sent.body)]
    return " ".join(words), {}


def _cluster(sent: Sent) -> Spelled:
    words = ["curl", f"-fsSLX{sent.method}", *_headers(sent), quoted(sent.url)]
    return " ".join([*words, *(["-d", quoted(sent.body)] if sent.body else [])]), {}


def _long(sent: Sent) -> Spelled:
    words = ["curl", "--silent", "--show-error", "--location", *_headers(sent, "--header")]
    if sent.body:
        words += ["--data-raw", quoted(sent.body)]
    return " ".join([*words, "--request", sent.method, "--url", quoted(sent.url)]), {}


def _data_first(sent: Sent) -> Spelled:
    words = ["curl", "-s"]
    if sent.body:
        words += ["-d", quoted(sent.body)]
    words += [*_headers(sent), quoted(sent.url), "-o", "/dev/null", "-w", "'%{http_code}'"]
    if sent.method != "POST" or not sent.body:
        words += ["-X", f'"{sent.method}"']
    return " ".join(words), {}


def _body_file(sent: Sent) -> Spelled:
    if not sent.body:
        return plain(sent)
    words = [
        "curl",
        "-sS",
        "-X",
        sent.method,
        *_headers(sent),
        "-d",
        "@body.json",
        quoted(sent.url),
    ]
    return " ".join(words), {"body.json": sent.body + "\n"}


def _json_option(sent: Sent) -> Spelled:
    words = ["curl", *(_headers(Sent(sent.method, sent.url, headers=sent.headers)))]
    if sent.body and not sent.form:
        words += ["--json", quoted(sent.body)]
    elif sent.body:
        words += ["--data", quoted(sent.body)]
    if sent.method != "POST" or not sent.body:
        words += ["-X", sent.method]
    return " ".join([*words, quoted(sent.url)]), {}


def _heredoc(sent: Sent) -> Spelled:
    if not sent.body:
        return _long(sent)
    words = [
        "curl",
        "-sS",
        "-X",
        sent.method,
        quoted(sent.url),
        *_headers(sent),
        "--data-binary",
        "@-",
    ]
    return " ".join(words) + f" <<'EOF'\n{sent.body}\nEOF", {}


def _config(sent: Sent) -> Spelled:
    lines = [f'request = "{sent.method}"', f'url = "{sent.url}"']
    lines += [f'header = "{header}"' for header in sent.typed if "$" not in header]
    if sent.body:
        lines.append("data = " + json.dumps(sent.body))
    auth = [word for header in sent.headers if "$" in header for word in ("-H", quoted(header))]
    return " ".join(["curl", *auth, "-K", "request.cfg"]), {"request.cfg": "\n".join(lines) + "\n"}


def _variables(sent: Sent) -> Spelled:
    scheme, _, rest = sent.url.partition("://")
    host, slash, path = rest.partition("/")
    words = ["curl", "-sf", "-X", sent.method, *_headers(sent), f'"$API{slash}{path}"']
    if any(mark in path for mark in '"$`\\!'):
        return plain(sent)
    words += ["-d", quoted(sent.body)] if sent.body else []
    return f"API={scheme}://{host}\n" + " ".join(words), {}


def _continued(sent: Sent) -> Spelled:
    parts = [f"curl --request {sent.method}", f"--url {quoted(sent.url)}"]
    parts += [f"--header {quoted(header)}" for header in sent.typed]
    parts += [f"--data {quoted(sent.body)}"] if sent.body else []
    return " \\\n  ".join(parts), {}


def _wget(sent: Sent) -> Spelled:
    words = ["wget", "-qO-", f"--method={sent.method}"]
    words += [f"--header={quoted(header)}" for header in sent.typed]
    words += [f"--body-data={quoted(sent.body)}"] if sent.body else []
    return " ".join([*words, quoted(sent.url)]), {}


def _httpie(sent: Sent, program: str = "http") -> Spelled:
    words = [program, "--ignore-stdin", sent.method, quoted(sent.url), *map(quoted, sent.headers)]
    if sent.body:
        words += ["--form", quoted(sent.body)] if sent.form else ["--raw", quoted(sent.body)]
    if sent.form and sent.body:
        words = [word for word in words if word != quoted(sent.body)] + sent.body.split("&")
    return " ".join(word.replace("Authorization: ", "Authorization:") for word in words), {}


def _python(sent: Sent) -> str:
    key = '{"Authorization": "Bearer " + os.environ["TOKEN"]}'
    body = (
        f", data={_text(sent.body)}"
        if sent.form and sent.body
        else f", json={_literal(sent.body)}"
        if sent.body
        else ""
    )
    return (
        f"import os, requests\nr = requests.{sent.method.lower()}({_text(sent.url)}, headers={key}{body})\n"
        "print(r.status_code, r.text)\n"
    )


def _literal(body: str) -> str:
    try:
        return _text(json.loads(body))
    except ValueError:
        return _text(body)


def _text(value: object) -> str:
    """Write a Python literal with double quotes where it can have them: it may stand in the shell's single ones."""
    written = repr(value)
    return written if '"' in written else written.replace("'", '"')


def _python_c(sent: Sent) -> Spelled:
    return f"python3 -c {shlex.quote(_python(sent).strip())}", {}


def _python_heredoc(sent: Sent) -> Spelled:
    return f"python3 - <<'PY'\n{_python(sent)}PY", {}


def _python_file(sent: Sent) -> Spelled:
    return "python3 call_api.py", {"call_api.py": _python(sent)}


def _urllib(sent: Sent) -> Spelled:
    data = f", data={_text(sent.body)}.encode()" if sent.body else ""
    code = (
        "import os, urllib.request as u\n"
        f"q = u.Request({_text(sent.url)}, method={_text(sent.method)}{data})\n"
        'q.add_header("Authorization", "Bearer " + os.environ["TOKEN"])\n'
        "print(u.urlopen(q).read())\n"
    )
    return f"python3 - <<'PY'\n{code}PY", {}


def _fetch(sent: Sent) -> Spelled:
    body = f", body: {json.dumps(sent.body)}" if sent.body else ""
    code = (
        f"fetch({json.dumps(sent.url)}, {{method: {json.dumps(sent.method)}, "
        f"headers: {{Authorization: `Bearer ${{process.env.TOKEN}}`}}{body}}})"
        ".then(r => r.text()).then(console.log)"
    )
    return f"node -e {shlex.quote(code)}", {}


SPELLINGS: dict[str, Callable[[Sent], Spelled]] = {
    "curl, cluster": _cluster,
    "curl, long options": _long,
    "curl, data first": _data_first,
    "curl, body in a file": _body_file,
    "curl --json": _json_option,
    "curl, here-document": _heredoc,
    "curl -K": _config,
    "curl, host in a variable": _variables,
    "curl, continued": _continued,
    "wget": _wget,
    "httpie": _httpie,
    "xh": lambda sent: _httpie(sent, "xh"),
    "python -c": _python_c,
    "python, here-document": _python_heredoc,
    "python, script": _python_file,
    "urllib": _urllib,
    "fetch": _fetch,
}
