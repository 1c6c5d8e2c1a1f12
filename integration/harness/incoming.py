"""Mail from outside: what is said of its signature when it has gone through Postfix, and that nothing else of it changed."""

import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from pathlib import Path

from . import mime, tools
from .pki import P256, RSA2048, Issued
from .program import Daemon
from .report import Test, expect
from .smtp import Client, Reply
from .world import World

ALICE, MALLORY = "alice@example.org", "p256@example.org"
STRANGER = "203.0.113.9"
NAME = "mx.example.net"
TEXT = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe,\r\n \r\nthe figures.\r\n"


def tests(world: World) -> Iterator[Test]:
    mail = Incoming(world)
    for name, options in (("detached", []), ("opaque", ["-nodetach"]), ("RSA-PSS", ["-keyopt", "rsa_padding_mode:pss"]),
                          ("SHA-512, by key identifier", ["-md", "sha512", "-keyid"]), ("without attributes of S/MIME", ["-nosmimecap"]),
                          ("opaque in BER", ["-nodetach", "-stream"])):
        yield Test(f"incoming: signed by its author: {name}", partial(passes, mail, options))
    yield Test("incoming: signed by its author with P-256", partial(passes_with_ec, mail))
    yield Test("incoming: changed on the way", partial(changed, mail))
    yield Test("incoming: signed by somebody else, or by nobody who is trusted", partial(somebody_else, mail))
    yield Test("incoming: SHA-1, and a signature without signed attributes", partial(weak, mail))
    yield Test("incoming: an old signature under a new Date", partial(old, mail))
    yield Test("incoming: unsigned mail passes as it is", partial(unsigned, mail))
    yield Test("incoming: marks of strangers are removed", partial(forged, mail))
    yield Test("incoming: a mailing list adds a footer, or signs", partial(mailing_list, mail))
    yield Test("incoming: whose mail has to be signed", partial(required, mail))
    yield Test("incoming: revoked by a list that lies beside the anchors", partial(revoked, mail))
    yield Test("incoming: behind an OpenDKIM that verifies", partial(behind_opendkim, mail))
    yield Test("incoming: mail of ours, and mail for others, is not verified", partial(not_incoming, mail))
    yield Test("incoming: no anchors, nobody passes", partial(no_anchors, mail))
    yield Test("incoming: verify and explain say what the header says", partial(commands, mail))


class Incoming:
    """Signed mail by openssl, and the daemon of a host that receives it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._numbers = itertools.count(1)
        self.work = world.work / "incoming"
        self.work.mkdir()

    def configure(self, **settings: dict[str, str]) -> Path:
        here = {"Milter": {"Socket": f"unix:{self.world.sockets}/split.sock"},
                "Certificates": {"Path": str(self.world.pki.certificates)},
                "Incoming": {"Domains": "example.net", "AuthservId": NAME},
                "Trust": {"Anchors": str(self.anchors())},
                "State": {"Path": str(self.world.directory_of_daemon("state-incoming"))}}
        return self.world.program.configure(here, settings)

    def anchors(self) -> Path:
        """The root, where the daemon can read it."""
        path = self.world.directory_of_daemon("anchors") / "root.pem"
        path.write_bytes(self.world.pki.root.certificate.read_bytes())
        return path

    @contextmanager
    def daemon(self, **settings: dict[str, str]) -> Iterator[Daemon]:
        with self.world.program.milter(self.configure(**settings)) as daemon:
            yield daemon

    def sign(self, *options: str, signer: str = ALICE, issued: Issued | None = None, entity: bytes = TEXT) -> bytes:
        """A signed entity, its header fields first: what openssl makes."""
        pki, number = self.world.pki, next(self._numbers)
        issued = issued or Issued(pki.certificate(signer).with_suffix(".key"), pki.certificate(signer))
        content, made = self.work / f"{number}.txt", self.work / f"{number}.signed"
        content.write_bytes(entity)
        tools.run(["openssl", "cms", "-sign", "-binary", "-in", content, "-signer", issued.certificate, "-inkey", issued.key,
                   "-certfile", pki.intermediate.certificate, "-out", made, *options])
        return made.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def message(self, entity: bytes, author: str = ALICE, fields: bytes = b"", date: float | None = None) -> bytes:
        number = next(self._numbers)
        return (fields + f"From: {author}\r\nTo: Bob <bob@example.net>\r\nSubject: Number {number}\r\n"
                f"Date: {formatdate(date)}\r\nMessage-ID: <{number}@example.org>\r\n".encode() + entity)

    def send(self, message: bytes, client: str | None = STRANGER, to: str | None = None) -> tuple[Reply, str]:
        """The reply, and to whom it went: nobody else has got mail."""
        recipient = to or f"incoming-{next(self._numbers)}@example.net"
        with Client(self.world.postfix.ports.split, client) as smtp:
            return smtp.send("bounces@example.com", [recipient], message), recipient

    def through(self, message: bytes, **how: str | None) -> bytes:
        """What arrives of a message."""
        reply, recipient = self.send(message, **how)
        expect(reply.code == 250, f"{reply}\n{self.world.postfix.log()}")
        return self.world.arrived(recipient)

    def verdict(self, message: bytes, kept: bool = True, **how: str | None) -> str:
        """What is said of a message that comes in: on top, and all that changed in it."""
        arrived = self.through(message, **how)
        fields, body = mime.split(arrived)
        ours = [field for field in fields if field.name.lower() == "authentication-results" and NAME in tools.text(field.raw)]
        expect(len(ours) == 1, f"{len(ours)} results under our name\n{tools.text(arrived[:2000])}")
        own = next(field for field in fields if field.name.lower() != "received")
        expect(own is ours[0], f"it is not on top\n{tools.text(arrived[:2000])}")
        if kept:
            self.unchanged(message, [field for field in fields if field is not ours[0]], body)
        return re.sub(r"\s+", " ", tools.text(ours[0].raw).split(":", 1)[1]).strip()

    def unchanged(self, message: bytes, fields: list, body: bytes) -> None:
        before, sent = mime.split(message)
        expect(body == sent, f"the body changed: {mime.shown(body)}")
        names = ("received",)
        expect([f.raw for f in fields if f.name.lower() not in names] == [f.raw for f in before if f.name.lower() not in names],
               f"the header changed: {[f.raw for f in fields]}")


def says(verdict: str, result: str, *words: str) -> None:
    expect(verdict.startswith(f"{NAME}; smime={result} (") and all(word in verdict for word in words), f"it says: {verdict}")


def passes(mail: Incoming, options: list[str]) -> None:
    with mail.daemon():
        verdict = mail.verdict(mail.message(mail.sign(*options)))
        opaque = "-nodetach" in options
        says(verdict, "pass", "trusted", f"body.smime-part={1 if opaque else 2}", f"body.smime-identifier={ALICE}")


def passes_with_ec(mail: Incoming) -> None:
    with mail.daemon() as daemon:
        says(mail.verdict(mail.message(mail.sign(signer=MALLORY), author=f'"P" <{MALLORY}>')), "pass", MALLORY)
        daemon.says(r"smime=pass \(trusted.*verified True, trusted True, by the author True")


def changed(mail: Incoming) -> None:
    with mail.daemon() as daemon:
        message = mail.message(mail.sign().replace(b"the figures", b"the forgery"))
        says(mail.verdict(message), "fail", "body.smime-part=2")
        daemon.says("smime=fail .*verified False")


def somebody_else(mail: Incoming) -> None:
    key, certificate = mail.work / "self.key", mail.work / "self.crt"
    tools.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=alice",
               "-addext", f"subjectAltName=email:{ALICE}", "-addext", "extendedKeyUsage=emailProtection", "-days", "3"])
    with mail.daemon() as daemon:
        says(mail.verdict(mail.message(mail.sign(signer=MALLORY))), "policy", MALLORY, ALICE)
        daemon.says("verified True, trusted True, by the author False")
        says(mail.verdict(mail.message(mail.sign(issued=Issued(key, certificate)))), "policy")
        daemon.says("verified True, trusted False, by the author True")
        # Two signers, and one of them is not the author.
        pki = mail.world.pki
        second = ["-signer", pki.certificate(MALLORY), "-inkey", pki.certificate(MALLORY).with_suffix(".key")]
        says(mail.verdict(mail.message(mail.sign(*second))), "policy", "of 2 signers")
        for author in (f"{ALICE}, bob@example.com", f'"{MALLORY}" <{ALICE}>', f"friends: {ALICE};"):
            says(mail.verdict(mail.message(mail.sign(), author=author)), "policy")
        twice = mail.message(mail.sign(), fields=b"From: boss@example.com\r\n")
        says(mail.verdict(twice), "policy", "more than one From")


def weak(mail: Incoming) -> None:
    with mail.daemon():
        says(mail.verdict(mail.message(mail.sign("-md", "sha1"))), "policy", "SHA-1")
        says(mail.verdict(mail.message(mail.sign("-noattr"))), "neutral")


def old(mail: Incoming) -> None:
    with mail.daemon():
        says(mail.verdict(mail.message(mail.sign(), date=1_000_000_000)), "policy", "Date")
    with mail.daemon(Incoming={"DateSkew": "20000d"}):
        says(mail.verdict(mail.message(mail.sign(), date=1_000_000_000)), "pass")


def unsigned(mail: Incoming) -> None:
    with mail.daemon() as daemon:
        message = mail.message(b"MIME-Version: 1.0\r\n" + TEXT)
        fields, body = mime.split(mail.through(message))
        mail.unchanged(message, fields, body)
        expect("smime=" not in daemon.log(), daemon.log())


def forged(mail: Incoming) -> None:
    forms = (b"Authentication-Results: mx.example.net; smime=pass\r\n", b"authentication-RESULTS:\r\n\tMX.example.NET\r\n ; smime=pass\r\n",
             b"Authentication-Results: (by (us)) mx.example.net (really) 1; smime=pass body.smime-identifier=alice@example.org\r\n",
             b"Authentication-Results : \"mx.example.net\"; dkim=pass\r\n", b"X-Postseal: decrypted; trusted=yes\r\n", b"x-postseal-anything: 1\r\n")
    other = b"Authentication-Results: mx.example.com; smime=pass; dkim=pass\r\n"
    with mail.daemon() as daemon:
        for form in forms:
            for entity in (b"MIME-Version: 1.0\r\n" + TEXT, mail.sign(signer=MALLORY)):
                message = mail.message(entity, fields=form + other)
                arrived = mail.through(message)
                header = arrived.split(b"\r\n\r\n")[0].lower()
                expect(b"smime=pass" not in header.replace(other.lower(), b"") and b"x-postseal" not in header and b"dkim=pass" not in header.replace(
                    other.lower(), b""), f"{form!r} is believed:\n{tools.text(arrived[:2000])}")
                expect(other.lower().strip() in header, "the field of another host is gone")
                expect(mime.split(arrived)[1] == mime.split(message)[1], "the body changed")
        daemon.says("an Authentication-Results under our own name was removed")


def mailing_list(mail: Incoming) -> None:
    signed, footer = mail.sign(), b"_______\r\nlist mailing list\r\n"
    boundary = re.search(rb'boundary="([^"]+)"', signed)[1]
    inside = b"".join(line for line in signed.splitlines(keepends=True) if not line.startswith(b"MIME-Version"))
    wrapped = (b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=list\r\n\r\n--list\r\n" + inside
               + b"\r\n--list\r\nContent-Type: text/plain\r\n\r\n" + footer + b"\r\n--list--\r\n")
    behind = signed.rstrip(b"\r\n") + b"\r\n" + footer
    within = signed.replace(b"the figures.\r\n", b"the figures.\r\n" + footer, 1)
    third = signed.replace(b"--" + boundary + b"--", b"--" + boundary + b"\r\nContent-Type: text/plain\r\n\r\n" + footer + b"\r\n--" + boundary + b"--")
    with mail.daemon() as daemon:
        # A part of what arrives is signed, and that is not the message.
        fields, body = mime.split(mail.through(mail.message(wrapped)))
        expect(not mime.values(fields, "Authentication-Results"), "a part counts as the message")
        says(mail.verdict(mail.message(behind)), "pass", "text behind it is not signed")
        says(mail.verdict(mail.message(within)), "fail")
        says(mail.verdict(mail.message(third)), "neutral")
        # The list signs what its author signed.
        resigned = mail.sign(signer=MALLORY, entity=inside)
        both = mail.verdict(mail.message(resigned))
        expect(both.count("smime=") == 2 and "smime=policy" in both and "smime=pass" in both and "body.smime-part=1.2" in both, both)
        daemon.says("smime=pass")


def required(mail: Incoming) -> None:
    section = "From:@example.org"
    for otherwise in ("Mark", "Quarantine", "Refuse"):
        with mail.daemon(**{section: {"Signed": "Required", "Otherwise": otherwise}}):
            says(mail.verdict(mail.message(mail.sign())), "pass")
            for message in (mail.message(b"MIME-Version: 1.0\r\n" + TEXT), mail.message(mail.sign(signer=MALLORY)),
                            mail.message(TEXT, author=f'"{ALICE}" <other@example.com>')):
                reply, recipient = mail.send(message)
                if otherwise == "Refuse":
                    expect(reply.code == 550 and "5.7.7" in reply.text and "signed" in reply.text, f"{reply}")
                    continue
                expect(reply.code == 250, f"{reply}")
                if otherwise == "Quarantine":
                    tools.wait_for(lambda: mail.world.postfix.quarantined(recipient), 30, mail.world.postfix.log)
                else:
                    header = re.sub(rb"\s+", b" ", mail.world.arrived(recipient).split(b"\r\n\r\n")[0])
                    expect(b"smime=none (" in header or b"smime=policy (" in header, tools.text(header))
            expect(mail.send(mail.message(TEXT, author="dan@example.com"))[0].code == 250, "others' mail is refused")


def revoked(mail: Incoming) -> None:
    pki = mail.world.pki
    victim = pki.person("revoked@example.org", P256)
    anchors = mail.world.directory_of_daemon("anchors-with-lists")
    (anchors / "root.pem").write_bytes(pki.root.certificate.read_bytes())
    config = pki.certificate("revoked@example.org").with_suffix(".cnf")
    issuer = ["-cert", pki.intermediate.certificate, "-keyfile", pki.intermediate.key, "-config", config]
    tools.run(["openssl", "ca", "-gencrl", "-crldays", "3", "-out", anchors / "intermediate.crl", *issuer])
    tools.run(["openssl", "ca", "-gencrl", "-crldays", "3", "-out", anchors / "root.crl", "-cert", pki.root.certificate, "-keyfile", pki.root.key,
               "-config", config])
    message = mail.message(mail.sign(issued=victim), author="revoked@example.org")
    with mail.daemon(Trust={"Anchors": str(anchors)}, Revocation={"Unknown": "Policy"}):
        says(mail.verdict(message), "pass", "CRL")
    tools.run(["openssl", "ca", "-revoke", victim.certificate, *issuer])
    tools.run(["openssl", "ca", "-gencrl", "-crldays", "3", "-out", anchors / "intermediate.crl", *issuer])
    with mail.daemon(Trust={"Anchors": str(anchors)}):
        says(mail.verdict(message), "policy", "revoked")
        says(mail.verdict(mail.message(mail.sign())), "pass", "CRL")


def behind_opendkim(mail: Incoming) -> None:
    [port] = tools.free_ports(1)
    config = mail.work / "opendkim.conf"
    config.write_text(f"Mode v\nSocket inet:{port}@127.0.0.1\nAuthservID {NAME}\nAlwaysAddARHeader yes\nBackground no\nUserID root\n"
                      f"PidFile {mail.work}/pid\nInternalHosts 192.0.2.1\n")
    ports = mail.world.postfix.ports
    with subprocess.Popen(["opendkim", "-f", "-x", str(config)]) as verifier:
        try:
            tools.wait_for(lambda: tools.accepts(port), 30, lambda: "opendkim to listen")
            services = (f"127.0.0.1:{ports.split}/inet/smtpd_milters=inet:127.0.0.1:{port},$postseal_milter",)
            with mail.world.postfix.changed(services=services), mail.daemon(Incoming={"KeepResults": "dkim"}) as daemon:
                forgery = f"Authentication-Results: {NAME}; smime=pass\r\n".encode()
                fields, body = mime.split(mail.through(mail.message(mail.sign(), fields=forgery)))
                # OpenDKIM puts its field above Postfix's own Received, ours goes below that.
                results = sorted(re.sub(r"\s+", " ", value) for value in mime.values(fields, "Authentication-Results"))
                expect(len(results) == 2 and "dkim=none" in results[0] and "smime=pass (" in results[1], f"{results}\n{daemon.log()}")
        finally:
            verifier.terminate()


def not_incoming(mail: Incoming) -> None:
    with mail.daemon():
        for how in ({"client": None}, {"to": "somebody@split.example.net"}):
            reply, recipient = mail.send(mail.message(mail.sign()), **how)
            expect(reply.code == 250, f"{reply}")
            sink = mail.world.sinkdsn if recipient.endswith("@split.example.net") else mail.world.sink
            fields, _ = mime.split(sink.wait(recipient).raw)
            expect(not mime.values(fields, "Authentication-Results"), "it was verified")


def no_anchors(mail: Incoming) -> None:
    with mail.daemon(Trust={"Anchors": ""}):
        says(mail.verdict(mail.message(mail.sign())), "permerror", "[Trust] Anchors")


def commands(mail: Incoming) -> None:
    program, configuration = mail.world.program, mail.configure()
    for message, result, code in ((mail.message(mail.sign()), "pass", 0), (mail.message(mail.sign(signer=MALLORY)), "policy", 1),
                                  (mail.message(TEXT), "none", 1)):
        done = program.run("verify", "--config", configuration, "--json", "-", stdin=message)
        verdict = json.loads(done.stdout)
        expect(done.returncode == code and verdict["result"] == result, f"{done.returncode} {verdict}")
        table = program.run("verify", "--anchors", mail.world.pki.root.certificate, "-", stdin=message)
        expect(table.returncode == code and tools.text(table.stdout).startswith(f"{result}: "), tools.text(table.stdout + table.stderr))
        explained = program.run("explain", "--config", configuration, "--incoming", "-", stdin=message)
        expect(explained.returncode == 0 and f"smime={result}" in tools.text(explained.stdout), tools.text(explained.stdout + explained.stderr))
