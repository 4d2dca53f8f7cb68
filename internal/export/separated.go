package export

import "io"

// chunk is how much is written at once.
const chunk = 64 << 10

// separated writes CSV and TSV as PostgreSQL's COPY does: an empty field is
// NULL, "" is an empty text, and lines end with a newline. A text that a
// spreadsheet would take for a formula begins with an apostrophe.
type separated struct {
	out     io.Writer
	comma   byte
	kinds   []kind
	buf     []byte
	written int64
	special [256]bool // bytes that a field must be quoted for
}

func newSeparated(out io.Writer, columns []Column, comma byte, headless bool) *separated {
	s := &separated{out: out, comma: comma, kinds: kindsOf(columns), buf: make([]byte, 0, chunk+chunk/4)}
	for _, b := range []byte{comma, '"', '\n', '\r'} {
		s.special[b] = true
	}
	if !headless {
		for i, c := range columns {
			if i > 0 {
				s.buf = append(s.buf, comma)
			}
			s.text([]byte(c.Name), true)
		}
		s.buf = append(s.buf, '\n')
	}
	return s
}

// Row implements Writer.
func (s *separated) Row(values [][]byte) error {
	for i, v := range values {
		if i > 0 {
			s.buf = append(s.buf, s.comma)
		}
		switch k := s.kinds[i]; {
		case v == nil:
			if len(values) == 1 { // readers take an empty line for no row
				s.buf = append(s.buf, '"', '"')
			}
		case k == kindBool:
			s.buf = appendBool(s.buf, v)
		case k.plain():
			s.buf = append(s.buf, v...)
		default:
			s.text(v, k.free())
		}
	}
	s.buf = append(s.buf, '\n')
	if len(s.buf) < chunk {
		return nil
	}
	return s.flush()
}

// text writes a field that may hold anything; free is what a person chose.
func (s *separated) text(v []byte, free bool) {
	formula := free && isFormula(v)
	quoted := len(v) == 0 || string(v) == `\.`
	for _, b := range v {
		if s.special[b] {
			quoted = true
			break
		}
	}
	if !quoted {
		if formula {
			s.buf = append(s.buf, '\'')
		}
		s.buf = append(s.buf, v...)
		return
	}
	s.buf = append(s.buf, '"')
	if formula {
		s.buf = append(s.buf, '\'')
	}
	for _, b := range v {
		if b == '"' {
			s.buf = append(s.buf, '"')
		}
		s.buf = append(s.buf, b)
	}
	s.buf = append(s.buf, '"')
}

func (s *separated) flush() error {
	n, err := s.out.Write(s.buf)
	s.written += int64(n)
	s.buf = s.buf[:0]
	return err
}

// Buffered implements Writer.
func (s *separated) Buffered() int64 { return s.written + int64(len(s.buf)) }

// Cut implements Writer.
func (*separated) Cut() int64 { return 0 }

// Close implements Writer.
func (s *separated) Close() error { return s.flush() }

// Discard implements Writer.
func (*separated) Discard() {}

func appendBool(buf, v []byte) []byte {
	if len(v) == 1 && v[0] == 't' {
		return append(buf, "true"...)
	}
	return append(buf, "false"...)
}

// isFormula says whether a spreadsheet would calculate a text, or read it as a
// command: OWASP's list of first characters, but for what is a number and no more.
func isFormula(v []byte) bool {
	if len(v) == 0 {
		return false
	}
	switch v[0] {
	case '=', '@', '\t', '\r', '\n':
		return true
	case '+', '-':
		return !isNumber(v)
	case 0xef: // fullwidth ＝ ＋ － ＠, which East Asian spreadsheets read alike
		return len(v) >= 3 && v[1] == 0xbc && (v[2] == 0x9d || v[2] == 0x8b || v[2] == 0x8d || v[2] == 0xa0)
	}
	return false
}

// isNumber says whether a text is a decimal number, with or without an exponent.
func isNumber(v []byte) bool {
	if len(v) > 0 && (v[0] == '+' || v[0] == '-') {
		v = v[1:]
	}
	whole := digits(v)
	rest, fraction := v[whole:], 0
	if len(rest) > 0 && rest[0] == '.' {
		fraction = digits(rest[1:])
		rest = rest[1+fraction:]
	}
	if whole+fraction == 0 {
		return false
	}
	if len(rest) > 0 && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if len(rest) > 0 && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		n := digits(rest)
		return n > 0 && n == len(rest)
	}
	return len(rest) == 0
}

// digits is how many digits a text begins with.
func digits(v []byte) (n int) {
	for n < len(v) && v[n] >= '0' && v[n] <= '9' {
		n++
	}
	return n
}
