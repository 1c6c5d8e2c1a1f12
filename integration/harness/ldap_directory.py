"""Private OpenLDAP servers with people in them, a daemon that looks there, and what becomes of a message to somebody."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import tools
from .numbered_mail import ALICE, TEXT, NumberedMail
from .pki import RSA2048, Issued
from .program import Daemon
from .report import expect
from .slapd import SUFFIX, Person, Slapd
from .world import World

BOB, NOBODY = "bob@example.net", "nobody@example.net"


class Directory(NumberedMail):
    """Who is in the directory, a daemon that looks there, and a message for each test."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "ldap")
        self._servers = itertools.count(1)
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

    def back(self, address: str, daemon: Daemon) -> None:
        """A source that failed is left alone for a while, and then asked again."""
        tools.wait_for(lambda: self.send(address).code == 250 or None, 60, lambda: f"the server to be asked again\n{daemon.log()}")
        expect(TEXT in self.opened(self.arrived(address), address), "it has not the text")
