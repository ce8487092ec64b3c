"""HTTP requests of every client, as tables say."""

import time
import tomllib
from pathlib import Path

import pytest

from gatesh.model import Certainty, HttpRequest, Span, Word

FILE = Path(__file__).parents[1] / "data/facts/http.toml"
CASES = tomllib.loads(FILE.read_text())["case"]


def part(fact, key):
    """Return what a table calls one part of a request."""
    if key == "locality":
        return fact.target.locality.value
    if key == "graphql":
        return [f"{field.operation} {field.name}" for field in fact.graphql]
    if key == "arguments":
        return dict(fact.graphql[0].arguments)
    return str(getattr(fact, key))


def parts_unseen(fact):
    """Return the parts of a request that are not known, each once."""
    return list(dict.fromkeys(entry.partition(":")[0] for entry in fact.cannot_see))


@pytest.mark.parametrize("case", CASES, ids=[c["line"] for c in CASES])
def test_the_requests_of_a_command_line(case, inspector, tmp_path):
    for name, content in case.get("files", {}).items():
        (tmp_path / name).write_text(content)
    inspector.env |= case.get("env", {})
    names = ("stdin", "remote", "more_words")
    more = {name: case[name] for name in names if name in case}
    said = inspector.only(HttpRequest, case["line"], **more)

    assert len(said) == case.get("count", len(case["want"])), said
    for fact, want in zip(said, case["want"], strict=False):
        wanted = {k: v for k, v in want.items() if k != "cannot_see"}
        assert {key: part(fact, key) for key in wanted} == wanted
        assert sorted(parts_unseen(fact)) == sorted(want.get("cannot_see", []))
    if "cannot_see_at_all" in case:
        assert parts_unseen(said[-1]) == case["cannot_see_at_all"]


def test_a_body_that_is_too_long_is_not_seen(inspector, tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 1_000_001)
    (fact,) = inspector.only(HttpRequest, "curl -d @big https://api.example.com/")
    assert fact.body is None
    assert parts_unseen(fact) == ["body"]


def test_a_file_in_another_folder_is_read_from_there(inspector, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/p").write_text("a=1")
    (fact,) = inspector.only(HttpRequest, "curl -d @p http://h/", cwd="sub")
    assert fact.body == "a=1"
    (fact,) = inspector.only(HttpRequest, "curl -d @p http://h/", cwd=None)
    assert parts_unseen(fact) == ["body"]


def test_a_standard_input_that_is_not_known_hides_the_body(inspector):
    unseen = Word("$X", Span(0, 0), Certainty.UNKNOWN)
    (fact,) = inspector.only(HttpRequest, "curl -d @- http://h/", stdin=unseen, piped_in=True)
    assert fact.body is None
    assert parts_unseen(fact) == ["body"]


@pytest.mark.parametrize("option", ["", "--connect-to a.example.com:1:b:2 "])
def test_many_urls_take_no_time(option, inspector):
    """Half of what a decision may take; each URL once looked at every variable and every option."""
    urls = " ".join(f"http://h.example.com/{n}" for n in range(500))
    began = time.process_time()
    said = inspector.only(HttpRequest, f"curl -X DELETE {option * 400}{urls}")
    assert time.process_time() - began < 1
    assert len(said) == 500
