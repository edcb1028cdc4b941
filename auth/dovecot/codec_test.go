package dovecot

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func printLine(fields ...string) []byte {
	var line []byte
	for i, field := range fields {
		if i > 0 {
			line = append(line, '\t')
		}
		line = appendEscaped(line, field)
	}
	return line
}

func readLine(line []byte) ([]string, error) {
	var values []string
	for fields := (fieldReader{rest: line}); fields.more(); {
		value, err := fields.next()
		if err != nil {
			return nil, err
		}
		values = append(values, string(value))
	}
	return values, nil
}

func FuzzFields(f *testing.F) {
	f.Add("OK", "user=alice", "a\tb\nc\rd\x00e\x01f")
	f.Add("", "", "\x01\x01t")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		line := printLine(a, b, c)
		if bytes.ContainsAny(line, "\n\r\x00") || bytes.Count(line, []byte{'\t'}) != 2 {
			t.Fatalf("%q breaks the framing", line)
		}
		values, err := readLine(line)
		if err != nil || !slices.Equal(values, []string{a, b, c}) {
			t.Fatalf("%q was read as %q, %v", line, values, err)
		}
	})
}

func FuzzLine(f *testing.F) {
	for _, line := range []string{
		"AUTH\t1\tPLAIN\tservice=xmpp\tresp=AGEAYg==", "CONT\t1\t=", "CANCEL\t7", "AUTH\t1\tPLAIN\tresp==",
		"AUTH\t4294967296\tPLAIN", "CONT\t1\tAA==\tAA==", "VERSION\t1\t1", "AUTH\t1\t\x01x", "\t\t\t",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := bytes.Clone(line)
		if values, err := readLine(line); err == nil {
			again, err := readLine(printLine(values...))
			if err != nil || !slices.Equal(values, again) {
				t.Fatalf("%q became %q, %v", values, again, err)
			}
		}
		r, err := parseRequest(line)
		if !bytes.Equal(line, before) {
			t.Fatal("reading changed the line")
		}
		if err != nil && r != (request{}) {
			t.Fatalf("an error beside %+v", r)
		}
		if r.problem != nil && (r.responded || r.response != "") {
			t.Fatalf("a problem beside a response: %+v", r)
		}
		if h, err := wantVersion.advance(line); err != nil && h != wantVersion {
			t.Fatal("an error moved the handshake on")
		}
	})
}

func TestParseRequest(t *testing.T) {
	login := "\x00alice\x00token"
	long := strings.Repeat("x", 3000)
	for line, want := range map[string]request{
		"AUTH\t2\tPLAIN\tservice=xmpp\tresp=AGFsaWNlAHRva2Vu":       {verb: verbAuth, id: 2, mechanism: "PLAIN", service: "xmpp", response: login, responded: true},
		"AUTH\t2\tPLAIN\tservice=meet.example.com\tsecured\tresp==": {verb: verbAuth, id: 2, mechanism: "PLAIN", service: "meet.example.com"},
		"AUTH\t2\tPLAIN\tresp=":                                     {verb: verbAuth, id: 2, mechanism: "PLAIN", responded: true},
		"AUTH\t2\tOAUTHBEARER":                                      {verb: verbAuth, id: 2, mechanism: "OAUTHBEARER"},
		"AUTH\t4294967295\tX\tservice=a\x01tb":                      {verb: verbAuth, id: 4294967295, mechanism: "X", service: "a\tb"},
		"CONT\t3\tAGFsaWNlAHRva2Vu":                                 {verb: verbContinue, id: 3, response: login, responded: true},
		"CONT\t3\t=":                                                {verb: verbContinue, id: 3, responded: true},
		"CONT\t3\t":                                                 {verb: verbContinue, id: 3, responded: true},
		"CONT\t3\t" + strings.Repeat("eHh4", 1000):                  {verb: verbContinue, id: 3, response: long, responded: true},
		"CANCEL\t3":                            {verb: verbCancel, id: 3},
		"CONT\t3":                              {verb: verbContinue, id: 3, problem: errNoResponse},
		"CONT\t3\tAA==\tAA==":                  {verb: verbContinue, id: 3, problem: errNoResponse},
		"CONT\t3\tAA":                          {verb: verbContinue, id: 3, problem: errBase64},
		"CONT\t3\tAB==":                        {verb: verbContinue, id: 3, problem: errBase64},
		"CONT\t3\tAA\x01n==":                   {verb: verbContinue, id: 3, problem: errBase64},
		"CONT\t3\tAA==\r":                      {verb: verbContinue, id: 3, problem: errBase64},
		"CONT\t3\t\x01":                        {verb: verbContinue, id: 3, problem: errEscape},
		"AUTH\t4":                              {verb: verbAuth, id: 4, problem: errMechanism},
		"AUTH\t4\t\tresp==":                    {verb: verbAuth, id: 4, problem: errMechanism},
		"AUTH\t4\tPLAIN\tresp=%":               {verb: verbAuth, id: 4, mechanism: "PLAIN", problem: errBase64},
		"AUTH\t4\tPLAIN\tresp==\tservice=b":    {verb: verbAuth, id: 4, mechanism: "PLAIN", problem: errAfterResp},
		"AUTH\t4\tPLAIN\tresp==\tresp==":       {verb: verbAuth, id: 4, mechanism: "PLAIN", problem: errAfterResp},
		"AUTH\t4\tPLAIN\tservice=a\tservice=b": {verb: verbAuth, id: 4, mechanism: "PLAIN", service: "a", problem: errDuplicate},
		"AUTH\t4\tPLAIN\tservice=a\x01x":       {verb: verbAuth, id: 4, mechanism: "PLAIN", problem: errEscape},
	} {
		if got, err := parseRequest([]byte(line)); err != nil || got != want {
			t.Errorf("%.60q:\n got %+v, %v\nwant %+v", line, got, err, want)
		}
	}
}

func TestParseRequestWithoutAnID(t *testing.T) {
	for _, line := range []string{
		"", "\t", "AUTH", "AUTH\t", "AUTH\tx\tPLAIN", "AUTH\t-1\tPLAIN", "AUTH\t+1\tPLAIN", "AUTH\t1 \tPLAIN", "AUTH\t4294967296\tPLAIN",
		"AUTH\t99999999999999999999\tPLAIN", "auth\t1\tPLAIN", "OK\t1", "VERSION\t1\t1", "GET / HTTP/1.1\r", "\x16\x03\x01", "AUTH \t1", "\x01x\t1",
	} {
		if r, err := parseRequest([]byte(line)); err == nil || r != (request{}) {
			t.Errorf("%q: got %+v, %v", line, r, err)
		}
	}
}

func TestHandshake(t *testing.T) {
	for _, row := range []struct {
		from handshake
		line string
		to   handshake
		err  error
	}{
		{wantVersion, "VERSION\t1\t1", wantProcess, nil},
		{wantVersion, "VERSION\t1\t2", wantProcess, nil},
		{wantVersion, "VERSION\t1", wantProcess, nil},
		{wantVersion, "VERSION\t2\t0", wantVersion, errVersion},
		{wantVersion, "VERSION\tone", wantVersion, errNoProtocol},
		{wantVersion, "CPID\t1", wantVersion, errNoProtocol},
		{wantVersion, "AUTH\t1\tPLAIN", wantVersion, errNoProtocol},
		{wantProcess, "CPID\t14506", handshakeDone, nil},
		{wantProcess, "CPID\t", wantProcess, errNoProtocol},
		{wantProcess, "VERSION\t1\t1", wantProcess, errNoProtocol},
		{wantProcess, "\x01x", wantProcess, errNoProtocol},
	} {
		if to, err := row.from.advance([]byte(row.line)); to != row.to || err != row.err {
			t.Errorf("%d, %q: got %d, %v", row.from, row.line, to, err)
		}
	}
}

func TestPendingListIsBounded(t *testing.T) {
	var list pendingList
	for id := range uint32(2 * maxPending) {
		list.add(pendingLogin{id: id})
	}
	if len(list) != maxPending || cap(list) > 4*maxPending {
		t.Fatalf("%d logins wait, in room for %d", len(list), cap(list))
	}
	if _, known := list.take(maxPending - 1); known {
		t.Error("the oldest did not make room")
	}
	if p, known := list.take(maxPending); !known || p.id != maxPending {
		t.Error("one of the newer is gone")
	}
	if _, known := list.take(maxPending); known {
		t.Error("one was taken twice")
	}
}
