"""`postseal sign`, `check` and `demo`, as a person or a script calls them."""

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import mime, tools
from .judges import Expected
from .report import Test, expect
from .smtp import wire
from .world import World

KEYS = {
    "RSA-2048": ({}, Expected("alice@example.org")),
    "RSA-3072 PSS": ({"Signing": {"RsaPadding": "Pss"}}, Expected("rsa3072@example.org", algorithm="rsassaPss")),
    "P-256": ({}, Expected("p256@example.org", algorithm="ecdsa-with-SHA256")),
    "P-384": ({}, Expected("p384@example.org", algorithm="ecdsa-with-SHA384", digest="sha384")),
}


def tests(world: World) -> Iterator[Test]:
    for name, (settings, expected) in KEYS.items():
        yield Test(f"sign: {name}", partial(sign, world, settings, expected))
    yield Test("sign: mail of an unknown sender comes out as it went in", partial(unknown_sender, world))
    yield Test("sign: Required without a certificate is exit code 1, a reason, and no output", partial(required, world))
    yield Test("sign: --sender is the envelope sender, by default the one in From", partial(envelope_sender, world))
    yield Test("check: all is well", partial(check_well, world))
    yield Test("check: a Required sender without a usable certificate is exit code 1", partial(check_broken, world))
    yield Test("certs import: PKCS #12 that this machine's OpenSSL would not open", partial(old_pkcs12, world))
    yield Test("demo: signs, verifies and exits 0", partial(demo, world))
    yield Test("demo: --keep leaves what openssl can verify", partial(demo_keep, world))
    yield Test("help: each command says what it takes", partial(help_text, world))
    yield Test("usage errors are exit code 2", partial(usage, world))


def mail(sender: str) -> bytes:
    return wire(f"From: {sender}\nTo: bob@example.net\nSubject: Grüße\nMIME-Version: 1.0\n"
                "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße\n".encode())


def sign(world: World, settings: dict[str, dict[str, str]], expected: Expected) -> None:
    message = mail(expected.signer)
    done = world.program.run("sign", "--config", world.configure(settings, 0), stdin=message)
    expect(done.returncode == 0, f"exit code {done.returncode}: {tools.text(done.stderr)}")
    entity = world.judges.verify(done.stdout, expected)
    changed = mime.difference(mime.parts(message), mime.parts(entity))
    expect(changed is None, changed or "")


def unknown_sender(world: World) -> None:
    for message in (mail("nobody@example.org"), mail("nobody@example.org").replace(b"\r\n", b"\n")):
        done = world.program.run("sign", "--config", world.configure({}, 0), stdin=message)
        expect(done.returncode == 0 and done.stdout == message, f"{done}")


def required(world: World) -> None:
    configuration = world.configure({"Signing": {"Mode": "Required"}}, 0)
    done = world.program.run("sign", "--config", configuration, stdin=mail("nobody@example.org"))
    expect(done.returncode == 1 and not done.stdout and b"nobody@example.org" in done.stderr, f"{done}")


def envelope_sender(world: World) -> None:
    configuration = world.configure({"Originating": {"NetworksFrom": "EnvelopeSender"}}, 0)
    message = mail("alice@example.org")
    for sender in (("--sender", "alice@example.org"), ()):
        own = world.program.run("sign", "--config", configuration, *sender, stdin=message)
        expect(own.returncode == 0 and own.stdout != message, f"{own}")
        world.judges.verify(own.stdout, Expected("alice@example.org"))
    other = world.program.run("sign", "--config", configuration, "--sender", "mallory@example.org", stdin=message)
    expect(other.returncode == 0 and other.stdout == message, f"{other}")


def check_well(world: World) -> None:
    configuration = world.configure(
        {"Certificates": {"Path": str(world.certificates("alice@example.org", "onefile@example.org"))}}, 0)
    table = world.program.run("check", "--config", configuration)
    said = tools.text(table.stdout)
    absent = [w for w in ("alice@example.org", "onefile@example.org", "RSA-2048", "P-256") if w not in said]
    expect(table.returncode == 0 and not absent, f"{absent} not in {table}")
    machine = world.program.run("check", "--config", configuration, "--json")
    expect(machine.returncode == 0 and "alice@example.org" in json.dumps(json.loads(machine.stdout)), f"{machine}")


def check_broken(world: World) -> None:
    folder = {"Path": str(world.certificates("alice@example.org", "expired@example.org"))}
    for sender in ("nobody@example.org", "expired@example.org"):
        configuration = world.configure({"Certificates": folder, f"Sender:{sender}": {"Mode": "Required"}}, 0)
        done = world.program.run("check", "--config", configuration)
        expect(done.returncode == 1 and sender in tools.text(done.stdout + done.stderr), f"{done}")


def old_pkcs12(world: World) -> None:
    """The published program has what it takes with it: RC2 without OpenSSL's legacy module, Camellia, no passphrase."""
    here = world.work / "pkcs12"
    here.mkdir()
    (passphrase := here / "passphrase").write_text("open sesame\n")
    pem = world.pki.certificates / "onefile@example.org.pem"
    for name, source, options in (("RC2", passphrase, ("-legacy", "-certpbe", "PBE-SHA1-RC2-40")),
                                  ("Camellia", passphrase, ("-certpbe", "camellia-256-cbc", "-macalg", "sha224")),
                                  ("none", None, ())):
        (store := here / name).mkdir()
        configuration = world.program.configure(
            {"Certificates": {"Path": str(store), "PassphraseFile": str(passphrase)}})
        password = ("-passout", f"file:{source}" if source else "pass:")
        tools.run(["openssl", "pkcs12", "-export", "-in", pem, "-out", here / f"{name}.p12", *password, *options])
        done = tools.run([world.program.executable, "certs", "import", here / f"{name}.p12", "--config", configuration],
                         env={**os.environ, "OPENSSL_MODULES": "/nonexistent"})
        expect(b"onefile@example.org can sign now" in done.stdout, f"{name}: {done}")


def demo(world: World) -> None:
    done = world.program.run("demo")
    expect(done.returncode == 0 and b"multipart/signed" in done.stdout, f"{done}")


def demo_keep(world: World) -> None:
    """Among the files kept there is a CA, and a message openssl accepts with it."""
    kept = world.work / "demo"
    done = world.program.run("demo", "--keep", kept)
    expect(done.returncode == 0, f"{done}")
    files = [p for p in kept.rglob("*") if p.is_file()]
    authorities = [p for p in files if b"BEGIN CERTIFICATE" in p.read_bytes()]
    messages = [p for p in files if b"multipart/signed" in p.read_bytes()]
    expect(any(verified(m, a) for m in messages for a in authorities), f"openssl verifies nothing of {files}")


def verified(message: Path, authority: Path) -> bool:
    return tools.run(["openssl", "cms", "-verify", "-in", message, "-CAfile", authority, "-out", "/dev/null"],
                     ok=range(256)).returncode == 0


def help_text(world: World) -> None:
    for command, words in (((), ("milter", "sign", "check", "demo")), (("milter",), ("--config",)),
                           (("sign",), ("--config", "--sender")), (("check",), ("--config", "--json")),
                           (("demo",), ("--keep",))):
        done = world.program.run(*command, "--help")
        absent = [w for w in words if w not in tools.text(done.stdout)]
        expect(done.returncode == 0 and not absent, f"postseal {' '.join(command)} --help: {absent} not in {done}")


def usage(world: World) -> None:
    for arguments in (("--no-such-option",), ("no-such-command",), ("sign", "--config", "/nonexistent.ini"),
                      ("check", "--config"), ("sign", "--config", "/")):
        done = world.program.run(*arguments)
        expect(done.returncode == 2 and done.stderr, f"{done}")
