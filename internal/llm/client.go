// Package llm plans and writes with a language model behind any
// OpenAI-compatible endpoint. The model is not trusted: what it returns is
// bounded, parsed and cleaned here, and its SQL goes through the guard like a
// person's. Data is not trusted either: everything that comes from a database
// or a person is encoded inside fences that it cannot close.
package llm

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/datamind/datamind/models"
)

const (
	defaultTimeout   = 2 * time.Minute
	defaultMaxTokens = 2000
	// primaryAttempts is how often the first model is tried before a fallback.
	primaryAttempts = 2
)

// Config says where the model is.
type Config struct {
	BaseURL string // such as http://host:11434/v1
	Key     string // "" for endpoints without one
	Models  []string
	// AzureVersion is the API version of an Azure endpoint, whose models are
	// names of deployments; "" for any other endpoint.
	AzureVersion string
	// Control looks at each address that is dialled, for an endpoint that an
	// organisation named; no proxy stands between then. nil dials any.
	Control func(network, address string, conn syscall.RawConn) error
	Timeout time.Duration // of one call, streaming included; 0 means 2 minutes
	// MaxTokens bounds the output of one call; 0 means 2000.
	MaxTokens int
	// Called is told of each call with its kind (plan, write, wish, tiles or why), what it
	// used, and how it ended; nil tells nobody.
	Called func(kind string, usage models.Usage, err error, took time.Duration)
}

// Client calls the models of one endpoint. It is safe for concurrent use.
type Client struct {
	config   Config
	api      *openai.Client
	http     *http.Client
	breakers map[string]*breaker
	now      func() time.Time

	mu     sync.Mutex
	quirks map[string]quirks // what each model's endpoint does not take
}

// New makes a client; it connects with the first call.
func New(config Config) *Client {
	if config.Timeout <= 0 {
		config.Timeout = defaultTimeout
	}
	if config.MaxTokens <= 0 {
		config.MaxTokens = defaultMaxTokens
	}
	config.Models = append([]string(nil), config.Models...)
	c := &Client{config: config, http: newHTTPClient(config), now: time.Now,
		breakers: map[string]*breaker{}, quirks: map[string]quirks{}}
	for _, model := range config.Models {
		c.breakers[model] = newBreaker(model)
	}
	api := openai.DefaultConfig(config.Key)
	if config.AzureVersion != "" {
		api = openai.DefaultAzureConfig(config.Key, "")
		api.APIVersion, api.AzureModelMapperFunc = config.AzureVersion, url.PathEscape
	}
	api.BaseURL, api.HTTPClient = config.BaseURL, c.http
	c.api = openai.NewClientWithConfig(api)
	return c
}

// Close lets go of connections that are kept for further calls.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Target is one model of one endpoint.
type Target struct {
	*Client
	Model string
}

// Targets are the models of the endpoint, in their order.
func (c *Client) Targets() []Target {
	all := make([]Target, len(c.config.Models))
	for i, model := range c.config.Models {
		all[i] = Target{c, model}
	}
	return all
}

// Pick chooses the model for an activity's attempt, counted from 1: the first
// model twice, then one further down the list with each attempt. A model whose
// breaker is open is passed over while another one is not. There must be one.
func Pick(attempt int, targets []Target) Target {
	first := min(max(attempt-primaryAttempts, 0), len(targets)-1)
	for _, t := range slices.Concat(targets[first:], targets[:first]) {
		if !t.Open(t.Model) {
			return t
		}
	}
	return targets[len(targets)-1]
}

// Open reports whether a model failed several times in a row and is left alone.
func (c *Client) Open(model string) bool { return c.breaker(model).open() }

// called tells whoever wants to know of a call that began at a time.
func (c *Client) called(kind string, begun time.Time, usage *models.Usage, err *error) {
	if c.config.Called != nil {
		c.config.Called(kind, *usage, *err, time.Since(begun))
	}
}

// breaker finds the breaker of a model, also of one that a caller names
// without it being configured.
func (c *Client) breaker(model string) *breaker {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.breakers[model]
	if !ok {
		b = newBreaker(model)
		c.breakers[model] = b
	}
	return b
}
