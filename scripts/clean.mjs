import { rmSync } from 'node:fs';

// A build never mixes with the last one: files of modules that are gone would be shipped.
for (const directory of process.argv.slice(2)) rmSync(directory, { recursive: true, force: true });
