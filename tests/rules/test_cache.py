"""Compiled rules in a file: the same rules come back, and a damaged file is never believed."""

import marshal
import os
import stat
from pathlib import Path

import pytest

from gatesh.key import load_key, seal
from gatesh.places import places_below
from gatesh.rules import cache, load
from gatesh.rules.match import RuleSet


@pytest.fixture
def places(tmp_path):
    return places_below(str(tmp_path))


def file_of(places):
    return f"{places.state}/rules.cache"


def put(places, data):
    with open(file_of(places), "wb") as file:
        file.write(data)


def sealed(places, data):
    return seal(load_key(f"{places.state}/hmac.key"), data, b"rules.cache") + data


def test_what_is_read_from_the_cache_is_what_was_loaded(places):
    loaded = load.load(places)
    kept = cache.read(places.state, cache.key(places, load.files(places)))

    assert kept is not None
    assert kept.rules == loaded.rules
    assert kept.digest == loaded.digest
    assert dict(kept.grammars.items()) == loaded.grammars
    assert kept.programs == loaded.programs
    assert dict(kept.index) == dict(loaded.index)


def test_the_cache_is_only_the_owners(places):
    load.load(places)

    assert stat.S_IMODE(os.stat(file_of(places)).st_mode) == 0o600
    assert sorted(os.listdir(places.state)) == ["hmac.key", "rules.cache"], (
        "no temporary file is left"
    )


@pytest.mark.parametrize("at", [0, 3, 31, 32, 100, -1])
def test_a_damaged_cache_is_ignored_and_written_anew(places, at):
    digest = load.load(places).digest
    data = bytearray(Path(file_of(places)).read_bytes())
    data[at] ^= 0x55
    with open(file_of(places), "wb") as file:
        file.write(data)
    key = cache.key(places, load.files(places))

    assert cache.read(places.state, key) is None
    assert load.load(places).digest == digest
    assert cache.read(places.state, key) is not None


@pytest.mark.parametrize("data", [b"", b"1234", b"\0" * 100, b"[]"])
def test_anything_else_in_its_place_is_ignored(places, data):
    load.load(places)
    put(places, sealed(places, data))

    assert load.load(places).rules


def test_a_cache_of_another_shape_is_ignored_even_with_a_right_seal(places):
    load.load(places)
    put(places, sealed(places, marshal.dumps((cache.key(places, load.files(places)), 1, 2))))

    assert load.load(places).rules


def test_a_cache_that_another_key_sealed_is_no_cache(places, tmp_path):
    """Rules of an agent's own making, in the right form, for the right files: nothing would ask."""
    digest = load.load(places).digest
    evil = tmp_path / "evil"
    evil.mkdir()
    key = cache.key(places, load.files(places))
    cache.write(str(evil), key, RuleSet((), {}, {}, frozenset(), "evil"))
    os.replace(evil / "rules.cache", file_of(places))

    assert cache.read(str(evil), key) is None
    assert cache.read(places.state, key) is None
    assert load.load(places).digest == digest


def test_without_the_key_there_is_no_cache(places):
    load.load(places)
    os.unlink(f"{places.state}/hmac.key")

    assert cache.read(places.state, cache.key(places, load.files(places))) is None


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o602])
def test_a_cache_that_others_can_reach_is_ignored(places, mode):
    load.load(places)
    os.chmod(file_of(places), mode)

    assert cache.read(places.state, cache.key(places, load.files(places))) is None


def test_a_link_in_its_place_is_ignored(places, tmp_path):
    load.load(places)
    os.rename(file_of(places), tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", file_of(places))

    assert cache.read(places.state, cache.key(places, load.files(places))) is None


def test_a_changed_pattern_file_is_seen(places, tmp_path):
    before = load.load(places).digest
    folder = tmp_path / "patterns"
    folder.mkdir(mode=0o755)
    file = folder / "x.toml"
    file.write_text('[override.git-clean]\nseverity = "critical"\n')
    file.chmod(0o644)
    raised = load.load(places)
    stamp = os.stat(file).st_mtime_ns
    file.write_text(
        "[override.git-clean]\ndeny = true # as long..\n".ljust(file.stat().st_size)[
            : file.stat().st_size
        ]
    )
    os.utime(file, ns=(stamp, stamp))

    assert raised.digest != before
    assert load.load(places).digest not in (before, raised.digest), "an old time does not hide it"


def test_what_a_person_confirmed_is_never_kept(places, tmp_path):
    """Otherwise the next shell would take the confirmation from a file."""
    load.load(places, confirmed=frozenset({"0" * 64}))

    assert not os.path.exists(file_of(places))


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path):
    places = places_below(str(tmp_path / "missing"))

    assert load.load(places).rules
