package alert

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestUnderstandGerman(t *testing.T) {
	t.Parallel()
	type c = models.AlertCondition
	for text, want := range map[string]Wish{
		"Sag mir Bescheid, wenn die Rückerstattungen einer Woche 3 % des Umsatzes übersteigen": {Question: "rückerstattungen in the last 7 days", Of: "umsatzes in the last 7 days", Title: "Rückerstattungen einer Woche",
			Condition: c{Kind: "threshold", Op: "above", Limit: 3, Unit: "%"}, Cron: "0 8 * * *"},
		"sag mir bescheid wenn die Rückerstattungen in einer Woche über 3 Prozent des Umsatzes liegen": {Question: "rückerstattungen in the last 7 days", Of: "umsatzes in the last 7 days", Title: "Rückerstattungen in einer Woche",
			Condition: c{Kind: "threshold", Op: "above", Limit: 3, Unit: "%"}, Cron: "0 8 * * *"},
		"melde, wenn kein neuer Auftrag seit 2 Stunden":                              {Question: "latest auftrag", Title: "Auftrag", Condition: c{Kind: "freshness", Limit: 7200}, Cron: "*/15 * * * *"},
		"Melde dich, wenn seit 30 Minuten keine neuen Bestellungen eingegangen sind": {Question: "latest bestellungen", Title: "Bestellungen", Condition: c{Kind: "freshness", Limit: 1800}, Cron: "*/15 * * * *"},
		"warne mich, wenn die neueste Bestellung älter als einen Tag ist":            {Question: "latest bestellung", Title: "Bestellung", Condition: c{Kind: "freshness", Limit: 86400}, Cron: "*/15 * * * *"},
		"Warne uns, wenn die neueste Bestellung älter als 2 Tage ist":                {Question: "latest bestellung", Title: "Bestellung", Condition: c{Kind: "freshness", Limit: 2 * 86400}, Cron: "*/15 * * * *"},
		"Gib mir Bescheid, falls die Anzahl der Bestellungen heute unter 1.000 liegt, stündlich": {Question: "number of bestellungen today", Title: "Anzahl der Bestellungen heute",
			Condition: c{Kind: "threshold", Op: "below", Limit: 1000}, Cron: "0 * * * *"},
		"Benachrichtige mich, sobald der Umsatz um mehr als 20 % gegenüber der Vorwoche fällt": {Question: "umsatz in the last 7 days", Title: "Umsatz",
			Condition: c{Kind: "change", Op: "below", Limit: 20, Percent: true, Against: "weekday"}, Cron: "0 8 * * *"},
		"benachrichtige mich wenn der Umsatz diesen Monat gegenüber dem Vorjahresmonat um 10 Prozent wächst": {Question: "umsatz this month", Title: "Umsatz diesen Monat",
			Condition: c{Kind: "change", Op: "above", Limit: 10, Percent: true, Against: "month_year"}, Cron: "0 8 * * *"},
		"sag mir Bescheid, wenn der Umsatz gestern ungewöhnlich ist":                       {Question: "umsatz yesterday", Title: "Umsatz gestern", Condition: c{Kind: "band", Op: "either", Limit: 4}, Cron: "0 8 * * *"},
		"Warne uns, wenn die Rückerstattungen ungewöhnlich hoch sind":                      {Question: "rückerstattungen yesterday", Title: "Rückerstattungen", Condition: c{Kind: "band", Op: "above", Limit: 4}, Cron: "0 8 * * *"},
		"Sag mir, wenn der Umsatz in einer Region unter 5.000 € fällt":                     {Question: "umsatz by region", Title: "Umsatz in einer Region", Condition: c{Kind: "threshold", Op: "below", Limit: 5000, Unit: "€", Rows: "each"}, Cron: "0 8 * * *"},
		"Sag mir, wenn der Umsatz in jeder Region unter 5,5 Tausend € fällt":               {Question: "umsatz by region", Title: "Umsatz in jeder Region", Condition: c{Kind: "threshold", Op: "below", Limit: 5500, Unit: "€", Rows: "each"}, Cron: "0 8 * * *"},
		"melde, wenn ein neuer Kunde auftaucht, täglich":                                   {Question: "list kunde", Title: "Kunde", Condition: c{Kind: "rows", Change: "new"}, Cron: "0 8 * * *"},
		"Sag mir Bescheid, wenn ein Produkt verschwindet":                                  {Question: "list produkt", Title: "Produkt", Condition: c{Kind: "rows", Change: "missing"}, Cron: "0 8 * * *"},
		"Bitte informiere mich, wenn die Abfrage fehlschlägt":                              {Condition: c{Kind: "failure"}, Cron: "0 8 * * *"},
		"wenn es mehr als 50 offene Tickets gibt, alle 5 Minuten":                          {Question: "number of offene tickets", Title: "anzahl offene tickets", Condition: c{Kind: "threshold", Op: "above", Limit: 50}, Cron: "*/5 * * * *"},
		"Sag mir Bescheid, wenn sich der Umsatz um 1,5 Mio. Euro ändert":                   {Question: "umsatz", Title: "Umsatz", Condition: c{Kind: "change", Op: "either", Limit: 1.5e6, Unit: "€", Against: "previous"}, Cron: "0 8 * * *"},
		"sag mir bescheid wenn der Lagerbestand 20 unterschreitet":                         {Question: "lagerbestand", Title: "Lagerbestand", Condition: c{Kind: "threshold", Op: "below", Limit: 20}, Cron: "0 8 * * *"},
		"sag mir bescheid, wenn der durchschnittliche Bestellwert mindestens 80 € beträgt": {Question: "average bestellwert", Title: "durchschnittliche Bestellwert", Condition: c{Kind: "threshold", Op: "at_least", Limit: 80, Unit: "€"}, Cron: "0 8 * * *"},
	} {
		got, ok := Understand(text)
		require.True(t, ok, text)
		assert.Equal(t, want, got, text)
		require.NoError(t, Check(&got.Condition, &models.AlertRule{}), text)
	}
	for _, text := range []string{"hallo", "sag mir bescheid, wenn", "erzähl mir einen Witz", "sag mir Bescheid, wenn es Katzen regnet", "wenn über 3"} {
		got, ok := Understand(text)
		require.False(t, ok, "%s: %+v", text, got)
	}
}

func TestGermanQuestionsInEnglish(t *testing.T) {
	t.Parallel()
	for german, english := range map[string]string{
		"rückerstattungen in the last 7 days": "refunds in the last 7 days",
		"umsatzes in the last 7 days":         "revenue in the last 7 days",
		"number of bestellungen today":        "number of orders today",
		"latest auftrag":                      "latest orders",
		"umsatz by region":                    "revenue by region",
		"list kunde":                          "list customers",
		"revenue by region":                   "revenue by region",
		"land use":                            "country use",
	} {
		require.Equal(t, english, English(german))
	}
}
