"""Whether a WHERE leaves rows out, or only looks as if it did.

Nobody can decide that for every condition; this decides it for the shapes that are written to get round a
rule (1=1, id=id, id IS NOT NULL, id > 0, x LIKE '%') and for those that plainly restrict. What it does not
know restricts nothing.
"""

from __future__ import annotations

import re

from gatesh.facts.sql_scan import POSTGRES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HUGE = 10**9
_YEAR = re.compile(r"(\d{4})-")


def restricts(where: Any, own: frozenset[str], dialect: str, exp: Any) -> bool:
    """Claim that some rows are certainly meant to stay; `own` are the names of the changed table."""
    return where is not None and not _Wide(own, dialect, exp).wide(where.this)


class _Wide:
    """The question "may this condition hold for every row?", for one statement."""

    def __init__(self, own: frozenset[str], dialect: str, exp: Any) -> None:
        self.own = own
        self.dialect = dialect
        self.exp = exp

    def wide(self, e: Any) -> bool:
        """Claim that the condition may hold for every row."""
        exp = self.exp
        if isinstance(e, exp.Paren):
            return self.wide(e.this)
        if isinstance(e, exp.And):
            return self.wide(e.left) and self.wide(e.right)
        if isinstance(e, exp.Or):
            return self.wide(e.left) or self.wide(e.right) or self._complement(e)
        constant = self._constant(e)
        if constant is not None:
            return constant
        columns = self._columns(e)
        if self._subquery_is_wide(e):
            return True
        if isinstance(e, exp.Exists) or (isinstance(e, exp.Not) and e.find(exp.Exists)):
            return not self._correlated(e)
        if not columns or not self._concerns_the_table(columns):
            return True
        if self._repeats(columns):
            return True  # id = id, id BETWEEN id AND id, abs(id) = id
        return self._predicate(e)

    def _concerns_the_table(self, columns: list[str]) -> bool:
        """Claim that the changed table is spoken of: USING x WHERE x.id = 1 leaves none of its rows out."""
        return any(c.split(".")[0] in self.own or c.startswith(".") for c in columns)

    def _computed(self, e: Any) -> bool:
        """Claim that a column goes through something that could make every value alike: id * 0 = 0."""
        exp = self.exp
        plain = (exp.Cast, exp.TryCast, exp.Lower, exp.Upper, exp.Trim, exp.Coalesce, exp.Date, exp.DateTrunc,
                 exp.TimestampTrunc, exp.Extract, exp.Substring, exp.Left, exp.Right, exp.JSONExtract,
                 exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar, exp.Year, exp.Month,
                 exp.TsOrDsToDate, exp.Array)  # fmt: skip
        for node in e.find_all(
            exp.Func, exp.Mul, exp.Div, exp.Mod, exp.Add, exp.Sub, exp.BitwiseAnd
        ):
            if node is e or isinstance(node, plain) or node.find_ancestor(exp.Query) is not None:
                continue
            if node.find(exp.Column) is not None:
                return True
        return "generate_series" in e.sql().lower()

    def _compares_a_truth(self, e: Any) -> bool:
        """Claim that a condition is a value here: (id = 7) IN (true, false), (id = 7) >= false."""
        exp = self.exp
        sides = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Like, exp.ILike)
        if isinstance(e, exp.In) and sum(isinstance(v, exp.Boolean) for v in e.expressions) > 1:
            return True
        if not isinstance(e, (*sides, exp.EQ, exp.NullSafeEQ)):
            return False
        if isinstance(e, exp.EQ) and any(isinstance(s, exp.Boolean) for s in (e.left, e.right)):
            return False  # _truth looks through it
        values = e.find_all(exp.Predicate, exp.Not, exp.Connector)
        return any(
            node is not e
            and not isinstance(node, exp.SubqueryPredicate)
            and not self._in_a_query(node, e)
            for node in values
        )

    def _in_a_query(self, node: Any, e: Any) -> bool:
        query = node.find_ancestor(self.exp.Query)
        return query is not None and _within(query, e)

    def _matches_all(self, e: Any) -> bool:
        """Claim that a pattern fits everything, or that nobody can tell."""
        exp = self.exp
        if not isinstance(e.expression, exp.Literal):
            return True
        pattern = str(e.expression.name)
        if isinstance(e, (exp.Like, exp.ILike)):
            return not pattern.strip("%_")
        if isinstance(e, exp.Glob):
            return not pattern.strip("*?")
        pattern = pattern.removesuffix("$").removesuffix(".*").removesuffix("%")
        return not re.search(r"\w\w", pattern) or bool(re.search(r"[|*?{(]", pattern))

    def _predicate(self, e: Any) -> bool:
        exp = self.exp
        if self._computed(e) or self._compares_a_truth(e):
            return True
        if isinstance(e, exp.Not):
            return self._negated(e.this)
        if e.args.get("negate") and not isinstance(e, exp.Is):
            return True  # NOT LIKE, NOT IN: what is named stays, all else goes
        if isinstance(e, exp.Is):
            return self._is(e)
        if isinstance(e, exp.Column):
            return self.dialect != POSTGRES  # a bare column is a boolean only there
        if isinstance(e, (exp.NEQ, exp.NullSafeNEQ)):
            return True
        if isinstance(e, (exp.EQ, exp.NullSafeEQ)):
            return self._truth(e)
        if isinstance(e, exp.In):
            return not self._columns(e.this)  # 1 IN (id, 1)
        if isinstance(e, (exp.GT, exp.GTE)):
            return self._from(e.expression) or self._to(e.this)
        if isinstance(e, (exp.LT, exp.LTE)):
            return self._to(e.expression) or self._from(e.this)
        if isinstance(e, exp.Between):
            return self._from(e.args["low"]) and self._to(e.args["high"])
        if isinstance(
            e, (exp.Like, exp.ILike, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.Glob)
        ):
            return self._matches_all(e)
        known = (exp.ArrayContainsAll, exp.ArrayOverlaps, exp.JSONBContains, exp.StartsWith)
        return not isinstance(e, known)

    def _negated(self, e: Any) -> bool:
        """Ask the same of NOT e: what was narrow becomes wide."""
        exp = self.exp
        while isinstance(e, exp.Paren):
            e = e.this
        if isinstance(e, exp.In) and e.args.get("query") is not None:
            return False
        if isinstance(e, exp.Not):
            return self.wide(e.this)
        if isinstance(e, exp.Is) and isinstance(e.expression, exp.Null):
            return not e.args.get("negate")
        return not (isinstance(e, exp.Column) and self.dialect == POSTGRES)

    def _is(self, e: Any) -> bool:
        exp = self.exp
        if e.args.get("negate"):
            return True  # IS NOT NULL, IS NOT FALSE
        inner = e.this.unnest()
        if isinstance(e.expression, exp.Null):  # (id = NULL) IS NULL
            return inner.find(exp.Predicate, exp.Null) is not None
        if isinstance(inner, exp.Column):
            return False
        false = isinstance(e.expression, exp.Boolean) and not e.expression.this
        return self._negated(inner) if false else self.wide(inner)

    def _truth(self, e: Any) -> bool:
        """Look through `(id > 0) = true`."""
        exp = self.exp
        for side, other in ((e.left, e.right), (e.right, e.left)):
            if isinstance(other, exp.Boolean) and not isinstance(side, exp.Column):
                return self.wide(side)
        return False

    def _constant(self, e: Any) -> bool | None:
        """Return the truth of a condition of literals; None where it is not one."""
        exp = self.exp
        if isinstance(e, exp.Boolean):
            return bool(e.this)
        if isinstance(e, exp.Null):
            return False
        if isinstance(e, exp.Literal):
            return not re.fullmatch(r"0*(\.0*)?|f(alse)?|no?|off", e.name.lower())
        if isinstance(e, exp.EQ) and _literal(e.left, exp) and _literal(e.right, exp):
            return bool(e.left.name == e.right.name or e.left.is_string != e.right.is_string)
        return None

    def _columns(self, e: Any) -> list[str]:
        """Return the columns of `e` that are not inside a subquery."""
        exp = self.exp
        found = []
        for column in e.find_all(exp.Column):
            query = column.find_ancestor(exp.Query)
            if query is None or not _within(query, e):
                found.append(f"{column.table}.{column.name}".lower())
        return found

    def _repeats(self, columns: list[str]) -> bool:
        """Claim that a column of the table itself, qualified or not, is compared with itself."""
        own = [c.split(".")[1] for c in columns if c.split(".")[0] in self.own | {""}]
        return len(own) > len(set(own))

    def _subquery_is_wide(self, e: Any) -> bool:
        """Claim that a subquery asks the same table for everything: id IN (SELECT id FROM t)."""
        exp = self.exp
        for query in e.find_all(exp.Select):
            tables = {t.name.lower() for t in query.find_all(exp.Table)}
            again = {
                t.alias.lower() for t in query.find_all(exp.Table) if t.name.lower() in self.own
            }
            inner = _Wide(self.own | again, self.dialect, exp)
            where = query.args.get("where")
            cut = any(query.args.get(k) for k in ("limit", "having", "joins", "group"))
            if self._answers_the_row(query):
                return True
            if tables & self.own and not cut and (where is None or inner.wide(where.this)):
                return True
        return False

    def _answers_the_row(self, query: Any) -> bool:
        """Claim that a subquery selects the very row it is asked about: id = (SELECT id)."""
        exp = self.exp
        inner = {t.alias_or_name.lower() for t in query.find_all(exp.Table)}
        selected = [c for one in query.expressions for c in one.find_all(exp.Column)]
        return any(
            not inner or (c.table.lower() in self.own and c.table.lower() not in inner)
            for c in selected
        )

    def _correlated(self, e: Any) -> bool:
        """Claim that a subquery in `e` compares with a row of the changed table."""
        wheres = [w for w in e.find_all(self.exp.Where) if not self.wide(w.this)]
        return any(c.table.lower() in self.own for w in wheres for c in w.find_all(self.exp.Column))

    def _complement(self, e: Any) -> bool:
        """Claim that both sides of an OR speak about one column, and may take all of it together."""
        exp = self.exp
        if not set(self._columns(e.left)) & set(self._columns(e.right)):
            return False
        sides = (e.left.unnest(), e.right.unnest())
        if any(isinstance(s, exp.Is) for s in sides):  # x IS NULL OR x < 5
            return not all(
                isinstance(s, (exp.Is, exp.LT, exp.GT)) or self._narrow(s) for s in sides
            )
        return not all(self._narrow(s) for s in sides)

    def _narrow(self, e: Any) -> bool:
        """Claim that a side of an OR picks single values."""
        exp = self.exp
        e = e.unnest()
        if isinstance(e, exp.And):
            return self._narrow(e.left) or self._narrow(e.right)
        if isinstance(e, exp.Or):
            return self._narrow(e.left) and self._narrow(e.right)
        if isinstance(e, exp.EQ):
            return not e.find(exp.Boolean)
        return isinstance(e, (exp.In, exp.Like, exp.ILike))

    def _from(self, e: Any) -> bool:
        """Claim that a lower bound is below everything: 0, -5, '1970-01-01'."""
        exp = self.exp
        if isinstance(e, exp.Neg):
            return True
        if isinstance(e, (exp.Cast, exp.Paren)):
            return self._from(e.this)
        if not isinstance(e, exp.Literal):
            return False
        if e.is_string:
            year = _YEAR.match(e.name)
            return e.name.strip() in ("", "0", "-infinity") or bool(year and int(year[1]) <= 1990)
        return float(e.name) <= 1

    def _to(self, e: Any) -> bool:
        """Claim that an upper bound is above everything: 9999999999, now(), '2999-01-01'."""
        exp = self.exp
        if isinstance(e, (exp.Cast, exp.Paren)):
            return self._to(e.this)
        if isinstance(e, (exp.CurrentTimestamp, exp.CurrentDate)):
            return True
        if not isinstance(e, exp.Literal):
            return False
        if e.is_string:
            year = _YEAR.match(e.name)
            return e.name.strip() == "infinity" or bool(year and int(year[1]) >= 2100)
        return float(e.name) >= _HUGE


def _literal(e: Any, exp: Any) -> bool:
    return isinstance(e, exp.Literal)


def _within(query: Any, e: Any) -> bool:
    """Claim that `query` stands inside `e`."""
    node = query
    while node is not None:
        if node is e:
            return True
        node = node.parent
    return False
