"""Logs in with a token of Jitsi's, by BOSH or by WebSocket, and joins a room that jicofo's account has made.

client.py HOST APP_ID SECRET ROOM MODERATOR WAY URL [ROLE]: exit 0 if it joined (as ROLE). WAY is bosh or websocket; SECRET is @FILE where a
file has it, and a token that is ready where it has three parts. The environment may have ORIGIN, of the page,
and MUC, the rooms' domain.
"""
import base64, hashlib, hmac, json, os, re, socket, ssl, struct, sys, time, urllib.parse, urllib.request

HOST, APP, SECRET, ROOM, MODERATOR, WAY, URL = sys.argv[1:8]
ROLE = sys.argv[8] if len(sys.argv) > 8 else ""
ORIGIN, MUC = os.environ.get("ORIGIN", "https://" + HOST), os.environ.get("MUC", "conference." + HOST)
unverified = ssl._create_unverified_context()
SASL = 'xmlns="urn:ietf:params:xml:ns:xmpp-sasl"'
BIND = '<iq type="set" id="b" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token():
    if SECRET.count(".") == 2 and not SECRET.startswith("@"):
        return SECRET
    secret = open(SECRET[1:]).read().removesuffix("\n") if SECRET.startswith("@") else SECRET
    claims = {"iss": APP, "aud": "jitsi", "sub": HOST, "room": ROOM, "exp": int(time.time()) + 300,
              "context": {"user": {"id": "u", "name": "U", "moderator": MODERATOR == "true"}}}
    text = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


class Bosh:
    """A session of XEP-0124."""

    body = '<body xmlns="http://jabber.org/protocol/httpbind" xmlns:xmpp="urn:xmpp:xbosh" rid="%d" %s>%s</body>'

    def __init__(self):
        self.url = "%s/http-bind?room=%s&token=%s" % (URL, ROOM, token())
        self.rid, self.sid = int(time.time() * 1000), ""
        answer = self.send('to="%s" wait="5" hold="1" ver="1.6" xml:lang="en" xmpp:version="1.0"' % HOST)
        found = re.search("sid=['\"]([^'\"]+)", answer)
        if not found:
            raise SystemExit("no session: " + answer)
        self.sid = found.group(1)

    def send(self, attributes, inner=""):
        self.rid += 1
        request = urllib.request.Request(self.url, (self.body % (self.rid, attributes, inner)).encode(),
                                         {"Content-Type": "text/xml", "Host": HOST, "Origin": ORIGIN})
        with urllib.request.urlopen(request, context=unverified, timeout=15) as answer:
            return answer.read().decode()

    def say(self, inner):
        return self.send('sid="%s"' % self.sid, inner)

    def more(self):
        return self.say("")

    def restart(self):
        self.send('sid="%s" to="%s" xmpp:restart="true"' % (self.sid, HOST))


class WebSocket:
    """A stream of RFC 7395."""

    def __init__(self):
        url = urllib.parse.urlsplit(URL)
        secure = url.scheme == "https"
        c = socket.create_connection((url.hostname, url.port or (443 if secure else 80)), 15)
        self.c = unverified.wrap_socket(c, server_hostname=HOST) if secure else c
        self.got = b""
        self.c.sendall(("GET /xmpp-websocket?room=%s&token=%s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n"
                        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Key: %s\r\n\r\n" %
                        (ROOM, token(), HOST, ORIGIN, base64.b64encode(os.urandom(16)).decode())).encode())
        while b"\r\n\r\n" not in self.got:
            self.read()
        head, self.got = self.got.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101"):
            raise SystemExit("no WebSocket: " + head.decode())
        self.restart()

    def read(self):
        more = self.c.recv(65536)
        if not more:
            raise SystemExit("the connection ended")
        self.got += more

    def exactly(self, n):
        while len(self.got) < n:
            self.read()
        data, self.got = self.got[:n], self.got[n:]
        return data

    def more(self):
        """Returns the next message; the server's are neither masked nor in parts."""
        while True:
            first, n = self.exactly(2)
            if n == 126:
                n, = struct.unpack(">H", self.exactly(2))
            data = self.exactly(n)
            if first & 15 == 1:
                return data.decode()
            if first & 15 == 8:
                raise SystemExit("the WebSocket was closed")

    def say(self, text):
        data, mask = text.encode(), os.urandom(4)
        length = bytes([128 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        self.c.sendall(b"\x81" + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        return ""

    def restart(self):
        self.say('<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="%s" version="1.0"/>' % HOST)
        until(self, "", "features")


def until(session, answer, pattern):
    for _ in range(30):
        if re.search(pattern, answer, re.S):
            return answer
        answer += session.more()
    raise SystemExit("%s is not in %s" % (pattern, answer))


def login(session):
    answer = until(session, session.say('<auth %s mechanism="ANONYMOUS"/>' % SASL), "<success|<failure|type=['\"]terminate|<close")
    if "<success" not in answer:
        raise SystemExit("refused: " + answer)
    session.restart()
    until(session, session.say(BIND), "<jid>")


def join(session):
    """Returns the role. On a slow machine usher's component may come after the join: then it is waited for."""
    room = "%s@%s" % (ROOM, MUC)
    answer = session.say('<presence to="%s/person" xmlns="jabber:client"><x xmlns="http://jabber.org/protocol/muc"/>'
                         '</presence>' % room)
    own, role = [], ""
    for _ in range(6):
        answer = until(session, answer, "code=['\"]110['\"].*?</presence>|type=['\"]error")
        own = [p for p in re.findall("<presence.*?</presence>", answer, re.S) if "110" in p]
        if not own:
            raise SystemExit("no join: " + answer)
        role = re.search("role=['\"](\\w+)", own[-1]).group(1)
        if role == (ROLE or role):
            break
        answer = session.more()
    session.say('<presence type="unavailable" to="%s/person" xmlns="jabber:client"/>' % room)
    return role, own[-1]


def focus():
    """Makes the room, over TCP as jicofo does: one of Jitsi's modules wants a stream of that kind for its account."""
    opening = '<stream:stream to="auth.%s" version="1.0" xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">'
    plain = base64.b64encode(b"\0focus\0password of focus").decode()
    room = "%s@%s/focus" % (ROOM, MUC)

    def ask(text, awaited):
        c.sendall(text.encode())
        got = ""
        while awaited not in got:
            more = c.recv(65536).decode()
            got += more
            if not more or "<failure" in got or "type='error'" in got:
                raise SystemExit("%s is not in %s" % (awaited, got))
        return got

    c = socket.create_connection(("127.0.0.1", 5222), 15)
    if ">PLAIN<" not in ask(opening % HOST, "</stream:features>"):
        ask('<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>', "<proceed")
        c = unverified.wrap_socket(c)
        ask(opening % HOST, "</stream:features>")
    ask('<auth %s mechanism="PLAIN">%s</auth>' % (SASL, plain), "<success")
    ask(opening % HOST, "</stream:features>")
    ask(BIND, "<jid>")
    ask('<presence to="%s"><x xmlns="http://jabber.org/protocol/muc"/></presence>' % room, "110")
    return c


stays = focus()
person = {"bosh": Bosh, "websocket": WebSocket}[WAY]()
login(person)
role, presence = join(person)
if ROLE and role != ROLE:
    raise SystemExit("the role is %s, not %s: %s" % (role, ROLE, presence))
print("joined by %s as %s" % (WAY, role))
