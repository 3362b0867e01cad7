// A phone in a browser, on JsSIP: what the test calls on `window.phone`, and what it may ask.
import JsSIP from 'jssip';

const options = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

class Phone {
  constructor() {
    this.events = [];  // names and causes, oldest first
    this.trace = [];   // SIP messages as they went over the socket
    this.session = null;
  }

  start(url, uri, user, password, expires) {
    const socket = this.traced(new JsSIP.WebSocketInterface(url));
    const settings = { sockets: [socket], uri, register: true, register_expires: expires, session_timers: false };
    if (password) Object.assign(settings, { authorization_user: user, password });
    this.agent = new JsSIP.UA(settings);
    for (const name of ['connected', 'disconnected', 'registered', 'unregistered', 'registrationFailed'])
      this.agent.on(name, (data) => this.note(name, data));
    this.agent.on('newRTCSession', ({ originator, session }) => this.newSession(originator, session));
    this.agent.on('newMessage', ({ originator, request }) => this.note(`message ${originator}`, { cause: request.body }));
    this.agent.start();
  }

  note(name, data) {
    this.events.push(data && data.cause ? `${name}: ${data.cause}` : name);
  }

  traced(socket) {
    const send = socket.send.bind(socket);
    let ondata = () => {};
    Object.defineProperties(socket, {
      send: { value: (message) => { this.trace.push(`> ${message}`); return send(message); } },
      ondata: {
        get: () => (message) => { this.trace.push(`< ${message}`); ondata(message); },
        set: (handler) => { ondata = handler; },
      },
    });
    return socket;
  }

  newSession(originator, session) {
    this.session = session;
    this.note(originator === 'remote' ? 'incoming' : 'outgoing');
    for (const name of ['progress', 'accepted', 'confirmed', 'ended', 'failed'])
      session.on(name, (data) => this.note(`${name} ${data.originator || ''}`.trim(), data));
    const listen = (connection) => connection.addEventListener('track', ({ track }) => {
      document.getElementById('heard').srcObject = new MediaStream([track]);
    });
    if (session.connection) listen(session.connection);
    else session.on('peerconnection', ({ peerconnection }) => listen(peerconnection));
  }

  call(target) { this.agent.call(target, options); }
  answer() { this.session.answer(options); }
  hangUp() { this.session.terminate(); }
  unregister() { this.agent.unregister(); }

  // Packets and sound of the present call, as the browser counts them.
  async received() {
    const counts = { packets: 0, energy: 0 };
    for (const entry of (await this.session.connection.getStats()).values())
      if (entry.type === 'inbound-rtp') {
        counts.packets += entry.packetsReceived;
        counts.energy += entry.totalAudioEnergy || 0;
      }
    return counts;
  }
}

window.phone = new Phone();
