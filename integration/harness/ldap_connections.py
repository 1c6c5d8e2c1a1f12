"""How directory servers are reached, and who the daemon is to them: TLS of each kind, with servers that are not who they should be; password, Unix
socket and certificate. What was asked, slapd's own log says."""

from collections.abc import Iterator
from functools import partial

from . import tools
from .ldap_directory import BOB, Directory
from .report import Test, expect
from .slapd import FOR_READER, PASSWORD, READER, give_to_daemon


def tests(ldap: Directory) -> Iterator[Test]:
    yield Test("ldap: in clear on this machine", partial(found, ldap, {}))
    yield Test("ldap: StartTLS", partial(found, ldap, {"StartTls": "yes"}))
    yield Test("ldap: ldaps", partial(found, ldap, {"Url": "tls"}))
    yield Test("ldap: a server by another CA is not asked, and the mail waits", partial(wrong_ca, ldap))
    yield Test("ldap: a server of another name is not asked, and the mail waits", partial(wrong_name, ldap))
    yield Test("ldap: no environment and no ldap.conf turns verification off", partial(ldaprc, ldap))
    yield Test("ldap: simple bind", partial(simple_bind, ldap))
    yield Test("ldap: a wrong password is said once, the mail waits, and leaves encrypted when it is mended", partial(wrong_password, ldap))
    yield Test("ldap: EXTERNAL on a Unix socket", partial(external_socket, ldap))
    yield Test("ldap: EXTERNAL by a client's certificate", partial(external_tls, ldap))


def found(ldap: Directory, changes: dict[str, str]) -> None:
    slapd = ldap.new()
    with slapd.running(), ldap.daemon(slapd, changes) as daemon:
        ldap.encrypted(BOB)
        daemon.says(rf"encrypted to {BOB} ")
        expect(f"(mail={BOB})" in slapd.searches(), f"{slapd.searches()}")
    has_tls = "TLS established" in slapd.log()
    expect(has_tls == bool(changes), slapd.log()[-2000:])


def wrong_ca(ldap: Directory) -> None:
    slapd, other = ldap.new(), ldap.server_certificate()[0]
    with slapd.running():
        for changes in ({"Url": "tls"}, {"StartTls": "yes"}, {"Url": "tls", "CaFile": ""}):
            with ldap.daemon(slapd, {"CaFile": str(other)} | changes) as daemon:
                ldap.waits(BOB, daemon, "is not trusted: its certificate is by no CA of ")
        expect(not slapd.searches(), f"{slapd.searches()}")


def wrong_name(ldap: Directory) -> None:
    slapd = ldap.new(name="ldap.example.net")
    with slapd.running():
        for changes in ({"Url": "tls"}, {"StartTls": "yes"}):
            with ldap.daemon(slapd, changes) as daemon:
                ldap.waits(BOB, daemon, "is not trusted: its certificate is not for localhost")
        expect(not slapd.searches(), f"{slapd.searches()}")


def ldaprc(ldap: Directory) -> None:
    slapd, other = ldap.new(), ldap.server_certificate()[0]
    configuration = ldap.configuration(slapd, {"Url": "tls", "CaFile": str(other)})
    rc = ldap.world.work / "ldaprc"
    rc.write_text("TLS_REQCERT never\n")
    with slapd.running():
        done = tools.run(["env", f"LDAPCONF={rc}", f"LDAPRC={rc}", "LDAPTLS_REQCERT=never", ldap.world.program.executable,
                          "check", "--config", configuration], ok=range(256))
        said = tools.text(done.stdout + done.stderr)
        expect("is not trusted: its certificate is by no CA of" in said, said)


def simple_bind(ldap: Directory) -> None:
    slapd = ldap.new(access=FOR_READER)
    with slapd.running(), ldap.daemon(slapd, bound(ldap, PASSWORD)) as daemon:
        ldap.encrypted(BOB)
        expect(f'BIND dn="{READER}" mech=SIMPLE' in slapd.log(), slapd.log()[-2000:])
        expect(PASSWORD not in daemon.log(), "the log has the password")


def bound(ldap: Directory, password: str) -> dict[str, str]:
    file = ldap.world.work / "ldap-password"
    file.write_text(f"{password}\n")
    give_to_daemon(file)
    return {"BindDn": READER, "BindFile": str(file), "Url": "tls"}


def wrong_password(ldap: Directory) -> None:
    slapd = ldap.new(access=FOR_READER)
    with slapd.running(), ldap.daemon(slapd, bound(ldap, "wrong horse")) as daemon:
        for _ in range(4):
            ldap.waits(BOB, daemon, r"does not accept BindDn .* invalidCredentials \(49\)|has not answered since")
        expect(slapd.log().count("err=49") == 1, "it was said more than once")
        expect("wrong horse" not in daemon.log(), "the log has the password")
        bound(ldap, PASSWORD)
        ldap.back(BOB, daemon)


def external_socket(ldap: Directory) -> None:
    slapd = ldap.new(access=FOR_READER)
    with slapd.running(), ldap.daemon(slapd, {"Url": slapd.socket_url, "Bind": "External", "CaFile": ""}):
        ldap.encrypted(BOB)
        expect(f'BIND dn="{READER}" mech=EXTERNAL' in slapd.log(), slapd.log()[-2000:])


def external_tls(ldap: Directory) -> None:
    slapd = ldap.new(access=FOR_READER)
    ca = slapd._tls[0]
    certificate, key = ca.parent / "client.pem", ca.parent / "client.key"
    ldap.issue(ca, ca.parent / "ca.key", certificate, key, "/CN=postseal-client", "extendedKeyUsage=clientAuth\n")
    give_to_daemon(certificate, key)
    with slapd.running():
        for changes in ({"Url": "tls"}, {"StartTls": "yes"}):
            changes |= {"Bind": "External", "CertFile": str(certificate), "KeyFile": str(key)}
            with ldap.daemon(slapd, changes):
                ldap.encrypted(BOB)
        expect(slapd.log().count(f'BIND dn="{READER}" mech=EXTERNAL') == 2, slapd.log()[-2000:])
