package client

import (
	"context"
	"fmt"
	"strings"
)

// Command submits a form to an ad-hoc command (XEP-0050) and returns the note that came back.
func (s *Session) Command(ctx context.Context, jid, node string, fields map[string]string) (string, error) {
	var form strings.Builder
	for name, value := range fields {
		form.WriteString("<field var='" + escape(name) + "'><value>" + escape(value) + "</value></field>")
	}
	r, err := s.ask(ctx, "set", jid,
		"<command xmlns='http://jabber.org/protocol/commands' node='"+escape(node)+"' action='complete'>"+
			"<x xmlns='jabber:x:data' type='submit'>"+form.String()+"</x></command>")
	if err != nil {
		return "", err
	}
	return r.note, nil
}

// ask sends an IQ and waits for its answer.
func (s *Session) ask(ctx context.Context, kind, to, payload string) (reply, error) {
	s.begin()
	id := fmt.Sprint("q", s.rooms.ids.Add(1))
	answer := make(chan reply, 1)
	s.rooms.mu.Lock()
	s.rooms.asked[id] = answer
	s.rooms.mu.Unlock()
	stanza := "<iq type='" + kind + "' id='" + id + "' to='" + escape(to) + "'>" + payload + "</iq>"
	if err := s.send(stanza); err != nil {
		return reply{}, err
	}
	select {
	case r := <-answer:
		return r, r.err
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

// Ping asks a host whether it is there (XEP-0199).
func (s *Session) Ping(ctx context.Context, host string) error {
	_, err := s.ask(ctx, "get", host, "<ping xmlns='urn:xmpp:ping'/>")
	return err
}

// Answers sends an answer that nobody may have asked for.
func (s *Session) Answers(kind, to, id string) error {
	s.begin()
	payload := ""
	if kind == "error" {
		payload = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
	}
	return s.send("<iq type='" + kind + "' to='" + escape(to) + "' id='" + escape(id) + "'>" + payload + "</iq>")
}

// Says sends a stanza as it is written.
func (s *Session) Says(text string) error {
	s.begin()
	return s.send(text)
}
