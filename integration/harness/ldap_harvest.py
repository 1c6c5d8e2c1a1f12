"""What hosts learn from signed mail and share in a directory service: slapd, two daemons behind Postfix, openssl for those who write."""

import base64
import hashlib
import itertools
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from pathlib import Path

from . import tools
from .pki import RSA2048, Issued
from .program import Daemon
from .report import Test, expect
from .smtp import Client
from .world import World

STRANGER = "203.0.113.9"
SUFFIX = "dc=example,dc=net"
LEARNED, PEOPLE, WRITER = f"ou=learned,{SUFFIX}", f"ou=people,{SUFFIX}", f"cn=postseal,{SUFFIX}"
PASSWORD = "writes-there"
TEXT = b"Content-Type: text/plain\r\n\r\nThe figures, confidential.\r\n"

# The access lines are those of postfix-sample/README.md.
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
database mdb
suffix "{suffix}"
rootdn "cn=root,{suffix}"
rootpw {password}
directory "{directory}"
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="{learned}" by dn.exact="{writer}" write by * read
access to * by * read
{more}
"""

TREE = f"""dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example

dn: {LEARNED}
objectClass: organizationalUnit

dn: {PEOPLE}
objectClass: organizationalUnit

dn: {WRITER}
objectClass: person
sn: Postseal
userPassword: {PASSWORD}
"""


def tests(world: World) -> Iterator[Test]:
    learning = Learning(world)
    for name, run in (("what one host learned the others encrypt to", shared),
                      ("userSMIMECertificate is what openssl verifies", signature),
                      ("a later certificate takes the place of one, and a signature of before that does not", renewed),
                      ("an entry that somebody placed stays as it is, and a person decides", placed),
                      ("a value that somebody added stays", added),
                      ("two hosts learn the same at once, and of six certificates the latest", at_once),
                      ("an address with signs of DNs stays below its base", signs_of_names),
                      ("mail goes on while slapd is down or silent", down),
                      ("a replica that refers says which server to name", replica)):
        yield Test(f"ldap harvest: {name}", partial(run, learning))


class Slapd:
    """A server of its own, with the writer's account."""

    def __init__(self, work: Path, more: str = "", tree: str = TREE) -> None:
        self.work, [self.port], self._process = work, tools.free_ports(1), None
        self.url = f"ldap://127.0.0.1:{self.port}"
        (work / "db").mkdir(parents=True)
        (work / "slapd.conf").write_text(CONFIGURATION.format(
            suffix=SUFFIX, password=PASSWORD, directory=work / "db", learned=LEARNED, writer=WRITER, more=more))
        self.start()
        if tree:
            self.run("ldapadd", stdin=tree)

    def start(self) -> None:
        with (self.work / "log").open("ab") as log:
            self._process = subprocess.Popen(["/usr/sbin/slapd", "-f", self.work / "slapd.conf", "-h", self.url, "-d", "256"], stdout=log, stderr=log)
        tools.wait_for(lambda: tools.accepts(self.port), 20, lambda: f"slapd\n{(self.work / 'log').read_text()}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def run(self, command: str, *arguments: str, stdin: str = "", ok: tuple[int, ...] = (0,)) -> str:
        return tools.text(tools.run([command, "-x", "-H", self.url, "-D", f"cn=root,{SUFFIX}", "-w", PASSWORD, *arguments],
                                    stdin=stdin.encode(), ok=ok).stdout)

    def search(self, address: str, *attributes: str) -> str:
        return self.run("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", SUFFIX, f"(mail={address})", *attributes)

    def values(self, address: str, attribute: str) -> list[bytes]:
        found = re.findall(rf"(?m)^{attribute}(?:;binary)?:(:?) (.*)$", self.search(address, attribute))
        return [base64.b64decode(value) if isBase64 else value.encode() for isBase64, value in found]


@dataclass
class Host:
    """A daemon, and the port of the Postfix before it."""
    learning: "Learning"
    daemon: Daemon
    port: int
    configuration: Path

    def gets(self, message: bytes) -> bytes:
        """What arrives of a message from outside."""
        recipient = f"learning-{next(self.learning.numbers)}@example.net"
        with Client(self.port, STRANGER) as smtp:
            reply = smtp.send("bounces@example.com", [recipient], message)
        expect(reply.code == 250, f"{reply}\n{self.daemon.log()}")
        return self.learning.world.arrived(recipient)

    def learns(self, author: "Person", message: bytes) -> None:
        start = self.daemon.log_size()
        self.gets(message)
        self.daemon.says(rf"learned the certificate .* of {re.escape(author.address)}: |the key of {re.escape(author.address)} changed", start)

    def encrypts_to(self, reader: "Person") -> None:
        """What is sent there can be read with his key, and with no other."""
        sent = f"From: staff@example.net\r\nTo: {reader.address}\r\nSubject: To you\r\nDate: {formatdate()}\r\n".encode() + TEXT
        with Client(self.port) as smtp:
            reply = smtp.send("staff@example.net", [reader.address], sent)
        expect(reply.code == 250, f"{reply}\n{self.daemon.log()}")
        sealed = self.learning.file(self.learning.world.arrived(reader.address))
        opened = tools.run(["openssl", "cms", "-decrypt", "-in", sealed, "-recip", reader.issued.certificate, "-inkey", reader.issued.key])
        expect(b"confidential" in opened.stdout and b"confidential" not in sealed.read_bytes(), tools.text(opened.stdout))

    def refuses(self, reader: "Person") -> None:
        with Client(self.port) as smtp:
            reply = smtp.send("staff@example.net", [reader.address], b"From: staff@example.net\r\n" + TEXT)
        expect(reply.code == 550, f"{reply}\n{self.daemon.log()}")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return self.learning.world.program.run(*arguments, "--config", self.configuration)


@dataclass
class Person:
    """Somebody elsewhere, who signs and can be encrypted to."""
    address: str
    issued: Issued

    def fingerprint(self) -> str:
        return hashlib.sha256(self.der()).hexdigest()

    def der(self) -> bytes:
        return tools.run(["openssl", "x509", "-in", self.issued.certificate, "-outform", "DER"]).stdout


class Learning:
    def __init__(self, world: World) -> None:
        self.world, self.numbers = world, itertools.count(1)
        self.work = world.work / "learning"
        self.work.mkdir()

    @contextmanager
    def slapd(self, *arguments: str) -> Iterator[Slapd]:
        made = Slapd(self.work / f"slapd-{next(self.numbers)}", *arguments)
        try:
            yield made
        finally:
            made.stop()

    @contextmanager
    def host(self, slapd: Slapd, socket: str = "split", accept: str = "Replace", url: str = "", **settings: dict[str, str]) -> Iterator[Host]:
        world = self.world
        state, certificates = world.directory_of_daemon("state-learning"), world.certificates("p521@example.org")
        (state / "root.pem").write_bytes(world.pki.root.certificate.read_bytes())
        (state / "password").write_text(PASSWORD + "\n")
        (state / "kept").mkdir()
        tools.run(["chown", "-R", "daemon", state])
        here = {"Milter": {"Socket": f"unix:{world.sockets}/{socket}.sock"}, "Certificates": {"Path": str(certificates)},
                "Incoming": {"Domains": "example.net", "AuthservId": "mx.example.net"}, "Trust": {"Anchors": str(state / "root.pem")},
                "Revocation": {"Check": "Off"}, "State": {"Path": str(state / "kept")}, "Encryption": {"Mode": "Required"},
                "Harvest": {"Accept": accept, "RequireDkim": "no", "Path": "ldap:learned"},
                "Ldap:learned": {"Url": url or slapd.url, "Base": LEARNED, "BindDn": WRITER, "BindFile": str(state / "password")}}
        configuration = world.program.configure(here, settings)
        with world.program.milter(configuration) as daemon:
            yield Host(self, daemon, getattr(world.postfix.ports, socket), configuration)

    @contextmanager
    def hosts(self, slapd: Slapd, **how: str) -> Iterator[tuple[Host, Host]]:
        with self.host(slapd, "split", **how) as one, self.host(slapd, "other", **how) as other:
            yield one, other

    def file(self, content: bytes) -> Path:
        path = self.work / f"file-{next(self.numbers)}"
        path.write_bytes(content)
        return path

    def person(self, address: str = "") -> Person:
        number, pki = next(self.numbers), self.world.pki
        address = address or f"author-{number}@example.org"
        made, public = Issued(self.work / f"{number}.key", self.work / f"{number}.crt"), self.work / f"{number}.pub"
        extensions = self.file((f"subjectAltName = email:{address.replace('#', chr(92) + '#')}\nextendedKeyUsage = emailProtection\n"
                                "keyUsage = critical, digitalSignature, keyEncipherment\n").encode())
        tools.run(["openssl", "genpkey", "-algorithm", RSA2048[0], "-pkeyopt", RSA2048[1], "-out", made.key])
        tools.run(["openssl", "pkey", "-in", made.key, "-pubout", "-out", public])
        tools.run(["openssl", "x509", "-new", "-subj", f"/CN=Author {number}", "-force_pubkey", public, "-CA", pki.intermediate.certificate,
                   "-CAkey", pki.intermediate.key, "-days", "30", "-extfile", extensions, "-out", made.certificate])
        return Person(address, made)

    def letter(self, author: Person) -> bytes:
        """Signed now."""
        signed = tools.run(["openssl", "cms", "-sign", "-binary", "-in", self.file(TEXT), "-signer", author.issued.certificate, "-inkey",
                            author.issued.key, "-certfile", self.world.pki.intermediate.certificate]).stdout
        head = f"From: {author.address}\r\nTo: bob@example.net\r\nDate: {formatdate()}\r\nMessage-ID: <{next(self.numbers)}@example.org>\r\n"
        return head.encode() + signed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def consistent(slapd: Slapd, person: Person) -> None:
    """One entry, with the certificate and the signature that its record names, and nothing else."""
    certificates, signatures = slapd.values(person.address, "userCertificate"), slapd.values(person.address, "userSMIMECertificate")
    [record] = slapd.values(person.address, "description")
    named = {(type_, digest) for type_, digest in re.findall(r"(?m)^file (\S+) (\S+)$", tools.text(record))}
    here = {("userCertificate", hashlib.sha256(value).hexdigest()) for value in certificates} \
        | {("userSMIMECertificate", hashlib.sha256(value).hexdigest()) for value in signatures}
    expect(named == here and len(certificates) == len(signatures) == 1, slapd.search(person.address))
    expect(certificates == [person.der()], f"it has another certificate:\n{slapd.search(person.address)}")


def shared(learning: Learning) -> None:
    with learning.slapd() as slapd, learning.hosts(slapd) as (one, other):
        author = learning.person()
        one.refuses(author)  # and that there is none is remembered, until the host learns better
        one.learns(author, learning.letter(author))
        other.encrypts_to(author)
        one.encrypts_to(author)
        consistent(slapd, author)
        start = other.daemon.log_size()
        other.gets(learning.letter(author))
        expect("learned" not in other.daemon.log(start), other.daemon.log(start))
        listed = tools.text(one.command("certs", "list").stdout)
        expect("in ldap:learned" in listed, listed)
        checked = tools.text(one.command("check").stdout)
        expect("they are in ldap:learned" in checked, checked)


def signature(learning: Learning) -> None:
    with learning.slapd() as slapd, learning.host(slapd) as host:
        author = learning.person()
        host.learns(author, learning.letter(author))
        [value] = slapd.values(author.address, "userSMIMECertificate")
        file, root = learning.file(value), learning.world.pki.root.certificate
        tools.run(["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-in", file, "-content", learning.file(TEXT), "-CAfile", root])
        forged = tools.run(["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-in", file, "-content", learning.file(TEXT + b"x"), "-CAfile",
                            root], ok=range(1, 256))
        expect(forged.returncode != 0, "it verifies over anything")
        shown = tools.text(tools.run(["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", file]).stdout)
        expect("S/MIME Capabilities" in shown and "eContent: <ABSENT>" in shown and shown.count("d.certificate:") == 2, shown)


def renewed(learning: Learning) -> None:
    with learning.slapd() as slapd, learning.hosts(slapd) as (one, other):
        before = learning.person()
        old = learning.letter(before)
        one.learns(before, old)
        after = learning.person(before.address)
        _next_second()
        later = learning.letter(after)
        other.learns(after, later)
        consistent(slapd, after)
        kept = list((one.configuration.parent.parent).glob("state-learning-*/kept/harvested/replaced/*"))
        expect(any(before.issued.certificate.read_text().strip() in file.read_text() for file in kept), f"the old one is nowhere: {kept}")
        one.gets(old)
        consistent(slapd, after)


def placed(learning: Learning) -> None:
    with learning.slapd() as slapd, learning.host(slapd) as host:
        author, other = learning.person(), learning.person()
        dn = f"uid=author,{LEARNED}"
        slapd.run("ldapadd", stdin=f"dn: {dn}\nobjectClass: inetOrgPerson\ncn: Author\nsn: Author\nmail: {author.address}\n"
                  f"userCertificate;binary:: {base64.b64encode(other.der()).decode()}\n")
        before = slapd.search(author.address, "*", "+")
        host.gets(learning.letter(author))
        host.daemon.says("waits for approval: .*uid=author.* was not learned from mail")
        refused = host.command("certs", "accept", author.address)
        expect(refused.returncode == 1 and b"was not learned from mail" in refused.stderr, tools.text(refused.stderr))
        expect(slapd.search(author.address, "*", "+") == before, "the entry changed")
        slapd.run("ldapdelete", dn)
        accepted = host.command("certs", "accept", author.address)
        expect(accepted.returncode == 0, tools.text(accepted.stderr))
        consistent(slapd, author)
        expect(b"\napproved " in slapd.values(author.address, "description")[0], slapd.search(author.address))
        host.encrypts_to(author)
        # Under the very name that the entry would have, though without a certificate.
        slapd.run("ldapadd", stdin=f"dn: mail={other.address},{LEARNED}\nobjectClass: inetOrgPerson\ncn: Other\nsn: Other\n")
        before = slapd.search(other.address, "*", "+")
        host.gets(learning.letter(other))
        host.daemon.says(f"waits for approval: ldap:learned: mail={other.address},{LEARNED} was not learned from mail")
        expect(slapd.search(other.address, "*", "+") == before, "the entry changed")


def added(learning: Learning) -> None:
    with learning.slapd() as slapd, learning.host(slapd) as host:
        author, other = learning.person(), learning.person()
        host.learns(author, learning.letter(author))
        dn = f"mail={author.address},{LEARNED}"
        slapd.run("ldapmodify", stdin=f"dn: {dn}\nchangetype: modify\nadd: userCertificate;binary\n"
                  f"userCertificate;binary:: {base64.b64encode(other.der()).decode()}\n")
        before = slapd.search(author.address, "*", "+")
        _next_second()
        host.gets(learning.letter(learning.person(author.address)))
        host.daemon.says("waits for approval: .*a value of userCertificate")
        expect(slapd.search(author.address, "*", "+") == before, "the entry changed")


def at_once(learning: Learning) -> None:
    with learning.slapd() as slapd, learning.hosts(slapd) as hosts, ThreadPoolExecutor(16) as pool:
        authors = [learning.person() for _ in range(6)]
        letters = [(author, learning.letter(author)) for author in authors]
        list(pool.map(lambda job: job[0].gets(job[1][1]), itertools.product(hosts, letters)))
        for author in authors:
            consistent(slapd, author)
            learned = sum(host.daemon.log().count(f"of {author.address}: nothing was known") for host in hosts)
            expect(learned == 1, f"{learned} hosts say that they learned of {author.address}")
        # Six certificates of one author, each in one message, in any order.
        same = [learning.person()]
        same += [learning.person(same[0].address) for _ in range(5)]
        letters = []
        for author in same:
            letters.append(learning.letter(author))
            _next_second()
        list(pool.map(lambda job: job[0].gets(job[1]), itertools.product(hosts, reversed(letters))))
        consistent(slapd, same[-1])  # who signed last
        for host in hosts:
            expect("was learned:" not in host.daemon.log(), host.daemon.log()[-3000:])


def signs_of_names(learning: Learning) -> None:
    with learning.slapd() as slapd, learning.host(slapd) as host:
        for local in ("#a+cn=admin", "a+cn=b", "=a{b}", "##"):
            author = learning.person(f"{local}@example.org")
            host.learns(author, learning.letter(author))
            names = re.findall(r"(?m)^dn:(:?) (.*)$", slapd.run("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", SUFFIX, "(mail=*)", "dn"))
            names = [base64.b64decode(name).decode() if isBase64 else name for isBase64, name in names]
            expect(all(name.lower().startswith("mail=") and name.endswith(f"@example.org,{LEARNED}") for name in names), str(names))
            expect(slapd.values(author.address.replace("(", "\\28"), "mail") == [author.address.encode()], slapd.search(author.address))
            host.encrypts_to(author)


def down(learning: Learning) -> None:
    with learning.slapd() as slapd, learning.host(slapd) as host:
        author = learning.person()
        slapd.stop()
        arrived = host.gets(learning.letter(author))
        expect(b"smime=pass" in arrived, tools.text(arrived[:2000]))
        host.daemon.says(rf"warn.*\n?.*no certificate of {author.address} was learned: ldap:learned")
        slapd.start()
        host.learns(author, learning.letter(author))
        host.encrypts_to(author)
        silent = learning.person()
        slapd.signal(signal.SIGSTOP)
        try:
            started = time.monotonic()
            host.gets(learning.letter(silent))
            expect(time.monotonic() - started < 10, "the sender waits longer than Timeout")
            host.daemon.says(rf"no certificate of {silent.address} was learned: ldap:learned .*did not answer within 3 s")
        finally:
            slapd.signal(signal.SIGCONT)
        host.learns(silent, learning.letter(silent))


def replica(learning: Learning) -> None:
    with learning.slapd("overlay syncprov\n") as provider:
        consumer = (f"syncrepl rid=1 provider={provider.url} type=refreshAndPersist retry=\"1 +\" searchbase=\"{SUFFIX}\"\n"
                    f"  bindmethod=simple binddn=\"cn=root,{SUFFIX}\" credentials=\"{PASSWORD}\"\nupdateref {provider.url}\n")
        with learning.slapd(consumer, "") as copy, learning.host(copy) as host:
            tools.wait_for(lambda: LEARNED in copy.run("ldapsearch", "-LLL", "-b", SUFFIX, "dn", ok=(0, 32)) or None, 20, lambda: "the replica")
            author = learning.person()
            host.gets(learning.letter(author))
            host.daemon.says(f"no certificate of {author.address} was learned: .*referrals are not followed: name the server")


def _next_second() -> None:
    """Signing times have whole seconds."""
    now = formatdate()
    tools.wait_for(lambda: formatdate() != now or None, 5, lambda: "the next second")
