'use strict';

// window.meet is what the page sees and does; the event "meet" says that it has changed.
const link = readLink(location, config.hosts, config.always);
const meet = {
  room: link.room, roomJid: link.roomJid, transport: link.transport, domain: link.domain, token: link.jwt !== '',
  status: 'connecting', jid: '', nick: '',
  joins: 0, first: null, now: null, changes: [], // own role and affiliation: on joining, now, and in between
  moderator: false, waiting: {}, // what lib-jitsi-meet says
  mended: false, // it is the one of December 2021
  occupants: {}, left: [], messages: [],
  notices: [], // what others than the room have written to this person alone
  error: null, // {where, condition, text} of the last refusal or loss
  connects: 0, resumed: null, // of the last reconnection
  previd: '',
};
window.meet = meet;
const changed = () => window.dispatchEvent(new Event('meet'));
