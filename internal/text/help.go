package text

// Help is what an operator is told of a reason, in Markdown and with links as in
// docs/reasons.md, which is made of it.
type Help struct {
	Meaning string // what is wrong
	Cause   string // how that comes about; empty where there is nothing to say
	Mend    string // what to do; likewise
}
