package export

import "bytes"

// maxDepth is PostgreSQL's own bound of an array's dimensions.
const maxDepth = 6

// appendArray writes an array, such as {1,NULL,"a b"} or {{1,2},{3,4}}, as a
// JSON array of values of a type. ok is false for what is not understood;
// nothing is written then.
func appendArray(buf, v []byte, element uint32, scratch *bytes.Buffer) (out []byte, ok bool) {
	if len(v) > 0 && v[0] == '[' { // [0:2]={…} gives the bounds, which JSON does not have
		at := bytes.IndexByte(v, '=')
		if at < 0 {
			return buf, false
		}
		v = v[at+1:]
	}
	a := array{buf: buf, rest: v, element: element, kind: kindOf(element), scratch: scratch}
	if !a.list(0) || len(a.rest) > 0 {
		return buf, false
	}
	return a.buf, true
}

type array struct {
	buf, rest []byte
	element   uint32
	kind      kind
	scratch   *bytes.Buffer
	text      []byte
}

func (a *array) next() byte {
	if len(a.rest) == 0 {
		return 0
	}
	return a.rest[0]
}

// list reads one pair of braces.
func (a *array) list(depth int) bool {
	if a.next() != '{' || depth == maxDepth {
		return false
	}
	a.rest, a.buf = a.rest[1:], append(a.buf, '[')
	for first := true; ; first = false {
		switch c := a.next(); {
		case c == '}':
			a.rest, a.buf = a.rest[1:], append(a.buf, ']')
			return true
		case !first && c == ',':
			a.rest, a.buf = a.rest[1:], append(a.buf, ',')
		case !first:
			return false
		}
		if !a.value(depth) {
			return false
		}
	}
}

func (a *array) value(depth int) bool {
	switch a.next() {
	case '{':
		return a.list(depth + 1)
	case '"':
		return a.quoted()
	case 0, ',', '}':
		return false
	}
	end := bytes.IndexAny(a.rest, ",}")
	if end < 0 {
		return false
	}
	v := a.rest[:end]
	a.rest = a.rest[end:]
	if string(v) == "NULL" {
		a.buf = append(a.buf, "null"...)
	} else {
		a.buf = appendJSON(a.buf, v, a.element, a.kind, a.scratch)
	}
	return true
}

func (a *array) quoted() bool {
	a.text = a.text[:0]
	for i := 1; i < len(a.rest); i++ {
		switch c := a.rest[i]; c {
		case '"':
			a.rest = a.rest[i+1:]
			if len(a.text) == 0 {
				a.buf = append(a.buf, '"', '"')
				return true
			}
			a.buf = appendJSON(a.buf, a.text, a.element, a.kind, a.scratch)
			return true
		case '\\':
			if i++; i == len(a.rest) {
				return false
			}
			a.text = append(a.text, a.rest[i])
		default:
			a.text = append(a.text, c)
		}
	}
	return false
}
