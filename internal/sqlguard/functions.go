package sqlguard

import "strings"

// allowedFunctions are PostgreSQL's own functions that a SELECT may call: they
// read their arguments (or the clock, or a random generator) and nothing else.
// Left out on purpose is whatever runs SQL held in a string (query_to_xml,
// ts_stat, ts_rewrite), names a relation or sequence in a string, changes
// session state (set_config, setseed), waits, locks, or tells of the server
// (pg_*, inet_*, has_*_privilege), and XML, whose parser expands entities.
var allowedFunctions = wordSet(`
	count sum avg min max every bool_and bool_or bit_and bit_or bit_xor string_agg array_agg any_value
	json_agg jsonb_agg json_object_agg jsonb_object_agg json_agg_strict jsonb_agg_strict json_object_agg_strict
	json_object_agg_unique jsonb_object_agg_strict jsonb_object_agg_unique json_object_agg_unique_strict jsonb_object_agg_unique_strict
	range_agg range_intersect_agg corr covar_pop covar_samp
	regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
	stddev stddev_pop stddev_samp var_pop var_samp variance mode percentile_cont percentile_disc
	row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value

	abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh cot cotd
	degrees div exp factorial floor gcd greatest lcm least ln log log10 min_scale mod pi pow power radians round scale sign
	sin sind sinh sqrt tan tand tanh trim_scale trunc width_bucket random random_normal erf erfc gamma lgamma

	ascii bit_count bit_length btrim casefold char_length character_length chr concat concat_ws convert convert_from convert_to
	decode encode format get_bit get_byte initcap is_normalized left length like like_escape lower lpad ltrim md5 normalize
	notlike octet_length overlay parse_ident position quote_ident quote_literal quote_nullable regexp_count regexp_instr
	regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat
	replace reverse right rpad rtrim set_bit set_byte sha224 sha256 sha384 sha512 similar_escape similar_to_escape split_part
	starts_with string_to_array string_to_table strpos substr substring textcat to_ascii to_bin to_hex to_oct translate
	unicode_assigned unistr upper to_char to_number crc32 crc32c

	age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days justify_hours
	justify_interval make_date make_interval make_time make_timestamp make_timestamptz now overlaps statement_timestamp
	timeofday timezone to_date to_timestamp transaction_timestamp

	array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions
	array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort array_to_json array_to_string
	array_to_tsvector array_upper arraycontained arraycontains arrayoverlap cardinality generate_series generate_subscripts trim_array unnest
	enum_first enum_last enum_range

	json_array_element json_array_elements json_array_elements_text json_array_length json_build_array json_build_object
	json_each json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_strip_nulls
	json_to_record json_to_recordset json_typeof jsonb_array_element jsonb_array_elements jsonb_array_elements_text
	jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
	jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz
	jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz
	jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_pretty jsonb_set jsonb_set_lax
	jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb json_to_tsvector jsonb_to_tsvector

	daterange datemultirange int4range int4multirange int8range int8multirange numrange nummultirange tsrange tsmultirange
	tstzrange tstzmultirange multirange isempty lower_inc lower_inf upper_inc upper_inf range_merge

	numnode phraseto_tsquery plainto_tsquery querytree setweight strip to_tsquery to_tsvector ts_delete ts_filter ts_headline
	ts_rank ts_rank_cd tsquery_phrase tsvector_to_array websearch_to_tsquery get_current_ts_config

	abbrev broadcast family host hostmask inet_merge inet_same_family masklen netmask network set_masklen macaddr8_set7bit

	area bound_box box center circle diagonal diameter height isclosed ishorizontal isopen isparallel isperp isvertical line
	lseg npoints path pclose point polygon popen radius slope width

	bool bpchar date float4 float8 int2 int4 int8 interval money numeric text time timestamp timestamptz timetz varchar

	current_database current_schema current_setting gen_random_uuid uuidv4 uuidv7 uuid_extract_timestamp uuid_extract_version
	num_nonnulls num_nulls nullif coalesce pg_column_size pg_size_bytes pg_size_pretty pg_typeof version
	grouping
`)

// harmlessSettings are what current_setting may be asked for, by a literal.
var harmlessSettings = wordSet(`timezone datestyle intervalstyle server_version server_version_num lc_time lc_monetary
	lc_numeric lc_collate lc_ctype client_encoding server_encoding default_text_search_config extra_float_digits max_identifier_length integer_datetimes`)

// rowFunctions return several columns; all other allowed functions return one.
var rowFunctions = map[string][]string{
	"json_each": {"key", "value"}, "json_each_text": {"key", "value"},
	"jsonb_each": {"key", "value"}, "jsonb_each_text": {"key", "value"},
}

// namedResult are functions whose single result column has a name of its own
// that an alias does not replace.
var namedResult = map[string]string{
	"json_array_elements": "value", "json_array_elements_text": "value",
	"jsonb_array_elements": "value", "jsonb_array_elements_text": "value",
}

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
