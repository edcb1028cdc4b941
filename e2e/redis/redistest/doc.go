// Package redistest is package redis for tests: one call starts a server that ends with the test.
package redistest
