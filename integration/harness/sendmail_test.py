"""Postseal behind Sendmail, whose next hop may have no 8BITMIME: what it makes of mail on the way must not break it."""

from collections.abc import Iterator
from functools import partial

from . import mime
from .cases import check, load, read_message
from .report import Test, expect
from .smtp import Client
from .world import World

# The cases that an MTA has most to do with: 8-bit text, long lines, parts in parts, and how they end. Of the
# difficult boundaries Sendmail takes the white space off the end of the line.
CASES = ("plain-text", "utf8-8bit", "html-with-attachments", "nested-message", "quoted-printable-and-base64",
         "long-lines", "preamble-and-epilogue", "empty-body", "p256", "difficult-boundaries")


def tests(world: World) -> Iterator[Test]:
    for name in CASES:
        for domain, hop in (("example.net", "an 8-bit"), ("7bit.example.net", "a 7-bit")):
            yield Test(f"sendmail: {name} is signed by the milter, and verifies behind {hop} next hop",
                       partial(run, world, name, domain))
    yield Test("sendmail: it encodes 8-bit mail for a 7-bit next hop, so the tests above are worth something",
               partial(encodes, world))


def run(world: World, name: str, domain: str) -> None:
    """Compared is with what Postfix delivers: Sendmail breaks long lines and encodes 8-bit text of what is unsigned."""
    case = load(world.root / "integration" / "cases" / name / "case.toml")
    with Client(world.sendmail.ports.postseal) as client, Client(world.postfix.ports.plain) as plain:
        for number, mail in enumerate(case.mail, 1):
            recipient = f"sendmail-{number}-{name}@{domain}"
            baseline = f"plain-{domain}-{number}-{name}@example.net"
            message = read_message(case.directory / mail.message)
            for smtp, address in ((client, recipient), (plain, baseline)):
                reply = smtp.send(mail.sender, [address], message)
                expect(reply.code == 250, f"the client was told {reply}\n{world.daemon.log()[-2000:]}")
            check(world, mail, message, world.arrived(recipient), world.arrived(baseline))


def encodes(world: World) -> None:
    message = read_message(world.root / "integration" / "cases" / "utf8-8bit" / "message.eml")
    recipient = "encoded@7bit.example.net"
    with Client(world.sendmail.ports.plain) as client:
        client.send("alice@example.org", [recipient], message)
    fields, body = mime.split(world.arrived(recipient))
    encoding = mime.values(fields, "Content-Transfer-Encoding")
    expect(max(message) > 127 and max(body) < 128, f"it came as it went: {encoding}")
