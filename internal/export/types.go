package export

// kind is what the text form of a type is.
type kind uint8

const (
	kindText      kind = iota // any text
	kindInt                   // 12
	kindFloat                 // 1.5e+30, NaN, Infinity
	kindNumeric               // 1.50, NaN, Infinity
	kindBool                  // t, f
	kindDate                  // 2026-01-31, 0044-03-15 BC, infinity
	kindTimestamp             // 2026-01-31 12:00:00.5
	kindInstant               // 2026-01-31 12:00:00.5+00
	kindTime                  // 12:00:00.5
	kindUUID
	kindBytes    // \x00ff
	kindJSON     // may span lines
	kindArray    // {1,NULL,"a b"}
	kindInterval // 1 day -02:00:00
	kindMoney    // -$1,000.00
)

// PostgreSQL's own types have the same object ids on every server.
var kinds = map[uint32]kind{
	16: kindBool, 17: kindBytes, 20: kindInt, 21: kindInt, 23: kindInt, 26: kindInt, 114: kindJSON, 3802: kindJSON,
	700: kindFloat, 701: kindFloat, 1082: kindDate, 1083: kindTime, 1114: kindTimestamp, 1184: kindInstant,
	790: kindMoney, 1186: kindInterval, 1700: kindNumeric, 2950: kindUUID,
}

// elements are the types of arrays' elements.
var elements = map[uint32]uint32{
	199: 114, 1000: 16, 1001: 17, 1002: 18, 1003: 19, 1005: 21, 1007: 23, 1009: 25, 1014: 1042, 1015: 1043, 1016: 20, 1021: 700, 1022: 701,
	1028: 26, 1115: 1114, 1182: 1082, 1183: 1083, 1185: 1184, 1187: 1186, 1231: 1700, 1270: 1266, 2951: 2950, 3807: 3802,
}

// Types that are not told apart by their kind.
const (
	oidInt8   = 20
	oidInt2   = 21
	oidFloat4 = 700
)

func kindOf(oid uint32) kind {
	if _, array := elements[oid]; array {
		return kindArray
	}
	return kinds[oid]
}

func kindsOf(columns []Column) []kind {
	out := make([]kind, len(columns))
	for i, c := range columns {
		out[i] = kindOf(c.Type)
	}
	return out
}

// plain are kinds whose text form holds letters, digits and a few signs only:
// no separator, no quote, no end of a line, and nothing that a person chose.
func (k kind) plain() bool {
	switch k {
	case kindText, kindJSON, kindArray, kindMoney:
		return false
	}
	return true
}

// free says that a person chooses the text, which may be a formula.
func (k kind) free() bool { return !k.plain() && k != kindMoney }
