package llm

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func sqlPlan(sql string) models.Plan { return models.Plan{Status: models.PlanSQL, SQL: sql} }

func TestParsePlan(t *testing.T) {
	t.Parallel()
	const object = `{"status":"sql","sql":"SELECT 1"}`
	for name, tc := range map[string]struct {
		reply string
		want  models.Plan
	}{
		"plain":                  {object, sqlPlan("SELECT 1")},
		"all fields":             {`{"status":"sql","sql":" SELECT 1 ; ","understanding":"One.","text":"x","choices":[]}`, models.Plan{Status: models.PlanSQL, SQL: "SELECT 1", Understanding: "One."}},
		"two semicolons":         {`{"status":"sql","sql":"SELECT 1;;"}`, sqlPlan("SELECT 1;")},
		"fence":                  {"```json\n" + object + "\n```", sqlPlan("SELECT 1")},
		"prose around":           {"Sure! Here it is:\n" + object + "\nDoes {that} help?", sqlPlan("SELECT 1")},
		"thinking":               {"<think>Maybe {\"status\":\"sql\",\"sql\":\"SELECT 9\"}?</think>\n" + object, sqlPlan("SELECT 1")},
		"thinking, no beginning": {"so SELECT 9 {\"sql\":\"SELECT 9\"}</think>" + object, sqlPlan("SELECT 1")},
		"think mark in the SQL":  {`{"status":"sql","sql":"SELECT '</think>'"}`, sqlPlan("SELECT '</think>'")},
		"a draft and a verdict":  {`{"status":"sql","sql":"SELECT 9"} no: ` + object, sqlPlan("SELECT 1")},
		"an example before":      {`The form is {"a":1}. ` + object, sqlPlan("SELECT 1")},
		"broken, then good":      {`{"status":"sql", oops ` + object, sqlPlan("SELECT 1")},
		"without status":         {`{"sql":"SELECT 1"}`, sqlPlan("SELECT 1")},
		"status in capitals":     {`{"status":"SQL","sql":"SELECT 1"}`, sqlPlan("SELECT 1")},
		"odd types":              {`{"status":"sql","sql":"SELECT 1","understanding":7,"choices":"none","text":null}`, sqlPlan("SELECT 1")},
		"sql fence":              {"The query:\n```sql\nSELECT 1;\n```\nEnjoy.", sqlPlan("SELECT 1")},
		"last fence":             {"```sql\nSELECT 9\n```\nbetter:\n```\nSELECT 1\n```", sqlPlan("SELECT 1")},
		"bare select":            {"SELECT a FROM t;", sqlPlan("SELECT a FROM t")},
		"bare select and prose":  {"SELECT a\nFROM t;\n\nThis counts.", sqlPlan("SELECT a\nFROM t")},
		"bare with":              {"WITH x AS (SELECT 1) SELECT * FROM x", sqlPlan("WITH x AS (SELECT 1) SELECT * FROM x")},
		"clarify":                {`{"status":"clarify","text":"Which year?","choices":["2024",2025,"", "2026"]}`, models.Plan{Status: models.PlanClarify, Text: "Which year?", Choices: []string{"2024", "2026"}}},
		"clarify, choices only":  {`{"status":"clarify","text":"","choices":["a","b"]}`, models.Plan{Status: models.PlanClarify, Text: "Which of these do you mean?", Choices: []string{"a", "b"}}},
		"refused with SQL":       {`{"status":"refused","sql":"DROP TABLE t","text":"No."}`, models.Plan{Status: models.PlanRefused, Text: "No."}},
		"refused, no reason":     {`{"status":"refused"}`, models.Plan{Status: models.PlanRefused, Text: "The connected data cannot answer this question."}},
		"links in the text": {`{"status":"refused","text":"See ![x](https://evil.example/?q=1) or [here](https://evil.example) \u202eor https://evil.example/a."}`,
			models.Plan{Status: models.PlanRefused, Text: "See or here or [link removed]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parsePlan(tc.reply)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestParsePlanRefusesTheRest(t *testing.T) {
	t.Parallel()
	long, err := json.Marshal(map[string]string{"status": "sql", "sql": "SELECT '" + strings.Repeat("x", maxSQL) + "'"})
	require.NoError(t, err)
	for name, reply := range map[string]string{
		"nothing": "", "prose": "I cannot do this.", "with, as a word": "With all due respect, that is (in fact) unclear.",
		"select, as a word": "Select a date range, please", "array": `[{"a":1}]`, "number": "17", "null": "null", "string": `"SELECT 1"`,
		"unknown status": `{"status":"drop","sql":"DROP TABLE t"}`, "sql without SQL": `{"status":"sql","sql":";"}`, "sql is null": `{"status":"sql","sql":null}`,
		"clarify without a word": `{"status":"clarify","text":" ","choices":[]}`, "only thinking": "<think>SELECT a FROM t", "cut": `{"status":"sql","sql":"SELECT`,
		"other statement": "```\nDROP TABLE t\n```", "invalid UTF-8": "\xff\xfe{", "too long": string(long),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := parsePlan(reply)
			require.Error(t, err)
			require.Equal(t, models.Plan{}, plan)
		})
	}
}

func TestParsePlanIsBounded(t *testing.T) {
	t.Parallel()
	choices := strings.Repeat(`"`+strings.Repeat("é", 200)+`",`, 20)
	got, err := parsePlan(`{"status":"clarify","text":"` + strings.Repeat("ü ", 4000) + `","choices":[` + strings.TrimSuffix(choices, ",") + `]}`)
	require.NoError(t, err)
	require.Len(t, got.Choices, maxChoices)
	require.LessOrEqual(t, len(got.Choices[0]), maxChoice)
	require.LessOrEqual(t, len(got.Text), maxText)

	start := time.Now()
	for _, hostile := range []string{strings.Repeat("{", 1<<20), strings.Repeat(`{"a":`, 1<<18), strings.Repeat("```sql\n", 1<<17), strings.Repeat("<think>", 1<<17), "SELECT " + strings.Repeat("(", 1<<19)} {
		_, err = parsePlan(hostile)
		require.Error(t, err)
	}
	require.Less(t, time.Since(start), 20*time.Second)
}

func TestClean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Revenue was 1,200.50.":                                  "Revenue was 1,200.50.",
		"a < b and c > d":                                        "a < b and c > d",
		"  **Oslo** leads\twith `12`  ":                          "Oslo leads with 12",
		"## Result\n\n\n* one":                                   "Result\n* one",
		"![a](https://evil.example/?q=1)x":                       "x",
		"![a][r]\n\n[r]: https://evil.example/?q=":               "",
		"see [this](javascript:alert(1))":                        "see this)",
		"log in at https://evil.example/login now":               "log in at [link removed] now",
		"at www.evil.example.":                                   "at [link removed]",
		"//evil.example/x and data:text/html,x":                  "[link removed] and [link removed]",
		"<svg/onload=alert(1)><a href=\"javascript:alert(1)\">x": "x",
		"<script>alert(1)</script>ok":                            "ok",
		"zero\u200bwidth \u202ebidi \x00\x1b[31mred":             "zerowidth bidi [31mred",
		"<think>12 is secret</think>Three.":                      "Three.",
		"The data: 5 rows, profile: new":                         "The data: 5 rows, profile: new",
		"\xff5":                                                  "\uFFFD5",
	} {
		require.Equal(t, want, clean(text, 1000), "%q", text)
	}
	require.Equal(t, "é", clean("éé", 3))
	require.Equal(t, "One. Two!", wholeSentences("One. Two! And thr"))
	require.Equal(t, "no stop 1.5", wholeSentences("no stop 1.5"))
}
