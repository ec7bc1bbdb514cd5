/** Bytes of clients to requests, and replies to bytes. */
import { ReplyWriter } from '../../src/resp/encode.js';
import { DEFAULT_SESSION_LIMITS, readerLimits } from '../../src/resp/limits.js';
import { bulk, OK } from '../../src/resp/replies.js';
import { RequestReader } from '../../src/resp/request-reader.js';
import { request } from '../../tests/helpers/one-shot.js';
import { Keys, type MicroTask, VALUE } from './micro-task.js';

const PIPELINE = 16;

function parsing(name: string, chunk: Buffer, commands: number): MicroTask {
  const reader = new RequestReader(readerLimits(DEFAULT_SESSION_LIMITS));
  return {
    name,
    commands,
    run: () => {
      reader.push(chunk);
      while (reader.next() !== null);
    },
  };
}

function encoding(name: string, reply: Parameters<ReplyWriter['write']>[0]): MicroTask {
  const writer = new ReplyWriter();
  return {
    name,
    commands: PIPELINE,
    run: () => {
      for (let count = 0; count < PIPELINE; count += 1) writer.write(reply, 2);
      writer.take();
    },
  };
}

function requests(count: number, make: (key: string) => Buffer): Buffer {
  const keys = new Keys();
  return Buffer.concat(Array.from({ length: count }, () => make(keys.next())));
}

export function protocolTasks(): MicroTask[] {
  const set = (key: string): Buffer => request('SET', key, VALUE);
  const get = (key: string): Buffer => request('GET', key);
  return [
    parsing('parse a SET', requests(1, set), 1),
    parsing('parse SETs, 16 in a chunk', requests(PIPELINE, set), PIPELINE),
    parsing('parse GETs, 16 in a chunk', requests(PIPELINE, get), PIPELINE),
    encoding('encode OK, 16 in a write', OK),
    encoding('encode a value, 16 in a write', bulk(VALUE)),
  ];
}
