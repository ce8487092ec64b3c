"""Root fields of GraphQL operations, as a table says and as graphql-core does."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatesh.facts import graphql

FILE = Path(__file__).parents[1] / "data/facts/graphql.toml"
CASES = tomllib.loads(FILE.read_text())["case"]


@pytest.mark.parametrize(
    "case", CASES, ids=[str(c.get("body", c.get("parts", c.get("query")))) for c in CASES]
)
def test_the_root_fields_of_a_request(case):
    request = (case.get("body"), case.get("query", ""), case.get("path", ""), case.get("type", ""))
    parts = tuple(map(tuple, case["parts"])) if "parts" in case else None
    fields, blind = graphql.read(*request, parts)
    assert [f"{field.operation} {field.name}" for field in fields] == case["want"]
    assert bool(blind) == case.get("cannot_see", False), blind
    assert all(entry.startswith("graphql: ") for entry in blind)
    if "arguments" in case:
        assert dict(fields[0].arguments) == case["arguments"]


NAMES = st.sampled_from(["me", "volumeDelete", "on", "query", "fragment", "_a1"])
VALUES = st.recursive(
    st.sampled_from(["1", "-2.5e3", "true", "null", "ENUM", "$v", '"a } b"', '""', '"""x " y"""']),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda v: f"[{', '.join(v)}]")
        | st.lists(inner, max_size=2).map(
            lambda v: "{" + " ".join(f"k{i}: {x}" for i, x in enumerate(v)) + "}"
        )
    ),
    max_leaves=4,
)


@st.composite
def fields(draw, depth=2):
    """Write a selection set."""
    out = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["field", "field", "inline", "spread"]))
        if kind == "spread":
            out.append("...F")
        elif kind == "inline" and depth:
            out.append(
                draw(st.sampled_from(["... on M ", "... ", "... @a(b: 1) "]))
                + draw(fields(depth - 1))
            )
        else:
            alias = draw(st.sampled_from(["", "x: "]))
            arguments = (
                draw(st.sampled_from(["", "()"])) and f"(a: {draw(VALUES)} b: {draw(VALUES)})"
            )
            directive = draw(st.sampled_from(["", " @skip(if: true)"]))
            inner = draw(fields(depth - 1)) if depth and draw(st.booleans()) else ""
            out.append(alias + draw(NAMES) + arguments + directive + inner)
    return "{" + draw(st.sampled_from([" ", ",", "\n# } {\n"])).join(out) + "}"


def expected(document, core):
    """Return the root fields by graphql-core, those of a fragment once in each operation."""
    parsed = core.parse(document)
    fragments = {d.name.value: d for d in parsed.definitions if d.kind == "fragment_definition"}

    def flat(selection, seen):
        for item in selection.selections:
            if item.kind == "field":
                yield item.name.value
            elif item.kind == "inline_fragment":
                yield from flat(item.selection_set, seen)
            elif item.name.value not in seen:
                seen.add(item.name.value)
                yield from flat(fragments[item.name.value].selection_set, seen)

    operations = [d for d in parsed.definitions if d.kind == "operation_definition"]
    return [(o.operation.value, name) for o in operations for name in flat(o.selection_set, set())]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["", "query ", "mutation M($v: [Int!]! = [1] @d) @live ", "subscription S "]),
    fields(),
    fields(),
)
def test_any_document_has_the_fields_that_graphql_core_finds(head, first, second):
    core = pytest.importorskip("graphql", reason="graphql-core is not installed")
    document = f"{head}{first} fragment F on M @f {second}"
    found = graphql.roots(document, {})
    assert [(field.operation, field.name) for field in found] == expected(document, core)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}()[]:$@!."\\#, \nquerymation…é', max_size=60))
def test_no_text_makes_it_fail(text):
    graphql.read(text)
    graphql.read(json.dumps({"query": text}), path="/graphql")


def test_what_graphql_core_refuses_is_never_a_harmless_document():
    core = pytest.importorskip("graphql", reason="graphql-core is not installed")
    for document in ("{", "mutation { a", "{ a } }", "query ( { a }", "{ a(b: ) }"):
        with pytest.raises(core.GraphQLError):
            core.parse(document)
        fields_found, blind = graphql.read(json.dumps({"query": document}))
        assert blind or not fields_found


def test_ten_thousand_fields_take_no_time():
    document = "mutation {" + " ".join(f"a{i}: f(x: [[[[1]]]])" for i in range(5_000)) + "}"
    assert len(graphql.roots(document, {})) == 5_000
    _, blind = graphql.read(json.dumps({"query": "{" + "a " * 200_000 + "}"}))
    assert blind == ("graphql: the document is too long",)


def test_fragments_within_fragments_take_no_time():
    """Each spreads the next twice: counted path by path they would be 2**200 fields."""
    chain = "".join(f" fragment F{n} on M {{ ...F{n + 1} ...F{n + 1} }}" for n in range(200))
    found = graphql.roots(f"mutation {{ ...F0 }}{chain} fragment F200 on M {{ volumeDelete }}", {})
    assert [field.name for field in found] == ["volumeDelete"]
