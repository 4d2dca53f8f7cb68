package sample

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sort"
)

// dice draws everything that looks like chance. Each stream (a day, a
// subscription, a product) has its own dice, so what one draws never shifts
// another, and the data of a day is the same whatever the last day is.
type dice struct{ *rand.Rand }

func newDice(seed int64, stream string, number int) dice {
	h := fnv.New64a()
	h.Write([]byte(stream))
	return dice{rand.New(rand.NewPCG(uint64(seed), h.Sum64()^(uint64(number)*0x9e3779b97f4a7c15)))}
}

// chance is true with probability p.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// between returns an integer from low to high, both included.
func (d dice) between(low, high int) int { return low + d.IntN(high-low+1) }

// poisson returns how often something happens that happens mean times on
// average (Knuth's method; in parts of 30, because exp(-mean) underflows).
func (d dice) poisson(mean float64) int {
	n := 0
	for ; mean > 30; mean -= 30 {
		n += d.poisson(30)
	}
	limit, p := math.Exp(-mean), d.Float64()
	for ; p > limit; n++ {
		p *= d.Float64()
	}
	return n
}

// pick returns an index of cumulative, the running sums of the weights.
func (d dice) pick(cumulative []float64) int {
	x := d.Float64() * cumulative[len(cumulative)-1]
	return min(sort.SearchFloat64s(cumulative, x), len(cumulative)-1)
}

// oneOf returns one of the given values, each as likely as the others.
func oneOf[T any](d dice, values ...T) T { return values[d.IntN(len(values))] }

// weights is a choice among values with unequal likelihood.
type weights[T any] struct {
	values     []T
	cumulative []float64
}

func (w *weights[T]) add(value T, weight float64) {
	sum := weight
	if n := len(w.cumulative); n > 0 {
		sum += w.cumulative[n-1]
	}
	w.values, w.cumulative = append(w.values, value), append(w.cumulative, sum)
}

func (w *weights[T]) draw(d dice) T { return w.values[d.pick(w.cumulative)] }

// share is one value of a fixed choice.
type share struct {
	value  string
	weight float64
}

func choice(shares ...share) *weights[string] {
	w := &weights[string]{}
	for _, s := range shares {
		w.add(s.value, s.weight)
	}
	return w
}
