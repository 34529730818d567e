import { expect, test } from 'vitest';
import type { ConsoleMessage, ConsoleReading } from '../virt/index.ts';
import { FollowedLog } from './console.ts';

/** A platform that keeps messages and answers requests for them. */
class Platform {
  messages: ConsoleMessage[] = [];
  isRunning = true;
  readonly asked: (number | undefined)[] = [];

  print(...texts: readonly string[]): void {
    for (const text of texts) {
      const sequenceNumber = (this.messages.at(-1)?.sequenceNumber ?? 0) + 1;
      this.messages.push({
        sequenceNumber,
        timestamp: this.start + sequenceNumber,
        text,
        isPriority: false,
        isHeld: false,
      });
    }
  }

  /** A new start of the guest: the numbers begin anew. */
  start = 0;
  restart(): void {
    this.start += 1_000_000;
    this.messages = [];
  }

  readonly read = async (begin: number | undefined): Promise<ConsoleReading> => {
    this.asked.push(begin);
    if (!this.isRunning) return { kind: 'unavailable', reason: 'its partition has the status "stopped"' };
    return { kind: 'messages', messages: this.messages.filter((each) => each.sequenceNumber >= (begin ?? 0)) };
  };
}

async function newTexts(log: FollowedLog, platform: Platform): Promise<readonly string[] | string> {
  const reading = await log.readNew(platform.read);
  return reading.kind === 'messages' ? reading.messages.map(({ text }) => text) : reading.reason;
}

test('each message is given once, and later requests ask only for what follows the last one', async () => {
  const [log, platform] = [new FollowedLog(), new Platform()];
  platform.print('a', 'b');

  expect(await newTexts(log, platform)).toEqual(['a', 'b']);
  expect(await newTexts(log, platform)).toEqual([]);
  platform.print('b', 'c'); // a text may repeat
  expect(await newTexts(log, platform)).toEqual(['b', 'c']);

  expect(platform.asked).toEqual([undefined, 2, 2]);
});

test('after a new start of the guest nothing is missed, however many messages it has printed', async () => {
  for (const printed of [1, 2, 5]) {
    const [log, platform] = [new FollowedLog(), new Platform()];
    platform.print('a', 'b');
    await newTexts(log, platform);
    platform.restart();
    const texts = Array.from({ length: printed }, (_, index) => `line ${index}`);
    platform.print(...texts);

    expect(await newTexts(log, platform)).toEqual(texts);
    expect(await newTexts(log, platform)).toEqual([]);
  }
});

test('while the guest is stopped there is nothing, and then everything of its next start', async () => {
  const [log, platform] = [new FollowedLog(), new Platform()];
  platform.print('a');
  await newTexts(log, platform);
  platform.isRunning = false;
  expect(await newTexts(log, platform)).toMatch(/stopped/);

  platform.isRunning = true;
  platform.restart();
  platform.print('b');

  expect(await newTexts(log, platform)).toEqual(['b']);
});

test('messages that the platform dropped before they were read are counted, and the others are given', async () => {
  const [log, platform] = [new FollowedLog(), new Platform()];
  platform.print('a');
  await newTexts(log, platform);
  platform.print('b', 'c', 'd', 'e');
  platform.messages.splice(0, 3); // a, b and c

  expect(await log.readNew(platform.read)).toMatchObject({ dropped: 2, messages: [{ text: 'd' }, { text: 'e' }] });
});

test('a message that an operator deletes is no reason to give others again', async () => {
  const [log, platform] = [new FollowedLog(), new Platform()];
  platform.print('a', 'b', 'c');
  await newTexts(log, platform);
  platform.messages.pop(); // the last known one
  expect(await newTexts(log, platform)).toEqual([]);

  platform.messages.push({ sequenceNumber: 4, timestamp: 4, text: 'd', isPriority: false, isHeld: false });

  expect(await newTexts(log, platform)).toEqual(['d']);
});
