package sample

import (
	"math"
	"slices"
	"time"
)

// Orders a day on an average day at the start, and customers from before it.
const (
	webOrdersADay   = 13.0
	storeOrdersADay = 15.0
	signUpsADay     = 1.6
	oldCustomers    = 4200
)

// simulation plays the company's days one after the other. It only ever looks
// back, so a later last day adds to the data and changes nothing before it
// (but what was under way is finished).
type simulation struct {
	*company
	day         time.Time
	dice        dice
	campaign    int // id of the campaign of the day, 0 for none
	newest      int // customers with a higher id joined today
	byRegion    map[*regionPlan][]int
	regions     *weights[*regionPlan]
	goods       weights[*product]
	sellers     [][]int // ids of sales staff by store id
	agents      []int   // ids of support staff
	subscribers map[int]bool
	present     []int // scratch of onDuty
}

// run fills the company with everything that happens from day to day.
func (c *company) run() {
	s := newSimulation(c)
	s.dice = newDice(c.seed, "old customers", 0)
	for range int(oldCustomers * c.scale) {
		age := time.Duration(s.dice.Float64() * s.dice.Float64() * 5 * 365 * float64(oneDay))
		s.addCustomer(s.regions.draw(s.dice), c.start.Add(-age-time.Second).Truncate(time.Second), s.dice.chance(.5))
	}
	slices.SortStableFunc(c.customers, func(a, b customer) int { return a.created.Compare(b.created) })
	s.indexCustomers()
	s.addOldSubscriptions()
	for s.day = c.start; !s.day.After(c.through); s.day = s.day.Add(oneDay) {
		s.playDay()
	}
	c.settle()
	c.countStock()
}

func newSimulation(c *company) *simulation {
	s := &simulation{
		company: c, regions: &weights[*regionPlan]{}, subscribers: map[int]bool{},
		sellers: make([][]int, len(c.stores)+1),
	}
	for i := range regionPlans {
		s.regions.add(&regionPlans[i], regionPlans[i].share)
	}
	for i, e := range c.employees {
		switch e.department {
		case "Sales":
			s.sellers[e.store] = append(s.sellers[e.store], i+1)
		case "Support":
			s.agents = append(s.agents, i+1)
		}
	}
	return s
}

// indexCustomers lists by region the customers who joined before today.
func (s *simulation) indexCustomers() {
	if s.byRegion == nil {
		s.byRegion = make(map[*regionPlan][]int, len(regionPlans))
	}
	for ; s.newest < len(s.customers); s.newest++ {
		region := s.customers[s.newest].region
		s.byRegion[region] = append(s.byRegion[region], s.newest+1)
	}
}

// moment is when something is ordered, and where.
type moment struct {
	at    time.Time
	store *store // nil for the web
}

func (s *simulation) playDay() {
	s.dice = newDice(s.seed, "day", int(s.day.Unix()/86400))
	demand, lift := s.openDay()
	webDay, storeDay := holidays(s.day)
	base := s.scale * trend(s.start, s.day) * demand * lift
	weekday := s.day.Weekday()
	web := base * webOrdersADay * weekdayWeb[weekday] * webDay
	// The web grows faster than the stores do.
	web *= math.Sqrt(trend(s.start, s.day))
	inStores := base * storeOrdersADay * weekdayStore[weekday] * storeDay
	for _, m := range s.moments(web, inStores) {
		s.placeOrder(m)
	}
	s.visitWithoutOrder(web / math.Pow(webDay, .3))
	for range s.dice.poisson(signUpsADay * s.scale * trend(s.start, s.day)) {
		s.addCustomer(s.regions.draw(s.dice), s.webTime(), false)
	}
	s.openSubscriptions()
	s.askSupport()
	s.indexCustomers()
}

// openDay sets what is on sale and which campaign runs. It returns the demand
// of the season and of the campaign, 1 on average.
func (s *simulation) openDay() (demand, lift float64) {
	s.goods = weights[*product]{}
	var shares, sums [32]float64
	total := 0.0
	for i := range s.products {
		if p := &s.products[i]; p.onSale(s.day) {
			sums[p.category] += s.popularity(p)
		}
	}
	for i, plan := range categoryPlans {
		shares[i+1] = plan.share * plan.season.at(s.day)
		demand += shares[i+1]
		total += plan.share
	}
	for i := range s.products {
		if p := &s.products[i]; p.onSale(s.day) {
			s.goods.add(p, shares[p.category]*s.popularity(p)/sums[p.category])
		}
	}
	s.campaign, lift = 0, 1
	for i, v := range s.campaigns {
		if within(s.day, v.from, v.to) {
			s.campaign = i + 1
			if v.channel != "all channels" { // holidays() knows Black Friday
				lift = 1 + float64(v.percent)/70
			}
		}
	}
	return demand / total, lift
}

// popularity is the weight of a product within its category today.
func (s *simulation) popularity(p *product) float64 {
	if p.name == faultyProduct && s.day.After(s.stories.faultyTo) {
		return p.weight * .3 // word got round
	}
	return p.weight
}

// moments draws when and where people order today, in order of time.
func (s *simulation) moments(web, inStores float64) []moment {
	list := make([]moment, 0, int(web+inStores)+16)
	for range s.dice.poisson(web) {
		list = append(list, moment{at: s.webTime()})
	}
	var open weights[*store]
	for i := range s.shops() {
		if v := &s.stores[i]; !s.day.Before(v.opened) {
			// A new shop needs a year to become known.
			age := s.day.Sub(v.opened).Hours() / 24 / 365
			open.add(v, v.weight*math.Min(1, .4+.6*age))
		}
	}
	for range s.dice.poisson(inStores) {
		shop := open.draw(s.dice)
		at := s.day.Add(9*time.Hour + time.Duration(s.dice.Float64()*11*3600)*time.Second)
		lost := s.dice.chance(.42)
		if shop.city == competitorStore && !s.day.Before(s.stories.competitorFrom) && lost {
			continue
		}
		list = append(list, moment{at, shop})
	}
	slices.SortStableFunc(list, func(a, b moment) int { return a.at.Compare(b.at) })
	return list
}

// webTime is a time of day when people use the web shop: most in the evening,
// and never so late that the payment falls on the next day.
func (s *simulation) webTime() time.Time {
	hour := 6 + 17.8*math.Sqrt(s.dice.Float64())
	if s.dice.chance(.25) {
		hour = 23.8 * s.dice.Float64()
	}
	return s.day.Add(time.Duration(hour*3600) * time.Second)
}

var (
	segments   = choice(share{"private", 90}, share{"school", 4}, share{"business", 6})
	webSources = choice(share{"organic search", 34}, share{"paid search", 22}, share{"social", 16}, share{"referral", 10}, share{"direct", 12}, share{"email", 6})
)

// addCustomer creates an account and returns its id.
func (s *simulation) addCustomer(region *regionPlan, created time.Time, inStore bool) int {
	d := s.dice
	v := customer{region: region, created: created, consent: d.chance(.58), segment: segments.draw(d)}
	if region.german {
		v.name = oneOf(d, germanFirstNames...) + " " + oneOf(d, germanLastNames...)
	} else {
		v.name = oneOf(d, firstNames...) + " " + oneOf(d, lastNames...)
	}
	if v.channel = webSources.draw(d); inStore {
		v.channel = channelStore
	}
	var cities weights[place]
	for _, p := range region.places {
		cities.add(p, p.weight)
	}
	city := cities.draw(d)
	v.city, v.postal = city.city, city.postal+postalEnd(d, region)
	born := date(created.Year()-18-d.between(0, 52), time.Month(d.between(1, 12)), d.between(1, 28))
	if d.chance(.7) && v.segment == "private" {
		v.born = born
	}
	s.customers = append(s.customers, v)
	return len(s.customers)
}

func postalEnd(d dice, region *regionPlan) string {
	digit := func() byte { return byte('0' + d.IntN(10)) }
	if region.country == "Canada" {
		return string([]byte{digit(), byte('A' + d.IntN(8)), digit()})
	}
	return string([]byte{digit(), digit()})
}

// customerOf returns a customer of the region who joined before today. Some
// buy often, most seldom.
func (s *simulation) customerOf(region *regionPlan) int {
	known := s.byRegion[region]
	if len(known) == 0 {
		return s.addCustomer(region, s.day, false)
	}
	return known[int(math.Pow(s.dice.Float64(), 1.35)*float64(len(known)))]
}
