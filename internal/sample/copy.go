package sample

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"
)

// cents is an amount of money; nothing here is a float, so sums are exact.
type cents int64

// rows writes rows in the text format of COPY.
type rows struct {
	buf     []byte
	started bool
	count   int
}

func (r *rows) field() {
	if r.started {
		r.buf = append(r.buf, '\t')
	}
	r.started = true
}

// end finishes the row.
func (r *rows) end() {
	r.buf = append(r.buf, '\n')
	r.started = false
	r.count++
}

func (r *rows) null() { r.field(); r.buf = append(r.buf, `\N`...) }

func (r *rows) int(v int) { r.field(); r.buf = strconv.AppendInt(r.buf, int64(v), 10) }

// ref writes the id of another row, NULL for 0.
func (r *rows) ref(id int) {
	if id == 0 {
		r.null()
		return
	}
	r.int(id)
}

var copyEscapes = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func (r *rows) text(v string) { r.field(); r.buf = append(r.buf, copyEscapes.Replace(v)...) }

// label writes a text, NULL for the empty one.
func (r *rows) label(v string) {
	if v == "" {
		r.null()
		return
	}
	r.text(v)
}

func (r *rows) bool(v bool) {
	r.field()
	if v {
		r.buf = append(r.buf, 't')
	} else {
		r.buf = append(r.buf, 'f')
	}
}

func (r *rows) money(v cents) {
	r.int(int(v / 100))
	r.buf = append(r.buf, '.', byte('0'+v/10%10), byte('0'+v%10))
}

// date and time write NULL for the zero time.
func (r *rows) date(t time.Time) { r.moment(t, time.DateOnly) }
func (r *rows) time(t time.Time) { r.moment(t, "2006-01-02 15:04:05Z07") }

func (r *rows) moment(t time.Time, layout string) {
	if t.IsZero() {
		r.null()
		return
	}
	r.field()
	r.buf = t.AppendFormat(r.buf, layout)
}

// reader gives the rows to COPY.
func (r *rows) reader() io.Reader { return bytes.NewReader(r.buf) }
