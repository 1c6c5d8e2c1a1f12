"""Encrypted mail from outside that Postseal opens for its reader, through a real Postfix: made by openssl, gpgsm, MimeKit and Bouncy
Castle; what arrives is judged by Python's email package and by openssl."""

import base64
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from smtplib import SMTPException

from . import mime, opening_sendmail, opening_ways, tools
from .opened_mail import ALICE, DOMAIN, EC, NAME, NOBODY, RSA, SECRET, TEXT, TEXT7, X25519, Opening, compressed, marks, results, wrapped
from .openers import Reader
from .pki import Issued
from .program import DAEMON
from .report import Skipped, Test, expect
from .split_mail import BOB, Sent
from .world import World

ALICES = f"signer={ALICE}; verified=yes; trusted=yes; author=yes"
FORGED = (b"From: boss@example.org\r\nSubject: Forged\r\nReceived: from nowhere; Fri, 27 Nov 2026 12:00:00 +0000\r\nTo: everybody@example.org\r\n"
          b"X-Postseal: decrypted; trusted=yes\r\nX-Postseal-Encrypt: never\r\nAuthentication-Results: mx.example.net; smime=pass\r\n"
          b"DKIM-Signature: v=1\r\nX-Spam-Status: No\r\nBcc: spy@example.org\r\nReply-To: spy@example.org\r\n")


@dataclass(frozen=True)
class Form:
    """One way to encrypt: what it is called, what is made, and what Postseal says of it."""
    name: str
    made: Callable[[Opening], bytes]
    mark: str
    smime: str = ""
    # What the reader reads, where it is not the text alone.
    entity: Callable[[Opening], bytes] | None = None
    signature: str = ""


def tests(world: World) -> Iterator[Test]:
    mail = Opening(world)
    for name, kinds in (("openssl", ("RSA", "RSA-OAEP", "P-256")), ("Bouncy Castle", ("RSA-OAEP", "P-256", "X25519")),
                        ("MimeKit", ("RSA", "RSA-OAEP")), ("gpgsm", ("RSA",))):
        yield Test(f"opening: what {name} encrypts: {', '.join(kinds)}", partial(made_by, mail, name, kinds))
    yield Test("opening: what is inside: signed, opaque, triple wrapped, encrypted twice, compressed, as Outlook names it", partial(forms, mail))
    yield Test("opening: the header inside forges nothing", partial(forged_inside, mail))
    yield Test("opening: three recipients of whom one has a key, and one in Bcc", partial(three, mail))
    yield Test("opening: an alias stands for one who has a key and one who has none", partial(alias, mail))
    yield Test("opening: what is for Alice stays closed for Mallory, whoever To names", partial(oracle, mail))
    yield Test("opening: replies say nothing of which keys are here, and what they open", partial(replies, mail))
    yield Test("opening: Undecryptable = Quarantine", partial(quarantine, mail))
    yield Test("opening: Undecryptable = Refuse refuses only what nobody could open", partial(refuse, mail))
    yield Test("opening: a bounce brings no plaintext back", partial(bounces, mail))
    yield Test("opening: Deliver = Reencrypted: only the reader's own key opens it", partial(reencrypted, mail))
    yield Test("opening: CBC without a signature that is not clean, and Unauthenticated = Keep", partial(unauthenticated, mail))
    yield Test("opening: SIGKILL while mail is in flight: nothing is lost, and no file has the text", partial(killed, mail))
    yield Test("opening: a disk that is full: what needs it waits", partial(full_disk, mail))
    yield Test("opening: at level Trace the log has no text either", partial(log, mail))
    yield Test("opening: right, wrong and missing keys are answered at the same time", partial(timing, mail))
    yield from opening_ways.tests(mail)
    yield from opening_sendmail.tests(mail)


# ---- What is opened ---------------------------------------------------------------------------------------------------


def made_by(mail: Opening, name: str, kinds: tuple[str, ...]) -> None:
    """Every kind of key with every cipher, the text alone and signed."""
    maker, address = mail.makers[name], {"RSA": RSA, "RSA-OAEP": RSA, "P-256": EC, "X25519": X25519}
    wanted = [(Reader(kind, mail.readers[address[kind]]), cipher) for kind in kinds for cipher in maker.makes[1]]
    signed = mail.signed()
    with mail.daemon():
        sent = []
        for entity in (TEXT, signed):
            for sealed in maker.make(wanted, entity):
                to = address[sealed.reader.kind]
                content = re.sub(r"Aes(\d+)(\w+)", r"aes\1-\2", sealed.cipher).lower()
                integrity = "aead" if content.endswith("gcm") else "none" if entity is TEXT else "signature"
                mark = f"decrypted; content={content}; integrity={integrity}; {'signer=none' if entity is TEXT else ALICES}"
                sent.append((mail.come(mail.letter(wrapped(sealed.cms.read_bytes()), to), to), to, entity, mark))
        for one, to, entity, mark in sent:
            [arrival] = mail.arrived(one, to)
            fields = mail.opened(one, arrival, mark, entity)
            if entity is signed:
                expect(mail.verifies(arrival.raw) == TEXT7, "the signature is over something else")
                expect(f"{NAME}; smime=pass (" in results(fields) and f"body.smime-identifier={ALICE}" in results(fields), results(fields))
            else:
                expect(results(fields) == "", results(fields))


FORMS = (
    Form("opaque", lambda m: m.encrypted(m.signed(TEXT7, "-nodetach"), m.readers[RSA]),
         f"decrypted; content=aes256-cbc; integrity=signature; {ALICES}", "pass", lambda m: TEXT7, "opaque"),
    Form("as Outlook names it", lambda m: m.encrypted(m.signed(), m.readers[RSA], kind="application/octet-stream"),
         f"decrypted; content=aes256-cbc; integrity=signature; {ALICES}", "pass", None, "detached"),
    Form("as old programs name it", lambda m: m.encrypted(m.signed(), m.readers[RSA], kind="application/x-pkcs7-mime"),
         f"decrypted; content=aes256-cbc; integrity=signature; {ALICES}", "pass", None, "detached"),
    Form("triple wrapped", lambda m: m.signed(m.encrypted(m.signed(), m.readers[RSA])),
         f"decrypted; content=aes256-cbc; integrity=signature; {ALICES}", "pass", None, "detached"),
    Form("triple wrapped, all opaque", lambda m: m.signed(m.encrypted(m.signed(TEXT7, "-nodetach"), m.readers[RSA], cipher="aes-128-gcm"), "-nodetach"),
         f"decrypted; content=aes128-gcm; integrity=aead; {ALICES}", "pass", None, "opaque"),
    Form("encrypted twice", lambda m: m.encrypted(m.encrypted(m.signed(), m.readers[RSA], cipher="aes-256-gcm"), m.readers[RSA]),
         rf"decrypted; content=aes256-cbc\+aes256-gcm; integrity=(none|signature); {ALICES}", "pass", None, "detached"),
    Form("to many, of whom one is here", lambda m: m.encrypted(TEXT, m.people[BOB], m.readers[RSA], m.readers[EC]),
         "decrypted; content=aes256-cbc; integrity=none; signer=none"),
    Form("compressed inside", lambda m: m.encrypted(compressed(TEXT), m.readers[RSA], cipher="aes-256-gcm"),
         "decrypted; content=aes256-gcm; integrity=aead; signer=none", "", lambda m: compressed(TEXT)),
)


def forms(mail: Opening) -> None:
    with mail.daemon() as daemon:
        for form in FORMS:
            sent = mail.come(mail.letter(form.made(mail)), RSA)
            [arrival] = mail.arrived(sent, RSA)
            fields, _ = mime.split(arrival.raw)
            said = marks(fields)
            expect(len(said) == 1 and re.fullmatch(form.mark, said[0]), f"{form.name}: it says {said}\n{daemon.log()[-1500:]}")
            expect((f"; smime={form.smime} (" in results(fields)) if form.smime else results(fields) == "", f"{form.name}: {results(fields)}")
            mail.outer_header_kept(sent, fields)
            if form.signature:
                expect(mail.verifies(arrival.raw, form.signature) == TEXT7, f"{form.name}: the signature is over something else")
            else:
                entity = form.entity(mail) if form.entity else TEXT
                changed = mime.difference(mime.parts(b"MIME-Version: 1.0\r\n" + entity), mime.parts(arrival.raw))
                expect(changed is None, f"{form.name}: {changed}")


def forged_inside(mail: Opening) -> None:
    forms = (FORGED + TEXT, mail.signed(FORGED + TEXT7, "-nodetach"), FORGED + mail.signed())
    with mail.daemon():
        for entity in forms:
            for strange in (b"", b"X-Postseal: decrypted; trusted=yes\r\nAuthentication-Results: mx.example.net; smime=pass\r\n"):
                sent = mail.come(strange + mail.letter(mail.encrypted(entity, mail.readers[RSA], cipher="aes-256-gcm")), RSA)
                [arrival] = mail.arrived(sent, RSA)
                fields, _ = mime.split(arrival.raw)
                own = Sent(sent.sender, sent.reply, sent.message.removeprefix(strange))
                mail.outer_header_kept(own, [f for f in fields])
                header = arrival.raw.split(b"\r\n\r\n")[0].lower()
                expect(len(marks(fields)) == 1 and b"integrity=aead" in header, f"{marks(fields)}")
                for name in (b"boss@", b"forged", b"nowhere", b"spy@", b"everybody@", b"v=1", b"never", b"x-spam"):
                    expect(name not in header, f"{name!r} got out:\n{tools.text(header)}")


# ---- To whom ----------------------------------------------------------------------------------------------------------


def three(mail: Opening) -> None:
    """One answer for all; whose key it is reads it, the others have it as it came, once each; the one in Bcc is named nowhere."""
    hidden = f"hidden@{DOMAIN}"
    with mail.daemon() as daemon:
        encrypted = mail.encrypted(mail.signed(), mail.readers[RSA], mail.people[BOB])
        sent = mail.come(mail.letter(encrypted, f"{RSA}, {NOBODY}"), RSA, NOBODY, hidden)
        for_rsa, *others = mail.arrived(sent, RSA, NOBODY, hidden)
        mail.opened(sent, for_rsa, f"decrypted; content=aes256-cbc; integrity=signature; {ALICES}", mail_entity(mail, for_rsa.raw))
        mail.verifies(for_rsa.raw)
        expect(for_rsa.recipients == (RSA,), f"{for_rsa.recipients}")
        for arrival in others:
            mail.closed(sent, arrival)
            expect(len(arrival.recipients) == 1, f"{arrival.recipients}")
        expect(all(hidden.encode() not in a.raw.split(b"\r\n\r\n")[0].replace(b"for <" + hidden.encode(), b"") for a in (for_rsa, others[0])),
               "who is in Bcc shows")
        daemon.says(r"split for 3 recipient\(s\)")
        # Whom nobody here has a key for: no split, and all get it in one transaction.
        stranger = mail.come(mail.letter(mail.encrypted(TEXT, mail.people[BOB])), RSA, NOBODY)
        first, second = mail.arrived(stranger, RSA, NOBODY)
        expect(first is second, "it was split for nobody")
        mail.closed(stranger, first)


def mail_entity(mail: Opening, raw: bytes) -> bytes:
    """What arrived, as the entity it should be: its signature is looked at elsewhere."""
    fields, body = mime.split(raw)
    return b"".join(f.raw for f in fields if f.name.lower().startswith("content-")) + b"\r\n" + body


def alias(mail: Opening) -> None:
    """lists.example.org has virtual aliases: Postfix shows who is meant only behind the milter."""
    team = "team@lists.example.org"
    maps = f"virtual_alias_maps=inline:{{ {{ {team} = {RSA}, {NOBODY} }} }}"
    with mail.world.postfix.changed(maps), mail.daemon() as daemon:
        sent = mail.come(mail.letter(mail.encrypted(TEXT, mail.readers[RSA]), team), team)
        for_rsa, for_nobody = mail.arrived(sent, RSA, NOBODY)
        mail.opened(sent, for_rsa, "decrypted; content=aes256-cbc; integrity=none; signer=none")
        mail.closed(sent, for_nobody)
        daemon.says("split for 1 recipient")
    # The alias holds a key itself: that is used for none of those whom it stands for.
    keys = mail.keys(RSA)
    mail.add_key(keys, team, mail.readers[RSA])
    with mail.world.postfix.changed(maps), mail.daemon(keys):
        sent = mail.come(mail.letter(mail.encrypted(TEXT, mail.readers[RSA]), team), team)
        for arrival in mail.arrived(sent, RSA, NOBODY):
            mail.closed(sent, arrival)


def oracle(mail: Opening) -> None:
    """Mallory has a mailbox here, with a key or without, and has got hold of what was sent to Alice."""
    with mail.daemon():
        for cipher in ("aes-256-cbc", "aes-256-gcm"):
            stolen = mail.encrypted(mail.signed(), mail.readers[RSA], cipher=cipher)
            for mallory in (EC, NOBODY):
                for fields in (b"", f"Delivered-To: {RSA}\r\nX-Original-To: {RSA}\r\nCc: {RSA}\r\nEnvelope-To: {RSA}\r\n".encode()):
                    sent = mail.come(fields + mail.letter(stolen, RSA), mallory)
                    mail.closed(sent, *mail.arrived(sent, mallory))
            # Nor with Alice in the envelope beside her, nor what is hers under a layer that Mallory can open.
            sent = mail.come(mail.letter(stolen, RSA), EC, RSA)
            for_mallory, for_alice = mail.arrived(sent, EC, RSA)
            mail.closed(sent, for_mallory)
            mail.verifies(for_alice.raw)
            both = mail.come(mail.letter(mail.encrypted(stolen, mail.readers[EC]), EC), EC)
            [arrival] = mail.arrived(both, EC)
            expect(SECRET not in arrival.raw, "the inner layer was opened with another's key")


# ---- What cannot be opened --------------------------------------------------------------------------------------------


def attempts(mail: Opening) -> dict[str, bytes]:
    """What a stranger can send to one who has a key, with answers that have to be the same; those named right are opened."""
    if not mail.attempts:
        mail.attempts = made_attempts(mail)
    return mail.attempts


def made_attempts(mail: Opening) -> dict[str, bytes]:
    reader = mail.readers[RSA]
    twin = twin_of(mail, reader)
    found = {}
    for cipher in ("aes-256-cbc", "aes-256-gcm"):
        good = mail.encrypted(TEXT, reader, cipher=cipher)
        found |= {f"{cipher}, right": good, f"{cipher}, wrong key": mail.encrypted(TEXT, twin, cipher=cipher),
                  f"{cipher}, no key": mail.encrypted(TEXT, mail.people[BOB], cipher=cipher),
                  f"{cipher}, changed": flipped(good, -60), f"{cipher}, changed at its end": flipped(good, -5)}
    return found


def twin_of(mail: Opening, reader: Issued) -> Issued:
    """Another key under the same name and number."""
    made = Issued(mail.file(), mail.file())
    serial = tools.text(tools.run(["openssl", "x509", "-in", reader.certificate, "-noout", "-serial"]).stdout).strip().split("=")[1]
    pki = mail.world.pki
    tools.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", made.key])
    public = mail.file()
    tools.run(["openssl", "pkey", "-in", made.key, "-pubout", "-out", public])
    tools.run(["openssl", "x509", "-new", "-subj", "/CN=twin", "-force_pubkey", public, "-CA", pki.intermediate.certificate, "-CAkey",
               pki.intermediate.key, "-set_serial", f"0x{serial}", "-days", "3", "-out", made.certificate])
    return made


def flipped(entity: bytes, position: int) -> bytes:
    _, body = entity.split(b"\r\n\r\n", 1)
    cms = bytearray(base64.b64decode(body))
    cms[position] ^= 1
    return wrapped(bytes(cms))


def replies(mail: Opening) -> None:
    with mail.daemon():
        seen = {}
        for name, entity in attempts(mail).items():
            sent = mail.come(mail.letter(entity), RSA)
            seen[name] = re.sub(r"queued as \S+", "queued as ID", str(sent.reply))
            [arrival] = mail.arrived(sent, RSA)
            if "right" in name:
                expect(SECRET in arrival.raw, f"{name}: it was not opened")
            else:
                mail.closed(sent, arrival)
        missing = mail.come(mail.letter(mail.encrypted(TEXT, mail.people[BOB]), NOBODY), NOBODY)
        seen["nobody's"] = re.sub(r"queued as \S+", "queued as ID", str(missing.reply))
        mail.closed(missing, *mail.arrived(missing, NOBODY))
        expect(len(set(seen.values())) == 1, f"{seen}")


def quarantine(mail: Opening) -> None:
    world = mail.world
    with mail.daemon(Incoming={"Undecryptable": "Quarantine"}) as daemon:
        for name, entity in attempts(mail).items():
            sent = mail.come(mail.letter(entity), RSA)
            expect(sent.reply.code == 250, f"{name}: {sent.reply}")
            if "right" in name:
                mail.arrived(sent, RSA)
                continue
            tools.wait_for(lambda: world.postfix.quarantined(RSA), 30, world.postfix.log)
            mail.nobody_got(sent, RSA)
            # Held mail would never be reported as delivered, and so who asks for that could tell.
            asked = mail.come(mail.letter(entity), RSA, rcpt=" NOTIFY=SUCCESS,FAILURE")
            mail.closed(asked, *mail.arrived(asked, RSA))
        daemon.says("quarantined: ")


def refuse(mail: Opening) -> None:
    world = mail.world
    good = mail.encrypted(TEXT, mail.readers[RSA])
    # Nobody can open these: an unknown cipher, and no CMS at all under its name.
    hopeless = {"cipher": mail.encrypted(TEXT, mail.readers[RSA], cipher="camellia-256-cbc"),
                "for another": mail.encrypted(TEXT, mail.people[BOB], cipher="camellia-256-cbc")}
    with mail.daemon(Incoming={"Undecryptable": "Refuse"}):
        for name, entity in hopeless.items():
            for to in ((RSA,), (NOBODY,), (RSA, NOBODY)):
                sent = mail.come(mail.letter(entity), *to)
                expect(sent.reply.code == 550 and "5.7.5" in sent.reply.text, f"{name}: {sent.reply}")
                mail.nobody_got(sent, *to)
        for entity in (mail.encrypted(TEXT, mail.people[BOB]), flipped(good, -60)):
            sent = mail.come(mail.letter(entity), RSA)
            expect(sent.reply.code == 250, f"{sent.reply}")
            tools.wait_for(lambda: world.postfix.quarantined(RSA), 30, world.postfix.log)
            mail.nobody_got(sent, RSA)
        mail.arrived(mail.come(mail.letter(good), RSA), RSA)


def unauthenticated(mail: Opening) -> None:
    unclean = TEXT.replace(b"8bit", b"7bit").replace(b"\xc3\xbc\xc3\x9f", b"\x01\x02\x03\xff")
    with mail.daemon():
        for cipher, opens in (("aes-256-cbc", False), ("aes-256-gcm", True)):
            sent = mail.come(mail.letter(mail.encrypted(unclean, mail.readers[RSA], cipher=cipher)), RSA)
            [arrival] = mail.arrived(sent, RSA)
            if opens:
                expect("integrity=aead" in marks(mime.split(arrival.raw)[0])[0], f"{marks(mime.split(arrival.raw)[0])}")
            else:
                mail.closed(sent, arrival)
    with mail.daemon(Incoming={"Unauthenticated": "Keep"}):
        for entity, opens in ((TEXT, False), (mail.signed(), True)):
            sent = mail.come(mail.letter(mail.encrypted(entity, mail.readers[RSA])), RSA)
            [arrival] = mail.arrived(sent, RSA)
            mail.verifies(arrival.raw) if opens else mail.closed(sent, arrival)


# ---- Bounces ----------------------------------------------------------------------------------------------------------


def bounces(mail: Opening) -> None:
    """The mailbox refuses what was opened: whoever sent it gets its header back, whatever he asked for."""
    full, gone = f"full@{DOMAIN}", f"gone@{DOMAIN}"
    sink, keys = mail.world.sinkdsn, mail.keys()
    for address in (full, gone):
        mail.add_key(keys, address, mail.readers[RSA])
    sink.refusals |= {full: "552 5.2.2 Over quota", gone: "550 5.1.1 Unknown user"}
    encrypted = mail.encrypted(mail.signed(), mail.readers[RSA])
    try:
        with mail.daemon(keys) as daemon:
            for to in ([full], [gone], [full, NOBODY]):
                for asked in ("", " RET=FULL ENVID=QQ314159", " RET=HDRS ENVID=QQ314159"):
                    sent = mail.come(mail.letter(encrypted, to[0]), *to, mail=asked)
                    notice = mail.notice(sent).raw
                    # Mail that is not opened may come back as it went.
                    expect(not has_plaintext(notice), f"the text is in it:\n{tools.text(notice)}")
                    expect(f"Final-Recipient: rfc822; {to[0]}".encode() in notice, tools.text(notice))
                    expect(not asked or b"Original-Envelope-Id: QQ314159" in notice, f"ENVID is gone\n{tools.text(notice)}")
                    expect(b"Subject: Number" in notice, "the notice does not say which mail it is about")
            daemon.says("decrypted with the key of")
            # Nobody gets a bounce of a bounce, and it was opened all the same.
            empty = mail.come(mail.letter(encrypted, RSA), RSA, sender="")
            expect(empty.reply.code == 250, f"{empty.reply}")
            [arrival] = tools.wait_for(lambda: [a for a in sink.all(RSA) if a.sender == ""] or None, 30, mail.world.postfix.log)
            mail.verifies(arrival.raw)
        # Without Postseal the text would be in it: so the search above finds something.
        plain = mail.send(mail.letter(TEXT, full), full, mail=" RET=FULL", port=mail.world.postfix.ports.plain)
        expect(has_plaintext(mail.notice(plain).raw), "the search for the text does not find it where it is")
    finally:
        sink.refusals.clear()


def has_plaintext(raw: bytes) -> bool:
    """Looks for the text as it stands, and in each part decoded."""
    return SECRET in raw + b"\n".join(part.content or b"" for part in mime.parts(raw))


def reencrypted(mail: Opening) -> None:
    """The key that is here is the gateway's; Bob has one of his own."""
    reader = mail.people[BOB]
    keys = mail.keys()
    certificate = keys.parent / f"{keys.name}-own.crt"
    certificate.write_bytes(reader.certificate.read_bytes())
    settings = {"Incoming": {"Deliver": "Reencrypted"}, f"Recipient:{RSA}": {"Certificate": str(certificate)}}
    with mail.daemon(keys, **settings):
        for entity, signed in ((TEXT, False), (mail.signed(), True)):
            sent = mail.come(mail.letter(mail.encrypted(entity, mail.readers[RSA], cipher="aes-256-gcm")), RSA)
            [arrival] = mail.arrived(sent, RSA)
            fields, _ = mime.split(arrival.raw)
            expect(SECRET not in arrival.raw and "delivered=reencrypted" in marks(fields)[0], tools.text(arrival.raw[:2000]))
            path = mail.file(arrival.raw)
            read = mail.file()
            tools.run(["openssl", "cms", "-decrypt", "-in", path, "-recip", reader.certificate, "-inkey", reader.key, "-out", read])
            inside = read.read_bytes()
            expect(SECRET in inside and (not signed or mail.verifies(b"MIME-Version: 1.0\r\n" + inside)), tools.text(inside))
            for other in mail.readers.values():
                failed = tools.run(["openssl", "cms", "-decrypt", "-in", path, "-recip", other.certificate, "-inkey", other.key, "-out", mail.file()],
                                   ok=range(256))
                expect(failed.returncode != 0, "another key opens it")
            mail.outer_header_kept(sent, fields)
        # Who has no certificate of his own gets a notice, and what came beside it, closed.
        sent = mail.come(mail.letter(mail.encrypted(mail.signed(), mail.readers[EC]), EC), EC)
        [arrival] = mail.arrived(sent, EC)
        expect(not has_plaintext(arrival.raw), f"the text is in it:\n{tools.text(arrival.raw)}")
        fields, _ = mime.split(arrival.raw)
        expect("delivered=notice" in marks(fields)[0], f"{marks(fields)}")
        texts = [part for part in mime.parts(arrival.raw) if part.type == "text/plain" and part.content]
        expect(texts, f"there is no notice\n{tools.text(arrival.raw)}")
        expect(mime.split(sent.message)[1].replace(b"\r\n", b"")[:200] in arrival.raw.replace(b"\r\n", b""), "the original is not with it")


# ---- Bad days ---------------------------------------------------------------------------------------------------------


def killed(mail: Opening) -> None:
    """Whoever got no 250 sends it again, as SMTP clients do."""
    keys, state, people = mail.keys(), mail.state(), [f"killed-{n}@{DOMAIN}" for n in range(12)]
    for address in people:
        mail.add_key(keys, address, mail.readers[RSA])
    encrypted = mail.encrypted(mail.signed(), mail.readers[RSA])
    letters = {to: mail.letter(encrypted, to) for to in people}
    told: dict[str, list[str]] = {to: [] for to in people}

    def send(to: str) -> None:
        try:
            told[to].append(str(mail.come(letters[to], to, sender=f"sender-{to}").reply))
        except (OSError, SMTPException) as e:
            told[to].append(f"000 {e}")

    def send_all(wanted: list[str]) -> list[threading.Thread]:
        threads = [threading.Thread(target=send, args=(to,)) for to in wanted]
        for thread in threads:
            thread.start()
        return threads

    configuration = mail.configure(keys, state)
    with mail.world.program.milter(configuration) as daemon:
        threads = send_all(people)
        daemon.says("decrypted with the key of|smime=")
        daemon.kill()
        for thread in threads:
            thread.join()
        nowhere(mail, [keys, state], daemon.log())
    again = [to for to in people if not told[to][-1].startswith("250")]
    expect(all(reply.startswith(("4", "250", "000")) for replies in told.values() for reply in replies), f"{told}")
    with mail.world.program.milter(configuration) as daemon:
        for thread in send_all(again):
            thread.join()
        for to in people:
            expect(told[to][-1].startswith("250"), f"{told[to]}")
            arrivals = tools.wait_for(lambda: mail.world.sinkdsn.all(to) or None, 30, mail.world.postfix.log)
            accepted = sum(reply.startswith("250") for reply in told[to])
            expect(len(arrivals) == accepted == 1, f"{len(arrivals)} copies for {to}, who sent it {told[to]}")
            mail.verifies(arrivals[0].raw)
        nowhere(mail, [keys, state], daemon.log())
    expect(again, "the daemon was killed too late: none was in flight")


def nowhere(mail: Opening, directories: list, log: str) -> None:
    """No file that the daemon wrote has the text, and neither has its log."""
    expect(SECRET.decode() not in log and "swordfish" not in log, "the log has the text")
    own = tools.text(tools.run(["find", "/tmp", "/var/tmp", "/dev/shm", "/run", *directories, "-xdev", "-type", "f", "-user", DAEMON,
                                "-newer", mail.world.pki.root.certificate, "-size", "-64M"], ok=(0, 1)).stdout).split("\n")
    found = [path for path in own if path and tools.run(["grep", "-qa", "swordfish", path], ok=(0, 1, 2)).returncode == 0]
    expect(not found, f"the text is in {found}")


def full_disk(mail: Opening) -> None:
    """The state is on a disk that is full: who needs no split gets his mail; what has to be split waits at its client."""
    state = mail.state()
    if tools.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", state], ok=range(256)).returncode != 0:
        raise Skipped("no file system can be mounted here")
    try:
        tools.run(["chown", DAEMON, state])
        filler = state / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"x" * 512):
                pass
        with mail.daemon(state=state) as daemon:
            encrypted = mail.encrypted(mail.signed(), mail.readers[RSA])
            alone = mail.come(mail.letter(encrypted), RSA)
            mail.verifies(mail.arrived(alone, RSA)[0].raw)
            both = mail.come(mail.letter(encrypted), RSA, NOBODY)
            expect(both.reply.code == 451, f"{both.reply}")
            daemon.says("cannot be split, and fails temporarily")
            mail.nobody_got(both, RSA, NOBODY)
            filler.unlink()
            again = mail.come(both.message, RSA, NOBODY)
            for_rsa, for_nobody = mail.arrived(again, RSA, NOBODY)
            mail.verifies(for_rsa.raw)
            mail.closed(again, for_nobody)
            nowhere(mail, [state], daemon.log())
    finally:
        tools.run(["umount", state])


def log(mail: Opening) -> None:
    keys, state = mail.keys(), mail.state()
    with mail.daemon(keys, state, Log={"Level": "Trace"}) as daemon:
        for entity in (*attempts(mail).values(), *(form.made(mail) for form in FORMS)):
            mail.arrived(sent := mail.come(mail.letter(entity), RSA), RSA)
        mail.arrived(mail.come(mail.letter(mail.encrypted(mail.signed(), mail.readers[RSA])), RSA, NOBODY), RSA, NOBODY)
        daemon.says("decrypted with the key of")
        expect("received" in daemon.log(), "this is not level Trace")
        nowhere(mail, [keys, state], daemon.log())


# ---- Time -------------------------------------------------------------------------------------------------------------


def timing(mail: Opening, rounds: int = 50) -> None:
    """How long it takes from the connection to the answer: the median of each kind is printed. What has to hold on any machine is that no
    answer comes before the first of the set times."""
    reader, bob = mail.readers[RSA], mail.people[BOB]
    kinds = {"right": mail.encrypted(TEXT, reader), "wrong": mail.encrypted(TEXT, twin_of(mail, reader)), "missing": mail.encrypted(TEXT, bob),
             "changed": flipped(mail.encrypted(TEXT, reader), -60)}
    times: dict[str, list[float]] = {name: [] for name in kinds}
    with mail.daemon():
        for _ in range(rounds):
            for name, entity in kinds.items():
                letter = mail.letter(entity)
                started = time.perf_counter()
                sent = mail.come(letter, RSA)
                times[name].append(time.perf_counter() - started)
                expect(sent.reply.code == 250, f"{sent.reply}")
    for name, all_of_them in times.items():
        ordered = sorted(all_of_them)
        print(f"    {name}: median {statistics.median(ordered) * 1000:.1f} ms, quartiles {ordered[len(ordered) // 4] * 1000:.1f} to "
              f"{ordered[3 * len(ordered) // 4] * 1000:.1f} ms", flush=True)
        expect(ordered[0] >= 0.05, f"{name}: an answer after {ordered[0] * 1000:.1f} ms")
