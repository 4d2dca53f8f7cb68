package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/datamind/datamind/internal/auth"
	"github.com/datamind/datamind/models"
)

// Channel is a way to tell people something. Those who only use it see its id,
// name and kind; its secret nobody sees.
type Channel struct {
	ID        string                  `json:"id" format:"uuid"`
	Name      string                  `json:"name"`
	Kind      models.ChannelKind      `json:"kind" enum:"email,slack,teams,discord,pagerduty,telegram,webhook"`
	Enabled   bool                    `json:"enabled" doc:"Nothing is told over a channel that is off; the ledger says so"`
	Settings  *models.ChannelSettings `json:"settings,omitempty" doc:"All that is no secret"`
	SecretSet *bool                   `json:"secret_set,omitempty" doc:"Whether a secret is stored"`
	CreatedAt *time.Time              `json:"created_at,omitempty"`
	UpdatedAt *time.Time              `json:"updated_at,omitempty"`
}

func channelView(c *models.Channel) Channel {
	set := len(c.SealedSecret) > 0
	return Channel{ID: c.ID, Name: c.Name, Kind: c.Kind, Enabled: c.Enabled, Settings: &c.Settings, SecretSet: &set, CreatedAt: &c.CreatedAt, UpdatedAt: &c.UpdatedAt}
}

// ChannelList are all channels of the organisation.
type ChannelList struct {
	Channels []Channel `json:"channels" doc:"By name. For those who only use them: the enabled ones, id, name and kind"`
}

// ChannelInput describes a channel to set up.
type ChannelInput struct {
	Name     string                 `json:"name" minLength:"1" maxLength:"100"`
	Kind     models.ChannelKind     `json:"kind" enum:"email,slack,teams,discord,pagerduty,telegram,webhook"`
	Settings models.ChannelSettings `json:"settings" required:"false"`
	Secret   string                 `json:"secret,omitempty" maxLength:"2000" doc:"Kept sealed; no answer ever holds it. Mail: the password. Slack: the address of an incoming webhook, or a bot's token (xoxb-…). Teams, Discord: the webhook's address. PagerDuty: the integration key. Telegram: the bot's token. Webhook: what messages are signed with, 16 characters at least"`
	Enabled  *bool                  `json:"enabled,omitempty" doc:"Default true"`
}

// ChannelPatch changes the fields that are given. The kind stays.
type ChannelPatch struct {
	Name     *string                 `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Settings *models.ChannelSettings `json:"settings,omitempty" doc:"All of them; a stored password must be given again with another mail server"`
	Secret   *string                 `json:"secret,omitempty" maxLength:"2000" doc:"\"\" takes a stored password of a mail server away"`
	Enabled  *bool                   `json:"enabled,omitempty"`
}

// ChannelTest is a channel to try before it is saved.
type ChannelTest struct {
	ChannelID string                 `json:"channel_id,omitempty" format:"uuid" maxLength:"36" doc:"A saved channel of the same kind whose stored secret is used where secret is left out"`
	Name      string                 `json:"name,omitempty" maxLength:"100"`
	Kind      models.ChannelKind     `json:"kind" enum:"email,slack,teams,discord,pagerduty,telegram,webhook"`
	Settings  models.ChannelSettings `json:"settings" required:"false"`
	Secret    string                 `json:"secret,omitempty" maxLength:"2000"`
}

type (
	channelOut      struct{ Body Channel }
	channelListOut  struct{ Body ChannelList }
	channelCreateIn struct{ Body ChannelInput }
	channelPatchIn  struct {
		IDParam
		Body ChannelPatch
	}
	channelTestIn    struct{ Body ChannelTest }
	channelReportOut struct{ Body models.ChannelReport }
)

func (s *Server) channelRoutes() {
	register(s, operation(http.MethodGet, "/channels", "list-channels", "Channels that messages can go over", 200), auth.UseChannels, s.listChannels)
	register(s, operation(http.MethodPost, "/channels", "create-channel", "Set up a channel", 201), auth.ManageChannels, s.createChannel)
	register(s, slow(operation(http.MethodPost, "/channels/test", "test-channel", "Send a test over a channel that is not saved; the report says what is wrong", 200), testTimeout),
		auth.ManageChannels, s.testChannel)
	register(s, operation(http.MethodGet, "/channels/{id}", "get-channel", "One channel", 200), auth.ManageChannels, s.getChannel)
	register(s, operation(http.MethodPatch, "/channels/{id}", "update-channel", "Change a channel", 200), auth.ManageChannels, s.updateChannel)
	register(s, operation(http.MethodDelete, "/channels/{id}", "delete-channel", "Remove a channel with its secret; what it was to tell is skipped", 204), auth.ManageChannels, s.deleteChannel)
	register(s, slow(operation(http.MethodPost, "/channels/{id}/test", "test-saved-channel", "Send a test over a saved channel", 200), testTimeout),
		auth.ManageChannels, s.testSavedChannel)
}

func (s *Server) listChannels(ctx context.Context, _ *empty) (*channelListOut, error) {
	rows, err := s.deps.Store.ListChannels(ctx, scopeOf(ctx))
	if err != nil {
		return nil, err
	}
	out := &channelListOut{Body: ChannelList{Channels: []Channel{}}}
	for i := range rows {
		switch c := &rows[i]; {
		case slices.Contains(who(ctx).Permissions, auth.ManageChannels):
			out.Body.Channels = append(out.Body.Channels, channelView(c))
		case c.Enabled:
			out.Body.Channels = append(out.Body.Channels, Channel{ID: c.ID, Name: c.Name, Kind: c.Kind, Enabled: true})
		}
	}
	return out, nil
}

func (s *Server) getChannel(ctx context.Context, in *IDParam) (*channelOut, error) {
	c, err := s.deps.Store.GetChannel(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &channelOut{Body: channelView(c)}, nil
}

func (s *Server) createChannel(ctx context.Context, in *channelCreateIn) (*channelOut, error) {
	scope, b := scopeOf(ctx), in.Body
	c := &models.Channel{ID: newID(), OrgID: scope.OrgID, Name: b.Name, Kind: b.Kind, Settings: b.Settings, Enabled: b.Enabled == nil || *b.Enabled}
	if err := s.prepareChannel(c, &b.Secret); err != nil {
		return nil, err
	}
	if err := s.deps.Store.CreateChannel(ctx, scope, c); err != nil {
		return nil, err
	}
	s.audit(ctx, "channel.create", c.ID, channelDetail(c))
	return &channelOut{Body: channelView(c)}, nil
}

// channelDetail is what the audit log has of a channel.
func channelDetail(c *models.Channel) map[string]any {
	return map[string]any{"name": c.Name, "kind": c.Kind, "enabled": c.Enabled, "to": channelPlace(c)}
}

// channelPlace is where a channel leads, as far as that is no secret.
func channelPlace(c *models.Channel) string {
	for _, place := range []string{c.Settings.Host, c.Settings.URL, c.Settings.Room, c.Settings.Hint} {
		if place != "" {
			return place
		}
	}
	return string(c.Kind)
}

// updateChannel changes what is given. As with connections, a change of where a
// password is sent needs the password again.
func (s *Server) updateChannel(ctx context.Context, in *channelPatchIn) (*channelOut, error) {
	scope := scopeOf(ctx)
	c, err := s.deps.Store.GetChannel(ctx, scope, in.ID)
	if err != nil {
		return nil, err
	}
	before, p := *c, in.Body
	set(&c.Name, p.Name)
	set(&c.Enabled, p.Enabled)
	if p.Settings != nil {
		hint := c.Settings.Hint
		c.Settings = *p.Settings
		c.Settings.Hint = hint
	}
	if err := s.prepareChannel(c, p.Secret); err != nil {
		return nil, err
	}
	if p.Secret == nil && movesPassword(&before, c) {
		return nil, invalidField("body.secret", "is needed again when the mail server, its port or its encryption changes")
	}
	if err := s.deps.Store.UpdateChannel(ctx, scope, c); err != nil {
		return nil, err
	}
	detail := channelDetail(c)
	detail["secret"] = p.Secret != nil
	s.audit(ctx, "channel.update", c.ID, detail)
	return &channelOut{Body: channelView(c)}, nil
}

// movesPassword says that a stored password would go elsewhere, or another way.
func movesPassword(before, after *models.Channel) bool {
	a, b := before.Settings, after.Settings
	return after.Kind == models.ChannelEmail && len(after.SealedSecret) > 0 && (a.Host != b.Host || a.Port != b.Port || a.TLS != b.TLS)
}

func (s *Server) deleteChannel(ctx context.Context, in *IDParam) (*empty, error) {
	if err := s.deps.Store.DeleteChannel(ctx, scopeOf(ctx), in.ID); err != nil {
		return nil, err
	}
	s.audit(ctx, "channel.delete", in.ID, nil)
	return nil, nil
}

func (s *Server) testChannel(ctx context.Context, in *channelTestIn) (*channelReportOut, error) {
	scope, b := scopeOf(ctx), in.Body
	c := &models.Channel{ID: newID(), OrgID: scope.OrgID, Name: b.Name, Kind: b.Kind, Settings: b.Settings, Enabled: true}
	if c.Name == "" {
		c.Name = string(b.Kind)
	}
	secret := &b.Secret
	var stored *models.Channel
	if b.ChannelID != "" {
		var err error
		if stored, err = s.deps.Store.GetChannel(ctx, scope, canonical(b.ChannelID)); err != nil {
			return nil, err
		}
		if stored.Kind != c.Kind {
			return nil, invalidField("body.kind", "must be that of the saved channel")
		}
		c.ID = stored.ID // its secret opens with that
		if b.Secret == "" {
			secret, c.SealedSecret, c.Settings.Hint = nil, stored.SealedSecret, stored.Settings.Hint
		}
	}
	if err := s.prepareChannel(c, secret); err != nil {
		return nil, err
	}
	if secret == nil && movesPassword(stored, c) {
		return nil, invalidField("body.secret", "is needed again when the mail server, its port or its encryption changes")
	}
	return s.runChannelTest(ctx, TestChannelInput{Unsaved: c})
}

func (s *Server) testSavedChannel(ctx context.Context, in *IDParam) (*channelReportOut, error) {
	c, err := s.deps.Store.GetChannel(ctx, scopeOf(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.runChannelTest(ctx, TestChannelInput{ChannelID: c.ID})
	if err == nil {
		s.audit(ctx, "channel.test", c.ID, map[string]any{"ok": out.Body.OK, "code": out.Body.Code})
	}
	return out, err
}

func (s *Server) runChannelTest(ctx context.Context, in TestChannelInput) (*channelReportOut, error) {
	scope := scopeOf(ctx)
	if err := s.deps.Auth.Limit(ctx, "test:"+scope.UserID, s.deps.Config.TestsPerMinute, time.Minute); err != nil {
		return nil, err
	}
	report, err := s.deps.Runs.TestChannel(ctx, scope, in)
	if err != nil {
		return nil, unavailable(err, "The test could not be run now. Try again in a moment.")
	}
	return &channelReportOut{Body: report}, nil
}
