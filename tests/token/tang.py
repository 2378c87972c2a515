# SPDX-License-Identifier: MIT
"""tang servers: the real tangd behind a socket of ours, and servers that are slow, down or lie."""
import os
import socket
import subprocess
import threading

TANGD = "/usr/libexec/tangd"
KEYGEN = "/usr/libexec/tangd-keygen"


class Server(threading.Thread):
    """Listens on 127.0.0.1 (or @host) at a free port; each connection is given to serve(connection), in a thread of its own."""

    def __init__(self, serve, host="127.0.0.1", port=0):
        super().__init__(daemon=True)
        self.serve, self.connections = serve, 0
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((host, port))
        self.socket.listen(32)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            with connection:
                self.serve(connection)
        except OSError:
            pass  # the program may leave at any time

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def tangd(folder):
    """The real tangd with the keys in @folder, for Server."""
    def serve(connection):
        subprocess.run([TANGD, folder], stdin=connection, stdout=connection, stderr=subprocess.DEVNULL, check=False, timeout=60)
    return serve


def keygen(folder):
    os.makedirs(folder, exist_ok=True)
    subprocess.run([KEYGEN, folder], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def request(connection):
    """One request, whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(4096) or exit_thread()
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(4096) or exit_thread()
    return head, body


def exit_thread():
    raise OSError("the program has left")
