from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatesh.audit.query import parse_time
from gatesh.errors import UsageError

NOW = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30s", "2026-03-04T15:05:37+00:00"),
        ("90m", "2026-03-04T13:36:07+00:00"),
        ("2h", "2026-03-04T13:06:07+00:00"),
        ("3d", "2026-03-01T15:06:07+00:00"),
        ("1w", "2026-02-25T15:06:07+00:00"),
        ("today", "2026-03-04T00:00:00+00:00"),
        ("yesterday", "2026-03-03T00:00:00+00:00"),
        ("2026-01-31T12:00:00.5+02:00", "2026-01-31T10:00:00.500000+00:00"),
        ("2026-01-31T12:00Z", "2026-01-31T12:00:00+00:00"),
    ],
)
def test_times_are_read(text, moment):
    assert (
        parse_time(text, NOW) == int(datetime.fromisoformat(moment).timestamp() * 10) * 100_000_000
    )


@pytest.mark.parametrize("text", ["soon", "2 hours", "12:00", "3y", "2026-13-01", "-1h", "999999w"])
def test_what_is_no_time_is_a_usage_error(text):
    with pytest.raises(UsageError):
        parse_time(text, NOW)
