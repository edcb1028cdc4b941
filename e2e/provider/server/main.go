package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c, err := read(os.Stdin)
	if err != nil {
		return err
	}
	h, err := handler(c)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: c.Listen, Handler: h, ReadHeaderTimeout: 10 * time.Second}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	fmt.Println("ready")
	if c.Certificate == "" {
		err = server.Serve(listener)
	} else {
		err = server.ServeTLS(listener, c.Certificate, c.Key)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
