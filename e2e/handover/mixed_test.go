package handover

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMixed: a stop finds connections in whatever they are doing. Those between two requests go over, those that have
// begun something end it first, and none is in the store once usher runs again.
func TestMixed(t *testing.T) {
	d, m := under(t)
	idle, half, gone, pending := connect(t, d), connect(t, d), connect(t, d), connect(t, d)
	for i, p := range []*peer{idle, half, gone, pending} {
		p.login(fmt.Sprint("person", i))
	}
	pending.send("AUTH\t7\tPLAIN\tservice=%s\n", meet)
	pending.expect("CONT\t7\t=")
	request, answer := half.asks("bob")
	half.send("%s", request[:20])
	greeted, mute := dial(t, d), dial(t, d)
	greeted.greeted()
	mute.greeted()
	d.Signal(syscall.SIGTERM)
	time.Sleep(50 * time.Millisecond)
	half.send("%s", request[20:])
	half.expect(answer)
	greeted.send("VERSION\t1\t1\nCPID\t1\n")
	if err := d.Ended(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	mute.ended()
	if kept := m.Kept(); len(kept) != 5 {
		t.Errorf("systemd has %q", kept)
	}
	gone.send("AUTH\t9\t")
	_ = gone.nc.Close()
	eventually(t, "systemd closes what is hung up", func() bool { return len(m.Kept()) == 4 })
	late, lateAnswer := idle.asks("carol")
	idle.send("%s", late[:30])
	d.Start()
	if kept := m.Kept(); len(kept) != 0 {
		t.Errorf("while usher runs systemd has %q", kept)
	}
	idle.send("%s", late[30:])
	idle.expect(lateAnswer)
	half.login("dave")
	greeted.login("erin")
	pending.send("CONT\t7\t%s\n", response("frank", "whatever"))
	if got := pending.line(); !strings.HasPrefix(got, "FAIL\t7\t") || !strings.HasSuffix(got, "\ttemp\tcode=temp_fail") {
		t.Errorf("a response to a challenge of before: %q", got)
	}
	pending.login("frank")
	if log := d.Log(); !strings.Contains(log, `msg="connections taken over from systemd" connections=4 closed=0`) ||
		strings.Contains(log, "level=ERROR") {
		t.Errorf("the log says\n%s", log)
	}
}

// TestProvenStays: that a login was let in on a connection is known over several restarts, also if nobody asked anything
// on it between them: where there are too many, others are closed for it.
func TestProvenStays(t *testing.T) {
	d, m := under(t)
	p, other := connect(t, d), connect(t, d)
	p.login("alice")
	other.send("AUTH\t1\tPLAIN\tservice=%s\tresp=%s\n", meet, response("mallory", "no token"))
	if got := other.line(); !strings.HasPrefix(got, "FAIL\t1\t") {
		t.Errorf("got %q", got)
	}
	for range 3 {
		d.Stop()
		kept := m.Kept()
		slices.Sort(kept)
		if !slices.Equal(kept, []string{"dovecot-conn", "dovecot-conn-proven"}) {
			t.Errorf("systemd has %q", kept)
		}
		d.Start()
	}
	p.login("bob")
	other.login("carol")
}

// TestStoppedWhileStarting: wherever a start is interrupted, the connection is with systemd afterwards, or still.
func TestStoppedWhileStarting(t *testing.T) {
	d, m := under(t)
	p := connect(t, d)
	p.login("alice")
	d.Stop()
	for wait := range 12 {
		d.Begin()
		time.Sleep(time.Duration(wait) * 8 * time.Millisecond)
		d.Signal(syscall.SIGTERM)
		_ = d.Ended() // by the signal itself, where nothing of usher's ran yet
		if kept := m.Kept(); len(kept) != 1 {
			t.Fatalf("stopped after %d ms: systemd has %q\n%s", wait*8, kept, d.Log())
		}
		p.silent()
	}
	d.Start()
	p.login("bob")
}

// TestVersionThatDoesNotStart: as long as systemd tries, the connection waits, and a start that goes well answers it.
// When systemd gives up, it ends.
func TestVersionThatDoesNotStart(t *testing.T) {
	d, m := under(t)
	p := connect(t, d)
	p.login("alice")
	d.Stop()
	fails := func() {
		t.Helper()
		d.Write("usher.yaml", configuration(d, "nonsense: true\n"))
		for range 2 {
			d.Begin()
			if d.Ended() == nil {
				t.Error("it starts")
			}
			if kept := m.Kept(); len(kept) != 1 {
				t.Errorf("systemd has %q", kept)
			}
		}
		p.silent()
	}
	fails()
	request, answer := p.asks("bob")
	p.send("%s", request)
	d.Write("usher.yaml", configuration(d, ""))
	d.Start()
	p.expect(answer)
	d.Stop()
	fails()
	m.Empty()
	p.ended()
}

// TestKilledBetween: a kill after a restart leaves nothing behind that a client could wait for.
func TestKilledBetween(t *testing.T) {
	d, m := under(t)
	p := connect(t, d)
	p.login("alice")
	d.Stop()
	d.Start()
	p.login("bob")
	d.Kill()
	p.ended()
	if kept := m.Kept(); len(kept) != 0 {
		t.Errorf("systemd has %q", kept)
	}
}

// TestSystemdThatDoesNotAnswer: the stop and the start do not wait for it for long, and no client waits for ever.
func TestSystemdThatDoesNotAnswer(t *testing.T) {
	t.Parallel() // it waits
	d, m := under(t)
	p := connect(t, d)
	p.login("alice")
	m.Freeze(true)
	start := time.Now()
	d.Stop()
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("the stop took %v", took)
	}
	m.Freeze(false) // what it reads now is from a process that has ended
	p.ended()
	if kept := m.Kept(); len(kept) != 0 {
		t.Errorf("systemd has %q", kept)
	}
	d.Start()
	p = connect(t, d)
	p.login("alice")
	d.Stop()
	m.Freeze(true)
	d.Start()
	p.ended()
	m.Freeze(false)
	eventually(t, "systemd's store is empty", func() bool { return len(m.Kept()) == 0 })
	connect(t, d).login("bob")
}

// TestUnitWithoutAStore: with a unit of before, a restart ends the connection as it always did.
func TestUnitWithoutAStore(t *testing.T) {
	d, m := preparedWith(t, 0)
	d.Hold()
	d.Start()
	p := connect(t, d)
	p.login("alice")
	d.Stop()
	p.ended()
	if kept := m.Kept(); len(kept) != 0 {
		t.Errorf("systemd has %q", kept)
	}
	d.Start()
	connect(t, d).login("alice")
}

// TestMoreThanTheStoreHas: those on which somebody logged in go over before the others.
func TestMoreThanTheStoreHas(t *testing.T) {
	d, m := under(t)
	var strangers []*peer
	for range 70 {
		p := connect(t, d)
		p.send("CANCEL\t1\n") // which has no answer
		strangers = append(strangers, p)
	}
	p := connect(t, d)
	p.login("alice")
	d.Stop()
	if kept := m.Kept(); len(kept) != storeMax {
		t.Errorf("systemd has %d", len(kept))
	}
	d.Start()
	p.login("bob")
	closed := 0
	for _, s := range strangers {
		if s.hungUp() {
			closed++
		}
	}
	if closed != 7 {
		t.Errorf("%d of 70 others are closed", closed)
	}
}
