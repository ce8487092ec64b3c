"""Decide {"command", "cwd"} lines from stdin as nah's hook does, without a language model."""

import json
import os
import sys
import time

from nah.hook import handle_bash


def main() -> None:
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        os.chdir(asked["cwd"])
        began = time.perf_counter()
        try:
            verdict = handle_bash({"command": asked["command"]}, llm_review=False)["decision"]
        except Exception:  # noqa: BLE001 - a hook that fails does not let the command run
            verdict = "deny"
        took = (time.perf_counter() - began) * 1e6
        print(json.dumps({"verdict": verdict, "us": took}), flush=True)


if __name__ == "__main__":
    main()
