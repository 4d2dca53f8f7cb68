package connector

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datamind/datamind/models"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	open := Policy{AllowPrivate: true, Deny: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5432"), netip.MustParseAddrPort("10.0.0.9:6379"), netip.MustParseAddrPort("0.0.0.0:8080")},
		AllowDatabases: []AllowedDatabase{{Addr: netip.MustParseAddrPort("127.0.0.1:5432"), Database: "sample", User: "reader"}}}
	for _, test := range []struct {
		addr    string
		open    bool // with private addresses allowed
		private bool // without
	}{
		{"93.184.215.14:5432", true, true}, {"[2606:2800:21f:cb07::1]:5432", true, true},
		{"10.1.2.3:5432", true, false}, {"192.168.1.1:5432", true, false}, {"127.0.0.1:5433", true, false}, {"[::1]:5433", true, false},
		{"100.64.0.1:5432", true, false}, {"[fc00::1]:5432", true, false}, {"[::ffff:10.0.0.1]:5432", true, false},
		{"127.0.0.1:5432", false, false}, {"127.9.9.9:5432", false, false}, {"[::1]:5432", false, false}, {"[::ffff:127.0.0.1]:5432", false, false},
		{"10.0.0.9:6379", false, false}, {"10.0.0.9:5432", true, false},
		{"169.254.169.254:80", false, false}, {"[fe80::1]:5432", false, false}, {"[fd00:ec2::254]:80", false, false}, {"0.0.0.0:5433", false, false},
		{"[::]:5433", false, false}, {"224.0.0.1:5432", false, false}, {"255.255.255.255:5432", false, false}, {"198.18.0.1:5432", false, false},
		{"[64:ff9b::a9fe:a9fe]:80", false, false}, {"[64:ff9b::a00:1]:5432", true, false}, {"[2002:a9fe:a9fe::1]:80", false, false},
		{"[2002:7f00:1::1]:5432", false, false}, {"[::127.0.0.1]:5432", false, false}, {"[2002:7f00:1::1]:5433", true, false},
		{"127.0.0.1:8080", false, false}, {"[::1]:8080", false, false}, {"100.100.100.200:80", false, false},
	} {
		addr := netip.MustParseAddrPort(test.addr)
		require.Equal(t, test.open, open.check(addr, "shop", "app") == nil, "private allowed: %s", test.addr)
		closed := open
		closed.AllowPrivate = false
		err := closed.check(addr, "shop", "app")
		require.Equal(t, test.private, err == nil, "private refused: %s", test.addr)
		if err != nil {
			require.Equal(t, models.CodeAddressRefused, models.ErrorCode(err))
		}
	}
	own := netip.MustParseAddrPort("127.0.0.1:5432")
	require.NoError(t, open.check(own, "sample", "reader"))
	require.Error(t, open.check(own, "datamind", "reader"), "another database of the platform's server")
	require.Error(t, open.check(own, "sample", "postgres"), "another user")
	require.Error(t, open.check(netip.MustParseAddrPort("[fe80::1%eth0]:5432"), "", ""))
}

func TestParseDSN(t *testing.T) {
	t.Parallel()
	c, err := ParseDSN("postgres://ann:p%40ss@db.example.com:5433/shop?sslmode=verify-full")
	require.NoError(t, err)
	require.Equal(t, Config{Kind: "postgres", Host: "db.example.com", Port: 5433, Database: "shop", User: "ann", Password: "p@ss", TLSMode: models.TLSVerifyFull}, c)
	for dsn, mode := range map[string]string{"postgres://u:p@h/d": models.TLSRequire, "postgres://u:p@127.0.0.1/d": models.TLSDisable,
		"host=h user=u password=p dbname=d sslmode=disable": models.TLSDisable, "postgres://u:p@h/d?sslmode=require": models.TLSRequire} {
		c, err := ParseDSN(dsn)
		require.NoError(t, err, dsn)
		require.Equal(t, mode, c.TLSMode, dsn)
	}
	for _, dsn := range []string{"postgres://u:secret@h:bad/d", "postgres://u:secret@/d?host=/tmp", "postgres://u:secret@a,b/d", "postgres://u:secret@h/d?options=-csearch_path%3Devil",
		"postgres://u:secret@h/d?default_transaction_read_only=off"} {
		_, err := ParseDSN(dsn)
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err), dsn)
		require.NotContains(t, err.Error(), "secret")
	}
}
