/**
 * Arguments longer than the longest text of the engine, which the default limit of a value allows:
 * whoever makes a text of one before it has looked at its size ends the process.
 */
import { constants } from 'node:buffer';
import { expect } from 'chai';
import { KeptArguments } from '../../../src/resp/arguments.js';
import { ClientState } from '../../../src/resp/client-state.js';
import { commandOf, dispatch } from '../../../src/resp/dispatch.js';
import { DEFAULT_SESSION_LIMITS } from '../../../src/resp/limits.js';
import { registry } from '../../../src/resp/registry.js';
import { QUIET_ENVIRONMENT } from '../../helpers/quiet-environment.js';

/** Never touched, so it takes no memory. */
const HUGE = Buffer.allocUnsafeSlow(constants.MAX_STRING_LENGTH + 1);

const ENVIRONMENT = { ...QUIET_ENVIRONMENT, requirepass: 'secret' };

function outcomeOf(words: readonly (string | typeof HUGE)[]): string {
  const facts = { id: 1, remoteAddress: '', localAddress: '' };
  const client = new ClientState(facts, ENVIRONMENT.requirepass);
  client.authenticate('default', 'secret');
  const args = new KeptArguments(
    words.map((word) => (typeof word === 'string' ? Buffer.from(word) : word)),
  );
  const request = { type: 'request', args, bytes: 0, excess: null } as const;
  const found = commandOf(request);
  return dispatch(request, found, client, ENVIRONMENT, 'redis').type;
}

describe('arguments that no text can hold', () => {
  it('are of a size that a client may send', () => {
    expect(HUGE.length).to.be.below(DEFAULT_SESSION_LIMITS.maxValueBytes);
  });

  for (const command of registry.commands) {
    const names = command.subcommands.map((sub) => [command.name, sub.name]);
    for (const name of [[command.name], ...names]) {
      it(name.join(' ').toUpperCase(), () => {
        for (let before = 0; before < 3; before += 1) {
          const words = [...name, ...['3', 'auth', 'default'].slice(0, before), HUGE, HUGE];
          expect(outcomeOf(words)).to.match(/^(reply|store|quit|silence)$/);
          expect(outcomeOf(words.slice(0, -1))).to.match(/^(reply|store|quit|silence)$/);
        }
      });
    }
  }

  it('as the name of a command', () => {
    expect(outcomeOf([HUGE])).to.equal('reply');
  });
});
