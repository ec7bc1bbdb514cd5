import { expect } from 'chai';
import type { Status } from '../../../src/rpc/status.js';
import { proof, proofText } from '../../../src/rpc/proof.js';
import {
  CLUSTER,
  COORDINATOR,
  ParticipantDriver,
  SECRET,
  STORE,
  epoch,
  fence,
  hello,
  kinds,
  outcome,
  prepare,
  preparedRecord,
  set,
  view,
} from './participant-driver.js';
import { ParticipantRecovery } from '../../../src/participant/recovery.js';

const inquire = { type: 'inquire' } as const;

describe('participant/links: the handshake', () => {
  it('proves its own knowledge of the secret and lets in who proves theirs', () => {
    const driver = new ParticipantDriver();
    const link = driver.connect();
    const [welcome] = driver.ask(link, hello());
    if (welcome?.type !== 'welcome') throw new Error('no welcome');
    const text = proofText('answering', 'nonce', welcome.nonce);
    expect(welcome.mac).to.equal(proof(SECRET, text));
    expect([welcome.clusterId, welcome.storeId]).to.deep.equal([CLUSTER, STORE]);
    const mac = proof(SECRET, proofText('asking', 'nonce', welcome.nonce));
    expect(kinds(driver.ask(link, { type: 'prove', mac }))).to.deep.equal(['proved']);
    expect(kinds(driver.askSynced(link, inquire))).to.deep.equal(['status']);
  });

  it('never uses a nonce twice', () => {
    const driver = new ParticipantDriver();
    const nonces = Array.from({ length: 20 }, () => {
      const [welcome] = driver.ask(driver.connect(), hello());
      return welcome?.type === 'welcome' ? welcome.nonce : '';
    });
    expect(new Set(nonces).size).to.equal(20);
    for (const nonce of nonces) expect(nonce).to.match(/^[0-9a-f]{32}$/);
  });

  it('refuses a wrong proof, its own proof sent back, and a proof before the greeting', () => {
    for (const mac of ['', 'wrong', 'mirror']) {
      const driver = new ParticipantDriver();
      const link = driver.connect();
      const [welcome] = driver.ask(link, hello());
      const own = welcome?.type === 'welcome' ? welcome.mac : '';
      const sent = mac === 'mirror' ? own : mac;
      expect(kinds(driver.ask(link, { type: 'prove', mac: sent }))).to.deep.equal([
        'refused secret',
      ]);
      expect(driver.closed).to.deep.equal([link]);
      expect(driver.askSynced(link, inquire), 'a refused link is deaf').to.deep.equal([]);
    }
    const driver = new ParticipantDriver({ settings: { clusterSecret: '' } });
    const early = driver.ask(driver.connect(), { type: 'prove', mac: '' });
    expect(kinds(early)).to.deep.equal(['refused secret']);
  });

  it('says once why it refuses who comes again and again', () => {
    const traced: string[] = [];
    const driver = new ParticipantDriver({ trace: (message) => traced.push(message) });
    const come = (clusterId: string): void => {
      driver.ask(driver.connect(), hello({ clusterId }));
    };
    for (let times = 0; times < 3; times += 1) come('d'.repeat(32));
    expect(traced.filter((text) => text.startsWith('refused a peer'))).to.have.length(1);
    come('e'.repeat(32));
    expect(traced.filter((text) => text.startsWith('refused a peer'))).to.have.length(2);
  });

  it('says once that peers leave at the sight of its proof, until one is content', () => {
    const hungUp = 'a peer hung up on our proof: is cluster_secret the same there?';
    const traced: string[] = [];
    const driver = new ParticipantDriver({ trace: (message) => traced.push(message) });
    const hangUp = (): void => {
      const link = driver.connect();
      driver.ask(link, hello());
      driver.step({ type: 'linkClosed', link });
    };
    const said = (): number => traced.filter((line) => line === hungUp).length;
    driver.step({ type: 'linkClosed', link: driver.connect() });
    expect(said(), 'it had not greeted').to.equal(0);
    hangUp();
    hangUp();
    expect(said()).to.equal(1);
    driver.step({ type: 'linkClosed', link: driver.open() });
    expect(said()).to.equal(1);
    hangUp();
    expect(said()).to.equal(2);
  });

  it('needs no proof where no secret is configured', () => {
    const driver = new ParticipantDriver({ settings: { clusterSecret: '' } });
    const link = driver.connect();
    driver.ask(link, hello());
    expect(kinds(driver.ask(link, { type: 'prove', mac: '' }))).to.deep.equal(['proved']);
  });

  const refusals: [what: string, changes: object, code: string, text: RegExp][] = [
    ['another protocol version', { version: 99 }, 'version', /version 99 of the peer/],
    ['a foreign cluster', { clusterId: 'd'.repeat(32) }, 'cluster', /ccc, the peer to cluster ddd/],
    ['another coordinator', { coordinator: '10.0.0.9:8001' }, 'coordinator', /10\.0\.0\.9:8001/],
    ['another port', { coordinator: '10.0.0.1:9' }, 'coordinator', /10\.0\.0\.1:9 /],
    ['another port of a name', { coordinator: 'host:9' }, 'coordinator', /host:9/],
    ['an IPv6 address', { coordinator: '[::1]:8001' }, 'coordinator', /\[::1\]/],
  ];
  for (const [what, changes, code, text] of refusals) {
    it(`refuses ${what} by name`, () => {
      const driver = new ParticipantDriver();
      const [refused] = driver.ask(driver.connect(), hello(changes));
      if (refused?.type !== 'refused') throw new Error('not refused');
      expect(refused.code).to.equal(code);
      expect(refused.text).to.match(text);
    });
  }

  it('lets in who may be the same: a name, a newcomer, a joiner with its own spelling', () => {
    for (const changes of [
      { coordinator: 'localhost:8001' },
      { clusterId: '' },
      { purpose: 'catchup', coordinator: '10.9.9.9:1' } as const,
    ]) {
      const driver = new ParticipantDriver();
      expect(kinds(driver.ask(driver.connect(), hello(changes)))).to.deep.equal(['welcome']);
    }
    const fresh = new ParticipantDriver({ clusterId: '' });
    expect(kinds(fresh.ask(fresh.connect(), hello()))).to.deep.equal(['welcome']);
    const named = new ParticipantDriver({ settings: { coordinatorAddress: 'c.example:8001' } });
    expect(kinds(named.ask(named.connect(), hello({ coordinator: COORDINATOR })))).to.deep.equal([
      'welcome',
    ]);
  });

  it('refuses work before the handshake is complete, and a second one', () => {
    const driver = new ParticipantDriver();
    const early = driver.ask(driver.connect(), inquire);
    expect(kinds(early)).to.deep.equal(['refused protocol']);
    const half = driver.connect();
    driver.ask(half, hello());
    expect(kinds(driver.ask(half, hello()))).to.deep.equal(['refused protocol']);
    const whole = driver.open();
    expect(kinds(driver.ask(whole, hello()))).to.deep.equal(['refused protocol']);
    const proven = driver.open();
    expect(kinds(driver.ask(proven, { type: 'prove', mac: '' }))).to.deep.equal(['refused secret']);
  });
});

describe('participant/links: the fence', () => {
  it('answers only once the epoch is synced', () => {
    const driver = new ParticipantDriver();
    const link = driver.open();
    expect(driver.ask(link, fence(epoch(3)))).to.deep.equal([]);
    expect(driver.log).to.deep.equal([{ kind: 'epoch', epoch: epoch(3) }]);
    expect(driver.wasUrgent).to.equal(true);
    driver.sync();
    const [fenced] = driver.take(link);
    expect(fenced?.type === 'fenced' ? fenced.status.epoch : null).to.deep.equal(epoch(3));
  });

  it('promises the same epoch again without another record', () => {
    const driver = new ParticipantDriver();
    driver.fenced(3);
    const link = driver.open();
    expect(kinds(driver.askSynced(link, fence(epoch(3))))).to.deep.equal(['fenced']);
    expect(driver.log.filter(({ kind }) => kind === 'epoch')).to.have.length(1);
  });

  const over: [what: string, number: number, nonce: string][] = [
    ['an older epoch', 4, 'n'],
    ['the same number with another nonce', 5, 'other'],
  ];
  for (const [what, number, nonce] of over) {
    it(`refuses ${what}, and says whom it follows`, () => {
      const driver = new ParticipantDriver();
      driver.fenced(5);
      const link = driver.open();
      const [refused] = driver.askSynced(link, fence(epoch(number, nonce)));
      if (refused?.type !== 'refused') throw new Error('not refused');
      expect([refused.code, refused.epoch]).to.deep.equal(['epoch', epoch(5)]);
    });
  }

  it('H2: refuses a fence that expects another promise than it has given', () => {
    const driver = new ParticipantDriver();
    driver.fenced(5);
    const link = driver.open();
    const late = driver.ask(link, fence(epoch(7), { expected: epoch(4) }));
    expect(kinds(late)).to.deep.equal(['refused epoch']);
    expect(driver.state.epoch).to.deep.equal(epoch(5));
    const expected = { expected: epoch(5) };
    expect(kinds(driver.askSynced(driver.open(), fence(epoch(7), expected)))).to.deep.equal([
      'fenced',
    ]);
    const again = driver.askSynced(driver.open(), fence(epoch(7), expected));
    expect(kinds(again), 'the answer was lost').to.deep.equal(['fenced']);
  });

  it('refuses an overridden generation and a foreign cluster', () => {
    const driver = new ParticipantDriver({ generation: 2 });
    const older = driver.askSynced(driver.open(), fence(epoch(9), { generation: 1 }));
    expect(kinds(older)).to.deep.equal(['refused generation']);
    const link = driver.open();
    const foreign = { generation: 2, clusterId: '' };
    const [refused] = driver.askSynced(link, fence(epoch(9), foreign));
    if (refused?.type !== 'refused') throw new Error('not refused');
    expect([refused.code, refused.text.includes('(none)')]).to.deep.equal(['cluster', true]);
    expect(driver.state.epoch.number, 'nothing was promised').to.equal(0);
    driver.askSynced(driver.open(), fence(epoch(9), { generation: 2 }));
    const lower = driver.askSynced(driver.open(), fence(epoch(8), { generation: 1 }));
    expect(kinds(lower), 'whatever its epoch').to.deep.equal(['refused generation']);
  });

  it('joins a cluster, and a newer generation of it', () => {
    const driver = new ParticipantDriver({ clusterId: '' });
    driver.fenced(1);
    expect(driver.adopted).to.deep.equal({ clusterId: CLUSTER, generation: 0, overridden: false });
    const link = driver.open();
    const [fenced] = driver.askSynced(link, fence(epoch(2), { generation: 1 }));
    expect(driver.adopted, 'there is nothing to override').to.deep.equal({
      clusterId: CLUSTER,
      generation: 1,
      overridden: false,
    });
    expect(fenced?.type === 'fenced' ? fenced.status.generation : -1).to.equal(1);
  });

  it('counts as nothing once a later generation has bound it, unless it is that one’s truth', () => {
    const driver = new ParticipantDriver();
    driver.state.view = view(1, 'store-1');
    const fenced = (number: number, changes: object): boolean => {
      const [reply] = driver.askSynced(driver.open(), fence(epoch(number), changes));
      if (reply?.type !== 'fenced') throw new Error('not fenced');
      return reply.status.overridden;
    };
    expect(fenced(1, {})).to.equal(false);
    expect(fenced(2, { generation: 1, forced: true }), 'the truth').to.equal(false);
    expect(fenced(3, { generation: 2 })).to.equal(true);
    expect(fenced(4, { generation: 2 }), 'for good').to.equal(true);
    expect(driver.adopted, 'nothing is written again').to.deep.include({ generation: 2 });
    expect(fenced(5, { generation: 2, forced: true }), 'until an operator says so').to.equal(false);
    expect(fenced(6, { generation: 3 })).to.equal(true);
    expect(fenced(7, { generation: 4 })).to.equal(true);
  });

  it('closes the older data connection, whose unread requests are void', () => {
    const driver = new ParticipantDriver();
    const older = driver.serving();
    const bystander = driver.open();
    const heart = driver.open('heartbeat');
    const newer = driver.open();
    driver.askSynced(newer, fence(epoch(1)));
    expect(kinds(driver.take(older))).to.deep.equal(['refused superseded']);
    expect(driver.closed).to.deep.equal([older]);
    expect(driver.askSynced(older, prepare(1, [set('k', 'v')]))).to.deep.equal([]);
    expect(driver.state.inDoubt).to.have.length(0);
    expect(kinds(driver.askSynced(bystander, inquire))).to.deep.equal(['status']);
    expect(kinds(driver.ask(heart, { type: 'ping', sequence: 1, epoch: epoch(1) }))).to.deep.equal([
      'pong',
    ]);
  });

  it('refuses an older epoch message by message, and who never fenced', () => {
    const driver = new ParticipantDriver();
    driver.serving();
    const never = driver.open();
    const refused = driver.ask(never, prepare(1, [set('k', 'v')]));
    expect(kinds(refused)).to.deep.equal(['refused epoch']);
    const heart = driver.open('heartbeat');
    driver.askSynced(heart, fence(epoch(1)));
    driver.fenced(2);
    const late = driver.ask(heart, { type: 'read', id: 1, view: 1, op: 'size', keys: [] });
    expect(kinds(late)).to.deep.equal(['refused epoch']);
  });

  it('does not answer a fence that another overtook before it was synced', () => {
    const driver = new ParticipantDriver();
    const first = driver.open();
    const second = driver.open('heartbeat');
    const third = driver.open();
    driver.ask(first, fence(epoch(1)));
    driver.ask(second, fence(epoch(1)));
    driver.ask(third, fence(epoch(2)));
    driver.sync();
    expect(kinds(driver.take(first)), 'closed').to.deep.equal(['refused superseded']);
    expect(driver.take(second), 'of an older epoch').to.deep.equal([]);
    expect(kinds(driver.take(third))).to.deep.equal(['fenced']);
  });

  it('drops staged payloads that nothing prepared refers to at a new epoch', () => {
    const recovery = new ParticipantRecovery(1000);
    const { payload, crc, length } = preparedRecord(1, [set('k', 'v')]);
    for (const stage of ['used', 'unused']) {
      recovery.feed({ kind: 'piece', stage, offset: 0, total: length, bytes: payload });
    }
    const staged = { ...preparedRecord(1, []), stage: 'used', length, crc };
    recovery.feed({ ...staged, payload: Buffer.alloc(0) });
    const driver = new ParticipantDriver({ state: recovery.finish(false) });
    driver.fenced(2);
    expect([...driver.state.stages.all()].map(({ name }) => name)).to.deep.equal(['used']);
  });
});

describe('participant/links: what a status tells', () => {
  const asked = (driver: ParticipantDriver): { old: number; fresh: number; lsn: number } => {
    const old = driver.serving();
    driver.ask(old, prepare(1, [set('k', 'v')]));
    const fresh = driver.open();
    driver.ask(fresh, inquire);
    return { old, fresh, lsn: driver.machine.core.gate.appended };
  };
  const told = (driver: ParticipantDriver, link: number): Status => {
    const [reply] = driver.take(link);
    if (reply?.type !== 'status') throw new Error(`answered ${reply?.type}`);
    return reply.status;
  };

  it('H5: is nothing that came after the question and is not on disk', () => {
    const driver = new ParticipantDriver();
    const { old, fresh, lsn } = asked(driver);
    driver.ask(old, prepare(2, [set('k', 'w')]));
    driver.ask(old, { type: 'view', view: view(2, STORE, 'b') });
    driver.step({ type: 'synced', lsn });
    const status = told(driver, fresh);
    expect(status.view?.number).to.equal(1);
    expect(status.inDoubt.map(({ txid }) => txid)).to.deep.equal([1]);
  });

  it('H5: is no abort that came after the question', () => {
    const driver = new ParticipantDriver();
    const { old, fresh, lsn } = asked(driver);
    driver.ask(old, outcome(1, false));
    driver.step({ type: 'synced', lsn });
    expect(told(driver, fresh).aborted).to.deep.equal([]);
  });

  it('has been heard as long ago as it is when the sync has ended', () => {
    const driver = new ParticipantDriver();
    const { fresh } = asked(driver);
    driver.now += 900;
    driver.sync();
    expect(told(driver, fresh).heardMsAgo).to.equal(900);
  });

  it('S36: is nothing that found no room either', () => {
    const driver = new ParticipantDriver();
    const { fresh } = asked(driver);
    driver.fillDisk();
    driver.sync();
    expect(told(driver, fresh).inDoubt).to.deep.equal([]);
  });
});
