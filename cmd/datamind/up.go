package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/internal/bucket"
	"github.com/datamind/datamind/internal/config"
	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/internal/embedded"
	"github.com/datamind/datamind/internal/sqlguard"
	"github.com/datamind/datamind/internal/store"
	"github.com/datamind/datamind/models"
	"github.com/datamind/datamind/workflows"
)

type upCmd struct {
	Data       string `help:"Directory that holds everything." default:".datamind" type:"path"`
	HTTP       string `name:"http" help:"Address of the web page and the API." default:"127.0.0.1:8080"`
	TemporalUI string `name:"temporal-ui" help:"Address of the Temporal web UI." default:"127.0.0.1:8233"`
	NoSample   bool   `help:"Do not make the sample company's database."`
}

// readyLimit bounds the wait for the whole stack to answer.
const readyLimit = time.Minute

// upShutdown is how long running steps may go on after Ctrl-C; what is cut
// off is resumed by the next start.
const upShutdown = 3 * time.Second

// Run starts everything, prints the address and a sign-in link, and stops
// everything when a signal comes.
func (u upCmd) Run(ctx context.Context) error {
	c, _, err := loadConfig()
	if err != nil {
		return err
	}
	if c.BuildID != "" {
		return errConfig{errors.New("DATAMIND_BUILD_ID is for workers apart, of which two builds can run side by side; 'datamind up' is all of them: unset it")}
	}
	listener, err := net.Listen("tcp", u.HTTP)
	if err != nil {
		return models.Wrap(err, models.CodeConflict, "The address %s cannot be used: another program has it, or it is not of this machine. Choose another with --http.", u.HTTP)
	}
	defer func() { _ = listener.Close() }()
	if c.BaseURL == "" {
		c.BaseURL = "http://" + reachableName(listener.Addr())
	}
	if c.TemporalUIURL == "" {
		c.TemporalUIURL = "http://" + u.TemporalUI
	}
	warm := make(chan error, 1)
	go func() { warm <- sqlguard.Warm() }() // the parser takes a second to load
	say("Starting PostgreSQL and Temporal in %s …", u.Data)
	stack, err := embedded.Start(ctx, embedded.Options{DataDir: u.Data, UIAddr: u.TemporalUI, RedisURL: string(c.RedisURL),
		TemporalAddr: c.TemporalAddress, CodecURL: c.BaseURL + "/api/v1/temporal/codec"})
	if err != nil {
		return err
	}
	defer stack.Close()
	one := &oneMachine{upCmd: u, config: c, stack: stack}
	if err := one.prepare(ctx); err != nil {
		return err
	}
	if err := <-warm; err != nil {
		return err
	}
	return one.serve(ctx, listener)
}

// say tells the person at the terminal; logs go to a file.
func say(format string, args ...any) { _, _ = fmt.Fprintf(os.Stderr, format+"\n", args...) }

// reachableName turns an address that listens everywhere into one to open.
func reachableName(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return fmt.Sprintf("localhost:%d", tcp.Port)
}

// oneMachine is the platform in one process, on an embedded stack.
type oneMachine struct {
	upCmd
	config   config.Config
	stack    *embedded.Stack
	services *services
	log      *slog.Logger
	owner    models.Scope
	// refresh brings the sample up to date while people already ask.
	refresh func(context.Context) error
	unseen  []string // alerts that were made at this start
	// unreported is the report that was made at this start, "" for none.
	unreported string
}

// prepare fills the databases and starts Temporal, side by side.
func (o *oneMachine) prepare(ctx context.Context) error {
	if err := o.configure(); err != nil {
		return err
	}
	file, err := openLog(filepath.Join(o.Data, "log", "datamind.log"))
	if err != nil {
		return err
	}
	o.log = newLogger(o.config, file)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return o.stack.StartTemporal(ctx) })
	group.Go(func() error {
		_, err := store.Migrate(ctx, o.stack.OwnerDSN, "up")
		return err
	})
	if !o.NoSample {
		group.Go(func() (err error) {
			o.refresh, err = loadSample(ctx, o.stack.SampleDSN, o.Data)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	o.config.TemporalAddress = o.stack.TemporalAddr
	if !o.NoSample { // its database is on the platform's own server
		sample, err := url.Parse(o.stack.SampleDSN)
		if err != nil {
			return err
		}
		o.config.AllowConnections = append(o.config.AllowConnections, sampleReader+"@"+sample.Host+sample.Path)
	}
	environ := strings.Join(o.config.Environ(), "\n") + "\n"
	return writeSecret(filepath.Join(o.Data, environFile), []byte(environ))
}

// environFile lets other processes of the same machine join: doctor, or more workers.
const environFile = "env"

// configure sets what the stack decides, with keys that the data directory keeps.
func (o *oneMachine) configure() error {
	c := &o.config
	c.DatabaseURL, c.MigrateDatabaseURL = config.Secret(o.stack.AppDSN), config.Secret(o.stack.OwnerDSN)
	c.RedisURL, c.ShutdownTimeout = config.Secret(o.stack.RedisURL), upShutdown
	if c.ExportBucket == "" {
		var err error
		if c.ExportBucket, err = bucket.Directory(filepath.Join(o.Data, "exports")); err != nil {
			return err
		}
	}
	var private, modelKeys, channelKeys string
	pair := func() string { pub, priv := crypt.GenerateKeys(); return pub + " " + priv }
	for _, key := range []struct {
		name   string
		target *config.Secret
		make   func() string
	}{
		{"jwt-key", &c.JWTKey, crypt.GenerateCodecKey},
		{"payload-key", &c.PayloadKey, crypt.GenerateCodecKey},
		{"seal-keys", (*config.Secret)(&private), pair},
		{"model-seal-keys", (*config.Secret)(&modelKeys), pair},
		{"channel-seal-keys", (*config.Secret)(&channelKeys), pair},
	} {
		value, err := embedded.KeepSecret(o.Data, key.name, key.make)
		if err != nil {
			return err
		}
		if *key.target == "" {
			*key.target = config.Secret(value)
		}
	}
	pub, priv, _ := strings.Cut(private, " ")
	c.SealPublicKey, c.SealPrivateKey = pub, config.Secret(priv)
	pub, priv, _ = strings.Cut(modelKeys, " ")
	c.ModelSealPublicKey, c.ModelSealPrivateKey = pub, config.Secret(priv)
	if os.Getenv(config.Prefix+"ALLOW_PRIVATE_MODELS") == "" { // Ollama and the like are on the same machine
		c.AllowPrivateModels = true
	}
	pub, priv, _ = strings.Cut(channelKeys, " ")
	c.ChannelSealPublicKey, c.ChannelSealPrivateKey = pub, config.Secret(priv)
	if os.Getenv(config.Prefix+"ALLOW_PRIVATE_CHANNELS") == "" { // so are receivers that somebody tries out
		c.AllowPrivateChannels = true
	}
	return nil
}

// serve connects, starts the workers and the API, and says so when all answer.
func (o *oneMachine) serve(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var err error
	if o.services, err = connect(ctx, o.config, o.log, "datamind"); err != nil {
		return err
	}
	defer o.services.close()
	o.services.own = append(o.services.own, listener.Addr().String(), o.TemporalUI)
	if o.owner, err = o.services.bootstrap(ctx); err != nil {
		return err
	}
	if err := o.connectSample(ctx); err != nil {
		return err
	}
	stop, err := o.services.startWorkers(ctx, workflows.Queues, cancel)
	if err != nil {
		return err
	}
	defer stop()
	a, err := o.services.auth()
	if err != nil {
		return err
	}
	server, err := o.services.newAPI(a)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- o.services.serve(ctx, server, listener) }()
	go o.services.relay(ctx)
	go o.services.watch(ctx, true)
	if err := o.announce(ctx, a, listener); err != nil {
		cancel(err)
		return errors.Join(err, <-served)
	}
	go o.afterReady(ctx)
	select {
	case <-o.stack.Failed:
		cancel(o.stack.Err)
		return errors.Join(o.stack.Err, <-served)
	case err := <-served:
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
			return errors.Join(cause, err)
		}
		if ctx.Err() != nil {
			say("Stopping …")
		}
		return err
	}
}

// announce waits until everything answers, leaves the command line its
// credentials, and prints the line that people and scripts wait for.
func (o *oneMachine) announce(ctx context.Context, a *auth.Service, listener net.Listener) error {
	local := "http://" + reachableName(listener.Addr())
	if err := waitReady(ctx, local+"/health/ready"); err != nil {
		return err
	}
	if err := o.credentials(ctx, a, local); err != nil {
		return err
	}
	token, err := a.NewLink(ctx, o.owner)
	if err != nil {
		return err
	}
	fmt.Printf("DataMind is ready: %s · sign in once with %s\n", o.config.BaseURL, signInURL(o.config.BaseURL, token))
	fmt.Printf("Temporal UI: %s · Ctrl-C stops everything\n", o.config.TemporalUIURL)
	return nil
}

func waitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("%s answers %s", url, resp.Status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("DataMind did not become ready within %s; log/datamind.log says why: %w", readyLimit, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// credentials gives the command line a key of the owner's, for asking only.
func (o *oneMachine) credentials(ctx context.Context, a *auth.Service, address string) error {
	if old, err := readCredentials(o.Data); err == nil && old.KeyID != "" {
		_ = a.RevokeAPIKey(ctx, o.owner, old.KeyID) // it may have been revoked already
	}
	scopes := []string{auth.Profile, auth.Ask, auth.ReadQuestions, auth.ReadConnections, auth.ReadCatalog, auth.ReadExports, auth.WriteExports, auth.ReadReports, auth.WriteReports}
	key, secret, err := a.CreateAPIKey(ctx, o.owner, "command line on this machine", scopes, time.Now().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	return writeCredentials(o.Data, credentials{Address: address, APIKey: secret, KeyID: key.ID})
}

// afterReady does what nobody has to wait for.
func (o *oneMachine) afterReady(ctx context.Context) {
	o.lookOnce(ctx)
	if o.refresh == nil {
		return
	}
	if err := o.refresh(ctx); err != nil && ctx.Err() == nil {
		o.log.Warn("sample data not refreshed", "error", err)
	}
}

// personName is how the operating system calls who runs this.
func personName() string {
	u, err := user.Current()
	if err != nil {
		return "Owner"
	}
	if name, _, _ := strings.Cut(u.Name, ","); name != "" {
		return name
	}
	return u.Username
}

// openLog opens a log for appending; a large one is put aside first.
func openLog(path string) (*os.File, error) {
	const large = 50 << 20
	if info, err := os.Stat(path); err == nil && info.Size() > large {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// writeSecret replaces a file whole, readable by its owner only.
func writeSecret(path string, content []byte) error {
	half := path + ".new"
	if err := os.WriteFile(half, content, 0o600); err != nil {
		return err
	}
	return os.Rename(half, path)
}

type downCmd struct {
	Data string `help:"Data directory of 'datamind up'." default:".datamind" type:"path"`
}

// Run stops the stack that runs on the data directory, and what a crash left.
func (d downCmd) Run() error {
	ran, err := embedded.Down(d.Data)
	if err != nil {
		return err
	}
	if ran {
		say("DataMind on %s has been stopped.", d.Data)
	} else {
		say("Nothing runs on %s.", d.Data)
	}
	return nil
}

// addrOf resolves host:port into what a policy compares.
func addrOf(ctx context.Context, hostPort string) (all []netip.AddrPort) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil
	}
	for _, ip := range ips {
		all = append(all, netip.AddrPortFrom(ip.Unmap(), uint16(number)))
	}
	return all
}
