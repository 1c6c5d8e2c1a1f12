"""Encrypted mail: what `postseal encrypt` writes for each kind of key with each cipher, opened by programs that share no code with
it; and what they write, opened by Postseal's reader."""

import re
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path

from . import mime, tools
from .judges import decode_base64, require
from .openers import CIPHERS, KINDS, BouncyCastle, Gpgsm, MimeKit, Nss, Opener, OpenSsl, Postseal, Reader, Refused, Sealed
from .report import Test, expect
from .smtp import wire
from .world import World

ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"".join(b"Pay %d to nobody else.\r\n" % n for n in range(100))
HEADER = b"From: alice@example.org\r\nTo: bob@example.net\r\nSubject: Wages\r\nMessage-ID: <wages@example.org>\r\n"
JUDGES = (OpenSsl, BouncyCastle, MimeKit, Gpgsm, Nss)


def tests(world: World) -> Iterator[Test]:
    matrix = Matrix(world)
    for judge in (*JUDGES, Postseal):
        yield Test(f"encrypted mail: {judge.name} opens what another program encrypted, but not for others, and nothing changed",
                   partial(judged, matrix, judge.name))
    for judge in JUDGES:
        kinds, ciphers = judge.opens
        yield Test(f"encrypted mail: {judge.name} opens ours: {', '.join(kinds)} with {', '.join(ciphers)}",
                   partial(opened, matrix, judge.name))
    for judge in JUDGES:
        kinds, ciphers = judge.makes
        yield Test(f"encrypted mail: Postseal opens what {judge.name} makes: {', '.join(kinds)} with {', '.join(ciphers)}",
                   partial(theirs, matrix, judge.name))
    yield Test("encrypted mail: one body for all kinds of keys is opened with each of them", partial(one_body, matrix))


class Matrix:
    """Readers with each kind of key, the judges, and what Postseal wrote for the readers: made when they are first needed."""

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def readers(self) -> dict[str, Reader]:
        return self._people("")

    @cached_property
    def others(self) -> dict[str, Reader]:
        """People for whom somebody else's mail is not."""
        return self._people("other-")

    @cached_property
    def judges(self) -> dict[str, Opener]:
        work, trials, rsa = self._world.work / "openers", self._world.trials, self.readers["RSA"]
        gpgsm = Gpgsm(work, self._world.pki, rsa)
        self._world.at_end(gpgsm.close)
        made = (OpenSsl(work), BouncyCastle(work, trials), MimeKit(work, trials), gpgsm, Nss(work, rsa), Postseal(work, trials))
        return {judge.name: judge for judge in made}

    @cached_property
    def ours(self) -> list[Sealed]:
        return [self.encrypt([reader], cipher) for reader in self.readers.values() for cipher in CIPHERS]

    def encrypt(self, readers: list[Reader], cipher: str) -> Sealed:
        """One message through `postseal encrypt`; its form and header are checked on the way."""
        certificates = [argument for reader in readers for argument in ("--cert", reader.issued.certificate)]
        padding = ("--config", self._oaep) if readers[0].kind == "RSA-OAEP" else ()
        done = self._world.program.run("encrypt", *certificates, "--cipher", cipher, *padding, stdin=wire(HEADER + ENTITY))
        expect(done.returncode == 0, f"{readers[0].kind} {cipher}: {done}")
        return Sealed(readers[0], cipher, self._take_apart(done.stdout, cipher))

    def _take_apart(self, message: bytes, cipher: str) -> Path:
        fields, body = mime.split(message)
        kind = "authEnveloped-data" if "Gcm" in cipher else "enveloped-data"
        [of] = mime.values(fields, "Content-Type")
        require(of, "application/pkcs7-mime", (f"smime-type={kind}", "name=smime.p7m"))
        expect(mime.values(fields, "Content-Transfer-Encoding") == ["base64"], "not in base64")
        expect(message.startswith(HEADER), "the fields that are not about content changed")
        path = self._world.work / f"encrypted-{len(list(self._world.work.glob('encrypted-*')))}"
        path.write_bytes(decode_base64(body))
        return path

    @cached_property
    def _oaep(self) -> Path:
        return self._world.program.configure(
            {"Certificates": {"Path": str(self._world.pki.certificates)}, "Encryption": {"RsaPadding": "Oaep"}})

    def _people(self, prefix: str) -> dict[str, Reader]:
        return {kind: Reader(kind, self._world.pki.reader(f"{prefix}{kind}".lower(), "RSA" if kind.startswith("RSA") else kind))
                for kind in KINDS}


def judged(matrix: Matrix, name: str) -> None:
    """The judge is judged: it has to tell what it is given from what is not for it, or was changed on the way."""
    judge = matrix.judges[name]
    maker = matrix.judges["Bouncy Castle" if name in ("openssl", "Postseal") else "openssl"]
    wanted = [(kind, cipher) for kind in judge.opens[0] for cipher in judge.opens[1] if maker.can_make(kind, cipher)]
    good = maker.make([(matrix.readers[kind], cipher) for kind, cipher in wanted], ENTITY)
    for_others = maker.make([(matrix.others[kind], cipher) for kind, cipher in wanted], ENTITY)
    bad = ([Sealed(mine.reader, mine.cipher, theirs.cms) for mine, theirs in zip(good, for_others)]
           + [flipped(sealed, wrapped_key(sealed.cms)) for sealed in good] + [flipped(sealed, -40) for sealed in good])
    answers = judge.open(good + bad)
    same(good, answers[:len(good)])
    for sealed, answer in zip(bad, answers[len(good):]):
        # CBC hides that the content was changed, but not from who knows what it was. GCM must not.
        expect(isinstance(answer, Refused) if "Gcm" in sealed.cipher else answer != ENTITY, f"{sealed}: {name} opens {sealed.cms.name}")


def opened(matrix: Matrix, name: str) -> None:
    judge = matrix.judges[name]
    sealed = [ours for ours in matrix.ours if judge.can_open(ours.reader.kind, ours.cipher)]
    expect(len(sealed) == len(judge.opens[0]) * len(judge.opens[1]), "not all were tried")
    same(sealed, judge.open(sealed))


def theirs(matrix: Matrix, name: str) -> None:
    maker = matrix.judges[name]
    made = maker.make([(matrix.readers[kind], cipher) for kind in maker.makes[0] for cipher in maker.makes[1]], ENTITY)
    same(made, matrix.judges["Postseal"].open(made))


def one_body(matrix: Matrix) -> None:
    """Many recipients in one message, each of whom finds his own."""
    readers = [reader for reader in matrix.readers.values() if reader.kind != "RSA-OAEP"]
    bodies = [matrix.encrypt(readers + [matrix.others["P-256"]], cipher) for cipher in CIPHERS]
    for judge in (judge for judge in matrix.judges.values() if judge.reads_beside_ec):
        sealed = [Sealed(reader, body.cipher, body.cms) for body in bodies for reader in readers
                  if judge.can_open(reader.kind, body.cipher)]
        same(sealed, judge.open(sealed))


def same(sealed: list[Sealed], answers: list[bytes | Refused]) -> None:
    wrong = [f"{s}: {a.why if isinstance(a, Refused) else 'other content'}" for s, a in zip(sealed, answers, strict=True) if a != ENTITY]
    expect(sealed and not wrong, "\n".join(wrong) or "nothing was tried")


def wrapped_key(cms: Path) -> int:
    """Where the encrypted key of the content lies."""
    parsed = tools.text(tools.run(["openssl", "asn1parse", "-inform", "DER", "-in", cms]).stdout)
    strings = re.findall(r"(?m)^ *(\d+):d=\d+ +hl=(\d+) +l= *(\d+) prim: OCTET STRING", parsed)
    [position] = [int(offset) + int(header) for offset, header, length in strings if int(length) in (24, 40, 256)]
    return position


def flipped(sealed: Sealed, position: int) -> Sealed:
    data = bytearray(sealed.cms.read_bytes())
    data[position] ^= 1
    path = sealed.cms.with_name(f"{sealed.cms.name}-flipped-at-{position}")
    path.write_bytes(data)
    return Sealed(sealed.reader, sealed.cipher, path)
