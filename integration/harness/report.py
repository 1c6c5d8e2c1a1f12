"""One line a test, and the sum at the end."""

import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field


class Failure(Exception):
    """Postseal did not do what the test expects; the text says what was seen."""


class Skipped(Exception):
    """The test cannot run here; the text says why."""


@dataclass(frozen=True)
class Test:
    name: str
    run: Callable[[], None]


def expect(condition: object, why: str) -> None:
    if not condition:
        raise Failure(why)


@dataclass
class Report:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    names: set[str] = field(default_factory=set)

    def run(self, test: Test) -> None:
        if test.name in self.names:
            raise ValueError(f"two tests are named {test.name}")
        self.names.add(test.name)
        started = time.monotonic()
        try:
            test.run()
        except Skipped as reason:
            self.skipped += 1
            print(f"skipped {test.name}: {reason}", flush=True)
        except Failure as reason:
            self._fail(test, str(reason))
        except Exception:
            # A broken harness is a failed test too: nothing may pass because its judge fell over.
            self._fail(test, traceback.format_exc())
        else:
            self.passed += 1
            print(f"ok {test.name} ({time.monotonic() - started:.1f}s)", flush=True)

    def _fail(self, test: Test, why: str) -> None:
        self.failed += 1
        print(f"FAIL {test.name}: " + why.strip().replace("\n", "\n    "), flush=True)

    def finish(self) -> int:
        tail = f", {self.skipped} skipped" if self.skipped else ""
        sys.stderr.flush()
        print(f"{self.passed} passed, {self.failed} failed{tail}", flush=True)
        return 0 if self.failed == 0 and self.passed > 0 else 1
