-- The whole configuration of the Prosody of compose.yaml. From usher_key on it is what usher prosody prints for
-- usher.yaml, but for the name of usher's container.
data_path = "/var/lib/prosody"
pidfile = "/run/prosody/prosody.pid"
certificates = "/etc/prosody/certs" -- meet.example.com.crt and .key
log = { info = "*console" }
installer_plugin_path = "/usr/local/lib/prosody/modules" -- where Dockerfile.prosody put the two that Debian lacks
plugin_paths = { "/usr/local/lib/prosody/modules/share/lua/5.4", "/usr/local/lib/prosody/modules" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "carbons", "blocklist", "smacks" }
modules_disabled = { "s2s" } -- no other servers
c2s_require_encryption = true
http_ports = { 5280 }
http_interfaces = { "*" } -- usher's container comes from another address; compose.yaml does not publish it
https_ports = {}
component_ports = { 5347 }
component_interfaces = { "*" }
consider_websocket_secure = true -- the web server in front of usher has TLS
consider_bosh_secure = true

local usher_key = (function (f, why) if f then return f:read("l") end (Lua or _G).io.stderr:write("usher: ", why, "\n") end)((Lua or _G).io.open("/etc/usher/http.secret"))

VirtualHost "meet.example.com"
  authentication = "dovecot"
  dovecot_auth_socket = "/run/usher/auth.sock"
  service_name = "meet.example.com"
  modules_enabled = { "websocket", "bosh", "smacks" }

VirtualHost "guest.meet.example.com"
  authentication = "anonymous"
  modules_enabled = { "websocket", "bosh", "smacks" }

Component "conference.meet.example.com" "muc"
  modules_enabled = { "muc_http_auth", "muc_http_defaults" }
  muc_http_auth_url = "http://usher:8280/muc/join"
  muc_create_api_url = "http://usher:8280/muc/room?jid={room.jid}"
  muc_http_auth_authorization_header = usher_key and "Bearer "..usher_key
  muc_create_api_auth = usher_key and "Bearer "..usher_key
  muc_room_locking = false
  admins = { "usher.meet.example.com" }
  component_admins_as_room_owners = true

Component "usher.meet.example.com"
  component_secret = (function (f, why) if f then return f:read("l") end (Lua or _G).io.stderr:write("usher: ", why, "\n") end)((Lua or _G).io.open("/etc/usher/component.secret"))
