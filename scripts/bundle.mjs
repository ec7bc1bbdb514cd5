// One program out of the compiled modules: a start then loads some twenty files instead of three
// hundred. See docs/decisions/0018. Processes may be starting from this folder just now, so the name
// of a part tells its content, the entrance is replaced last and by renaming, and the parts of the
// build before stay until the next one.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist', 'program');
/** The files of the newest build. */
const LIST = join(folder, 'files.json');

const { output } = await build({
  cwd: root,
  input: 'dist/src/main.js',
  platform: 'node',
  // It finds its binary beside itself.
  external: ['fs-native-extensions'],
  // Nobody reads the warnings of a build that went well.
  onLog(level, { message }) {
    if (level === 'warn') throw new Error(message);
  },
  write: false,
  output: { dir: folder, chunkFileNames: '[name]-[hash].js' },
});

mkdirSync(folder, { recursive: true });
const before = existsSync(LIST) ? JSON.parse(readFileSync(LIST, 'utf8')) : [];
for (const { fileName, code, isEntry } of output) if (!isEntry) write(fileName, code);
for (const { fileName, code, isEntry } of output) if (isEntry) write(fileName, code);
const names = output.map(({ fileName }) => fileName);
const kept = new Set([...before, ...names, basename(LIST)]);
for (const name of readdirSync(folder)) {
  if (/\.js(?:on)?$/.test(name) && !kept.has(name)) rmSync(join(folder, name), { force: true });
}
write(basename(LIST), JSON.stringify(names));

function write(name, content) {
  const file = join(folder, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === content) return;
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, content);
  renameSync(fresh, file);
}
