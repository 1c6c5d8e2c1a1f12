"""After everything: nothing is left behind, and the daemon of the whole run is as well as at its start."""

from collections.abc import Iterator
from functools import partial

from .report import Test, expect
from .world import World

# The largest message of the run is 14 MB: what kept a few of them, or a part of each message, would pass this.
MEMORY = 700 << 20


def tests(world: World) -> Iterator[Test]:
    yield Test("no mail is left in the queue", partial(queue_is_empty, world))
    yield Test("the daemon of the whole run is alive and small", partial(daemon_is_well, world))


def queue_is_empty(world: World) -> None:
    queued = world.postfix.queued()
    expect(not queued, queued)


def daemon_is_well(world: World) -> None:
    expect(world.daemon.alive(), f"postseal milter is gone:\n{world.daemon.log()[-3000:]}")
    used = world.daemon.memory()
    expect(used < MEMORY, f"postseal milter uses {used >> 20} MiB")
