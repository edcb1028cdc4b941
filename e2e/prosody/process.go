package prosody

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"usher/e2e/child"
)

// grace is how long Prosody has to end after SIGTERM. It usually takes milliseconds; it takes forever when it is
// waiting for an authentication server that does not answer.
const grace = 20 * time.Second

func spawn(launcher string, config Config) (*child.Process, error) {
	// Prosody says on its standard output what it cannot log: a configuration it cannot read, for instance.
	out, err := os.OpenFile(config.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening prosody's log: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(launcher, "-F", "--config", config.configFile())
	cmd.Dir, cmd.Stdout, cmd.Stderr = config.Dir, out, out
	return child.Start(cmd)
}
