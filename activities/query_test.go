package activities

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/internal/crypt"
	"github.com/datamind/datamind/models"
)

// A password that this worker cannot open is a finding of the test, not an
// outage of it.
func TestConnectionWithAnUnreadablePassword(t *testing.T) {
	t.Parallel()
	public, _ := crypt.GenerateKeys()
	_, other := crypt.GenerateKeys()
	sealer, err := crypt.NewSealer(public)
	require.NoError(t, err)
	opener, err := crypt.NewOpener(other)
	require.NoError(t, err)
	sealed, err := sealer.Seal("org", "connection", []byte("secret"))
	require.NoError(t, err)
	report, err := (&Query{Opener: opener}).TestConnection(t.Context(), TestInput{Scope: models.Scope{OrgID: "org"},
		Connection: models.Connection{ID: "connection"}, Sealed: sealed})
	require.NoError(t, err)
	require.False(t, report.OK)
	require.Equal(t, models.CodeSealedPassword, report.Code)
	require.Contains(t, report.Message, "Enter the connection's password again")
}
