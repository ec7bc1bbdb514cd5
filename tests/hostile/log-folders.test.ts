/**
 * Damaged data folders: a start either refuses with a name, or finds what was there. It may find
 * less only where nothing in the folder proves that there was more, and of what is half there only
 * the last flush may go, which the outcome then tells. After it, the folder takes new records.
 */
import { expect } from 'chai';
import { Prng } from '../../src/base/prng.js';
import { openFolder } from '../../src/wal/folder.js';
import { DiskError } from '../../src/ports/disk.js';
import { SEGMENT_HEADER_BYTES } from '../../src/wal/format.js';
import type { MemoryDisk } from '../helpers/memory-disk.js';
import { epoch } from '../unit/wal/records.js';
import { fuzz, pick } from './fuzz.js';
import { DAMAGES } from './log-damage.js';
import {
  coordinatorStory,
  diskOf,
  type Files,
  type Found,
  isNamed,
  optionsOf,
  participantStory,
  recover,
  type Role,
  type Story,
} from './log-story.js';

const STORE = '5'.repeat(32);
const OTHER_STORE = '6'.repeat(32);
const STORIES = 5;
/** Beyond all that a story promises. */
const NEXT_EPOCH = 1_000_000;

/** The newest point of the story that the found state can be; -1: no such state ever was. */
function pointOf(story: Story, found: Found): number {
  return story.points.findLastIndex(
    (point) =>
      point.state === found.state && point.epoch <= found.epoch && point.view <= found.view,
  );
}

/** The same where a torn flush left its first records: the point before that flush. */
async function pointBeforeTear(story: Story, found: Found): Promise<number> {
  const { tail } = found.outcome;
  if (tail === null) return -1;
  const { file, offset } = tail;
  for (let point = story.points.length - 1; point > 0; point -= 1) {
    const folder = story.folders[point];
    const bytes = folder?.get(file);
    const before = story.folders[point - 1]?.get(file)?.length ?? 0;
    if (folder === undefined || bytes === undefined) continue;
    if (bytes.length <= offset || before >= offset) continue;
    const files: Files = new Map([...folder, [file, bytes.subarray(0, offset)]]);
    const cut = await recover(story.role, diskOf(files));
    if (cut.state === found.state) return point - 1;
  }
  return -1;
}

/** Whether a flush behind what was found, and behind the one that follows it, is there. */
function provesMore(story: Story, files: Files, found: Found, point: number): boolean {
  const { tail } = found.outcome;
  // The flush in which the tail begins may have lost its end; a header and the first flush are one.
  const from = Math.max(tail?.offset ?? 0, SEGMENT_HEADER_BYTES);
  return story.heads.some(({ file, offset, bytes, point: of }) => {
    const isBehind =
      tail === null ? of > point : file > tail.file || (file === tail.file && offset > from);
    return (
      isBehind &&
      files
        .get(file)
        ?.subarray(offset, offset + bytes.length)
        .equals(bytes) === true
    );
  });
}

/** Bytes of the flush that follows this point. */
function holdsSomeOf(story: Story, files: Files, point: number): boolean {
  return story.heads.some(
    ({ file, offset, point: of }) => of === point + 1 && (files.get(file)?.length ?? 0) > offset,
  );
}

/** A whole snapshot stands where another one belongs. */
function hasMovedSnapshot(stories: readonly Story[], files: Files): boolean {
  const [story] = stories;
  const sound = stories.flatMap(({ folders }) => folders.flatMap((folder) => [...folder]));
  return [...files].some(([name, bytes]) => {
    if (!name.startsWith('snapshot-')) return false;
    if (story?.folders.at(-1)?.get(name)?.equals(bytes) === true) return false;
    return sound.some(([other, own]) => other.startsWith('snapshot-') && own.equals(bytes));
  });
}

async function judge(story: Story, foreign: Story, files: Files, found: Found): Promise<void> {
  const { outcome } = found;
  if (outcome.installing) return; // It says that it holds nothing.
  if (hasMovedSnapshot([story, foreign], files)) {
    // Which position it is at, other processes compare; what stands there must be true.
    const claims = [...story.points, ...foreign.points].map(({ claim }) => claim);
    expect(claims, 'a position with another content').to.include(found.claim);
    return;
  }
  const whole = pointOf(story, found);
  const point = whole >= 0 ? whole : await pointBeforeTear(story, found);
  expect(point, `a state that never was: ${JSON.stringify(found)}`).to.be.at.least(0);
  const last = story.points.length - 1;
  if (point === last) return;
  const lost = `of ${last} points ${last - point} are lost`;
  expect(provesMore(story, files, found, point), `${lost}, and later ones are there`).to.equal(
    false,
  );
  if (holdsSomeOf(story, files, point)) {
    expect(outcome.tail, `${lost}, without a word`).not.to.equal(null);
  }
}

/** A start that changes the folder, one more promise, and what is found after that. */
async function startAndGoOn(role: Role, disk: MemoryDisk): Promise<Found> {
  const opened = await openFolder(disk, optionsOf(role, STORE));
  await opened.replay({ onSnapshot: () => undefined, onRecord: () => undefined });
  const log = await opened.start();
  log.append(epoch(NEXT_EPOCH));
  await log.flush();
  await log.close();
  disk.crash('none');
  return recover(role, disk);
}

async function play(prng: Prng, story: Story, foreign: Story): Promise<string> {
  const files: Files = new Map(story.folders.at(-1));
  for (let i = prng.chance(0.7) ? 1 : 2; i > 0 && files.size > 0; i -= 1) {
    pick(prng, DAMAGES)(prng, files, story, foreign);
  }
  const disk = diskOf(files);
  let found: Found;
  try {
    found = await recover(story.role, disk);
  } catch (error) {
    if (!isNamed(error)) throw error;
    expect(String(error), 'a sentence').to.match(/: .{10,}/);
    return 'refused';
  }
  if (files.size === 0 || found.outcome.segments === 0) {
    expect([...files.keys()].some((name) => name.endsWith('.log'))).to.equal(false);
    return 'new';
  }
  await judge(story, foreign, files, found);
  let after: Found;
  try {
    after = await startAndGoOn(story.role, disk);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return 'refused';
  }
  expect(after.state, 'a start changes nothing that was found').to.equal(found.kept);
  expect(after.epoch).to.equal(NEXT_EPOCH);
  expect(after.outcome.tail, 'a tail is cut once').to.equal(null);
  return pointOf(story, found) === story.points.length - 1 ? 'whole' : 'shorter';
}

describe('hostile data folders', function () {
  this.timeout(60_000);

  const roles = [
    ['participant', participantStory],
    ['coordinator', coordinatorStory],
  ] as const;
  for (const [role, tell] of roles) {
    it(`of a ${role} are refused by name or hold what they prove`, async () => {
      const stories: Story[] = [];
      for (let seed = 1; seed <= STORIES; seed += 1) {
        stories.push(await tell(new Prng(seed), STORE));
      }
      const foreign = await tell(new Prng(99), OTHER_STORE);
      const outcomes = new Map<string, number>();
      await fuzz(250, async (prng) => {
        const outcome = await play(prng, pick(prng, stories), foreign);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      });
      expect([...outcomes.keys()], 'all ends are tried').to.include.members([
        ...(process.env['FUZZ_COUNT'] === undefined ? ['refused', 'whole', 'shorter'] : []),
      ]);
    });
  }
});
