/** How the files that may be open become the sockets that may be accepted. */
import { expect } from 'chai';
import { parseAddress } from '../../../src/config/address.js';
import { StartRefusedError } from '../../../src/io/running-role.js';
import {
  fewerClientsNote,
  openFilesLimit,
  parseOpenFiles,
  socketLimits,
} from '../../../src/io/socket-limits.js';
import { MAX_UNPROVED_PEERS } from '../../../src/io/unproved-peers.js';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             95955                95955                processes
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
`;

function wishes(role: 'coordinator' | 'participant', participants = 3, maxClients = 10_000) {
  const addresses = Array.from({ length: participants }, (_, at) =>
    parseAddress(`127.0.0.1:${9000 + at}`),
  );
  return { role, participants: addresses, maxClients };
}

describe('the limit on open files', () => {
  it('is the soft one', () => {
    expect(parseOpenFiles(LIMITS)).to.equal(1024);
  });

  it('is none where it is unlimited or not told', () => {
    expect(parseOpenFiles(LIMITS.replace('1024  ', 'unlimited'))).to.equal(Infinity);
    expect(parseOpenFiles('')).to.equal(Infinity);
    expect(parseOpenFiles('Max open filesystems 3 3 files')).to.equal(Infinity);
  });

  it('is found for this process', () => {
    expect(openFilesLimit()).to.be.greaterThan(0);
  });
});

describe('socket limits', () => {
  it('leave everything as it is where files are plenty or nothing is known', () => {
    for (const openFiles of [1_048_576, Infinity]) {
      for (const role of ['coordinator', 'participant'] as const) {
        const limits = socketLimits(wishes(role), openFiles);
        expect(limits.clients).to.equal(10_000);
        expect(limits.unprovedPeers).to.equal(MAX_UNPROVED_PEERS);
        expect(fewerClientsNote(wishes(role), limits, openFiles)).to.equal(null);
      }
    }
  });

  it('keep files back for the process, for what is dialled and for peers', () => {
    expect(socketLimits(wishes('coordinator'), 1024)).to.include({ sockets: 978, clients: 970 });
    expect(socketLimits(wishes('coordinator', 128), 1024)).to.include({ sockets: 728 });
    expect(socketLimits(wishes('participant', 1), 1024)).to.deep.equal({
      sockets: 984,
      clients: 960,
      clientsAndSilent: 968,
      unprovedPeers: 8,
    });
  });

  it('never let clients, the silent and peers be more than may be accepted', () => {
    for (const role of ['coordinator', 'participant'] as const) {
      for (let openFiles = 80; openFiles < 1500; openFiles += 1) {
        const limits = socketLimits(wishes(role, 3, 600), openFiles);
        expect(limits.sockets).to.be.lessThan(openFiles - 39);
        expect(limits.clientsAndSilent).to.be.greaterThan(limits.clients);
        expect(limits.clientsAndSilent).to.be.at.most(limits.sockets);
        if (role === 'coordinator') continue;
        expect(limits.unprovedPeers).to.be.within(8, MAX_UNPROVED_PEERS);
        const expected = limits.clients + limits.unprovedPeers + 16;
        expect(expected).to.be.at.most(limits.sockets);
      }
    }
  });

  it('are told with what to do when fewer clients are served than was wished', () => {
    const wished = wishes('participant');
    const note = fewerClientsNote(wished, socketLimits(wished, 1024), 1024);
    expect(note?.level).to.equal('warn');
    expect(note?.message).to.contain('no more than 960 clients');
    const needed = Number(/ulimit -n\) to (\d+)/.exec(note?.message ?? '')?.[1]);
    expect(socketLimits(wished, needed).clients).to.equal(10_000);
    expect(socketLimits(wished, needed - 1).clients).to.equal(9999);
  });

  it('refuse a start that leaves too few clients, and say how many files it needs', () => {
    for (const wished of [wishes('coordinator'), wishes('participant', 1)]) {
      const refused = (): unknown => socketLimits(wished, 60);
      expect(refused).to.throw(StartRefusedError, /only 60 files/);
      const text = String(attempt(refused));
      const needed = Number(/ulimit -n\) to (\d+)/.exec(text)?.[1]);
      expect(socketLimits(wished, needed).clients).to.equal(16);
      expect(() => socketLimits(wished, needed - 1)).to.throw(StartRefusedError);
    }
  });

  it('serve fewer clients than that where no more are wished', () => {
    expect(socketLimits(wishes('participant', 1, 2), 80).clients).to.equal(2);
  });
});

function attempt(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}
