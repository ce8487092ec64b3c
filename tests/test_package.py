"""What users install: a wheel with everything in it, that starts through a link as pipx and uv put one."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gatesh import __version__

ROOT = Path(__file__).parents[1]


def run(*words, env=None, status=0):
    ran = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        env=env,
        cwd="/",
        timeout=300,
        check=False,
    )
    assert ran.returncode == status, f"{words}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        ROOT,
    )
    (found,) = folder.glob("gatesh-*.whl")
    return found


def test_the_wheel_holds_everything(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {info.filename: info for info in archive.infolist()}
        metadata = archive.read(f"gatesh-{__version__}.dist-info/METADATA").decode()
    for folder in ("patterns", "completions"):
        for path in (ROOT / folder).iterdir():
            assert f"gatesh/{folder}/{path.name}" in names
    assert any(name.startswith("gatesh/patterns/") for name in names)
    assert "gatesh/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "bin/"))]
    script = names[f"gatesh-{__version__}.data/scripts/gatesh"]
    assert script.external_attr >> 16 & 0o111 == 0o111, "executable"
    assert "License-Expression: GPL-3.0-or-later" in metadata
    assert f"gatesh-{__version__}.dist-info/licenses/LICENSE" in names


def try_out(gatesh, tmp_path):
    """Run it as a stranger's agent would: an environment with nothing in it but a home."""
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "GATESH_HOME": str(place)}
    assert run(gatesh, "--version", env=env) == f"gatesh {__version__}\n"
    assert run(gatesh, "-c", "echo hi", env=env) == "hi\n"
    assert (place / "audit.db").exists()


@pytest.mark.slow
def test_pip_installs_it_and_a_link_to_it_starts(wheel, tmp_path):
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    run(tmp_path / "venv/bin/python", "-m", "pip", "install", "-q", wheel)
    link = tmp_path / "link" / "gatesh"
    link.parent.mkdir()
    link.symlink_to("../venv/bin/gatesh")
    try_out(link, tmp_path)


@pytest.mark.slow
def test_uv_installs_it_as_a_tool(wheel, tmp_path):
    target = tmp_path / "uv"
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--target", str(target), "uv"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        pytest.skip(f"uv cannot be installed here: {ran.stderr.strip().splitlines()[-1:]}")
    # pip fetches what it needs, by whatever way pip is set up to; uv only installs.
    wheels = tmp_path / "wheels"
    run(sys.executable, "-m", "pip", "download", "-q", "-d", wheels, wheel)
    env = os.environ | {
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "UV_NO_CONFIG": "1",
    }
    uv = (target / "bin/uv", "tool", "install", "--python", sys.executable)
    run(*uv, "--no-index", "--find-links", wheels, "gatesh", env=env)
    assert (tmp_path / "bin/gatesh").is_symlink()
    try_out(tmp_path / "bin/gatesh", tmp_path)
