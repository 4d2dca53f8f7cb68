package llm

import (
	"context"
	"encoding/json"

	"github.com/datamind/datamind/models"
)

// maxTiles bounds the tiles of one proposal.
const maxTiles = 10

var tilesSchema = json.RawMessage(`{
  "type": "object",
  "properties": {
    "tiles": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "title": {"type": "string"},
          "how": {"type": "string", "description": "how it was read, in one sentence"},
          "sql": {"type": "string", "description": "one SELECT statement"}
        },
        "required": ["title", "how", "sql"],
        "additionalProperties": false
      }
    }
  },
  "required": ["tiles"],
  "additionalProperties": false
}`)

// TilesReservation is how many tokens a call of TilesWith costs at most.
func (c *Client) TilesReservation(req models.PlanRequest) int {
	return c.reservation(tilesPrompt(req))
}

// TilesWith proposes tiles for a dashboard about the request's question, with one
// model in one call. The usage is set also with an error; errors are as with PlanWith.
func (c *Client) TilesWith(ctx context.Context, model, idemKey string, req models.PlanRequest) (tiles []models.ProposedTile, usage models.Usage, err error) {
	usage, err = c.object(ctx, "tiles", model, idemKey, tilesPrompt(req), func(reply string) (err error) {
		tiles, err = parseTiles(reply)
		return err
	})
	return tiles, usage, err
}

func parseTiles(reply string) (tiles []models.ProposedTile, err error) {
	var raw struct {
		Tiles []struct {
			Title string `json:"title"`
			How   string `json:"how"`
			SQL   string `json:"sql"`
		} `json:"tiles"`
	}
	if err := lastObject(reply, "tiles", &raw); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, t := range raw.Tiles {
		p := models.ProposedTile{Title: clean(t.Title, maxChoice), Understanding: clean(t.How, maxText), SQL: trimSQL(t.SQL)}
		if p.Title == "" || p.SQL == "" || len(p.SQL) > models.MaxDashboardSQL || seen[p.SQL] || len(tiles) == maxTiles {
			continue
		}
		seen[p.SQL] = true
		tiles = append(tiles, p)
	}
	return tiles, nil
}
