"""A private slapd: a directory service with people in it, on loopback, in clear, with TLS, and on a Unix socket."""

import base64
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import tools
from .program import DAEMON
from .report import Failure

SUFFIX = "dc=example,dc=net"
PEOPLE = f"ou=people,{SUFFIX}"
READER, PASSWORD = f"cn=postseal,{SUFFIX}", "a pass word"
ROOT, ROOT_PASSWORD = f"cn=root,{SUFFIX}", "root"
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.2.840.113556.1.3.46 NAME 'mailRecipient' SUP top AUXILIARY MAY ( proxyAddresses ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
pidfile {directory}/pid
sizelimit 500
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSVerifyClient try
authz-regexp "^uidNumber=[0-9]+\\\\+gidNumber=[0-9]+,cn=peercred,cn=external,cn=auth$" "{reader}"
authz-regexp "^gidNumber=[0-9]+\\\\+uidNumber=[0-9]+,cn=peercred,cn=external,cn=auth$" "{reader}"
authz-regexp "^cn=postseal-client$" "{reader}"
database mdb
suffix "{suffix}"
rootdn "{root}"
rootpw {root_password}
directory {directory}/data
dbnosync
maxsize 1073741824
index objectClass,mail,proxyAddresses,entryUUID,entryCSN eq
{access}
{replication}
"""
FOR_ALL = "access to attrs=userPassword by anonymous auth by * none\naccess to * by * read"
FOR_READER = ('access to attrs=userPassword by anonymous auth by * none\n'
              'access to * by dn.exact="{reader}" read by anonymous auth by * none')
PROVIDER = "overlay syncprov\nsyncprov-checkpoint 100 10"
CONSUMER = ("syncrepl rid=1 provider=ldap://127.0.0.1:{provider} type=refreshAndPersist retry=\"1 +\" searchbase=\"{suffix}\" "
            "bindmethod=simple binddn=\"{root}\" credentials={root_password}\nupdateref ldap://127.0.0.1:{provider}")


@dataclass
class Person:
    """An entry. `certificates` and `smime` are files in DER."""
    uid: str
    mail: str
    certificates: list[Path] = field(default_factory=list)
    smime: list[Path] = field(default_factory=list)
    proxy_addresses: list[str] = field(default_factory=list)

    def ldif(self) -> str:
        def binary(name: str, files: list[Path]) -> list[str]:
            return [f"{name}:: {base64.b64encode(file.read_bytes()).decode()}" for file in files]
        lines = [f"dn: uid={self.uid},{PEOPLE}", "objectClass: inetOrgPerson", "objectClass: mailRecipient", f"cn: {self.uid}", f"sn: {self.uid}",
                 f"uid: {self.uid}"]
        if self.mail:
            lines.append(f"mail:: {base64.b64encode(self.mail.encode()).decode()}")
        lines += [f"proxyAddresses: {address}" for address in self.proxy_addresses]
        lines += binary("userCertificate;binary", self.certificates) + binary("userSMIMECertificate", self.smime)
        return "\n".join(lines) + "\n\n"


class Slapd:
    """One server. It may be started again on the same ports, with the same data."""

    def __init__(self, work: Path, ca: Path, certificate: Path, key: Path) -> None:
        self.work, self._tls = work, (ca, certificate, key)
        self.port, self.tls_port = tools.free_ports(2)
        self.socket = work / "ldapi"
        (work / "data").mkdir(parents=True)
        work.chmod(0o755)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = work / "log"
        self.configure()

    @property
    def url(self) -> str:
        return f"ldap://localhost:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://localhost:{self.tls_port}"

    @property
    def socket_url(self) -> str:
        return f"ldapi://{str(self.socket).replace('/', '%2F')}"

    def configure(self, access: str = FOR_ALL, replication: str = "") -> None:
        ca, certificate, key = self._tls
        (self.work / "slapd.conf").write_text(CONFIGURATION.format(
            directory=self.work, ca=ca, certificate=certificate, key=key, suffix=SUFFIX, reader=READER, root=ROOT, root_password=ROOT_PASSWORD,
            access=access.format(reader=READER), replication=replication))

    def load(self, people: list[Person], more: str = "") -> None:
        """Puts in what it has before it is started."""
        ldif = (f"dn: {SUFFIX}\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n"
                f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n"
                f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: postseal\nuserPassword: {PASSWORD}\n\n"
                + "".join(person.ldif() for person in people) + more)
        tools.run(["/usr/sbin/slapadd", "-q", "-f", self.work / "slapd.conf"], stdin=ldif.encode())

    def start(self) -> None:
        urls = f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port} {self.socket_url}"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(["/usr/sbin/slapd", "-f", str(self.work / "slapd.conf"), "-h", urls, "-d", "stats"],
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        tools.wait_for(self._ready, 30, lambda: f"slapd to listen\n{self.log()[-2000:]}")
        # For a client that is another user; what it may see the access rules say.
        self.socket.chmod(0o777)

    def _ready(self) -> bool | None:
        if self._process.poll() is not None:
            raise Failure(f"slapd ended with {self._process.returncode}:\n{self.log()[-2000:]}")
        return tools.accepts(self.port) and (self.socket.exists() or None)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)
        self._process = None

    def log(self) -> str:
        return tools.text(self._log.read_bytes()) if self._log.exists() else ""

    def searches(self, base: str = SUFFIX) -> list[str]:
        """The filters that it was asked below a base, as it read them."""
        return re.findall(rf'SRCH base="{re.escape(base)}".*filter="(.*)"', self.log())

    def add(self, ldif: str) -> None:
        tools.run(["ldapmodify", "-x", "-H", self.url, "-D", ROOT, "-w", ROOT_PASSWORD, "-a"], stdin=ldif.encode())

    def count(self) -> int:
        """How many entries it has, by ldapsearch."""
        done = tools.run(["ldapsearch", "-LLL", "-x", "-H", self.url, "-D", ROOT, "-w", ROOT_PASSWORD, "-b", SUFFIX, "(objectClass=*)", "1.1"],
                         ok=range(256))
        return tools.text(done.stdout).count("dn:")

    @contextmanager
    def running(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self.stop()


def give_to_daemon(*files: Path) -> None:
    for file in files:
        tools.run(["chown", DAEMON, file])
        file.chmod(0o600)
