"""The milter library against clients that others wrote: emersion/go-milter's and Debian's miltertest."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from . import tools
from .report import Test, expect
from .world import World


def tests(world: World) -> Iterator[Test]:
    integration = world.root / "integration"
    for path in sorted((integration / "go-client" / "dialogues").glob("*.txt")):
        yield Test(f"milter with go-milter's client: {sentence(path, '# ')}", partial(go_client, world, path))
    for path in sorted((integration / "miltertest").glob("*.lua")):
        yield Test(f"milter with miltertest: {sentence(path, '-- ')}", partial(miltertest, world, path))


def go_client(world: World, path: Path) -> None:
    steps = [line.split(" -> ") for line in path.read_text().splitlines() if not line.startswith("#")]
    with world.filters.run("stage-by-stage", world.milters.stages) as filter:
        replies = world.filters.go_client(world.milters.stages, [command for command, _ in steps])
        for (command, expected), reply in zip(steps, replies, strict=True):
            expect(reply == expected, f"{command}\n  expected: {expected}\n  got:      {reply}\n{filter.log()}")


def miltertest(world: World, path: Path) -> None:
    port = world.milters.stages
    with world.filters.run("stage-by-stage", port) as filter:
        done = tools.run(["miltertest", "-v", "-v", "-D", f"SOCKET=inet:{port}@127.0.0.1", "-s", path], ok=range(256))
        said = tools.text(done.stdout + done.stderr)
        expect(done.returncode == 0, f"exit code {done.returncode}:\n{said}\n{filter.log()}")


def sentence(path: Path, comment: str) -> str:
    """The first line of a script says what it shows."""
    return path.read_text().splitlines()[0].removeprefix(comment)
