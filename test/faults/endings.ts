import type { Ending } from './judge.ts';
import type { Nature, Place } from './natures.ts';

const letters: Readonly<Record<string, Ending>> = {
  A: 'absorbed',
  R: 'rolled back',
  S: 'stuck',
  W: 'waiting',
  U: 'unfinished',
};

/** No row is known to come here. */
const NONE = '-';

const columns = ['aside', 'before', 'begin', 'there', 'both', 'past', 'back', 'power', 'verb', 'alone'] as const;

/**
 * How a row has to end: what goes wrong (and, where that matters, at what kind of request), how often, and at which of the
 * places. A line with a request counts for its cells alone; for the others, the line without one does.
 *
 * - Two letters: which it is depends on how much had been done, or on which of several requests of that kind it is.
 * - Small letters: only larger samples come here (`FAULT_MATRIX=full`, another seed).
 * - What is late, or stalls, ends with short deadlines of ours: on a busy machine other deadlines may pass first.
 *
 * What users can expect, in short: what passes once is absorbed. A definite refusal is rolled back before the point of no
 * return, and tried again past it. What lasts is stuck, past that point or on the way back; but where a peer gives no
 * usable answer, the flow waits for it.
 */
const table = `
Add Zones fails                           for good -      -      -      R      -      -      -      -      -      -
Add Zones fails                           once     -      -      -      A      -      -      -      -      -      -
Add Zones fails: Cinder map of old        once     -      -      -      R      -      -      -      -      -      -
Map Volume fails                          for good -      -      -      S      -      -      -      -      -      -
Map Volume fails: Cinder map of old       for good -      -      -      RS     -      -      -      -      -      -
Map Volume fails                          once     -      -      -      A      -      -      -      -      -      -
Map Volume fails: Cinder map of old       once     -      -      -      R      -      -      -      -      -      -
Remove Zones fails                        for good -      -      -      -      -      S      S      -      -      -
Remove Zones fails                        once     -      -      -      A      -      A      R      -      -      -
Unmap Volume fails                        for good -      -      -      -      -      S      S      -      -      -
Unmap Volume fails                        once     -      -      -      A      -      A      R      -      -      -
answer lost                               for good A      r      r      R      W      W      W      R      R      ru
answer lost: Cinder change                for good -      -      -      -      -      A      RW     -      -      -
answer lost: Cinder create                for good -      -      -      A      -      -      -      -      -      -
answer lost: Cinder status                for good -      -      -      A      -      -      -      -      -      -
answer lost: Cinder unmap                 for good -      -      -      AR     -      -      -      -      -      -
answer lost: change                       for good -      -      -      AR     -      A      R      -      -      -
answer lost: job                          for good -      -      -      A      -      A      -      A      -      -
answer lost                               once     A      A      A      A      -      A      R      A      A      A
answer lost: Cinder map of old            once     -      -      -      R      -      -      -      -      -      -
answer lost, and the look for it refused  for good -      -      -      r      S      -      -      -      -      -
array-outage                              once     -      -      -      AR     -      a      -      ar     ar     ar
busy for long, 429                        once     a      A      a      A      -      A      R      a      a      a
busy for long, 503                        once     A      R      R      R      -      A      R      R      RU     ar
busy for long, 503: entry                 once     -      -      a      AR     -      -      -      A      A      -
busy for long, 503: poll                  once     -      -      -      A      -      -      -      A      A      -
busy, 409                                 for good A      r      r      R      S      S      S      R      ru     ru
busy, 409: entry                          for good -      -      -      -      RS     -      -      -      -      -
busy, 409                                 once     A      A      A      A      -      A      R      A      A      A
busy, 413                                 for good a      R      r      R      S      s      S      r      ru     ru
busy, 413                                 once     a      R      r      R      -      A      R      r      ru     ar
busy, 429                                 for good a      R      r      R      S      S      S      r      ru     ru
busy, 429                                 once     a      A      a      A      -      A      R      a      a      a
busy, 503                                 for good A      r      r      R      W      W      W      R      r      ru
busy, 503: Cinder change                  for good -      -      -      -      -      -      RW     -      -      -
busy, 503: entry                          for good -      -      -      -      rw     -      -      -      -      -
busy, 503                                 once     A      A      A      A      -      A      R      A      A      a
busy, 503: Cinder create                  once     -      -      -      R      -      -      -      -      -      -
busy, 503: Cinder map of old              once     -      -      -      R      -      -      -      -      -      -
busy, 503: Cinder status                  once     -      -      -      R      -      -      -      -      -      -
cancel                                    once     -      -      W      R      -      W      -      -      ARU    AR
cancel: act                               once     -      -      R      -      -      -      -      -      -      -
cancel: last step                         once     -      -      -      A      -      AW     -      -      -      -
denied                                    for good A      r      r      R      s      S      S      r      ru     ru
denied                                    once     A      -      -      -      -      A      R      -      A      r
ends degraded                             for good -      -      -      A      -      a      r      a      a      -
ends degraded                             once     -      -      -      a      -      a      r      a      A      -
ends paused                               for good -      -      -      R      s      s      s      r      ru     -
ends paused                               once     -      -      -      ar     s      A      r      ar     A      -
ends reservation-error                    for good -      -      -      R      s      s      s      r      ru     -
ends reservation-error                    once     -      -      -      ar     s      a      r      r      U      -
ends stalled                              once     -      -      -      Sarw   arsw   Arsw   arsw   Ra     Uar    aru
ends terminated                           for good -      -      -      r      s      S      s      r      ru     -
ends terminated                           once     -      -      -      A      s      a      r      AR     AU     -
html                                      for good A      R      r      R      W      W      W      R      ru     ru
html: Cinder create                       for good -      -      -      A      -      -      -      -      -      -
html: Cinder status                       for good -      -      -      A      -      -      -      -      -      -
html: Cinder unmap                        for good -      -      -      AR     -      -      -      -      -      -
html: change                              for good -      -      -      AR     RW     A      R      -      -      -
html: entry                               for good -      -      -      -      RW     -      -      -      -      -
html: job                                 for good -      -      -      A      -      -      -      -      -      -
html                                      once     A      a      A      A      -      A      R      A      A      a
html: Cinder map of old                   once     -      -      -      R      -      -      -      -      -      -
job canceled                              for good -      -      -      R      s      S      s      r      ru     -
job canceled                              once     -      -      -      R      s      a      r      R      RU     -
job canceled, done                        for good -      -      -      a      -      A      r      A      a      -
job canceled, done                        once     -      -      -      A      -      a      r      A      A      -
job failed                                for good -      -      -      r      s      S      s      R      ru     -
job failed                                once     -      -      -      ar     s      a      r      R      U      -
job failed, done                          for good -      -      -      A      -      a      r      a      a      -
job failed, done                          once     -      -      -      a      -      A      r      A      A      -
job lost                                  for good -      -      -      r      s      S      s      r      U      -
job lost                                  once     -      -      -      ar     s      a      r      r      RU     -
job lost, done                            for good -      -      -      a      -      A      r      a      a      -
job lost, done                            once     -      -      -      A      -      a      r      A      A      -
late                                      once     Ar     A      a      Arsw   arsw   Arsw   Rasw   Ar     Aru    aru
logon, in time                            once     A      A      A      A      -      A      R      A      A      a
logon, not answered                       once     a      R      r      w      W      w      W      r      ru     ru
logon, refused                            once     A      r      r      S      s      S      S      R      RU     ru
logon, refused: entry                     once     -      -      -      RS     -      -      -      -      -      -
logon, refused: read                      once     -      -      -      RS     -      -      -      -      -      -
malformed                                 for good A      R      r      R      S      A      S      R      ru     ru
malformed: Cinder change                  for good -      -      -      A      -      -      R      -      -      -
malformed: Cinder status                  for good -      -      -      A      -      -      -      -      -      -
malformed: Cinder unmap                   for good -      -      -      -      -      -      R      -      -      -
malformed: change                         for good -      -      -      A      w      -      -      -      -      -
malformed: entry                          for good -      -      -      -      -      s      -      -      -      -
malformed: job                            for good -      -      -      A      -      -      -      A      -      -
malformed: read                           for good -      -      -      -      w      w      -      -      -      -
malformed: repeat                         for good -      -      -      A      -      -      -      -      -      -
malformed                                 once     A      Ar     A      A      -      A      R      A      AR     AR
malformed: Cinder map                     once     -      -      -      R      -      -      -      -      -      -
malformed: Cinder map of old              once     -      -      -      R      -      -      -      -      -      -
malformed: Cinder read                    once     -      -      -      R      -      -      -      -      -      -
malformed: entry                          once     -      -      r      AR     -      -      -      R      RU     -
no answer until the deadline              for good Aru    Rau    aru    Rasw   Wars   Wars   arsw   aru    aru    aru
no answer until the deadline: poll        for good -      -      -      -      -      A      -      -      -      -
refuse-connection                         for good A      R      r      R      W      W      W      R      ru     ru
refuse-connection: Cinder change          for good -      -      -      -      -      -      RW     -      -      -
refuse-connection                         once     A      A      A      A      -      A      R      A      A      A
refuse-connection: Cinder map of old      once     -      -      -      R      -      -      -      -      -      -
refused, 400                              for good A      R      R      R      S      S      S      R      R      ru
refused, 400: Cinder change               for good -      -      -      -      -      -      RS     -      -      -
refused, 400: entry                       for good -      -      -      -      -      -      -      A      -      -
refused, 400: job                         for good -      -      -      -      -      -      -      -      RU     -
refused, 400: poll                        for good -      -      -      -      Rs     A      -      -      -      -
refused, 400: read                        for good -      -      -      -      -      -      -      AR     RU     -
refused, 400: repeat                      for good -      -      -      Ar     -      A      -      -      -      -
refused, 400: bulk                        for good -      -      -      -      -      -      -      A      -      -
refused, 400                              once     A      R      R      R      -      A      R      A      RU     AR
refused, 400: Cinder read                 once     -      -      -      AR     -      -      -      -      -      -
refused, 400: bulk                        once     -      -      -      -      -      -      -      -      RU     -
refused, 400: entry                       once     -      -      -      AR     -      -      -      -      A      -
refused, 400: job                         once     -      -      -      -      -      -      -      R      RU     -
refused, 400: poll                        once     -      -      -      -      -      -      -      R      -      -
refused, 400: read                        once     -      -      -      -      -      -      -      AR     RU     -
refused, 403                              for good A      r      R      R      S      S      S      R      ru     ru
refused, 403: bulk                        for good -      -      -      -      -      -      -      A      -      -
refused, 403: entry                       for good -      -      -      -      -      -      -      A      -      -
refused, 403: poll                        for good -      -      -      -      rs     -      -      -      -      -
refused, 403                              once     A      R      r      R      -      A      R      R      U      ar
refused, 403: bulk                        once     -      -      -      -      -      -      -      -      R      -
refused, 403: change                      once     -      -      -      -      -      -      -      -      RU     -
refused, 403: entry                       once     -      -      a      AR     -      -      -      A      A      -
refused, 403: job                         once     -      -      -      -      -      -      -      -      RU     -
refused, 403: read                        once     -      -      -      -      -      -      -      -      RU     -
refused, 404                              for good A      R      a      R      S      S      S      R      ru     ru
refused, 404: Cinder read                 for good -      A      -      -      -      A      R      -      -      -
refused, 404: bulk                        for good -      -      -      A      -      -      R      A      -      -
refused, 404: entry                       for good -      -      -      AR     rs     -      -      A      -      -
refused, 404: poll                        for good -      -      -      A      rs     A      -      A      -      -
refused, 404: read                        for good -      -      R      -      -      -      -      -      -      -
refused, 404: trial                       for good -      -      -      a      -      -      -      -      -      -
refused, 404: change                      for good -      -      -      -      -      a      -      -      -      -
refused, 404                              once     A      AR     a      A      -      A      R      A      A      AR
refused, 404: Cinder change               once     -      -      -      R      -      -      -      -      -      -
refused, 404: Cinder map                  once     -      -      -      R      -      -      -      -      -      -
refused, 404: Cinder read                 once     -      -      -      AR     -      -      -      -      -      -
refused, 404: change                      once     -      -      -      AR     -      -      -      -      RU     -
refused, 404: job                         once     -      -      -      -      -      -      -      R      RU     -
refused, 404: read                        once     -      -      -      AR     -      -      -      AR     ARU    -
refused, 409                              for good A      r      r      R      S      S      S      A      ru     ru
refused, 409: Cinder change               for good -      -      -      -      -      -      RS     -      -      -
refused, 409: job                         for good -      -      -      -      -      -      -      R      -      -
refused, 409: read                        for good -      -      -      -      -      -      -      AR     -      -
refused, 409                              once     A      R      R      R      -      A      R      A      A      ar
refused, 409: bulk                        once     -      -      -      -      -      -      -      -      RU     -
refused, 409: change                      once     -      -      -      -      -      -      -      -      RU     -
refused, 409: entry                       once     -      -      a      AR     -      -      -      -      -      -
refused, 409: job                         once     -      -      -      -      -      -      -      R      U      -
refused, 409: poll                        once     -      -      -      A      -      -      -      -      -      -
refused, 409: read                        once     -      -      -      -      -      -      -      AR     RU     -
refused, 409: repeat                      once     -      -      -      -      -      -      -      -      U      -
refused, 500                              for good A      R      r      R      RS     A      S      R      ru     ru
refused, 500: Cinder unmap                for good -      -      -      -      -      S      -      -      -      -
refused, 500: change                      for good -      -      -      AR     -      -      R      -      -      -
refused, 500: job                         for good -      -      -      A      -      -      -      A      -      -
refused, 500: read                        for good -      -      -      -      -      s      -      -      -      -
refused, 500                              once     A      R      A      A      -      A      R      A      A      A
refused, 500: Cinder create               once     -      -      -      R      -      -      -      -      -      -
refused, 500: Cinder map of old           once     -      -      -      R      -      -      -      -      -      -
refused, 500: Cinder read                 once     -      -      -      R      -      -      -      -      -      -
refused, 500: Cinder status               once     -      -      -      R      -      -      -      -      -      -
refused, 500: read                        once     -      A      -      -      -      -      -      -      -      -
request lost                              for good A      R      r      R      W      W      W      R      ru     ru
request lost: Cinder change               for good -      -      -      -      -      -      RW     -      -      -
request lost                              once     A      A      A      A      -      A      R      A      A      A
request lost: Cinder map of old           once     -      -      -      R      -      -      -      -      -      -
restart                                   for good AR     R      r      R      W      W      W      R      ru     ru
restart: Cinder change                    for good -      -      -      -      -      -      RW     -      -      -
restart: job                              for good -      -      -      -      -      S      -      -      -      -
restart                                   once     A      A      A      A      -      A      R      A      A      a
restart: Cinder map of old                once     -      -      -      R      -      -      -      -      -      -
restart: Cinder status                    once     -      -      -      AR     -      -      -      -      -      -
session-lost                              for good Ar     R      r      R      S      S      S      A      ru     ru
session-lost: change                      for good R      -      -      -      -      -      -      -      -      -
session-lost: job                         for good -      -      -      -      -      -      -      R      -      -
session-lost                              once     A      A      A      A      -      A      R      A      A      A
throw                                     once     -      -      S      R      -      S      R      -      RU     R
throw: act                                once     -      -      R      -      -      A      -      -      -      -
truncate                                  for good A      R      r      A      W      W      W      R      ru     ru
truncate: Cinder change                   for good -      -      -      -      -      A      R      -      -      -
truncate: Cinder map                      for good -      -      -      R      -      -      -      -      -      -
truncate: Cinder unmap                    for good -      -      -      -      -      AW     RW     -      -      -
truncate: bulk                            for good -      -      -      R      -      -      -      -      -      -
truncate: change                          for good -      -      -      AR     -      A      R      -      -      -
truncate: entry                           for good -      -      -      R      -      -      -      -      -      -
truncate: job                             for good -      -      -      -      -      A      -      A      -      -
truncate: trial                           for good -      -      -      R      -      -      -      -      -      -
truncate: read                            for good -      -      -      r      -      -      -      -      -      -
truncate                                  once     A      A      A      A      -      A      R      A      A      A
truncate: Cinder map of old               once     -      -      -      R      -      -      -      -      -      -
volume stuck                              for good -      -      -      R      -      -      -      -      -      -
volume stuck                              once     -      -      -      R      -      A      R      -      -      -
wrong-schema                              for good A      R      r      AR     S      S      S      R      ru     ru
wrong-schema: Cinder change               for good -      -      -      -      -      -      R      -      -      -
wrong-schema: Cinder map of old           for good -      -      -      R      -      -      -      -      -      -
wrong-schema: Cinder unmap                for good -      -      -      -      -      A      -      -      -      -
wrong-schema: bulk                        for good -      -      -      R      -      -      -      -      -      -
wrong-schema: change                      for good -      -      -      -      -      a      R      -      -      -
wrong-schema: entry                       for good -      -      -      R      -      -      -      -      -      -
wrong-schema: job                         for good -      -      -      -      -      A      -      A      -      -
wrong-schema: read                        for good -      -      -      R      -      -      -      -      -      -
wrong-schema                              once     A      R      R      R      -      A      R      R      AR     ar
wrong-schema: Cinder change               once     -      -      -      A      -      -      -      -      -      -
wrong-schema: Cinder status               once     -      -      -      A      -      -      -      -      -      -
wrong-schema: Cinder unmap                once     -      -      -      A      -      -      -      -      -      -
wrong-schema: bulk                        once     -      -      -      -      -      -      -      -      RU     -
wrong-schema: change                      once     -      -      -      A      -      -      -      -      -      -
wrong-schema: entry                       once     -      -      -      -      -      -      -      -      R      -
wrong-schema: job                         once     -      -      -      A      -      -      -      A      -      -
wrong-schema: poll                        once     -      -      -      -      -      -      -      -      U      -
wrong-schema: read                        once     -      -      -      -      -      -      -      -      RU     -
wrong-schema: repeat                      once     -      -      -      a      -      -      -      -      AR     -
wrong-schema: trial                       once     -      -      -      A      -      -      -      -      -      -
`;

/** One cell: a kind of fault, once or for good, at a place. */
export interface Cell {
  /** `refused, 409, of a change once, there`: the line of the table and the column. */
  readonly name: string;
  readonly endings: readonly Ending[];
}

const cells: ReadonlyMap<string, readonly string[]> = new Map(
  table
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const found = /^(.+?) +(once|for good) +(.+)$/.exec(line);
      if (found === null) throw new Error(`not a line of the table: ${line}`);
      const [, what = '', times = '', rest = ''] = found;
      const texts = rest.trim().split(/ +/);
      if (texts.length !== columns.length) throw new Error(`${texts.length} cells: ${line}`);
      return [`${what} ${times}`, texts] as const;
    }),
);

function endingsOf(text: string): readonly Ending[] {
  return text === NONE
    ? []
    : text
        .toUpperCase()
        .split(/(?=.)/)
        .map((letter) => letters[letter] ?? failFor(letter));
}

function failFor(letter: string): never {
  throw new Error(`no ending is "${letter}"`);
}

/** The cell of the most special line. */
export function cellOf({ kind, request, times }: Nature, place: Place): Cell {
  const column = columns.indexOf(place);
  const lines = [`${kind}: ${request} ${times}`, `${kind} ${times}`];
  const isGiven = (line: string) => (cells.get(line)?.[column] ?? NONE) !== NONE;
  const line = lines.find(isGiven) ?? `${kind} ${times}`;
  return { name: `${line}, ${place}`, endings: endingsOf(cells.get(line)?.[column] ?? NONE) };
}

/** Every cell with a capital, by its name: each is struck by the rows that are run by default. */
export function cellsToStrike(): readonly string[] {
  return [...cells].flatMap(([line, row]) =>
    row.flatMap((text, index) => (/[A-Z]/.test(text) ? [`${line}, ${columns[index]!}`] : [])),
  );
}
