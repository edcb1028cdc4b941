'use strict';

// The page joins a room with lib-jitsi-meet 1.0.6, as Jitsi Meet did at the end of 2016: over BOSH, and only once jicofo
// has answered. Where that client gave up, Jitsi Meet loaded the page again; this page stays as it is and says so.
(() => {
  const { errors, events } = JitsiMeetJS;
  const options = {
    hosts: config.hosts, // without a token the library takes anonymousdomain
    bosh: `//${link.host}/http-bind?room=${link.room}`, // the library appends the token
    token: link.jwt || undefined,
    clientNode: 'http://jitsi.org/jitsimeet',
    disableThirdPartyRequests: true,
  };
  let connection = null;
  let conference = null;

  JitsiMeetJS.setLogLevel(JitsiMeetJS.logLevels.ERROR);
  JitsiMeetJS.init(options).then(connect, (error) => fail('connection', String(error.name || ''), String(error.message || error)));

  function connect() {
    connection = new JitsiMeetJS.JitsiConnection(null, options.token, options);
    connection.addEventListener(events.connection.CONNECTION_ESTABLISHED, onEstablished);
    connection.addEventListener(events.connection.CONNECTION_FAILED, onFailed);
    connection.addEventListener(events.connection.CONNECTION_DISCONNECTED, (message) => fail('connection', '', message));
    connection.connect();
  }

  function onEstablished() {
    meet.connects += 1;
    meet.jid = connection.xmpp.connection.jid;
    meet.error = null;
    conference = connection.initJitsiConference(link.room, options);
    listen(events.conference);
    join();
  }

  // onFailed: the library knows of a refused login only that it was one, and calls it "password required".
  function onFailed(error, message) {
    fail(error === errors.connection.PASSWORD_REQUIRED ? 'login' : 'connection', error, message);
  }

  // fail keeps what came first: after a refused login the library goes on polling, until the session times out.
  function fail(where, condition, text) {
    if (meet.status === 'refused') return;
    meet.status = where === 'connection' ? 'lost' : 'refused';
    meet.error = { where, condition, text: text ? String(text) : '' };
    changed();
  }

  function listen(event) {
    const on = (name, listener) => conference.on(name, (...args) => {
      listener(...args);
      changed();
    });
    on(event.CONFERENCE_JOINED, onJoined);
    // The first parameter is one of errors.conference. Of a jicofo that is not there, the library asks again.
    on(event.CONFERENCE_FAILED, (condition, ...more) => {
      if (condition !== errors.conference.FOCUS_DISCONNECTED) meet.status = 'refused';
      meet.error = { where: 'room', condition, text: more.join(' ') };
    });
    on(event.KICKED, () => {
      meet.status = 'removed';
      meet.error = { where: 'room', condition: '307', text: '' };
    });
    on(event.USER_ROLE_CHANGED, onRole);
    on(event.USER_JOINED, (id, user) => { meet.occupants[id] = { ...rank(user.getRole()), jid: '', own: false }; });
    on(event.USER_LEFT, (id) => { delete meet.occupants[id]; });
    on(event.MESSAGE_RECEIVED, (from, text) => { meet.messages.push({ from, text }); });
  }

  // rank: the library tells roles only. The own one is "none" for everybody but owners.
  const rank = (role) => ({ role, affiliation: '' });

  function join() {
    Object.assign(meet, { status: 'joining', first: null, now: null, changes: [], occupants: {} });
    meet.joins += 1;
    meet.nick = conference.myUserId();
    conference.join();
    changed();
  }

  function onJoined() {
    meet.status = 'joined';
    meet.error = null;
    meet.moderator = conference.isModerator();
    meet.first = meet.now;
    meet.changes = [];
  }

  function onRole(id, role) {
    if (id !== meet.nick) {
      meet.occupants[id] = { ...meet.occupants[id], role };
      return;
    }
    meet.now = rank(role);
    meet.moderator = conference.isModerator();
    meet.occupants[id] = { ...meet.now, jid: '', own: true };
    meet.changes.push(meet.now);
  }

  meet.send = (text) => conference.sendTextMessage(text);
  meet.join = join;
  meet.leave = () => conference.leave().finally(() => connection.disconnect());
})();
