"""Numbered messages from one of ours to a correspondent, and what became of each: encrypted, in clear, or told to wait."""

import itertools

from . import tools
from .pki import Issued
from .program import Daemon
from .report import expect
from .smtp import Client, Reply
from .world import World

ALICE = "alice@example.org"
TEXT = b"The figures are confidential."


class NumberedMail:
    """`name` tells the messages of one part of the trials from those of others; who the correspondents are, a subclass says."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.numbers = itertools.count(1)

    def person(self, address: str) -> Issued:
        raise NotImplementedError

    def send(self, recipient: str, number: int | None = None) -> Reply:
        number = next(self.numbers) if number is None else number
        message = (f"From: {ALICE}\r\nTo: {recipient}\r\nSubject: Number {number}\r\nMessage-ID: <{self.name}-{number}@example.org>\r\n"
                   "Date: Fri, 27 Nov 2026 12:00:00 +0000\r\n\r\n").encode() + TEXT + b"\r\n"
        with Client(self.world.postfix.ports.other) as client:
            return client.send(ALICE, [recipient], message)

    def arrived(self, recipient: str, number: int | None = None) -> bytes:
        """The last mail that this test sent."""
        number = next(self.numbers) - 1 if number is None else number
        subject = f"Subject: Number {number}\r\n".encode()
        def probe() -> bytes | None:
            return next((a.raw for a in self.world.sink.all(recipient) if subject in a.raw), None)
        return tools.wait_for(probe, 30, lambda: f"mail for {recipient}\n{self.world.postfix.log()}")

    def opened(self, mail: bytes, address: str) -> bytes:
        """What openssl finds in it with the key of somebody."""
        expect(b"application/pkcs7-mime" in mail and TEXT not in mail, f"it is not encrypted:\n{tools.text(mail[:2000])}")
        path, issued = self.world.work / f"{self.name}.eml", self.person(address)
        path.write_bytes(mail)
        return tools.run(["openssl", "cms", "-decrypt", "-in", path, "-recip", issued.certificate, "-inkey", issued.key]).stdout

    def encrypted(self, address: str, key_of: str | None = None) -> bytes:
        reply = self.send(address)
        expect(reply.code == 250, f"{reply}")
        mail = self.arrived(address)
        expect(TEXT in self.opened(mail, key_of or address), "it has not the text")
        return mail

    def in_clear(self, address: str) -> None:
        reply = self.send(address)
        expect(reply.code == 250, f"{reply}")
        mail = self.arrived(address)
        expect(b"multipart/signed" in mail and TEXT in mail, f"it is not signed alone:\n{tools.text(mail[:2000])}")

    def waits(self, address: str, daemon: Daemon, why: str) -> None:
        """The client is told to come back, nothing leaves, and the log has the reason."""
        before, start = len(self.world.sink.all(address)), daemon.log_size()
        reply = self.send(address)
        expect(reply.code == 451, f"{reply}")
        daemon.says(why, start)
        expect(len(self.world.sink.all(address)) == before, "it left")
