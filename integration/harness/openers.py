"""Programs that open and make encrypted CMS, none of which shares code with Postseal; and Postseal's own reader beside them."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .judges import fingerprint
from .pki import Issued, Pki
from .report import Failure

CIPHERS = ("Aes128Cbc", "Aes256Cbc", "Aes128Gcm", "Aes256Gcm")
CBC = CIPHERS[:2]
# A kind of key, and what the judges call its way of encrypting the content's key.
KINDS = {"RSA": "rsa", "RSA-OAEP": "oaep", "P-256": "ec", "P-384": "ec", "P-521": "ec", "brainpoolP256r1": "ec", "X25519": "x25519"}
RSA = ("RSA", "RSA-OAEP")


@dataclass(frozen=True)
class Reader:
    """Somebody with a key of one kind."""
    kind: str
    issued: Issued


@dataclass(frozen=True)
class Sealed:
    """What somebody is to read: the CMS in DER."""
    reader: Reader
    cipher: str
    cms: Path

    def __str__(self) -> str:
        return f"{self.reader.kind} {self.cipher}"


@dataclass(frozen=True)
class Refused:
    why: str


class Opener:
    """A program that opens encrypted CMS, and most of them make it too."""
    name = ""
    # The kinds of keys and ciphers that it opens, and those that it makes.
    opens: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    makes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    # Whether recipients whose keys are of a kind that it does not know are no obstacle.
    reads_beside_ec = True

    def __init__(self, work: Path) -> None:
        self.work = work / self.name
        self.work.mkdir(parents=True, mode=0o700)
        self._files = 0

    def can_open(self, kind: str, cipher: str) -> bool:
        return kind in self.opens[0] and cipher in self.opens[1]

    def can_make(self, kind: str, cipher: str) -> bool:
        return kind in self.makes[0] and cipher in self.makes[1]

    def open(self, sealed: list[Sealed]) -> list[bytes | Refused]:
        """The content of each, or why not, in order."""
        return [self._open(s, self._file()) for s in sealed]

    def make(self, wanted: list[tuple[Reader, str]], content: bytes) -> list[Sealed]:
        """Encrypts the content once for each reader and cipher."""
        plain = self._file()
        plain.write_bytes(content)
        made = [Sealed(reader, cipher, self._file()) for reader, cipher in wanted]
        self._make(made, plain)
        return made

    def _open(self, sealed: Sealed, out: Path) -> bytes | Refused:
        raise NotImplementedError

    def _make(self, made: list[Sealed], content: Path) -> None:
        raise NotImplementedError

    def _file(self) -> Path:
        self._files += 1
        return self.work / f"{self._files}"

    @staticmethod
    def _read(done: subprocess.CompletedProcess[bytes], out: Path) -> bytes | Refused:
        return out.read_bytes() if done.returncode == 0 and out.exists() else Refused(tools.text(done.stderr)[-300:] or "no content")


class OpenSsl(Opener):
    # Release 3.0 has no X25519 in CMS.
    name, opens, makes = "openssl", (tuple(KINDS)[:-1], CIPHERS), (tuple(KINDS)[:-1], CIPHERS)

    def _open(self, sealed: Sealed, out: Path) -> bytes | Refused:
        done = tools.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-in", sealed.cms, "-recip", sealed.reader.issued.certificate,
                          "-inkey", sealed.reader.issued.key, "-out", out], ok=range(256))
        return self._read(done, out)

    def _make(self, made: list[Sealed], content: Path) -> None:
        for sealed in made:
            bits, mode = re.fullmatch(r"Aes(\d+)(Cbc|Gcm)", sealed.cipher).groups()
            way = {"rsa": [], "oaep": ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"],
                   "ec": ["-keyopt", "ecdh_kdf_md:sha256", f"-aes{bits}-wrap"]}[KINDS[sealed.reader.kind]]
            tools.run(["openssl", "cms", "-encrypt", "-binary", f"-aes-{bits}-{mode.lower()}", "-in", content, "-outform", "DER",
                       "-out", sealed.cms, "-recip", sealed.reader.issued.certificate, *way])


class Tasks(Opener):
    """A program that reads tasks, one a line, and says "ok" to each, or why not: many for one start."""
    command: list[str | Path]

    def open(self, sealed: list[Sealed]) -> list[bytes | Refused]:
        outs = [self._file() for _ in sealed]
        said = self._run("\t".join(map(str, ("open", s.cms, s.reader.issued.key, s.reader.issued.certificate, out)))
                         for s, out in zip(sealed, outs))
        return [out.read_bytes() if answer == "ok" else Refused(answer) for answer, out in zip(said, outs)]

    def _make(self, made: list[Sealed], content: Path) -> None:
        said = self._run("\t".join(map(str, ("seal", s.cipher, KINDS[s.reader.kind], s.reader.issued.certificate, content, s.cms)))
                         for s in made)
        if failed := [f"{s}: {answer}" for s, answer in zip(made, said) if answer != "ok"]:
            raise Failure("\n".join(failed))

    def _run(self, tasks: Iterator[str]) -> list[str]:
        lines = list(tasks)
        done = tools.run(self.command, stdin="".join(f"{line}\n" for line in lines).encode())
        said = tools.text(done.stdout).splitlines()
        if len(said) != len(lines):
            raise Failure(f"{self.name}: {len(said)} answers to {len(lines)} tasks\n{tools.text(done.stderr)}")
        return said


class BouncyCastle(Tasks):
    name, opens, makes = "Bouncy Castle", (tuple(KINDS), CIPHERS), (tuple(KINDS), CIPHERS)

    def __init__(self, work: Path, trials: Path) -> None:
        super().__init__(work)
        jars = [f"/usr/share/java/{jar}.jar" for jar in ("bcmail", "bcpkix", "bcutil", "bcprov")]
        self.command = ["java", "-XX:TieredStopAtLevel=1", "-cp", ":".join([str(trials / "bouncy-judge"), *jars]), "BouncyJudge"]


class MimeKit(Tasks):
    # With Bouncy Castle for C#: its ECDH with AES key wrap openssl does not read, nor it openssl's, and it finds no tag in AuthEnvelopedData.
    name, opens, makes = "MimeKit", (RSA, CBC), (RSA, CBC)

    def __init__(self, work: Path, trials: Path) -> None:
        super().__init__(work)
        self.command = [trials / "mimekit-judge" / "mimekit-judge"]


class Gpgsm(Opener):
    name, opens, makes = "gpgsm", (RSA[:1], CBC), (RSA[:1], CBC)

    def __init__(self, work: Path, pki: Pki, reader: Reader) -> None:
        super().__init__(work)
        self._command = ["gpgsm", "--homedir", self.work, "--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--disable-dirmngr"]
        (self.work / "gpgsm.conf").write_text("disable-crl-checks\n")
        (self.work / "gpg-agent.conf").write_text("allow-loopback-pinentry\n")
        for certificate in (pki.root, pki.intermediate):
            tools.run([*self._command, "--import", certificate.certificate])
        fingerprint = tools.run(["openssl", "x509", "-in", pki.root.certificate, "-noout", "-fingerprint", "-sha1"]).stdout
        (self.work / "trustlist.txt").write_text(tools.text(fingerprint).split("=")[1].strip().replace(":", "") + " S relax\n")
        self._import(reader)

    def _import(self, reader: Reader, tries: int = 3) -> None:
        """gpgsm 2.2 takes a PKCS #12, whose encryption is random, now and then for one with another passphrase; the next one is another."""
        try:
            tools.run([*self._command, "--import", pkcs12(self._file(), reader)], stdin=b"p\n")
        except tools.Failure:
            if tries == 1:
                raise
            self._import(reader, tries - 1)

    def close(self) -> None:
        tools.run(["gpgconf", "--homedir", self.work, "--kill", "all"])

    def _open(self, sealed: Sealed, out: Path) -> bytes | Refused:
        return self._read(tools.run([*self._command, "-o", out, "--decrypt", sealed.cms], stdin=b"p\n", ok=range(256)), out)

    def _make(self, made: list[Sealed], content: Path) -> None:
        for sealed in made:
            tools.run([*self._command, "--cipher-algo", "AES" if "128" in sealed.cipher else "AES256", "-o", sealed.cms,
                       "--recipient", fingerprint(sealed.reader.issued.certificate), "--encrypt", content])


class Nss(Opener):
    # Release 3.87 gives up on any message with a recipient whose key is EC. It chooses the cipher itself.
    name, opens, makes, reads_beside_ec = "NSS", (RSA[:1], CBC), (RSA[:1], CBC[:1]), False

    def __init__(self, work: Path, reader: Reader) -> None:
        super().__init__(work)
        self._database = ["-d", f"sql:{self.work}"]
        tools.run(["certutil", "-N", *self._database, "--empty-password"])
        tools.run(["pk12util", "-i", pkcs12(self._file(), reader), *self._database, "-W", "p"])

    def _open(self, sealed: Sealed, out: Path) -> bytes | Refused:
        return self._read(tools.run(["cmsutil", "-D", *self._database, "-i", sealed.cms, "-o", out], ok=range(256)), out)


    def _make(self, made: list[Sealed], content: Path) -> None:
        for sealed in made:
            tools.run(["cmsutil", "-E", *self._database, "-r", sealed.reader.kind, "-i", content, "-o", sealed.cms])


class Postseal(Tasks):
    """Our own reader, which no command has yet."""
    name, opens = "Postseal", (tuple(KINDS), CIPHERS)

    def __init__(self, work: Path, trials: Path) -> None:
        super().__init__(work)
        self.command = [trials / "opener" / "opener"]


def pkcs12(path: Path, reader: Reader) -> Path:
    """The key in the way that all of them read."""
    tools.run(["openssl", "pkcs12", "-export", "-in", reader.issued.certificate, "-inkey", reader.issued.key, "-name", reader.kind,
               "-out", path, "-passout", "pass:p", "-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"])
    return path
