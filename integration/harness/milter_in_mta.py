"""The milter library in real MTAs, each held against what the library's double of that MTA predicts."""

import itertools
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from . import mime, tools
from .filters import Prediction
from .postfix import Postfix
from .report import Failure, Test, expect
from .sendmail import Sendmail
from .smtp import Client, Reply
from .world import World

Mta = Postfix | Sendmail
FILTERS = {"whole": "whole-message", "stages": "stage-by-stage"}
SENDER = "alice@example.org"

# Difficult fields, and nothing missing that an MTA would add.
HEADER = """\
Received: from elsewhere by here; Sun, 22 Nov 2026 01:00:00 +0000
From: alice@example.org
To: all of them <first@example.net>
Subject: as it was
Date: Sun, 22 Nov 2026 01:00:00 +0000
Message-ID: <1@example.org>
X-Many: one
X-Gone: yes
X-Many: two,
\tfolded
X-Tight:without a space
X-Tab:\tafter a tab
X-Many: three
X-Trial: %s

"""
SHORT, LONG = b"as it was\r\n", b"".join(b"Line %d of the body.\r\n" % n for n in range(10000))


@dataclass(frozen=True)
class Trial:
    """What is tried, by which filter, and with which message."""
    about: str
    filter: str = "whole"
    trial: str = "nothing"
    sender: str = SENDER
    recipients: tuple[str, ...] = ("first", "second")
    body: bytes = SHORT

    def message(self) -> bytes:
        return (HEADER % self.trial).replace("\n", "\r\n").encode() + self.body


TRIALS = (
    Trial("every change of a filter of whole messages", trial="change", body=LONG),
    Trial("a new order of all fields", trial="reorder"),
    Trial("an empty new body", trial="empty", body=LONG),
    Trial("a filter slower than the MTA is patient, but making progress", trial="slow"),
    Trial("a message the filter does not want", trial="unwanted", body=LONG),
    Trial("a filter that fails", trial="unheard of"),
    Trial("every change of a handler, call by call", "stages", "change", body=LONG),
    Trial("a sender that is rejected", "stages", sender="mail-reject@example.org"),
    Trial("a sender that is refused in words", "stages", sender="mail-code@example.org"),
    Trial("a sender that is refused for now", "stages", sender="mail-tempfail@example.org"),
    Trial("a recipient that is rejected", "stages", recipients=("rcpt-reject",)),
    Trial("a header field that is refused in words", "stages", "header-code"),
    Trial("headers after which the rest is accepted", "stages", "eoh-accept", body=LONG),
    Trial("a header field after which the others are skipped", "stages", "header-skip"),
    Trial("a body of which the rest is skipped", "stages", "body-skip", body=LONG),
    Trial("a body that is refused for now", "stages", "body-tempfail"),
    Trial("a message that is discarded", "stages", "eom-discard"),
    Trial("a message that is refused in words", "stages", "eom-code"),
)

NUMBERS = itertools.count()


def tests(world: World) -> Iterator[Test]:
    for mta, name in ((world.postfix, "Postfix"), (world.sendmail, "Sendmail")):
        for trial in TRIALS:
            yield Test(f"milter in {name}: {trial.about}, as predicted", partial(predicted, world, mta, trial))
        yield Test(f"milter in {name}: the dialogue of a message, as predicted", partial(dialogue, world, mta))
        for filter, trial, about in (("whole", "headers", "random header sections become others"),
                                     ("stages", "script", "random changes of header sections")):
            yield Test(f"milter in {name}: {about}, as predicted", partial(at_random, world, mta, filter, trial))
        yield Test(f"milter in {name}: a message that is given up is forgotten", partial(given_up, world, mta))
        yield Test(f"milter in {name}: a message is quarantined", partial(quarantine, world, mta))
        yield Test(f"milter in {name}: the sample of the package", partial(sample, world, mta))
        yield Test(f"milter in {name}: SIGTERM under load loses no message", partial(stop_under_load, world, mta))


def predicted(world: World, mta: Mta, trial: Trial) -> None:
    port, recipients = getattr(world.milters, trial.filter), addresses(*trial.recipients)
    with world.filters.run(FILTERS[trial.filter], port) as filter:
        [prediction] = world.filters.predict(mta.kind, port, trial.sender, recipients, trial.message())
        reply = send(mta, trial.filter, trial.sender, recipients, trial.message())
        accepted = {"Accepted": True, "Discarded": True, "Rejected": False, "TempFailed": False}[prediction.verdict]
        code = 2 if accepted else 4 if prediction.verdict == "TempFailed" else 5
        expect(reply.code // 100 == code,
               f"predicted: {prediction.verdict}; the client was told {reply}\n{filter.log()}")
        words = prediction.reply.partition("\r\n")[0][len("554 5.7.1 "):]
        expect(words in reply.text, f"predicted: {prediction.reply}; the client was told {reply}")
        if prediction.verdict == "Accepted":
            arrived(world, prediction)
        else:
            nothing_arrived(world, mta, recipients)


def arrived(world: World, prediction: Prediction) -> None:
    for recipient in prediction.recipients:
        arrival = world.sink.wait(recipient)
        expect(arrival.sender == prediction.sender, f"from {arrival.sender}, predicted: {prediction.sender}")
        expect(set(arrival.recipients) == prediction.recipients,
               f"to {arrival.recipients}, predicted: {prediction.recipients}")
        same(without_own(arrival.raw), prediction.message)


def same(message: bytes, prediction: bytes) -> None:
    (fields, body), (predicted_fields, predicted_body) = mime.split(message), mime.split(prediction)
    expect([f.raw for f in fields] == [f.raw for f in predicted_fields],
           f"arrived:\n{mime.shown([f.raw for f in fields])}\npredicted:\n"
           f"{mime.shown([f.raw for f in predicted_fields])}")
    expect(body == predicted_body, f"a body of {len(body)} bytes arrived, {len(predicted_body)} were predicted")


def without_own(message: bytes) -> bytes:
    """Without the one field that the MTA adds."""
    kept, own = re.subn(rb"(?m)^Received: from client\.example\.org .*\r\n(?:[ \t].*\r\n)*", b"", message, count=1)
    expect(own, f"no Received of the MTA:\n{tools.text(message[:500])}")
    return kept


def nothing_arrived(world: World, mta: Mta, recipients: list[str]) -> None:
    """A message after it has arrived, and it has not."""
    [after] = addresses("after")
    expect(send(mta, "plain", SENDER, [after], Trial("").message()).code == 250, "the next message is refused")
    world.sink.wait(after)
    expect(not any(map(world.sink.has, recipients)), "not accepted, and yet delivered")


def at_random(world: World, mta: Mta, filter: str, trial: str) -> None:
    """The body says what the filter shall do; the double and the MTA must make the same of it."""
    numbers, port = random.Random(1), getattr(world.milters, filter)
    make = header_section if trial == "headers" else script
    messages = [fields_at_random(numbers, trial) + b"\r\n" + make(numbers) for _ in range(60)]
    with world.filters.run(FILTERS[filter], port) as running:
        recipients = addresses(*(f"random-{number}" for number in range(len(messages))))
        predictions = world.filters.predict(mta.kind, port, SENDER, ["one@example.net"], *messages)
        with Client(getattr(mta.ports, filter)) as client:
            for recipient, message in zip(recipients, messages):
                reply = client.send(SENDER, [recipient], message)
                expect(reply.code == 250, f"the client was told {reply}\n{running.log()}")
    for recipient, message, prediction in zip(recipients, messages, predictions, strict=True):
        try:
            same(without_own(world.sink.wait(recipient).raw), prediction.message)
        except Failure as different:
            raise Failure(f"{different}\nof:\n{tools.text(message)}") from None


def fields_at_random(numbers: random.Random, trial: str) -> bytes:
    fields = [*required(trial), *(field(numbers) for _ in range(numbers.randrange(10)))]
    numbers.shuffle(fields)
    return b"".join(f + b"\r\n" for f in fields)


def header_section(numbers: random.Random) -> bytes:
    return fields_at_random(numbers, "headers")


def script(numbers: random.Random) -> bytes:
    lines = []
    for _ in range(numbers.randrange(1, 6)):
        name, index = field(numbers).split(b":")[0], b"%d" % numbers.randrange(1, 5)
        lines.append(numbers.choice((b"add " + field(numbers), b"change " + index + b" " + field(numbers),
                                     b"insert %d " % numbers.randrange(25) + field(numbers),
                                     b"delete " + index + b" " + name)))
    return b"".join(line + b"\r\n" for line in lines)


def field(numbers: random.Random) -> bytes:
    name = numbers.choice((b"Subject", b"X-A", b"x-a", b"X-B", b"Received", b"Comments"))
    return name + numbers.choice((b": ", b":", b":\t")) + b"v%d" % numbers.randrange(1000)


def required(trial: str) -> list[bytes]:
    """What an MTA adds where it is missing."""
    return [b"From: alice@example.org", b"To: one@example.net", b"Date: Sun, 22 Nov 2026 01:00:00 +0000",
            b"Message-ID: <1@example.org>", b"X-Trial: " + trial.encode()]


def dialogue(world: World, mta: Mta) -> None:
    """What the filter is told, with its order, sizes, spaces and the time of the queue id, is what the double says."""
    port, message, recipients = world.milters.stages, Trial("", body=LONG).message(), addresses("first", "second")
    said = []
    with world.filters.run("stage-by-stage", port) as filter:
        expect(send(mta, "stages", SENDER, recipients, message).code == 250, "the message is refused")
        said.append(whole_dialogue(filter))
    with world.filters.run("stage-by-stage", port) as filter:
        world.filters.predict(mta.kind, port, SENDER, recipients, message)
        said.append(whole_dialogue(filter))
    real, double = said
    expect(real == double, "told by the MTA:\n" + "\n".join(real) + "\nby the double:\n" + "\n".join(double))


def whole_dialogue(filter) -> list[str]:
    """The client has its reply before the filter has told of the message's end."""
    def whole() -> list[str] | None:
        lines = [line for line in filter.log().splitlines() if not line.startswith("info: ")]
        return lines if lines[-1:] == ["reset"] else None

    return tools.wait_for(whole, 10, filter.log)


def given_up(world: World, mta: Mta) -> None:
    [first, second] = addresses("first", "second")
    with world.filters.run("stage-by-stage", world.milters.stages) as filter, Client(mta.ports.stages) as client:
        client.begin("mail@example.org", [first])
        client.give_up()
        expect(client.send(SENDER, [second], Trial("", trial="mark").message()).code == 250, "it is refused")
        said = [line.split(":")[0].removesuffix(" with queue id") for line in whole_dialogue(filter)]
        expect([stage for stage in said if stage not in ("header", "connect", "helo")]
               == ["mail", "rcpt", "reset", "mail", "rcpt", "data", "eoh", "body", "eom", "reset"], filter.log())
    arrival = world.sink.wait(second)
    expect(arrival.recipients == (second,) and b"\r\nX-Mark: yes\r\n" in arrival.raw, f"{arrival}")


def quarantine(world: World, mta: Mta) -> None:
    [recipient] = addresses("held")
    with world.filters.run("whole-message", world.milters.whole):
        reply = send(mta, "whole", SENDER, [recipient], Trial("", trial="quarantine").message())
    expect(reply.code == 250, f"the client was told {reply}")
    said = tools.wait_for(lambda: mta.quarantined(recipient), 10, lambda: f"the quarantine\n{mta.log()}")
    expect(mta is world.postfix or "a person shall look at it" in said, f"without its reason: {said}")
    expect(not world.sink.has(recipient), "held, and yet delivered")


def sample(world: World, mta: Mta) -> None:
    number = next(NUMBERS)
    insider, outsider = f"inside-{number}@example.org", f"outside-{number}@example.net"
    with world.filters.run("stamp", world.milters.whole):
        reply = send(mta, "whole", SENDER, [insider, outsider], Trial("").message())
        expect(reply.code == 250, f"the client was told {reply}")
        reply = send(mta, "whole", SENDER, [outsider], Trial("").message())
        expect(reply.code == 550 and "for example.org only" in reply.text, f"the client was told {reply}")
    arrival = world.sink.wait(insider)
    fields = mime.split(arrival.raw)[0]
    expect(arrival.recipients == (insider,), f"it went to {arrival.recipients}")
    expect(mime.values(fields, "Subject") == ["[internal] as it was"], mime.values(fields, "Subject"))
    expect(mime.values(fields, "X-Audience") == ["internal"], mime.values(fields, "X-Audience"))


def stop_under_load(world: World, mta: Mta) -> None:
    """Each message sent while the filter stops was accepted, and arrives, or was refused for now, and does not."""
    replies: dict[str, Reply] = {}
    busy = threading.Event()

    def client(number: int) -> None:
        for _ in range(20):
            [recipient] = addresses(f"load-{number}")
            replies[recipient] = send(mta, "whole", SENDER, [recipient], Trial("", trial="pause").message())
            if len(replies) > 20:
                busy.set()

    with world.filters.start("whole-message", world.milters.whole) as filter:
        clients = [threading.Thread(target=client, args=(n,)) for n in range(6)]
        for thread in clients:
            thread.start()
        expect(busy.wait(60), f"no load came up: {replies}")
        filter.stop()
        for thread in clients:
            thread.join()
    taken = [recipient for recipient, reply in replies.items() if reply.code == 250]
    odd = {r: str(reply) for r, reply in replies.items() if reply.code != 250 and reply.code // 100 != 4}
    expect(not odd and len(taken) >= 20 and len(taken) < len(replies),
           f"{len(taken)} of {len(replies)} taken; neither taken nor refused for now: {odd}\n{filter.log()}")
    for recipient in taken:
        world.sink.wait(recipient)
    refused = [recipient for recipient in replies if recipient not in taken]
    nothing_arrived(world, mta, refused)


def send(mta: Mta, service: str, sender: str, recipients: list[str], message: bytes) -> Reply:
    with Client(getattr(mta.ports, service)) as client:
        return client.send(sender, recipients, message)


def addresses(*names: str) -> list[str]:
    """A domain of its own for each test, so that what arrives is that test's."""
    domain = f"n{next(NUMBERS)}.example.net"
    return [f"{name}@{domain}" for name in names]
