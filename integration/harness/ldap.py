"""Certificates in directory services: private ones of OpenLDAP, asked by the daemon in each of the ways there are. What arrives is opened by
openssl; what was asked, slapd's own log says."""

import email
import itertools
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from . import tools
from .pki import RSA2048, Issued
from .program import Daemon
from .report import Test, expect
from .slapd import CONSUMER, FOR_READER, PASSWORD, PEOPLE, PROVIDER, READER, ROOT, ROOT_PASSWORD, SUFFIX, Person, Slapd, give_to_daemon
from .smtp import Client, Reply
from .world import World

ALICE = "alice@example.org"
BOB, NOBODY = "bob@example.net", "nobody@example.net"
ABLE, PROXY, OTHER, EXPIRED = "able@example.net", "proxy@example.net", "other@example.net", "past@example.net"
TEXT = b"The figures are confidential."
LOAD = 60
AES128_CBC, AES256_CBC = bytes.fromhex("0609608648016503040102"), bytes.fromhex("060960864801650304012a")
AD_FILTER = "(|(mail=%a)(proxyAddresses=smtp:%a))"


def tests(world: World) -> Iterator[Test]:
    ldap = Directory(world)
    yield Test("ldap: in clear on this machine", partial(found, ldap, {}))
    yield Test("ldap: StartTLS", partial(found, ldap, {"StartTls": "yes"}))
    yield Test("ldap: ldaps", partial(found, ldap, {"Url": "tls"}))
    yield Test("ldap: a server by another CA is not asked, and the mail waits", partial(wrong_ca, ldap))
    yield Test("ldap: a server of another name is not asked, and the mail waits", partial(wrong_name, ldap))
    yield Test("ldap: no environment and no ldap.conf turns verification off", partial(ldaprc, ldap))
    yield Test("ldap: simple bind", partial(simple_bind, ldap))
    yield Test("ldap: a wrong password is said once, the mail waits, and leaves encrypted when it is mended", partial(wrong_password, ldap))
    yield Test("ldap: EXTERNAL on a Unix socket", partial(external_socket, ldap))
    yield Test("ldap: EXTERNAL by a client's certificate", partial(external_tls, ldap))
    yield Test("ldap: userSMIMECertificate: what its owner can read decides the cipher", partial(abilities, ldap))
    yield Test("ldap: proxyAddresses, as Active Directory has them", partial(proxy_addresses, ldap))
    yield Test("ldap: an entry with certificates of others and past ones beside a good one", partial(several, ldap))
    yield Test("ldap: a certificate for another address is not encrypted to", partial(another, ldap))
    yield Test("ldap: whoever is not there has none", partial(absent, ldap))
    yield Test("ldap: a base that is not there is no absence: the mail waits", partial(wrong_base, ldap))
    yield Test("ldap: addresses outside of Domains are not asked for", partial(domains, ldap))
    yield Test("ldap: referrals are not followed", partial(referral, ldap))
    yield Test("ldap: addresses that would be filters find nothing", partial(injection, ldap))
    yield Test("ldap: a server that is gone: the mail waits, and leaves encrypted when it is back", partial(gone, ldap))
    yield Test("ldap: a server that is gone, LookupError = Ignore: the mail leaves in clear", partial(ignored, ldap))
    yield Test("ldap: 10,000 addresses are asked for once", partial(many, ldap))
    yield Test("ldap: two servers with syncrepl, one killed under load: nothing is lost, nothing leaves in clear", partial(replicated, ldap))
    yield Test("ldap: check says what it found, and what is wrong", partial(checked, ldap))
    yield Test("ldap: explain --to names the source", partial(explained, ldap))


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


def found(ldap: Directory, changes: dict[str, str]) -> None:
    slapd = ldap.new()
    with slapd.running(), ldap.daemon(slapd, changes) as daemon:
        ldap.encrypted(BOB)
        daemon.says(rf"encrypted to {BOB} ")
        expect(f"(mail={BOB})" in slapd.searches(), f"{slapd.searches()}")
    has_tls = "TLS established" in slapd.log()
    expect(has_tls == bool(changes), slapd.log()[-2000:])


def wrong_ca(ldap: Directory) -> None:
    slapd, other = ldap.new(), ldap.server_certificate()[0]
    with slapd.running():
        for changes in ({"Url": "tls"}, {"StartTls": "yes"}, {"Url": "tls", "CaFile": ""}):
            with ldap.daemon(slapd, {"CaFile": str(other)} | changes) as daemon:
                ldap.waits(BOB, daemon, "is not trusted: its certificate is by no CA of ")
        expect(not slapd.searches(), f"{slapd.searches()}")


def wrong_name(ldap: Directory) -> None:
    slapd = ldap.new(name="ldap.example.net")
    with slapd.running():
        for changes in ({"Url": "tls"}, {"StartTls": "yes"}):
            with ldap.daemon(slapd, changes) as daemon:
                ldap.waits(BOB, daemon, "is not trusted: its certificate is not for localhost")
        expect(not slapd.searches(), f"{slapd.searches()}")


def ldaprc(ldap: Directory) -> None:
    slapd, other = ldap.new(), ldap.server_certificate()[0]
    configuration = ldap.configuration(slapd, {"Url": "tls", "CaFile": str(other)})
    rc = ldap.world.work / "ldaprc"
    rc.write_text("TLS_REQCERT never\n")
    with slapd.running():
        done = tools.run(["env", f"LDAPCONF={rc}", f"LDAPRC={rc}", "LDAPTLS_REQCERT=never", ldap.world.program.executable,
                          "check", "--config", configuration], ok=range(256))
        said = tools.text(done.stdout + done.stderr)
        expect("is not trusted: its certificate is by no CA of" in said, said)


def simple_bind(ldap: Directory) -> None:
    slapd = ldap.new(access=FOR_READER)
    with slapd.running(), ldap.daemon(slapd, bound(ldap, PASSWORD)) as daemon:
        ldap.encrypted(BOB)
        expect(f'BIND dn="{READER}" mech=SIMPLE' in slapd.log(), slapd.log()[-2000:])
        expect(PASSWORD not in daemon.log(), "the log has the password")


def bound(ldap: Directory, password: str) -> dict[str, str]:
    file = ldap.world.work / "ldap-password"
    file.write_text(f"{password}\n")
    give_to_daemon(file)
    return {"BindDn": READER, "BindFile": str(file), "Url": "tls"}


def wrong_password(ldap: Directory) -> None:
    slapd = ldap.new(access=FOR_READER)
    with slapd.running(), ldap.daemon(slapd, bound(ldap, "wrong horse")) as daemon:
        for _ in range(4):
            ldap.waits(BOB, daemon, r"does not accept BindDn .* invalidCredentials \(49\)|has not answered since")
        expect(slapd.log().count("err=49") == 1, "it was said more than once")
        expect("wrong horse" not in daemon.log(), "the log has the password")
        bound(ldap, PASSWORD)
        ldap.back(BOB, daemon)


def external_socket(ldap: Directory) -> None:
    slapd = ldap.new(access=FOR_READER)
    with slapd.running(), ldap.daemon(slapd, {"Url": slapd.socket_url, "Bind": "External", "CaFile": ""}):
        ldap.encrypted(BOB)
        expect(f'BIND dn="{READER}" mech=EXTERNAL' in slapd.log(), slapd.log()[-2000:])


def external_tls(ldap: Directory) -> None:
    slapd = ldap.new(access=FOR_READER)
    ca = slapd._tls[0]
    certificate, key = ca.parent / "client.pem", ca.parent / "client.key"
    ldap.issue(ca, ca.parent / "ca.key", certificate, key, "/CN=postseal-client", "extendedKeyUsage=clientAuth\n")
    give_to_daemon(certificate, key)
    with slapd.running():
        for changes in ({"Url": "tls"}, {"StartTls": "yes"}):
            changes |= {"Bind": "External", "CertFile": str(certificate), "KeyFile": str(key)}
            with ldap.daemon(slapd, changes):
                ldap.encrypted(BOB)
        expect(slapd.log().count(f'BIND dn="{READER}" mech=EXTERNAL') == 2, slapd.log()[-2000:])


def signed_by(ldap: Directory, address: str) -> Path:
    """What Postseal signs for somebody, of which userSMIMECertificate has the signature: RFC 2798 section 2.8."""
    world, issued = ldap.world, ldap.person(address)
    directory = world.directory_of_daemon("ldap-signer")
    pem = directory / f"{address}.pem"
    pem.write_text(issued.key.read_text() + issued.certificate.read_text() + world.pki.intermediate.certificate.read_text())
    configuration = world.program.configure({"Certificates": {"Path": str(directory)}})
    message = f"From: {address}\r\nTo: {ALICE}\r\nSubject: x\r\n\r\nHello.\r\n".encode()
    done = world.program.run("sign", "--config", configuration, stdin=message)
    parts = email.message_from_bytes(done.stdout).get_payload()
    expect(isinstance(parts, list) and len(parts) == 2, tools.text(done.stdout + done.stderr))
    path = world.work / f"{address}.p7s"
    path.write_bytes(parts[1].get_payload(decode=True))
    return path


def abilities(ldap: Directory) -> None:
    whole = signed_by(ldap, ABLE)
    changed = ldap.world.work / "changed.p7s"
    changed.write_bytes(whole.read_bytes()[:-1] + bytes([whole.read_bytes()[-1] ^ 1]))  # the signature's last octet
    for value, cipher in ((whole, AES256_CBC), (changed, AES128_CBC)):
        slapd = ldap.new([Person("able", ABLE, smime=[value])])
        with slapd.running(), ldap.daemon(slapd, Encryption={"Mode": "IfPossible", "Fallback": "Aes128Cbc"}):
            structure = email.message_from_bytes(ldap.encrypted(ABLE)).get_payload(decode=True)
            expect([c for c in (AES128_CBC, AES256_CBC) if c in structure] == [cipher], "it has another cipher")


def proxy_addresses(ldap: Directory) -> None:
    # The certificate is for the address that is written to, mail is another.
    slapd = ldap.new([Person("proxy", "p.roxy@example.net", [ldap.der(PROXY)], proxy_addresses=["SMTP:p.roxy@example.net", f"smtp:{PROXY}"])])
    with slapd.running(), ldap.daemon(slapd, {"Filter": AD_FILTER, "Attributes": "userCertificate, userSMIMECertificate"}):
        ldap.encrypted(PROXY)


def several(ldap: Directory) -> None:
    past = ldap.world.work / "past.der"
    issued = ldap.world.pki.person(EXPIRED, RSA2048, timedelta(days=-30), timedelta(days=-1), usage="keyEncipherment")
    tools.run(["openssl", "x509", "-in", issued.certificate, "-outform", "DER", "-out", past])
    junk = ldap.world.work / "junk.der"
    junk.write_bytes(signed_by(ldap, ABLE).read_bytes()[:-40])
    slapd = ldap.new([Person("bob", BOB, [past, ldap.der(OTHER), ldap.der(BOB)], smime=[junk])])
    with slapd.running(), ldap.daemon(slapd) as daemon:
        ldap.encrypted(BOB)
        daemon.says("a value of userSMIMECertificate is no certificate and no SignedData")


def another(ldap: Directory) -> None:
    slapd = ldap.new([Person("bob", BOB, [ldap.der(OTHER)])])
    with slapd.running():
        with ldap.daemon(slapd):
            ldap.in_clear(BOB)
        with ldap.daemon(slapd, Encryption={"Mode": "Required"}):
            reply = ldap.send(BOB)
            expect(reply.code == 550, f"{reply}")


def absent(ldap: Directory) -> None:
    slapd = ldap.new()
    with slapd.running():
        with ldap.daemon(slapd):
            ldap.in_clear(NOBODY)
        with ldap.daemon(slapd, Encryption={"Mode": "Required"}):
            reply = ldap.send(NOBODY)
            expect(reply.code == 550 and NOBODY in reply.text, f"{reply}")


def wrong_base(ldap: Directory) -> None:
    slapd = ldap.new()
    with slapd.running(), ldap.daemon(slapd, {"Base": f"ou=wrong,{SUFFIX}"}) as daemon:
        ldap.waits(BOB, daemon, r"noSuchObject \(32\); correct Base")


def domains(ldap: Directory) -> None:
    slapd = ldap.new()
    with slapd.running(), ldap.daemon(slapd, {"Domains": "example.com"}):
        ldap.in_clear(BOB)
    expect(not slapd.searches(), f"{slapd.searches()}")


def referral(ldap: Directory) -> None:
    target = ldap.new()
    below = (f"dn: ou=elsewhere,{SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n"
             f"ref: {target.url}/{SUFFIX}\n\n")
    slapd = ldap.new([], below)
    with target.running(), slapd.running():
        with ldap.daemon(slapd):
            ldap.in_clear(BOB)  # a reference beside the answer, which is that there is nothing
        with ldap.daemon(slapd, {"Base": f"ou=elsewhere,{SUFFIX}"}) as daemon:
            ldap.waits(BOB, daemon, "referrals are not followed")
        expect(not target.searches(), f"{target.searches()}")


def injection(ldap: Directory) -> None:
    slapd = ldap.new()
    addresses = ['"*"@example.net', '"*)(mail=*"@example.net', '"b*b"@example.net', '"bob)(uid=*"@example.net', '"bob\\\\2a"@example.net',
                 '"|(mail=*)"@example.net', "b*b@example.net", "*@example.net"]
    with slapd.running(), ldap.daemon(slapd, Encryption={"Mode": "Required"}):
        for address in addresses:
            reply = ldap.send(address)
            expect(reply.code == 550, f"{address}: {reply}")
        ldap.encrypted(BOB)
    asked = slapd.searches()
    expect(asked and all(re.fullmatch(r"\(mail=[^()*]*\)", one) for one in asked), f"{asked}")


def gone(ldap: Directory) -> None:
    slapd = ldap.new()
    with ldap.daemon(slapd) as daemon:
        ldap.waits(BOB, daemon, "cannot be reached: Connection refused")
        with slapd.running():
            ldap.back(BOB, daemon)
        # What was found is still known.
        ldap.encrypted(BOB)
        ldap.waits(NOBODY, daemon, "cannot be reached|closed the connection|broke the connection|has not answered since")


def ignored(ldap: Directory) -> None:
    slapd = ldap.new()
    with ldap.daemon(slapd, Encryption={"Mode": "IfPossible", "LookupError": "Ignore"}):
        ldap.in_clear(BOB)


def many(ldap: Directory) -> None:
    """Ten thousand recipients, a hundred in each message; slapd counts."""
    count, each = 10_000, 100
    certificate = ldap.der(BOB)
    people = [Person(f"many{i}", f"many{i}@example.net", [certificate]) for i in range(0, count, 10)]
    slapd = ldap.new(people)
    with slapd.running(), ldap.daemon(slapd, {"NegativeCache": "1h"}) as daemon:
        for _ in range(2):
            with Client(ldap.world.postfix.ports.other) as client:
                for first in range(0, count, each):
                    recipients = [f"many{i}@example.net" for i in range(first, first + each)]
                    number = next(ldap.numbers)
                    message = (f"From: {ALICE}\r\nTo: {', '.join(recipients)}\r\nSubject: Number {number}\r\n\r\n").encode() + TEXT + b"\r\n"
                    reply = client.send(ALICE, recipients, message)
                    expect(reply.code == 250, f"{reply}\n{daemon.log()[-2000:]}")
            expect(len(asked := slapd.searches()) == len(set(asked)) == count, f"{len(asked)} searches for {len(set(asked))} addresses")


def replicated(ldap: Directory) -> None:
    """The first is killed under load and comes back, then the second. One certificate has all the addresses."""
    addresses = [f"load{i}@example.net" for i in range(LOAD)]
    issuer, files = ldap.world.pki.intermediate, [ldap.world.work / f"load.{kind}" for kind in ("pem", "key", "der")]
    ldap.issue(issuer.certificate, issuer.key, *files[:2], "/CN=load", f"subjectAltName={','.join(f'email:{a}' for a in addresses)}\n"
               "keyUsage=critical,keyEncipherment\nextendedKeyUsage=emailProtection\n")
    tools.run(["openssl", "x509", "-in", files[0], "-outform", "DER", "-out", files[2]])
    first = ldap.new([], replication=PROVIDER)
    second = Slapd(ldap.world.work / f"slapd-{next(ldap.numbers)}", *ldap.server_certificate())
    second.configure(replication=CONSUMER.format(provider=first.port, suffix=SUFFIX, root=ROOT, root_password=ROOT_PASSWORD))
    with first.running(), second.running():
        first.add("".join(Person(address.split("@")[0], address, [files[2]]).ldif() for address in addresses))
        tools.wait_for(lambda: first.count() == second.count() > LOAD or None, 30, lambda: f"the copy\n{second.log()[-2000:]}")
        with ldap.daemon(first, {"Url": f"{first.url}, {second.url}"}, Encryption={"Mode": "Required"}) as daemon:
            replies: list[Reply] = []
            with ThreadPoolExecutor(4) as workers:
                def send(address: str) -> None:
                    replies.append(ldap.send(address))
                sent = [workers.submit(send, address) for address in addresses]
                for part, act in ((LOAD // 4, first.kill), (LOAD // 2, lambda: (first.start(), second.kill()))):
                    tools.wait_for(lambda: len(replies) >= part or None, 60, lambda: f"the load\n{daemon.log()[-2000:]}")
                    act()
                for one in sent:
                    one.result(120)
            expect({reply.code for reply in replies} <= {250, 451}, f"{replies}")
            taken = sum(reply.code == 250 for reply in replies)
            expect(taken >= LOAD * 9 // 10, f"only {taken} of {LOAD} were taken\n{daemon.log()[-3000:]}")
            mails = tools.wait_for(lambda: all_of(ldap, addresses, taken), 30, lambda: f"{taken} mails")
            expect(all(b"application/pkcs7-mime" in mail and TEXT not in mail for mail in mails), "one left in clear")
            second.start()


def all_of(ldap: Directory, addresses: list[str], count: int) -> list[bytes] | None:
    mails = [arrival.raw for address in addresses for arrival in ldap.world.sink.all(address)]
    return mails if len(mails) >= count else None


def checked(ldap: Directory) -> None:
    slapd = ldap.new()
    check = partial(ldap.world.program.run, "check", "--config")
    with slapd.running():
        done = ldap.world.program.run("check", "--json", "--config", ldap.configuration(slapd, {"Url": "tls"}))
        said = json.dumps(json.loads(done.stdout))
        expect("ldap:corporate" in said and f"OpenLDAP at {slapd.tls_url}, 1 entry with certificates" in said, said)
        for changes, words in (({"Filter": "(mial=%a)"}, "has no attribute 'mial', which Filter asks for"),
                               ({"Base": f"ou=wrong,{SUFFIX}"}, "noSuchObject (32); correct Base"),
                               ({"Base": READER}, "no entry below")):
            done = check(ldap.configuration(slapd, changes))
            text = " ".join(tools.text(done.stdout + done.stderr).split())
            expect(words in text, text)
    done = check(ldap.configuration(slapd))
    expect(done.returncode == 1 and "cannot be reached" in (text := tools.text(done.stdout + done.stderr)), text)


def explained(ldap: Directory) -> None:
    slapd = ldap.new()
    with slapd.running():
        done = ldap.world.program.run("explain", "--from", ALICE, "--to", BOB, "--config", ldap.configuration(slapd))
        expect(f"ldap:corporate: uid=bob,{PEOPLE}" in (said := " ".join(tools.text(done.stdout).split())), said)
