"""A milter that changes nothing and keeps what it sees: a spam filter before or behind Postseal."""

import socketserver
import struct
import threading


class SpyMilter:
    def __init__(self, port: int) -> None:
        self.port = port
        self.seen: list[bytes] = []
        spy = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                spy._talk(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Session)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="spy", daemon=True).start()

    def __enter__(self) -> "SpyMilter":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _talk(self, session: socketserver.StreamRequestHandler) -> None:
        def say(command: bytes, content: bytes = b"") -> None:
            session.wfile.write(struct.pack("!I", len(content) + 1) + command + content)

        message = b""
        while head := session.rfile.read(5):
            size, command = struct.unpack("!Ic", head)
            content = session.rfile.read(size - 1)
            match command:
                case b"O":
                    # No action, and an answer to everything.
                    say(b"O", struct.pack("!III", 6, 0, 0))
                case b"D" | b"A" | b"K":
                    pass
                case b"Q":
                    return
                case _:
                    if command == b"M":
                        message = b""
                    elif command in b"LBE":
                        message += content.replace(b"\0", b": ", 1) if command == b"L" else content
                    if command == b"E":
                        self.seen.append(message)
                    say(b"c")
