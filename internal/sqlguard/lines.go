package sqlguard

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/datamind/datamind/models"
)

// maxLine bounds an input line of GuardLines, in bytes. JSON may need six
// bytes for one of SQL.
const maxLine = 8 * maxLength

// Verdict is what GuardLines says of one line.
type Verdict struct {
	Allowed bool        `json:"allowed"`
	Code    models.Code `json:"code,omitempty"`
	Reason  string      `json:"reason,omitempty"`
}

// GuardLines reads JSON lines {"sql": "…"} from r and writes one Verdict for
// each to w, in order; other keys are ignored. A line that cannot be read is
// answered like a refused one, so that input and output stay in step. It ends
// at the end of r, when w fails or when ctx is done.
func GuardLines(ctx context.Context, r io.Reader, w io.Writer, g *Guard) error {
	in, out := bufio.NewReaderSize(r, 64<<10), bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, out.Flush())
		}
		line, tooLong, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(fmt.Errorf("read statements: %w", err), out.Flush())
		}
		if err != nil && len(line) == 0 && !tooLong {
			return out.Flush()
		}
		if err := encoder.Encode(g.verdict(line, tooLong)); err != nil {
			return fmt.Errorf("write verdicts: %w", err)
		}
		if in.Buffered() == 0 { // the other side may be waiting for this answer
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write verdicts: %w", err)
			}
		}
	}
}

func (g *Guard) verdict(line []byte, tooLong bool) Verdict {
	if tooLong {
		return refused(refuse(CodeTooLong, "The line is longer than %d bytes.", maxLine))
	}
	var fields map[string]json.RawMessage
	var sql *string
	if utf8.Valid(line) && json.Unmarshal(line, &fields) == nil && json.Unmarshal(fields["sql"], &sql) == nil && sql != nil {
		if _, err := g.Check(*sql); err != nil {
			return refused(err)
		}
		return Verdict{Allowed: true}
	}
	return refused(refuse(models.CodeInvalid, `The line is not a JSON object with a text "sql".`))
}

func refused(err error) Verdict {
	return Verdict{Code: models.ErrorCode(err), Reason: models.ErrorMessage(err)}
}

// readLine returns the next line without its end. Of one that is too long it
// reads on to the end and keeps nothing.
func readLine(in *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		var part []byte
		part, err = in.ReadSlice('\n')
		if !tooLong {
			line = append(line, part...)
		}
		if len(line) > maxLine {
			line, tooLong = nil, true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), tooLong, err
		}
	}
}
