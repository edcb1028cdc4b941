package notify

// A Link makes the address of the page on which an account, a bare JID, decides about a room of which it is owner now.
// Each call makes another one, for one client. Without a page, or one for this account, there is none; the link alone
// is empty where as many wait to be used as there may be.
type Link func(account, room string) (link string, page bool)
