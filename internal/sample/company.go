package sample

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// company holds everything that goes into the database. Slices are in the
// order of their ids, which start at 1.
type company struct {
	seed    int64
	scale   float64
	start   time.Time // first day with orders
	through time.Time // last day with data
	end     time.Time // first moment after it
	stories stories

	products      []product
	prices        []productPrice
	stores        []store
	employees     []employee
	campaigns     []campaign
	customers     []customer
	orders        []order
	items         []orderItem
	payments      []payment
	returns       []productReturn
	refunds       []refund
	sessions      []webSession
	tickets       []ticket
	subscriptions []subscription
	inventory     []stock
}

type product struct {
	id, category, supplier int // category and supplier are ids
	name, sku              string
	price, cost            cents // current
	grams, rating          int   // rating in tenths, 0 = none
	launched, discontinued time.Time
	weight                 float64 // popularity within its category
	history                []productPrice
}

type productPrice struct {
	product  int
	price    cents
	from, to time.Time // to is zero for the current price
}

type store struct {
	storePlan
	id     int
	region *regionPlan
	opened time.Time
}

type employee struct {
	name, email, title, department string
	store, manager                 int
	salary                         cents
	hired, left                    time.Time
}

type campaign struct {
	name, channel string
	percent       int
	budget        cents
	from, to      time.Time
}

// newCompany builds what exists whatever is sold: articles, stores, people
// and campaigns. anchor is the last day of the first load: history begins
// three years before it.
func newCompany(o Options, anchor time.Time) *company {
	c := &company{
		seed: o.Seed, scale: o.Scale,
		start:   anchor.AddDate(-3, 0, 1),
		through: o.Through, end: o.Through.Add(oneDay),
		stories: newStories(anchor),
	}
	c.addProducts()
	c.addStores()
	c.addEmployees(anchor)
	for year := c.start.Year(); year <= c.through.Year(); year++ {
		for _, plan := range campaignPlans(year) {
			if !plan.to.Before(c.start) && !plan.from.After(c.through) {
				c.campaigns = append(c.campaigns, plan)
			}
		}
	}
	return c
}

func (c *company) addProducts() {
	for i, plan := range categoryPlans {
		for s, series := range plan.series {
			for _, kind := range plan.kinds {
				c.addProduct(i, s, series, kind)
			}
		}
	}
	for i := range c.products {
		c.prices = append(c.prices, c.products[i].history...)
	}
}

func (c *company) addProduct(category, series int, seriesName string, kind kindOfGoods) {
	p := product{id: len(c.products) + 1, category: category + 1, name: seriesName + " " + kind.name}
	d := newDice(c.seed, "product", p.id)
	p.supplier = (category*3+series*7)%len(supplierPlans) + 1
	p.sku = fmt.Sprintf("%s-%04d", strings.ToUpper(categoryPlans[category].name[:2]), 1000+p.id*7)
	// A later series is the better one, and less is sold of what costs more.
	base := float64(kind.price) * (.85 + .2*float64(series) + .1*d.Float64())
	p.weight = math.Pow(60/base, .35) * (.5 + d.Float64())
	p.grams = int(float64(kind.grams) * (.9 + .2*d.Float64()))
	p.rating = d.between(36, 49)
	p.launched = c.start.AddDate(0, 0, -d.between(60, 2200))
	if d.chance(.12) {
		p.launched = c.start.AddDate(0, 0, d.between(40, 900))
	} else if d.chance(.07) {
		p.discontinued = c.start.AddDate(0, 0, d.between(300, 1000))
	}
	if p.name == faultyProduct {
		p.weight, p.rating = 3.5, 29
		p.launched, p.discontinued = c.start.AddDate(-2, 0, 0), time.Time{}
	}
	c.addPrices(&p, d, base)
	c.products = append(c.products, p)
}

// addPrices sets the price at launch and raises it on most first days of
// February.
func (c *company) addPrices(p *product, d dice, base float64) {
	current := productPrice{product: p.id, price: listPrice(base), from: p.launched}
	for year := p.launched.Year() + 1; ; year++ {
		raise := date(year, time.February, 1)
		if raise.After(c.through) {
			break
		}
		if raise.Sub(current.from) < 90*oneDay || !d.chance(.8) {
			continue
		}
		base = math.Max(base*(1.01+.06*d.Float64()), base+1)
		current.to = raise.Add(-oneDay)
		p.history = append(p.history, current)
		current = productPrice{product: p.id, price: listPrice(base), from: raise}
	}
	p.history = append(p.history, current)
	p.price, p.cost = current.price, p.history[0].price*cents(46+p.id%14)/100
}

// listPrice rounds to what a price tag shows, such as 248.95.
func listPrice(dollars float64) cents { return cents(math.Round(dollars))*100 - 5 }

// onSale says whether a product can be bought on a day.
func (p *product) onSale(day time.Time) bool {
	return !day.Before(p.launched) && (p.discontinued.IsZero() || day.Before(p.discontinued))
}

func (p *product) priceOn(day time.Time) cents {
	for i := len(p.history) - 1; i > 0; i-- {
		if !day.Before(p.history[i].from) {
			return p.history[i].price
		}
	}
	return p.history[0].price
}

func (c *company) addStores() {
	for i, plan := range storePlans {
		s := store{storePlan: plan, id: i + 1, opened: c.start.AddDate(0, 0, -int(plan.yearsOpen*365))}
		for r := range regionPlans {
			if regionPlans[r].name == plan.region {
				s.region = &regionPlans[r]
			}
		}
		c.stores = append(c.stores, s)
	}
}

// shops are the stores that sell; the warehouse is the last of the plans.
func (c *company) shops() []store   { return c.stores[:len(c.stores)-1] }
func (c *company) warehouse() store { return c.stores[len(c.stores)-1] }

func (c *company) addEmployees(anchor time.Time) {
	d := newDice(c.seed, "employees", 0)
	hire := func(title, department string, store, manager, salary int, opened time.Time) int {
		e := employee{title: title, department: department, store: store, manager: manager}
		e.name = oneOf(d, firstNames...) + " " + oneOf(d, lastNames...)
		e.email = mailName(e.name) + fmt.Sprint(len(c.employees)+1) + "@northpeak.example"
		e.salary = cents(salary+d.between(-8, 12)*salary/100) / 100 * 100_00
		tenure := int(anchor.Sub(opened) / oneDay)
		e.hired = opened.AddDate(0, 0, -20)
		if manager > 1 {
			e.hired = opened.AddDate(0, 0, d.IntN(tenure)-20)
			if stay := int(anchor.Sub(e.hired) / oneDay); stay > 200 && d.chance(.15) {
				e.left = e.hired.AddDate(0, 0, d.between(150, stay-1))
			}
		}
		c.employees = append(c.employees, e)
		return len(c.employees)
	}
	founded := c.start.AddDate(-19, 0, 0)
	director := hire("Managing Director", "Management", 0, 0, 190_000, founded)
	marketing := hire("Head of Marketing", "Marketing", 0, director, 118_000, founded)
	support := hire("Head of Support", "Support", 0, director, 104_000, founded)
	logistics := hire("Warehouse Manager", "Logistics", c.warehouse().id, director, 98_000, founded)
	recent := c.start.AddDate(-2, 0, 0)
	for i := 0; i < 9; i++ {
		hire("Support Agent", "Support", 0, support, 47_000, recent)
	}
	for i := 0; i < 4; i++ {
		hire("Marketing Specialist", "Marketing", 0, marketing, 66_000, recent)
	}
	for i := 0; i < 8; i++ {
		hire("Warehouse Associate", "Logistics", c.warehouse().id, logistics, 41_000, recent)
	}
	for _, s := range c.shops() {
		manager := hire("Store Manager", "Sales", s.id, director, 72_000, s.opened)
		for i := 0; i < 2+s.area/400; i++ {
			hire("Sales Associate", "Sales", s.id, manager, 39_000, maxTime(s.opened, recent))
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// mailName turns a name into the first part of an e-mail address.
var mailFold = strings.NewReplacer(" ", ".", "'", "", "ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "ş", "s", "ı", "i")

func mailName(name string) string { return mailFold.Replace(strings.ToLower(name)) }
