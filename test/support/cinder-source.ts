import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface DriverClass {
  /** Below cinder/volume/drivers. */
  readonly module: string;
  readonly class: string;
}

/**
 * Lists the Fibre Channel drivers in a checkout of Cinder: the classes whose name says so, and the registered classes
 * (`@interface.volumedriver`) of a package that answers `fibre_channel` and names no other protocol. A class that another
 * class extends is only a base, unless its name says Fibre Channel.
 */
export function fibreChannelDriversIn(checkout: string): readonly DriverClass[] {
  const root = join(checkout, 'cinder/volume/drivers');
  const modules = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.py'));
  const texts = new Map(modules.map((module) => [module, readFileSync(join(root, module), 'utf8')]));
  const classes = [...texts].flatMap(([module, text]) =>
    [...text.matchAll(/^((?:@.*\n)*)class (\w+)\(([^)]*)\)/gm)].map(([, decorators = '', name = '', bases = '']) => ({
      ...{ module, class: name, bases },
      isRegistered: decorators.includes('interface.volumedriver'),
    })),
  );
  const bases = new Set(classes.flatMap((one) => one.bases.match(/\w+/g) ?? []));
  const answersFibreChannel = (module: string) =>
    [...texts].some(([other, text]) => {
      const isNear = dirname(module) === '.' ? other === module : dirname(other) === dirname(module);
      return isNear && /fibre_channel|FC_VARIANT/.test(text);
    });
  return classes.filter(({ module, class: name, isRegistered }) => {
    if (/(?:FC|FibreChannel)\w*Driver$/.test(name)) return true;
    return isRegistered && !/iscsi|nvme|nfs/i.test(name) && !bases.has(name) && answersFibreChannel(module);
  });
}
