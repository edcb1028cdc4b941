package moderation

// HoldPatterns has whatever compiles an expression wait until it is let go.
func (h *Host) HoldPatterns() (letGo func()) {
	h.patterns.mu.Lock()
	return h.patterns.mu.Unlock
}
