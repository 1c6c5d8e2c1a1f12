"""Runs the dialogues of the conformance tests of Milter.NET against libmilter itself."""

import re
import socket
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import tools
from .program import Daemon
from .report import Test, expect
from .world import World

FULL_OFFER = b"O" + struct.pack(">III", 6, 0x1FF, 0x1FFFFF)
ESCAPE = re.compile(rb"\\(0|r|n|x[0-9a-f]{2})")
ESCAPED = {b"0": b"\0", b"r": b"\r", b"n": b"\n"}


def tests(world: World) -> Iterator[Test]:
    for path in sorted((world.root / "tests" / "Milter.NET.Tests" / "Conformance" / "dialogues").glob("*.txt")):
        sentence = path.read_text().splitlines()[0].removeprefix("# ")
        yield Test(f"milter as libmilter has it: {sentence}", partial(judge, world, path))


def judge(world: World, path: Path) -> None:
    *lines, last = path.read_text().splitlines()
    steps = [line.split(" -> ") for line in lines if " -> " in line]
    # It is killed and not asked to stop: libmilter looks for that every five seconds only.
    with world.filters.start("libmilter", world.milters.stages) as filter:
        with socket.create_connection(("127.0.0.1", world.milters.stages), timeout=10) as peer:
            replies = converse(peer, b"".join(map(frame, (command for command, _ in steps))))
        expected = [reply for _, reply in steps if reply not in ("-", "closed")]
        expect(replies == expected, f"replies\n  in the file: {expected}\n  libmilter:   {replies}")
        called = last.removeprefix("calls: ").split()
        tools.wait_for(lambda: calls(filter) == called or None, 10,
                       lambda: f"the calls\n  in the file: {called}\n  libmilter:   {calls(filter)}")


def calls(filter: Daemon) -> list[str]:
    """What the filter was called for, without the first one, which found out that it listens."""
    return filter.log().split()[1:]


def converse(peer: socket.socket, frames: bytes) -> list[str]:
    """Says everything and then listens: the first letter of each reply, until the filter closes."""
    said = b""
    try:
        peer.sendall(frames)
        while piece := peer.recv(65536):
            said += piece
    except ConnectionResetError:
        pass  # it closed before it had read everything
    replies = []
    while said:
        size, = struct.unpack(">I", said[:4])
        replies.append(chr(said[4]))
        said = said[4 + size:]
    return replies


def frame(text: str) -> bytes:
    if text == "O":
        data = FULL_OFFER
    elif text.startswith("B*"):
        data = b"B" + b"x" * int(text[2:])
    else:
        data = unescape(text)
    return struct.pack(">I", len(data)) + data


def unescape(text: str) -> bytes:
    return ESCAPE.sub(lambda m: ESCAPED.get(m[1]) or bytes.fromhex(m[1][1:].decode()), text.encode())
