package models

import (
	"errors"
	"fmt"
)

// Code is the stable, machine-readable name of an error. Clients script
// against it; a shipped code never changes its meaning.
type Code string

// Codes shared by several packages. A package may define more of its own.
const (
	CodeInternal     Code = "internal"
	CodeInvalid      Code = "invalid"
	CodeUnauthorized Code = "unauthorized"
	CodeForbidden    Code = "forbidden"
	CodeNotFound     Code = "not_found"
	CodeConflict     Code = "conflict"
	CodeRateLimited  Code = "rate_limited"
	CodeUnavailable  Code = "unavailable"

	CodeGuardRefused   Code = "guard_refused"
	CodeSQLError       Code = "sql_error"
	CodeQueryTimeout   Code = "query_timeout"
	CodeQueryTooLarge  Code = "query_too_large"
	CodeConnection     Code = "connection_failed"
	CodeAddressRefused Code = "address_refused"
	CodeModel          Code = "model_failed"
	CodeModelBusy      Code = "model_busy"
	CodeModelReply     Code = "model_reply" // paid for and not understood; asking again may help
	CodeBudget         Code = "budget_exhausted"
	CodeNotAnswerable  Code = "not_answerable"
)

// Error is an error that a person may see: what is wrong, why, and what to do
// about it, with a code for machines. Everything else is "internal" to clients.
type Error struct {
	Code    Code
	Message string
	// Err is the cause, for the log only.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes a coded error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes a coded error that keeps its cause for the log.
func Wrap(err error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// ErrorCode returns the code of the first coded error in the chain,
// CodeInternal if there is none and "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// ErrorMessage returns the sentence a person may see; for uncoded errors a
// general one, so that internals never leak.
func ErrorMessage(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "Something went wrong on our side. Try again; if it stays, give the request id to your administrator."
}
