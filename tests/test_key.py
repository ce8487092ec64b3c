from __future__ import annotations

import hashlib
import hmac
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatesh.errors import AuditError
from gatesh.key import hmac_sha256, load_key


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=300))
def test_it_is_the_standard_hmac(key, data):
    assert hmac_sha256(key, data) == hmac.new(key, data, hashlib.sha256).hexdigest()


def test_a_key_is_made_once_and_read_by_its_owner_alone(tmp_path):
    path = str(tmp_path / "hmac.key")
    key = load_key(path)
    assert load_key(path) == key
    assert len(key) == 32
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["hmac.key"]


def test_many_at_once_agree_on_one_key(tmp_path):
    path, keys = str(tmp_path / "hmac.key"), []
    threads = [threading.Thread(target=lambda: keys.append(load_key(path))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 12
    assert len(set(keys)) == 1


@pytest.mark.parametrize("how", ["link", "short", "open to others", "a folder"])
def test_a_key_that_another_could_have_chosen_or_read_is_refused(tmp_path, how):
    path = tmp_path / "hmac.key"
    if how == "link":
        load_key(str(tmp_path / "other"))
        path.symlink_to(tmp_path / "other")
    elif how == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"x" * (32 if how == "open to others" else 7))
        path.chmod(0o644 if how == "open to others" else 0o600)
    with pytest.raises(AuditError) as caught:
        load_key(str(path))
    assert caught.value.hint
