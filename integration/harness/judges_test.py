"""The judges are judged first: one that accepts everything would let every other test pass."""

import re
from collections.abc import Iterator
from functools import partial

from . import tools
from .judges import Expected
from .report import Failure, Test
from .world import World

ENTITY = b"Content-Type: text/plain\r\n\r\nPay 100.\r\n"


def tests(world: World) -> Iterator[Test]:
    yield Test("judges accept a signature made by openssl", partial(accept, world))
    for name in ("openssl", "gpgsm", "nss", "mimekit", "postseal"):
        yield Test(f"judges: {name} rejects a message with one byte changed", partial(reject, world, name))


def signed_by_openssl(world: World) -> bytes:
    key, certificate = world.pki.certificates / "alice@example.org.pem", world.pki.certificate("alice@example.org")
    signed = tools.run(["openssl", "cms", "-sign", "-cades", "-md", "sha256", "-signer", certificate, "-inkey", key,
                        "-certfile", world.pki.intermediate.certificate], stdin=ENTITY).stdout
    wire = re.sub(rb"\r?\n", b"\r\n", signed)
    return wire.replace(b"This is an S/MIME signed message\r\n", b"").replace(b"x-pkcs7", b"pkcs7")


def accept(world: World) -> None:
    world.judges.verify(signed_by_openssl(world), Expected("alice@example.org"))


def reject(world: World, judge: str) -> None:
    tampered = signed_by_openssl(world).replace(b"Pay 100.", b"Pay 900.")
    try:
        world.judges.only(judge, tampered, Expected("alice@example.org"))
    except Failure:
        return
    raise Failure(f"{judge} accepts a changed message")
