import type { FastifyInstance } from 'fastify';
import type { EventLog, LoggedEvent } from './events.ts';

/** Keeps proxies from closing a connection on which nothing happens, in milliseconds. */
const HEARTBEAT_MS = 15_000;
/** A client that is so far behind is cut off. It resumes with the id of its last event. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Adds the stream of lifecycle events. @param stop - fires when the service stops, and ends every stream */
export function addEventRoutes(app: FastifyInstance, events: EventLog, stop: AbortSignal): void {
  app.get('/v1/events', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'keep-alive' });
    raw.flushHeaders();
    const send = (text: string): void => {
      if (raw.writableLength > MAX_UNSENT_BYTES) raw.destroy();
      else raw.write(text);
    };
    const given = request.headers['last-event-id'];
    const lastId = typeof given === 'string' && given !== '' ? given : undefined;
    send(':\n\n');
    const end = events.listen(lastId, (event) => send(format(event)));
    const heartbeat = setInterval(() => send(':\n\n'), HEARTBEAT_MS);
    const close = (): void => void raw.end();
    stop.addEventListener('abort', close, { once: true });
    if (stop.aborted) close();
    raw.on('close', () => {
      clearInterval(heartbeat);
      stop.removeEventListener('abort', close);
      end();
    });
  });
}

function format({ id, event, data }: LoggedEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
