package sample

import (
	"math"
	"time"
)

var (
	webMethods   = choice(share{"card", 56}, share{"paypal", 24}, share{"apple pay", 11}, share{"bank transfer", 6}, share{"gift card", 3})
	storeMethods = choice(share{"card", 66}, share{"cash", 17}, share{"apple pay", 14}, share{"gift card", 3})
	basketSizes  = []float64{.36, .62, .80, .92, 1}
)

// placeOrder makes one order and everything that follows from it.
func (s *simulation) placeOrder(m moment) {
	o := order{channel: channelWeb, ordered: m.at}
	region, newcomer := s.regions.draw(s.dice), .20
	if m.store != nil {
		o.channel, o.store, newcomer = channelStore, m.store.id, .13
		region = m.store.region
		o.employee = s.onDuty(s.dice, s.sellers[m.store.id], s.day)
	} else if lost := s.dice.chance(.8); lost && s.bugHits(region) {
		s.complainAboutCheckout(region, m.at)
		return
	}
	if s.dice.chance(newcomer) {
		joined := m.at.Add(-time.Duration(s.dice.between(1, 5)) * time.Minute)
		o.customer = s.addCustomer(region, maxTime(joined, s.day), m.store != nil)
	} else {
		o.customer = s.customerOf(region)
	}
	first := len(s.items)
	s.orders = append(s.orders, o)
	s.fillBasket(len(s.orders))
	s.price(&s.orders[len(s.orders)-1], s.items[first:], region)
	id := len(s.orders)
	f := fulfilment{simulation: s, dice: newDice(s.seed, "order", id), id: id, order: &s.orders[id-1], firstItem: first}
	f.follow(region)
	if m.store == nil && s.dice.chance(linkedSessions) {
		s.visitWithOrder(f.id, region)
	}
}

func (s *simulation) bugHits(region *regionPlan) bool {
	return region.name == bugRegion && within(s.day, s.stories.bugFrom, s.stories.bugTo)
}

// onDuty returns one of the given employees who is employed on the day, 0 if
// none is.
func (s *simulation) onDuty(d dice, ids []int, day time.Time) int {
	present := s.present[:0]
	for _, id := range ids {
		e := &s.employees[id-1]
		if !day.Before(e.hired) && (e.left.IsZero() || day.Before(e.left)) {
			present = append(present, id)
		}
	}
	s.present = present
	if len(present) == 0 {
		return 0
	}
	return oneOf(d, present...)
}

// fillBasket adds the items of an order: people tend to stay in a department.
func (s *simulation) fillBasket(orderID int) {
	first := len(s.items)
	segment := s.customers[s.orders[orderID-1].customer-1].segment
	var department string
	for range s.dice.pick(basketSizes) + 1 {
		p := s.goods.draw(s.dice)
		for try := 0; try < 2 && department != "" && categoryPlans[p.category-1].department != department; try++ {
			p = s.goods.draw(s.dice)
		}
		department = categoryPlans[p.category-1].department
		quantity := 1
		if price := p.priceOn(s.day); price < 50_00 && s.dice.chance(.25) {
			quantity = s.dice.between(2, 3)
		}
		if segment != "private" && s.dice.chance(.4) {
			quantity += s.dice.between(1, 5)
		}
		if containsProduct(s.items[first:], p.id) {
			continue
		}
		s.items = append(s.items, orderItem{order: orderID, product: p.id, quantity: quantity, price: p.priceOn(s.day)})
	}
}

func containsProduct(items []orderItem, product int) bool {
	for _, v := range items {
		if v.product == product {
			return true
		}
	}
	return false
}

// price sums the items and sets discount and shipping.
func (s *simulation) price(o *order, items []orderItem, region *regionPlan) {
	for _, v := range items {
		o.items += v.price * cents(v.quantity)
	}
	voucher := s.dice.chance(.05)
	percent := 0
	if s.campaign != 0 && s.dice.chance(.55) {
		o.campaign, percent = s.campaign, s.campaigns[s.campaign-1].percent
	} else if s.customers[o.customer-1].segment == "business" {
		percent = 8
	} else if voucher {
		percent = 5
	}
	o.discount = o.items * cents(percent) / 100
	if o.channel == channelWeb && o.items-o.discount < 100_00 {
		o.shipping = 6_95
		if region.country != "United States" {
			o.shipping = 12_95
		}
	}
}

// fulfilment follows one order to its end: payment, parcel, returns, refunds
// and questions to support. It has its own dice, so that the orders after it
// are the same whether or not its end lies within the data.
type fulfilment struct {
	*simulation
	dice      dice
	id        int
	order     *order
	firstItem int
	payment   int   // id of the payment that refunds go to
	left      cents // what is left of it to refund
}

func (f *fulfilment) follow(region *regionPlan) {
	paid, failed := f.pay()
	cancelled := f.order.channel == channelWeb && f.dice.chance(.03)
	cancelTime := f.order.ordered.Add(time.Duration(f.dice.between(1, 20)) * time.Hour)
	f.ship(paid, region)
	o := f.order
	if cancelled {
		o.shipped, o.delivered = time.Time{}, time.Time{}
	} else {
		f.afterwards(failed)
		o.shipped, o.delivered = f.untilEnd(o.shipped), f.untilEnd(o.delivered)
	}
	switch {
	case cancelled && cancelTime.Before(f.end):
		o.status = orderCancelled
		f.voidPayments()
	case !paid.Before(f.end):
		o.status = orderPending
	case o.shipped.IsZero():
		o.status = orderProcessing
	case o.delivered.IsZero():
		o.status = orderShipped
	default:
		o.status = orderCompleted
	}
}

// untilEnd returns the zero time for what has not happened yet.
func (c *company) untilEnd(t time.Time) time.Time {
	if t.Before(c.end) {
		return t
	}
	return time.Time{}
}

// pay adds the payments; it returns when the money arrives and whether a first
// attempt was refused.
func (f *fulfilment) pay() (paid time.Time, failed bool) {
	o, methods := f.order, webMethods
	if o.channel == channelStore {
		methods = storeMethods
	}
	p := payment{order: f.id, method: methods.draw(f.dice), status: "captured", amount: o.total(), paid: o.ordered.Add(time.Duration(f.dice.between(5, 90)) * time.Second)}
	failed = f.dice.chance(.025)
	split, part := f.dice.chance(.03), f.dice.between(10, 40)
	transfer := time.Duration(f.dice.between(20, 96)) * time.Hour
	if failed = failed && p.method == "card"; failed {
		refused := p
		refused.status = "failed"
		f.payments = append(f.payments, refused)
		p.paid = p.paid.Add(3 * time.Minute)
	}
	if split && p.method == "card" && o.total() > 50_00 {
		gift := p
		gift.method, gift.amount = "gift card", cents(part)*100
		f.payments = append(f.payments, gift)
		p.amount -= gift.amount
	}
	paid = p.paid
	if p.method == "bank transfer" {
		if paid = o.ordered.Add(transfer); paid.Before(f.end) {
			p.paid = paid
		} else {
			p.status = "pending"
		}
	}
	f.payments = append(f.payments, p)
	f.payment, f.left = len(f.payments), p.amount
	return paid, failed
}

func (f *fulfilment) voidPayments() {
	for i := len(f.payments) - 1; i >= 0 && f.payments[i].order == f.id; i-- {
		if p := &f.payments[i]; p.status != "failed" {
			p.status = "voided"
		}
	}
}

// ship sets when the goods leave and arrive: slower before Christmas.
func (f *fulfilment) ship(paid time.Time, region *regionPlan) {
	o := f.order
	handling := 4 + 40*f.dice.Float64()
	transit := 24 + 96*f.dice.Float64()
	if late := f.dice.chance(.06); late {
		transit += 120
	}
	if o.channel == channelStore {
		o.shipped, o.delivered = o.ordered, o.ordered
		return
	}
	if month, day := o.ordered.Month(), o.ordered.Day(); month == time.December || month == time.November && day > 22 {
		handling, transit = handling*1.6, transit*1.3
	}
	if region.country != "United States" {
		transit += 60
	}
	o.shipped = paid.Add(time.Duration(handling*3600) * time.Second)
	o.delivered = o.shipped.Add(time.Duration(transit*3600) * time.Second)
}

// afterwards is what happens once the goods are with the customer.
func (f *fulfilment) afterwards(paymentFailed bool) {
	for i := f.firstItem; i < len(f.items); i++ {
		f.maybeReturn(i)
	}
	o, d := f.order, f.dice
	goodwill, match, amount := d.chance(.014), d.chance(.004), cents(d.between(5, 25))*100
	when := o.delivered.Add(time.Duration(d.between(20, 240)) * time.Hour)
	if goodwill {
		f.refund(0, reasonGoodwill, amount, when)
	} else if match {
		f.refund(0, "price match", o.items/20, when)
	}
	f.askAboutOrder(paymentFailed)
}

// maybeReturn lets the customer send an item back.
func (f *fulfilment) maybeReturn(index int) {
	item, d, o := &f.items[index], f.dice, f.order
	p := &f.products[item.product-1]
	plan := &categoryPlans[p.category-1]
	rate := plan.returnRate * 1.2
	if o.channel == channelStore {
		rate *= .6
	}
	faulty := p.name == faultyProduct && within(f.day, f.stories.faultyFrom, f.stories.faultyTo)
	days := math.Floor(2 + 26*d.Float64()*d.Float64())
	if faulty {
		rate, days = .62, float64(d.between(3, 11))
	}
	reason := returnReason(d, plan.department)
	if faulty {
		reason = "defective"
	}
	back := d.chance(rate)
	quantity := d.between(1, item.quantity)
	requested := o.delivered.Add(time.Duration(days*24+float64(d.between(0, 9))) * time.Hour)
	travel, check, rejected := time.Duration(d.between(40, 200))*time.Hour, time.Duration(d.between(10, 60))*time.Hour, d.chance(.04)
	if o.channel == channelStore {
		travel, check = 0, 0
	}
	if !back {
		return
	}
	f.askAboutReturn(p, faulty, requested)
	if !requested.Before(f.end) {
		return
	}
	item.returned = true
	r := productReturn{item: index + 1, product: p.id, quantity: quantity, reason: reason, status: "requested", requested: requested, received: f.untilEnd(requested.Add(travel))}
	decided := requested.Add(travel + check)
	switch {
	case r.received.IsZero():
	case !decided.Before(f.end):
		r.status = "received"
	case rejected && !faulty:
		r.status = "rejected"
	default:
		r.status = "accepted"
		amount := item.price * cents(quantity) * (o.items - o.discount) / o.items
		f.refund(index+1, reasonReturn, amount, decided)
	}
	f.returns = append(f.returns, r)
}

func returnReason(d dice, department string) string {
	size := .05
	if department == "Clothing" || department == "Footwear" {
		size = .6
	}
	if d.chance(size) {
		return "wrong size"
	}
	return oneOf(d, "defective", "not as described", "not as described", "changed mind", "changed mind", "changed mind", "arrived late", "damaged in transit")
}

// refund pays back, never more than is left of the payment.
func (f *fulfilment) refund(item int, reason string, amount cents, when time.Time) {
	if amount = min(amount, f.left); amount <= 0 {
		return
	}
	f.left -= amount
	if when.Before(f.end) {
		f.refunds = append(f.refunds, refund{payment: f.payment, order: f.id, item: item, reason: reason, amount: amount, refunded: when})
	}
}
