"""What every test shares: certificates, judges, Postfix, its next hops, and the daemon with the sample's settings."""

import itertools
import re
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import tools
from .filters import Filters
from .judges import Judges
from .pki import Pki
from .postfix import Milters, Postfix, Ports
from .program import DAEMON, Program
from .report import Failure
from .sasl import AuthServer
from .sendmail import Sendmail
from .sendmail import Ports as SendmailPorts
from .sink import EIGHTBIT, Sink

def socket_directory(sample: Path, directory: Path) -> Path:
    """Makes a directory for sockets with the command of the sample's systemd unit, for the user the daemon runs as here."""
    unit = (sample / "postseal.service").read_text()
    command = re.search(r"(?m)^ExecStartPre=\+(.*) -o postseal (.*) /var/spool/postfix/postseal$", unit)
    directory.parent.mkdir(parents=True)
    tools.run([*command[1].split(), "-o", DAEMON, *command[2].split(), directory])
    return directory


class World:
    def __init__(self, root: Path, work: Path, executable: Path, trials: Path, stack: ExitStack) -> None:
        self.root, self.work, self.trials = root, work, trials
        self.sample = root / "postfix-sample"
        self.at_end = stack.callback
        self._directories = itertools.count()
        self.pki = Pki(work / "pki")
        self.judges = Judges(work / "judges", self.pki, trials / "mimekit-judge" / "mimekit-judge", executable)
        stack.callback(self.judges.close)
        self.program = Program(executable, self.sample / "postseal.ini", work / "program")
        self.filters = Filters(trials, work / "filters")
        ports = tools.free_ports(22)
        self.milters = Milters(*ports[:4])
        self.milter_port, self.other_milter_port = self.milters.postseal, self.milters.other
        self.sockets = socket_directory(self.sample, work / "postfix" / "queue" / "postseal")
        sink, sink7bit, sasl = ports[4:7]
        sinkdsn = ports[21]
        self.sink = Sink(sink, EIGHTBIT)
        stack.callback(self.sink.close)
        self.sink7bit = Sink(sink7bit, ("PIPELINING", "SIZE 0"))
        stack.callback(self.sink7bit.close)
        self.sinkdsn = Sink(sinkdsn, (*EIGHTBIT, "DSN"))
        stack.callback(self.sinkdsn.close)
        stack.callback(AuthServer(sasl).close)
        self.daemon = stack.enter_context(self.program.milter(self.configure({}, self.milter_port)))
        self.postfix = Postfix(work / "postfix", self.sample, Ports(*ports[7:15], *ports[19:21]),
                               {"sink": sink, "sink7bit": sink7bit, "sinkdsn": sinkdsn, "sasl": sasl}, self.milters)
        stack.callback(self.postfix.stop)
        self.postfix.start()
        self.sendmail = Sendmail(work / "sendmail", SendmailPorts(*ports[15:19]), self.milters, sink, sink7bit)
        stack.callback(self.sendmail.stop)
        self.sendmail.start()

    def configure(self, settings: dict[str, dict[str, str]], port: int) -> Path:
        """The settings of a daemon with both kinds of socket: Postfix comes by the Unix one, the others by TCP."""
        name = "postseal" if port == self.milter_port else "other"
        here = {"Milter": {"Socket": f"unix:{self.sockets}/{name}.sock, inet:{port}@127.0.0.1"},
                "Certificates": {"Path": str(self.pki.certificates)}}
        return self.program.configure(here, settings)

    def certificates(self, *addresses: str) -> Path:
        """A new directory with the certificates and keys of these addresses."""
        return self.pki.copy_certificates(self.work / f"certificates-{next(self._directories)}", *addresses)

    def directory_of_daemon(self, name: str) -> Path:
        """A new directory that the daemon may read and write."""
        made = self.work / f"{name}-{next(self._directories)}"
        made.mkdir(mode=0o755)
        tools.run(["chown", DAEMON, made])
        return made

    @contextmanager
    def milter(self, settings: dict[str, dict[str, str]], service: str):
        """The daemon a test talks to through Postfix, and the SMTP port: the shared one unless settings differ."""
        if settings:
            with self.program.milter(self.configure(settings, self.other_milter_port)) as daemon:
                yield daemon, self.postfix.ports.other
        else:
            yield self.daemon, getattr(self.postfix.ports, service)

    def arrived(self, recipient: str) -> bytes:
        sink = self.sink7bit if recipient.endswith("@7bit.example.net") else self.sink
        try:
            return sink.wait(recipient).raw
        except Failure as lost:
            raise Failure(f"{lost}\n{self.postfix.log()}\n{self.daemon.log()[-2000:]}") from None
