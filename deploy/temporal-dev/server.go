package main

import (
	"fmt"
	"net"
	"strconv"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// shards: four keep two cores busy; it is fixed when the database is made.
const shards = 4

// settings lift the limits that the stock settings put on one shard's queues
// (20 polls a second: a flat 250 ms for a run of five activities), and switch
// on fairness between organisations, and an end of a stopped worker's polls: no
// task is given to one that has gone, and nobody takes it for one that polls.
func settings(o options) dynamicconfig.StaticClient {
	client := dynamicconfig.StaticClient{}
	for key, value := range map[string]any{
		"history.transferProcessorMaxPollRPS":            2000,
		"history.timerProcessorMaxPollRPS":               2000,
		"history.visibilityProcessorMaxPollRPS":          2000,
		"history.outboundProcessorMaxPollRPS":            2000,
		"history.persistenceMaxQPS":                      90000,
		"matching.persistenceMaxQPS":                     90000,
		"frontend.persistenceMaxQPS":                     90000,
		"frontend.namespaceRPS":                          20000,
		"frontend.rps":                                   20000,
		"matching.useNewMatcher":                         true,
		"matching.enableFairness":                        o.fairness,
		"matching.numTaskqueueReadPartitions":            1,
		"matching.numTaskqueueWritePartitions":           1,
		"system.forceSearchAttributesCacheRefreshOnRead": true,
		"system.enableActivityEagerExecution":            true,
		"system.enableEagerWorkflowStart":                true,
		"frontend.enableUpdateWorkflowExecution":         true,
		"frontend.enableExecuteMultiOperation":           true,
		"frontend.workerVersioningWorkflowAPIs":          true,
		"system.enableDeploymentVersions":                true,
		"frontend.enableCancelWorkerPollsOnShutdown":     true,
	} {
		client[dynamicconfig.MakeKey(key)] = value
	}
	return client
}

func sqlConfig(o options, name string) *config.SQL {
	return &config.SQL{PluginName: postgresql.PluginNamePGX, DatabaseName: name, ConnectAddr: o.pgAddr, ConnectProtocol: "tcp",
		User: o.pgUser, Password: o.pgPassword, MaxConns: 20, MaxIdleConns: 20, MaxConnLifetime: time.Hour}
}

func newServer(o options, logger log.Logger) (temporal.Server, error) {
	host, port, err := hostPort(o.grpcAddr)
	if err != nil {
		return nil, err
	}
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for _, name := range []primitives.ServiceName{primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService} {
		grpc := port
		if name != primitives.FrontendService {
			if grpc, err = freePort(); err != nil {
				return nil, err
			}
		}
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: grpc, BindOnIP: host}}
		hosts[name] = static.SingleLocalHost(fmt.Sprintf("%s:%d", host, grpc))
	}
	cfg := &config.Config{
		Persistence: config.Persistence{DefaultStore: "default", VisibilityStore: "visibility", NumHistoryShards: shards,
			DataStores: map[string]config.DataStore{"default": {SQL: sqlConfig(o, o.pgDB)}, "visibility": {SQL: sqlConfig(o, o.pgDB+"_visibility")}}},
		ClusterMetadata: &cluster.Config{FailoverVersionIncrement: 10, MasterClusterName: "active", CurrentClusterName: "active",
			ClusterInformation: map[string]cluster.ClusterInformation{"active": {Enabled: true, InitialFailoverVersion: 1, RPCAddress: o.grpcAddr}}},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: o.grpcAddr},
		Services:            services,
	}
	cfg.Archival.History.State, cfg.Archival.Visibility.State = "disabled", "disabled"
	cfg.NamespaceDefaults.Archival.History.State, cfg.NamespaceDefaults.Archival.Visibility.State = "disabled", "disabled"
	return temporal.NewServer(temporal.WithConfig(cfg), temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts), temporal.WithLogger(logger), temporal.WithDynamicConfigClient(settings(o)))
}

func newUI(o options) (*uiserver.Server, error) {
	host, port, err := hostPort(o.uiAddr)
	if err != nil {
		return nil, err
	}
	cfg := &uiconfig.Config{TemporalGRPCAddress: o.grpcAddr, Host: host, Port: port, EnableUI: true, DefaultNamespace: "default",
		DisableNewsFetch: true, CORS: uiconfig.CORS{CookieInsecure: true}}
	if o.uiCodec != "" {
		cfg.Codec = uiconfig.Codec{Endpoint: o.uiCodec, IncludeCredentials: true}
	}
	return uiserver.NewServer(uioptions.WithConfigProvider(cfg)), nil
}

func hostPort(addr string) (string, int, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.Atoi(text)
	return host, port, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
