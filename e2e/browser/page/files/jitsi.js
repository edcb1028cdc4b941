'use strict';

// The page joins a room with lib-jitsi-meet, of December 2021 or later, as Jitsi Meet does: by WebSocket with stream management, or
// by BOSH, and only once jicofo has answered. Where that client gives up, Jitsi Meet loads the page again or shows a dialog;
// this page stays as it is and says so.
(() => {
  const { errors, events } = JitsiMeetJS;
  const options = {
    hosts: { ...config.hosts, focus: `focus.${config.hosts.domain}` },
    serviceUrl: serviceAddress({ ...link, jwt: '' }), // the library appends the token
    enableWebsocketResume: true,
    clientNode: 'http://jitsi.org/jitsimeet',
    disableThirdPartyRequests: true,
    p2p: { enabled: false },
    testing: {},
    deploymentInfo: {},
  };
  if (link.jwt === '') options.hosts.domain = config.hosts.anonymousdomain;
  let connection = null;
  let conference = null;
  let lobby = '';

  JitsiMeetJS.setLogLevel(JitsiMeetJS.logLevels.ERROR);
  JitsiMeetJS.init(options);
  connect();

  function connect() {
    connection = new JitsiMeetJS.JitsiConnection(null, link.jwt || undefined, options);
    connection.addEventListener(events.connection.CONNECTION_ESTABLISHED, onEstablished);
    connection.addEventListener(events.connection.CONNECTION_FAILED, onFailed);
    connection.addEventListener(events.connection.CONNECTION_DISCONNECTED, (message) => fail('connection', '', message));
    const over = events.connection.CONNECTION_TOKEN_EXPIRED; // where the library looks at the token before it resumes
    if (over) connection.addEventListener(over, () => fail('connection', over));
    connection.connect();
    watch(connection.xmpp.connection);
  }

  // watch counts the logins that resumed a stream: the library tells nobody of them.
  function watch(xmpp) {
    const wrapped = xmpp._stropheConn;
    // That Strophe would rather log in by OAUTHBEARER, without a password; Jitsi has left it out since.
    for (const name of Object.keys(wrapped.mechanisms)) if (name.includes('OAUTH')) delete wrapped.mechanisms[name];
    const tell = wrapped._changeConnectStatus.bind(wrapped);
    wrapped._changeConnectStatus = (status, ...more) => {
      if (status === Strophe.Status.CONNECTED && meet.connects > 0) onAgain(wrapped);
      return tell(status, ...more);
    };
  }

  function onAgain(wrapped) {
    meet.connects += 1;
    meet.resumed = Boolean(wrapped.restored);
    meet.status = meet.resumed ? 'joined' : 'lost';
    changed();
  }

  function onEstablished() {
    if (conference) return;
    meet.connects += 1;
    meet.jid = connection.getJid();
    meet.error = null;
    conference = connection.initJitsiConference(link.room, options);
    listen(events.conference);
    mend(conference.room.moderator || conference.room.xmpp.moderator);
    if (link.hold) {
      meet.status = 'held';
      changed();
    } else {
      join();
    }
  }

  // mend: in this build of December 2021 two files read the names of events from where there are none. So "authentication
  // required" and "the focus has left" go out without a name, and a listener for another nameless event throws on them.
  function mend(moderator) {
    const refused = moderator._allocateConferenceFocusError;
    if (!refused) return; // a later one
    meet.mended = true;
    moderator.eventEmitter.removeAllListeners(undefined);
    moderator._allocateConferenceFocusError = (error, ...more) => {
      if (error && error.querySelector && error.querySelector('error > not-authorized')) {
        moderator.eventEmitter.emit('xmpp.authentication_required');
        return;
      }
      refused.call(moderator, error, ...more);
    };
  }

  // onFailed: the library calls a refused login "password required", and has the server's text since 2017.
  function onFailed(error, message) {
    fail(error === errors.connection.PASSWORD_REQUIRED ? 'login' : 'connection', error, message);
  }

  // fail keeps what came first.
  function fail(where, condition, text) {
    if (meet.status === 'refused' || meet.status === 'removed') return;
    meet.status = where === 'connection' ? 'lost' : 'refused';
    meet.error = { where, condition: String(condition), text: text ? String(text) : '' };
    changed();
  }

  function listen(event) {
    const on = (name, listener) => conference.on(name, (...args) => {
      listener(...args);
      changed();
    });
    on(event.CONFERENCE_JOINED, onJoined);
    on(event.CONFERENCE_FAILED, onConferenceFailed);
    on(event.KICKED, (_, reason) => {
      meet.status = 'removed';
      meet.error = { where: 'room', condition: '307', text: String(reason || '') };
    });
    on(event.USER_ROLE_CHANGED, onRole);
    on(event.USER_JOINED, (id, user) => { meet.occupants[id] = { ...rank(user.getRole()), jid: '', own: false }; });
    on(event.USER_LEFT, (id) => {
      delete meet.occupants[id];
      meet.left.push(id);
    });
    on(event.MESSAGE_RECEIVED, (from, text) => { meet.messages.push({ from, text }); });
    on(event.NON_PARTICIPANT_MESSAGE_RECEIVED, (from, said) => { // the web app shows these among its messages
      if (said.type === 'system_chat_message') meet.notices.push({ from: said.displayName || '', text: said.message });
    });
    on(event.LOBBY_USER_JOINED, (id, name) => { meet.waiting[id] = name; });
    on(event.LOBBY_USER_LEFT, (id) => { delete meet.waiting[id]; });
  }

  // onConferenceFailed: of a jicofo that is not there the library asks again by itself. Of a room that has not been started
  // the web app does, every 5 s.
  function onConferenceFailed(condition, ...more) {
    const again = [errors.conference.FOCUS_DISCONNECTED, errors.conference.AUTHENTICATION_REQUIRED];
    meet.error = { where: 'room', condition, text: more.filter((part) => typeof part === 'string').join(' ') };
    if (condition === errors.conference.MEMBERS_ONLY_ERROR) {
      lobby = more[0];
    } else if (!again.includes(condition)) {
      meet.status = 'refused';
    }
    if (condition === errors.conference.AUTHENTICATION_REQUIRED) setTimeout(() => conference.join(), 1000);
  }

  // rank: the library tells roles only. The own one is "none" for everybody but owners.
  const rank = (role) => ({ role, affiliation: '' });

  function join() {
    Object.assign(meet, { status: 'joining', first: null, now: null, changes: [], occupants: {} });
    meet.joins += 1;
    meet.nick = conference.myUserId();
    conference.setDisplayName(`I am ${meet.nick}`);
    conference.join();
    changed();
  }

  function onJoined() {
    meet.status = 'joined';
    meet.error = null;
    meet.moderator = conference.isModerator();
    meet.now = meet.now || rank(conference.getRole());
    meet.first = meet.now;
    meet.changes = [];
  }

  function onRole(id, role) {
    meet.moderator = conference.isModerator();
    if (id !== meet.nick) {
      meet.occupants[id] = { ...meet.occupants[id], role };
      return;
    }
    meet.now = rank(role);
    meet.occupants[id] = { ...meet.now, jid: '', own: true };
    meet.changes.push(meet.now);
  }

  // knock waits in the lobby; the library joins by itself once a moderator has let this page in.
  meet.knock = (name) => {
    meet.status = 'waiting';
    changed();
    return conference.joinLobby(name);
  };
  meet.lobby = () => lobby;
  meet.closeDoor = () => conference.enableLobby();
  meet.openDoor = () => conference.disableLobby();
  meet.letIn = (id) => conference.lobbyApproveAccess(id);
  meet.turnAway = (id) => conference.lobbyDenyAccess(id);
  meet.send = (text) => conference.sendTextMessage(text);
  meet.join = join;
  meet.drop = () => connection.xmpp.connection._stropheConn._proto.socket.close();
  meet.leave = () => conference.leave().finally(() => connection.disconnect());
})();
