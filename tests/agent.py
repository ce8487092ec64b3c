"""An agent for tests: a process that leads a session of its own on a terminal and runs what it is told.

The keeper serves only sessions that began after it, so the test process itself can never be one.
Run as a script it is that agent: one JSON request a line on the
first descriptor it is told, one JSON answer a line on the second.
"""

from __future__ import annotations

import base64
import json
import os
import pty
import signal
import subprocess
import sys
import time
from typing import Any, NamedTuple


class Result(NamedTuple):
    """How a command ended: `status` is the raw wait status."""

    status: int
    out: bytes
    err: bytes

    @property
    def exit(self) -> int:
        return os.waitstatus_to_exitcode(self.status)


class Agent:
    """The test's end of it."""

    def __init__(self, env: dict[str, str], cwd: str) -> None:
        ask_r, self._ask = os.pipe()
        self._answer, answer_w = os.pipe()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            for number in (ask_r, answer_w):
                os.set_inheritable(number, True)
            os.chdir(cwd)
            os.execve(sys.executable, [sys.executable, __file__, str(ask_r), str(answer_w)], env)
        os.close(ask_r)
        os.close(answer_w)
        self._answers = os.fdopen(self._answer, "r")

    def call(self, **request: Any) -> Any:
        os.write(self._ask, json.dumps(request).encode() + b"\n")
        answer = json.loads(self._answers.readline())
        if "error" in answer:
            raise OSError(answer["error"])
        return answer["value"]

    def start(self, *argv: str, stdin: bytes | None = None, **env: str) -> int:
        """Start a program; the number it returns is its pid."""
        data = None if stdin is None else base64.b64encode(stdin).decode()
        return int(self.call(do="start", argv=argv, stdin=data, env=env))

    def signal(self, pid: int, number: int, *, group: bool = False) -> None:
        self.call(do="signal", pid=pid, number=number, group=group)

    def see(self, pid: int, text: bytes, timeout: float = 30) -> None:
        """Wait until the program has printed `text`."""
        until = time.monotonic() + timeout
        while text not in base64.b64decode(self.call(do="peek", pid=pid)):
            if time.monotonic() > until:
                raise TimeoutError(f"{text!r} was not printed in time")
            time.sleep(0.02)

    def wait(self, pid: int, timeout: float = 60) -> Result:
        value = self.call(do="wait", pid=pid, timeout=timeout)
        return Result(value["status"], *(base64.b64decode(value[k]) for k in ("out", "err")))

    def run(
        self, *argv: str, stdin: bytes | None = None, timeout: float = 60, **env: str
    ) -> Result:
        return self.wait(self.start(*argv, stdin=stdin, **env), timeout)

    def close(self) -> None:
        os.close(self._ask)
        self._answers.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _serve(asked: int, answers: int) -> None:
    for number in (asked, answers):
        os.set_inheritable(number, False)
    running: dict[int, tuple[subprocess.Popen[bytes], Any, Any]] = {}
    import tempfile

    for raw in os.fdopen(asked, "r"):
        request = json.loads(raw)
        try:
            value: Any = None
            if request["do"] == "start":
                out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
                given = tempfile.TemporaryFile()
                if request["stdin"] is not None:
                    given.write(base64.b64decode(request["stdin"]))
                    given.seek(0)
                child = subprocess.Popen(
                    request["argv"], stdin=given, stdout=out, stderr=err,
                    env=os.environ | request["env"], start_new_session=True,
                )  # fmt: skip
                running[child.pid] = (child, out, err)
                value = child.pid
            elif request["do"] == "time":
                began = time.perf_counter()
                child = subprocess.Popen(
                    request["argv"], stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
                value = {"exit": child.wait(), "ms": (time.perf_counter() - began) * 1e3}
            elif request["do"] == "peek":
                # By its name: reading through the shared descriptor would move where it writes.
                number = running[request["pid"]][1].fileno()
                with open(f"/proc/self/fd/{number}", "rb") as file:
                    value = base64.b64encode(file.read()).decode()
            elif request["do"] == "signal":
                kill = os.killpg if request["group"] else os.kill
                kill(request["pid"], request["number"])
            elif request["do"] == "wait":
                child, out, err = running.pop(request["pid"])
                until = time.monotonic() + request["timeout"]
                while True:
                    pid, status = os.waitpid(child.pid, os.WNOHANG)
                    if pid:
                        break
                    if time.monotonic() > until:
                        os.killpg(child.pid, signal.SIGKILL)
                        raise TimeoutError(f"{child.args} did not end in time")  # noqa: TRY301  it is the answer
                    time.sleep(0.002)
                child.returncode = os.waitstatus_to_exitcode(status)
                texts = []
                for file in (out, err):
                    file.seek(0)
                    texts.append(base64.b64encode(file.read()).decode())
                value = {"status": status, "out": texts[0], "err": texts[1]}
            answer = {"value": value}
        except Exception as error:  # noqa: BLE001  the test is told
            answer = {"error": repr(error)}
        os.write(answers, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
