'use strict';

// The page joins a room as Jitsi's web client does: it logs in with SASL ANONYMOUS, the token being in the address only,
// enables stream management (XEP-0198) and resumes the stream when the connection drops.
(() => {
  const NS = {
    muc: 'http://jabber.org/protocol/muc',
    mucUser: 'http://jabber.org/protocol/muc#user',
    mucOwner: 'http://jabber.org/protocol/muc#owner',
    mucConfig: 'http://jabber.org/protocol/muc#roomconfig',
    form: 'jabber:x:data',
    ping: 'urn:xmpp:ping',
  };
  const pingEvery = 10000; // as Jitsi does; an answer that is missing twice means that the connection is dead

  // The state of the stream lives as long as the page. Strophe's own storage would outlive a reload, after which
  // nothing is known of the room.
  let saved = null;
  const storage = { load: () => saved, save: (_, state) => { saved = structuredClone(state); }, clear: () => { saved = null; } };
  const resumable = () => Boolean(saved && saved.id && saved.resumeSupported);

  const connection = new Strophe.Connection(serviceAddress(link), {
    enableStreamManagement: link.transport === 'websocket',
    streamManagement: { storage },
    mechanisms: [Strophe.SASLAnonymous],
  });
  // After a failed resumption Strophe would send what the lost session had not seen confirmed, the old join among it.
  // Jitsi's client does not. A reset forgets that, but also what the server has just offered.
  if (connection.sm) {
    connection.sm.onFailed = () => {
      connection.sm.reset();
      connection.sm.serverSupported = true;
    };
  }
  let attempts = 0;
  let timer = null;
  let leaving = false;
  let unanswered = 0;

  function connect() {
    timer = null;
    meet.previd = resumable() ? saved.id : '';
    connection.reset();
    connection.service = serviceAddress(link, meet.previd);
    connection.connect(link.domain, null, onStatus);
    // After a resumption the server sends what was missed at once: who takes it must already be there.
    connection.addHandler(onPresence, null, 'presence', null, null, link.roomJid, { matchBareFromJid: true });
    connection.addHandler(onMessage, null, 'message', 'groupchat', null, link.roomJid, { matchBareFromJid: true });
    connection.addHandler(onNotice, null, 'message');
  }

  function onStatus(status, condition, element) {
    switch (status) {
      case Strophe.Status.CONNECTED:
        onConnected();
        break;
      case Strophe.Status.AUTHFAIL:
        refuse('login', element && element.querySelector('failure, error') || element, condition);
        leave();
        break;
      case Strophe.Status.ERROR:
        saved = null; // as in Jitsi's client: a stream that ended with an error is not resumed
        // falls through
      case Strophe.Status.CONNFAIL:
        meet.error = { where: 'connection', condition: String(condition || ''), text: '' };
        break;
      case Strophe.Status.DISCONNECTED:
        onDisconnected();
    }
    changed();
  }

  function onConnected() {
    meet.resumed = meet.connects > 0 ? connection.hasResumed() : null;
    meet.connects += 1;
    meet.jid = connection.jid;
    meet.error = null;
    attempts = 0;
    unanswered = 0;
    connection.addTimedHandler(pingEvery, ping);
    if (meet.resumed) {
      meet.status = 'joined';
      return;
    }
    join();
  }

  function join() {
    Object.assign(meet, { status: 'joining', first: null, now: null, changes: [], occupants: {} });
    meet.joins += 1;
    meet.nick = nickname();
    connection.send($pres({ to: `${link.roomJid}/${meet.nick}` }).c('x', { xmlns: NS.muc }));
  }

  // nickname is the beginning of the account's name where that is a random one, else random.
  function nickname() {
    const node = (Strophe.getNodeFromJid(meet.jid) || '').slice(0, 8).toLowerCase();
    return /^[0-9a-f]{8}$/.test(node) ? node : Math.random().toString(16).slice(2, 10).padEnd(8, '0');
  }

  function onDisconnected() {
    if (leaving || timer !== null) return;
    meet.status = 'reconnecting';
    attempts += 1;
    const wait = Math.min(10000, attempts * 500 + Math.random() * 500);
    timer = setTimeout(connect, wait);
  }

  function ping() {
    if (unanswered >= 2) {
      drop();
      return false;
    }
    unanswered += 1;
    const answered = () => { unanswered = 0; };
    connection.sendIQ($iq({ type: 'get', to: link.domain }).c('ping', { xmlns: NS.ping }), answered, answered);
    return true;
  }

  // refuse keeps what a failure or an error says: its condition by the name of the first element, and its text.
  function refuse(where, element, condition) {
    const children = element ? [...element.children] : [];
    const named = children.find((child) => child.localName !== 'text');
    const text = children.find((child) => child.localName === 'text');
    meet.status = 'refused';
    meet.error = { where, condition: named ? named.localName : String(condition || ''), text: text ? text.textContent : '' };
  }

  function onPresence(presence) {
    const x = [...presence.children].find((child) => child.namespaceURI === NS.mucUser);
    const nick = Strophe.getResourceFromJid(presence.getAttribute('from'));
    const codes = x ? [...x.getElementsByTagName('status')].map((status) => status.getAttribute('code')) : [];
    const item = x && x.getElementsByTagName('item')[0];
    const type = presence.getAttribute('type');
    if (type === 'error') {
      refuse('room', presence.getElementsByTagName('error')[0]);
    } else if (item) {
      onOccupant(nick, item, type === 'unavailable', codes);
    }
    changed();
    return true;
  }

  function onOccupant(nick, item, gone, codes) {
    const rank = { role: item.getAttribute('role'), affiliation: item.getAttribute('affiliation') };
    const own = codes.includes('110') || nick === meet.nick;
    if (own) onOwn(rank, gone, codes, item.getElementsByTagName('reason')[0]);
    if (own && codes.includes('201')) configure();
    if (gone) {
      delete meet.occupants[nick];
    } else {
      meet.occupants[nick] = { ...rank, jid: item.getAttribute('jid') || '', own };
    }
  }

  function onOwn(rank, gone, codes, reason) {
    if (gone) {
      meet.status = 'removed';
      meet.error = { where: 'room', condition: codes.join(' '), text: reason ? reason.textContent : '' };
      return;
    }
    const before = meet.now;
    meet.status = 'joined';
    meet.now = rank;
    if (meet.first === null) {
      meet.first = rank;
    } else if (before.role !== rank.role || before.affiliation !== rank.affiliation) {
      meet.changes.push(rank);
    }
  }

  // configure is what Jitsi's client does with a room that it has created: it shows everybody's JID to everybody. Where
  // Prosody locks a new room until its owner has configured it, this opens it.
  function configure() {
    const field = (name, value) => $build('field', { var: name }).c('value').t(value).up().up();
    const form = $iq({ type: 'set', to: link.roomJid }).c('query', { xmlns: NS.mucOwner }).c('x', { xmlns: NS.form, type: 'submit' })
      .cnode(field('FORM_TYPE', NS.mucConfig).tree()).up().cnode(field('muc#roomconfig_whois', 'anyone').tree());
    connection.sendIQ(form);
  }

  function onMessage(message) {
    const body = [...message.children].find((child) => child.localName === 'body');
    if (body) {
      meet.messages.push({ from: Strophe.getResourceFromJid(message.getAttribute('from')) || '', text: body.textContent });
      changed();
    }
    return true;
  }

  // onNotice takes what others than the room write to this person alone, such as usher about who waits.
  function onNotice(message) {
    const body = [...message.children].find((child) => child.localName === 'body');
    const from = message.getAttribute('from') || '';
    const type = message.getAttribute('type');
    if (body && type !== 'groupchat' && type !== 'error' && Strophe.getBareJidFromJid(from) !== link.roomJid) {
      meet.notices.push({ from, text: body.textContent });
      changed();
    }
    return true;
  }

  // drop ends the connection without a word to the server, as a network that fails does.
  function drop() {
    connection._doDisconnect();
  }

  function leave() {
    leaving = true;
    clearTimeout(timer);
    connection.disconnect('leaving');
  }

  meet.send = (text) => connection.send($msg({ to: link.roomJid, type: 'groupchat' }).c('body').t(text));
  meet.join = join;
  meet.leave = leave;
  meet.reconnect = drop;
  window.addEventListener('pagehide', leave);
  connect();
})();
