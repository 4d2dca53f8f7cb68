package sqlguard

import "github.com/datamind/datamind/models"

// Codes of refusals. Each is stable; the sentence beside it says what was
// found and what to write instead.
const (
	CodeParse              models.Code = "parse_error"
	CodeMultipleStatements models.Code = "multiple_statements"
	CodeNotSelect          models.Code = "not_select"
	CodeInto               models.Code = "into_refused"
	CodeLocking            models.Code = "locking"
	CodeSyntaxRefused      models.Code = "syntax_refused"
	CodeParameter          models.Code = "parameter_refused"
	CodeUnknownRelation    models.Code = "unknown_relation"
	CodeRelationRefused    models.Code = "relation_refused"
	CodeUnknownColumn      models.Code = "unknown_column"
	CodeColumnRefused      models.Code = "column_refused"
	CodeFunctionRefused    models.Code = "function_refused"
	CodeOperatorRefused    models.Code = "operator_refused"
	CodeTypeRefused        models.Code = "type_refused"
	CodeExplainRefused     models.Code = "explain_refused"
	CodeTooLong            models.Code = "too_long"
	CodeTooComplex         models.Code = "too_complex"
	CodeTooCostly          models.Code = "too_costly"
)

// Refusal is a guard's no. It unwraps to the *models.Error that carries its
// code and sentence.
type Refusal struct {
	err *models.Error
	// place is one more than the byte of the text at which it was found; 0 unknown.
	place int
}

// Error implements error.
func (r *Refusal) Error() string { return r.err.Error() }

// Unwrap returns the coded error.
func (r *Refusal) Unwrap() error { return r.err }

// Code is the stable name of the reason.
func (r *Refusal) Code() models.Code { return r.err.Code }

// Reason is a sentence that says what was found and what to do.
func (r *Refusal) Reason() string { return r.err.Message }

// Position is the byte of the text at which it was found, -1 where that is not known.
func (r *Refusal) Position() int { return r.place - 1 }

// at gives the refusal a place, unless it has one. A refusal may be shared by
// many statements, so it is not changed.
func (r *Refusal) at(place int) *Refusal {
	if r == nil || r.place > 0 || place < 0 {
		return r
	}
	return &Refusal{err: r.err, place: place + 1}
}

func refuse(code models.Code, format string, args ...any) *Refusal {
	return &Refusal{err: models.Errorf(code, format, args...)}
}
