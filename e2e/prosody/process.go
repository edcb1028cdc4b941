package prosody

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"usher/e2e/child"
)

// give makes all that is in the folder the user's.
func (c Config) give() error {
	return filepath.WalkDir(c.Dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, c.UID, c.UID))
	})
}

func spawn(launcher string, config Config) (*child.Process, error) {
	// Prosody says on its standard output what it cannot log: a configuration it cannot read, for instance.
	out, err := os.OpenFile(config.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening prosody's log: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(launcher, "-F", "--config", config.configFile())
	cmd.Dir, cmd.Stdout, cmd.Stderr = config.Dir, out, out
	if config.UID == 0 {
		return child.Start(cmd)
	}
	if err := config.give(); err != nil {
		return nil, err
	}
	return child.StartAs(cmd, config.UID)
}
