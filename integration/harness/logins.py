"""As whom a login signs: names of odd forms, and the file of SenderLogins beside Postfix's own reading of it."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import tools
from .cases import read_message
from .judges import Expected
from .report import Test, expect
from .smtp import Client, Reply
from .world import World

REQUIRED = {"Mode": "Required"}
ALICE = "alice@example.org"

# None is alice's, though some readers of addresses would say so. (Blanks around a name do not come through Postfix.)
ODD = ("", "alice", "alice@", "@example.org", f"{ALICE}@evil.example", "mallory@evil.example@example.org",
       '"alice"@example.org', f"<{ALICE}>", f"{ALICE}.", f"{ALICE},mallory@example.org",
       f"Alice <{ALICE}>", "alice(x)@example.org", f"{ALICE}\x01", f"{ALICE}\u00a0", "alice@sub.example.org",
       "EXAMPLE\\alice", "alice+x@example.org", "\u0430lice@example.org")

TABLE = """\
# An address, or a domain, and the logins that may use it.
sales@example.org\tbob@example.org,   carol,
   dora
# a comment between the parts

\terin@example.org
Boss@Example.ORG PA@example.org
@shop.example    app@example.org shop,
one@shop.example other@example.org
"two words"@example.org bob@example.org
"""
ADDRESSES = ("sales@example.org", "SALES@Example.org", "boss@example.org", "any@shop.example", "one@shop.example",
             "any@sub.shop.example", "unknown@example.org", '"two words"@example.org')
LOGINS = ("bob@example.org", "BOB@Example.org", "Carol", "dora", "erin@example.org", "pa@example.org",
          "app@example.org", "shop", "other@example.org", "mallory@example.org")


def tests(world: World) -> Iterator[Test]:
    yield Test("login: names of odd forms sign as nobody, in our network too", partial(odd_names, world))
    yield Test("login: a change of SenderLogins counts at once, a wrong one not at all", partial(changes, world))
    yield Test("login: SenderLogins says of each address and login what Postfix says", partial(as_postfix, world))


def send(world: World, client: Client, recipient: str) -> Reply:
    return client.send(ALICE, [recipient], read_message(world.root / "integration/cases/plain-text/message.eml"))


def odd_names(world: World) -> None:
    with world.milter({"Signing": REQUIRED}, "sample") as (daemon, port):
        for number, login in enumerate(ODD):
            with Client(port, login=login) as client:
                reply = send(world, client, f"odd-login-{number}@example.net")
            expect(reply.code == 550 and "5.7.1" in reply.text, f"{login!r} was told {reply}\n{daemon.log()[-2000:]}")
        with Client(port, login=ALICE.upper()) as client:
            reply = send(world, client, "own-login@example.net")
        expect(reply.code == 250, f"alice was told {reply}\n{daemon.log()[-2000:]}")
    world.judges.verify(world.arrived("own-login@example.net"), Expected(ALICE))


def as_postfix(world: World) -> None:
    table = world.work / "table"
    table.write_text(TABLE)
    configuration = world.configure({"Originating": {"SenderLogins": str(table)}}, 0)
    for address in ADDRESSES:
        owners = owned_by(world, table, address)
        for login in LOGINS:
            done = world.program.run("explain", "--config", configuration, "--from", address, "--to", "bob@example.net",
                                     "--auth", login)
            answer = re.search(r"may this client have it signed\?\n +(yes|no), ", tools.text(done.stdout))
            expect(answer is not None, f"{done}")
            expect((answer[1] == "yes") == (login.lower() in owners),
                   f"{address} belongs to {owners} in Postfix; Postseal says to {login}: {tools.text(done.stdout)}")


def owned_by(world: World, table: Path, address: str) -> list[str]:
    """The logins that reject_sender_login_mismatch would find: those of the address, else those of its domain."""
    for key in (address, "@" + address.rpartition("@")[2]):
        if owners := world.postfix.lookup(f"texthash:{table}", key):
            return re.split(r"[,\s]+", owners.lower().strip(", \t"))
    return []


def changes(world: World) -> None:
    table = world.work / "changing-table"
    table.write_text("# nobody yet\n")
    settings = {"Signing": REQUIRED, "Originating": {"SenderLogins": str(table)}}
    numbers = iter(range(1000))
    with world.milter(settings, "sample") as (daemon, port):

        def told() -> tuple[int, str]:
            # A connection for each: Postfix ends one that was refused too often.
            recipient = f"changing-logins-{next(numbers)}@example.net"
            with Client(port, "203.0.113.9", "bob") as client:
                return send(world, client, recipient).code, recipient

        def until(code: int) -> str:
            def probe() -> str | None:
                answer, recipient = told()
                return recipient if answer == code else None
            return tools.wait_for(probe, 15, lambda: f"{code} to bob\n{daemon.log()[-2000:]}")

        until(550)
        table.write_text(f"{ALICE} bob\n")
        world.judges.verify(world.arrived(until(250)), Expected(ALICE))

        start = daemon.log_size()
        table.write_text(f"{ALICE} carol\nalice bob\n")

        def refused() -> bool | None:
            expect(told()[0] == 250, f"what was there before is no longer in use\n{daemon.log(start)}")
            return True if re.search(r"changing-table is wrong, and the settings before it stay in use: "
                                     r".*line 2: 'alice' is neither", daemon.log(start)) else None

        tools.wait_for(refused, 15, lambda: f"a line about the wrong table\n{daemon.log(start)}")
        table.write_text(f"{ALICE} carol\n")
        until(550)
