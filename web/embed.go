// Package web embeds the built page. Without a build it serves a placeholder
// that says how to make one, so that Go builds without Node.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var files embed.FS

// Dist returns the page's files, index.html at the root.
func Dist() fs.FS {
	for _, dir := range []string{"dist/app", "dist"} {
		if sub, err := fs.Sub(files, dir); err == nil {
			if _, err := fs.Stat(sub, "index.html"); err == nil {
				return sub
			}
		}
	}
	return files
}
