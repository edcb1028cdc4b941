// Package layout answers one question: what do all pages of the console have in common? It has the frame around each
// page, with its navigation, the styles and the script, and what templates call: times, names, marks.
//
// A page is a template "content" that [Layout.Parse] puts into the frame, and a [View] with what it shows. A page that
// changes by itself names a stream of events ([View.Events]): each event says that the page looks different now, and
// the script asks for the page again and takes from it the elements with data-live that differ. So there is one way to
// make a page, with its filters and its rights, and without script it is the same page, as old as its last load.
//
// It starts no goroutine and holds no lock.
package layout
