"""A private Sendmail 8.17, beside Postfix: the packages of the two exclude each other, the programs do not.

integration/run unpacks the packages into a directory. The daemon runs in namespaces of its own (unshare), where it has
a name that its hosts file knows; without one it waits a minute for DNS.
"""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .postfix import Milters

# Two seconds without a word from a milter are too many (R): one that works for longer has to tell of its progress. The
# whole end of a message (E) has its own time, which progress does not extend. Mail for
# 7bit.example.net goes to a next hop without 8BITMIME, where Sendmail encodes what is not 7bit (RFC 6152). A busy machine is
# no reason to refuse connections or to leave mail in the queue, as it is by default.
COMMON = r"""
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`QUEUE_DIR', `{directory}/queue')dnl
define(`STATUS_FILE', `{directory}/statistics')dnl
define(`confPID_FILE', `{directory}/pid')dnl
define(`confCW_FILE', `/dev/null')dnl
define(`HELP_FILE', `')dnl
define(`confEIGHT_BIT_HANDLING', `mimify')dnl
define(`SMART_HOST', `esmtp:[127.0.0.1]')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {sink}')dnl
define(`SMTP_MAILER_ARGS', `TCP $h {sink7bit}')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confQUEUE_LA', `1000')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
"""

CONFIGURATION = COMMON + r"""
DAEMON_OPTIONS(`Name=plain, Addr=127.0.0.1, Port={ports.plain}')dnl
DAEMON_OPTIONS(`Name=postseal, Addr=127.0.0.1, Port={ports.postseal}, InputMailFilters=postseal')dnl
DAEMON_OPTIONS(`Name=whole, Addr=127.0.0.1, Port={ports.whole}, InputMailFilters=whole')dnl
DAEMON_OPTIONS(`Name=stages, Addr=127.0.0.1, Port={ports.stages}, InputMailFilters=stages')dnl
MAIL_FILTER(`postseal', `S=inet:{milters.postseal}@127.0.0.1, F=T')dnl
MAIL_FILTER(`whole', `S=inet:{milters.whole}@127.0.0.1, F=T, T=S:2s;R:2s;E:20s')dnl
MAIL_FILTER(`stages', `S=inet:{milters.stages}@127.0.0.1, F=T, T=S:2s;R:2s;E:20s')dnl
MAILER(`smtp')dnl
LOCAL_RULE_0
R$* < @ 7bit.example.net . > $*	$#smtp $@ [127.0.0.1] $: $1 < @ 7bit.example.net . > $2
R$* < @ 7bit.example.net > $*	$#smtp $@ [127.0.0.1] $: $1 < @ 7bit.example.net > $2
"""

# A daemon whose milter splits mail by handing the copies to the other one, which has the same milter.
REINJECTING = COMMON + r"""
define(`confMILTER_MACROS_ENVRCPT', `i, {{rcpt_mailer}}, {{rcpt_host}}, {{rcpt_addr}}')dnl
DAEMON_OPTIONS(`Name=submission, Addr=127.0.0.1, Port={ports.submission}')dnl
DAEMON_OPTIONS(`Name=POSTSEAL-SPLIT, Addr=127.0.0.1, Port={ports.split}')dnl
INPUT_MAIL_FILTER(`postseal', `S=inet:{milters}@127.0.0.1, F=T')dnl
MAILER(`smtp')dnl
"""

START = """
mount --bind {directory}/hosts /etc/hosts
mount --bind {directory}/nsswitch.conf /etc/nsswitch.conf
hostname sendmail.example.org
exec {program} -C {directory}/sendmail.cf -bD -X {directory}/traffic
"""


@dataclass(frozen=True)
class Ports:
    """`postseal` has the milter of the whole run, `whole` and `stages` a filter of integration/filters."""
    plain: int
    postseal: int
    whole: int
    stages: int


@dataclass(frozen=True)
class SplitPorts:
    """`submission` is for clients, `split` for the copies."""
    submission: int
    split: int


class Sendmail:
    kind = "sendmail"

    def __init__(self, directory: Path, ports: Ports | SplitPorts, milters: Milters | int, sink: int, sink7bit: int,
                 configuration: str = CONFIGURATION) -> None:
        self.directory, self.ports = directory, ports
        unpacked = Path(os.environ["SENDMAIL"])
        self._program = unpacked / "usr/libexec/sendmail/sendmail"
        cf = unpacked / "usr/share/sendmail/cf"
        (directory / "queue").mkdir(parents=True, mode=0o700)
        (directory / "hosts").write_text("127.0.0.1 localhost sendmail.example.org\n")
        (directory / "nsswitch.conf").write_text("hosts: files\npasswd: files\n")
        source = directory / "sendmail.mc"
        source.write_text(configuration.format(directory=directory, cf=cf, ports=ports, milters=milters, sink=sink,
                                               sink7bit=sink7bit))
        made = tools.run(["m4", f"-D_CF_DIR_={cf}/", source])
        (directory / "sendmail.cf").write_bytes(made.stdout)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        script = START.format(directory=self.directory, program=self._program)
        with (self.directory / "output").open("wb") as output:
            # A group of its own: every message has a process.
            self._process = subprocess.Popen(["unshare", "--uts", "--mount", "sh", "-ec", script], stdout=output,
                                             stderr=output, stdin=subprocess.DEVNULL, start_new_session=True)
        tools.wait_for(self._ready, 30, lambda: f"Sendmail to listen\n{self.log()}")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(timeout=30)

    def quarantined(self, recipient: str) -> str | None:
        """The queue file of a message that is held, with the reason; it is deleted. None: it is not (yet)."""
        for file in (self.directory / "queue").glob("hf*"):
            control = file.read_text(errors="replace")
            if f"<{recipient}>" in control:
                for part in (self.directory / "queue").glob(f"?f{file.name[2:]}"):
                    part.unlink()
                return control
        return None

    def queued(self) -> str:
        """What still waits: empty when every message was delivered."""
        return "\n".join(f.name for f in (self.directory / "queue").iterdir())

    def log(self, lines: int = 60) -> str:
        files = [f for f in (self.directory / "output", self.directory / "traffic") if f.exists()]
        return "\n".join(line for f in files for line in f.read_text(errors="replace").splitlines()[-lines:])

    def _ready(self) -> bool | None:
        if self._process.poll() is not None:
            raise RuntimeError(f"Sendmail ended with {self._process.returncode}:\n{self.log()}")
        return all(tools.accepts(port) for port in vars(self.ports).values()) or None
