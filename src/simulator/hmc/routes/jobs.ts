import { done, ok, type HmcRoute } from '../call.ts';

const path = '/api/jobs/:id';

/** Operations on the jobs of asynchronous operations. */
export const jobRoutes: readonly HmcRoute[] = [
  {
    method: 'GET',
    path,
    operation: 'Query Job Status',
    handle: ({ context, req, session }) => ok(context.jobs.query(req.path, session.user.userid)),
  },
  {
    method: 'DELETE',
    path,
    operation: 'Delete Completed Job Status',
    handle: ({ context, req, session }) => {
      context.jobs.delete(req.path, session.user.userid);
      return done;
    },
  },
  {
    method: 'POST',
    path: `${path}/operations/cancel`,
    operation: 'Cancel Job',
    handle: ({ context, req, session }) => {
      context.jobs.cancel(req.path.replace(/\/operations\/cancel$/u, ''), session.user.userid);
      return { status: 202 };
    },
  },
];
