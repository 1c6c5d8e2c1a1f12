"""Mail that a .NET program sends with MailKit: signed by Postseal.MailKit, beside what the milter makes of it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

from . import mime, tools
from .cases import read_message, same_headers
from .judges import Expected
from .report import Test, expect
from .world import World

ALICE = "alice@example.org"
CASES = ("plain-text", "utf8-8bit", "html-with-attachments", "nested-message", "no-mime-headers", "difficult-boundaries")


def tests(world: World) -> Iterator[Test]:
    sender = world.trials / "mailkit-sender" / "mailkit-sender"
    mailkit = MailKit(world, sender)
    for case in CASES:
        yield Test(f"MailKit signs as the milter does: {case}", partial(same, world, mailkit, case))
    yield Test("MailKit's signature stands a next hop without 8BITMIME", partial(seven_bit, world, mailkit))
    yield Test("what MailKit signed, the milter lets pass", partial(once, world, mailkit))
    yield Test("MailKit sends a stranger's mail unsigned", partial(stranger, world, mailkit))
    yield Test("MailKit sends nothing that must be signed and cannot be", partial(refused, world, mailkit))


class MailKit:
    def __init__(self, world: World, program: Path) -> None:
        self._world, self._program = world, program

    def send(self, port: int, sender: str, recipient: str, message: bytes, settings: dict | None = None,
             ok: tuple[int, ...] = (0,)) -> CompletedProcess[bytes]:
        """Sends with plain MailKit, or where there are settings with Postseal's client."""
        configuration = [] if settings is None else [self._world.configure(settings, 0)]
        return tools.run([self._program, str(port), sender, recipient, *configuration], stdin=message, ok=ok)


def letter(world: World, case: str) -> bytes:
    return read_message(world.root / "integration" / "cases" / case / "message.eml")


def same(world: World, mailkit: MailKit, case: str) -> None:
    """All judges accept it; what is signed is byte for byte what the milter signs when plain MailKit sends it."""
    message = letter(world, case)
    ports, where = world.postfix.ports, f"mailkit-{case}@example.net"
    mailkit.send(ports.plain, ALICE, where, message, {})
    mailkit.send(ports.sample, ALICE, f"milter-{where}", message)
    mailkit.send(ports.plain, ALICE, f"plain-{where}", message)
    received, baseline = world.arrived(where), world.arrived(f"plain-{where}")
    same_headers(message, received, baseline, signed=True)
    entity = world.judges.verify(received, Expected(ALICE))
    changed = mime.difference(mime.parts(baseline), mime.parts(entity))
    expect(changed is None, changed or "")
    by_milter = world.judges.openssl(world.arrived(f"milter-{where}"), Expected(ALICE))
    expect(entity == by_milter, f"the milter signed something else:\n{by_milter[:500]!r}\n{entity[:500]!r}")


def seven_bit(world: World, mailkit: MailKit) -> None:
    where = "mailkit@7bit.example.net"
    mailkit.send(world.postfix.ports.plain, ALICE, where, letter(world, "utf8-8bit"), {})
    world.judges.verify(world.arrived(where), Expected(ALICE))


def once(world: World, mailkit: MailKit) -> None:
    where = "mailkit-once@example.net"
    mailkit.send(world.postfix.ports.sample, ALICE, where, letter(world, "plain-text"), {})
    entity = world.judges.verify(world.arrived(where), Expected(ALICE))
    expect(b"pkcs7-signature" not in entity, "signed twice")


def stranger(world: World, mailkit: MailKit) -> None:
    where, message = "mailkit-stranger@example.net", letter(world, "unknown-sender")
    for recipient, settings in ((where, {}), (f"plain-{where}", None)):
        mailkit.send(world.postfix.ports.plain, "nobody@example.org", recipient, message, settings)
    received, baseline = world.arrived(where), world.arrived(f"plain-{where}")
    same_headers(message, received, baseline, signed=False)
    expect(mime.split(received)[1] == mime.split(baseline)[1], "unsigned, but the body is not as plain MailKit's")


def refused(world: World, mailkit: MailKit) -> None:
    where = "mailkit-refused@example.net"
    done = mailkit.send(world.postfix.ports.plain, "nobody@example.org", where, letter(world, "unknown-sender"),
                        {"Signing": {"Mode": "Required"}}, ok=(1,))
    expect(b"nobody@example.org" in done.stderr, f"the program was told {done.stderr!r}")
    expect(not world.sink.has(where), "refused, and yet it was delivered")
