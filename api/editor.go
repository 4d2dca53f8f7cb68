package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf16"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/models"
)

// Parameter declares a placeholder {{name}} of SQL.
type Parameter struct {
	Name    string               `json:"name" minLength:"1" maxLength:"63" pattern:"^[A-Za-z_][A-Za-z0-9_]*$"`
	Type    models.ParameterType `json:"type" enum:"text,number,date,timestamp,boolean,list"`
	Of      models.ParameterType `json:"of,omitempty" enum:"text,number,date,timestamp,boolean" doc:"The type of a list's values; default text. Write a list as IN ({{name}})"`
	Label   string               `json:"label,omitempty" maxLength:"100"`
	Default any                  `json:"default,omitempty" doc:"The value where none is given: text, number, 2026-01-31, 2026-01-31T12:00:00Z, true, or a list of those"`
}

// BoundParameter is a parameter together with its value.
type BoundParameter struct {
	Parameter
	Value any `json:"value,omitempty" doc:"Of the parameter's type"`
}

type sqlIn struct {
	IDParam
	IdempotencyParam
	Body struct {
		SQL            string           `json:"sql" minLength:"1" maxLength:"20000" doc:"One SELECT; {{name}} stands for a parameter's value"`
		Title          string           `json:"title,omitempty" maxLength:"200" doc:"Stands for the question; default: the SQL's beginning"`
		ConversationID string           `json:"conversation_id,omitempty" format:"uuid" maxLength:"36" doc:"Default: a new one"`
		Parameters     []BoundParameter `json:"parameters,omitempty" maxItems:"30"`
		Explain        bool             `json:"explain,omitempty" doc:"Have the model write the answer's text, if there is one"`
	}
}

type sqlCheckIn struct {
	IDParam
	Body struct {
		SQL        string      `json:"sql" minLength:"1" maxLength:"20000"`
		Parameters []Parameter `json:"parameters,omitempty" maxItems:"30"`
	}
}

// SQLPlace is a part of a text: from inclusive, to exclusive, as JavaScript
// counts characters; line and column count from 1.
type SQLPlace struct {
	From   int `json:"from"`
	To     int `json:"to"`
	Line   int `json:"line"`
	Column int `json:"column"`
}

// SQLCheck is the guard's verdict on SQL.
type SQLCheck struct {
	Allowed      bool              `json:"allowed"`
	Code         models.Code       `json:"code,omitempty" doc:"Why not, for programs"`
	Message      string            `json:"message,omitempty" doc:"Why not, and what to write instead"`
	Position     *SQLPlace         `json:"position,omitempty" doc:"Where, if that is known"`
	Tables       []models.TableUse `json:"tables" doc:"What it reads, with the columns that it names"`
	Placeholders []string          `json:"placeholders" doc:"Names of the parameters in the text"`
}

type sqlCheckOut struct{ Body SQLCheck }

func (s *Server) editorRoutes() {
	register(s, operation(http.MethodPost, "/connections/{id}/sql", "run-sql",
		"Run SQL that you wrote: a question with the same checks, limits, steps and results", 202), auth.Ask, s.runSQL)
	register(s, operation(http.MethodPost, "/connections/{id}/sql/check", "check-sql",
		"Whether SQL would be run, and if not, why and where", 200), auth.Ask, s.checkSQL)
	s.savedQueryRoutes()
}

func (s *Server) runSQL(ctx context.Context, in *sqlIn) (*questionOut, error) {
	scope := scopeOf(ctx)
	conn, err := s.deps.Store.GetConnection(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	parameters, values := make([]models.Parameter, 0, len(in.Body.Parameters)), map[string]any{}
	for _, p := range in.Body.Parameters {
		parameters = append(parameters, p.model())
		values[p.Name] = p.Value
	}
	args, err := models.BindParameters(parameters, values)
	if err != nil {
		return nil, err
	}
	return s.writeQuestion(ctx, conn, written{sql: in.Body.SQL, title: in.Body.Title, conversationID: in.Body.ConversationID,
		args: args, explain: in.Body.Explain, key: in.IdempotencyKey})
}

func (p Parameter) model() models.Parameter {
	return models.Parameter{Name: p.Name, Type: p.Type, Of: p.Of, Label: strings.TrimSpace(p.Label), Default: p.Default}
}

// written is a question whose SQL a person wrote.
type written struct {
	sql, title, conversationID, key string
	args                            []models.Argument
	explain                         bool
}

// writeQuestion stores the question and starts its run, which begins at the guard.
func (s *Server) writeQuestion(ctx context.Context, conn *models.Connection, w written) (*questionOut, error) {
	scope := scopeOf(ctx)
	sql, title := strings.TrimSpace(w.sql), strings.TrimSpace(w.title)
	if sql == "" {
		return nil, invalidField("body.sql", "must not be blank")
	}
	if title == "" {
		title = titleOf(sql)
	}
	conversation := &models.Conversation{ID: newID(), OrgID: scope.OrgID, UserID: scope.UserID, ConnectionID: conn.ID, Title: titleOf(title)}
	if w.conversationID != "" {
		var err error
		if conversation, err = s.deps.Store.GetConversation(ctx, scope, canonical(w.conversationID)); err != nil {
			return nil, err
		}
		if conversation.ConnectionID != conn.ID {
			return nil, invalidField("body.conversation_id", "is a conversation about another database")
		}
	}
	if err := s.limitAsk(ctx, scope); err != nil {
		return nil, err
	}
	q := newQuestion(scope, conversation, title, w.key)
	q.Planner, q.SQL, q.Understanding, q.Arguments, q.Explain = models.PlannerPerson, sql, models.EditedUnderstanding, w.args, w.explain
	out, err := s.insertAndStart(ctx, scope, conversation, q, func(earlier *models.Question) bool {
		same := earlier.ConnectionID == conn.ID && (w.conversationID == "" || earlier.ConversationID == conversation.ID)
		return same && (earlier.Run > 1 || earlier.SQL == sql && (len(w.args)+len(earlier.Arguments) == 0 || reflect.DeepEqual(earlier.Arguments, w.args)))
	})
	if err == nil {
		s.audit(ctx, "question.sql", out.Body.ID, nil)
	}
	return out, err
}

func (s *Server) checkSQL(ctx context.Context, in *sqlCheckIn) (*sqlCheckOut, error) {
	known, err := s.structure(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	parameters := make([]models.Parameter, 0, len(in.Body.Parameters))
	for _, p := range in.Body.Parameters {
		parameters = append(parameters, p.model())
	}
	if err := models.CheckParameters(parameters); err != nil {
		return nil, err
	}
	return &sqlCheckOut{Body: verdict(known, in.Body.SQL, parameters)}, nil
}

func verdict(known *structure, sql string, parameters []models.Parameter) SQLCheck {
	out := SQLCheck{Tables: []models.TableUse{}, Placeholders: list(sqlguard.Placeholders(sql))}
	approved, err := known.check(sql, sqlguard.Samples(parameters))
	if err == nil {
		out.Allowed, out.Tables = true, list(approved.Reads())
		for i := range out.Tables {
			out.Tables[i].Columns = list(out.Tables[i].Columns)
		}
		return out
	}
	out.Code, out.Message = models.ErrorCode(err), models.ErrorMessage(err)
	var refusal *sqlguard.Refusal
	if errors.As(err, &refusal) && refusal.Position() >= 0 {
		out.Position = placeOf(sql, refusal.Position())
	}
	return out
}

// placeOf is the word, or else the character, that begins at a byte of a text.
func placeOf(sql string, at int) *SQLPlace {
	at = min(at, len(sql))
	before, rest := sql[:at], sql[at:]
	end := strings.IndexFunc(rest, func(r rune) bool {
		return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r < 0x80
	})
	switch {
	case end < 0:
		end = len(rest)
	case end == 0 && rest != "":
		end = 1
	}
	p := &SQLPlace{From: units(before), Line: 1 + strings.Count(before, "\n")}
	p.To = p.From + units(rest[:end])
	p.Column = 1 + units(before[strings.LastIndexByte(before, '\n')+1:])
	return p
}

// units is a text's length as JavaScript counts it.
func units(s string) int { return len(utf16.Encode([]rune(s))) }
