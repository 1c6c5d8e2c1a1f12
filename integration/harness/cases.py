"""The cases under integration/cases: each a directory of messages, settings and expectations (see README.md)."""

import base64
import random
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from . import mime
from .judges import Expected
from .program import Daemon, read_settings
from .report import Test, expect
from .smtp import Client, Reply, wire
from .world import World


@dataclass(frozen=True)
class Mail:
    """One message of a case and what becomes of it."""
    outcome: Literal["signed", "unsigned", "refused"]
    message: str = "message.eml"
    sender: str = "alice@example.org"
    # Who signs: the sender, unless it says otherwise.
    signer: str | None = None
    form: str = "detached"
    digest: str = "sha256"
    algorithm: str = "rsaEncryption"
    gpgsm: bool = True
    # Compare the signed entity's body byte for byte with what came: for mail that was fit to sign as it is.
    verbatim: bool = False
    # What SMTP says (refused), and what the log says: regular expressions.
    reply: str = ""
    log: str = ""


@dataclass(frozen=True)
class Case:
    directory: Path
    about: str
    mail: list[Mail]
    # The smtpd of the harness's Postfix: sample, tcp, submission or reinject.
    service: str = "sample"
    client: str | None = None
    login: str | None = None
    domain: str = "example.net"
    via: Literal["smtp", "sendmail"] = "smtp"
    settings: dict[str, dict[str, str]] = field(default_factory=dict)


def tests(world: World) -> Iterator[Test]:
    for path in sorted((world.root / "integration" / "cases").glob("*/case.toml")):
        case = load(path)
        yield Test(f"{path.parent.name}: {case.about}", partial(run, world, case))


def load(path: Path) -> Case:
    data = tomllib.loads(path.read_text())
    mail = [Mail(**m) for m in data.pop("mail")]
    return Case(path.parent, mail=mail, settings=read_settings(path.parent / "postseal.ini"), **data)


def run(world: World, case: Case) -> None:
    with world.milter(settings(world, case), case.service) as (daemon, port):
        connection = Client(port, case.client, case.login) if case.via == "smtp" else nullcontext()
        with connection as client, Client(world.postfix.ports.plain) as plain:
            for number, mail in enumerate(case.mail, 1):
                recipient = f"{case.directory.name}-{number}@{case.domain}"
                message = read_message(case.directory / mail.message)
                start = daemon.log_size()
                reply = send(world, client, mail, recipient, message)
                if mail.outcome == "refused":
                    expect(reply.code >= 500 and re.search(mail.reply, str(reply)), f"the client was told {reply}")
                    expect(not world.sink.has(recipient), "refused, and yet it was delivered")
                else:
                    expect(reply.code == 250, f"the client was told {reply}\n{daemon.log(start)[-2000:]}")
                    baseline = plain.send(mail.sender, [f"plain-{recipient}"], message)
                    expect(baseline.code == 250, f"Postfix without a milter does not take it either: {baseline}")
                    check(world, mail, message, world.arrived(recipient), world.arrived(f"plain-{recipient}"))
                said(daemon, mail, start)


def settings(world: World, case: Case) -> dict[str, dict[str, str]]:
    """The case's settings; its files, which `{case}` names, are copied to where the daemon's user can read them."""
    here = world.work / "cases" / case.directory.name
    if any("{case}" in value for section in case.settings.values() for value in section.values()):
        shutil.copytree(case.directory, here)
    return {section: {key: value.replace("{case}", str(here)) for key, value in values.items()}
            for section, values in case.settings.items()}


def send(world: World, client: Client | None, mail: Mail, recipient: str, message: bytes) -> Reply:
    if client:
        return client.send(mail.sender, [recipient], message)
    world.postfix.sendmail(message.replace(b"\r\n", b"\n"), "-f", mail.sender, "-t")
    return Reply(250, "handed to sendmail")


def said(daemon: Daemon, mail: Mail, start: int) -> None:
    """The log says what the case wants; of a signed mail always who, to how many and the queue id."""
    if mail.outcome == "signed":
        author = re.escape(mail.signer or mail.sender)
        daemon.says(rf"(?i)\b[0-9A-F]{{6,}}: signed as {author} for 1 recipient\(s\)", start)
    if mail.log:
        daemon.says(mail.log, start)


def check(world: World, mail: Mail, sent: bytes, received: bytes, baseline: bytes) -> None:
    same_headers(sent, received, baseline, mail.outcome == "signed")
    if mail.outcome == "unsigned":
        expect(mime.split(received)[1] == mime.split(baseline)[1],
               "unsigned, but the body is not as Postfix delivers it")
        return
    entity = world.judges.verify(received, Expected(mail.signer or mail.sender, mail.form, mail.digest, mail.algorithm,
                                                    mail.gpgsm))
    if mail.verbatim:
        expect(mime.split(entity)[1] == mime.split(baseline)[1], "the body that was signed is not what was sent")
    else:
        changed = mime.difference(mime.parts(baseline), mime.parts(entity))
        expect(changed is None, changed or "")


def same_headers(sent: bytes, received: bytes, baseline: bytes, signed: bool) -> None:
    """Header fields that are not about content stay as they are, byte for byte and in their order."""
    # Postfix adds these itself where they are missing, each time other ones.
    given = {f.name.lower() for f in mime.split(sent)[0]}
    own = {"message-id", "date", "from"} - given

    def kept(message: bytes) -> list[bytes]:
        fields = mime.split(message)[0]
        while fields and fields[0].name == "Received":
            fields = fields[1:]
        return [f.raw for f in fields if f.name.lower() not in own
                and not (signed and (f.name.lower().startswith("content-") or f.name.lower() == "mime-version"))]

    expect(kept(received) == kept(baseline), "header fields changed\n  sent:     "
           f"{mime.shown(kept(baseline))}\n  received: {mime.shown(kept(received))}")


def read_message(path: Path) -> bytes:
    """A message file; a line `{{random N}}` stands for N random bytes in base64, `{{repeat N TEXT}}` for N lines."""
    message = wire(path.read_bytes())
    message = re.sub(rb"\{\{random (\d+)\}\}", lambda m: attachment(int(m[1])), message)
    return re.sub(rb"\{\{repeat (\d+) (.*?)\}\}\r\n", lambda m: (m[2] + b"\r\n") * int(m[1]), message)


def attachment(size: int) -> bytes:
    return base64.encodebytes(random.Random(size).randbytes(size)).strip().replace(b"\n", b"\r\n")
