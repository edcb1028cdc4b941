package listen

// A queue holds connections in the order in which they entered it. A connection has a
// node for each queue that it can be in, so that requests allocate nothing.
type queue struct {
	first, last *node
	n           int
}

// A node is a connection's place in a queue.
type node struct {
	conn       *Conn
	in         *queue // nil: in none
	prev, next *node
}

// push puts a node that is in no queue at the end.
func (q *queue) push(n *node) {
	n.in, n.prev, n.next = q, q.last, nil
	if q.last != nil {
		q.last.next = n
	} else {
		q.first = n
	}
	q.last = n
	q.n++
}

// leave takes a node out of the queue that it is in, if any.
func (n *node) leave() {
	q := n.in
	if q == nil {
		return
	}
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		q.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		q.last = n.prev
	}
	q.n--
	n.in, n.prev, n.next = nil, nil, nil
}

// oldest returns the connection that entered first, nil if the queue is empty.
func (q *queue) oldest() *Conn {
	if q.first == nil {
		return nil
	}
	return q.first.conn
}
