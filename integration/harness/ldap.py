"""Certificates in directory services: private ones of OpenLDAP, asked by the daemon in each of the ways there are. What arrives is opened by
openssl; what was asked, slapd's own log says."""

import email
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from . import ldap_connections, ldap_faults, tools
from .ldap_directory import ALICE, BOB, NOBODY, TEXT, Directory
from .pki import RSA2048
from .report import Test, expect
from .slapd import PEOPLE, READER, SUFFIX, Person
from .smtp import Client
from .world import World

ABLE, PROXY, OTHER, EXPIRED = "able@example.net", "proxy@example.net", "other@example.net", "past@example.net"
AES128_CBC, AES256_CBC = bytes.fromhex("0609608648016503040102"), bytes.fromhex("060960864801650304012a")
AD_FILTER = "(|(mail=%a)(proxyAddresses=smtp:%a))"


def tests(world: World) -> Iterator[Test]:
    ldap = Directory(world)
    yield from ldap_connections.tests(ldap)
    yield Test("ldap: userSMIMECertificate: what its owner can read decides the cipher", partial(abilities, ldap))
    yield Test("ldap: proxyAddresses, as Active Directory has them", partial(proxy_addresses, ldap))
    yield Test("ldap: an entry with certificates of others and past ones beside a good one", partial(several, ldap))
    yield Test("ldap: a certificate for another address is not encrypted to", partial(another, ldap))
    yield Test("ldap: whoever is not there has none", partial(absent, ldap))
    yield Test("ldap: addresses outside of Domains are not asked for", partial(domains, ldap))
    yield Test("ldap: 10,000 addresses are asked for once", partial(many, ldap))
    yield from ldap_faults.tests(ldap)
    yield Test("ldap: check says what it found, and what is wrong", partial(checked, ldap))
    yield Test("ldap: explain --to names the source", partial(explained, ldap))


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


def domains(ldap: Directory) -> None:
    slapd = ldap.new()
    with slapd.running(), ldap.daemon(slapd, {"Domains": "example.com"}):
        ldap.in_clear(BOB)
    expect(not slapd.searches(), f"{slapd.searches()}")


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
