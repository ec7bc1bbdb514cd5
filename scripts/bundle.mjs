// One program out of the compiled modules: a start then loads some twenty files instead of three
// hundred. See docs/decisions/0018.
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

await build({
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  input: 'dist/src/main.js',
  platform: 'node',
  // It finds its binary beside itself.
  external: ['fs-native-extensions'],
  // Nobody reads the warnings of a build that went well.
  onLog(level, { message }) {
    if (level === 'warn') throw new Error(message);
  },
  output: { dir: 'dist/program', cleanDir: true, chunkFileNames: '[name].js' },
});
