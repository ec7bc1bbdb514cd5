import { expect } from 'chai';
import { helpText, parseArguments, UsageError } from '../../../src/cli.js';

const SERVE = {
  action: 'serve',
  configPath: 'a.conf',
  setAside: false,
  forceView: null,
  yes: false,
};

describe('command line', () => {
  it('is a configuration to serve', () => {
    expect(parseArguments(['--config_path', 'a.conf'])).to.deep.equal(SERVE);
    expect(parseArguments(['--config_path=a.conf'])).to.deep.equal(SERVE);
  });

  it('may ask to check the configuration instead', () => {
    expect(parseArguments(['--check', '--config_path', 'a.conf']).action).to.equal('check');
  });

  it('may carry what an operator decided', () => {
    const argv = ['--config_path', 'a.conf', '--set_aside', '--force_view', '[::1]:8002', '--yes'];
    expect(parseArguments(argv)).to.deep.equal({
      ...SERVE,
      setAside: true,
      forceView: { host: '::1', port: 8002 },
      yes: true,
    });
  });

  it('may ask for a log', () => {
    const expected = { action: 'dumpLog', folder: 'd', json: true };
    expect(parseArguments(['--json', '--dump_log', 'd'])).to.deep.equal(expected);
  });

  it('prefers help and version to everything else', () => {
    expect(parseArguments(['--help', '--config_path', 'x'])).to.deep.equal({ action: 'help' });
    expect(parseArguments(['--version'])).to.deep.equal({ action: 'version' });
  });

  const refused: [string[], string][] = [
    [[], '--config_path FILE is missing; see --help'],
    [['--config_path'], '--config_path needs FILE after it'],
    [['--config_path', ''], '--config_path needs FILE after it'],
    [['--config_path='], '--config_path needs FILE after it'],
    [['--config-path', 'x'], 'unknown argument `--config-path`; did you mean --config_path?'],
    [['--chek'], 'unknown argument `--chek`; did you mean --check?'],
    [['a.conf'], 'unknown argument `a.conf`; see --help'],
    [['-h'], 'unknown argument `-h`; see --help'],
    [['--check=yes', '--config_path', 'x'], '--check takes no value'],
    [['--config_path', 'x', '--config_path', 'y'], '--config_path is given twice'],
    [['--config_path', 'x', '--json'], '--json goes with --dump_log only'],
    [['--json'], '--json goes with --dump_log only'],
    [['--config_path', 'x', '--yes'], '--yes goes with --set_aside or --force_view only'],
    [['--dump_log', 'd', '--config_path', 'x'], '--config_path does not go with --dump_log'],
    [
      ['--config_path', 'x', '--force_view', 'nowhere'],
      '--force_view: `nowhere` is not of the form HOST:PORT',
    ],
  ];
  for (const [argv, message] of refused) {
    it(`refuses \`${argv.join(' ')}\``, () => {
      expect(() => parseArguments(argv)).to.throw(UsageError, message);
    });
  }

  it('explains every argument it knows', () => {
    const help = helpText(['GET key  Get a value']);
    for (const flag of [
      '--config_path FILE',
      '--check',
      '--dump_log DIR',
      '--force_view HOST:PORT',
    ]) {
      expect(help).to.include(flag);
    }
    expect(help).to.include('\n  GET key  Get a value\n');
    for (const line of help.split('\n')) expect(line.length).to.be.at.most(100);
  });
});
