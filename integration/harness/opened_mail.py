"""Encrypted mail from outside, made by programs that share no code with Postseal, and a daemon that has its readers' keys."""

import base64
import itertools
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import cached_property
from pathlib import Path

from . import mime, tools
from .judges import Expected
from .openers import BouncyCastle, Gpgsm, MimeKit, Opener, OpenSsl, Reader
from .pki import Issued
from .program import DAEMON, Daemon
from .report import expect
from .sink import Arrival
from .split_mail import ALICE, BOB, Sent, Split
from .world import World

STRANGER = "203.0.113.9"
NAME = "mx.example.net"
DOMAIN = "split.example.net"
# One with a key of each kind, who is here.
RSA, EC, X25519 = (f"opening-{kind}@{DOMAIN}" for kind in ("rsa", "p256", "x25519"))
NOBODY = f"nobody@{DOMAIN}"
# Nobody but a reader may see this, and it looks the same in 7bit, quoted-printable and UTF-8.
SECRET = b"The vault opens at seven to whoever says swordfish."
TEXT = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe,\r\n" + SECRET + b"\r\n"
# What is signed is 7bit (RFC 8551 section 3.1.3): on the way nobody re-encodes it.
TEXT7 = TEXT.replace(b"8bit", b"quoted-printable").replace(b"\xc3\xbc\xc3\x9f", b"=C3=BC=C3=9F")
CLOSED = "not decrypted"


class Opening(Split):
    """Readers whose keys Postseal has, makers of mail for them, and a daemon that opens it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.work = world.work / "opening"
        self.work.mkdir(mode=0o700)

    @cached_property
    def readers(self) -> dict[str, Issued]:
        return {address: self.world.pki.reader(address.split("@")[0], kind, DOMAIN)
                for address, kind in ((RSA, "RSA"), (EC, "P-256"), (X25519, "X25519"))}

    @cached_property
    def makers(self) -> dict[str, Opener]:
        work, world = self.work / "makers", self.world
        gpgsm = Gpgsm(work, world.pki, Reader("RSA", self.readers[RSA]))
        world.at_end(gpgsm.close)
        made = (OpenSsl(work), BouncyCastle(work, world.trials), MimeKit(work, world.trials), gpgsm)
        return {maker.name: maker for maker in made}

    # ---- The daemon -----------------------------------------------------------------------------------------------------

    def keys(self, *without: str) -> Path:
        """A directory with the readers' keys, as the daemon reads them."""
        made = self.world.directory_of_daemon("keys")
        for address, issued in self.readers.items():
            if address not in without:
                self.add_key(made, address, issued)
        return made

    @staticmethod
    def add_key(directory: Path, owner: str, issued: Issued) -> None:
        for path in issued.key, issued.certificate:
            tools.run(["install", "-o", DAEMON, "-m", "600", path, directory / f"{owner}{path.suffix}"])

    def configure(self, certificates: Path, state: Path, **settings: dict[str, str]) -> Path:
        here = {"Milter": {"Socket": f"unix:{self.world.sockets}/split.sock"}, "Certificates": {"Path": str(certificates)},
                "Incoming": {"Domains": f"{DOMAIN}, lists.example.org, local.example.net", "AuthservId": NAME, "Decrypt": "yes"},
                "Trust": {"Anchors": str(self.anchors)}, "Splitting": {"Method": "Postfix"}, "State": {"Path": str(state)}}
        return self.world.program.configure(here, settings)

    @contextmanager
    def daemon(self, certificates: Path | None = None, state: Path | None = None, **settings: dict[str, str]) -> Iterator[Daemon]:
        configuration = self.configure(certificates or self.keys(), state or self.state(), **settings)
        with self.world.program.milter(configuration) as daemon:
            yield daemon

    @cached_property
    def anchors(self) -> Path:
        path = self.world.directory_of_daemon("anchors") / "root.pem"
        path.write_bytes(self.world.pki.root.certificate.read_bytes())
        return path

    # ---- What comes from outside ----------------------------------------------------------------------------------------

    def file(self, content: bytes = b"") -> Path:
        path = self.work / f"{next(self._numbers)}"
        path.write_bytes(content)
        return path

    def signed(self, entity: bytes = TEXT7, *options: str) -> bytes:
        """An entity that Alice signed, by openssl."""
        pki, made = self.world.pki, self.file()
        tools.run(["openssl", "cms", "-sign", "-binary", "-cades", "-in", self.file(entity), "-signer", pki.certificate(ALICE), "-inkey",
                   pki.certificate(ALICE).with_suffix(".key"), "-certfile", pki.intermediate.certificate, "-out", made, *options])
        # Its blank lines behind MIME-Version are of old times.
        return crlf(made.read_bytes()).replace(b"MIME-Version: 1.0\r\n", b"", 1)

    def encrypted(self, entity: bytes, *readers: Issued, cipher: str = "aes-256-cbc", kind: str = "application/pkcs7-mime") -> bytes:
        """An entity encrypted to readers, by openssl; `kind` is the type it goes by."""
        made = self.file()
        tools.run(["openssl", "cms", "-encrypt", "-binary", f"-{cipher}", "-in", self.file(entity), "-outform", "DER", "-out", made,
                   *itertools.chain.from_iterable(("-recip", reader.certificate, *way(reader)) for reader in readers)])
        return wrapped(made.read_bytes(), kind)

    @cached_property
    def twin(self) -> Issued:
        """Another key under the name and number of the one for RSA."""
        made, public, pki, reader = Issued(self.file(), self.file()), self.file(), self.world.pki, self.readers[RSA]
        serial = tools.text(tools.run(["openssl", "x509", "-in", reader.certificate, "-noout", "-serial"]).stdout).strip().split("=")[1]
        tools.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", made.key])
        tools.run(["openssl", "pkey", "-in", made.key, "-pubout", "-out", public])
        tools.run(["openssl", "x509", "-new", "-subj", "/CN=twin", "-force_pubkey", public, "-CA", pki.intermediate.certificate, "-CAkey",
                   pki.intermediate.key, "-set_serial", f"0x{serial}", "-days", "3", "-out", made.certificate])
        return made

    @cached_property
    def attempts(self) -> dict[str, bytes]:
        """What a stranger can send to one who has a key, with answers that have to be the same; those named right are opened."""
        found = {}
        for cipher in ("aes-256-cbc", "aes-256-gcm"):
            good = self.encrypted(TEXT, self.readers[RSA], cipher=cipher)
            found |= {f"{cipher}, right": good, f"{cipher}, wrong key": self.encrypted(TEXT, self.twin, cipher=cipher),
                      f"{cipher}, no key": self.encrypted(TEXT, self.people[BOB], cipher=cipher),
                      f"{cipher}, changed": flipped(good, -60), f"{cipher}, changed at its end": flipped(good, -5)}
        return found

    def letter(self, entity: bytes, to: str = RSA, author: str = ALICE) -> bytes:
        number = next(self._numbers)
        return (f"From: {author}\r\nTo: {to}\r\nSubject: Number {number}\r\nDate: {formatdate()}\r\nX-Custom: kept\r\n"
                f"Message-ID: <opening-{number}@example.org>\r\nMIME-Version: 1.0\r\n").encode() + entity

    def come(self, message: bytes, *recipients: str, **how: str | int | None) -> Sent:
        """Mail of a stranger."""
        return self.send(message, *recipients, **{"client": STRANGER} | how)

    # ---- What arrives ---------------------------------------------------------------------------------------------------

    def opened(self, sent: Sent, arrival: Arrival, mark: str, entity: bytes = TEXT) -> list[mime.Field]:
        """Checks a message that was opened: the reader reads what was sent, the header is the outer one, the mark says how."""
        fields, _ = mime.split(arrival.raw)
        changed = mime.difference(mime.parts(b"MIME-Version: 1.0\r\n" + entity), mime.parts(arrival.raw))
        expect(changed is None, f"{changed}\n{tools.text(arrival.raw[:3000])}")
        self.outer_header_kept(sent, fields)
        said = marks(fields)
        expect(len(said) == 1 and re.fullmatch(mark, said[0]), f"it says {said}, not {mark}\n{tools.text(arrival.raw[:3000])}")
        expect("RET=HDRS" in arrival.commands[0] or not arrival.sender, f"a bounce would return the text: {arrival.commands}")
        expect(max(map(len, arrival.raw.split(b"\r\n"))) <= 998, "lines too long for SMTP")
        return fields

    def closed(self, sent: Sent, arrival: Arrival, mark: str | None = CLOSED) -> None:
        """Checks a message that arrived as it came: body, and header but for what we say."""
        fields, body = mime.split(arrival.raw)
        expect(body == mime.split(sent.message)[1], f"the body is another:\n{tools.text(arrival.raw[:2000])}")
        self.outer_header_kept(sent, fields, content=True)
        expect(marks(fields) == ([mark] if mark else []), f"it says {marks(fields)}\n{self.world.postfix.log()}")
        expect(SECRET not in arrival.raw, "the text is readable")

    @staticmethod
    def outer_header_kept(sent: Sent, fields: list[mime.Field], content: bool = False) -> None:
        before = [f.raw for f in mime.split(sent.message)[0] if content or not f.name.lower().startswith("content-")]
        ours = ("received", "authentication-results", "x-postseal")
        after = [f.raw for f in fields if f.name.lower() not in ours and (content or not f.name.lower().startswith("content-"))]
        expect([b for b in before if not b.lower().startswith(b"x-postseal")] == after, f"the header changed:\n{before}\n{after}")

    def verifies(self, mail: bytes, form: str = "detached") -> bytes:
        """The entity whose signature by Alice openssl verifies in what arrived."""
        return self.world.judges.openssl(mail, Expected(ALICE, form))


def marks(fields: list[mime.Field]) -> list[str]:
    return [re.sub(r"\s+", " ", value) for value in mime.values(fields, "X-Postseal")]


def results(fields: list[mime.Field]) -> str:
    """What is said of signatures under our name: one field at most."""
    found = [re.sub(r"\s+", " ", value) for value in mime.values(fields, "Authentication-Results") if NAME in value]
    expect(len(found) < 2, f"{found}")
    return found[0] if found else ""


def crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def way(reader: Issued) -> list[str]:
    """What openssl wants to know besides the certificate: how to agree on a key, where it is not RSA."""
    printed = tools.run(["openssl", "x509", "-in", reader.certificate, "-noout", "-text"]).stdout
    return [] if b"rsaEncryption" in printed else ["-keyopt", "ecdh_kdf_md:sha256", "-aes256-wrap"]


def wrapped(cms: bytes, kind: str = "application/pkcs7-mime") -> bytes:
    """CMS as mail programs send it."""
    return (f"Content-Type: {kind}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n"
            "Content-Disposition: attachment; filename=smime.p7m\r\n\r\n").encode() + crlf(base64.encodebytes(cms))


def compressed(entity: bytes) -> bytes:
    """CompressedData (RFC 3274), which openssl of this build does not make."""
    def tlv(tag: int, *content: bytes) -> bytes:
        value = b"".join(content)
        size = len(value).to_bytes((len(value).bit_length() + 7) // 8 or 1, "big")
        return bytes([tag]) + (size if len(value) < 128 else bytes([0x80 | len(size)]) + size) + value

    def oid(encoded: str) -> bytes:
        return tlv(6, bytes.fromhex(encoded))

    content = tlv(0x30, oid("2a864886f70d010701"), tlv(0xA0, tlv(4, zlib.compress(entity))))
    data = tlv(0x30, tlv(2, b"\0"), tlv(0x30, oid("2a864886f70d0109100308")), content)
    return wrapped(tlv(0x30, oid("2a864886f70d0109100109"), tlv(0xA0, data)))


def flipped(entity: bytes, position: int) -> bytes:
    """The same with one bit of its CMS changed."""
    _, body = entity.split(b"\r\n\r\n", 1)
    cms = bytearray(base64.b64decode(body))
    cms[position] ^= 1
    return wrapped(bytes(cms))
