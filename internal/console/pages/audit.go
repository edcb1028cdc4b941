package pages

import (
	"net/http"
	"slices"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// auditPages are what was changed.
type auditPages struct{ *desk }

func (p auditPages) audit(w http.ResponseWriter, r *http.Request) error {
	var list []admin.Change
	if err := p.get(r, admin.AuditPath, &list); err != nil {
		return err
	}
	slices.Reverse(list)
	f := found[admin.Change]{Search: r.URL.Query().Get("q"), All: len(list)}
	f.List, f.Pager = paged(r, slices.DeleteFunc(list, func(c admin.Change) bool {
		return !finds(f.Search, c.By(), c.Command, c.Target, c.Why)
	}), onAPage)
	p.show(w, r, http.StatusOK, "audit", layout.View{Title: "Audit", Path: "/audit", Events: events("audit"),
		Content: f})
	return nil
}
