// Package api is the HTTP interface: JSON under /api/v1 described by an
// OpenAPI document, live events over WebSocket, health, and the web page. It
// parses, calls and renders; the work itself happens in durable workflows.
package api
