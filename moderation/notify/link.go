package notify

// A Link makes the address of the page on which an account, a bare JID, decides about a room of which it is owner now.
// Each call makes another one, for one client. It is empty if there is no page, or none for this account.
type Link func(account, room string) string
