package setup

import (
	"regexp"
	"strings"
)

const (
	jicofoFile   = "/etc/jitsi/jicofo/jicofo.conf"
	jicofoLegacy = "/etc/jitsi/jicofo/sip-communicator.properties"
)

var (
	hoconComment = regexp.MustCompile(`(#|//).*$`)
	autoOwner    = regexp.MustCompile(`^(\s*(?:jicofo\.)?(?:conference\.)?enable-auto-owner\s*[=:]\s*)(true|false)(\s*,?\s*(?:(?:#|//).*)?)$`)
)

// planJicofo plans jicofo's part: it makes nobody an owner.
func (m *maker) planJicofo() error {
	file, found, err := m.files.Read(jicofoFile)
	if err != nil {
		return err
	}
	if !found {
		m.handJicofo(jicofoFile, "there is no such file: where jicofo runs, it has to say")
		return nil
	}
	now, why, ok := jicofoNow(file.Text)
	if !ok {
		m.handJicofo(file.Path, "it is not written as Jitsi's package writes it")
		return nil
	}
	m.plan.change(Change{Path: file.Path, Old: file.Text, New: now, Of: Jicofo, Why: why})
	legacy, found, err := m.files.Read(jicofoLegacy)
	if err == nil && found &&
		regexp.MustCompile(`(?m)^\s*org\.jitsi\.jicofo\.auth\.URL\s*[=:]`).MatchString(legacy.Text) {
		m.handJicofo(legacy.Path, "it switches jicofo's authentication on (org.jitsi.jicofo.auth.URL), which makes "+
			"everybody a moderator: take that line out")
	}
	return err
}

func (m *maker) handJicofo(where, why string) {
	m.plan.ByHand = append(m.plan.ByHand, ByHand{Of: Jicofo, Where: where, Why: why, Lines: []string{
		"jicofo { conference { enable-auto-owner = false } }", "jicofo { authentication { enabled = false } }"}})
}

// jicofoNow is jicofo's configuration with what has to hold. In HOCON what stands last wins, so lines at the end are
// enough, if the file is not one object in braces.
func jicofoNow(text string) (now string, why []string, ok bool) {
	d := newDraft(text)
	code := make([]string, len(d.lines))
	for i, line := range d.lines {
		code[i] = hoconComment.ReplaceAllString(line, "")
	}
	all := strings.TrimSpace(strings.Join(code, "\n"))
	if strings.HasPrefix(all, "{") || strings.Count(all, "{") != strings.Count(all, "}") ||
		strings.Contains(all, `"""`) {
		return text, nil, false
	}
	var add []string
	if last, said := lastSaid(d, code); !said {
		add = append(add, "jicofo.conference.enable-auto-owner = false")
		why = append(why, "jicofo makes nobody an owner: the token does")
	} else if m := autoOwner.FindStringSubmatch(d.lines[last]); m[2] == "true" {
		d.replace(last+1, m[1]+"false"+m[3])
		why = append(why, "jicofo makes nobody an owner: the token does")
	}
	const off = "jicofo.authentication.enabled = false"
	if strings.Contains(all, "authentication") && !strings.HasSuffix(all, off) && !strings.Contains(all, off+"\n") {
		add = append(add, off)
		why = append(why,
			"jicofo's authentication would make everybody with a token an owner; usher decides who starts a room")
	}
	d.insert(len(d.lines), add...)
	return d.String(), why, true
}

// lastSaid returns the last line that says whether jicofo makes owners.
func lastSaid(d *draft, code []string) (last int, said bool) {
	for i := range code {
		if strings.Contains(code[i], "enable-auto-owner") && autoOwner.MatchString(d.lines[i]) {
			last, said = i, true
		}
	}
	return last, said
}
