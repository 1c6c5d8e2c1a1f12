"""A test CA, its intermediate, and the directory of certificates Postseal reads: all made by openssl."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .program import DAEMON
from .tools import run

CONFIGURATION = """
[ca]
default_ca = issuer
[issuer]
database = {directory}/index.txt
new_certs_dir = {directory}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[person]
basicConstraints = CA:FALSE
keyUsage = critical, {usage}
extendedKeyUsage = {extended}
subjectAltName = email:{address}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""

RSA2048 = ("RSA", "rsa_keygen_bits:2048")
RSA3072 = ("RSA", "rsa_keygen_bits:3072")
P256 = ("EC", "ec_paramgen_curve:P-256")
P384 = ("EC", "ec_paramgen_curve:P-384")
P521 = ("EC", "ec_paramgen_curve:P-521")


@dataclass(frozen=True)
class Issued:
    key: Path
    certificate: Path


class Pki:
    """`certificates` is the directory for `[Certificates] Path`; `root.certificate` what a judge trusts."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self.certificates = work / "certificates"
        self.certificates.mkdir(parents=True)
        (work / "index.txt").touch()
        self.root = self._issue("root", RSA2048, None, "authority", "CN=Postseal test root")
        self.intermediate = self._issue("intermediate", RSA2048, self.root, "authority",
                                        "CN=Postseal test intermediate")
        self._people()
        self._give_to_daemon(self.certificates)

    def _people(self) -> None:
        for name, key in (("alice", RSA2048), ("rsa3072", RSA3072), ("p256", P256), ("p384", P384), ("p521", P521)):
            self._two_files(f"{name}@example.org", self.person(f"{name}@example.org", key))
        self._one_file("onefile@example.org", self.person("onefile@example.org", P256))
        day = timedelta(days=1)
        self._two_files("expired@example.org", self.person("expired@example.org", P256, -30 * day, -1 * day))
        self._two_files("early@example.org", self.person("early@example.org", P256, 1 * day, 30 * day))
        self._two_files("server@example.org", self.person("server@example.org", P256, extended="serverAuth"))
        self._two_files("cipher@example.org", self.person("cipher@example.org", P256, usage="keyAgreement"))
        self._two_files("borrowed@example.org", self.person("someone.else@example.org", P256))
        other, stranger = self.person("other@example.org", P256), self.person("mismatch@example.org", P256)
        self._two_files("mismatch@example.org", Issued(other.key, stranger.certificate))

    def certificate(self, address: str) -> Path:
        """The leaf alone, as issued."""
        return self._work / f"{address}.crt"

    def person(self, address: str, key: tuple[str, str] = P256, starts: timedelta = timedelta(days=-1),
               ends: timedelta = timedelta(days=30), usage: str = "digitalSignature",
               extended: str = "emailProtection") -> Issued:
        return self._issue(address, key, self.intermediate, "person", f"CN={address.split('@')[0]}",
                           starts, ends, usage, extended)

    def reader(self, name: str, key: str, domain: str = "example.net") -> Issued:
        """Somebody to encrypt to, with a key of any kind: also one that can sign no request."""
        made, public = Issued(self._work / f"{name}.key", self._work / f"{name}.crt"), self._work / f"{name}.pub"
        kind = {"RSA": ("RSA", "-pkeyopt", RSA2048[1]), "X25519": ("X25519",)}.get(key, ("EC", "-pkeyopt", f"ec_paramgen_curve:{key}"))
        extensions = self._work / f"{name}.ext"
        extensions.write_text(f"subjectAltName = email:{name}@{domain}\nextendedKeyUsage = emailProtection\n"
                              f"keyUsage = critical, {'keyEncipherment' if key == 'RSA' else 'keyAgreement'}\n"
                              "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n")
        run(["openssl", "genpkey", "-algorithm", *kind, "-out", made.key])
        run(["openssl", "pkey", "-in", made.key, "-pubout", "-out", public])
        run(["openssl", "x509", "-new", "-subj", f"/CN={name}", "-force_pubkey", public, "-CA", self.intermediate.certificate,
             "-CAkey", self.intermediate.key, "-days", "30", "-extfile", extensions, "-out", made.certificate])
        return made

    def _issue(self, name: str, key: tuple[str, str], issuer: Issued | None, extensions: str, subject: str,
               starts: timedelta = timedelta(days=-60), ends: timedelta = timedelta(days=60),
               usage: str = "digitalSignature", extended: str = "emailProtection") -> Issued:
        made = Issued(self._work / f"{name}.key", self._work / f"{name}.crt")
        configuration, request = self._work / f"{name}.cnf", self._work / f"{name}.csr"
        configuration.write_text(CONFIGURATION.format(directory=self._work, address=name, usage=usage,
                                                      extended=extended))
        run(["openssl", "genpkey", "-algorithm", key[0], "-pkeyopt", key[1], "-out", made.key])
        run(["openssl", "req", "-new", "-config", configuration, "-key", made.key, "-subj", f"/{subject}",
             "-out", request])
        now = datetime.now(timezone.utc)
        signer = (["-cert", issuer.certificate, "-keyfile", issuer.key] if issuer
                  else ["-selfsign", "-keyfile", made.key])
        run(["openssl", "ca", "-batch", "-notext", "-config", configuration, "-extensions", extensions, *signer,
             "-startdate", f"{now + starts:%Y%m%d%H%M%SZ}", "-enddate", f"{now + ends:%Y%m%d%H%M%SZ}",
             "-in", request, "-out", made.certificate])
        return made

    def _two_files(self, address: str, issued: Issued) -> None:
        """ADDRESS.crt with the chain as CAs hand it out, root and all, and ADDRESS.pem with the key."""
        chain = (issued, self.intermediate, self.root)
        (self.certificates / f"{address}.crt").write_text("".join(c.certificate.read_text() for c in chain))
        private(self.certificates / f"{address}.pem", issued.key.read_text())

    def _one_file(self, address: str, issued: Issued) -> None:
        private(self.certificates / f"{address}.pem",
                issued.key.read_text() + issued.certificate.read_text() + self.intermediate.certificate.read_text())

    def copy_certificates(self, target: Path, *addresses: str) -> Path:
        """A directory for a test of its own, with the files of these addresses."""
        target.mkdir()
        for address in addresses:
            for file in self.certificates.glob(f"{address}.*"):
                shutil.copy2(file, target)
        self._give_to_daemon(target)
        return target

    @staticmethod
    def _give_to_daemon(directory: Path) -> None:
        run(["chown", "-R", DAEMON, directory])


def private(path: Path, content: str) -> None:
    path.touch(mode=0o600)
    path.write_text(content)
