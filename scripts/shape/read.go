package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of ours.
const (
	maxColumns   = 120 // of a line, though no test holds it
	tabColumns   = 4   // that a tab counts as
	maxFileLines = 400 // a file that needs more has two subjects
	maxFiles     = 30  // of Go in a folder, tests included; one that needs more has two subjects
)

// A house is what was read of a checkout.
type house struct {
	folders    map[string]int                 // Go files
	names      map[string]map[string]bool     // unexported, by folder
	types      map[string]map[string][]string // the files of the methods, by folder and type
	imports    map[string]imports             // by folder
	module     string                         // its name and a slash
	lengths    []row
	functions  []row // lines of each
	files      []row // likewise
	lines      int
	attributes []string // of log lines, that are not made where they should be
	wide       []row    // lines over maxColumns, by file
}

// read reads every Go file below root. Folders that Go ignores are left out.
func read(root string) (*house, error) {
	module, err := moduleOf(root)
	if err != nil {
		return nil, err
	}
	h := &house{folders: map[string]int{}, names: map[string]map[string]bool{}, types: map[string]map[string][]string{},
		imports: map[string]imports{}, module: module + "/"}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
			name == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return h.readFile(path, filepath.ToSlash(relative))
	})
	return h, err
}

func (h *house) readFile(path, name string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	folder := filepath.ToSlash(filepath.Dir(name))
	h.folders[folder]++
	n := bytes.Count(text, []byte("\n"))
	h.lengths = append(h.lengths, row{name: name, n: n})
	mode, test := parser.SkipObjectResolution, strings.HasSuffix(name, "_test.go")
	if test {
		mode = parser.ImportsOnly
	}
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, text, mode)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := h.readImports(folder, f, test); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if test {
		return nil
	}
	h.files = append(h.files, row{name: name, n: n})
	h.measureLines(name, text)
	h.readAttributes(files, name, f)
	for _, d := range f.Decls {
		h.declare(files, folder, name, d)
	}
	return nil
}

func (h *house) measureLines(name string, text []byte) {
	wide := 0
	for line := range bytes.Lines(text) {
		h.lines++
		columns := utf8.RuneCount(bytes.TrimRight(line, "\n")) + (tabColumns-1)*bytes.Count(line, []byte("\t"))
		if columns > maxColumns {
			wide++
		}
	}
	if wide > 0 {
		h.wide = append(h.wide, row{name: name, n: wide})
	}
}

func (h *house) declare(files *token.FileSet, folder, file string, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		lines := files.Position(d.End()).Line - files.Position(d.Pos()).Line + 1
		h.functions = append(h.functions, row{name: file + ": " + d.Name.Name, n: lines})
		if d.Recv == nil {
			h.name(folder, d.Name)
			return
		}
		receiver := typeName(d.Recv.List[0].Type)
		if !d.Name.IsExported() {
			h.count(folder, receiver+"."+d.Name.Name)
		}
		if h.types[folder] == nil {
			h.types[folder] = map[string][]string{}
		}
		h.types[folder][receiver] = append(h.types[folder][receiver], file)
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				h.name(folder, s.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					h.name(folder, n)
				}
			}
		}
	}
}

func (h *house) name(folder string, n *ast.Ident) {
	if !n.IsExported() && n.Name != "_" {
		h.count(folder, n.Name)
	}
}

func (h *house) count(folder, name string) {
	if h.names[folder] == nil {
		h.names[folder] = map[string]bool{}
	}
	h.names[folder][name] = true
}

// typeName returns the name of a method's receiver.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

func (h *house) filesOfFolders() []row {
	var rows []row
	for folder, n := range h.folders {
		rows = append(rows, row{name: folder, n: n})
	}
	return rows
}

func (h *house) unexported() []row {
	var rows []row
	for folder, names := range h.names {
		rows = append(rows, row{name: folder, n: len(names)})
	}
	return rows
}

func (h *house) methods() []row {
	return h.eachType(func(files []string) (int, string) {
		return len(files), fmt.Sprintf(", in %d files", distinct(files))
	})
}

func (h *house) filesOfTypes() []row {
	return h.eachType(func(files []string) (int, string) { return distinct(files), "" })
}

func (h *house) eachType(count func(filesOfMethods []string) (n int, more string)) []row {
	var rows []row
	for folder, types := range h.types {
		for name, files := range types {
			n, more := count(files)
			rows = append(rows, row{name: folder + "." + name, n: n, more: more})
		}
	}
	return rows
}

func distinct(list []string) int {
	return len(slices.Compact(slices.Sorted(slices.Values(list))))
}
