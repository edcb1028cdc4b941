package prosody

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// ports are the loopback ports of one Prosody, one for each service it may offer.
type ports struct{ c2s, http, component int }

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts finds ports that nobody listens on now. They come from below the range that the kernel gives to outgoing
// connections (32768 on Linux): a storm of clients would otherwise sit on a port before Prosody binds it.
func freePorts() (ports, error) {
	var p ports
	for _, port := range []*int{&p.c2s, &p.http, &p.component} {
		listener, err := listenAnywhere()
		if err != nil {
			return ports{}, err
		}
		defer listener.Close() // held until all are chosen, so that they differ
		*port = listener.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

func listenAnywhere() (net.Listener, error) {
	var errs []error
	for range 20 {
		listener, err := net.Listen("tcp", address(20000+rand.IntN(12000)))
		if err == nil {
			return listener, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("finding a free port: %w", errors.Join(errs...))
}
