"""What a reader sees of a message, taken apart by Python's email package, which shares no code with Postseal."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import collapse_rfc2231_value

FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(?:.*\r?\n)(?:[ \t].*\r?\n)*")


class Raw(Compat32):
    """Header fields as they came: no guess of the package about their charset."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


@dataclass(frozen=True)
class Field:
    name: str
    raw: bytes

    @property
    def value(self) -> str:
        return readable(self.raw.split(b":", 1)[1].decode("ascii", "surrogateescape"))


def split(message: bytes) -> tuple[list[Field], bytes]:
    """The raw header fields and the body."""
    fields, at = list[Field](), 0
    while match := FIELD.match(message, at):
        fields.append(Field(match[1].decode(), match[0]))
        at = match.end()
    end = re.compile(rb"\r?\n").match(message, at)
    return fields, message[end.end() if end else at:]


def values(fields: list[Field], name: str) -> list[str]:
    return [f.value for f in fields if f.name.lower() == name.lower()]


def readable(value: str) -> str:
    """A header value unfolded, its encoded words and raw 8bit bytes turned into text."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value).strip().replace("\t", " ")
    raw = unfolded.encode("utf-8", "surrogateescape")
    try:
        unfolded = raw.decode()
    except UnicodeDecodeError:
        unfolded = raw.decode("latin-1")
    try:
        words = [w.decode(c or "latin-1", "replace") if isinstance(w, bytes) else w for w, c in decode_header(unfolded)]
    except (LookupError, ValueError):
        return unfolded
    return "".join(words)


@dataclass(frozen=True)
class Part:
    """A node of the MIME tree: its place, its type, what is said about it, and its decoded content."""
    place: str
    type: str
    parameters: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    content: bytes | None
    lonely: bool = False


def parts(message: bytes) -> list[Part]:
    return list(_walk(BytesParser(policy=Raw()).parsebytes(message), "1", top=True))


def _walk(message: Message, place: str, top: bool = False) -> Iterator[Part]:
    container = message.is_multipart()
    # Header fields of the outermost message are compared byte for byte elsewhere; here only what is about content.
    fields = sorted((n.lower(), readable(v)) for n, v in message.raw_items()
                    if n.lower().startswith("content-") or not top)
    # A multipart without any part is text to a reader, whatever its type says.
    lonely = message.get_content_maintype() == "multipart" and not container
    yield Part(place, "text/plain" if lonely else message.get_content_type(), tuple(_parameters(message)),
               tuple(f for f in fields if f[0] not in ("content-type", "content-transfer-encoding",
                                                       "content-disposition", "content-length", "lines")),
               None if container else message.get_payload(decode=True), lonely)
    if container:
        for i, child in enumerate(message.get_payload(), 1):
            yield from _walk(child, f"{place}.{i}")


def _parameters(message: Message) -> Iterator[tuple[str, str]]:
    for header in ("content-type", "content-disposition"):
        for name, value in message.get_params([], header)[1:]:
            if name.lower() != "boundary":
                plain = collapse_rfc2231_value(value) if isinstance(value, tuple) else value
                yield f"{header}:{name.lower()}", readable(plain)


def difference(sent: list[Part], received: list[Part]) -> str | None:
    """The first thing a reader would see changed, or nothing."""
    if [(p.place, p.type) for p in sent] != [(p.place, p.type) for p in received]:
        return (f"the structure changed\n  sent:     {[(p.place, p.type) for p in sent]}\n"
                f"  received: {[(p.place, p.type) for p in received]}")
    for before, after in zip(sent, received):
        if not same_content(before, after):
            return changed(before, "content", before.content, after.content)
        for what, a, b in (("fields", before.fields, after.fields),
                           ("parameters", before.parameters, without_repair(before, after))):
            if a != b:
                return changed(before, what, a, b)
    return None


def changed(part: Part, what: str, sent: object, received: object) -> str:
    return (f"part {part.place} ({part.type}): {what} changed\n  sent:     {shown(sent)}\n"
            f"  received: {shown(received)}")


def same_content(before: Part, after: Part) -> bool:
    if before.content == after.content:
        return True
    # An empty message is signed as one line end: an entity needs a body for readers to agree on.
    if before.place == "1" and before.content == b"" and after.content == b"\r\n":
        return True
    # Of a multipart without any part Python shows what goes before its last delimiter; as the text it is signed as, all
    # is shown. Where it is Python that cannot read the boundary, what stands before the first part and after the last goes.
    return before.lonely and (after.content.startswith(before.content.rstrip())
                              or after.content.startswith(b"--") and after.content.rstrip() in before.content)


def without_repair(before: Part, after: Part) -> tuple[tuple[str, str], ...]:
    """A part that names no charset may leave with one: saying what its bytes are is a repair, not a change."""
    if before.lonely:
        return before.parameters
    if any(n == "content-type:charset" for n, _ in before.parameters):
        return after.parameters
    return tuple(p for p in after.parameters if p[0] != "content-type:charset")


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) < 1500 else f"{text[:700]} … {text[-700:]} ({len(text)} characters)"
