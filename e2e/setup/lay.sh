# shellcheck shell=bash
# Lays out what Jitsi's packages leave behind on a Debian, with tokens; for the scripts that have set JITSI and host.

secret="a secret of the application: 32 bytes"

# jitsi_files writes the files of the packages jitsi-meet-prosody, -tokens, -web-config and jicofo.
jitsi_files() {
	local templates=$JITSI/doc/debian file=/etc/prosody/conf.avail/$host.cfg.lua
	mkdir -p /usr/share/jitsi-meet /etc/jitsi/jicofo /etc/jitsi/meet /etc/prosody/conf.avail /etc/prosody/conf.d /etc/nginx/sites-available
	rm -f /etc/prosody/conf.d/* /etc/nginx/sites-enabled/*
	rm -rf /usr/share/jitsi-meet/prosody-plugins
	cp -r "$JITSI/resources/prosody-plugins" /usr/share/jitsi-meet/prosody-plugins
	sed -e "s/jitmeet.example.com/$host/g" -e s/focusUser/focus/g -e s/__turnSecret__/12345678/ \
		-e 's/authentication = "jitsi-anonymous"/authentication = "token"/' \
		-e 's/ --app_id="[^"]*"/ app_id="acme"/' -e "s/ --app_secret=\"[^\"]*\"/ app_secret=\"$secret\"/" \
		-e '/^ *--"token_verification"/ s/--//' -e '/^    ssl = {/,/^    }/d' \
		"$templates/jitsi-meet-prosody/prosody.cfg.lua-jvb.example" >"$file"
	# Before 2025 WebSocket was an option, which Jitsi's handbook has people turn on like this.
	grep -q '"websocket"' "$file" || sed -i 's/^\( *\)"bosh";/&\n\1"websocket";\n\1"smacks";/
		s/^consider_bosh_secure.*/&\nconsider_websocket_secure = true;/' "$file"
	ln -s "$file" "/etc/prosody/conf.d/$host.cfg.lua"
	grep -q 'conf\.d/\*\.cfg\.lua' /etc/prosody/prosody.cfg.lua || echo 'Include "conf.d/*.cfg.lua"' >>/etc/prosody/prosody.cfg.lua
	printf 'jicofo {\n  xmpp: {\n    client: { username: "focus" }\n  }\n}\n' >/etc/jitsi/jicofo/jicofo.conf
	sed "s/jitsi-meet.example.com/$host/g" "$templates/jitsi-meet/jitsi-meet.example" >"/etc/nginx/sites-available/$host.conf"
	ln -s "/etc/nginx/sites-available/$host.conf" "/etc/nginx/sites-enabled/$host.conf"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$host" -keyout "/etc/jitsi/meet/$host.key" \
		-out "/etc/jitsi/meet/$host.crt" 2>/dev/null
	chmod 0640 "/etc/prosody/conf.avail/$host.cfg.lua"
	chown root:prosody "/etc/prosody/conf.avail/$host.cfg.lua"
}

# test_files adds what only the test wants: its jicofo is a program without TLS, and Debian has two libraries for other
# Luas only.
test_files() {
	sed -i '/^c2s_require_encryption = true/d' /etc/prosody/prosody.cfg.lua
	sed -i '1i c2s_require_encryption = false\nallow_unencrypted_plain_auth = true' /etc/prosody/prosody.cfg.lua
	libraries "$1"
	prosodyctl --config /etc/prosody/prosody.cfg.lua register focus "auth.$host" "password of focus" >/dev/null 2>&1
}
