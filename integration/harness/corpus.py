"""Every message of ../shared/corpora/mime4j, with a sender who can sign, through the real Postfix."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import mime
from .cases import same_headers
from .judges import Expected
from .report import Skipped, Test, expect
from .smtp import Client, wire
from .world import World

ALICE = "alice@example.org"
FROM = b"From: Alice Example <alice@example.org>\r\n"
PROTECTED = ("multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")

# Python's parser takes the epilogue for the content of a part that has neither header nor body.
MISREAD = {"multipartemptypart.msg": b"\r\nEpilogue\r\n"}


def tests(world: World) -> Iterator[Test]:
    corpus = world.root.parent / "shared" / "corpora" / "mime4j"
    if not corpus.is_dir():
        yield Test("corpus mime4j", partial(skip, corpus))
    for number, path in enumerate(sorted(corpus.rglob("*.msg"))):
        recipient = f"corpus-{number}@example.net"
        yield Test(f"corpus {path.relative_to(corpus.parent)}", partial(sign, world, path, recipient))


def skip(corpus: Path) -> None:
    raise Skipped(f"{corpus} is not there")


def sign(world: World, path: Path, recipient: str) -> None:
    message = from_alice(wire(path.read_bytes()))
    with Client(world.postfix.ports.sample) as client, Client(world.postfix.ports.plain) as plain:
        reply = client.send(ALICE, [recipient], message)
        expect(reply.code == 250, f"the client was told {reply}")
        plain.send(ALICE, [f"plain-{recipient}"], message)
    received = world.arrived(recipient)
    baseline = world.arrived(f"plain-{recipient}").removesuffix(MISREAD.get(path.name, b""))
    before = mime.parts(baseline)
    signed = before[0].type not in PROTECTED
    same_headers(message, received, baseline, signed)
    if not signed:
        expect(mime.split(received)[1] == mime.split(baseline)[1], "already protected, and changed")
        return
    entity = world.judges.openssl_and_mimekit(received, Expected(ALICE))
    changed = mime.difference(before, mime.parts(entity))
    expect(changed is None, changed or "")


def from_alice(message: bytes) -> bytes:
    """The message with one From, ours, in front: behind the "From " line of an mbox, which is not a header field."""
    mbox = re.match(rb"(?:>*From .*\r\n)?", message).end()
    fields, _ = mime.split(message[mbox:])
    header_size = sum(len(f.raw) for f in fields)
    kept = b"".join(f.raw for f in fields if f.name.lower() not in ("from", "sender"))
    return message[:mbox] + FROM + kept + message[mbox + header_size:]
