'use strict';

// What the link says: https://HOST/[TENANT/]ROOM?jwt=TOKEN, and &transport=bosh for BOSH in place of WebSocket; or
// https://HOST/jitsi/ROOM?jwt=TOKEN, where &hold has the page log in and not join yet. Like Jitsi's app since 2024 it takes
// the token from #jwt="TOKEN" first, where the value is JSON; what is none is no token.

// safeRoom writes a room's name as Jitsi does in JIDs: decoded, NFKC, lower case, percent-encoded, lower case again.
function safeRoom(name) {
  let plain = name;
  try {
    plain = decodeURIComponent(name);
  } catch {
    // A name that only looks encoded stays as it is.
  }
  return encodeURIComponent(plain.normalize('NFKC').toLowerCase()).toLowerCase();
}

// fragment returns what is behind the # as text, by name, each still as it stands there.
function fragment(location) {
  const all = new Map();
  for (const part of location.hash.slice(1).split('&')) {
    const [key, value = ''] = part.split('=');
    if (key !== '') all.set(key, value);
  }
  return all;
}

function fragmentToken(location) {
  try {
    return String(JSON.parse(decodeURIComponent(fragment(location).get('jwt') || '""')));
  } catch {
    return '';
  }
}

function readLink(location, hosts, always = false) {
  const parts = location.pathname.split('/').filter((part) => part !== '');
  const query = new URLSearchParams(location.search);
  const jitsi = always || parts.length > 1 && parts[0] === 'jitsi';
  const name = parts.pop() || 'lobby';
  const room = safeRoom(name); // lib-jitsi-meet wants it so, and knows no tenants
  const tenant = !jitsi && parts.length > 0 ? safeRoom(parts.pop()) : '';
  const jwt = fragmentToken(location) || query.get('jwt') || '';
  return {
    room, tenant, jwt, jitsi, name,
    hold: query.has('hold'),
    transport: query.get('transport') === 'bosh' ? 'bosh' : 'websocket',
    domain: jwt === '' ? hosts.anonymousdomain : hosts.domain,
    roomJid: `${tenant === '' ? '' : `[${tenant}]`}${room}@${hosts.muc}`,
    host: location.host,
    secure: location.protocol === 'https:',
  };
}

// serviceAddress is where the client connects. The room goes through URLSearchParams, which encodes the percent signs of
// its name once more, and the token is appended as it stands: both as Jitsi does it.
function serviceAddress(link, previd) {
  const bosh = link.transport === 'bosh';
  const scheme = (bosh ? 'http' : 'ws') + (link.secure ? 's' : '');
  const prefix = link.tenant === '' ? '' : `/${link.tenant}`;
  const url = new URL(`${scheme}://${link.host}${prefix}/${bosh ? 'http-bind' : 'xmpp-websocket'}`);
  url.searchParams.append('room', link.room);
  const token = link.jwt === '' ? '' : `&token=${link.jwt}`;
  return url.toString() + token + (previd ? `&previd=${previd}` : '');
}
