package sqlguard

// allowedTypes are PostgreSQL's own types that a cast or column definition may
// name. Left out are the reg* types other than regconfig (they look objects up
// by a string), oid, xml, pseudo-types and everything that is not a value.
var allowedTypes = wordSet(`
	bool boolean int2 int4 int8 smallint integer bigint float4 float8 numeric decimal money
	text varchar bpchar char name bytea bit varbit uuid json jsonb jsonpath
	date time timetz timestamp timestamptz interval
	daterange datemultirange int4range int4multirange int8range int8multirange numrange nummultirange
	tsrange tsmultirange tstzrange tstzmultirange
	inet cidr macaddr macaddr8 point line lseg box path polygon circle tsvector tsquery regconfig
`)

// allowedOperators are the names of PostgreSQL's own operators.
var allowedOperators = wordSet(`
	= <> != < > <= >= + - * / % ^ | & # ~ << >> || |/ ||/ @ !!
	~~ !~~ ~~* !~~* ~* !~ !~*
	-> ->> #> #>> @> <@ ? ?| ?& @? @@ @@@ #- &&
	-|- &< &> <<| |>> &<| |&> <-> ## ?# ?- ?-| ?|| @-@ @@ ~= <^ >^ <<= >>= <% ^@
	~<~ ~>~ ~<=~ ~>=~ *= *<> *< *> *<= *>=
`)
