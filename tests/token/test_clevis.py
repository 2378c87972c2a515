#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clevis beside real tang servers: the tokens of clevis 19 and of our own, several servers, and servers that lie.

The program is the real one, as user nobody, by the contract of latchkey-token(7). Servers are tangd behind sockets of ours.
All of it is in a network of its own, where root may make one: with servers of names, and port 80. TOKEN_COMMAND
names another program, words as of a shell: that is how test_clevis_other runs this under an emulator. Arguments choose cases
by a part of their names.
"""
import ctypes
import fcntl
import json
import os
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
try:
    import clevis_tokens as tokens
    import rig
    from rig import SAMPLES, Run
except ModuleNotFoundError as e:
    print(f"1..0 # SKIP {e.name} is not installed (toolchain/setup check installs it)")
    sys.exit(0)
import tang
from tang import Server, tangd
from volumes import O, TARGET, Broken, Skip, collector, suite

WORK = tempfile.mkdtemp(prefix="latchkey-clevis.")
PROGRAM = rig.program("clevis", WORK)
PLAIN = b"YdUB@N&iJyfQOR0wOjaziK4l@LIg10rojIp.ys#0jYMip3hYk4d(YRG"
ALONE = False  # in a network of our own
NAMED = False  # and with a server of names there
CASES, case = collector()


class Network:
    """What is descriptor 4; as rig.Key."""

    def __init__(self):
        self.theirs = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)


def go(token, run=Run, hear=None, network=True, program=None):
    n = Network() if network else None
    try:
        if isinstance(token, str) and token.count(".") == 4:
            token = tokens.token(token)
        return run(program or PROGRAM, token if isinstance(token, (str, bytes)) else json.dumps(token), n, hear=hear)
    finally:
        if n:
            n.theirs.close()


def check(run, code, *texts):
    """Exit code, and words of the last line; a failure gives nothing; success says nothing."""
    if run.code != code:
        raise Broken(f"code {code} was expected: {run}")
    if code and (run.passphrase or len(run.lines) != 1 or not run.lines[0].startswith("say ") or any(t not in run.lines[0] for t in texts)):
        raise Broken(f"nothing on 1, and one line with {texts}, were expected: {run}")
    if not code and run.lines:
        raise Broken(f"no line was expected: {run}")
    if any(len(line) > 200 or not line.isprintable() for line in run.lines):
        raise Broken(f"a line that is too long, or not printable: {run}")
    return run


def gives(run, passphrase=PLAIN):
    check(run, 0)
    if run.passphrase != passphrase:
        raise Broken(f"{passphrase} was expected: {run}")
    return run


def folder():
    """Keys of a new server."""
    path = tempfile.mkdtemp(dir=WORK)
    tang.keygen(path)
    return path


def clevis(pin, config, plain=PLAIN):
    """What the real clevis makes of it, in its compact form."""
    if not shutil.which("clevis"):
        raise Skip("clevis is not installed (toolchain/setup check installs it)")
    done = subprocess.run(["clevis", "encrypt", pin, json.dumps(config), "-y"], input=plain, capture_output=True, check=False, timeout=60)
    if done.returncode:
        raise Broken(f"clevis: {done.stderr}")
    return done.stdout.decode()


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def network_of_our_own():
    if not ALONE:
        raise Skip("root may not make a network of its own here")


def names_of_our_own():
    network_of_our_own()
    if not NAMED:
        raise Skip("there is no /etc/resolv.conf here to put one of our own over")


KEYS = None  # of the server that most cases use


def ours(url, plain=PLAIN, **other):
    return tokens.tang(url, tokens.keys_of(KEYS), plain, **other)


def answering(answer):
    """A server that sends these bytes to every request, then closes."""
    def serve(connection):
        tang.request(connection)
        connection.sendall(answer)
    return Server(serve)


def http(body, *fields, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


# --- tokens of the real clevis -------------------------------------------------------------------

@case("a sample of clevis 19 does not give its passphrase", "tang")
@case("a sample of clevis 19 with sss does not give its passphrase", "sss-tang")
def sample(name):
    network_of_our_own()  # the samples' server has a port of its own
    with open(os.path.join(SAMPLES, f"clevis19-{name}.json"), encoding="ascii") as f, open(os.path.join(SAMPLES, f"clevis19-{name}.passphrase"), "rb") as g:
        token, passphrase = f.read(), g.read()
    gives(go(token), passphrase)


@case("a token of the installed clevis does not open")
def real_tang():
    with Server(tangd(KEYS)) as server:
        gives(go(clevis("tang", {"url": server.url})))


@case("an address without http://, with a path, or with a slash at its end is not that of the server")
def addresses():
    def below(connection):
        head, body = tang.request(connection)
        if b"POST /tang/x/rec/" not in head:
            raise OSError
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(head.replace(b"/tang/x/", b"/") + b"\r\n\r\n" + body)
            while data := s.recv(4096):
                connection.sendall(data)

    with Server(tangd(KEYS)) as server, Server(below) as proxy:
        for url in (server.url + "/", server.url[7:], server.url + "//", proxy.url + "/tang/x", proxy.url + "/tang/x/"):
            gives(go(ours(url)))


@case("sss by the installed clevis does not open with one of two servers, the other being down")
def real_sss_down():
    with Server(tangd(KEYS)) as one, Server(tangd(folder())) as other:
        compact = clevis("sss", {"t": 1, "pins": {"tang": [{"url": one.url}, {"url": other.url}]}})
        gives(go(compact))
        one.close()
        gives(go(compact))
        other.close()
        check(go(compact), 4, one.url + ": connection refused", other.url, "1 of its pins must answer")


@case("sss by the installed clevis does not open with two of three servers, or opens with one")
def real_sss_two():
    servers = [Server(tangd(folder())) for _ in range(3)]
    compact = clevis("sss", {"t": 2, "pins": {"tang": [{"url": s.url} for s in servers]}})
    gives(go(compact))
    servers[0].close()
    gives(go(compact))
    servers[2].close()
    check(go(compact), 4, servers[0].url, servers[2].url, "refused")
    servers[1].close()


@case("sss in sss by the installed clevis does not open")
def real_nested():
    with Server(tangd(KEYS)) as a, Server(tangd(folder())) as b, Server(tangd(folder())) as c:
        inner = {"t": 2, "pins": {"tang": [{"url": b.url}, {"url": c.url}]}}
        compact = clevis("sss", {"t": 2, "pins": {"tang": [{"url": a.url}], "sss": inner}})
        gives(go(compact))
        c.close()
        check(go(compact), 4, c.url)


@case("a pin of clevis that is not for us is not named, or keeps a threshold from being met that can be")
def real_null():
    with Server(tangd(KEYS)) as server:
        pins = {"tang": [{"url": server.url}], "null": {}}
        try:
            compact = clevis("sss", {"t": 1, "pins": pins})
        except Broken as e:
            raise Skip("this clevis makes no such token") from e
        gives(go(compact))
        check(go(clevis("sss", {"t": 2, "pins": pins})), 7, "the pin null is not supported")


@case("passphrases of other lengths and bytes do not open, or one that is too long does")
def lengths():
    with Server(tangd(KEYS)) as server:
        for plain in (b"x", bytes(range(256)), os.urandom(512)):
            gives(go(ours(server.url, plain)), plain)
        check(go(ours(server.url, os.urandom(513))), 4, server.url)


@case("a key that is named by its SHA-1, as clevis did once, is not found")
def old_name():
    with Server(tangd(KEYS)) as server:
        gives(go(ours(server.url, hash_name="sha1")))


# --- servers that are down, slow, or changed ------------------------------------------------------

@case("a key that the server keeps for old clients does not open; one that it has no more is not called so")
def rotated():
    keys = folder()
    with Server(tangd(keys)) as server:
        compact = tokens.tang(server.url, tokens.keys_of(keys), PLAIN)
        for name in os.listdir(keys):
            os.rename(os.path.join(keys, name), os.path.join(keys, "." + name))
        tang.keygen(keys)
        gives(go(compact))
        for name in os.listdir(keys):
            if name.startswith("."):
                os.remove(os.path.join(keys, name))
        check(go(compact), 4, server.url, "no longer has the key")


@case("one server is asked after another")
def parallel():
    met = threading.Barrier(3)

    def together(connection):
        met.wait(30)
        tangd(KEYS)(connection)

    servers = [Server(together) for _ in range(3)]
    gives(go(tokens.sss(3, [lambda share, s=s: ours(s.url, share) for s in servers], PLAIN)))
    for s in servers:
        s.close()


@case("a server that does not answer holds up another, or a run for ever")
def silent():
    stop = threading.Event()
    with Server(lambda connection: stop.wait(60)) as one, Server(tangd(KEYS)) as other:
        gives(go(tokens.sss(1, [lambda share: ours(one.url, share), lambda share: ours(other.url, share)], PLAIN)))
        check(go(ours(one.url)), 4, one.url, "no answer in time")
        stop.set()


@case("an answer that comes byte by byte is not read")
def slow():
    def serve(connection):
        with Server(tangd(KEYS)) as real, socket.create_connection(("127.0.0.1", real.port)) as s:
            head, body = tang.request(connection)
            s.sendall(head + b"\r\n\r\n" + body)
            s.shutdown(socket.SHUT_WR)
            while data := s.recv(1):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(data)

    with Server(serve) as server:
        gives(go(ours(server.url)))


@case("a program that is not needed any more does not end")
def dismissed():
    stop, asked, ended = threading.Event(), threading.Event(), threading.Event()

    def serve(connection):
        asked.set()
        stop.wait(60)

    with Server(serve) as server:
        class Ended(Run):
            def start(self, program, descriptors):
                super().start(program, descriptors)
                threading.Thread(target=self.dismiss, daemon=True).start()

            def dismiss(self):
                asked.wait(30)
                self.reply(None)
                ended.set()

        run = go(ours(server.url), Ended)
        if run.code != 4 or run.lines or not ended.is_set():
            raise Broken(f"no word, and 4, were expected: {run}")
        stop.set()


# --- names and addresses ----------------------------------------------------------------------------

class Names(threading.Thread):
    """A server of names at port 53: answer(name, type) gives the addresses, None for no answer at all, a number for a failure."""

    def __init__(self, host, answer=None):
        super().__init__(daemon=True)
        self.answer = answer or self.answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 53))
        self.start()

    @staticmethod
    def answer(name, kind):
        first, _, rest = name.partition(".")
        if rest == "second.org":
            return {"servfail": 2, "refused": 5}[first]
        if rest not in ("example.org", "lan"):
            return []
        v4, v6 = [bytes([127, 0, 0, 1])], [bytes(15) + b"\1"]
        return {"both": v4 if kind == 1 else v6, "four": v4 if kind == 1 else None, "six": v6 if kind == 28 else [],
                "alias": v4 if kind == 1 else [], "bad-first": [bytes([127, 0, 0, 9]), *v4] if kind == 1 else [],
                "many": [bytes([127, 0, 0, 9])] * 20 if kind == 1 else v6, "silent": None, "failing": 2, "half": v4 if kind == 1 else 4, "short": v4 if kind == 1 else []}.get(first, [])

    def run(self):
        while True:
            question, peer = self.socket.recvfrom(512)
            at, labels = 12, []
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode())
                at += 1 + question[at]
            kind = struct.unpack(">H", question[at + 1:at + 3])[0]
            found = self.answer(".".join(labels), kind)
            if found is None:
                continue
            self.socket.sendto(b"\0" + question[1:2] + bytes(3), peer)  # of nobody
            rcode, found = (found, []) if isinstance(found, int) else (0, found)
            records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(a)) + a for a in found)
            count = len(found)
            if labels[0] == "alias":
                records = b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, 7) + b"\4four\xc0\x12" + records
                count += 1
            self.socket.sendto(question[:2] + bytes([0x81, 0x80 | rcode]) + question[4:6] + struct.pack(">HHH", count, 0, 0) + question[12:at + 5] + records, peer)


@case("a name is not found that is there, in one of its forms", "both", "four", "six", "alias", "bad-first", "many")
def names(*which):
    names_of_our_own()
    with Server(tangd(KEYS)) as server, Server(tangd(KEYS), "::1", server.port) as _:
        for name in which:
            gives(go(ours(f"http://{name}.example.org:{server.port}")))
        gives(go(ours(f"short:{server.port}")))  # in the domain of resolv.conf


@case("a name that is not there, or whose server does not answer, is called something else")
def no_name():
    names_of_our_own()
    check(go(ours("http://nothing.example.org")), 4, "http://nothing.example.org: host name not found")
    check(go(ours("http://silent.example.org")), 4, "http://silent.example.org: no name server answers")


@case("a server of names that fails keeps the next one from being asked, or is called something else")
def failing_names():
    names_of_our_own()
    with Server(tangd(KEYS)) as server:
        for name in ("servfail", "refused"):
            gives(go(ours(f"http://{name}.second.org:{server.port}")))
        gives(go(ours(f"http://half.example.org:{server.port}")))
        check(go(ours("http://failing.example.org")), 4, "http://failing.example.org: the name server reports a failure")


@case("an address that accepts and stays silent hides the next one")
def silent_address():
    names_of_our_own()
    stop = threading.Event()

    def half(connection):
        tang.request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        stop.wait(60)

    with Server(tangd(KEYS)) as server:
        for serve in (lambda connection: stop.wait(60), half):
            with Server(serve, "127.0.0.9", server.port):
                gives(go(ours(f"http://bad-first.example.org:{server.port}")))
    stop.set()


@case("a server at an IPv6 address, or at port 80, does not open")
def other_addresses():
    network_of_our_own()
    with Server(tangd(KEYS), "::1") as server:
        gives(go(ours(server.url)))
    with Server(tangd(KEYS), port=80):
        gives(go(ours("127.0.0.1")))
        gives(go(ours("http://127.0.0.1/")))


@case("a network that is not there is called something else")
def no_network():
    network_of_our_own()
    check(go(ours("http://192.0.2.1")), 4, "http://192.0.2.1: network unreachable")
    check(go(ours("http://[2001:db8::1]:81")), 4, "http://[2001:db8::1]:81: ")


# --- servers that lie ---------------------------------------------------------------------------------

def key_with(**members):
    return json.dumps({**{k: v for k, v in tokens.keys_of(KEYS)[-1].items() if k not in ("key_ops", "alg")}, **members}).encode()


ZERO, ONE = tokens.b64(bytes(66)), tokens.b64(bytes(65) + b"\1")
PAST = tokens.b64(((1 << 521) - 1).to_bytes(66, "big"))


def lies():
    good = key_with()
    yield "another point", http(good), "does not open"
    yield "a point that is not on the curve", http(key_with(x=ONE)), "not a point on the curve"
    yield "zeroes as a point", http(key_with(x=ZERO, y=ZERO)), "not a point on the curve"
    yield "the prime as a coordinate", http(key_with(x=PAST)), "not a point on the curve"
    yield "a coordinate that is too short", http(key_with(x="AA")), "not a P-521 key"
    yield "a coordinate that is no text", http(key_with(x=1)), "not a P-521 key"
    yield "another curve", http(key_with(crv="P-256")), "not a P-521 key"
    yield "another kind of key", http(key_with(kty="oct")), "not a P-521 key"
    yield "no key", http(b"{}"), "not a P-521 key"
    yield "no JSON", http(b"<html>sign in</html>"), "not a P-521 key"
    yield "a member that is there twice", http(good[:-1] + b',"x":"AA"}'), "not a P-521 key"
    yield "nothing at all", b"", "ends too early"
    yield "an empty body", http(b""), "not a P-521 key"
    yield "something else than HTTP", b"SSH-2.0-OpenSSH_9.2\r\n" * 20, "not HTTP/1"
    yield "another version of HTTP", b"HTTP/2 200\r\n\r\n", "not HTTP/1"
    yield "no status", b"HTTP/1.1 2x0 OK\r\n\r\n", "not HTTP/1"
    yield "an end that is too early", http(good)[:-10], "ends too early"
    yield "headers without end", b"HTTP/1.1 200 OK\r\n" + b"X-Y: zzzzzzzzzz\r\n" * 1000, "too long"
    yield "a line without end", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100000, "too long"
    yield "a body that is too long", http(good + b" " * 10000), "too large"
    yield "a length of 2^64", b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n" + good, "too large"
    yield "a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + good, "invalid or too large"
    yield "two lengths", http(good, f"Content-Length: {len(good)}"), "invalid or too large"
    yield "a length and chunks", http(good, "Transfer-Encoding: chunked"), "both Content-Length and chunks"
    yield "a chunk of 2^64", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" + good, "too large"
    yield "a chunk of -1", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + good, "invalid or too large"
    yield "chunks without end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n{\r\n" * 2000, "too long"
    yield "a chunk that is longer than it says", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n", "longer than its size"
    yield "compression of the way", http(good, "Transfer-Encoding: gzip"), "unsupported transfer encoding"
    yield "compression", http(good, "Content-Encoding: gzip"), "compressed"
    yield "a redirection", http(b"", "Location: http://127.0.0.1/", status="302 Found"), "HTTP status 302"
    yield "a failure", http(b"sorry", status="500 Internal Server Error"), "HTTP status 500"
    yield "a portal", http(b"sign in", status="511 Network Authentication Required"), "HTTP status 511"


@case("a server that lies opens, is not named, or does more than fail")
def lying():
    for name, answer, text in lies():
        with answering(answer) as server:
            try:
                check(go(ours(server.url)), 4, server.url, text)
            except Broken as e:
                raise Broken(f"{name}: {e}") from e


@case("a server that lies keeps another from being used")
def lying_beside():
    for name, answer, _ in lies():
        with answering(answer) as server, Server(tangd(KEYS)) as honest:
            try:
                gives(go(tokens.sss(1, [lambda share, s=server: ours(s.url, share), lambda share, s=honest: ours(s.url, share)], PLAIN)))
            except Broken as e:
                raise Broken(f"{name}: {e}") from e


@case("chunks, an answer up to its end, blanks, and names in other letters are not read")
def forms():
    def through(change):
        def serve(connection):
            with Server(tangd(KEYS)) as real, socket.create_connection(("127.0.0.1", real.port)) as s:
                head, body = tang.request(connection)
                s.sendall(head + b"\r\n\r\n" + body)
                s.shutdown(socket.SHUT_WR)
                answer = b""
                while data := s.recv(4096):
                    answer += data
            connection.sendall(change(answer.split(b"\r\n\r\n", 1)[1]))
        return Server(serve)

    def chunks(body):
        pieces = [body[i:i + 7] for i in range(0, len(body), 7)]
        return b"HTTP/1.1 200 OK\r\ntransfer-encoding:  Chunked \r\n\r\n" + b"".join(
            b"%02X;name=value\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\nTrailer: x\r\n\r\n"

    for change in (chunks, lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body, lambda body: b"HTTP/1.1 200\r\nCONTENT-LENGTH:%d\r\n\r\n%sjunk" % (len(body), body),
                   lambda body: b"HTTP/1.1 200 OK\nContent-length: %d\n\n%s" % (len(body), body)):
        with through(change) as server:
            gives(go(ours(server.url)))


# --- sss of our own -------------------------------------------------------------------------------------

@case("other pins beside tang are not passed over, or not named when they are needed")
def other_pins():
    with Server(tangd(KEYS)) as server:
        def tang_pin(share):
            return ours(server.url, share)

        def tpm(share):
            return tokens.other("tpm2", share)

        gives(go(tokens.sss(1, [tpm, tang_pin, lambda s: tokens.other("\u00e4" * 60, s)], PLAIN)))
        check(go(tokens.sss(2, [tpm, tang_pin], PLAIN)), 7, "the pin tpm2 is not supported")
        check(go(tokens.other("tpm2", PLAIN)), 7, "the pin tpm2 is not supported")
        gives(go(tokens.sss(1, [tang_pin, lambda s: ours("https://example.org", s)], PLAIN)))
        check(go(ours("https://example.org")), 7, "https is not supported")


@case("shares that are wrong open, or end it otherwise")
def wrong_shares():
    p = tokens.PRIME.to_bytes(32, "big")
    with Server(tangd(KEYS)) as server:
        def pin(share):
            return ours(server.url, share)

        for change in (lambda x, y: x + y + b"\0", lambda x, y: x, lambda x, y: bytes(32) + y, lambda x, y: p + y, lambda x, y: x + p,
                       lambda x, y: y + x, lambda x, y: bytes(31) + b"\1" + y):
            run = go(tokens.sss(2, [pin, pin], PLAIN, shares=change))
            check(run, run.code if run.code == 6 else 4)


@case("deep or many pins are not bounded")
def bounds():
    with Server(tangd(KEYS)) as server:
        def pin(share):
            return ours(server.url, share)

        def deep(levels, share):
            return pin(share) if not levels else tokens.sss(1, [lambda s: deep(levels - 1, s)], share)

        gives(go(deep(4, PLAIN)))
        check(go(deep(5, PLAIN)), 7, "deeper than 4")
        gives(go(tokens.sss(25, [pin] * 25, PLAIN),
                 program=rig.script(os.path.join(WORK, "few-descriptors"), "ulimit -n 32; exec",
                                                   shlex.quote(rig.reachable(PROGRAM, WORK)))))
        check(go(tokens.sss(1, [lambda s: tokens.other("x", s)] * 40, PLAIN)), 7, "more than 26 pins")


# --- tokens ------------------------------------------------------------------------------------------------

@case("the program does not say that it needs the network, or says so for a token that is damaged")
def needs():
    run = go(ours("http://127.0.0.1:1"), network=False)
    if run.code != 4 or run.lines[0] != "need network" or run.passphrase:
        raise Broken(f"{run}")
    check(go("{}", network=False), 7, "type")
    check(go(ours("https://127.0.0.1:1"), network=False), 7, "https is not supported")


def damaged():
    keys = tokens.keys_of(KEYS)
    good = ours("http://127.0.0.1:1")
    token = tokens.token(good)

    def jwe(**members):
        return {**token, "jwe": {**token["jwe"], **members}}

    def header(change):
        head = json.loads(tokens.unb64(good.split(".")[0]))
        change(head)
        return jwe(protected=tokens.b64(json.dumps(head).encode()))

    yield "no JSON", "{", 6
    yield "nothing", "", 6
    yield "another type", {**token, "type": "tang"}, 7
    yield "no jwe", {"type": "clevis", "keyslots": ["1"]}, 6
    for name in ("protected", "iv", "ciphertext", "tag"):
        yield f"no {name}", {**token, "jwe": {k: v for k, v in token["jwe"].items() if k != name}}, 6
    yield "an encrypted key", jwe(encrypted_key="AAAA"), 6
    yield "dots", jwe(protected="a.b"), 6
    yield "a header that is not base64url", jwe(protected="a+b/"), 6
    yield "padding", jwe(protected=token["jwe"]["protected"] + "="), 6
    yield "a header that is no JSON", jwe(protected="AAAA"), 6
    yield "an iv of 11 bytes", jwe(iv=tokens.b64(bytes(11))), 6
    yield "an iv of 13 bytes", jwe(iv=tokens.b64(bytes(13))), 6
    yield "a tag of 12 bytes", jwe(tag=tokens.b64(bytes(12))), 6
    yield "another algorithm", header(lambda h: h.update(alg="ECDH-ES+A256KW")), 7
    yield "another cipher", header(lambda h: h.update(enc="A128CBC-HS256")), 7
    yield "party information", header(lambda h: h.update(apu="QWxpY2U")), 7
    yield "compression", header(lambda h: h.update(zip="DEF")), 7
    yield "no pin", header(lambda h: h.pop("clevis")), 6
    yield "no kid", header(lambda h: h.pop("kid")), 6
    yield "a kid that is no name", header(lambda h: h.update(kid="x" * 43)), 6
    yield "a kid of another length", header(lambda h: h.update(kid="x" * 42)), 6
    yield "no epk", header(lambda h: h.pop("epk")), 6
    yield "another curve", header(lambda h: h["epk"].update(crv="P-256")), 7
    yield "no keys", header(lambda h: h["clevis"]["tang"].update(adv={})), 6
    yield "other keys", header(lambda h: h["clevis"]["tang"].update(adv={"keys": keys[:1]})), 6
    yield "an epk that is not on the curve", header(lambda h: h["epk"].update(x=ONE)), 6
    for url, code in (("ftp://h", 7), ("http://", 6), ("http://h:0", 6), ("http://h:65536", 6), ("http://u@h", 7), ("http://h:80x", 6), ("http://[::1", 6),
                      ("http://[::g]", 6), ("http://h/a b", 6), ("http://h/\r\nX: y", 6), ("http://h/?x", 7), ("http://" + "h" * 300, 7), ("", 6), ("http://\u00e4", 6),
                      ("http://[::1]x", 6), ("http://[1.2.3.4]", 6)):
        yield f"the address {url!r}", header(lambda h, url=url: h["clevis"]["tang"].update(url=url)), code
    for name, members, code in (("a threshold of 0", {"t": 0}, 6), ("a threshold above the pins", {"t": 2}, 6), ("a negative threshold", {"t": -1}, 6),
                                ("a prime of 128 bits", {"p": "A" * 22}, 7), ("no pins", {"jwe": []}, 6), ("pins that are no list", {"jwe": "x"}, 6),
                                ("a pin that is no text", {"jwe": [1]}, 6), ("a pin that is none", {"jwe": ["x"]}, 6),
                                ("a pin with six parts", {"jwe": [good + ".x"]}, 6)):
        yield f"sss: {name}", tokens.sss(1, [lambda s: ours("http://127.0.0.1:1", s)], PLAIN, **members), code
    yield "sss: an encrypted key of its pin", tokens.sss(1, [], PLAIN, jwe=[good.replace("..", ".AAAA.")]), 6


@case("a token that is damaged, or asks for what is not there, has another code, or a server is asked")
def damages():
    for name, token, code in damaged():
        try:
            check(go(token), code)
        except Broken as e:
            raise Broken(f"{name}: {e}") from e


# --- latchkey with it ----------------------------------------------------------------------------------------

def root_with(volume):
    """What latchkey sees as /."""
    root = tempfile.mkdtemp(dir=WORK)
    for name, source in (("bin/latchkey", os.path.join(O, TARGET, "latchkey")), ("lib/latchkey/token/clevis", PROGRAM)):
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        shutil.copy(source, os.path.join(root, name))
    for path, _, _ in os.walk(root):
        os.chmod(path, 0o755)
    os.makedirs(os.path.join(root, "dev"))
    os.mknod(os.path.join(root, "dev/null"), 0o020666, os.makedev(1, 3))
    os.link(volume, os.path.join(root, "volume"))
    return root


@case("latchkey does not open a volume that the installed clevis has bound, or waits for a server that is down")
def volume():
    network_of_our_own()
    cryptsetup, bind = shutil.which("cryptsetup"), shutil.which("clevis-luks-bind")
    if not cryptsetup or not bind or "TOKEN_COMMAND" in os.environ:
        raise Skip("cryptsetup, clevis-luks and the static program are needed")
    path, key = os.path.join(WORK, "volume"), os.path.join(WORK, "volume.key")
    with open(key, "wb") as f:
        f.write(b"the passphrase of a person")
    with open(path, "wb") as f:
        f.truncate(20 << 20)
    subprocess.run([cryptsetup, "luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", path, key], check=True)
    servers = [Server(tangd(folder())) for _ in range(2)]
    config = {"t": 1, "pins": {"tang": [{"url": s.url} for s in servers]}}
    done = subprocess.run([bind, "-y", "-d", path, "-k", key, "sss", json.dumps(config)], capture_output=True, check=False, timeout=300)
    if done.returncode:
        raise Broken(f"clevis luks bind: {done.stdout + done.stderr}")
    root = root_with(path)
    for down in (None, servers[0], servers[1]):
        if down:
            down.close()
        done = subprocess.run(["chroot", root, "/bin/latchkey", "test", "-v", "--token-only", "/volume"], stdin=subprocess.DEVNULL, capture_output=True,
                              check=False, timeout=120)
        good = (done.returncode, done.stdout) == (0, b"keyslot 1\n")
        if down is servers[1]:
            good = done.returncode == 4 and servers[1].url.encode() + b": connection refused" in done.stderr
        if not good:
            raise Broken(f"with {down and down.url} down: {done}")


# --- what is left -------------------------------------------------------------------------------------------

@case("secrets are left in the memory of a program that ends")
def residue():
    if rig.memory.missing():
        raise Skip(rig.memory.missing())
    if TARGET != "x86_64-linux-musl" or "TOKEN_COMMAND" in os.environ:
        raise Skip("the sanitizers and emulators keep copies")
    with Server(tangd(KEYS)) as server, Server(tangd(folder())) as liar:
        for compact, known in searched(server, liar):
            class Looked(rig.Searched):
                def secrets(self, others=known):
                    return {"the passphrase": PLAIN, **others}

            run = go(compact, Looked)
            if run.searched != 1 or run.residue:
                raise Broken(f"{run}: looked {run.searched} times, found {run.residue}")


def searched(server, liar):
    secrets = {}
    yield ours(server.url, secrets=secrets), secrets
    secrets = {}
    yield tokens.sss(2, [lambda share: ours(server.url, share, secrets=secrets), lambda share: ours(server.url + "/", share, secrets=secrets)], PLAIN, secrets), secrets
    secrets = {}
    yield tokens.sss(2, [lambda share: ours(server.url, share, secrets=secrets), lambda share: ours(liar.url, share)], PLAIN), secrets


# --- running -----------------------------------------------------------------------------------------------

def lift_loopback():
    with socket.socket() as s:
        request = struct.pack("16sh22x", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(s, 0x8914, request)  # SIOCSIFFLAGS


def leave_alone():
    """Into a network, and files, of our own. False: that is not permitted."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() or libc.unshare(0x40000000 | 0x20000) or libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None):  # NEWNET, NEWNS; REC, PRIVATE
        return False
    lift_loopback()
    Server(tangd(os.path.join(SAMPLES, "tang-db")), port=8300)  # where the samples look for it
    return True


def second(name, kind):
    """What the second server of names says: it alone knows second.org."""
    known = name.endswith(".second.org")
    return [bytes([127, 0, 0, 1])] if known and kind == 1 else [] if known else Names.answer(name, kind)


def serve_names():
    """With a file of ours as /etc/resolv.conf. False: there is none to put it over."""
    path = os.path.join(WORK, "resolv.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write("# of the test\nnameserver nonsense\nsearch lan example.net\nnameserver 127.0.0.1\nnameserver 127.0.0.2\n")
    os.chmod(path, 0o644)
    os.chmod(WORK, 0o755)
    if ctypes.CDLL(None).mount(path.encode(), os.path.realpath("/etc/resolv.conf").encode(), None, 0x1000, None):  # BIND
        return False
    Names("127.0.0.1")
    Names("127.0.0.2", second)
    return True


def main():
    global KEYS, ALONE, NAMED
    if not os.path.exists(tang.TANGD):
        print("1..0 # SKIP tang is not installed (toolchain/setup check installs it)")
        return 0
    ALONE = leave_alone()
    NAMED = ALONE and serve_names()
    KEYS = folder()
    status = suite(CASES, workers=4)
    shutil.rmtree(WORK)
    return status


if __name__ == "__main__":
    sys.exit(main())
