"""What the READMEs print for a person to type, typed: the commands are taken from them, word for word."""

import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import tools
from .report import Test, expect
from .world import World

ALICE = "alice@example.org"

# Here root stands in for who may use sudo, and nobody for the user postseal.
SUDO = """#!/bin/sh
if [ "$1" = -u ]; then user=$2; shift 2; exec runuser -u "$user" -- "$@"; fi
exec "$@"
"""

# The program with another default for --config.
POSTSEAL = """#!/bin/sh
case "$1 $2" in "certs import" | check* | explain* | sign*) set -- "$@" --config {directory}/postseal.ini;; esac
exec {directory}/program "$@"
"""


def tests(world: World) -> Iterator[Test]:
    yield Test("README: from nothing to a certificate and a signature", partial(certificate, world))
    yield Test("README: a new project takes Postseal.MailKit from a folder and sends signed mail", partial(project, world))


def blocks(readme: Path, heading: str, language: str) -> list[str]:
    """The blocks of code below a heading, up to the next."""
    section = re.split(r"^##+ ", readme.read_text().split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    return re.findall(rf"^```{language}\n(.*?)^```", section, flags=re.M | re.S)


def certificate(world: World) -> None:
    """A person without any key, with openssl as the CA: what `sign` writes in the end, openssl verifies."""
    here = world.work / "recipe"
    installed = here / "etc"
    (installed / "certificates").mkdir(parents=True)
    for directory in (here, installed, installed / "certificates"):
        shutil.chown(directory, group="nogroup")
        directory.chmod(0o750)
    settings = installed / "postseal.ini"
    shutil.copy(world.sample / "postseal.ini", settings)
    shutil.chown(settings, group="nogroup")
    settings.chmod(0o640)
    shutil.copy(world.program.executable, installed / "program")
    (installed / "program").chmod(0o755)
    script(installed / "sudo", SUDO)
    script(installed / "postseal", POSTSEAL.format(directory=installed))

    (recipe,) = blocks(world.sample / "README.md", "From nothing to a certificate", "sh")
    typed = recipe.replace("/etc/postseal", str(installed)).replace("--owner postseal", "--owner nobody")
    typed = typed.replace("-o postseal", "-o nobody").replace("-u postseal", "-u nobody")
    before, after = re.split(r"^# .*alice\.crt.*\n", typed, flags=re.M)
    type_in(before, here)
    issue(world, here)
    said = type_in(after, here)
    expect(f"{ALICE} can sign now" in said, said)
    tools.run(["openssl", "cms", "-verify", "-in", here / "signed.eml", "-CAfile", world.pki.root.certificate,
               "-out", "/dev/null"])


def issue(world: World, here: Path) -> None:
    """The CA answers the request with what the request asks for."""
    authority = world.pki.intermediate
    tools.run(["openssl", "x509", "-req", "-in", here / f"{ALICE}.csr", "-copy_extensions", "copyall", "-days", "30",
               "-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial", "-CAserial", here / "serial",
               "-out", here / "alice.crt"])
    shutil.copy(authority.certificate, here / "chain.pem")


def type_in(commands: str, directory: Path) -> str:
    done = tools.run(["bash", "-euxc", f"cd {directory}\n{commands}"],
                     env={**os.environ, "PATH": f"{directory / 'etc'}:{os.environ['PATH']}"})
    return tools.text(done.stdout + done.stderr)


def script(path: Path, content: str) -> None:
    path.write_text(content)
    path.chmod(0o755)


def project(world: World) -> None:
    """The packages of this tree, a console project outside of it, the README's own program."""
    here = world.work / "project"
    here.mkdir()
    readme = world.root / "src" / "Postseal.MailKit" / "README.md"
    # Of its own, or the packages of this version that somebody made before would be taken.
    env = {**os.environ, "NUGET_PACKAGES": str(here / "nuget"), "DOTNET_NOLOGO": "1"}
    (pack,) = blocks(readme, "Getting it", "sh")
    (sources,) = blocks(readme, "Getting it", "xml")
    expect("`dotnet add package Postseal.MailKit`" in readme.read_text(), "how to add the package is not told")
    shell = partial(tools.run, env=env, timeout=600)
    shell(["bash", "-euc", f"cd {world.root}\n" + pack.replace("-o packages", f"-o {here}/packages")])
    (here / "nuget.config").write_text(sources)
    shell(["bash", "-euc", f"cd {here} && dotnet new console -o hello && cd hello && dotnet add package Postseal.MailKit"])
    program = re.search(r"^```csharp\n(.*?)^```", readme.read_text(), flags=re.M | re.S)
    (here / "hello" / "Program.cs").write_text(program[1])
    shell(["dotnet", "build", here / "hello", "-o", here / "built", "-warnaserror"])

    (here / "postseal.ini").write_text(f"[Certificates]\nPath = {world.pki.certificates}\n[Sender:@example.org]\nMode = Required\n")
    done = tools.run(["bash", "-euc", f"cd {here} && built/hello 127.0.0.1 {world.postfix.ports.plain}"], env=env)
    expect(b"signed with CN=alice" in done.stdout, f"{done}")
