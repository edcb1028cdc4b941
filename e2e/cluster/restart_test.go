package cluster

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
)

// TestRestart: a login that comes as soon as the door is there after a start is let in, though the usher has to hear
// from the others first; without an engine it is a temporary failure soon.
func TestRestart(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a, b := newNode(t, nodeConfig{Name: "a", Redis: at(engine)}), newNode(t, nodeConfig{Name: "b", Redis: at(engine)})
	together(t, a, b)
	const mayWait = 500 * time.Millisecond // from the process's own start on
	waited := make([]time.Duration, 5)
	letIn, door := time.Hour, time.Hour // how soon after a start somebody is let in, and the door is there, at the best
	for i := range waited {
		a.Stop()
		var answer string
		var after time.Duration
		var login sync.WaitGroup
		user := fmt.Sprint("user", i)
		token := tokenOf(t, user)
		started := time.Now()
		login.Go(func() {
			answer, waited[i] = firstLogin(a, user, token)
			after = time.Since(started)
		})
		a.Start()
		login.Wait()
		if answer != in && after < mayWait {
			t.Errorf("the first login, answered %v after a start: %s", after, answer)
		}
		if answer == in {
			letIn = min(letIn, after)
		}
		door = min(door, after-waited[i])
	}
	if letIn >= mayWait && door < mayWait/5 { // it takes some 20 ms
		t.Errorf("none is let in within %v of a start, though a door was there after %v", mayWait, door)
	}
	t.Logf("the first logins after a start waited %v", waited)
	a.Stop()
	engine.Kill()
	a.Start()
	answer, took := firstLogin(a, "eve", tokenOf(t, "eve"))
	if answer != temporary || took > soon {
		t.Errorf("without an engine, after the start: %s after %v", answer, took)
	}
	a.wants("mallory", temporary)
}

// firstLogin asks as soon as somebody answers.
func firstLogin(n *node, user, token string) (answer string, took time.Duration) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		answer, took, err := ask(n.Path("auth.sock"), user, token)
		if err == nil {
			return answer, took
		}
	}
	return "nothing", 0
}
