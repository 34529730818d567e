#!/usr/bin/env node
import { flushed, nodeIo, reportDefects } from './node-io.ts';
import { runCli } from './run.ts';

reportDefects();
const code = await runCli(process.argv.slice(2), nodeIo());
await flushed();
process.exit(code);
