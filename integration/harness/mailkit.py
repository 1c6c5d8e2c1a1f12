"""Mail that a .NET program sends with MailKit: signed and encrypted by Postseal.MailKit, beside what the milter makes of it."""

import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

from . import mime, tools
from .cases import read_message, same_headers
from .judges import Expected
from .pki import P256, RSA2048, Issued
from .program import DAEMON
from .report import Test, expect
from .world import World

ALICE = "alice@example.org"
CASES = ("plain-text", "utf8-8bit", "html-with-attachments", "nested-message", "no-mime-headers", "difficult-boundaries")


def tests(world: World) -> Iterator[Test]:
    sender = world.trials / "mailkit-sender" / "mailkit-sender"
    mailkit = MailKit(world, sender)
    for case in CASES:
        yield Test(f"MailKit signs as the milter does: {case}", partial(same, world, mailkit, case))
    yield Test("MailKit's signature stands a next hop without 8BITMIME", partial(seven_bit, world, mailkit))
    yield Test("what MailKit signed, the milter lets pass", partial(once, world, mailkit))
    yield Test("MailKit sends a stranger's mail unsigned", partial(stranger, world, mailkit))
    yield Test("MailKit sends nothing that must be signed and cannot be", partial(refused, world, mailkit))
    correspondents = Correspondents(world)
    yield Test("MailKit encrypts one message to all who are named", partial(encrypted, world, mailkit, correspondents))
    yield Test("MailKit encrypts what the milter encrypts", partial(as_the_milter, world, mailkit, correspondents))
    yield Test("MailKit gives each recipient his own copy where one is in Bcc", partial(bcc, world, mailkit, correspondents))
    yield Test("MailKit's copies reach all but the recipient whom Postfix refuses", partial(half, world, mailkit, correspondents))
    yield Test("MailKit sends nothing that must be encrypted and cannot be", partial(clear, world, mailkit, correspondents))


class MailKit:
    def __init__(self, world: World, program: Path) -> None:
        self._world, self._program = world, program

    def send(self, port: int, sender: str, recipients: str, message: bytes, settings: dict | None = None,
             ok: tuple[int, ...] = (0,)) -> CompletedProcess[bytes]:
        """Sends with plain MailKit, or where there are settings with Postseal's client."""
        configuration = [] if settings is None else [self._world.configure(settings, 0)]
        return tools.run([self._program, str(port), sender, recipients, *configuration], stdin=message, ok=ok)


class Correspondents:
    """Some of example.net with certificates in a directory, which has alice's key too. openssl reads their mail."""

    def __init__(self, world: World) -> None:
        self._world, self._people = world, dict[str, Issued]()
        self.directory = world.certificates(ALICE)
        for name, key, usage in (("carol", RSA2048, "keyEncipherment"), ("dora", P256, "keyAgreement"), ("heidi", P256, "keyAgreement")):
            address = f"mailkit-{name}@example.net"
            self._people[address] = world.pki.person(address, key, usage=f"digitalSignature, {usage}")
            shutil.copy(self._people[address].certificate, self.directory / f"{address}.crt")
        tools.run(["chown", "-R", DAEMON, self.directory])
        # The program runs as root and would make it for root alone; the daemon reads it too.
        self._state = world.work / "mailkit-state"
        tools.run(["install", "-d", "-o", DAEMON, "-m", "700", self._state])

    def settings(self, **encryption: str) -> dict[str, dict[str, str]]:
        return {"Certificates": {"Path": str(self.directory)}, "State": {"Path": str(self._state)},
                "Encryption": encryption}

    def read(self, message: bytes, address: str) -> bytes:
        """What one of them reads: the signed entity, and from it, verified, what was signed."""
        person, mail, out = self._people[address], self._world.work / "encrypted.eml", self._world.work / "decrypted"
        mail.write_bytes(message)
        tools.run(["openssl", "cms", "-decrypt", "-in", mail, "-recip", person.certificate, "-inkey", person.key, "-out", out])
        return self._world.judges.openssl(out.read_bytes(), Expected(ALICE))

    def shown(self, message: bytes) -> list[str]:
        """Whom the message names as its readers, whoever looks: by the serial numbers in it. Others are counted as `?`."""
        mail = self._world.work / "encrypted.eml"
        mail.write_bytes(message)
        printed = tools.text(tools.run(["openssl", "cms", "-cmsout", "-print", "-noout", "-in", mail]).stdout)
        serials = re.findall(r"(?m)^ +serialNumber: (?:0x)?([0-9A-Fa-f]+)$", printed)
        known = {self._serial(person): address for address, person in self._people.items()}
        return sorted(known.get(serial.upper(), "?") for serial in serials)

    @staticmethod
    def _serial(person: Issued) -> str:
        printed = tools.run(["openssl", "x509", "-in", person.certificate, "-noout", "-serial"]).stdout
        return tools.text(printed).strip().split("=")[1].upper()


def letter(world: World, case: str) -> bytes:
    return read_message(world.root / "integration" / "cases" / case / "message.eml")


def same(world: World, mailkit: MailKit, case: str) -> None:
    """All judges accept it; what is signed is byte for byte what the milter signs when plain MailKit sends it."""
    message = letter(world, case)
    ports, where = world.postfix.ports, f"mailkit-{case}@example.net"
    mailkit.send(ports.plain, ALICE, where, message, {})
    mailkit.send(ports.sample, ALICE, f"milter-{where}", message)
    mailkit.send(ports.plain, ALICE, f"plain-{where}", message)
    received, baseline = world.arrived(where), world.arrived(f"plain-{where}")
    same_headers(message, received, baseline, signed=True)
    entity = world.judges.verify(received, Expected(ALICE))
    changed = mime.difference(mime.parts(baseline), mime.parts(entity))
    expect(changed is None, changed or "")
    by_milter = world.judges.openssl(world.arrived(f"milter-{where}"), Expected(ALICE))
    expect(entity == by_milter, f"the milter signed something else:\n{by_milter[:500]!r}\n{entity[:500]!r}")


def seven_bit(world: World, mailkit: MailKit) -> None:
    where = "mailkit@7bit.example.net"
    mailkit.send(world.postfix.ports.plain, ALICE, where, letter(world, "utf8-8bit"), {})
    world.judges.verify(world.arrived(where), Expected(ALICE))


def once(world: World, mailkit: MailKit) -> None:
    where = "mailkit-once@example.net"
    mailkit.send(world.postfix.ports.sample, ALICE, where, letter(world, "plain-text"), {})
    entity = world.judges.verify(world.arrived(where), Expected(ALICE))
    expect(b"pkcs7-signature" not in entity, "signed twice")


def stranger(world: World, mailkit: MailKit) -> None:
    where, message = "mailkit-stranger@example.net", letter(world, "unknown-sender")
    for recipient, settings in ((where, {}), (f"plain-{where}", None)):
        mailkit.send(world.postfix.ports.plain, "nobody@example.org", recipient, message, settings)
    received, baseline = world.arrived(where), world.arrived(f"plain-{where}")
    same_headers(message, received, baseline, signed=False)
    expect(mime.split(received)[1] == mime.split(baseline)[1], "unsigned, but the body is not as plain MailKit's")


def refused(world: World, mailkit: MailKit) -> None:
    where = "mailkit-refused@example.net"
    done = mailkit.send(world.postfix.ports.plain, "nobody@example.org", where, letter(world, "unknown-sender"),
                        {"Signing": {"Mode": "Required"}}, ok=(1,))
    expect(b"nobody@example.org" in done.stderr, f"the program was told {done.stderr!r}")
    expect(not world.sink.has(where), "refused, and yet it was delivered")


def to(*recipients: str) -> bytes:
    return (f"From: {ALICE}\r\nTo: {', '.join(recipients)}\r\nSubject: Plans\r\nMessage-ID: <{abs(hash(recipients))}@example.org>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nFür deine Augen.\r\n").encode()


def encrypted(world: World, mailkit: MailKit, people: Correspondents) -> None:
    carol, dora = "mailkit-carol@example.net", "mailkit-dora@example.net"
    done = mailkit.send(world.postfix.ports.plain, ALICE, f"{carol},{dora}", to(carol, dora), people.settings(Mode="Required"))
    received = world.arrived(carol)
    expect(received == world.arrived(dora), "carol and dora got different messages")
    expect("Für deine Augen".encode() not in received, "it is readable by everybody")
    expect(people.read(received, carol) == people.read(received, dora), "carol and dora read something else")
    expect(people.shown(received) == [carol, dora], f"it is encrypted to {people.shown(received)}")
    expect(tools.text(done.stdout).count(": encrypted with ") == 2, f"the program was told {done.stdout!r}")


def as_the_milter(world: World, mailkit: MailKit, people: Correspondents) -> None:
    heidi, settings = "mailkit-heidi@example.net", people.settings(Mode="Required", SubAddress="yes", ToSender="no")
    where = heidi.replace("@", "+1@"), heidi.replace("@", "+2@")
    message = letter(world, "utf8-8bit")
    mailkit.send(world.postfix.ports.plain, ALICE, where[0], message, settings)
    with world.milter(settings, "other") as (_, port):
        mailkit.send(port, ALICE, where[1], message)
        by_milter = world.arrived(where[1])
    by_client = world.arrived(where[0])
    same_headers(message, by_client, by_milter, signed=True)
    expect(people.read(by_client, heidi) == people.read(by_milter, heidi), "the milter encrypted something else")


def bcc(world: World, mailkit: MailKit, people: Correspondents) -> None:
    named, hidden, plain = "mailkit-carol+b@example.net", "mailkit-heidi+b@example.net", "mailkit-nobody@example.net"
    settings = people.settings(Mode="IfPossible", SubAddress="yes")
    mailkit.send(world.postfix.ports.plain, ALICE, f"{named},{plain},{hidden}", to(named, plain), settings)
    received = {address: world.arrived(address) for address in (named, hidden, plain)}
    # In her own copy it is Postfix that says for whom it is, in Received.
    expect(all(b"heidi" not in received[address] for address in (named, plain)), "heidi shows")
    for address in (named, hidden):
        person = address.replace("+b", "")
        expect(people.shown(received[address]) == [person], f"{address}'s copy is encrypted to {people.shown(received[address])}")
    signed = world.judges.verify(received[plain], Expected(ALICE))
    expect(signed == people.read(received[named], named.replace("+b", "")) == people.read(received[hidden], hidden.replace("+b", "")),
           "not all of them read the same")


def half(world: World, mailkit: MailKit, people: Correspondents) -> None:
    """Sent again, the message goes to none of those twice who have it: the sink would tell."""
    first, refused, last = "mailkit-carol+h@example.net", "mailkit-dora@[127.0.0.300]", "mailkit-late@example.net"
    settings = people.settings(Mode="IfPossible", SubAddress="yes")
    done = mailkit.send(world.postfix.ports.plain, ALICE, f"{first},{refused},{last}", to(first, last), settings, ok=(3,))
    expect(tools.text(done.stderr).count(f"not for {refused} (") == 2, f"the program was told {done.stderr!r}")
    people.read(world.arrived(first), "mailkit-carol@example.net")
    world.judges.verify(world.arrived(last), Expected(ALICE))


def clear(world: World, mailkit: MailKit, people: Correspondents) -> None:
    known, unknown = "mailkit-dora+c@example.net", "mailkit-stranger-c@example.net"
    settings = people.settings(Mode="Required", SubAddress="yes")
    done = mailkit.send(world.postfix.ports.plain, ALICE, f"{known},{unknown}", to(known, unknown), settings, ok=(1,))
    expect(unknown in tools.text(done.stderr), f"the program was told {done.stderr!r}")
    expect(not world.sink.has(known) and not world.sink.has(unknown), "refused, and yet it was delivered")
