package chaos

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	full  = flag.Bool("full", false, "run the full form and write docs/reliability.md")
	reps  = flag.Int("reps", 0, "repetitions of each fault (0: 20 in the full form, as the fault says in the short one)")
	seed  = flag.Uint64("seed", 1, "the moments of the faults follow from it")
	write = flag.String("write", "", "file whose table gets the rows of the faults that passed, between its markers")
)

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait more than they work: more of them at a time than cores.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set(strconv.Itoa(parallel()))
	}
	began := time.Now()
	code := m.Run()
	worlds.close()
	if table := sheet.table(); table != "" {
		fmt.Printf("seed %d, %s, %s\n\n%s\n", *seed, machine(), time.Since(began).Round(time.Second), table)
		if *write != "" {
			if err := sheet.writeTo(*write); err != nil {
				fmt.Println(err)
				code = 1
			}
		}
	}
	os.Exit(code)
}

func parallel() int {
	if *full {
		return 6
	}
	return 3
}

// fault is one kind of trouble and how often it is made.
type fault struct {
	name string // its row of the table
	// short is how many repetitions the short form has; 0 means 1.
	short int
	// outage of the full form; the short one has shortOutage.
	outage time.Duration
	body   func(*repetition)
}

// shortOutage is how long outages of the short form last.
const shortOutage = 3 * time.Second

// repetition is a fault made once: what the body gets.
type repetition struct {
	*world
	t   *testing.T
	rng *rand.Rand
	// outage is how long this fault's outage shall last.
	outage time.Duration
}

// run repeats the fault, each time on a world that nobody else uses, and
// compares the books after every repetition.
func (f fault) run(t *testing.T) {
	t.Helper()
	t.Parallel()
	n, outage := max(f.short, 1), min(f.outage, shortOutage)
	if *full {
		n, outage = 20, f.outage
	}
	if *reps > 0 {
		n = *reps
	}
	for i := range n {
		t.Run(strconv.Itoa(i+1), func(t *testing.T) {
			t.Parallel()
			w := worlds.lease(t)
			r := &repetition{world: w, t: t, rng: seeded(f.name, i), outage: outage}
			w.begin(t)
			bad := true
			defer func() {
				if bad = bad || t.Failed(); bad {
					sheet.fail(f.name)
				}
				worlds.giveBack(t, w, bad)
			}()
			f.body(r)
			found := w.settle(t)
			sheet.add(f.name, found)
			for _, text := range found.violations {
				t.Error(text)
			}
			require.Empty(t, found.violations)
			bad = false
		})
	}
}

// seeded is the randomness of one repetition.
func seeded(name string, i int) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(*seed, h.Sum64()+uint64(i)))
}

// between is a moment of the seed's choice.
func (r *repetition) between(from, to time.Duration) time.Duration {
	return from + time.Duration(r.rng.Int64N(int64(to-from)))
}
