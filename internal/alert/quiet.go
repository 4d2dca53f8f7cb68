package alert

import (
	"slices"
	"time"

	"github.com/datamind/datamind/models"
)

// clock is the minute of a day that "08:30" means.
func clock(text string) int {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0
	}
	return t.Hour()*60 + t.Minute()
}

// muted reports whether a window holds at a time, by the clock of its zone.
func muted(w models.MuteWindow, local time.Time) bool {
	from, to, at := clock(w.From), clock(w.To), local.Hour()*60+local.Minute()
	begins := func(day time.Weekday) bool { return len(w.Days) == 0 || slices.Contains(w.Days, int(day)) }
	if from < to {
		return begins(local.Weekday()) && at >= from && at < to
	}
	// Over midnight; the same time twice is the whole day.
	return at >= from && begins(local.Weekday()) || at < to && begins((local.Weekday()+6)%7)
}

// Quiet reports whether nothing is told at a time: the alert is snoozed, or it is
// the time of a mute window.
func Quiet(rule models.AlertRule, a *models.AlertState, zone *time.Location, now time.Time) bool {
	return now.Before(a.SnoozedUntil) || slices.ContainsFunc(rule.Mute, func(w models.MuteWindow) bool { return muted(w, now.In(zone)) })
}

// loud is the first time from at on at which something may be told, zero when
// there is none in the next week.
func loud(rule models.AlertRule, a *models.AlertState, zone *time.Location, at time.Time) time.Time {
	if at.Before(a.SnoozedUntil) {
		at = a.SnoozedUntil
	}
	end := at.Add(8 * 24 * time.Hour)
	for ; at.Before(end); at = at.Truncate(time.Minute).Add(time.Minute) {
		if !Quiet(rule, a, zone, at) {
			return at
		}
	}
	return time.Time{}
}

// Wake is when something is to be told although nothing ran, zero for never: a
// reminder, an escalation, the end of a quiet time.
func Wake(rule models.AlertRule, a *models.AlertState, zone *time.Location, now time.Time) time.Time {
	var due []time.Time
	if a.Failing != a.FailingTold || a.OwesRecovery {
		due = append(due, now)
	}
	if a.EpisodeID != "" {
		if slices.ContainsFunc(firing(a), func(name string) bool { return !a.Keys[name].Told }) {
			due = append(due, a.AlarmAt.Add(minutes(rule.CooldownMinutes)))
		}
		if a.EpisodeTold && a.AckedAt.IsZero() {
			if rule.EscalateMinutes > 0 && !a.Escalated {
				due = append(due, a.FirstToldAt.Add(minutes(rule.EscalateMinutes)))
			}
			if rule.RemindMinutes > 0 {
				due = append(due, a.ToldAt.Add(minutes(rule.RemindMinutes)))
			}
		}
	}
	var first time.Time
	for _, at := range due {
		if at.Before(now) {
			at = now
		}
		if at = loud(rule, a, zone, at); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
