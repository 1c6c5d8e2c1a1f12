"""python3 -m harness EXECUTABLE TRIALS [FILTER]: runs the tests whose name contains FILTER. EXECUTABLE is the program,
TRIALS the directory of the filters and clients that try the libraries. `integration/run` calls it."""

import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from . import bad_input, bad_peers, cases, command_line, corpus, encryption, incoming, judges_test, ldap, ldap_harvest, libmilter, logins
from . import mailkit, milter_clients, milter_in_mta, opening, queue_test, readme, reinjection, sample_test, sendmail_test, socket_test
from . import smimea, splitting, token
from .report import Report, Test
from .world import World

# The last one asks whether any mail is left anywhere, so it stays last.
SUITES = (judges_test, cases, splitting, smimea, ldap, incoming, ldap_harvest, opening, token, sendmail_test, reinjection, command_line, encryption, logins,
          bad_input, socket_test, bad_peers, milter_clients, libmilter, milter_in_mta, sample_test, readme, corpus, mailkit, queue_test)


def main(executable: Path, trials: Path, wanted: str) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell starts background jobs with SIGINT ignored; everything has to be stopped then too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    root = Path(__file__).resolve().parents[2]
    work = Path(tempfile.mkdtemp(prefix="postseal-integration-"))
    # Postfix's own users have to get at its queue below.
    work.chmod(0o711)
    report = Report()
    try:
        with ExitStack() as stack:
            world = World(root, work, executable, trials, stack)
            for suite in SUITES:
                for test in suite.tests(world):
                    if wanted in test.name:
                        report.run(test)
            report.run(Test("everything stops when told to", stack.pop_all().close))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
