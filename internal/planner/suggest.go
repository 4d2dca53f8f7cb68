package planner

import (
	"github.com/datamind/datamind/models"
)

// Suggest returns up to three questions that the built-in planner answers with SQL over this catalog.
func Suggest(cat *models.Catalog) []string {
	return nil
}
