package connector

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/datamind/datamind/models"
)

// Policy says which addresses may be dialled. Link-local, metadata, multicast
// and unspecified addresses never are.
type Policy struct {
	// AllowPrivate lets loopback, private (RFC 1918, RFC 4193) and shared
	// (RFC 6598) addresses through.
	AllowPrivate bool
	// Deny are the platform's own servers. An entry on a loopback address
	// stands for its port on every loopback address.
	Deny []netip.AddrPort
	// AllowDatabases are exceptions from all of this.
	AllowDatabases []AllowedDatabase
}

// AllowedDatabase is one database on the platform's own server that one user
// may read, such as the sample company's.
type AllowedDatabase struct {
	Addr     netip.AddrPort
	Database string
	User     string
}

// never are networks that no customer's database is on. IsPrivate and
// IsLoopback of net/netip know only some of them.
var never = prefixes("0.0.0.0/8", "100.100.100.200/32", "169.254.0.0/16", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
	"::/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254/128", "100::/64")

// private are networks inside a company or a machine.
var private = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "::1/128", "fc00::/7")

// carriers wrap an IPv4 address into an IPv6 one: NAT64 (RFC 6052), 6to4
// (RFC 3056) and IPv4-compatible addresses, with the offset of the address.
var carriers = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
	{netip.MustParsePrefix("::/96"), 12},
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

func within(addr netip.Addr, nets []netip.Prefix) bool {
	for _, n := range nets {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// check refuses an address that database and user may not be reached at.
func (p Policy) check(addr netip.AddrPort, database, user string) error {
	ip := addr.Addr().Unmap()
	for _, a := range p.AllowDatabases {
		if a.Database == database && a.User == user && a.Addr == netip.AddrPortFrom(ip, addr.Port()) {
			return nil
		}
	}
	if addr.Addr().Zone() != "" {
		return refuseAddress("it is bound to one network interface")
	}
	return p.checkIP(ip, addr.Port())
}

func (p Policy) checkIP(ip netip.Addr, port uint16) error {
	for _, own := range p.Deny {
		at := own.Addr().Unmap()
		// A server that listens everywhere is reached by the loopback addresses too.
		same := at == ip || (at.IsLoopback() || at.IsUnspecified()) && ip.IsLoopback()
		if same && own.Port() == port {
			return refuseAddress("it belongs to DataMind itself")
		}
	}
	switch {
	case within(ip, never):
		return refuseAddress("it is a link-local, metadata or reserved address")
	case !p.AllowPrivate && within(ip, private):
		return refuseAddress("it is on a private network, which this installation does not allow")
	case !ip.Is6() || ip.IsLoopback():
		return nil
	}
	for _, c := range carriers {
		if c.prefix.Contains(ip) {
			raw := ip.As16()
			return p.checkIP(netip.AddrFrom4([4]byte(raw[c.at:c.at+4])), port)
		}
	}
	return nil
}

func refuseAddress(why string) error {
	return models.Errorf(models.CodeAddressRefused, "This address is not dialled: %s. If it is meant, an operator can allow it in the configuration.", why)
}

// Control is a net.Dialer's control function for whatever is dialled that is no
// database. It sees the address that is really dialled, after every lookup.
func (p Policy) Control(_, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return refuseAddress(fmt.Sprintf("%q is no IP address and port", address))
	}
	return p.check(addr, "", "")
}

// dialer dials for a configuration. The check sits in the socket's control
// function: it sees the address that is really dialled, after every lookup.
func (c Config) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		addr, err := netip.ParseAddrPort(address)
		if err != nil {
			return refuseAddress(fmt.Sprintf("%q is no IP address and port", address))
		}
		return c.Policy.check(addr, c.Database, c.User)
	}}
	return d.DialContext(ctx, network, address)
}

// dialTimeout bounds one attempt to reach one address.
const dialTimeout = 8 * time.Second
