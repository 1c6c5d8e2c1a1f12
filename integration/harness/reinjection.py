"""Mail that Sendmail cannot split for the milter: the milter hands each recipient's encrypted copy to a second daemon of Sendmail, which
has the same milter. What arrives is opened by openssl with the recipient's key."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from . import tools
from .judges import Expected
from .mailkit import ALICE, Correspondents
from .program import DAEMON
from .report import Test, expect
from .sendmail import REINJECTING, Sendmail, SplitPorts
from .smtp import Client, Reply
from .world import World

SENDER = "reinjection-bounces@example.org"
CAROL, HEIDI = "mailkit-carol@example.net", "mailkit-heidi@example.net"


def tests(world: World) -> Iterator[Test]:
    split = Reinjection(world)
    for name, test in (
            ("each gets one copy of his own, and who has no certificate gets it signed", mixed),
            ("Bcc: nobody sees who else got it", bcc),
            ("Required, Missing = Bounce: the others get it, and the sender a notice of that one alone", bounce),
            ("no server that takes the copies: the mail waits at its client, and comes once when there is one", waits)):
        yield Test(f"reinjection by Sendmail: {name}", partial(test, split))


class Reinjection:
    """A Sendmail with two daemons and the milter at both, started for each test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._people: Correspondents | None = None
        self._runs = 0
        self._state = world.work / "reinjection-state"

    @property
    def people(self) -> Correspondents:
        self._people = self._people or Correspondents(self.world)
        return self._people

    @contextmanager
    def running(self, reinject: int | None = None, **encryption: str):
        """Yields how to send a message: its recipients, and whom it names."""
        self._runs += 1
        milter, submission, second = tools.free_ports(3)
        directory = self.world.work / f"reinjection-{self._runs}"
        tools.run(["install", "-d", "-o", DAEMON, "-m", "700", self._state])
        settings = self.people.settings(**{"SubAddress": "yes"} | encryption)
        settings["Milter"] = {"Socket": f"inet:{milter}@127.0.0.1"}
        settings["State"] = {"Path": str(self._state)}
        settings["Splitting"] = {"Method": "Reinject", "Reinject": f"127.0.0.1:{reinject or second}"}
        sendmail = Sendmail(directory, SplitPorts(submission, second), milter, self.world.sink.port, self.world.sink.port, REINJECTING)
        with self.world.program.milter(self.world.program.configure(settings)):
            sendmail.start()
            try:
                yield partial(self._send, submission)
            finally:
                sendmail.stop()
        expect(not sendmail.queued(), f"left in Sendmail's queue: {sendmail.queued()}\n{sendmail.log()}")

    def read(self, address: str) -> bytes:
        """What the recipient reads of his one copy."""
        name, tag = address.split("@")[0].split("+")
        return self.people.read(self.world.arrived(address), address.replace(f"+{tag}", ""))

    @staticmethod
    def _send(port: int, recipients: list[str], named: list[str]) -> Reply:
        letter = (f"From: {ALICE}\r\nTo: {', '.join(named)}\r\nSubject: Plans\r\nMessage-ID: <{abs(hash(tuple(recipients)))}@example.org>\r\n\r\n"
                  "Nothing for strangers.\r\n").encode()
        with Client(port) as client:
            return client.send(SENDER, recipients, letter)


def tagged(tag: str) -> tuple[str, str, str]:
    return CAROL.replace("@", f"+{tag}@"), HEIDI.replace("@", f"+{tag}@"), f"reinjected-nobody-{tag}@example.net"


def mixed(split: Reinjection) -> None:
    carol, heidi, nobody = tagged("rm")
    with split.running(Mode="IfPossible") as send:
        reply = send([carol, heidi, nobody], [carol, heidi, nobody])
        expect(reply.code == 250, f"the client was told {reply}")
        signed = split.world.judges.openssl(split.world.arrived(nobody), Expected(ALICE))
        expect(split.read(carol) == split.read(heidi) == signed, "not all of them read the same")
        expect(all(b"X-Postseal" not in split.world.arrived(to) for to in (carol, heidi, nobody)), "the mark of the copies went out")


def bcc(split: Reinjection) -> None:
    carol, heidi, _ = tagged("rb")
    with split.running(Mode="Required") as send:
        reply = send([carol, heidi], [carol])
        expect(reply.code == 250, f"the client was told {reply}")
        for address in (carol, heidi):
            split.read(address)
            shown = split.people.shown(split.world.arrived(address))
            expect(shown.count("?") <= 1 and len(shown) <= 2, f"{address}'s copy is encrypted to {shown}")
        expect(b"heidi" not in split.world.arrived(carol), "heidi shows")


def bounce(split: Reinjection) -> None:
    carol, heidi, nobody = tagged("rr")
    with split.running(Mode="Required", Missing="Bounce") as send:
        reply = send([carol, heidi, nobody], [carol, heidi, nobody])
        expect(reply.code == 250, f"the client was told {reply}")
        expect(split.read(carol) == split.read(heidi), "not both of them read the same")
        notice = split.world.arrived(SENDER)
        expect(f"Final-Recipient: rfc822; {nobody}".encode() in notice and b"Nothing for strangers" not in notice,
               f"the notice is {tools.text(notice)}")
        expect(not split.world.sink.has(nobody), "it went to who has no certificate")


def waits(split: Reinjection) -> None:
    carol, heidi, nobody = tagged("rw")
    closed, = tools.free_ports(1)
    with split.running(reinject=closed, Mode="IfPossible") as send:
        reply = send([carol, heidi, nobody], [carol, heidi, nobody])
        expect(400 <= reply.code < 500, f"the client was told {reply}")
        expect(not any(split.world.sink.has(to) for to in (carol, heidi, nobody)), "some of it was delivered")
    with split.running(Mode="IfPossible") as send:
        reply = send([carol, heidi, nobody], [carol, heidi, nobody])
        expect(reply.code == 250, f"the client was told {reply}")
        split.read(carol), split.read(heidi), split.world.arrived(nobody)
