#!/usr/bin/env node
import { flushed, nodeIo, reportDefects } from './node-io.ts';
import { runCli } from './run.ts';

reportDefects();
const code = await runCli(process.argv.slice(2), nodeIo());
const isWritten = await flushed();
process.exit(isWritten || code !== 0 ? code : 1); // 1, for a program that reads it has nothing
