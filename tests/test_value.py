"""Values whose constructors were compiled are what they were before."""

import subprocess
import sys

import pytest

SCRIPT = """
from gatesh._value import Value, quicken
import gatesh.model as model

class Parent(Value):
    one: int
    two: str = "x"

class Child(Parent):
    three: int = 3

def made():
    yield Parent(1), Parent(1, "x"), Parent(one=1)
    yield Child(1, three=5), Child(1, "x", 5), Parent(1).but(two="x") and Child(1).but(three=5)
    yield model.Word("a", model.Span(0, 1)), model.Word(text="a", span=model.Span(0, 1)), None

def refused():
    for words, named in (((), {}), ((1, "a", 2), {}), ((1,), {"none": 1}), ((1,), {"one": 1})):
        try:
            Parent(*words, **named)
        except TypeError:
            yield True

before = [repr(row) for row in made()], list(refused())
QUICKEN
class Later(Child):
    four: int = 4

after = [repr(row) for row in made()], list(refused())
assert before == after, (before, after)
assert len(after[1]) == 4
for first, second, _ in made():
    assert first == second and hash(first) == hash(second)
later = Later(1, four=9)
assert (later.one, later.two, later.three, later.four) == (1, "x", 3, 9)
try:
    later.one = 2
except AttributeError:
    print("frozen")
"""


@pytest.mark.parametrize("when", ["quicken()", "quicken(); quicken()", ""])
def test_a_value_is_the_same_with_a_compiled_constructor(when):
    script = SCRIPT.replace("QUICKEN", when)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("frozen\n", "")
