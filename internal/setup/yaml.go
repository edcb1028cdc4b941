package setup

import (
	"fmt"
	"strings"
)

// usherYAML is usher's configuration for what Prosody's says.
func usherYAML(f *facts, o *own) string {
	var b strings.Builder
	b.WriteString("# Made by usher setup jitsi from Prosody's configuration; from now on it is yours to change.\n" +
		"# Every setting: docs/configuration.md.\n" +
		"listen:\n  gateway: " + gatewayAt + "\n" +
		"component:\n  jid: " + yamlQuote(o.component) + "\n  secret_file: " + componentFile + "\n")
	if o.upstream != "" {
		b.WriteString("gateway:\n  upstream: " + yamlQuote(o.upstream) + "\n")
	}
	b.WriteString("hosts:\n  " + yamlQuote(f.host) + ":\n")
	b.WriteString("    muc: " + yamlList([]string{f.muc}) + "\n")
	list(&b, "breakout", nonEmpty(f.breakout))
	list(&b, "guests", f.guests)
	list(&b, "service_accounts", f.services)
	if f.allowEmpty {
		b.WriteString("    guests_start: true\n")
	}
	if f.lobby != "" {
		b.WriteString("    lobby_domain: " + yamlQuote(f.lobby) + "\n")
	}
	relayYAML(&b, f, o)
	b.WriteString("    issuers:\n")
	for _, issuer := range f.issuers {
		issuerYAML(&b, issuer, f, o)
	}
	if !f.verifyDomain {
		b.WriteString("    tokens:\n      subject: any\n")
	}
	if len(f.whitelist) > 0 {
		b.WriteString("    lobby:\n      whitelist: " + yamlList(f.whitelist) + "\n")
	}
	return b.String()
}

func list(b *strings.Builder, name string, items []string) {
	if len(items) > 0 {
		b.WriteString("    " + name + ": " + yamlList(items) + "\n")
	}
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func relayYAML(b *strings.Builder, f *facts, o *own) {
	kind := "key_file"
	if o.shared {
		kind = "secret_file"
	}
	fmt.Fprintf(b, "    relay:\n      app_id: %s\n      %s: %s\n", yamlQuote(f.appID), kind, o.keyFile)
	if !f.verifyDomain {
		b.WriteString("      domain_verification: false\n")
	}
	if f.allowEmpty {
		b.WriteString("      allow_empty_token: true\n")
	}
	if o.jicofo != "" { // nginx leads requests for conferences here, and they go on to jicofo
		b.WriteString("      jicofo: " + yamlQuote(o.jicofo) + "\n")
	}
}

// issuerYAML writes one issuer, with the keys and the algorithm that Prosody took.
func issuerYAML(b *strings.Builder, name string, f *facts, o *own) {
	b.WriteString("      " + yamlQuote(name) + ":\n")
	algorithm := "RS256"
	switch {
	case f.asapURL != "":
		b.WriteString("        asap_url: " + yamlQuote(f.asapURL) + "\n")
	case f.jwksURL != "":
		b.WriteString("        jwks_url: " + yamlQuote(f.jwksURL) + "\n")
	case f.publicKey != "":
		b.WriteString("        public_key_files: " + yamlList(o.outerFiles) + "\n")
	default:
		algorithm = "HS256"
		b.WriteString("        secret_files: " + yamlList(o.outerFiles) + "\n")
	}
	if f.algorithm != "" {
		algorithm = f.algorithm
	}
	if f.isWeak(algorithm) {
		b.WriteString("        allow_weak_secret: true\n")
	}
	if strings.HasPrefix(f.asapURL+f.jwksURL, "http:") {
		b.WriteString("        insecure_http: true\n")
	}
	b.WriteString("        algorithms: " + yamlList([]string{algorithm}) + "\n        audience: " + yamlList(f.audience) + "\n")
	if !f.requireRoom {
		b.WriteString("        require_room: false\n")
	}
}

// isWeak reports whether the shared secret is shorter than the hash that it is used with.
func (f *facts) isWeak(algorithm string) bool {
	bytes := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[algorithm]
	return f.secret != "" && len(f.secret) < bytes
}
