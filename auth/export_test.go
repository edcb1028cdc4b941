package auth

// ForgetVerdict takes a token out of the caches, so that it is verified from the
// start each time.
func ForgetVerdict(v *Verifier, token string) {
	for _, h := range v.rules.Load().hosts {
		h.cache.drop(token)
	}
}

// Verdicts returns how many verdicts are cached, and how many bytes their tokens have.
func Verdicts(v *Verifier) (entries, bytes int) {
	for _, h := range v.rules.Load().hosts {
		for _, verdict := range h.cache.verdicts.All() {
			entries, bytes = entries+1, bytes+len(verdict.token)
		}
	}
	return entries, bytes
}
