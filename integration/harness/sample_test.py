"""postfix-sample/ as an administrator uses it. (Its main.cf, master.cf and postseal.ini carry all the other tests.)"""

import os
from collections.abc import Iterator
from functools import partial

from . import tools
from .report import Test, expect
from .world import World


def tests(world: World) -> Iterator[Test]:
    yield Test("sample: Postfix knows every parameter of main.cf and master.cf", partial(parameters, world))
    yield Test("sample: try shows a signed mail, and leaves nothing behind", partial(try_it, world))


def parameters(world: World) -> None:
    for options in (("-n",), ("-M",), ("-P",)):
        said = tools.text(world.postfix.command("postconf", *options).stderr)
        expect("unused parameter" not in said and "undefined parameter" not in said, said)


def try_it(world: World) -> None:
    temporary = world.work / "try"
    temporary.mkdir(mode=0o711)
    done = tools.run([world.sample / "try"], timeout=120,
                     env={**os.environ, "POSTSEAL": str(world.program.executable), "TMPDIR": str(temporary)})
    said = tools.text(done.stdout + done.stderr)
    for words in ("multipart/signed", "Verification successful", "smime.p7s"):
        expect(words in said, f"{words} is not in:\n{said}")
    expect(not list(temporary.iterdir()), f"left behind: {list(temporary.iterdir())}")
