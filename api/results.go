package api

import (
	"context"
	"net/http"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// ResultPage is a part of a result's rows.
type ResultPage struct {
	Columns   []models.Column `json:"columns"`
	Rows      [][]any         `json:"rows" doc:"Cells are null, boolean, number or text"`
	Offset    int             `json:"offset"`
	RowCount  int             `json:"row_count" doc:"Rows of the whole stored result"`
	Truncated bool            `json:"truncated" doc:"The query gave more rows than were kept"`
}

type resultIn struct {
	IDParam
	Offset int `query:"offset" minimum:"0" maximum:"1000000" default:"0"`
	Limit  int `query:"limit" minimum:"1" maximum:"5000" default:"500"`
}

type resultOut struct{ Body ResultPage }

func (s *Server) resultRoutes() {
	register(s, operation(http.MethodGet, "/questions/{id}/result", "get-result", "Rows of a question's latest result", 200),
		auth.ReadQuestions, s.getResult)
}

func (s *Server) getResult(ctx context.Context, in *resultIn) (*resultOut, error) {
	rows, total, err := s.deps.Store.GetResultPage(ctx, scopeOf(ctx), in.ID, in.Offset, in.Limit)
	if err != nil {
		return nil, err
	}
	if in.Offset == 0 {
		s.audit(ctx, "result.read", in.ID, nil)
	}
	return &resultOut{Body: ResultPage{Columns: list(rows.Columns), Rows: list(rows.Rows), Offset: in.Offset,
		RowCount: total, Truncated: rows.Truncated}}, nil
}
