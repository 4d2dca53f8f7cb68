package alert

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestTheCauseIsRankedAndNotTheSize(t *testing.T) {
	t.Parallel()
	splits := []Split{
		{"country", map[string]float64{"DE": 900, "AT": 200}, map[string]float64{"DE": 800, "AT": 100}},
		{"channel", map[string]float64{"web": 1000, "shop": 100}, map[string]float64{"web": 800, "shop": 100}},
	}
	parts := Contributions(1100, 900, splits)
	require.Equal(t, models.AlertPart{Dimension: "country", Value: "AT", Now: 200, Before: 100, Share: .5}, parts[0])
	text := Finding(&models.AlertCondition{}, 1100, 900, "a week before", parts, []string{"country", "channel"})
	require.Equal(t, "It rose from 900 (a week before) to 1,100, by 22.20 %. country “AT” explains 50 % of the change (from 100 to 200). channel “web” explains 100 % of the change (from 800 to 1,000).", text)
	even := []Split{{"country", map[string]float64{"DE": 880, "AT": 110}, map[string]float64{"DE": 800, "AT": 100}}}
	require.Empty(t, Contributions(990, 900, even), "the largest part explains nothing when all move alike")
	require.Empty(t, Contributions(1, 1, splits))
}

// A change that one part made is explained by that part, whatever the others are.
func TestAPlantedCauseIsFound(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 5))
		s := Split{"shop", map[string]float64{}, map[string]float64{}}
		var now, before float64
		for i := range 2 + dice.IntN(10) {
			name := string(rune('a' + i))
			v := 100 + dice.Float64()*1000
			s.Before[name], s.Now[name] = v, v*(0.99+dice.Float64()*0.02)
		}
		cause := string(rune('a' + dice.IntN(len(s.Before))))
		s.Now[cause] = s.Before[cause] + float64(1-2*dice.IntN(2))*3000
		for name := range s.Before {
			now, before = now+s.Now[name], before+s.Before[name]
		}
		parts := Contributions(now, before, []Split{s})
		require.NotEmpty(t, parts, "seed %d", seed)
		require.Equal(t, cause, parts[0].Value, "seed %d", seed)
	}
}
