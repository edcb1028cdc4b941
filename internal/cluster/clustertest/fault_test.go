package clustertest_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
	"usher/internal/cluster/membus"
	"usher/moderation"
)

// TestTrimmed: who was away while the log was trimmed reads the snapshots, and knows everything.
func TestTrimmed(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		list[1].Client.Cut(true)
		v, _ := list[0].Revoke("a", "alice")
		list[0].Login("a", moderation.ID{1})
		time.Sleep(time.Minute)
		w.Engine.Trim(cluster.Global, 3)
		w.Engine.Trim(cluster.Cell("shard1"), 3)
		list[1].Client.Cut(false)
		settle(t, w)
		if !list[1].Knows(v) {
			t.Error("b does not know it")
		}
	})
}

// TestLostTail: a revocation that the engine had confirmed and then lost comes back by itself, whoever had read it by
// then, and no node is fresh for longer than its time without it.
func TestLostTail(t *testing.T) {
	for name, readBy := range map[string]string{"nobody": "", "its node": "a", "everybody": "abc", "another": "b"} {
		t.Run(name, func(t *testing.T) {
			within(t, func(t *testing.T, w *clustertest.World) {
				nodes(t, w, "a", "b", "c")
				for name, m := range w.Nodes { // whose answers come late, and too late
					if !strings.Contains(readBy, name) {
						m.Client.Break(func(method string) membus.Fault {
							return membus.Fault{LoseAsk: method == "Follow"}
						})
						m.Client.Cut(true)
						m.Client.Cut(false)
					}
				}
				v, _ := w.Nodes["a"].Revoke("a", "alice")
				synctest.Wait()
				w.Engine.Lose(cluster.Global, 1)
				for _, m := range w.Nodes {
					m.Client.Break(nil)
				}
				time.Sleep(clustertest.Staleness)
				synctest.Wait()
				for name, m := range w.Nodes {
					if m.Node.Fresh() && !m.Knows(v) {
						t.Errorf("%s is fresh and does not know it", name)
					}
				}
				settle(t, w)
			})
		})
	}
}

// TestDeadOrigin: what a node published before it died, and the engine lost, is published by those who had read it.
func TestDeadOrigin(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b", "c")
		a, c := list[0], list[2]
		c.Client.Break(func(method string) membus.Fault { return membus.Fault{LoseAsk: method == "Follow"} })
		c.Client.Cut(true)
		c.Client.Cut(false)
		v, _ := a.Revoke("a", "alice")
		synctest.Wait()
		a.Stop()
		w.Engine.Lose(cluster.Global, 1)
		c.Client.Break(nil)
		time.Sleep(clustertest.Staleness * 2 / 3)
		synctest.Wait()
		if !c.Knows(v) || !list[1].Knows(v) {
			t.Error("it is lost")
		}
		settle(t, w)
	})
}

// TestRestart: what a node had not published when it was killed is known everywhere once it is back; and it need not
// wait to be fresh.
func TestRestart(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a := list[0]
		a.Client.Cut(true)
		v, _ := a.Revoke("a", "alice")
		a.List("bob@h", false)
		a.Login("a", moderation.ID{1})
		a.Stop()
		a.Client.Cut(false)
		time.Sleep(time.Minute)
		a.Start()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !a.Node.Fresh() || !list[1].Knows(v) {
			t.Errorf("fresh: %t, known: %t", a.Node.Fresh(), list[1].Knows(v))
		}
		settle(t, w)
	})
}

// TestBackup: a node whose state is an old backup gets back what it had published, and tells nobody what is over.
func TestBackup(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a := list[0]
		a.List("bob@h", false)
		a.Login("a", moderation.ID{1})
		backup := a.State.Backup()
		time.Sleep(time.Minute)
		v, _ := a.Revoke("a", "alice")
		a.List("bob@h", true)
		a.Logout(moderation.ID{1})
		settle(t, w)
		before := list[1].State.Backup()
		a.Restore(backup)
		settle(t, w)
		if !a.Knows(v) {
			t.Error("a does not know what it had published")
		}
		if text := before.Differs(list[1].State, true); text != "" {
			t.Errorf("b learned what is over: %s", text)
		}
	})
}

// TestOthersWentOn: a node whose last heartbeat was longer before the others' than tombstones last tells nobody of its
// lists, but of its revocations.
func TestOthersWentOn(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a, b := list[0], list[1]
		a.Stop()
		b.Stop()
		time.Sleep(31 * 24 * time.Hour)
		b.Start()
		time.Sleep(5 * time.Second)
		a.List("bob@h", false)
		v, _ := a.Revoke("a", "alice")
		a.Start()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if text := b.State.Differs(a.State, true); !strings.Contains(text, "bob@h") || !b.Knows(v) {
			t.Errorf("%q, %t", text, b.Knows(v))
		}
	})
}

// TestSkew: a node whose clock is wrong says so, and the others do not blame themselves.
func TestSkew(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b", "c")
		list[2].Skew.Store(int64(8 * time.Second))
		time.Sleep(20 * time.Second)
		synctest.Wait()
		for i, m := range list {
			r := m.Node.Report()
			want := []string{}
			if i == 2 {
				want = []string{"the clock is 8 s away from that of the other ushers"}
			}
			if strings.Join(r.Problems, "; ") != strings.Join(want, "; ") {
				t.Errorf("%s: %q", r.Node, r.Problems)
			}
		}
	})
}

// TestTwoOfOneName: of two ushers with one name the younger is kept out for as long as the other lives, and takes its
// place when it is gone; a restart on the same machine does not wait.
func TestTwoOfOneName(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		second := w.Second("a")
		second.Start()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if second.Node.Fresh() || !list[0].Node.Fresh() {
			t.Errorf("the second is fresh: %t, the first: %t", second.Node.Fresh(), list[0].Node.Fresh())
		}
		if p := second.Node.Report().Problems; len(p) == 0 || !strings.Contains(p[0], "another usher has the name a") {
			t.Errorf("%q", p)
		}
		list[0].Stop()
		time.Sleep(3 * clustertest.Staleness)
		synctest.Wait()
		if !second.Node.Fresh() {
			t.Errorf("the second does not take the place: %+v", second.Node.Report())
		}
		second.Stop()
	})
}

// TestReplaced: a process that goes on although another has its state ends.
func TestReplaced(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		a := nodes(t, w, "a")[0]
		again := w.Second("a")
		again.Options.Machine, again.Options.State = a.Options.Machine, a.Options.State
		again.Start()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if err := a.Ended(); !errors.Is(err, cluster.ErrReplaced) {
			t.Errorf("it ended by %v", err)
		}
		if !again.Node.Fresh() {
			t.Error("the later one is not fresh")
		}
		again.Stop()
	})
}

// TestForged: what no key made is left out and counted, and the node it is said to be from mends it.
func TestForged(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a")
		v, _ := list[0].Revoke("a", "alice")
		time.Sleep(time.Second)
		w.Engine.Tamper(cluster.Global, "a", func(v cluster.Sealed) []byte {
			return append(v.Value[:len(v.Value)-1:len(v.Value)-1], v.Value[len(v.Value)-1]^1)
		})
		b := w.Add("b", "shard1")
		b.Start()
		settle(t, w)
		if !b.Knows(v) || w.Seen(cluster.BadMAC) == 0 {
			t.Errorf("known: %t, bad: %d", b.Knows(v), w.Seen(cluster.BadMAC))
		}
	})
}

// countedLines counts what is logged of entries that are left out.
type countedLines struct{ n atomic.Int64 }

func (c *countedLines) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("left out")) {
		c.n.Add(1)
	}
	return len(b), nil
}

// TestInventedNodes: names of nodes that no key of the cluster stands behind are none, and slow nobody down.
func TestInventedNodes(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		stranger := w.Engine.Client()
		for i := range 1000 {
			junk := cluster.Sealed{Node: fmt.Sprint("n", i), Incarnation: 1, Number: 1, Field: "f", Value: []byte("junk")}
			if err := stranger.Publish(t.Context(), cluster.Global, []cluster.Sealed{junk}); err != nil {
				t.Fatal(err)
			}
		}
		a := nodes(t, w, "a", "b")[0]
		for i := range 5 {
			_, mark := a.Revoke("a", fmt.Sprint("user", i))
			if known, err := know(t, a, mark, time.Second); err != nil || len(known.Has) != 2 {
				t.Errorf("%v: %v", known, err)
			}
		}
	})
}

// TestNewKey: while nodes are restarted one after the other with a new key first, all understand each other.
func TestNewKey(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		old, fresh := []byte(strings.Repeat("old.", 8)), []byte(strings.Repeat("new.", 8))
		for _, secrets := range [][][]byte{{old}, {old, fresh}, {fresh, old}, {fresh}} {
			keys, err := cluster.NewKeys("test", secrets...)
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range list {
				m.Stop()
				m.Keys = keys
				m.Start()
				if len(secrets) > 1 || secrets[0][0] == 'n' {
					v, _ := m.Revoke(m.Options.Node, "alice")
					settle(t, w)
					if !list[1-i].Knows(v) {
						t.Errorf("with %q the other does not know it", secrets)
					}
				}
			}
			settle(t, w)
		}
	})
}

// TestFullDisk: a node that cannot write what it hears is not said to have it, and is fresh only for its time.
func TestFullDisk(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		list[1].Break(errors.New("disk full"))
		v, mark := list[0].Revoke("a", "alice")
		k, err := know(t, list[0], mark, 5*time.Second)
		if err == nil || len(k.Has) != 1 || len(k.Missing) != 1 {
			t.Errorf("%v, %v", k, err)
		}
		time.Sleep(clustertest.Staleness)
		if list[1].Node.Fresh() || list[1].Knows(v) {
			t.Error("b is fresh, or knows it")
		}
		list[1].Break(nil)
		settle(t, w)
		if !list[1].Knows(v) {
			t.Error("b does not know it")
		}
	})
}

// TestTooOld: a node that must understand what it does not is fresh no longer than its time; what it need not
// understand it leaves out.
func TestTooOld(t *testing.T) {
	for _, must := range []bool{false, true} {
		within(t, func(t *testing.T, w *clustertest.World) {
			list := nodes(t, w, "a", "b")
			list[0].Say(cluster.Fact{Kind: 63, Key: cluster.KeyOf(63), Must: must, Body: []byte("from the future")})
			time.Sleep(clustertest.Staleness + 5*time.Second)
			synctest.Wait()
			if fresh := list[1].Node.Fresh(); fresh == must {
				t.Errorf("must: %t, fresh: %t", must, fresh)
			}
			if p := list[1].Node.Report().Problems; must && (len(p) == 0 || !strings.Contains(p[0], "too old")) {
				t.Errorf("%q", p)
			}
			if !list[0].Node.Fresh() {
				t.Error("the newer one waits for the older")
			}
		})
	}
}

// TestReceiptLost: a receipt that its reader loses with its place in the log comes again.
func TestReceiptLost(t *testing.T) {
	for after := range 20 {
		within(t, func(t *testing.T, w *clustertest.World) {
			a := nodes(t, w, "a", "b")[0]
			_, mark := a.Revoke("a", "alice")
			time.Sleep(time.Duration(after) * 200 * time.Microsecond)
			a.Client.Cut(true)
			time.Sleep(2 * time.Second)
			w.Engine.Trim(cluster.Global, 0)
			a.Client.Cut(false)
			if k, err := know(t, a, mark, 10*time.Second); err != nil || len(k.Missing) > 0 {
				t.Errorf("cut off after %d × 200 µs: %v, %v", after, k, err)
			}
		})
	}
}

// TestConfirmedBySnapshot: a node that has a revocation from a snapshot alone, as the log was cut before it had read
// that, confirms it all the same.
func TestConfirmedBySnapshot(t *testing.T) {
	within(t, func(t *testing.T, w *clustertest.World) {
		list := nodes(t, w, "a", "b")
		a, b := list[0], list[1]
		b.Client.Cut(true)
		_, mark := a.Revoke("a", "alice")
		time.Sleep(2 * time.Second)
		w.Engine.Trim(cluster.Global, 0)
		b.Client.Cut(false)
		if k, err := know(t, a, mark, 10*time.Second); err != nil || len(k.Missing) > 0 {
			t.Errorf("%v, %v", k, err)
		}
	})
}
