import { expect } from 'chai';
import { type Config, loadConfigText } from '../../../src/config/config.js';
import { printConfig, visibleSettings } from '../../../src/config/print.js';
import { GB, MB } from '../../../src/config/values.js';
import { COURSE_COORDINATOR, FACTS, FILE, load, refusal } from './facts.js';

const INI_COORDINATOR = [
  'mode = coordinator',
  'coordinator_info = 127.0.0.1:8001',
  'participant_info[] = 127.0.0.1:8002',
  'participant_info[] = 127.0.0.1:8003',
];

describe('config', () => {
  it('reads the three keys that a course grader writes', () => {
    const config = load('!', '! Coordinator configuration', ...COURSE_COORDINATOR);
    expect(config.role).to.equal('coordinator');
    expect(config.self).to.deep.equal({ host: '127.0.0.1', port: 8001 });
    expect(config.participants.map((each) => each.port)).to.deep.equal([8002, 8003]);
    expect(config.replyFormat).to.equal('auto');
    expect(config.dataFolder).to.equal('/etc/kv/data/coordinator-127.0.0.1-8001');
  });

  it('gives a participant its own address, and a folder of its own', () => {
    const config = load(
      'mode participant',
      'coordinator_info 127.0.0.1:8001',
      'participant_info [2001:DB8:0::1]:8002',
    );
    expect(config.self).to.deep.equal({ host: '2001:db8::1', port: 8002 });
    expect(config.coordinator.port).to.equal(8001);
    expect(config.dataFolder).to.equal('/etc/kv/data/participant-2001_db8__1-8002');
  });

  it('accepts CRLF, tabs, white space around lines, a byte order mark and no final line end', () => {
    const text = `\ufeff  ! comment\r\n\r\n${COURSE_COORDINATOR.join(' \r\n\t').replace(/ /g, '\t')}`;
    const config = loadConfigText(text, FILE, FACTS);
    expect(config).to.deep.equal(load(...COURSE_COORDINATOR));
  });

  it('has the defaults that its documentation promises', () => {
    const config = load(...COURSE_COORDINATOR);
    expect(config).to.include({
      heartbeatIntervalMs: 200,
      failureTimeoutMs: 1000,
      requestTimeoutMs: 2200,
      recoveryWaitMs: 1500,
      minParticipants: 1,
      maxClients: 10_000,
      maxKeyBytes: 64 * 1024,
      maxValueBytes: 512 * MB,
      maxMemoryBytes: 2 * GB,
      requirepass: null,
      clusterSecret: null,
    });
    expect(config.given).to.deep.equal(new Set());
  });

  it('takes the memory limit from the machine, heap and memory both', () => {
    const limit = (memoryBytes: number, heapLimitBytes: number): number =>
      loadConfigText(COURSE_COORDINATOR.join('\n'), FILE, { ...FACTS, memoryBytes, heapLimitBytes })
        .maxMemoryBytes;
    expect(limit(8 * GB, 2 * GB)).to.equal(1.5 * GB);
    expect(limit(2 * GB, 4 * GB)).to.equal(GB / 2);
    expect(limit(16 * MB, 16 * MB)).to.equal(64 * MB);
  });

  it('is the same from both formats', () => {
    const course = load(
      ...COURSE_COORDINATOR,
      'failure_timeout 1.5s',
      'data_dir /srv/kv',
      'requirepass a b',
    );
    const ini = load(
      '; comment',
      '# comment',
      ...INI_COORDINATOR,
      '[timing]',
      'failure_timeout=1500',
      '[storage]',
      'data_dir = "/srv/kv"',
      "requirepass = 'a b'",
    );
    expect(ini).to.deep.equal(course);
    expect(course.failureTimeoutMs).to.equal(1500);
  });

  it('cannot be changed', () => {
    const config = load(...COURSE_COORDINATOR);
    for (const part of [config, config.self, config.participants, config.participants[0]]) {
      expect(part).to.be.frozen;
    }
  });

  it('listens where `bind` says, under the announced port', () => {
    const config = load(...COURSE_COORDINATOR, 'bind 0.0.0.0');
    expect(config.listen).to.deep.equal({ host: '0.0.0.0', port: 8001 });
    expect(config.self.host).to.equal('127.0.0.1');
    expect(load(...COURSE_COORDINATOR, 'bind [::]').listen.host).to.equal('::');
  });

  it('accepts 64 participants and more, and refuses too many by name', () => {
    const lines = Array.from({ length: 129 }, (_, index) => `participant_info p${index}:9000`);
    const head = COURSE_COORDINATOR.slice(0, 2);
    expect(load(...head, ...lines.slice(0, 128)).participants).to.have.length(128);
    expect(refusal(...head, ...lines)).to.match(/^:131: participant_info: .* 128/);
  });
});

describe('a refused configuration names line and key', () => {
  const cases: [string, string[], string][] = [
    ['missing mode', ['coordinator_info a:1'], ': mode: is missing (coordinator or participant)'],
    ['empty file', ['', '! nothing'], ': mode: is missing (coordinator or participant)'],
    ['bad mode', ['mode leader'], ':1: mode: `leader` is neither coordinator nor participant'],
    [
      'no coordinator',
      ['mode coordinator', 'participant_info a:2'],
      ': coordinator_info: is missing (HOST:PORT)',
    ],
    [
      'no participant',
      ['mode coordinator', 'coordinator_info a:1'],
      ': participant_info: is missing (HOST:PORT)',
    ],
    ['no value', ['mode'], ':1: mode: has no value'],
    [
      'two coordinators',
      [...COURSE_COORDINATOR, 'coordinator_info 127.0.0.1:9001'],
      ':5: coordinator_info: is set a second time (first in line 2)',
    ],
    [
      'a duplicate participant in another spelling',
      [
        'mode coordinator',
        'coordinator_info a:1',
        'participant_info [::1]:2',
        'participant_info [0::1]:2',
      ],
      ':4: participant_info: [::1]:2 is already in use in this file',
    ],
    [
      'a participant at the address of the coordinator',
      ['mode coordinator', 'coordinator_info host:1', 'participant_info HOST:1'],
      ':3: participant_info: host:1 is already in use in this file',
    ],
    [
      'two addresses of one participant',
      ['mode participant', 'coordinator_info a:1', 'participant_info a:2', 'participant_info a:3'],
      ":4: participant_info: a participant's file holds only its own address, once",
    ],
    [
      'a mistyped key',
      [...COURSE_COORDINATOR, 'hartbeat_intervall 1s'],
      ':5: hartbeat_intervall: is not a setting; did you mean `heartbeat_interval`?',
    ],
    [
      'a key with dashes',
      [...COURSE_COORDINATOR, 'Data-Dir x'],
      ':5: Data-Dir: is not a setting; did you mean `data_dir`?',
    ],
    ['an unknown key', [...COURSE_COORDINATOR, 'zzzz 1'], ':5: zzzz: is not a setting'],
    [
      'a setting twice',
      [...COURSE_COORDINATOR, 'log_level info', 'log_level info'],
      ':6: log_level: is set a second time (first in line 5)',
    ],
    [
      'a choice',
      [...COURSE_COORDINATOR, 'reply_format resp'],
      ':5: reply_format: `resp` is none of `redis`, `lab`, `auto`',
    ],
    [
      'a unit',
      [...COURSE_COORDINATOR, 'failure_timeout 3 parsecs'],
      ':5: failure_timeout: `3 parsecs` is not a duration such as 200ms or 1.5s',
    ],
    [
      'a range',
      [...COURSE_COORDINATOR, 'max_value_bytes 1gb'],
      ':5: max_value_bytes: `1gb` is not within 16b to 512mb',
    ],
    [
      'a relation',
      [...COURSE_COORDINATOR, 'heartbeat_interval 500ms'],
      ':5: heartbeat_interval: failure_timeout must be more than two times heartbeat_interval, ' +
        'or one lost answer removes a participant (failure_timeout is 1s, heartbeat_interval is 500ms)',
    ],
    [
      'more participants asked for than there are',
      [...COURSE_COORDINATOR, 'min_participants 3'],
      ':5: min_participants: is more than there are participants in this file, so that no write ' +
        'could succeed (min_participants is 3)',
    ],
    ['a line of the other format', [...COURSE_COORDINATOR, 'log_level = info'], 'other format'],
    ['a line of the other format', [...COURSE_COORDINATOR, 'log_level=info'], 'other format'],
    [
      'a section',
      [...COURSE_COORDINATOR, '[timing]'],
      ':5: sections belong to files of `key = value` lines',
    ],
    [
      'a comment of the other format',
      [...COURSE_COORDINATOR, '# x'],
      ':5: comments start with `!` in a file of `key value` lines',
    ],
    [
      'quotes',
      [...COURSE_COORDINATOR, 'requirepass ""'],
      ':5: requirepass: values are written without quotes in this format',
    ],
    ['binary', ['mode coordinator', 'x\u0000y'], ':2: holds a control character'],
  ];
  for (const [what, lines, expected] of cases) {
    it(`${what}: ${lines.at(-1) ?? ''}`, () => {
      const message =
        expected === 'other format'
          ? ':5: log_level: is written `key = value`, but the file began with `key value` lines'
          : expected;
      expect(refusal(...lines)).to.equal(message);
    });
  }

  it('never shows a secret', () => {
    const secret = 'x'.repeat(2000);
    expect(refusal(...COURSE_COORDINATOR, `requirepass ${secret}`)).to.not.include('xxx');
    expect(refusal(...COURSE_COORDINATOR, `cluster_secret "${secret}"`)).to.not.include('xxx');
  });
});

describe('a printed configuration', () => {
  const settings = (config: Config) => ({ ...config, given: null, requirepass: null });

  it('is a configuration that means the same', () => {
    const config = load(...COURSE_COORDINATOR, 'failure_timeout 1.25s', 'max_memory 300mb');
    const again = loadConfigText(printConfig(config), FILE, FACTS);
    expect(settings(again)).to.deep.equal(settings(config));
  });

  it('shows clients no secret, and nothing of the other role', () => {
    const config = load(...COURSE_COORDINATOR, 'requirepass hush', 'failure_timeout 1s');
    const shown = new Map(visibleSettings(config));
    expect(shown.get('failure_timeout')).to.equal('1s');
    expect(shown.get('bind')).to.equal('');
    expect([...shown.keys()]).to.not.include.members(['requirepass']);
    expect([...shown.keys()]).to.not.include.members(['delta_memory']);
  });

  it('hides secrets', () => {
    const text = printConfig(
      load(...COURSE_COORDINATOR, 'requirepass hush', 'cluster_secret psst'),
    );
    expect(text).to.include('requirepass ***').and.include('cluster_secret ***');
    expect(text).to.not.match(/hush|psst/);
  });
});
