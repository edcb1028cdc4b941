package auth

import "usher/internal/text"

// What a person can do.
const (
	askForNew = " Ask for a new link or token."
	tellThem  = " Tell those who gave you the link or token."
	tellHost  = " Tell the operator of this server."
	tryAgain  = " Try again in a minute."
)

// reasonList is the closed list, those that mean "cannot decide" at its end. The
// first text is the outside half of a refusal: what a client that only holds a
// token may know, and can do. Everything about keys and signatures reads the same
// there, and there is no apostrophe, which Jitsi shows as &#39;.
var reasonList = []struct {
	reason Reason
	client string
	help   text.Help
}{
	{ReasonMalformedRequest,
		"The login could not be read. Open your link again, or update your app.",
		text.Help{
			Meaning: "the door could not read what its peer sent",
			Cause:   "another program or module than the door is for, or another protocol on its port",
			Mend:    "look at what connects to the door; the `detail` says what could not be read",
		}},
	{ReasonUnsupportedMechanism,
		"This login mechanism is not offered. Open your link again, or log in with a token as the password.",
		text.Help{
			Meaning: "a SASL mechanism that was not offered",
			Cause:   "a client that insists on SCRAM, which no token can serve",
			Mend:    "use a client that offers PLAIN or OAUTHBEARER",
		}},
	{ReasonUnsupportedRequest,
		"This is not offered here. Log in with a link or token instead.",
		text.Help{
			Meaning: "a request that usher does not serve",
			Cause:   "a client changes a password, or registers an account",
			Mend:    "do it elsewhere: accounts come from tokens",
		}},
	{ReasonUnknownHost,
		"Logins with a token are not set up for this host." + tellHost,
		text.Help{
			Meaning: "no such host under `hosts`",
			Cause:   "a host that is not configured, or a Prosody that names none at the Dovecot door",
			Mend:    "add the host, or set `service_name` in Prosody's host; `usher prosody` prints the line",
		}},
	{ReasonRelayHost,
		"This host takes logins through its web page only. Open your link in a browser." + tellHost,
		text.Help{
			Meaning: "a door or a ticket for a host that has a `relay`, or the reverse",
			Cause:   "a Prosody whose host still asks usher (`mod_auth_dovecot`), though browsers go through the gateway",
			Mend:    "give that host back its `authentication = \"token\"`, or take `relay` out of the host: [jitsi.md](jitsi.md)",
		}},
	{ReasonTokenRequired,
		"A token is required. Open the link that you were given, or ask for one.",
		text.Help{
			Meaning: "a login without a token",
			Cause:   "a link without `jwt=`, an empty password, or a guest where there is no guest host",
			Mend:    "open the link that has the token; guests need a guest host: [jitsi.md](jitsi.md#guests)",
		}},
	{ReasonMalformed,
		"The password is not a token. Open your link again, or copy the whole token.",
		text.Help{
			Meaning: "the password is no token, or not the whole of one",
			Cause:   "a token that was cut where it was copied or mailed, or another password",
			Mend:    "copy the whole token",
		}},
	{ReasonTokenTooLong,
		"The token is too long for this server." + tellThem,
		text.Help{
			Meaning: "over `max_token_size`",
			Cause:   "an application that writes much into its tokens: a picture, long lists of groups",
			Mend:    "have the application write less into it, or raise the setting",
		}},
	{ReasonBadHeader,
		"The header of the token is not acceptable." + tellThem,
		text.Help{
			Meaning: "the header is no strict JSON, or asks for what is never granted (`crit`, another `typ`)",
			Cause:   "a library that is set up for another kind of token",
			Mend:    "change the application, or add its `typ` to `tokens.typ`",
		}},
	{ReasonBadClaims,
		"What stands in the token is not acceptable." + tellThem,
		text.Help{
			Meaning: "the claims are no strict JSON, or one has the wrong type",
			Cause:   "a number written as a text, JSON in quotes, a member that stands there twice",
			Mend:    "change the application; the `detail` names the claim",
		}},
	{ReasonUnknownIssuer,
		"The token is from an issuer that is not known here." + tellThem,
		text.Help{
			Meaning: "`iss` is absent, or no issuer of this host",
			Cause:   "another spelling (letter case, a slash at the end), or a token for another host",
			Mend:    "compare it, letter by letter, with the names under `issuers`",
		}},
	{ReasonAlgorithmNotAllowed,
		"The signature of the token is not valid." + askForNew,
		text.Help{
			Meaning: "`alg` is not in the issuer's `algorithms`",
			Cause:   "an application whose library signs with another algorithm",
			Mend:    "add it if its keys are there, or change the application",
		}},
	{ReasonUnknownKey,
		"The signature of the token is not valid." + askForNew,
		text.Help{
			Meaning: "no key of the issuer fits `alg` and `kid`",
			Cause:   "a key that was replaced, or is not published yet",
			Mend:    "add the key; `usher status` lists those that are there, and why others are left out",
		}},
	{ReasonBadSignature,
		"The signature of the token is not valid." + askForNew,
		text.Help{
			Meaning: "no key that fits made this signature",
			Cause: "another secret than the application's, or one that is read in another way (base64, a line end, " +
				"quotes)",
			Mend: "compare the secrets; `usher token explain` says which mistake would fit",
		}},
	{ReasonExpMissing,
		"The token has no expiry." + tellThem,
		text.Help{
			Meaning: "no `exp`, and the issuer requires it",
			Cause:   "an application that makes tokens without an end",
			Mend:    "have the application write it, or set `require_exp: false`",
		}},
	{ReasonExpired,
		"The token has expired." + askForNew,
		text.Help{
			Meaning: "at or after `exp` and the leeway",
			Cause:   "an old link, or clocks that differ",
			Mend:    "ask for a new link; if it is new, compare the clocks",
		}},
	{ReasonNotYetValid,
		"The token is not valid yet. Try again later, or look at the time that you were given.",
		text.Help{
			Meaning: "before `nbf`, less the leeway",
			Cause:   "a link for later, clocks that differ, or a time that is not in seconds",
			Mend:    "try later; compare the clocks",
		}},
	{ReasonLifetimeTooLong,
		"The token is valid for too long." + tellThem,
		text.Help{
			Meaning: "`exp` − `iat` is over `tokens.max_lifetime`, or cannot be measured",
			Cause:   "tokens that are made for long, without `iat`, or with an `iat` that lies ahead",
			Mend:    "have the application give shorter tokens with an `iat`, or raise the setting",
		}},
	{ReasonAudienceMismatch,
		"The token is for another audience." + tellThem,
		text.Help{
			Meaning: "`aud` names none of the issuer's `audience`",
			Cause:   "an application that writes another `aud`, or none",
			Mend:    "add it to `audience`, or change the application",
		}},
	{ReasonSubjectMismatch,
		"The token is for another domain." + tellThem,
		text.Help{
			Meaning: "`sub` is not what `tokens.subject` wants",
			Cause:   "`sub` is a tenant, or the public name of a host that Prosody calls otherwise",
			Mend:    "have the application write the host or `*`, or set `tokens.subject`: [rooms.md](rooms.md#tenants)",
		}},
	{ReasonRoomMissing,
		"The token names no room." + tellThem,
		text.Help{
			Meaning: "no `room`, and the issuer requires it",
			Cause:   "an application that means every room, or plain chat",
			Mend:    "have the application write it (`*` is every room), or set `require_room: false`",
		}},
	{ReasonAccountNotAllowed,
		"The account name in the token is not allowed here." + tellThem,
		text.Help{
			Meaning: "the claim cannot be an account here",
			Cause:   "a character that no account may have, a service account, or another issuer's `account_prefix`",
			Mend: "have the application write another name, or name another claim in `tokens.account`: " +
				"[tokens.md](tokens.md#who-is-it)",
		}},
	{ReasonAccountMismatch,
		"The token belongs to another account. Log in under the name that it is for.",
		text.Help{
			Meaning: "the client calls itself something else than the token does",
			Cause:   "a user name that was typed beside the token",
			Mend:    "log in under the token's account",
		}},
	{ReasonUnknownTicket,
		"The login ticket is not valid any more. Log in again.",
		text.Help{
			Meaning: "a [ticket](doors.md#tickets) that was used, is over, or was never given",
			Cause:   "a ticket is for one login within a minute",
			Mend:    "log in again",
		}},
	{ReasonRevoked,
		"The token is not valid any more." + askForNew,
		text.Help{
			Meaning: "the user or the token was revoked",
			Cause:   "`usher sessions revoke`",
			Mend:    "`usher sessions list --revoked` shows it; `usher sessions allow` lifts it",
		}},
	{ReasonSignInState,
		"This sign-in is over. Sign in again.",
		text.Help{
			Meaning: "an answer of the provider to no sign-in that was begun here",
			Cause: "a sign-in of over ten minutes, one that was finished already (the Back button), a sixth " +
				"tab, or a browser that keeps no cookies",
			Mend: "sign in again; if all are refused so, see that the web server hands `/login` of one " +
				"address to usher: [sign-in.md](sign-in.md)",
		}},
	{ReasonSignInRefused,
		"The sign-in service did not let you in. Sign in again, or ask who gave you your account.",
		text.Help{
			Meaning: "the provider answered a sign-in with an error",
			Cause: "the person turned back, or may not use this application, or `client_id`, its secret or its " +
				"redirect address differ at the provider",
			Mend: "the `detail` has the provider's word; compare `login` with what the provider has of the " +
				"application: [sign-in.md](sign-in.md)",
		}},
	{ReasonSignInToken,
		"The sign-in cannot be used here. Sign in again." + tellHost,
		text.Help{
			Meaning: "the provider's ID token is not for this sign-in: its nonce, `azp`, age or `sub`",
			Cause:   "an answer that was kept and used later, clocks that differ, or a provider that sends no nonce",
			Mend:    "compare the clocks; the `detail` names the claim",
		}},
	{ReasonSignInNotAllowed,
		"Your account may not use this server." + tellHost,
		text.Help{
			Meaning: "the ID token has none of the claims in `who`",
			Cause:   "a person without the role or group, or a provider that does not write it into the ID token",
			Mend:    "give the person the role at the provider, have it written into the ID token, or change `who`",
		}},
	{ReasonSignInRoom,
		"You cannot sign in to this meeting. Open the link that you were given again.",
		text.Help{
			Meaning: "a sign-in for a room or tenant that `rooms` and `tenants` of `login` do not have, or that no " +
				"room can be called",
			Cause: "a link to such a room, or one that names none",
			Mend:  "add it to `rooms` or `tenants`, or correct `tokenAuthUrl` of the page: [sign-in.md](sign-in.md)",
		}},
	{ReasonProviderUnavailable,
		"The sign-in service cannot be reached at the moment." + tryAgain,
		text.Help{
			Meaning: "the provider of `login` gave no answer that can be used",
			Cause:   "it is down, slow, or not reached from here, or `issuer` is not what it calls itself",
			Mend:    "`usher status` has its error; look at the provider, and at `issuer` and `ca_file`",
		}},
	{ReasonStateUnavailable,
		"Logins cannot be checked at the moment." + tryAgain,
		text.Help{
			Meaning: "the session cannot be recorded, or not be looked up yet",
			Cause:   "a full disk, a file under `state` that cannot be read or written, or a start that still loads sessions",
			Mend:    "look at the disk; the log has the error, and `usher status` says how far a start is",
		}},
	{ReasonClusterStale,
		"Logins cannot be checked at the moment." + tryAgain,
		text.Help{
			Meaning: "this usher does not know what the others of its cluster have revoked lately",
			Cause:   "Redis, or the way to it, is down for longer than `cluster.max_staleness`, or usher has just started",
			Mend:    "`usher cluster status` says what is wrong; who is in a room stays there",
		}},
	{ReasonOverloaded,
		"Logins cannot be checked at the moment." + tryAgain,
		text.Help{
			Meaning: "a bound of usher is reached",
			Cause:   "over 300 logins a minute of one token, or too many tickets that wait for their use",
			Mend:    "wait; look at what logs in so often",
		}},
	{ReasonKeysUnavailable,
		"Logins cannot be checked at the moment." + tryAgain,
		text.Help{
			Meaning: "the token's key is still being fetched",
			Cause:   "the first login with a key since it is published, or a key server in trouble",
			Mend:    "wait; if it goes on, `usher status` has the key server's error",
		}},
	{ReasonInterrupted,
		"The login was interrupted. Log in again.",
		text.Help{
			Meaning: "usher was started anew between a challenge and the client's response",
			Cause:   "a restart or an upgrade; clients that send the token with their first message are not touched",
			Mend:    "nothing: the client may log in again at once",
		}},
	{ReasonInternalError,
		"Logins cannot be checked at the moment." + tryAgain,
		text.Help{
			Meaning: "a fault of usher",
			Cause:   "its code panicked, and the login was refused",
			Mend:    "the log has it; please report it",
		}},
}

// clientTexts are those of the list.
var clientTexts = func() map[Reason]string {
	texts := make(map[Reason]string, len(reasonList))
	for i := range reasonList {
		texts[reasonList[i].reason] = reasonList[i].client
	}
	return texts
}()

// Reasons returns the closed list, those that mean "cannot decide" at its end.
func Reasons() []Reason {
	list := make([]Reason, len(reasonList))
	for i := range reasonList {
		list[i] = reasonList[i].reason
	}
	return list
}
