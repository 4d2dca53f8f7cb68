package models

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// ChannelKind is a service over which people are told something.
type ChannelKind string

// The kinds of channels.
const (
	ChannelEmail     ChannelKind = "email"
	ChannelSlack     ChannelKind = "slack"
	ChannelTeams     ChannelKind = "teams"
	ChannelDiscord   ChannelKind = "discord"
	ChannelPagerDuty ChannelKind = "pagerduty"
	ChannelTelegram  ChannelKind = "telegram"
	ChannelWebhook   ChannelKind = "webhook"
)

// ChannelKinds are all kinds, in the order in which they are offered.
var ChannelKinds = []ChannelKind{ChannelEmail, ChannelSlack, ChannelTeams, ChannelDiscord, ChannelPagerDuty, ChannelTelegram, ChannelWebhook}

// Ways of encrypting the way to a mail server.
const (
	MailStartTLS = "starttls" // plain at first, then TLS or nothing
	MailTLS      = "tls"      // from the first byte
	MailPlain    = "plain"    // none; for a server on the same machine
)

// Channel is a way to tell people something: a mail server with its recipients, a
// room of a chat service, an address of another program.
type Channel struct {
	ID       string          `gorm:"type:uuid;primaryKey"`
	OrgID    string          `gorm:"type:uuid;not null;uniqueIndex:channels_name,priority:1"`
	Name     string          `gorm:"not null;uniqueIndex:channels_name,priority:2"`
	Kind     ChannelKind     `gorm:"not null"`
	Settings ChannelSettings `gorm:"serializer:json;type:jsonb;not null"`
	// SealedSecret is sealed to the alert workers' public key: a password, a token,
	// or an address that is as good as one. Empty for a mail server that wants none.
	SealedSecret []byte `gorm:"not null" json:"-"`
	Enabled      bool   `gorm:"not null"`
	CreatedBy    string `gorm:"type:uuid;not null"`
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// ChannelSettings are what of a channel is no secret; each kind has its own.
type ChannelSettings struct {
	// Mail.
	Host     string   `json:"host,omitempty" maxLength:"253" doc:"Mail: the server"`
	Port     int      `json:"port,omitempty" minimum:"0" maximum:"65535" doc:"Mail: the server's port; default 587"`
	TLS      string   `json:"tls,omitempty" enum:"starttls,tls,plain" doc:"Mail: STARTTLS (default), TLS from the first byte, or none"`
	Username string   `json:"username,omitempty" maxLength:"320" doc:"Mail: who signs in; empty for a server that asks nobody"`
	From     string   `json:"from,omitempty" maxLength:"320" doc:"Mail: the sender's address"`
	FromName string   `json:"from_name,omitempty" maxLength:"100" doc:"Mail: the sender's name; default DataMind"`
	To       []string `json:"to,omitempty" maxItems:"100" doc:"Mail: the recipients' addresses, each of which gets a message of its own. Telegram: the chats' ids"`
	// Slack.
	Room string `json:"room,omitempty" maxLength:"80" doc:"Slack with a bot's token: the channel's id, such as C0123456789; empty with a webhook"`
	// PagerDuty.
	Region string `json:"region,omitempty" enum:"us,eu" doc:"PagerDuty: where the account is; default us"`
	// Webhook.
	URL string `json:"url,omitempty" maxLength:"2000" doc:"Webhook: the address that is told"`
	// Hint is what is shown of an address that is a secret: its host.
	Hint string `json:"hint,omitempty" maxLength:"253" readOnly:"true" doc:"The host of an address that is a secret"`
}

// channelHosts are the hosts of addresses that are secrets: one of these, or one
// that ends like it where it begins with a dot.
var channelHosts = map[ChannelKind][]string{
	ChannelSlack:   {"hooks.slack.com", "hooks.slack-gov.com"},
	ChannelDiscord: {"discord.com", "discordapp.com", "canary.discord.com", "ptb.discord.com"},
	ChannelTeams: {".logic.azure.com", ".logic.azure.us", ".logic.azure.cn", ".api.powerplatform.com", ".api.powerplatform.us", ".api.powerplatform.cn",
		".webhook.office.com"},
}

// KnownHost says whether the webhooks of a service may be at a host.
func (k ChannelKind) KnownHost(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(channelHosts[k], func(h string) bool { return host == h || h[0] == '.' && strings.HasSuffix(host, h) })
}

// Recipients are whom the channel tells each on their own: addresses of mail,
// chats of Telegram. Other kinds have the one that is called "".
func (c *Channel) Recipients() []string {
	if (c.Kind == ChannelEmail || c.Kind == ChannelTelegram) && len(c.Settings.To) > 0 {
		return c.Settings.To
	}
	return []string{""}
}

// Pace is the time from one message to the next that the channel's service puts
// up with, to one recipient:
//   - Slack: a message a second to a room.
//   - Microsoft Teams: four requests a second to a webhook.
//   - Discord: five requests in two seconds to a webhook.
//   - PagerDuty: 120 events a minute to an integration.
//   - Telegram: 20 messages a minute to a group, whose id is negative or a name,
//     and one a second to a person.
//
// Mail servers and webhooks have limits of their own, which nobody knows.
func (k ChannelKind) Pace(recipient string) time.Duration {
	switch k {
	case ChannelSlack:
		return time.Second
	case ChannelTeams:
		return 250 * time.Millisecond
	case ChannelDiscord:
		return 400 * time.Millisecond
	case ChannelPagerDuty:
		return 500 * time.Millisecond
	case ChannelTelegram:
		if strings.HasPrefix(recipient, "-") || strings.HasPrefix(recipient, "@") {
			return 3 * time.Second
		}
		return time.Second
	case ChannelEmail:
		return 50 * time.Millisecond
	}
	return 5 * time.Millisecond
}

// PaceOf is whom a service counts on their own: each chat of Telegram; of a mail
// server all recipients together.
func (k ChannelKind) PaceOf(recipient string) string {
	if k == ChannelTelegram {
		return recipient
	}
	return ""
}

// ChannelPace says which slots of a channel are taken.
type ChannelPace struct {
	ChannelID string    `gorm:"type:uuid;primaryKey"`
	Recipient string    `gorm:"primaryKey"`
	OrgID     string    `gorm:"type:uuid;not null"`
	LastAt    time.Time `gorm:"not null"` // when something was told last
	FreeAt    time.Time `gorm:"not null"` // the first slot that nobody waits for
}

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

// The statuses of a delivery.
const (
	DeliveryQueued  DeliveryStatus = "queued"  // waits for its first or its next try
	DeliverySending DeliveryStatus = "sending" // somebody has begun to tell it
	DeliverySent    DeliveryStatus = "sent"    // the service took it
	DeliveryFailed  DeliveryStatus = "failed"  // the service will not take it, or did not in all tries
	DeliverySkipped DeliveryStatus = "skipped" // it was not to be told: the channel is off or gone, or what caused it was stopped
	DeliveryLate    DeliveryStatus = "late"    // nobody could tell it while it was news
)

// Final says that nothing happens to the delivery by itself any more.
func (s DeliveryStatus) Final() bool { return s != DeliveryQueued && s != DeliverySending }

// Bounds of deliveries.
const (
	// DeliveryTries is how often a delivery is tried by itself, and again each
	// time that somebody asks for it.
	DeliveryTries = 15
	// DeliveryMaxTries is how often it is tried at all.
	DeliveryMaxTries = 75
	// DeliveryLateAfter is how long a delivery stays news where nothing else is said.
	DeliveryLateAfter = 24 * time.Hour
)

// Delivery is one message to one recipient over one channel: a row of the ledger.
type Delivery struct {
	ID    string `gorm:"type:uuid;primaryKey"`
	OrgID string `gorm:"type:uuid;not null;uniqueIndex:deliveries_key,priority:1;index:deliveries_list,priority:1;index:deliveries_subject,priority:1"`
	// Subject is what told it: "alert/<id>", "report/<id>", "export/<id>", "test/<channel id>".
	Subject string `gorm:"not null;index:deliveries_subject,priority:2"`
	// Episode is what it tells of: "<episode id>/firing", "<run id>". What comes
	// before the first slash is the same for all that belongs together: a
	// resolution closes what an alarm has opened.
	Episode string `gorm:"not null"`
	// ChannelID may be of a channel that is gone; its name and kind stay.
	ChannelID   string      `gorm:"type:uuid;not null"`
	ChannelName string      `gorm:"not null"`
	ChannelKind ChannelKind `gorm:"not null"`
	Recipient   string      `gorm:"not null"` // an address or a chat, "" where the channel has but one
	// Key is the same at each try, see DeliveryKey.
	Key    string         `gorm:"not null;uniqueIndex:deliveries_key,priority:2"`
	Status DeliveryStatus `gorm:"not null"`
	// ReasonCode and Reason say why it was not sent, or why the last try did not do.
	ReasonCode Code    `gorm:"not null"`
	Reason     string  `gorm:"not null"`
	Tries      int     `gorm:"not null"` // calls that were begun
	TriesLeft  int     `gorm:"not null"`
	Message    Message `gorm:"serializer:json;type:jsonb;not null"`
	// DueAt is when it should be told, Deadline until when it is news.
	DueAt    time.Time `gorm:"not null;index:deliveries_open,where:status in ('queued'\\,'sending')"`
	Deadline time.Time `gorm:"not null"`
	// SlotAt is when its channel has room for it, nil before a try asked for room.
	SlotAt *time.Time
	// ClaimedBy is who tries it, until ClaimedUntil.
	ClaimedBy    string `gorm:"not null"`
	ClaimedUntil *time.Time
	SentAt       *time.Time
	CreatedAt    time.Time `gorm:"index:deliveries_list,priority:2,sort:desc;index:deliveries_subject,priority:3,sort:desc;index:deliveries_created,type:brin"`
	UpdatedAt    time.Time
}

// NoChannel is the channel of a delivery that was skipped because there is none
// to tell it over, or nobody to tell: it cannot be sent later either.
const NoChannel = "00000000-0000-0000-0000-000000000000"

// DeliveryKey is the idempotency key of a delivery: the same for the same
// organisation, subject, episode, channel and recipient, whoever asks.
func DeliveryKey(orgID, subject, episode, channelID, recipient string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{orgID, subject, episode, channelID, recipient}, "\x00")))
	return "dm-" + hex.EncodeToString(sum[:16])
}

// Retriable says whether a delivery can be sent again.
func (d *Delivery) Retriable() bool {
	return d.Status.Final() && d.Status != DeliverySent && d.Tries < DeliveryMaxTries && d.ChannelID != NoChannel
}

// Incident names what a delivery belongs to with others: the alarm, its
// reminders and its end. Services that thread or deduplicate do so by it.
func (d *Delivery) Incident() string {
	episode, _, _ := strings.Cut(d.Episode, "/")
	return DeliveryKey(d.OrgID, d.Subject, episode, "", "")
}

// Member is the id of the member by whose rights a delivery of a report was made,
// and who alone gets it; "" for all else.
func (d *Delivery) Member() string {
	_, about, _ := strings.Cut(d.Episode, "/")
	id, found := strings.CutPrefix(about, "member/")
	if !found || !strings.HasPrefix(d.Subject, "report/") {
		return ""
	}
	return id
}

// Severities of a message.
const (
	SeverityInfo     = "info"
	SeverityWarning  = "warning"
	SeverityCritical = "critical"
	SeverityResolved = "resolved"
)

// Message is what is told, before a channel gives it its form.
type Message struct {
	Title    string        `json:"title"`
	Text     string        `json:"text,omitempty"`
	Severity string        `json:"severity,omitempty" enum:"info,warning,critical,resolved"`
	Facts    []MessageFact `json:"facts,omitempty"`
	Columns  []string      `json:"columns,omitempty"`
	Rows     [][]string    `json:"rows,omitempty" doc:"The first rows, as text"`
	More     int           `json:"more,omitempty" doc:"How many rows there are beside these"`
	Link     string        `json:"link,omitempty"`
	LinkText string        `json:"link_text,omitempty"`
	// PictureID and FileIDs are artifacts: a picture to show, files to attach.
	PictureID string   `json:"picture_id,omitempty"`
	FileIDs   []string `json:"file_ids,omitempty"`
	// Sections are the parts of a report. Where there are any, Facts, Columns and
	// Rows are empty.
	Sections     []MessageSection `json:"sections,omitempty" doc:"The parts of a report"`
	MoreSections int              `json:"more_sections,omitempty" doc:"How many parts there are beside these"`
	// Footer says why the reader gets this; Locale is the language of all words.
	Footer string `json:"footer,omitempty"`
	Locale string `json:"locale,omitempty" enum:"en,de" doc:"The language of a report"`
}

// MessageSection is a part of a report: a tile, or a question with its answer.
type MessageSection struct {
	Title   string     `json:"title,omitempty"`
	Text    string     `json:"text,omitempty" doc:"Plain text; an empty line ends a paragraph"`
	Columns []string   `json:"columns,omitempty"`
	Rows    [][]string `json:"rows,omitempty" doc:"The first rows, as text"`
	More    int        `json:"more,omitempty" doc:"How many rows there are beside these"`
	// PictureID is an artifact: the chart of the rows.
	PictureID string   `json:"picture_id,omitempty"`
	Changes   []string `json:"changes,omitempty" doc:"What has changed since the report before, in sentences"`
	Since     string   `json:"since,omitempty" doc:"When the report before was made, in words"`
	Failed    string   `json:"failed,omitempty" doc:"Why there are no rows"`
}

// MessageFact is a name with its value.
type MessageFact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Bounds of a message as it is stored. Services have narrower ones of their own.
const (
	maxMessageTitle   = 200
	maxMessageText    = 4000
	maxMessageFacts   = 20
	maxMessageColumns = 12
	maxMessageRows    = 20
	maxMessageCell    = 200
	maxMessageFiles   = 5

	maxMessageSections = 40
	maxMessageChanges  = 10
	maxMessageBytes    = 256 << 10 // of all sections together
)

// Bounded is the message cut to what the ledger keeps.
func (m Message) Bounded() Message {
	m.Title = Clip(strings.Join(strings.Fields(m.Title), " "), maxMessageTitle)
	m.Text = Clip(m.Text, maxMessageText)
	facts := m.Facts[:min(len(m.Facts), maxMessageFacts)]
	m.Facts = make([]MessageFact, len(facts))
	for i, f := range facts {
		m.Facts[i] = MessageFact{Name: Clip(f.Name, maxMessageCell), Value: Clip(f.Value, 2*maxMessageCell)}
	}
	clipped := func(cells []string) []string {
		out := make([]string, min(len(cells), maxMessageColumns))
		for i := range out {
			out[i] = Clip(cells[i], maxMessageCell)
		}
		return out
	}
	rowsOf := func(rows [][]string, most int) (out [][]string, more int) {
		most = min(len(rows), most)
		out = make([][]string, most)
		for i, row := range rows[:most] {
			out[i] = clipped(row)
		}
		return out, len(rows) - most
	}
	m.Columns = clipped(m.Columns)
	var more int
	m.Rows, more = rowsOf(m.Rows, maxMessageRows)
	m.More += more
	m.FileIDs = m.FileIDs[:min(len(m.FileIDs), maxMessageFiles)]
	if m.Sections == nil {
		return m
	}
	m.Footer = Clip(m.Footer, maxMessageText)
	sections := m.Sections[:min(len(m.Sections), maxMessageSections)]
	m.MoreSections += len(m.Sections) - len(sections)
	m.Sections = make([]MessageSection, len(sections))
	left := maxMessageBytes
	for i, s := range sections {
		rows, text, said := maxMessageRows, maxMessageText, maxMessageChanges
		if left <= 0 { // the last ones are named, and no more
			rows, text, said = 0, maxMessageCell, 1
		}
		s.Title = Clip(strings.Join(strings.Fields(s.Title), " "), maxMessageTitle)
		s.Text, s.Since, s.Failed = Clip(s.Text, text), Clip(s.Since, maxMessageCell), Clip(s.Failed, 2*maxMessageCell)
		s.Columns = clipped(s.Columns)
		s.Rows, more = rowsOf(s.Rows, rows)
		s.More += more
		changes := s.Changes[:min(len(s.Changes), said)]
		s.Changes = make([]string, len(changes))
		for n, change := range changes {
			s.Changes[n] = Clip(change, 2*maxMessageCell)
			left -= len(s.Changes[n])
		}
		left -= len(s.Title) + len(s.Text) + len(s.Failed)
		for _, row := range append(s.Rows, s.Columns) {
			for _, cell := range row {
				left -= len(cell) + 3
			}
		}
		m.Sections[i] = s
	}
	return m
}

// Clip cuts a text to so many characters, the last of which then says that it was cut.
func Clip(text string, most int) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) <= most {
		return text
	}
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return strings.TrimRight(string(runes[:most-1]), " ") + "…"
}

// MaxArtifact bounds a picture or a file that goes with messages.
const MaxArtifact = 8 << 20

// Artifact is a picture or a file that goes with messages, kept until it
// expires.
type Artifact struct {
	ID        string    `gorm:"type:uuid;primaryKey"`
	OrgID     string    `gorm:"type:uuid;not null"`
	Name      string    `gorm:"not null"` // a file's name
	MediaType string    `gorm:"not null"`
	Content   []byte    `gorm:"not null" json:"-"`
	ExpiresAt time.Time `gorm:"not null;index:artifacts_expiry"`
	CreatedAt time.Time
}

// Why a channel cannot be used, beside the codes of connections and models.
const (
	CodeChannelSecret    Code = "channel_secret"            // the service refuses the password, the token or the address
	CodeChannelMissing   Code = "channel_missing"           // what the address, the token or the id stood for is gone
	CodeChannelRecipient Code = "channel_recipient"         // the service refuses the recipient
	CodeChannelSender    Code = "channel_sender"            // the mail server refuses the sender
	CodeChannelMessage   Code = "channel_message"           // the service refuses the message
	CodeChannelBusy      Code = "channel_busy"              // it asks to come back later
	CodeChannelFailed    Code = "channel_failed"            // it failed in a way that may pass
	CodeChannelRedirect  Code = "channel_redirect"          // it points to another address, which is not followed
	CodeChannelReply     Code = "channel_reply"             // something else answers at the address
	CodeChannelSealed    Code = "channel_secret_unreadable" // sealed for a key that the workers do not have
	CodeChannelOff       Code = "channel_off"
	CodeChannelGone      Code = "channel_gone"
	CodeDeliveryStopped  Code = "delivery_stopped" // what caused it was stopped before it was told
	CodeDeliveryLate     Code = "delivery_late"
)

// ChannelReport is what a test of a channel found, in words a person can act on.
type ChannelReport struct {
	OK      bool   `json:"ok"`
	Code    Code   `json:"code,omitempty" doc:"Why it failed: host_unknown, refused, timeout, tls, address_refused, channel_secret, channel_missing, channel_recipient, channel_sender, channel_message, channel_busy, channel_failed, channel_redirect, channel_reply, channel_secret_unreadable"`
	Message string `json:"message"`
	// Warnings are what works and should still be looked at.
	Warnings []string `json:"warnings,omitempty"`
	Ms       int64    `json:"ms" doc:"How long it took"`
}
