'use strict';

// Where somebody goes who signs in, as Jitsi's app has it.

// signInAddress is where somebody signs in: Jitsi's tokenAuthUrl with its words in braces filled in as the app does it. The
// room goes in as it stands in the address, the state as JSON.
function signInAddress(pattern, location, link) {
  const state = { room: link.name, roomSafe: link.room, 'config.prejoinConfig.enabled': false };
  if (link.tenant !== '') state.tenant = link.tenant;
  for (const [key, value] of fragment(location)) {
    if (!/^(config|interfaceConfig)\./.test(key)) continue;
    try {
      state[key] = JSON.parse(decodeURIComponent(value));
    } catch {
      // The app leaves out what is no JSON, too.
    }
  }
  return pattern.replace('{state}', encodeURIComponent(JSON.stringify(state))).replace('{room}', link.name);
}

// The app draws a verifier for {code_challenge}, and a nonce, for static/sso.html, which reads them from the session.
function draw(name) {
  const value = [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  sessionStorage.setItem(name, value);
  return value;
}

async function challenge() {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(draw('code_verifier')));
  return btoa(String.fromCharCode(...new Uint8Array(digest))).replace(/=/g, '').replace(/\+/g, '-').replace(/\//g, '_');
}

// signIn goes there. In Jitsi's app a sign-in of its own (config.sso) is a window of its own, and only that has a nonce; in
// a window of its own sso.html gives the tokens to the app, here it goes to the room with the access token in the link.
async function signIn() {
  let address = signInAddress(config.tokenAuthUrl, location, link);
  if (address.includes('{code_challenge}')) {
    address = address.replace('{code_challenge}', await challenge()) + `&nonce=${draw('oauth_nonce')}`;
  }
  location.href = address;
}
