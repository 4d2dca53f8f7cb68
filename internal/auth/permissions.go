// Package auth signs people and machines in: passwords, sessions of short
// access and rotating refresh tokens, one-time links, API keys, rate limits.
package auth

import (
	"slices"

	"github.com/datamind/datamind/models"
)

// The permissions. Each route of the API names the one it needs.
const (
	Profile          = "profile"
	ManageSessions   = "sessions.manage" // one's own
	ReadQuestions    = "questions.read"
	Ask              = "ask"
	GiveFeedback     = "feedback.give"
	VerifyQuestions  = "questions.verify"
	InspectSteps     = "steps.inspect" // with prompts and replies
	ReadConnections  = "connections.read"
	WriteConnections = "connections.write"
	ReadCatalog      = "catalog.read"
	SyncCatalog      = "catalog.sync"
	WriteNotes       = "notes.write"
	ManageKeys       = "keys.manage"
	ReadAudit        = "audit.read"
	ReadUsage        = "usage.read"
	ReadMembers      = "members.read"
	WriteMembers     = "members.write"
	InspectRuns      = "runs.inspect"
	ReadExports      = "exports.read" // one's own
	WriteExports     = "exports.write"
	WriteModels      = "models.write"
	ReadAlerts       = "alerts.read"
	WriteAlerts      = "alerts.write"
	ReadReports      = "reports.read" // one's own, and those that one gets
	WriteReports     = "reports.write"
	UseChannels      = "channels.use"       // to choose them for what is told
	ManageChannels   = "channels.manage"    // with the ledger of what was told
	WriteOrg         = "organisation.write" // its name and budget

	ReadDashboards    = "dashboards.read" // and refresh them, with values of their filters
	WriteDashboards   = "dashboards.write"
	PublishDashboards = "dashboards.publish" // to people without an account
)

var (
	viewer  = []string{Profile, ManageSessions, ReadQuestions, ReadConnections, ReadCatalog, GiveFeedback, ReadAlerts, ReadReports, ReadDashboards}
	analyst = append(slices.Clone(viewer), Ask, VerifyQuestions, InspectSteps, WriteNotes, UseChannels, ReadExports, WriteExports, WriteAlerts, WriteReports, WriteDashboards)
	admin   = append(slices.Clone(analyst), WriteConnections, SyncCatalog, ManageKeys, ReadAudit, ReadUsage, ReadMembers, WriteMembers, InspectRuns, WriteModels, ManageChannels, PublishDashboards)
	owner   = append(slices.Clone(admin), WriteOrg)
)

// Permissions returns what a role may do; nothing for an unknown one.
func Permissions(role models.Role) []string {
	switch role {
	case models.RoleOwner:
		return slices.Clone(owner)
	case models.RoleAdmin:
		return slices.Clone(admin)
	case models.RoleAnalyst:
		return slices.Clone(analyst)
	case models.RoleViewer:
		return slices.Clone(viewer)
	}
	return nil
}
