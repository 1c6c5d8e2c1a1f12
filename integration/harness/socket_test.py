"""Who reaches the daemon's socket: whoever does gets any signature, so it has to be the MTA alone."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import tools
from .bad_peers import NEGOTIATE
from .cases import read_message
from .judges import Expected
from .report import Test, expect
from .smtp import Client
from .world import World

# Connects as a milter client does, and says how far that goes.
DIAL = """
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(10)
try:
    peer.connect(sys.argv[1])
    peer.sendall(bytes.fromhex(sys.argv[2]))
    print("answered" if peer.recv(1) else "turned away")
except PermissionError:
    print("not opened")
except (BrokenPipeError, ConnectionResetError):
    print("turned away")
"""


def tests(world: World) -> Iterator[Test]:
    yield Test("socket: a local user outside the group cannot open it, Postfix can", partial(outside_the_group, world))
    yield Test("socket: a user who is not in Peers is turned away, Postfix is not", partial(not_in_peers, world))
    yield Test("socket: TCP that other machines reach does not start without Peers", partial(wide_tcp, world))


def dial(path: Path, user: str, group: str) -> str:
    """What becomes of a connection by that user."""
    done = tools.run(["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--inh-caps=-all",
                      "/usr/bin/python3", "-c", DIAL, path, NEGOTIATE.hex()])
    return tools.text(done.stdout).strip()


def outside_the_group(world: World) -> None:
    path = world.sockets / "postseal.sock"
    for user, group, expected in (("nobody", "nogroup", "not opened"), ("postfix", "postfix", "answered"),
                                  ("nobody", "postfix", "answered")):
        said = dial(path, user, group)
        expect(said == expected, f"{user}:{group} was {said}, not {expected}: {path.parent.stat()} {path.stat()}")
    # Not by a way around the directory either: the socket itself is closed to others.
    open_directory = world.sockets.stat().st_mode | 0o001
    world.sockets.chmod(open_directory)
    try:
        said = dial(path, "nobody", "nogroup")
    finally:
        world.sockets.chmod(open_directory & ~0o001)
    expect(said == "not opened", f"nobody was {said} by the socket's own mode")


def not_in_peers(world: World) -> None:
    message = read_message(world.root / "integration" / "cases" / "plain-text" / "message.eml")
    recipient = "peers@example.net"
    settings = {"Milter": {"Socket": f"unix:{world.sockets}/other.sock", "Peers": "postfix"}}
    with world.milter(settings, "sample") as (daemon, port):
        said = dial(world.sockets / "other.sock", "nobody", "postfix")
        expect(said == "turned away", f"nobody was {said}\n{daemon.log()}")
        daemon.says(r"user 65534 \(process \d+\)")
        with Client(port) as client:
            reply = client.send("alice@example.org", [recipient], message)
        expect(reply.code == 250, f"the client was told {reply}\n{daemon.log()}")
        world.judges.openssl(world.arrived(recipient), Expected("alice@example.org"))


def wide_tcp(world: World) -> None:
    done = world.program.run("milter", "--config", world.program.configure(
        {"Milter": {"Socket": "inet:0@0.0.0.0"}, "Certificates": {"Path": str(world.pki.certificates)}}))
    said = tools.text(done.stderr)
    expect(done.returncode == 2 and "[Milter] Peers" in said and "other machines can" in said, f"{done}")
