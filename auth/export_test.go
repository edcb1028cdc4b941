package auth

// ForgetVerdict takes a token out of the caches, so that it is verified from the
// start each time.
func ForgetVerdict(v *Verifier, token string) {
	for _, h := range v.rules.Load().hosts {
		h.cache.drop(token)
	}
}
