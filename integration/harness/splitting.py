"""Mail to several recipients, of whom one body cannot serve all: Postfix splits it, with the sample's lines, and Postseal encrypts to
each by itself. What arrives is opened by openssl with the recipient's key and compared with what was sent."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial

import dkim as dkimpy

from . import mime, tools
from .cases import attachment
from .program import AS_DAEMON, DAEMON, full_disk
from .report import Test, expect
from .smtp import Reply
from .split_mail import ALICE, BODY, BOB, CAROL, DAVE, FIELD, Sent, Split
from .world import World


def tests(world: World) -> Iterator[Test]:
    split = Split(world)
    yield Test("splitting: all recipients have certificates: one body, one transaction", partial(one_body, split))
    yield Test("splitting: who has none gets it signed, who has one encrypted", partial(mixed, split))
    yield Test("splitting: Mixed = Plain: everybody gets it signed", partial(mixed_plain, split))
    yield Test("splitting: Mixed = Refuse: nobody gets it, and the reply names who has no certificate",
               partial(mixed_refuse, split))
    yield Test("splitting: Required: nobody gets it, and the reply names who has no certificate", partial(required_refuse, split))
    yield Test("splitting: Required, Missing = Bounce: the others get it, and the sender a notice of that one alone",
               partial(required_bounce, split))
    yield Test("splitting: Bcc: nobody sees who else got it", partial(bcc, split))
    yield Test("splitting: a virtual alias: each member gets what is for him", partial(alias, split))
    yield Test("splitting: addresses are mapped once, before the second pass", partial(mapped_once, split))
    yield Test("splitting: mail handed to sendmail is split too, and aliases in it", partial(local_submission, split))
    yield Test("splitting: 451 in the second pass defers that recipient alone, 550 returns it for that one alone",
               partial(second_pass_replies, split))
    yield Test("splitting: an envelope sender that Postfix rewrites, and a message without an identifier", partial(rewritten, split))
    yield Test("splitting: ENVID, RET, NOTIFY and ORCPT arrive", partial(dsn_arguments, split))
    yield Test("splitting: a field that a client makes starts nothing and leaves with no mail", partial(forged_field, split))
    yield Test("splitting: a field with another body is not taken at the second smtpd", partial(replayed_field, split))
    yield Test("splitting: a stranger at the second smtpd is asked to come back later", partial(stranger, split))
    yield Test("splitting: 10 MB", partial(large, split))
    yield Test("splitting: lines of any length and 8bit arrive as they came where they are not encrypted",
               partial(verbatim, split))
    yield Test("splitting: mail that came encrypted is left as it is", partial(already_encrypted, split))
    yield Test("splitting: a client's own signature is encrypted as it is", partial(already_signed, split))
    yield Test("splitting: a DKIM signer behind Postseal signs what leaves", partial(dkim, split))
    yield Test("splitting: SIGKILL between the passes: nothing is lost, nothing leaves in clear", partial(killed, split))
    yield Test("splitting: no second smtpd: the mail waits, and does not take smtp_fallback_relay",
               partial(no_second_smtpd, split))
    yield Test("splitting: a header field and a tag that ask for encryption, and leave with no mail", partial(overrides, split))
    yield Test("splitting: a Postfix without the lines: the mail waits at its client", partial(not_set_up, split))
    yield Test("splitting: settings without the lines' method: the mail waits in the queue", partial(method_gone, split))
    yield Test("splitting: a disk that is full: the mail waits at its client", partial(no_room, split))
    yield Test("splitting: postseal check says when no key can be made", partial(check, split))


# ---- The policies -----------------------------------------------------------------------------------------------------


def one_body(split: Split) -> None:
    with split.daemon() as daemon:
        sent = split.send(split.message(BOB, CAROL), BOB, CAROL)
        for_bob, for_carol = split.arrived(sent, BOB, CAROL)
        expect(for_bob is for_carol and set(for_bob.recipients) == {BOB, CAROL}, "it was split, though one body serves both")
        expect(split.recipients_in(for_bob.raw) == 2, "not two recipients in it")
        for person in (BOB, CAROL):
            split.encrypted(for_bob.raw, person, sent)
        expect("split for" not in daemon.log(), daemon.log())


def mixed(split: Split) -> None:
    with split.daemon() as daemon:
        sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        expect((for_bob.recipients, for_dave.recipients) == ((BOB,), (DAVE,)), "not one transaction each")
        inside = split.encrypted(for_bob.raw, BOB, sent)
        split.signed(for_dave.raw, sent)
        # It is signed once: both have the same signature.
        expect(mime.split(inside)[1] == mime.split(for_dave.raw)[1], "Bob got another signature than Dave")
        for header in (b"Subject: Number", b"Message-ID: <", b"To: bob@"):
            expect(header in for_bob.raw and header in for_dave.raw, f"{header!r} is missing")
        daemon.says(r"split for 2 recipient\(s\)")
        daemon.says(rf"encrypted to {BOB} ")
        # XFORWARD: the second smtpd's log names the client and the queue id of the first.
        expect(re.search(r"postseal-split/smtpd.*orig_queue_id=\w+, orig_client=localhost\[127\.0\.0\.1\]", split.world.postfix.log(200)),
               split.world.postfix.log(200))


def mixed_plain(split: Split) -> None:
    with split.daemon(Encryption={"Mixed": "Plain"}):
        sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        expect(for_bob is for_dave, "it was split")
        split.signed(for_bob.raw, sent)


def mixed_refuse(split: Split) -> None:
    refused(split, {"Mixed": "Refuse"})


def required_refuse(split: Split) -> None:
    refused(split, {"Mode": "Required"})


def refused(split: Split, settings: dict[str, str]) -> None:
    with split.daemon(Encryption=settings):
        sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
        expect(sent.reply.code == 550 and f"{DAVE} (no certificate)" in sent.reply.text and BOB not in sent.reply.text, f"{sent.reply}")
        split.nobody_got(sent, BOB, DAVE)


def required_bounce(split: Split) -> None:
    with split.daemon(Encryption={"Mode": "Required", "Missing": "Bounce"}):
        sent = split.send(split.message(BOB, DAVE, CAROL), BOB, DAVE, CAROL)
        for person, arrival in zip((BOB, CAROL), split.arrived(sent, BOB, CAROL)):
            split.encrypted(arrival.raw, person, sent)
        notice = split.notice(sent).raw
        expect(b"Final-Recipient: rfc822; " + DAVE.encode() in notice and b"Diagnostic-Code: smtp; 550" in notice, tools.text(notice))
        expect(BOB.encode() not in notice.split(b"message/rfc822")[0].split(b"text/rfc822-headers")[0], tools.text(notice))
        expect(b"Subject: Number" in notice and b"confidential" not in notice, "the notice returns the text")
        split.nobody_got(sent, DAVE)


def bcc(split: Split) -> None:
    with split.daemon(Encryption={"Mode": "Required"}):
        sent = split.send(split.message(BOB), BOB, CAROL)
        for person, other, arrival in zip((BOB, CAROL), (CAROL, BOB), split.arrived(sent, BOB, CAROL)):
            split.encrypted(arrival.raw, person, sent)
            expect(split.recipients_in(arrival.raw) == 1, f"{person} sees how many got it")
            split.cannot_read(arrival.raw, other)
            expect(arrival.recipients == (person,), f"{arrival.recipients}")
        expect(CAROL.encode() not in split.copy(sent, BOB).raw, "Bob sees Carol")


# ---- The ways ---------------------------------------------------------------------------------------------------------


def alias(split: Split) -> None:
    team = "team@lists.example.org"
    with split.daemon():
        sent = split.send(split.message(team), team, rcpt=" NOTIFY=FAILURE")
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        split.encrypted(for_bob.raw, BOB, sent)
        split.signed(for_dave.raw, sent)
        expect(all(f"ORCPT=rfc822;{team}" in a.commands[1] for a in (for_bob, for_dave)), f"{for_bob.commands} {for_dave.commands}")


def mapped_once(split: Split) -> None:
    """Dave gets a copy of what is for Erin, and one alone: mapped again, her own would go to him too."""
    erin = "erin@split.example.net"
    certificates = split.directory()
    settings = {f"Recipient:{erin}": {"Certificate": str(certificates / f"{BOB}.crt")}}
    with split.daemon(certificates, **settings):
        sent = split.send(split.message(CAROL), CAROL, erin)
        for_carol, for_erin, for_dave = split.arrived(sent, CAROL, erin, DAVE)
        split.encrypted(for_carol.raw, CAROL, sent)
        split.encrypted(for_erin.raw, BOB, sent)  # she has Bob's certificate
        split.signed(for_dave.raw, sent)
        expect((for_carol.recipients, for_erin.recipients, for_dave.recipients) == ((CAROL,), (erin,), (DAVE,)), "not one transaction each")


def local_submission(split: Split) -> None:
    team = "team@lists.example.org"
    with split.world.postfix.changed("non_smtpd_milters=unix:postseal/split.sock"), split.daemon():
        for to in ([BOB, DAVE], [team]):
            message = split.message(*to)
            sent = Sent(split.sender(), Reply(250, "handed to sendmail"), message)
            split.world.postfix.sendmail(message.replace(b"\r\n", b"\n"), "-f", sent.sender, *to)
            for_bob, for_dave = split.arrived(sent, BOB, DAVE)
            split.encrypted(for_bob.raw, BOB, sent)
            split.signed(for_dave.raw, sent)


def second_pass_replies(split: Split) -> None:
    """All three have certificates when it comes. Then the directory is gone, then it is back without Carol's, and what was learned from
    mail cannot be read, then it can."""
    certificates, state = split.directory(), split.state()
    away = certificates.with_name(certificates.name + ".away")
    harvested = state / "harvested"
    harvested.mkdir()
    shutil.copy(certificates / f"{BOB}.crt", certificates / f"{DAVE}.crt")
    settings = {"Recipient:" + DAVE: {"Certificate": str(certificates / f"{BOB}.crt")}}
    postfix = split.world.postfix
    with split.daemon(certificates, state, Encryption={"Mode": "Required", "Missing": "Bounce"}, **settings):
        with postfix.changed("defer_transports=postseal-split"):
            sent = split.send(split.message(BOB), BOB, CAROL, DAVE)
            split.waits(CAROL, "deferred transport")
            expect(BODY.splitlines()[2] in postfix.queue_file(split.waits(DAVE, "deferred transport")), "not the message")
            certificates.rename(away)
        postfix.flush()
        for person in (BOB, CAROL, DAVE):
            split.waits(person, "said: 451 4")
        split.nobody_got(sent, BOB, CAROL, DAVE)

        away.rename(certificates)
        (certificates / f"{CAROL}.crt").unlink()
        harvested.chmod(0)
        postfix.flush()
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        split.encrypted(for_bob.raw, BOB, sent)
        split.encrypted(for_dave.raw, BOB, sent)  # he has Bob's certificate
        split.waits(CAROL, "451 4.4.3")
        split.nobody_got(sent, CAROL)

        harvested.chmod(0o755)
        # It may be a second before the daemon looks there again.
        tools.wait_for(lambda: postfix.flush() or split.world.sinkdsn.all(sent.sender) or None, 30, postfix.log)
        notice = split.notice(sent).raw
        expect(b"Final-Recipient: rfc822; " + CAROL.encode() in notice and b"550" in notice, tools.text(notice))
        expect(notice.count(b"Final-Recipient:") == 1 and b"confidential" not in notice, tools.text(notice))
        split.nobody_got(sent, CAROL)
        split.arrived(sent, BOB, DAVE)  # once each, still


def rewritten(split: Split) -> None:
    with split.daemon():
        message = re.sub(rb"Message-ID: .*\r\n", b"", split.message(BOB, DAVE))
        sent = split.send(message, BOB, DAVE, sender="alice@internal.example.org")
        for_bob, for_dave = split.arrived(Sent(ALICE, sent.reply, message), BOB, DAVE)
        split.encrypted(for_bob.raw, BOB, sent)
        split.signed(for_dave.raw, sent)
        [identifier] = mime.values(mime.split(for_bob.raw)[0], "Message-ID")
        expect(mime.values(mime.split(for_dave.raw)[0], "Message-ID") == [identifier], "each has its own Message-ID")


def dsn_arguments(split: Split) -> None:
    with split.daemon():
        sent = split.send(split.message(BOB, DAVE), BOB, DAVE, mail=" RET=HDRS ENVID=QQ314159",
                          rcpt=" NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;somebody@example.org")
        for arrival in split.arrived(sent, BOB, DAVE):
            mail, rcpt = arrival.commands
            expect("RET=HDRS" in mail and "ENVID=QQ314159" in mail, mail)
            expect("NOTIFY=SUCCESS,FAILURE" in rcpt and "ORCPT=rfc822;somebody@example.org" in rcpt, rcpt)
        # What is returned from between the passes would be readable.
        for asked in ("", " RET=FULL ENVID=QQ271828"):
            full = split.send(split.message(BOB, DAVE), BOB, DAVE, mail=asked)
            for arrival in split.arrived(full, BOB, DAVE):
                expect("RET=HDRS" in arrival.commands[0] and asked[10:] in arrival.commands[0], f"{asked}: {arrival.commands}")
        expect(not split.world.sinkdsn.all(sent.sender), "a relay in between reported success")


# ---- Strangers --------------------------------------------------------------------------------------------------------


def forged_field(split: Split) -> None:
    """From one of ours and from outside, on the ways with and without a split."""
    forms = (b"X-Postseal-Split: v1; t=1795867200; wanted=never; bits=0; dkim=0; author=yes; id=yes; mac=" + b"A" * 43 + b"=\r\n",
             b"x-postseal-SPLIT:v1;\r\n\tfolded\r\n", b"X-Postseal-Split : v1;\r\nX-Postseal-Split: v1; two\r\n", b"X-Postseal-Split:\r\n")
    with split.daemon() as daemon:
        for form in forms:
            for client in (None, "203.0.113.9"):
                start = daemon.log_size()
                sent = split.send(split.message(DAVE, fields=form), DAVE, client=client)
                [arrival] = split.arrived(sent, DAVE)
                expect(FIELD.lower() not in arrival.raw.lower(), f"{form!r} from {client} leaves with the mail:\n{tools.text(arrival.raw)}")
                expect(BODY.splitlines()[2] in arrival.raw, "the mail is another")
                expect("second smtpd" not in daemon.log(start) and "split for" not in daemon.log(start), daemon.log(start))
            sent = split.send(split.message(BOB, DAVE, fields=form), BOB, DAVE)
            for_bob, for_dave = split.arrived(sent, BOB, DAVE)
            split.encrypted(for_bob.raw, BOB, sent_without(sent, form))
            split.signed(for_dave.raw, sent_without(sent, form))


def sent_without(sent: Sent, form: bytes) -> Sent:
    return Sent(sent.sender, sent.reply, sent.message.replace(form, b""))


def replayed_field(split: Split) -> None:
    """What an eavesdropper on the queue has is of no use with other words, and with the same ones reaches only the smtpd of this machine."""
    postfix = split.world.postfix
    with split.daemon() as daemon:
        with postfix.changed("defer_transports=postseal-split"):
            sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
            queued = postfix.queue_file(split.waits(BOB, "deferred transport")).replace(b"\n", b"\r\n")
            expect(queued.lower().count(FIELD.lower()) == 1, tools.text(queued))
            for other in (queued.replace(b"confidential", b"worthless"), queued.replace(b"Message-ID: <", b"Message-ID: <x"),
                          queued.replace(b"wanted=none", b"wanted=never")):
                expect(other != queued, "nothing was changed")
                replayed = split.send(other, CAROL, port=postfix.ports.second)
                expect(replayed.reply.code == 451 and "4.7.0" in replayed.reply.text, f"{replayed.reply}")
                split.nobody_got(replayed, CAROL)
            daemon.says(r"refused at the second smtpd, from 127\.0\.0\.1, with 451: its X-Postseal-Split field was made with another split\.key")
        postfix.flush()
        split.arrived(sent, BOB, DAVE)


def stranger(split: Split) -> None:
    second = split.world.postfix.ports.second
    with split.daemon() as daemon:
        for fields in (b"", b"X-Postseal-Split: v1; t=1795867200; wanted=none; bits=0; dkim=0; author=yes; id=yes; mac=" + b"A" * 43 + b"=\r\n"):
            sent = split.send(split.message(DAVE, fields=fields), DAVE, port=second)
            expect(sent.reply.code == 451, f"{sent.reply}")
            split.nobody_got(sent, DAVE)
        daemon.says("refused at the second smtpd, from 127.0.0.1, with 451: it has no X-Postseal-Split field")
        outside = split.send(split.message(DAVE), DAVE, client="203.0.113.9", port=second)
        expect(outside.reply.code == 450, f"{outside.reply}")
        split.nobody_got(outside, DAVE)


# ---- Messages ---------------------------------------------------------------------------------------------------------


def large(split: Split) -> None:
    content = attachment(7_500_000)  # 10 MB in base64
    with split.daemon(Signing={"MaxSize": "64M"}, Milter={"MaxMessageSize": "64M"}):
        sent = split.send(split.message(BOB, DAVE, body=b"the figures are confidential.\r\n" + content + b"\r\n"), BOB, DAVE)
        expect(len(sent.message) > 10_000_000, f"{len(sent.message)}")
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        expect(len(for_bob.raw) < 1.5 * len(sent.message), f"{len(for_bob.raw)} bytes")
        split.encrypted(for_bob.raw, BOB, sent)
        split.signed(for_dave.raw, sent)


def verbatim(split: Split) -> None:
    body = (b"x" * 5000 + b"\r\n" + "Grüße, vertraulich: ".encode() + b"the figures are confidential.\r\n"
            + b" \r\n.\r\n.. dots\r\n" + b"y" * 2047 + b"\xff\r\n\r\n\r\n")
    fields = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    # On the way out the harness's Postfix breaks no lines; between the passes only the sample's line keeps it from that.
    postfix = split.world.postfix.changed("smtp_line_length_limit=998", services=("smtp/unix/smtp_line_length_limit=0",))
    with postfix, split.daemon(Signing={"Mode": "Never"}):
        sent = split.send(split.message(BOB, DAVE, fields=fields, body=body), BOB, DAVE)
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        expect(mime.split(for_dave.raw)[1] == body, f"Dave got another body: {mime.shown(mime.split(for_dave.raw)[1])}")
        changed = mime.difference(mime.parts(sent.message), mime.parts(split.entity(for_bob.raw, BOB)))
        expect(changed is None, changed or "")


def already_encrypted(split: Split) -> None:
    text, made = split.world.work / "inside", split.world.work / "by-client.eml"
    text.write_bytes(BODY)
    tools.run(["openssl", "cms", "-encrypt", "-aes256", "-in", text, "-out", made, split.people[BOB].certificate])
    fields, body = made.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").split(b"\r\n\r\n", 1)
    with split.daemon(Encryption={"Mode": "Required"}) as daemon:
        sent = split.send(split.message(BOB, DAVE, fields=fields + b"\r\n", body=body), BOB, DAVE)
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        expect(for_bob is for_dave and mime.split(for_bob.raw)[1] == body, "it is not as it came")
        expect("split for" not in daemon.log(), daemon.log())


def already_signed(split: Split) -> None:
    text, made = split.world.work / "inside", split.world.work / "by-client.eml"
    text.write_bytes(b"Content-Type: text/plain\r\n\r\n" + BODY)
    key, certificate = split.world.pki.certificates / f"{ALICE}.pem", split.world.pki.certificate(ALICE)
    tools.run(["openssl", "cms", "-sign", "-in", text, "-signer", certificate, "-inkey", key,
               "-certfile", split.world.pki.intermediate.certificate, "-out", made])
    fields, body = made.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").split(b"\r\n\r\n", 1)
    with split.daemon():
        sent = split.send(split.message(BOB, DAVE, fields=fields + b"\r\n", body=body), BOB, DAVE)
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        inside = split.entity(for_bob.raw, BOB)
        expect(mime.split(inside)[1] == body and mime.split(for_dave.raw)[1] == body, "the client's signature is another")


def overrides(split: Split) -> None:
    asks = {"Override": {"SubjectTag": "[encrypt]"}, "Encryption": {"Mode": "Never"}}
    header, tag = b"X-Postseal-Encrypt: required\r\n", b"Subject: [Encrypt] Number"
    with split.daemon(**asks):
        for tagged in (split.message(BOB, fields=header), split.message(BOB).replace(b"Subject: Number", tag)):
            # Carol is in Bcc: it takes both passes, and the second knows what the first read.
            sent = split.send(tagged, BOB, CAROL)
            plain = Sent(sent.sender, sent.reply, tagged.replace(header, b"").replace(tag, b"Subject: Number"))
            for person, arrival in zip((BOB, CAROL), split.arrived(sent, BOB, CAROL)):
                split.encrypted(arrival.raw, person, plain)
                expect(b"encrypt]" not in arrival.raw.lower() and b"x-postseal" not in arrival.raw.lower(), tools.text(arrival.raw[:2000]))
            refused = split.send(tagged, BOB, DAVE)
            expect(refused.reply.code == 550 and DAVE in refused.reply.text, f"{refused.reply}")
            outside = split.send(tagged, BOB, client="203.0.113.9")
            [arrival] = split.arrived(outside, BOB)
            seen = arrival.raw.lower()
            expect(BODY.splitlines()[2] in seen and b"encrypt]" not in seen and b"x-postseal" not in seen, tools.text(arrival.raw))


# ---- Bad days ---------------------------------------------------------------------------------------------------------


def dkim(split: Split) -> None:
    world, work = split.world, split.world.work / "opendkim"
    work.mkdir()
    tools.run(["opendkim-genkey", "-D", work, "-d", "example.org", "-s", "s1"])
    [port] = tools.free_ports(1)
    (work / "opendkim.conf").write_text(
        f"Domain example.org\nSelector s1\nKeyFile {work}/s1.private\nSocket inet:{port}@127.0.0.1\nMode s\nCanonicalization relaxed/simple\n"
        f"Background no\nUserID root\nPidFile {work}/pid\nRequireSafeKeys no\n")
    record = b"".join(re.findall(rb'"([^"]*)"', (work / "s1.txt").read_bytes()))

    def signatures(mail: bytes) -> int:
        """How many there are; each has to be valid."""
        count = len(mime.values(mime.split(mail)[0], "DKIM-Signature"))
        for index in range(count):
            expect(dkimpy.DKIM(mail).verify(index, dnsfunc=lambda name, **_: record),
                   f"DKIM signature {index} of {count} does not verify\n{tools.text(mail[:3000])}")
        return count

    with subprocess.Popen(["opendkim", "-f", "-x", str(work / "opendkim.conf")]) as signer:
        try:
            tools.wait_for(lambda: tools.accepts(port), 30, lambda: "opendkim to listen")
            ports = world.postfix.ports
            services = tuple(f"127.0.0.1:{p}/inet/smtpd_milters=$postseal_milter,inet:127.0.0.1:{port}" for p in (ports.split, ports.second))
            with world.postfix.changed(services=services), split.daemon():
                # At the second smtpd the signer's client is this machine, whoever it was at the first.
                sent = split.send(split.message(BOB, DAVE), BOB, DAVE, client="203.0.113.9", login=ALICE)
                for_bob, for_dave = split.arrived(sent, BOB, DAVE)
                # The one of the first pass was over the signed body: with the encrypted one it would be broken.
                expect(signatures(for_bob.raw) == 1, f"{signatures(for_bob.raw)} DKIM signatures over what is encrypted")
                expect(signatures(for_dave.raw) >= 1, "no DKIM signature over what is signed")
                split.encrypted(for_bob.raw, BOB, sent)
                split.signed(for_dave.raw, sent)
                fast = split.send(split.message(BOB), BOB)
                expect(signatures(split.arrived(fast, BOB)[0].raw) == 1, "no DKIM signature on the way without a split")
        finally:
            signer.terminate()


def killed(split: Split) -> None:
    """A main.cf that lets mail pass when a milter is not there does not matter at the second smtpd."""
    postfix, certificates, state = split.world.postfix, split.directory(), split.state()
    with postfix.changed("milter_default_action=accept"):
        with split.daemon(certificates, state) as daemon:
            with postfix.changed("defer_transports=postseal-split"):
                sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
                split.waits(BOB, "deferred transport")
                daemon.kill()
            postfix.flush()
            for person in (BOB, DAVE):
                split.waits(person, "451|Service unavailable")
            split.nobody_got(sent, BOB, DAVE)
        with split.daemon(certificates, state):
            postfix.flush()
            for_bob, for_dave = split.arrived(sent, BOB, DAVE)
            split.encrypted(for_bob.raw, BOB, sent)
            split.signed(for_dave.raw, sent)


def no_second_smtpd(split: Split) -> None:
    postfix = split.world.postfix
    with split.daemon():
        with postfix.changed(f"smtp_fallback_relay=[127.0.0.1]:{split.world.sinkdsn.port}",
                             without=f"127.0.0.1:{postfix.ports.second}/inet"):
            sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
            for person in (BOB, DAVE):
                split.waits(person, "Connection refused")
            split.nobody_got(sent, BOB, DAVE)
        postfix.flush()
        for_bob, for_dave = split.arrived(sent, BOB, DAVE)
        split.encrypted(for_bob.raw, BOB, sent)
        split.signed(for_dave.raw, sent)


def not_set_up(split: Split) -> None:
    with split.daemon() as daemon, split.world.postfix.changed("milter_macro_defaults=", "milter_header_checks="):
        sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
        expect(sent.reply.code == 451, f"{sent.reply}")
        daemon.says("cannot be split, and fails temporarily: main.cf has not the lines")
        split.nobody_got(sent, BOB, DAVE)


def method_gone(split: Split) -> None:
    postfix, certificates, state = split.world.postfix, split.directory(), split.state()
    with split.daemon(certificates, state), postfix.changed("defer_transports=postseal-split"):
        sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
        split.waits(BOB, "deferred transport")
    with split.daemon(certificates, state, Splitting={"Method": "None"}) as daemon:
        postfix.flush()
        for person in (BOB, DAVE):
            split.waits(person, r"The settings of Postseal lack \[Splitting\] Method = Postfix")
        daemon.says(r"the settings have \[Splitting\] Method = None")
        split.nobody_got(sent, BOB, DAVE)
    with split.daemon(certificates, state):
        postfix.flush()
        split.arrived(sent, BOB, DAVE)


def no_room(split: Split) -> None:
    state = split.state()
    with full_disk(state) as filler:
        with split.daemon(state=state) as daemon:
            sent = split.send(split.message(BOB, DAVE), BOB, DAVE)
            expect(sent.reply.code == 451, f"{sent.reply}")
            daemon.says(r"split\.key cannot be made: No space left on device.*let \[State\] Path be a directory that the daemon can write")
            split.nobody_got(sent, BOB, DAVE)
            filler.unlink()
            again = split.send(sent.message, BOB, DAVE)
            split.arrived(again, BOB, DAVE)


def check(split: Split) -> None:
    """As the daemon's user; root is told nothing, who can write everywhere."""
    state = split.state()
    configuration = split.configure(split.directory(), state)
    for owner, said in ((DAEMON, False), ("root", True)):
        tools.run(["chown", owner, state])
        done = tools.run([*AS_DAEMON, split.world.program.executable, "check", "--config", configuration], ok=(0, 1))
        expect((f"warning: {state}/split.key cannot be made by this user" in tools.text(done.stdout)) == said, tools.text(done.stdout))
    expect(not list(state.iterdir()), "the check left something behind")
