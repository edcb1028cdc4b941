package community

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/tokens"
)

// external is the door whose answers go through a terminal: a late one would be read as the answer to the next user.
var external = doors["external"]

// Prosody waits 5 s for an answer, in which it stands still. The daemon has 3 s at most.
const (
	externalTimeout = 5 * time.Second
	externalLate    = 4 * time.Second        // usher's 3 s, and what this machine adds
	externalAway    = 500 * time.Millisecond // 100 ms, and what this machine adds
)

func TestCommunityExternalTurns(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.warm(t, external)
		if n := len(w.bridges(t)); n != 1 {
			t.Errorf("%d bridges run", n)
		}
		start := time.Now()
		w.turns(t, 40)
		t.Logf("40 right and 40 wrong logins in turn took %s", time.Since(start))
		w.crowd(t)
	}, "external")
}

// turns wants each right login in, as itself, and no wrong one.
func (w *world) turns(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("user%d", i)
		w.enter(t, external, name, client.Plain(name, external.token(t, name)))
		w.stay(t, external, w.wrong(t, i))
	}
}

// wrong is the next of many logins that must not pass.
func (w *world) wrong(t *testing.T, i int) client.Login {
	all := tokens.Wrong(t, external.host, "mallory")
	texts := []string{external.token(t, "alice")}
	for _, wrong := range all {
		texts = append(texts, wrong.Text)
	}
	slices.Sort(texts)
	return client.Plain("mallory", texts[i%len(texts)])
}

// crowd has right and wrong logins at the same time; Prosody itself puts them in a row.
func (w *world) crowd(t *testing.T) {
	var all sync.WaitGroup
	for i := range 8 {
		name := fmt.Sprintf("user%d", i)
		right, wrong := client.Plain(name, external.token(t, name)), w.wrong(t, i)
		all.Go(func() {
			for range 5 {
				w.enter(t, external, name, right)
				if s, err := w.dial(t, external, wrong); err == nil {
					s.Close()
					t.Errorf("let in as %s", s.JID())
				}
			}
		})
	}
	all.Wait()
}

func TestCommunityExternalFaults(t *testing.T) {
	require(t, []string{"external"})
	for name, fault := range map[string]func(*testing.T, *world){
		"daemon stopped": daemonStopped, "daemon killed": daemonKilled, "bridge stopped": bridgeStopped,
		"two queries wait": twoQueriesWait, "bridge slow": bridgeSlow, "bridge signalled": bridgeSignalled,
		"bridge killed": bridgeKilled, "bridge ends": bridgeEnds, "second line": secondLine,
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.warm(t, external)
				fault(t, w)
				w.turns(t, 5)
				t.Logf("the bridge was started %d times", strings.Count(w.prosody.Log(), "Started auth process"))
			}, "external")
		})
	}
}

// daemonStopped: whatever the daemon says when it goes on is too late.
func daemonStopped(t *testing.T, w *world) {
	right := client.Plain("alice", external.token(t, "alice"))
	for range 2 {
		w.usher.Suspend()
		for i := range 3 {
			_, took := w.stay(t, external, right)
			t.Logf("refused after %s while the daemon stands still", took)
			if took > externalLate {
				t.Errorf("refused after %s", took)
			}
			w.stay(t, external, w.wrong(t, i))
		}
		w.usher.Signal(syscall.SIGCONT)
		w.stay(t, external, w.wrong(t, 0))
		w.recover(t, right, 2)
	}
}

func daemonKilled(t *testing.T, w *world) {
	right := client.Plain("alice", external.token(t, "alice"))
	for range 3 {
		w.usher.Kill()
		for i := range 5 {
			_, took := w.stay(t, external, right)
			t.Logf("refused after %s without a daemon", took)
			if took > externalAway {
				t.Errorf("refused after %s", took)
			}
			w.stay(t, external, w.wrong(t, i))
		}
		w.usher.Start()
		w.recover(t, right, 1)
	}
}

// recover wants a right login in within some tries, and Prosody untouched.
func (w *world) recover(t *testing.T, right client.Login, tries int) {
	t.Helper()
	for try := 1; ; try++ {
		start := time.Now()
		s, err := w.dial(t, external, right)
		if err == nil {
			t.Logf("in at try %d, after %s", try, time.Since(start))
			s.Close()
			return
		}
		t.Logf("try %d: %v after %s", try, err, time.Since(start))
		if try == tries {
			t.Errorf("still not in after %d tries", tries)
			return
		}
	}
}

// bridgeStopped: Prosody gives up on a query; its answer must not meet the next one.
func bridgeStopped(t *testing.T, w *world) {
	right := client.Plain("alice", external.token(t, "alice"))
	for i := range 2 {
		bridge := w.bridge(t, right)
		suspend(t, bridge)
		time.Sleep(100 * time.Millisecond) // the stop itself is a SIGCHLD, which would end the waiting
		if _, took := w.stay(t, external, right); took < externalTimeout-time.Second {
			t.Errorf("refused after %s by a bridge that stands still", took)
		}
		signal(t, bridge, syscall.SIGCONT)
		w.stay(t, external, w.wrong(t, i))
		w.recover(t, right, 2)
	}
}

// twoQueriesWait: the one that Prosody has given up is right, the one it waits for is wrong.
func twoQueriesWait(t *testing.T, w *world) {
	right := client.Plain("alice", external.token(t, "alice"))
	bridge := w.bridge(t, right)
	suspend(t, bridge)
	w.stay(t, external, right)
	wrong := w.later(t, external, w.wrong(t, 0))
	time.Sleep(time.Second)
	signal(t, bridge, syscall.SIGCONT)
	if err := <-wrong; err == nil {
		t.Error("the answer to one query let another user in")
	}
	w.stay(t, external, w.wrong(t, 1))
	w.recover(t, right, 2)
}

// bridgeSlow: it goes on after 3 s, while Prosody still waits. It may be too late, never wrong.
func bridgeSlow(t *testing.T, w *world) {
	right := client.Plain("alice", external.token(t, "alice"))
	for _, pause := range []time.Duration{
		500 * time.Millisecond, 3500 * time.Millisecond, 4900 * time.Millisecond, 4990 * time.Millisecond,
	} {
		bridge := w.bridge(t, right)
		suspend(t, bridge)
		result := w.later(t, external, right)
		time.Sleep(pause)
		signal(t, bridge, syscall.SIGCONT)
		wrong := w.later(t, external, w.wrong(t, 0))
		err := <-result
		t.Logf("the bridge stood still for %s: %v", pause, err)
		if pause > 3*time.Second && err == nil {
			t.Errorf("answered after %s", pause)
		}
		if err := <-wrong; err == nil {
			t.Error("the answer to one query let another user in")
		}
		w.recover(t, right, 2)
	}
}

// bridgeSignalled: a bridge that ends must end with exit code 0, for then Prosody starts another. It ends in place of
// the next answer, so those signals cost one login; the signals of a terminal cost none.
func bridgeSignalled(t *testing.T, w *world) {
	right := client.Plain("alice", external.token(t, "alice"))
	for _, s := range []syscall.Signal{
		syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTIN,
		syscall.SIGTTOU, syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGTERM,
	} {
		t.Logf("%v:", s)
		signal(t, w.bridge(t, right), s)
		time.Sleep(100 * time.Millisecond)
		tries := 2
		if slices.Contains([]syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTIN,
			syscall.SIGTTOU, syscall.SIGPIPE}, s) {
			tries = 1
		}
		w.recover(t, right, tries)
		w.stay(t, external, w.wrong(t, 0))
	}
}

// bridgeKilled: Prosody never starts a helper again that a signal has ended.
func bridgeKilled(t *testing.T, w *world) {
	right := client.Plain("alice", external.token(t, "alice"))
	signal(t, w.bridge(t, right), syscall.SIGKILL)
	for i := range 3 {
		w.stay(t, external, right)
		w.stay(t, external, w.wrong(t, i))
	}
	if n := len(w.bridges(t)); n != 0 {
		t.Errorf("%d bridges run again: Prosody starts none anew that a signal has ended", n)
	}
	if err := w.prosody.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.warm(t, external)
	w.recover(t, right, 1)
	bridge := w.bridge(t, right)
	if err := w.prosody.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.warm(t, external)
	for deadline := time.Now().Add(3 * time.Second); parent(bridge) != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the bridge of the Prosody before still runs")
		}
	}
}

// bridgeEnds again and again, at any moment of a login: with exit code 0, and no answer of it is left for the next.
func bridgeEnds(t *testing.T, w *world) {
	rights := make([]client.Login, 50) // one token logs in 300 times a minute
	for i := range rights {
		name := fmt.Sprintf("user%d", i)
		rights[i] = client.Plain(name, external.token(t, name))
	}
	done := make(chan int)
	stop := make(chan bool)
	go func() {
		sent := 0
		defer func() { done <- sent }()
		for {
			select {
			case <-stop:
				return
			case <-time.After(20*time.Millisecond + time.Duration(rand.IntN(5000))*time.Microsecond):
			}
			for _, pid := range w.bridges(t) {
				if catches(pid) && syscall.Kill(pid, syscall.SIGTERM) == nil {
					sent++
				}
			}
		}
	}()
	lost, turns := 0, 0
	for start := time.Now(); time.Since(start) < 15*time.Second; turns++ {
		if s, err := w.dial(t, external, rights[turns%len(rights)]); err != nil {
			lost++
		} else {
			s.Close()
		}
		w.stay(t, external, w.wrong(t, turns))
	}
	close(stop)
	sent := <-done
	w.recover(t, rights[0], 3) // the last signal may have come a moment ago
	t.Logf("%d of %d right logins were lost to %d signals", lost, turns, sent)
	if lost > sent || sent == 0 {
		t.Error("more were lost than bridges ended")
	}
}

// secondLine: mod_legacyauth passes a newline in a password on, which forges a second query.
func secondLine(t *testing.T, w *world) {
	good := external.token(t, "alice")
	if answer := w.legacy(t, "alice", good); !strings.Contains(answer, "type='result'") {
		t.Errorf("a good login: %s", answer)
	}
	for _, password := range []string{
		"wrong&#10;auth:alice:" + external.host + ":" + good, "&#10;auth:alice:" + external.host + ":" + good,
		"wrong&#10;1", "&#10;", "&#13;&#10;", "&#13;1", good + "&#10;", good + "&#10;x",
	} {
		for range 5 {
			if answer := w.legacy(t, "admin", password); !strings.Contains(answer, "type='error'") {
				t.Errorf("the password %.20q: %s", password, answer)
			}
			w.stay(t, external, w.wrong(t, 0))
		}
		w.recover(t, client.Plain("alice", good), 2)
	}
}
