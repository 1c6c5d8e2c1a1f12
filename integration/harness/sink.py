"""The next hop: an SMTP server that keeps the bytes and the envelope of what arrives, exactly."""

import socketserver
import threading
from dataclasses import dataclass

from .report import Failure


EIGHTBIT = ("PIPELINING", "8BITMIME", "SIZE 0")


@dataclass(frozen=True)
class Arrival:
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    commands: tuple[str, ...] = ()


class Sink:
    """`extensions` are what EHLO advertises: without 8BITMIME the relay has to send 7bit. `refusals` are the replies to whole messages for
    some recipients."""

    def __init__(self, port: int, extensions: tuple[str, ...]) -> None:
        self.port = port
        self.refusals: dict[str, str] = {}
        self._arrivals: dict[str, list[Arrival]] = {}
        self._changed = threading.Condition()
        sink = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                sink._talk(self, extensions)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128  # the five of the library are fewer than Postfix opens at once

        self._server = Server(("127.0.0.1", port), Session)
        threading.Thread(target=self._server.serve_forever, name="sink", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, recipient: str, timeout: float = 30) -> Arrival:
        """The one message for a recipient. A second copy is a failure: it was delivered twice."""
        with self._changed:
            if not self._changed.wait_for(lambda: recipient in self._arrivals, timeout):
                raise Failure(f"nothing arrived for {recipient} in {timeout:.0f}s")
            copies = self._arrivals[recipient]
        if len(copies) > 1:
            raise Failure(f"{len(copies)} messages arrived for {recipient}")
        return copies[0]

    def has(self, recipient: str) -> bool:
        with self._changed:
            return recipient in self._arrivals

    def all(self, recipient: str) -> list[Arrival]:
        """Whatever arrived for a recipient so far."""
        with self._changed:
            return list(self._arrivals.get(recipient, ()))

    def _talk(self, session: socketserver.StreamRequestHandler, extensions: tuple[str, ...]) -> None:
        def say(*lines: str) -> None:
            session.wfile.write(b"".join(line.encode() + b"\r\n" for line in lines))

        sender, recipients, commands = "", list[str](), list[str]()
        say("220 sink.example.net ESMTP")
        while line := session.rfile.readline():
            command = line.decode("utf-8", "surrogateescape").strip()
            match command.split(":")[0].split(" ")[0].upper():
                case "EHLO":
                    say(*(f"250-{e}" for e in ("sink.example.net", *extensions)), "250 ENHANCEDSTATUSCODES")
                case "MAIL":
                    sender, recipients, commands = address(command), [], [command]
                    say("250 2.1.0 ok")
                case "RCPT":
                    recipients.append(address(command))
                    commands.append(command)
                    say("250 2.1.5 ok")
                case "DATA":
                    say("354 go on")
                    arrival = Arrival(sender, tuple(recipients), b"".join(read_data(session)), tuple(commands))
                    if refusal := next((self.refusals[r] for r in recipients if r in self.refusals), None):
                        say(refusal)
                        continue
                    self._keep(arrival)
                    say("250 2.0.0 ok")
                case "QUIT":
                    say("221 2.0.0 bye")
                    return
                case _:
                    say("250 2.0.0 ok")

    def _keep(self, arrival: Arrival) -> None:
        with self._changed:
            for recipient in arrival.recipients:
                self._arrivals.setdefault(recipient, []).append(arrival)
            self._changed.notify_all()


def address(command: str) -> str:
    return command[command.index("<") + 1:command.index(">")]


def read_data(session: socketserver.StreamRequestHandler):
    while (line := session.rfile.readline()) != b".\r\n":
        if not line:
            raise ConnectionError("the connection ended inside DATA")
        yield line[1:] if line.startswith(b".") else line
