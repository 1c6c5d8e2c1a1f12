"""Private OpenLDAP servers with people in them, a daemon that looks there, and what becomes of a message to somebody."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import tools
from .pki import RSA2048, Issued
from .program import Daemon
from .report import expect
from .slapd import SUFFIX, Person, Slapd
from .smtp import Client, Reply
from .world import World

ALICE = "alice@example.org"
BOB, NOBODY = "bob@example.net", "nobody@example.net"
TEXT = b"The figures are confidential."


class Directory:
    """Who is in the directory, a daemon that looks there, and a message for each test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbers, self._servers = itertools.count(1), itertools.count(1)
        self._people: dict[str, Issued] = {}
        self._tls: tuple[Path, Path, Path] | None = None

    def person(self, address: str) -> Issued:
        if address not in self._people:
            usage = "digitalSignature, keyEncipherment"
            self._people[address] = self.world.pki.person(address, RSA2048, usage=usage)
        return self._people[address]

    def der(self, address: str) -> Path:
        path = self.world.work / f"ldap-{address}.der"
        tools.run(["openssl", "x509", "-in", self.person(address).certificate, "-outform", "DER", "-out", path])
        return path

    def server_certificate(self, name: str = "localhost") -> tuple[Path, Path, Path]:
        """CA, certificate and key of a server."""
        directory = self.world.work / f"ldap-tls-{next(self._servers)}"
        directory.mkdir(mode=0o755)
        ca, ca_key, certificate, key = (directory / file for file in ("ca.pem", "ca.key", "server.pem", "server.key"))
        tools.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", ca, "-subj", "/CN=CA of servers", "-days", "30"])
        self.issue(ca, ca_key, certificate, key, f"/CN={name}", f"subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth\n")
        return ca, certificate, key

    @staticmethod
    def issue(ca: Path, ca_key: Path, certificate: Path, key: Path, subject: str, extensions: str) -> None:
        request, file = key.with_suffix(".csr"), key.with_suffix(".ext")
        file.write_text(extensions)
        tools.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", subject])
        tools.run(["openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", certificate, "-days", "30",
                   "-extfile", file])

    def new(self, people: list[Person] | None = None, more: str = "", name: str = "localhost", **configuration: str) -> Slapd:
        slapd = Slapd(self.world.work / f"slapd-{next(self._servers)}", *self.server_certificate(name))
        slapd.configure(**configuration)
        slapd.load(people if people is not None else self.people(), more)
        return slapd

    def people(self) -> list[Person]:
        return [Person("bob", BOB, [self.der(BOB)])]

    def settings(self, slapd: Slapd, changes: dict[str, str] | None = None, **more: dict[str, str]) -> dict[str, dict[str, str]]:
        changes = dict(changes or {})
        if changes.get("Url") == "tls":
            changes["Url"] = slapd.tls_url
        section = {"Url": slapd.url, "Base": SUFFIX, "CaFile": str(slapd._tls[0]), "Timeout": "2s", "NegativeCache": "1s"} | changes
        return {"Encryption": {"Mode": "IfPossible"}, "Ldap:corporate": {key: value for key, value in section.items() if value}} | more

    def configuration(self, slapd: Slapd, changes: dict[str, str] | None = None) -> Path:
        here = {"Certificates": {"Path": str(self.world.pki.certificates)}}
        return self.world.program.configure(self.settings(slapd, changes), here)

    @contextmanager
    def daemon(self, slapd: Slapd, changes: dict[str, str] | None = None, **more: dict[str, str]) -> Iterator[Daemon]:
        with self.world.milter(self.settings(slapd, changes, **more), "other") as (daemon, _):
            yield daemon

    def send(self, recipient: str, number: int | None = None) -> Reply:
        number = next(self.numbers) if number is None else number
        message = (f"From: {ALICE}\r\nTo: {recipient}\r\nSubject: Number {number}\r\nMessage-ID: <ldap-{number}@example.org>\r\n"
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
        path, issued = self.world.work / "ldap.eml", self.person(address)
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

    def back(self, address: str, daemon: Daemon) -> None:
        """A source that failed is left alone for a while, and then asked again."""
        tools.wait_for(lambda: self.send(address).code == 250 or None, 60, lambda: f"the server to be asked again\n{daemon.log()}")
        expect(TEXT in self.opened(self.arrived(address), address), "it has not the text")
