package prosody

import "usher/internal/ports"

// services are the loopback ports of one Prosody, one for each service that it may offer.
type services struct{ c2s, http, component int }

func address(port int) string { return ports.Address(port) }

// freePorts reserves ports that nobody listens on.
func freePorts() (s services, err error) {
	for _, port := range []*int{&s.c2s, &s.http, &s.component} {
		if *port, err = ports.Free(); err != nil {
			return services{}, err
		}
	}
	return s, nil
}
