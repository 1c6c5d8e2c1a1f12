"""A private unbound that validates, with a tree of zones of our own: `test.`, whose key is its trust anchor, and below it zones that are
signed, not signed, or broken in the ways that zones are."""

import hashlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .report import expect

PARENT = "test"
CONFIGURATION = """
server:
  directory: "{directory}"
  username: ""
  chroot: ""
  pidfile: ""
  do-daemonize: no
  use-syslog: no
  logfile: ""
  interface: 127.0.0.1@{port}
  module-config: "{modules}"
  trust-anchor-file: "{anchor}"
  local-zone: "test." nodefault
  do-not-query-localhost: no
  do-ip6: no
  ede: yes
  val-log-level: 2
remote-control:
  control-enable: no
"""
AUTH_ZONE = """
auth-zone:
  name: "{name}"
  zonefile: "{file}"
  for-downstream: no
  for-upstream: yes
"""
SOA = """$ORIGIN {name}.
$TTL 300
@ IN SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 120
@ IN NS ns.{name}.
ns IN A 127.0.0.1
"""

# How a zone is: signed and right; not signed, as its parent says; changed after it was signed; with signatures that are past; signed,
# as its parent says, with the signatures taken away.
SIGNED, PLAIN, BOGUS, EXPIRED, STRIPPED = "signed", "plain", "bogus", "expired", "stripped"


@dataclass(frozen=True)
class Zone:
    kind: str
    records: str = ""


def owner(address: str) -> str:
    """The name of an address's records (RFC 8162 section 3), with its dot at the end."""
    local, domain = address.split("@")
    return f"{hashlib.sha256(local.encode()).hexdigest()[:56]}._smimecert.{domain}."


class Zones:
    def __init__(self, work: Path) -> None:
        self._work = work
        self._work.mkdir(parents=True)
        self._keys: dict[str, Path] = {}
        self.port = tools.free_ports(1)[0]

    @contextmanager
    def served(self, zones: dict[str, Zone], modules: str = "validator iterator") -> Iterator[str]:
        """unbound with these zones; yields its address for `[Smimea] Resolver`."""
        parent, configuration = SOA.format(name=PARENT), ""
        for name, zone in zones.items():
            file = self._zone(name, zone)
            configuration += AUTH_ZONE.format(name=name, file=file)
            parent += f"{name}. IN NS ns.{name}.\nns.{name}. IN A 127.0.0.1\n"
            if zone.kind != PLAIN:
                parent += self._key(name).with_suffix(".ds").read_text()
        configuration += AUTH_ZONE.format(name=PARENT, file=self._signed(PARENT, self._write(PARENT, parent)))
        file = self._work / "unbound.conf"
        file.write_text(CONFIGURATION.format(directory=self._work, port=self.port, modules=modules,
                                             anchor=self._key(PARENT).with_suffix(".ds")) + configuration)
        log = self._work / "unbound.log"
        with log.open("wb") as output:
            process = subprocess.Popen(["/usr/sbin/unbound", "-d", "-c", file], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            tools.wait_for(lambda: tools.accepts(self.port), 30, lambda: f"unbound\n{log.read_text()}")
            yield f"127.0.0.1:{self.port}"
            expect(process.poll() is None, f"unbound ended\n{log.read_text()}")
        finally:
            process.terminate()
            process.wait()

    @contextmanager
    def silent(self) -> Iterator[str]:
        """Somebody in the resolver's place who takes connections and says nothing."""
        with socket.create_server(("127.0.0.1", self.port)):
            yield f"127.0.0.1:{self.port}"

    def dig(self, name: str, kind: str = "TYPE53") -> str:
        """What drill gets."""
        return tools.text(tools.run(["drill", "-t", "-D", "-p", str(self.port), "@127.0.0.1", name, kind]).stdout)

    def _zone(self, name: str, zone: Zone) -> Path:
        plain = self._write(name, SOA.format(name=name) + zone.records)
        if zone.kind == PLAIN:
            return plain
        if zone.kind == EXPIRED:
            return self._signed(name, plain, "-i", "20260101000000", "-e", "20260201000000")
        signed = self._signed(name, plain)
        if zone.kind == STRIPPED:
            return plain
        if zone.kind == BOGUS:
            # The last octet of the first record's data becomes another.
            lines = signed.read_text().splitlines()
            at = next(i for i, line in enumerate(lines) if "_smimecert" in line and "\tRRSIG\t" not in line and "\tNSEC\t" not in line)
            lines[at] = lines[at][:-1] + ("0" if lines[at][-1] != "0" else "1")
            signed.write_text("\n".join(lines) + "\n")
        return signed

    def _write(self, name: str, text: str) -> Path:
        path = self._work / f"{name}.zone"
        path.write_text(text)
        return path

    def _key(self, name: str) -> Path:
        if name not in self._keys:
            made = subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name], cwd=self._work, capture_output=True, check=True)
            stem = tools.text(made.stdout).strip()
            # The name has dots in it, which are no suffix.
            for suffix in ("key", "private", "ds"):
                shutil.move(self._work / f"{stem}.{suffix}", self._work / f"K{name.replace('.', '-')}.{suffix}")
            self._keys[name] = self._work / f"K{name.replace('.', '-')}"
        return self._keys[name]

    def _signed(self, name: str, plain: Path, *options: str) -> Path:
        signed = plain.with_name(f"{plain.name}.signed")
        tools.run(["ldns-signzone", *options, "-f", signed, plain, self._key(name)])
        return signed
