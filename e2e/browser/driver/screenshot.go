package driver

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// ScreenshotsEnv names the environment variable with the folder for screenshots; without it they go with the test.
const ScreenshotsEnv = "USHER_SCREENSHOTS"

// Kept is the folder for what a person looks at after a run of tests, such as screenshots; it is made if needed. The
// next run overwrites what has the same name.
func Kept(t testing.TB, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "usher", "kept", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Screenshot writes the whole page as NAME.png into the folder of $USHER_SCREENSHOTS, or of the
// test, and returns the path.
func (p *Page) Screenshot(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv(ScreenshotsEnv)
	if dir == "" {
		dir = t.TempDir()
	}
	return p.ScreenshotIn(t, dir, name)
}

// ScreenshotIn does the same in a folder.
func (p *Page) ScreenshotIn(t testing.TB, dir, name string) string {
	t.Helper()
	return p.write(t, dir, name, chromedp.FullScreenshot(100)) // 100: PNG
}

// ViewIn writes what a person sees without scrolling as NAME.png into a folder.
func (p *Page) ViewIn(t testing.TB, dir, name string) string {
	t.Helper()
	return p.write(t, dir, name, chromedp.CaptureScreenshot())
}

// Picture writes what a person sees without scrolling as NAME.png, small enough for a page of docs, into the folder of
// $USHER_SCREENSHOTS, or of the test, and returns the path.
func (p *Page) Picture(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv(ScreenshotsEnv)
	if dir == "" {
		dir = t.TempDir()
	}
	return p.write(t, dir, name, func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		picture, err := chromedp.CaptureScreenshot()(ctx, target)
		if err != nil {
			return nil, err
		}
		return shrink(picture)
	})
}

func (p *Page) write(t testing.TB, dir, name string, take chromedp.Action[[]byte]) string {
	t.Helper()
	image, err := run(p, take)
	if err != nil {
		t.Fatalf("taking a screenshot: %v", err)
	}
	path := filepath.Join(dir, name+".png")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, image, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
