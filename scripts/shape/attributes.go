package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// attributes are the folder whose functions make what log lines have in common,
// and the names of that.
const attributes = "internal/logattr"

func common() []string { return []string{"account", "err", "error", "hint", "not_logged", "room"} }

// readAttributes notes each call of slog, or of a logger, that names such an
// attribute itself.
func (h *house) readAttributes(files *token.FileSet, name string, f *ast.File) {
	if strings.HasPrefix(name, attributes+"/") || strings.HasPrefix(name, "e2e/") {
		return
	}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !logs(call) {
			return true
		}
		for _, arg := range call.Args {
			if lit, ok := arg.(*ast.BasicLit); ok && slices.Contains(common(), strings.Trim(lit.Value, `"`)) {
				h.attributes = append(h.attributes, fmt.Sprintf("%s:%d: %s", name, files.Position(lit.Pos()).Line,
					lit.Value))
			}
		}
		return true
	})
}

// logs reports whether a call is of package slog, or of what is called a log.
func logs(call *ast.CallExpr) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of := ""
	switch x := method.X.(type) {
	case *ast.Ident:
		of = x.Name
	case *ast.SelectorExpr:
		of = x.Sel.Name
	}
	return of == "slog" || strings.EqualFold(of, "log")
}
