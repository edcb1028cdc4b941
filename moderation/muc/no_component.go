package muc

import (
	"context"

	"usher/lobby"
	"usher/moderation"
)

// noComponent stands for the component and all who work by way of it, where there is
// none.
type noComponent struct{}

func (noComponent) Beginning(context.Context, string) (moderation.Beginning, error) {
	return moderation.Beginning{}, moderation.ErrUnreachable
}

func (noComponent) MainRoom(context.Context, string) (string, error) {
	return "", moderation.ErrUnreachable
}

func (noComponent) Occupants(context.Context, string) ([]moderation.Occupant, error) {
	return nil, moderation.ErrUnreachable
}

func (noComponent) Connection() uint64                           { return 0 }
func (noComponent) Joined(string, string)                        {}
func (noComponent) Urgent(string, string)                        {}
func (noComponent) BeforeJoin(context.Context, string, string)   {}
func (noComponent) InFlight(string, string) bool                 { return false }
func (noComponent) Knocked(string, string, string, lobby.Notice) {}
