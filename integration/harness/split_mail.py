"""A daemon that splits, correspondents elsewhere, and what openssl finds with their keys in the mail that arrives."""

import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import mime, tools
from .judges import Expected
from .pki import P256, RSA2048, Issued
from .program import DAEMON, Daemon
from .report import expect
from .sink import Arrival
from .smtp import Client, Reply
from .world import World

ALICE = "alice@example.org"
BOB, CAROL, DAVE = (f"{name}@split.example.net" for name in ("bob", "carol", "dave"))
FIELD = b"X-Postseal-Split"
BODY = b"Hello all,\r\n\r\nthe figures are confidential.\r\n"


@dataclass
class Sent:
    """A message on its way: its envelope sender, whom no other has, and what the client was told."""
    sender: str
    reply: Reply
    message: bytes


class Split:
    """Correspondents, a daemon that encrypts to them, and a message for each test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._numbers = itertools.count(1)
        self._people: dict[str, Issued] = {}

    @property
    def people(self) -> dict[str, Issued]:
        """Who has a certificate, and its key, which is not where Postseal is."""
        if not self._people:
            pki = self.world.pki
            self._people = {BOB: pki.person(BOB, RSA2048, usage="keyEncipherment"),
                            CAROL: pki.person(CAROL, P256, usage="keyAgreement")}
        return self._people

    def directory(self) -> Path:
        """A directory with alice's key and the certificates of her correspondents."""
        made = self.world.certificates(ALICE)
        for address, issued in self.people.items():
            shutil.copy(issued.certificate, made / f"{address}.crt")
        tools.run(["chown", "-R", DAEMON, made])
        return made

    def state(self) -> Path:
        made = Path(tempfile.mkdtemp(prefix="state-", dir=self.world.work))
        tools.run(["chown", DAEMON, made])
        return made

    def configure(self, certificates: Path, state: Path, **settings: dict[str, str]) -> Path:
        here = {"Milter": {"Socket": f"unix:{self.world.sockets}/split.sock"}, "Certificates": {"Path": str(certificates)},
                "Encryption": {"Mode": "IfPossible"}, "Splitting": {"Method": "Postfix"}, "State": {"Path": str(state)}}
        return self.world.program.configure(here, settings)

    @contextmanager
    def daemon(self, certificates: Path | None = None, state: Path | None = None, **settings: dict[str, str]) -> Iterator[Daemon]:
        """A daemon at the socket of the two smtpds."""
        configuration = self.configure(certificates or self.directory(), state or self.state(), **settings)
        with self.world.program.milter(configuration) as daemon:
            yield daemon

    def message(self, *to: str, fields: bytes = b"", body: bytes = BODY) -> bytes:
        """A message that names these; what else it is for, only the envelope says."""
        number = next(self._numbers)
        return (f"From: {ALICE}\r\nTo: {', '.join(to)}\r\nSubject: Number {number}\r\nMessage-ID: <{number}@example.org>\r\n".encode()
                + fields + b"Date: Fri, 27 Nov 2026 12:00:00 +0000\r\n\r\n" + body)

    def sender(self) -> str:
        """An envelope sender that no other message has."""
        return f"sender-{next(self._numbers)}@split.example.net"

    def send(self, message: bytes, *recipients: str, client: str | None = None, login: str | None = None, mail: str = "",
             rcpt: str = "", port: int | None = None, sender: str | None = None) -> Sent:
        sender = self.sender() if sender is None else sender
        with Client(port or self.world.postfix.ports.split, client, login) as smtp:
            reply = smtp.send(sender, list(recipients), message, mail, rcpt)
        return Sent(sender, reply, message)

    def arrived(self, sent: Sent, *recipients: str) -> list[Arrival]:
        """What arrives for each of them, once each."""
        expect(sent.reply.code == 250, f"the client was told {sent.reply}\n{self.world.postfix.log()}")
        return [tools.wait_for(lambda: self.copy(sent, to), 30, lambda: f"mail for {to}\n{self.world.postfix.log()}")
                for to in recipients]

    def copy(self, sent: Sent, recipient: str) -> Arrival | None:
        copies = [a for a in self.world.sinkdsn.all(recipient) if a.sender == sent.sender]
        expect(len(copies) < 2, f"{len(copies)} copies arrived for {recipient}")
        return copies[0] if copies else None

    def notice(self, sent: Sent) -> Arrival:
        """The only notice to the sender."""
        notices = tools.wait_for(lambda: self.world.sinkdsn.all(sent.sender) or None, 30,
                                 lambda: f"a notice to {sent.sender}\n{self.world.postfix.log()}")
        expect(len(notices) == 1, f"{len(notices)} notices")
        return notices[0]

    def nobody_got(self, sent: Sent, *recipients: str) -> None:
        for recipient in recipients:
            expect(self.copy(sent, recipient) is None, f"it arrived for {recipient}")

    def waits(self, recipient: str, why: str) -> str:
        """The queue id of the mail that waits for a recipient, for that reason."""
        def probe() -> dict[str, str] | None:
            found = self.world.postfix.waiting(recipient)
            return found if found and re.search(why, found["why"]) else None
        return tools.wait_for(probe, 30, lambda: f"mail for {recipient} to wait because of {why!r}, but "
                              f"{self.world.postfix.waiting(recipient)}\n{self.world.postfix.log()}")["id"]

    def entity(self, mail: bytes, recipient: str) -> bytes:
        """What openssl finds in it with the recipient's key."""
        fields, _ = mime.split(mail)
        [kind] = mime.values(fields, "Content-Type")
        expect("application/pkcs7-mime" in kind and "smime-type=enveloped-data" in kind, f"{recipient} got it as {kind}")
        expect(FIELD.lower() not in mail.split(b"\r\n\r\n")[0].lower(), "the field leaves with the mail")
        for inside in (BODY.splitlines()[2], b"multipart/signed"):
            expect(inside not in mail, f"{inside!r} is readable without a key")
        path, content = self.world.work / "encrypted.eml", self.world.work / "decrypted"
        path.write_bytes(mail)
        issued = self.people[recipient]
        tools.run(["openssl", "cms", "-decrypt", "-in", path, "-recip", issued.certificate, "-inkey", issued.key, "-out", content])
        return content.read_bytes()

    def cannot_read(self, mail: bytes, other: str) -> None:
        path, issued = self.world.work / "encrypted.eml", self.people[other]
        path.write_bytes(mail)
        done = tools.run(["openssl", "cms", "-decrypt", "-in", path, "-recip", issued.certificate, "-inkey", issued.key,
                          "-out", "/dev/null"], ok=range(256))
        expect(done.returncode != 0, f"{other} can read what is not for him")

    def recipients_in(self, mail: bytes) -> int:
        path = self.world.work / "encrypted.eml"
        path.write_bytes(mail)
        printed = tools.text(tools.run(["openssl", "cms", "-cmsout", "-print", "-noout", "-in", path]).stdout)
        return len(re.findall(r"d\.(?:ktri|kari):", printed))

    def signed(self, mail: bytes, sent: Sent) -> bytes:
        """Checks a signed mail against what came; returns what was signed."""
        expect(FIELD.lower() not in mail.split(b"\r\n\r\n")[0].lower(), "the field leaves with the mail")
        entity = self.world.judges.openssl(mail, Expected(ALICE))
        changed = mime.difference(mime.parts(sent.message), mime.parts(entity))
        expect(changed is None, changed or "")
        return entity

    def encrypted(self, mail: bytes, recipient: str, sent: Sent) -> bytes:
        """Checks an encrypted mail: the recipient reads what was signed, and that is what came."""
        entity = self.entity(mail, recipient)
        outside = b"".join(f.raw for f in mime.split(mail)[0] if not f.name.lower().startswith("content-"))
        self.signed(outside + entity, sent)
        return entity
