"""Peers of the milter that are no MTA, or a broken one: each loses its own connection, and good mail still passes."""

import itertools
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from .cases import read_message
from .judges import Expected
from .libmilter import frame, unescape
from .report import Failure, Test, expect
from .smtp import Client
from .world import World

NEGOTIATE = frame("O")


def peers(world: World, end: str) -> dict[str, bytes]:
    """The peers of tests/hostile/frames.txt that end so ("closed", "open"): by name, what each sends."""
    blocks = (world.root / "tests" / "hostile" / "frames.txt").read_text().rstrip().split("\n\n")[1:]
    cases = ([line.strip() for line in block.split("\n")] for block in blocks)
    return {name: b"".join(map(sent, lines)) for name, *lines, last in cases if last.startswith(end)}


def sent(line: str) -> bytes:
    return unescape(line[3:].lstrip()) if line.startswith("raw") else frame(line)


def tests(world: World) -> Iterator[Test]:
    numbers = itertools.count()
    for name, data in peers(world, "closed").items():
        yield Test(f"milter peer: {name} ends that connection, and mail passes",
                   partial(nonsense, world, data, next(numbers)))
    for name, data in peers(world, "open").items():
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
        silent = []
        for data in (NEGOTIATE, *peers(world, "open").values()):
            silent.append(stack.enter_context(dial(world.other_milter_port)))
            silent[-1].sendall(data)
        for peer in silent:
            ended(peer, 45)


def crowd(world: World, number: int) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(dial(world.milter_port)).sendall(NEGOTIATE)
        good_mail(world, number)


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
