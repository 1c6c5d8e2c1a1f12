"""Directory servers that are gone, lie or refer to others, and addresses that would be filters: no mail leaves in clear for it. Two servers with
syncrepl, each killed under load."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from . import tools
from .ldap_directory import BOB, NOBODY, TEXT, Directory
from .report import Test, expect
from .slapd import CONSUMER, PROVIDER, ROOT, ROOT_PASSWORD, SUFFIX, Person, Slapd
from .smtp import Reply

LOAD = 60


def tests(ldap: Directory) -> Iterator[Test]:
    yield Test("ldap: a base that is not there is no absence: the mail waits", partial(wrong_base, ldap))
    yield Test("ldap: referrals and references are not followed, and are no absence", partial(referral, ldap))
    yield Test("ldap: addresses that would be filters find nothing", partial(injection, ldap))
    yield Test("ldap: a server that is gone: the mail waits, and leaves encrypted when it is back", partial(gone, ldap))
    yield Test("ldap: a server that is gone, LookupError = Ignore: the mail leaves in clear", partial(ignored, ldap))
    yield Test("ldap: two servers with syncrepl, one killed under load: nothing is lost, nothing leaves in clear", partial(replicated, ldap))


def wrong_base(ldap: Directory) -> None:
    slapd = ldap.new()
    with slapd.running(), ldap.daemon(slapd, {"Base": f"ou=wrong,{SUFFIX}"}) as daemon:
        ldap.waits(BOB, daemon, r"noSuchObject \(32\); correct Base")


def referral(ldap: Directory) -> None:
    target = ldap.new()
    below = (f"dn: ou=elsewhere,{SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n"
             f"ref: {target.url}/{SUFFIX}\n\n")
    slapd = ldap.new([], below)
    with target.running(), slapd.running():
        with ldap.daemon(slapd) as daemon:
            ldap.waits(BOB, daemon, "may have one, which is not asked")  # a reference beside the answer, which has no entry
        with ldap.daemon(slapd, {"Base": f"ou=elsewhere,{SUFFIX}"}) as daemon:
            ldap.waits(BOB, daemon, "referrals are not followed")
        expect(not target.searches(), f"{target.searches()}")


def injection(ldap: Directory) -> None:
    slapd = ldap.new()
    addresses = ['"*"@example.net', '"*)(mail=*"@example.net', '"b*b"@example.net', '"bob)(uid=*"@example.net', '"bob\\\\2a"@example.net',
                 '"|(mail=*)"@example.net', "b*b@example.net", "*@example.net"]
    with slapd.running(), ldap.daemon(slapd, Encryption={"Mode": "Required"}):
        for address in addresses:
            reply = ldap.send(address)
            expect(reply.code == 550, f"{address}: {reply}")
        ldap.encrypted(BOB)
    asked = slapd.searches()
    expect(asked and all(re.fullmatch(r"\(mail=[^()*]*\)", one) for one in asked), f"{asked}")


def gone(ldap: Directory) -> None:
    slapd = ldap.new()
    with ldap.daemon(slapd) as daemon:
        ldap.waits(BOB, daemon, "cannot be reached: Connection refused")
        with slapd.running():
            ldap.back(BOB, daemon)
        # What was found is still known.
        ldap.encrypted(BOB)
        ldap.waits(NOBODY, daemon, "cannot be reached|closed the connection|broke the connection|has not answered since")


def ignored(ldap: Directory) -> None:
    slapd = ldap.new()
    with ldap.daemon(slapd, Encryption={"Mode": "IfPossible", "LookupError": "Ignore"}):
        ldap.in_clear(BOB)


def replicated(ldap: Directory) -> None:
    """The first is killed under load and comes back, then the second. One certificate has all the addresses."""
    addresses = [f"load{i}@example.net" for i in range(LOAD)]
    issuer, files = ldap.world.pki.intermediate, [ldap.world.work / f"load.{kind}" for kind in ("pem", "key", "der")]
    ldap.issue(issuer.certificate, issuer.key, *files[:2], "/CN=load", f"subjectAltName={','.join(f'email:{a}' for a in addresses)}\n"
               "keyUsage=critical,keyEncipherment\nextendedKeyUsage=emailProtection\n")
    tools.run(["openssl", "x509", "-in", files[0], "-outform", "DER", "-out", files[2]])
    first = ldap.new([], replication=PROVIDER)
    second = Slapd(ldap.world.work / f"slapd-{next(ldap.numbers)}", *ldap.server_certificate())
    second.configure(replication=CONSUMER.format(provider=first.port, suffix=SUFFIX, root=ROOT, root_password=ROOT_PASSWORD))
    with first.running(), second.running():
        first.add("".join(Person(address.split("@")[0], address, [files[2]]).ldif() for address in addresses))
        tools.wait_for(lambda: first.count() == second.count() > LOAD or None, 30, lambda: f"the copy\n{second.log()[-2000:]}")
        with ldap.daemon(first, {"Url": f"{first.url}, {second.url}"}, Encryption={"Mode": "Required"}) as daemon:
            replies: list[Reply] = []
            with ThreadPoolExecutor(4) as workers:
                def send(address: str) -> None:
                    replies.append(ldap.send(address))
                sent = [workers.submit(send, address) for address in addresses]
                for part, act in ((LOAD // 4, first.kill), (LOAD // 2, lambda: (first.start(), second.kill()))):
                    tools.wait_for(lambda: len(replies) >= part or None, 60, lambda: f"the load\n{daemon.log()[-2000:]}")
                    act()
                for one in sent:
                    one.result(120)
            expect({reply.code for reply in replies} <= {250, 451}, f"{replies}")
            taken = sum(reply.code == 250 for reply in replies)
            expect(taken >= LOAD * 9 // 10, f"only {taken} of {LOAD} were taken\n{daemon.log()[-3000:]}")
            mails = tools.wait_for(lambda: all_of(ldap, addresses, taken), 30, lambda: f"{taken} mails")
            expect(all(b"application/pkcs7-mime" in mail and TEXT not in mail for mail in mails), "one left in clear")
            second.start()


def all_of(ldap: Directory, addresses: list[str], count: int) -> list[bytes] | None:
    mails = [arrival.raw for address in addresses for arrival in ldap.world.sink.all(address)]
    return mails if len(mails) >= count else None
