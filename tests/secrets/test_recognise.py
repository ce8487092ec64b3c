"""Whatever a text holds, looking for secrets in it ends soon and raises nothing."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatesh.secrets.fingerprint import essence, fingerprint
from gatesh.secrets.formats import kind_of
from gatesh.secrets.recognise import coded_in, found_in, found_in_file, found_in_words

_PIECES = ["token", "=", ":", "'", '"', "\\", "\n", "eyJ", ".", "ghp_", "key", "://", "@", "a1B2c3D4e5F6", "pypi-", "-----BEGIN PRIVATE KEY-----", "\udcff", "é", "=="]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=8), max_size=20).map("".join))
def test_no_text_breaks_it(text: str) -> None:
    for one in [
        *found_in(text),
        *coded_in(text),
        *found_in_file(text, "x.env"),
        *found_in_words([text, text]),
    ]:
        assert fingerprint(one.value, lambda data: data.hex())
        assert one.line >= 1
    essence(text)
    kind_of(text, text, text)


@pytest.mark.parametrize(
    "piece", ["key", "token=", "a:", "'", "://", "eyJ.", "=", "password ", "AKIA", "-us", " \t"]
)
def test_a_long_text_of_one_piece_is_soon_looked_through(piece: str) -> None:
    text = (piece * 64_000)[:64_000]
    began = time.process_time()

    found_in_file(text, "credentials")
    coded_in(text[:20_000])

    assert time.process_time() - began < 1
