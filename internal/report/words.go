package report

import (
	"fmt"
	"strings"
	"time"
)

// words are a report's own words, in one language.
type words struct {
	german                    bool
	page                      string // of pages
	noRows                    string
	moreRow, moreRows         string
	truncated                 string
	moreColumn, moreColumns   string
	moreSection, moreSections string
	changed, unchanged        string // since
	isNew, isGone             string
	andMore                   string
	unknownGlyphs             string
	rowsChanged, rowChanged   string
	rowsBefore                string // before, after
	firstChanged              string // how many, of how many
	columnsChanged            string
	day, month, moment        string // layouts of time
	decimal, thousands        string
	empty                     string
}

var english = words{
	page: "Page %d of %d", noRows: "There are no rows.", moreRow: "… and 1 more row", moreRows: "… and %s more rows",
	truncated:  "There are more rows than were read.",
	moreColumn: "1 more column", moreColumns: "%d more columns", moreSection: "1 more section is not shown.", moreSections: "%d more sections are not shown.",
	changed: "What has changed since %s", unchanged: "Nothing has changed since %s.", isNew: "New: ", isGone: "Gone: ", andMore: "and %d more",
	unknownGlyphs: "□ stands for characters that this document cannot write. They are on the page that it links to.",
	rowChanged:    "1 row has changed", rowsChanged: "%s rows have changed", rowsBefore: "Rows: %s → %s", firstChanged: "%s of the first %s rows are others than before", columnsChanged: "The table has other columns than before",
	day: "2 Jan 2006", month: "Jan 2006", moment: "2 Jan 2006, 15:04", decimal: ".", thousands: ",", empty: "(empty)",
}

var german = words{
	german: true,
	page:   "Seite %d von %d", noRows: "Es gibt keine Zeilen.", moreRow: "… und 1 weitere Zeile", moreRows: "… und %s weitere Zeilen",
	truncated:  "Es gibt mehr Zeilen, als gelesen wurden.",
	moreColumn: "1 weitere Spalte", moreColumns: "%d weitere Spalten", moreSection: "1 weiterer Abschnitt ist nicht enthalten.", moreSections: "%d weitere Abschnitte sind nicht enthalten.",
	changed: "Was sich seit %s geändert hat", unchanged: "Seit %s hat sich nichts geändert.", isNew: "Neu: ", isGone: "Nicht mehr da: ", andMore: "und %d weitere",
	unknownGlyphs: "□ steht für Zeichen, die dieses Dokument nicht schreiben kann. Sie stehen auf der verlinkten Seite.",
	rowChanged:    "1 Zeile hat sich geändert", rowsChanged: "%s Zeilen haben sich geändert", rowsBefore: "Zeilen: %s → %s", firstChanged: "%s der ersten %s Zeilen sind andere als zuvor", columnsChanged: "Die Tabelle hat andere Spalten als zuvor",
	day: "02.01.2006", month: "Jan 2006", moment: "02.01.2006, 15:04", decimal: ",", thousands: ".", empty: "(leer)",
}

func wordsOf(locale string) *words {
	if locale == "de" || strings.HasPrefix(locale, "de-") {
		return &german
	}
	return &english
}

var germanMonths = [...]string{"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."}

// time writes a moment by one of the layouts of the words.
func (w *words) time(t time.Time, layout string) string {
	if w.german && layout == w.month {
		return germanMonths[t.Month()-1] + t.Format(" 2006")
	}
	return t.Format(layout)
}

// stamp writes a moment with its time zone.
func (w *words) stamp(t time.Time, zone *time.Location) string {
	return t.In(zone).Format(w.moment + " MST")
}

// more says how many rows there are beside those that are shown; "" for none.
func (w *words) more(n int) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return w.moreRow
	}
	return fmt.Sprintf(w.moreRows, w.group(fmt.Sprint(n)))
}
