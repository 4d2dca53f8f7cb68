package sample

// season is the demand of each month, January first, relative to the year's
// average.
type season [12]float64

var (
	summerPeak = season{.3, .4, .8, 1.3, 2.2, 2.6, 1.8, 1.1, .6, .3, .2, .4}
	summerLong = season{.5, .5, .9, 1.2, 1.6, 1.7, 1.5, 1.2, .9, .6, .5, .9}
	winterPeak = season{2.2, 1.4, .5, .2, .1, .1, .1, .3, .8, 1.4, 2.2, 2.7}
	winterLong = season{1.8, 1.2, .7, .4, .3, .2, .3, .5, 1.1, 1.7, 1.9, 1.9}
	shoulder   = season{.7, .7, 1.1, 1.4, 1.3, 1.0, .8, .9, 1.2, 1.2, .9, .8}
	allYear    = season{.9, .8, .9, 1.0, 1.1, 1.1, 1.0, 1.0, .9, .9, 1.1, 1.3}
)

// kindOfGoods is one sort of article: each series of the category makes one
// product of each kind. Prices are in whole dollars.
type kindOfGoods struct {
	name  string
	price int
	grams int
}

type categoryPlan struct {
	name, department, description string
	season                        season
	share                         float64 // of all order lines
	returnRate                    float64
	series                        []string
	kinds                         []kindOfGoods
}

var categoryPlans = []categoryPlan{
	{"Tents", "Camping", "Tents for trekking, families and expeditions.", summerPeak, 7, .04,
		[]string{"Ridgeline", "Lakeshore", "Windbreak", "Basecamp"},
		[]kindOfGoods{{"1P Tent", 189, 1400}, {"2P Tent", 249, 2100}, {"3P Tent", 329, 2900}, {"Family Tent", 499, 7800}}},
	{"Sleeping Bags", "Camping", "Down and synthetic sleeping bags and quilts.", summerLong, 6, .04,
		[]string{"Nightfall", "Polar", "Meadow"},
		[]kindOfGoods{{"Summer Sleeping Bag", 89, 900}, {"3-Season Sleeping Bag", 159, 1200}, {"Winter Sleeping Bag", 279, 1600}, {"Quilt", 139, 800}}},
	{"Sleeping Mats", "Camping", "Inflatable and foam mats, pillows.", summerLong, 5, .05,
		[]string{"Cloudrest", "Terra"},
		[]kindOfGoods{{"Foam Mat", 35, 450}, {"Air Mat", 95, 520}, {"Insulated Mat", 149, 640}, {"Camping Pillow", 24, 110}}},
	{"Camp Kitchen", "Camping", "Stoves, pots, lights and everything for cooking outdoors.", summerLong, 8, .02,
		[]string{"Ember", "Hearth", "Kettle Creek"},
		[]kindOfGoods{{"Gas Stove", 49, 180}, {"Cook Set", 59, 620}, {"Insulated Mug", 22, 240}, {"Cooler Box", 119, 5200}, {"Camp Cutlery", 14, 90}}},
	{"Backpacks", "Accessories", "Daypacks and trekking packs.", summerLong, 8, .05,
		[]string{"Summit", "Wayfarer", "Switchback"},
		[]kindOfGoods{{"Daypack 20L", 69, 640}, {"Daypack 32L", 99, 980}, {"Trekking Pack 50L", 169, 1700}, {"Trekking Pack 65L", 219, 2100}}},
	{"Skis", "Winter Sports", "Alpine, touring and cross-country skis, bindings and poles.", winterPeak, 7, .03,
		[]string{"Snowline", "Glacier", "Powder"},
		[]kindOfGoods{{"All-Mountain Skis", 549, 5400}, {"Touring Skis", 629, 2900}, {"Cross-Country Skis", 279, 1500}, {"Ski Poles", 59, 460}, {"Ski Bindings", 189, 1900}}},
	{"Snowboards", "Winter Sports", "Snowboards, boots and bindings.", winterPeak, 3, .03,
		[]string{"Drift", "Halfpipe"},
		[]kindOfGoods{{"Freeride Snowboard", 429, 3100}, {"Park Snowboard", 359, 2900}, {"Snowboard Bindings", 179, 1800}, {"Snowboard Boots", 219, 2400}}},
	{"Snow Accessories", "Winter Sports", "Goggles, helmets, avalanche gear and snowshoes.", winterPeak, 6, .03,
		[]string{"Whiteout", "Alpenglow"},
		[]kindOfGoods{{"Ski Goggles", 89, 140}, {"Ski Helmet", 119, 480}, {"Avalanche Transceiver", 299, 220}, {"Snowshoes", 149, 1800}}},
	{"Winter Jackets", "Clothing", "Down jackets, parkas and ski jackets.", winterLong, 6, .09,
		[]string{"Aurora", "Frostline", "Tundra"},
		[]kindOfGoods{{"Down Jacket", 229, 480}, {"Parka", 289, 1200}, {"Ski Jacket", 259, 900}, {"Insulated Vest", 119, 320}}},
	{"Rain Jackets", "Clothing", "Waterproof jackets and trousers.", shoulder, 6, .08,
		[]string{"Stormveil", "Drizzle", "Cascade"},
		[]kindOfGoods{{"Rain Jacket", 149, 380}, {"Rain Trousers", 89, 300}, {"Trekking Poncho", 39, 290}}},
	{"Base Layers", "Clothing", "Merino and synthetic underwear, socks and gloves.", winterLong, 8, .06,
		[]string{"Merino", "Thermal"},
		[]kindOfGoods{{"Long-Sleeve Top", 69, 190}, {"Leggings", 59, 180}, {"Hiking Socks", 18, 70}, {"Gloves", 35, 90}, {"Beanie", 25, 60}}},
	{"Hiking Clothing", "Clothing", "Shirts, trousers and fleece for walking.", summerLong, 8, .09,
		[]string{"Trailhead", "Canyon", "Alder"},
		[]kindOfGoods{{"Hiking Shirt", 49, 170}, {"Hiking Trousers", 89, 340}, {"Fleece Jacket", 99, 390}, {"Sun Hat", 29, 80}}},
	{"Hiking Boots", "Footwear", "Boots and shoes for walking and mountaineering.", shoulder, 8, .10,
		[]string{"Granite", "Pathfinder", "Cairn"},
		[]kindOfGoods{{"Hiking Boots", 179, 1200}, {"Hiking Shoes", 139, 860}, {"Mountaineering Boots", 289, 1800}}},
	{"Trail Running Shoes", "Footwear", "Light shoes for running off road.", summerLong, 6, .11,
		[]string{"Swift", "Gazelle"},
		[]kindOfGoods{{"Trail Shoe", 129, 560}, {"Race Shoe", 149, 440}, {"Waterproof Trail Shoe", 159, 620}}},
	{"Climbing", "Climbing", "Ropes, harnesses, shoes and hardware.", summerLong, 6, .03,
		[]string{"Crux", "Overhang"},
		[]kindOfGoods{{"Climbing Rope 60m", 179, 3700}, {"Climbing Harness", 69, 380}, {"Climbing Shoes", 119, 480}, {"Quickdraw Set", 89, 620}, {"Belay Device", 79, 180}, {"Chalk Bag", 19, 110}}},
	{"Cycling", "Cycling", "Bikepacking bags, helmets, lights and tools.", summerLong, 6, .04,
		[]string{"Gravel", "Velo"},
		[]kindOfGoods{{"Bike Helmet", 89, 290}, {"Frame Bag", 59, 260}, {"Pannier Set", 129, 1700}, {"Bike Light Set", 45, 150}, {"Multi-Tool", 29, 180}}},
	{"Kayaks and Paddling", "Water Sports", "Kayaks, paddle boards and dry bags.", summerPeak, 4, .03,
		[]string{"Tidewater", "Heron"},
		[]kindOfGoods{{"Inflatable Kayak", 449, 14500}, {"Paddle Board", 389, 9800}, {"Paddle", 79, 980}, {"Dry Bag", 25, 220}, {"Life Vest", 69, 620}}},
	{"Navigation and Lights", "Accessories", "Headlamps, compasses, satellite messengers and watches.", allYear, 8, .03,
		[]string{"Polaris", "Beacon"},
		[]kindOfGoods{{"Headlamp", 45, 90}, {"Lantern", 35, 260}, {"Compass", 29, 60}, {"Satellite Messenger", 299, 110}, {"GPS Watch", 329, 70}}},
	{"Bottles and Care", "Accessories", "Bottles, filters, first aid and care products.", allYear, 10, .015,
		[]string{"Spring", "Clearwater"},
		[]kindOfGoods{{"Steel Bottle", 29, 290}, {"Water Filter", 49, 120}, {"First Aid Kit", 34, 320}, {"Waterproofing Spray", 16, 380}, {"Trekking Poles", 79, 480}}},
}

// place is a city where customers live; weight is its share in the region.
type place struct {
	city, postal string
	weight       float64
}

type regionPlan struct {
	name, country string
	share         float64
	german        bool // which list of names fits
	places        []place
}

var regionPlans = []regionPlan{
	{"West", "United States", 22, false, []place{{"Seattle", "981", 5}, {"Portland", "972", 4}, {"San Francisco", "941", 4}, {"Los Angeles", "900", 4}, {"Sacramento", "958", 2}, {"Spokane", "992", 1}, {"Eugene", "974", 1}}},
	{"Mountain", "United States", 21, false, []place{{"Denver", "802", 5}, {"Boulder", "803", 4}, {"Salt Lake City", "841", 4}, {"Bozeman", "597", 2}, {"Boise", "837", 2}, {"Fort Collins", "805", 1}, {"Missoula", "598", 1}}},
	{"Midwest", "United States", 19, false, []place{{"Minneapolis", "554", 5}, {"Chicago", "606", 5}, {"Madison", "537", 3}, {"Milwaukee", "532", 2}, {"Duluth", "558", 1}, {"Ann Arbor", "481", 1}}},
	{"Northeast", "United States", 15, false, []place{{"Boston", "021", 5}, {"Burlington", "054", 3}, {"New York", "100", 4}, {"Portsmouth", "038", 1}, {"Albany", "122", 1}, {"Philadelphia", "191", 2}}},
	{"South", "United States", 10, false, []place{{"Asheville", "288", 3}, {"Austin", "787", 4}, {"Atlanta", "303", 3}, {"Nashville", "372", 2}, {"Raleigh", "276", 2}}},
	{"Western Canada", "Canada", 7, false, []place{{"Vancouver", "V6B ", 5}, {"Calgary", "T2P ", 4}, {"Victoria", "V8W ", 1}, {"Kelowna", "V1Y ", 1}, {"Edmonton", "T5J ", 2}}},
	{"Central Europe", "Germany", 6, true, []place{{"Munich", "803", 5}, {"Berlin", "101", 3}, {"Freiburg", "791", 2}, {"Stuttgart", "701", 2}, {"Garmisch-Partenkirchen", "824", 1}, {"Leipzig", "041", 1}}},
}

type storePlan struct {
	city, region string
	weight       float64
	area         int
	yearsOpen    float64 // before the first day of the data; negative: opened later
}

var storePlans = []storePlan{
	{"Seattle", "West", 13, 1450, 18.4}, {"Portland", "West", 10, 1100, 15.1}, {"San Francisco", "West", 10, 980, 9.6},
	{"Denver", "Mountain", 13, 1600, 16.7}, {"Boulder", "Mountain", 10, 870, 12.2}, {"Salt Lake City", "Mountain", 8, 1050, 7.9}, {"Bozeman", "Mountain", 4, 520, 5.3},
	{"Minneapolis", "Midwest", 9, 1200, 10.8}, {"Chicago", "Midwest", 9, 1150, 6.5},
	{"Boston", "Northeast", 8, 900, 8.2}, {"Burlington", "Northeast", 4, 480, 4.4},
	{"Asheville", "South", 5, 560, 3.6}, {"Austin", "South", 7, 740, -1.7},
	{"Vancouver", "Western Canada", 8, 890, 5.9}, {"Calgary", "Western Canada", 5, 650, -.8},
	{"Reno", "West", 0, 14500, 11.3}, // the warehouse
}

var supplierPlans = []struct{ name, country string }{
	{"Alpine Forge", "Austria"}, {"Bluewater Composites", "Canada"}, {"Canopy Textiles", "Vietnam"}, {"Deepwoods Supply", "United States"},
	{"Edelgrat Sport", "Germany"}, {"Fjordline Equipment", "Norway"}, {"Granite Peak Goods", "United States"}, {"Hightrail Footwear", "Italy"},
	{"Ironwood Tools", "United States"}, {"Jade River Outdoor", "China"}, {"Kestrel Optics", "Japan"}, {"Larchmont Apparel", "Portugal"},
	{"Mistral Boards", "France"}, {"Nordlys Lighting", "Sweden"}, {"Old Mill Merino", "New Zealand"}, {"Pinecrest Packs", "Vietnam"},
	{"Quarry Climbing", "United Kingdom"}, {"Redstone Cycles", "Taiwan"}, {"Saltmarsh Kayaks", "United States"}, {"Tarn Sleep Systems", "United Kingdom"},
}

var (
	firstNames = []string{"Olivia", "Liam", "Emma", "Noah", "Amelia", "Oliver", "Sophia", "Elijah", "Charlotte", "James", "Isabella", "William", "Ava", "Benjamin", "Mia", "Lucas", "Evelyn", "Henry", "Luna", "Theodore", "Harper", "Jack", "Camila", "Levi", "Sofia", "Alexander", "Scarlett", "Daniel", "Elizabeth", "Michael", "Eleanor", "Mason", "Emily", "Sebastian", "Chloe", "Ethan", "Mila", "Logan", "Violet", "Owen", "Penelope", "Samuel", "Gianna", "Jacob", "Aria", "Asher", "Abigail", "Aiden", "Ella", "John", "Avery", "Joseph", "Hazel", "Wyatt", "Nora", "David", "Layla", "Leo", "Lily", "Luke", "Aurora", "Julian", "Nova", "Hudson", "Ellie", "Grayson", "Madison", "Matthew", "Grace", "Ezra", "Isla", "Gabriel", "Willow", "Carter", "Zoe", "Isaac", "Riley", "Jayden", "Stella", "Luca", "Priya", "Arjun", "Mei", "Hiro", "Fatima", "Omar", "Ana", "Diego", "Ingrid", "Mateo"}
	lastNames  = []string{"Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez", "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin", "Lee", "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark", "Ramirez", "Lewis", "Robinson", "Walker", "Young", "Allen", "King", "Wright", "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker", "Hall", "Rivera", "Campbell", "Mitchell", "Carter", "Roberts", "Gomez", "Phillips", "Evans", "Turner", "Diaz", "Parker", "Cruz", "Edwards", "Collins", "Reyes", "Stewart", "Morris", "Morales", "Murphy", "Cook", "Rogers", "Gutierrez", "Ortiz", "Morgan", "Cooper", "Peterson", "Bailey", "Reed", "Kelly", "Howard", "Ramos", "Kim", "Cox", "Ward", "Richardson", "Watson", "Brooks", "Chavez", "Wood", "James", "Bennett", "Gray", "Mendoza", "Ruiz", "Hughes", "Price", "Alvarez", "Castillo", "Sanders", "Patel", "Myers", "Long", "Ross", "Foster", "O'Brien", "Chen", "Tremblay", "Larsen", "Singh", "Okafor"}

	germanFirstNames = []string{"Anna", "Lukas", "Marie", "Felix", "Lena", "Jonas", "Sophie", "Maximilian", "Laura", "Paul", "Julia", "Finn", "Katharina", "Moritz", "Sarah", "Tobias", "Johanna", "Florian", "Clara", "Niklas", "Greta", "Jürgen", "Heike", "Stefan", "Birgit", "Matthias", "Ayşe", "Emre", "Franziska", "Björn"}
	germanLastNames  = []string{"Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann", "Schäfer", "Koch", "Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann", "Braun", "Krüger", "Hofmann", "Hartmann", "Lange", "Schmitt", "Werner", "Krause", "Lehmann", "Yılmaz", "Huber", "Maier"}
)

// plans of the club: price before and after the raise of stories.priceRise
// (equal where nothing changed), share of new subscriptions, monthly churn.
var clubPlans = []struct {
	name          string
	before, after cents
	share, churn  float64
}{
	{"Basic", 499, 499, 38, .030},
	{"Plus", 999, 1399, 42, .022},
	{"Premium", 1999, 1999, 20, .018},
}

// subjects of support tickets, by topic.
var ticketSubjects = map[string][]string{
	"delivery":       {"Where is my parcel?", "Parcel shows delivered but is not here", "Can I change the delivery address?", "Delivery is later than promised"},
	"product defect": {"Zipper broke after a week", "Seam is coming apart", "Product arrived with a defect", "Warranty question"},
	"return":         {"How do I send this back?", "Return label is missing", "When do I get my refund?", "Can I exchange for another size?"},
	"payment":        {"I was charged twice", "Payment was refused", "I need an invoice", "Gift card does not work"},
	"website":        {"Cannot sign in", "Search finds nothing", "Cart was empty after signing in", "Page does not load"},
	"product advice": {"Which size should I order?", "Is this warm enough for winter?", "Does this fit my bike?", "When will it be back in stock?"},
	"subscription":   {"How do I cancel the club?", "Club discount was not applied", "Change my club plan", "Question about the club price"},
}

var landingPages = []string{"/", "/sale", "/tents", "/skis", "/winter-jackets", "/hiking-boots", "/backpacks", "/rain-jackets", "/trail-running", "/camp-kitchen", "/blog/packing-list", "/blog/first-aid", "/stores"}
