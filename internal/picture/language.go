package picture

import (
	"strings"
	"time"
)

// language is how a picture writes numbers and times, and its own words.
type language struct {
	notOver, before, lost string
	// number turns the English form of a number into the language's, time writes a
	// moment by one of the layouts of English; nil for English itself.
	number func(text string) string
	time   func(t time.Time, layout string) string
}

var english = language{notOver: " is not over yet", before: "before: ", lost: "#: names that this picture cannot write"}

var (
	germanNumber = strings.NewReplacer(",", ".", ".", ",", "K", " Tsd.", "M", " Mio.", "B", " Mrd.", "T", " Bio.", "%", " %")
	germanMonths = [...]string{"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."}
	germanTimes  = map[string]string{layoutDay: "2.1.2006", layoutTime: "2.1. 15:04"}
)

var german = language{notOver: " läuft noch", before: "zuvor: ", lost: "#: Namen, die dieses Bild nicht schreiben kann", number: germanNumber.Replace,
	time: func(t time.Time, layout string) string {
		if layout == layoutMonth {
			return germanMonths[t.Month()-1] + t.Format(" 2006")
		}
		return t.Format(germanTimes[layout])
	}}

func languageOf(locale string) language {
	if locale == "de" {
		return german
	}
	return english
}

// The layouts of English.
const (
	layoutMonth = "Jan 2006"
	layoutDay   = "2 Jan 2006"
	layoutTime  = "2 Jan 15:04"
)

func (l language) moment(t time.Time, layout string) string {
	if l.time == nil {
		return t.Format(layout)
	}
	return l.time(t, layout)
}

// write is a number's text in the language.
func (l language) write(text string) string {
	if l.number == nil {
		return text
	}
	return l.number(text)
}

func (l language) numbers(f func(float64) string) func(float64) string {
	return func(v float64) string { return l.write(f(v)) }
}
