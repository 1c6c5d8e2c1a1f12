"""Enough of the Dovecot authentication protocol (version 1) for Postfix to log a client in by AUTH PLAIN.

So the login reaches the milter the way it does in production, in the macro {auth_authen}.
"""

import base64
import socketserver
import threading

PASSWORD = "correct horse"


class AuthServer:
    def __init__(self, port: int) -> None:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Session)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="sasl", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n"
                         b"COOKIE\t00000000000000000000000000000000\nDONE\n")
        while line := self.rfile.readline():
            fields = line.decode().rstrip("\n").split("\t")
            if fields[0] == "AUTH":
                self.wfile.write(answer(fields[1], fields[3:]).encode())


def answer(request: str, parameters: list[str]) -> str:
    response = next(p.removeprefix("resp=") for p in parameters if p.startswith("resp="))
    _, user, password = base64.b64decode(response).decode().split("\0")
    return f"OK\t{request}\tuser={user}\n" if password == PASSWORD else f"FAIL\t{request}\tuser={user}\n"
