"""Configurations, certificates and messages that are broken: a clear answer, no crash, no hang, no lost mail."""

import random
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from . import mime, tools
from .command_line import mail
from .judges import Expected
from .program import DAEMON
from .report import Test, expect
from .smtp import Client
from .world import World

ALICE = "alice@example.org"

# What is added to a good configuration, and what the error has to name besides the file.
CONFIGURATIONS = {
    "an unknown key": ("[Signing]\nModus = Required\n", ("Signing", "Modus")),
    "an unknown section": ("[Signign]\nMode = Required\n", ("Signign",)),
    "a duplicate key": ("[Log]\nLevel = Error\n", ("Log", "Level")),
    "a bad number": ("[Milter]\nMaxConnections = many\n", ("Milter", "MaxConnections", "many")),
    "a negative number": ("[Milter]\nMaxConnections = -1\n", ("Milter", "MaxConnections", "-1")),
    "a bad size": ("[Milter]\nMaxMessageSize = 64 elephants\n", ("Milter", "MaxMessageSize", "64 elephants")),
    "a bad span": ("[Milter]\nIdleTimeout = soon\n", ("Milter", "IdleTimeout", "soon")),
    "a bad choice": ("[Signing]\nMode = Perhaps\n", ("Signing", "Mode", "Perhaps", "IfPossible")),
    "a bad socket": ("[Milter]\nSocket = tcp:8891\n", ("Milter", "Socket", "tcp:8891", "inet:")),
    "a bad network": ("[Originating]\nNetworks = 10.0.0.0/33\n", ("Originating", "Networks", "10.0.0.0/33")),
    "a directory that is not there": ("[Certificates]\nPath = nowhere\n", ("Certificates", "Path", "nowhere")),
    "a passphrase file that is not there": ("[Certificates]\nPassphraseFile = nowhere\n",
                                            ("Certificates", "PassphraseFile", "nowhere")),
    "a section for a sender that is no address": ("[Sender:example]\nMode = Never\n", ("Sender:example",)),
}


def nested(depth: int, leaf: bytes) -> bytes:
    head = b"From: alice@example.org\r\nMIME-Version: 1.0\r\n"
    opened = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(depth))
    closed = b"".join(b"\r\n--b%d--\r\n" % i for i in reversed(range(depth)))
    return head + opened + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + leaf + closed


def forwarded(depth: int, leaf: bytes) -> bytes:
    inner = b"From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n"
    return inner * depth + b"Subject: innermost\r\n\r\n" + leaf


def parts(count: int) -> bytes:
    return (b"From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--b\r\n\r\n\xc3\xbc\r\n" * count + b"--b--\r\n")


MESSAGES: dict[str, Callable[[], bytes]] = {
    "nothing at all": lambda: b"",
    "one line end": lambda: b"\r\n",
    "no headers": lambda: b"\r\nNothing but a body.\r\n",
    "no line end": lambda: b"From: alice@example.org",
    "a header that is none": lambda: b"From: alice@example.org\r\nthis is no header field\r\n\r\nbody\r\n",
    "a header line of 1 MB": lambda: b"From: alice@example.org\r\nX-Long: " + b"x" * (1 << 20) + b"\r\n\r\nbody\r\n",
    "a From of 1 MB": lambda: b"From: " + b"(" * (1 << 20) + b"alice@example.org\r\n\r\nbody\r\n",
    "a Content-Type of 1 MB": lambda: mail(ALICE).replace(b"charset=utf-8", b"x=" + b"a" * 1_000_000),
    "20,000 header fields": lambda: b"X-Many: 1\r\n" * 20_000 + mail(ALICE),
    "a boundary that never occurs": lambda: mail(ALICE).replace(b"text/plain", b"multipart/mixed; boundary=never"),
    "an empty boundary": lambda: mail(ALICE).replace(b"text/plain", b'multipart/mixed; boundary=""'),
    "1,000 multiparts deep": lambda: nested(1000, b"at the bottom\r\n"),
    "1,000 multiparts deep, 8bit": lambda: nested(1000, "ganz unten, für immer\r\n".encode()),
    "1,000 messages deep": lambda: forwarded(1000, b"at the bottom\r\n"),
    "1,000 messages deep, 8bit": lambda: forwarded(1000, "ganz unten, für immer\r\n".encode()),
    "50,000 parts": lambda: parts(50_000),
    "5 MB of delimiters": lambda: parts(1) + b"--b\r\n" * 1_000_000,
    "NUL bytes": lambda: mail(ALICE) + b"\0" * 1000 + b"\r\n",
    "NUL bytes in the header": lambda: mail(ALICE).replace(b"Subject:", b"Subject: \0\0"),
    "NUL bytes in From": lambda: mail("alice@example.org\0"),
    "noise": lambda: b"From: alice@example.org\r\n\r\n" + random.Random(1).randbytes(200_000),
    "noise for a header": lambda: random.Random(2).randbytes(200_000),
}


def tests(world: World) -> Iterator[Test]:
    for name, (lines, named) in CONFIGURATIONS.items():
        yield Test(f"configuration: {name} is exit code 2, with file, section and key named",
                   partial(configuration, world, lines, named))
    yield Test("configuration: a socket in use is said, and who has it lives", partial(socket_in_use, world))
    yield Test("configuration: a live Unix socket is refused, a stale one replaced", partial(unix_sockets, world))
    for name, spoil, named in CERTIFICATES:
        yield Test(f"certificates: {name} is a warning that names the file", partial(certificate, world, spoil, named))
    for name, convert in OTHER_FORMATS:
        yield Test(f"certificates: {name} is taken as it is", partial(other_format, world, convert))
    yield Test("certificates: a key anyone can read is a warning, and signs", partial(readable_key, world))
    for name, make in MESSAGES.items():
        yield Test(f"postseal sign: {name}", partial(through_sign, world, make))
        yield Test(f"through Postfix: {name}", partial(through_postfix, world, make, name))


def configuration(world: World, lines: str, named: tuple[str, ...]) -> None:
    good = world.configure({}, 0).read_text()
    section, line = lines.split("\n")[:2]
    key = line.split(" = ")[0]
    # A duplicate is added; every other line takes the place of the good one.
    kept = [g for g in good.splitlines() if not g.startswith(f"{key} =") or "Level" in line]
    at = kept.index(section) + 1 if section in kept else len(kept)
    if section not in kept:
        kept.append(section)
        at += 1
    path = world.program.write("\n".join([*kept[:at], line, *kept[at:]]) + "\n")
    # `sign` opens no socket, so it does not mind a bad one.
    for command in ("check", "milter") if key == "Socket" else ("check", "milter", "sign"):
        done = world.program.run(command, "--config", path, stdin=mail(ALICE))
        said = tools.text(done.stderr)
        absent = [n for n in (path.name, *named) if n not in said]
        expect(done.returncode == 2 and not absent and not done.stdout.startswith(b"From:"),
               f"{command}: exit code {done.returncode}, {absent} not in: {said}")


def socket_in_use(world: World) -> None:
    done = world.program.run("milter", "--config", world.configure({}, world.milter_port))
    expect(done.returncode in (1, 2) and f"{world.sockets}/postseal.sock" in tools.text(done.stderr), f"{done}")
    tcp = world.program.configure({"Milter": {"Socket": f"inet:{world.milter_port}@127.0.0.1"},
                                   "Certificates": {"Path": str(world.pki.certificates)}})
    done = world.program.run("milter", "--config", tcp)
    expect(done.returncode in (1, 2) and str(world.milter_port) in tools.text(done.stderr), f"{done}")
    socket.create_connection(("127.0.0.1", world.milter_port), timeout=5).close()


def unix_sockets(world: World) -> None:
    path = world.sockets / "stale.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    shutil.chown(path, DAEMON)
    settings = {"Milter": {"Socket": f"unix:{path}"}}
    ini = world.program.configure({"Certificates": {"Path": str(world.pki.certificates)}}, settings)
    with world.program.milter(ini):
        expect(path.stat().st_mode & 0o777 == 0o660, f"mode {path.stat().st_mode & 0o777:o}")
        done = world.program.run("milter", "--config", ini)
        expect(done.returncode in (1, 2) and str(path) in tools.text(done.stderr), f"{done}")
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(path))
    expect(not path.exists(), "the socket is left behind")
    path.write_text("not a socket")
    done = world.program.run("milter", "--config", ini)
    expect(done.returncode in (1, 2) and path.read_text() == "not a socket", f"{done}")


def binary_certificate(folder: Path) -> None:
    der = tools.run(["openssl", "x509", "-in", folder / f"{ALICE}.crt", "-outform", "DER"]).stdout
    # DER has room for one certificate: the intermediate comes from another file of the directory.
    (folder / f"{ALICE}.crt").rename(folder / "chain.pem")
    (folder / f"{ALICE}.crt").write_bytes(der)


def pkcs12(folder: Path) -> None:
    bundle = tools.run(["openssl", "pkcs12", "-export", "-in", folder / f"{ALICE}.crt", "-inkey",
                        folder / f"{ALICE}.pem", "-passout", "pass:"]).stdout
    (folder / f"{ALICE}.pem").write_bytes(bundle)


def noise(name: str, folder: Path) -> None:
    (folder / name).write_bytes(random.Random(3).randbytes(2000))


def truncated(name: str, folder: Path) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:500])


def emptied(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"")


def removed_key(folder: Path) -> None:
    (folder / f"{ALICE}.pem").unlink()


# Told by their content, whatever their names say.
OTHER_FORMATS = (
    ("a certificate in DER", binary_certificate),
    ("PKCS#12 instead of PEM", pkcs12),
)

CERTIFICATES = (
    ("a certificate that is noise", partial(noise, f"{ALICE}.crt"), f"{ALICE}.crt"),
    ("a key that is noise", partial(noise, f"{ALICE}.pem"), f"{ALICE}.pem"),
    ("a truncated certificate", partial(truncated, f"{ALICE}.crt"), f"{ALICE}.crt"),
    ("a truncated key", partial(truncated, f"{ALICE}.pem"), f"{ALICE}.pem"),
    ("an empty certificate", partial(emptied, f"{ALICE}.crt"), f"{ALICE}.crt"),
    ("an empty key", partial(emptied, f"{ALICE}.pem"), f"{ALICE}.pem"),
    ("a certificate without its key", removed_key, f"{ALICE}.pem"),
)


def certificate(world: World, spoil: Callable[[Path], None], named: str) -> None:
    folder = world.certificates(ALICE, "p256@example.org")
    spoil(folder)
    settings = {"Certificates": {"Path": str(folder)}}
    message = mail(ALICE)
    passed = world.program.run("sign", "--config", world.configure(settings, 0), stdin=message)
    expect(passed.returncode == 0 and passed.stdout == message and named in tools.text(passed.stderr), f"{passed}")
    required = world.configure({**settings, "Signing": {"Mode": "Required"}}, 0)
    refused = world.program.run("sign", "--config", required, stdin=message)
    expect(refused.returncode == 1 and not refused.stdout, f"{refused}")
    checked = world.program.run("check", "--config", required)
    expect(checked.returncode == 1 and named in tools.text(checked.stdout + checked.stderr), f"{checked}")
    others = world.program.run("sign", "--config", required, stdin=mail("p256@example.org"))
    world.judges.openssl(others.stdout, Expected("p256@example.org", algorithm="ecdsa-with-SHA256"))


def other_format(world: World, convert: Callable[[Path], None]) -> None:
    folder = world.certificates(ALICE)
    convert(folder)
    done = world.program.run("sign", "--config", world.configure({"Certificates": {"Path": str(folder)}}, 0), stdin=mail(ALICE))
    expect(done.returncode == 0, f"{done}")
    world.judges.openssl(done.stdout, Expected(ALICE))


def readable_key(world: World) -> None:
    folder = world.certificates(ALICE)
    key = folder / f"{ALICE}.pem"
    key.chmod(0o644)
    done = world.program.run("sign", "--config", world.configure({"Certificates": {"Path": str(folder)}}, 0),
                             stdin=mail(ALICE))
    expect(done.returncode == 0 and key.name in tools.text(done.stderr), f"{done}")
    world.judges.openssl(done.stdout, Expected(ALICE))


def through_sign(world: World, make: Callable[[], bytes]) -> None:
    """Signed and verified, or passed as it is, or refused with a reason: and soon."""
    message = make()
    done = world.program.run("sign", "--config", world.configure({}, 0), stdin=message, timeout=20)
    if done.returncode == 0 and done.stdout != message:
        world.judges.openssl(done.stdout, Expected(ALICE))
    elif done.returncode != 0:
        expect(done.stderr and not done.stdout, f"{done}")


def through_postfix(world: World, make: Callable[[], bytes], name: str) -> None:
    """What the client was told is what happened: taken and delivered, or refused with a reason."""
    message = make()
    recipient = f"bad-{name.replace(' ', '-').replace(',', '')}@example.net"
    with Client(world.postfix.ports.sample) as client, Client(world.postfix.ports.plain) as plain:
        reply = client.send(ALICE, [recipient], message)
        expect(reply.code == 250 or reply.code >= 500, f"the client was told {reply}\n{world.daemon.log()[-2000:]}")
        if reply.code != 250:
            expect(not world.sink.has(recipient), "refused, and yet it was delivered")
            return
        plain.send(ALICE, [f"plain-{recipient}"], message)
    received, baseline = world.arrived(recipient), world.arrived(f"plain-{recipient}")
    if b"multipart/signed" in b"".join(f.raw for f in mime.split(received)[0]):
        received = world.judges.openssl(received, Expected(ALICE))
    changed = mime.split(received)[1] != mime.split(baseline)[1]
    difference = mime.difference(mime.parts(baseline), mime.parts(received)) if changed else None
    expect(difference is None, difference or "")
