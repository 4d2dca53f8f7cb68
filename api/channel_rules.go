package api

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/datamind/datamind/models"
)

// mailPorts are those of mail servers below 1024.
var mailPorts = []int{25, 465, 587}

var (
	slackRoom     = regexp.MustCompile(`^[CGD][A-Z0-9]{6,20}$`)
	slackToken    = regexp.MustCompile(`^xox[bp]-[A-Za-z0-9-]{10,300}$`)
	routingKey    = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)
	telegramToken = regexp.MustCompile(`^[0-9]{5,20}:[A-Za-z0-9_-]{20,100}$`)
	telegramChat  = regexp.MustCompile(`^(-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,40})$`)
)

// slackBot is the hint of a bot's token, which has no host to tell.
const slackBot = "slack.com"

// minSigningSecret is how long a webhook's secret is at least.
const minSigningSecret = 16

// prepareChannel checks a channel's fields, keeps of the settings what its kind
// has, and seals its secret: nil leaves the stored one, "" takes it away where the
// kind can do without.
func (s *Server) prepareChannel(c *models.Channel, secret *string) error {
	c.Name = strings.TrimSpace(c.Name)
	if c.Name == "" || !printable(c.Name) {
		return invalidField("body.name", "must be plain text and not blank")
	}
	given := "" // "" where the stored one stays
	if secret != nil {
		given = strings.TrimSpace(*secret)
		if !printable(given) {
			return invalidField("body.secret", "must be plain text")
		}
	}
	needed, err := channelRules[c.Kind](c, given)
	if err != nil {
		return err
	}
	switch {
	case !needed && (given == "" && secret != nil || c.Kind == models.ChannelEmail && c.Settings.Username == ""):
		c.SealedSecret = []byte{}
		return nil
	case given == "" && secret != nil, given == "" && len(c.SealedSecret) == 0 && needed:
		return invalidField("body.secret", "is needed")
	case given == "":
		if c.SealedSecret == nil {
			c.SealedSecret = []byte{}
		}
		return nil
	}
	if s.deps.ChannelSealer == nil {
		return models.Errorf(models.CodeConflict, "This installation cannot keep channels' secrets yet. Whoever runs it must set DATAMIND_CHANNEL_SEAL_PUBLIC_KEY and _PRIVATE_KEY; 'datamind keys' makes them.")
	}
	c.SealedSecret, err = s.deps.ChannelSealer.Seal(c.OrgID, c.ID, []byte(given))
	return err
}

// channelRules check the settings of each kind with the secret that was given,
// "" for the stored one, and say whether there must be one.
var channelRules = map[models.ChannelKind]func(c *models.Channel, secret string) (needed bool, err error){
	models.ChannelEmail:     checkMail,
	models.ChannelSlack:     checkSlack,
	models.ChannelTeams:     checkSecretURL("must be the address that Teams' workflow shows, such as https://….logic.azure.com/… or https://….api.powerplatform.com/…"),
	models.ChannelDiscord:   checkSecretURL("must be the address that Discord copies, https://discord.com/api/webhooks/…"),
	models.ChannelPagerDuty: checkPagerDuty,
	models.ChannelTelegram:  checkTelegram,
	models.ChannelWebhook:   checkWebhook,
}

func checkMail(c *models.Channel, secret string) (bool, error) {
	s := c.Settings
	s = models.ChannelSettings{Host: strings.ToLower(strings.TrimSpace(s.Host)), Port: s.Port, TLS: s.TLS, Username: strings.TrimSpace(s.Username),
		From: strings.TrimSpace(s.From), FromName: strings.TrimSpace(s.FromName), To: slices.Clone(s.To)}
	if checkHost(s.Host) != nil {
		return false, invalidField("body.settings.host", "must be a host name or an IP address in its usual form; no port, path or URL")
	}
	if s.TLS == "" {
		s.TLS = models.MailStartTLS
	}
	if s.Port == 0 {
		s.Port = map[string]int{models.MailTLS: 465, models.MailStartTLS: 587, models.MailPlain: 25}[s.TLS]
	}
	if s.Port < minPort && !slices.Contains(mailPorts, s.Port) {
		return false, invalidField("body.settings.port", "must be 25, 465, 587, or 1024 or higher: the others below belong to other services")
	}
	if !printable(s.Username) || !printable(s.FromName) {
		return false, invalidField("body.settings.username", "and the sender's name must be plain text")
	}
	if s.TLS == models.MailPlain && s.Username != "" {
		return false, invalidField("body.settings.tls", "must not be none where a password is sent")
	}
	var err error
	if s.From, err = address(s.From); err != nil {
		return false, invalidField("body.settings.from", "must be an address such as datamind@example.com")
	}
	if len(s.To) == 0 {
		return false, invalidField("body.settings.to", "must have one address at least")
	}
	for i := range s.To {
		if s.To[i], err = address(s.To[i]); err != nil {
			return false, invalidField("body.settings.to", "must have addresses such as ann@example.com only")
		}
	}
	slices.Sort(s.To)
	s.To = slices.Compact(s.To)
	c.Settings = s
	return s.Username != "", nil
}

// address takes a plain address, without a name or a comment.
func address(text string) (string, error) {
	text = strings.TrimSpace(text)
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || !printable(text) || strings.ContainsAny(text, " ,;<>()\"") || len(text) > 254 {
		return "", invalidField("body", "no address")
	}
	return text, nil
}

func checkSlack(c *models.Channel, secret string) (bool, error) {
	room, hint := strings.TrimSpace(c.Settings.Room), c.Settings.Hint
	if secret != "" {
		hint = slackBot
		if !slackToken.MatchString(secret) {
			var err error
			if hint, err = knownAddress(c.Kind, secret, "must be the address of an incoming webhook, https://hooks.slack.com/services/…, or a bot's token, xoxb-…"); err != nil {
				return false, err
			}
		}
	}
	c.Settings = models.ChannelSettings{Hint: hint}
	if hint == slackBot {
		if !slackRoom.MatchString(room) {
			return false, invalidField("body.settings.room", "must be the channel's id, such as C0123456789: in Slack at the end of the channel's details")
		}
		c.Settings.Room = room
	}
	return true, nil
}

func checkSecretURL(want string) func(*models.Channel, string) (bool, error) {
	return func(c *models.Channel, secret string) (bool, error) {
		hint := c.Settings.Hint
		if secret != "" {
			var err error
			if hint, err = knownAddress(c.Kind, secret, want); err != nil {
				return false, err
			}
		}
		c.Settings = models.ChannelSettings{Hint: hint}
		return true, nil
	}
}

// knownAddress takes an address that is a secret and returns its host.
func knownAddress(kind models.ChannelKind, secret, want string) (string, error) {
	u, err := url.Parse(secret)
	if err != nil || u.Scheme != "https" || u.User != nil || !kind.KnownHost(u.Hostname()) || u.Port() != "" && u.Port() != "443" || len(u.Path) < 2 {
		return "", invalidField("body.secret", want)
	}
	return strings.ToLower(u.Hostname()), nil
}

func checkPagerDuty(c *models.Channel, secret string) (bool, error) {
	if secret != "" && !routingKey.MatchString(secret) {
		return false, invalidField("body.secret", "must be the integration key of a service's integration “Events API v2”: 32 letters and digits")
	}
	region := c.Settings.Region
	if region == "" {
		region = "us"
	}
	c.Settings = models.ChannelSettings{Region: region}
	return true, nil
}

func checkTelegram(c *models.Channel, secret string) (bool, error) {
	if secret != "" && !telegramToken.MatchString(secret) {
		return false, invalidField("body.secret", "must be the token that @BotFather gave: digits, a colon and letters")
	}
	to := slices.Clone(c.Settings.To)
	if len(to) == 0 {
		return false, invalidField("body.settings.to", "must have one chat at least")
	}
	for i := range to {
		if to[i] = strings.TrimSpace(to[i]); !telegramChat.MatchString(to[i]) {
			return false, invalidField("body.settings.to", "must have ids of chats only, such as -1001234567890 or @channel")
		}
	}
	slices.Sort(to)
	c.Settings = models.ChannelSettings{To: slices.Compact(to)}
	return true, nil
}

// checkWebhook takes a web address. Which ones may be dialled is decided on the
// worker, on the address really dialled.
func checkWebhook(c *models.Channel, secret string) (bool, error) {
	const field = "body.settings.url"
	raw := strings.TrimSpace(c.Settings.URL)
	u, err := url.Parse(raw)
	switch {
	case err != nil || !printable(raw) || u.Opaque != "" || u.Scheme != "http" && u.Scheme != "https":
		return false, invalidField(field, "must be an address that begins with https:// or http://")
	case u.User != nil || u.Fragment != "":
		return false, invalidField(field, "must be without a user and a fragment")
	case checkHost(u.Hostname()) != nil || strings.Contains(u.Host, "%"):
		return false, invalidField(field, "must have a host name or an IP address in its usual form")
	}
	if port := u.Port(); port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number < minPort && number != 80 && number != 443 {
			return false, invalidField(field, "must have port 80, 443, or 1024 or higher: the others below belong to other services")
		}
	}
	u.Host = strings.ToLower(u.Host)
	if secret != "" && len(secret) < minSigningSecret {
		return false, invalidField("body.secret", "must have "+strconv.Itoa(minSigningSecret)+" characters at least")
	}
	c.Settings = models.ChannelSettings{URL: u.String()}
	return true, nil
}
