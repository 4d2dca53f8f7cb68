package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gocloud.dev/blob"
)

// Part is an object, and how many bytes it has.
type Part struct {
	Object string
	Bytes  int64
}

// Parts reads objects end to end as if they were one, from any place on. It
// holds at most one of them open. It is for one goroutine.
type Parts struct {
	ctx    context.Context
	bucket *blob.Bucket
	parts  []Part
	size   int64
	at     int64
	open   *blob.Reader
	left   int64 // of the open one
}

// NewParts makes a reader of parts.
func NewParts(ctx context.Context, b *blob.Bucket, parts []Part) *Parts {
	p := &Parts{ctx: ctx, bucket: b, parts: parts}
	for _, part := range parts {
		p.size += part.Bytes
	}
	return p
}

// Size is that of all parts together.
func (p *Parts) Size() int64 { return p.size }

// Seek implements io.Seeker.
func (p *Parts) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.at
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 {
		return p.at, errors.New("bucket: a place before the beginning")
	}
	if offset != p.at {
		p.closePart()
		p.at = offset
	}
	return p.at, nil
}

// Read implements io.Reader. An object that is shorter than it was is an error,
// never an early end.
func (p *Parts) Read(buf []byte) (int, error) {
	if p.at >= p.size {
		return 0, io.EOF
	}
	if p.open == nil {
		if err := p.openPart(); err != nil {
			return 0, err
		}
	}
	n, err := p.open.Read(buf[:min(int64(len(buf)), p.left)])
	p.at += int64(n)
	p.left -= int64(n)
	if p.left == 0 {
		p.closePart()
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// openPart opens the part that the place is in.
func (p *Parts) openPart() error {
	begin := int64(0)
	for _, part := range p.parts {
		if p.at < begin+part.Bytes {
			offset := p.at - begin
			p.left = part.Bytes - offset
			var err error
			if p.open, err = p.bucket.NewRangeReader(p.ctx, part.Object, offset, p.left, nil); err != nil {
				p.open = nil
				return fmt.Errorf("open a part of the file: %w", err)
			}
			return nil
		}
		begin += part.Bytes
	}
	return io.ErrUnexpectedEOF
}

func (p *Parts) closePart() {
	if p.open != nil {
		_ = p.open.Close()
		p.open = nil
	}
}

// Close implements io.Closer.
func (p *Parts) Close() error {
	p.closePart()
	return nil
}
