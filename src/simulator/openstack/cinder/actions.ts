import type { SimResponse } from '../../server/index.ts';
import type { ActionHandler } from './action.ts';
import { adminActions } from './actions-admin.ts';
import { connectionActions } from './actions-connection.ts';
import { settingActions } from './actions-settings.ts';
import { stateActions } from './actions-state.ts';
import { ApiFault } from './api-fault.ts';
import * as schemas from './request-schemas.ts';
import { isObject } from '../json.ts';
import { validate, type Schema } from './schema.ts';
import type { ApiRequest, CinderService } from './service.ts';

/** All actions of POST /volumes/{id}/action by name. */
export const actionHandlers: Readonly<Record<string, ActionHandler>> = {
  ...stateActions,
  ...connectionActions,
  ...settingActions,
  ...adminActions,
};

/** The name of the action that a body asks for; undefined when it is not exactly one. */
export function actionNameOf(body: unknown): string | undefined {
  const names = isObject(body) ? Object.keys(body) : [];
  return names.length === 1 ? names[0] : undefined;
}

/**
 * Serves POST /volumes/{id}/action.
 * @throws {@link ApiFault} 400 for none, several or unknown actions and for what the action's schema refuses, 404, and as the action
 */
export function volumeAction(service: CinderService, api: ApiRequest): SimResponse {
  const name = actionNameOf(api.body);
  if (name === undefined) throw new ApiFault(400, 'Malformed request body');
  const handler = Object.hasOwn(actionHandlers, name) ? actionHandlers[name] : undefined;
  if (!handler) {
    const hint = 'Verify the request body and Content-Type header and try again.';
    throw new ApiFault(400, `There is no such action: ${name}. ${hint}`);
  }
  const schema: Schema | undefined = Object.hasOwn(schemas.actions, name)
    ? (schemas.actions as Readonly<Record<string, Schema>>)[name] // a wider type to look a name up in
    : undefined;
  if (schema) validate(schema, api.body);
  const volume = service.state.getVolume(api, api.params.id ?? '');
  const args = isObject(api.body) ? api.body[name] : undefined;
  return handler({ api, service, volume, args: isObject(args) ? args : {} });
}
