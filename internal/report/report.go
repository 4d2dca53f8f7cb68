// Package report gives a report its forms: a PDF, a message, pictures, and what
// has changed since the report before. It reads nothing and asks nobody: all that
// it says is in the document that it is given.
//
// Titles, texts and cells come from customers' data and from models. They only
// ever appear as text, whatever they look like.
package report

import (
	"errors"
	"fmt"
	"time"

	"github.com/datamind/datamind/internal/picture"
	"github.com/datamind/datamind/models"
)

// Document is a report before it is given a form.
type Document struct {
	Title, Subtitle string
	At              time.Time
	Zone            *time.Location // nil for UTC
	Locale          string         // "en" or "de"; anything else is English
	Link, LinkText  string
	Sections        []Section
	Footer          string
}

// Section is a tile, or a question with its answer.
type Section struct {
	Title string
	// Text is the Markdown of a text tile, or the written answer.
	Text string
	// Rows is the table, of Total rows in all; Truncated says that not all were
	// read. It may be nil.
	Rows      *models.Rows
	Total     int
	Truncated bool
	// Chart is drawn with Rows, where it is not nil.
	Chart *models.ChartSpec
	// Changes are what has changed since the run before, which was at Since; zero
	// where there was none before.
	Changes []Change
	Since   time.Time
	// Failed says in words why there are no rows.
	Failed string
}

// Kinds of changes.
const (
	ChangeValue   = "value"    // a cell of a row that was there before
	ChangeRowNew  = "row_new"  // rows that were not there
	ChangeRowGone = "row_gone" // rows that are not there any more
	ChangeRows    = "rows"     // what can only be said of all rows together
)

// Change is something that has changed, as a sentence.
type Change struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// maxSections bounds a report.
const maxSections = 60

// Pictures draws the chart of each section as PNG; nil for a section that has
// none, and for one whose chart cannot be drawn. An error says which could not:
// the others are there all the same.
func Pictures(d Document) ([][]byte, error) {
	out := make([][]byte, len(d.Sections))
	var failures []error
	for i, s := range d.Sections[:min(len(d.Sections), maxSections)] {
		png, err := s.picture(d.Locale)
		if err != nil {
			failures = append(failures, fmt.Errorf("draw the chart of section %d: %w", i+1, err))
		}
		out[i] = png
	}
	return out, errors.Join(failures...)
}

// picture draws the section's chart. Nothing to draw is no error.
func (s *Section) picture(locale string) ([]byte, error) {
	if s.Chart == nil || s.Rows == nil || s.Failed != "" {
		return nil, nil
	}
	png, err := picture.Chart(*s.Chart, s.Rows, picture.Options{Locale: locale})
	if errors.Is(err, picture.ErrNone) {
		return nil, nil
	}
	return png, err
}

func (d *Document) zone() *time.Location {
	if d.Zone == nil {
		return time.UTC
	}
	return d.Zone
}

// single says that the section's chart is one number: its rows would repeat it.
func (s *Section) single() bool { return s.Chart != nil && s.Chart.Type == models.ChartSingle }

// hidden is how many rows there are beside the shown ones.
func (s *Section) hidden(shown int) int {
	return max(s.Total, len(s.Rows.Rows)) - shown
}
