"""The filters that try the milter library: integration/filters, the sample, and the double that predicts."""

import base64
import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .program import Daemon


@dataclass(frozen=True)
class Prediction:
    """What the double says becomes of a message: its verdict, envelope, and bytes without the MTA's own fields."""
    verdict: str
    reply: str
    sender: str
    recipients: frozenset[str]
    message: bytes


class Filters:
    def __init__(self, trials: Path, work: Path) -> None:
        self._trials, self._work = trials, work
        self._runs = 0
        work.mkdir()

    @contextmanager
    def run(self, kind: str, port: int):
        """One of the filters: whole-message, stage-by-stage, stamp, or that of libmilter. It has to stop by itself."""
        with self.start(kind, port) as daemon:
            yield daemon
            daemon.stop()

    @contextmanager
    def start(self, kind: str, port: int):
        """The same, for a test that stops it or leaves it to be killed."""
        socket = f"inet:{port}@127.0.0.1"
        own = {"stamp": self._trials / "stamp" / "Stamp", "libmilter": self._trials / "libmilter-filter"}
        command = [own[kind]] if kind in own else [self._trials / "filters" / "milter-filters", kind]
        self._runs += 1
        log = self._work / f"{kind}-{self._runs}.log"
        with log.open("wb") as output:
            process = subprocess.Popen([*command, socket], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        daemon = Daemon(process, log)
        try:
            tools.wait_for(lambda: tools.accepts(port), 30, lambda: f"{kind} to listen\n{daemon.log()}")
            yield daemon
        finally:
            process.kill()
            process.wait()

    def predict(self, mta: str, port: int, sender: str, recipients: list[str], *messages: bytes) -> list[Prediction]:
        """Hands the messages to the filter that listens there, as the double plays that MTA."""
        done = tools.run([self._trials / "filters" / "milter-filters", "predict", mta, f"inet:{port}@127.0.0.1", sender,
                          *recipients], stdin=b"\0".join(messages))
        return [Prediction(said["verdict"], said["reply"], said["sender"], frozenset(said["recipients"]),
                           base64.b64decode(said["message"])) for said in json.loads(done.stdout)]

    def go_client(self, port: int, commands: list[str]) -> list[str]:
        """What emersion/go-milter's client says to each command."""
        done = tools.run([self._trials / "go-client", f"127.0.0.1:{port}"], stdin="\n".join(commands).encode())
        return tools.text(done.stdout).splitlines()
