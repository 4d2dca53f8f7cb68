package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxBodyBytes = 256 << 10
	maxJSONDepth = 16
)

// badJSON is what is wrong with a JSON body, or another part of a request, and at which field.
type badJSON struct{ location, message string }

func (e *badJSON) Error() string { return e.location + ": " + e.message }

// checkHeaders refuses bodies that are not plain UTF-8 JSON. A body's length
// is not known when it is sent in chunks, so the type is asked for then too.
func checkHeaders(r *http.Request) error {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return errors.New("a body must not be compressed: leave out Content-Encoding")
	}
	if r.ContentLength == 0 {
		return nil
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return errors.New("the body must be JSON: send Content-Type: application/json")
	}
	if cs, ok := params["charset"]; ok && !strings.EqualFold(cs, "utf-8") {
		return errors.New("the body must be UTF-8")
	}
	return nil
}

// checkQuery refuses what PostgreSQL cannot store, as checkJSON does.
func checkQuery(u *url.URL) error {
	for name, values := range u.Query() {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return &badJSON{"query." + truncate(name, 60), "must be UTF-8 without NUL characters"}
			}
		}
	}
	return nil
}

// checkJSON accepts exactly one JSON object in UTF-8 whose keys are unique
// without regard to case, no deeper than maxJSONDepth, with numbers that a
// float64 holds, without NUL characters or lone surrogates (PostgreSQL stores neither).
func checkJSON(raw []byte) error {
	if !utf8.Valid(raw) {
		return &badJSON{"body", "is not valid UTF-8"}
	}
	if err := checkEscapes(raw); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	first, err := dec.Token()
	if err != nil {
		return &badJSON{"body", "is not valid JSON"}
	}
	if first != json.Delim('{') {
		return &badJSON{"body", "must be a JSON object"}
	}
	if err := checkObject(dec, "body", 1); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &badJSON{"body", "holds more than one JSON document"}
	}
	return nil
}

func checkObject(dec *json.Decoder, at string, depth int) error {
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return &badJSON{at, "is not valid JSON"}
		}
		key, _ := tok.(string)
		if utf8.RuneCountInString(key) > 100 {
			return &badJSON{at, "has a key that is too long"}
		}
		if folded := strings.ToLower(key); seen[folded] {
			return &badJSON{at + "." + key, "is given twice (keys are compared without regard to case)"}
		} else {
			seen[folded] = true
		}
		if err := checkValue(dec, at+"."+key, depth); err != nil {
			return err
		}
	}
	return closing(dec, at)
}

func checkValue(dec *json.Decoder, at string, depth int) error {
	tok, err := dec.Token()
	if err != nil {
		return &badJSON{at, "is not valid JSON"}
	}
	if n, ok := tok.(json.Number); ok {
		if _, err := n.Float64(); err != nil {
			return &badJSON{at, "is a number out of range"}
		}
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	if depth++; depth > maxJSONDepth {
		return &badJSON{"body", fmt.Sprintf("is nested deeper than %d levels", maxJSONDepth)}
	}
	if delim == '{' {
		return checkObject(dec, at, depth)
	}
	for i := 0; dec.More(); i++ {
		if err := checkValue(dec, at+"["+strconv.Itoa(i)+"]", depth); err != nil {
			return err
		}
	}
	return closing(dec, at)
}

func closing(dec *json.Decoder, at string) error {
	if _, err := dec.Token(); err != nil {
		return &badJSON{at, "is not valid JSON"}
	}
	return nil
}

// checkEscapes finds \u0000 and lone surrogates, which the decoder would let
// through or silently replace. Backslashes occur only inside JSON strings.
func checkEscapes(raw []byte) error {
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case 0:
			return &badJSON{"body", "holds a NUL character"}
		case '\\':
			n, err := escape(raw[i:])
			if err != nil {
				return err
			}
			i += n - 1
		}
	}
	return nil
}

// escape checks the escape at the start of b and returns its length.
func escape(b []byte) (int, error) {
	r, ok := hex4(b)
	switch {
	case !ok:
		return 2, nil
	case r == 0:
		return 0, &badJSON{"body", "holds a NUL character"}
	case r >= 0xd800 && r < 0xdc00 && len(b) >= 12:
		if low, ok := hex4(b[6:]); ok && low >= 0xdc00 && low < 0xe000 {
			return 12, nil
		}
		fallthrough
	case r >= 0xd800 && r < 0xe000:
		return 0, &badJSON{"body", "holds half of a surrogate pair"}
	}
	return 6, nil
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	return rune(n), err == nil
}
