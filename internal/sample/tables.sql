-- Tables and their comments. Keys and indexes come after the rows (keys.sql).
-- Built in a private schema and moved to "public" in the same transaction.

CREATE TABLE categories (
  id integer NOT NULL,
  name text NOT NULL,
  department text NOT NULL,
  description text NOT NULL
);
COMMENT ON TABLE categories IS 'Product categories of the shop.';
COMMENT ON COLUMN categories.id IS 'Category number.';
COMMENT ON COLUMN categories.name IS 'Category name, for example Tents or Skis.';
COMMENT ON COLUMN categories.department IS 'Department the category belongs to: Camping, Winter Sports, Clothing, Footwear, Climbing, Cycling, Water Sports or Accessories.';
COMMENT ON COLUMN categories.description IS 'What the category contains.';

CREATE TABLE suppliers (
  id integer NOT NULL,
  name text NOT NULL,
  country text NOT NULL,
  contact_email text NOT NULL,
  lead_time_days integer NOT NULL CHECK (lead_time_days > 0),
  active boolean NOT NULL
);
COMMENT ON TABLE suppliers IS 'Companies that the shop buys its products from.';
COMMENT ON COLUMN suppliers.id IS 'Supplier number.';
COMMENT ON COLUMN suppliers.name IS 'Company name of the supplier.';
COMMENT ON COLUMN suppliers.country IS 'Country the supplier ships from.';
COMMENT ON COLUMN suppliers.contact_email IS 'E-mail address for purchase orders.';
COMMENT ON COLUMN suppliers.lead_time_days IS 'Usual days from purchase order to delivery.';
COMMENT ON COLUMN suppliers.active IS 'True while the shop still buys from this supplier.';

CREATE TABLE products (
  id integer NOT NULL,
  sku text NOT NULL,
  name text NOT NULL,
  category_id integer NOT NULL,
  supplier_id integer NOT NULL,
  price numeric(12,2) NOT NULL CHECK (price > 0),
  cost numeric(12,2) NOT NULL CHECK (cost > 0),
  weight_grams integer NOT NULL CHECK (weight_grams > 0),
  rating numeric(2,1) CHECK (rating BETWEEN 1 AND 5),
  launched_on date NOT NULL,
  active boolean NOT NULL
);
COMMENT ON TABLE products IS 'Articles the shop sells or has sold.';
COMMENT ON COLUMN products.id IS 'Product number.';
COMMENT ON COLUMN products.sku IS 'Stock keeping unit, the code printed on the label.';
COMMENT ON COLUMN products.name IS 'Product name.';
COMMENT ON COLUMN products.category_id IS 'Category the product is sold in.';
COMMENT ON COLUMN products.supplier_id IS 'Supplier the product is bought from.';
COMMENT ON COLUMN products.price IS 'Current list price in US dollars; earlier prices are in product_prices.';
COMMENT ON COLUMN products.cost IS 'Purchase cost per piece in US dollars.';
COMMENT ON COLUMN products.weight_grams IS 'Weight of one piece in grams.';
COMMENT ON COLUMN products.rating IS 'Average customer rating from 1 to 5; empty when nobody has rated it.';
COMMENT ON COLUMN products.launched_on IS 'First day the product was on sale.';
COMMENT ON COLUMN products.active IS 'False when the product has been discontinued.';

CREATE TABLE product_prices (
  id integer NOT NULL,
  product_id integer NOT NULL,
  price numeric(12,2) NOT NULL CHECK (price > 0),
  valid_from date NOT NULL,
  valid_to date,
  CHECK (valid_to >= valid_from)
);
COMMENT ON TABLE product_prices IS 'History of list prices: one row for each price a product has had.';
COMMENT ON COLUMN product_prices.id IS 'Row number.';
COMMENT ON COLUMN product_prices.product_id IS 'Product the price belongs to.';
COMMENT ON COLUMN product_prices.price IS 'List price in US dollars during this period.';
COMMENT ON COLUMN product_prices.valid_from IS 'First day of this price.';
COMMENT ON COLUMN product_prices.valid_to IS 'Last day of this price; empty for the current one.';

CREATE TABLE stores (
  id integer NOT NULL,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('shop', 'warehouse')),
  city text NOT NULL,
  region text NOT NULL,
  country text NOT NULL,
  floor_area_sqm integer NOT NULL CHECK (floor_area_sqm > 0),
  opened_on date NOT NULL
);
COMMENT ON TABLE stores IS 'Shops of Northpeak Outfitters, and the warehouse that serves web orders.';
COMMENT ON COLUMN stores.id IS 'Store number.';
COMMENT ON COLUMN stores.name IS 'Store name.';
COMMENT ON COLUMN stores.kind IS 'shop = open to customers, warehouse = serves web orders only.';
COMMENT ON COLUMN stores.city IS 'City the store is in.';
COMMENT ON COLUMN stores.region IS 'Sales region the store belongs to.';
COMMENT ON COLUMN stores.country IS 'Country the store is in.';
COMMENT ON COLUMN stores.floor_area_sqm IS 'Floor area in square metres.';
COMMENT ON COLUMN stores.opened_on IS 'Day the store opened.';

CREATE TABLE employees (
  id integer NOT NULL,
  name text NOT NULL,
  email text NOT NULL,
  title text NOT NULL,
  department text NOT NULL CHECK (department IN ('Sales', 'Support', 'Logistics', 'Marketing', 'Management')),
  store_id integer,
  manager_id integer,
  salary numeric(12,2) NOT NULL CHECK (salary > 0),
  hired_on date NOT NULL,
  left_on date,
  active boolean NOT NULL,
  CHECK (left_on > hired_on),
  CHECK (active = (left_on IS NULL))
);
COMMENT ON TABLE employees IS 'People who work or have worked for the company.';
COMMENT ON COLUMN employees.id IS 'Employee number.';
COMMENT ON COLUMN employees.name IS 'Full name.';
COMMENT ON COLUMN employees.email IS 'Work e-mail address.';
COMMENT ON COLUMN employees.title IS 'Job title, for example Store Manager or Support Agent.';
COMMENT ON COLUMN employees.department IS 'Department: Sales, Support, Logistics, Marketing or Management.';
COMMENT ON COLUMN employees.store_id IS 'Store the person works in; empty for head office.';
COMMENT ON COLUMN employees.manager_id IS 'Employee this person reports to; empty for the managing director.';
COMMENT ON COLUMN employees.salary IS 'Yearly salary in US dollars.';
COMMENT ON COLUMN employees.hired_on IS 'First working day.';
COMMENT ON COLUMN employees.left_on IS 'Last working day; empty while employed.';
COMMENT ON COLUMN employees.active IS 'True while employed.';

CREATE TABLE campaigns (
  id integer NOT NULL,
  name text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('email', 'paid search', 'social', 'all channels')),
  discount_percent integer NOT NULL CHECK (discount_percent BETWEEN 0 AND 60),
  budget numeric(12,2) NOT NULL CHECK (budget >= 0),
  starts_on date NOT NULL,
  ends_on date NOT NULL,
  CHECK (ends_on >= starts_on)
);
COMMENT ON TABLE campaigns IS 'Marketing campaigns and sales, for example Black Friday.';
COMMENT ON COLUMN campaigns.id IS 'Campaign number.';
COMMENT ON COLUMN campaigns.name IS 'Campaign name with its year.';
COMMENT ON COLUMN campaigns.channel IS 'Where the campaign ran: email, paid search, social or all channels.';
COMMENT ON COLUMN campaigns.discount_percent IS 'Discount on orders of the campaign, in percent.';
COMMENT ON COLUMN campaigns.budget IS 'Marketing budget in US dollars.';
COMMENT ON COLUMN campaigns.starts_on IS 'First day of the campaign.';
COMMENT ON COLUMN campaigns.ends_on IS 'Last day of the campaign.';

CREATE TABLE customers (
  id integer NOT NULL,
  name text NOT NULL,
  email text NOT NULL,
  segment text NOT NULL CHECK (segment IN ('private', 'school', 'business')),
  acquisition_channel text NOT NULL CHECK (acquisition_channel IN ('organic search', 'paid search', 'email', 'social', 'referral', 'direct', 'store')),
  city text NOT NULL,
  region text NOT NULL,
  country text NOT NULL,
  postal_code text NOT NULL,
  birth_date date,
  marketing_consent boolean NOT NULL,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE customers IS 'People and organisations that have an account with the shop.';
COMMENT ON COLUMN customers.id IS 'Customer number.';
COMMENT ON COLUMN customers.name IS 'Full name.';
COMMENT ON COLUMN customers.email IS 'E-mail address.';
COMMENT ON COLUMN customers.segment IS 'private = a person, school = schools, clubs and other groups, business = guides, outfitters and companies.';
COMMENT ON COLUMN customers.acquisition_channel IS 'How the customer first came to the shop.';
COMMENT ON COLUMN customers.city IS 'City the customer lives in.';
COMMENT ON COLUMN customers.region IS 'Sales region the customer lives in.';
COMMENT ON COLUMN customers.country IS 'Country the customer lives in.';
COMMENT ON COLUMN customers.postal_code IS 'Postal code.';
COMMENT ON COLUMN customers.birth_date IS 'Date of birth, if the customer has given it.';
COMMENT ON COLUMN customers.marketing_consent IS 'True if the customer agreed to receive marketing e-mails.';
COMMENT ON COLUMN customers.created_at IS 'When the account was created (sign-up).';

CREATE TABLE orders (
  id integer NOT NULL,
  customer_id integer NOT NULL,
  channel text NOT NULL CHECK (channel IN ('web', 'store')),
  store_id integer,
  employee_id integer,
  campaign_id integer,
  status text NOT NULL CHECK (status IN ('pending', 'processing', 'shipped', 'completed', 'cancelled')),
  items_total numeric(12,2) NOT NULL CHECK (items_total >= 0),
  discount numeric(12,2) NOT NULL CHECK (discount >= 0 AND discount <= items_total),
  shipping numeric(12,2) NOT NULL CHECK (shipping >= 0),
  total numeric(12,2) NOT NULL,
  ordered_at timestamptz NOT NULL,
  shipped_at timestamptz,
  delivered_at timestamptz,
  CHECK (total = items_total - discount + shipping),
  CHECK ((channel = 'store') = (store_id IS NOT NULL)),
  CHECK (shipped_at >= ordered_at AND delivered_at >= shipped_at)
);
COMMENT ON TABLE orders IS 'Orders of customers, in shops and on the web. Revenue is the sum of total; cancelled orders bring none.';
COMMENT ON COLUMN orders.id IS 'Order number.';
COMMENT ON COLUMN orders.customer_id IS 'Customer who ordered.';
COMMENT ON COLUMN orders.channel IS 'web = web shop, store = bought in a shop.';
COMMENT ON COLUMN orders.store_id IS 'Shop the order was made in; empty for web orders.';
COMMENT ON COLUMN orders.employee_id IS 'Salesperson who served the customer; empty for web orders.';
COMMENT ON COLUMN orders.campaign_id IS 'Campaign whose discount was used, if any.';
COMMENT ON COLUMN orders.status IS 'pending = not paid yet, processing = paid, shipped = on its way, completed = with the customer, cancelled = stopped before shipping.';
COMMENT ON COLUMN orders.items_total IS 'Sum of the order items in US dollars, before discount and shipping.';
COMMENT ON COLUMN orders.discount IS 'Discount on the whole order in US dollars.';
COMMENT ON COLUMN orders.shipping IS 'Shipping fee in US dollars.';
COMMENT ON COLUMN orders.total IS 'Revenue of the order in US dollars: items_total - discount + shipping, taxes included.';
COMMENT ON COLUMN orders.ordered_at IS 'When the order was placed.';
COMMENT ON COLUMN orders.shipped_at IS 'When the parcel left the warehouse, or the purchase in a shop.';
COMMENT ON COLUMN orders.delivered_at IS 'When the customer received the goods.';

CREATE TABLE order_items (
  id integer NOT NULL,
  order_id integer NOT NULL,
  product_id integer NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  unit_price numeric(12,2) NOT NULL CHECK (unit_price > 0),
  line_total numeric(12,2) NOT NULL,
  returned boolean NOT NULL,
  CHECK (line_total = quantity * unit_price)
);
COMMENT ON TABLE order_items IS 'Lines of orders: which product, how many, at which price.';
COMMENT ON COLUMN order_items.id IS 'Line number.';
COMMENT ON COLUMN order_items.order_id IS 'Order the line belongs to.';
COMMENT ON COLUMN order_items.product_id IS 'Product that was ordered.';
COMMENT ON COLUMN order_items.quantity IS 'Number of pieces (units sold).';
COMMENT ON COLUMN order_items.unit_price IS 'Price of one piece in US dollars when it was ordered.';
COMMENT ON COLUMN order_items.line_total IS 'Revenue of the line in US dollars: quantity times unit_price, before order discount.';
COMMENT ON COLUMN order_items.returned IS 'True if the customer asked to return it; the share of true values is the return rate.';

CREATE TABLE payments (
  id integer NOT NULL,
  order_id integer NOT NULL,
  method text NOT NULL CHECK (method IN ('card', 'paypal', 'apple pay', 'gift card', 'bank transfer', 'cash')),
  status text NOT NULL CHECK (status IN ('captured', 'pending', 'failed', 'voided')),
  amount numeric(12,2) NOT NULL CHECK (amount > 0),
  paid_at timestamptz NOT NULL
);
COMMENT ON TABLE payments IS 'Payments and payment attempts for orders. Captured payments of an order add up to its total.';
COMMENT ON COLUMN payments.id IS 'Payment number.';
COMMENT ON COLUMN payments.order_id IS 'Order that is paid.';
COMMENT ON COLUMN payments.method IS 'How the customer paid.';
COMMENT ON COLUMN payments.status IS 'captured = money received, pending = waiting for the money, failed = refused by the bank, voided = released because the order was cancelled.';
COMMENT ON COLUMN payments.amount IS 'Amount in US dollars.';
COMMENT ON COLUMN payments.paid_at IS 'When the payment was made or tried.';

CREATE TABLE returns (
  id integer NOT NULL,
  order_item_id integer NOT NULL,
  product_id integer NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  reason text NOT NULL CHECK (reason IN ('defective', 'wrong size', 'not as described', 'changed mind', 'arrived late', 'damaged in transit')),
  status text NOT NULL CHECK (status IN ('requested', 'received', 'accepted', 'rejected')),
  requested_at timestamptz NOT NULL,
  received_at timestamptz,
  CHECK (received_at >= requested_at)
);
COMMENT ON TABLE returns IS 'Goods that customers sent or brought back.';
COMMENT ON COLUMN returns.id IS 'Return number.';
COMMENT ON COLUMN returns.order_item_id IS 'Order line that is returned.';
COMMENT ON COLUMN returns.product_id IS 'Product that is returned; the product of the order line.';
COMMENT ON COLUMN returns.quantity IS 'Number of pieces returned.';
COMMENT ON COLUMN returns.reason IS 'Why the customer returned it.';
COMMENT ON COLUMN returns.status IS 'requested = announced, received = being inspected, accepted = refunded, rejected = sent back to the customer.';
COMMENT ON COLUMN returns.requested_at IS 'When the customer asked for the return.';
COMMENT ON COLUMN returns.received_at IS 'When the goods arrived back.';

CREATE TABLE refunds (
  id integer NOT NULL,
  payment_id integer NOT NULL,
  order_id integer NOT NULL,
  return_id integer,
  reason text NOT NULL CHECK (reason IN ('return', 'goodwill', 'price match')),
  amount numeric(12,2) NOT NULL CHECK (amount > 0),
  refunded_at timestamptz NOT NULL
);
COMMENT ON TABLE refunds IS 'Money paid back to customers.';
COMMENT ON COLUMN refunds.id IS 'Refund number.';
COMMENT ON COLUMN refunds.payment_id IS 'Payment the money is paid back from.';
COMMENT ON COLUMN refunds.order_id IS 'Order the refund belongs to; the order of the payment.';
COMMENT ON COLUMN refunds.return_id IS 'Return that caused the refund; empty for goodwill and price match.';
COMMENT ON COLUMN refunds.reason IS 'return = goods came back, goodwill = compensation for a problem, price match = cheaper elsewhere.';
COMMENT ON COLUMN refunds.amount IS 'Amount paid back in US dollars.';
COMMENT ON COLUMN refunds.refunded_at IS 'When the money was paid back.';

CREATE TABLE web_sessions (
  id integer NOT NULL,
  customer_id integer,
  order_id integer,
  campaign_id integer,
  channel text NOT NULL CHECK (channel IN ('organic search', 'paid search', 'email', 'social', 'referral', 'direct')),
  device text NOT NULL CHECK (device IN ('mobile', 'desktop', 'tablet')),
  region text NOT NULL,
  country text NOT NULL,
  landing_page text NOT NULL,
  page_views integer NOT NULL CHECK (page_views > 0),
  duration_seconds integer NOT NULL CHECK (duration_seconds >= 0),
  added_to_cart boolean NOT NULL,
  converted boolean NOT NULL,
  started_at timestamptz NOT NULL,
  CHECK (converted = (order_id IS NOT NULL))
);
COMMENT ON TABLE web_sessions IS 'Visits to the web shop by visitors who accepted analytics cookies (about one web order in five has its visit here).';
COMMENT ON COLUMN web_sessions.id IS 'Session number.';
COMMENT ON COLUMN web_sessions.customer_id IS 'Customer, if the visitor was signed in.';
COMMENT ON COLUMN web_sessions.order_id IS 'Order placed during the visit, if any.';
COMMENT ON COLUMN web_sessions.campaign_id IS 'Campaign running that brought the visitor, if any.';
COMMENT ON COLUMN web_sessions.channel IS 'Where the visitor came from.';
COMMENT ON COLUMN web_sessions.device IS 'Kind of device: mobile, desktop or tablet.';
COMMENT ON COLUMN web_sessions.region IS 'Sales region of the visitor.';
COMMENT ON COLUMN web_sessions.country IS 'Country of the visitor.';
COMMENT ON COLUMN web_sessions.landing_page IS 'First page of the visit.';
COMMENT ON COLUMN web_sessions.page_views IS 'Number of pages seen.';
COMMENT ON COLUMN web_sessions.duration_seconds IS 'Length of the visit in seconds.';
COMMENT ON COLUMN web_sessions.added_to_cart IS 'True if something was put into the cart.';
COMMENT ON COLUMN web_sessions.converted IS 'True if the visit ended in an order; the share of true values is the conversion rate.';
COMMENT ON COLUMN web_sessions.started_at IS 'When the visit began.';

CREATE TABLE support_tickets (
  id integer NOT NULL,
  customer_id integer NOT NULL,
  order_id integer,
  product_id integer,
  employee_id integer NOT NULL,
  topic text NOT NULL CHECK (topic IN ('delivery', 'product defect', 'return', 'payment', 'website', 'product advice', 'subscription')),
  channel text NOT NULL CHECK (channel IN ('email', 'chat', 'phone')),
  priority text NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  status text NOT NULL CHECK (status IN ('open', 'waiting', 'solved', 'closed')),
  subject text NOT NULL,
  satisfaction integer CHECK (satisfaction BETWEEN 1 AND 5),
  opened_at timestamptz NOT NULL,
  first_response_at timestamptz,
  resolved_at timestamptz,
  CHECK (first_response_at >= opened_at),
  CHECK (resolved_at >= first_response_at),
  CHECK ((resolved_at IS NOT NULL) = (status IN ('solved', 'closed')))
);
COMMENT ON TABLE support_tickets IS 'Requests of customers to the support team.';
COMMENT ON COLUMN support_tickets.id IS 'Ticket number.';
COMMENT ON COLUMN support_tickets.customer_id IS 'Customer who asked.';
COMMENT ON COLUMN support_tickets.order_id IS 'Order the ticket is about, if any.';
COMMENT ON COLUMN support_tickets.product_id IS 'Product the ticket is about, if any.';
COMMENT ON COLUMN support_tickets.employee_id IS 'Support agent who handles the ticket.';
COMMENT ON COLUMN support_tickets.topic IS 'What the ticket is about.';
COMMENT ON COLUMN support_tickets.channel IS 'How the customer wrote or called: email, chat or phone.';
COMMENT ON COLUMN support_tickets.priority IS 'Priority: low, normal, high or urgent.';
COMMENT ON COLUMN support_tickets.status IS 'open = not answered yet, waiting = answered, not solved yet, solved = solved recently, closed = solved for over a week.';
COMMENT ON COLUMN support_tickets.subject IS 'Subject line.';
COMMENT ON COLUMN support_tickets.satisfaction IS 'Rating by the customer from 1 (bad) to 5 (good); empty if not rated.';
COMMENT ON COLUMN support_tickets.opened_at IS 'When the ticket was opened.';
COMMENT ON COLUMN support_tickets.first_response_at IS 'When an agent first answered.';
COMMENT ON COLUMN support_tickets.resolved_at IS 'When the ticket was solved.';

CREATE TABLE subscriptions (
  id integer NOT NULL,
  customer_id integer NOT NULL,
  plan text NOT NULL CHECK (plan IN ('Basic', 'Plus', 'Premium')),
  status text NOT NULL CHECK (status IN ('active', 'cancelled')),
  monthly_price numeric(12,2) NOT NULL CHECK (monthly_price > 0),
  started_on date NOT NULL,
  cancelled_on date,
  cancel_reason text CHECK (cancel_reason IN ('price', 'not used enough', 'moved away', 'service', 'other')),
  CHECK (cancelled_on > started_on),
  CHECK ((status = 'cancelled') = (cancelled_on IS NOT NULL)),
  CHECK ((cancelled_on IS NULL) = (cancel_reason IS NULL))
);
COMMENT ON TABLE subscriptions IS 'Subscriptions to the Northpeak Club (free shipping, gear rental, repairs), paid monthly.';
COMMENT ON COLUMN subscriptions.id IS 'Subscription number.';
COMMENT ON COLUMN subscriptions.customer_id IS 'Customer who subscribed.';
COMMENT ON COLUMN subscriptions.plan IS 'Plan: Basic, Plus or Premium.';
COMMENT ON COLUMN subscriptions.status IS 'active or cancelled (churned).';
COMMENT ON COLUMN subscriptions.monthly_price IS 'Price per month in US dollars, as last charged.';
COMMENT ON COLUMN subscriptions.started_on IS 'First day of the subscription.';
COMMENT ON COLUMN subscriptions.cancelled_on IS 'Day it was cancelled; empty while active.';
COMMENT ON COLUMN subscriptions.cancel_reason IS 'Reason given on cancelling: price, not used enough, moved away, service or other.';

CREATE TABLE inventory (
  id integer NOT NULL,
  store_id integer NOT NULL,
  product_id integer NOT NULL,
  quantity integer NOT NULL CHECK (quantity >= 0),
  reorder_level integer NOT NULL CHECK (reorder_level >= 0),
  restocked_on date NOT NULL
);
COMMENT ON TABLE inventory IS 'Current stock of each product in each store.';
COMMENT ON COLUMN inventory.id IS 'Row number.';
COMMENT ON COLUMN inventory.store_id IS 'Store or warehouse that holds the stock.';
COMMENT ON COLUMN inventory.product_id IS 'Product in stock.';
COMMENT ON COLUMN inventory.quantity IS 'Pieces in stock now; 0 = out of stock.';
COMMENT ON COLUMN inventory.reorder_level IS 'New stock is ordered when the quantity falls below this.';
COMMENT ON COLUMN inventory.restocked_on IS 'Day the stock was last filled up.';
