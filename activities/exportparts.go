package activities

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"syscall"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/datamind/datamind/internal/export"
	"github.com/datamind/datamind/models"
)

const (
	// Bytes go to the bucket in pieces, of which few wait.
	pieceSize    = 128 << 10
	piecesAtOnce = 6
	// Parts of a multi-part upload to S3 and the like; each waits in memory.
	uploadSize    = 6 << 20
	uploadsAtOnce = 2
)

// partStore compresses the bytes of parts, puts them into the bucket and records
// the finished parts, in a goroutine of its own. An export's file is its parts
// end to end, so the digest goes on over all of them.
type partStore struct {
	run    *exportRun
	ctx    context.Context
	cancel context.CancelFunc
	number int
	digest hash.Hash
	before int64 // bytes of the parts before

	piece  []byte
	pieces chan piece
	free   chan []byte
	done   chan struct{}
	err    error // once done
	part   *openPart
}

// piece is bytes of a part, or its end.
type piece struct {
	bytes []byte
	end   *partEnd
}

// partEnd is what is known of a part when its last row is written.
type partEnd struct {
	rows, cut int64
	key       []string // of the last row
	last      bool     // the export ends with it
}

// openPart is a part that is being written.
type openPart struct {
	object string
	blob   *blob.Writer
	sum    hash.Hash32
	bytes  int64
	packed io.WriteCloser
}

func newPartStore(ctx context.Context, run *exportRun, finished []models.ExportPart) (*partStore, error) {
	s := &partStore{run: run, digest: sha256.New(), number: len(finished), piece: make([]byte, 0, pieceSize),
		pieces: make(chan piece, piecesAtOnce), free: make(chan []byte, piecesAtOnce), done: make(chan struct{})}
	for range piecesAtOnce {
		s.free <- make([]byte, 0, pieceSize)
	}
	for _, p := range finished {
		s.before += p.Bytes
	}
	if s.number > 0 {
		if err := s.digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(finished[s.number-1].Digest); err != nil {
			return nil, fmt.Errorf("go on with the digest of the finished parts: %w", err)
		}
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	go s.work()
	return s, nil
}

// Write implements io.Writer for the format.
func (s *partStore) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if len(s.piece) == cap(s.piece) {
			if err := s.send(piece{bytes: s.piece}); err != nil {
				return 0, err
			}
			select {
			case s.piece = <-s.free:
			case <-s.done:
				return 0, s.failure()
			}
		}
		room := min(cap(s.piece)-len(s.piece), len(p))
		s.piece, p = append(s.piece, p[:room]...), p[room:]
	}
	return n, nil
}

func (s *partStore) send(p piece) error {
	select {
	case s.pieces <- p:
		return nil
	case <-s.done:
		return s.failure()
	}
}

func (s *partStore) failure() error {
	if s.err != nil {
		return s.err
	}
	return errors.New("the part store has ended")
}

// endPart ends the part. It does not wait until that is recorded.
func (s *partStore) endPart(end partEnd) error {
	full := s.piece
	s.piece = make([]byte, 0, pieceSize)
	if err := s.send(piece{bytes: full}); err != nil {
		return err
	}
	return s.send(piece{end: &end})
}

// close waits until everything is recorded.
func (s *partStore) close() error {
	close(s.pieces)
	<-s.done
	s.cancel()
	return s.err
}

// abort leaves nothing of the unfinished part.
func (s *partStore) abort() {
	s.cancel() // the bucket keeps no object whose context ended before its Close
	close(s.pieces)
	<-s.done
}

func (s *partStore) work() {
	defer close(s.done)
	defer s.drop()
	for p := range s.pieces {
		if s.err = s.take(p); s.err != nil {
			s.cancel()
			return
		}
	}
}

// drop gives an unfinished part up.
func (s *partStore) drop() {
	if s.part != nil {
		s.cancel()
		_ = s.part.blob.Close()
	}
}

func (s *partStore) take(p piece) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if s.part == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if p.end != nil {
		return s.finish(*p.end)
	}
	if _, err := s.part.packed.Write(p.bytes); err != nil {
		return bucketError(err)
	}
	s.run.bytes.Store(s.before + s.part.bytes)
	select {
	case s.free <- p.bytes[:0]:
	default:
	}
	if limit := s.run.row.MaxBytes; s.before+s.part.bytes > limit {
		return models.Errorf(models.CodeExportLimit,
			"The file is larger than %d MB, which is the most that your role may export. Ask for less, compress it, or have an administrator raise the limit.", limit>>20)
	}
	return nil
}

func (s *partStore) open() error {
	e := s.run.row
	s.number++
	// The execution is part of the name: one that lost its claim meanwhile writes
	// over nothing that counts.
	part := &openPart{object: fmt.Sprintf("%s%d-%05d.%s", objectPrefix(e), e.Claim, s.number, models.Extension(e.Format, e.Compression)),
		sum: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
	var err error
	part.blob, err = s.run.Bucket.NewWriter(s.ctx, part.object, &blob.WriterOptions{ContentType: "application/octet-stream", BufferSize: uploadSize, MaxConcurrency: uploadsAtOnce})
	if err != nil {
		return bucketError(err)
	}
	s.part = part
	compression := e.Compression
	if e.Format == models.FormatParquet {
		compression = models.CompressionNone
	}
	part.packed, err = export.Compress(&hashed{part, s.digest}, compression)
	return err
}

// hashed writes a part's bytes as they are stored.
type hashed struct {
	*openPart
	digest hash.Hash
}

// Write implements io.Writer.
func (h *hashed) Write(p []byte) (int, error) {
	n, err := h.blob.Write(p)
	_, _ = h.sum.Write(p[:n]) // hashes do not fail
	_, _ = h.digest.Write(p[:n])
	h.bytes += int64(n)
	return n, err
}

// finish closes a part's object and records the part.
func (s *partStore) finish(end partEnd) error {
	part := s.part
	if err := part.packed.Close(); err != nil {
		return bucketError(err)
	}
	if err := part.blob.Close(); err != nil {
		return bucketError(err)
	}
	s.part = nil
	s.before += part.bytes
	s.run.bytes.Store(s.before)
	state, err := s.digest.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return err
	}
	row := &models.ExportPart{Number: s.number, Object: part.object, Rows: end.rows, Bytes: part.bytes, CRC32C: int64(part.sum.Sum32()), Digest: state, LastKey: end.key}
	whole := ""
	if end.last {
		whole = hex.EncodeToString(s.digest.Sum(nil))
	}
	return keepTrying(s.ctx, func(ctx context.Context) error {
		return s.run.Query.Store.AddExportPart(ctx, s.run.scope, s.run.row, row, end.cut, whole)
	})
}

// bucketError codes an error of the bucket. All may pass with time.
func bucketError(err error) error {
	var coded *models.Error
	switch {
	case errors.As(err, &coded), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, syscall.ENOSPC):
		return models.Wrap(err, models.CodeUnavailable, "There is no space left where exports are put. Whoever runs DataMind must give it more, or delete some.")
	case gcerrors.Code(err) == gcerrors.PermissionDenied:
		return models.Wrap(err, models.CodeUnavailable, "DataMind may not write where exports are put. Whoever runs it must check DATAMIND_EXPORT_BUCKET and its credentials.")
	}
	return models.Wrap(err, models.CodeUnavailable, "The place where exports are put does not answer just now.")
}

// deleteObjects deletes all objects whose names begin with a prefix, but those to keep.
func (a *Export) deleteObjects(ctx context.Context, prefix string, keep map[string]bool) error {
	list := a.Bucket.List(&blob.ListOptions{Prefix: prefix})
	for {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return bucketError(err)
		}
		if keep[object.Key] {
			continue
		}
		if err := a.Bucket.Delete(ctx, object.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return bucketError(err)
		}
	}
}
