"""Bad days of mail that is opened: it bounces, the daemon is killed, the disk is full. And what of it shows in files, logs and in
the time that an answer takes."""

import random
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from smtplib import SMTPException

from . import mime, tools
from .opened_mail import DOMAIN, EC, NOBODY, RSA, SECRET, TEXT, Opening, flipped, marks
from .program import AS_DAEMON, DAEMON, full_disk
from .report import Skipped, Test, expect
from .split_mail import BOB


def tests(mail: Opening) -> Iterator[Test]:
    for name, test in (
            ("a bounce brings no plaintext back", bounces),
            ("Deliver = Reencrypted: only the reader's own key opens it", reencrypted),
            ("SIGKILL while mail is in flight: nothing is lost, and no file has the text", killed),
            ("SIGKILL between the passes: it waits as it came", killed_between),
            ("a crash leaves no core", crashed),
            ("a disk that is full: what needs it waits", no_room),
            ("at level Trace the log has no text either", log),
            ("right, wrong and missing keys are answered at the same time", timing)):
        yield Test(f"opening: {name}", partial(test, mail))


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
                    # What the README says remains: the header that comes back says what became of it.
                    expect(b"Subject: Number" in notice and b"X-Postseal: " in notice, tools.text(notice))
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
        tools.wait_for(lambda: "decrypted with the key of" in daemon.log() or None, 30, daemon.log)
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


def killed_between(mail: Opening) -> None:
    """What lies in Postfix's queue until each recipient is handled by himself is encrypted."""
    postfix, keys, state = mail.world.postfix, mail.keys(), mail.state()
    with mail.daemon(keys, state) as daemon:
        with postfix.changed("defer_transports=postseal-split"):
            sent = mail.come(mail.letter(mail.encrypted(TEXT, mail.readers[RSA])), RSA, NOBODY)
            queued = postfix.queue_file(mail.waits(RSA, "deferred transport"))
            expect(not has_plaintext(queued) and b"application/pkcs7-mime" in queued, tools.text(queued))
            daemon.kill()
        postfix.flush()
        for to in (RSA, NOBODY):
            mail.waits(to, "451|Service unavailable")
        mail.nobody_got(sent, RSA, NOBODY)
    with mail.daemon(keys, state):
        postfix.flush()
        for_rsa, for_nobody = mail.arrived(sent, RSA, NOBODY)
        mail.opened(sent, for_rsa, "decrypted; content=aes256-cbc; integrity=none; signer=none")
        mail.closed(sent, for_nobody)


def crashed(mail: Opening) -> None:
    directory, cores = mail.world.directory_of_daemon("cores"), ("prlimit", "--core=unlimited")
    with subprocess.Popen([*cores, *AS_DAEMON, "sleep", "60"], cwd=directory) as other:
        tools.wait_for(lambda: b"sleep" in Path(f"/proc/{other.pid}/cmdline").read_bytes().split(b"\0")[0] or None, 30, lambda: "sleep to start")
        other.send_signal(signal.SIGABRT)
    written = list(directory.iterdir())
    if not written:
        raise Skipped("the kernel writes no cores here: see /proc/sys/kernel/core_pattern")
    for core in written:
        core.unlink()
    with mail.world.program.milter(mail.configure(mail.keys(), mail.state()), *cores, directory=directory) as daemon:
        mail.arrived(mail.come(mail.letter(mail.encrypted(TEXT, mail.readers[RSA])), RSA), RSA)
        daemon.kill(signal.SIGSEGV)
        nowhere(mail, [directory], daemon.log())
    expect(not list(directory.iterdir()), f"it left {list(directory.iterdir())}")


def nowhere(mail: Opening, directories: list[Path], log: str) -> None:
    """No file that the daemon wrote has the text, and neither has its log."""
    expect(SECRET.decode() not in log and "swordfish" not in log, "the log has the text")
    own = tools.text(tools.run(["find", "/tmp", "/var/tmp", "/dev/shm", "/run", *directories, "-xdev", "-type", "f", "-user", DAEMON,
                                "-newer", mail.world.pki.root.certificate, "-size", "-64M"], ok=(0, 1)).stdout).split("\n")
    found = [path for path in own if path and tools.run(["grep", "-qa", "swordfish", path], ok=(0, 1, 2)).returncode == 0]
    expect(not found, f"the text is in {found}")


def no_room(mail: Opening) -> None:
    """The state is on a disk that is full: who needs no split gets his mail; what has to be split waits at its client."""
    state = mail.state()
    with full_disk(state) as filler:
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


def log(mail: Opening) -> None:
    keys, state = mail.keys(), mail.state()
    with mail.daemon(keys, state, Log={"Level": "Trace"}) as daemon:
        for entity in (*mail.attempts.values(), mail.encrypted(mail.signed(), mail.readers[RSA])):
            mail.arrived(mail.come(mail.letter(entity), RSA), RSA)
        mail.arrived(mail.come(mail.letter(mail.encrypted(mail.signed(), mail.readers[RSA])), RSA, NOBODY), RSA, NOBODY)
        daemon.says("decrypted with the key of")
        expect("received" in daemon.log(), "this is not level Trace")
        nowhere(mail, [keys, state], daemon.log())


def timing(mail: Opening, rounds: int = 40) -> None:
    """How long it takes from the connection to the answer: the median of each kind is printed. What has to hold on any machine is that no
    answer comes before the first of the set times."""
    reader, bob = mail.readers[RSA], mail.people[BOB]
    kinds = {"right": mail.encrypted(TEXT, reader), "wrong": mail.encrypted(TEXT, mail.twin), "missing": mail.encrypted(TEXT, bob),
             "changed": flipped(mail.encrypted(TEXT, reader), -60)}
    times: dict[str, list[float]] = {name: [] for name in kinds}
    with mail.daemon():
        for _ in range(rounds):
            # In another order each time: what is warm from the one before is so for each.
            for name, entity in random.sample(list(kinds.items()), len(kinds)):
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
