package share

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"usher/auth"
	"usher/internal/cluster"
	"usher/internal/record"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/streams"
)

// fact makes one of a value.
func fact[V record.Value](kind cluster.Kind, v V, name ...string) cluster.Fact {
	return cluster.Fact{Kind: kind, Version: bodyVersion, Key: cluster.KeyOf(kind, name...),
		Body: record.AppendValue(nil, v)}
}

// gone is the fact that others need not hear of a thing any more.
func gone(kind cluster.Kind, name ...string) cluster.Fact {
	return cluster.Fact{Kind: kind, Version: bodyVersion, Key: cluster.KeyOf(kind, name...), Gone: true}
}

// revocation leaves out the accounts, of which there may be any number: each usher knows its own.
func (s *State) revocation(v moderation.Revocation) cluster.Fact {
	v.Accounts = nil
	p := v.Principal()
	f := fact(cluster.KindRevocation, &v, principalName(p)...)
	f.Must, f.Ends, f.Print = true, revocationEnds(&v), print(&v)
	return f
}

func principalName(p auth.Principal) []string { return []string{p.Host, p.Issuer, p.User, p.Token} }

// print stands for what decides whether a token is dead.
func print(v *moderation.Revocation) uint64 {
	var b []byte
	for _, part := range principalName(v.Principal()) {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(part))), part...)
	}
	for _, t := range []time.Time{v.At, v.Expires, v.Lifted} {
		b = binary.BigEndian.AppendUint64(b, uint64(t.UnixNano()))
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

func (s *State) session(g moderation.Session) cluster.Fact {
	f := fact(cluster.KindSession, &g, g.ID.String())
	f.Ends = auth.End(g.Expires, auth.MaxLeeway)
	return f
}

func (s *State) room(r moderation.Room) cluster.Fact {
	f := fact(cluster.KindRoom, &r, r.JID)
	f.Gone = r.Gone
	return f
}

// roomGone tells the others that a room is no more, if this usher is the one that knows.
func (s *State) roomGone(k moderation.RoomKey) cluster.Fact {
	if _, writes := s.Writer(); !writes {
		return gone(cluster.KindRoom, k.JID)
	}
	f := fact(cluster.KindRoom, &moderation.Room{JID: k.JID, Began: k.Began, Gone: true}, k.JID)
	f.Gone = true
	return f
}

func (s *State) assignment(g moderation.Assignment) cluster.Fact {
	if lease, writes := s.Writer(); writes {
		g.Lease = lease
	}
	f := fact(cluster.KindAssignment, &g, g.Room, g.JID)
	f.Lease = g.Lease
	return f
}

// assignmentGone is roomGone of an assignment.
func (s *State) assignmentGone(k moderation.AssignmentKey) cluster.Fact {
	lease, writes := s.Writer()
	if !writes {
		return gone(cluster.KindAssignment, k.Room, k.JID)
	}
	f := fact(cluster.KindAssignment, &moderation.Assignment{Room: k.Room, JID: k.JID, Changed: s.Now(), Lease: lease,
		Gone: true}, k.Room, k.JID)
	f.Gone, f.Lease = true, lease
	return f
}

func (s *State) entry(e lobby.Entry) cluster.Fact {
	f := fact(cluster.KindWhitelist, &e, e.JID, e.Room)
	f.Ends = e.Until
	if e.Gone {
		f.Ends = e.At.Add(lobby.TombstoneLasts)
	}
	return f
}

func (s *State) verdict(v lobby.Verdict) cluster.Fact {
	f := fact(cluster.KindVerdict, &v, v.Room, v.JID)
	f.Ends = v.At.Add(lobby.VerdictLasts)
	return f
}

func (s *State) stream(v streams.Stream) cluster.Fact { return fact(cluster.KindStream, &v, v.Print) }

func (s *State) streamGone(print string) cluster.Fact {
	f := fact(cluster.KindStream, &streams.Stream{Print: print}, print)
	f.Gone = true
	return f
}
