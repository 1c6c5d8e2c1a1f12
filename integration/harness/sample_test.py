"""postfix-sample/ as an administrator uses it. (Its main.cf, master.cf and postseal.ini carry all the other tests.)"""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import tools
from .report import Test, expect
from .world import World


def tests(world: World) -> Iterator[Test]:
    yield Test("sample: Postfix knows every parameter of main.cf and master.cf", partial(parameters, world))
    yield Test("sample: the file of logins serves Postfix too, as main.cf says", partial(shared_logins, world))
    program = {"POSTSEAL": str(world.program.executable)}
    yield Test("sample: try shows a signed and an encrypted mail, and leaves nothing behind", partial(try_it, world, program))
    yield Test("sample: try builds the program where there is none, and waits for that", partial(try_it, world, {}))
    yield Test("sample: try says at once when the daemon ends", partial(try_what_ends, world))


def parameters(world: World) -> None:
    for options in (("-n",), ("-M",), ("-P",)):
        said = tools.text(world.postfix.command("postconf", *options).stderr)
        expect("unused parameter" not in said and "undefined parameter" not in said, said)


def shared_logins(world: World) -> None:
    """The table of the sample, and the other one in the comment below it."""
    own, shared = re.findall(r"(?m)^(?:#   )?smtpd_sender_login_maps = (.*)$", (world.sample / "main.cf").read_text())
    logins = world.work / "shared-logins"
    logins.write_text("sales@example.org bob@example.org,\n  carol\n")
    shared = shared.replace("/etc/postseal/sender_logins", str(logins))
    for table, address, owners in (
            (own, "alice@example.org", "alice@example.org"), (shared, "alice@example.org", "alice@example.org"),
            (shared, "sales@example.org", "bob@example.org, carol,sales@example.org")):
        # In main.cf a $ is written twice.
        found = re.sub(r",\s+", ", ", world.postfix.lookup(table.replace("$$", "$"), address) or "")
        expect(found == owners, f"{address} belongs to {found!r} by {table}, not to {owners!r}")


def run_try(world: World, program: dict[str, str], ok: tuple[int, ...] = (0,)) -> str:
    """What `try` says. A program that happens to be installed on this machine is not what is tried."""
    temporary = world.work / "try"
    temporary.mkdir(mode=0o711, exist_ok=True)
    elsewhere = {name: value for name, value in os.environ.items() if name != "POSTSEAL"}
    path = [d for d in os.environ["PATH"].split(":") if not (Path(d) / "postseal").exists()]
    done = tools.run([world.sample / "try"], timeout=900, ok=ok,
                     env={**elsewhere, **program, "PATH": ":".join(path), "TMPDIR": str(temporary)})
    expect(not list(temporary.iterdir()), f"left behind: {list(temporary.iterdir())}")
    return tools.text(done.stdout + done.stderr)


def try_it(world: World, program: dict[str, str]) -> None:
    said = run_try(world, program)
    for words in ("multipart/signed", "Verification successful", "smime.p7s", "smime-type=enveloped-data", "split for 3 recipient(s)"):
        expect(words in said, f"{words} is not in:\n{said}")
    # As it goes in, in what Bob and Dora get, and in what Carol gets.
    expect(said.count("For your eyes only.") == 4, said)


def try_what_ends(world: World) -> None:
    said = run_try(world, {"POSTSEAL": "/bin/false"}, ok=(1,))
    expect("postseal milter has ended" in said, said)
