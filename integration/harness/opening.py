"""Encrypted mail from outside that Postseal opens for its reader, through a real Postfix: made by openssl, gpgsm, MimeKit and Bouncy
Castle; what arrives is judged by Python's email package and by openssl."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from . import mime, opening_days, opening_sendmail, opening_ways, tools
from .opened_mail import ALICE, DOMAIN, EC, NAME, NOBODY, RSA, SECRET, TEXT, TEXT7, X25519, Opening, compressed, flipped, marks, results, wrapped
from .openers import Reader
from .report import Test, expect
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
    yield Test("opening: CBC without a signature that is not clean, and Unauthenticated = Keep", partial(unauthenticated, mail))
    yield Test("opening: KeepSignature = no, TripleDes = yes, [From:x] Encrypted = Required", partial(settings, mail))
    yield from opening_days.tests(mail)
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


def replies(mail: Opening) -> None:
    with mail.daemon():
        seen = {}
        for name, entity in mail.attempts.items():
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
        for name, entity in mail.attempts.items():
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


def settings(mail: Opening) -> None:
    triple = mail.encrypted(TEXT, mail.readers[RSA], cipher="des3")
    required = {"From:@example.org": {"Encrypted": "Required", "Otherwise": "Refuse"}}
    with mail.daemon():
        old = mail.come(mail.letter(triple), RSA)
        mail.closed(old, *mail.arrived(old, RSA))
    with mail.daemon(Incoming={"KeepSignature": "no", "TripleDes": "yes"}, **required):
        old = mail.come(mail.letter(triple), RSA)
        mail.opened(old, *mail.arrived(old, RSA), "decrypted; content=des-ede3-cbc; integrity=none; signer=none")
        for options in ((), ("-nodetach",)):
            sent = mail.come(mail.letter(mail.encrypted(mail.signed(TEXT7, *options), mail.readers[RSA])), RSA)
            [arrival] = mail.arrived(sent, RSA)
            fields = mail.opened(sent, arrival, f"decrypted; content=aes256-cbc; integrity=signature; {ALICES}", TEXT7)
            expect(f"{NAME}; smime=pass (" in results(fields), results(fields))
        # What nobody here can open is encrypted all the same.
        stranger = mail.come(mail.letter(mail.encrypted(TEXT, mail.people[BOB])), RSA)
        mail.closed(stranger, *mail.arrived(stranger, RSA))
        refused = mail.come(mail.letter(mail.signed()), RSA)
        expect(refused.reply.code == 550 and "encrypted" in refused.reply.text, f"{refused.reply}")
        mail.nobody_got(refused, RSA)
        other = mail.come(mail.letter(TEXT, RSA, "dan@example.com"), RSA)
        mail.arrived(other, RSA)
