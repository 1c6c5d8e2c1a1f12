"""A private Postfix: its own directory, queue and loopback ports, with the lines of postfix-sample/ in it.

The sample's main.cf is used as it stands: its path of the socket is relative to the queue directory. Beside it are the
settings that keep this instance to itself. A second port without any milter delivers the same mail unsigned: comparing
with that, whatever Postfix itself does to a message cancels out.
"""

import json
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from smtplib import SMTPException

from . import tools
from .smtp import Client

PRIVATE = """
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/maillog
maillog_file_prefixes = {directory}
myhostname = mta.example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
alias_database =
relay_domains = example.net, 7bit.example.net, split.example.net
relay_transport = smtp:[127.0.0.1]:{sink}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_error_sleep_time = 0
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_client_connection_count_limit = 0
default_transport = smtp:[127.0.0.1]:{sink}
transport_maps = inline:{{ 7bit.example.net=smtp:[127.0.0.1]:{sink7bit}, split.example.net=smtp:[127.0.0.1]:{sinkdsn} }}
virtual_alias_domains = lists.example.org
virtual_alias_maps = inline:{{ {{ team@lists.example.org = bob@split.example.net, dave@split.example.net }},
    {{ erin@split.example.net = erin@split.example.net, dave@split.example.net }} }}
smtp_dns_support_level = disabled
smtp_host_lookup = native
# Left at its default of 998, Postfix would break the long lines of the unsigned mail we compare with.
smtp_line_length_limit = 0
# Mail of alice's other name leaves under her public one: in its envelope and in its header.
sender_canonical_maps = inline:{{ {{ alice@internal.example.org = alice@example.org }} }}
# At its default, Postfix makes a space of a bare CR; older releases hand it to the milter, so that is what is tested.
cleanup_replace_stray_cr_lf = no
message_size_limit = 67108864
header_size_limit = 4194304
"""

SERVICES = """
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
anvil unix - - n - 1 anvil
"""


@dataclass(frozen=True)
class Ports:
    """`sample` has the milter of the whole run, at its Unix socket, and `tcp` the same at its TCP port; `other` has the one a
    test starts for itself, `plain` none; `whole` and `stages` have a filter of integration/filters. `split` has the one of a test
    about splitting, and so has `second`, the smtpd that takes what was split."""
    sample: int
    other: int
    tcp: int
    submission: int
    reinject: int
    plain: int
    whole: int
    stages: int
    split: int
    second: int


@dataclass(frozen=True)
class Milters:
    """The TCP ports of milters: Postseal, the one a test starts for itself, and the two of integration/filters."""
    postseal: int
    other: int
    whole: int
    stages: int


class Postfix:
    kind = "postfix"

    def __init__(self, directory: Path, sample: Path, ports: Ports, settings: dict[str, int], milters: Milters) -> None:
        self.directory = directory
        self.ports = ports
        # Beside the configuration, not in it: `postfix start` warns of what root does not own in there.
        self._configuration = directory / "etc"
        for folder in ("etc", "queue", "data"):
            (directory / folder).mkdir(parents=True, exist_ok=True)
        tools.run(["chown", "postfix", directory / "data"])
        lines = with_split((sample / "main.cf").read_text()).replace("]:10027}", f"]:{ports.second}}}")
        (self._configuration / "main.cf").write_text(PRIVATE.format(directory=directory, **settings) + lines)
        (self._configuration / "master.cf").write_text(SERVICES + "".join((
            smtpd(ports.sample),
            smtpd(ports.other, "postseal_milter=unix:postseal/other.sock"),
            smtpd(ports.tcp, f"postseal_milter=inet:127.0.0.1:{milters.postseal}"),
            smtpd(ports.plain, "smtpd_milters="),
            smtpd(ports.whole, filter_of(milters.whole)),
            smtpd(ports.stages, filter_of(milters.stages)),
            smtpd(ports.split, "postseal_milter=unix:postseal/split.sock"),
            sample_services((sample / "master.cf").read_text(), ports))))
        # A submission port would want TLS; what matters here is the milter it has.
        self.command("postconf", "-P", f"127.0.0.1:{ports.submission}/inet/smtpd_tls_security_level=none",
                     f"127.0.0.1:{ports.second}/inet/postseal_milter=unix:postseal/split.sock")

    def start(self) -> None:
        self.command("postfix", "start")
        try:
            Client(self.ports.sample).close()
        except (OSError, SMTPException) as error:
            raise RuntimeError(f"Postfix does not answer: {error}\n{self.log()}") from error

    def stop(self) -> None:
        self.command("postfix", "stop")

    def sendmail(self, message: bytes, *arguments: str) -> None:
        """Local submission, the way cron and web applications do it."""
        self._run("sendmail", "-C", str(self._configuration), *arguments, stdin=message)

    def quarantined(self, recipient: str) -> str | None:
        """The word that a message is held; it is deleted. None: it is not (yet). Before 3.10 the reason is dropped."""
        for item in map(json.loads, tools.text(self.command("postqueue", "-j").stdout).splitlines()):
            if item["queue_name"] == "hold" and recipient in (r["address"] for r in item["recipients"]):
                self.command("postsuper", "-d", item["queue_id"])
                return "held"
        return None

    def queued(self) -> str:
        """What still waits: empty when every message was delivered."""
        listing = tools.text(self.command("postqueue", "-p").stdout)
        return "" if "queue is empty" in listing else listing

    def log(self, lines: int = 30) -> str:
        path = self.directory / "maillog"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no maillog)"

    @contextmanager
    def changed(self, *parameters: str, services: tuple[str, ...] = (), without: str | None = None, added: str = ""):
        """The same Postfix with parameters of main.cf, and of services as `postconf -P` takes them, for a while; `without` a service, and
        with lines of master.cf `added`."""
        before = {name: (self._configuration / name).read_text() for name in ("main.cf", "master.cf")}
        if added:
            self._replace("master.cf", before["master.cf"] + added)
        if parameters:
            self.command("postconf", "-e", *parameters)
        if services:
            self.command("postconf", "-P", *services)
        if without:
            self.command("postconf", "-MX", without)
        self.reload()
        try:
            yield
        finally:
            for name, text in before.items():
                self._replace(name, text)
            self.reload()

    def _replace(self, name: str, text: str) -> None:
        """Exchanges a file of the configuration at once: a process that starts meanwhile would hang with half of it."""
        new = self._configuration / f"{name}.new"
        new.write_text(text)
        os.replace(new, self._configuration / name)

    def reload(self) -> None:
        """Has Postfix read its files again, and waits until every smtpd and cleanup that read the old ones is gone: one of them
        would take another connection before it heard of the reload."""
        before = self._servers()
        self.command("postfix", "reload")
        tools.wait_for(lambda: not before & self._servers() or None, 30, lambda: f"processes of before the reload remain\n{self.log()}")

    def _servers(self) -> set[int]:
        master = (self.directory / "queue/pid/master.pid").read_text().strip()
        return {int(pid) for pid in tools.run(["pgrep", "-P", master, "-x", "smtpd|cleanup"], ok=(0, 1)).stdout.split()}

    def flush(self) -> None:
        """Has all deferred mail tried again now."""
        self.command("postqueue", "-f")

    def waiting(self, recipient: str) -> dict[str, str]:
        """The mail that waits for a recipient: its queue id, and why it was not delivered. Empty: there is none."""
        for item in map(json.loads, tools.text(self.command("postqueue", "-j").stdout).splitlines()):
            for to in item["recipients"]:
                if to["address"] == recipient and item["queue_name"] == "deferred":
                    return {"id": item["queue_id"], "why": to.get("delay_reason", "")}
        return {}

    def queue_file(self, queue_id: str) -> bytes:
        """The message as it lies in the queue."""
        return self.command("postcat", "-bhq", queue_id).stdout

    def command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """One of Postfix's own commands, on this instance."""
        return self._run(name, "-c", str(self._configuration), *arguments)

    def lookup(self, table: str, key: str) -> str | None:
        """What a lookup table has for a key, as Postfix finds it."""
        found = self._run("postmap", "-c", str(self._configuration), "-q", key, table, ok=(0, 1))
        return tools.text(found.stdout).rstrip("\n") if found.returncode == 0 else None

    @staticmethod
    def _run(*command: str, stdin: bytes = b"", ok: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[bytes]:
        return tools.run(command, stdin=stdin, ok=ok, env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"})


def filter_of(port: int) -> str:
    """Two seconds without a word from a filter are too many: one that works for longer has to tell of its progress."""
    return f"{{ smtpd_milters = {{ inet:127.0.0.1:{port}, command_timeout=2s, content_timeout=2s }} }}"


def smtpd(port: int, *options: str) -> str:
    return f"127.0.0.1:{port} inet n - n - - smtpd\n" + "".join(f"  -o {o}\n" for o in options)


def with_split(sample: str) -> str:
    """The sample with the lines about splitting, as whoever wants that takes the # away."""
    return re.sub(r"(?m)^#(\w|  -o )", r"\1", sample)


def sample_services(master: str, ports: Ports) -> str:
    """The sample's services on ports of ours, outside the chroot that a private directory does not have."""
    master = with_split(master).replace("postseal-split unix -   -       y", "postseal-split unix -   -       n")
    master = re.sub(r"(?m)^127\.0\.0\.1:10027 inet n +- +y", f"127.0.0.1:{ports.second} inet n - n", master)
    moved = re.sub(r"(?m)^submission inet n +- +y", f"127.0.0.1:{ports.submission} inet n - n", master)
    moved, count = re.subn(r"(?m)^127\.0\.0\.1:10025 inet n +- +y", f"127.0.0.1:{ports.reinject} inet n - n", moved)
    if count != 1 or moved.count(f":{ports.submission} ") != 1 or moved.count(f"\n127.0.0.1:{ports.second} inet n - n") != 1:
        raise ValueError("postfix-sample/master.cf no longer has the services this harness knows")
    return moved
