"""Encrypted mail from outside that comes by Sendmail: RET=HDRS by SMFIR_CHGFROM, and copies for those whose keys are here."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from . import mime, tools
from .opened_mail import EC, NOBODY, RSA, SECRET, TEXT, Opening
from .report import Failure, Test, expect
from .sendmail import REINJECTING, Sendmail, SplitPorts

OPENED = "decrypted; content=aes256-cbc; integrity=none; signer=none"


def tests(mail: Opening) -> Iterator[Test]:
    for name, test in (("one recipient, whose bounces have no text", alone), ("each who has a key gets a copy, the others what came", several)):
        yield Test(f"opening: by Sendmail: {name}", partial(test, mail))


@contextmanager
def running(mail: Opening) -> Iterator[int]:
    """A Sendmail with two daemons and the milter at both; for its milter everybody is outside. Yields the port."""
    world = mail.world
    milter, submission, second = tools.free_ports(3)
    state = world.directory_of_daemon("opening-sendmail")
    tools.run(["chmod", "700", state])
    settings = {"Milter": {"Socket": f"inet:{milter}@127.0.0.1"}, "Originating": {"Networks": "192.0.2.1"},
                "Splitting": {"Method": "Reinject", "Reinject": f"127.0.0.1:{second}"}}
    sendmail = Sendmail(state.with_name(state.name + "-mta"), SplitPorts(submission, second), milter, world.sinkdsn.port, world.sinkdsn.port,
                        REINJECTING)
    with mail.daemon(state=state, **settings) as daemon:
        sendmail.start()
        try:
            yield submission
        except Failure as failure:
            raise Failure(f"{failure}\n{sendmail.log()}\n{daemon.log()[-3000:]}") from None
        finally:
            sendmail.stop()
    expect(not sendmail.queued(), f"left in Sendmail's queue: {sendmail.queued()}\n{sendmail.log()}")


def alone(mail: Opening) -> None:
    with running(mail) as port:
        for asked in ("", " RET=FULL ENVID=QQ314159"):
            sent = mail.come(mail.letter(mail.encrypted(TEXT, mail.readers[RSA])), RSA, client=None, port=port, mail=asked)
            [arrival] = mail.arrived(sent, RSA)
            mail.opened(sent, arrival, OPENED)
            expect(not asked or "ENVID=QQ314159" in arrival.commands[0], f"ENVID is gone: {arrival.commands}")
        stolen = mail.come(mail.letter(mail.encrypted(TEXT, mail.readers[RSA])), EC, client=None, port=port)
        mail.closed(stolen, *mail.arrived(stolen, EC))


def several(mail: Opening) -> None:
    with running(mail) as port:
        encrypted = mail.encrypted(TEXT, mail.readers[RSA], mail.readers[EC])
        sent = mail.come(mail.letter(encrypted, f"{RSA}, {NOBODY}"), RSA, NOBODY, EC, client=None, port=port)
        for_rsa, for_nobody, for_ec = mail.arrived(sent, RSA, NOBODY, EC)
        for arrival, to in ((for_rsa, RSA), (for_ec, EC)):
            mail.opened(sent, arrival, OPENED)
            expect(arrival.recipients == (to,), f"{arrival.recipients}")
        expect(SECRET not in for_nobody.raw, "who has no key reads it")
        expect(mime.split(for_nobody.raw)[1] == mime.split(sent.message)[1], "it is not as it came")
