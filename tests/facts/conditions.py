"""Random WHERE conditions over a table t, many of them true for every row without saying so."""

VALUES = [
    "id", "a", "1", "0", "3", "-1", "id + 0", "a * 1", "length(name)", "coalesce(a, id)", "t.id",
    "(select max(id) from t)", "abs(id)", "nullif(id, a)", "(select count(*) from t)", "greatest(id, 1)",
    "id::int", "random()", "array_length(tags, 1)", "(id)", "+id", "1 - 1",
]  # fmt: skip
COMPARED = ["=", "<>", "<", ">", "<=", ">=", "is distinct from", "is not distinct from"]
MATCHED = ["like", "not like", "ilike", "~", "!~", "similar to"]
PATTERNS = ["'%'", "'o%'", "'.*'", "'^o'", "'_%'", "name", "name || '%'"]
INNER = ["true", "b.id > 2", "b.id = t.id", "b.name is not null"]

ROWS = """
create temporary table t (id int primary key, name text, a int, active boolean, tags text[]);
insert into t values (1, 'one', null, true, '{x}'), (2, 'two', 2, false, '{}'), (3, 'three', 3, true, null),
  (40, 'four', 4, null, '{}'), (500, null, 5, true, '{}'), (-6, 'o', -6, true, '{}'), (0, 'zero', 0, false, '{}');
"""


def condition(random, depth=0):
    """Return one condition."""
    value = lambda: random.choice(VALUES)  # noqa: E731  a name for what is drawn
    below = lambda: condition(random, depth + 1)  # noqa: E731
    negated = random.choice(["", "not "])
    form = random.randrange(20)
    if depth < 2 and form < 5:
        return f"({below()}) {'or' if form < 3 else 'and'} ({below()})"
    if depth < 3 and form < 7:
        return f"not ({below()})"
    if form == 12:
        return f"{value()} is {negated}null"
    if form == 13:
        return f"name {random.choice(MATCHED)} {random.choice(PATTERNS)}"
    if form == 14:
        return f"{value()} {negated}in ({value()}, {value()})"
    if form == 15:
        return f"{value()} {negated}between {value()} and {value()}"
    if form == 16 and depth < 3:
        return f"({below()}) is {negated}{random.choice(['true', 'false', 'null'])}"
    if form == 17:
        compared = f"b.id {random.choice(['=', '<>', '>='])} {random.choice(['t.id', '1', 'b.id'])}"
        return f"{negated}exists (select 1 from t b where {compared})"
    if form == 18:
        inner = f"select {random.choice(['id', 'a', 'b.id'])} from t b where {random.choice(INNER)}"
        return f"id {negated}in ({inner})"
    if form == 19 and depth < 2:
        return f"case when {below()} then {negated}false else true end"
    return f"{value()} {random.choice(COMPARED)} {value()}"
