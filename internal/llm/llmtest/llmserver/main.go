// Command llmserver serves a scripted model for tests of whole processes:
//
//	llmserver -addr 127.0.0.1:4000 -script script.json
//
// It prints its base URL, then serves until it is interrupted. Without a
// script every plan is refused and every text made of the prompt's facts.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/datamind/datamind/internal/llm/llmtest"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	script := flag.String("script", "", "JSON file with the script")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *script); err != nil {
		fmt.Fprintln(os.Stderr, "llmserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, file string) error {
	var script llmtest.Script
	if file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if script, err = llmtest.ParseScript(raw); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	s, err := llmtest.Start(addr, script)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Println(s.URL)
	<-ctx.Done()
	return nil
}
