package sample

import (
	"fmt"
	"strings"
	"time"
)

// Statuses and other fixed texts that more than one place writes.
const (
	channelWeb   = "web"
	channelStore = "store"

	orderPending    = "pending"
	orderProcessing = "processing"
	orderShipped    = "shipped"
	orderCompleted  = "completed"
	orderCancelled  = "cancelled"

	reasonReturn   = "return"
	reasonGoodwill = "goodwill"

	topicDefect       = "product defect"
	topicReturn       = "return"
	topicWebsite      = "website"
	topicSubscription = "subscription"
)

type customer struct {
	name, segment, channel, postal string
	city                           string
	region                         *regionPlan
	born, created                  time.Time
	consent                        bool
}

type order struct {
	customer, store, employee, campaign int
	channel, status                     string
	items, discount, shipping           cents
	ordered, shipped, delivered         time.Time
}

func (o *order) total() cents { return o.items - o.discount + o.shipping }

type orderItem struct {
	order, product, quantity int
	price                    cents
	returned                 bool
}

type payment struct {
	order          int
	method, status string
	amount         cents
	paid           time.Time
}

type productReturn struct {
	item, product, quantity int
	reason, status          string
	requested, received     time.Time
}

type refund struct {
	payment, order int
	item           int // the order item that came back, 0 for goodwill
	reason         string
	amount         cents
	refunded       time.Time
}

type webSession struct {
	customer, order, campaign int
	channel, device, landing  string
	region                    *regionPlan
	views, seconds            int
	cart                      bool
	started                   time.Time
}

type ticket struct {
	customer, order, product, employee        int
	topic, channel, priority, status, subject string
	satisfaction                              int
	opened, answered, resolved                time.Time
}

type subscription struct {
	customer           int
	plan, reason       string
	price              cents
	started, cancelled time.Time
}

type stock struct {
	store, product, quantity, reorder int
	restocked                         time.Time
}

// tables lists every table in the order in which rows can be loaded, with what
// writes its rows: the columns are those of tables.sql, in that order.
var tables = []struct {
	name  string
	write func(*company, *rows)
}{
	{"categories", writeCategories},
	{"suppliers", writeSuppliers},
	{"stores", writeStores},
	{"campaigns", writeCampaigns},
	{"products", writeProducts},
	{"product_prices", writePrices},
	{"employees", writeEmployees},
	{"customers", writeCustomers},
	{"orders", writeOrders},
	{"order_items", writeItems},
	{"payments", writePayments},
	{"returns", writeReturns},
	{"refunds", writeRefunds},
	{"web_sessions", writeSessions},
	{"support_tickets", writeTickets},
	{"subscriptions", writeSubscriptions},
	{"inventory", writeInventory},
}

func writeCategories(_ *company, r *rows) {
	for i, v := range categoryPlans {
		r.int(i + 1)
		r.text(v.name)
		r.text(v.department)
		r.text(v.description)
		r.end()
	}
}

func writeSuppliers(c *company, r *rows) {
	for i, v := range supplierPlans {
		d := newDice(c.seed, "supplier", i)
		r.int(i + 1)
		r.text(v.name)
		r.text(v.country)
		r.text("orders@" + strings.ReplaceAll(mailName(v.name), ".", "-") + ".example")
		r.int(d.between(7, 90))
		r.bool(i != 13)
		r.end()
	}
}

func writeStores(c *company, r *rows) {
	for _, v := range c.stores {
		kind, name := "shop", "Northpeak "+v.city
		if v.id == c.warehouse().id {
			kind, name = "warehouse", name+" Warehouse"
		}
		r.int(v.id)
		r.text(name)
		r.text(kind)
		r.text(v.city)
		r.text(v.region.name)
		r.text(v.region.country)
		r.int(v.area)
		r.date(v.opened)
		r.end()
	}
}

func writeCampaigns(c *company, r *rows) {
	for i, v := range c.campaigns {
		r.int(i + 1)
		r.text(v.name)
		r.text(v.channel)
		r.int(v.percent)
		r.money(v.budget)
		r.date(v.from)
		r.date(v.to)
		r.end()
	}
}

func writeProducts(c *company, r *rows) {
	for _, v := range c.products {
		r.int(v.id)
		r.text(v.sku)
		r.text(v.name)
		r.int(v.category)
		r.int(v.supplier)
		r.money(v.price)
		r.money(v.cost)
		r.int(v.grams)
		r.text(fmt.Sprintf("%d.%d", v.rating/10, v.rating%10))
		r.date(v.launched)
		r.bool(v.onSale(c.through))
		r.end()
	}
}

func writePrices(c *company, r *rows) {
	for i, v := range c.prices {
		r.int(i + 1)
		r.int(v.product)
		r.money(v.price)
		r.date(v.from)
		r.date(v.to)
		r.end()
	}
}

func writeEmployees(c *company, r *rows) {
	for i, v := range c.employees {
		r.int(i + 1)
		r.text(v.name)
		r.text(v.email)
		r.text(v.title)
		r.text(v.department)
		r.ref(v.store)
		r.ref(v.manager)
		r.money(v.salary)
		r.date(v.hired)
		r.date(v.left)
		r.bool(v.left.IsZero())
		r.end()
	}
}

func writeCustomers(c *company, r *rows) {
	for i, v := range c.customers {
		r.int(i + 1)
		r.text(v.name)
		r.text(fmt.Sprintf("%s%d@mail.example", mailName(v.name), i+1))
		r.text(v.segment)
		r.text(v.channel)
		r.text(v.city)
		r.text(v.region.name)
		r.text(v.region.country)
		r.text(v.postal)
		r.date(v.born)
		r.bool(v.consent)
		r.time(v.created)
		r.end()
	}
}

func writeOrders(c *company, r *rows) {
	for i := range c.orders {
		v := &c.orders[i]
		r.int(i + 1)
		r.int(v.customer)
		r.text(v.channel)
		r.ref(v.store)
		r.ref(v.employee)
		r.ref(v.campaign)
		r.text(v.status)
		r.money(v.items)
		r.money(v.discount)
		r.money(v.shipping)
		r.money(v.total())
		r.time(v.ordered)
		r.time(v.shipped)
		r.time(v.delivered)
		r.end()
	}
}

func writeItems(c *company, r *rows) {
	for i := range c.items {
		v := &c.items[i]
		r.int(i + 1)
		r.int(v.order)
		r.int(v.product)
		r.int(v.quantity)
		r.money(v.price)
		r.money(v.price * cents(v.quantity))
		r.bool(v.returned)
		r.end()
	}
}

func writePayments(c *company, r *rows) {
	for i := range c.payments {
		v := &c.payments[i]
		r.int(i + 1)
		r.int(v.order)
		r.text(v.method)
		r.text(v.status)
		r.money(v.amount)
		r.time(v.paid)
		r.end()
	}
}

func writeReturns(c *company, r *rows) {
	for i := range c.returns {
		v := &c.returns[i]
		r.int(i + 1)
		r.int(v.item)
		r.int(v.product)
		r.int(v.quantity)
		r.text(v.reason)
		r.text(v.status)
		r.time(v.requested)
		r.time(v.received)
		r.end()
	}
}

func writeRefunds(c *company, r *rows) {
	returnOf := make(map[int]int, len(c.returns))
	for i := range c.returns {
		returnOf[c.returns[i].item] = i + 1
	}
	for i := range c.refunds {
		v := &c.refunds[i]
		r.int(i + 1)
		r.int(v.payment)
		r.int(v.order)
		r.ref(returnOf[v.item])
		r.text(v.reason)
		r.money(v.amount)
		r.time(v.refunded)
		r.end()
	}
}

func writeSessions(c *company, r *rows) {
	for i := range c.sessions {
		v := &c.sessions[i]
		r.int(i + 1)
		r.ref(v.customer)
		r.ref(v.order)
		r.ref(v.campaign)
		r.text(v.channel)
		r.text(v.device)
		r.text(v.region.name)
		r.text(v.region.country)
		r.text(v.landing)
		r.int(v.views)
		r.int(v.seconds)
		r.bool(v.cart)
		r.bool(v.order != 0)
		r.time(v.started)
		r.end()
	}
}

func writeTickets(c *company, r *rows) {
	for i := range c.tickets {
		v := &c.tickets[i]
		r.int(i + 1)
		r.int(v.customer)
		r.ref(v.order)
		r.ref(v.product)
		r.int(v.employee)
		r.text(v.topic)
		r.text(v.channel)
		r.text(v.priority)
		r.text(v.status)
		r.text(v.subject)
		r.ref(v.satisfaction)
		r.time(v.opened)
		r.time(v.answered)
		r.time(v.resolved)
		r.end()
	}
}

func writeSubscriptions(c *company, r *rows) {
	for i := range c.subscriptions {
		v := &c.subscriptions[i]
		status := "active"
		if !v.cancelled.IsZero() {
			status = "cancelled"
		}
		r.int(i + 1)
		r.int(v.customer)
		r.text(v.plan)
		r.text(status)
		r.money(v.price)
		r.date(v.started)
		r.date(v.cancelled)
		r.label(v.reason)
		r.end()
	}
}

func writeInventory(c *company, r *rows) {
	for i := range c.inventory {
		v := &c.inventory[i]
		r.int(i + 1)
		r.int(v.store)
		r.int(v.product)
		r.int(v.quantity)
		r.int(v.reorder)
		r.date(v.restocked)
		r.end()
	}
}
