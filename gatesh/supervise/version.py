"""Which version of an agent is started, as the package says in which its program is: a label, and no more."""

from __future__ import annotations

import json
import os
import re
from glob import escape, iglob
from shutil import which

_VERSION = re.compile(r"[0-9][\w.+-]{0,40}")
_MOST_ABOVE = 4  # folders between a program and its package.json
_MOST = 1 << 20  # bytes of a package.json


def version_of(command: list[str], path: str) -> str:
    """Return the version of the program, or of the script that it is given; empty where none is told."""
    for word in command[:2]:
        found = which(word, path=path)
        found = found or (word if os.path.isfile(word) else None)
        version = (_of_npm(found) or _of_pip(found)) if found else ""
        if _VERSION.fullmatch(version):
            return version
    return ""


def _of_npm(program: str) -> str:
    folder = os.path.realpath(program)
    for _ in range(_MOST_ABOVE):
        folder = os.path.dirname(folder)
        try:
            with open(f"{folder}/package.json", "rb") as file:
                package = json.loads(file.read(_MOST))
        except OSError:
            continue
        except (ValueError, RecursionError):
            return ""
        version = package.get("version") if isinstance(package, dict) else None
        return version if isinstance(version, str) else ""
    return ""


def _of_pip(program: str) -> str:
    """Return the version of the distribution whose entry points name the program."""
    folder, name = os.path.split(os.path.realpath(program))
    entry = re.compile(rf"(?m)^{re.escape(name)}\s*=")
    site = f"{escape(os.path.dirname(folder))}/lib/python3*/site-packages"
    for path in iglob(f"{site}/*.dist-info/entry_points.txt"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                named = entry.search(file.read(_MOST))
        except OSError:
            continue
        if named:
            return path.split("/")[-2].removesuffix(".dist-info").rpartition("-")[2]
    return ""
