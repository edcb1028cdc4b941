"""Logs in by BOSH with a token of Jitsi's, and joins a room that jicofo's account has made.

client.py HOST APP_ID SECRET ROOM MODERATOR URL [ROLE]: exit 0 if it joined (as ROLE).
"""
import base64, hashlib, hmac, json, re, socket, ssl, sys, time, urllib.request

HOST, APP, SECRET, ROOM, MODERATOR, URL = sys.argv[1:7]
ROLE = sys.argv[7] if len(sys.argv) > 7 else ""
BODY = '<body xmlns="http://jabber.org/protocol/httpbind" xmlns:xmpp="urn:xmpp:xbosh" rid="%d" %s>%s</body>'
unverified = ssl._create_unverified_context()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token():
    claims = {"iss": APP, "aud": "jitsi", "sub": HOST, "room": ROOM, "exp": int(time.time()) + 300,
              "context": {"user": {"id": "u", "name": "U", "moderator": MODERATOR == "true"}}}
    text = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest())


class Session:
    def __init__(self, url, to):
        self.url, self.to, self.rid, self.sid = url, to, int(time.time() * 1000), ""
        self.first()

    def send(self, attributes, inner=""):
        self.rid += 1
        request = urllib.request.Request(self.url, (BODY % (self.rid, attributes, inner)).encode(),
                                         {"Content-Type": "text/xml", "Host": HOST, "Origin": "https://" + HOST})
        with urllib.request.urlopen(request, context=unverified, timeout=15) as answer:
            return answer.read().decode()

    def first(self):
        answer = self.send('to="%s" wait="5" hold="1" ver="1.6" xml:lang="en" xmpp:version="1.0"' % self.to)
        found = re.search("sid=['\"]([^'\"]+)", answer)
        if not found:
            raise SystemExit("no session: " + answer)
        self.sid = found.group(1)

    def say(self, inner):
        return self.send('sid="%s"' % self.sid, inner)

    def until(self, answer, pattern):
        for _ in range(8):
            if re.search(pattern, answer, re.S):
                return answer
            answer = self.say("")
        raise SystemExit("%s is not in %s" % (pattern, answer))

    def login(self, auth):
        answer = self.until(self.say(auth), "<success|<failure|type=['\"]terminate")
        if "<success" not in answer:
            raise SystemExit("refused: " + answer)
        self.send('sid="%s" to="%s" xmpp:restart="true"' % (self.sid, self.to))
        answer = self.until(self.say('<iq type="set" id="b" xmlns="jabber:client"><bind xmlns='
                                     '"urn:ietf:params:xml:ns:xmpp-bind"/></iq>'), "<jid>|type=['\"]error")
        return re.search("<jid>([^<]+)", answer).group(1)

    def join(self, nick):
        room = "%s@conference.%s" % (ROOM, HOST)
        answer = self.say('<presence to="%s/%s" xmlns="jabber:client"><x xmlns="http://jabber.org/protocol/muc"/>'
                          '</presence>' % (room, nick))
        return self.until(answer, "code=['\"]110|type=['\"]error"), room


SASL = 'xmlns="urn:ietf:params:xml:ns:xmpp-sasl"'


def focus():
    """Makes the room, over TCP as jicofo does: one of Jitsi's modules wants a stream of that kind for its account."""
    c = socket.create_connection(("127.0.0.1", 5222), 15)
    opening = '<stream:stream to="auth.%s" version="1.0" xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">'
    plain = base64.b64encode(b"\0focus\0password of focus").decode()
    room = "%s@conference.%s/focus" % (ROOM, HOST)
    for text, awaited in ((opening % HOST, "</stream:features>"),
                          ('<auth %s mechanism="PLAIN">%s</auth>' % (SASL, plain), "<success"),
                          (opening % HOST, "</stream:features>"),
                          ('<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>', "<jid>"),
                          ('<presence to="%s"><x xmlns="http://jabber.org/protocol/muc"/></presence>' % room, "110")):
        c.sendall(text.encode())
        got = ""
        while awaited not in got:
            more = c.recv(65536).decode()
            if not more or "<failure" in got or "type='error'" in got:
                raise SystemExit("%s is not in %s" % (awaited, got))
            got += more
    return c


stays = focus()
person = Session("%s/http-bind?room=%s&token=%s" % (URL, ROOM, token()), HOST)
person.login('<auth %s mechanism="ANONYMOUS"/>' % SASL)
answer, room = person.join("person")
own = [p for p in re.findall("<presence.*?</presence>", answer, re.S) if "110" in p]
if not own:
    raise SystemExit("no join: " + answer)
role = re.search("role=['\"](\\w+)", own[0]).group(1)
person.say('<presence type="unavailable" to="%s/person" xmlns="jabber:client"/>' % room)
if ROLE and role != ROLE:
    raise SystemExit("the role is %s, not %s: %s" % (role, ROLE, own[0]))
print("joined as", role)
