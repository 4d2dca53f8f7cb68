package insight

import (
	"regexp"

	"golang.org/x/text/language"

	"github.com/datamind/datamind/models"
)

// A column of two letters may hold states or languages: its name must speak of countries.
var countryName = regexp.MustCompile(`(?i)country|countries|nation|iso`)

// region says which codes of countries a column holds, "" for none: every
// value must be one, all of the same length.
func (c *charting) region(col int) string {
	if !countryName.MatchString(c.name(col)) {
		return ""
	}
	form := ""
	for _, row := range c.rows.Rows {
		code, ok := row[col].(string)
		if !ok {
			return ""
		}
		r, err := language.ParseRegion(code)
		if err != nil || !r.IsCountry() {
			return ""
		}
		this := ""
		switch code {
		case r.String():
			this = models.RegionAlpha2
		case r.ISO3():
			this = models.RegionAlpha3
		}
		if this == "" || form != "" && form != this {
			return ""
		}
		form = this
	}
	return form
}
