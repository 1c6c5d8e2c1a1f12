"""Running other programs, and finding room for them on loopback."""

import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from .report import Failure

T = TypeVar("T")


def run(command: Sequence[str | Path], *, stdin: bytes = b"", timeout: float = 120, ok: Sequence[int] = (0,),
        env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Runs a program to its end; an exit code that is not in `ok` is a failure that shows what the program said."""
    try:
        done = subprocess.run([str(c) for c in command], input=stdin, capture_output=True, timeout=timeout, env=env)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{' '.join(map(str, command))}: no end after {timeout:.0f}s\n"
                      f"{text(late.stderr or b'')}") from late
    if done.returncode not in ok:
        raise Failure(f"{' '.join(map(str, command))}: exit code {done.returncode}\n"
                      f"{text(done.stderr)[-2000:]}{text(done.stdout)[-1000:]}")
    return done


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, all held open together so that no two are the same."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def wait_for(probe: Callable[[], T | None], timeout: float, what: Callable[[], str]) -> T:
    """Asks until there is an answer: for what other processes do, which tell nobody when they are done."""
    deadline = time.monotonic() + timeout
    while (answer := probe()) is None:
        if time.monotonic() > deadline:
            raise Failure(f"after {timeout:.0f}s still waiting for {what()}")
        time.sleep(0.02)
    return answer


def accepts(port: int) -> bool | None:
    """Whether somebody listens there; None, not yet, for `wait_for`."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return None
    return True
