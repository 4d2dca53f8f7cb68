package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/models"
)

type doctorCmd struct {
	Data string `help:"Data directory of 'datamind up'; used where the environment configures nothing." default:".datamind" type:"path"`
	JSON bool   `help:"Print one JSON object."`
}

// finding is the outcome of one check.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
	Ms     int64  `json:"ms"`
}

// checkLimit bounds each check but the test of a connection, whose own report
// of a timeout comes within connectionLimit.
const (
	checkLimit      = 10 * time.Second
	connectionLimit = 40 * time.Second
)

// errUnhealthy ends the process with 1 after everything has been printed.
var errUnhealthy = errors.New("something is wrong")

// Run checks everything that the configuration names.
func (d doctorCmd) Run(ctx context.Context) error {
	x := &examination{hide: hider(config.Config{})}
	x.all(ctx, d.Data)
	healthy := true
	for _, f := range x.findings {
		healthy = healthy && f.OK
	}
	if d.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"ok": healthy, "checks": x.findings}); err != nil {
			return err
		}
	} else {
		printFindings(os.Stdout, x.findings)
	}
	if !healthy {
		return errUnhealthy
	}
	return nil
}

func printFindings(w io.Writer, findings []finding) {
	for _, f := range findings {
		mark := "ok   "
		if !f.OK {
			mark = "WRONG"
		}
		_, _ = fmt.Fprintf(w, "%s  %-24s %s\n", mark, printable(f.Name, false), printable(f.Detail, false))
		if f.Fix != "" {
			_, _ = fmt.Fprintf(w, "       %-24s → %s\n", "", printable(f.Fix, false))
		}
	}
}

// examination is a run of all checks.
type examination struct {
	findings []finding
	hide     func(string) string
}

// errFix is an error that says itself what to do about it.
type errFix struct {
	error
	fix string
}

// Unwrap returns the error without its fix.
func (e errFix) Unwrap() error { return e.error }

// check runs one check and keeps what it found. fix is what to do when it
// fails, unless the error says so itself.
func (x *examination) check(ctx context.Context, name, fix string, f func(context.Context) (string, error)) bool {
	return x.checkWithin(ctx, checkLimit, name, fix, f)
}

func (x *examination) checkWithin(ctx context.Context, limit time.Duration, name, fix string, f func(context.Context) (string, error)) bool {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	detail, err := f(ctx)
	found := finding{Name: name, OK: err == nil, Detail: detail, Ms: time.Since(begun).Milliseconds()}
	if err != nil {
		found.Detail, found.Fix = reason(err), fix
		var own errFix
		if errors.As(err, &own) {
			found.Fix = own.fix
		}
	}
	found.Detail, found.Fix = x.hide(found.Detail), x.hide(found.Fix)
	x.findings = append(x.findings, found)
	return err == nil
}

// reason is an error in one line: what a person may see and, for the operator,
// the cause behind it.
func reason(err error) string {
	text := err.Error()
	var coded *models.Error
	if errors.As(err, &coded) {
		text = coded.Message
		if coded.Err != nil {
			text += " (" + coded.Err.Error() + ")"
		}
	}
	const most = 600
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) > most {
		return string(line[:most-1]) + "…"
	}
	return string(line)
}

// userinfo finds the password in an address, whoever's it is.
var userinfo = regexp.MustCompile(`(://[^/\s:@]*):\S*@`)

// hider takes the configuration's secrets, and passwords in addresses, out of a text.
func hider(c config.Config) func(string) string {
	var pairs []string
	hide := func(secret string) {
		if len(secret) >= 8 { // a shorter one would be found in words that hide nothing
			pairs = append(pairs, secret, "[secret]")
		}
	}
	for _, secret := range c.Secrets() {
		hide(secret) // the whole before its part
		if parsed, err := url.Parse(secret); err == nil && parsed.User != nil {
			password, _ := parsed.User.Password()
			hide(password)
			hide(url.QueryEscape(password))
		}
	}
	replacer := strings.NewReplacer(pairs...)
	return func(text string) string { return userinfo.ReplaceAllString(replacer.Replace(text), "$1:[secret]@") }
}

// discard is the logger of commands that print findings instead.
var discard = slog.New(slog.DiscardHandler)

// leftBy is the source of a configuration that 'up' left in its data directory.
func leftBy(dir string) string { return "from " + filepath.Join(dir, environFile) }

// installedConfig reads the environment or, where that names no database, what
// 'up' left in its data directory. source says which.
func installedConfig(dir string, required ...string) (c config.Config, source string, err error) {
	environ, source := os.Environ(), "from the environment"
	c, err = config.Load(environ)
	if err == nil && c.DatabaseURL == "" {
		if raw, readErr := os.ReadFile(filepath.Join(dir, environFile)); readErr == nil {
			source = leftBy(dir)
			c, err = config.Load(append(strings.Split(strings.TrimSpace(string(raw)), "\n"), environ...)) // what is set wins
		}
	}
	if err == nil {
		err = c.Require(required...)
	}
	return c, source, err
}
