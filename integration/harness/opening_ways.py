"""What else mail passes that Postseal opened or left closed: archives, filters, forwarding, mailing lists, notices. The lines that
postfix-sample/README.md recommends for each, and what it says remains."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from . import mime, tools
from .opened_mail import EC, NOBODY, RSA, SECRET, TEXT, Opening, marks
from .report import Test, expect
from .sink import EIGHTBIT, Sink
from .smtp import Client, Reply
from .split_mail import BOB, Sent
from .spy_milter import SpyMilter

ELSEWHERE = "elsewhere@example.com"
OPENED = "decrypted; content=aes256-cbc; integrity=none; signer=none"


def tests(mail: Opening) -> Iterator[Test]:
    for name, test in (
            ("an archive (always_bcc) has it as it came where the split comes first, else opened", archive),
            ("a spam filter before it sees what came, one behind it sees the text", milters),
            ("a content filter behind the queue sees the text, and can hand it back", content_filter),
            ("a virtual alias to elsewhere: it leaves as it came", forwarded_by_alias),
            (".forward of local(8): it leaves in clear, or not at all", forwarded_by_user),
            ("sent on from here, it leaves encrypted or not at all", sent_on),
            ("a mailing list with a key of its own", mailing_list),
            ("a stranger cannot have it reported that his mail was opened", success_notices)):
        yield Test(f"opening: {name}", partial(test, mail))


def line(mail: Opening, start: str, file: str = "main.cf") -> str:
    """A line of the sample that begins so, and that is a comment there."""
    [found] = re.findall(rf"(?m)^# +({re.escape(start)}.*)$", (mail.world.sample / file).read_text())
    return found


@contextmanager
def mailboxes(mail: Opening, *parameters: str) -> Iterator[None]:
    """A Postfix that has the mailboxes behind a transport of another name than smtp: so addresses are expanded before mail is opened."""
    to = line(mail, "transport_maps = ").replace("example.org", "split.example.net").replace(
        "[192.0.2.10]", f"[127.0.0.1]:{mail.world.sinkdsn.port}")
    transport = line(mail, "mailboxes unix", "master.cf").replace(" y ", " n ")
    with mail.world.postfix.changed(to, *parameters, added=transport + "\n"):
        yield


def letter(mail: Opening, to: str = RSA) -> bytes:
    return mail.letter(mail.encrypted(TEXT, mail.readers[RSA]), to)


def kept(sink: Sink, recipient: str, sent: Sent) -> list:
    return [arrival for arrival in sink.all(recipient) if arrival.sender == sent.sender]


def archive(mail: Opening) -> None:
    archived, sink = "archive@example.net", mail.world.sink
    with mail.daemon():
        for expands, ways in ((True, (RSA,)), (True, (RSA, NOBODY)), (False, (RSA,))):
            bcc = f"always_bcc={archived}"
            with mailboxes(mail, bcc) if expands else mail.world.postfix.changed(bcc):
                sent = mail.come(letter(mail), *ways)
                for_rsa = mail.arrived(sent, *ways)[0]
                mail.opened(sent, for_rsa, OPENED)
                tools.wait_for(lambda: kept(sink, archived, sent) or None, 30, mail.world.postfix.log)
            [copy] = kept(sink, archived, sent)
            mail.closed(sent, copy) if expands else expect(SECRET in copy.raw, "the archive has it closed")


def milters(mail: Opening) -> None:
    ports = mail.world.postfix.ports
    first, second = tools.free_ports(2)
    with SpyMilter(first) as before, SpyMilter(second) as behind, mail.daemon():
        at_second = line(mail, "-o smtpd_milters=$postseal_milter,inet", "master.cf").removeprefix("-o ").replace("11332", str(second))
        services = (f"127.0.0.1:{ports.split}/inet/smtpd_milters=inet:127.0.0.1:{first},$postseal_milter,inet:127.0.0.1:{second}",
                    f"127.0.0.1:{ports.second}/inet/{at_second}")
        with mail.world.postfix.changed(services=services):
            alone = mail.come(letter(mail), RSA)
            mail.opened(alone, mail.arrived(alone, RSA)[0], OPENED)
            expect([SECRET in seen for seen in (*before.seen, *behind.seen)] == [False, True], f"{before.seen} {behind.seen}")
            several = mail.come(letter(mail), RSA, NOBODY)
            mail.opened(several, mail.arrived(several, RSA, NOBODY)[0], OPENED)
            expect(len(before.seen) == 2 and SECRET not in before.seen[1], f"{before.seen}")
            expect(sorted(SECRET in seen for seen in behind.seen[1:]) == [False, False, True], f"{behind.seen[1:]}")


def content_filter(mail: Opening) -> None:
    """The filter takes mail by SMTP and hands it back to the service without milters."""
    postfix = mail.world.postfix
    [port] = tools.free_ports(1)
    scanner = Sink(port, (*EIGHTBIT, "DSN"))
    to_scanner = line(mail, "-o content_filter=smtp", "master.cf").removeprefix("-o ").replace("10024", str(port))
    services = (f"127.0.0.1:{postfix.ports.second}/inet/{to_scanner}", f"127.0.0.1:{postfix.ports.reinject}/inet/content_filter=")
    try:
        with postfix.changed(to_scanner, services=services), mail.daemon():
            for to in ((RSA,), (RSA, NOBODY)):
                sent = mail.come(letter(mail), *to)
                for recipient in to:
                    [scanned] = tools.wait_for(lambda: kept(scanner, recipient, sent) or None, 30, postfix.log)
                    expect((SECRET in scanned.raw) == (recipient == RSA), f"the filter gets of {recipient}: {tools.text(scanned.raw)}")
                    expect(("RET=HDRS" in scanned.commands[0]) == (recipient == RSA), f"{scanned.commands}")
                    with Client(postfix.ports.reinject) as client:
                        client.send(sent.sender, [recipient], scanned.raw, " RET=HDRS" if recipient == RSA else "")
                mail.opened(sent, mail.arrived(sent, *to)[0], OPENED)
        # A filter that forgets RET has what comes back bounce with its text, unless Postfix returns headers alone to everybody.
        full = f"scanned-{RSA}"
        mail.world.sinkdsn.refusals[full] = "552 5.2.2 Over quota"
        for limit, returned in (("bounce_size_limit=50000", True), (line(mail, "bounce_size_limit"), False)):
            with postfix.changed(limit):
                notice = mail.notice(mail.send(mail.letter(TEXT, full), full, port=postfix.ports.reinject)).raw
            expect((SECRET in notice) == returned, f"{limit}: {tools.text(notice)}")
    finally:
        mail.world.sinkdsn.refusals.clear()
        scanner.close()


def forwarded_by_alias(mail: Opening) -> None:
    """Virtual aliases are expanded before the second pass, where only he whose key it is gets it opened."""
    maps = f"virtual_alias_maps=inline:{{ {{ {RSA} = {RSA}, {ELSEWHERE} }} }}"
    with mailboxes(mail, maps), mail.daemon():
        sent = mail.come(letter(mail), RSA)
        mail.opened(sent, mail.arrived(sent, RSA)[0], OPENED)
        [arrival] = tools.wait_for(lambda: kept(mail.world.sink, ELSEWHERE, sent) or None, 30, mail.world.postfix.log)
        mail.closed(sent, arrival)


def forwarded_by_user(mail: Opening) -> None:
    """local(8) reads .forward behind all milters."""
    user, files = "games@local.example.net", mail.world.directory_of_daemon("forward")
    (files / "games").write_text(f"{ELSEWHERE}\n")
    keys = mail.keys()
    mail.add_key(keys, user, mail.readers[RSA])
    certificate = keys.parent / f"{keys.name}-own.crt"
    certificate.write_bytes(mail.people[BOB].certificate.read_bytes())
    local = ("mydestination=local.example.net", f"mailbox_transport=smtp:[127.0.0.1]:{mail.world.sinkdsn.port}", "local_recipient_maps=", "mailbox_size_limit=0")
    service = "local unix - n n - - local\n"
    again = {"Incoming": {"Deliver": "Reencrypted"}, f"Recipient:{user}": {"Certificate": str(certificate)}}
    for path, settings, sink, to, readable in ((f"forward_path={files}/$user", {}, mail.world.sink, ELSEWHERE, True),
                                               (line(mail, "forward_path"), {}, mail.world.sinkdsn, user, True),
                                               (f"forward_path={files}/$user", again, mail.world.sink, ELSEWHERE, False)):
        with mail.world.postfix.changed(*local, path, added=service), mail.daemon(keys, **settings):
            sent = mail.come(letter(mail, user), user)
            [arrival] = tools.wait_for(lambda: kept(sink, to, sent) or None, 30, mail.world.postfix.log)
            expect((SECRET in arrival.raw) == readable, f"{path}: {tools.text(arrival.raw)}")
            expect(sink is mail.world.sink or not kept(mail.world.sink, ELSEWHERE, sent), "it left")


def sent_on(mail: Opening) -> None:
    """By Sieve's redirect, a mail program's, a script: with main.cf's line, what was opened here leaves encrypted."""
    postfix, keys = mail.world.postfix, mail.keys()
    tools.run(["install", "-o", "daemon", mail.people[BOB].certificate, keys / f"{BOB}.crt"])
    with postfix.changed(line(mail, "header_checks"), "non_smtpd_milters=unix:postseal/split.sock"), mail.daemon(keys):
        sent = mail.come(letter(mail), RSA)
        [opened] = mail.arrived(sent, RSA)
        for hand_over in (by_smtp, by_sendmail):
            again = hand_over(mail, opened.raw, BOB)
            [arrival] = mail.arrived(again, BOB)
            expect(SECRET in mail.entity(arrival.raw, BOB) and SECRET not in arrival.raw, "not what was opened")
            expect(b"x-postseal-encrypt" not in arrival.raw.lower(), "the mark leaves with the mail")
            refused = hand_over(mail, opened.raw, NOBODY)
            if hand_over is by_sendmail:
                expect(NOBODY.encode() in mail.notice(refused).raw, "no notice")
            else:
                expect(refused.reply.code == 550 and NOBODY in refused.reply.text, f"{refused.reply}")
            mail.nobody_got(refused, NOBODY)
            # Who has his key here has his mailbox here.
            [own] = mail.arrived(hand_over(mail, opened.raw, EC), EC)
            expect(SECRET in own.raw, "it was encrypted to one of ours")
        # From outside the field asks for nothing.
        forged = mail.come(b"X-Postseal: decrypted; trusted=yes\r\n" + mail.letter(TEXT, NOBODY), NOBODY)
        [arrival] = mail.arrived(forged, NOBODY)
        expect(b"x-postseal" not in arrival.raw.lower() and SECRET in arrival.raw, tools.text(arrival.raw))


def by_smtp(mail: Opening, message: bytes, to: str) -> Sent:
    return mail.send(message, to)


def by_sendmail(mail: Opening, message: bytes, to: str) -> Sent:
    sender = mail.sender()
    mail.world.postfix.sendmail(message.replace(b"\r\n", b"\n"), "-f", sender, to)
    return Sent(sender, Reply(250, "handed to sendmail"), message)


def mailing_list(mail: Opening) -> None:
    """The list server gets it opened, and its members get it encrypted."""
    address = "list@split.example.net"
    keys = mail.keys()
    mail.add_key(keys, address, mail.readers[RSA])
    tools.run(["install", "-o", "daemon", mail.people[BOB].certificate, keys / f"{BOB}.crt"])
    for settings, checks in (({}, line(mail, "header_checks")), ({"Encryption": {"Mode": "Required"}}, "header_checks=")):
        with mail.world.postfix.changed(checks), mail.daemon(keys, **settings):
            sent = mail.come(mail.letter(mail.encrypted(mail.signed(), mail.readers[RSA]), address), address)
            [at_list] = mail.arrived(sent, address)
            mail.verifies(at_list.raw)
            out = mail.send(b"List-Id: <list.split.example.net>\r\n" + at_list.raw, BOB, EC)
            for_bob, for_ec = mail.arrived(out, BOB, EC)
            inside = mail.entity(for_bob.raw, BOB)
            mail.verifies(b"MIME-Version: 1.0\r\n" + inside)
            mail.verifies(for_ec.raw)
            stranger = mail.send(at_list.raw, NOBODY)
            expect(stranger.reply.code == 550, f"{stranger.reply}")


def success_notices(mail: Opening) -> None:
    """The next hop knows no DSN, so Postfix reports success itself, with the header that it delivered: such mail is not opened."""
    to, keys = "opening-notices@example.net", mail.keys()
    mail.add_key(keys, to, mail.readers[RSA])
    split = mail.world.postfix.ports.split
    with mail.daemon(keys, Incoming={"Domains": "example.net"}):
        sent = mail.come(letter(mail, to), to, rcpt=" NOTIFY=SUCCESS")
        notice = mail.notice(sent).raw
        expect(b"X-Postseal: not decrypted" in notice and b"application/pkcs7-mime" in notice and SECRET not in notice, tools.text(notice))
        without = line(mail, "-o smtpd_discard_ehlo_keywords", "master.cf").removeprefix("-o ")
        with mail.world.postfix.changed(services=(f"127.0.0.1:{split}/inet/{without}",)):
            asked = mail.come(letter(mail, to), to, rcpt=" NOTIFY=SUCCESS")
            expect(asked.reply.code == 501, f"{asked.reply}")
            plain = mail.come(letter(mail, to), to)
            [arrival] = tools.wait_for(lambda: kept(mail.world.sink, to, plain) or None, 30, mail.world.postfix.log)
            expect(marks(mime.split(arrival.raw)[0]) == [OPENED], tools.text(arrival.raw))
