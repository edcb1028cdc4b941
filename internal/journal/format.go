package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A segment is a head and records. All numbers are little-endian.
//
//	head:   magic (8), format (4), number (8), boot id (16), end of the last record before:
//	        number (8) and offset (8), random (8), CRC-32C of all of it (4)
//	record: length of the payload (4), CRC-32C (4), payload
//	seal:   a record of length 0xffffffff without a payload; after a clean end nothing follows
//
// The CRC of a record begins with the CRC of its segment's head, so that a stale block of
// another segment is no record.
const (
	magic     = "usherjnl"
	format    = 1
	headBytes = 64
	frameHead = 8
	sealed    = 1<<32 - 1

	// MaxRecord is the length of the longest payload, in bytes.
	MaxRecord = 8 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A bootID tells one boot of the machine from another.
type bootID [16]byte

// A head is what a segment begins with.
type head struct {
	number uint64
	boot   bootID
	prev   Position // where the last record before it ends
	random [8]byte
}

// lastEnd is where the last record ends when a segment has been written up to an offset.
func lastEnd(h head, offset int64) Position {
	if offset > headBytes {
		return Position{h.number, offset}
	}
	return h.prev
}

// encode also returns the seed of the records' CRCs.
func (h head) encode() (b []byte, seed uint32) {
	b = make([]byte, 0, headBytes)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, format)
	b = binary.LittleEndian.AppendUint64(b, h.number)
	b = append(b, h.boot[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.prev.Segment)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.prev.Offset))
	b = append(b, h.random[:]...)
	seed = crc32.Checksum(b, castagnoli)
	return binary.LittleEndian.AppendUint32(b, seed), seed
}

var (
	errNoHead = errors.New("it does not begin as a segment does")
	errNewer  = errors.New("it was written by a newer usher")
	errTorn   = errors.New("only the beginning of a record")
	errBroken = errors.New("a damaged record")
)

// decodeHead reads what encode writes.
func decodeHead(b []byte) (h head, seed uint32, err error) {
	if len(b) < headBytes || string(b[:8]) != magic {
		return head{}, 0, errNoHead
	}
	seed = binary.LittleEndian.Uint32(b[60:])
	if crc32.Checksum(b[:60], castagnoli) != seed {
		return head{}, 0, errNoHead
	}
	if binary.LittleEndian.Uint32(b[8:]) != format {
		return head{}, 0, errNewer
	}
	h.number = binary.LittleEndian.Uint64(b[12:])
	copy(h.boot[:], b[20:])
	h.prev.Segment = binary.LittleEndian.Uint64(b[36:])
	h.prev.Offset = int64(binary.LittleEndian.Uint64(b[44:]))
	copy(h.random[:], b[52:])
	if h.prev.Offset < 0 || h.prev.Segment >= h.number {
		return head{}, 0, errNoHead
	}
	return h, seed, nil
}

// checksum is the CRC of a record.
func checksum(seed uint32, length, payload []byte) uint32 {
	return crc32.Update(crc32.Update(seed, castagnoli, length), castagnoli, payload)
}

// appendFrame appends a record.
func appendFrame(b []byte, seed uint32, payload []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, checksum(seed, b[len(b)-4:], payload))
	return append(b, payload...)
}

// appendSeal appends the mark of a clean end.
func appendSeal(b []byte, seed uint32) []byte {
	b = binary.LittleEndian.AppendUint32(b, sealed)
	return binary.LittleEndian.AppendUint32(b, checksum(seed, b[len(b)-4:], nil))
}

// A scanner reads records, from at to end.
type scanner struct {
	r       io.Reader
	seed    uint32
	at, end int64
	sealed  bool // the mark of a clean end was read
	buf     []byte
}

func newScanner(r io.Reader, seed uint32, at, end int64) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 64<<10), seed: seed, at: at, end: end}
}

// next returns the next payload, which is good until the call after. Its error is io.EOF at the
// end, errTorn, errBroken, or the file's; then at is where the last good record ends.
func (s *scanner) next() ([]byte, error) {
	left := s.end - s.at
	if left <= 0 {
		return nil, io.EOF
	}
	if left < frameHead {
		return nil, errTorn
	}
	var h [frameHead]byte
	if _, err := io.ReadFull(s.r, h[:]); err != nil {
		return nil, short(err)
	}
	n, sum := int64(binary.LittleEndian.Uint32(h[:])), binary.LittleEndian.Uint32(h[4:])
	if n == sealed {
		return nil, s.seal(h[:4], sum)
	}
	if n == 0 || n > MaxRecord {
		return nil, errBroken
	}
	if left-frameHead < n {
		return nil, errTorn
	}
	if int64(cap(s.buf)) < n {
		s.buf = make([]byte, max(n, 4<<10))
	}
	payload := s.buf[:n]
	if _, err := io.ReadFull(s.r, payload); err != nil {
		return nil, short(err)
	}
	if checksum(s.seed, h[:4], payload) != sum {
		return nil, errBroken
	}
	s.at += frameHead + n
	return payload, nil
}

// seal takes the mark of a clean end, behind which there is nothing.
func (s *scanner) seal(length []byte, sum uint32) error {
	if checksum(s.seed, length, nil) != sum || s.end-s.at != frameHead {
		return errBroken
	}
	s.sealed = true
	return io.EOF
}

// short is what it means that a file is shorter than it was.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return err
}

// searched bounds the work of goodBehind, in bytes whose CRC is taken.
const searched = 4 << 30

// goodBehind reports whether there is a good record somewhere behind the beginning of a tail,
// or that it is too much work to find out.
func goodBehind(tail []byte, seed uint32) bool {
	work := 0
	for i := 1; i+frameHead < len(tail); i++ {
		n := int(binary.LittleEndian.Uint32(tail[i:]))
		if n == 0 || n > min(MaxRecord, len(tail)-i-frameHead) {
			continue
		}
		if work += n; work > searched {
			return true
		}
		b := tail[i : i+frameHead+n]
		if checksum(seed, b[:4], b[frameHead:]) == binary.LittleEndian.Uint32(b[4:]) {
			return true
		}
	}
	return false
}
