// One program out of the compiled modules: a start then loads some twenty files instead of three
// hundred. See docs/decisions/0018. A file that stays as it is is left alone, and a changed one is
// replaced by renaming: processes may be starting from this folder just now.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist', 'program');

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
  output: { dir: folder, chunkFileNames: '[name].js' },
});

mkdirSync(folder, { recursive: true });
for (const { fileName, code } of output) {
  const file = join(folder, fileName);
  if (existsSync(file) && readFileSync(file, 'utf8') === code) continue;
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, code);
  renameSync(fresh, file);
}
const names = new Set(output.map(({ fileName }) => fileName));
for (const name of readdirSync(folder)) {
  if (!names.has(name)) rmSync(join(folder, name), { force: true });
}
