package sample

import (
	"slices"
	"time"
)

const (
	// linkedSessions is the share of web orders whose visit was recorded,
	// conversion the share of recorded visits that end in an order.
	linkedSessions = .22
	conversion     = .055

	subscriptionsADay = 3.4
	oldSubscriptions  = 700
	ticketsADay       = 3.2
)

var (
	mobileFirst    = choice(share{"mobile", 61}, share{"desktop", 33}, share{"tablet", 6})
	buyingDevices  = choice(share{"mobile", 44}, share{"desktop", 50}, share{"tablet", 6})
	visitSources   = choice(share{"organic search", 33}, share{"paid search", 21}, share{"social", 19}, share{"direct", 15}, share{"referral", 6}, share{"email", 6})
	buyingSources  = choice(share{"organic search", 30}, share{"paid search", 19}, share{"social", 8}, share{"direct", 18}, share{"referral", 6}, share{"email", 19})
	ticketChannels = choice(share{"email", 52}, share{"chat", 31}, share{"phone", 17})
	priorities     = choice(share{"low", 22}, share{"normal", 58}, share{"high", 16}, share{"urgent", 4})
	generalTopics  = choice(share{"product advice", 52}, share{topicWebsite, 14}, share{"payment", 9}, share{topicSubscription, 11}, share{"delivery", 14})
	leaveReasons   = choice(share{"not used enough", 46}, share{"price", 18}, share{"moved away", 12}, share{"service", 9}, share{"other", 15})
)

// visitWithOrder records the visit in which an order was placed.
func (s *simulation) visitWithOrder(orderID int, region *regionPlan) {
	d, o := s.dice, &s.orders[orderID-1]
	v := webSession{
		customer: o.customer, order: orderID, campaign: o.campaign, region: region, cart: true,
		channel: buyingSources.draw(d), device: buyingDevices.draw(d), landing: oneOf(d, landingPages...),
		views: d.between(6, 38), seconds: d.between(240, 2700),
	}
	// A visit begins on the day of its order, so that no later order can add a
	// visit to a day that is already over.
	v.started = maxTime(s.day, o.ordered.Add(-time.Duration(v.seconds)*time.Second))
	v.seconds = int(o.ordered.Sub(v.started).Seconds())
	s.sessions = append(s.sessions, v)
}

// visitWithoutOrder records the visits of a day that end without an order;
// orders is how many orders a day like this brings.
func (s *simulation) visitWithoutOrder(orders float64) {
	d := s.dice
	for range d.poisson(orders * linkedSessions * (1/conversion - 1)) {
		region := s.regions.draw(d)
		v := webSession{region: region, channel: visitSources.draw(d), device: mobileFirst.draw(d), landing: oneOf(d, landingPages...), started: s.webTime()}
		v.views = 1 + int(d.ExpFloat64()*4)
		v.seconds = v.views*d.between(8, 70) - 5
		v.cart = v.views > 2 && d.chance(.14)
		if d.chance(.22) {
			v.customer = s.customerOf(region)
		}
		if s.campaign != 0 && v.channel == s.campaigns[s.campaign-1].channel && d.chance(.6) {
			v.campaign = s.campaign
		}
		s.sessions = append(s.sessions, v)
	}
}

// addTicket draws how support deals with a request, and keeps it if it was
// made before the end of the data.
func (s *simulation) addTicket(d dice, t ticket) {
	t.channel = ticketChannels.draw(d)
	if t.priority == "" {
		t.priority = priorities.draw(d)
	}
	if t.subject == "" {
		t.subject = oneOf(d, ticketSubjects[t.topic]...)
	}
	t.employee = s.onDuty(d, s.agents, t.opened)
	if t.employee == 0 {
		t.employee = s.agents[0]
	}
	answer := .2 + d.ExpFloat64()*5
	solve := answer + .1 + d.ExpFloat64()*26
	t.answered = t.opened.Add(time.Duration(answer*3600) * time.Second)
	t.resolved = t.opened.Add(time.Duration(solve*3600) * time.Second)
	rating, rated := min(5, 1+d.IntN(9)), d.chance(.42)
	if t.priority == "urgent" {
		rating = d.between(1, 3)
	}
	if !t.opened.Before(s.end) {
		return
	}
	t.answered, t.resolved = s.untilEnd(t.answered), s.untilEnd(t.resolved)
	switch {
	case t.answered.IsZero():
		t.status = "open"
	case t.resolved.IsZero():
		t.status = "waiting"
	case s.end.Sub(t.resolved) < 8*oneDay:
		t.status = "solved"
	default:
		t.status = "closed"
	}
	if rated && !t.resolved.IsZero() {
		t.satisfaction = rating
	}
	s.tickets = append(s.tickets, t)
}

// askSupport opens the day's tickets that do not come from an order.
func (s *simulation) askSupport() {
	for range s.dice.poisson(ticketsADay * s.scale * trend(s.start, s.day)) {
		t := ticket{customer: s.customerOf(s.regions.draw(s.dice)), topic: generalTopics.draw(s.dice), opened: s.webTime()}
		p := s.goods.draw(s.dice)
		if t.topic == "product advice" {
			t.product = p.id
		}
		s.addTicket(s.dice, t)
	}
}

func (s *simulation) complainAboutCheckout(region *regionPlan, at time.Time) {
	if s.dice.chance(.3) {
		s.addTicket(s.dice, ticket{
			customer: s.customerOf(region), topic: topicWebsite, priority: "high", opened: at.Add(7 * time.Minute),
			subject: oneOf(s.dice, "Checkout button does nothing", "Cannot pay: checkout hangs after the address"),
		})
	}
}

func (f *fulfilment) askAboutReturn(p *product, faulty bool, requested time.Time) {
	t := ticket{customer: f.order.customer, order: f.id, product: p.id, topic: topicReturn, opened: requested.Add(-2 * time.Hour)}
	share := .15
	if faulty {
		share = .75
		t.topic, t.priority = topicDefect, "high"
		t.subject = oneOf(f.dice, "Tent pole snapped on the first night", "Pole broke, tent collapsed", "Broken pole: I want my money back")
	}
	if f.dice.chance(share) {
		f.addTicket(f.dice, t)
	}
}

// askAboutOrder opens a ticket when something went wrong on the way, and
// sometimes when nothing did.
func (f *fulfilment) askAboutOrder(paymentFailed bool) {
	o, d := f.order, f.dice
	t := ticket{customer: o.customer, order: f.id, topic: "delivery", opened: o.ordered.Add(time.Duration(d.between(50, 130)) * time.Hour)}
	share := .03
	switch {
	case paymentFailed:
		share, t.topic, t.opened = .3, "payment", o.ordered.Add(time.Hour)
	case o.channel == channelStore:
		share, t.topic, t.opened = .012, topicDefect, o.ordered.AddDate(0, 0, d.between(5, 60))
		t.product = f.items[f.firstItem].product
	case o.delivered.Sub(o.ordered) > 8*oneDay:
		share, t.opened = .3, o.ordered.AddDate(0, 0, 8)
	}
	if d.chance(share) {
		f.addTicket(d, t)
	}
}

// addOldSubscriptions adds those that began before the first day.
func (s *simulation) addOldSubscriptions() {
	for range int(oldSubscriptions * s.scale) {
		s.subscribe(s.start.AddDate(0, 0, -s.dice.between(5, 500)))
	}
}

func (s *simulation) openSubscriptions() {
	for range s.dice.poisson(subscriptionsADay * s.scale * trend(s.start, s.day)) {
		s.subscribe(s.day)
	}
}

// subscribe lets a customer join the club and decides when they leave.
func (s *simulation) subscribe(started time.Time) {
	customer := s.customerOf(s.regions.draw(s.dice))
	joined := s.customers[customer-1].created
	var plans weights[int]
	for i, v := range clubPlans {
		plans.add(i, v.share)
	}
	plan := clubPlans[plans.draw(s.dice)]
	if s.subscribers[customer] || started.Before(joined) {
		return
	}
	s.subscribers[customer] = true
	d := newDice(s.seed, "subscription", customer)
	v := subscription{customer: customer, plan: plan.name, started: started}
	v.cancelled, v.reason = s.leaves(d, plan.name, plan.churn, started)
	charged := s.through
	if !v.cancelled.IsZero() {
		charged = v.cancelled
	}
	if v.price = plan.before; !charged.Before(s.stories.priceRise) {
		v.price = plan.after
	}
	question := newDice(s.seed, "price question", customer)
	if plan.name == raisedPlan && started.Before(s.stories.priceRise) && (v.cancelled.IsZero() || v.cancelled.After(s.stories.priceRise)) && question.chance(.06) {
		s.addTicket(question, ticket{
			customer: customer, topic: topicSubscription, subject: "Why does my Plus plan cost more now?",
			opened: s.stories.priceRise.Add(time.Duration(question.between(8, 500)) * time.Hour),
		})
	}
	s.subscriptions = append(s.subscriptions, v)
}

// leaves returns when and why a member cancels, the zero time if not before
// the end of the data. Members decide once a month.
func (s *simulation) leaves(d dice, plan string, churn float64, started time.Time) (time.Time, string) {
	for month := 1; ; month++ {
		day := started.AddDate(0, month, -d.between(0, 20))
		if day.After(s.through) {
			return time.Time{}, ""
		}
		raised := plan == raisedPlan && !day.Before(s.stories.priceRise)
		hazard, reason := churn, leaveReasons.draw(d)
		if raised && day.Before(s.stories.priceRise.AddDate(0, 3, 0)) {
			if hazard = .10; d.chance(.8) {
				reason = "price"
			}
		} else if raised {
			hazard = churn * 1.5
		}
		if d.chance(hazard) && day.After(s.start) {
			return day, reason
		}
	}
}

// settle puts what was noted while following orders into the order of time.
// Ids are places in these lists; references to them are made afterwards.
func (c *company) settle() {
	slices.SortStableFunc(c.returns, func(a, b productReturn) int { return a.requested.Compare(b.requested) })
	slices.SortStableFunc(c.refunds, func(a, b refund) int { return a.refunded.Compare(b.refunded) })
	slices.SortStableFunc(c.sessions, func(a, b webSession) int { return a.started.Compare(b.started) })
	slices.SortStableFunc(c.tickets, func(a, b ticket) int { return a.opened.Compare(b.opened) })
	slices.SortStableFunc(c.subscriptions, func(a, b subscription) int { return a.started.Compare(b.started) })
}

// countStock draws the stock of today. The warehouse holds most of it.
func (c *company) countStock() {
	d := newDice(c.seed, "stock", int(c.through.Unix()/86400))
	for _, v := range c.stores {
		for i := range c.products {
			p := &c.products[i]
			reorder, restocked := 2+int(p.weight*4*float64(v.area)/1000), c.through.AddDate(0, 0, -d.between(0, 60))
			quantity := d.between(reorder*2/3, reorder*4)
			if v.id == c.warehouse().id {
				quantity = d.between(reorder/2, reorder*5)
			}
			if d.chance(.03) {
				quantity = 0
			}
			if !p.onSale(c.through) || v.opened.After(c.through) {
				continue
			}
			c.inventory = append(c.inventory, stock{store: v.id, product: p.id, quantity: quantity, reorder: reorder, restocked: maxTime(maxTime(restocked, p.launched), v.opened)})
		}
	}
}
