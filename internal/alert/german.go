package alert

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/datamind/datamind/models"
)

// German wishes. The verb stands at the end, and what a value is compared with
// may stand before or behind the number, so what is said of periods, comparisons
// and keys is taken out first, and what is left is read for its verb.

const (
	numeralDE = `(\$|€|£)?\s*(-?\d[\d.]*(?:,\d+)?)\s*(tausend|tsd\.?|mio\.?|millionen|million|mrd\.?|milliarden?)?\s*(%|prozent|€|\$|£|euro|dollar)?`
	verbsOfDE = `(?:ist|sind|liegt|liegen|beträgt|betragen|steigt|steigen|fällt|fallen|sinkt|sinken|geht|gehen|rutscht|rutschen|klettert|klettern|hat|haben|wird|werden|kommt|kommen)`
	// restDE is what stands behind a number, without the verb at the end.
	restDE = `\s*(?:` + verbsOfDE + `|(.*?)(?:\s+` + verbsOfDE + `)?)$`
)

var (
	germanPrefix = regexp.MustCompile(`^(?:(?:bitte\s+)?(?:sage?|gib|gebt|informiere?|benachrichtige?|melde?|warne?|schreibe?|schicke?|alarmiere?|erinnere?)(?:\s+(?:dich|mir|uns|mich|es|das))*(?:\s+bitte)?(?:\s+(?:bescheid|eine?\s+(?:nachricht|meldung|e-?mail|mail|warnung)))?\s*,?\s+)?(?:immer\s+)?(?:wenn|falls|sobald|sofern)\s+(?:sich\s+)?`)
	germanHint   = regexp.MustCompile(`\b(?:wenn|falls|sobald|der|die|das|des|kein|keine|über|unter|liegt|steigt|fällt|sinkt|übersteigt|übersteigen|ungewöhnlich|mindestens|weniger|mehr als|neue|neuer|neues|fehlt|verschwindet)\b`)
	germanOften  = regexp.MustCompile(`\s*,?\s*(?:und\s+)?(?:prüfe?\s+(?:das\s+|es\s+)?|geprüft\s+)?(stündlich|jede stunde|täglich|jeden tag|wöchentlich|jede woche|jede minute|alle (\d+) minuten)$`)
	germanAbove  = regexp.MustCompile(`^(.+?)\s+` + numeralDE + `\s*(.*?)\s+(?:übersteigt|übersteigen|überschreitet|überschreiten)$`)
	germanAbove2 = regexp.MustCompile(`^(.+?)\s+(?:übersteigt|übersteigen|überschreitet|überschreiten|(?:(?:ist|sind|liegt|liegen|steigt|steigen)\s+)?(?:über|mehr als|größer als|höher als|oberhalb von)(?:\s+bei)?)\s+` + numeralDE + restDE)
	germanBelow  = regexp.MustCompile(`^(.+?)\s+` + numeralDE + `\s*(.*?)\s+(?:unterschreitet|unterschreiten)$`)
	germanBelow2 = regexp.MustCompile(`^(.+?)\s+(?:unterschreitet|unterschreiten|(?:(?:ist|sind|liegt|liegen|fällt|fallen|sinkt|sinken)\s+)?(?:unter|weniger als|kleiner als|niedriger als|geringer als|unterhalb von)(?:\s+bei)?)\s+` + numeralDE + restDE)
	germanFewer  = regexp.MustCompile(`^(?:es\s+)?(mehr|weniger) als\s+` + numeralDE + `\s+(.+?)\s+(?:gibt|sind|eingehen|kommen|eintreffen|vorliegen)$`)
	germanAtL    = regexp.MustCompile(`^(.+?)\s+(?:mindestens\s+)?` + numeralDE + `\s*(.*?)\s+(?:erreicht|erreichen)$|^(.+?)\s+mindestens\s+` + numeralDE + restDE)
	germanChange = regexp.MustCompile(`^(.+?)\s+um\s+(?:mehr als\s+|über\s+|mindestens\s+)?` + numeralDE + `\s*(.*?)\s+(steigt|steigen|wächst|wachsen|zunimmt|zunehmen|ansteigt|ansteigen|fällt|fallen|sinkt|sinken|abnimmt|abnehmen|zurückgeht|zurückgehen|einbricht|einbrechen|schrumpft|schrumpfen|ändert|ändern|verändert|verändern|schwankt|schwanken)$`)
	germanOdd    = regexp.MustCompile(`^(.+?)\s+(?:ungewöhnlich|auffällig|auffallend|abnormal|unnormal)(?:\s+(hoch|niedrig|gering|tief))?(?:\s+(?:ist|sind|aussieht|aussehen|wird|werden))?$`)
	germanMany   = regexp.MustCompile(`^(?:es\s+)?(?:ungewöhnlich|auffällig|auffallend)\s+(viele?|wenige?)\s+(.+?)\s+(?:gibt|sind|eingehen|kommen|eintreffen)$`)
	germanNew    = regexp.MustCompile(`^(?:es\s+)?(?:eine?n?\s+)?neue[rsn]?\s+(.+?)\s+(?:auftaucht|auftauchen|erscheint|erscheinen|hinzukommt|hinzukommen|dazukommt|dazukommen|angelegt (?:wird|werden)|eintrifft|eintreffen|kommt|kommen|gibt|da (?:ist|sind))$`)
	germanGone   = regexp.MustCompile(`^(?:eine?r?s?\s+(?:der\s+)?)?(.+?)\s+(?:verschwindet|verschwinden|fehlt|fehlen|wegfällt|wegfallen|weg (?:ist|sind)|nicht mehr da (?:ist|sind))$`)
	germanFresh  = regexp.MustCompile(`^(?:es\s+)?keine?n?\s+(?:neue[rsn]?\s+)?(.+?)\s+seit\s+(?:mehr als\s+)?(\d+|eine[mrn]?)\s+` + unitsDE + verbsDE + `$`)
	germanFresh2 = regexp.MustCompile(`^(?:es\s+)?(?:seit\s+(?:mehr als\s+)?|in\s+)(\d+|eine[mrn]?)\s+` + unitsDE + `\s+keine?n?\s+(?:neue[rsn]?\s+)?(.+?)` + verbsDE + `$`)
	germanOlder  = regexp.MustCompile(`^(?:(?:der|die|das)\s+)?(?:(?:neueste|letzte|jüngste)[rsn]?\s+|daten\s+(?:der|des|von|in|für)\s+)?(.+?)\s+älter als\s+(\d+|eine[mrn]?)\s+` + unitsDE + `(?:\s+(?:ist|sind))?$`)
	germanFail   = regexp.MustCompile(`^(?:die |diese |meine )?abfrage (?:fehlschlägt|scheitert|nicht (?:mehr )?(?:läuft|funktioniert|geht))$`)

	germanAgainst = regexp.MustCompile(`\s+(?:gegenüber|im vergleich (?:zu|mit|zur|zum)|verglichen (?:mit|zu)|zu|zur|zum|als)\s+(?:der\s+|dem\s+|den\s+|demselben\s+|derselben\s+)?(?:(vorwoche|letzten woche|vergangenen woche|woche zuvor|woche davor|(?:gleichen )?wochentag der vorwoche|vor einer woche)|(vorjahresmonat|(?:gleichen )?monat des vorjahres|vorjahr|letzten jahr|gleichen monat (?:des letzten jahres|im vorjahr)))\b`)
	germanEach    = regexp.MustCompile(`\s+(?:(?:in|für|bei|an)\s+(?:jede[rnms]?|(?:irgend)?eine[rnms]?|einzelnen?)|je|pro|nach)\s+([\p{L}_]+)`)
	germanPeriod  = regexp.MustCompile(`\s+(?:(?:in|innerhalb|an|über)\s+)?(?:eine[rsmn]?|der letzten|den letzten|dem letzten|pro|je|am|in der|im)\s+(stunde|tag(?:es)?|woche|monat(?:s|es)?|quartals?|jahr(?:es|s)?)\b`)
	germanWhen    = regexp.MustCompile(`\b(heute|gestern|diese[rnsm]? (?:woche|monats?|jahr(?:es)?|quartals?)|letzte[rnsm]? (?:woche|monats?|jahr(?:es)?|quartals?)|(?:in )?den letzten (\d+) (tagen|wochen|monaten|stunden))\b`)
	germanPart    = regexp.MustCompile(`^(?:des|der|vom|von|von der|von dem)\s+(.+)$`)
	germanNumber  = regexp.MustCompile(`^-?\d{1,3}(?:\.\d{3})+(?:,\d+)?$|^-?\d+(?:,\d+)?$|^-?\d+\.\d+$`)
)

const (
	unitsDE = `(minuten?|stunden?|tag(?:en|e)?|wochen?)`
	verbsDE = `(?:\s+(?:mehr\s+)?(?:gibt|gab|kommt|kam|kamen|eingeht|einging|eingegangen (?:ist|sind)|da ist|da war|gekommen ist|ist|war|eintrifft|eingetroffen ist))?`
)

// german reads a wish in German, without its prefix.
func (w *Wish) german(t string) bool {
	if m := germanOften.FindStringSubmatch(t); m != nil {
		words := map[byte]string{'s': "hourly", 't': "daily", 'w': "weekly", 'a': ""}[m[1][0]]
		if after, ok := strings.CutPrefix(m[1], "jede"); ok {
			words = map[byte]string{'s': "hourly", 't': "daily", 'w': "weekly", 'm': "every minute"}[strings.TrimLeft(after, "n ")[0]]
		}
		w.Cron, t = often(words, m[2]), strings.TrimSuffix(t, m[0])
	}
	t = strings.TrimRight(t, ", ")
	c := &w.Condition
	if germanFail.MatchString(t) {
		c.Kind = models.ConditionFailure
		return true
	}
	if w.germanAge(t) {
		return true
	}
	against, rest := models.AgainstPrevious, t
	if m := germanAgainst.FindStringSubmatch(t); m != nil {
		if against = models.AgainstWeekday; m[2] != "" {
			against = models.AgainstMonthYear
		}
		rest = strings.Replace(t, m[0], "", 1)
	}
	switch {
	case w.germanChange(rest, against), w.germanOdd(t), w.germanLimit(t):
		return true
	}
	m, change := germanNew.FindStringSubmatch(t), models.RowsNew
	if m == nil {
		m, change = germanGone.FindStringSubmatch(t), models.RowsMissing
	}
	if m == nil {
		return false
	}
	*c = models.AlertCondition{Kind: models.ConditionRows, Change: change}
	w.Title, w.Question = m[1], "list "+plainDE(m[1])
	return true
}

func (w *Wish) germanAge(t string) bool {
	what, count, unit := "", "", ""
	if m := germanFresh.FindStringSubmatch(t); m != nil {
		what, count, unit = m[1], m[2], m[3]
	} else if m := germanFresh2.FindStringSubmatch(t); m != nil {
		count, unit, what = m[1], m[2], m[3]
	} else if m := germanOlder.FindStringSubmatch(t); m != nil {
		what, count, unit = m[1], m[2], m[3]
	} else {
		return false
	}
	n, err := strconv.ParseFloat(count, 64)
	if err != nil {
		n = 1
	}
	w.Title = articlesDE.ReplaceAllString(what, "")
	w.Condition = models.AlertCondition{Kind: models.ConditionFreshness, Limit: n * map[byte]float64{'m': 60, 's': 3600, 't': 86400, 'w': 7 * 86400}[unit[0]]}
	w.Question = "latest " + plainDE(what)
	return true
}

func (w *Wish) germanChange(t, against string) bool {
	m := germanChange.FindStringSubmatch(t)
	if m == nil {
		return false
	}
	c := &w.Condition
	*c = models.AlertCondition{Kind: models.ConditionChange, Op: models.OpAbove, Against: against}
	switch verb := m[7]; {
	case strings.HasPrefix(verb, "f"), strings.HasPrefix(verb, "sin"), strings.HasPrefix(verb, "ab"), strings.HasPrefix(verb, "zurück"), strings.HasPrefix(verb, "ein"), strings.HasPrefix(verb, "schr"):
		c.Op = models.OpBelow
	case strings.Contains(verb, "änder"), strings.HasPrefix(verb, "schwank"):
		c.Op = models.OpEither
	}
	if !w.amountDE(m[2:6]) {
		return false
	}
	c.Percent, c.Unit = c.Unit == "%", strings.TrimSuffix(c.Unit, "%")
	return w.questionDE(m[1], m[6])
}

func (w *Wish) germanOdd(t string) bool {
	c := models.AlertCondition{Kind: models.ConditionBand, Op: models.OpEither, Limit: defaultWidth}
	if m := germanMany.FindStringSubmatch(t); m != nil {
		if c.Op = models.OpAbove; m[1][0] == 'w' {
			c.Op = models.OpBelow
		}
		w.Condition = c
		return w.questionDE("anzahl "+m[2], "")
	}
	m := germanOdd.FindStringSubmatch(t)
	if m == nil {
		return false
	}
	switch m[2] {
	case "":
	case "hoch":
		c.Op = models.OpAbove
	default:
		c.Op = models.OpBelow
	}
	w.Condition = c
	return w.questionDE(m[1], "")
}

func (w *Wish) germanLimit(t string) bool {
	if m := germanFewer.FindStringSubmatch(t); m != nil {
		op := models.OpAbove
		if m[1] == "weniger" {
			op = models.OpBelow
		}
		w.Condition = models.AlertCondition{Kind: models.ConditionThreshold, Op: op}
		return w.amountDE(m[2:6]) && w.questionDE("anzahl "+m[6], "")
	}
	for _, form := range []struct {
		re *regexp.Regexp
		op string
	}{{germanAbove, models.OpAbove}, {germanBelow, models.OpBelow}, {germanAbove2, models.OpAbove}, {germanBelow2, models.OpBelow}, {germanAtL, models.OpAtLeast}} {
		m := form.re.FindStringSubmatch(t)
		if m == nil {
			continue
		}
		if len(m) > 7 && m[1] == "" {
			m = m[6:]
		}
		w.Condition = models.AlertCondition{Kind: models.ConditionThreshold, Op: form.op}
		return w.amountDE(m[2:6]) && w.questionDE(m[1], m[6])
	}
	return false
}

// amountDE reads a number as it is written in German: 1.000,5.
func (w *Wish) amountDE(m []string) bool {
	text := strings.TrimRight(m[1], ".")
	if !germanNumber.MatchString(text) {
		return false
	}
	if dots := strings.Split(text, "."); len(dots) != 2 || len(dots[1]) == 3 || strings.Contains(text, ",") {
		text = strings.ReplaceAll(text, ".", "")
	}
	scale := ""
	switch {
	case strings.HasPrefix(m[2], "t"):
		scale = "thousand"
	case strings.HasPrefix(m[2], "mi") && !strings.HasPrefix(m[2], "millia"):
		scale = "million"
	case m[2] != "":
		scale = "billion"
	}
	unit := map[string]string{"prozent": "%", "euro": "€", "dollar": "$"}[m[3]]
	return w.amount([]string{m[0], strings.Replace(text, ",", ".", 1), scale, first(unit, m[3])})
}

// questionDE takes periods and keys out of what is watched, puts periods in
// English, which the built-in planner reads, and leaves names as they are: the
// organisation's words may be German ones.
func (w *Wish) questionDE(what, rest string) bool {
	period, each := "", ""
	w.Title = articlesDE.ReplaceAllString(strings.TrimSpace(what), "")
	take := func(text string) string {
		text = " " + strings.TrimSpace(text)
		if m := germanWhen.FindStringSubmatch(text); m != nil {
			period = whenDE(m[1], m[2], m[3])
			text = strings.Replace(text, m[0], "", 1)
		}
		if m := germanPeriod.FindStringSubmatch(text); m != nil {
			if period == "" {
				period = spanDE(m[1])
			}
			text = strings.Replace(text, m[0], "", 1)
		}
		if m := germanEach.FindStringSubmatch(text); m != nil {
			each = m[1]
			text = strings.Replace(text, m[0], "", 1)
		}
		return strings.TrimSpace(text)
	}
	what, rest = take(what), take(rest)
	if m := germanPart.FindStringSubmatch(rest); m != nil && w.Condition.Unit == "%" && each == "" {
		w.Of, rest = plainDE(m[1]), ""
	}
	if rest != "" {
		return false
	}
	text := plainDE(what)
	if each != "" {
		text += " by " + each
	}
	if period != "" {
		text += " " + period
		if w.Of != "" {
			w.Of += " " + period
		}
	}
	// What of English wishes is made of them when no period is named is made here, too.
	of := w.Of
	ok := what != "" && w.question(text, "")
	w.Of = of
	return ok
}

func whenDE(words, count, unit string) string {
	switch {
	case count != "":
		return "in the last " + count + " " + map[byte]string{'t': "days", 'w': "weeks", 'm': "months", 's': "hours"}[unit[0]]
	case words == "heute":
		return "today"
	case words == "gestern":
		return "yesterday"
	}
	which := "last "
	if strings.HasPrefix(words, "diese") {
		which = "this "
	}
	_, named, _ := strings.Cut(words, " ")
	return which + map[byte]string{'w': "week", 'm': "month", 'j': "year", 'q': "quarter"}[named[0]]
}

// spanDE is a span of time that a value is of, as English wishes have it.
func spanDE(unit string) string {
	return map[byte]string{'s': "today", 't': "today", 'w': "in the last 7 days", 'm': "in the last 30 days", 'q': "in the last 90 days", 'j': "in the last 365 days"}[unit[0]]
}

var (
	articlesDE = regexp.MustCompile(`^(?:der|die|das|den|dem|des|eine?[rsnm]?|unsere?[rsnm]?|meine?[rsnm]?|es)\s+`)
	countDE    = regexp.MustCompile(`^(?:die\s+)?(?:an)?zahl\s+(?:an\s+|von\s+|der\s+|aller\s+)?|^(?:wie\s+viele)\s+`)
	totalDE    = regexp.MustCompile(`^(?:die\s+)?(?:gesamt)?summe\s+(?:an\s+|von\s+|der\s+|des\s+|aller\s+)?`)
	averageDE  = regexp.MustCompile(`^(?:der\s+|die\s+|das\s+)?(?:durchschnittliche[rsn]?|mittlere[rsn]?)\s+`)
)

// plainDE is what is watched without articles, what is computed of it in English.
func plainDE(text string) string {
	text = strings.TrimSpace(text)
	for _, of := range []struct {
		re      *regexp.Regexp
		english string
	}{{countDE, "number of "}, {totalDE, "total "}, {averageDE, "average "}} {
		if m := of.re.FindString(text); m != "" {
			return of.english + articlesDE.ReplaceAllString(strings.TrimPrefix(text, m), "")
		}
	}
	return articlesDE.ReplaceAllString(text, "")
}

// german words of business, by their beginnings, longest first where one begins
// like another. What is not among them stays as it is.
var vocabularyDE = []struct{ german, english string }{
	{"rückerstattung", "refunds"}, {"erstattung", "refunds"}, {"retoure", "returns"}, {"rücksendung", "returns"}, {"umsätz", "revenue"}, {"umsatz", "revenue"}, {"erlös", "revenue"}, {"einnahme", "revenue"},
	{"gewinn", "profit"}, {"kosten", "cost"}, {"ausgabe", "expenses"}, {"rabatt", "discount"}, {"bestellwert", "order value"}, {"bestellung", "orders"}, {"auftrag", "orders"}, {"aufträg", "orders"}, {"verkäuf", "sales"}, {"verkauf", "sales"},
	{"kundin", "customers"}, {"kunde", "customers"}, {"nutzer", "users"}, {"benutzer", "users"}, {"mitarbeiter", "employees"}, {"lieferant", "suppliers"}, {"produkt", "products"}, {"artikel", "products"}, {"ware", "products"}, {"kategorie", "category"},
	{"zahlungsart", "payment method"}, {"zahlung", "payments"}, {"rechnung", "invoices"}, {"lieferung", "deliveries"}, {"sendung", "shipments"}, {"versand", "shipments"}, {"lagerbestand", "stock"}, {"bestand", "stock"}, {"lager", "warehouse"},
	{"filiale", "store"}, {"geschäft", "store"}, {"laden", "store"}, {"region", "region"}, {"länder", "country"}, {"land", "country"}, {"stadt", "city"}, {"städte", "city"}, {"kanal", "channel"}, {"kanäle", "channel"}, {"abteilung", "department"},
	{"anmeldung", "signups"}, {"registrierung", "signups"}, {"besuch", "visits"}, {"sitzung", "sessions"}, {"bewertung", "reviews"}, {"beschwerde", "complaints"}, {"ticket", "tickets"}, {"fehler", "errors"}, {"preis", "price"}, {"menge", "quantity"},
	{"abonnement", "subscriptions"}, {"kündigung", "cancellations"}, {"storni", "cancellations"}, {"storno", "cancellations"}, {"stornierung", "cancellations"}, {"quote", "rate"}, {"betrag", "amount"}, {"beträge", "amount"}, {"wert", "value"},
	{"offen", "open"}, {"neue", "new"}, {"bezahlt", "paid"}, {"unbezahlt", "unpaid"}, {"storniert", "cancelled"}, {"aktiv", "active"},
	{"und", "and"}, {"mit", "with"}, {"ohne", "without"}, {"von", "of"}, {"nach", "by"}, {"pro", "per"}, {"aus", "from"}, {"des", "of"}, {"der", "of"}, {"in", "in"}, {"im", "in"},
}

// English puts the common German words of a question in English, for a planner
// that does not find them among the names of the data.
func English(question string) string {
	words := strings.Fields(question)
	for i, word := range words {
		best := ""
		for _, v := range vocabularyDE {
			whole := len(v.german) < 4
			if len(v.german) > len(best) && (whole && word == v.german || !whole && strings.HasPrefix(word, v.german) && len(word)-len(v.german) <= 4) {
				best, words[i] = v.german, v.english
			}
		}
	}
	return strings.Join(words, " ")
}
