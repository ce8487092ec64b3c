"""Where the tests find the installed gatesh, and what lies beside the project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

GATESH = str(Path(sys.executable).parent / "gatesh")
SHARED = Path(os.environ.get("GATESH_SHARED", Path(__file__).parents[2] / "shared"))
