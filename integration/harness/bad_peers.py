"""Peers of the milter that are no MTA, or a broken one: each loses its own connection, and good mail still passes."""

import itertools
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from .cases import read_message
from .judges import Expected
from .report import Failure, Test, expect
from .smtp import Client
from .world import World


def frame(command: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", 1 + len(data)) + command + data


NEGOTIATE = frame(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
CONNECT = frame(b"C", b"client.example.org\x004\x00\x19127.0.0.1\0")
MAIL = frame(b"M", b"<alice@example.org>\0")
RCPT = frame(b"R", b"<bob@example.net>\0")
HEADER = frame(b"L", b"From\0alice@example.org\0")

# What the daemon has to answer by ending the connection.
NONSENSE = {
    "a huge length": b"\xff\xff\xff\xff",
    "a huge length inside a message": NEGOTIATE + CONNECT + MAIL + b"\x7f\xff\xff\xff" + b"B" * 1000,
    "a zero length": b"\0\0\0\0",
    "HTTP": b"GET / HTTP/1.1\r\nHost: milter\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(160),
    "SMTP": b"EHLO client.example.org\r\n",
    "a negotiation of three bytes": frame(b"O", b"\0\0\6"),
    "a version of the future without a past": frame(b"O", struct.pack(">III", 1, 0, 0)),
    "a command nobody knows": NEGOTIATE + frame(b"z", b"what?"),
    "a header field without its end": NEGOTIATE + CONNECT + MAIL + RCPT + frame(b"L", b"Subject"),
    "a client without its address": NEGOTIATE + frame(b"C", b"host\x004"),
    "a client of an address that is none": NEGOTIATE + frame(b"C", b"host\x004\0\x19a.b.c.d\0"),
    "a client of a family that is none": NEGOTIATE + frame(b"C", b"host\x005\0\x19127.0.0.1\0"),
    "a body chunk longer than agreed": NEGOTIATE + CONNECT + MAIL + RCPT + frame(b"B", bytes(65536)),
    "a sender without its end": NEGOTIATE + CONNECT + frame(b"M", b"<alice@example.org>"),
}

# What a peer may do and leave: nobody has to answer.
LEAVING = {
    "nothing": b"",
    "half a length": b"\0\0",
    "half a frame": NEGOTIATE[:7],
    "a second negotiation inside a message": NEGOTIATE + CONNECT + MAIL + NEGOTIATE,
    "a body before its message": NEGOTIATE + CONNECT + frame(b"B", b"too early\r\n"),
    "half a message": NEGOTIATE + CONNECT + MAIL + RCPT + HEADER + frame(b"N") + frame(b"B", b"half of i"),
}


def tests(world: World) -> Iterator[Test]:
    numbers = itertools.count()
    for name, data in NONSENSE.items():
        yield Test(f"milter peer: {name} ends that connection, and mail passes",
                   partial(nonsense, world, data, next(numbers)))
    for name, data in LEAVING.items():
        yield Test(f"milter peer: {name}, then gone, and mail passes", partial(leaving, world, data, next(numbers)))
    yield Test("milter peer: silence and half a message end after their time", partial(silence, world))
    yield Test("milter peer: 200 at once, and mail passes", partial(crowd, world, next(numbers)))


def nonsense(world: World, data: bytes, number: int) -> None:
    with dial(world.milter_port) as peer:
        peer.sendall(data)
        ended(peer, 10)
    good_mail(world, number)


def leaving(world: World, data: bytes, number: int) -> None:
    with dial(world.milter_port) as peer:
        peer.sendall(data)
        # While it is there, and when it has gone.
        good_mail(world, number)
    good_mail(world, number, again=True)


def silence(world: World) -> None:
    """Who negotiated has IdleTimeout, who began a message MessageTimeout, who said nothing half a minute."""
    with world.milter({"Milter": {"IdleTimeout": "1s", "MessageTimeout": "1s"}}, "sample"), ExitStack() as stack:
        peers = [stack.enter_context(dial(world.other_milter_port)) for _ in (NEGOTIATE, *LEAVING.values())]
        for peer, data in zip(peers, (NEGOTIATE, *LEAVING.values())):
            peer.sendall(data)
        for peer in peers:
            ended(peer, 45)


def crowd(world: World, number: int) -> None:
    peers = [dial(world.milter_port) for _ in range(200)]
    try:
        for peer in peers:
            peer.sendall(NEGOTIATE)
        good_mail(world, number)
    finally:
        for peer in peers:
            peer.close()


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def ended(peer: socket.socket, timeout: float) -> None:
    peer.settimeout(timeout)
    try:
        while peer.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        raise Failure(f"the connection is still open after {timeout:.0f}s") from None


def good_mail(world: World, number: int, again: bool = False) -> None:
    message = read_message(world.root / "integration" / "cases" / "plain-text" / "message.eml")
    recipient = f"after-peer-{number}{'-again' if again else ''}@example.net"
    with Client(world.postfix.ports.sample) as client:
        reply = client.send("alice@example.org", [recipient], message)
    expect(reply.code == 250, f"the client was told {reply}\n{world.daemon.log()[-2000:]}")
    world.judges.openssl(world.arrived(recipient), Expected("alice@example.org"))
