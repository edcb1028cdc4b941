package auth

// Outline are the lines of the list of checks for a login that was refused, as far as the refusal alone tells: those
// before the check that failed were passed, and those after it were not made. It knows nothing of the token.
func Outline(failed string, r *Refusal) []CheckLine {
	at := -1
	for i := range checkList {
		if checkList[i].name == failed {
			at = i
		}
	}
	if at < 0 { // before the list or after it: a ticket, the state
		return []CheckLine{{Name: "login", Detail: r.Error()}}
	}
	lines := make([]CheckLine, 0, len(checkList))
	for i := range checkList {
		switch name := checkList[i].name; {
		case i < at:
			lines = append(lines, CheckLine{Name: name, OK: true})
		case i == at:
			lines = append(lines, CheckLine{Name: name, Detail: r.Error()})
		default:
			lines = append(lines, NotChecked(name, failed))
		}
	}
	return lines
}
