package export

import (
	"bytes"
	"encoding/json"
	"io"
)

// lines writes JSON Lines: an object a row, its members in the columns' order.
// Numbers keep all their digits. Dates and times are in RFC 3339's forms.
type lines struct {
	out     io.Writer
	columns []Column
	kinds   []kind
	names   [][]byte // with what comes before the value: {"a": or ,"b":
	buf     []byte
	scratch bytes.Buffer
	written int64
}

func newLines(out io.Writer, columns []Column) *lines {
	l := &lines{out: out, columns: columns, kinds: kindsOf(columns), buf: make([]byte, 0, chunk+chunk/4)}
	for i, name := range unique(columns) {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		l.names = append(l.names, append(appendString([]byte{before}, []byte(name)), ':'))
	}
	return l
}

// Row implements Writer.
func (l *lines) Row(values [][]byte) error {
	if len(values) == 0 {
		l.buf = append(l.buf, '{')
	}
	for i, v := range values {
		l.buf = append(l.buf, l.names[i]...)
		if v == nil {
			l.buf = append(l.buf, "null"...)
			continue
		}
		l.buf = appendJSON(l.buf, v, l.columns[i].Type, l.kinds[i], &l.scratch)
	}
	l.buf = append(l.buf, '}', '\n')
	if len(l.buf) < chunk {
		return nil
	}
	return l.flush()
}

func (l *lines) flush() error {
	n, err := l.out.Write(l.buf)
	l.written += int64(n)
	l.buf = l.buf[:0]
	return err
}

// Buffered implements Writer.
func (l *lines) Buffered() int64 { return l.written + int64(len(l.buf)) }

// Cut implements Writer.
func (*lines) Cut() int64 { return 0 }

// Close implements Writer.
func (l *lines) Close() error { return l.flush() }

// Discard implements Writer.
func (*lines) Discard() {}

// appendJSON writes a value as JSON on one line.
func appendJSON(buf, v []byte, oid uint32, k kind, scratch *bytes.Buffer) []byte {
	switch k {
	case kindInt:
		return append(buf, v...)
	case kindFloat, kindNumeric:
		if c := v[len(v)-1]; c >= '0' && c <= '9' {
			return append(buf, v...)
		}
		return appendString(buf, v) // NaN and the infinities, which JSON does not have
	case kindBool:
		return appendBool(buf, v)
	case kindTimestamp, kindInstant:
		return append(appendMoment(append(buf, '"'), v), '"')
	case kindJSON:
		if bytes.IndexByte(v, '\n') < 0 && bytes.IndexByte(v, '\r') < 0 {
			return append(buf, v...)
		}
		scratch.Reset()
		if json.Compact(scratch, v) != nil { // PostgreSQL checked it: not reached
			return appendString(buf, v)
		}
		return append(buf, scratch.Bytes()...)
	case kindArray:
		if out, ok := appendArray(buf, v, elements[oid], scratch); ok {
			return out
		}
	}
	return appendString(buf, v)
}

// appendMoment turns "2026-01-02 03:04:05.6+00" into RFC 3339's
// "2026-01-02T03:04:05.6Z". Dates BC, years past 9999 and the infinities stay.
func appendMoment(buf, v []byte) []byte {
	if len(v) < 19 || v[10] != ' ' || v[len(v)-1] == 'C' {
		return append(buf, v...)
	}
	at := len(buf)
	buf = append(buf, v...)
	buf[at+10] = 'T'
	if n := len(buf); string(buf[n-3:]) == "+00" {
		buf = append(buf[:n-3], 'Z')
	}
	return buf
}

const hex = "0123456789abcdef"

// appendString writes a JSON string.
func appendString(buf, v []byte) []byte {
	buf = append(buf, '"')
	begin := 0
	for i, b := range v {
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		buf = append(buf, v[begin:i]...)
		begin = i + 1
		switch b {
		case '"', '\\':
			buf = append(buf, '\\', b)
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\t':
			buf = append(buf, '\\', 't')
		default:
			buf = append(buf, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		}
	}
	return append(append(buf, v[begin:]...), '"')
}
