import { resolve } from 'node:path';
import { describeError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { openCinder } from '../../cinder-client/index.ts';
import { formatSettings, loadSettings } from '../../config/index.ts';
import type { Environment } from '../../config/index.ts';
import { anyText, askUntil, optionalText, yesOrNo } from './answers.ts';
import type { Surroundings } from './hmc.ts';
import { overlay } from './overlay.ts';

type Options = Readonly<Record<string, string>>;

export interface CinderAnswers {
  readonly cinder: Options;
  /** Empty if the user has no role `service`. */
  readonly serviceUser: Options;
}

export interface CinderSurroundings extends Surroundings {
  readonly home: string;
  readonly hostname: string;
  /** Without the variables of this program and of OpenStack. */
  readonly env: Environment;
}

/** Asks how to reach Cinder until it answers, or the user wants the settings without that. */
export async function askCinder(around: CinderSurroundings, w: Waiting): Promise<CinderAnswers> {
  const { questions } = around;
  for (;;) {
    const cinder = await askOptions(around, w);
    try {
      const roles = await contact(cinder, around, w);
      const isService = roles.includes('service');
      if (!isService) {
        questions.say(
          'The user has no role "service": a Cinder with the fix for CVE-2023-2088 will not detach volumes.',
        );
      }
      const serviceUser = { send_service_user_token: 'true', auth_section: 'cinder' };
      return { cinder, serviceUser: isService && cinder.cloud === undefined ? serviceUser : {} };
    } catch (error) {
      w.signal.throwIfAborted();
      questions.say(`Cinder cannot be used: ${describeError(error)}`);
      const again = await askUntil(questions, 'Answer the questions about Cinder again', 'yes', yesOrNo, w);
      if (!again) return { cinder, serviceUser: {} };
    }
  }
}

async function askOptions({ questions, cwd }: CinderSurroundings, w: Waiting): Promise<Options> {
  const question = 'Cloud in clouds.yaml for Cinder (empty: ask for URL and user)';
  const cloud = await askUntil(questions, question, undefined, optionalText, w);
  if (cloud !== '') return { cloud };
  const ask = (text: string, standard?: string) => askUntil(questions, text, standard, anyText, w);
  const authUrl = await ask('Keystone URL (auth_url)');
  const caFile = authUrl.startsWith('https:')
    ? await askUntil(
        questions,
        'CA file of Keystone and Cinder (empty: the CAs of Node.js)',
        undefined,
        optionalText,
        w,
      )
    : '';
  const username = await ask('OpenStack user');
  const password = await questions.askSecret('Password of the OpenStack user: ', w.signal);
  return {
    auth_type: 'password',
    auth_url: authUrl,
    username,
    password,
    project_name: await ask('OpenStack project', 'service'),
    user_domain_name: await ask('Domain of the user', 'Default'),
    project_domain_name: await ask('Domain of the project', 'Default'),
    ...(caFile === '' ? {} : { cafile: resolve(cwd, caFile) }),
  };
}

/** Reads one volume. @returns the roles of the user @throws ConfigError, or an error of the Cinder client */
async function contact(options: Options, around: CinderSurroundings, w: Waiting): Promise<readonly string[]> {
  const { cwd, home, hostname, env, questions, log } = around;
  const path = resolve(cwd, 'nova-dpm.conf');
  const files = overlay(around.files, path, formatSettings({ cinder: options }));
  const settings = loadSettings({ configFiles: [path], env, cwd, home, hostname, files, withoutHmc: true });
  using cinder = openCinder({ ...settings.cinder, log });
  const { cinder: url, microversion, roles, project } = await cinder.check(w);
  questions.say(`Cinder ${url}, microversion ${microversion}${project === undefined ? '' : `, project ${project}`}`);
  return roles;
}
