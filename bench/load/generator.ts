/**
 * The load generator's process: one run after the other, as its parent asks. It stays the same
 * process for both sides of a comparison, so that its code is equally warm.
 */
import { runClosedLoop } from './closed-loop.js';
import type { LoadReport, LoadSpec } from './load-spec.js';
import { Meter } from './meter.js';
import { runOpenLoop } from './open-loop.js';

export type ToGenerator =
  | { readonly type: 'run'; readonly spec: LoadSpec }
  /** Ends the run that is under way. */
  | { readonly type: 'stop' };

export type FromGenerator =
  | { readonly type: 'report'; readonly report: LoadReport }
  | { readonly type: 'failed'; readonly text: string };

let current: Meter | null = null;

async function answerTo(spec: LoadSpec): Promise<FromGenerator> {
  const meter = new Meter(spec);
  current = meter;
  try {
    if (spec.rate === null) await runClosedLoop(spec, meter);
    else await runOpenLoop(spec, spec.rate, meter);
    return { type: 'report', report: meter.report() };
  } catch (error) {
    return { type: 'failed', text: String(error) };
  }
}

process.on('message', (message: ToGenerator) => {
  if (message.type === 'stop') {
    current?.stop();
    return;
  }
  answerTo(message.spec).then(
    (answer) => process.send?.(answer),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.exit(0));
