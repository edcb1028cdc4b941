package main

import (
	"errors"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// imports are what the files of one folder import: true where a file that is no
// test does. Names of ours are without the module's.
type imports struct{ own, others map[string]bool }

// moduleOf returns the name of the module at root.
func moduleOf(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", errors.New("go.mod names no module")
}

func (h *house) readImports(folder string, f *ast.File, test bool) error {
	if _, ok := h.imports[folder]; !ok {
		h.imports[folder] = imports{own: map[string]bool{}, others: map[string]bool{}}
	}
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		list := h.imports[folder].others
		if name, ok := strings.CutPrefix(path, h.module); ok {
			list, path = h.imports[folder].own, name
		}
		list[path] = list[path] || !test
	}
	return nil
}

// ours lists the packages of ours that are imported by more than the tests.
func (i imports) ours() []string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(i.own)) {
		if i.own[path] {
			list = append(list, path)
		}
	}
	return list
}

// of reports whether a package of others at path or below is imported; by the
// tests, if those count.
func (i imports) of(path string, tests bool) bool {
	for imported, beyondTests := range i.others {
		if (beyondTests || tests) && strings.HasPrefix(imported+"/", path+"/") {
			return true
		}
	}
	return false
}

// arrows counts the imports between our packages.
func (h *house) arrows() int {
	n := 0
	for _, i := range h.imports {
		n += len(i.ours())
	}
	return n
}
