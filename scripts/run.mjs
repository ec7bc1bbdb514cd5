// `make run`: all processes of conf/ in this terminal.
import { runAll } from '../dist/src/io/run-all.js';

process.exit(await runAll());
