package handover

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestUnit: the unit has what the tests take for granted. With FileDescriptorStorePreserve= a stop would close nothing.
func TestUnit(t *testing.T) {
	unit, err := os.ReadFile("../../deploy/usher.service")
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]bool{fmt.Sprintf("FileDescriptorStoreMax=%d", storeMax): true, "RestartSec=100ms": true,
		"FileDescriptorStorePreserve=": false, "NotifyAccess=": false} {
		if has := strings.Contains("\n"+string(unit), "\n"+line); has != want {
			t.Errorf("%s stands in the unit: %v", line, has)
		}
	}
}
