package auth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestPasswordsThatAreEasyToGuess(t *testing.T) {
	t.Parallel()
	user := &models.User{Name: "Ann Archer", Email: "ann.archer@northwind.example"}
	for _, bad := range []string{"short", "elevenchars", strings.Repeat("a", 257), "aaaaaaaaaaaa", "123456789012", "Password1234!", "passwordpassword",
		"qwertyuiop123", "DataMind2026!", "Archer-Archer-1", "ann.archer1234", "northwind.example", "abcabcabcabc", "1q2w3e4r1q2w3e4r", "administrator1", "Welcome12345!"} {
		require.Error(t, checkPassword(bad, user), bad)
	}
	for _, good := range []string{"correct horse battery", "a quiet river", "830274659183", "пароль из слов", strings.Repeat("long words ", 20)} {
		require.NoError(t, checkPassword(good, user), good)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a@example.com", "first.last+tag@sub.example.co", "owner@localhost", "o'neill@example.ie"} {
		require.True(t, isAddress(good), good)
	}
	for _, bad := range []string{"", "@", "a@", "@example.com", "a", "a@example.com>", "<a@example.com>", "Ann <a@example.com>", "a@example.com\r\nBcc: all@evil.example",
		"a@example.com\x00", "a@b@c.example", "a b@example.com", `"a b"@example.com`, "a@[127.0.0.1]", "a@example.com,b@example.com", "a(comment)@example.com",
		"a@exam ple.com", "=?utf-8?q?a=0d=0aBcc:x@evil.example?=", strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("b.", 130) + "com"} {
		require.False(t, isAddress(bad), bad)
	}
}
