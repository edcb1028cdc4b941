package dovecot

import (
	"bytes"
	"encoding/base64"
	"errors"

	"usher/internal/jid"
)

// A verb is what a client asks for after the handshake.
type verb uint8

const (
	verbAuth     verb = iota + 1 // AUTH: starts a login
	verbContinue                 // CONT: the response to a challenge
	verbCancel                   // CANCEL: drops a login that waits for a response; has no answer
)

// A request is one line of a client after the handshake.
type request struct {
	verb      verb
	id        uint32
	mechanism string // of AUTH
	service   string // of AUTH; empty if there is none
	response  string // decoded
	responded bool   // there is a response, which may be empty

	// problem says why the line cannot be read beyond its id. Such a request
	// has an answer like any other.
	problem error
}

var (
	errBase64     = errors.New("the response is not base64")
	errMechanism  = errors.New("no mechanism")
	errDuplicate  = errors.New("a parameter comes twice")
	errService    = errors.New("the service is too long for a host's name")
	errAfterResp  = errors.New("a parameter after the response")
	errNoResponse = errors.New("not exactly one response")
)

// parseRequest reads one line without its LF. An error means that there is
// not even an id to answer to.
func parseRequest(line []byte) (request, error) {
	fields := fieldReader{rest: line}
	name, err := fields.next()
	if err != nil {
		return request{}, errNoProtocol
	}
	r := request{verb: verbNamed(name)}
	if r.verb == 0 {
		return request{}, errNoProtocol
	}
	if r.id, err = fields.number(); err != nil {
		return request{}, err
	}
	switch r.verb {
	case verbAuth:
		r.problem = r.readAuth(&fields)
	case verbContinue:
		r.problem = r.readContinue(&fields)
	}
	if r.problem != nil {
		r.response, r.responded = "", false
	}
	return r, nil
}

func verbNamed(name []byte) verb {
	switch string(name) {
	case "AUTH":
		return verbAuth
	case "CONT":
		return verbContinue
	case "CANCEL":
		return verbCancel
	}
	return 0
}

// readAuth reads what follows AUTH and the id: the mechanism and parameters,
// of which only service and resp mean something here. The response is last.
func (r *request) readAuth(fields *fieldReader) error {
	mechanism, err := fields.next()
	if err != nil {
		return err
	}
	if len(mechanism) == 0 {
		return errMechanism
	}
	r.mechanism = mechanismName(mechanism)
	last := false
	for fields.more() {
		field, err := fields.next()
		if err != nil {
			return err
		}
		if last {
			return errAfterResp
		}
		if last, err = r.readParameter(field); err != nil {
			return err
		}
	}
	return nil
}

// mechanismName saves the common names an allocation.
func mechanismName(name []byte) string {
	switch string(name) {
	case mechanismPlain:
		return mechanismPlain
	case mechanismBearer:
		return mechanismBearer
	case mechanismAnonymous:
		return mechanismAnonymous
	}
	return string(name)
}

// readParameter reports whether it was the response.
func (r *request) readParameter(field []byte) (last bool, err error) {
	name, value, _ := bytes.Cut(field, []byte{'='})
	switch string(name) {
	case "service":
		switch {
		case r.service != "":
			return false, errDuplicate
		case len(value) > jid.MaxPart: // no host has so long a name, and it is kept with a login that waits
			return false, errService
		}
		r.service = serviceName(value)
	case "resp":
		// Prosody writes "resp==" when its client sent no initial response,
		// and "resp=" for one that is empty (RFC 6120 section 6.4.2).
		if string(value) != "=" {
			r.response, err = decodeResponse(value)
			r.responded = err == nil
		}
		return true, err
	}
	return false, nil
}

// serviceName saves the common name an allocation.
func serviceName(value []byte) string {
	if string(value) == defaultService {
		return defaultService
	}
	return string(value)
}

// readContinue reads what follows CONT and the id. Prosody writes "=" for a
// response that is empty.
func (r *request) readContinue(fields *fieldReader) error {
	if !fields.more() {
		return errNoResponse
	}
	field, err := fields.next()
	if err != nil {
		return err
	}
	if fields.more() {
		return errNoResponse
	}
	if string(field) != "=" {
		if r.response, err = decodeResponse(field); err != nil {
			return err
		}
	}
	r.responded = true
	return nil
}

// decodeResponse accepts one spelling of each response. The decoder of the
// standard library steps over line breaks, so they are looked for here.
func decodeResponse(field []byte) (string, error) {
	if bytes.IndexByte(field, '\n') >= 0 || bytes.IndexByte(field, '\r') >= 0 { // ContainsAny is slow
		return "", errBase64
	}
	var stack [2048]byte
	decoded, err := base64.StdEncoding.Strict().AppendDecode(stack[:0], field)
	if err != nil {
		return "", errBase64
	}
	return string(decoded), nil
}
