"""A client that sends bytes as they are: smtplib would mend line ends and dots."""

import base64
import re
import smtplib
from dataclasses import dataclass

from . import sasl


@dataclass(frozen=True)
class Reply:
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class Client:
    """One SMTP connection; `address` is who Postfix shall think is calling (XCLIENT)."""

    def __init__(self, port: int, address: str | None = None, login: str | None = None) -> None:
        self._smtp = smtplib.SMTP("127.0.0.1", port, local_hostname="client.example.org", timeout=60)
        self._smtp.ehlo()
        if address:
            self._must(220, self._command("XCLIENT", f"ADDR={address} NAME=[UNAVAILABLE]"))
            self._smtp.ehlo()
        if login is not None:
            token = base64.b64encode(f"\0{login}\0{sasl.PASSWORD}".encode()).decode()
            self._must(235, self._command("AUTH", f"PLAIN {token}"))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._smtp.close()

    def send(self, sender: str, recipients: list[str], message: bytes, mail: str = "", rcpt: str = "") -> Reply:
        """The reply to the whole message, or the first that refused it; `mail` and `rcpt` are parameters of the commands."""
        body = " BODY=8BITMIME" if re.search(rb"[\x80-\xff]", message) else ""
        reply = self.begin(sender, recipients, body + mail, rcpt)
        if reply.code < 400:
            reply = self._command("DATA", "")
        if reply.code >= 400:
            self.give_up()
            return reply
        ended = message if message.endswith(b"\r\n") else message + b"\r\n"
        self._smtp.send(re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n")
        code, text = self._smtp.getreply()
        return Reply(code, text.decode("utf-8", "replace"))

    def begin(self, sender: str, recipients: list[str], mail: str = "", rcpt: str = "") -> Reply:
        """The envelope: the last reply, or the first that refused it."""
        steps = [("MAIL", f"FROM:<{sender}>{mail}"), *(("RCPT", f"TO:<{r}>{rcpt}") for r in recipients)]
        for command, argument in steps:
            reply = self._command(command, argument)
            if reply.code >= 400:
                return reply
        return reply

    def give_up(self) -> None:
        self._command("RSET", "")

    def _command(self, command: str, argument: str) -> Reply:
        code, text = self._smtp.docmd(command, argument)
        return Reply(code, text.decode("utf-8", "replace"))

    @staticmethod
    def _must(code: int, reply: Reply) -> None:
        if reply.code != code:
            raise RuntimeError(f"Postfix answered {reply}, not {code}")


def wire(message: bytes) -> bytes:
    """A message file of bare LF is a Unix file and goes out with CRLF; one that has a CRLF is sent as it is."""
    return message if b"\r\n" in message else message.replace(b"\n", b"\r\n")
