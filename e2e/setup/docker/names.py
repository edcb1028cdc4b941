"""Answers DNS on 127.0.0.1 from /etc/hosts, as docker's own name service does for containers: nginx asks no file."""
import socket, struct

known = {name: line.split()[0] for line in open("/etc/hosts") for name in line.split()[1:]}
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
while True:
    query, who = s.recvfrom(512)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind, = struct.unpack(">H", query[at + 1:at + 3])
    address = known.get(".".join(labels))
    answer = struct.pack(">HHHLH4s", 0xc00c, 1, 1, 1, 4, socket.inet_aton(address)) if address and kind == 1 else b""
    flags = 0x8180 if address else 0x8183
    s.sendto(query[:2] + struct.pack(">HHHHH", flags, 1, 1 if answer else 0, 0, 0) + query[12:at + 5] + answer, who)
