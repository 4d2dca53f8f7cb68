-- Keys and indexes, made after the rows: several times faster than before them.
ALTER TABLE categories ADD PRIMARY KEY (id), ADD UNIQUE (name);
ALTER TABLE suppliers ADD PRIMARY KEY (id), ADD UNIQUE (name);
ALTER TABLE stores ADD PRIMARY KEY (id), ADD UNIQUE (name);
ALTER TABLE campaigns ADD PRIMARY KEY (id), ADD UNIQUE (name);
ALTER TABLE products ADD PRIMARY KEY (id), ADD UNIQUE (sku), ADD UNIQUE (name);
ALTER TABLE product_prices ADD PRIMARY KEY (id), ADD UNIQUE (product_id, valid_from);
ALTER TABLE employees ADD PRIMARY KEY (id), ADD UNIQUE (email);
ALTER TABLE customers ADD PRIMARY KEY (id), ADD UNIQUE (email);
ALTER TABLE orders ADD PRIMARY KEY (id);
ALTER TABLE order_items ADD PRIMARY KEY (id);
ALTER TABLE payments ADD PRIMARY KEY (id);
ALTER TABLE returns ADD PRIMARY KEY (id), ADD UNIQUE (order_item_id);
ALTER TABLE refunds ADD PRIMARY KEY (id);
ALTER TABLE web_sessions ADD PRIMARY KEY (id);
ALTER TABLE support_tickets ADD PRIMARY KEY (id);
ALTER TABLE subscriptions ADD PRIMARY KEY (id);
ALTER TABLE inventory ADD PRIMARY KEY (id), ADD UNIQUE (store_id, product_id);

CREATE INDEX ON products (category_id);
CREATE INDEX ON products (supplier_id);
CREATE INDEX ON employees (store_id);
CREATE INDEX ON employees (manager_id);
CREATE INDEX ON customers (region);
CREATE INDEX ON customers (created_at);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON orders (store_id, ordered_at);
CREATE INDEX ON orders (ordered_at);
CREATE INDEX ON orders (campaign_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX ON orders (employee_id) WHERE employee_id IS NOT NULL;
CREATE INDEX ON order_items (order_id);
CREATE INDEX ON order_items (product_id);
CREATE INDEX ON payments (order_id);
CREATE INDEX ON payments (paid_at);
CREATE INDEX ON returns (product_id);
CREATE INDEX ON returns (requested_at);
CREATE INDEX ON refunds (payment_id);
CREATE INDEX ON refunds (order_id);
CREATE INDEX ON refunds (return_id);
CREATE INDEX ON refunds (refunded_at);
CREATE INDEX ON web_sessions (started_at);
CREATE INDEX ON web_sessions (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX ON web_sessions (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX ON web_sessions (campaign_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX ON support_tickets (customer_id);
CREATE INDEX ON support_tickets (order_id);
CREATE INDEX ON support_tickets (product_id);
CREATE INDEX ON support_tickets (employee_id);
CREATE INDEX ON support_tickets (opened_at);
CREATE INDEX ON subscriptions (customer_id);
CREATE INDEX ON subscriptions (plan, started_on);
CREATE INDEX ON inventory (product_id);

ALTER TABLE products
  ADD FOREIGN KEY (category_id) REFERENCES categories,
  ADD FOREIGN KEY (supplier_id) REFERENCES suppliers;
ALTER TABLE product_prices ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE employees
  ADD FOREIGN KEY (store_id) REFERENCES stores,
  ADD FOREIGN KEY (manager_id) REFERENCES employees;
ALTER TABLE orders
  ADD FOREIGN KEY (customer_id) REFERENCES customers,
  ADD FOREIGN KEY (store_id) REFERENCES stores,
  ADD FOREIGN KEY (employee_id) REFERENCES employees,
  ADD FOREIGN KEY (campaign_id) REFERENCES campaigns;
ALTER TABLE order_items
  ADD FOREIGN KEY (order_id) REFERENCES orders,
  ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE payments ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE returns
  ADD FOREIGN KEY (order_item_id) REFERENCES order_items,
  ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE refunds
  ADD FOREIGN KEY (payment_id) REFERENCES payments,
  ADD FOREIGN KEY (order_id) REFERENCES orders,
  ADD FOREIGN KEY (return_id) REFERENCES returns;
ALTER TABLE web_sessions
  ADD FOREIGN KEY (customer_id) REFERENCES customers,
  ADD FOREIGN KEY (order_id) REFERENCES orders,
  ADD FOREIGN KEY (campaign_id) REFERENCES campaigns;
ALTER TABLE support_tickets
  ADD FOREIGN KEY (customer_id) REFERENCES customers,
  ADD FOREIGN KEY (order_id) REFERENCES orders,
  ADD FOREIGN KEY (product_id) REFERENCES products,
  ADD FOREIGN KEY (employee_id) REFERENCES employees;
ALTER TABLE subscriptions ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE inventory
  ADD FOREIGN KEY (store_id) REFERENCES stores,
  ADD FOREIGN KEY (product_id) REFERENCES products;
