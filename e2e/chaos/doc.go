// Package chaos proves that what was asked is neither lost nor doubled nor
// stuck. Each fault is a test: real processes, numbered questions, one fault at
// a seeded moment, and then four books that must agree (books_test.go). The
// short form is part of `make test`; `make chaos` runs the full one and writes
// its table into docs/reliability.md.
package chaos
