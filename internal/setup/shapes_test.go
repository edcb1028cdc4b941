package setup

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A shape is what Jitsi's packages of one time write into their files, as far as it matters here. The files are written
// for these tests.
type shape struct {
	date        string
	hideAll     bool // muc_hide_all, muc_password_whitelist
	roomOwners  bool // component_admins_as_room_owners
	websocket   bool // websocket and smacks are on from the beginning
	recorder    bool // a host for recorders
	logs        bool // nginx's log leaves tokens out
	requests    bool // jicofo answers requests by HTTP
	affiliation bool // token_affiliation is shipped
}

var shapes = []shape{
	{date: "2023-01"},
	{date: "2023-06", hideAll: true},
	{date: "2024-03", hideAll: true, logs: true},
	{date: "2024-10", hideAll: true, logs: true, requests: true},
	{date: "2025-05", hideAll: true, logs: true, requests: true, roomOwners: true, websocket: true},
	{date: "2025-11", hideAll: true, logs: true, requests: true, roomOwners: true, websocket: true, recorder: true},
	{date: "2026-08", hideAll: true, logs: true, requests: true, roomOwners: true, websocket: true, recorder: true,
		affiliation: true},
}

const (
	testHost = "meet.example.com"
	hostFile = "/etc/prosody/conf.avail/meet.example.com.cfg.lua"
	siteName = "/etc/nginx/sites-available/meet.example.com.conf"
)

// memory are files in a map. Names of conf.d lead to conf.avail, as links of Debian do.
type memory map[string]string

func (m memory) Read(name string) (File, bool, error) {
	real := strings.Replace(name, "/conf.d/", "/conf.avail/", 1)
	text, found := m[real]
	return File{real, text}, found, nil
}

func (m memory) List(folder string) []string {
	folder = strings.Replace(folder, "/conf.d", "/conf.avail", 1)
	var list []string
	for name := range m {
		if path.Dir(name) == folder {
			list = append(list, path.Base(name))
		}
	}
	slices.Sort(list)
	return list
}

// files are a machine with that Jitsi; tokens has the package of tokens installed, too.
func (s shape) files(tokens bool) memory {
	m := memory{
		"/etc/prosody/prosody.cfg.lua": "admins = { }\nauthentication = \"internal_hashed\"\nInclude \"conf.d/*.cfg.lua\"\n",
		hostFile:                       s.prosody(tokens),
		siteName:                       s.nginx(),
		"/etc/jitsi/jicofo/jicofo.conf": "# options: see reference.conf\njicofo {\n  xmpp: {\n    client: {\n" +
			"      password: \"pw of jicofo\"\n    }\n  }\n}\n",
	}
	if s.affiliation {
		m["/usr/share/jitsi-meet/prosody-plugins/mod_token_affiliation.lua"] = ""
	}
	return m
}

func (s shape) prosody(tokens bool) string {
	var b strings.Builder
	if s.roomOwners {
		b.WriteString("component_admins_as_room_owners = true\n\n")
	}
	b.WriteString(`plugin_paths = { "/usr/share/jitsi-meet/prosody-plugins/" }
muc_mapper_domain_base = "meet.example.com";
external_service_secret = "secret of turn";
consider_bosh_secure = true;
unlimited_jids = {
    "focus@auth.meet.example.com",
    "jvb@auth.meet.example.com"
}

VirtualHost "meet.example.com"
`)
	if tokens {
		b.WriteString(`    authentication = "token" -- do not delete me
    app_id="acme"
    app_secret="application secret of acme 0123456789"
`)
	} else {
		b.WriteString(`    authentication = "jitsi-anonymous" -- do not delete me
    -- the package of tokens changes these
    --app_id="example_app_id"
    --app_secret="example_app_secret"
`)
	}
	b.WriteString("    modules_enabled = {\n        \"bosh\";\n" + when(s.websocket, "        \"websocket\";\n        \"smacks\";\n") +
		`        "muc_lobby_rooms";
        "muc_breakout_rooms";
    }
    c2s_require_encryption = false
    lobby_muc = "lobby.meet.example.com"
    breakout_rooms_muc = "breakout.meet.example.com"
    main_muc = "conference.meet.example.com"
    -- muc_lobby_whitelist = { "recorder.meet.example.com" }

Component "conference.meet.example.com" "muc"
    restrict_room_creation = true
    storage = "memory"
    modules_enabled = {
` + when(s.hideAll, "        \"muc_hide_all\";\n") + `        "muc_meeting_id";
        "muc_domain_mapper";
        ` + when(!tokens, "--") + `"token_verification";
    }
    admins = { "focus@auth.meet.example.com" }
    muc_room_locking = false

Component "breakout.meet.example.com" "muc"
    storage = "memory"
    admins = { "focus@auth.meet.example.com" }

Component "internal.auth.meet.example.com" "muc"
    admins = { "focus@auth.meet.example.com", "jvb@auth.meet.example.com" }

VirtualHost "auth.meet.example.com"
    authentication = "internal_hashed"
` + when(s.recorder, "\nVirtualHost \"recorder.meet.example.com\"\n    authentication = \"internal_hashed\"\n") + `
Component "focus.meet.example.com" "client_proxy"
    target_address = "focus@auth.meet.example.com"

Component "lobby.meet.example.com" "muc"
    storage = "memory"
`)
	return b.String()
}

func (s shape) nginx() string {
	return `upstream prosody {
    zone upstreams 64K;
    server 127.0.0.1:5280;
    keepalive 2;
}
# upstream jvb1 {
#     server 127.0.0.1:9090;
# }
map $arg_vnode $prosody_node {
    default prosody;
    v1 v1;
}
` + when(s.logs, `map $request_uri $loggable_uri {
    ~^(?P<path>[^?]*)\?.*(?:jwt|token)=  "${path}?[params_redacted]";
    default $request_uri;
}
log_format jitsi_log '$remote_addr "$request_method $loggable_uri" $status';
`) + `server {
    listen 80;
    server_name meet.example.com;
    location / {
        return 301 https://$host$request_uri;
    }
}
server {
    listen 443 ssl;
    server_name meet.example.com;
` + when(s.logs, "    access_log /var/log/nginx/access.log jitsi_log;\n") + `    location = /_api/room-info {
        proxy_pass http://prosody/room-info?prefix=$prefix&$args;
    }
    # BOSH
    location = /http-bind {
        proxy_pass http://$prosody_node/http-bind?prefix=$prefix&$args;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header Host $http_host;
    }
    location = /xmpp-websocket {
        proxy_pass http://$prosody_node/xmpp-websocket?prefix=$prefix&$args;
        proxy_set_header Host $http_host;
        tcp_nodelay on;
    }
` + when(s.requests, `    location ~ ^/conference-request/v1(\/.*)?$ {
        proxy_pass http://127.0.0.1:8888/conference-request/v1$1;
        add_header 'Access-Control-Allow-Origin' '*';
    }
    location ~ ^/([^/?&:'"]+)/conference-request/v1(\/.*)?$ {
        rewrite ^/([^/?&:'"]+)/conference-request/v1(\/.*)?$ /conference-request/v1$2;
    }
`) + "}\n"
}

func when(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}

// steady makes the same keys and secrets each time.
type steady struct{}

func (steady) Secret() (string, error) { return "fresh secret 0123456789abcdef0123456789", nil }

func (steady) KeyPair() (private, public string, err error) {
	return "private half", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", nil
}

func (s steady) Public(private string) (string, error) {
	if private != "private half\n" {
		return "", fmt.Errorf("%q is another key", private)
	}
	_, public, err := s.KeyPair()
	return public, err
}
