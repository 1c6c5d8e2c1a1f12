"""The judges: openssl, gpgsm, NSS and MimeKit, none of which shares code with Postseal; and Postseal itself, which has to agree."""

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import mime, tools
from .pki import Pki
from .report import expect

MICALG = {"sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
SIGNED_ATTRIBUTES = ("contentType", "messageDigest", "signingTime", "S/MIME Capabilities",
                     "id-smime-aa-signingCertificateV2")


@dataclass(frozen=True)
class Signed:
    """A signed message taken apart: the bytes that were signed (none when they are inside the CMS), and the CMS."""
    content: bytes | None
    cms: bytes


@dataclass(frozen=True)
class Expected:
    signer: str
    form: str = "detached"
    digest: str = "sha256"
    algorithm: str = "rsaEncryption"
    # gpgsm 2.2 cannot verify with P-521 ("DSA requires the hash length to be a multiple of 8 bits").
    gpgsm: bool = True


class Judges:
    def __init__(self, work: Path, pki: Pki, mimekit: Path, postseal: Path) -> None:
        self._pki, self._work, self._mimekit_judge, self._postseal_itself = pki, work, mimekit, postseal
        self._gnupg, self._nss = work / "gnupg", work / "nss"
        self._files = 0
        for folder in (work, self._gnupg, self._nss):
            folder.mkdir(mode=0o700)
        self._trust_in_gpgsm()
        self._trust_in_nss()

    def close(self) -> None:
        tools.run(["gpgconf", "--homedir", self._gnupg, "--kill", "all"])

    def verify(self, message: bytes, expected: Expected) -> bytes:
        """Every judge accepts it; answers the entity that was signed, as openssl gives it out."""
        signed = take_apart(message, expected)
        entity = self._openssl(message, expected)
        der, content = self._keep(signed.cms), self._keep(signed.content) if signed.content is not None else None
        self._certificates(der)
        if expected.gpgsm:
            self._gpgsm(der, content, expected)
        self._nss_cmsutil(der, content, expected)
        self._mimekit(message, expected)
        self._postseal(message, expected)
        expect(signed.content is None or signed.content == entity, "openssl's content is not what was signed")
        transportable(entity)
        return entity

    def only(self, judge: str, message: bytes, expected: Expected) -> None:
        signed = take_apart(message, expected)
        der, content = self._keep(signed.cms), self._keep(signed.content or b"")
        match judge:
            case "openssl": self._openssl(message, expected)
            case "gpgsm": self._gpgsm(der, content, expected)
            case "nss": self._nss_cmsutil(der, content, expected)
            case "mimekit": self._mimekit(message, expected)
            case "postseal": self._postseal(message, expected)
            case _: raise ValueError(judge)

    def openssl(self, message: bytes, expected: Expected) -> bytes:
        """openssl alone, for many messages or large ones."""
        entity = self._openssl(message, expected)
        transportable(entity)
        return entity

    def openssl_and_mimekit(self, message: bytes, expected: Expected) -> bytes:
        """One that hashes the bytes and one that hashes what it makes of them, for odd messages."""
        self._mimekit(message, expected)
        return self.openssl(message, expected)

    def _openssl(self, message: bytes, expected: Expected) -> bytes:
        mail, content, signer = self._keep(message), self._work / "content", self._work / "signer"
        verify = ["openssl", "cms", "-verify", "-in", mail, "-CAfile", self._pki.root.certificate]
        # -cades has openssl check signingCertificateV2 as well (RFC 5035).
        tools.run([*verify, "-cades", "-out", content, "-signer", signer])
        ours = self._pki.certificate(expected.signer)
        expect(fingerprint(signer) == fingerprint(ours),
               f"the signer is not the certificate of {expected.signer}")
        printed = tools.text(tools.run(["openssl", "cms", "-cmsout", "-print", "-noout", "-in", mail]).stdout)
        absent = [a for a in SIGNED_ATTRIBUTES if f"object: {a}" not in printed]
        expect(not absent, f"signed attributes are missing: {absent}")
        infos = printed[printed.index("signerInfos:"):]
        digest = re.search(r"digestAlgorithm:\s+algorithm: (\S+)", infos)
        expect(digest and digest[1] == expected.digest, f"digest algorithm: {digest and digest[1]}")
        signature = re.search(r"signatureAlgorithm:\s+algorithm: (\S+)", infos)
        expect(signature and signature[1] == expected.algorithm, f"signature algorithm: {signature and signature[1]}")
        return content.read_bytes()

    def _certificates(self, der: Path) -> None:
        listed = tools.run(["openssl", "pkcs7", "-inform", "DER", "-in", der, "-print_certs", "-noout"])
        printed = tools.text(listed.stdout)
        subjects = [s.replace(" ", "") for s in re.findall(r"subject=(.*)", printed)]
        expect(len(subjects) == 2 and "CN=Postsealtestintermediate" in subjects,
               f"expected the sender's certificate and the intermediate, and not the root: {subjects}")

    def _gpgsm(self, der: Path, content: Path | None, expected: Expected) -> None:
        done = tools.run(["gpgsm", "--homedir", self._gnupg, "--disable-dirmngr", "--status-fd", "1", "--verify", der,
                          *([content] if content else [])], ok=(0, 1, 2))
        status = tools.text(done.stdout)
        valid = re.search(r"\[GNUPG:\] VALIDSIG ([0-9A-F]{40})", status)
        expect(valid and valid[1] == fingerprint(self._pki.certificate(expected.signer)) and "TRUST_FULLY" in status,
               f"gpgsm: {status}{tools.text(done.stderr)}")

    def _nss_cmsutil(self, der: Path, content: Path | None, expected: Expected) -> None:
        # cmsutil exits 0 on a bad digest too: what it says before the content counts. Usage 4 is e-mail signer.
        out = self._work / "nss.out"
        out.unlink(missing_ok=True)
        done = tools.run(["cmsutil", "-D", "-d", f"sql:{self._nss}", "-u", "4", "-h", "0", "-i", der,
                          *(["-c", content] if content else []), "-o", out], ok=(0, 1, 2, 255))
        with out.open("rb") as file:
            said = tools.text(b"".join(file.readline() for _ in range(2)))
        signer = expected.signer.split("@")[0]
        good = rf'SMIME:.*nsigners=1; \n\s+signer0\.id="{signer}"; signer0\.status=GoodSignature; \n'
        expect(re.fullmatch(good, said),
               f"NSS: {said}{tools.text(done.stderr)}")

    def _mimekit(self, message: bytes, expected: Expected) -> None:
        done = tools.run([self._mimekit_judge, self._pki.root.certificate], stdin=message, ok=(0, 1))
        expect(done.returncode == 0, f"MimeKit: {tools.text(done.stderr)}")
        expect(tools.text(done.stdout).strip() == fingerprint(self._pki.certificate(expected.signer)),
               f"MimeKit: the signer is not the certificate of {expected.signer}")

    def _postseal(self, message: bytes, expected: Expected) -> None:
        """Postseal's own verification has to agree with the others; who is in From, and when, is not the question here."""
        done = tools.run([self._postseal_itself, "verify", "--anchors", self._pki.root.certificate, "--json", "-"], stdin=message, ok=(0, 1))
        verdict = json.loads(done.stdout)
        expect(verdict["verified"] and verdict["trusted"], f"Postseal: {verdict['result']}, {verdict['reason']}")
        [signer] = verdict["signatures"][0]["signers"]
        expect(signer["addresses"] == [expected.signer], f"Postseal: signed by {signer['addresses']}, not by {expected.signer}")

    def _trust_in_gpgsm(self) -> None:
        (self._gnupg / "gpgsm.conf").write_text("disable-crl-checks\n")
        (self._gnupg / "trustlist.txt").write_text(f"{fingerprint(self._pki.root.certificate)} S relax\n")
        tools.run(["gpgsm", "--homedir", self._gnupg, "--disable-dirmngr", "--import", self._pki.root.certificate])

    def _trust_in_nss(self) -> None:
        database = ["-d", f"sql:{self._nss}"]
        tools.run(["certutil", "-N", *database, "--empty-password"])
        tools.run(["certutil", "-A", *database, "-n", "root", "-t", ",C,", "-i", self._pki.root.certificate])

    def _keep(self, data: bytes) -> Path:
        self._files += 1
        path = self._work / f"judged-{self._files}"
        path.write_bytes(data)
        return path


def fingerprint(certificate: Path) -> str:
    printed = tools.text(tools.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha1"]).stdout)
    return printed.split("=")[1].strip().replace(":", "")


def take_apart(message: bytes, expected: Expected) -> Signed:
    """The form RFC 8551 prescribes, checked to the letter, and its pieces."""
    fields, body = mime.split(message)
    expect(len(mime.values(fields, "MIME-Version")) == 1, "not exactly one MIME-Version outside")
    outside = [f.name for f in fields if f.name.lower().startswith("content-")]
    [kind] = mime.values(fields, "Content-Type") or [""]
    if expected.form == "opaque":
        require(kind, "application/pkcs7-mime", ("smime-type=signed-data", "name=smime.p7m"))
        expect(mime.values(fields, "Content-Transfer-Encoding") == ["base64"], "opaque, but not in base64")
        return Signed(None, decode_base64(body))
    expect(outside == ["Content-Type"], f"Content fields outside the signed entity: {outside}")
    require(kind, "multipart/signed",
            ("protocol=application/pkcs7-signature", f"micalg={MICALG[expected.digest]}"))
    delimiter = b"--" + re.search(r'boundary="?([^";]+)', kind)[1].encode()
    pieces = re.split(rb"(?:\A|\r\n)" + re.escape(delimiter) + rb"(?:--)?[ \t]*(?:\r\n|\Z)", body)
    expect(len(pieces) == 4, f"{len(pieces) - 2} parts in the multipart/signed")
    signature, signature_body = mime.split(pieces[2])
    [kind] = mime.values(signature, "Content-Type")
    require(kind, "application/pkcs7-signature", ("name=smime.p7s",))
    [disposition] = mime.values(signature, "Content-Disposition")
    require(disposition, "attachment", ("filename=smime.p7s",))
    expect(mime.values(signature, "Content-Transfer-Encoding") == ["base64"], "the signature is not in base64")
    return Signed(pieces[1], decode_base64(signature_body))


def require(value: str, kind: str, parameters: tuple[str, ...]) -> None:
    plain = [p.strip().replace('"', "") for p in value.split(";")]
    missing = [p for p in (kind, *parameters) if p not in plain]
    expect(not missing, f"{missing} not in {value!r}")


def decode_base64(body: bytes) -> bytes:
    expect(all(len(line) <= 76 for line in body.split(b"\r\n")), "a base64 line is longer than 76 characters")
    return base64.b64decode(body, validate=False)


def transportable(entity: bytes) -> None:
    """What is signed is 7bit: US-ASCII without NUL, CRLF line ends only, lines of at most 998 (RFC 8551, 3.1.3)."""
    expect(not re.search(rb"[\x00\x80-\xff]", entity), "the signed entity has NUL or 8bit bytes")
    expect(not re.search(rb"\r(?!\n)|(?<!\r)\n", entity), "the signed entity has a bare CR or LF")
    longest = max((len(line) for line in entity.split(b"\r\n")), default=0)
    expect(longest <= 998, f"the signed entity has a line of {longest} octets")
