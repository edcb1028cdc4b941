'use strict';

// Shows window.meet to a person, and reports it to the server where that has asked for it.
(() => {
  const element = (id) => document.getElementById(id);
  const words = {
    connecting: 'Connecting …', joining: 'Joining …', joined: 'In the room', reconnecting: 'Connection lost, reconnecting …',
    refused: 'Not let in', removed: 'Removed from the room', waiting: 'In the lobby', lost: 'Connection lost',
    held: 'Logged in',
  };

  function make(name, text, className) {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  // rank shows a role and an affiliation; roles may change with time, so a moderator is easy to see.
  function rank(value) {
    const shown = document.createDocumentFragment();
    if (value) shown.append(make('span', value.role, `role ${value.role}`), ` ${value.affiliation}`);
    return shown;
  }

  function reason() {
    const { where, condition, text } = meet.error;
    return `${{ login: 'The login was refused', room: 'The room says no', connection: 'No connection' }[where]}: ` +
      [text, condition && `(${condition})`].filter(Boolean).join(' ');
  }

  function occupant([nick, { role, affiliation, jid, own }]) {
    const row = document.createElement('tr');
    const cell = document.createElement('td');
    cell.append(make('span', role, `role ${role}`));
    row.append(make('td', own ? `${nick} (you)` : nick), cell, make('td', affiliation), make('td', jid));
    return row;
  }

  function anchor(address) {
    const made = make('a', address);
    Object.assign(made, { href: address, target: '_blank', rel: 'noopener noreferrer' });
    return made;
  }

  function message({ from, text }) {
    const line = document.createElement('li');
    line.append(make('b', from), ' ');
    for (const part of text.split(/(https?:\/\/\S+)/)) { // each second part is an address
      line.append(/^https?:/.test(part) ? anchor(part) : part);
    }
    return line;
  }

  function show() {
    document.title = `${decodeURIComponent(meet.room)} – ${words[meet.status]}`;
    element('room').textContent = decodeURIComponent(meet.room);
    element('status').textContent = words[meet.status];
    element('status').className = `pill ${meet.status}`;
    element('error').hidden = meet.error === null;
    element('error').textContent = meet.error === null ? '' : reason();
    element('resumed').hidden = meet.resumed === null;
    element('resumed').textContent = meet.resumed ? 'Reconnected: the session was resumed.' : 'Reconnected: joined anew.';
    element('with').textContent = meet.token ? 'with a token' : 'as a guest, without a token';
    const by = link.jitsi ? ', by lib-jitsi-meet' : '';
    element('transport').textContent = `${meet.transport === 'bosh' ? 'BOSH' : 'WebSocket'} to ${meet.domain}${by}`;
    element('sign-in').hidden = meet.token || !config.tokenAuthUrl;
    element('jid').textContent = meet.jid;
    element('first').replaceChildren(rank(meet.first));
    element('now').replaceChildren(rank(meet.now));
    element('changes').replaceChildren(...meet.changes.map((now) => make('li', `changed to ${now.role}, ${now.affiliation}`)));
    element('occupants').replaceChildren(...Object.entries(meet.occupants).map(occupant));
    element('messages').replaceChildren(...[...meet.notices, ...meet.messages].map(message));
  }

  // Reports go one after the other, so that the last one to arrive is the newest.
  let reports = Promise.resolve();
  function report() {
    const body = JSON.stringify(meet);
    reports = reports.then(() => fetch('/report', { method: 'POST', body })).catch(() => {});
  }

  element('form').addEventListener('submit', (event) => {
    event.preventDefault();
    meet.send(element('text').value);
    element('text').value = '';
  });
  element('sign-in').addEventListener('click', signIn);
  window.addEventListener('meet', () => {
    show();
    if (config.report) report();
  });
  show();
})();
