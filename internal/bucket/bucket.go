// Package bucket opens the place where files are kept: a directory, S3, Google
// Cloud Storage or Azure Blob Storage.
package bucket

import (
	"context"
	"net/url"
	"path/filepath"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/fileblob"  // file://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/s3blob"    // s3://

	"github.com/datamind/datamind/models"
)

// Schemes are those of addresses that Open knows.
var Schemes = []string{"file", "s3", "gs", "azblob"}

// Open opens the bucket at an address such as file:///var/lib/datamind/exports,
// s3://name?region=eu-central-1, gs://name or azblob://name. Credentials are
// those of the process's environment, as each of them finds them.
func Open(ctx context.Context, address string) (*blob.Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, models.Errorf(models.CodeInvalid, "The address of the bucket cannot be read; its form is file:///path, s3://name, gs://name or azblob://name.")
	}
	if u.Scheme == "file" {
		q := u.Query()
		// A file appears under its name when it is whole. Until then it is beside it:
		// the system's directory for temporary files may be on another disk.
		q.Set("no_tmp_dir", "true")
		q.Set("create_dir", "true")
		q.Set("dir_file_mode", "448") // 0700
		q.Set("metadata", "skip")
		u.RawQuery = q.Encode()
	}
	b, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, models.Wrap(err, models.CodeUnavailable, "The bucket cannot be opened. Check its address, and the credentials in the process's environment.")
	}
	return b, nil
}

// Directory is the address of a directory.
func Directory(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String(), nil
}
