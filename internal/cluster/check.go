package cluster

import (
	"errors"
	"fmt"
)

// CheckPublish returns what is wrong with the entries of one [Bus.Publish]. Each Bus calls it:
// what an engine would keep that a reader then drops is a fault of the program.
func CheckPublish(entries []Sealed) error {
	if len(entries) > MaxPublish {
		return fmt.Errorf("%d entries at once; %d are the most", len(entries), MaxPublish)
	}
	for i := range entries {
		v := &entries[i]
		if err := v.check(); err != nil {
			return err
		}
		if v.Node != entries[0].Node || v.Incarnation != entries[0].Incarnation {
			return errors.New("entries of several nodes or incarnations at once")
		}
		if i > 0 && v.Number <= entries[i-1].Number {
			return fmt.Errorf("number %d after %d", v.Number, entries[i-1].Number)
		}
	}
	return nil
}

func (v *Sealed) check() error {
	if err := CheckName(v.Node); err != nil {
		return fmt.Errorf("the node's name %w", err)
	}
	switch {
	case v.Incarnation == 0 || v.Number == 0:
		return errors.New("an entry without incarnation or number")
	case !isField(v.Field):
		return fmt.Errorf("%.80q is no field", v.Field)
	case v.Drop && v.Field == "":
		return errors.New("no field to drop")
	case len(v.Value) == 0 || len(v.Value) > MaxValue:
		return fmt.Errorf("a value of %d bytes; 1 to %d are possible", len(v.Value), MaxValue)
	}
	return nil
}

// isField reports whether a text can be a field, or is none.
func isField(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == ':', c == '-', c == '_':
		default:
			return false
		}
	}
	return len(s) <= MaxField
}
