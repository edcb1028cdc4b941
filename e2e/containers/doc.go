// Package containers holds tests alone: do Docker and Kubernetes read the examples for operators as they are meant? It
// is a module of its own, so that usher itself depends on neither. make test runs it.
package containers
