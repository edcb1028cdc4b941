package prosodyconf

import (
	"fmt"
	"net"
	"strings"

	"usher/internal/config"
)

// otherDoors returns, as comments, the lines for Prosody's other modules, the
// better ones first. One host stands for all.
func otherDoors(c *config.Config, hosts []string) string {
	var b strings.Builder
	b.WriteString(otherDoorsHead)
	if len(hosts) > 1 {
		fmt.Fprintf(&b, "-- The URLs are those of %s; the other hosts have their own name after host=.\n", hosts[0])
	}
	b.WriteString(httpDoors(c, hosts[0]))
	b.WriteString(externalDoor(c))
	return b.String()
}

const otherDoorsHead = `
-- Other doors, for a Prosody that has one of these modules anyway. Put the lines of one in the place of those above.
-- None is in Debian (prosodyctl install --server=https://modules.prosody.im/rocks/ MODULE, which wants the package
-- luarocks), the client is not told why it was refused, and by PLAIN it must give the name of the token's account.
-- Prosody refuses passwords of 1,024 bytes or more there: a longer token needs a ticket (POST /auth/ticket, see
-- docs/doors.md), or OAUTHBEARER.
`

// httpDoors are the modules that ask listen.http.
func httpDoors(c *config.Config, host string) string {
	if c.Listen.HTTP.Network != "tcp" {
		return "--\n-- The HTTP modules need listen.http in usher.yaml, as host:port, and an http_secret_file.\n"
	}
	key, open := "", ""
	if c.HTTP.Secret != "" && !c.HTTP.Insecure {
		key = `.."&key="..(usher_key or "")`
		open = "--   local usher_key = " + luaSecret(c.HTTP.SecretFile) + " -- Prosody's user must be able to read it\n"
	}
	url := func(path string) string {
		return Quote("http://"+dialable(c.Listen.HTTP.Name)+path) + key
	}
	base := Quote("http://" + dialable(c.Listen.HTTP.Name) + "/auth/http")
	var b strings.Builder
	if open != "" {
		b.WriteString("--\n-- All HTTP modules send the secret of http_secret_file, which stands before the first " +
			"VirtualHost:\n" + open)
	}
	b.WriteString("--\n-- mod_auth_oauth_external: PLAIN, and with Prosody 13 OAUTHBEARER, whose token may have any " +
		"length and names the account.\n" +
		"--   authentication = \"oauth_external\"\n" +
		"--   oauth_external_validation_endpoint = " + url("/auth/oauth/userinfo?host="+host) + "\n" +
		"--   oauth_external_token_endpoint = " + url("/auth/oauth/token?host="+host) + "\n")
	b.WriteString("--\n-- mod_auth_http: PLAIN; the token stands in the URL of a request to usher, which logs none.\n" +
		"--   authentication = \"http\"\n--   http_auth_url = " + base + "\n")
	if open != "" {
		b.WriteString("--   http_auth_credentials = usher_key and \"prosody:\"..usher_key\n")
	}
	b.WriteString("--\n-- mod_auth_http_async: PLAIN; the Authorization header is the user's, so the secret stands " +
		"in the URL.\n" +
		"--   authentication = \"http_async\"\n--   http_auth_url = " + url("/auth/basic?host="+host) + "\n")
	b.WriteString("--\n-- mod_auth_custom_http: PLAIN; Prosody stands still during each request, and the module " +
		"knows no timeout. It needs lua-socket.\n" +
		"--   authentication = \"custom_http\"\n--   auth_custom_http = { post_url = " + url("/auth/json?host="+host) +
		" }\n")
	return b.String()
}

// externalDoor is the module that starts usher extauth.
func externalDoor(c *config.Config) string {
	head := "--\n-- mod_auth_external_insecure (once mod_auth_external): PLAIN; queries over 1,000 bytes are " +
		"refused, so most tokens need a\n" +
		"-- ticket; the first logins after Prosody's start fail; Prosody stands still during each query, up to 5 s; " +
		"a signal to\n" +
		"-- Prosody in the middle of a login can give its answer to the next user (docs/doors.md). It needs lpty.\n"
	if c.Listen.Extauth.Name == "" {
		return head + "-- It needs listen.extauth in usher.yaml.\n"
	}
	text := head +
		"--   ln -s \"$(command -v usher)\" /usr/local/bin/usher-extauth      # the module passes no arguments\n"
	if c.Listen.Extauth.Name != config.DefaultExtauthSocket {
		text += fmt.Sprintf("--   Environment=USHER_EXTAUTH_SOCKET=%s      # in Prosody's systemd unit\n",
			c.Listen.Extauth.Name)
	}
	return text + "--   authentication = \"external_insecure\"\n--   external_auth_command = " +
		"\"/usr/local/bin/usher-extauth\"\n"
}

// dialable returns where to connect to for an address to listen on.
func dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil { // the configuration was checked
		return address
	}
	switch ip := net.ParseIP(host); {
	case host == "" || ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}
