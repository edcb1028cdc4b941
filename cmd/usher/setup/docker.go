package setup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/setup"
)

// container is the user of usher's image.
const container = 65532

// setupDocker prints what docker-jitsi-meet wants, or writes it into the folder where it is.
func setupDocker(c *cli.Context) error {
	o := setup.Options{Host: c.String("host"), AppID: c.String("app-id"), HS256: c.Bool("hs256")}
	if !c.Bool("write") {
		files, err := setup.Docker(setup.Later{}, o)
		if err != nil {
			return fmt.Errorf("setup jitsi: %w", err)
		}
		if c.Bool("json") {
			return cmdline.WriteJSON(c.App.Writer, composedOf(files, false))
		}
		printDocker(c.App.Writer, files)
		return nil
	}
	if o.Host == "" {
		return errors.New("setup jitsi: --write wants --host, the name that browsers know: that of PUBLIC_URL in " +
			".env, with its port unless that is 443; pages of other names are refused")
	}
	files, err := setup.Docker(setup.Random{}, o)
	if err == nil {
		err = writeDocker(cmdline.Progress(c), files)
	}
	if err != nil {
		return fmt.Errorf("setup jitsi: %w", err)
	}
	if c.Bool("json") {
		return cmdline.WriteJSON(c.App.Writer, composedOf(files, true))
	}
	return nil
}

func printDocker(w io.Writer, files []setup.DockerFile) {
	for _, f := range files {
		if f.Secret {
			fmt.Fprintf(w, "== %s: a secret, made by --write\n", f.Name)
			continue
		}
		fmt.Fprintf(w, "== %s\n%s\n", f.Name, f.Text)
	}
	fmt.Fprintln(w, "Nothing has been written. usher setup jitsi --docker --write makes these files in this folder, with\n"+
		"keys and secrets in them; then add usher.env to .env.")
}

// writeDocker makes the files; none of them may be there. Those that were made are taken away again if one fails.
func writeDocker(w io.Writer, files []setup.DockerFile) (err error) {
	if err := os.Mkdir("usher", 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return errors.New("the folder usher is here already, maybe with keys that are in use: nothing was " +
				"written; to make all of it anew, move usher, usher.env and compose.usher.yml away first")
		}
		return fmt.Errorf("making the folder usher: %w", err)
	}
	made := []string{}
	defer func() {
		if err == nil {
			return
		}
		for _, name := range append(made, "usher") {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	for _, f := range files {
		name := filepath.FromSlash(f.Name)
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		made = append(made, name)
		if err := errors.Join(fill(file, f), file.Close()); err != nil {
			return err
		}
		fmt.Fprintf(w, "made %s\n", f.Name)
	}
	fmt.Fprintln(w, "Add usher.env to .env (cat usher.env >> .env), and start with\n"+
		"docker compose -f docker-compose.yml -f compose.usher.yml up -d")
	return nil
}

// fill gives a file its owner, its mode and then its text.
func fill(file *os.File, f setup.DockerFile) error {
	if f.Own && os.Geteuid() == 0 {
		if err := file.Chown(container, container); err != nil {
			return err
		}
	}
	if err := file.Chmod(f.Mode); err != nil {
		return err
	}
	_, err := file.WriteString(f.Text)
	return errors.Join(err, file.Sync())
}
