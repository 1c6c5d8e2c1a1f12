"""Certificates in DNS: records that `postseal smimea` writes, in zones that are signed or broken, found by the daemon through a private
unbound. What arrives is opened by openssl; other programs than ours say what a record is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from . import tools
from .numbered_mail import ALICE, TEXT, NumberedMail
from .pki import P256, RSA2048, Issued
from .program import Daemon
from .report import Test, expect
from .world import World
from .zones import BOGUS, EXPIRED, PLAIN, SIGNED, STRIPPED, Zone, Zones, owner

BOB, NOBODY = "bob@secure.test", "nobody@secure.test"
RSA4096 = ("RSA", "rsa_keygen_bits:4096")


def tests(world: World) -> Iterator[Test]:
    dns = Correspondents(world)
    yield Test("smimea: what postseal smimea writes is found, believed and encrypted to", partial(published, dns))
    yield Test("smimea: the record's form, by ldns, BIND and openssl", partial(form, dns))
    yield Test("smimea: --check tells a record that is there from one that is not, or that nobody believes", partial(check_option, dns))
    yield Test("smimea: whoever is not in a signed zone has no certificate", partial(absent, dns))
    yield Test("smimea: a zone that is not signed has no certificates", partial(unsigned, dns))
    for kind, name in ((BOGUS, "a record that was changed"), (EXPIRED, "signatures that are past"), (STRIPPED, "signatures taken away")):
        yield Test(f"smimea: {name}: the mail waits, and does not leave in clear", partial(broken, dns, kind))
    yield Test("smimea: no resolver: the mail waits, and leaves encrypted when it is back", partial(gone, dns))
    yield Test("smimea: a resolver that says nothing: the mail waits", partial(silent, dns))
    yield Test("smimea: a resolver that does not validate: the mail waits", partial(not_validating, dns))
    yield Test("smimea: twenty large records", partial(large, dns))
    yield Test("smimea: an alias to another signed zone", partial(alias, dns))
    yield Test("smimea: a certificate for another address is not encrypted to", partial(another, dns))
    yield Test("smimea: under [Trust] ForEncryption a record vouches, its own or that of a CA", partial(vouching, dns))
    yield Test("smimea: explain --to names the record", partial(explained, dns))
    yield Test("smimea: check says whether the resolver validates", partial(checked, dns))


class Correspondents(NumberedMail):
    """Who has a certificate, a daemon that looks into DNS, and a message for each test."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "smimea")
        self._zones: Zones | None = None
        self._people: dict[str, Issued] = {}

    @property
    def zones(self) -> Zones:
        if self._zones is None:
            self._zones = Zones(self.world.work / "zones")
        return self._zones

    def person(self, address: str, key: tuple[str, str] = RSA2048) -> Issued:
        if address not in self._people:
            usage = "keyAgreement" if key == P256 else "keyEncipherment"
            self._people[address] = self.world.pki.person(address, key, usage=usage)
        return self._people[address]

    def record(self, address: str, *options: str, certificate: Path | None = None) -> str:
        """What the program writes for somebody's zone."""
        done = self.world.program.run("smimea", address, "--cert", certificate or self.person(address).certificate, *options)
        expect(done.returncode == 0, tools.text(done.stderr))
        return tools.text(done.stdout)

    def signed(self, *records: str) -> dict[str, Zone]:
        return {"secure.test": Zone(SIGNED, "".join(records))}

    def settings(self, resolver: str, **more: dict[str, str]) -> dict[str, dict[str, str]]:
        domains = "secure.test, broken.test, plain.test"
        return {"Encryption": {"Mode": "IfPossible"},
                "Smimea": {"Lookup": "yes", "Resolver": resolver, "Domains": domains, "Timeout": "2s", "NegativeCache": "1s"}} | more

    def configuration(self, resolver: str) -> Path:
        return self.world.program.configure(self.settings(resolver), {"Certificates": {"Path": str(self.world.pki.certificates)}})

    @contextmanager
    def daemon(self, resolver: str, **more: dict[str, str]) -> Iterator[Daemon]:
        with self.world.milter(self.settings(resolver, **more), "other") as (daemon, _):
            yield daemon

    def der(self, certificate: Path) -> bytes:
        return tools.run(["openssl", "x509", "-in", certificate, "-outform", "DER"]).stdout


def published(dns: Correspondents) -> None:
    for options in ((), ("--generic",)):
        with dns.zones.served(dns.signed(dns.record(BOB, *options))) as resolver, dns.daemon(resolver) as daemon:
            dns.encrypted(BOB)
            daemon.says(rf"encrypted to {BOB} ")


def form(dns: Correspondents) -> None:
    want = dns.der(dns.person(BOB).certificate)
    for options, head in (((), b"\x03\x00\x00"), (("--generic",), b"\x03\x00\x00"),
                          (("--usage", "ta", "--selector", "spki", "--matching", "sha256"), b"\x02\x01\x01")):
        ca = dns.world.pki.root.certificate if "ta" in options else None
        text = dns.record(BOB, *options, certificate=ca)
        zone = dns.world.work / "form.zone"
        zone.write_text("$ORIGIN secure.test.\n@ 300 IN SOA ns hostmaster 1 3600 600 86400 120\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n" + text)
        checked = tools.text(tools.run(["/usr/bin/named-checkzone", "-D", "-o", "-", "secure.test", zone]).stdout)
        read = tools.text(tools.run(["ldns-read-zone", zone]).stdout)
        for judge in (checked, read):
            [line] = [line for line in judge.splitlines() if owner(BOB).lower() in line.lower() and "53" in line or "SMIMEA" in line]
            fields = line.replace("(", "").replace(")", "").split()
            at = fields.index("SMIMEA" if "SMIMEA" in fields else "TYPE53")
            rdata = (bytes(int(f) for f in fields[at + 1:at + 4]) + bytes.fromhex("".join(fields[at + 4:])) if fields[at] == "SMIMEA"
                     else bytes.fromhex("".join(fields[at + 3:])))
            expect(rdata[:3] == head, f"{line[:200]}")
            if ca is None:
                expect(rdata[3:] == want, "it has another certificate")
            else:
                key = tools.run(["openssl", "pkey", "-pubin", "-outform", "DER"],
                                stdin=tools.run(["openssl", "x509", "-in", ca, "-noout", "-pubkey"]).stdout).stdout
                digest = tools.run(["openssl", "dgst", "-sha256", "-binary"], stdin=key).stdout
                expect(rdata[3:] == digest, "it has another digest")


def check_option(dns: Correspondents) -> None:
    record = dns.record(BOB)
    plain = "bob@plain.test"
    zones = dns.signed(record) | {"plain.test": Zone(PLAIN, dns.record(plain))}
    with dns.zones.served(zones) as resolver:
        configuration = dns.configuration(resolver)
        for address, options, code, words in (
                (BOB, (), 0, "published and secured by DNSSEC"), (BOB, ("--matching", "sha256"), 1, "has others alone"),
                (plain, (), 1, "nobody believes it")):
            done = dns.world.program.run("smimea", address, "--cert", dns.person(address).certificate, *options, "--check",
                                         "--config", configuration)
            said = tools.text(done.stdout + done.stderr)
            expect(done.returncode == code and words in said, f"{done.returncode}: {said}")


def absent(dns: Correspondents) -> None:
    with dns.zones.served(dns.signed(dns.record(BOB))) as resolver:
        with dns.daemon(resolver):
            dns.in_clear(NOBODY)
            dns.encrypted(BOB)
        with dns.daemon(resolver, Encryption={"Mode": "Required"}):
            reply = dns.send(NOBODY)
            expect(reply.code == 550 and NOBODY in reply.text, f"{reply}")


def unsigned(dns: Correspondents) -> None:
    plain = "bob@plain.test"
    with dns.zones.served(dns.signed() | {"plain.test": Zone(PLAIN, dns.record(plain))}) as resolver, dns.daemon(resolver):
        dns.in_clear(plain)


def broken(dns: Correspondents, kind: str) -> None:
    address = "bob@broken.test"
    with dns.zones.served(dns.signed(dns.record(BOB)) | {"broken.test": Zone(kind, dns.record(address))}) as resolver:
        for mode in ("IfPossible", "Required"):
            with dns.daemon(resolver, Encryption={"Mode": mode}) as daemon:
                dns.waits(address, daemon, r"SERVFAIL \((DNSSEC bogus|signature expired|DNSKEY missing)")
                dns.encrypted(BOB)


def gone(dns: Correspondents) -> None:
    with dns.daemon(f"127.0.0.1:{dns.zones.port}") as daemon:
        dns.waits(BOB, daemon, "does not listen there on TCP")
        with dns.zones.served(dns.signed(dns.record(BOB))):
            def probe() -> bool | None:
                return dns.send(BOB).code == 250 or None
            # A source that failed is left alone for a while.
            tools.wait_for(probe, 60, lambda: f"the resolver to be asked again\n{daemon.log()}")
            expect(TEXT in dns.opened(dns.arrived(BOB), BOB), "it has not the text")


def silent(dns: Correspondents) -> None:
    with dns.zones.silent() as resolver, dns.daemon(resolver) as daemon:
        dns.waits(BOB, daemon, r"did not answer within 2 s")


def not_validating(dns: Correspondents) -> None:
    with dns.zones.served(dns.signed(dns.record(BOB)), modules="iterator") as resolver, dns.daemon(resolver) as daemon:
        for address in (BOB, NOBODY):
            dns.waits(address, daemon, "does not (show that it validates|validate) DNSSEC|has not answered since")


def large(dns: Correspondents) -> None:
    """Each has about 2 KB: far more than a datagram takes."""
    address = "large@secure.test"
    person = dns.person(address, RSA4096)
    record = dns.record(address, certificate=person.certificate)
    filler = "".join(f"{owner(address)} IN TYPE53 \\# 2003 030000{i:02x}{'00' * 1999}\n" for i in range(19))
    with dns.zones.served(dns.signed(record, filler)) as resolver, dns.daemon(resolver):
        said = dns.zones.dig(owner(address))
        expect("ANSWER: 21" in said, said[:500])  # with the signature
        dns.encrypted(address)


def alias(dns: Correspondents) -> None:
    address = "bob@secure.test"
    target = "certificates.other.test."
    record = dns.record(address).replace(owner(address), target)
    zones = {"secure.test": Zone(SIGNED, f"{owner(address)} IN CNAME {target}\n"), "other.test": Zone(SIGNED, record)}
    with dns.zones.served(zones) as resolver, dns.daemon(resolver):
        dns.encrypted(address)


def another(dns: Correspondents) -> None:
    record = dns.record(BOB).replace(owner(BOB), owner(NOBODY))
    with dns.zones.served(dns.signed(record)) as resolver, dns.daemon(resolver) as daemon:
        dns.in_clear(NOBODY)
        daemon.says(f"not encrypted: .*{NOBODY}")


def vouching(dns: Correspondents) -> None:
    """PKIX-EE needs a CA that is trusted; the domain names one itself (DANE-TA)."""
    address, world = "carol@secure.test", dns.world
    stranger = world.work / "stranger.pem"
    tools.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-out", stranger, "-subj", "/CN=Stranger"])
    settings = {"Trust": {"Anchors": str(stranger), "ForEncryption": "yes"}}
    certificate = dns.person(address).certificate
    pkix = f"{owner(address)} IN SMIMEA 1 0 0 {dns.der(certificate).hex()}\n"
    root, intermediate = world.pki.root.certificate, world.pki.intermediate.certificate
    whole = dns.record(address, "--usage", "ta", certificate=root) + dns.record(address, "--usage", "ta", certificate=intermediate)
    # A CA's record that says which key it has does not give its certificate, without which there is no chain.
    digest = dns.record(address, "--usage", "ta", "--selector", "spki", "--matching", "sha256", certificate=root)
    for records, is_trusted in ((pkix, False), (pkix + digest, False), (pkix + whole, True), (dns.record(address), True)):
        with dns.zones.served(dns.signed(records)) as resolver, dns.daemon(resolver, **settings) as daemon:
            if is_trusted:
                dns.encrypted(address)
            else:
                dns.in_clear(address)
                daemon.says("no CA in .Trust. Anchors stands behind it")


def explained(dns: Correspondents) -> None:
    with dns.zones.served(dns.signed(dns.record(BOB))) as resolver:
        done = dns.world.program.run("explain", "--from", ALICE, "--to", BOB, "--config", dns.configuration(resolver))
        expect(f"SMIMEA record of {BOB}" in tools.text(done.stdout), tools.text(done.stdout))


def checked(dns: Correspondents) -> None:
    with dns.zones.served(dns.signed(dns.record(BOB))) as resolver:
        done = dns.world.program.run("check", "--json", "--config", dns.configuration(resolver))
        found = json.dumps(json.loads(done.stdout))
        expect("smimea" in found and f"the resolver {resolver} validates DNSSEC" in found, found)
    with dns.zones.served(dns.signed(), modules="iterator") as resolver:
        done = dns.world.program.run("check", "--config", dns.configuration(resolver))
        expect("validates DNSSEC" in (said := tools.text(done.stdout + done.stderr)) and "does not" in said, said)
    done = dns.world.program.run("check", "--config", dns.configuration(resolver))
    expect("does not listen there on TCP" in (said := tools.text(done.stdout + done.stderr)), said)
