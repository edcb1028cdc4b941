package setup

import (
	"regexp"
	"slices"
	"strings"
)

const defaultUpstream = "http://127.0.0.1:5280"

// A site is what nginx's file said before.
type site struct{ upstream, jicofo string }

// planNginx plans the web server's part: browsers come to usher.
func (m *maker) planNginx(host string) (*site, error) {
	s := &site{upstream: defaultUpstream}
	name := "/etc/nginx/sites-available/" + host + ".conf"
	file, found, err := m.files.Read(name)
	if err != nil {
		return nil, err
	}
	if !found {
		m.handNginx(name, "there is no such file (Apache, or another machine)")
		return s, nil
	}
	n := newSiteFile(file.Text)
	if why := n.redirect(s); why != "" {
		m.handNginx(file.Path, why)
		return s, nil
	}
	n.clientAddress()
	n.conferenceRequest(s)
	n.accessLog(host)
	m.plan.change(Change{Path: file.Path, Old: file.Text, New: n.String(), Of: Nginx, Why: n.why})
	for _, line := range n.past() {
		m.plan.note("%s still leads to Prosody past usher: %s", file.Path, line)
	}
	return s, nil
}

func (m *maker) handNginx(where, why string) {
	m.plan.ByHand = append(m.plan.ByHand, ByHand{Of: Nginx, Where: where, Why: why, Lines: []string{
		"upstream prosody { server " + gatewayAt + "; }      # or, without such a block, in the two locations for XMPP:",
		"proxy_pass http://" + gatewayAt + "/http-bind?prefix=$prefix&$args;",
		"proxy_pass http://" + gatewayAt + "/xmpp-websocket?prefix=$prefix&$args;",
		"proxy_pass http://" + gatewayAt + "/conference-request/v1$1;      # where jicofo's port 8888 was",
	}})
}

// A siteFile is a site of nginx while it is edited.
type siteFile struct {
	*draft
	code []string // the lines without comments
	why  []string
}

var nginxComment = regexp.MustCompile(`(^|\s)#.*$`)

func newSiteFile(text string) *siteFile {
	n := &siteFile{draft: newDraft(text)}
	for _, line := range n.lines {
		n.code = append(n.code, nginxComment.ReplaceAllString(line, "$1"))
	}
	return n
}

// block returns the lines of the only block whose first line has a shape, from 1; none if there is no such, or more.
func (n *siteFile) block(shape *regexp.Regexp) (begin, end int) {
	for i, line := range n.code {
		if !shape.MatchString(line) {
			continue
		}
		if begin != 0 {
			return 0, 0
		}
		begin = i + 1
		depth := 0
		for j := i; j < len(n.code); j++ {
			code := quotedText.ReplaceAllString(n.code[j], "")
			depth += strings.Count(code, "{") - strings.Count(code, "}")
			if depth <= 0 {
				end = j + 1
				break
			}
		}
	}
	if end == 0 {
		return 0, 0
	}
	return begin, end
}

// quotedText and variables have braces that are none of nginx's blocks.
var quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\$\{\w+\}`)

var (
	upstreamBlock = regexp.MustCompile(`^\s*upstream\s+prosody\s*\{`)
	serverLine    = regexp.MustCompile(`^(\s*server\s+)([\w.\[\]:-]+:\d+)((?:\s+[^;]*)?;.*)$`)
	oldPass       = regexp.MustCompile(`^(\s*proxy_pass\s+http://)((?:localhost|127\.0\.0\.1):5280)(/(?:http-bind|xmpp-websocket|room-info)\b.*)$`)
	jicofoPass    = regexp.MustCompile(`^(\s*proxy_pass\s+http://)([\w.\[\]:-]+:8888)(/conference-request/v1.*)$`)
)

// redirect has browsers come to usher, by the one upstream or by each location. It returns why it cannot.
func (n *siteFile) redirect(s *site) (why string) {
	begin, end := n.block(upstreamBlock)
	changed, ours := 0, 0
	for i := range n.lines {
		shape := oldPass
		if begin != 0 {
			if shape = serverLine; i+1 <= begin || i+1 >= end {
				continue
			}
		}
		m := shape.FindStringSubmatch(n.lines[i])
		switch {
		case m == nil || n.code[i] == "" || strings.HasPrefix(strings.TrimSpace(n.lines[i]), "#"):
		case m[2] == gatewayAt:
			ours++
		default:
			s.upstream = "http://" + strings.Replace(m[2], "localhost", "127.0.0.1", 1)
			n.replace(i+1, m[1]+gatewayAt+m[3])
			changed++
		}
	}
	if begin == 0 {
		ours = strings.Count(strings.Join(n.code, "\n"), "proxy_pass http://"+gatewayAt+"/xmpp-websocket")
	}
	switch {
	case begin != 0 && changed+ours != 1:
		return "its upstream prosody has not exactly one server with a port"
	case changed+ours == 0:
		return "it has neither an upstream prosody nor locations that lead to port 5280"
	case changed > 0:
		n.why = append(n.why, "browsers come to usher, and from there to Prosody; room-info too")
	}
	return ""
}

// clientAddress has nginx tell the browser's address in the location of WebSockets, as it does for BOSH.
func (n *siteFile) clientAddress() {
	begin, end := n.block(regexp.MustCompile(`^\s*location\s*=\s*/xmpp-websocket\s*\{`))
	n.headers(begin, end, "xmpp-websocket", "proxy_set_header X-Forwarded-For $remote_addr;")
}

// headers adds the lines that a location does not have, below its proxy_pass.
func (n *siteFile) headers(begin, end int, location string, lines ...string) {
	for i := begin; i < end; i++ {
		if !strings.HasPrefix(strings.TrimSpace(n.code[i]), "proxy_pass ") {
			continue
		}
		for _, line := range lines {
			name := strings.Fields(line)[1]
			if slices.ContainsFunc(n.code[begin-1:end], func(s string) bool { return strings.Contains(s, name) }) {
				continue
			}
			n.insert(i+1, n.indentOf(i+1)+line)
			n.why = append(n.why, name+" for usher, at "+location)
		}
		return
	}
}

// conferenceRequest has requests for conferences, which jicofo answers to everybody, come to usher as well.
func (n *siteFile) conferenceRequest(s *site) {
	begin, end := n.block(regexp.MustCompile(`^\s*location\s*~\s*\^/conference-request/v1`))
	for i := begin; i < end; i++ {
		m := jicofoPass.FindStringSubmatch(n.lines[i])
		if m == nil || strings.HasPrefix(strings.TrimSpace(n.lines[i]), "#") {
			continue
		}
		s.jicofo = "http://" + m[2]
		n.replace(i+1, m[1]+gatewayAt+m[3])
		n.why = append(n.why, "jicofo makes a room for everybody who asks it by HTTP: usher decides that, too")
	}
	if begin != 0 &&
		strings.Contains(strings.Join(n.lines[begin-1:end], "\n"), "http://"+gatewayAt+"/conference-request") {
		n.headers(begin, end, "conference-request", "proxy_set_header Host $http_host;",
			"proxy_set_header X-Forwarded-For $remote_addr;")
	}
}

// accessLog keeps tokens out of the log where the file does not say how to log.
func (n *siteFile) accessLog(host string) {
	all := strings.Join(n.code, "\n")
	if strings.Contains(all, "access_log") {
		return
	}
	first := slices.IndexFunc(n.code, func(line string) bool { return regexp.MustCompile(`^\s*server\s*\{`).MatchString(line) })
	names := []int{}
	for i, line := range n.code {
		if f := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), ";")); len(f) > 1 && f[0] == "server_name" &&
			slices.Contains(f[1:], host) {
			names = append(names, i+1)
		}
	}
	if first < 0 || len(names) == 0 {
		return
	}
	n.insert(first, `log_format usher '$remote_addr [$time_local] $request_method "$uri" $status $body_bytes_sent';`)
	for _, line := range names {
		n.insert(line, n.indentOf(line)+"access_log /var/log/nginx/access.log usher;")
	}
	n.why = append(n.why, "tokens stand in addresses: the log leaves the query out")
}

// past returns lines that still lead to Prosody.
func (n *siteFile) past() []string {
	var list []string
	for line := range strings.SplitSeq(n.String(), "\n") {
		code := nginxComment.ReplaceAllString(line, "$1")
		if strings.Contains(code, "proxy_pass") && strings.Contains(code, ":5280") {
			list = append(list, strings.TrimSpace(code))
		}
	}
	return list
}
