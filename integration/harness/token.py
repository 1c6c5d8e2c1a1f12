"""Keys in a token: SoftHSM 2, filled by pkcs11-tool. What was signed with them openssl verifies, and what openssl encrypted to them is
opened. A token that is slow is SoftHSM behind `slow-token/`; the logins are counted by OpenSC's spy."""

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path

from . import tools
from .judges import Expected
from .opened_mail import DOMAIN, TEXT, Opening, crlf, wrapped
from .program import AS_DAEMON, DAEMON
from .report import Test, expect
from .smtp import Client, wire
from .split_mail import Split
from .world import World

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, WRONG_PIN = "739152", "000000"
# Who has which key, and what openssl calls a signature by it.
SIGNERS = {"hsm-rsa@example.org": ("rsa:2048", "rsaEncryption", "sha256"), "hsm-p256@example.org": ("EC:prime256v1", "ecdsa-with-SHA256", "sha256"),
           "hsm-p384@example.org": ("EC:secp384r1", "ecdsa-with-SHA384", "sha384")}
RSA, P256, P384 = SIGNERS
# What stands before the point in a SubjectPublicKeyInfo (RFC 5480).
PREFIXES = {"EC:prime256v1": "3059301306072a8648ce3d020106082a8648ce3d030107034200", "EC:secp384r1": "3076301006072a8648ce3d020106052b81040022036200"}
READERS = {f"hsm-reader-rsa@{DOMAIN}": "rsa:2048", f"hsm-reader-p256@{DOMAIN}": "EC:prime256v1"}
READER_RSA, READER_EC = READERS


class Token:
    """A token of SoftHSM with keys that were made in it, and their certificates."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.directory = world.directory_of_daemon("token")
        self.tokens = self.directory / "tokens"
        configuration = self.directory / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        # The daemon and the commands inherit it.
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        tools.run([*AS_DAEMON, "mkdir", self.tokens])
        tools.run([*AS_DAEMON, "softhsm2-util", "--init-token", "--free", "--label", "mail", "--pin", PIN, "--so-pin", "12345678"])
        for number, (address, kind) in enumerate([(a, k[0]) for a, k in SIGNERS.items()] + list(READERS.items()), 1):
            self._make(f"{number:02}", address, kind)
        # CAs belong into a token too: the chain is completed from there.
        self._write("90", "intermediate", world.pki.intermediate.certificate)
        self.pin_file = self.file("pin", PIN)

    def file(self, name: str, content: str) -> Path:
        path = self.directory / name
        path.write_text(content + "\n")
        tools.run(["chown", DAEMON, path])
        path.chmod(0o600)
        return path

    def settings(self, **changes: str) -> dict[str, dict[str, str]]:
        here = {"Module": str(MODULE), "PinFile": str(self.pin_file), "Token": "pkcs11:token=mail", "Scan": "yes"}
        return {"Pkcs11": here | changes}

    def tool(self, *arguments: str | Path) -> str:
        command = ["pkcs11-tool", "--module", MODULE, "--token-label", "mail", "--login", "--pin", PIN]
        return tools.text(tools.run([*AS_DAEMON, *command, *arguments]).stdout)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Pulls it."""
        pulled = self.directory / "pulled"
        self.tokens.rename(pulled)
        tools.run([*AS_DAEMON, "mkdir", self.tokens])
        try:
            yield
        finally:
            shutil.rmtree(self.tokens)
            pulled.rename(self.tokens)

    def _make(self, number: str, address: str, kind: str) -> None:
        self.tool("--keypairgen", "--key-type", kind, "--id", number, "--label", address)
        public, certificate = self.directory / f"{number}.pub", self.world.pki.certificate(address)
        if prefix := PREFIXES.get(kind):
            # OpenSC 0.23 does not write P-384: its point, in the OCTET STRING of CKA_EC_POINT, is shown.
            keys = self.tool("--list-objects", "--type", "pubkey").split("Public Key Object")
            shown = next(key for key in keys if f"label:      {address}" in key)
            point = re.search(r"EC_POINT:\s+04(?:41|61)(04[0-9a-f]+)", shown)[1]
            public.write_bytes(bytes.fromhex(prefix + point))
        else:
            self.tool("--read-object", "--type", "pubkey", "--id", number, "--output-file", public)
        extensions, issuer = self.directory / "extensions", self.world.pki.intermediate
        extensions.write_text(f"basicConstraints = CA:FALSE\nsubjectAltName = email:{address}\nextendedKeyUsage = emailProtection\n"
                              f"keyUsage = critical, digitalSignature, {'keyEncipherment' if kind.startswith('rsa') else 'keyAgreement'}\n"
                              "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n")
        pem = self.directory / f"{number}.pem"
        tools.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-in", public, "-pubout", "-out", pem])
        tools.run(["openssl", "x509", "-new", "-subj", f"/CN={address.split('@')[0]}", "-force_pubkey", pem, "-CA", issuer.certificate,
                   "-CAkey", issuer.key, "-days", "30", "-extfile", extensions, "-out", certificate])
        self._write(number, address, certificate)

    def _write(self, number: str, label: str, certificate: Path) -> None:
        der = self.directory / f"{number}.der"
        tools.run(["openssl", "x509", "-in", certificate, "-outform", "DER", "-out", der])
        der.chmod(0o644)
        self.tool("--write-object", der, "--type", "cert", "--id", number, "--label", label)


class Room(Opening):
    """The token, and a daemon that has it and no files."""

    def __init__(self, world: World) -> None:
        Split.__init__(self, world)
        self.work = world.work / "opening-by-token"
        self.work.mkdir(mode=0o700)

    @cached_property
    def token(self) -> Token:
        return Token(self.world)

    @cached_property
    def nothing(self) -> Path:
        """A directory of certificates without any."""
        return self.world.directory_of_daemon("no-certificates")

    def program(self, **sections: dict[str, str]) -> Path:
        here = {"Certificates": {"Path": str(self.nothing)}, "State": {"Path": str(self.state())}}
        return self.world.configure(here | self.token.settings() | sections, self.world.other_milter_port)

    def run(self, *arguments: str | Path, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """A command as the daemon's user, who owns the token: its exit code and what it says."""
        done = tools.run([*AS_DAEMON, self.world.program.executable, *arguments], stdin=stdin, ok=range(-64, 256))
        expect(done.returncode in (0, 1, 2), f"{arguments} crashed with {done.returncode}:\n{tools.text(done.stderr)[-3000:]}")
        return done.returncode, done.stdout, tools.text(done.stdout + done.stderr)


def tests(world: World) -> Iterator[Test]:
    room = Room(world)
    for address, (_, algorithm, digest) in SIGNERS.items():
        yield Test(f"token: {address} signs, named by a URI, verified by all judges", partial(signs, room, address, algorithm, digest))
    yield Test("token: RSASSA-PSS", partial(signs_pss, room))
    yield Test("token: Scan = yes signs for whoever is in the token, through Postfix", partial(scans, room))
    yield Test("token: what openssl encrypts to it is opened: RSA, RSA-OAEP with SHA-1, SHA-256 and SHA-512, P-256", partial(opens, room))
    yield Test("token: check and explain say what is in it", partial(says, room))
    yield Test("token: the private keys are nowhere but in it", partial(keys_stay, room))
    yield Test("token: a wrong PIN is tried once, by check, the daemon and its restart, and mail waits", partial(wrong_pin, room))
    yield Test("token: pulled and put back during load: nothing lost, nothing unsigned", partial(pulled, room))
    yield Test("token: 200 messages at 20 ms each, 60 at once, and others meanwhile", partial(slow, room))
    yield Test("token: one that hangs defers its own mail and nobody else's", partial(hangs, room))


def letter(sender: str, number: int = 0) -> bytes:
    return wire(f"From: {sender}\nTo: bob@example.net\nSubject: Number {number}\nMessage-ID: <token-{time.time_ns()}@example.org>\n"
                "MIME-Version: 1.0\nContent-Type: text/plain\n\nSigned in the token.\n".encode())


def signs(room: Room, address: str, algorithm: str, digest: str) -> None:
    configuration = room.program(Pkcs11=room.token.settings(Scan="no")["Pkcs11"],
                                 **{f"Sender:{address}": {"Certificate": f"pkcs11:token=mail;object={address.replace('@', '%40')}"}})
    code, signed, said = room.run("sign", "--config", configuration, stdin=letter(address))
    expect(code == 0, said)
    room.world.judges.verify(signed, Expected(address, algorithm=algorithm, digest=digest))
    other = letter(next(a for a in SIGNERS if a != address))
    expect(room.run("sign", "--config", configuration, stdin=other)[1] == other, "another's key signs without Scan and without a section")


def signs_pss(room: Room) -> None:
    code, signed, said = room.run("sign", "--config", room.program(Signing={"RsaPadding": "Pss"}), stdin=letter(RSA))
    expect(code == 0, said)
    room.world.judges.verify(signed, Expected(RSA, algorithm="rsassaPss"))


@contextmanager
def serving(room: Room, *prefix: str, **sections: dict[str, str]):
    with room.world.program.milter(room.program(**sections), *prefix) as daemon:
        yield daemon, room.world.postfix.ports.other


def send(port: int, sender: str, recipient: str, number: int = 0):
    with Client(port) as smtp:
        return smtp.send(sender, [recipient], letter(sender, number))


def scans(room: Room) -> None:
    with serving(room) as (_, port):
        for address, (_, algorithm, digest) in SIGNERS.items():
            recipient = f"scan-{address.split('@')[0]}@example.net"
            reply = send(port, address, recipient)
            expect(reply.code == 250, f"{reply}")
            room.world.judges.openssl(room.world.arrived(recipient), Expected(address, algorithm=algorithm, digest=digest))


def opens(room: Room) -> None:
    certificates = {address: room.world.pki.certificate(address) for address in READERS}
    ways = [(READER_RSA, []), (READER_EC, ["-keyopt", "ecdh_kdf_md:sha256", "-aes256-wrap"])]
    for digest in ("sha1", "sha256", "sha512"):
        ways.append((READER_RSA, ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{digest}", "-keyopt", f"rsa_mgf1_md:{digest}"]))
    with room.daemon(room.nothing, **room.token.settings()):
        for reader, how in ways:
            made = room.file()
            tools.run(["openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc", "-in", room.file(crlf(TEXT)), "-outform", "DER", "-out", made,
                       "-recip", certificates[reader], *how])
            sent = room.come(room.letter(wrapped(made.read_bytes()), reader), reader)
            [arrival] = room.arrived(sent, reader)
            room.opened(sent, arrival, "decrypted.*")


def says(room: Room) -> None:
    configuration = room.program()
    code, _, said = room.run("check", "--config", configuration)
    expect(code == 0 and "token 'mail'" in said, f"{code}\n{said}")
    for address in SIGNERS:
        expect(address in said and "29 days left" in said, said)
    code, _, said = room.run("explain", "--config", configuration, "--from", RSA, "--to", "bob@example.net")
    expect(code == 0 and "pkcs11:token=mail" in said, f"{code}\n{said}")
    with room.token.away():
        code, _, said = room.run("check", "--config", configuration)
        expect(code == 1 and "names: put it in" in said, f"{code}\n{said}")


def keys_stay(room: Room) -> None:
    described = room.token.tool("--list-objects", "--type", "privkey")
    expect(described.count("never extractable") == len(SIGNERS) + len(READERS), described)
    for path in room.token.directory.rglob("*"):
        expect(path.is_dir() or b"PRIVATE KEY" not in path.read_bytes(), f"{path} has a private key")


def wrong_pin(room: Room) -> None:
    spy = next((path for path in Path("/usr/lib").glob("*/pkcs11-spy.so")), None) or next(Path("/usr/lib").glob("*/pkcs11/pkcs11-spy.so"))
    log = room.token.file("spy.log", "")
    os.environ |= {"PKCS11SPY": str(MODULE), "PKCS11SPY_OUTPUT": str(log)}
    pin = room.token.file("wrong-pin", WRONG_PIN)
    sections = {"Pkcs11": room.token.settings(Module=str(spy), PinFile=str(pin))["Pkcs11"], "State": {"Path": str(room.state())},
                "Signing": {"Mode": "Required"}}
    try:
        code, _, said = room.run("check", "--config", room.program(**sections))
        expect(code == 1 and "refused the PIN" in said and WRONG_PIN not in said, f"{code}\n{said}")
        for _ in range(2):
            with serving(room, **sections) as (daemon, port):
                for number in range(2):
                    reply = send(port, RSA, "nobody-gets-this@example.net", number)
                    expect(reply.code // 100 == 4, f"{reply}\n{daemon.log()}")
                expect(WRONG_PIN not in daemon.log(), daemon.log())
        logins = len(re.findall(r"(?m)^\d+: C_Login$", log.read_text(errors="replace")))
        expect(logins == 1, f"{logins} logins\n{log.read_text(errors='replace')[-3000:]}")
        with serving(room, **sections) as (_, port):
            room.token.file("wrong-pin", PIN)
            tools.wait_for(lambda: True if send(port, RSA, "right-pin@example.net").code == 250 else None, 30, lambda: "the right PIN to be used")
        room.world.judges.openssl(room.world.arrived("right-pin@example.net"), Expected(RSA))
    finally:
        for name in ("PKCS11SPY", "PKCS11SPY_OUTPUT"):
            os.environ.pop(name)


def pulled(room: Room) -> None:
    deferred, told = [], []

    def deliver(thread: int) -> None:
        for number in range(12):
            recipient = f"pulled-{thread}-{number}@example.net"
            while (reply := send(port, RSA, recipient, number)).code != 250:
                expect(reply.code // 100 == 4, f"{reply}")
                deferred.append(recipient)
                time.sleep(0.2)
            told.append(recipient)

    with serving(room, Signing={"Mode": "Required"}) as (daemon, port):
        expect(send(port, RSA, "pulled-first@example.net").code == 250, daemon.log())
        threads = [threading.Thread(target=deliver, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        tools.wait_for(lambda: len(told) > 6 or None, 30, lambda: f"mail\n{daemon.log()}")
        with room.token.away():
            tools.wait_for(lambda: len(deferred) > 4 or None, 30, lambda: f"mail to be deferred\n{daemon.log()}")
        for thread in threads:
            thread.join(60)
        expect(len(told) == 48, f"{len(told)} of 48 were taken\n{daemon.log()[-3000:]}")
    for recipient in told:
        room.world.judges.openssl(room.world.arrived(recipient), Expected(RSA))


def sign_at_once(room: Room, port: int, count: int, sender: str, label: str) -> float:
    """How long it takes until all are signed, each on a connection of its own; Postfix serves no more than 100 at once."""
    started = time.monotonic()
    with ThreadPoolExecutor(60) as clients:
        replies = list(clients.map(lambda i: send(port, sender, f"{label}-{i}@example.net", i).code, range(count)))
    expect(replies == [250] * count, f"{replies}")
    return time.monotonic() - started


def slow(room: Room) -> None:
    library = room.world.trials / "slow-token.so"
    directory = room.world.certificates("p256@example.org")
    sections = room.token.settings(Module=str(library)) | {"Certificates": {"Path": str(directory)}, "Signing": {"Mode": "Required"}}
    with serving(room, **sections) as (_, port):
        send(port, RSA, "slow-first@example.net")
        alone = sign_at_once(room, port, 40, "p256@example.org", "file-alone")
        with ThreadPoolExecutor(1) as other:
            slow_ones = other.submit(sign_at_once, room, port, 200, RSA, "slow")
            beside = sign_at_once(room, port, 40, "p256@example.org", "file-beside")
            taken = slow_ones.result(120)
    least = 200 / 8 * 0.02
    print(f"  200 messages in {taken:.2f} s, for which the token needs {least:.2f} s; 40 with keys from files took {alone:.2f} s alone, and "
          f"{beside:.2f} s beside these")
    expect(taken >= least, f"{taken}: the token cannot be so fast")
    room.world.judges.openssl(room.world.arrived("slow-199@example.net"), Expected(RSA))


def hangs(room: Room) -> None:
    hang, library = room.token.directory / "hang", room.world.trials / "slow-token.so"
    directory = room.world.certificates("p256@example.org")
    sections = room.token.settings(Module=str(library), Sessions="2", Timeout="1s")
    sections |= {"Certificates": {"Path": str(directory)}, "Signing": {"Mode": "Required"}}
    with serving(room, "env", f"SLOW_TOKEN_HANG={hang}", **sections) as (daemon, port):
        expect(send(port, RSA, "hang-first@example.net").code == 250, daemon.log())
        hang.touch()
        try:
            for number in range(4):
                reply = send(port, RSA, "hang-deferred@example.net", number)
                expect(reply.code // 100 == 4, f"{reply}")
            daemon.says("all 2 sessions hang")
            expect(send(port, "p256@example.org", "hang-file@example.net").code == 250, daemon.log())
        finally:
            with suppress(FileNotFoundError):
                hang.unlink()
        tools.wait_for(lambda: True if send(port, RSA, "hang-over@example.net").code == 250 else None, 30, lambda: f"it to go on\n{daemon.log()}")
