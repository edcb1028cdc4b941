package record_test

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/record"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/occupancy"
	"usher/moderation/sessions"
	"usher/moderation/streams"

	"google.golang.org/protobuf/encoding/protowire"
)

// fill sets every field of a struct to what is not zero.
func fill(t *testing.T, v reflect.Value, n *int64) {
	t.Helper()
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(*n, 123456789).UTC()))
	case v.Kind() == reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	case v.Kind() == reflect.String:
		v.SetString(strings.Repeat("ü", int(*n)))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(*n % 100)
	case v.CanUint():
		v.SetUint(math.MaxUint64 - uint64(*n))
	case v.Kind() == reflect.Array:
		v.Index(int(*n) % v.Len()).SetUint(uint64(*n) % 256)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.ValueOf([]string{"", "one"}))
	default:
		t.Fatalf("the test cannot fill %v", v.Type())
	}
}

// leaves calls f with each field of a struct, also within others.
func leaves(v reflect.Value, name string, f func(name string, v reflect.Value)) {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
		f(name, v)
		return
	}
	for i := range v.NumField() {
		leaves(v.Field(i), name+"."+v.Type().Field(i).Name, f)
	}
}

// kept tests one type of value: every field of it is there again, alone and with all others.
func kept[T any](t *testing.T, encode func([]byte, *T) []byte, decode func([]byte, *T) error) {
	t.Helper()
	again := func(what string, v T) {
		t.Helper()
		var got T
		b := encode(nil, &v)
		if err := decode(b, &got); err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("%s: %v\n%+v\nwant\n%+v", what, err, got, v)
		}
		for n := range b {
			var part T
			_ = decode(b[:n], &part) // no panic
		}
	}
	var zero, full T
	again("nothing", zero)
	if b := encode(nil, &zero); len(b) != 0 {
		t.Errorf("%T: nothing has %d bytes", zero, len(b))
	}
	fill(t, reflect.ValueOf(&full).Elem(), new(int64))
	again("everything", full)
	leaves(reflect.ValueOf(&full).Elem(), reflect.TypeFor[T]().Name(), func(name string, from reflect.Value) {
		var one T
		leaves(reflect.ValueOf(&one).Elem(), reflect.TypeFor[T]().Name(), func(other string, to reflect.Value) {
			if other == name {
				to.Set(from)
			}
		})
		if reflect.ValueOf(one).IsZero() || len(encode(nil, &one)) == 0 {
			t.Errorf("%s is not recorded", name)
		}
		again(name, one)
	})
}

// TestFields: every field of everything that a change may have is kept, so that a new one
// cannot be forgotten.
func TestFields(t *testing.T) {
	kept(t, record.AppendValue[*moderation.Session], record.DecodeValue[*moderation.Session])
	kept(t, record.AppendValue[*moderation.Login], record.DecodeValue[*moderation.Login])
	kept(t, record.AppendValue[*moderation.Assignment], record.DecodeValue[*moderation.Assignment])
	kept(t, record.AppendValue[*moderation.AssignmentKey], record.DecodeValue[*moderation.AssignmentKey])
	kept(t, record.AppendValue[*moderation.Room], record.DecodeValue[*moderation.Room])
	kept(t, record.AppendValue[*moderation.RoomKey], record.DecodeValue[*moderation.RoomKey])
	kept(t, record.AppendValue[*moderation.Revocation], record.DecodeValue[*moderation.Revocation])
	kept(t, record.AppendValue[*auth.Principal], record.DecodeValue[*auth.Principal])
	kept(t, record.AppendValue[*lobby.Entry], record.DecodeValue[*lobby.Entry])
	kept(t, record.AppendValue[*lobby.EntryKey], record.DecodeValue[*lobby.EntryKey])
	kept(t, record.AppendValue[*lobby.Verdict], record.DecodeValue[*lobby.Verdict])
	kept(t, record.AppendValue[*lobby.VerdictKey], record.DecodeValue[*lobby.VerdictKey])
	kept(t, record.AppendValue[*streams.Stream], record.DecodeValue[*streams.Stream])
	kept(t, record.AppendValue[*occupancy.Occupant], record.DecodeValue[*occupancy.Occupant])
	kept(t, record.AppendValue[*occupancy.Key], record.DecodeValue[*occupancy.Key])
}

// TestChanges: every change that there may be is kept, in its order, so that a new one cannot
// be forgotten.
func TestChanges(t *testing.T) {
	var s []sessions.Change
	var l []lobby.Change
	var o []occupancy.Change
	each(t, &s)
	each(t, &l)
	each(t, &o)
	st := []streams.Change{{Put: &streams.Stream{Print: "p"}}, {Delete: "p"}, {Put: &streams.Stream{}}}
	if n := reflect.TypeFor[streams.Change]().NumField(); n != 2 {
		t.Errorf("%d kinds of changes of streams", n)
	}
	var gotS []sessions.Change
	for _, c := range changes(t, record.AppendSessions(nil, s...)) {
		gotS = append(gotS, *c.Session)
	}
	var gotL []lobby.Change
	for _, c := range changes(t, record.AppendLobby(nil, l...)) {
		gotL = append(gotL, *c.Lobby)
	}
	var gotO []occupancy.Change
	for _, c := range changes(t, record.AppendOccupants(nil, o...)) {
		gotO = append(gotO, *c.Occupant)
	}
	var gotSt []streams.Change
	for _, c := range changes(t, record.AppendStreams(nil, st...)) {
		gotSt = append(gotSt, *c.Stream)
	}
	if !reflect.DeepEqual(gotS, s) || !reflect.DeepEqual(gotL, l) || !reflect.DeepEqual(gotO, o) ||
		!reflect.DeepEqual(gotSt, st) {
		t.Errorf("%+v\n%+v\n%+v\n%+v", gotS, gotL, gotO, gotSt)
	}
}

// each makes a list with one change of each kind.
func each[C any](t *testing.T, list *[]C) {
	for i := range reflect.TypeFor[C]().NumField() {
		var c C
		f := reflect.ValueOf(&c).Elem().Field(i)
		f.Set(reflect.New(f.Type().Elem()))
		fill(t, f.Elem(), new(int64))
		*list = append(*list, c)
	}
}

func changes(t *testing.T, b []byte) (list []record.Change) {
	t.Helper()
	for c, err := range record.Changes(b) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

// TestRevocations: they are found among others.
func TestRevocations(t *testing.T) {
	put := sessions.Change{PutRevocation: &moderation.Revocation{TokenPrint: "t"}}
	gone := sessions.Change{DeleteRevocation: &auth.Principal{Token: "t"}}
	room := sessions.Change{PutRoom: &moderation.Room{JID: "r"}}
	b := record.AppendSessions(nil, room, put, room, gone, room)
	var got []sessions.Change
	for c, err := range record.Revocations(b) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
	}
	if !reflect.DeepEqual(got, []sessions.Change{put, gone}) {
		t.Errorf("%+v", got)
	}
	for _, err := range record.Revocations(b[:len(b)-1]) {
		if err == nil {
			continue
		}
		return
	}
	t.Error("a record that is cut off has no error")
}

// TestTimes: every time that there may be is kept to the nanosecond, and none stays none.
func TestTimes(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(0, 1), time.Unix(-1, 999999999),
		time.Unix(98753496345768, 0), time.Unix(math.MaxInt64/4, 5), time.Unix(math.MinInt64/4, 5)} {
		v, got := moderation.Login{LoggedIn: at.UTC()}, moderation.Login{}
		if err := record.DecodeValue(record.AppendValue(nil, &v), &got); err != nil || got != v {
			t.Errorf("%v: %v, %v", at.UTC(), got.LoggedIn, err)
		}
	}
}

// TestValue: a change has the bytes of its value, and a list that is empty is not one that is
// absent: a token without rooms opens all, one with none opens none.
func TestValue(t *testing.T) {
	for _, rooms := range [][]string{nil, {}, {""}, {"a", "", "b"}} {
		v := &moderation.Session{Host: "h", Rooms: rooms}
		c := changes(t, record.AppendSessions([]byte("before")[:0], sessions.Change{PutSession: v}))[0]
		if !bytes.Equal(c.Value, record.AppendValue(nil, v)) {
			t.Errorf("value %x", c.Value)
		}
		if got := c.Session.PutSession.Rooms; !slices.Equal(got, rooms) || (got == nil) != (rooms == nil) {
			t.Errorf("%q, want %q", got, rooms)
		}
	}
}

// TestNewer: fields that a newer usher has added are skipped; kinds of changes, and records, are
// not.
func TestNewer(t *testing.T) {
	b := record.AppendValue(nil, &moderation.AssignmentKey{Room: "r", JID: "j"})
	b = protowire.AppendVarint(protowire.AppendTag(b, 98, protowire.VarintType), 1<<40)
	b = protowire.AppendString(protowire.AppendTag(b, 99, protowire.BytesType), "new")
	var got moderation.AssignmentKey
	if err := record.DecodeValue(b, &got); err != nil || got.Room != "r" || got.JID != "j" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, b := range [][]byte{nil, {}, {0}, {2}, {1, 0x8a, 1, 0}, {1, 0x08, 1}, {1, 0x0a}, {1, 0x0a, 5, 1}} {
		n := 0
		for c, err := range record.Changes(b) {
			if n++; err == nil || !reflect.DeepEqual(c, record.Change{}) {
				t.Errorf("%x: %+v", b, c)
			}
		}
		if n != 1 {
			t.Errorf("%x: %d", b, n)
		}
	}
}

// TestStrict: what is no value is refused.
func TestStrict(t *testing.T) {
	for name, b := range map[string][]byte{
		"fields out of order": {0x12, 1, 'j', 0x0a, 1, 'r'}, "one twice": {0x0a, 1, 'r', 0x0a, 1, 'r'},
		"another type": {0x08, 1}, "too long": {0x0a, 9, 'r'}, "no field": {0x02, 0}, "a group": {0x1b, 0x1c},
		"an endless number": bytes.Repeat([]byte{0xff}, 11),
	} {
		if err := record.DecodeValue(b, &moderation.AssignmentKey{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, b := range map[string][]byte{"an ID of 3 bytes": {0x0a, 3, 1, 2, 3},
		"a second of nanoseconds": {0x12, 6, 0, 0x80, 0x94, 0xeb, 0xdc, 0x03}, "half a time": {0x12, 1, 0}} {
		if err := record.DecodeValue(b, &moderation.Login{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := record.DecodeValue([]byte{0x28, 4}, &moderation.Session{}); err == nil {
		t.Error("a flag of 2: no error")
	}
	if err := record.DecodeValue([]byte{0x78, 0x80, 4}, &moderation.Session{}); err == nil {
		t.Error("a choice of 256: no error")
	}
}

// FuzzChanges: what can be read can be written, and read again as the same.
func FuzzChanges(f *testing.F) {
	var s []sessions.Change
	t := &testing.T{}
	each(t, &s)
	f.Add(record.AppendSessions(nil, s...))
	f.Add(record.AppendLobby(nil, lobby.Change{PutEntry: &lobby.Entry{JID: "a@b", Until: time.Unix(1, 2)}}))
	f.Add(record.AppendStreams(nil, streams.Change{Put: &streams.Stream{Print: "p"}}, streams.Change{Delete: "p"}))
	f.Add(record.AppendOccupants(nil, occupancy.Change{Put: &occupancy.Occupant{Room: "r", Starts: true}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		for c, err := range record.Changes(b) {
			if err != nil {
				if !reflect.DeepEqual(c, record.Change{}) {
					t.Error("a change and an error")
				}
				return
			}
			again := changes(t, write(c))[0]
			if c.Value, again.Value = nil, nil; !reflect.DeepEqual(again, c) {
				t.Errorf("%+v, then %+v", c, again)
			}
		}
	})
}

func write(c record.Change) []byte {
	switch {
	case c.Session != nil:
		return record.AppendSessions(nil, *c.Session)
	case c.Lobby != nil:
		return record.AppendLobby(nil, *c.Lobby)
	case c.Stream != nil:
		return record.AppendStreams(nil, *c.Stream)
	}
	return record.AppendOccupants(nil, *c.Occupant)
}

func login() *moderation.Session {
	at := time.Now()
	return &moderation.Session{ID: moderation.ID{1, 2, 3}, Host: "meet.example.com", Account: "alice-4711",
		User: "alice-4711", Issuer: "my-app", KeyID: "my-app.secret", KeyPrint: strings.Repeat("0123", 8),
		TokenPrint: strings.Repeat("4567", 8), TokenID: "f81d4fae", Subject: "meet.example.com",
		Rooms: []string{"standup"}, Moderator: true, LoggedIn: at, Used: at, Expires: at.Add(time.Hour),
		IssuedAt: at.Unix(), DisplayID: "alice-4711", DisplayName: "Alice"}
}

// TestAllocations: recording a login costs none.
func TestAllocations(t *testing.T) {
	b, c := make([]byte, 0, 1024), sessions.Change{PutSession: login()}
	if n := testing.AllocsPerRun(100, func() { b = record.AppendSessions(b[:0], c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkLogin is a login as it is recorded, and read.
func BenchmarkLogin(b *testing.B) {
	buf, c := make([]byte, 0, 1024), sessions.Change{PutSession: login()}
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = record.AppendSessions(buf[:0], c)
		}
		b.ReportMetric(float64(len(buf)), "bytes")
	})
	value := record.AppendValue(nil, c.PutSession)
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v moderation.Session
			if err := record.DecodeValue(value, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
