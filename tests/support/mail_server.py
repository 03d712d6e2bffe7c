"""A mail server on 127.0.0.1 that keeps the mails that it receives, on request with STARTTLS and accounts."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass
class MailServer:
    """The mails that arrived, the accounts with which clients logged in, and whether the connection was secured."""

    port: int = 0
    chain: tuple[Path, Path] | None = None
    refusal: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, bool]] = field(default_factory=list)


@contextmanager
def mail_server(chain: tuple[Path, Path] | None = None, refusal: str = "") -> Iterator[MailServer]:
    """Run a server. ``chain`` is certificate and key for STARTTLS; ``refusal`` answers every mail."""
    state = MailServer(chain=chain, refusal=refusal)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                talk(self, state)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def talk(handler: socketserver.StreamRequestHandler, state: MailServer) -> None:
    """Answer the commands of one client (RFC 5321, 3207 and 4954)."""
    lines, secured = handler.rfile, False

    def answer(*replies: str) -> None:
        handler.connection.sendall("".join(f"{reply}\r\n" for reply in replies).encode())

    answer("220 mail.example ESMTP")
    while line := lines.readline():
        verb, _, rest = line.decode().strip().partition(" ")
        if verb.upper() == "EHLO":
            offers = ["AUTH PLAIN"] if secured else ["STARTTLS"] if state.chain else []
            names = ["mail.example", *offers]
            answer(*(f"250{'-' if name is not names[-1] else ' '}{name}" for name in names))
        elif verb.upper() == "STARTTLS" and state.chain:
            answer("220 go ahead")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*state.chain)
            handler.connection = handler.request = context.wrap_socket(handler.connection, server_side=True)
            lines, secured = handler.connection.makefile("rb"), True
        elif verb.upper() == "AUTH":
            _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
            state.logins.append((f"{user}:{password}", secured))
            answer("235 accepted")
        elif verb.upper() == "RCPT":
            state.recipients.append(rest.partition(":")[2].strip("<>"))
            answer(state.refusal or "250 ok")
        elif verb.upper() == "DATA":
            answer("354 end with a dot")
            text = b"".join(iter(lines.readline, b".\r\n"))
            state.mails.append(message_from_bytes(text, policy=policy.default))
            answer("250 ok")
        elif verb.upper() == "QUIT":
            answer("221 bye")
            return
        else:
            answer("250 ok")
