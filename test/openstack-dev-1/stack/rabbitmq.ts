import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Bed, Service } from './settings.ts';

const server = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** RabbitMQ with its own name and its own epmd, so that another RabbitMQ of this host is not touched. */
export function rabbitmq(bed: Bed): Service {
  const { directory, processes, ports } = bed;
  const home = join(directory, 'rabbitmq');
  const env = {
    HOME: home,
    RABBITMQ_NODENAME: `test-bed-${ports.rabbit}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(ports.rabbit),
    RABBITMQ_DIST_PORT: String(ports.rabbitNodes),
    RABBITMQ_MNESIA_BASE: join(home, 'mnesia'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: join(home, 'none'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(home, 'feature_flags'),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports.epmd),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
  };
  return {
    name: 'rabbitmq',
    databases: [],
    configure: () => {
      mkdirSync(home, { recursive: true });
      writeFileSync(env.RABBITMQ_ENABLED_PLUGINS_FILE, '[].\n');
      const settings = [
        `listeners.tcp.1 = 127.0.0.1:${ports.rabbit}`,
        'log.file.level = warning',
        'vm_memory_high_watermark.absolute = 512MB',
        'disk_free_limit.absolute = 50MB',
      ];
      writeFileSync(`${env.RABBITMQ_CONFIG_FILE}.conf`, `${settings.join('\n')}\n`);
    },
    start: async () => {
      // Started here, epmd belongs to the processes of the run. Otherwise RabbitMQ would leave it behind.
      const epmd = ['-port', String(ports.epmd), '-address', '127.0.0.1'];
      if (!processes.isRunning('epmd')) processes.start('epmd', { command: 'epmd', args: epmd });
      await processes.until('epmd answers', 30, ['epmd'], async () => await answers(ports.epmd));
      processes.start('rabbitmq', { command: server, args: [], env });
      return ['rabbitmq'];
    },
  };
}

/** Whether something listens on this port of the loopback address. */
export async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
