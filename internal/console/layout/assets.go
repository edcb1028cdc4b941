package layout

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

// AssetsPattern is the route of [Assets], which is for everybody: there is nothing of usher's state in it.
const AssetsPattern = "GET /static/{name}"

// AssetPath is where the browser finds a file of the static ones: a changed file has another address, so each may be
// kept for long.
func AssetPath(name string) string {
	content, err := static.ReadFile("static/" + name)
	if err != nil {
		return "/static/" + name
	}
	sum := sha256.Sum256(content)
	return "/static/" + name + "?v=" + hex.EncodeToString(sum[:6])
}

// Assets serves the styles, the script and the icon.
func Assets(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.PathValue("name"))
	content, err := static.ReadFile("static/" + name)
	kind := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".svg": "image/svg+xml"}[path.Ext(name)]
	if err != nil || kind == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	if strings.HasSuffix(AssetPath(name), "?"+r.URL.RawQuery) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(content) // who asked is gone if this fails
}
