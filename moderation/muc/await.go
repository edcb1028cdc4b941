package muc

import (
	"context"
	"time"

	"usher/moderation"
)

const (
	// loadWithin is how long a question waits after a start for what was kept. Prosody asks
	// asynchronously, and serves others meanwhile.
	loadWithin = 5 * time.Second

	// learnWithin is how long a join waits for a session that another usher may just have let
	// in, before it is refused for want of one. That usher answers a login before it publishes
	// it, so the end of what is published says nothing.
	learnWithin = 50 * time.Millisecond

	// maxAwaiting bounds the questions that wait: each holds one of the HTTP door's 1024
	// connections, by which logins come as well.
	maxAwaiting = 512
)

// await waits for what was kept, by a method of the sessions. Without it there is no answer,
// and never a no.
func (m *Service) await(ctx context.Context, kept func(context.Context) error) (refused moderation.Decision, ok bool) {
	if m.sessions.IsLoaded() {
		return moderation.Decision{}, true
	}
	if m.awaiting.Add(1) > maxAwaiting {
		m.awaiting.Add(-1)
		return moderation.Refuse(moderation.ReasonStateUnavailable,
			"usher has just started, and %d others wait already for the sessions to be loaded; the next try works",
			maxAwaiting), false
	}
	defer m.awaiting.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	if err := kept(ctx); err != nil {
		return moderation.Refuse(moderation.ReasonStateUnavailable, "%v; look at usher status", err), false
	}
	return moderation.Decision{}, true
}

// judge is the decision alone. The view is empty if what it would be of cannot be told.
//
// Of the sessions that were kept the newest are there first, and the newest that opens a
// room decides: once one is found, others that are not loaded yet change nothing.
//
// Where other ushers let people in, too, a session that is not known here may be on its way.
func (m *Service) judge(ctx context.Context, j *join) (moderation.View, moderation.Decision) {
	if m.cluster == nil {
		return m.judgeLoaded(ctx, j)
	}
	m.cluster.Asked()
	more := m.cluster.More()
	v, d := m.judgeLoaded(ctx, j)
	if d.Reason != moderation.ReasonNoSession {
		return v, d
	}
	if m.awaiting.Add(1) > maxAwaiting { // so many have none: hardly one of them is on its way
		m.awaiting.Add(-1)
		return v, d
	}
	defer m.awaiting.Add(-1)
	within, cancel := context.WithTimeout(ctx, learnWithin)
	defer cancel()
	for d.Reason == moderation.ReasonNoSession {
		select {
		case <-more:
		case <-within.Done():
			return v, d
		}
		more = m.cluster.More()
		v, d = m.judgeLoaded(ctx, j)
	}
	return v, d
}

// judgeLoaded is the decision by what is known here.
func (m *Service) judgeLoaded(ctx context.Context, j *join) (moderation.View, moderation.Decision) {
	whole, kept := m.sessions.IsLoaded(), m.sessions.AwaitRooms
	if j.Breakout { // whose main room may be asked, once
		kept = m.sessions.Await
	}
	if refused, ok := m.await(ctx, kept); !ok {
		return moderation.View{}, refused
	}
	v, d := m.judgeNow(ctx, j)
	if whole || j.Breakout || d.Allowed && (d.Session != nil || d.Reason == moderation.ReasonServiceAccount) {
		return v, d
	}
	if refused, ok := m.await(ctx, m.sessions.Await); !ok {
		return moderation.View{}, refused
	}
	return m.judgeNow(ctx, j)
}
