"""The program `postseal`, as an administrator runs it."""

import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from . import tools
from .report import Failure, Skipped, expect


# The daemon runs as a user of its own, as with the systemd unit: it has to get along without root's rights.
DAEMON = "daemon"
AS_DAEMON = ("setpriv", f"--reuid={DAEMON}", f"--regid={DAEMON}", "--clear-groups", "--inh-caps=-all")


@contextmanager
def full_disk(directory: Path) -> Iterator[Path]:
    """Puts a file system of the daemon's own into a directory, without any room. What takes the room is yielded; without it there is some."""
    if tools.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", directory], ok=range(256)).returncode != 0:
        raise Skipped("no file system can be mounted here")
    try:
        tools.run(["chown", DAEMON, directory])
        filler = directory / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"x" * 512):
                pass
        yield filler
    finally:
        tools.run(["umount", directory])


class Program:
    def __init__(self, executable: Path, sample: Path, work: Path) -> None:
        self.executable, self._sample, self._work = executable, sample, work
        self._files = 0
        work.mkdir()

    def configure(self, *changes: Mapping[str, Mapping[str, str]]) -> Path:
        """The sample's postseal.ini with some settings changed, so that the sample is what is tested."""
        content = self._sample.read_text()
        for change in changes:
            for section, settings in change.items():
                for key, value in settings.items():
                    content = set_value(content, section, key, value)
        return self.write(content)

    def write(self, content: str | bytes, name: str | None = None) -> Path:
        self._files += 1
        path = self._work / (name or f"postseal-{self._files}.ini")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, *arguments: str | Path, stdin: bytes = b"",
            timeout: float = 60) -> subprocess.CompletedProcess[bytes]:
        """A command to its end, whatever its exit code. A signal or an unhandled exception is a crash, and fails."""
        done = tools.run([self.executable, *arguments], stdin=stdin, timeout=timeout, ok=range(-64, 256))
        expect(done.returncode in (0, 1, 2) and b"Unhandled exception" not in done.stderr,
               f"postseal {' '.join(map(str, arguments))} crashed with {done.returncode}:\n"
               f"{tools.text(done.stderr)[-3000:]}")
        return done

    @contextmanager
    def milter(self, configuration: Path, *prefix: str, directory: Path | None = None):
        """The daemon, listening; when the test is done it has to stop by itself and say that all was well. `prefix` is a command that
        starts it, `directory` where."""
        log = configuration.with_suffix(".log")
        with log.open("wb") as stderr:
            process = subprocess.Popen([*prefix, *AS_DAEMON, self.executable, "milter", "--config", configuration], cwd=directory,
                                       stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        daemon = Daemon(process, log)
        try:
            tools.wait_for(daemon.ready, 30, lambda: f"postseal to listen\n{daemon.log()}")
            yield daemon
            daemon.stop()
        finally:
            process.kill()
            process.wait()


class Daemon:
    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log, self._killed = process, log, False

    def ready(self) -> bool | None:
        if self._process.poll() is not None:
            raise Failure(f"postseal milter ended with {self._process.returncode}:\n{self.log()}")
        return True if "listening on" in self.log() else None

    def alive(self) -> bool:
        return self._process.poll() is None

    def log(self, start: int = 0) -> str:
        return tools.text(self._log.read_bytes()[start:])

    def log_size(self) -> int:
        return self._log.stat().st_size

    def says(self, pattern: str, start: int = 0) -> None:
        """Waits for a log line; it may be written a moment after the mail has gone."""
        tools.wait_for(lambda: re.search(pattern, self.log(start)), 5,
                       lambda: f"a log line like {pattern!r}, but only:\n{self.log(start)[-2000:]}")

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def kill(self, by: signal.Signals = signal.SIGKILL) -> None:
        """It has no chance to finish anything. .NET takes the first SIGSEGV of others for its own, and goes on."""
        self._killed = True
        tools.wait_for(lambda: self._process.send_signal(by) or self._process.poll(), 30, lambda: f"the end by {by.name}")

    def stop(self) -> None:
        if self._killed:
            return
        expect(self.alive(), f"postseal milter was gone before it was stopped:\n{self.log()[-3000:]}")
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            raise Failure(f"postseal milter does not stop on SIGTERM:\n{self.log()[-3000:]}") from None
        expect(code == 0, f"postseal milter ended with {code}:\n{self.log()[-3000:]}")


def set_value(content: str, section: str, key: str, value: str) -> str:
    """Replaces a setting where the file has it, adds it else."""
    lines, inside, header = content.splitlines(), False, f"[{section}]"
    for i, line in enumerate(lines):
        if line.startswith("["):
            inside = line.strip() == header
        elif inside and re.match(rf"{re.escape(key)}\s*=", line):
            lines[i] = f"{key} = {value}"
            return "\n".join(lines) + "\n"
    if header in lines:
        lines.insert(lines.index(header) + 1, f"{key} = {value}")
    else:
        lines += ["", header, f"{key} = {value}"]
    return "\n".join(lines) + "\n"


def read_settings(path: Path) -> dict[str, dict[str, str]]:
    """A case's postseal.ini: only what differs from the sample."""
    settings, section = dict[str, dict[str, str]](), ""
    for line in (path.read_text().splitlines() if path.exists() else []):
        line = line.strip()
        if line.startswith("["):
            section = line[1:-1]
        elif line and not line.startswith(";"):
            key, _, value = line.partition("=")
            settings.setdefault(section, {})[key.strip()] = value.strip()
    return settings
