package planner

import "strings"

// vocabulary is what glued lower-case names ("custjoindate") are cut into.
var vocabulary = set(`id name code type date time number num no year month day first last full mid middle start end join birth due create created update updated
 cust customer tx transaction ticker symbol price open close high low volume share amount amt status state city country province region address zip postal phone email
 product order item line detail category supplier vendor employee emp staff manager department dept student stu teacher course class school college faculty major minor advisor grade age sex gender
 pet dog cat allergy game sport hour season team player coach stadium match score goal weight height length width depth area population life expectancy capital head of surface local government form gnp continent
 official language percentage percent is has maker make model car cylinder horse power horsepower accelerate engine mile mpg airport airline flight source dest destination dep arr arrival departure abbreviation
 film movie actor director title rating review reviewer song album artist genre track singer concert theme venue account balance loan bank branch card payment invoice bill tax total sub sum cost fee salary wage bonus
 book author publisher publication journal paper conference keyword domain cite organization org home page abstract venue street road house room floor building dorm hotel restaurant food meal count vote president vice class secretary treasurer contestant record registration election cycle
 description desc comment note text value level rank position result winner loser attribute district currency exchange average quantity qty unit ship shipment store stock member club committee amenity capacity location loc url link user password role document doc template version policy claim
 event service session program project task company business industry market profit sale sales asset revenue budget founded location ceo`)

// segment cuts a glued word into known words, nil when it cannot be done whole.
func segment(w string) []string {
	if vocabulary[w] || len(w) < 5 || len(w) > 40 || vocabulary[stem(w)] {
		return nil
	}
	best := make([][]string, len(w)+1)
	best[0] = []string{}
	for i := 1; i <= len(w); i++ {
		for j := max(0, i-14); j < i; j++ {
			part := w[j:i]
			if best[j] == nil || !vocabulary[part] && !(len(part) > 4 && vocabulary[stem(part)]) {
				continue
			}
			if best[i] == nil || len(best[j])+1 < len(best[i]) {
				best[i] = append(append([]string{}, best[j]...), part)
			}
		}
	}
	if len(best[len(w)]) < 2 || len(w)/len(best[len(w)]) < 3 && strings.Count(w, "id") == 0 {
		return nil
	}
	return best[len(w)]
}

// rawPrefix is the start that all tables' names share ("sb" of sbcustomer, sbticker).
func rawPrefix(names []string) string {
	if len(names) < 3 {
		return ""
	}
	p := names[0]
	for _, n := range names[1:] {
		for !strings.HasPrefix(n, p) {
			p = p[:len(p)-1]
		}
	}
	if len(p) < 2 || len(p) > 4 || strings.ContainsAny(p, "_ ") {
		return ""
	}
	for _, n := range names {
		if len(n) < len(p)+3 {
			return ""
		}
	}
	return p
}
