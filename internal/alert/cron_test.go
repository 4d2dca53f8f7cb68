package alert

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestSpecs(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 26, 7, 59, 59, 0, time.UTC)
	for cron, want := range map[string][]string{
		"0 8 * * *":       {"2026-11-26T08:00:00Z", "2026-11-27T08:00:00Z"},
		"*/15 * * * *":    {"2026-11-26T08:00:00Z", "2026-11-26T08:15:00Z"},
		"30 9-17/4 * * *": {"2026-11-26T09:30:00Z", "2026-11-26T13:30:00Z", "2026-11-26T17:30:00Z", "2026-11-27T09:30:00Z"},
		"0 8 * * mon-fri": {"2026-11-26T08:00:00Z", "2026-11-27T08:00:00Z", "2026-11-30T08:00:00Z"},
		"0 8 * * 5-7":     {"2026-11-27T08:00:00Z", "2026-11-28T08:00:00Z", "2026-11-29T08:00:00Z", "2026-12-04T08:00:00Z"},
		"0 0 1,15 * *":    {"2026-12-01T00:00:00Z", "2026-12-15T00:00:00Z", "2027-01-01T00:00:00Z"},
		"0 0 29 feb *":    {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"},
	} {
		s, err := ParseSpec(cron, "UTC")
		require.NoError(t, err, cron)
		at := from
		for _, w := range want {
			at = s.Next(at)
			require.Equal(t, w, at.Format(time.RFC3339), cron)
		}
	}
	for _, cron := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "1-0 * * * *", "*/0 * * * *", "a * * * *", "0 0 30 2 *", "0 0 1 * 1", "@daily", "-1 * * * *", "+1 * * * *", "1, * * * *", "*/99 * * * *"} {
		_, err := ParseSpec(cron, "UTC")
		require.Equal(t, models.CodeSchedule, models.ErrorCode(err), cron)
	}
	for _, zone := range []string{"Nowhere/City", "Local", "../etc/passwd"} {
		_, err := ParseSpec("0 8 * * *", zone)
		require.Equal(t, models.CodeSchedule, models.ErrorCode(err), zone)
	}
}

// 08:00 stays 08:00 the whole year; a time that the clocks jump over does not
// occur, and one that they pass twice may occur twice. That Temporal does the same
// is tested with its server.
func TestBothChangesOfTheClocks(t *testing.T) {
	t.Parallel()
	year := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		cron, zone string
		runs       int
	}{{"0 8 * * *", "Europe/Berlin", 365}, {"30 2 * * *", "Europe/Berlin", 364}, {"30 1 * * *", "America/New_York", 366}, {"30 2 * * *", "America/New_York", 364}, {"0 8 * * *", "UTC", 365}} {
		s, err := ParseSpec(test.cron, test.zone)
		require.NoError(t, err)
		times := s.Between(year, year.AddDate(1, 0, 0), 1000)
		require.Len(t, times, test.runs, "%s in %s", test.cron, test.zone)
		for i, at := range times {
			require.Equal(t, times[0].In(s.zone).Format("15:04"), at.In(s.zone).Format("15:04"))
			require.True(t, i == 0 || at.After(times[i-1]))
		}
	}
	s, err := ParseSpec("0 8 * * *", "UTC")
	require.NoError(t, err)
	last := s.Between(year, year.AddDate(1, 0, 0), 3)
	require.Equal(t, []string{"2026-12-30", "2026-12-31"}, []string{last[1].Format(time.DateOnly), last[2].Format(time.DateOnly)}[:2])
	require.Equal(t, 24*time.Hour, s.Interval(year))
}
